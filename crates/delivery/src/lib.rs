//! What belongs to a delivery: packages (IMF, DCP, ASC MHL, MHL, BagIt), runs of frames, what plays what.
//!
//! Invariant: a manifest is believed for what it lists, never for a path outside its own folder.

pub mod packages;
