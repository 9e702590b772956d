//! What a format's reader does not account for is looked at once more: another file may stand there.
//!
//! Stretches behind the end and between the parts are identified by their first bytes. Where nothing states where a file
//! ends, its last bytes are asked whether they are the end of another one.

mod flac_stream;
mod own_end;
mod search;

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::formats::{self, Archive, Contents, Format, Probe, Score};
use crate::framing::mpeg_audio::{adts, frame, run};
use crate::framing::{tar, zip};
use crate::identify;
use crate::tags::id3;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Coverage, Media, Problem};

/// What the end of a ZIP's directory begins with.
static ZIP_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"PK\x05\x06"));

/// Another file in a file.
pub struct Appended {
    /// The format that it was recognized as.
    pub format: &'static dyn Format,
    /// Where it stands, as offsets in the file around it.
    pub span: Range<u64>,
}

/// What was found in what is left over.
#[derive(Default)]
pub struct Found {
    /// Other files that stand there.
    pub files: Vec<Appended>,
    /// Bytes of which nothing is known, which is harmless, and whether there are too many stretches of them, which is not.
    pub remarks: Vec<Problem>,
    /// Bytes that may still be searched.
    budget: u64,
}

/// Stretches of one file that are looked at; that there are more is a problem, since another file may stand there.
const STRETCHES: usize = 4_096;
/// Fewer bytes are padding and the rest of some alignment.
const SHORT: u64 = 32;
/// Zeros and blanks that may stand before another file.
const FILLING: usize = limits::HEAD;
/// Frames of sound that follow one another by no accident.
const FRAMES: usize = 10;
/// Bytes of the longest frame of MPEG audio: layer II at 8 kHz with 160 kbit/s.
const FRAME: usize = 2_881;
/// As many, and some filling before the first.
const LONGEST: usize = 4 * 1024;
/// First bytes of a file of its own kind, which are no other one.
const OWN: u64 = 16;
/// Bytes of one part without a meaning that are searched.
const PADDING: u64 = 4 * 1024 * 1024;
/// How far before the end the beginning of another file is looked for, where the end of one was seen.
const SEARCHED: u64 = 64 * 1024 * 1024;

/// Looks at all that the reader of `host` does not account for.
///
/// # Errors
/// I/O, and limits of the source.
pub fn look(source: &mut Source, host: &'static dyn Format, coverage: &Coverage) -> Result<Found, Problem> {
    let (mut out, len) = (Found { budget: search::MOST, ..Found::default() }, source.len());
    let gaps = if coverage.is_unsaid() { Vec::new() } else { coverage.left_over(len) };
    if gaps.len() > STRETCHES || coverage.is_crowded() {
        let what =
            format!("more than {STRETCHES} stretches that are no part of the {} are not looked at", host.info().name);
        out.remarks.push(Problem::limit(&*host.info().id, source.absolute(0), what));
    }
    for gap in gaps.into_iter().take(STRETCHES) {
        stretch(source, host, gap, true, &mut out)?;
    }
    for left in coverage.left() {
        stretch(source, host, left.start..left.end.min(len), false, &mut out)?;
    }
    if (coverage.is_unsaid() || coverage.is_open()) && host.info().archive == Archive::No {
        at_end(source, host, coverage, &mut out)?;
        if out.files.is_empty() {
            behind(source, host, coverage, &mut out)?;
        }
    }
    Ok(out)
}

/// The first file that begins in bytes that are of no known kind.
///
/// # Errors
/// I/O, and limits of the source.
pub fn within(source: &mut Source) -> Result<Option<Appended>, Problem> {
    let len = source.len();
    let mut budget = search::MOST;
    let found = search::first(source, &(0..len), &mut budget)?;
    Ok(found.map(|(at, format)| Appended { format, span: at..len }))
}

/// What stands behind a file of a kind that states no length.
fn behind(source: &mut Source, host: &'static dyn Format, coverage: &Coverage, out: &mut Found) -> Result<(), Problem> {
    let len = source.len();
    match own_end::of(&host.info().id, source, coverage, &mut out.budget)? {
        own_end::End::Own => Ok(()),
        own_end::End::Behind(at) => stretch(source, host, at..len, false, out),
        own_end::End::Unknown(span) => {
            // Behind its own first bytes, which are those of a file as well.
            let begins = if span.start > 0 { span.start + 1 } else { OWN }.min(span.end);
            let found = search::first(source, &(begins..len), &mut out.budget)?;
            out.files.extend(found.map(|(at, format)| Appended { format, span: at..len }));
            Ok(())
        }
    }
}

/// A stretch that nobody accounts for: zeros and blanks, then another file or something unknown.
fn stretch(
    source: &mut Source,
    host: &'static dyn Format,
    span: Range<u64>,
    told: bool,
    out: &mut Found,
) -> Result<(), Problem> {
    if span.end.saturating_sub(span.start) < SHORT {
        return Ok(());
    }
    let len = span.end - span.start;
    let mut at = 0;
    let mut step = limits::WINDOW;
    while at < len && at < FILLING as u64 {
        let bytes = source.up_to(span.start + at, (len - at).min(step as u64) as usize)?;
        match bytes.iter().position(|b| !matches!(b, 0 | b' ' | b'\r' | b'\n' | b'\t' | 0xFF)) {
            // A frame of sound begins with bytes that are all ones.
            Some(by) => {
                let ones = bytes.get(..by).unwrap_or_default().iter().rev().take_while(|b| **b == 0xFF).count();
                at += (by - ones) as u64;
                break;
            }
            None if bytes.is_empty() => break,
            None => at += bytes.len() as u64,
        }
        step = limits::HEAD;
    }
    if at >= len || len - at < SHORT {
        return Ok(());
    }
    // Records of tape archives fill blocks, and images of disks begin with room for a boot program.
    for from in [at, 0] {
        if let Some(format) = known(&mut source.part(span.start + from, len - from))? {
            archive_or_media(source, format, span.start + from..span.end, out);
            return Ok(());
        }
    }
    let inside = span.start + at..span.end;
    if let Some(format) = search::by_end(&mut source.part(inside.start, len - at))? {
        out.files.push(Appended { format, span: inside });
        return Ok(());
    }
    let mut budget = if told { out.budget } else { out.budget.min(PADDING) };
    let before = budget;
    // The length of a box is told by bytes that may be zeros.
    let wider = inside.start.saturating_sub(4).max(span.start)..inside.end;
    let found = search::first(source, &wider, &mut budget)?;
    out.budget = out.budget.saturating_sub(before - budget);
    if let Some((at, format)) = found {
        archive_or_media(source, format, at..span.end, out);
        return Ok(());
    }
    if told && at < FILLING as u64 {
        let what = format!("{len} bytes that are no part of the {}", host.info().name);
        out.remarks.push(Problem::malformed(&*host.info().id, source.absolute(span.start), what).harmless());
    }
    Ok(())
}

/// An archive whose directory counts from the file's first byte, as programs leave it that put pictures before one, is
/// read from there.
fn archive_or_media(source: &Source, format: &'static dyn Format, span: Range<u64>, out: &mut Found) {
    let lists = |span: &Range<u64>| {
        let mut members = Vec::new();
        drop(zip::members(&mut source.part(span.start, span.end - span.start), &mut members));
        members.first().map(|first| first.local)
    };
    let whole = 0..span.end;
    let by_whole = format.info().archive == Archive::Opened(Contents::Zip)
        && lists(&span).is_none()
        && lists(&whole).is_some_and(|first| first >= span.start);
    out.files.push(Appended { format, span: if by_whole { whole } else { span } });
}

/// The format of these bytes, where they are surely media or an archive.
fn known(source: &mut Source) -> Result<Option<&'static dyn Format>, Problem> {
    let len = source.len();
    let probe = Probe { head: source.head()?, len };
    let Some(format) = identify::best(&probe) else {
        let (_, tail) = source.tail()?;
        return Ok(if zip::ends(tail) { formats::by_id("zip") } else { None });
    };
    let sure = format.sniff(&probe) >= Score::LIKELY || sound(probe.head);
    let media = format.info().media;
    Ok((sure && media != Media::Companion).then_some(format))
}

/// Frames of sound without a tag before them, in numbers that no other data show.
fn sound(head: &[u8]) -> bool {
    let from = memchr::memchr(0xFF, head.get(..head.len().min(4096)).unwrap_or_default()).unwrap_or(0);
    let rest = head.get(from..).unwrap_or_default();
    let whole = |read: fn(&[u8]) -> Option<crate::framing::mpeg_audio::Frame>| run(rest, read, FRAMES) >= 3;
    whole(frame) || whole(adts)
}

/// Whether the last bytes are the end of another file, and where that begins.
fn at_end(source: &mut Source, host: &'static dyn Format, coverage: &Coverage, out: &mut Found) -> Result<(), Problem> {
    let len = source.len();
    let (start, tail) = source.tail()?;
    if ZIP_END.find(tail).is_some() {
        let tail = tail.to_vec();
        if ends_archive(source, start, &tail) {
            out.files.extend(formats::by_id("zip").map(|format| Appended { format, span: 0..len }));
            return Ok(());
        }
    }
    // The last part of a file is often a picture that its own directory tells of.
    if len.checked_sub(1).is_none_or(|last| coverage.holds(last)) {
        return Ok(());
    }
    let id = host.info().id;
    let (start, tail) = source.tail()?;
    let filled = tail.iter().rposition(|b| !matches!(b, 0 | b'\r' | b'\n' | b' ')).map_or(0, |last| last + 1);
    let end = tail.get(..filled).unwrap_or_default();
    let begins: Option<(&[u8], &str)> = if end.ends_with(b"IEND\xAE\x42\x60\x82") && id != "png" {
        Some((b"\x89PNG\r\n\x1A\n", "png"))
    } else if end.ends_with(b"%%EOF") && !matches!(id.as_str(), "pdf" | "eps") {
        Some((b"%PDF-", "pdf"))
    } else if end.ends_with(&[0xFF, 0xD9]) && id != "jpeg" {
        Some((&[0xFF, 0xD8, 0xFF], "jpeg"))
    } else if id != "mp3" && ends_sound(end, start == 0) {
        Some((b"ID3", "mp3"))
    } else {
        None
    };
    let Some((magic, name)) = begins else { return Ok(()) };
    let Some(at) = search(source, magic, name)? else { return Ok(()) };
    if let Some(format) = formats::by_id(name).filter(|_| at > 0 && !coverage.holds(at)) {
        out.files.push(Appended { format, span: at..len });
    }
    Ok(())
}

/// Whether an archive's end is in these last bytes, with a directory before it that has members.
fn ends_archive(source: &mut Source, start: u64, tail: &[u8]) -> bool {
    let mut ends = memchr::memmem::rfind_iter(tail, ZIP_END.needle()).take(8);
    ends.any(|at| {
        let comment = tail.get(at + 20..at + 22).map_or(0, |b| usize::from(b[0]) | usize::from(b[1]) << 8);
        let mut members = Vec::new();
        let mut upto = source.part(0, start + (at + 22 + comment) as u64);
        drop(zip::members(&mut upto, &mut members));
        !members.is_empty()
    })
}

/// Whether frames of sound follow one another up to the last byte, before a tag of ID3v1 where there is one. `all`: these
/// bytes are the whole file, so that a tag before the sound is among them.
fn ends_sound(end: &[u8], all: bool) -> bool {
    if !ends_frame(before_tag(end)) {
        return false;
    }
    let from = match memchr::memmem::find(end, b"ID3") {
        None if all => return false,
        None => 0,
        Some(at) => at + end.get(at..).and_then(id3::length).and_then(|len| usize::try_from(len).ok()).unwrap_or(0),
    };
    let end = before_tag(end);
    let upto = |at: usize| {
        let (mut pos, mut count) = (at, 0);
        while let Some(frame) = end.get(pos..).filter(|rest| !rest.is_empty()).and_then(frame) {
            (pos, count) = (pos + frame.len, count + 1);
        }
        pos >= end.len() && count >= 3
    };
    // One frame at least begins in the bytes that the longest one takes.
    let near = end.get(from.min(end.len())..end.len().min(from.saturating_add(LONGEST))).unwrap_or_default();
    memchr::memchr_iter(0xFF, near).any(|at| upto(from + at))
}

/// What stands before a tag of ID3v1, where these bytes end with one.
fn before_tag(end: &[u8]) -> &[u8] {
    match end.len().checked_sub(128).and_then(|at| end.split_at_checked(at)) {
        Some((before, tag)) if tag.starts_with(b"TAG") => before,
        _ => end,
    }
}

/// Whether the last byte may be that of a frame of sound: no other bytes are the end of any.
fn ends_frame(bytes: &[u8]) -> bool {
    let last = bytes.get(bytes.len().saturating_sub(FRAME)..).unwrap_or_default();
    let reaches = |at: usize| last.get(at..).is_some_and(|rest| frame(rest).is_some_and(|f| f.len >= rest.len()));
    memchr::memchr_iter(0xFF, last).any(reaches)
}

/// The last place before the end where a file of this kind begins.
fn search(source: &mut Source, magic: &[u8], name: &str) -> Result<Option<u64>, Problem> {
    const STEP: u64 = 1024 * 1024;
    let len = source.len();
    let format = formats::by_id(name);
    let mut end = len;
    let least = len.saturating_sub(SEARCHED);
    while end > least {
        let start = end.saturating_sub(STEP).max(least);
        // Parts overlap by what a magic number may lack.
        let upto = (end + magic.len() as u64).min(len);
        let bytes = source.part(start, upto - start).up_to(0, (upto - start) as usize)?.to_vec();
        for at in memchr::memmem::rfind_iter(&bytes, magic).take(1024) {
            let head = bytes.get(at..bytes.len().min(at + limits::HEAD)).unwrap_or_default();
            let probe = Probe { head, len: len - start - at as u64 };
            let tagged = name != "mp3" || id3::length(head).is_some_and(|tag| tag < probe.len);
            if tagged && format.is_some_and(|format| format.sniff(&probe) >= Score::LIKELY) {
                return Ok(Some(start + at as u64));
            }
        }
        end = start;
    }
    Ok(None)
}

/// Formats that a file is as well, by bytes that do not stand at its start, or by its name.
///
/// # Errors
/// I/O.
pub fn second(
    source: &mut Source,
    host: &'static dyn Format,
    named: Option<&'static dyn Format>,
) -> Result<Vec<&'static dyn Format>, Problem> {
    let len = source.len();
    let head = source.head()?;
    let mut out: Vec<&'static dyn Format> = Vec::new();
    if host.info().archive == Archive::No {
        let taped = head.get(257..262) == Some(b"ustar") && tar::begins(head).is_some();
        out.extend(taped.then(|| formats::by_id("tar")).flatten());
        let disk = matches!(head.get(0x8001..0x8006), Some(b"CD001" | b"BEA01"));
        out.extend(disk.then(|| formats::by_id("sealed-archive")).flatten());
    }
    let Some(named) = named.filter(|named| named.info().id != host.info().id) else { return Ok(out) };
    let probe = Probe { head, len };
    if out.iter().any(|known| known.info().id == named.info().id) {
        return Ok(out);
    }
    let archive = named.info().archive;
    let fits = match archive {
        Archive::Opened(Contents::Tar) => tar::begins(head).is_some(),
        Archive::Opened(Contents::Zip) if host.info().archive != archive => {
            let mut members = Vec::new();
            drop(zip::members(&mut source.part(0, len), &mut members));
            !members.is_empty()
        }
        // Their first bytes may stand further on.
        Archive::No if matches!(named.info().id.as_str(), "pdf" | "mxf") => named.sniff(&probe) > Score::NO,
        _ => false,
    };
    out.extend(fits.then_some(named));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_frame_is_longer_than_the_longest() {
        let headers = (0..1_u32 << 24).map(|rest| (0xFF00_0000 | rest).to_be_bytes());
        assert_eq!(headers.filter_map(|header| frame(&header)).map(|frame| frame.len).max(), Some(FRAME));
    }

    #[test]
    fn sound_up_to_the_last_byte_is_seen() {
        // Layer III, 44.1 kHz, 128 kbit/s: 417 bytes.
        let frame = [&[0xFF, 0xFB, 0x90, 0x00][..], &[0; 413]].concat();
        let tag = [b"TAG".to_vec(), vec![0; 125]].concat();
        let before = vec![7; 5_000];
        let tagged = [&b"ID3\x04\0\0\0\0\0\0"[..], &frame.repeat(4)].concat();
        assert!(ends_sound(&frame.repeat(4), false));
        assert!(ends_sound(&[frame.repeat(4), tag.clone()].concat(), false));
        assert!(ends_sound(&[before.clone(), tagged.clone(), tag].concat(), true));
        assert!(!ends_sound(&[before.clone(), tagged.clone(), vec![7; 60]].concat(), true));
        assert!(!ends_sound(&frame.repeat(2), false), "two frames are too few");
        assert!(!ends_sound(&frame.repeat(4), true), "no tag before them");
        // A frame that is cut reaches further than the bytes do.
        assert!(ends_sound(&tagged[..tagged.len() - 100], true));
    }
}
