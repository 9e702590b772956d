//! The packages of an MXF file as clips (SMPTE ST 377-1 sections 9 to 11 and annexes B, C and F): UMIDs, start timecode,
//! length, size of the picture, tape.
//!
//! Sets refer to each other by InstanceUID, so that they are gathered first and followed when all were seen. A tape's UMID
//! is told by no file: many files come from one tape.

use std::collections::HashMap;

use countersign_model::Extraction;
use countersign_model::limits;
use countersign_timelines::Rate;

use crate::framing::klv::{self, Key};
use crate::framing::numbers::array;
use crate::tags::clip::{self, Start};
use crate::tags::{Place, push};

type Uid = [u8; 16];
type Umid = [u8; 32];

/// Byte 15 of a set's key.
mod kind {
    pub(super) const SEQUENCE: u8 = 0x0F;
    pub(super) const SOURCE_CLIP: u8 = 0x11;
    pub(super) const TIMECODE: u8 = 0x14;
    pub(super) const MATERIAL: u8 = 0x36;
    pub(super) const SOURCE: u8 = 0x37;
    pub(super) const TRACK: u8 = 0x3B;
    /// Descriptors of tapes, films and imported files: what a file came from.
    pub(super) const PHYSICAL: [u8; 4] = [0x2D, 0x2E, 0x49, 0x4A];
}

/// One set, as far as clips need it.
#[derive(Debug, Default)]
struct Set {
    kind: u8,
    offset: u64,
    links: Vec<Uid>,
    /// PackageUID, or the package that a clip plays.
    umid: Option<Umid>,
    name: Option<String>,
    rate: Option<Rate>,
    /// StartTimecode, or the StartPosition of a clip.
    start: i64,
    length: i64,
    base: u16,
    drop: bool,
    width: u32,
    height: u32,
    /// Width and height as shown; zero where that is not told.
    shown: (u32, u32),
    fields: bool,
}

/// The sets of one header metadata.
#[derive(Debug, Default)]
pub struct Packages {
    sets: HashMap<Uid, Set>,
    /// In the order of the file.
    order: Vec<Uid>,
}

impl Packages {
    /// Gathers one local set whose value starts at this offset of the file.
    pub fn add(&mut self, key: &Key, body: &[u8], offset: u64) {
        if key[8..14] != [0x0D, 1, 1, 1, 1, 1] || self.order.len() >= limits::ITEMS {
            return;
        }
        let mut set = Set { kind: key[14], offset, ..Set::default() };
        let mut own = None;
        for item in klv::locals(body, key[5]).into_iter().flatten() {
            match item.tag {
                0x3C0A => own = array(item.value, 0),
                _ => set.item(item.tag, item.value),
            }
        }
        if let Some(own) = own
            && self.sets.insert(own, set).is_none()
        {
            self.order.push(own);
        }
    }

    /// Tells what was gathered.
    pub fn tell(&self, container: &str, out: &mut Extraction) {
        let place = |set: &Set| Place::new(container, set.offset);
        for set in self.of(&[kind::MATERIAL, kind::SOURCE]).filter(|set| !self.is_physical(set)) {
            if let Some(umid) = set.umid {
                push(out, ("clip", "UMID"), data_encoding::HEXLOWER.encode(&umid), &place(set), 0);
            }
        }
        if let Some((start, set)) = self.start() {
            clip::start(start, &place(set), 0, out);
        }
        if let Some((seconds, set)) = self.seconds() {
            clip::duration(seconds, &place(set), 0, out);
        }
        if let Some(set) = self.ordered().find(|set| set.width > 0 && set.height > 0) {
            let (width, height) = if set.shown.0 > 0 && set.shown.1 > 0 { set.shown } else { (set.width, set.height) };
            push(out, ("image", "Width"), width.to_string(), &place(set), 0);
            let height = if set.fields { height.saturating_mul(2) } else { height };
            push(out, ("image", "Height"), height.to_string(), &place(set), 0);
        }
        for tape in self.of(&[kind::SOURCE]).filter(|set| self.is_physical(set)) {
            if let Some(name) = tape.name.as_ref().filter(|name| !name.is_empty()) {
                push(out, ("clip", "Reel"), name.clone(), &place(tape), 0);
            }
        }
    }

    fn ordered(&self) -> impl Iterator<Item = &Set> {
        self.order.iter().filter_map(|uid| self.sets.get(uid))
    }

    fn of<'a>(&'a self, kinds: &'a [u8]) -> impl Iterator<Item = &'a Set> {
        self.ordered().filter(|set| kinds.contains(&set.kind))
    }

    fn links<'a, 's>(&'a self, set: &'s Set) -> impl Iterator<Item = &'a Set> + use<'a, 's> {
        set.links.iter().filter_map(|uid| self.sets.get(uid))
    }

    /// A package of a tape, a film or an imported file.
    fn is_physical(&self, package: &Set) -> bool {
        package.kind == kind::SOURCE && self.links(package).any(|set| kind::PHYSICAL.contains(&set.kind))
    }

    /// The components of a package of one kind, with the rate of their track.
    fn components<'a>(&'a self, package: &Set, wanted: u8) -> Vec<(&'a Set, Option<Rate>)> {
        let mut found = Vec::new();
        for track in self.links(package).filter(|set| set.kind == kind::TRACK) {
            for segment in self.links(track) {
                let inner = self.links(segment).filter(|_| segment.kind == kind::SEQUENCE);
                let parts = std::iter::once(segment).chain(inner).filter(|set| set.kind == wanted);
                found.extend(parts.map(|set| (set, track.rate)));
            }
        }
        found
    }

    fn timecode(&self, package: &Set) -> Option<(Start, &Set)> {
        let (set, rate) = self.components(package, kind::TIMECODE).into_iter().next()?;
        // The track counts edit units: 29.97 a second where the timecode's base is 30.
        let rate = rate.filter(|rate| rate.nominal() == u32::from(set.base));
        let rate = rate.or_else(|| Rate::new(u32::from(set.base), 1))?;
        Some((Start { frames: set.start, rate, drop: set.drop }, set))
    }

    /// The start timecode: of the file's own package, of the tape from where the file begins on it, of what is played.
    fn start(&self) -> Option<(Start, &Set)> {
        let files: Vec<&Set> = self.of(&[kind::SOURCE]).filter(|set| !self.is_physical(set)).collect();
        let own = files.iter().filter_map(|file| self.timecode(file));
        let of_tapes = files.iter().filter_map(|file| self.on_tape(file));
        let played = self.of(&[kind::MATERIAL]).filter_map(|package| self.timecode(package));
        let all: Vec<_> = own.chain(of_tapes).chain(played).collect();
        // A package that was not told a timecode counts from zero.
        all.iter().find(|(start, _)| start.frames != 0).or_else(|| all.first()).copied()
    }

    /// The timecode of a tape where a file begins on it.
    fn on_tape(&self, file: &Set) -> Option<(Start, &Set)> {
        let (clip, rate) = self
            .components(file, kind::SOURCE_CLIP)
            .into_iter()
            .find(|(clip, _)| clip.umid.is_some_and(|umid| umid.iter().any(|byte| *byte != 0)))?;
        let tape = self.of(&[kind::SOURCE]).find(|set| self.is_physical(set) && set.umid == clip.umid)?;
        let (start, set) = self.timecode(tape)?;
        let into = rate.map_or(clip.start, |rate| rate.convert(clip.start, start.rate));
        Some((Start { frames: start.frames.checked_add(into)?, ..start }, set))
    }

    /// The length of the file's essence, else of what is played.
    fn seconds(&self) -> Option<(f64, &Set)> {
        let of = |length: i64, rate: Rate| length as f64 / rate.as_f64();
        let file = self.of(&[kind::SOURCE]).filter(|set| !self.is_physical(set));
        let stated = file.flat_map(|package| self.links(package)).chain(self.ordered()).find_map(|set| {
            let is_descriptor = set.kind != kind::TRACK && set.rate.is_some() && set.length > 0;
            is_descriptor.then(|| set.rate.map(|rate| (of(set.length, rate), set)))?
        });
        stated.or_else(|| {
            let material = self.of(&[kind::MATERIAL]).next()?;
            let clips = [kind::SOURCE_CLIP, kind::TIMECODE].iter().flat_map(|kind| self.components(material, *kind));
            clips.filter(|(set, _)| set.length > 0).find_map(|(set, rate)| Some((of(set.length, rate?), set)))
        })
    }
}

impl Set {
    fn item(&mut self, tag: u16, value: &[u8]) {
        let signed = || array(value, 0).map(i64::from_be_bytes);
        let word = || array(value, 0).map_or(0, u32::from_be_bytes);
        match tag {
            // One reference: Segment, Descriptor. Batches: Tracks, StructuralComponents, SubDescriptors.
            0x4803 | 0x4701 => self.links.extend(array(value, 0)),
            0x4403 | 0x1001 | 0x3F01 => {
                let items = value.get(8..).unwrap_or_default().chunks_exact(16).take(limits::PROBLEMS * 16);
                self.links.extend(items.filter_map(|item| array(item, 0)));
            }
            0x4401 | 0x1101 => self.umid = array(value, 0),
            0x4402 => self.name = Some(super::mxf::text16(value).unwrap_or_default()),
            // EditRate of a track, SampleRate of a descriptor.
            0x4B01 | 0x3001 => {
                let under = array(value, 4).map_or(0, u32::from_be_bytes);
                self.rate = Rate::new(word(), under);
            }
            // Duration of a component, ContainerDuration of a descriptor; below zero: not known.
            0x0202 | 0x3002 => self.length = signed().unwrap_or(0),
            0x1501 | 0x1201 => self.start = signed().unwrap_or(0),
            0x1502 => self.base = array(value, 0).map_or(0, u16::from_be_bytes),
            0x1503 => self.drop = value.first().is_some_and(|byte| *byte != 0),
            // What is shown counts, where it is told; what is stored may be padded to whole blocks.
            0x3209 => self.shown.0 = word(),
            0x3208 => self.shown.1 = word(),
            0x3203 => self.width = word(),
            0x3202 => self.height = word(),
            0x320C => self.fields = value.first() == Some(&1),
            _ => {}
        }
    }
}
