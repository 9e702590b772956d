//! The picture of one asset that a saved report tells of: of a file, or of a member of an archive, as they are now.

use std::path::{Component, Path, PathBuf};

use super::{MEMBER_BYTES, Open};
use crate::archives::{self, MARK};
use crate::walk::from_lossless;
use countersign_io::digest::{self, Algorithm};
use countersign_io::source::Source;
use countersign_io::{ByteRange, TempSpace};
use countersign_media::identify::identify;
use countersign_report::Picture;

/// An asset below a root, as it is found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file, without links: itself, or the archive that it is a member of.
    pub file: PathBuf,
    /// What follows the archive's path in that of the member, with the mark: `!/dir/x.png`; empty where it is a file.
    member: String,
}

/// Finds the asset that a report of this root calls `rel`. What leads out of the root is not found, whatever links lead there.
#[must_use]
pub fn find(root: &Path, rel: &str) -> Option<Found> {
    let root = root.canonicalize().ok()?;
    let file = |path: &Path| {
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let file = plain.then(|| root.join(path).canonicalize().ok()).flatten()?;
        (file.starts_with(&root) && file.is_file()).then_some(file)
    };
    // A file that is really called so comes first.
    if let Some(file) = from_lossless(rel).and_then(|path| file(&path)) {
        return Some(Found { file, member: String::new() });
    }
    rel.match_indices(MARK).find_map(|(at, _)| {
        let (archive, member) = rel.split_at_checked(at)?;
        Some(Found { file: file(Path::new(archive))?, member: member.to_owned() })
    })
}

/// The bytes that a picture was wanted of are not there, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherBytes;

impl Found {
    /// The picture, where one can be made of it.
    ///
    /// # Errors
    /// Where its bytes cannot be read, or do not have this SHA-256.
    pub fn picture(&self, sha256: Option<&str>) -> Result<Option<Picture>, OtherBytes> {
        let space = TempSpace::outside(&[]);
        let (bytes, path, is_file) = self.open(&space).ok_or(OtherBytes)?;
        if let Some(wanted) = sha256 {
            let digests = digest::stream(&mut bytes.stream(), bytes.len(), &[Algorithm::Sha256], &mut |_| true);
            let digests = digests.map_err(|_| OtherBytes)?;
            digests.first().filter(|now| now.text() == wanted).ok_or(OtherBytes)?;
        }
        let format = identify(&mut Source::new(&bytes)).ok().flatten().map(|format| format.info());
        Ok(Open { bytes: &bytes, path: (&path, is_file), format, space: &space }.picture())
    }

    /// The bytes, their path, and whether that is one of a file.
    fn open(&self, space: &TempSpace) -> Option<(ByteRange, PathBuf, bool)> {
        if self.member.is_empty() {
            return Some((ByteRange::open(&self.file).ok()?, self.file.clone(), true));
        }
        let mut path = self.file.clone().into_os_string();
        path.push(&self.member);
        let path = PathBuf::from(path);
        let (member, inside) = archives::find(&path, space).ok()??;
        (member.size <= MEMBER_BYTES).then(|| Some((inside.open(space).ok()?.held, path, false)))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_of_the_root_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("final")).unwrap();
        std::fs::write(folder.path().join("outside.png"), "x").unwrap();
        std::fs::write(root.join("final/a.zip"), "x").unwrap();
        std::fs::write(root.join("final/odd!name.png"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("outside.png"), root.join("link.png")).unwrap();
        let found = |rel: &str| find(&root, rel).map(|found| (found.file, found.member));
        let at = |name: &str| root.canonicalize().unwrap().join(name);
        assert_eq!(found("final/odd!name.png"), Some((at("final/odd!name.png"), String::new())));
        assert_eq!(found("final/a.zip!/x.png"), Some((at("final/a.zip"), "!/x.png".to_owned())));
        for bad in [
            "link.png",
            "../outside.png",
            "final/../../outside.png",
            "/etc/passwd",
            "../outside.png!/x",
            "link.png!/x",
            "",
            "final",
        ] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }
}
