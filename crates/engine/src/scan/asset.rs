//! One asset of a run from bytes to findings: a file, or a member of an archive. Panics of readers end here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::hashing::Hashed;
use super::kept_facts::KeptFacts;
use super::package_context::PackageContext;
use super::row::{RowOf, changed};
use super::{Cut, Scan, Watch, cut, picture_traits};
use crate::archives::{self, Inside};
use crate::cache::{Cache, MemberKey};
use crate::extract::{self, Surroundings};
use crate::fingerprints::Material;
use crate::known::Known;
use crate::open_files::OpenFiles;
use crate::originals::Originals;
use crate::preview::Open;
use crate::walk::{self, lossless};
use countersign_credentials::{Neighbors, OnDrive};
use countersign_delivery::packages::PictureTraits;
use countersign_io::asset_budget::AssetBudget;
use countersign_io::{self as io, ByteRange, Entry, Folder, Roots, Stat, TempSpace};
use countersign_judge::judge::ExaminedAsset;
use countersign_judge::marks;
use countersign_judge::roles;
use countersign_media::formats;
use countersign_media::member::MemberBytes;
use countersign_model::{
    Ai, AppendedArchive, Asset, AssetReport, Evidence, Facts, Finding, FindingState, FormatId, Media, Problem,
    ProblemKind, Recipe, Role, SamePicture,
};
use countersign_report::Picture;

/// The format that reports name for a delivery package's own manifests.
const MANIFEST: FormatId = FormatId::new("package-manifest");

/// What is to be judged: a file, or a member of an archive.
pub(super) struct Job {
    pub(super) asset: Asset,
    pub(super) inside: Option<Inside>,
    /// The archives in it, once it was read.
    pub(super) archives: Vec<AppendedArchive>,
    /// How many of the files before it in its batch are called as frames of the same run.
    pub(super) ahead: usize,
}

impl Job {
    pub(super) fn of(asset: Asset, inside: Option<Inside>) -> Self {
        Self { asset, inside, archives: Vec::new(), ahead: 0 }
    }
}

/// What all assets of a batch are judged with.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) around: &'a PackageContext<'a>,
    pub(super) files: AssetFiles<'a>,
    pub(super) known: Option<&'a Known>,
    pub(super) originals: &'a Originals,
    pub(super) placing: Cut<'a>,
    pub(super) watch: &'a dyn Watch,
}

/// What came of it, and the job again where it is an archive to be opened.
pub(super) struct Judged {
    pub(super) report: AssetReport,
    pub(super) archive: Option<Job>,
    /// What a member shows of its archive when it is opened.
    pub(super) oddity: Option<String>,
    /// The file that its approval is about, where it has one.
    pub(super) approved: Option<Approved>,
    /// Its picture for reports, where one was wanted.
    pub(super) picture: Option<Option<Picture>>,
    /// What tells frames from stills.
    pub(super) traits: PictureTraits,
}

/// A file of which approved bytes were judged: compared once more when all is judged.
pub(super) struct Approved {
    /// What the report calls the asset.
    rel: String,
    root: usize,
    /// The file itself, or the one that holds the archive of which it is a member.
    file: String,
    seen: Stat,
}

impl Approved {
    /// The path of the asset, where its file is not any more what was judged.
    pub(super) fn changed(&self, roots: &Roots) -> Option<&str> {
        let tree = roots.get(self.root).map(|listings| listings.tree());
        let now = tree.and_then(|tree| match tree.local_path(&self.file) {
            Some(_) => tree.stat(&self.file).ok(),
            // Such a tree may tell what it was told when it was listed; a handle asks anew.
            None => tree.open(&Entry { path: self.file.clone(), stat: self.seen }).and_then(|file| file.stat()).ok(),
        });
        (!now.is_some_and(|now| self.seen.still(&now))).then_some(self.rel.as_str())
    }
}

fn approved(asset: &Asset, inside: Option<&Inside>, findings: &[Finding]) -> Option<Approved> {
    findings.iter().find(|finding| finding.state == FindingState::Approved)?;
    let (file, seen) = match inside {
        None => (asset.rel.clone(), walk::stat_of(asset)),
        Some(inside) => (inside.outer.rel.clone(), inside.outer.seen),
    };
    Some(Approved { rel: asset.rel.clone(), root: asset.root, file, seen })
}

/// Where the bytes of assets come from.
#[derive(Clone, Copy)]
pub(super) struct AssetFiles<'a> {
    pub(super) roots: &'a Roots,
    pub(super) space: &'a TempSpace,
    /// Files that were opened by an earlier pass.
    pub(super) open: &'a OpenFiles,
    /// Facts that were read by an earlier pass.
    pub(super) kept: &'a KeptFacts,
    /// Counts the assets that are not read because their facts are known.
    pub(super) from_cache: &'a AtomicU64,
}

impl AssetFiles<'_> {
    /// Opens the file that an asset is, or takes it as it is open.
    pub(super) fn open(&self, asset: &Asset) -> Result<ByteRange, Problem> {
        if let Some(bytes) = self.open.take(asset.root, &asset.rel, asset.size) {
            return Ok(bytes);
        }
        self.open_entry(asset.root, Entry { path: asset.rel.clone(), stat: walk::stat_of(asset) })
    }

    /// Opens a file beside an asset.
    fn open_beside(&self, asset: &Asset, path: &Path) -> Result<ByteRange, Problem> {
        let name = path.file_name().map(|name| lossless(Path::new(name))).unwrap_or_default();
        let path = io::join(&io::parent(&asset.rel), &name);
        let listings = self.roots.get(asset.root).ok_or_else(|| refused(&std::io::ErrorKind::NotFound.into()))?;
        let stat = listings.tree().stat(&path).map_err(|e| refused(&e))?;
        self.open_entry(asset.root, Entry { path, stat })
    }

    fn open_entry(&self, root: usize, entry: Entry) -> Result<ByteRange, Problem> {
        let listings = self.roots.get(root).ok_or_else(|| refused(&std::io::ErrorKind::NotFound.into()))?;
        listings.tree().open(&entry).map(ByteRange::of).map_err(|e| refused(&e))
    }

    /// What is known now of the file that an asset is, by its name.
    fn stat(&self, asset: &Asset) -> Option<Stat> {
        self.roots.get(asset.root)?.tree().stat(&asset.rel).ok()
    }

    /// Whether the files of a root are on this machine.
    fn is_of_this_machine(&self, root: usize) -> bool {
        self.roots.get(root).is_some_and(|tree| tree.tree().local_path("").is_some())
    }

    /// Whether it is a file of this machine.
    pub(super) fn is_local(&self, asset: &Asset) -> bool {
        self.roots.get(asset.root).is_some_and(|tree| tree.tree().local_path(&asset.rel).is_some())
    }

    /// The facts of a file, and the handle by which they were read.
    fn read(&self, asset: &Asset, options: &extract::Options) -> (Facts, Option<MemberBytes>) {
        let bytes = self.open(asset);
        let local = self.is_local(asset);
        let neighbors = AssetNeighbors { files: *self, asset };
        let facts = if local {
            extract::facts_of(&asset.path, &bytes, &asset.sidecars, &neighbors, options)
        } else {
            // What can only open files of this machine gets copies.
            let around = (asset.sidecars.as_slice(), &neighbors as &dyn Surroundings);
            extract::facts_apart(&asset.path, &bytes, around, self.space, options)
        };
        (facts, bytes.ok().map(|bytes| MemberBytes::whole(bytes, None)))
    }
}

/// What stands beside an asset, in its tree.
struct AssetNeighbors<'a> {
    files: AssetFiles<'a>,
    asset: &'a Asset,
}

impl AssetNeighbors<'_> {
    fn folder(&self) -> std::io::Result<Arc<Folder>> {
        let listings = self.files.roots.get(self.asset.root).ok_or(std::io::ErrorKind::NotFound)?;
        let folder = io::parent(&self.asset.rel);
        // By the name under which the walk has listed it, which no link leads to.
        let target = if folder.is_empty() { None } else { listings.tree().resolve(&folder)? };
        listings.folder(&target.unwrap_or(folder))
    }
}

impl Neighbors for AssetNeighbors<'_> {
    fn open(&self, path: &Path) -> Result<ByteRange, Problem> {
        self.files.open_beside(self.asset, path)
    }

    fn of_stem(&self, asset: &Path) -> Vec<PathBuf> {
        // Around a root that is a single file, its tree knows nothing.
        let Ok(folder) = self.folder() else {
            return if self.files.is_local(self.asset) { OnDrive.of_stem(asset) } else { Vec::new() };
        };
        let stem = asset.file_stem().map(|stem| lossless(Path::new(stem))).unwrap_or_default();
        let files = folder.starting_with(&stem).filter(|(_, kind)| *kind == io::Kind::File);
        let paths = files.map(|(name, _)| asset.with_file_name(io::paths::native(name).as_ref()));
        paths.filter(|p| p.file_stem() == asset.file_stem() && p.file_name() != asset.file_name()).collect()
    }
}

impl Surroundings for AssetNeighbors<'_> {
    fn below(&self, path: &Path) -> Option<Result<ByteRange, Problem>> {
        let path = io::join(&io::parent(&self.asset.rel), &lossless(path));
        let tree = self.files.roots.get(self.asset.root)?.tree();
        match tree.stat(&path) {
            Ok(stat) if stat.kind == io::Kind::File => {
                Some(self.files.open_entry(self.asset.root, Entry { path, stat }))
            }
            Ok(_) => None,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(refused(&error))),
        }
    }

    fn siblings(&self) -> Vec<PathBuf> {
        let Ok(folder) = self.folder() else { return Vec::new() };
        let files = folder.iter().filter(|(_, kind)| *kind == io::Kind::File);
        files.map(|(name, _)| io::paths::native(name).into_owned()).collect()
    }
}

fn refused(error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::Io, "", None, error.to_string())
}

/// One asset from bytes to findings; `None` when the run was stopped before its end: what was read by then is not all.
///
/// Its file is opened once: by that handle it is read and hashed, and at the end compared with what the walk saw.
pub(super) fn process_asset(pass: &Pass<'_>, job: Job) -> Option<Judged> {
    let Pass { scan, around, files, known, originals, placing, watch } = *pass;
    let cuts = placing.cuts;
    if watch.stop().load(Ordering::Relaxed) {
        return None;
    }
    let Job { mut asset, inside, ahead, .. } = job;
    let _reading = budget(&asset, inside.as_ref(), &scan.engine.extract).enter();
    let place = around.place(asset.root, &asset.rel);
    asset.package = place.package;
    asset.above = placing.above.get(asset.root).cloned().unwrap_or_default();
    let patterns = &scan.engine.policy.roles;
    let placed = roles::place_from((&asset).into(), patterns, place.membership, scan.options.role);
    let by_above = placed.by_above.then(|| placed.basis.clone());
    (asset.role, asset.role_basis) = (placed.role, placed.basis);
    if asset.role == Role::Archival {
        asset.package_notes = place.notes.to_vec();
    }
    let mut row = RowOf::of(scan.options.rows.as_ref(), &asset, inside.as_ref());
    let read = || {
        let kept = inside.is_none().then(|| files.kept.take(&asset, || files.stat(&asset))).flatten();
        kept.map(|facts| (facts, None)).unwrap_or_else(|| {
            extract_guarded(&asset, inside.as_ref(), files, (&scan.engine.extract, scan.engine.cache.as_deref()))
        })
    };
    let (mut facts, mut opened) = row.facts(&asset, &scan.engine.extract, read);
    if facts.format.is_none() && facts.problems.is_empty() && around.deliveries.is_manifest(asset.root, &asset.rel) {
        (facts.format, facts.media) = (Some(MANIFEST), Some(Media::Companion));
    }
    asset.cut = cuts.place(asset.root, &asset.rel);
    cut::note_timeline(&asset, &mut facts);
    let unused = scan.engine.policy.unused_role.filter(|_| cuts.lowers());
    cut::settle_role(&mut asset, facts.media, place.membership, unused);
    cut::add_compositions(&mut asset, &place);
    let depth = inside.as_ref().map_or(0, |inside| inside.depth);
    let held = archives_in(&mut facts);
    let opens = !held.is_empty();
    let deepest = scan.options.max_archive_depth;
    if opens && depth >= deepest {
        let what = format!("not opened: it lies deeper than --max-archive-depth {deepest}");
        facts.problems.push(Problem::new(ProblemKind::Limit, "archive", None, what));
    }
    let mut evidence = scan.engine.extract.catalogue.evidence(&facts);
    extract::tell_excess(&mut facts);
    // What is marked itself is known, and not looked up.
    if let Some(known) = known.filter(|_| marks::ai(&evidence) <= Ai::Possible) {
        evidence.extend(copies(
            (known, scan.engine.cache.as_deref()),
            (&asset, inside.as_ref()),
            &mut opened,
            files,
            &mut facts,
        ));
    }
    if asset.role == Role::Archival && facts.media == Some(Media::Image) && !originals.is_alone() {
        asset.same_pictures = same_pictures(originals, (&asset, inside.as_ref()), &mut opened, files, &facts);
    }
    let (ai, is_copy) = (marks::ai(&evidence), evidence.iter().any(|evidence| evidence.of.is_some()));
    let claims = if scan.options.integrity { around.deliveries.digests(asset.root, &asset.rel) } else { vec![] };
    let recorded = is_copy || scan.judge.needs_digest(&asset, ai);
    let mut hashed = Hashed::of(claims, recorded, inside.is_some());
    let wanted = if asset.obstacle.is_some() { Vec::new() } else { hashed.wanted() };
    let hash = || {
        hashed.read(&wanted, asset.size, watch, || match open_again((&asset, inside.as_ref()), &mut opened, files) {
            Ok(()) => Ok(opened.as_ref()),
            // What keeps a member from being read is told already.
            Err(_) if inside.is_some() => Ok(None),
            Err(problem) => Err(problem),
        })
    };
    let digests = row.digests(&wanted, hash).unwrap_or_else(|failed| {
        facts.problems.extend(failed);
        None
    });
    let changed = row.changed(&mut facts, |facts| note_change(&asset, inside.as_ref(), opened.as_ref(), files, facts));
    let oddity = row.end(opened.as_ref().and_then(|opened| opened.oddity.clone()));
    if let Some((digests, problem)) = digests.filter(|_| !changed) {
        facts.problems.extend(problem);
        hashed.compare(&digests, &mut asset, around);
    }
    if watch.stop().load(Ordering::Relaxed) {
        return None;
    }
    let sha256 = hashed.sha256;
    if let (Some(attest), None) = (&scan.options.attest, &inside) {
        attest.take(&asset, sha256.as_deref());
    }
    let (findings, archive) = scan.judge.asset_with_archive(&ExaminedAsset {
        asset: &asset,
        facts: &facts,
        evidence: &evidence,
        ai,
        sha256: sha256.as_deref(),
    });
    let records = scan.judge.records(&asset, sha256.as_deref());
    let approved = approved(&asset, inside.as_ref(), &findings);
    let (recipe, format) = (Recipe::of(&facts, ai), facts.format);
    match inside {
        None => watch.judged(asset.size.saturating_sub(hashed.bytes), &findings),
        Some(_) => watch.judged_member(&findings),
    }
    let traits = picture_traits::of(&facts.tags);
    let report = AssetReport {
        path: asset.rel.clone(),
        root: asset.root,
        format,
        bytes: asset.size,
        sha256,
        role: asset.role,
        role_basis: asset.role_basis.clone(),
        // A timeline may have said something else since.
        role_above: by_above.filter(|basis| *basis == asset.role_basis).map(|_| asset.above.to_string()),
        package: asset.package,
        plays: place.plays.into_iter().cloned().collect(),
        uses: std::mem::take(&mut asset.cut.uses),
        in_cut: asset.cut.in_cut,
        ai,
        recipe,
        evidence,
        c2pa: facts.c2pa,
        archive,
        findings,
        problems: facts.problems,
        records,
        tags: scan.options.tags.then_some(facts.tags),
        frames: None,
    };
    let previews = scan.options.previews.as_ref().filter(|previews| previews.wants(&report, ahead));
    let picture = previews.map(|previews| {
        open_again((&asset, inside.as_ref()), &mut opened, files).ok()?;
        let (bytes, space) = (&opened.as_ref()?.held, files.space);
        let path = (asset.path.as_path(), inside.is_none() && files.is_local(&asset));
        let open = Open { bytes, path, format: format.and_then(formats::info), space };
        catch_panic(|| previews.make(&open)).ok().flatten()
    });
    let enters = opens && depth < deepest;
    if let Some(bytes) = opened.as_ref().filter(|_| enters && inside.is_none()) {
        files.open.keep(asset.root, &asset.rel, &bytes.held);
    }
    let archive = enters.then_some(Job { asset, inside, archives: held, ahead });
    Some(Judged { report, archive, oddity, approved, picture, traits })
}

/// The archives that an asset is and holds.
pub(super) fn archives_in(facts: &mut Facts) -> Vec<AppendedArchive> {
    let own = facts.format.filter(|_| archives::opens(facts.format));
    let own = own.map(|format| AppendedArchive { format, start: 0, len: u64::MAX });
    own.into_iter().chain(std::mem::take(&mut facts.archives)).collect()
}

/// What reading an asset may take: what is inside a file shares its budget.
pub(super) fn budget(asset: &Asset, inside: Option<&Inside>, options: &extract::Options) -> AssetBudget {
    inside.map_or_else(|| AssetBudget::of(asset.size, options.seconds), |inside| inside.outer.reading.clone())
}

/// Extraction behind a wall: a reader that panics is a problem of this asset only. The bytes come along, unless the
/// facts were known.
pub(super) fn extract_guarded(
    asset: &Asset,
    inside: Option<&Inside>,
    files: AssetFiles<'_>,
    (options, cache): (&extract::Options, Option<&Cache>),
) -> (Facts, Option<MemberBytes>) {
    if let Some(obstacle) = &asset.obstacle {
        return (Facts { problems: vec![obstacle.clone()], ..Facts::default() }, None);
    }
    // Decoding takes its time; where a picture is shown as a record, it is worth it.
    let mut options = options.clone();
    options.decoders.thumbnails |= asset.role == Role::Archival;
    let (mut opened, mut known) = (None, true);
    let mut read = || {
        known = false;
        let read = catch_panic(|| match inside {
            Some(inside) => inside.read(&asset.path, files.space, &options),
            None => files.read(asset, &options),
        });
        let (facts, bytes) =
            read.unwrap_or_else(|problem| (Facts { problems: vec![problem], ..Facts::default() }, None));
        // What a member shows of its archive is told when it is opened, and is no fact of its own.
        let all = bytes.as_ref().is_none_or(|bytes| bytes.oddity.is_none());
        opened = bytes;
        (facts, all)
    };
    // The cache knows files of this machine by their paths.
    let facts = match (cache.filter(|_| files.is_of_this_machine(asset.root)), inside) {
        (None, _) => read().0,
        (Some(cache), None) => cache.facts(asset, &options, || read().0),
        (Some(cache), Some(inside)) => {
            let (archive, seen) = (&inside.outer.path, &inside.outer.seen);
            let key = MemberKey { asset, archive, seen, what: inside.identity() };
            cache.member(&key, &options, read)
        }
    };
    files.from_cache.fetch_add(u64::from(known), Ordering::Relaxed);
    (facts, opened)
}

/// What `read` gives, or its panic as a problem.
pub(super) fn catch_panic<T>(read: impl FnOnce() -> T) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|cause| {
        let text = cause.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| cause.downcast_ref::<String>().cloned());
        let what = format!("a reader failed: {}", text.as_deref().unwrap_or("no reason given"));
        Problem::new(ProblemKind::Panic, "reader", None, what)
    })
}

/// Opens what was not opened because its facts were known.
pub(super) fn open_again(
    (asset, inside): (&Asset, Option<&Inside>),
    opened: &mut Option<MemberBytes>,
    files: AssetFiles<'_>,
) -> Result<(), Problem> {
    if opened.is_none() {
        *opened = Some(match inside {
            Some(inside) => inside.open(files.space)?,
            None => MemberBytes::whole(files.open(asset)?, None),
        });
    }
    Ok(())
}

/// What the asset has in common with known ones. What could not be compared is a problem that hides no mark.
fn copies(
    (known, cache): (&Known, Option<&Cache>),
    (asset, inside): (&Asset, Option<&Inside>),
    opened: &mut Option<MemberBytes>,
    files: AssetFiles<'_>,
    facts: &mut Facts,
) -> Vec<Evidence> {
    let content = matches!(facts.media, Some(Media::Image | Media::Video | Media::Audio));
    if known.is_empty() || !content || asset.obstacle.is_some() {
        return Vec::new();
    }
    let keeps = inside.is_none() && files.is_of_this_machine(asset.root);
    let kept = cache.filter(|_| keeps).map(|cache| (cache, cache.hashes(asset)));
    if let Some((_, (Some(hashes), _))) = &kept
        && known.is_unlike(facts.media, hashes)
    {
        return Vec::new();
    }
    let looked_up = open_again((asset, inside), opened, files).map_err(|problem| problem.what).and_then(|()| {
        let bytes = &opened.as_ref().ok_or("it could not be opened")?.held;
        let local = inside.is_none() && files.is_local(asset);
        let material = Material { bytes, path: &asset.path, local, facts, space: files.space };
        catch_panic(|| known.look_up(&material)).map_err(|problem| problem.what).flatten()
    });
    if let (Some((cache, (None, key))), Some(hashes)) =
        (&kept, looked_up.as_ref().ok().and_then(|found| found.hashes.as_ref()))
    {
        cache.keep_hashes(asset, key, hashes);
    }
    let (evidence, left_out) = match looked_up {
        Ok(looked_up) => (looked_up.evidence, looked_up.left_out),
        Err(why) => (Vec::new(), Some(format!("not compared with known material: {why}"))),
    };
    let noted = |what| Problem::new(ProblemKind::Unsupported, "matching", None, what).harmless();
    facts.problems.extend(left_out.map(noted));
    evidence
}

/// The other places of an archival picture. What keeps it from being read is told elsewhere.
fn same_pictures(
    originals: &Originals,
    (asset, inside): (&Asset, Option<&Inside>),
    opened: &mut Option<MemberBytes>,
    files: AssetFiles<'_>,
    facts: &Facts,
) -> Vec<SamePicture> {
    if asset.obstacle.is_some() || open_again((asset, inside), opened, files).is_err() {
        return Vec::new();
    }
    let Some(held) = opened.as_ref().map(|opened| &opened.held) else { return Vec::new() };
    let local = inside.is_none() && files.is_local(asset);
    let material = Material { bytes: held, path: &asset.path, local, facts, space: files.space };
    catch_panic(|| originals.others(&material, (asset.root, &asset.rel))).unwrap_or_default()
}

/// Notes it when the file that holds the asset is not any more what the walk saw: what was read of it may be of neither.
fn note_change(
    asset: &Asset,
    inside: Option<&Inside>,
    opened: Option<&MemberBytes>,
    files: AssetFiles<'_>,
    facts: &mut Facts,
) -> bool {
    if asset.obstacle.is_some() {
        return false;
    }
    let blocked = facts.problems.iter().any(|p| p.blocking);
    let (seen, now) = match (inside, opened) {
        (None, Some(bytes)) => (walk::stat_of(asset), bytes.held.stat().and_then(Result::ok)),
        (None, None) if blocked => (walk::stat_of(asset), files.stat(asset)),
        (Some(inside), Some(_)) => (inside.outer.seen, inside.outer.bytes.stat().and_then(Result::ok)),
        (Some(inside), None) if blocked => (inside.outer.seen, inside.outer.bytes.stat().and_then(Result::ok)),
        // Facts that were known are those of a file that was compared when they were looked up.
        (_, None) => return false,
    };
    let same = now.is_some_and(|now| seen.still(&now));
    if !same {
        facts.problems.push(changed());
    }
    !same
}
