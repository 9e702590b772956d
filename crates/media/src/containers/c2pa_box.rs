//! C2PA manifest stores in boxes: the `uuid` box of ISO base media files (C2PA 2.1 §A.5) and bare JUMBF
//! superboxes (ISO 19566-5) of JPEG XL and JPEG 2000.
//!
//! A store is found by its place or by what it is, so that a changed label does not hide it.

use crate::framing::bmff::{self, Header};
use crate::framing::jumbf;
use crate::tags::{push_problem, push_store};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, Problem, Store};

/// The extended type of C2PA's box.
pub const UUID: [u8; 16] =
    [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];
/// The longest purpose string that is looked for.
const PURPOSE: usize = 64;

/// Whether these bytes begin a C2PA superbox of the right type.
#[must_use]
pub fn is_superbox(bytes: &[u8]) -> bool {
    jumbf::is_store(bytes)
}

/// Reads the body of a box with C2PA's extended type; `body` is after the extended type.
pub fn read(source: &mut Source, body: u64, header: &Header, place: &str, out: &mut Extraction) {
    let lead = match source.up_to(body, window(body, header.end)) {
        Ok(bytes) => bytes.to_vec(),
        Err(problem) => return push_problem(out, problem.within(place)),
    };
    let purpose = lead.get(4..).and_then(|rest| {
        let end = rest.iter().take(PURPOSE).position(|b| *b == 0)?;
        Some((String::from_utf8_lossy(&rest[..end]).into_owned(), 4 + end + 1))
    });
    let Some((purpose, after)) = purpose else {
        let at = find(&lead, 0).unwrap_or(0);
        let damage = Some("no purpose string".to_owned());
        return keep(source, Superbox { at: body + at as u64, header, damage }, place, out);
    };
    let known = matches!(purpose.as_str(), "manifest" | "original" | "update");
    match find(&lead, after) {
        Some(at) => {
            let damage = (!known).then(|| format!("purpose {purpose:?} is not one of a manifest store"));
            keep(source, Superbox { at: body + at as u64, header, damage }, place, out);
        }
        // A Merkle row belongs to a store elsewhere.
        None if purpose == "merkle" => {}
        None => {
            let by = after + if known { 8 } else { 0 };
            let damage = Some(format!("purpose {purpose:?} without a JUMBF superbox"));
            keep(source, Superbox { at: (body + by as u64).min(header.end), header, damage }, place, out);
        }
    }
}

/// Looks for a C2PA store in a box that is not tagged as one; true where there is one.
pub fn read_disguised(source: &mut Source, header: &Header, place: &str, out: &mut Extraction) -> bool {
    let Ok(lead) = source.up_to(header.body, window(header.body, header.end)) else { return false };
    let lead = lead.to_vec();
    if header.uuid.is_none() && lead.starts_with(&UUID) {
        let damage = format!("a C2PA box under the type {}", bmff::name(header.kind));
        let before = out.stores.len();
        read(source, header.body + 16, header, place, out);
        for store in &mut out.stores[before..] {
            store.damage.get_or_insert_with(|| damage.clone());
        }
        return out.stores.len() > before;
    }
    let purpose = lead.get(4..).and_then(|rest| rest.iter().take(PURPOSE).position(|b| *b == 0));
    let starts = [Some(0), Some(4), purpose.map(|p| p + 5)];
    let Some(at) = starts.into_iter().flatten().find_map(|s| find(&lead, s)) else { return false };
    let what = match header.uuid {
        Some(uuid) => format!("uuid {}", data_encoding::HEXLOWER.encode(&uuid)).into(),
        None => bmff::name(header.kind),
    };
    let damage = format!("a C2PA superbox in a box of type {what}");
    let superbox = Superbox { at: header.body + at as u64, header, damage: Some(damage) };
    keep(source, superbox, place, out);
    true
}

/// A `jumb` box that stands by itself: kept where it is C2PA's, or damaged so that nobody knows what it was.
pub fn read_superbox(source: &mut Source, header: &Header, place: &str, out: &mut Extraction) -> bool {
    let lead = source.up_to(header.offset, window(header.offset, header.end)).map(<[u8]>::to_vec).unwrap_or_default();
    let damage = match jumbf::kind_of_box(&lead) {
        jumbf::Kind::Store => None,
        jumbf::Kind::Retagged => Some("the content type or label of the manifest store was changed"),
        jumbf::Kind::None => Some("a JUMBF superbox without a description"),
        jumbf::Kind::Other(_) => return false,
    };
    let superbox = Superbox { at: header.offset, header, damage: damage.map(str::to_owned) };
    keep(source, superbox, place, out);
    true
}

fn window(from: u64, end: u64) -> usize {
    end.saturating_sub(from).min(512) as usize
}

/// The superbox after a purpose: behind the 8-byte Merkle offset, or at once.
fn find(lead: &[u8], after: usize) -> Option<usize> {
    [after + 8, after].into_iter().find(|at| lead.get(*at..).is_some_and(is_superbox))
}

/// A JUMBF superbox: where it starts, the box that holds it, and what is known to be wrong with it.
struct Superbox<'a> {
    at: u64,
    header: &'a Header,
    damage: Option<String>,
}

fn keep(source: &mut Source, superbox: Superbox, place: &str, out: &mut Extraction) {
    let Superbox { at, header, mut damage } = superbox;
    let left = header.end.saturating_sub(at);
    let stated = source.array::<8>(at).map(|b| u64::from(u32::from_be_bytes([b[0], b[1], b[2], b[3]])));
    let is_superbox = source.up_to(at, 8).is_ok_and(|b| b.get(4..8) == Some(b"jumb"));
    let len = match stated {
        Ok(len) if is_superbox && len > left => {
            damage.get_or_insert_with(|| format!("{len} bytes stated, {left} there"));
            left
        }
        Ok(len) if is_superbox && len >= 8 => len,
        _ => left,
    };
    if header.is_cut() {
        damage.get_or_insert_with(|| "the box is cut short".to_owned());
    }
    match source.read_bounded(at, len, limits::STORE) {
        Ok(bytes) => {
            let offset = source.absolute(at);
            let damage = damage.or_else(|| jumbf::damage(&bytes));
            push_store(out, Store { place: place.to_owned(), offset, bytes, damage });
        }
        Err(problem) => {
            let what = format!("C2PA store: {}", problem.what);
            push_problem(out, Problem { what, ..problem }.within(place));
        }
    }
}
