//! Segments of which nobody knows what they are for: another file may stand in one, or over several that follow one another.
//!
//! What is longer than a segment is cut into parts, each behind a header of its maker's own: an identifier, then numbers of
//! parts, offsets, lengths. Where the first part holds the beginning of a file, the headers of the others are as long as the
//! one before it, or as what all of them have in common and a few bytes; a picture shows which, because it must end.

use crate::framing::jpeg_segments::Segment;
use crate::framing::png_chunks;
use crate::tags::{self, Place, content, picture};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// A segment.
pub(super) struct Part {
    pub(super) segment: Segment,
    /// How long its header is, where that is known.
    pub(super) head: usize,
    /// Where a file begins in it, if one may.
    pub(super) begins: Option<usize>,
}

/// Bytes of numbers behind what the headers of all parts have in common.
const NUMBERS: usize = 8;

/// Keeps the files that begin in these segments, to be read as such.
pub(super) fn read(source: &mut Source, parts: &[Part], prefix: &str, out: &mut Extraction) {
    let mut next = 0;
    for (first, part) in parts.iter().enumerate() {
        // One that belongs to the file before it.
        if first < next {
            continue;
        }
        let Some(begins) = part.begins else { continue };
        let run = parts.get(first..).unwrap_or_default();
        let run = run.get(..follow(run)).unwrap_or_default();
        next = first + run.len();
        if let Err(problem) = file(source, run, begins, prefix, out) {
            tags::push_problem(out, problem.within("jpeg"));
        }
    }
}

/// How many segments of one marker follow one another.
fn follow(parts: &[Part]) -> usize {
    let next = |one: &Part, other: &Part| {
        let end = one.segment.data.saturating_add(one.segment.len as u64);
        other.segment.marker == one.segment.marker && end.saturating_add(4) == other.segment.data
    };
    1 + parts.windows(2).take_while(|pair| next(&pair[0], &pair[1])).count()
}

fn file(source: &mut Source, run: &[Part], begins: usize, prefix: &str, out: &mut Extraction) -> Result<(), Problem> {
    let Some((first, rest)) = run.split_first() else { return Ok(()) };
    let marker = first.segment.marker;
    let name = if marker == 0xFE { "COM".to_owned() } else { format!("APP{}", marker.saturating_sub(0xE0)) };
    let at = Place::new(format!("{prefix}{name}"), source.absolute(first.segment.data));
    let mut bodies = Vec::new();
    let mut room = limits::EMBEDDED_BYTES;
    for part in run {
        let bytes = source.up_to(part.segment.data, part.segment.len)?;
        room = room.saturating_sub(bytes.len());
        if room == 0 {
            let what = "a file over more segments than are joined";
            return Err(Problem::limit(at.container.to_string(), source.absolute(part.segment.data), what));
        }
        bodies.push(bytes.to_vec());
    }
    let joined = |head: usize| {
        let mut parts = bodies.iter();
        let mut whole = parts.next().and_then(|bytes| bytes.get(begins..)).unwrap_or_default().to_vec();
        parts.for_each(|bytes| whole.extend_from_slice(bytes.get(head..).unwrap_or_default()));
        whole
    };
    let one = bodies.first().map(Vec::as_slice).unwrap_or_default();
    if rest.is_empty() || is_whole(one.get(begins..).unwrap_or_default()) {
        // Each of the segments may hold a file of its own.
        for (part, bytes) in run.iter().zip(&bodies) {
            if part.begins.is_some() {
                content::unknown(
                    bytes,
                    "jpeg",
                    &Place::new(at.container.clone(), source.absolute(part.segment.data)),
                    out,
                );
            }
        }
        return Ok(());
    }
    let common = bodies.get(1).map_or(0, |other| one.iter().zip(other).take_while(|(a, b)| a == b).count());
    let heads = [first.head, begins, 0].into_iter().chain((0..=NUMBERS).map(|more| common + more));
    let heads: Vec<usize> = heads.filter(|head| first.head == 0 || *head == first.head).collect();
    let whole = heads.iter().skip(usize::from(first.head == 0)).map(|head| joined(*head)).find(|bytes| is_whole(bytes));
    let bytes = whole.unwrap_or_else(|| joined(if first.head > 0 { first.head } else { begins }));
    picture::embed(&bytes, None, &at.inside("another file", begins as u64), out);
    Ok(())
}

/// Whether these bytes are a file that is seen to end: a PNG with all of its chunks, a JPEG up to its last marker.
fn is_whole(bytes: &[u8]) -> bool {
    if bytes.starts_with(png_chunks::SIGNATURE) {
        let mut source = Source::memory(bytes.to_vec(), 0);
        return png_chunks::walk(&mut source, png_chunks::SIGNATURE.len() as u64).1.is_ok();
    }
    let filled = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    bytes.get(..filled).is_some_and(|bytes| bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]))
}
