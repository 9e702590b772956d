//! The Content Credentials of members of archives.
//!
//! What verifies them opens files: for it, a member with a manifest store is laid out in temporary space. Where no store says
//! anything that could be verified, nothing is laid out: an archive may hold hundreds of thousands of empty ones.

use std::path::{Path, PathBuf};

use super::{Inside, extension, is_sidecar};
use countersign_credentials::{LONGEST_STORE, Neighbors, Verifier};
use countersign_io::source::Source;
use countersign_io::{ByteRange, TempSpace, is_of_space};
use countersign_media::member::MemberBytes;
use countersign_media::tags;
use countersign_model::{Extraction, Problem};

/// A member, and those that may describe it beside it.
#[derive(Clone, Copy)]
pub(super) struct MemberFiles<'a> {
    pub(super) path: &'a Path,
    pub(super) bytes: &'a Result<&'a MemberBytes, Problem>,
    pub(super) beside: &'a [Inside<'a>],
}

impl MemberFiles<'_> {
    /// Those beside it that could be opened.
    fn opened(&self) -> impl Iterator<Item = (&Path, &ByteRange)> {
        self.beside.iter().filter_map(|(path, bytes)| Some((*path, &bytes.as_ref().ok()?.held)))
    }

    fn stores_beside(&self) -> impl Iterator<Item = (&Path, &ByteRange)> {
        self.opened().filter(|(path, _)| extension(path) == "c2pa")
    }

    /// Whether verification would open the member by a path.
    fn is_opened_by(&self, verifier: &Verifier, out: &Extraction) -> bool {
        if !out.stores.is_empty() {
            return out.stores.iter().any(|store| verifier.opens_file_for(&store.bytes));
        }
        self.stores_beside().any(|(_, held)| {
            // One that cannot be read is told by the verifier, who opens it, too.
            Source::new(held).whole(LONGEST_STORE).is_ok_and(|bytes| verifier.opens_file_for(&bytes))
        })
    }
}

impl Neighbors for MemberFiles<'_> {
    fn open(&self, path: &Path) -> Result<ByteRange, Problem> {
        let found = self.beside.iter().find(|(other, _)| *other == path);
        let (_, bytes) = found.ok_or_else(|| Problem::from(std::io::Error::from(std::io::ErrorKind::NotFound)))?;
        bytes.as_ref().map(|opened| opened.held.clone()).map_err(Clone::clone)
    }

    fn of_stem(&self, asset: &Path) -> Vec<PathBuf> {
        let same = |path: &Path| path.file_stem() == asset.file_stem() && path.file_name() != asset.file_name();
        let mut found: Vec<_> =
            self.opened().map(|(path, _)| path).filter(|path| same(path)).map(Path::to_owned).collect();
        found.sort();
        found
    }
}

/// Fills in what is to be said of a member's Content Credentials.
pub(super) fn credentials(verifier: &Verifier, files: MemberFiles<'_>, space: &TempSpace, out: &mut Extraction) {
    let stands_alone = files.beside.iter().all(|(path, _)| extension(path) != "c2pa");
    if stands_alone && (out.stores.is_empty() || !verifier.opens_files()) {
        verifier.credentials(files.path, out, &[]);
    } else if files.bytes.is_err() {
        // What keeps it from being read is told, and nothing is known of what a store would be weighed against.
    } else if files.is_opened_by(verifier, out) {
        verify_laid_out(verifier, files, space, out);
    } else {
        let stores: Vec<_> = files.stores_beside().map(|(path, _)| path.to_owned()).collect();
        verifier.credentials_in_archive(files.path, out, &stores, &files);
    }
}

fn verify_laid_out(verifier: &Verifier, files: MemberFiles<'_>, space: &TempSpace, out: &mut Extraction) {
    let own = files.bytes.as_ref().ok().map(|opened| (files.path, &opened.held));
    let all: Vec<_> = own.into_iter().chain(files.opened()).collect();
    match space.materialize(&all) {
        Ok(laid) => {
            let [path, others @ ..] = laid.paths.as_slice() else { return };
            let sidecars: Vec<_> = others.iter().filter(|path| is_sidecar(path)).cloned().collect();
            verifier.credentials_detached(path, out, &sidecars);
        }
        Err(problem) => {
            // What the manifests say is read all the same; only their hold on the bytes is not known.
            verifier.credentials_detached(files.path, out, &[]);
            tags::push_problem(out, if is_of_space(&problem) { problem.harmless() } else { problem });
        }
    }
}
