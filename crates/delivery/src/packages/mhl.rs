//! Media Hash List 1.0 and 1.1 (mediahashlist.org): `*.mhl` beside the files that it lists.

use super::hash_list::{self, Entry};
use super::{Folder, Info, Listing, Member, Membership, Package, PackageManifest, inside, names};
use countersign_model::{PackageFaultKind, Problem};

pub(super) struct Mhl;

static INFO: Info = Info { kind: "mhl", name: "Media Hash List 1.1" };

impl Package for Mhl {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, listing: &Listing) -> bool {
        listing.files.iter().any(|name| is_list(name))
    }

    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
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
            // Generations of an ASC MHL history lie in a folder of their own and belong to the one above.
            if list.kind != "hashlist" || !list.version.starts_with('1') {
                continue;
            }
            lists += 1;
            opened.title.get_or_insert_with(|| name.clone());
            for entry in &list.entries {
                add(entry, name, &mut opened);
            }
            opened.expected_unlisted.push(name.clone());
            opened.manifests.push(name.clone());
        }
        if lists == 0 && (opened.faults.is_empty() || folder.rel.ends_with("ascmhl")) {
            return Ok(None);
        }
        opened.members.sort_by(|a, b| a.path.cmp(&b.path));
        opened.members.dedup_by(|later, first| {
            let same = later.path == first.path;
            if same {
                first.digests.append(&mut later.digests);
                first.size = first.size.or(later.size);
            }
            same
        });
        names::settle(folder, &mut opened);
        Ok(Some(opened))
    }
}

fn is_list(name: &str) -> bool {
    // Copies that macOS leaves on other file systems are no lists.
    name.to_ascii_lowercase().ends_with(".mhl") && !name.starts_with("._")
}

fn add(entry: &Entry, list: &str, opened: &mut PackageManifest) {
    // Some tools wrote the path from the root of the volume that they were given, some with backslashes.
    let spelled = entry.path.trim_start_matches('/');
    let spelled = if spelled.contains('/') { spelled.to_owned() } else { spelled.replace('\\', "/") };
    match inside(&spelled) {
        Ok(path) => {
            let mut member = Member::new(path, Some(Membership::Manifest));
            member.size = entry.size;
            member.digests = entry.hashes.iter().map(|h| h.digest.clone()).collect();
            for bad in &entry.bad {
                opened.fault(PackageFaultKind::Malformed, list, format!("{bad} of {} is no hash", member.path));
            }
            opened.members.push(member);
        }
        Err(why) => opened.fault(PackageFaultKind::Malformed, list, format!("{:?}: {why}", entry.path)),
    }
}
