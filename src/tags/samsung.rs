//! What Samsung's trailer says: one tag an entry, space `samsung`, the entry's own name as key.

use crate::framing::sef;
use crate::limits;
use crate::model::{Embedded, Extraction, Problem};
use crate::source::Source;
use crate::tags::{self, Place};

/// Reads the trailer that ends at `end`; `place` is the container path (`JPEG trailer`, `HEIF sefd`).
///
/// Returns where the trailer starts, if there is one.
pub fn read(source: &mut Source, start: u64, end: u64, place: &str, out: &mut Extraction) -> Option<u64> {
    let (first, entries) = match sef::read(source, start, end) {
        Ok(found) => found,
        Err(problem) => {
            tags::push_problem(out, problem.within(place));
            return None;
        }
    };
    for entry in entries {
        let at = Place::new(place, source.absolute(entry.offset));
        if entry.len > limits::EMBEDDED_BYTES as u64 {
            let what = format!("{} of {} bytes is not read", entry.name, entry.len);
            at.problem(Problem::limit("", source.absolute(entry.offset), what), out);
            continue;
        }
        match source.vec(entry.offset, entry.len as usize) {
            Ok(bytes) => value(&entry, bytes, &at, out),
            Err(problem) => at.problem(problem, out),
        }
    }
    Some(first)
}

fn value(entry: &sef::Entry, bytes: Vec<u8>, at: &Place, out: &mut Extraction) {
    let text = std::str::from_utf8(&bytes).ok().map(|t| t.trim_end_matches('\0'));
    let text = text.filter(|t| t.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()));
    let shown = text.map_or_else(|| format!("({} bytes)", bytes.len()), str::to_owned);
    let key = if entry.name.is_empty() { format!("0x{:04x}", entry.kind) } else { entry.name.clone() };
    tags::push(out, "samsung", &key, shown, at, 0);
    let media = bytes.starts_with(b"\xff\xd8\xff") || bytes.get(4..8) == Some(b"ftyp");
    if media && out.embedded.len() < limits::EMBEDDED {
        let place = format!("{}, {key}", at.container);
        out.embedded.push(Embedded { place, offset: at.offset.unwrap_or_default(), bytes, name: Some(key) });
    }
}
