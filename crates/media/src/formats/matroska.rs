//! Matroska (RFC 9559): where a segment's Info, Tracks, Tags, Attachments and Chapters stand.
//!
//! Tags may follow the clusters, or stand between them. The SeekHead (section 5.1.1) leads to what it knows; all else is
//! found by hopping over the clusters by their sizes. What the elements say is in [`crate::tags::matroska`].

mod attachments;
mod pictures;

use std::collections::{HashSet, VecDeque};

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::ebml::{self, Element};
use crate::tags::{self, Place, matroska};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem, ProblemKind};

/// The Matroska format.
pub struct Matroska;

static INFO: Info = Info {
    id: FormatId::new("matroska"),
    name: "Matroska",
    extensions: &["mkv", "mka", "mks", "mk3d"],
    media: Media::Video,
    specification: "RFC 9559, RFC 8794 (EBML)",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Matroska {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match doc_type(probe.head) {
            Some(kind) if kind == "matroska" => Score::SURE,
            Some(kind) if kind != "webm" => Score::LIKELY,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        segments(source, out)
    }
}

const EBML: u32 = 0x1A45_DFA3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114D_9B74;
const SEEK: u32 = 0x4DBB;
const SEEK_ID: u32 = 0x53AB;
const SEEK_POSITION: u32 = 0x53AC;
const INFORMATION: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const CHAPTERS: u32 = 0x1043_A770;
const CLUSTER: u32 = 0x1F43_B675;
const CUES: u32 = 0x1C53_BB6B;
const CUE_POINT: u32 = 0xBB;
const CUE_TRACK_POSITIONS: u32 = 0xB7;
const CUE_CLUSTER_POSITION: u32 = 0xF1;
const ATTACHMENTS: u32 = 0x1941_A469;
const TAGS: u32 = 0x1254_C367;
const VOID: u32 = 0xEC;
const CRC_32: u32 = 0xBF;

/// What may stand directly in a segment: it ends a cluster of unknown size.
const LEVEL_1: &[u32] = &[SEEK_HEAD, INFORMATION, TRACKS, CHAPTERS, CLUSTER, CUES, ATTACHMENTS, TAGS];
/// Level 1 elements that a SeekHead is followed to.
const WANTED: &[u32] = &[SEEK_HEAD, INFORMATION, TRACKS, CHAPTERS, CUES, ATTACHMENTS, TAGS];
/// Entries of one file's SeekHeads that are followed.
const SEEKS: usize = 256;
/// The longest Cues that are read: they only save hops.
const CUES_BYTES: u64 = 256 * 1024;
/// Clusters, and blocks of clusters whose size is left open, that are hopped over: a day of live pictures and sound.
const HOPS: usize = 10_000_000;
/// Segments of one file (appended live recordings).
const SEGMENTS: usize = 256;

/// The document type of an EBML header at the start of `head`; the default is `matroska`.
pub(super) fn doc_type(head: &[u8]) -> Option<String> {
    let element = ebml::header(head, 0).filter(|e| e.id == EBML)?;
    let end = usize::try_from(element.end()?).ok()?.min(head.len());
    let body = head.get(element.body as usize..end)?;
    let named = ebml::children(body).map_while(Result::ok).find(|c| c.id == DOC_TYPE);
    Some(named.map_or_else(|| "matroska".to_owned(), |c| c.text()))
}

/// Reads every segment of the file.
pub(super) fn segments(source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
    let mut at = 0;
    let mut found = 0;
    while at < source.len() {
        let element = match ebml::read(source, at) {
            Ok(element) => element,
            // Whatever stands behind a whole segment is not part of it.
            Err(problem) if found > 0 => {
                tags::push_problem(out, problem.within("matroska").harmless());
                break;
            }
            Err(problem) => return Err(problem.within("matroska")),
        };
        at = match element.id {
            SEGMENT => {
                found += 1;
                let mut walk = Walk::new(source, out, element);
                walk.run();
                let end = walk.end;
                out.coverage.add(element.start, end);
                end
            }
            EBML | VOID | CRC_32 => {
                let end = element.end().unwrap_or(u64::MAX);
                out.coverage.add(element.start, end);
                if element.id == VOID {
                    out.coverage.leave(element.body, end);
                }
                end
            }
            _ => break,
        };
        if found >= SEGMENTS {
            return Err(Problem::limit("matroska", at, format!("more than {SEGMENTS} segments")));
        }
    }
    if found == 0 {
        return Err(Problem::truncated("matroska", source.len(), "no Segment"));
    }
    Ok(())
}

/// One segment's walk.
struct Walk<'a> {
    source: &'a mut Source,
    out: &'a mut Extraction,
    segment: Element,
    /// Where the segment ends: stated, or as far as is known.
    end: u64,
    /// Level 1 elements read already.
    seen: HashSet<u64>,
    seeks: VecDeque<(u32, u64)>,
    followed: usize,
    /// The last cluster that the Cues know.
    last_cue: u64,
    hops: usize,
    /// Tracks before whose first pictures user data may stand; none once they were looked at.
    pictures: Vec<pictures::Track>,
}

impl<'a> Walk<'a> {
    fn new(source: &'a mut Source, out: &'a mut Extraction, segment: Element) -> Self {
        let end = segment.end().unwrap_or_else(|| if segment.size.is_some() { u64::MAX } else { source.len() });
        if end > source.len() {
            let (at, have) = (source.absolute(segment.start), source.len().saturating_sub(segment.body));
            let what = format!("{} bytes stated, {have} left", segment.size.unwrap_or_default());
            tags::push_problem(out, Problem::truncated("matroska (Segment)", at, what));
        }
        let end = end.min(source.len());
        let (seen, seeks) = (HashSet::new(), VecDeque::new());
        Self { source, out, segment, end, seen, seeks, followed: 0, last_cue: 0, hops: 0, pictures: Vec::new() }
    }

    fn run(&mut self) {
        let Some(cluster) = self.front() else {
            if self.segment.size.is_none() {
                let at = self.source.absolute(self.end);
                tags::push_problem(
                    self.out,
                    Problem::truncated("matroska (Segment)", at, "a recording without a cluster"),
                );
            }
            return;
        };
        self.follow();
        // Neither the SeekHead nor the Cues have to know all that stands between the clusters.
        if let Err(problem) = self.hop(cluster) {
            tags::push_problem(self.out, problem.within("matroska (Cluster)"));
            // Where a cluster is damaged, what stands behind the last one is read all the same.
            if self.last_cue > cluster {
                let _ = self.hop(self.last_cue);
            }
        }
    }

    /// Reads what stands before the first cluster; the cluster's offset, or `None` where there is none to pass.
    fn front(&mut self) -> Option<u64> {
        let mut at = self.segment.body;
        for _ in 0..limits::ITEMS {
            if at >= self.end {
                break;
            }
            let element = match ebml::read(self.source, at) {
                Ok(element) => element,
                Err(problem) => {
                    tags::push_problem(self.out, problem.within("matroska (Segment)"));
                    break;
                }
            };
            if element.id == CLUSTER {
                return Some(at);
            }
            if self.segment.size.is_none() && matches!(element.id, EBML | SEGMENT) {
                self.end = at;
                break;
            }
            self.void(&element);
            self.element(&element);
            at = element.end().unwrap_or(u64::MAX);
        }
        self.follow();
        None
    }

    /// Reads what the SeekHeads point to.
    fn follow(&mut self) {
        while let Some((id, at)) = self.seeks.pop_front() {
            if !WANTED.contains(&id) {
                continue;
            }
            self.followed += 1;
            if self.followed > SEEKS {
                break;
            }
            let found = if at < self.end { ebml::read(self.source, at).ok() } else { None };
            match found {
                Some(element) if element.id == id => self.element(&element),
                _ => {
                    let what = format!("SeekHead leads to {at}, and no element {id:X} is there");
                    let at = self.source.absolute(self.segment.start);
                    // A cut file has its own problem; in a whole one the clusters are walked instead.
                    tags::push_problem(self.out, Problem::malformed("matroska (SeekHead)", at, what).harmless());
                }
            }
        }
    }

    /// Walks from `at` to the end: clusters by their sizes, anything else is read.
    fn hop(&mut self, mut at: u64) -> Result<(), Problem> {
        // Inside a cluster of unknown size its children are walked until an element of level 1 comes.
        let mut inside = false;
        while at < self.end {
            self.hops += 1;
            if self.hops > HOPS {
                let what = format!("more than {HOPS} clusters and blocks");
                return Err(Problem::limit("", self.source.absolute(at), what));
            }
            let element = ebml::read(self.source, at)?;
            if self.segment.size.is_none() && matches!(element.id, EBML | SEGMENT) {
                self.end = at;
                return Ok(());
            }
            if element.id == CLUSTER {
                pictures::read(self.source, &element, &std::mem::take(&mut self.pictures), self.out);
            }
            let level_1 = LEVEL_1.contains(&element.id);
            inside &= !level_1;
            match element.end() {
                Some(end) if end > self.end => {
                    let what = format!("element {:X} ends {} bytes past the segment", element.id, end - self.end);
                    return Err(Problem::truncated("", self.source.absolute(at), what));
                }
                Some(end) => {
                    self.void(&element);
                    if level_1 {
                        self.element(&element);
                    } else if !inside && !matches!(element.id, VOID | CRC_32) {
                        let what = format!("element {:X} does not belong in a segment", element.id);
                        let at = self.source.absolute(at);
                        tags::push_problem(self.out, Problem::malformed("matroska (Segment)", at, what).harmless());
                    }
                    at = end;
                }
                None if element.id == CLUSTER || inside && element.size.is_none() => {
                    inside = true;
                    at = element.body;
                }
                None => {
                    let what = format!("element {:X} has no size", element.id);
                    return Err(Problem::malformed("", self.source.absolute(at), what));
                }
            }
        }
        Ok(())
    }

    /// What is in an element that voids its content is left.
    fn void(&mut self, element: &Element) {
        if let (VOID, Some(end)) = (element.id, element.end()) {
            self.out.coverage.leave(element.body, end.min(self.end));
        }
    }

    /// Reads one element of level 1, once.
    fn element(&mut self, element: &Element) {
        if !self.seen.insert(element.start) || self.seen.len() > limits::ITEMS {
            return;
        }
        let place = match element.id {
            SEEK_HEAD => "SeekHead",
            INFORMATION => "Info",
            TRACKS => "Tracks",
            CHAPTERS => "Chapters",
            ATTACHMENTS => "Attachments",
            TAGS => "Tags",
            CUES => "Cues",
            _ => return,
        };
        if let Err(problem) = self.content(element, place) {
            tags::push_problem(self.out, problem.within(&format!("matroska ({place})")));
        }
    }

    fn content(&mut self, element: &Element, name: &str) -> Result<(), Problem> {
        let at = self.source.absolute(element.start);
        let Some(size) = element.size else {
            return Err(Problem::malformed("", at, "no size stated"));
        };
        if element.id == CUES && size > CUES_BYTES {
            return Ok(());
        }
        let place = Place::new(format!("Matroska Segment/{name}"), self.source.absolute(element.body));
        if element.id == ATTACHMENTS {
            let end = element.end().unwrap_or(u64::MAX);
            if end > self.end {
                let what = format!("{size} bytes stated, {} left", self.end.saturating_sub(element.body));
                tags::push_problem(self.out, Problem::truncated("matroska (Attachments)", at, what));
            }
            return attachments::read(self.source, element.body, end.min(self.end), self.out);
        }
        let cut = element.end().is_none_or(|end| end > self.end);
        let have = size.min(self.end.saturating_sub(element.body));
        if cut {
            let what = format!("{size} bytes stated, {have} left");
            tags::push_problem(self.out, Problem::new(ProblemKind::Truncated, place_of(name), Some(at), what));
        }
        let body = self.source.read_bounded(element.body, have, limits::BLOB)?;
        match element.id {
            SEEK_HEAD => self.seek_head(&body),
            CUES => self.cues(&body),
            INFORMATION => matroska::info(&body, &place, self.out),
            TRACKS => {
                self.pictures = pictures::tracks(&body);
                matroska::tracks(&body, &place, self.out);
            }
            CHAPTERS => matroska::chapters(&body, &place, self.out),
            _ => matroska::tags(&body, &place, self.out),
        }
        Ok(())
    }

    fn seek_head(&mut self, body: &[u8]) {
        for seek in ebml::children(body).map_while(Result::ok).filter(|c| c.id == SEEK) {
            let (mut id, mut position) = (None, None);
            for child in seek.children().map_while(Result::ok) {
                match child.id {
                    SEEK_ID => id = ebml::id(child.body).map(|(id, _)| id),
                    SEEK_POSITION => position = Some(child.unsigned()),
                    _ => {}
                }
            }
            if let (Some(id), Some(position)) = (id, position)
                && self.seeks.len() <= SEEKS
            {
                self.seeks.push_back((id, self.segment.body.saturating_add(position)));
            }
        }
    }

    fn cues(&mut self, body: &[u8]) {
        let points = ebml::children(body).map_while(Result::ok).filter(|c| c.id == CUE_POINT);
        let tracks = points.flat_map(|p| p.children().map_while(Result::ok)).filter(|c| c.id == CUE_TRACK_POSITIONS);
        let clusters = tracks.flat_map(|t| t.children().map_while(Result::ok)).filter(|c| c.id == CUE_CLUSTER_POSITION);
        let Some(last) = clusters.map(|c| c.unsigned()).max() else { return };
        let at = self.segment.body.saturating_add(last);
        let there = if at < self.end { ebml::read(self.source, at).ok() } else { None };
        if there.is_some_and(|e| e.id == CLUSTER) {
            self.last_cue = self.last_cue.max(at);
        }
    }
}

fn place_of(name: &str) -> String {
    format!("matroska ({name})")
}
