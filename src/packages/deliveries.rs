//! Shared by all packages: what their manifests say, looked up for each file the walk finds, and compared with
//! what it found.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Digest, Info, Member, Membership, Opened, paths};
use crate::limits;
use crate::model::{Asset, PackageFault, PackageFaultKind, PackageReport, Play};

/// Every package below the scanned roots.
#[derive(Debug, Default)]
pub struct Deliveries {
    packages: Vec<Delivery>,
    /// (root, path below it) → who lists it, as (package, member).
    members: HashMap<(usize, String), Vec<(usize, usize)>>,
    /// (root, folder below it) → packages whose root that is.
    roots: HashMap<(usize, String), Vec<usize>>,
    faults: Mutex<Vec<(usize, PackageFault)>>,
}

#[derive(Debug)]
struct Delivery {
    info: &'static Info,
    /// Below the scanned root; empty for the root itself.
    rel: String,
    opened: Opened,
    /// Which members the walk saw, in their order.
    seen: Vec<AtomicBool>,
}

/// Where a file stands among the packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// The innermost package that lists it, else the innermost that it lies in.
    pub package: Option<usize>,
    /// The strongest membership in any package.
    pub membership: Option<Membership>,
    pub plays: Vec<&'a Play>,
}

/// A digest that a package claims of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Whom to tell of a mismatch: [`Deliveries::fault`].
    pub package: usize,
    pub digest: &'a Digest,
}

impl Deliveries {
    /// Takes up a package that was found at `rel` below root number `root`. Call in walking order.
    pub fn add(&mut self, info: &'static Info, root: usize, rel: &str, opened: Opened) {
        let id = self.packages.len();
        for (index, member) in opened.members.iter().enumerate() {
            let key = (root, key(&paths::join(rel, &member.path)));
            self.members.entry(key).or_default().push((id, index));
        }
        self.roots.entry((root, key(rel))).or_default().push(id);
        let seen = opened.members.iter().map(|_| AtomicBool::new(false)).collect();
        self.packages.push(Delivery { info, rel: rel.to_owned(), opened, seen });
    }

    /// Whether there is no package at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// Where the file at `rel` (as the walk names it) below root number `root` stands.
    #[must_use]
    pub fn place(&self, root: usize, rel: &str) -> Place<'_> {
        if self.is_empty() {
            return Place::default();
        }
        let listed: Vec<(usize, &Member)> = self.listed(root, rel).collect();
        let depth = |id: &usize| self.packages.get(*id).map_or(0, |p| p.rel.len());
        let best = listed.iter().filter(|(_, m)| m.membership.is_some()).map(|(id, _)| *id).max_by_key(depth);
        let any = listed.iter().map(|(id, _)| *id).max_by_key(depth);
        Place {
            package: best.or(any).or_else(|| self.around(root, rel)),
            membership: listed.iter().filter_map(|(_, m)| m.membership).min(),
            plays: listed.iter().flat_map(|(_, m)| &m.plays).collect(),
        }
    }

    /// The digests that packages claim of the file at `rel`.
    #[must_use]
    pub fn digests(&self, root: usize, rel: &str) -> Vec<Wanted<'_>> {
        let listed = self.listed(root, rel);
        listed.flat_map(|(package, m)| m.digests.iter().map(move |digest| Wanted { package, digest })).collect()
    }

    /// Takes up a fault that showed while files were read (a digest that does not match); from any thread.
    pub fn fault(&self, package: usize, fault: PackageFault) {
        let mut faults = self.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if faults.len() < limits::FAULTS {
            faults.push((package, fault));
        }
    }

    /// Compares what the walk found with what is listed: presence, size, and files that nobody lists.
    pub fn saw(&self, asset: &Asset) {
        if self.is_empty() {
            return;
        }
        let claims = self.members.get(&(asset.root, asset.rel.clone())).map(Vec::as_slice).unwrap_or_default();
        for (id, index) in claims {
            let Some(package) = self.packages.get(*id) else { continue };
            if let Some(seen) = package.seen.get(*index) {
                seen.store(true, Ordering::Relaxed);
            }
            let size = package.opened.members.get(*index).and_then(|m| m.size);
            if let Some(size) = size.filter(|size| *size != asset.size && asset.obstacle.is_none()) {
                let what = format!("has {} bytes and not {size}", asset.size);
                self.fault(*id, fault(PackageFaultKind::SizeMismatch, &asset.rel, what));
            }
        }
        if claims.is_empty() {
            self.unlisted(asset);
        }
    }

    fn unlisted(&self, asset: &Asset) {
        let Some(id) = self.around(asset.root, &asset.rel) else { return };
        let Some(package) = self.packages.get(id) else { return };
        let path = asset.rel.get(package.rel.len()..).unwrap_or_default().trim_start_matches('/');
        let aside = |a: &String| if a.ends_with('/') { path.starts_with(a.as_str()) } else { path == a };
        if package.opened.lists_everything && !package.opened.aside.iter().any(aside) {
            self.fault(id, fault(PackageFaultKind::UnlistedFile, &asset.rel, ""));
        }
    }

    /// Every package with its faults, sorted; `complete` when the walk saw everything, so that absence means something.
    #[must_use]
    pub fn finish(self, complete: bool) -> Vec<(PackageReport, Vec<PackageFault>)> {
        let late = self.faults.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut out: Vec<_> = self.packages.into_iter().enumerate().map(|(id, p)| p.finish(id, complete)).collect();
        for (id, fault) in late {
            if let Some((_, faults)) = out.get_mut(id) {
                faults.push(fault);
            }
        }
        for (_, faults) in &mut out {
            faults.sort_by(|a, b| (a.kind, &a.path, &a.what).cmp(&(b.kind, &b.path, &b.what)));
            faults.dedup();
        }
        out
    }

    fn listed(&self, root: usize, rel: &str) -> impl Iterator<Item = (usize, &Member)> {
        let rows = if self.is_empty() { None } else { self.members.get(&(root, rel.to_owned())) };
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        rows.iter().filter_map(|(id, index)| Some((*id, self.packages.get(*id)?.opened.members.get(*index)?)))
    }

    /// The innermost package in whose folder the file lies.
    fn around(&self, root: usize, rel: &str) -> Option<usize> {
        let mut folder = rel;
        loop {
            folder = folder.rfind('/').and_then(|slash| folder.get(..slash)).unwrap_or_default();
            if let Some(ids) = self.roots.get(&(root, folder.to_owned())) {
                return ids.first().copied();
            }
            if folder.is_empty() {
                return None;
            }
        }
    }
}

impl Delivery {
    fn finish(self, id: usize, complete: bool) -> (PackageReport, Vec<PackageFault>) {
        let mut faults = self.opened.faults;
        for fault in &mut faults {
            fault.path = paths::join(&self.rel, &fault.path);
        }
        for (member, seen) in self.opened.members.iter().zip(&self.seen) {
            if complete && !seen.load(Ordering::Relaxed) && !member.optional && faults.len() < limits::FAULTS {
                faults.push(fault(PackageFaultKind::MissingAsset, &paths::join(&self.rel, &member.path), ""));
            }
        }
        let root = if self.rel.is_empty() { ".".to_owned() } else { key(&self.rel) };
        let title = self.opened.title;
        (PackageReport { id, kind: self.info.kind.to_owned(), root, title, ..PackageReport::default() }, faults)
    }
}

fn fault(kind: PackageFaultKind, path: &str, what: impl Into<String>) -> PackageFault {
    PackageFault { kind, path: path.to_owned(), what: what.into() }
}

/// A path in the spelling of the walk, which doubles backslashes where a name holds `\x`.
fn key(path: &str) -> String {
    if path.contains("\\x") { path.replace('\\', "\\\\") } else { path.to_owned() }
}
