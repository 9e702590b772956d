//! Pictures in records of drawings (MS-ODRAW, section 2.2.23, OfficeArtBlip): a header of eight bytes, one or two digests, a
//! byte, then the file.

use crate::framing::beginnings;
use crate::framing::numbers::{le16, le32};
use crate::tags::{Place, picture};
use countersign_model::Extraction;

/// Types of the records that hold a picture, from the first to the last.
const FIRST: u16 = 0xF01A;
const LAST: u16 = 0xF02A;
/// How far before a picture its record begins: header, one digest or two, a byte.
const BEFORE: [usize; 2] = [8 + 16 + 1, 8 + 32 + 1];

/// Keeps the pictures whose records stand in a stream, whatever stands around them.
pub(super) fn read(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let mut next = 0;
    for start in beginnings::places(bytes, bytes.len()) {
        // A picture in a picture is that picture's.
        if start < next {
            continue;
        }
        if let Some(end) = BEFORE.iter().find_map(|by| end(bytes, start, *by)) {
            let place = Place { container: format!("{}, picture at byte {start}", at.container).into(), offset: None };
            picture::embed(bytes.get(start..end).unwrap_or_default(), None, &place, out);
            next = end;
        }
    }
}

/// Where the record ends that begins so far before a picture, if one does.
fn end(bytes: &[u8], start: usize, before: usize) -> Option<usize> {
    let record = start.checked_sub(before)?;
    let kind = le16(bytes, record + 2)?;
    let len = le32(bytes, record + 4)? as usize;
    let end = record.checked_add(8)?.checked_add(len)?;
    ((FIRST..=LAST).contains(&kind) && end > start && end <= bytes.len()).then_some(end)
}

/// The drawings of a workbook in one piece: a record of it has at most 8,224 bytes, and what is longer goes on in records of
/// continuation (MS-XLS, sections 2.4.171 and 2.4.58).
pub(super) fn drawings(workbook: &[u8]) -> Vec<u8> {
    const GROUP: u16 = 0x00EB;
    const CONTINUE: u16 = 0x003C;
    let (mut out, mut at, mut inside) = (Vec::new(), 0usize, false);
    while let (Some(kind), Some(len)) = (le16(workbook, at), le16(workbook, at + 2)) {
        let data = at + 4;
        inside = kind == GROUP || inside && kind == CONTINUE;
        if inside {
            out.extend_from_slice(workbook.get(data..workbook.len().min(data + usize::from(len))).unwrap_or_default());
        }
        at = data + usize::from(len);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_are_put_together_again() {
        let record =
            |kind: u16, body: &[u8]| [&kind.to_le_bytes()[..], &(body.len() as u16).to_le_bytes(), body].concat();
        let book = [record(0x809, b"bof"), record(0xEB, b"one"), record(0x3C, b"two"), record(0xEB, b"three")].concat();
        assert_eq!(drawings(&book), b"onetwothree");
        assert_eq!(drawings(&[book, record(0xFC, b"x"), record(0x3C, b"no")].concat()), b"onetwothree");
    }
}
