//! What Samsung's trailer says: one tag an entry, space `samsung`, the entry's own name as key.

use crate::framing::sef;
use crate::tags::{self, Place, charset};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, Problem};

const SPACE: &str = "samsung";
/// Bytes that tell what an entry holds.
const PEEK: u64 = 64;

/// Reads the trailer that ends at `end`; `place` is the container path (`JPEG trailer`, `HEIF sefd`).
///
/// Returns where the trailer starts, if there is one.
pub fn read(source: &mut Source, start: u64, end: u64, place: &str, out: &mut Extraction) -> Option<u64> {
    let trailer = match sef::read(source, start, end) {
        Ok(found) => found,
        Err(problem) => {
            tags::push_problem(out, problem.within(place));
            return None;
        }
    };
    for entry in trailer.entries {
        let at = Place::new(place, source.absolute(entry.offset));
        if let Err(problem) = value(source, &entry, &at, out) {
            at.problem(problem, out);
        }
    }
    if let Some(problem) = trailer.problem {
        tags::push_problem(out, problem.within(place));
    }
    Some(trailer.start)
}

/// Text as it is, media to be read on their own, and of anything else how long it is: its bytes stay unread.
fn value(source: &mut Source, entry: &sef::Entry, at: &Place, out: &mut Extraction) -> Result<(), Problem> {
    let key = if entry.name.is_empty() { format!("0x{:04x}", entry.kind) } else { entry.name.clone() };
    let peek = source.up_to(entry.offset, entry.len.min(PEEK) as usize)?;
    let media = peek.starts_with(b"\xff\xd8\xff") || peek.get(4..8) == Some(b"ftyp");
    if !media && charset::is_text(peek) {
        let bytes = source.read_bounded(entry.offset, entry.len, limits::INFLATED)?;
        if charset::is_text(&bytes) {
            tags::push(out, (SPACE, &key), charset::decode(&bytes), at, 0);
            return Ok(());
        }
    }
    tags::push(out, (SPACE, &key), format!("({} bytes)", entry.len), at, 0);
    if media && out.embedded.len() < limits::EMBEDDED {
        let bytes = source.read_bounded(entry.offset, entry.len, limits::EMBEDDED_BYTES)?;
        let place = format!("{}, {key}", at.container);
        tags::push_embedded(out, Embedded { place, offset: at.offset.unwrap_or_default(), bytes, name: Some(key) });
    }
    Ok(())
}
