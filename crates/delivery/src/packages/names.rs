//! Shared by the packages: names as manifests spell them, found again as the disk spells them.
//!
//! The same name may be composed (NFC) on one system and decomposed (NFD) on another, and a system that keeps
//! no case apart may have listed one file twice.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization, is_nfc_quick};

use super::{Folder, Listing, Member, PackageManifest};

/// Looks for files below a package's root, listing each folder once.
pub(super) struct Names<'a> {
    folder: &'a Folder<'a>,
    listings: HashMap<String, Option<Listing>>,
}

/// How two spellings may differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Composition,
    CompositionAndCase,
}

impl<'a> Names<'a> {
    pub(super) fn new(folder: &'a Folder<'a>) -> Self {
        Self { folder, listings: HashMap::from([(String::new(), Some(folder.listing.clone()))]) }
    }

    /// Whether a file has exactly this path.
    pub(super) fn has(&mut self, path: &str) -> bool {
        let (parent, name) = split(path);
        self.listing(parent).is_some_and(|l| l.has_file(name))
    }

    /// Whether a file has this path, in whatever spelling of its letters.
    pub(super) fn is_there(&mut self, path: &str) -> bool {
        self.has(path) || self.like(path, Likeness::CompositionAndCase).is_some()
    }

    fn listing(&mut self, path: &str) -> Option<&Listing> {
        if !self.listings.contains_key(path) {
            let listing = self.folder.list(path).ok();
            self.listings.insert(path.to_owned(), listing);
        }
        self.listings.get(path).and_then(Option::as_ref)
    }

    /// The path on disk of the file that `path` means.
    fn like(&mut self, path: &str, likeness: Likeness) -> Option<String> {
        let mut found = String::new();
        let parts: Vec<&str> = path.split('/').collect();
        for (n, part) in parts.iter().enumerate() {
            let listing = self.listing(&found)?;
            let names = if n + 1 == parts.len() { &listing.files } else { &listing.folders };
            let same = |name: &&String| spelled(name, likeness) == spelled(part, likeness);
            let exact = names.iter().find(|name| name.as_str() == *part);
            let name = exact.or_else(|| names.iter().find(same))?.clone();
            found = super::paths::join(&found, &name);
        }
        Some(found)
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn spelled(name: &str, likeness: Likeness) -> String {
    let composed: String = name.nfc().collect();
    if likeness == Likeness::Composition { composed } else { composed.to_lowercase() }
}

/// Gives members the names that the disk has for them, and joins those that turn out to be one file.
pub(super) fn settle(folder: &Folder, opened: &mut PackageManifest) {
    let mut names = Names::new(folder);
    let mut groups: HashMap<String, Vec<usize>> = HashMap::with_capacity(opened.members.len());
    // What lies beside the package's own folder was found by its name on disk.
    let own = |member: &Member| member.above == 0;
    for (index, member) in opened.members.iter().enumerate().filter(|(_, member)| own(member)) {
        groups.entry(spelled(&member.path, Likeness::CompositionAndCase)).or_default().push(index);
    }
    let rows = opened.members.iter().enumerate().filter(|(_, member)| own(member));
    let by_path: HashMap<String, usize> = rows.map(|(n, m)| (m.path.clone(), n)).collect();
    let mut dropped = Vec::new();
    for index in 0..opened.members.len() {
        let Some(member) = opened.members.get(index).filter(|member| own(member)) else { continue };
        let twins = groups.get(&spelled(&member.path, Likeness::CompositionAndCase)).map_or(0, Vec::len);
        // Most names are plain and alone: nothing is asked of the disk for them.
        let plain =
            member.path.is_ascii() || is_nfc_quick(member.path.chars()) == unicode_normalization::IsNormalized::Yes;
        if (plain && member.path.is_ascii() && twins < 2) || names.has(&member.path) {
            continue;
        }
        let likeness = if twins > 1 { Likeness::CompositionAndCase } else { Likeness::Composition };
        let Some(found) = names.like(&member.path, likeness) else { continue };
        let twin = by_path.get(&found).and_then(|n| opened.members.get(*n));
        match twin {
            Some(twin) if !agree(member, twin) => continue,
            Some(_) => {
                opened.remarks.push(format!("{} is listed a second time as {}", found, member.path));
                dropped.push(index);
            }
            None => {
                opened.remarks.push(format!("{} is listed in another spelling of its letters", found));
                if let Some(member) = opened.members.get_mut(index) {
                    member.path = found;
                }
            }
        }
    }
    for index in dropped.into_iter().rev() {
        opened.members.remove(index);
    }
}

/// Whether nothing that two members claim contradicts.
fn agree(a: &Member, b: &Member) -> bool {
    let sizes = a.size.zip(b.size).is_none_or(|(a, b)| a == b);
    sizes && a.digests.iter().all(|d| b.digests.iter().all(|e| d.algorithm != e.algorithm || d == e))
}
