//! The files that the lists of one folder name, found in the scanned tree, with what each list says of them.

use std::collections::{BTreeMap, HashMap};

use super::LINES;
use super::alignment::{self, Alignment, Found};
use super::lines::Entry;
use super::list::List;
use super::named_path::NamedPath;
use crate::packages::file_index::FileIndex;
use crate::packages::names::{self, Names};
use crate::packages::{Digest, Folder, Member, PackageManifest};
use countersign_io::paths::plain;
use countersign_model::{PackageFaultKind, limits};

/// Files of operating systems that a list may name and a drive need not have.
const LEFT_BEHIND: &[&str] = &[".ds_store", "thumbs.db", "desktop.ini"];
/// Names of a list that are compared in other spellings, where none of them is there as it is written.
const RESPELLED: usize = 1_000;
/// Lists that are named with one digest.
const NAMED: usize = 4;

/// The files that lists name, by their place.
pub(super) struct Members<'a> {
    folder: &'a Folder<'a>,
    /// The path of the lists' folder below the tree's root.
    own: String,
    names: Names<'a>,
    /// By the folders above the lists' own at which the path starts, and the path.
    members: BTreeMap<(usize, String), Member>,
    opened: PackageManifest,
}

/// An entry whose path is one.
struct Row {
    named: NamedPath,
    entry: Entry,
}

impl Row {
    fn is_left_behind(&self) -> bool {
        let name = self.named.name().to_ascii_lowercase();
        LEFT_BEHIND.contains(&name.as_str()) || name.starts_with("._")
    }
}

impl<'a> Members<'a> {
    pub(super) fn new(folder: &'a Folder<'a>) -> Self {
        let own = plain(folder.rel).map_or_else(|| folder.rel.to_owned(), std::borrow::Cow::into_owned);
        let (members, opened) = (BTreeMap::new(), PackageManifest::default());
        Self { folder, own, names: Names::new(folder), members, opened }
    }

    /// Says that a list, or a part of it, could not be checked.
    pub(super) fn unverified(&mut self, list: &str, what: impl Into<String>) {
        self.opened.fault(PackageFaultKind::Unverified, list, what);
    }

    /// Makes the files that a list names members.
    pub(super) fn take(&mut self, list: List, name: &str) {
        self.opened.title.get_or_insert_with(|| name.to_owned());
        self.opened.manifests.push(name.to_owned());
        if list.strange > 0 {
            let what = format!("{} lines are no checksums, the first of them is line {}", list.strange, list.first);
            self.unverified(name, what);
        }
        if list.cut {
            self.unverified(
                name,
                format!("the lists of this folder have more than {LINES} lines: the rest is not read"),
            );
        }
        let (relative, elsewhere) = self.rows(list.entries, name);
        let placed = self.place_relative(&relative, name);
        self.add(relative, &placed, name);
        let placed = self.align(&elsewhere, name);
        self.add(elsewhere, &placed, name);
    }

    /// The package, if any list was one.
    pub(super) fn finish(mut self) -> Option<PackageManifest> {
        if self.opened.manifests.is_empty() && self.opened.faults.is_empty() {
            return None;
        }
        self.opened.members = self.members.into_values().collect();
        names::settle(self.folder, &mut self.opened);
        Some(self.opened)
    }

    fn own_parts(&self) -> Vec<&str> {
        self.own.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// The path of a list below the tree's root.
    fn path_of(&self, list: &str) -> String {
        crate::packages::paths::join(&self.own, list)
    }

    /// Entries whose paths mean a place in the tree where they are relative to the list's folder, and all others.
    fn rows(&mut self, entries: Vec<Entry>, list: &str) -> (Vec<Row>, Vec<Row>) {
        let own = self.own_parts();
        let itself = self.path_of(list);
        let (mut relative, mut elsewhere) = (Vec::new(), Vec::new());
        let mut wrong: Option<(String, &str)> = None;
        let mut count = 0_usize;
        for entry in entries {
            match NamedPath::read(&entry.path, entry.literal) {
                Ok(named) => match named.from(&own) {
                    // Programs that hash a whole folder hash the list as well, before it is finished.
                    Some(path) if path == itself => {}
                    Some(_) => relative.push(Row { named, entry }),
                    None => elsewhere.push(Row { named, entry }),
                },
                Err(why) => {
                    count += 1;
                    wrong.get_or_insert((entry.path, why));
                }
            }
        }
        if let Some((first, why)) = wrong {
            self.unverified(list, format!("{count} of its files are not looked for: of {first:?} {why}"));
        }
        (relative, elsewhere)
    }

    /// The files of the whole tree, where they are few enough to be known.
    fn index(&self) -> Option<&'a FileIndex> {
        self.folder.index().filter(|index| !index.is_partial())
    }

    /// Whether the file that a relative path means is there.
    fn is_there(&mut self, named: &NamedPath) -> bool {
        match named.up {
            0 => self.names.has(&named.parts.join("/")),
            _ => {
                let path = named.from(&self.own_parts());
                path.is_some_and(|path| self.index().is_some_and(|index| index.has(&path)))
            }
        }
    }

    /// Where each row's file lies, `None` for what has no place: as it is written where that is right for most of them.
    fn place_relative(&mut self, rows: &[Row], list: &str) -> Vec<Option<String>> {
        let wanted = rows.iter().filter(|row| !row.is_left_behind()).count();
        let found = rows.iter().filter(|row| !row.is_left_behind() && self.is_there(&row.named)).count();
        let own: Vec<String> = self.own_parts().into_iter().map(str::to_owned).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let as_written = || rows.iter().map(|row| row.named.from(&own)).collect();
        if found * 2 >= wanted {
            return as_written();
        }
        if let Some((alignment, better)) = self.aligned(rows).filter(|(_, better)| *better > found) {
            self.note(rows, (&alignment, better), list);
            return rows.iter().map(|row| row.named.below(&alignment.base, alignment.strip)).collect();
        }
        let mut first = rows.iter().filter(|row| row.named.up == 0).take(RESPELLED);
        let neighbor = matches!(rows, [row] if is_called_like(list, &row.named));
        if found > 0 || neighbor || first.any(|row| self.names.is_there(&row.named.parts.join("/"))) {
            return as_written();
        }
        self.align(rows, list)
    }

    /// The alignment that is sure, and how many files it finds.
    fn aligned(&self, rows: &[Row]) -> Option<(Alignment, usize)> {
        let names: Vec<_> = rows.iter().filter(|row| !row.is_left_behind()).map(|row| &row.named).collect();
        match alignment::find(&names, &self.own, self.index()?) {
            Found::One(alignment, found) => Some((alignment, found)),
            Found::Several(..) | Found::Nowhere => None,
        }
    }

    /// Where each row's file lies in the tree, by the endings of the paths; says why where nobody can tell.
    fn align(&mut self, rows: &[Row], list: &str) -> Vec<Option<String>> {
        let names: Vec<_> = rows.iter().filter(|row| !row.is_left_behind()).map(|row| &row.named).collect();
        if names.is_empty() {
            return vec![None; rows.len()];
        }
        let count = names.len();
        let Some(index) = self.index() else {
            let what =
                format!("{count} of its files are named by another folder, and too many files are there to be sure");
            self.unverified(list, what);
            return vec![None; rows.len()];
        };
        match alignment::find(&names, &self.own, index) {
            Found::One(alignment, found) => {
                self.note(rows, (&alignment, found), list);
                rows.iter().map(|row| row.named.below(&alignment.base, alignment.strip)).collect()
            }
            Found::Several(one, other) => {
                let what = format!(
                    "its names are those of another folder, and may mean {one} as well as {other}: no file of this list is compared"
                );
                self.unverified(list, what);
                vec![None; rows.len()]
            }
            Found::Nowhere => {
                let relative = names.first().is_some_and(|named| named.from(&self.own_parts()).is_some());
                let by = if relative { "" } else { " by the paths of another place" };
                let what =
                    format!("none of the {count} files that it lists{by} is there: it may speak of another folder");
                self.unverified(list, what);
                vec![None; rows.len()]
            }
        }
    }

    /// Says how names were matched.
    fn note(&mut self, rows: &[Row], (alignment, found): (&Alignment, usize), list: &str) {
        let base = if alignment.base.is_empty() { "the root" } else { &alignment.base };
        let mut leading = rows.iter().map(|row| row.named.leading(alignment.strip));
        let first = leading.next().unwrap_or_default();
        let same = leading.all(|other| other == first);
        let all = rows.iter().filter(|row| !row.is_left_behind()).count();
        let named = match (first.is_empty(), same) {
            (true, true) => "its own folder".to_owned(),
            (false, true) => first,
            (_, false) => format!("{first} and other folders"),
        };
        if self.opened.remarks.len() < limits::PROBLEMS {
            self.opened.remarks.push(format!(
                "{list}: what it names in {named} was looked for in {base}, and {found} of {all} files were found there"
            ));
        }
    }

    fn add(&mut self, rows: Vec<Row>, placed: &[Option<String>], list: &str) {
        let itself = self.path_of(list);
        // Where none has a place, it was said why.
        let said = placed.iter().all(Option::is_none);
        let mut by_path: HashMap<&str, NamedPath> = HashMap::new();
        let (mut lost, mut first_lost) = (0_usize, String::new());
        for (path, row) in placed.iter().zip(rows) {
            let Some(path) = path else {
                if !row.is_left_behind() {
                    lost += 1;
                    first_lost = if lost == 1 { row.entry.path } else { first_lost };
                }
                continue;
            };
            if *path == itself {
                continue;
            }
            if let Some(before) = by_path.get(path.as_str()).filter(|before| **before != row.named) {
                let (one, other) = (before.leading(before.parts.len()), row.named.leading(row.named.parts.len()));
                self.unverified(list, format!("{one} and {other} would be the same file {path}"));
            }
            by_path.entry(path).or_insert_with(|| row.named.clone());
            self.member(path, &row, list);
        }
        if lost > 0 && !said {
            let what = format!("{lost} of its files lie in no folder that was found: the first is {first_lost:?}");
            self.unverified(list, what);
        }
    }

    /// Takes up what a list says of the file at a path of the tree.
    fn member(&mut self, path: &str, row: &Row, list: &str) {
        let (above, inner) = self.place(path);
        let member = self.members.entry((above, inner.clone())).or_insert_with(|| Member::new(inner, None));
        member.above = above;
        member.optional = row.is_left_behind();
        let mut wrong = None;
        if let Some((one, other)) = member.size.zip(row.entry.size).filter(|(one, other)| one != other) {
            wrong = Some(format!("{one} bytes and {other} bytes"));
        }
        member.size = member.size.or(row.entry.size);
        for digest in &row.entry.digests {
            let others = member.digests.iter().zip(&member.stated_by);
            let other = others.into_iter().find(|(other, _)| contradict(digest, other));
            if let Some((other, by)) = other {
                let name = digest.algorithm.name();
                wrong = Some(format!("the {name} {} in {by} and {} in {list}", other.text(), digest.text()));
            }
            let known = member.digests.iter().position(|known| known == digest);
            match known.and_then(|at| member.stated_by.get_mut(at)) {
                Some(by) if by.split(", ").count() < NAMED && by.split(", ").all(|name| name != list) => {
                    by.push_str(", ");
                    by.push_str(list);
                }
                Some(_) => {}
                None if member.digests.len() < limits::PATTERNS => {
                    member.digests.push(digest.clone());
                    member.stated_by.push(list.to_owned());
                }
                None => {}
            }
        }
        if let Some(wrong) = wrong {
            self.opened.fault(PackageFaultKind::Malformed, list, format!("of {path} two things are said: {wrong}"));
        }
    }

    /// A path of the tree as folders above the list's own, and the path from there.
    fn place(&self, path: &str) -> (usize, String) {
        let own = self.own_parts();
        let parts: Vec<&str> = path.split('/').collect();
        let same = own.iter().zip(&parts).take_while(|(one, other)| one == other).count();
        (own.len() - same, parts.get(same..).unwrap_or_default().join("/"))
    }
}

/// Whether a list is called like the one file that it names, and so lies beside it: `a.md5` or `a.mov.md5` and `a.mov`.
fn is_called_like(list: &str, named: &NamedPath) -> bool {
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    let (own, file) = (stem(list), named.name());
    named.up == 0 && named.parts.len() == 1 && (own == file || own == stem(file))
}

/// Whether two digests cannot both be right.
fn contradict(one: &Digest, other: &Digest) -> bool {
    one.algorithm == other.algorithm && !one.agrees(other)
}
