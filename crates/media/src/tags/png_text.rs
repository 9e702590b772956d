//! PNG textual data (PNG third edition, section 11.3.3): tEXt, zTXt, iTXt, and what is carried in them.
//!
//! XMP stands under the keyword `XML:com.adobe.xmp` (XMP part 3, section 1.1.5); `Raw profile type …` is
//! ImageMagick's way to carry Exif, IIM and XMP as hexadecimal text.

use crate::framing::deflate;
use crate::tags::{Place, charset, content, exif, iptc, photoshop, push, xmp};
use countersign_model::{Extraction, Problem};

/// Reads the data of one textual chunk. `room` is how many bytes may still be unfolded in this file; what is
/// unfolded is taken off.
pub fn read(kind: [u8; 4], data: &[u8], at: &Place, room: &mut usize, out: &mut Extraction) {
    let Some(end) = data.iter().position(|b| *b == 0) else {
        at.problem(Problem::malformed("", at.offset.unwrap_or_default(), "no keyword").harmless(), out);
        return push(out, ("png", &kind.escape_ascii().to_string()), charset::decode(data), at, 0);
    };
    let keyword = charset::decode(&data[..end]);
    let rest = &data[end + 1..];
    let (packed, by) = match &kind {
        b"zTXt" => (rest.first().map(|_| true), 1),
        b"iTXt" => match international(rest) {
            Some((packed, by)) => (Some(packed), by),
            None => (None, 0),
        },
        _ => (Some(false), 0),
    };
    let Some(packed) = packed else {
        return at.problem(Problem::malformed("", at.offset.unwrap_or_default(), format!("{keyword}: cut short")), out);
    };
    let body = rest.get(by..).unwrap_or_default();
    let place = Place { container: at.container.clone(), offset: at.offset.map(|o| o + (end + 1 + by) as u64) };
    if packed {
        let (text, problem) = deflate::zlib(body, (*room).min(countersign_model::limits::INFLATED));
        *room = room.saturating_sub(text.len());
        if let Some(mut problem) = problem {
            problem.what = format!("{keyword}: {}", problem.what);
            problem.offset = place.offset;
            place.problem(problem, out);
        }
        field(&keyword, &text, &Place { offset: None, ..place.clone() }, place.offset, out);
    } else {
        field(&keyword, body, &place, place.offset, out);
    }
}

/// After the keyword of iTXt: whether the text is compressed, and where it begins.
fn international(rest: &[u8]) -> Option<(bool, usize)> {
    let packed = *rest.first()? == 1;
    let language = rest.get(2..)?.iter().position(|b| *b == 0)?;
    let translated = rest.get(3 + language..)?.iter().position(|b| *b == 0)?;
    Some((packed, 4 + language + translated))
}

/// One keyword and its text; `place` has no offset where the text was unfolded, `near` then says where it came from.
fn field(keyword: &str, text: &[u8], place: &Place, near: Option<u64>, out: &mut Extraction) {
    if keyword == "XML:com.adobe.xmp" {
        return xmp::read(text, place, out);
    }
    if let Some(kind) = keyword.strip_prefix("Raw profile type ") {
        let inside = Place { container: format!("{}, raw profile {kind}", place.container).into(), offset: None };
        // Some writers put the profile there as it is.
        if let Some(raw) = unwrapped(text)
            && profile(kind, raw, &inside, out)
        {
            return;
        }
        let (bytes, whole) = hexadecimal(text).unwrap_or_default();
        if !whole {
            inside.problem(Problem::malformed("", near.unwrap_or_default(), "not the hexadecimal text stated"), out);
        }
        if !bytes.is_empty() && profile(kind, &bytes, &inside, out) {
            return;
        }
    }
    let place = Place { container: place.container.clone(), offset: near };
    // Packed, in a chunk that does not say so.
    if matches!(text, [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..])
        && let (unfolded, None) = deflate::zlib(text, countersign_model::limits::INFLATED)
        && charset::is_text(&unfolded)
    {
        return push(out, ("png", keyword), charset::decode(&unfolded), &place, 0);
    }
    if memchr::memchr(0, text).is_some() {
        content::unknown(text, "png", &Place { offset: None, ..place.clone() }, out);
    }
    push(out, ("png", keyword), charset::decode(text), &place, 0);
}

/// A profile in raw bytes, with or without the two lines that announce the hexadecimal form.
fn unwrapped(text: &[u8]) -> Option<&[u8]> {
    let lines = text.iter().take(64).enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
    let starts = std::iter::once(0).chain(lines);
    let mut bodies = starts.filter_map(|at| text.get(at..));
    bodies.find(|body| {
        let iim = matches!(body, [0x1C, 1..=9, ..]);
        iim || body.starts_with(b"8BIM") || content::exif_start(body).is_some() || is_packet(body)
    })
}

fn is_packet(body: &[u8]) -> bool {
    body.starts_with(b"<") && content::packet_start(body).is_some()
        || body.starts_with(b"http://ns.adobe.com/xap/1.0/\0")
}

/// A newline, a line with the kind (`exif`, `generic profile`, `IPTC profile`), a line with the decoded length, then
/// hexadecimal digits in lines: the bytes, and whether they are all there.
fn hexadecimal(text: &[u8]) -> Option<(Vec<u8>, bool)> {
    let text = std::str::from_utf8(text).ok()?;
    let (_kind, rest) = text.trim_start().split_once('\n')?;
    let mut words = rest.split_ascii_whitespace();
    let len: usize = words.next()?.parse().ok()?;
    let mut digits: Vec<u8> = words.flat_map(str::bytes).collect();
    digits.truncate(len.checked_mul(2)?.min(digits.len()));
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(&digits).ok()?;
    let whole = bytes.len() == len;
    Some((bytes, whole))
}

fn profile(kind: &str, bytes: &[u8], at: &Place, out: &mut Extraction) -> bool {
    const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    match kind.to_ascii_lowercase().as_str() {
        "exif" | "app1" | "generic" => match (bytes.strip_prefix(b"Exif\0\0"), bytes.strip_prefix(XMP)) {
            (Some(tiff), _) => exif::read(tiff, at, out),
            (_, Some(packet)) => xmp::read(packet, at, out),
            _ if bytes.starts_with(b"<") => xmp::read(bytes, at, out),
            _ if bytes.starts_with(b"II") || bytes.starts_with(b"MM") => exif::read(bytes, at, out),
            _ => return false,
        },
        "iptc" | "8bim" if bytes.starts_with(b"8BIM") => photoshop::read(bytes, at, out),
        "iptc" | "8bim" if bytes.starts_with(b"Photoshop 3.0\0") => {
            photoshop::read(bytes.get(14..).unwrap_or_default(), at, out);
        }
        "iptc" => iptc::read(bytes, at, out),
        "xmp" => xmp::read(bytes.strip_prefix(XMP).unwrap_or(bytes), at, out),
        "icc" | "icm" => {}
        _ => return false,
    }
    true
}
