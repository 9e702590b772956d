//! What belongs to a delivery: packages (IMF, DCP, ASC MHL, MHL, BagIt), runs of frames, what plays what.
//!
//! A [`packages::Package`] recognizes its folder by the names in it and reads its manifests; [`packages::PackageIndex`] is
//! where what they say meets what the walk then sees, file by file. [`packages::Sequences`] tells many frames as one row.
//! Folders and files come through [`packages::PackageFiles`]: a drive and an archive are read alike.
//!
//! Invariant: a manifest is believed for what it lists, never for a path outside its own folder.

pub mod packages;
