//! Vorbis comment blocks (Xiph, "Ogg Vorbis I format specification: comment field"): vendor and NAME=value fields.

use crate::tags::{Place, charset, picture, push};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Reads a comment block without framing bit or packet header. Keys are upper-cased; pictures inside are kept as embedded files.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    if let Err((by, what)) = fields(blob, at, out) {
        at.problem(Problem::truncated("", at.offset.unwrap_or(0).saturating_add(by as u64), what), out);
    }
}

fn fields(blob: &[u8], at: &Place, out: &mut Extraction) -> Result<(), (usize, &'static str)> {
    let (vendor, mut pos) = string(blob, 0).ok_or((0, "the vendor is cut"))?;
    push(out, ("vorbis", "VENDOR"), String::from_utf8_lossy(vendor), at, 4);
    let count = long(blob, pos).ok_or((pos, "the number of comments is cut"))?;
    pos += 4;
    for n in 0..count {
        if n as usize >= limits::TAGS {
            return Err((pos, "too many comments"));
        }
        let (field, next) = string(blob, pos).ok_or((pos, "a comment is cut"))?;
        comment(field, &at_by(at, pos + 4), out);
        pos = next;
    }
    behind(blob, pos, at, out);
    Ok(())
}

/// What stands behind the comments that are stated: more of them, or the rest of one that states too little. A bit that
/// frames the packet, and padding, are nothing.
fn behind(blob: &[u8], mut pos: usize, at: &Place, out: &mut Extraction) {
    for _ in 0..limits::TAGS {
        let Some((field, next)) = string(blob, pos).filter(|(field, _)| memchr::memchr(b'=', field).is_some()) else {
            break;
        };
        comment(field, &at_by(at, pos + 4), out);
        pos = next;
    }
    if let Some(text) = blob.get(pos..).and_then(charset::printable).filter(|text| text.len() > 1) {
        push(out, ("vorbis", "REST"), text, at, pos as u64);
    }
}

fn at_by(at: &Place, by: usize) -> Place {
    Place { container: at.container.clone(), offset: at.offset.map(|o| o.saturating_add(by as u64)) }
}

fn long(blob: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(blob.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// A length and as many bytes; the offset behind them.
fn string(blob: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let start = at.checked_add(4)?;
    let end = start.checked_add(long(blob, at)? as usize)?;
    Some((blob.get(start..end)?, end))
}

fn comment(field: &[u8], at: &Place, out: &mut Extraction) {
    let (name, value, by) = match field.iter().position(|b| *b == b'=') {
        Some(eq) => (field.get(..eq).unwrap_or_default(), field.get(eq + 1..).unwrap_or_default(), eq as u64 + 1),
        // Against the specification; what it says still counts.
        None => (&b""[..], field, 0),
    };
    let key = String::from_utf8_lossy(name).to_uppercase();
    let place = Place { container: format!("{}, Vorbis {key}", at.container).into(), offset: at.offset };
    match key.as_str() {
        "METADATA_BLOCK_PICTURE" => match decoded(value) {
            Some(block) => picture::read(&block, &place, out),
            None => unreadable(&place, out),
        },
        "COVERART" => match decoded(value) {
            Some(image) => picture::embed(&image, None, &place, out),
            None => unreadable(&place, out),
        },
        _ => push(out, ("vorbis", &key), String::from_utf8_lossy(value), at, by),
    }
}

fn unreadable(at: &Place, out: &mut Extraction) {
    at.problem(Problem::malformed("", at.offset.unwrap_or(0), "the picture is not base64"), out);
}

fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    let value: Vec<u8> = value.iter().copied().filter(|b| !b.is_ascii_whitespace() && *b != b'=').collect();
    data_encoding::BASE64_NOPAD.decode(&value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(fields: &[&[u8]]) -> Vec<u8> {
        let mut out = b"\x03\0\0\0enc".to_vec();
        out.extend((fields.len() as u32).to_le_bytes());
        for field in fields {
            out.extend((field.len() as u32).to_le_bytes());
            out.extend(*field);
        }
        out
    }

    #[test]
    fn names_are_upper_cased_and_values_kept() {
        let mut out = Extraction::default();
        read(&block(&[b"Aigc={\"a\":\"b=c\"}", b"no equals"]), &Place::new("FLAC", 10), &mut out);
        let got: Vec<_> = out.facts.tags.iter().map(|t| (t.key.as_str(), t.value.as_str(), t.offset)).collect();
        let want = [("VENDOR", "enc", Some(14)), ("AIGC", "{\"a\":\"b=c\"}", Some(30)), ("", "no equals", Some(45))];
        assert_eq!(got, want);
    }

    #[test]
    fn what_stands_behind_the_stated_comments_is_read() {
        let told = |blob: &[u8]| {
            let mut out = Extraction::default();
            read(blob, &Place::new("FLAC", 0), &mut out);
            assert!(out.facts.problems.is_empty());
            out.facts.tags.into_iter().skip(2).map(|t| (t.key.to_string(), t.value.to_string())).collect::<Vec<_>>()
        };
        let mut fewer = block(&[b"A=1", b"AIGC={}"]);
        fewer[7] = 1;
        assert_eq!(told(&fewer), [("AIGC".to_owned(), "{}".to_owned())]);
        let shorter = [&block(&[b"A=1"])[..], b"23 and more"].concat();
        assert_eq!(told(&shorter), [("REST".to_owned(), "23 and more".to_owned())]);
        for padding in [&[1][..], &[0; 40]] {
            assert!(told(&[&block(&[b"A=1"])[..], padding].concat()).is_empty());
        }
    }

    #[test]
    fn every_cut_is_told() {
        let whole = block(&[b"A=1", b"B=2"]);
        for len in 0..whole.len() {
            let mut out = Extraction::default();
            read(&whole[..len], &Place::new("FLAC", 0), &mut out);
            assert!(out.facts.problems[0].blocking, "{len}");
        }
    }

    #[test]
    fn a_picture_becomes_an_embedded_file() {
        let mut picture = vec![0, 0, 0, 3, 0, 0, 0, 9];
        picture.extend(b"image/png\0\0\0\x02hi");
        picture.extend([0; 16]);
        picture.extend(b"\0\0\0\x04\x89PNG");
        let field = format!("metadata_block_picture={}", data_encoding::BASE64.encode(&picture));
        let mut out = Extraction::default();
        read(&block(&[field.as_bytes()]), &Place::new("Ogg", 0), &mut out);
        assert_eq!(out.embedded[0].bytes, b"\x89PNG");
        assert_eq!(out.embedded[0].name.as_deref(), Some("hi"));
    }
}
