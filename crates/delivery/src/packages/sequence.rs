//! Shared by all folders: runs of frames (`shot.1001.dpx`, `shot.1002.dpx`, …) told as one asset.
//!
//! Every frame was read and judged alone before it comes here. Frames of which the same is said become one row,
//! `shot.[1001-1240].dpx`; a frame of which something else is said keeps a row of its own. What comes out depends
//! on the walk's order only.
//!
//! The frame's number is the last group of digits in the name. Where files differ in an earlier one only
//! (`shot_1001_2k.exr`), that one is. Extensions in either case are one run; UDIM tiles are no frames ([`udim`]).
//!
//! Five digits and more behind a sign (`A_00010.TIF`) are how frames are numbered, and how some archives number scans: such
//! files are a run where nearly all of their numbers follow one another. Four digits and more without one (`A00010.PNG`,
//! `0010.jpg`) are how everything is numbered: such files are a run where the pictures are frames as well ([`pictures`]).

mod names;
mod pictures;
mod statement;
#[cfg(test)]
mod tests;
mod udim;
mod widths;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use countersign_media::formats::FrameUse;
use countersign_model::{AssetReport, Frames, PackageFault, PackageFaultKind};
use names::name;
pub use names::{FrameName, frame_name};
pub use pictures::PictureTraits;
use pictures::{Open, Pictures};
use statement::FrameStatement;
use widths::Widths;

/// Frames that make a run, where the name is a frame's: a kind that only comes as frames, or `name.1001.ext`.
const LEAST: usize = 8;
/// Files that make a run where their names could as well be those of numbered pictures: ten seconds.
const MANY: usize = 240;
/// Digits of a number that may be a frame's without a dot before it.
const WIDE: usize = 5;
/// The same, where the pictures say that they are frames.
const NARROW: usize = 4;
/// Pictures that say that they are frames, and whose names could be those of stills: so many make a run.
const SOME: usize = 16;
/// Kinds of picture that come in numbers of five digits without being frames.
const PHOTOS: &[&str] = &["jpg", "jpeg", "jpe", "jfif", "mpo", "thm", "heic", "heif", "hif", "webp", "avif", "gif"];
/// Rows held back while a folder is told: past this a folder is told in parts.
const HELD: usize = 65_536;
/// Bytes of them, about, those in runs among them: the same of few rows that say much.
const HELD_BYTES: usize = 64 * 1024 * 1024;
/// What is kept of each frame of a run beside its row: its number, how that is written, its picture.
const OF_FRAME: usize = 96;
/// Ranges of frames that a command names.
const RANGES: usize = 64;
/// Gaps that one message names.
const NAMED: usize = 8;
/// Groups of digits in one name that may be the frame's number.
const GROUPS: usize = 6;
/// Kinds of file that come as frames and that no reader here knows.
const UNREAD: &[(&str, FrameUse)] = &[
    ("ari", FrameUse::Possible),
    ("arx", FrameUse::Possible),
    ("hdr", FrameUse::Possible),
    ("sgi", FrameUse::Possible),
];

/// A row of the report, and what is wrong with the run that it tells of.
#[derive(Debug)]
pub struct Row {
    /// The row, of one asset or of many frames.
    pub report: Box<AssetReport>,
    /// Gaps in the numbers of the run.
    pub faults: Vec<PackageFault>,
}

/// Collects the rows of one folder at a time.
#[derive(Debug, Default)]
pub struct Sequences {
    /// Root and folder of what is held.
    folder: Option<(usize, String)>,
    /// In the order in which they will be told.
    held: Vec<PendingRow>,
    /// Bytes that they take, about.
    bytes: usize,
    /// Where the run of a prefix and suffix is held.
    runs: HashMap<(String, String), usize>,
}

#[derive(Debug)]
enum PendingRow {
    Row(Box<AssetReport>),
    Run(Box<Run>),
}

/// Files whose names differ only in the last group of digits.
#[derive(Debug, Default)]
struct Run {
    prefix: String,
    suffix: String,
    /// Files that it takes.
    least: usize,
    /// What makes frames of files whose names leave it open.
    open: Option<Open>,
    /// What is known of its pictures; nothing of files that were put into runs by an earlier number.
    pictures: Pictures,
    /// Number → digits it is written with.
    numbers: BTreeMap<u64, Widths>,
    groups: Vec<Group>,
    /// Where the groups stand of which the like is said: a run may have as many as files.
    by_digest: HashMap<u64, Vec<usize>>,
    /// Numbers of files whose extension is the same in the other case: no gaps of this run.
    elsewhere: BTreeMap<u64, Widths>,
    /// Another run of these files tells what is wrong with all of them.
    silent: bool,
}

impl PendingRow {
    /// The rows that are kept whole: all of a short run.
    fn reports(&self) -> impl Iterator<Item = &AssetReport> {
        let (row, groups) = match self {
            Self::Row(report) => (Some(report.as_ref()), [].as_slice()),
            Self::Run(run) => (None, run.groups.as_slice()),
        };
        row.into_iter().chain(groups.iter().flat_map(|group| &group.rows))
    }
}

/// Frames of which the same is said.
#[derive(Debug)]
struct Group {
    /// All of them while they are few, then the first alone.
    rows: Vec<AssetReport>,
    numbers: Vec<u64>,
    bytes: u64,
    /// What is said of the first, once another frame was compared with it.
    said: Option<FrameStatement>,
}

impl Group {
    fn says_the_same(&mut self, report: &AssetReport, said: &FrameStatement) -> bool {
        let Some(first) = self.rows.first() else { return false };
        let own = self.said.get_or_insert_with(|| FrameStatement::of(first));
        statement::same((first, own), (report, said))
    }

    /// Keeps one row of many of which the same is said; gives the bytes that this saves, about.
    fn keep_first(&mut self) -> usize {
        let saved = self.rows.drain(1..).map(|row| row.kept_bytes()).sum();
        // There was room for all rows of a short run.
        self.rows.shrink_to(4);
        saved
    }
}

impl Sequences {
    /// Takes the next row in walking order; without traits it has to stand alone. Gives those that are ready to be told.
    pub fn take(&mut self, report: AssetReport, traits: Option<PictureTraits>) -> Vec<Row> {
        let folder = (report.root, folder(&report.path).to_owned());
        let mut ready = Vec::new();
        let full = self.held.len() >= HELD || self.bytes >= HELD_BYTES;
        if self.folder.as_ref() != Some(&folder) || full {
            ready = self.finish(true);
            self.folder = Some(folder);
        }
        match name(&report.path, 0).zip(traits) {
            Some((name, traits)) => {
                let key = (name.prefix.to_owned(), name.suffix.to_owned());
                let (digits, number, least, open) = (name.digits.len(), name.number, name.least, name.open);
                let index = *self.runs.entry(key.clone()).or_insert_with(|| {
                    let (prefix, suffix) = key;
                    self.held.push(PendingRow::Run(Box::new(Run { prefix, suffix, least, open, ..Run::default() })));
                    self.held.len() - 1
                });
                if let Some(PendingRow::Run(run)) = self.held.get_mut(index) {
                    run.pictures.insert(number, (traits, report.bytes));
                    let more = report.kept_bytes() + OF_FRAME;
                    self.bytes = (self.bytes + more).saturating_sub(run.add(number, digits, report));
                }
            }
            // Nothing held: nothing to wait for.
            None if self.held.is_empty() => ready.push(Row { report: Box::new(report), faults: vec![] }),
            None => {
                self.bytes += report.kept_bytes();
                self.held.push(PendingRow::Row(Box::new(report)));
            }
        }
        ready
    }

    /// The rows still held; gaps are told when the folder was seen to its end.
    pub fn finish(&mut self, complete: bool) -> Vec<Row> {
        self.runs.clear();
        (self.folder, self.bytes) = (None, 0);
        let mut out = Vec::new();
        let mut held = std::mem::take(&mut self.held);
        settle_open(&mut held);
        let mut held = regrouped(held);
        join_extensions(&mut held);
        for held in held {
            match held {
                PendingRow::Row(report) => out.push(Row { report, faults: vec![] }),
                PendingRow::Run(run) => run.rows(complete, &mut out),
            }
        }
        out
    }
}

/// Makes runs of those that are numbered as frames are, extensions in either case together.
fn settle_open(held: &mut [PendingRow]) {
    let mut all: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (place, held) in held.iter().enumerate() {
        if let PendingRow::Run(run) = held
            && run.open.is_some()
        {
            all.entry((run.prefix.clone(), run.suffix.to_ascii_lowercase())).or_default().push(place);
        }
    }
    for place in all.values().flat_map(|places| are_frames(held, places)).collect::<Vec<_>>() {
        if let Some(PendingRow::Run(run)) = held.get_mut(place) {
            run.least = LEAST.min(run.least);
            let long = run.groups.iter_mut().filter(|group| group.numbers.len() >= LEAST);
            long.for_each(|group| group.rows.truncate(1));
        }
    }
}

/// Which of the runs at these places are of frames, all their pictures seen together.
fn are_frames(held: &[PendingRow], places: &[usize]) -> Vec<usize> {
    let run = |place: &usize| match held.get(*place) {
        Some(PendingRow::Run(run)) => Some((*place, run)),
        _ => None,
    };
    let runs: Vec<_> = places.iter().filter_map(run).collect();
    let together: Pictures;
    let pictures = match runs.as_slice() {
        // There may be very many.
        [(_, run)] => &run.pictures,
        several => {
            together = several.iter().flat_map(|(_, run)| &run.pictures).map(|(n, picture)| (*n, *picture)).collect();
            &together
        }
    };
    let frames = runs.iter().filter(|(_, run)| run.open.is_some_and(|open| open.are_frames(pictures)));
    frames.map(|(place, _)| *place).collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Files that are in no run by the last number in their names, put into runs by an earlier one.
fn regrouped(held: Vec<PendingRow>) -> Vec<PendingRow> {
    let short = |held: &PendingRow| matches!(held, PendingRow::Run(run) if !run.is_long());
    if held.iter().filter(|held| short(held)).count() < LEAST {
        return held;
    }
    let mut out = held;
    for back in 1..GROUPS {
        let mut runs: BTreeMap<(String, String), Run> = BTreeMap::new();
        for report in out.iter().filter(|held| short(held)).flat_map(PendingRow::reports) {
            let Some(name) = name(&report.path, back) else { continue };
            let key = (name.prefix.to_owned(), name.suffix.to_owned());
            let run = runs.entry(key).or_default();
            run.least = name.least;
            run.numbers.entry(name.number).or_default().insert(name.digits.len());
        }
        runs.retain(|_, run| run.is_long() && run.is_dense());
        if runs.is_empty() {
            continue;
        }
        out = moved(out, back, &runs);
    }
    out
}

/// The same rows, those of `runs` in runs where the first of each was.
fn moved(held: Vec<PendingRow>, back: usize, runs: &BTreeMap<(String, String), Run>) -> Vec<PendingRow> {
    let mut out: Vec<PendingRow> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for held in held {
        let run = match held {
            PendingRow::Run(run) if !run.is_long() => run,
            other => {
                out.push(other);
                continue;
            }
        };
        let parts = |report: &AssetReport| {
            let name = name(&report.path, back)?;
            let key = (name.prefix.to_owned(), name.suffix.to_owned());
            Some((runs.get(&key)?.least, name.number, name.digits.len(), key))
        };
        let (mut stay, mut leave) = (Vec::new(), Vec::new());
        for report in run.groups.into_iter().flat_map(|group| group.rows) {
            match parts(&report) {
                Some(found) => leave.push((found, report)),
                None => stay.push(report),
            }
        }
        for ((least, number, digits, key), report) in leave {
            let place = *places.entry(key.clone()).or_insert_with(|| {
                let (prefix, suffix) = key;
                out.push(PendingRow::Run(Box::new(Run { prefix, suffix, least, ..Run::default() })));
                out.len() - 1
            });
            if let Some(PendingRow::Run(run)) = out.get_mut(place) {
                run.add(number, digits, report);
            }
        }
        let mut rest = Run { prefix: run.prefix, suffix: run.suffix, least: run.least, ..Run::default() };
        for report in stay {
            if let Some((number, digits)) = name(&report.path, 0).map(|name| (name.number, name.digits.len())) {
                rest.add(number, digits, report);
            }
        }
        if !rest.groups.is_empty() {
            out.push(PendingRow::Run(Box::new(rest)));
        }
    }
    out
}

/// Tells runs that differ in the case of their extension only of each other; the first of them speaks for all.
fn join_extensions(held: &mut [PendingRow]) {
    let key = |run: &Run| (run.prefix.clone(), run.suffix.to_ascii_lowercase());
    let mut all: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (n, held) in held.iter().enumerate() {
        if let PendingRow::Run(run) = held {
            all.entry(key(run)).or_default().push(n);
        }
    }
    for places in all.into_values().filter(|places| places.len() > 1) {
        let mut elsewhere: BTreeMap<u64, Widths> = BTreeMap::new();
        for place in &places {
            if let Some(PendingRow::Run(run)) = held.get(*place) {
                for (number, widths) in &run.numbers {
                    elsewhere.entry(*number).or_default().extend(*widths);
                }
            }
        }
        for (n, place) in places.iter().enumerate() {
            if let Some(PendingRow::Run(run)) = held.get_mut(*place) {
                run.elsewhere = elsewhere.clone();
                run.silent = n > 0;
            }
        }
    }
}

impl Run {
    /// Takes up a frame; gives the bytes that are not kept any more, about.
    fn add(&mut self, number: u64, digits: usize, report: AssetReport) -> usize {
        self.numbers.entry(number).or_default().insert(digits);
        let said = FrameStatement::of(&report);
        let groups = &mut self.groups;
        let alike = self.by_digest.entry(said.digest()).or_default();
        let is_like = |at: &usize| groups.get_mut(*at).is_some_and(|group| group.says_the_same(&report, &said));
        let like = alike.iter().copied().find(is_like);
        match like.and_then(|at| groups.get_mut(at)) {
            Some(group) => {
                group.numbers.push(number);
                group.bytes = group.bytes.saturating_add(report.bytes);
                group.rows.push(report);
                if group.numbers.len() < self.least { 0 } else { group.keep_first() }
            }
            None => {
                alike.push(groups.len());
                groups.push(Group { numbers: vec![number], bytes: report.bytes, rows: vec![report], said: None });
                0
            }
        }
    }

    fn rows(mut self, complete: bool, out: &mut Vec<Row>) {
        let mut faults = vec![];
        if complete && !self.silent {
            // Of a run in two spellings of its extension, all numbers count.
            let own = (!self.elsewhere.is_empty()).then(|| self.numbers.clone());
            for (number, widths) in &self.elsewhere {
                self.numbers.entry(*number).or_default().extend(*widths);
            }
            if self.is_long() && !self.are_stills() && !udim::are_tiles(&self.prefix, self.numbers.keys().copied()) {
                faults = self.faults();
            }
            self.numbers = own.unwrap_or(self.numbers);
        }
        for group in std::mem::take(&mut self.groups) {
            if group.numbers.len() < self.least {
                let rows = group.rows.into_iter();
                let row = |report| Row { report: Box::new(report), faults: std::mem::take(&mut faults) };
                out.extend(rows.map(row));
            } else if let Some(report) = self.merged(group) {
                out.push(Row { report: Box::new(report), faults: std::mem::take(&mut faults) });
            }
        }
    }

    /// Whether many numbered pictures are photographs: holes in their numbers are no missing frames.
    fn are_stills(&self) -> bool {
        let photo = PHOTOS.contains(&self.suffix.trim_start_matches('.').to_ascii_lowercase().as_str());
        photo && self.least == MANY && !self.pictures.is_empty() && !Open::Pictures(SOME).are_frames(&self.pictures)
    }

    fn is_long(&self) -> bool {
        self.numbers.len() >= self.least
    }

    /// Whether most numbers follow each other: frames do, and numbers of shots (`sh010`, `sh020`) do not.
    fn is_dense(&self) -> bool {
        let steps = self.numbers.keys().zip(self.numbers.keys().skip(1));
        let next = steps.filter(|(one, other)| **other - **one == 1).count();
        next * 2 >= self.numbers.len()
    }

    fn merged(&self, mut group: Group) -> Option<AssetReport> {
        group.rows.truncate(1);
        let mut row = group.rows.pop()?;
        let (first, last) = (*group.numbers.iter().min()?, *group.numbers.iter().max()?);
        let all = if self.elsewhere.is_empty() { &self.numbers } else { &self.elsewhere };
        let present = all.range(first..=last).count() as u64;
        let tiles = udim::are_tiles(&self.prefix, all.keys().copied());
        let count = group.numbers.len() as u64;
        let old = file_name(&row.path).to_owned();
        row.path = format!("{}[{}-{}]{}", self.prefix, self.written(first), self.written(last), self.suffix);
        let new = file_name(&row.path).to_owned();
        let exact = file_name(&format!("{}[{}]{}", self.prefix, self.spelled(&group), self.suffix)).to_owned();
        for finding in &mut row.findings {
            finding.message = finding.message.replace(&old, &new);
            for command in finding.action.commands_mut() {
                command.file.replace_file_name(&old, &exact);
            }
        }
        row.bytes = group.bytes;
        // One digest cannot stand for many files.
        row.sha256 = None;
        row.frames = Some(Frames {
            first,
            last,
            count,
            missing: if tiles { 0 } else { (last - first + 1).saturating_sub(present) },
            apart: present.saturating_sub(count),
        });
        Some(row)
    }

    /// The frames of a group alone, for commands: `1001-1004,1006-1240`. Of very many ranges the first are named: no frame
    /// is ever among them of which something else was said.
    fn spelled(&self, group: &Group) -> String {
        let own: BTreeSet<u64> = group.numbers.iter().copied().collect();
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        let mut apart = true;
        for number in self.numbers.keys() {
            let full = ranges.len() == RANGES;
            match ranges.last_mut() {
                _ if !own.contains(number) => apart = true,
                Some(range) if !apart => range.1 = *number,
                _ if full => break,
                _ => {
                    ranges.push((*number, *number));
                    apart = false;
                }
            }
        }
        let word = |(first, last): &(u64, u64)| match first == last {
            true => self.written(*first),
            false => format!("{}-{}", self.written(*first), self.written(*last)),
        };
        ranges.iter().map(word).collect::<Vec<_>>().join(",")
    }

    /// The number with the digits that the file has.
    fn written(&self, number: u64) -> String {
        let width = self.numbers.get(&number).and_then(|widths| widths.first()).unwrap_or(1);
        format!("{number:0width$}")
    }

    /// Missing frames and changes of padding.
    fn faults(&self) -> Vec<PackageFault> {
        let (Some((first, _)), Some((last, _))) = (self.numbers.first_key_value(), self.numbers.last_key_value())
        else {
            return vec![];
        };
        let path = format!("{}[{}-{}]{}", self.prefix, self.written(*first), self.written(*last), self.suffix);
        let fault = |what: String| PackageFault::new(PackageFaultKind::SequenceGap, path.clone(), what);
        let mut gaps = Vec::new();
        let mut missing = 0_u64;
        for ((before, _), (after, _)) in self.numbers.iter().zip(self.numbers.iter().skip(1)) {
            let lost = after - before - 1;
            missing += lost;
            if lost > 0 {
                let (from, to) = (self.like(*before, before + 1), self.like(*before, after - 1));
                gaps.push(if lost == 1 { from } else { format!("{from}-{to}") });
            }
        }
        let mut out = Vec::new();
        if missing > 0 {
            let more = if gaps.len() > NAMED { ", …" } else { "" };
            gaps.truncate(NAMED);
            let frames = if missing == 1 { "frame" } else { "frames" };
            out.push(fault(format!("{missing} {frames}: {}{more}", gaps.join(", "))));
        }
        if let Some((number, widths)) = self.numbers.iter().find(|(_, widths)| widths.is_changing()) {
            let twice: Vec<_> = widths.iter().map(|width| format!("{number:0width$}")).collect();
            out.push(fault(format!("the padding changes: frame {number} is there as {}", twice.join(" and "))));
        } else if let Some(number) = self.padding_change() {
            out.push(fault(format!("the padding changes at {}", self.written(number))));
        }
        out
    }

    /// A number written like its neighbor.
    fn like(&self, neighbor: u64, number: u64) -> String {
        let width = self.numbers.get(&neighbor).and_then(|widths| widths.first()).unwrap_or(1);
        format!("{number:0width$}")
    }

    /// The first number that is neither as wide as the first one nor grown out of it.
    fn padding_change(&self) -> Option<u64> {
        let width = self.numbers.first_key_value()?.1.first()?;
        let odd = |(number, widths): &(&u64, &Widths)| {
            widths.first().is_some_and(|own| own != width.max(number.to_string().len()))
        };
        self.numbers.iter().find(odd).map(|(number, _)| *number)
    }
}
