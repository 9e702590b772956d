//! Tags at both ends of a raw sound stream: ID3v2 before it; ID3v1, APE, Lyrics3 and ID3v2 with a footer behind it.

use std::ops::Range;

use crate::tags::{Place, ape, charset, id3, push, push_problem};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Tags that may follow one another.
const TAGS: usize = 16;

/// What stands behind an ID3v2 tag at the start of these bytes, where one does.
#[must_use]
pub fn behind_id3(head: &[u8]) -> &[u8] {
    let tag = id3::length(head).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    head.get(tag..).unwrap_or_default()
}

/// Reads the tags at both ends; where the sound between them begins and ends.
///
/// # Errors
/// As [`leading`] and [`trailing`], and `truncated` for less than `least` bytes of sound.
pub fn both(
    source: &mut Source,
    file: &str,
    id: &str,
    least: u64,
    out: &mut Extraction,
) -> Result<(u64, u64), Problem> {
    let start = leading(source, file, out)?;
    let end = trailing(source, file, start, out)?;
    if end.saturating_sub(start) < least {
        let what = "no sound behind the tags";
        return Err(Problem::truncated(format!("{id} (header)"), source.absolute(start), what));
    }
    Ok((start, end))
}

/// Reads the ID3v2 and APE tags at the start; the offset behind them.
///
/// # Errors
/// Where the file ends inside a tag's header, and I/O.
pub fn leading(source: &mut Source, file: &str, out: &mut Extraction) -> Result<u64, Problem> {
    let mut pos = 0;
    for _ in 0..TAGS {
        let head = source.up_to(pos, ape::FOOTER)?.to_vec();
        if let Some(len) = id3::length(&head) {
            id3_at(source, file, pos, len, out)?;
            pos = pos.saturating_add(len).min(source.len());
        } else if let Some(footer) = ape::footer(&head).filter(|f| f.is_header) {
            pos = pos.saturating_add(ape::FOOTER as u64);
            ape_at(source, file, pos, &footer, out)?;
            pos = pos.saturating_add(footer.size.into()).min(source.len());
        } else {
            break;
        }
    }
    out.coverage.add(0, pos);
    // Where the sound ends is not stated, as a rule.
    out.coverage.open_from(pos);
    Ok(pos)
}

fn id3_at(source: &mut Source, file: &str, pos: u64, len: u64, out: &mut Extraction) -> Result<(), Problem> {
    let there = len.min(source.len().saturating_sub(pos));
    let place = Place::new(format!("{file} ID3v2"), source.absolute(pos));
    let blob = source.read_bounded(pos, there, limits::BLOB).map_err(|p| p.within(&place.container))?;
    id3::read(&blob, &place, out);
    Ok(())
}

fn ape_at(
    source: &mut Source,
    file: &str,
    pos: u64,
    footer: &ape::Footer,
    out: &mut Extraction,
) -> Result<(), Problem> {
    let len = u64::from(footer.size).saturating_sub(ape::FOOTER as u64);
    let place = Place::new(format!("{file} APE"), source.absolute(pos));
    let blob = source.read_bounded(pos, len, limits::BLOB).map_err(|p| p.within(&place.container))?;
    ape::read(&blob, footer, &place, out);
    Ok(())
}

/// Reads the tags at the end, which must not reach before `start`; the offset where they begin.
///
/// # Errors
/// I/O.
pub fn trailing(source: &mut Source, file: &str, start: u64, out: &mut Extraction) -> Result<u64, Problem> {
    let mut end = source.len();
    // One read for all of the small looks that follow.
    source.tail()?;
    for _ in 0..TAGS {
        let before = end;
        end = read_one_tag(source, file, start, end, out)?;
        if end == before {
            break;
        }
    }
    out.coverage.add(end, source.len());
    Ok(end)
}

fn before(source: &mut Source, start: u64, end: u64, len: usize) -> Result<Option<Vec<u8>>, Problem> {
    match end.checked_sub(len as u64).filter(|at| *at >= start) {
        Some(at) => source.vec(at, len).map(Some),
        None => Ok(None),
    }
}

fn read_one_tag(source: &mut Source, file: &str, start: u64, end: u64, out: &mut Extraction) -> Result<u64, Problem> {
    // The end of `APETAGEX` would look like it, where the rest of an APE tag is cut.
    let of_ape = before(source, start, end, id3::V1 + 3)?.is_some_and(|b| b.starts_with(b"APETAGEX"));
    if let Some(blob) = before(source, start, end, id3::V1)?.filter(|b| b.starts_with(b"TAG") && !of_ape) {
        let at = end - id3::V1 as u64;
        id3::read_v1(&blob, &Place::new(format!("{file} ID3v1"), source.absolute(at)), out);
        return Ok(at);
    }
    if let Some(footer) = before(source, start, end, ape::FOOTER)?.as_deref().and_then(ape::footer) {
        return ape_before(source, file, start..end, &footer, out);
    }
    let foot = before(source, start, end, id3::HEADER)?.filter(|b| b.starts_with(b"3DI"));
    let length = foot.as_deref().and_then(id3::length);
    if let Some((at, len)) = length.and_then(|len| Some((end.checked_sub(len).filter(|at| *at >= start)?, len))) {
        id3_at(source, file, at, len, out)?;
        return Ok(at);
    }
    lyrics3(source, file, start, end, out)
}

fn ape_before(
    source: &mut Source,
    file: &str,
    Range { start, end }: Range<u64>,
    footer: &ape::Footer,
    out: &mut Extraction,
) -> Result<u64, Problem> {
    let size = u64::from(footer.size);
    let Some(items) = end.checked_sub(size).filter(|at| *at >= start && size >= ape::FOOTER as u64) else {
        let problem =
            Problem::malformed(format!("{file} APE"), source.absolute(end), "the tag is longer than the file");
        push_problem(out, problem);
        return Ok(end);
    };
    ape_at(source, file, items, footer, out)?;
    Ok(items - if footer.has_header { (ape::FOOTER as u64).min(items - start) } else { 0 })
}

/// Lyrics3 (id3.org): version 2 states its size, version 1 ends within 5,100 bytes.
fn lyrics3(source: &mut Source, file: &str, start: u64, end: u64, out: &mut Extraction) -> Result<u64, Problem> {
    let Some(mark) = before(source, start, end, 15)? else { return Ok(end) };
    if mark.ends_with(b"LYRICS200") {
        let size: Option<u64> =
            std::str::from_utf8(mark.get(..6).unwrap_or_default()).ok().and_then(|n| n.parse().ok());
        let Some(at) = size.and_then(|n| end.checked_sub(n + 15)).filter(|at| *at >= start) else { return Ok(end) };
        let blob = source.read_bounded(at, end - 15 - at, limits::BLOB)?;
        let place = Place::new(format!("{file} Lyrics3"), source.absolute(at));
        if let Some(fields) = blob.strip_prefix(b"LYRICSBEGIN") {
            lyrics3_fields(fields, &place, out);
            return Ok(at);
        }
    } else if mark.ends_with(b"LYRICSEND") {
        let from = end.saturating_sub(5_100 + 20).max(start);
        let blob = source.vec(from, (end - from) as usize)?;
        if let Some(at) = blob.windows(11).rposition(|w| w == b"LYRICSBEGIN") {
            let text = blob.get(at + 11..blob.len() - 9).unwrap_or_default();
            let place = Place::new(format!("{file} Lyrics3"), source.absolute(from + at as u64));
            push(out, ("lyrics3", "LYR"), charset::guess(text), &place, 11);
            return Ok(from + at as u64);
        }
    }
    Ok(end)
}

fn lyrics3_fields(fields: &[u8], at: &Place, out: &mut Extraction) {
    let mut rest = fields;
    while let Some((head, body)) = rest.split_at_checked(8) {
        let (id, digits) = head.split_at(3);
        let len: Option<usize> = std::str::from_utf8(digits).ok().and_then(|n| n.parse().ok());
        let Some((text, more)) = len.and_then(|len| body.split_at_checked(len)) else {
            return at.problem(Problem::malformed("", at.offset.unwrap_or(0), "a field runs past the tag"), out);
        };
        let by = 11 + (fields.len() - body.len()) as u64;
        push(out, ("lyrics3", &charset::guess(id)), charset::guess(text), at, by);
        rest = more;
    }
}
