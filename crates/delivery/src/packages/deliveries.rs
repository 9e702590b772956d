//! Shared by all packages: what their manifests say, looked up for each file the walk finds, and compared with
//! what it found.

mod compositions;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{Digest, Info, Member, Membership, PackageManifest};
pub use compositions::PlayedComposition;
use countersign_model::limits;
use countersign_model::{Asset, PackageFault, PackageFaultKind, PackageReport, Play, Tag};

/// How a path is spelled in reports; the walk's own way is handed in.
pub type Spelling = fn(&Path) -> String;

/// Who lists a path: package and member, by index.
type Claims = Vec<(usize, usize)>;

/// Every package below the scanned roots.
///
/// ```
/// use std::path::Path;
///
/// use countersign_delivery::packages::{Info, Member, Membership, PackageIndex, PackageManifest, PackageRoot};
///
/// static INFO: Info = Info { kind: "mhl", name: "Media Hash List 1.1" };
/// let mut index = PackageIndex::default();
/// let members = vec![Member::new("clip.mov", Some(Membership::Manifest))];
/// let opened = PackageManifest { members, ..PackageManifest::default() };
/// index.add(&INFO, PackageRoot { root: 0, rel: Path::new("reel") }, opened, |path| path.display().to_string());
/// index.link();
/// // The walk asks for each file that it comes to whether a package lists it.
/// assert_eq!(index.place(0, "reel/clip.mov").membership, Some(Membership::Manifest));
/// assert_eq!(index.place(0, "clip.mov").membership, None);
/// ```
#[derive(Debug, Default)]
pub struct PackageIndex {
    packages: Vec<Delivery>,
    /// (root, path below it) → who lists it.
    members: HashMap<(usize, String), Claims>,
    /// The same in Unicode's composed form, for names that drives write in another one than manifests do.
    composed: HashMap<(usize, String), Claims>,
    /// (root, folder below it) → packages whose root that is.
    folders: HashMap<(usize, String), Vec<usize>>,
    /// Packages that state what their files come to, with their root's number.
    totals: Vec<(usize, usize)>,
    /// (root, path below it) of the packages' own files that were read.
    manifests: HashSet<(usize, String)>,
    faults: Mutex<Vec<(usize, PackageFault)>>,
}

#[derive(Debug)]
struct Delivery {
    info: &'static Info,
    /// The number of its scanned root.
    number: usize,
    /// Below the scanned root; empty for the root itself.
    rel: String,
    opened: PackageManifest,
    /// Which members the walk saw, in their order.
    seen: Vec<bool>,
    /// Each member's path below the scanned root, as the walk spells it.
    spelled: Vec<String>,
    /// What is never unlisted.
    ignore: GlobSet,
    /// Files and bytes that the walk found in the folder of [`PackageManifest::total`].
    found: (u64, u64),
}

/// Where a file stands among the packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// The innermost package that lists it.
    pub package: Option<usize>,
    /// The strongest membership in any package.
    pub membership: Option<Membership>,
    /// What plays it, in any package.
    pub plays: Vec<&'a Play>,
    /// What the innermost package says of where its content comes from.
    pub notes: &'a [Tag],
}

/// A digest that a package claims of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedDigest<'a> {
    /// Whom to tell of a mismatch: [`PackageIndex::fault`].
    pub package: usize,
    /// What the package says that the file's digest is.
    pub digest: &'a Digest,
    /// The manifests that say so, where the package has several; else empty.
    pub by: &'a str,
}

/// The folder that is the root of a package.
#[derive(Clone, Copy, Debug)]
pub struct PackageRoot<'a> {
    /// The number of the scanned root, from 0 on.
    pub root: usize,
    /// The folder's path below it; empty for the root itself.
    pub rel: &'a Path,
}

impl PackageIndex {
    /// Takes up a package that was found in a folder. Call in walking order.
    pub fn add(&mut self, info: &'static Info, at: PackageRoot<'_>, opened: PackageManifest, spelling: Spelling) {
        let PackageRoot { root, rel } = at;
        let id = self.packages.len();
        let mut spelled = Vec::with_capacity(opened.members.len());
        for (index, member) in opened.members.iter().enumerate() {
            let path = spelling(&member.base(rel).join(&member.path));
            if !path.is_ascii() {
                self.composed.entry((root, path.nfc().collect())).or_default().push((id, index));
            }
            self.members.entry((root, path.clone())).or_default().push((id, index));
            spelled.push(path);
        }
        self.totals.extend(opened.total.as_ref().map(|_| (root, id)));
        self.manifests.extend(opened.manifests.iter().map(|path| (root, spelling(&rel.join(path)))));
        let rel = spelling(rel);
        // A list that says nothing of what else may be there sets no bounds to the packages around it.
        if opened.lists_everything || !opened.expected_unlisted.is_empty() {
            self.folders.entry((root, rel.clone())).or_default().push(id);
        }
        let seen = vec![false; opened.members.len()];
        let ignore = ignored(&opened.ignore);
        self.packages.push(Delivery { info, number: root, rel, opened, seen, spelled, ignore, found: (0, 0) });
    }

    /// Gives what compositions play of other packages to the packages that hold it. Call once, after the last
    /// [`PackageIndex::add`].
    pub fn link(&mut self) {
        let wanted = self.packages.iter().any(|p| !p.opened.external_references.is_empty());
        if !wanted {
            return;
        }
        let mut by_id: HashMap<String, Claims> = HashMap::new();
        for (id, package) in self.packages.iter().enumerate() {
            for (index, member) in package.opened.members.iter().enumerate() {
                if let Some(name) = &member.id {
                    by_id.entry(name.clone()).or_default().push((id, index));
                }
            }
        }
        for id in 0..self.packages.len() {
            let external_references = self
                .packages
                .get_mut(id)
                .map(|p| std::mem::take(&mut p.opened.external_references))
                .unwrap_or_default();
            self.link_digests(id, &by_id);
            let mut nowhere: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (asset, play) in external_references {
                let Some(claims) = by_id.get(&asset) else {
                    nowhere.entry(play.title).or_default().insert(asset);
                    continue;
                };
                for (other, index) in claims {
                    let member = self.packages.get_mut(*other).and_then(|p| p.opened.members.get_mut(*index));
                    if let Some(member) = member.filter(|m| m.plays.len() < super::PLAYS) {
                        member.membership = Some(Membership::Cpl);
                        member.plays.push(play.clone());
                    }
                }
            }
            for (title, assets) in nowhere {
                let first = assets.first().map(String::as_str).unwrap_or_default();
                let remark = match assets.len() {
                    1 => format!("“{title}” plays an asset that lies in no package here: {first}"),
                    n => format!("“{title}” plays {n} assets that lie in no package here: {first} and others"),
                };
                if let Some(package) = self.packages.get_mut(id) {
                    package.opened.remarks.push(remark);
                }
            }
        }
    }

    /// Gives what compositions of a package say of the bytes of others' files to those that list them.
    fn link_digests(&mut self, id: usize, by_id: &HashMap<String, Claims>) {
        let own = self.packages.get_mut(id).map(|p| std::mem::take(&mut p.opened.external_digests));
        for (asset, digest, by) in own.unwrap_or_default() {
            for (other, index) in by_id.get(&asset).into_iter().flatten() {
                let member = self.packages.get_mut(*other).and_then(|p| p.opened.members.get_mut(*index));
                // A piece of an asset has no digest of its own.
                let Some(member) = member.filter(|member| !member.digests.is_empty()) else { continue };
                let contradiction = super::mapped_package::contradiction(&member.digests, &digest);
                if !member.digests.contains(&digest) && member.digests.len() < super::PLAYS {
                    member.digests.push(digest.clone());
                }
                if let (Some(hashes), Some(package)) = (contradiction, self.packages.get_mut(id)) {
                    let what =
                        format!("its composition and another package give two hashes of asset {asset}: {hashes}");
                    package.opened.fault(PackageFaultKind::Malformed, by.clone(), what);
                }
            }
        }
    }

    /// How many packages there are: their numbers in the report are below this.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Whether there is no package at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// Where the file at `rel` (as the walk names it) below root number `root` stands.
    #[must_use]
    pub fn place(&self, root: usize, rel: &str) -> Place<'_> {
        let claims = self.claims(root, rel);
        if claims.is_empty() {
            return Place { package: self.expected_unlisted(root, rel), ..Place::default() };
        }
        let depth = |id: &usize| self.packages.get(*id).map_or(0, |p| p.rel.len());
        let (mut package, mut membership, mut plays) = (None, None, Vec::new());
        for (id, member) in self.rows(claims) {
            // Of packages in one folder, the one that holds it most strongly.
            let key = (depth(&id), std::cmp::Reverse(rank(member.membership)), std::cmp::Reverse(id));
            package = package.max(Some((key, id)));
            membership = [membership, member.membership].into_iter().flatten().min();
            plays.extend(&member.plays);
        }
        let package = package.map(|(_, id)| id);
        let notes = package.and_then(|id| self.packages.get(id)).map_or(&[][..], |p| p.opened.notes.as_slice());
        Place { package, membership, plays, notes }
    }

    /// Whether the file is a package's own manifest, and was read as such.
    #[must_use]
    pub fn is_manifest(&self, root: usize, rel: &str) -> bool {
        !self.manifests.is_empty() && self.manifests.contains(&(root, rel.to_owned()))
    }

    /// Whether a package lists the file at `rel`, whatever its name.
    #[must_use]
    pub fn lists(&self, root: usize, rel: &str) -> bool {
        !self.claims(root, rel).is_empty()
    }

    /// The files that packages list, as (root, path below it).
    pub fn listed(&self) -> impl Iterator<Item = (usize, &str)> {
        self.members.keys().map(|(root, path)| (*root, path.as_str()))
    }

    /// The digests that packages claim of the file at `rel`.
    #[must_use]
    pub fn digests(&self, root: usize, rel: &str) -> Vec<ClaimedDigest<'_>> {
        let rows = self.rows(self.claims(root, rel));
        rows.flat_map(|(package, member)| {
            member.digests.iter().enumerate().map(move |(at, digest)| {
                let by = member.stated_by.get(at).map_or("", String::as_str);
                ClaimedDigest { package, digest, by }
            })
        })
        .collect()
    }

    /// Takes up a fault that showed while files were read (a digest that does not match); from any thread. The path
    /// is the walk's.
    pub fn fault(&self, package: usize, fault: PackageFault) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push((package, fault));
    }

    /// Compares what the walk found with what is listed: presence, size, and files that nobody lists.
    pub fn saw(&mut self, asset: &Asset) {
        if self.is_empty() {
            return;
        }
        self.count(asset);
        let claims = self.claims(asset.root, &asset.rel).to_vec();
        for (id, index) in &claims {
            let Some(package) = self.packages.get_mut(*id) else { continue };
            if let Some(seen) = package.seen.get_mut(*index) {
                *seen = true;
            }
            let Some(member) = package.opened.members.get(*index) else { continue };
            if let Some(size) = member.size.filter(|size| *size != asset.size && asset.obstacle.is_none()) {
                let what = format!("has {} bytes and not {size}", asset.size);
                let by = member.listed_in();
                self.fault(*id, fault(PackageFaultKind::SizeMismatch, &asset.rel, what).stated_by(by));
            }
        }
        if claims.is_empty() && self.expected_unlisted(asset.root, &asset.rel).is_none() {
            let around = self.enclosing_packages(asset.root, &asset.rel);
            let strict = around.iter().find(|id| self.packages.get(**id).is_some_and(|p| p.opened.lists_everything));
            if let Some(id) = strict {
                self.unlisted(*id, &asset.rel);
            }
        }
    }

    /// A file that its package does not list: worth a note, or a fault where the package promises to list all.
    fn unlisted(&self, id: usize, rel: &str) {
        let Some(package) = self.packages.get(id) else { return };
        let path = package.inner(rel);
        let complete = package.opened.complete.as_deref().is_some_and(|folder| path.starts_with(folder));
        if complete {
            self.fault(id, fault(PackageFaultKind::Malformed, rel, "no manifest lists this file of the payload"));
        } else if !package.ignore.is_match(path) {
            self.fault(id, fault(PackageFaultKind::UnlistedFile, rel, ""));
        }
    }

    /// Adds a file to the sum that a package around it states.
    fn count(&mut self, asset: &Asset) {
        for (_, id) in self.totals.iter().filter(|(root, _)| *root == asset.root) {
            let Some(package) = self.packages.get_mut(*id) else { continue };
            let Some(total) = &package.opened.total else { continue };
            let folder = super::paths::join(&package.rel, &total.folder);
            if asset.rel.starts_with(&folder) {
                package.found = (package.found.0 + 1, package.found.1.saturating_add(asset.size));
            }
        }
    }

    /// Every package with its faults, sorted; `complete` when the walk saw everything, so that absence means something.
    #[must_use]
    pub fn finish(self, complete: bool) -> Vec<(PackageReport, Vec<PackageFault>)> {
        let late = self.faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut out: Vec<_> = self.packages.into_iter().enumerate().map(|(id, p)| p.finish(id, complete)).collect();
        for (id, fault) in late {
            if let Some((_, faults)) = out.get_mut(id) {
                faults.push(fault);
            }
        }
        for (_, faults) in &mut out {
            faults.sort_by(|a, b| (a.kind, &a.path, &a.what, &a.by).cmp(&(b.kind, &b.path, &b.what, &b.by)));
            faults.dedup();
            *faults = capped(std::mem::take(faults));
        }
        out
    }

    fn claims(&self, root: usize, rel: &str) -> &[(usize, usize)] {
        if self.is_empty() {
            return &[];
        }
        let key = (root, rel.to_owned());
        let exact = self.members.get(&key);
        let claims = exact.or_else(|| {
            let foreign = !self.composed.is_empty() && !rel.is_ascii();
            let composed = || if is_nfc(rel) { key } else { (root, rel.nfc().collect()) };
            foreign.then(composed).and_then(|key| self.composed.get(&key))
        });
        claims.map(Vec::as_slice).unwrap_or_default()
    }

    fn rows(&self, claims: &[(usize, usize)]) -> impl Iterator<Item = (usize, &Member)> {
        claims.iter().filter_map(|(id, index)| Some((*id, self.packages.get(*id)?.opened.members.get(*index)?)))
    }

    /// The packages in the innermost folder around the file that holds any.
    fn enclosing_packages(&self, root: usize, rel: &str) -> Vec<usize> {
        let mut folder = rel;
        while !folder.is_empty() {
            folder = folder.rfind('/').and_then(|slash| folder.get(..slash)).unwrap_or_default();
            if let Some(ids) = self.folders.get(&(root, folder.to_owned())) {
                return ids.clone();
            }
        }
        Vec::new()
    }

    /// The package around the file that sets it aside: its own manifests and their kind.
    fn expected_unlisted(&self, root: usize, rel: &str) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        self.enclosing_packages(root, rel).into_iter().find(|id| {
            let Some(package) = self.packages.get(*id) else { return false };
            let path = package.inner(rel);
            let fits = |a: &String| if a.ends_with('/') { path.starts_with(a.as_str()) } else { path == a };
            package.opened.expected_unlisted.iter().any(fits)
        })
    }
}

/// `None` is the weakest.
fn rank(membership: Option<Membership>) -> (bool, Option<Membership>) {
    (membership.is_none(), membership)
}

impl Delivery {
    /// A path below the scanned root as a path below the package's.
    fn inner<'a>(&self, rel: &'a str) -> &'a str {
        rel.get(self.rel.len()..).unwrap_or_default().trim_start_matches('/')
    }

    /// Compares what was found with what a manifest says it comes to.
    fn total(&self) -> Option<PackageFault> {
        let total = self.opened.total.as_ref()?;
        // What was passed over was not counted.
        let partial = self.opened.members.iter().any(|m| m.optional && m.path.starts_with(&total.folder));
        if partial || self.found == (total.files, total.bytes) {
            return None;
        }
        let (files, bytes) = self.found;
        let what = format!(
            "states {} files and {} bytes in {}, where there are {files} and {bytes}",
            total.files,
            total.bytes,
            total.folder.trim_end_matches('/')
        );
        Some(fault(PackageFaultKind::SizeMismatch, &super::paths::join(&self.rel, &total.by), what))
    }

    fn finish(self, id: usize, complete: bool) -> (PackageReport, Vec<PackageFault>) {
        let total = self.total();
        let mut faults = self.opened.faults;
        for fault in &mut faults {
            fault.path = super::paths::join(&self.rel, &fault.path);
        }
        let absent = self.opened.members.iter().zip(&self.seen).zip(&self.spelled).filter(|((m, seen), _)| {
            // What a walk that was stopped did not see may be there all the same.
            complete && !**seen && !m.optional
        });
        faults.extend(
            absent.map(|((member, _), path)| {
                fault(PackageFaultKind::MissingAsset, path, "").stated_by(member.listed_in())
            }),
        );
        faults.extend(total.filter(|_| complete));
        let report = PackageReport {
            id,
            kind: self.info.kind.to_owned(),
            root: if self.rel.is_empty() { ".".to_owned() } else { self.rel },
            title: self.opened.title,
            missing: Vec::new(),
            remarks: self.opened.remarks,
            number: self.number,
            hashed: self.opened.members.iter().any(|m| !m.digests.is_empty()),
            findings: Vec::new(),
        };
        (report, faults)
    }
}

/// At most [`limits::FAULTS`] of each kind, and a last one that counts the rest; wants them sorted.
#[must_use]
pub fn capped(faults: Vec<PackageFault>) -> Vec<PackageFault> {
    let mut counts: BTreeMap<PackageFaultKind, (usize, String)> = BTreeMap::new();
    let mut kept = Vec::with_capacity(faults.len().min(limits::FAULTS));
    for fault in faults {
        let (count, last) = counts.entry(fault.kind).or_default();
        *count += 1;
        if *count <= limits::FAULTS {
            kept.push(fault);
        } else {
            *last = fault.path;
        }
    }
    for (kind, (count, last)) in counts.into_iter().filter(|(_, (count, _))| *count > limits::FAULTS) {
        kept.push(fault(kind, &last, format!("and {} more like this", count - limits::FAULTS - 1)));
    }
    kept
}

/// Patterns as gitignore has them: a bare name is meant in every folder, a folder means all below it.
fn ignored(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns.iter().take(limits::PATTERNS) {
        let plain = pattern.trim_end_matches('/');
        let anchored = plain.trim_start_matches('/');
        let spelled = if plain.contains('/') { anchored.to_owned() } else { format!("**/{anchored}") };
        for glob in [format!("{spelled}/**"), spelled] {
            // A pattern that is none passes over nothing.
            if let Ok(glob) = GlobBuilder::new(&glob).literal_separator(true).build() {
                set.add(glob);
            }
        }
    }
    set.build().unwrap_or_default()
}

fn fault(kind: PackageFaultKind, path: &str, what: impl Into<String>) -> PackageFault {
    PackageFault::new(kind, path, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Algorithm;

    static KIND: Info = Info { kind: "test", name: "test" };

    fn plain(path: &Path) -> String {
        path.to_str().unwrap().to_owned()
    }

    fn opened(members: &[(&str, Option<Membership>)]) -> PackageManifest {
        let members = members.iter().map(|(path, membership)| Member::new(*path, *membership)).collect();
        PackageManifest { members, lists_everything: true, ..PackageManifest::default() }
    }

    fn at(rel: &str) -> PackageRoot<'_> {
        PackageRoot { root: 0, rel: Path::new(rel) }
    }

    fn asset(rel: &str, size: u64) -> Asset {
        Asset::new(rel.into(), rel.to_owned(), 0, size, None)
    }

    #[test]
    fn the_innermost_package_holds_a_file_and_the_strongest_membership_counts() {
        let mut all = PackageIndex::default();
        all.add(&KIND, at(""), opened(&[("a/b.mxf", Some(Membership::Manifest)), ("c.mxf", None)]), plain);
        all.add(&KIND, at("a"), opened(&[("b.mxf", Some(Membership::Cpl))]), plain);
        all.add(&KIND, at("a"), opened(&[("b.mxf", Some(Membership::Pkl))]), plain);
        assert_eq!(
            (all.place(0, "a/b.mxf").package, all.place(0, "a/b.mxf").membership),
            (Some(1), Some(Membership::Cpl))
        );
        assert_eq!((all.place(0, "c.mxf").package, all.place(0, "c.mxf").membership), (Some(0), None));
        assert_eq!(all.place(0, "a/other.mxf"), Place::default());
        assert_eq!(all.place(1, "c.mxf"), Place::default());
    }

    #[test]
    fn names_match_in_either_unicode_form() {
        let mut all = PackageIndex::default();
        all.add(&KIND, at(""), opened(&[("caf\u{e9}.mxf", Some(Membership::Pkl))]), plain);
        assert_eq!(all.place(0, "cafe\u{301}.mxf").membership, Some(Membership::Pkl));
        all.saw(&asset("cafe\u{301}.mxf", 1));
        assert_eq!(all.finish(true)[0].1, vec![]);
    }

    #[test]
    fn what_was_seen_is_compared_with_what_is_listed() {
        let mut row = opened(&[("gone.mxf", None), ("later.mxf", None), ("short.mxf", None)]);
        row.members[1].optional = true;
        row.members[2].size = Some(9);
        row.members[2].digests = vec![Digest { algorithm: Algorithm::Md5, value: vec![0; 16] }];
        row.expected_unlisted = vec!["MAP".to_owned(), "notes/".to_owned()];
        let mut all = PackageIndex::default();
        all.add(&KIND, at("p"), row, plain);
        for (path, size) in [("p/short.mxf", 8), ("p/MAP", 1), ("p/notes/a/b", 1), ("p/extra", 1), ("q", 1)] {
            all.saw(&asset(path, size));
        }
        assert_eq!(all.digests(0, "p/short.mxf")[0].package, 0);
        all.fault(0, fault(PackageFaultKind::HashMismatch, "p/short.mxf", "MD5"));
        let partial = all.packages[0].opened.clone();
        let told: Vec<_> = all.finish(true).remove(0).1.into_iter().map(|f| (f.kind, f.path)).collect();
        assert_eq!(
            told,
            [
                (PackageFaultKind::MissingAsset, "p/gone.mxf".to_owned()),
                (PackageFaultKind::HashMismatch, "p/short.mxf".to_owned()),
                (PackageFaultKind::SizeMismatch, "p/short.mxf".to_owned()),
                (PackageFaultKind::UnlistedFile, "p/extra".to_owned()),
            ]
        );
        let mut stopped = PackageIndex::default();
        stopped.add(&KIND, at("p"), partial, plain);
        assert_eq!(stopped.finish(false)[0].1, vec![], "a stopped walk misses nothing");
    }

    #[test]
    fn thousands_of_faults_are_counted_and_not_told() {
        let many = (0..limits::FAULTS + 5).map(|n| fault(PackageFaultKind::UnlistedFile, &format!("{n:05}"), ""));
        let kept = capped(many.collect());
        assert_eq!(
            (kept.len(), kept.last().map(|f| f.what.as_str())),
            (limits::FAULTS + 1, Some("and 4 more like this"))
        );
    }
}
