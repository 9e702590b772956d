//! Shared by all folders: runs of frames (`shot.1001.dpx`, `shot.1002.dpx`, …) told as one asset.
//!
//! Every frame was read and judged alone before it comes here. Frames of which the same is said become one row,
//! `shot.[1001-1240].dpx`; a frame of which something else is said keeps a row of its own. What comes out depends
//! on the walk's order only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use countersign_media::formats::{self, FrameUse};
use countersign_model::{AssetReport, Finding, FindingAction, Frames, PackageFault, PackageFaultKind};

/// Frames that make a run, where the name is a frame's: a kind that only comes as frames, or `name.1001.ext`.
const LEAST: usize = 8;
/// Files that make a run where their names could as well be those of numbered pictures: ten seconds.
const MANY: usize = 240;
/// Rows held back while a folder is told: past this a folder is told in parts.
const HELD: usize = 65_536;
/// Ranges of frames that a command names.
const RANGES: usize = 64;
/// Gaps that one message names.
const NAMED: usize = 8;
/// Kinds of file that come as frames and that no reader here knows.
const UNREAD: &[(&str, FrameUse)] = &[
    ("ari", FrameUse::Possible),
    ("arx", FrameUse::Possible),
    ("cin", FrameUse::Usual),
    ("hdr", FrameUse::Possible),
    ("sgi", FrameUse::Possible),
    ("tga", FrameUse::Possible),
];

/// A row of the report, and what is wrong with the run that it tells of.
#[derive(Debug)]
pub struct Row {
    pub report: AssetReport,
    pub faults: Vec<PackageFault>,
}

/// Collects the rows of one folder at a time.
#[derive(Debug, Default)]
pub struct Sequences {
    /// Root and folder of what is held.
    folder: Option<(usize, String)>,
    /// In the order in which they will be told.
    held: Vec<Held>,
    /// Where the run of a prefix and suffix is held.
    runs: HashMap<(String, String), usize>,
}

#[derive(Debug)]
enum Held {
    Row(Box<AssetReport>),
    Run(Run),
}

/// Files whose names differ only in the last group of digits.
#[derive(Debug)]
struct Run {
    prefix: String,
    suffix: String,
    /// Files that it takes.
    least: usize,
    /// Number → digits it is written with.
    numbers: BTreeMap<u64, BTreeSet<usize>>,
    groups: Vec<Group>,
}

/// Frames of which the same is said.
#[derive(Debug)]
struct Group {
    /// All of them while they are few, then the first alone.
    rows: Vec<AssetReport>,
    numbers: Vec<u64>,
    bytes: u64,
}

/// A file name taken apart at its last group of digits.
struct Name<'a> {
    prefix: &'a str,
    digits: &'a str,
    suffix: &'a str,
    number: u64,
    least: usize,
}

impl Sequences {
    /// Takes the next row in walking order, which may have to stand `alone`; gives those that are ready to be told.
    pub fn take(&mut self, report: AssetReport, alone: bool) -> Vec<Row> {
        let folder = (report.root, folder(&report.path).to_owned());
        let mut ready = Vec::new();
        if self.folder.as_ref() != Some(&folder) || self.held.len() >= HELD {
            ready = self.finish(true);
            self.folder = Some(folder);
        }
        match name(&report.path).filter(|_| !alone) {
            Some(name) => {
                let key = (name.prefix.to_owned(), name.suffix.to_owned());
                let (digits, number, least) = (name.digits.len(), name.number, name.least);
                let index = *self.runs.entry(key.clone()).or_insert_with(|| {
                    let (prefix, suffix) = key;
                    self.held.push(Held::Run(Run { prefix, suffix, least, numbers: BTreeMap::new(), groups: vec![] }));
                    self.held.len() - 1
                });
                if let Some(Held::Run(run)) = self.held.get_mut(index) {
                    run.add(number, digits, report);
                }
            }
            // Nothing held: nothing to wait for.
            None if self.held.is_empty() => ready.push(Row { report, faults: vec![] }),
            None => self.held.push(Held::Row(Box::new(report))),
        }
        ready
    }

    /// The rows still held; gaps are told when the folder was seen to its end.
    pub fn finish(&mut self, complete: bool) -> Vec<Row> {
        self.runs.clear();
        self.folder = None;
        let mut out = Vec::new();
        for held in std::mem::take(&mut self.held) {
            match held {
                Held::Row(report) => out.push(Row { report: *report, faults: vec![] }),
                Held::Run(run) => run.rows(complete, &mut out),
            }
        }
        out
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A frame's path taken apart, for who looks for the runs that timelines play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameName<'a> {
    /// What is before the number, its folder included.
    pub prefix: &'a str,
    pub number: u64,
    pub suffix: &'a str,
    /// The name is a frame's name; a numbered picture may be called the same otherwise.
    pub is_frame: bool,
}

/// The parts of a path that may be a frame's.
#[must_use]
pub fn frame_name(path: &str) -> Option<FrameName<'_>> {
    let Name { prefix, suffix, number, least, .. } = name(path)?;
    Some(FrameName { prefix, number, suffix, is_frame: least == LEAST })
}

/// The parts of a frame's path; the prefix includes its folder.
fn name(path: &str) -> Option<Name<'_>> {
    let (stem, extension) = path.rsplit_once('.')?;
    let lower = extension.to_ascii_lowercase();
    let unread = UNREAD.iter().find(|(known, _)| *known == lower).map(|(_, frames)| *frames);
    let frames = formats::by_extension(&lower).map(|format| format.info().frames).or(unread)?;
    if frames == FrameUse::No {
        return None;
    }
    let start = path.len() - file_name(path).len();
    let end = stem.rfind(|c: char| c.is_ascii_digit())? + 1;
    let from = stem
        .get(..end)?
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + stem.get(at..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8));
    let from = from.max(start);
    let (prefix, digits, suffix) = (path.get(..from)?, stem.get(from..end)?, path.get(end..)?);
    let number = digits.parse().ok().filter(|_| digits.len() <= 10)?;
    let camera = is_camera(file_name(prefix), digits, end == stem.len());
    let frames_only = frames == FrameUse::Usual;
    let dotted = prefix.ends_with('.') && digits.len() >= 4 && end == stem.len();
    let least = if frames_only || dotted { LEAST } else { MANY };
    (!camera || frames_only).then_some(Name { prefix, digits, suffix, number, least })
}

/// `DSC_0001`, `IMG_4711`, `_MG_0815`: four characters and four digits are a camera's count of single pictures (DCF).
fn is_camera(prefix: &str, digits: &str, whole: bool) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    whole && digits.len() == 4 && prefix.len() == 4 && prefix.bytes().all(plain)
}

impl Run {
    fn add(&mut self, number: u64, digits: usize, report: AssetReport) {
        self.numbers.entry(number).or_default().insert(digits);
        let like = self.groups.iter_mut().find(|group| group.rows.first().is_some_and(|first| same(first, &report)));
        match like {
            Some(group) => {
                group.numbers.push(number);
                group.bytes = group.bytes.saturating_add(report.bytes);
                if group.numbers.len() < self.least {
                    group.rows.push(report);
                } else {
                    group.rows.truncate(1);
                }
            }
            None => self.groups.push(Group { numbers: vec![number], bytes: report.bytes, rows: vec![report] }),
        }
    }

    fn rows(self, complete: bool, out: &mut Vec<Row>) {
        let mut faults = if complete && self.is_long() { self.faults() } else { vec![] };
        for group in &self.groups {
            if group.numbers.len() < self.least {
                out.extend(
                    group.rows.iter().cloned().map(|report| Row { report, faults: std::mem::take(&mut faults) }),
                );
            } else if let Some(report) = self.merged(group) {
                out.push(Row { report, faults: std::mem::take(&mut faults) });
            }
        }
    }

    fn is_long(&self) -> bool {
        self.numbers.len() >= self.least
    }

    fn merged(&self, group: &Group) -> Option<AssetReport> {
        let mut row = group.rows.first()?.clone();
        let (first, last) = (*group.numbers.iter().min()?, *group.numbers.iter().max()?);
        let present = self.numbers.range(first..=last).count() as u64;
        let count = group.numbers.len() as u64;
        let old = file_name(&row.path).to_owned();
        row.path = format!("{}[{}-{}]{}", self.prefix, self.written(first), self.written(last), self.suffix);
        let new = file_name(&row.path).to_owned();
        let exact = file_name(&format!("{}[{}]{}", self.prefix, self.spelled(group), self.suffix)).to_owned();
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
            missing: (last - first + 1).saturating_sub(present),
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
        let width = self.numbers.get(&number).and_then(|w| w.first()).copied().unwrap_or(1);
        format!("{number:0width$}")
    }

    /// Missing frames and changes of padding.
    fn faults(&self) -> Vec<PackageFault> {
        let (Some((first, _)), Some((last, _))) = (self.numbers.first_key_value(), self.numbers.last_key_value())
        else {
            return vec![];
        };
        let path = format!("{}[{}-{}]{}", self.prefix, self.written(*first), self.written(*last), self.suffix);
        let fault = |what: String| PackageFault { kind: PackageFaultKind::SequenceGap, path: path.clone(), what };
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
        if let Some((number, widths)) = self.numbers.iter().find(|(_, widths)| widths.len() > 1) {
            let twice: Vec<_> = widths.iter().map(|width| format!("{number:0width$}")).collect();
            out.push(fault(format!("the padding changes: frame {number} is there as {}", twice.join(" and "))));
        } else if let Some(number) = self.padding_change() {
            out.push(fault(format!("the padding changes at {}", self.written(number))));
        }
        out
    }

    /// A number written like its neighbor.
    fn like(&self, neighbor: u64, number: u64) -> String {
        let width = self.numbers.get(&neighbor).and_then(|w| w.first()).copied().unwrap_or(1);
        format!("{number:0width$}")
    }

    /// The first number that is neither as wide as the first one nor grown out of it.
    fn padding_change(&self) -> Option<u64> {
        let width = *self.numbers.first_key_value()?.1.first()?;
        let odd = |(number, widths): &(&u64, &BTreeSet<usize>)| {
            widths.first().is_some_and(|own| *own != width.max(number.to_string().len()))
        };
        self.numbers.iter().find(odd).map(|(number, _)| *number)
    }
}

/// Whether the same is said of two frames, their names, sizes and digests aside.
fn same(a: &AssetReport, b: &AssetReport) -> bool {
    let told = |a: &Finding, b: &Finding| {
        let one = (&a.rule, a.severity, a.state, &a.approval, &a.reason);
        let other = (&b.rule, b.severity, b.state, &b.approval, &b.reason);
        one == other
    };
    (&a.format, a.role, &a.role_basis, a.package, a.ai) == (&b.format, b.role, &b.role_basis, b.package, b.ai)
        && a.findings.len() == b.findings.len()
        && a.findings.iter().zip(&b.findings).all(|(x, y)| told(x, y) && nameless(x, a) == nameless(y, b))
        && a.plays == b.plays
        && (&a.uses, a.in_cut) == (&b.uses, b.in_cut)
        && a.evidence == b.evidence
        && a.c2pa == b.c2pa
        && a.problems == b.problems
        && a.records == b.records
        && a.tags == b.tags
}

/// Message and action without the frame's own name.
fn nameless(finding: &Finding, of: &AssetReport) -> (String, FindingAction) {
    let name = file_name(&of.path);
    let mut action = finding.action.clone();
    for command in action.commands_mut() {
        command.file.replace_file_name(name, "\0");
    }
    (finding.message.replace(name, "\0"), action)
}
