//! The timelines in a delivery: found by their names and first bytes, on the drive and in archives.
//!
//! Names come from the listings that the survey has made already; a file is opened only where its name may be that of a
//! timeline. Archives are listed, and only what may be a timeline is read of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;
use rayon::prelude::*;

use crate::archives::{self, Budget, Container, Inside, OpenContext};
use crate::open_files::OpenFiles;
use crate::walk::{self, lossless};
use countersign_io::asset_budget::{self, AssetBudget};
use countersign_io::paths::{below_root, native};
use countersign_io::source::Source;
use countersign_io::{self as io, ByteRange, Entry, Kind as FileKind, Listings, Roots, TempSpace};
use countersign_media::formats::{self, Archive};
use countersign_media::identify::identify as format_of;
use countersign_model::{Asset, CompactString, Problem, ProblemKind, limits};
use countersign_timelines::{Kind, identify};

/// Extensions that promise a timeline: where the bytes are none, that is told.
const OWN: &[&str] = &["aaf", "edl", "fcpxml", "otio"];
/// Extensions under which timelines come too: where the bytes are none, it is another file.
const SHARED: &[&str] = &["json", "txt", "xml", "xmeml"];
/// The bytes that tell a timeline.
const HEAD: usize = 4096;
/// Timelines of one delivery that are read, under their own names, under names that other files have too, and in archives;
/// and archives that are looked into. What is more is told.
const MOST: usize = 10_000;
/// The longest compressed archive that is unfolded only to see whether a timeline is in it.
const UNFOLDED: u64 = 64 * 1024 * 1024;

/// A file that may matter, by its name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) root: usize,
    /// As reports call it.
    pub(super) rel: String,
    /// As its tree knows it.
    path: String,
}

/// Files by what their names promise.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those that are timelines by their first bytes, or are named as timelines and are none.
    timelines: Vec<(Named, Result<Kind, String>)>,
    pub(super) archives: Vec<Named>,
    /// Files whose first bytes are looked at next. Of text under general names there may be as much as of all other files: what
    /// is no timeline is not kept.
    unseen: Vec<Named>,
    /// Files so far that are named as timelines and nothing else.
    own: usize,
    /// Timelines so far under names that other files have too.
    shared: usize,
    /// What is more than is read.
    timelines_left_out: LeftOut,
    archives_left_out: LeftOut,
}

/// The first of those that are too many, and how many they are.
#[derive(Debug, Default)]
struct LeftOut {
    first: Option<Named>,
    count: usize,
}

impl LeftOut {
    fn add(&mut self, named: Named) {
        self.first.get_or_insert(named);
        self.count += 1;
    }
}

/// A timeline: what it seems to be, or why it is named as one and is none.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) root: usize,
    pub(super) rel: String,
    pub(super) kind: Result<Kind, String>,
    /// What may be spent on it: all timelines of one archive share what is there for the archive.
    pub(super) budget: AssetBudget,
    from: From,
}

#[derive(Debug)]
enum From {
    File(Named),
    Member(Box<Inside>),
}

impl Found {
    pub(super) fn name(&self) -> &str {
        self.rel.rsplit('/').next().unwrap_or(&self.rel)
    }

    /// The path of this machine, where it is a file of its own.
    pub(super) fn local_path(&self, roots: &Roots) -> Option<PathBuf> {
        match &self.from {
            From::File(named) => roots.get(named.root)?.tree().local_path(&named.path),
            From::Member(_) => None,
        }
    }

    /// All of its bytes, at most `most`.
    pub(super) fn bytes(
        &self,
        (roots, files): (&Roots, &OpenFiles),
        space: &TempSpace,
        most: usize,
    ) -> Result<Vec<u8>, String> {
        let range = match &self.from {
            From::File(named) => open((roots, files), named).map_err(|problem| problem.what)?,
            From::Member(inside) => {
                let opened = inside.open(space).map_err(|problem| problem.what)?;
                if let Some(problem) = opened.problem {
                    return Err(problem.what);
                }
                opened.held
            }
        };
        let len = range.len();
        if len > most as u64 {
            return Err(format!("{len} bytes: more than the {} MiB that are read of a timeline", most >> 20));
        }
        Source::new(&range).vec(0, len as usize).map_err(|problem| problem.what)
    }
}

fn extension(name: &str) -> CompactString {
    let Some((_, extension)) = name.rsplit_once('.').filter(|(_, behind)| !behind.contains('/')) else {
        return CompactString::default();
    };
    let mut lower = CompactString::from(extension);
    lower.make_ascii_lowercase();
    lower
}

/// Whether a name may be that of a timeline; `(yes, surely)`.
fn promises(name: &str) -> (bool, bool) {
    let extension = extension(name);
    let own = OWN.contains(&extension.as_str());
    (own || SHARED.contains(&extension.as_str()), own)
}

/// Whether a name is that of an archive whose members are assets.
pub(super) fn is_archive(name: &str) -> bool {
    let extension = extension(name);
    extension == "otioz"
        || formats::by_extension(&extension).is_some_and(|f| matches!(f.info().archive, Archive::Opened(_)))
}

/// Whether an archive has to be unfolded before it can be listed.
fn is_packed(name: &str) -> bool {
    matches!(extension(name).as_str(), "gz" | "tgz" | "svgz")
}

/// Files whose names promise something, in walking order of their folders, and what their first bytes say; ends early when
/// told to.
pub(super) fn names(
    (roots, files): (&Roots, &OpenFiles),
    listed: Option<&[PathBuf]>,
    exclude: &GlobSet,
    stop: &AtomicBool,
) -> Names {
    let mut out = Names::default();
    let trees = Trees { roots, files, stop };
    let last = roots.len().saturating_sub(1);
    for (root, listings) in roots.iter().enumerate() {
        match listed.filter(|_| root == last) {
            None => below((root, listings), String::new(), (exclude, &trees), &mut out),
            Some(paths) => {
                for path in paths {
                    below((root, listings), below_root(path), (exclude, &trees), &mut out);
                }
            }
        }
    }
    out.look(&trees);
    out
}

/// What files are opened by.
struct Trees<'a> {
    roots: &'a Roots,
    files: &'a OpenFiles,
    stop: &'a AtomicBool,
}

/// Everything below one path, which may be a file.
fn below(
    (root, listings): (usize, &Listings),
    start: String,
    (exclude, trees): (&GlobSet, &Trees<'_>),
    out: &mut Names,
) {
    if listings.kind(&start) == Some(FileKind::File) || listings.folder(&start).is_err() {
        return single((root, listings), start, (exclude, trees), out);
    }
    let mut open = vec![start];
    while let Some(folder) = open.pop().filter(|_| !trees.stop.load(Ordering::Relaxed)) {
        let Ok(names) = listings.folder(&folder) else { continue };
        let mut before: Option<&str> = None;
        let mut deeper = Vec::new();
        let mut entries = names.iter().peekable();
        while let Some((name, kind)) = entries.next() {
            let after = entries.peek().map(|(name, _)| *name);
            let beside = [before, after].into_iter().flatten();
            before = Some(name);
            if kind == FileKind::Other || (kind != FileKind::Folder && !matters(name, beside)) {
                continue;
            }
            let path = io::join(&folder, name);
            if walk::is_system(name.as_ref()) || exclude.is_match(native(&path)) {
                continue;
            }
            match kind {
                FileKind::Folder => deeper.push(path),
                _ => out.push(Named { root, rel: path.clone(), path }, trees),
            }
        }
        deeper.reverse();
        open.append(&mut deeper);
    }
}

/// A root, or a listed path, that is a file.
fn single(
    (root, listings): (usize, &Listings),
    path: String,
    (exclude, trees): (&GlobSet, &Trees<'_>),
    out: &mut Names,
) {
    let name = listings.tree().local_path(&path).and_then(|local| local.file_name().map(|n| lossless(Path::new(n))));
    let rel = if path.is_empty() { name.unwrap_or_default() } else { path.clone() };
    if matters(&rel, std::iter::empty()) && !exclude.is_match(native(&rel)) {
        out.push(Named { root, rel, path }, trees);
    }
}

/// Whether a name promises a timeline or an archive. Text beside a file of its stem is that file's sidecar.
fn matters<'a>(name: &str, mut beside: impl Iterator<Item = &'a str>) -> bool {
    let (may, own) = promises(name);
    if own || is_archive(name) {
        return true;
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    may && !(extension(name) != "xml"
        && beside.any(|other| other.strip_prefix(stem).is_some_and(|r| r.starts_with('.'))))
}

impl Names {
    fn push(&mut self, named: Named, trees: &Trees<'_>) {
        let own = promises(&named.rel).1;
        match is_archive(&named.rel) {
            true if self.archives.len() < MOST => self.archives.push(named),
            true => self.archives_left_out.add(named),
            false if own && self.own >= MOST => self.timelines_left_out.add(named),
            false => {
                self.own += usize::from(own);
                self.unseen.push(named);
            }
        }
        if self.unseen.len() >= limits::BATCH {
            self.look(trees);
        }
    }

    /// Looks at the first bytes of files, and keeps those that are timelines.
    fn look(&mut self, trees: &Trees<'_>) {
        let look = |named: Named| {
            if trees.stop.load(Ordering::Relaxed) {
                return None;
            }
            // What cannot be opened is told by the scan itself.
            let range = || open((trees.roots, trees.files), &named).ok();
            let kind = quietly(|| range().and_then(|range| kind_of(&named.rel, &range))).flatten()?;
            Some((named, kind))
        };
        let looked: Vec<_> = std::mem::take(&mut self.unseen).into_par_iter().map(look).collect();
        for (named, kind) in looked.into_iter().flatten() {
            if promises(&named.rel).1 {
                self.timelines.push((named, kind));
            } else if self.shared < MOST {
                self.shared += 1;
                self.timelines.push((named, kind));
            } else {
                self.timelines_left_out.add(named);
            }
        }
    }
}

/// Opens a file, or takes it as it is open already.
fn open((roots, files): (&Roots, &OpenFiles), named: &Named) -> Result<ByteRange, Problem> {
    if let Some(bytes) = files.get(named.root, &named.rel) {
        return Ok(bytes);
    }
    let refused = |e: std::io::Error| Problem::new(ProblemKind::Io, "file", None, e.to_string());
    let tree = roots.get(named.root).ok_or_else(|| refused(std::io::ErrorKind::NotFound.into()))?.tree();
    let outside = || Problem::new(ProblemKind::Unsupported, "link", None, "leads out of the scanned folder");
    // The walk tells of links that lead out; nothing is read through them here.
    if tree.is_link(&named.path) && tree.resolve(&named.path).map_err(refused)?.is_none() {
        return Err(outside());
    }
    let stat = tree.stat(&named.path).map_err(refused)?;
    if stat.kind != FileKind::File {
        return Err(Problem::new(ProblemKind::Unsupported, "file", None, "not a regular file"));
    }
    let bytes = tree.open(&Entry { path: named.path.clone(), stat }).map(ByteRange::of).map_err(refused)?;
    files.keep(named.root, &named.rel, &bytes);
    Ok(bytes)
}

/// A file of the delivery by its path in reports, where it is one and can be opened.
pub(super) fn open_at(trees: (&Roots, &OpenFiles), root: usize, rel: &str) -> Option<ByteRange> {
    let named = |path: &str| Named { root, rel: rel.to_owned(), path: path.to_owned() };
    // A root that is a file is known to its own tree by no path at all.
    open(trees, &named(rel)).or_else(|_| open(trees, &named(""))).ok()
}

/// The timeline that these bytes are, or that the name only promises.
fn kind_of(rel: &str, range: &ByteRange) -> Option<Result<Kind, String>> {
    let head = Source::new(range).up_to(0, HEAD).map(<[u8]>::to_vec).unwrap_or_default();
    let name = rel.rsplit('/').next().unwrap_or(rel);
    match identify(name, &head) {
        Some(Kind::Otioz) => None,
        // What compositions play is told by their packages.
        Some(Kind::ImfCpl | Kind::DcpCpl) => None,
        Some(kind) => Some(Ok(kind)),
        None => promises(name).1.then(|| Err("it is named as a timeline, and its first bytes are none's".to_owned())),
    }
}

/// Those of the named files that are timelines, and the first of those that are too many.
pub(super) fn on_drive(names: &mut Names) -> Vec<Found> {
    let timelines = std::mem::take(&mut names.timelines);
    let [timelines_out, archives_out] =
        [&mut names.timelines_left_out, &mut names.archives_left_out].map(std::mem::take);
    let too_many = timelines_out.first.map(|named| (named, Err(too_many(timelines_out.count))));
    let archives = archives_out.first.map(|named| {
        let count = archives_out.count;
        let what = format!("{MOST} archives are searched for timelines, not these last {count}: scan them apart");
        (named, Err(what))
    });
    let all = timelines.into_iter().chain(too_many).chain(archives);
    all.map(|(named, kind)| {
        let (root, rel) = (named.root, named.rel.clone());
        Found { root, rel, kind, budget: AssetBudget::of(0, None), from: From::File(named) }
    })
    .collect()
}

/// Why a timeline is not read that is more than are. Findings quote some 80 characters of it, and so of the others.
fn too_many(count: usize) -> String {
    format!("{MOST} are read of one delivery, not these last {count}: scan its parts one by one")
}

/// Why a timeline in an archive is not read that is more than are.
fn more_in_archives() -> String {
    format!("{MOST} are read in archives of one delivery, not this and more: scan them apart")
}

/// What a reader gives; where it fails in a way it never should, the scan meets the same file and tells.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// How archives are looked into.
#[derive(Clone, Copy)]
pub(super) struct ArchiveReader<'a> {
    pub(super) roots: &'a Roots,
    pub(super) files: &'a OpenFiles,
    pub(super) space: &'a TempSpace,
    pub(super) exclude: &'a GlobSet,
    pub(super) depth: usize,
    pub(super) stop: &'a AtomicBool,
    /// Whether long archives are unfolded as well.
    pub(super) thorough: bool,
}

impl ArchiveReader<'_> {
    /// Shows every member of an archive, and of those in it.
    pub(super) fn each_member(&self, named: &Named, visit: &mut dyn FnMut(&Asset, &Inside)) {
        if self.depth > 0 {
            quietly(|| self.open_and_show(named, visit));
        }
    }

    fn open_and_show(&self, named: &Named, visit: &mut dyn FnMut(&Asset, &Inside)) {
        let Ok(range) = open((self.roots, self.files), named) else { return };
        if is_packed(&named.rel) && !self.thorough && range.len() > UNFOLDED {
            return;
        }
        let Ok(Some(format)) = format_of(&mut Source::new(&range)) else { return };
        let id = format.info().id;
        let Some(tree) = self.roots.get(named.root).map(|listings| listings.tree()) else { return };
        let path = tree.local_path(&named.path).unwrap_or_else(|| PathBuf::from(io::join(&tree.name(), &named.rel)));
        let asset = Asset::new(path, named.rel.clone(), named.root, range.len(), None);
        if archives::opens(Some(id)) {
            let mut budget = Budget::of(range.len());
            self.members(&asset, (Container::File(&range), id), &mut budget, visit);
        }
    }

    fn members(
        &self,
        asset: &Asset,
        (container, format): (Container<'_>, countersign_model::FormatId),
        budget: &mut Budget,
        visit: &mut dyn FnMut(&Asset, &Inside),
    ) {
        let whole = countersign_model::AppendedArchive { format, start: 0, len: u64::MAX };
        let Ok(archive) =
            archives::open(asset, container, &whole, budget, OpenContext { space: self.space, exclude: self.exclude })
        else {
            return;
        };
        for (member, inside) in archive.flatten() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            visit(&member, &inside);
            if inside.depth >= self.depth || !is_archive(&member.rel) {
                continue;
            }
            let Ok(opened) = inside.open(self.space) else { continue };
            let Ok(Some(format)) = format_of(&mut Source::new(&opened.held)) else { continue };
            let id = format.info().id;
            if archives::opens(Some(id)) {
                self.members(&member, (Container::Member(&inside), id), budget, visit);
            }
        }
    }

    /// The timelines in an archive: what is read of all of them is bounded by what the archive may unfold to. The first one
    /// past that is told in place of the rest.
    pub(super) fn timelines(&self, named: &Named, out: &mut Vec<Found>) {
        let size = open((self.roots, self.files), named).map_or(0, |range| range.len());
        let budget = AssetBudget::of(size, None);
        let most = size.saturating_mul(limits::DECOMPRESSED_RATIO).max(limits::DECOMPRESSED);
        let (mut left, mut used_up) = (most, false);
        // Those of archives come last.
        let members = out.iter().rev().take_while(|found| matches!(found.from, From::Member(_))).count();
        let others = out.len() - members;
        self.each_member(named, &mut |member, inside| {
            // One more is told than is read.
            if used_up || out.len() - others > MOST || !promises(&member.rel).0 {
                return;
            }
            let _reading = budget.enter();
            let kind = asset_budget::check().map_err(|problem| problem.what).and_then(|()| {
                let Ok(opened) = inside.open(self.space) else { return Ok(None) };
                let kind = kind_of(&member.rel, &opened.held);
                if matches!(kind, Some(Ok(_))) {
                    let too_much = || format!("the timelines of one archive unfold to more than {most} bytes");
                    left = left.checked_sub(opened.held.len()).ok_or_else(too_much)?;
                }
                Ok(kind)
            });
            used_up = kind.is_err();
            let Some(kind) = kind.unwrap_or_else(|what| Some(Err(format!("{what}: no more of them are read")))) else {
                return;
            };
            let kind = if out.len() - others < MOST { kind } else { Err(more_in_archives()) };
            let from = From::Member(Box::new(inside.clone()));
            out.push(Found { root: member.root, rel: member.rel.clone(), kind, budget: budget.clone(), from });
        });
    }
}
