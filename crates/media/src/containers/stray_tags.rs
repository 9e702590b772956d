//! Tags that stand in the middle of a sound stream, or before other data at its end: ID3v2 and APE, found by their names.
//!
//! Players skip what is no frame, and read such tags where they meet them. Their names are short: a tag counts where all
//! of it reads without a fault.

use std::io::Read;
use std::ops::Range;

use crate::containers::ends;
use crate::tags::{self, Place, ape, id3};
use countersign_io::Buffer;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Tags of one stream that are read.
const MOST: usize = 256;
/// Bytes of neighboring blocks that are looked at together: a name may stand across their border.
const OVERLAP: usize = ape::FOOTER;
const NAMES: [&[u8]; 2] = [b"ID3", b"APETAGEX"];

/// Reads the tags between two offsets, streaming.
///
/// # Errors
/// I/O.
pub fn read(source: &mut Source, file: &str, from: u64, to: u64, out: &mut Extraction) -> Result<(), Problem> {
    let finders = NAMES.map(memchr::memmem::Finder::new);
    let mut stream = source.range().section(from, to.saturating_sub(from)).stream();
    let mut block = Buffer::take();
    let (mut held, mut start, mut found) = (0, from, Vec::new());
    loop {
        let room = block.get_mut(held..).unwrap_or_default();
        let got = match stream.read(room) {
            Ok(got) => got,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Problem::from(e).at(source.absolute(start))),
        };
        held += got;
        let bytes = block.get(..held).unwrap_or_default();
        // What starts in the last bytes is looked at again with those that follow.
        let border = if got == 0 { held } else { held.saturating_sub(OVERLAP) };
        for finder in &finders {
            let hits = finder.find_iter(bytes).take_while(|at| *at < border);
            found.extend(hits.map(|at| start.saturating_add(at as u64)));
        }
        if got == 0 || found.len() > MOST * 16 {
            break;
        }
        block.copy_within(border..held, 0);
        start = start.saturating_add(border as u64);
        held -= border;
    }
    found.sort_unstable();
    let (mut read, mut after) = (0, from);
    for at in found {
        if read >= MOST {
            let what = format!("more than {MOST} tags in the sound");
            tags::push_problem(out, Problem::limit(file, source.absolute(at), what));
            break;
        }
        if let Some(end) = one(source, file, at, after..to, out) {
            read += 1;
            after = end.max(after);
        }
    }
    Ok(())
}

/// The tag whose name stands here; its end, where it is one. No tag reaches beyond these offsets.
fn one(source: &mut Source, file: &str, at: u64, between: Range<u64>, out: &mut Extraction) -> Option<u64> {
    let Range { start: after, end: to } = between;
    let head = source.read_uncached(at, ape::FOOTER).ok()?;
    if head.starts_with(b"ID3") {
        let known = matches!(head.get(3..6), Some([2..=4, 0, flags]) if flags & 0x0F == 0);
        let sized = head.get(6..10).is_some_and(|size| size.iter().all(|b| *b < 0x80));
        let end = at.checked_add(id3::length(&head)?).filter(|end| *end <= to)?;
        if at < after || !known || !sized {
            return None;
        }
        let blob = source.read_bounded(at, end - at, limits::BLOB).ok()?;
        let place = Place::new(format!("{file} ID3v2 in the sound"), source.absolute(at));
        return whole(out, |out| id3::read(&blob, &place, out)).then_some(end);
    }
    let footer = ape::footer(&head)?;
    let (items, size) = (at.saturating_add(ape::FOOTER as u64), u64::from(footer.size));
    // The size counts the footer, and not the header: the items stand behind a header and before a footer.
    let len = size.checked_sub(ape::FOOTER as u64)?;
    let (start, end) = match footer.is_header {
        true => (items, items.saturating_add(size)),
        false => (at.checked_sub(len)?, items),
    };
    if start < after || end > source.len() {
        return None;
    }
    let blob = source.read_bounded(start, len, limits::BLOB).ok()?;
    let place = Place::new(format!("{file} APE in the sound"), source.absolute(start));
    whole(out, |out| ape::read(&blob, &footer, &place, out)).then_some(end)
}

/// Keeps what is read where it says something and nothing is wrong with it.
fn whole(out: &mut Extraction, read: impl FnOnce(&mut Extraction)) -> bool {
    let mut inner = Extraction::default();
    read(&mut inner);
    let sound = !inner.facts.problems.iter().any(|p| p.blocking);
    let says = !(inner.facts.tags.is_empty() && inner.stores.is_empty() && inner.embedded.is_empty());
    if !(sound && says) {
        return false;
    }
    let room = limits::TAGS.saturating_sub(out.facts.tags.len());
    if room < inner.facts.tags.len() {
        let what = format!("more than {} tags", limits::TAGS);
        tags::push_problem(out, Problem::limit("", 0, what));
    }
    out.facts.tags.extend(inner.facts.tags.into_iter().take(room));
    out.stores.extend(inner.stores);
    let held = limits::EMBEDDED.saturating_sub(out.embedded.len());
    if held < inner.embedded.len() {
        tags::push_problem(out, Problem::limit("", 0, format!("more than {} embedded files", limits::EMBEDDED)));
    }
    out.embedded.extend(inner.embedded.into_iter().take(held));
    inner.facts.problems.into_iter().for_each(|problem| tags::push_problem(out, problem));
    true
}

/// Bytes at the end of a stream in which tags are looked for behind which other data stand.
const NEAR_END: u64 = 1024 * 1024;

/// As [`ends::both`], with tags before other data at the end.
///
/// # Errors
/// As [`ends::both`].
pub fn both(
    source: &mut Source,
    file: &str,
    id: &str,
    least: u64,
    out: &mut Extraction,
) -> Result<(u64, u64), Problem> {
    let (start, end) = ends::both(source, file, id, least, out)?;
    near_end(source, file, start, end, out)?;
    Ok((start, end))
}

/// Reads tags that stand close before the end of a stream, and other data behind them.
///
/// # Errors
/// I/O.
pub fn near_end(source: &mut Source, file: &str, start: u64, end: u64, out: &mut Extraction) -> Result<(), Problem> {
    read(source, file, end.saturating_sub(NEAR_END).max(start), end, out)
}
