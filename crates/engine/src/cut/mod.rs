//! What the cut plays: timelines of the delivery and those that the user names, conformed to its assets before the first
//! of them is judged.
//!
//! A timeline that lies in the delivery can only raise what it plays; one that the user names may also say what is not in
//! the cut. Where there is no timeline, names are all that is looked at.

mod compositions;
mod find;
mod inventory;
mod probe;
mod uses;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;
use rayon::prelude::*;

use crate::open_files::OpenFiles;
use crate::walk::Walk;
pub(crate) use compositions::reports as composition_reports;
use countersign_delivery::packages::{PackageIndex, frame_name};
use countersign_io::asset_budget;
use countersign_io::{Roots, TempSpace};
use countersign_media::formats::Media;
use countersign_model::{AssetCut, NamedEvents, TimelineReport, TimelineState, Use};
use countersign_timelines::conform::{Conform, MOST_NAMED, Match};
use countersign_timelines::{Document, Event, EventKind, Timeline, read};
use find::{ArchiveReader, Found, Names};
use inventory::{Inventory, Item};
use probe::MediaRequest;
use uses::{Tracks, use_of};

/// Bytes of a timeline in a delivery that are read.
const BYTES: usize = 256 << 20;
/// How many times its bytes a timeline takes in memory at most, while it is read.
const UNFOLDED: usize = 16;
/// Uses that are kept of one asset: one that is played in more pieces is final all the same.
const USES: usize = 256;
/// Uses that are told apart of one run of frames.
const RUN_USES: usize = 4_096;
/// Events that are named of those that have no asset, or several.
const NAMED: usize = 8;
/// Assets that are named of several.
const RIVALS: usize = 3;
/// Parts of a timeline that could not be read and are told.
const DAMAGE: usize = 8;

/// A timeline that the user named, read already.
#[derive(Clone, Debug)]
pub struct NamedTimeline {
    /// Where its file is, as the user gave it.
    pub path: PathBuf,
    /// As reports call it.
    pub label: String,
    /// What was read from it.
    pub document: Document,
    /// Whether it lies in what is scanned: then it came with the delivery, and nothing is lowered by it.
    pub delivered: bool,
}

/// What is conformed: the trees of a delivery and how they are walked.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// The trees whose files may be the media of events.
    pub roots: &'a Roots,
    /// Files that are open already, and those that stay so for whoever reads them next.
    pub files: &'a OpenFiles,
    /// Its packages, whose ids compositions go by.
    pub packages: &'a PackageIndex,
    /// Where given, only these paths below the last root are walked.
    pub listed: Option<&'a [PathBuf]>,
    /// Patterns of paths, below their roots, that are passed over.
    pub exclude: &'a GlobSet,
    /// Where members of archives are laid out while they are read.
    pub space: &'a TempSpace,
    /// Archives inside archives that are looked into.
    pub depth: usize,
    /// Ends the walk early once it is set.
    pub stop: &'a AtomicBool,
}

/// A run of frames: root, what is before the number, what is after it.
type RunKey = (usize, String, String);
/// The frames of a run that one use plays, first and last.
type Frames = (i64, i64);
/// What is played of one run.
type RunUses = Vec<(Frames, Arc<Use>)>;

/// What all timelines say.
#[derive(Debug, Default)]
pub struct Cuts {
    files: HashMap<(usize, String), Vec<Arc<Use>>>,
    runs: HashMap<RunKey, RunUses>,
    timelines: HashMap<(usize, String), TimelineState>,
    /// Assets that an event may mean, or another.
    uncertain: HashSet<(usize, String)>,
    /// Some of those are not known.
    crowded: bool,
    /// A timeline that the user named is there, and all of it was read.
    decides: bool,
    /// It does not come with the delivery.
    lowers: bool,
    /// One row for each cut, for reports that draw it.
    pub reports: Vec<TimelineReport>,
}

/// What came of one timeline's file.
#[derive(Default)]
struct Outcome {
    state: TimelineState,
    reports: Vec<TimelineReport>,
    /// Entry of the inventory, the frames of it where it is a run, the use.
    uses: Vec<(usize, Option<Frames>, Use)>,
    /// Of each entry how many uses stand there, and the place of the last one.
    used: HashMap<usize, (usize, usize)>,
    uncertain: Vec<usize>,
    /// An event fits more assets than are known by name.
    crowded: bool,
    /// What its events want to know of media before they can be sure.
    wanted: MediaRequest,
}

impl Outcome {
    /// Keeps the use of an entry, as far as that many are kept of one; frames that are played are lost in no case.
    fn play(&mut self, index: usize, frames: Option<Frames>, of: impl FnOnce() -> Use) {
        let (count, last) = self.used.entry(index).or_default();
        if *count < if frames.is_some() { RUN_USES } else { USES } {
            *count += 1;
            *last = self.uses.len();
            self.uses.push((index, frames, of()));
        } else if let (Some((_, Some(kept), _)), Some((from, to))) = (self.uses.get_mut(*last), frames) {
            *kept = (kept.0.min(from), kept.1.max(to));
        }
    }
}

impl Cuts {
    /// Finds the timelines of a delivery and conforms them, and those that the user named, to its assets.
    #[must_use]
    pub fn of(delivery: &Delivery<'_>, named: &[NamedTimeline]) -> Self {
        let trees = (delivery.roots, delivery.files);
        let mut names = find::names(trees, delivery.listed, delivery.exclude, delivery.stop);
        let mut found = find::on_drive(&mut names);
        let look = delivery.look(false);
        names.archives.iter().for_each(|archive| look.timelines(archive, &mut found));
        if found.is_empty() && named.is_empty() {
            return Self::default();
        }
        let mut inventory = delivery.inventory(&names);
        let own = |found: &Found| {
            let path = found.local_path(delivery.roots).and_then(|path| path.canonicalize().ok())?;
            named.iter().position(|named| named.path.canonicalize().is_ok_and(|own| own == path))
        };
        let owners: Vec<Option<usize>> = found.iter().map(own).collect();
        let taken: HashSet<usize> = owners.iter().flatten().copied().collect();
        let others: Vec<&NamedTimeline> =
            named.iter().enumerate().filter(|(index, _)| !taken.contains(index)).map(|(_, named)| named).collect();
        let all = Timelines { delivery, found: &found, owners: &owners, named: &others };
        let mut outcomes = all.conformed(&inventory, |_| true);
        let mut wanted = MediaRequest::default();
        outcomes.iter().for_each(|outcome| wanted.join(&outcome.wanted));
        if !wanted.is_empty() && probe::read(&look, &names, &wanted, &mut inventory) {
            let again: Vec<bool> = outcomes.iter().map(|outcome| !outcome.wanted.is_empty()).collect();
            for (old, new) in
                outcomes.iter_mut().zip(all.conformed(&inventory, |index| again.get(index) == Some(&true)))
            {
                if !old.wanted.is_empty() {
                    *old = new;
                }
            }
        }
        let mut cuts = Self::default();
        for (index, outcome) in outcomes.into_iter().enumerate() {
            if let Some(found) = found.get(index) {
                cuts.timelines.insert((found.root, found.rel.clone()), outcome.state.clone());
            }
            cuts.take(outcome, &inventory);
        }
        cuts.decides =
            !cuts.crowded && !named.is_empty() && named.iter().all(|named| named.document.problems.is_empty());
        cuts.lowers = cuts.decides && named.iter().all(|named| !named.delivered);
        cuts
    }

    fn take(&mut self, outcome: Outcome, inventory: &Inventory) {
        self.reports.extend(outcome.reports);
        self.crowded |= outcome.crowded;
        for (index, frames, of) in outcome.uses {
            let of = Arc::new(of);
            match (inventory.items.get(index), frames) {
                (Some(Item::File { root, rel }), _) => {
                    let uses = self.files.entry((*root, rel.clone())).or_default();
                    if uses.len() < USES {
                        uses.push(of);
                    }
                }
                (Some(Item::Run { root, prefix, suffix, .. }), Some(frames)) => {
                    let uses = self.runs.entry((*root, prefix.clone(), suffix.clone())).or_default();
                    let full = uses.len() >= RUN_USES;
                    // Past that, no frame that is played is lost, only which use it was.
                    match uses.last_mut().filter(|_| full) {
                        Some((last, _)) => *last = (last.0.min(frames.0), last.1.max(frames.1)),
                        None => uses.push((frames, of)),
                    }
                }
                _ => {}
            }
        }
        for item in outcome.uncertain.into_iter().filter_map(|index| inventory.items.get(index)) {
            self.uncertain.insert((item.root(), key(item)));
        }
    }

    /// What the timelines say of the asset at this path.
    #[must_use]
    pub fn place(&self, root: usize, rel: &str) -> AssetCut {
        if self.reports.is_empty() && self.timelines.is_empty() {
            return AssetCut::default();
        }
        let at = (root, rel.to_owned());
        let mut uses: Vec<Use> = self.files.get(&at).into_iter().flatten().map(|of| Use::clone(of)).collect();
        let frame = frame_name(rel);
        let mut uncertain = self.uncertain.contains(&at);
        if let Some(frame) = frame {
            let number = i64::try_from(frame.number).unwrap_or(i64::MAX);
            let run = (root, frame.prefix.to_owned(), frame.suffix.to_owned());
            let played = self.runs.get(&run).into_iter().flatten();
            let own = played.filter(|((first, last), _)| (*first..=*last).contains(&number));
            uses.extend(own.take(USES).map(|(_, of)| Use::clone(of)));
            uncertain |= self.uncertain.contains(&(root, format!("{}#{}", run.1, run.2)));
        }
        let in_cut = match (uses.is_empty(), self.decides && !uncertain) {
            (false, _) => Some(true),
            (true, true) => Some(false),
            (true, false) => None,
        };
        AssetCut { uses, in_cut, timeline: self.timelines.get(&at).cloned() }
    }

    /// Whether what is not in the cut may be lowered: only timelines from outside of the delivery can say so.
    #[must_use]
    pub fn lowers(&self) -> bool {
        self.lowers
    }
}

/// The name by which an entry is known to be uncertain.
fn key(item: &Item) -> String {
    match item {
        Item::File { rel, .. } => rel.clone(),
        Item::Run { prefix, suffix, .. } => format!("{prefix}#{suffix}"),
    }
}

/// The outcome of a reader that may fail in a way it never should.
fn guarded(work: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Outcome {
        state: TimelineState {
            unreadable: vec!["the reader failed: a fault of this program".to_owned()],
            ..TimelineState::default()
        },
        ..Outcome::default()
    })
}

/// Every timeline of a run: those that were found, then those that were named and lie elsewhere.
struct Timelines<'a> {
    delivery: &'a Delivery<'a>,
    found: &'a [Found],
    /// Which of the named ones each found one is.
    owners: &'a [Option<usize>],
    named: &'a [&'a NamedTimeline],
}

impl Timelines<'_> {
    /// What comes of each timeline, in their order; nothing of those that are not asked for.
    fn conformed(&self, inventory: &Inventory, asked: impl Fn(usize) -> bool + Sync) -> Vec<Outcome> {
        let conform = Conform::new(&inventory.assets);
        let one = |index: usize| match (self.found.get(index), self.owners.get(index)) {
            _ if !asked(index) => Outcome::default(),
            (Some(found), owner) => {
                let named = owner.is_some_and(Option::is_some);
                guarded(|| self.delivery.conformed(found, named, inventory, &conform))
            }
            _ => match self.named.get(index.saturating_sub(self.found.len())) {
                Some(named) => {
                    let known = Known { document: &named.document, label: &named.label, found: None, named: true };
                    guarded(|| conformed(&known, inventory, &conform))
                }
                None => Outcome::default(),
            },
        };
        (0..self.found.len() + self.named.len()).into_par_iter().map(one).collect()
    }
}

impl Delivery<'_> {
    fn look(&self, thorough: bool) -> ArchiveReader<'_> {
        ArchiveReader {
            roots: self.roots,
            files: self.files,
            space: self.space,
            exclude: self.exclude,
            depth: self.depth,
            stop: self.stop,
            thorough,
        }
    }

    /// Every file that may be played, members of archives last.
    fn inventory(&self, names: &Names) -> Inventory {
        let mut all = Inventory::default();
        let several = self.roots.len() > 1;
        let shown = |root: usize, rel: &str| {
            let name = self.roots.get(root).filter(|_| several).map(|tree| tree.tree().name());
            let name = name.as_deref().and_then(|name| name.rsplit(['/', '\\']).find(|part| !part.is_empty()));
            name.map_or_else(|| rel.to_owned(), |name| format!("{name}/{rel}"))
        };
        let walk = Walk::over(self.roots, self.exclude.clone()).listing(self.listed);
        let ids = self.packages.asset_ids();
        for asset in walk.take_while(|_| !self.stop.load(Ordering::Relaxed)).flatten() {
            let (root, rel) = (asset.root, asset.rel.as_str());
            match ids.get(&(root, rel)) {
                Some((id, played)) => all.add_known(root, rel, &shown(root, rel), (id, *played)),
                None => all.add(root, rel, &shown(root, rel)),
            }
        }
        let look = self.look(true);
        for archive in &names.archives {
            look.each_member(archive, &mut |member, _| {
                all.add(member.root, &member.rel, &shown(member.root, &member.rel))
            });
        }
        all.finish();
        all
    }

    /// Reads a timeline of the delivery and conforms its events.
    fn conformed(&self, found: &Found, named: bool, all: &Inventory, conform: &Conform<'_>) -> Outcome {
        let broken = |what: String| Outcome {
            state: TimelineState { format: format(found), unreadable: vec![what], ..TimelineState::default() },
            ..Outcome::default()
        };
        let kind = match &found.kind {
            Ok(kind) => *kind,
            Err(what) => return broken(what.clone()),
        };
        let _reading = found.budget.enter();
        let bytes = match found.bytes((self.roots, self.files), self.space, BYTES) {
            Ok(bytes) => bytes,
            Err(what) => return broken(what),
        };
        // What is made of a long one takes many times its bytes: such are read one after the other.
        if let Err(problem) = asset_budget::read(bytes.len().saturating_mul(UNFOLDED)) {
            return broken(problem.what);
        }
        match read(kind, found.name(), &bytes, &mut |_| None) {
            Ok(document) => {
                drop(bytes);
                let mut outcome = conformed(
                    &Known { document: &document, label: &found.rel, found: Some(found), named },
                    all,
                    conform,
                );
                outcome.state.format = format(found);
                outcome
            }
            Err(error) => broken(error.to_string()),
        }
    }
}

/// The format's name in reports; of what is none, that which its name promises.
fn format(found: &Found) -> String {
    match &found.kind {
        Ok(kind) => kind.format().id().to_owned(),
        Err(_) => found.name().rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default(),
    }
}

/// A timeline that was read, and how it came.
struct Known<'a> {
    document: &'a Document,
    /// As reports call it.
    label: &'a str,
    /// Where it lies in the delivery, if there.
    found: Option<&'a Found>,
    /// Whether the user named it.
    named: bool,
}

fn conformed(known: &Known<'_>, all: &Inventory, conform: &Conform<'_>) -> Outcome {
    let Known { document, label, found, named } = *known;
    let mut out = Outcome::default();
    let damage = document.problems.iter().map(|problem| format!("{}: {}", problem.place, problem.reason));
    out.state.unreadable = damage.take(DAMAGE).collect();
    out.state.essence = document.embedded as u64;
    for timeline in &document.timelines {
        let tracks = Tracks::of(timeline);
        let mut report = uses::report(label, timeline, named);
        for event in timeline.events.iter().filter(|event| event.is_played()) {
            out.state.events += 1;
            let matched = outcome(event, found, all, conform);
            out.wanted.note(event, &matched);
            match matched {
                Match::One(index, _) => {
                    let frames = match all.items.get(index) {
                        Some(Item::Run { first, last, .. }) => Some(uses::frames(event, wide(*first), wide(*last))),
                        _ => None,
                    };
                    out.play(index, frames, || use_of(label, timeline, &tracks, event));
                }
                Match::Several(indices, _) => {
                    report.ambiguous += 1;
                    let paths: Vec<_> =
                        indices.iter().take(RIVALS).filter_map(|n| all.items.get(*n)).map(Item::path).collect();
                    let more = if indices.len() > RIVALS { ", …" } else { "" };
                    let fits = format!(" fits {}{more}", paths.join(", "));
                    note(&mut out.state.ambiguous, &use_of(label, timeline, &tracks, event), event, &fits);
                    out.crowded |= indices.len() >= MOST_NAMED;
                    out.uncertain.extend(indices);
                }
                Match::Missing => {
                    report.missing += 1;
                    note(&mut out.state.missing, &use_of(label, timeline, &tracks, event), event, "");
                }
                Match::Embedded => {
                    note(&mut out.state.embedded, &use_of(label, timeline, &tracks, event), event, "");
                }
            }
        }
        out.reports.push(report);
    }
    out
}

fn wide(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Counts an event, and names it where there is room.
fn note(list: &mut NamedEvents, of: &Use, event: &Event, more: &str) {
    list.count += 1;
    if list.named.len() < NAMED {
        let medium = event.media.as_deref().or(Some(event.name.as_str()).filter(|name| !name.is_empty()));
        let medium = medium.or(event.reel.as_deref()).unwrap_or("a medium without a name");
        list.named
            .push(format!("event {} ({medium}, {} {} to {}){more}", of.event, of.track, of.record.from, of.record.to));
    }
}

/// The asset of an event. Of several, what stands nearer to the timeline or fits the event's kind is taken.
fn outcome(event: &Event, found: Option<&Found>, all: &Inventory, conform: &Conform<'_>) -> Match {
    let matched = conform.event(event);
    let Match::Several(indices, basis) = matched else { return matched };
    let item = |index: &usize| all.items.get(*index);
    let mut left = indices;
    if let Some(found) = found {
        let path = |index: &usize| item(index).map(Item::path).unwrap_or_default();
        let beside = event.media.as_deref().and_then(|media| relative(&found.rel, media));
        narrow(&mut left, |index| beside.as_deref() == Some(path(index).as_str()));
        let around = container(&found.rel).to_owned();
        narrow(&mut left, |index| container(&path(index)) == around);
        narrow(&mut left, |index| item(index).is_some_and(|item| item.root() == found.root));
    }
    narrow(&mut left, |index| !item(index).is_some_and(|item| item.path().contains(crate::archives::MARK)));
    match event.kind {
        EventKind::Video => {
            narrow(&mut left, |index| item(index).and_then(Item::media) != Some(Media::Audio));
        }
        EventKind::Audio => narrow(&mut left, |index| item(index).and_then(Item::media) != Some(Media::Image)),
    }
    match left.as_slice() {
        [one] => Match::One(*one, basis),
        _ => Match::Several(left, basis),
    }
}

/// Keeps those that fit, unless none does.
fn narrow(left: &mut Vec<usize>, fits: impl Fn(&usize) -> bool) {
    if left.len() > 1 && left.iter().any(&fits) {
        left.retain(fits);
    }
}

/// The archive around a path, or the bundle; empty on the drive itself.
fn container(rel: &str) -> &str {
    rel.rfind(crate::archives::MARK).and_then(|at| rel.get(..at)).unwrap_or_default()
}

/// Where a medium lies that a timeline names relative to itself.
fn relative(timeline: &str, media: &str) -> Option<String> {
    if media.starts_with('/') || media.contains(':') || media.contains('\\') {
        return None;
    }
    let folder = timeline.rsplit_once('/').map_or("", |(folder, _)| folder);
    let media = media.trim_start_matches("./");
    Some(if folder.is_empty() { media.to_owned() } else { format!("{folder}/{media}") })
}

/// The conform of timelines to a delivery, for who wants to see it: the path of each event's asset.
#[must_use]
pub fn paths(delivery: &Delivery<'_>, timelines: &[Timeline]) -> Vec<Vec<Conformed>> {
    let names = find::names((delivery.roots, delivery.files), delivery.listed, delivery.exclude, delivery.stop);
    let mut inventory = delivery.inventory(&names);
    let mut wanted = MediaRequest::default();
    let conform = Conform::new(&inventory.assets);
    for event in timelines.iter().flat_map(|timeline| &timeline.events) {
        wanted.note(event, &outcome(event, None, &inventory, &conform));
    }
    if !wanted.is_empty() {
        probe::read(&delivery.look(false), &names, &wanted, &mut inventory);
    }
    let conform = Conform::new(&inventory.assets);
    let path = |index: usize| inventory.items.get(index).map(Item::path).unwrap_or_default();
    let one = |event: &Event| match outcome(event, None, &inventory, &conform) {
        Match::One(index, basis) => Conformed::One(path(index), basis.id()),
        Match::Several(indices, _) => Conformed::Several(indices.into_iter().map(path).collect()),
        Match::Embedded => Conformed::Embedded,
        Match::Missing => Conformed::Missing,
    };
    timelines.iter().map(|timeline| timeline.events.iter().map(one).collect()).collect()
}

/// What an event is conformed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conformed {
    /// The path, and on what that rests.
    One(String, &'static str),
    /// The paths of all assets that fit the event equally well.
    Several(Vec<String>),
    /// The medium lies in the timeline's own file.
    Embedded,
    /// No asset of the delivery fits the event.
    Missing,
}
