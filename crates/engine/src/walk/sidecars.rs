//! Files beside an asset whose names say that they describe it: `a.xmp`, `a.jpg.xmp` and `a_api.json` beside `a.jpg`, in
//! either case.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::sidecar_names::{ENDINGS, has_ending, is_sidecar};
use countersign_io::{self as io, Folder, Listings, paths};
use countersign_model::Asset;

/// The sidecars of a single file, found by asking for each name that one could have.
#[must_use]
pub fn sidecars(path: &Path) -> Vec<PathBuf> {
    if is_sidecar(path) {
        return Vec::new();
    }
    those_of(path, |_| true)
}

/// As [`sidecars`], where only some names `may_be` there.
fn those_of(path: &Path, may_be: impl Fn(&OsStr) -> bool) -> Vec<PathBuf> {
    let names = candidates(path).flat_map(|name| spellings(&name)).filter(|name| may_be(name));
    let mut found: Vec<PathBuf> =
        names.map(|name| path.with_file_name(name)).filter(|sidecar| sidecar.is_file()).collect();
    // Where the file system takes both cases for one, the second is the same file.
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    found
}

/// Root and path of a folder, and its names, where they could be listed.
type ListedFolder = ((usize, String), Option<Arc<Folder>>);

/// The folder of the file that was listed by its name before: such files come folder by folder.
#[derive(Default)]
pub(super) struct LastFolder {
    last: Option<ListedFolder>,
}

impl LastFolder {
    /// The sidecars of a file that was listed by its name. Its folder tells which names there are to be asked for.
    pub(super) fn sidecars_of(&mut self, asset: &Asset, listings: &Listings) -> Vec<PathBuf> {
        let at = (asset.root, io::parent(&asset.rel));
        let names = match &self.last {
            Some((last, names)) if *last == at => names.clone(),
            _ => {
                let names = names_in(&at.1, listings);
                self.last = Some((at, names.clone()));
                names
            }
        };
        names.map_or_else(|| sidecars(&asset.path), |names| sidecars_among(&asset.path, &names))
    }
}

/// The names in a folder of this machine, to which a link may lead.
fn names_in(folder: &str, listings: &Listings) -> Option<Arc<Folder>> {
    let tree = listings.tree();
    tree.local_path(folder)?;
    let target = if folder.is_empty() { String::new() } else { tree.resolve(folder).ok().flatten()? };
    listings.folder(&target).ok()
}

fn sidecars_among(path: &Path, folder: &Folder) -> Vec<PathBuf> {
    let plain = |name: &OsStr| paths::lossless(Path::new(name));
    let (Some(own), Some(stem)) = (path.file_name().map(plain), path.file_stem().map(plain)) else { return Vec::new() };
    let names: Vec<&str> = folder.starting_with(&stem).map(|(name, _)| name).collect();
    if !names.contains(&own.as_str()) {
        // The file system knows it by a name that is written in another way.
        return sidecars(path);
    }
    // Most of what begins alike is the next picture.
    if !names.iter().any(|name| *name != own && has_ending(name)) || is_sidecar(path) {
        return Vec::new();
    }
    let names: HashSet<String> = names.into_iter().map(str::to_ascii_lowercase).collect();
    those_of(path, |name| names.contains(&plain(name).to_ascii_lowercase()))
}

/// A name as it is, and with its ending in capitals and with one: programs write `a.TXT` and `a.Txt` beside `a.png`.
fn spellings(name: &OsStr) -> Vec<OsString> {
    let own = name.to_os_string();
    let Some((base, ending)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { return vec![own] };
    let first = ending.chars().take(1).map(|c| c.to_ascii_uppercase());
    let title: String = first.chain(ending.chars().skip(1)).collect();
    let others = [ending.to_ascii_uppercase(), title].map(|ending| OsString::from(format!("{base}.{ending}")));
    std::iter::once(own).chain(others).collect()
}

fn candidates(path: &Path) -> impl Iterator<Item = OsString> {
    let bases = [path.file_stem(), path.file_name()].map(|b| b.map(OsStr::to_os_string));
    bases.into_iter().flatten().flat_map(|base| {
        ENDINGS.iter().map(move |ending| {
            let mut name = base.clone();
            name.push(ending);
            name
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::folder_files::{FileNumbers, FolderFiles};
    use super::*;
    use crate::extract::SIDECARS;
    use countersign_io::Kind;

    /// The sidecars of a file, in a folder of these names.
    fn sidecars_among_names(of: &str, names: &[&str]) -> Vec<String> {
        let mut names = names.to_vec();
        names.sort_unstable();
        let mut numbers = FileNumbers::default();
        (0..names.len()).for_each(|number| numbers.add(number, false));
        let folder = Folder::of(names.iter().map(|name| ((*name).to_owned(), Kind::File))).unwrap();
        let files = FolderFiles::of(String::new(), Arc::new(folder), numbers);
        let file = files.file(names.iter().position(|name| *name == of).unwrap()).unwrap();
        file.beside.sidecars.iter().map(|at| files.name(*at).unwrap().to_owned()).collect()
    }

    #[test]
    fn sidecars_are_found_by_either_name_in_order() {
        let names =
            ["a.jpg", "a.xmp", "A.JPG.xmp", "a_api.json", "a.jpg.txt", "b.jpg", "ab.xmp", "a.swarm.json", "c.xmp"];
        let of = |name: &str| sidecars_among_names(name, &names);
        assert_eq!(of("a.jpg"), ["a.xmp", "a.swarm.json", "a_api.json", "A.JPG.xmp", "a.jpg.txt"]);
        assert!(of("b.jpg").is_empty() && of("a.xmp").is_empty() && of("c.xmp").is_empty());
    }

    #[test]
    fn names_that_differ_in_the_case_of_their_ending_are_all_sidecars() {
        let names = ["a.TXT", "a.png", "a.txt", "A.txt", "B.png", "b.TXT", "c", "c.c2pa"];
        let of = |name: &str| sidecars_among_names(name, &names);
        assert_eq!(
            (of("a.png"), of("B.png"), of("c")),
            (vec!["a.TXT".into(), "a.txt".into()], vec!["b.TXT".into()], vec!["c.c2pa".into()])
        );
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        // A file system that takes both for one has one of them.
        let here = names_of(dir.path());
        let count = here.iter().filter(|name| name.eq_ignore_ascii_case("a.txt") && name.starts_with('a')).count();
        assert_eq!(sidecars(&dir.path().join("a.png")).len(), count, "{here:?}");
    }

    fn names_of(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn every_kind_of_sidecar_is_looked_for() {
        for kind in SIDECARS {
            assert!(ENDINGS.iter().any(|ending| ending.strip_prefix('.') == Some(kind)), "{kind}");
        }
    }

    #[test]
    fn a_listed_file_has_the_sidecars_that_its_folder_tells() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "a.jpg",
            "a.xmp",
            "a.jpg.TXT",
            "a_api.json",
            "a.mov",
            "ab.xmp",
            "b.jpg",
            "bc.jpg",
            "c.JSON",
            "c.png",
            "ca.png",
        ] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(dir.path().join("b.xmp")).unwrap();
        let listings = Listings::new(Arc::new(io::LocalTree::new(dir.path())));
        let mut last = LastFolder::default();
        for name in ["a.jpg", "a.mov", "a.xmp", "b.jpg", "c.png", "gone.png"] {
            let path = dir.path().join(name);
            let asset = Asset::new(path.clone(), name.to_owned(), 0, 1, None);
            assert_eq!(last.sidecars_of(&asset, &listings), sidecars(&path), "{name}");
        }
        let of = |name: &str, last: &mut LastFolder| {
            last.sidecars_of(&Asset::new(dir.path().join(name), name.to_owned(), 0, 1, None), &listings).len()
        };
        assert_eq!((of("a.jpg", &mut last), of("b.jpg", &mut last), of("c.png", &mut last)), (3, 0, 1));
    }

    #[test]
    fn every_candidate_of_a_name_is_found_by_the_map() {
        let path = Path::new("/d/Still.0001.png");
        for name in candidates(path) {
            let sidecar = name.to_string_lossy().to_uppercase();
            assert_eq!(sidecars_among_names("Still.0001.png", &["Still.0001.png", &sidecar]), [sidecar.as_str()]);
        }
    }
}
