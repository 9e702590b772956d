//! Hash lists beside the files that they list: Media Hash List 0.1, 1.0 and 1.1 (mediahashlist.org), and packing lists of
//! ASC MHL 2.0 (`ascmhl flatten`), which travel outside of the folder `ascmhl`.

use super::hash_list::{self, Entry, HashList};
use super::{Folder, Info, Listing, Member, Membership, Package, PackageManifest, ascmhl, inside, names};
use countersign_model::{PackageFaultKind, Problem};

pub(super) struct Mhl;

static INFO: Info = Info { kind: "mhl", name: "Media Hash List 0.1 to 1.1, packing lists of ASC MHL 2.0" };

impl Package for Mhl {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, listing: &Listing) -> bool {
        listing.files.iter().any(|name| is_list(name))
    }

    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
        // Generations of an ASC MHL history lie in a folder of their own and belong to the one above.
        if folder.rel.rsplit('/').next() == Some("ascmhl") || folder.listing.has_file("ascmhl_chain.xml") {
            return Ok(None);
        }
        let mut opened = PackageManifest { lists_everything: true, ..PackageManifest::default() };
        let mut lists = 0;
        for name in folder.listing.files.iter().filter(|name| is_list(name)) {
            let list = match folder.read(name).and_then(|bytes| hash_list::read(&bytes)) {
                Ok(list) => list,
                Err(problem) => {
                    opened.fault(PackageFaultKind::Malformed, name, problem.what);
                    continue;
                }
            };
            lists += 1;
            opened.title.get_or_insert_with(|| name.clone());
            opened.expected_unlisted.push(name.clone());
            if list.kind != "hashlist" {
                let what = format!("is an XML document {:?} and no hash list: it is not read", list.kind);
                opened.fault(PackageFaultKind::Unverified, name, what);
                continue;
            }
            version(name, &list, &mut opened);
            for entry in &list.entries {
                add(entry, name, &mut opened);
            }
            opened.ignore(&list.ignore);
            ascmhl::unverified(name, &list, &mut opened);
            if list.version.starts_with("2.") {
                ascmhl::folders(name, &list, &mut opened);
            }
            opened.manifests.push(name.clone());
        }
        if lists == 0 && opened.faults.is_empty() {
            return Ok(None);
        }
        opened.members.sort_by(|a, b| a.path.cmp(&b.path));
        let mut sizes = Vec::new();
        opened.members.dedup_by(|later, first| {
            let same = later.path == first.path;
            if same {
                first.digests.append(&mut later.digests);
                let both = first.size.zip(later.size).filter(|(one, other)| one != other);
                sizes.extend(both.map(|(one, other)| (first.path.clone(), one, other)));
                first.size = first.size.or(later.size);
            }
            same
        });
        for (path, one, other) in sizes {
            let what = format!("is listed with {one} bytes and with {other} bytes");
            opened.fault(PackageFaultKind::Malformed, path, what);
        }
        names::settle(folder, &mut opened);
        Ok(Some(opened))
    }
}

fn is_list(name: &str) -> bool {
    // Copies that macOS leaves on other file systems are no lists.
    name.to_ascii_lowercase().ends_with(".mhl") && !name.starts_with("._")
}

/// A list of a version that is not known is read as far as its elements are known ones, and told.
fn version(name: &str, list: &HashList, opened: &mut PackageManifest) {
    let version = list.version.trim();
    let known = ["0.1", "1.0", "1.1", "2.0"].contains(&version);
    if version.is_empty() {
        let what = "states no version: it is read like version 1.1, and may mean something else";
        opened.fault(PackageFaultKind::Unverified, name, what);
    } else if !known {
        let what = format!("has the version {version:?}, which is not known: it is read as far as its elements are");
        opened.fault(PackageFaultKind::Unverified, name, what);
    }
    if list.entries.is_empty() {
        opened.fault(PackageFaultKind::Unverified, name, "lists no file: nothing is checked by it");
    }
}

fn add(entry: &Entry, list: &str, opened: &mut PackageManifest) {
    // Some tools wrote the path from the root of the volume that they were given, some with backslashes.
    let spelled = entry.path.trim_start_matches('/');
    let spelled = if spelled.contains('/') { spelled.to_owned() } else { spelled.replace('\\', "/") };
    match inside(&spelled) {
        Ok(path) => {
            let mut member = Member::new(path, Some(Membership::Manifest));
            member.size = entry.size;
            member.digests = entry.hashes.iter().filter(|h| !h.failed).map(|h| h.digest.clone()).collect();
            for bad in &entry.bad {
                opened.fault(PackageFaultKind::Malformed, list, format!("{bad} of {} is no hash", member.path));
            }
            if entry.hashes.iter().any(|h| h.failed) {
                opened.remarks.push(format!("{list}: noted that {} did not match", member.path));
            }
            opened.members.push(member);
        }
        Err(why) => opened.fault(PackageFaultKind::Malformed, list, format!("{:?}: {why}", entry.path)),
    }
}
