//! Collections: one manifest for many files of a folder, such as the frames of a shot.
//!
//! C2PA 2.2, section 18.9 (`c2pa.hash.collection.data`): each file below the folder of the manifest is named by a
//! relative URI and bound by a hash of all its bytes. The crate checks those in ZIP archives only; here are the others.
//! Nothing but regular files inside of the folder is read, whatever the manifest names.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::protocol::CANCELLED;
use countersign_io::digest::{self, Algorithm, Digest};
use countersign_media::framing::cbor::Item;
use countersign_model::limits;

/// What a manifest binds of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collection {
    /// The hash algorithm as the assertion names it: `sha256`, `sha384`, `sha512`.
    pub algorithm: Option<String>,
    /// Relative URI and hash.
    pub members: Vec<(String, Vec<u8>)>,
    /// Whether it binds the members of an archive instead.
    pub archive: bool,
}

/// What is wrong with the files.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Failed status codes.
    pub failures: BTreeSet<&'static str>,
    /// Names of the files, with what is wrong with them.
    pub files: Vec<String>,
    /// Why not all was checked.
    pub obstacle: Option<String>,
}

const MALFORMED: &str = "assertion.collectionHash.malformed";
const MISMATCH: &str = "assertion.collectionHash.mismatch";
const MISSING: &str = "assertion.collectionHash.incorrectFileCount";
const OUTSIDE: &str = "assertion.collectionHash.invalidURI";
const ALGORITHM: &str = "algorithm.unsupported";
/// Files that are named; past these the first ones tell enough.
const NAMED: usize = 64;
/// Algorithms that C2PA allows for hashes (C2PA 2.2, section 13.1).
const ALGORITHMS: &[(&str, Algorithm)] =
    &[("sha256", Algorithm::Sha256), ("sha384", Algorithm::Sha384), ("sha512", Algorithm::Sha512)];

/// The assertion as a list: members stand in an array with their URI inside, or in a map under it.
#[must_use]
pub fn read(assertion: &Item<'_>) -> Collection {
    let hash = |member: &Item<'_>| member.get("hash").and_then(Item::bytes).unwrap_or_default().to_vec();
    let uris = assertion.get("uris").map(Item::bare);
    let members = match uris {
        Some(Item::Map(entries)) => {
            entries.iter().map(|(uri, member)| (uri.text().unwrap_or_default().to_owned(), hash(member))).collect()
        }
        Some(Item::Array(items)) => {
            let uri = |member: &Item<'_>| member.get("uri").and_then(Item::text).unwrap_or_default().to_owned();
            items.iter().map(|member| (uri(member), hash(member))).collect()
        }
        _ => Vec::new(),
    };
    let algorithm = assertion.get("alg").and_then(Item::text).map(str::to_owned);
    Collection { algorithm, members, archive: assertion.get("zip_central_directory_hash").is_some() }
}

/// The members as paths below the folder of the manifest, those that lead elsewhere left out.
#[must_use]
pub(super) fn paths(collection: &Collection) -> Vec<PathBuf> {
    let of = |uri: &String| {
        let decoded = decoded(uri).and_then(|uri| inside(&uri).map(Path::to_path_buf));
        inside(uri).map(Path::to_path_buf).into_iter().chain(decoded)
    };
    collection.members.iter().take(limits::ITEMS).flat_map(|(uri, _)| of(uri)).collect()
}

/// Whether a file beside the manifest is one of the collection.
#[must_use]
pub(super) fn lists(collection: &Collection, file: &Path) -> bool {
    let own = file.file_name();
    collection.members.iter().any(|(uri, _)| {
        let parts =
            |uri: &str| inside(uri).is_some_and(|path| path.components().count() == 1 && path.file_name() == own);
        parts(uri) || decoded(uri).is_some_and(|uri| parts(&uri))
    })
}

/// Compares every member with the file below the folder of the manifest.
#[must_use]
pub(super) fn check(collection: &Collection, manifest: &Path, algorithm: Option<&str>, stop: &AtomicBool) -> Found {
    let mut found = Found::default();
    let name = collection.algorithm.as_deref().or(algorithm).unwrap_or("sha256");
    let Some((_, algorithm)) = ALGORITHMS.iter().find(|(known, _)| *known == name) else {
        found.failures.insert(ALGORITHM);
        return found;
    };
    if collection.members.is_empty() {
        found.failures.insert(MALFORMED);
    }
    let root = root(collection, manifest);
    // The same file under many names is read once.
    let mut digests: HashMap<PathBuf, Digest> = HashMap::new();
    for (uri, claimed) in collection.members.iter().take(limits::ITEMS) {
        if stop.load(Ordering::Relaxed) {
            found.obstacle = Some(CANCELLED.to_owned());
            break;
        }
        let path = match locate(&root, uri) {
            Ok(path) => path,
            Err((code, what)) => {
                found.add(code, uri, what);
                continue;
            }
        };
        let digest = match digests.get(&path) {
            Some(digest) => digest,
            None => match digest::file(&path, &[*algorithm], &mut |_| !stop.load(Ordering::Relaxed)) {
                Ok(mut made) => match made.pop() {
                    Some(made) => digests.entry(path).or_insert(made),
                    None => continue,
                },
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    found.obstacle = Some(CANCELLED.to_owned());
                    break;
                }
                Err(e) => {
                    found.obstacle.get_or_insert_with(|| format!("{uri} cannot be read: {e}"));
                    continue;
                }
            },
        };
        if digest.value != *claimed {
            found.add(MISMATCH, uri, "");
        }
    }
    found
}

impl Found {
    pub(super) fn unknown(why: &str) -> Self {
        Self { obstacle: Some(why.to_owned()), ..Self::default() }
    }

    fn add(&mut self, code: &'static str, uri: &str, what: &str) {
        self.failures.insert(code);
        if self.files.len() < NAMED {
            let uri: String = uri.chars().take(256).collect();
            self.files.push(if what.is_empty() { uri } else { format!("{uri} ({what})") });
        }
    }
}

/// The folder of the manifest, or the one beside it that goes by its name, where the files are there.
fn root(collection: &Collection, manifest: &Path) -> PathBuf {
    let folder = manifest.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let named = manifest.with_extension("");
    let first = collection.members.first().map_or("", |(uri, _)| uri.as_str());
    match locate(folder, first).is_err() && named != manifest && locate(&named, first).is_ok() {
        true => named,
        false => folder.to_owned(),
    }
}

/// The regular file that a URI names inside of the folder, links resolved; else the code and what is wrong.
fn locate(root: &Path, uri: &str) -> Result<PathBuf, (&'static str, &'static str)> {
    let outside = (OUTSIDE, "outside of the folder");
    let path = inside(uri).ok_or(outside)?;
    let missing = (MISSING, "missing");
    let decoded = decoded(uri);
    let target = match std::fs::canonicalize(root.join(path)) {
        Ok(target) => target,
        Err(_) => {
            let path = decoded.as_deref().ok_or(missing)?;
            std::fs::canonicalize(root.join(inside(path).ok_or(outside)?)).map_err(|_| missing)?
        }
    };
    let root = std::fs::canonicalize(root).map_err(|_| missing)?;
    match target.starts_with(&root) {
        false => Err(outside),
        true if target.is_file() => Ok(target),
        true => Err((MISSING, "no file")),
    }
}

/// The path if nothing in it leads elsewhere: no root, no drive, no `.` or `..`, no backslash.
fn inside(uri: &str) -> Option<&Path> {
    let path = Path::new(uri);
    let plain = !uri.is_empty() && uri.len() <= 4_096 && !uri.contains(['\\', '\0']);
    // `components` passes over a `.` in the middle.
    let dots = uri.split('/').any(|part| matches!(part, "." | ".."));
    (plain && !dots && path.components().all(|part| matches!(part, Component::Normal(_)))).then_some(path)
}

/// The URI without its percent signs, where it has any.
fn decoded(uri: &str) -> Option<String> {
    let mut out = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    let mut changed = false;
    while let Some((first, tail)) = rest.split_first() {
        let byte = (*first == b'%').then(|| tail.get(..2).and_then(|d| std::str::from_utf8(d).ok())).flatten();
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &tail[2..];
                changed = true;
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(out).ok().filter(|_| changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(members: &[(&str, &[u8])]) -> Collection {
        let hash = |bytes: &[u8]| Digest::of(Algorithm::Sha256, bytes).value;
        let members = members.iter().map(|(uri, bytes)| ((*uri).to_owned(), hash(bytes))).collect();
        Collection { algorithm: None, members, archive: false }
    }

    fn checked(collection: &Collection, folder: &Path) -> Found {
        check(collection, &folder.join("shot.c2pa"), None, &AtomicBool::new(false))
    }

    #[test]
    fn files_inside_are_compared_and_nothing_else_is_read() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("in");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::write(outer.path().join("secret"), b"x").unwrap();
        std::fs::write(folder.join("a b.dpx"), b"x").unwrap();
        std::fs::write(folder.join("sub/c.dpx"), b"y").unwrap();
        let good = checked(&collection(&[("a b.dpx", b"x"), ("a%20b.dpx", b"x"), ("sub/c.dpx", b"y")]), &folder);
        assert!(good.failures.is_empty() && good.files.is_empty() && good.obstacle.is_none(), "{good:?}");
        let bad = checked(&collection(&[("a b.dpx", b"y"), ("gone.dpx", b"y"), ("sub", b"y")]), &folder);
        assert_eq!(bad.failures.into_iter().collect::<Vec<_>>(), [MISSING, MISMATCH]);
        assert_eq!(bad.files, ["a b.dpx", "gone.dpx (missing)", "sub (no file)"]);

        #[cfg(unix)]
        std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("link")).unwrap();
        let absolute = outer.path().join("secret");
        let absolute = absolute.to_str().unwrap();
        let mut ways =
            vec!["../secret", "sub/../../secret", "./a b.dpx", "sub/./c.dpx", "", "%2e%2e/secret", "..\\secret"];
        ways.push(absolute);
        if cfg!(unix) {
            ways.push("link");
        }
        for uri in ways {
            let found = checked(&collection(&[(uri, b"x")]), &folder);
            let expected = if uri.starts_with('%') { [MISSING, OUTSIDE] } else { [OUTSIDE; 2] };
            assert!(found.failures.iter().all(|code| expected.contains(code)), "{uri}: {found:?}");
            assert_eq!(found.failures.len(), 1, "{uri}");
        }
    }

    #[test]
    fn the_folder_of_the_same_name_holds_the_files_too() {
        let outer = tempfile::tempdir().unwrap();
        std::fs::create_dir(outer.path().join("shot")).unwrap();
        std::fs::write(outer.path().join("shot/1.dpx"), b"x").unwrap();
        assert!(checked(&collection(&[("1.dpx", b"x")]), outer.path()).failures.is_empty());
        assert!(lists(&collection(&[("1%2e.dpx", b"x")]), Path::new("/x/1..dpx")));
        assert!(!lists(&collection(&[("shot/1.dpx", b"x")]), Path::new("/x/1.dpx")));
    }

    #[test]
    fn what_cannot_be_checked_is_said() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), b"x").unwrap();
        let mut odd = collection(&[("a", b"x")]);
        odd.algorithm = Some("md5".to_owned());
        assert!(checked(&odd, folder.path()).failures.contains(ALGORITHM));
        assert!(checked(&Collection::default(), folder.path()).failures.contains(MALFORMED));
        let stopped = check(&collection(&[("a", b"x")]), &folder.path().join("b"), None, &AtomicBool::new(true));
        assert!(stopped.obstacle.is_some());
    }
}
