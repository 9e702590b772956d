//! Which folder of the drive a list of checksums means, where its names begin at another folder than its own.
//!
//! `/Volumes/X/show/a.mov` may be `show/a.mov`, or `a.mov` beside the list. All names of a list are cut by the same number
//! of leading folders and looked for below the same folder: the number and the folder by which most of them are found. Where
//! another folder would do about as well and leads to other files, nobody can tell which are meant, and nothing is taken.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::named_path::NamedPath;
use crate::packages::file_index::{FileIndex, alike};

/// Names by which folders are looked for, spread over the list.
const SAMPLES: usize = 2_048;
/// Files of one name that are looked at: a name that more files have leads to no folder.
const CANDIDATES: usize = 256;
/// Folders that are tried with all names.
const TRIED: usize = 24;
/// Folders for which less than one of so many speaks, against the best, are not tried.
const FAINT: usize = 4;
/// Of so many names one is found at least, where only the files' own names were compared.
const LEAST: usize = 4;

/// How the names of a list become paths of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Alignment {
    /// Leading parts of each name that are left out.
    pub(super) strip: usize,
    /// The folder of the tree below which the rest lies; empty for the tree's root.
    pub(super) base: String,
}

/// What came of looking for the folder that is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This one, in which so many names are found.
    One(Alignment, usize),
    /// Any of these two, to name only them.
    Several(String, String),
    /// None.
    Nowhere,
}

/// An alignment with all that is compared about it.
struct Tried<'a> {
    alignment: Alignment,
    names: &'a [&'a NamedPath],
    /// Which of the names are found.
    found: Vec<bool>,
    /// How many different files these are.
    files: usize,
    /// All of them lie below the list's own folder.
    own: bool,
    /// A folder of a name is a folder of its path, too.
    by_folder: bool,
}

/// Looks for the folder that `names` mean; `own` is the folder of the list.
pub(super) fn find(names: &[&NamedPath], own: &str, index: &FileIndex) -> Found {
    let mut tried: Vec<_> = candidates(names, index).into_iter().map(|a| Tried::new(a, names, own, index)).collect();
    tried.sort_by(|a, b| {
        let key = |t: &Tried| (std::cmp::Reverse(t.files), !t.own, t.alignment.strip);
        key(a).cmp(&key(b)).then_with(|| a.alignment.base.cmp(&b.alignment.base))
    });
    let Some((best, others)) = tried.split_first() else { return Found::Nowhere };
    let enough = best.by_folder || best.files * LEAST >= names.len();
    if best.files == 0 || !enough {
        return Found::Nowhere;
    }
    let rivals = others.iter().filter(|other| other.files * 2 >= best.files && !best.beats(other));
    let rival = rivals.filter_map(|other| Some((other, other.example_beside(best)?))).next();
    match rival {
        Some((other, path)) => Found::Several(best.example_beside(other).unwrap_or_default(), path),
        None => Found::One(best.alignment.clone(), best.found.iter().filter(|found| **found).count()),
    }
}

/// The alignments for which most of the sampled names speak.
fn candidates(names: &[&NamedPath], index: &FileIndex) -> Vec<Alignment> {
    let mut votes: HashMap<Alignment, usize> = HashMap::new();
    let step = names.len().div_ceil(SAMPLES).max(1);
    for name in names.iter().step_by(step) {
        for folder in index.folders_of(name.name(), CANDIDATES).into_iter().flatten() {
            let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
            let folders = name.parts.len() - 1;
            let same = common_end(name.parts.get(..folders).unwrap_or_default(), &parts);
            for kept in 0..=same {
                let base = parts.get(..parts.len() - kept).unwrap_or_default().join("/");
                *votes.entry(Alignment { strip: folders - kept, base }).or_default() += 1;
            }
        }
    }
    let most = votes.values().copied().max().unwrap_or_default();
    let mut all: Vec<_> = votes.into_iter().filter(|(_, count)| *count * FAINT >= most).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.into_iter().take(TRIED).map(|(alignment, _)| alignment).collect()
}

/// How many parts at the end of both are the same.
fn common_end(named: &[String], there: &[&str]) -> usize {
    named.iter().rev().zip(there.iter().rev()).take_while(|(one, other)| alike(one, other)).count()
}

impl<'a> Tried<'a> {
    fn new(alignment: Alignment, names: &'a [&'a NamedPath], own: &str, index: &FileIndex) -> Self {
        let inner = alignment.base.rsplit('/').next().unwrap_or_default();
        let below = |path: &str| own.is_empty() || path.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'));
        let mut files: HashSet<u64> = HashSet::new();
        let (mut all_below, mut by_folder) = (true, false);
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let path = name.below(&alignment.base, alignment.strip).filter(|path| index.has(path));
            found.push(path.is_some());
            let Some(path) = path else { continue };
            files.insert(digest(&path));
            all_below &= below(&path);
            let before = alignment.strip.checked_sub(1).and_then(|at| name.parts.get(at));
            by_folder |= name.parts.len() > alignment.strip + 1 || before.is_some_and(|part| alike(part, inner));
        }
        Self { alignment, names, found, files: files.len(), own: all_below, by_folder }
    }

    fn path(&self, name: usize) -> Option<String> {
        self.names.get(name)?.below(&self.alignment.base, self.alignment.strip)
    }

    /// The paths of the names that it finds, with their numbers.
    fn paths(&self) -> impl Iterator<Item = (usize, String)> {
        let found = self.found.iter().enumerate().filter(|(_, found)| **found);
        found.filter_map(|(name, _)| Some((name, self.path(name)?)))
    }

    /// A file that it leads to, and `other` does not.
    fn example_beside(&self, other: &Self) -> Option<String> {
        self.paths().find(|(name, path)| other.path(*name).as_ref() != Some(path)).map(|(_, path)| path)
    }

    /// Whether it is the better reading without doubt: nothing speaks for the other that does not for this one.
    fn beats(&self, other: &Self) -> bool {
        let (one, two) = (self.alignment.strip, other.alignment.strip);
        one <= two && (self.own || !other.own) && (one < two || self.own && !other.own)
    }
}

fn digest(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Listing;

    fn index(paths: &[&str]) -> FileIndex {
        let mut index = FileIndex::default();
        for path in paths {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            index.add(folder, &Listing { files: vec![name.to_owned()], folders: vec![] });
        }
        index.sort();
        index
    }

    fn found(names: &[&str], own: &str, paths: &[&str]) -> Found {
        let names: Vec<_> = names.iter().map(|name| NamedPath::read(name, false).unwrap()).collect();
        find(&names.iter().collect::<Vec<_>>(), own, &index(paths))
    }

    fn one(strip: usize, base: &str, found: usize) -> Found {
        Found::One(Alignment { strip, base: base.to_owned() }, found)
    }

    #[test]
    fn the_longest_ending_that_is_there_is_meant() {
        let names = ["/Volumes/X/show/a.mov", "/Volumes/X/show/b.mov"];
        assert_eq!(found(&names, "", &["show/a.mov", "show/b.mov"]), one(2, "", 2));
        assert_eq!(found(&names, "", &["a.mov", "b.mov"]), one(3, "", 2));
        assert_eq!(found(&names, "", &["show/a.mov", "show/b.mov", "other/b.mov"]), one(2, "", 2));
        assert_eq!(found(&names, "x", &["x/a.mov", "x/b.mov"]), one(3, "x", 2));
        assert_eq!(found(&["a.mov", "b.mov"], "lists", &["media/a.mov", "media/b.mov"]), one(0, "media", 2));
        assert_eq!(found(&names, "", &["c.mov"]), Found::Nowhere);
    }

    #[test]
    fn what_lies_with_the_list_is_meant_before_what_does_not() {
        let names = ["/Volumes/X/show/a.mov"];
        assert_eq!(found(&names, "one", &["one/show/a.mov", "two/show/a.mov"]), one(2, "one", 1));
        assert!(matches!(found(&names, "", &["one/show/a.mov", "two/show/a.mov"]), Found::Several(..)));
        // A longer ending elsewhere, and a file of that name beside the list: either may be meant.
        assert!(matches!(found(&names, "x", &["show/a.mov", "x/a.mov"]), Found::Several(..)));
    }

    #[test]
    fn a_folder_that_is_nearly_as_good_is_no_accident() {
        let names = ["/v/a.mov", "/v/b.mov", "/v/c.mov", "/v/d.mov"];
        let whole = ["one/a.mov", "one/b.mov", "one/c.mov", "one/d.mov"];
        assert_eq!(found(&names, "", &[&whole[..], &["two/a.mov"]].concat()), one(1, "one", 4));
        assert!(matches!(found(&names, "", &[&whole[..], &["two/a.mov", "two/b.mov"]].concat()), Found::Several(..)));
    }

    #[test]
    fn one_name_of_many_leads_nowhere() {
        let names: Vec<String> = (0..8).map(|n| format!("/v/{n}.mov")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(found(&names, "", &["x/3.mov"]), Found::Nowhere);
        assert_eq!(found(&names, "", &["v/3.mov"]), one(0, "", 1));
    }
}
