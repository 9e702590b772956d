//! ASC Media Hash List 2.0: a folder `ascmhl` with a hash list for each generation and the chain of their C4 hashes.
//!
//! The first hash that any generation gave a file is the one that its bytes must have; hashes that a tool noted as
//! failed only record that it saw other bytes. A history further in is a package of its own; the outer one names
//! its last list by hash.

use std::collections::BTreeMap;

use super::hash_list::{self, Entry, FolderHash, HashList};
use super::{Algorithm, Digest, Folder, Info, Listing, Member, Membership, Package, PackageManifest, inside, names};
use countersign_model::{PackageFaultKind, Problem};

pub(super) struct AscMhl;

static INFO: Info = Info { kind: "ascmhl", name: "ASC MHL 2.0" };

const FOLDER: &str = "ascmhl";
const CHAIN: &str = "ascmhl/ascmhl_chain.xml";

impl Package for AscMhl {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, listing: &Listing) -> bool {
        listing.has_folder(FOLDER)
    }

    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
        let listing = folder.list(FOLDER)?;
        let own = |name: &&String| name.ends_with(".mhl") && !name.starts_with("._");
        let lists: Vec<String> = listing.files.iter().filter(own).map(|name| format!("{FOLDER}/{name}")).collect();
        let chained = listing.has_file("ascmhl_chain.xml");
        // A folder of that name may hold anything; one that holds nothing was a history.
        let emptied = listing.files.is_empty() && listing.folders.is_empty();
        if lists.is_empty() && !chained && !emptied {
            return Ok(None);
        }
        let mut opened = PackageManifest {
            lists_everything: true,
            expected_unlisted: vec![format!("{FOLDER}/")],
            ..PackageManifest::default()
        };
        let lists = chain(folder, chained, lists, &mut opened);
        let mut history = History::default();
        for (number, path) in lists.iter().enumerate() {
            match folder.read(path).and_then(|bytes| hash_list::read(&bytes)) {
                Ok(list) if list.kind == "hashlist" && list.version.starts_with('2') => {
                    let generation = Generation { number: number + 1, by: path, list: &list };
                    history.generation(&generation, folder, &mut opened);
                    unverified(path, &list, &mut opened);
                    opened.manifests.push(path.clone());
                }
                Ok(list) => {
                    let what = format!("is {} {:?} and no ASC MHL 2 hash list", list.kind, list.version);
                    opened.fault(PackageFaultKind::Malformed, path, what);
                }
                Err(problem) => opened.fault(PackageFaultKind::Malformed, path, problem.what),
            }
        }
        opened.title = Some(match lists.len() {
            1 => "1 generation".to_owned(),
            n => format!("{n} generations"),
        });
        opened.members = history.files.into_values().collect();
        names::settle(folder, &mut opened);
        Ok(Some(opened))
    }
}

/// The hash lists in the order of the chain; what the chain does not hold comes last.
fn chain(folder: &Folder, chained: bool, lists: Vec<String>, opened: &mut PackageManifest) -> Vec<String> {
    if !chained {
        let what = if lists.is_empty() { "the history is empty" } else { "nothing vouches for the hash lists" };
        opened.fault(PackageFaultKind::Malformed, CHAIN, format!("is missing: {what}"));
        return lists;
    }
    let chain = match folder.read(CHAIN).and_then(|bytes| hash_list::read(&bytes)) {
        Ok(chain) if chain.kind == "ascmhldirectory" => chain,
        Ok(chain) => {
            opened.fault(PackageFaultKind::Malformed, CHAIN, format!("is {} and no chain", chain.kind));
            return lists;
        }
        Err(problem) => {
            opened.fault(PackageFaultKind::Malformed, CHAIN, problem.what);
            return lists;
        }
    };
    opened.manifests.push(CHAIN.to_owned());
    let mut ordered = Vec::new();
    for (n, link) in chain.references.iter().enumerate() {
        if link.number != Some(n as u64 + 1) {
            let stated = link.number.map_or("nothing".to_owned(), |n| n.to_string());
            let what = format!("generation {} has the sequence number {stated}", n + 1);
            opened.fault(PackageFaultKind::Malformed, CHAIN, what);
        }
        let path = format!("{FOLDER}/{}", link.path.trim());
        if !lists.contains(&path) {
            opened.fault(PackageFaultKind::MissingAsset, CHAIN, format!("names {:?}, which is not there", link.path));
            continue;
        }
        vouched(folder, &path, link, CHAIN, opened);
        if !ordered.contains(&path) {
            ordered.push(path);
        }
    }
    for path in lists {
        if !ordered.contains(&path) {
            opened.fault(PackageFaultKind::Malformed, &path, "the chain does not name this hash list");
            ordered.push(path);
        }
    }
    ordered
}

/// Compares a hash list with the hash that another file gives of it.
fn vouched(folder: &Folder, path: &str, link: &Entry, by: &str, opened: &mut PackageManifest) {
    for bad in &link.bad {
        opened.fault(PackageFaultKind::Malformed, by, format!("{bad} of {path} is no hash"));
    }
    for kind in link.unknown.iter().filter(|_| link.hashes.is_empty()) {
        let what = format!("hashes of the kind {kind:?} are not known: nothing else vouches for {path}");
        opened.fault(PackageFaultKind::Unverified, by, what);
    }
    if link.hashes.is_empty() && link.bad.is_empty() && link.unknown.is_empty() {
        opened.fault(PackageFaultKind::Malformed, by, format!("gives no hash of {path}"));
    }
    let bytes = match folder.read(path) {
        Ok(bytes) => bytes,
        Err(problem) => return opened.fault(PackageFaultKind::Malformed, path, problem.what),
    };
    for hash in &link.hashes {
        let found = Digest::of(hash.digest.algorithm, &bytes);
        if !hash.digest.agrees(&found) {
            let (name, stated) = (hash.digest.algorithm.name(), hash.digest.text());
            let what = format!("{name} is {} and not {stated}, as {by} says", found.text());
            opened.fault(PackageFaultKind::HashMismatch, path, what);
        }
    }
}

/// A hash list of the history: its number in the chain, from 1 on, and its path.
struct Generation<'a> {
    number: usize,
    by: &'a str,
    list: &'a HashList,
}

/// What all generations say together.
#[derive(Default)]
struct History {
    files: BTreeMap<String, Member>,
}

impl History {
    fn generation(&mut self, generation: &Generation, folder: &Folder, opened: &mut PackageManifest) {
        let Generation { by, list, .. } = *generation;
        opened.ignore(&list.ignore);
        // Names may be handed on within one generation: all of them are taken away before any is given.
        let before = |entry: &Entry| entry.previous.as_deref().and_then(|path| inside(path).ok());
        let mut renamed: BTreeMap<String, Member> =
            list.entries.iter().filter_map(before).filter_map(|path| self.files.remove_entry(&path)).collect();
        for entry in &list.entries {
            let was = before(entry).and_then(|path| renamed.remove(&path));
            self.entry(generation, entry, was, opened);
        }
        for reference in &list.references {
            match inside(&reference.path) {
                Ok(path) => vouched(folder, &path, reference, by, opened),
                Err(why) => opened.fault(PackageFaultKind::Malformed, by, format!("{:?}: {why}", reference.path)),
            }
        }
        folders(by, list, opened);
    }

    fn entry(&mut self, generation: &Generation, entry: &Entry, was: Option<Member>, opened: &mut PackageManifest) {
        let Generation { number, by, .. } = *generation;
        let path = match inside(&entry.path) {
            Ok(path) => path,
            Err(why) => {
                return opened.fault(PackageFaultKind::Malformed, by, format!("{:?}: {why}", entry.path));
            }
        };
        for bad in &entry.bad {
            opened.fault(PackageFaultKind::Malformed, by, format!("{bad} of {path} is no hash"));
        }
        // A file that was renamed is the one that had the other name before.
        let member = self.files.entry(path.clone()).or_insert_with(|| match was {
            Some(member) => Member { path: path.clone(), ..member },
            None => Member::new(path.clone(), Some(Membership::Manifest)),
        });
        let failed = entry.hashes.iter().any(|h| h.failed);
        if failed {
            opened.remarks.push(format!("{path}: generation {number} noted that it did not match"));
        } else {
            if let Some((then, now)) = member.size.zip(entry.size).filter(|(then, now)| then != now) {
                let what = format!("{path} has {now} bytes here and had {then} in an earlier generation");
                opened.fault(PackageFaultKind::Malformed, by, what);
            }
            member.size = member.size.or(entry.size);
        }
        for hash in entry.hashes.iter().filter(|h| !h.failed) {
            match member.digests.iter().find(|d| d.algorithm == hash.digest.algorithm) {
                None => member.digests.push(hash.digest.clone()),
                Some(first) if *first == hash.digest => {}
                Some(first) => {
                    let (name, now, then) = (first.algorithm.name(), hash.digest.text(), first.text());
                    let what = format!("{name} of {path} is {now} here and was {then} in an earlier generation");
                    opened.fault(PackageFaultKind::Malformed, by, what);
                }
            }
        }
    }
}

/// Tells what of a list cannot be checked.
pub(super) fn unverified(by: &str, list: &HashList, opened: &mut PackageManifest) {
    for what in list.unverified() {
        opened.fault(PackageFaultKind::Unverified, by, what);
    }
}

/// Checks the hashes of folders against those of their files and folders in the same generation.
///
/// The files themselves are compared with their own hashes: with both, the folders are as they were.
pub(super) fn folders(by: &str, list: &HashList, opened: &mut PackageManifest) {
    let mut below: BTreeMap<&str, Vec<Child>> = BTreeMap::new();
    for entry in &list.entries {
        let (parent, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        below.entry(parent).or_default().push(Child { name, is: Is::File(entry) });
    }
    for folder in list.folders.iter().filter(|f| !f.path.is_empty()) {
        let (parent, name) = folder.path.rsplit_once('/').unwrap_or(("", &folder.path));
        below.entry(parent).or_default().push(Child { name, is: Is::Folder(folder) });
    }
    // What a nested history lists is not repeated here.
    let nested = |folder: &FolderHash| {
        let inner = |path: &str| path.strip_prefix(&folder.path).is_some_and(|rest| rest.starts_with("/ascmhl/"));
        !folder.path.is_empty() && list.references.iter().any(|r| inner(&r.path))
    };
    for folder in list.folders.iter().filter(|f| !nested(f)) {
        let children = below.get(folder.path.as_str()).map(Vec::as_slice).unwrap_or_default();
        let parts: [(&str, &[Digest], Part); 2] =
            [("content", &folder.content, content), ("structure", &folder.structure, structure)];
        for (what, stated, of) in parts {
            for digest in stated {
                let Some(found) = hash_of_hashes(children, digest.algorithm, of) else { continue };
                if !digest.agrees(&found) {
                    let name = if folder.path.is_empty() { "the root" } else { folder.path.as_str() };
                    let what = format!(
                        "the {what} hash of {name} is {}; its files and folders make {}",
                        digest.text(),
                        found.text()
                    );
                    opened.fault(PackageFaultKind::Malformed, by, what);
                }
            }
        }
    }
}

struct Child<'a> {
    name: &'a str,
    is: Is<'a>,
}

enum Is<'a> {
    File(&'a Entry),
    Folder(&'a FolderHash),
}

fn content(child: &Child<'_>, algorithm: Algorithm) -> Option<Vec<u8>> {
    match child.is {
        Is::File(entry) => {
            let mut digests = entry.hashes.iter().map(|h| &h.digest);
            digests.find(|d| d.algorithm == algorithm).map(|d| d.value.clone())
        }
        Is::Folder(folder) => value(&folder.content, algorithm),
    }
}

fn structure(child: &Child<'_>, algorithm: Algorithm) -> Option<Vec<u8>> {
    let value = match child.is {
        Is::File(_) => content(child, algorithm)?,
        Is::Folder(folder) => value(&folder.structure, algorithm)?,
    };
    Some(Digest::of(algorithm, &[child.name.as_bytes(), &value].concat()).value)
}

/// What a child gives to the hash of its folder.
type Part = fn(&Child<'_>, Algorithm) -> Option<Vec<u8>>;

fn value(digests: &[Digest], algorithm: Algorithm) -> Option<Vec<u8>> {
    digests.iter().find(|d| d.algorithm == algorithm).map(|d| d.value.clone())
}

/// The hash of the children's hashes in the order of their text; none where a child lacks that algorithm.
fn hash_of_hashes(children: &[Child], algorithm: Algorithm, of: Part) -> Option<Digest> {
    let values = children.iter().map(|child| of(child, algorithm)).collect::<Option<Vec<_>>>()?;
    let mut digests: Vec<_> = values.into_iter().map(|value| Digest { algorithm, value }).collect();
    digests.sort_by_cached_key(Digest::text);
    let bytes: Vec<u8> = digests.into_iter().flat_map(|d| d.value).collect();
    Some(Digest::of(algorithm, &bytes))
}
