//! MPEG transport streams (ISO/IEC 13818-1 section 2.4): recognized by their sync bytes, service names read.
//!
//! Service and provider stand in the SDT (ETSI EN 300 468 section 5.2.3) and are looked for at the start only.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The MPEG transport stream format.
pub struct MpegTs;

static INFO: Info = Info {
    id: FormatId::new("mpeg-ts"),
    name: "MPEG transport stream",
    extensions: &["ts", "m2ts", "mts", "m2t", "tp", "trp"],
    media: Media::Video,
    specification: "ISO/IEC 13818-1, ETSI EN 300 468",
    version: 2,
    ..Info::DEFAULT
};

const SYNC: u8 = 0x47;
/// Packet length and where its sync byte stands: plain, with a time code before it (BDAV), with Reed-Solomon behind it.
const PACKETS: &[(usize, usize)] = &[(188, 0), (192, 4), (204, 0)];
/// Sync bytes that must follow each other.
const RUN: usize = 8;
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
        let head = source.head()?;
        let Some((length, sync, _)) = packets(head) else { return Ok(()) };
        let mut section: Option<(u64, Vec<u8>)> = None;
        for (index, packet) in head.chunks_exact(length).enumerate() {
            let Some((start, part)) = payload(packet.get(sync..sync + 188).unwrap_or_default()) else { continue };
            match (&mut section, start) {
                (_, true) => {
                    let pointer = usize::from(part.first().copied().unwrap_or(0));
                    let bytes = part.get(1 + pointer..).unwrap_or_default().to_vec();
                    section = Some((base.saturating_add((index * length) as u64), bytes));
                }
                (Some((_, bytes)), false) => bytes.extend(part),
                (None, false) => {}
            }
            if let Some((at, bytes)) = &section
                && let Some(whole) = whole_section(bytes)
            {
                services(whole, &Place::new("MPEG-TS SDT", *at), out);
                break;
            }
        }
        Ok(())
    }
}

/// Packet length, place of the sync byte, and whether the run is long enough to be sure.
fn packets(head: &[u8]) -> Option<(usize, usize, bool)> {
    PACKETS.iter().find_map(|(length, sync)| {
        let packets = (head.len().saturating_sub(*sync)).div_ceil(*length).min(RUN);
        let synced = (0..packets).all(|n| head.get(sync + n * length) == Some(&SYNC));
        (synced && packets >= 2).then_some((*length, *sync, packets == RUN))
    })
}

/// The payload of a packet of the SDT's PID, and whether a section starts in it.
fn payload(packet: &[u8]) -> Option<(bool, &[u8])> {
    let &[SYNC, high, low, control, ref rest @ ..] = packet else { return None };
    if u16::from_be_bytes([high & 0x1F, low]) != SDT_PID || control & 0x10 == 0 {
        return None;
    }
    let skip = if control & 0x20 != 0 { 1 + usize::from(*rest.first()?) } else { 0 };
    Some((high & 0x40 != 0, rest.get(skip..)?))
}

/// The SDT section without its checksum, once all of it is there.
fn whole_section(bytes: &[u8]) -> Option<&[u8]> {
    let &[SDT, high, low, ..] = bytes else { return None };
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
            tags::push(out, "mpeg-ts", key, dvb_text(text), at, 0);
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
