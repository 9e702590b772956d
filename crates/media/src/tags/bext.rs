//! Broadcast chunks of WAVE files: `bext` (EBU Tech 3285) and `cart` (AES46), both rows of fixed text fields.

use crate::tags::{Place, charset, push};
use countersign_model::{Extraction, Problem};

/// Name, offset, length.
type Field = (&'static str, usize, usize);

const BEXT: &[Field] = &[
    ("Description", 0, 256),
    ("Originator", 256, 32),
    ("OriginatorReference", 288, 32),
    ("OriginationDate", 320, 10),
    ("OriginationTime", 330, 8),
];
const BEXT_LEN: usize = 602;

const CART: &[Field] = &[
    ("Version", 0, 4),
    ("Title", 4, 64),
    ("Artist", 68, 64),
    ("CutID", 132, 64),
    ("ClientID", 196, 64),
    ("Category", 260, 64),
    ("Classification", 324, 64),
    ("OutCue", 388, 64),
    ("StartDate", 452, 10),
    ("StartTime", 462, 8),
    ("EndDate", 470, 10),
    ("EndTime", 480, 8),
    ("ProducerAppID", 488, 64),
    ("ProducerAppVersion", 552, 64),
    ("UserDef", 616, 64),
    ("URL", 1024, 1024),
];
const CART_LEN: usize = 2048;

/// Reads the content of a `bext` chunk.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    fields(BEXT, blob, "bext", at, out);
    if let Some(time) = blob.get(338..346).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes) {
        push(out, ("bext", "TimeReference"), time.to_string(), at, 338);
    }
    if let Some(version) = blob.get(346..348).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes) {
        push(out, ("bext", "Version"), version.to_string(), at, 346);
    }
    if let Some(umid) = blob.get(348..412).filter(|b| b.iter().any(|b| *b != 0)) {
        push(out, ("bext", "UMID"), data_encoding::HEXUPPER.encode(umid), at, 348);
    }
    rest(blob, BEXT_LEN, ("bext", "CodingHistory"), at, out);
}

/// Reads the content of a `cart` chunk.
pub fn read_cart(blob: &[u8], at: &Place, out: &mut Extraction) {
    fields(CART, blob, "cart", at, out);
    rest(blob, CART_LEN, ("cart", "TagText"), at, out);
}

fn fields(table: &[Field], blob: &[u8], space: &str, at: &Place, out: &mut Extraction) {
    for (name, from, len) in table {
        let end = (from + len).min(blob.len());
        let text = charset::fixed(blob.get(*from..end).unwrap_or_default());
        if !text.is_empty() {
            push(out, (space, name), text, at, *from as u64);
        }
    }
}

fn rest(blob: &[u8], from: usize, (space, key): (&str, &str), at: &Place, out: &mut Extraction) {
    match blob.get(from..) {
        Some(rest) => {
            let text = charset::guess(charset::trim(rest));
            if !text.is_empty() {
                push(out, (space, key), text, at, from as u64);
            }
        }
        None => {
            let what = format!("{} bytes, at least {from} expected", blob.len());
            at.problem(Problem::malformed("", at.offset.unwrap_or(0), what).harmless(), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_fields_and_history_are_read() {
        let mut blob = vec![0; BEXT_LEN];
        blob[..5].copy_from_slice(b"Scene");
        blob[256..260].copy_from_slice(b"Unit");
        blob[348] = 6;
        blob.extend(b"A=PCM\r\n\0");
        let mut out = Extraction::default();
        read(&blob, &Place::new("WAV bext", 100), &mut out);
        let value = |key: &str| out.facts.tags.iter().find(|t| t.key == key).map(|t| (t.value.as_str(), t.offset));
        assert_eq!(value("Description"), Some(("Scene", Some(100))));
        assert_eq!(value("Originator"), Some(("Unit", Some(356))));
        assert_eq!(value("CodingHistory"), Some(("A=PCM\r\n", Some(702))));
        assert!(value("UMID").unwrap().0.starts_with("0600"));
        assert_eq!(value("OriginationDate"), None);
    }

    #[test]
    fn every_cut_is_survived() {
        for len in 0..CART_LEN + 2 {
            let mut out = Extraction::default();
            read(&vec![b'a'; len], &Place::new("x", 0), &mut out);
            read_cart(&vec![b'a'; len], &Place::new("x", 0), &mut out);
            assert!(!out.facts.tags.is_empty() || len == 0);
        }
    }
}
