//! Shared by all archives: what is wrong with the names of members. An archive is a package of the kind [`KIND`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};

use unicode_normalization::UnicodeNormalization;

use super::paths;
use countersign_model::limits;
use countersign_model::{PackageFault, PackageFaultKind};

/// The kind that reports name.
pub const KIND: &str = "archive";

/// A member's name as reports show it, and what is wrong with it: one that would lead out of the folder where it is
/// unpacked is shown as it stands.
#[must_use]
pub fn shown(name: &str) -> (String, Option<&'static str>) {
    // A custom icon's file on macOS is called so.
    let plain = name.strip_suffix("Icon\r").map(|folder| format!("{folder}Icon"));
    // A tilde means a home folder to shells, not to what unpacks.
    let relative = name.starts_with('~').then(|| format!("./{name}"));
    match paths::inside(plain.as_deref().or(relative.as_deref()).unwrap_or(name)) {
        Ok(_) if plain.is_some() => (name.to_owned(), None),
        Ok(path) => (path, None),
        Err(fault) => (name.to_owned(), Some(fault)),
    }
}

/// A fault of an archive; the path is that of the member, or of the archive.
#[must_use]
pub fn fault(path: impl Into<String>, what: impl Into<String>) -> PackageFault {
    PackageFault::new(PackageFaultKind::Malformed, path, what)
}

/// Names that one drive or another takes for the same. There may be very many names: those that are like no other are
/// known by their digests first.
#[must_use]
pub fn colliding_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<(&'a str, String)> {
    let keys = RandomState::new();
    let digest = |name: &str| keys.hash_one(folded(name).as_bytes());
    let mut digests: Vec<u64> = names.clone().map(digest).collect();
    digests.sort_unstable();
    let mut twice: Vec<u64> =
        digests.windows(2).filter_map(|two| two.first().copied().filter(|one| two.last() == Some(one))).collect();
    drop(digests);
    twice.dedup();
    let mut seen: HashMap<String, &str> = HashMap::new();
    let mut out = Vec::new();
    if twice.is_empty() {
        return out;
    }
    for name in names.filter(|name| twice.binary_search(&digest(name)).is_ok()) {
        if out.len() >= limits::FAULTS {
            break;
        }
        match seen.entry(folded(name).into_owned()) {
            Entry::Vacant(new) => drop(new.insert(name)),
            Entry::Occupied(first) if *first.get() == name => out.push((name, "two members have this name".to_owned())),
            Entry::Occupied(first) => {
                out.push((name, format!("on many drives this is the same name as {}", first.get())));
            }
        }
    }
    out
}

/// A name as drives compare it that know no case, or no composition of characters.
fn folded(name: &str) -> Cow<'_, str> {
    match name.is_ascii() {
        true if !name.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Borrowed(name),
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Owned(name.nfc().collect::<String>().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_shown_as_they_stand() {
        for name in ["../x.png", "/etc/x.png", "C:\\x.png", "c:/x.png", "\\\\host\\x.png", "a\0.png", "a/../../x", ""] {
            let (shown, fault) = shown(name);
            assert!(shown == name && fault.is_some(), "{name:?}");
        }
        for (name, path) in
            [("./a//b.png", "a/b.png"), ("~$a.docx", "~$a.docx"), ("d/Icon\r", "d/Icon\r"), ("a..b", "a..b")]
        {
            assert_eq!(shown(name), (path.to_owned(), None));
        }
    }

    #[test]
    fn twins_are_told_by_case_and_composition() {
        let names = ["a/x.png", "A/X.png", "caf\u{e9}", "cafe\u{301}", "b", "b"];
        let told: Vec<_> = colliding_names(names.into_iter()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(told, ["A/X.png", "cafe\u{301}", "b"]);
    }
}
