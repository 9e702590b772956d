//! MPEG transport streams (ISO/IEC 13818-1 section 2.4): recognized by their packets' headers, names and user data read.
//!
//! Service and provider stand in the SDT (ETSI EN 300 468 section 5.2.3), descriptors in the tables of programs, user data
//! before the first pictures, ID3 in streams of their own (HTTP Live Streaming). All are looked for at the start only.

use std::collections::HashMap;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::nal::{self, Codec};
use crate::tags::{self, Place, charset, content, id3, mpeg_user_data, sei};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The MPEG transport stream format.
pub struct MpegTs;

static INFO: Info = Info {
    id: FormatId::new("mpeg-ts"),
    name: "MPEG transport stream",
    extensions: &["ts", "m2ts", "mts", "m2t", "tp", "trp", "mpegts"],
    media: Media::Video,
    specification: "ISO/IEC 13818-1, ETSI EN 300 468",
    version: 3,
    ..Info::DEFAULT
};

const SYNC: u8 = 0x47;
/// Packet length and where its sync byte stands: plain, with a time code before it (BDAV), with Reed-Solomon behind it.
const PACKETS: &[(usize, usize)] = &[(188, 0), (192, 4), (204, 0)];
/// Sync bytes that must follow each other.
const RUN: usize = 8;
/// Packets whose headers are looked at to recognize a stream.
const LOOKED_AT: usize = 64;
const PAT_PID: u16 = 0;
const NULL_PID: u16 = 0x1FFF;
const PAT: u8 = 0;
const PMT: u8 = 2;
/// Programs, and streams of all of them, that are looked at.
const PROGRAMS: usize = 32;
const STREAMS: usize = 64;
/// Types of streams: MPEG-1 and MPEG-2 video, H.264, H.265, metadata in PES packets.
const MPEG_1: u8 = 0x01;
const MPEG_2: u8 = 0x02;
const AVC: u8 = 0x1B;
const HEVC: u8 = 0x24;
const METADATA: u8 = 0x15;
const REGISTRATION: u8 = 5;
const SDT_PID: u16 = 0x11;
const SDT: u8 = 0x42;
const SERVICE: u8 = 0x48;

impl Format for MpegTs {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match packets(probe.head) {
            Some((_, _, true)) => Score::SURE,
            Some(_) => Score::LIKELY,
            None => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let base = source.absolute(0);
        let head = source.head()?.to_vec();
        let before = out.facts.tags.len();
        let Some((length, sync, _)) = packets(&head) else { return Ok(()) };
        let all = head.chunks_exact(length).enumerate();
        let all: Vec<Packet<'_>> = all
            .filter_map(|(index, bytes)| {
                let at = base.saturating_add((index * length) as u64);
                Packet::of(at, bytes.get(sync..sync + 188)?)
            })
            .collect();
        if let Some((at, section)) = sections(&all, SDT_PID).into_iter().find(|(_, s)| s.first() == Some(&SDT)) {
            services(&section, &Place::new("MPEG-TS SDT", at), out);
        }
        for (pid, kind) in programs(&all, out) {
            let Some((at, payload)) = elementary(&all, pid) else { continue };
            let place = Place::new(format!("MPEG-TS stream {pid}"), at);
            match kind {
                MPEG_1 | MPEG_2 => mpeg_user_data::read(&payload, &place, out),
                AVC => sei::read(Codec::Avc, &nal::of_byte_stream(&payload), &place, out),
                HEVC => sei::read(Codec::Hevc, &nal::of_byte_stream(&payload), &place, out),
                METADATA if id3::length(&payload).is_some_and(|len| len <= payload.len() as u64) => {
                    id3::read(&payload, &Place { offset: None, ..place }, out);
                }
                _ => {}
            }
        }
        content::tell_unread_packet(&head, before, &Place::new("MPEG-TS", base), out);
        Ok(())
    }
}

/// A packet's header and payload.
struct Packet<'a> {
    at: u64,
    pid: u16,
    start: bool,
    payload: &'a [u8],
}

impl<'a> Packet<'a> {
    fn of(at: u64, packet: &'a [u8]) -> Option<Self> {
        let &[SYNC, high, low, control, ref rest @ ..] = packet else { return None };
        if control & 0x10 == 0 {
            return None;
        }
        let skip = if control & 0x20 != 0 { 1 + usize::from(*rest.first()?) } else { 0 };
        let pid = u16::from_be_bytes([high & 0x1F, low]);
        Some(Self { at, pid, start: high & 0x40 != 0, payload: rest.get(skip..)? })
    }
}

/// The whole sections of one PID, without their checksums.
fn sections(packets: &[Packet<'_>], pid: u16) -> Vec<(u64, Vec<u8>)> {
    let mut out: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut open: Option<(u64, Vec<u8>)> = None;
    for packet in packets.iter().filter(|p| p.pid == pid) {
        if packet.start {
            let pointer = usize::from(packet.payload.first().copied().unwrap_or(0));
            open = Some((packet.at, packet.payload.get(1 + pointer..).unwrap_or_default().to_vec()));
        } else if let Some((_, bytes)) = &mut open {
            bytes.extend(packet.payload);
        }
        if let Some((at, whole)) = open.as_ref().and_then(|(at, bytes)| Some((*at, whole_section(bytes)?.to_vec()))) {
            // Tables come again and again.
            if !out.iter().any(|(_, known)| *known == whole) {
                out.push((at, whole));
            }
            open = None;
        }
    }
    out
}

/// The streams that the programs list: PID and type; their descriptors are told.
fn programs(packets: &[Packet<'_>], out: &mut Extraction) -> Vec<(u16, u8)> {
    let mut streams = Vec::new();
    let tables = sections(packets, PAT_PID).into_iter().filter(|(_, s)| s.first() == Some(&PAT));
    let maps = tables.flat_map(|(_, table)| {
        let rows = table.get(8..).unwrap_or_default().chunks_exact(4);
        rows.filter(|row| row[..2] != [0, 0]).map(|row| u16::from_be_bytes([row[2] & 0x1F, row[3]])).collect::<Vec<_>>()
    });
    for map in maps.take(PROGRAMS) {
        for (at, table) in sections(packets, map).into_iter().filter(|(_, s)| s.first() == Some(&PMT)) {
            let place = Place::new("MPEG-TS PMT", at);
            let Some((info, mut rest)) = table.get(10..).and_then(counted) else { continue };
            descriptors(info, &place, out);
            while let [kind, high, low, tail @ ..] = rest {
                let Some((info, next)) = counted(tail) else { break };
                descriptors(info, &place, out);
                if streams.len() < STREAMS {
                    streams.push((u16::from_be_bytes([high & 0x1F, *low]), *kind));
                }
                rest = next;
            }
        }
    }
    streams
}

/// What a length of twelve bits counts, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [high, low, rest @ ..] = bytes else { return None };
    rest.split_at_checked(usize::from(u16::from_be_bytes([high & 0x0F, *low])))
}

/// Descriptors whose content is text.
fn descriptors(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let mut rest = bytes;
    while let [tag, length, tail @ ..] = rest {
        let (body, next) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = next;
        // A registration is four letters and what its owner likes.
        let text = if *tag == REGISTRATION { body.get(4..).unwrap_or_default() } else { body };
        if let Some(text) = charset::printable(text).filter(|text| text.len() >= 4) {
            tags::push(out, ("mpeg-ts", &format!("descriptor 0x{tag:02x}")), text, at, 0);
        }
    }
}

/// The first packets of a stream's data behind their PES headers (section 2.4.3.6), with the offset of the first.
fn elementary(packets: &[Packet<'_>], pid: u16) -> Option<(u64, Vec<u8>)> {
    let mut out: Option<(u64, Vec<u8>)> = None;
    for packet in packets.iter().filter(|p| p.pid == pid) {
        let payload = match (packet.start, packet.payload) {
            (true, [0, 0, 1, _, _, _, _, _, header, rest @ ..]) => rest.get(usize::from(*header)..).unwrap_or_default(),
            (true, _) => continue,
            (false, payload) => payload,
        };
        match &mut out {
            Some((_, bytes)) => bytes.extend_from_slice(payload),
            None if packet.start => out = Some((packet.at, payload.to_vec())),
            None => {}
        }
    }
    out
}

/// Packet length, place of the sync byte, and whether the run is long enough to be sure.
fn packets(head: &[u8]) -> Option<(usize, usize, bool)> {
    PACKETS.iter().find_map(|(length, sync)| {
        let packets = (head.len().saturating_sub(*sync)).div_ceil(*length).min(RUN);
        let synced = (0..packets).all(|n| head.get(sync + n * length) == Some(&SYNC));
        (synced && packets >= 2 && is_sound(head, *length, *sync)).then_some((*length, *sync, packets == RUN))
    })
}

/// Whether the headers behind the sync bytes are those of packets: lengths of adaptation fields that fit, counters that
/// count (sections 2.4.3.2 to 2.4.3.5). Text in lines of the right length has the letter `G` at the right places, too.
fn is_sound(head: &[u8], length: usize, sync: usize) -> bool {
    let (mut seen, mut wrong, mut pairs, mut breaks, mut known) = (0, 0, 0, 0, false);
    let mut counters: HashMap<u16, (u8, bool)> = HashMap::new();
    let packets = head.chunks(length).filter_map(|packet| packet.get(sync..)).take(LOOKED_AT);
    for packet in packets {
        let &[first, high, low, control, ref rest @ ..] = packet else { continue };
        seen += 1;
        let adaptation = rest.first().copied().unwrap_or_default();
        let fits = match control >> 4 & 3 {
            1 => true,
            2 => adaptation == 183,
            3 => adaptation <= 182,
            _ => false,
        };
        if first != SYNC || !fits {
            wrong += 1;
            continue;
        }
        let pid = u16::from_be_bytes([high & 0x1F, low]);
        known |= matches!(pid, PAT_PID | SDT_PID | NULL_PID);
        if control & 0x10 == 0 || pid == NULL_PID {
            continue;
        }
        let (counter, restarts) = (control & 15, control & 0x20 != 0 && adaptation > 0 && rest.get(1) >= Some(&0x80));
        let before = counters.get(&pid).copied().filter(|_| !restarts);
        // A packet may be sent twice, and not more often.
        let again = before.is_some_and(|(count, _)| count == counter);
        if let Some((count, repeated)) = before {
            pairs += 1;
            breaks += usize::from(!(counter == (count + 1) & 15 || again && !repeated));
        }
        counters.insert(pid, (counter, again));
    }
    wrong * 8 <= seen && breaks * 4 <= pairs && (pairs > 0 || known)
}

/// A section without its checksum, once all of it is there.
fn whole_section(bytes: &[u8]) -> Option<&[u8]> {
    let &[_, high, low, ..] = bytes else { return None };
    let length = usize::from(u16::from_be_bytes([high & 0x0F, low]));
    bytes.get(..(3 + length).checked_sub(4)?).filter(|_| bytes.len() >= 3 + length)
}

fn services(section: &[u8], at: &Place, out: &mut Extraction) {
    let mut rest = section.get(11..).unwrap_or_default();
    while let [_, _, _, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([high & 0x0F, *low])).min(tail.len());
        let (mut descriptors, next) = tail.split_at(length);
        while let [tag, length, tail @ ..] = descriptors {
            let (body, next) = tail.split_at(usize::from(*length).min(tail.len()));
            if *tag == SERVICE {
                service(body, at, out);
            }
            descriptors = next;
        }
        rest = next;
    }
}

fn service(body: &[u8], at: &Place, out: &mut Extraction) {
    let mut rest = body.get(1..).unwrap_or_default();
    for key in ["service_provider", "service_name"] {
        let [length, tail @ ..] = rest else { return };
        let (text, next) = tail.split_at(usize::from(*length).min(tail.len()));
        if !text.is_empty() {
            tags::push(out, ("mpeg-ts", key), dvb_text(text), at, 0);
        }
        rest = next;
    }
}

/// Text of EN 300 468 annex A: the first byte may select the table.
fn dvb_text(bytes: &[u8]) -> String {
    let (encoding, bytes) = match bytes {
        [0x15, rest @ ..] => (encoding_rs::UTF_8, rest),
        [0x11, rest @ ..] => (encoding_rs::UTF_16BE, rest),
        [0x01, rest @ ..] => (encoding_rs::ISO_8859_5, rest),
        [0x10, 0, _, rest @ ..] => (encoding_rs::WINDOWS_1252, rest),
        // The default table is a variant of ISO 6937; writers put UTF-8 there.
        _ if std::str::from_utf8(bytes).is_ok() => (encoding_rs::UTF_8, bytes),
        _ => (encoding_rs::WINDOWS_1252, bytes),
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}
