//! Which files of one folder belong together by their names: sidecars, the raw files of cameras, files of one stem.
//!
//! A folder may have hundreds of thousands of files. Of a name that matters its digest is kept, with the number of the file
//! in its folder; what has the digest is looked at again, so that two names of one digest are never taken for each other.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use super::sidecar_names::{ENDINGS, is_developed, is_raw, is_sidecar};
use countersign_model::limits;

/// Files by a part of their names.
#[derive(Default)]
struct NameIndex {
    keys: RandomState,
    /// The digest of that part, a number that tells what follows it, and the number of the file; sorted.
    entries: Vec<(u64, u16, u32)>,
}

impl NameIndex {
    fn add(&mut self, part: &[u8], ending: usize, at: usize) {
        // No folder is listed that has more names than these numbers count.
        if let (Ok(ending), Ok(at)) = (u16::try_from(ending), u32::try_from(at)) {
            self.entries.push((self.keys.hash_one(part), ending, at));
        }
    }

    /// Call once, before anything is looked up. Of files that are the `same` for whoever looks them up, the last one counts.
    fn sort(&mut self, same: impl Fn(usize, usize) -> bool) {
        self.entries.sort_unstable();
        self.entries.dedup_by(|later, kept| {
            let one = (later.0, later.1) == (kept.0, kept.1) && same(later.2 as usize, kept.2 as usize);
            if one {
                *kept = *later;
            }
            one
        });
        self.entries.shrink_to_fit();
    }

    /// The numbers of endings and of files whose names may have this part.
    fn of<'a>(&'a self, part: &[u8]) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let digest = self.keys.hash_one(part);
        let from = self.entries.partition_point(|entry| entry.0 < digest);
        let rest = self.entries.get(from..).unwrap_or_default().iter();
        rest.take_while(move |entry| entry.0 == digest).map(|entry| (usize::from(entry.1), entry.2 as usize))
    }
}

/// A path's name in lower case.
fn lower(name: Option<&OsStr>) -> Option<Vec<u8>> {
    name.map(|name| name.as_encoded_bytes().to_ascii_lowercase())
}

/// What stands beside one file.
#[derive(Default)]
pub(crate) struct Beside {
    /// The numbers of its sidecars: those by its name without its ending first, then those by all of its name.
    pub(crate) sidecars: Vec<usize>,
    /// The name of the raw file that a camera wrote with it.
    pub(crate) raw: Option<String>,
}

/// The sidecars and raw files of a folder. In all calls, `path` gives the path of the file of a number, where it can be opened.
pub(crate) struct Siblings {
    /// By what stands before an ending in [`ENDINGS`], in lower case.
    sidecars: NameIndex,
    /// By their stems, in lower case.
    raw: NameIndex,
}

impl Siblings {
    /// Of a folder of so many files.
    pub(crate) fn of<'a>(count: usize, path: impl Fn(usize) -> Option<Cow<'a, Path>>) -> Self {
        let (mut sidecars, mut raw) = (NameIndex::default(), NameIndex::default());
        for at in 0..count {
            let Some(file) = path(at) else { continue };
            if is_sidecar(&file) {
                let name = lower(file.file_name()).unwrap_or_default();
                for (ending, text) in ENDINGS.iter().enumerate() {
                    if let Some(base) = name.strip_suffix(text.as_bytes()) {
                        sidecars.add(base, ending, at);
                    }
                }
            }
            if let Some(stem) = is_raw(&file).then(|| lower(file.file_stem())).flatten() {
                raw.add(&stem, 0, at);
            }
        }
        // In an archive several members may have one name: the last one counts.
        sidecars.sort(|a, b| path(a) == path(b));
        let stem = |at: usize| path(at).and_then(|file| lower(file.file_stem()));
        raw.sort(|a, b| stem(a) == stem(b));
        Self { sidecars, raw }
    }

    /// Whether nothing in the folder stands beside anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.sidecars.entries.is_empty() && self.raw.entries.is_empty()
    }

    /// What stands beside this file of the folder.
    pub(crate) fn beside<'a>(&self, file: &Path, path: impl Fn(usize) -> Option<Cow<'a, Path>>) -> Beside {
        let mut out = Beside::default();
        if self.is_empty() || is_sidecar(file) {
            return out;
        }
        // Without an ending both are the same.
        let whole = file.file_name().filter(|name| file.file_stem() != Some(*name));
        for own in [file.file_stem(), whole].into_iter().flatten() {
            let base = own.as_encoded_bytes().to_ascii_lowercase();
            let called = |(ending, at): &(usize, usize)| {
                let name = path(*at).and_then(|file| lower(file.file_name()));
                let rest = name.as_deref().and_then(|name| name.strip_prefix(base.as_slice()));
                rest.is_some() && rest == ENDINGS.get(*ending).map(|ending| ending.as_bytes())
            };
            let mut found: Vec<(usize, usize)> = self.sidecars.of(&base).filter(called).collect();
            // `a.txt` and `a.TXT` both describe `a.png`; `A.txt` does where no other `.txt` is called as it is.
            let exact = |at: usize| {
                let name = path(at);
                let name = name.as_deref().and_then(Path::file_name).map(OsStr::as_encoded_bytes);
                name.is_some_and(|name| name.starts_with(own.as_encoded_bytes()))
            };
            let better: Vec<usize> = found.iter().filter(|(_, at)| exact(*at)).map(|(ending, _)| *ending).collect();
            found.retain(|(ending, at)| exact(*at) || !better.contains(ending));
            // One more than are read: whoever reads them tells that there are more.
            let room = (limits::SIDECARS + 1).saturating_sub(out.sidecars.len());
            out.sidecars.extend(found.into_iter().map(|(_, at)| at).take(room));
        }
        if let Some(stem) = is_developed(file).then(|| lower(file.file_stem())).flatten() {
            let files = self.raw.of(&stem).filter_map(|(_, at)| path(at));
            let raw = files.filter(|file| lower(file.file_stem()).as_ref() == Some(&stem)).last();
            out.raw = raw.and_then(|file| Some(file.file_name()?.to_string_lossy().into_owned()));
        }
        out
    }
}

/// The files of a folder by their stems, as they are written.
#[derive(Default)]
pub(crate) struct SameStem(NameIndex);

fn stem(path: &Path) -> &[u8] {
    path.file_stem().unwrap_or_default().as_encoded_bytes()
}

impl SameStem {
    /// Of a folder of so many files; `path` as for [`Siblings`].
    pub(crate) fn of<'a>(count: usize, path: impl Fn(usize) -> Option<Cow<'a, Path>>) -> Self {
        let mut index = NameIndex::default();
        for at in 0..count {
            path(at).into_iter().for_each(|file| index.add(stem(&file), 0, at));
        }
        // In an archive several members may have one name.
        index.sort(|a, b| path(a) == path(b));
        Self(index)
    }

    /// The numbers of the files that have the stem of this one, which is among them.
    pub(crate) fn of_stem<'a>(
        &self,
        file: &Path,
        path: impl Fn(usize) -> Option<Cow<'a, Path>>,
    ) -> impl Iterator<Item = usize> {
        let wanted = stem(file).to_vec();
        let same = self.0.of(&wanted).map(|(_, at)| at);
        same.filter(move |at| path(*at).is_some_and(|file| stem(&file) == wanted))
    }
}
