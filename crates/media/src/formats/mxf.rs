//! MXF (SMPTE ST 377-1): partitions, header metadata, generic streams (ST 410, RP 2057).
//!
//! Essence is never read. The header partition's metadata is; partitions are found by the random index
//! pack, else by the footer and its chain, else by hopping from key to key.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::klv::{self, Key, Klv};
use crate::tags::mxf::{self, dotted};
use crate::tags::mxf_packages::Packages;
use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem, Store};

/// The MXF format.
pub struct Mxf;

static INFO: Info = Info {
    id: FormatId::new("mxf"),
    name: "MXF",
    extensions: &["mxf"],
    media: Media::Video,
    specification: "SMPTE ST 377-1, ST 336, ST 410, RP 2057",
    version: 3,
    ..Info::DEFAULT
};

/// Partition packs, up to the byte that tells their kind.
const PARTITION: [u8; 13] = [0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02, 0x01, 0x01];
const HEADER: u8 = 0x02;
const BODY: u8 = 0x03;
const FOOTER: u8 = 0x04;
/// Byte 15 of the key of a partition that is closed and complete.
const COMPLETE: u8 = 0x04;
const PRIMER: u8 = 0x05;
const INDEX: u8 = 0x11;
/// Byte 15 of a body partition's key that makes it a generic stream partition (ST 410).
const GENERIC: u8 = 0x11;
/// Stream data elements (ST 410), up to the bytes that tell how they are wrapped.
const STREAM: [u8; 11] = [0x06, 0x0E, 0x2B, 0x34, 0x01, 0x01, 0x01, 0x0C, 0x0D, 0x01, 0x05];
/// A partition pack without its essence container labels.
const PACK: usize = 88;
/// A run-in may look like another format on purpose.
const BEHIND_RUN_IN: Score = Score(40);
/// Bytes before the header partition (section 6.5).
const RUN_IN: usize = 64 * 1024;
/// Keys that are hopped over where neither an index pack nor a footer tells the partitions.
const HOPS: usize = 20_000;

impl Format for Mxf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match header_partition(probe.head) {
            Some(0) => Score::SURE,
            Some(_) => BEHIND_RUN_IN,
            None => Score::NO,
        }
    }

    fn sniff_above(&self, probe: &Probe<'_>, score: Score) -> Score {
        let begins = probe.head.starts_with(&PARTITION) && probe.head.get(PARTITION.len()) == Some(&HEADER);
        if score >= BEHIND_RUN_IN && !begins { Score::NO } else { self.sniff(probe) }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let base = header_partition(source.head()?).unwrap_or(0) as u64;
        let (streams, packages) = (BTreeMap::new(), Packages::default());
        let mut file = File { source, out, base, streams, images: 0, packages, repeated: 0 };
        let read = file.read();
        file.packages.tell("MXF header metadata", file.out);
        read
    }
}

/// Where the header partition pack starts: no run-in holds the first eleven bytes of its key.
fn header_partition(head: &[u8]) -> Option<usize> {
    let end = head.len().min(RUN_IN + 14);
    let bytes = head.get(..end)?;
    // Every file is asked: the search for the key must cost next to nothing.
    let followed = |at: &usize| bytes.get(at + PARTITION.len()) == Some(&HEADER);
    // A list of signatures holds the key as well: behind other bytes it is told by the whole of the pack's begin.
    let whole = |at: &usize| *at == 0 || head.get(at + 14..).is_none_or(begins_pack);
    memchr::memmem::find_iter(bytes, &PARTITION).filter(followed).find(whole)
}

/// The longest partition pack that is believed behind a run-in: tens of thousands of essence containers.
const LONGEST_PACK: u64 = 1024 * 1024;

/// What follows the kind in the key of a partition pack: open or closed, complete or not; zero; a length. Bytes that the
/// head does not reach are taken to fit.
fn begins_pack(rest: &[u8]) -> bool {
    let status = rest.first().is_none_or(|status| (1..=4).contains(status));
    let ended = rest.get(1).is_none_or(|byte| *byte == 0);
    let length = match rest.get(2..).filter(|length| length.len() >= 9) {
        Some(length) => klv::ber(length).is_some_and(|(len, _)| (PACK as u64..=LONGEST_PACK).contains(&len)),
        None => true,
    };
    status && ended && length
}

fn is_pack(key: &Key, kind: u8) -> bool {
    key[..7] == PARTITION[..7] && key[8..13] == PARTITION[8..] && key[13] == kind
}

fn is_partition(key: &Key) -> bool {
    [HEADER, BODY, FOOTER].iter().any(|kind| is_pack(key, *kind))
}

/// A partition pack (section 7.1).
#[derive(Clone, Copy, Debug)]
struct Partition {
    klv: Klv,
    previous: u64,
    footer: u64,
    header_bytes: u64,
    index_bytes: u64,
    body_sid: u32,
    pattern: Key,
}

fn partition(source: &mut Source, at: u64) -> Result<Partition, Problem> {
    let klv = klv::read(source, at)?;
    if !is_partition(&klv.key) {
        return Err(Problem::malformed("", source.absolute(at), "no partition pack here"));
    }
    if klv.len < PACK as u64 {
        return Err(Problem::malformed("", source.absolute(at), "partition pack too short"));
    }
    if klv.end() > source.len() {
        return Err(Problem::truncated("", source.absolute(at), "the file ends inside a partition pack"));
    }
    let pack = source.read_uncached(klv.value, PACK)?;
    let number =
        |at: usize, len: usize| pack.get(at..at + len).map(|b| b.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)));
    let all = (number(16, 8), number(24, 8), number(32, 8), number(40, 8), number(60, 4), pack.get(64..80));
    let (Some(previous), Some(footer), Some(header_bytes), Some(index_bytes), Some(sid), Some(pattern)) = all else {
        return Err(Problem::truncated("", source.absolute(at), "the file ends inside a partition pack"));
    };
    let pattern = Key::try_from(pattern).unwrap_or_default();
    Ok(Partition { klv, previous, footer, header_bytes, index_bytes, body_sid: sid as u32, pattern })
}

struct File<'a> {
    source: &'a mut Source,
    out: &'a mut Extraction,
    /// Length of the run-in: every offset that the file states counts from its end.
    base: u64,
    /// Generic streams by their id: offset of the first byte, bytes.
    streams: BTreeMap<u32, (u64, Vec<u8>)>,
    images: usize,
    /// What the last complete metadata says of clips.
    packages: Packages,
    /// Bytes of metadata in body partitions so far.
    repeated: u64,
}

impl File<'_> {
    fn read(&mut self) -> Result<(), Problem> {
        let header = partition(self.source, self.base).map_err(|p| p.within("mxf (header partition)"))?;
        let place = Place::new("MXF header partition", self.source.absolute(header.klv.start));
        tags::push(self.out, ("mxf", "PartitionPack.OperationalPattern"), dotted(&header.pattern), &place, 0);
        self.metadata(&header, "MXF header metadata");
        let partitions = self.partitions(&header);
        let mut footer = None;
        for at in partitions {
            match partition(self.source, at) {
                Ok(found) if found.klv.key[13] == BODY && found.klv.key[14] == GENERIC => self.stream(&found),
                Ok(found) if found.klv.key[13] == FOOTER => footer = Some(found),
                Ok(found) if found.header_bytes > 0 => self.again(&found, &header),
                Ok(_) => {}
                Err(problem) => tags::push_problem(self.out, problem.within("mxf (partition)")),
            }
        }
        if let Some(footer) = footer.filter(|f| f.header_bytes > 0) {
            self.later(&footer, "MXF footer metadata");
        }
        for (sid, (offset, bytes)) in std::mem::take(&mut self.streams) {
            self.carried(sid, offset, bytes);
        }
        Ok(())
    }

    /// A body partition that repeats the metadata: read where it is not the same again, byte by byte.
    fn again(&mut self, body: &Partition, header: &Partition) {
        self.repeated = self.repeated.saturating_add(body.header_bytes);
        if self.repeated > limits::BLOB as u64 {
            // A header that is closed and complete (byte 15 of its key) is the last word; another one is not.
            let at = self.source.absolute(body.klv.start);
            let problem = Problem::limit("mxf (partition)", at, "metadata is repeated too often to be compared");
            let complete = header.klv.key[14] == COMPLETE;
            return tags::push_problem(self.out, if complete { problem.harmless() } else { problem });
        }
        let (first, own) = (self.region(header), self.region(body));
        if own.is_none() || own != first {
            self.later(body, "MXF body metadata");
        }
    }

    /// The bytes of a partition's metadata.
    fn region(&mut self, partition: &Partition) -> Option<Vec<u8>> {
        let start = self.metadata_start(partition);
        self.source.read_bounded(start, partition.header_bytes, limits::BLOB).ok()
    }

    /// Fill between the pack and the primer is not counted.
    fn metadata_start(&mut self, partition: &Partition) -> u64 {
        let at = partition.klv.end();
        klv::read(self.source, at).ok().filter(Klv::is_fill).map_or(at, |fill| fill.end())
    }

    /// Later partitions repeat the header's metadata, updated: only what is new is kept.
    fn later(&mut self, partition: &Partition, name: &str) {
        let before = self.out.facts.tags.len();
        self.metadata(partition, name);
        let said: HashSet<_> = self
            .out
            .facts
            .tags
            .iter()
            .take(before)
            .map(|t| (t.space.clone(), t.key.clone(), t.value.clone()))
            .collect();
        let mut index = 0;
        self.out.facts.tags.retain(|tag| {
            index += 1;
            index <= before || !said.contains(&(tag.space.clone(), tag.key.clone(), tag.value.clone()))
        });
    }

    /// Reads the primer and the sets behind a partition pack.
    fn metadata(&mut self, partition: &Partition, name: &str) {
        if let Err(problem) = self.sets(partition, name) {
            tags::push_problem(self.out, problem.within("mxf (header metadata)"));
        }
    }

    fn sets(&mut self, partition: &Partition, name: &str) -> Result<(), Problem> {
        if partition.header_bytes == 0 {
            return Err(Problem::malformed("", self.source.absolute(partition.klv.end()), "no header metadata"));
        }
        let at = self.metadata_start(partition);
        let have = partition.header_bytes.min(self.source.len().saturating_sub(at));
        if have < partition.header_bytes {
            let what = format!("{} bytes stated, {have} left", partition.header_bytes);
            tags::push_problem(self.out, Problem::truncated("mxf (header metadata)", self.source.absolute(at), what));
        }
        let region = self.source.read_bounded(at, have, limits::BLOB)?;
        let base = self.source.absolute(at);
        let mut primer = mxf::Primer::new();
        let mut inner = 0usize;
        let mut sets = 0;
        let mut packages = Packages::default();
        while inner < region.len() {
            let offset = base.saturating_add(inner as u64);
            let klv = region.get(inner..).and_then(|rest| klv::header(rest, inner as u64));
            let Some(klv) = klv else {
                return Err(Problem::malformed("", offset, "no universal label here"));
            };
            let end = usize::try_from(klv.end()).unwrap_or(usize::MAX);
            let Some(value) = region.get(klv.value as usize..end) else {
                return Err(Problem::truncated("", offset, "a set is longer than the header metadata"));
            };
            let place = Place::new(name, base.saturating_add(klv.value));
            if is_pack(&klv.key, PRIMER) {
                primer = mxf::primer(value);
            } else if mxf::is_local_set(&klv.key) {
                mxf::set(&klv.key, value, &primer, &place, self.out);
                packages.add(&klv.key, value, base.saturating_add(klv.value));
                sets += 1;
            } else if !klv.is_fill() {
                dark(&klv.key, value, &place, self.out);
            }
            inner = end;
        }
        if sets == 0 {
            return Err(Problem::malformed("", base, "no sets in the header metadata"));
        }
        self.packages = packages;
        Ok(())
    }

    /// Offsets of all partitions but the header's.
    fn partitions(&mut self, header: &Partition) -> BTreeSet<u64> {
        if let Some(found) = self.index_pack() {
            return found;
        }
        let footer = self.base.saturating_add(header.footer);
        if header.footer != 0 {
            if footer >= self.source.len() {
                let what = format!("the footer partition at {footer} is past the end");
                tags::push_problem(self.out, Problem::truncated("mxf", self.source.len(), what));
            } else if let Some(found) = self.chain(footer) {
                self.end(footer);
                return found;
            }
        }
        self.forward(header)
    }

    /// The random index pack at the file's end (section 12): pairs of stream id and offset.
    fn index_pack(&mut self) -> Option<BTreeSet<u64>> {
        let len = self.source.len();
        let tail = self.source.read_uncached(len.checked_sub(4)?, 4).ok()?;
        let size = u64::from(u32::from_be_bytes(tail.try_into().ok()?));
        let start = len.checked_sub(size).filter(|start| *start > self.base)?;
        let klv = klv::read(self.source, start).ok().filter(|klv| is_pack(&klv.key, INDEX) && klv.end() == len)?;
        let pairs = self.source.read_bounded(klv.value, klv.len.checked_sub(4)?, limits::ITEMS * 12).ok()?;
        let offsets = pairs.chunks_exact(12).map(|pair| {
            let offset = pair[4..].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
            self.base.saturating_add(offset)
        });
        Some(offsets.filter(|at| *at > self.base).collect())
    }

    /// From the footer back by each pack's PreviousPartition; `None` where a link is broken.
    fn chain(&mut self, footer: u64) -> Option<BTreeSet<u64>> {
        let mut found = BTreeSet::new();
        let mut at = footer;
        while at > self.base && found.len() < limits::ITEMS {
            let pack = partition(self.source, at).ok()?;
            found.insert(at);
            let previous = self.base.saturating_add(pack.previous);
            if previous >= at {
                return None;
            }
            at = previous;
        }
        Some(found)
    }

    /// Accounts for all up to the last key that follows the footer partition: no index pack ends the file, and what does may
    /// be another one.
    fn end(&mut self, footer: u64) {
        let mut at = footer;
        for _ in 0..HOPS {
            match klv::read(self.source, at) {
                Ok(klv) if klv.end() <= self.source.len() => at = klv.end(),
                _ => break,
            }
        }
        self.out.coverage.add(0, at);
    }

    /// Hops from key to key behind the header metadata.
    fn forward(&mut self, header: &Partition) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        let mut at = header.klv.end();
        for hop in 0.. {
            if at >= self.source.len() {
                break;
            }
            let offset = self.source.absolute(at);
            if hop >= HOPS {
                let what = format!("no index pack and no footer within {HOPS} keys");
                tags::push_problem(self.out, Problem::limit("mxf", offset, what));
                break;
            }
            let klv = match klv::read(self.source, at) {
                Ok(klv) => klv,
                Err(problem) => {
                    tags::push_problem(self.out, problem.within("mxf"));
                    break;
                }
            };
            if is_partition(&klv.key) {
                found.insert(at);
            }
            if klv.end() > self.source.len() {
                let what = format!("{} bytes stated, {} left", klv.len, self.source.len().saturating_sub(klv.value));
                tags::push_problem(self.out, Problem::truncated("mxf", offset, what));
                break;
            }
            at = klv.end();
        }
        found
    }

    /// Collects the data elements of a generic stream partition.
    fn stream(&mut self, partition: &Partition) {
        let skip = partition.header_bytes.saturating_add(partition.index_bytes);
        let mut at = partition.klv.end().saturating_add(skip);
        for _ in 0..limits::ITEMS {
            if at >= self.source.len() {
                return;
            }
            let read = klv::read(self.source, at).and_then(|klv| self.element(partition.body_sid, &klv));
            match read {
                Ok(Some(next)) => at = next,
                Ok(None) => return,
                Err(problem) => return tags::push_problem(self.out, problem.within("mxf (generic stream)")),
            }
        }
    }

    /// One key of a generic stream partition; where the next one stands, or `None` at the partition's end.
    fn element(&mut self, sid: u32, klv: &Klv) -> Result<Option<u64>, Problem> {
        if is_partition(&klv.key) || is_pack(&klv.key, INDEX) {
            return Ok(None);
        }
        if klv.end() > self.source.len() {
            return Err(Problem::truncated(
                "",
                self.source.absolute(klv.start),
                "the file ends inside a generic stream",
            ));
        }
        if klv.key[..7] == STREAM[..7] && klv.key[8..11] == STREAM[8..] {
            let picture = is_picture(&self.source.read_uncached(klv.value, 8)?);
            self.images += usize::from(picture);
            if picture && self.images > limits::EMBEDDED {
                let at = self.source.absolute(klv.value);
                let what = format!("more than {} pictures", limits::EMBEDDED);
                tags::push_problem(self.out, Problem::limit("mxf (generic stream)", at, what));
                return Ok(Some(klv.end()));
            }
            let held: usize = self.streams.values().map(|(_, bytes)| bytes.len()).sum();
            let bytes = self.source.read_bounded(klv.value, klv.len, limits::BLOB.saturating_sub(held))?;
            let at = self.source.absolute(klv.value);
            self.streams.entry(sid).or_insert((at, Vec::new())).1.extend(bytes);
        }
        Ok(Some(klv.end()))
    }

    /// What a generic stream carries: XMP, other text, a picture, a manifest store.
    fn carried(&mut self, sid: u32, offset: u64, bytes: Vec<u8>) {
        let place = Place::new(format!("MXF generic stream {sid}"), offset);
        if is_picture(&bytes) {
            let place = place.container;
            tags::push_embedded(self.out, Embedded { place: place.to_string(), offset, bytes, name: None });
        } else if bytes.get(4..8) == Some(b"jumb") {
            tags::push_store(self.out, Store { place: place.container.to_string(), offset, bytes, damage: None });
        } else if let Some(text) = decoded(&bytes) {
            mxf::say("RP2057:text", &text, &place, 0, self.out);
        } else if let (text, _) = lossy(&bytes)
            && mxf::is_xmp(&text)
        {
            // A damaged character does not make a packet binary.
            mxf::say("RP2057:text", &text, &place, 0, self.out);
        } else {
            let note = format!("({} bytes of binary)", bytes.len());
            tags::push(self.out, ("mxf", "GenericStream"), note, &place, 0);
        }
    }
}

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(&[0xFF, 0xD8, 0xFF])
}

/// Text in UTF-8, or in UTF-16 where a byte order mark or the first character says so.
fn decoded(bytes: &[u8]) -> Option<String> {
    let (text, whole) = lossy(bytes);
    let plain = text.chars().all(|c| !c.is_control() || c.is_whitespace());
    (whole && plain && !text.is_empty()).then_some(text)
}

/// As [`decoded`], with U+FFFD for what is no character; and whether there was nothing of the kind.
fn lossy(bytes: &[u8]) -> (String, bool) {
    let encoding = match bytes {
        [0xFE, 0xFF, ..] | [0, b'<' | b'{', ..] => encoding_rs::UTF_16BE,
        [0xFF, 0xFE, ..] | [b'<' | b'{', 0, ..] => encoding_rs::UTF_16LE,
        _ => encoding_rs::UTF_8,
    };
    let (text, _, broken) = encoding.decode(bytes);
    (text.trim_end_matches('\0').to_owned(), !broken)
}

/// A triplet in the header metadata that is no local set: text in it is reported.
fn dark(key: &Key, value: &[u8], at: &Place, out: &mut Extraction) {
    if let Some(text) = decoded(value).filter(|t| t.len() >= 4) {
        mxf::say(&dotted(&key[8..]), &text, at, 0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_text_is_no_header_partition() {
        let pack = |status: u8, last: u8, length: &[u8]| {
            [b"words ".as_slice(), &PARTITION, &[HEADER, status, last], length, &[0; 200]].concat()
        };
        for (bytes, expected) in [
            (pack(4, 0, &[0x83, 0, 0, 0x78]), Some(6)),
            (pack(1, 0, &[0x58]), Some(6)),
            // A magic file goes on with its next rule; a key of another version; lengths of no pack.
            (pack(b'\n', b'>', b"4096="), None),
            (pack(5, 0, &[0x58]), None),
            (pack(4, 1, &[0x58]), None),
            (pack(4, 0, &[0x57]), None),
            (pack(4, 0, &[0x80]), None),
            (pack(4, 0, &[0x87, 1, 0, 0, 0, 0, 0, 0]), None),
        ] {
            assert_eq!(header_partition(&bytes), expected, "{:?}", &bytes[19..24]);
        }
        // A real one behind one that is none.
        let both = [pack(b'\n', b'>', b"4096="), pack(2, 0, &[0x58])].concat();
        let first = pack(b'\n', b'>', b"4096=").len();
        assert_eq!(header_partition(&both), Some(first + 6));
        // Without a run-in a damaged pack is still one.
        assert_eq!(header_partition(&pack(0, 7, &[0x80])[6..]), Some(0));
    }
}
