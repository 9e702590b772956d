//! What one ID3v2 frame says, by its name (id3v2.3.0 chapter 4, id3v2.4.0-frames, ID3v2 chapter frames).

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::{Frame, Tag};
use crate::framing::jumbf;
use crate::tags::{Place, charset, content, picture, push, push_store, xmp};
use countersign_model::limits;
use countersign_model::{Extraction, Problem, Store};

/// Reads one frame's unfolded content.
pub(super) fn read(tag: &mut Tag, frame: Frame<'_>, depth: usize, out: &mut Extraction) {
    let Frame { name, body, at } = frame;
    match name {
        "TXXX" | "WXXX" => described(name, body, at, out),
        "COMM" => comment(name, body, at, out),
        "USLT" | "USER" => lyrics(name, body, at, out),
        "SYLT" => synchronized(body, at, out),
        "PRIV" => private(body, at, out),
        "GEOB" => object(body, at, out),
        "APIC" => image(tag.major, body, at, out),
        "UFID" => identifier(body, at, out),
        "POPM" => popularity(body, at, out),
        "CHAP" | "CTOC" => chapter(tag, frame, depth, out),
        "PCNT" | "MCDI" | "MLLT" | "ETCO" | "SYTC" | "RVAD" | "RVA2" | "EQUA" | "EQU2" | "RVRB" | "RBUF" | "AENC"
        | "ENCR" | "GRID" | "SEEK" | "ASPI" | "POSS" | "PCST" | "RGAD" | "SIGN" => {
            content::unknown(body, "id3", at, out);
        }
        "GRP1" | "MVNM" | "MVIN" | "IPLS" => texts(name, body, at, out),
        _ if name.starts_with('T') => texts(name, body, at, out),
        _ if name.starts_with('W') => push(out, ("id3", name), charset::fixed(body), at, 0),
        _ => {
            if let Some(text) = charset::printable(body) {
                push(out, ("id3", name), text, at, 0);
            } else {
                content::unknown(body, "id3", &at.inside(&format!("ID3 {name}"), 0), out);
            }
        }
    }
}

/// Text in one of the four encodings; unknown numbers (seen where a writer forgot the byte) are guessed.
fn decode(encoding: u8, bytes: &[u8]) -> String {
    match encoding {
        0 => charset::latin1(bytes),
        // Without a byte order mark little-endian is what writers mean.
        1 => charset::utf16(bytes, UTF_16LE),
        2 => charset::utf16(bytes, UTF_16BE),
        3 => String::from_utf8_lossy(bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes)).into_owned(),
        _ => charset::guess(bytes),
    }
}

/// Splits at the first terminator of the encoding: the bytes before, the bytes behind.
fn split(encoding: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
    let (at, width) = match encoding {
        1 | 2 => (bytes.chunks_exact(2).position(|pair| pair == [0, 0]).map(|n| n * 2), 2),
        _ => (bytes.iter().position(|b| *b == 0), 1),
    };
    match at {
        Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + width..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

/// All strings of a list; at least one, maybe empty.
fn strings(encoding: u8, bytes: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() && out.len() < limits::TAGS {
        let (one, more) = split(encoding, rest);
        let text = decode(encoding, one);
        if !text.is_empty() {
            out.push(text);
        }
        rest = more;
    }
    if out.is_empty() {
        out.push(String::new());
    }
    out
}

fn texts(name: &str, body: &[u8], at: &Place, out: &mut Extraction) {
    let Some((encoding, body)) = body.split_first() else { return };
    for text in strings(*encoding, body) {
        push(out, ("id3", name), text, at, 1);
    }
}

/// `TXXX` and `WXXX`: a description and a value.
fn described(name: &str, body: &[u8], at: &Place, out: &mut Extraction) {
    let Some((encoding, body)) = body.split_first() else { return };
    let (description, value) = split(*encoding, body);
    let by = (body.len() - value.len()) as u64 + 1;
    let key = keyed(name, &decode(*encoding, description));
    if name == "WXXX" {
        return push(out, ("id3", &key), charset::fixed(value), at, by);
    }
    for text in strings(*encoding, value) {
        push(out, ("id3", &key), text, at, by);
    }
}

fn keyed(name: &str, description: &str) -> String {
    if description.is_empty() { name.to_owned() } else { format!("{name}:{description}") }
}

/// Encoding, language, description, text.
fn comment(name: &str, body: &[u8], at: &Place, out: &mut Extraction) {
    let (Some(encoding), Some(rest)) = (body.first(), body.get(4..)) else { return };
    let (description, value) = split(*encoding, rest);
    let by = (body.len() - value.len()) as u64;
    let key = keyed(name, &decode(*encoding, description));
    push(out, ("id3", &key), strings(*encoding, value).join("\n"), at, by);
}

fn lyrics(name: &str, body: &[u8], at: &Place, out: &mut Extraction) {
    let (Some(encoding), Some(rest)) = (body.first(), body.get(4..)) else { return };
    let value = if name == "USLT" { split(*encoding, rest).1 } else { rest };
    let by = (body.len() - value.len()) as u64;
    push(out, ("id3", name), strings(*encoding, value).join("\n"), at, by);
}

/// Lyrics with time stamps: the words alone.
fn synchronized(body: &[u8], at: &Place, out: &mut Extraction) {
    let (Some(encoding), Some(rest)) = (body.first(), body.get(6..)) else { return };
    let mut rest = split(*encoding, rest).1;
    let mut words = String::new();
    while !rest.is_empty() {
        let (one, more) = split(*encoding, rest);
        words.push_str(&decode(*encoding, one));
        rest = more.get(4..).unwrap_or_default();
    }
    push(out, ("id3", "SYLT"), words, at, 6);
}

fn private(body: &[u8], at: &Place, out: &mut Extraction) {
    let (owner, data) = split(0, body);
    let by = (body.len() - data.len()) as u64;
    let owner = charset::guess(owner);
    if owner == "XMP" {
        let inside = Place {
            container: format!("{}, ID3 PRIV:XMP", at.container).into(),
            offset: at.offset.map(|o| o.saturating_add(by)),
        };
        return xmp::read(data, &inside, out);
    }
    let key = keyed("PRIV", &owner);
    content::unknown(data, "id3", &at.inside(&format!("ID3 {key}"), by), out);
    push(out, ("id3", &key), shown(data), at, by);
}

/// Text as it is, a few bytes as hexadecimal digits, more as a number of bytes.
fn shown(data: &[u8]) -> String {
    match charset::printable(data) {
        Some(text) => text,
        None if data.len() <= 32 => data_encoding::HEXLOWER.encode(data),
        None => format!("{} bytes", data.len()),
    }
}

/// Media types under which a manifest store travels.
const STORES: &[&str] = &["application/x-c2pa-manifest-store", "application/c2pa", "application/x-c2pa"];

fn object(body: &[u8], at: &Place, out: &mut Extraction) {
    let Some((encoding, rest)) = body.split_first() else { return };
    let (mime, rest) = split(0, rest);
    let (file, rest) = split(*encoding, rest);
    let (description, data) = split(*encoding, rest);
    let by = (body.len() - data.len()) as u64;
    let mime = charset::guess(mime);
    let file = decode(*encoding, file);
    let description = decode(*encoding, description);
    let kind = mime.trim().to_ascii_lowercase();
    let data_at = Place {
        container: format!("{}, ID3 {}", at.container, keyed("GEOB", &description)).into(),
        offset: at.offset.map(|o| o.saturating_add(by)),
    };
    let named = STORES.contains(&kind.as_str());
    if named || jumbf::is_store(data) {
        if data.len() > limits::STORE {
            let problem = Problem::limit("", data_at.offset.unwrap_or(0), "the manifest store is too long");
            return data_at.problem(problem, out);
        }
        let offset = data_at.offset.unwrap_or(0);
        let damage = (!named).then(|| format!("the media type is {mime}, not {}", STORES.first().unwrap_or(&"")));
        push_store(out, Store { place: "ID3 GEOB".into(), offset, bytes: data.to_vec(), damage });
        return;
    }
    let about = [mime.as_str(), file.as_str()].iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join("; ");
    let text = charset::printable(data).unwrap_or_else(|| format!("{about}; {} bytes", data.len()));
    push(out, ("id3", &keyed("GEOB", &description)), text, at, by);
    if ["image/", "video/", "audio/", "application/pdf"].iter().any(|m| kind.starts_with(m)) {
        picture::embed(data, Some(file).filter(|f| !f.is_empty()), &data_at, out);
    } else {
        content::unknown(data, "id3", &data_at, out);
    }
}

fn image(major: u8, body: &[u8], at: &Place, out: &mut Extraction) {
    let Some((encoding, rest)) = body.split_first() else { return };
    // v2.2 has three letters (`JPG`) in place of a media type.
    let (mime, rest) = if major == 2 { rest.split_at(rest.len().min(3)) } else { split(0, rest) };
    let Some((kind, rest)) = rest.split_first() else {
        return at.problem(Problem::truncated("", at.offset.unwrap_or(0), "the picture frame is cut"), out);
    };
    let (description, data) = split(*encoding, rest);
    let by = (body.len() - data.len()) as u64;
    let mime = charset::guess(mime);
    let description = decode(*encoding, description);
    push(out, ("id3", "APIC"), picture::summary(&mime, (*kind).into(), &description, data), at, by);
    if mime == "-->" {
        return push(out, ("id3", "APIC:link"), charset::guess(data), at, by);
    }
    let inside = Place {
        container: format!("{}, ID3 APIC", at.container).into(),
        offset: at.offset.map(|o| o.saturating_add(by)),
    };
    picture::embed(data, Some(description).filter(|d| !d.is_empty()), &inside, out);
}

fn identifier(body: &[u8], at: &Place, out: &mut Extraction) {
    let (owner, id) = split(0, body);
    let by = (body.len() - id.len()) as u64;
    content::unknown(id, "id3", &at.inside("ID3 UFID", by), out);
    push(out, ("id3", &keyed("UFID", &charset::guess(owner))), shown(id), at, by);
}

fn popularity(body: &[u8], at: &Place, out: &mut Extraction) {
    let (who, rest) = split(0, body);
    if let Some(rating) = rest.first() {
        push(out, ("id3", &keyed("POPM", &charset::guess(who))), rating.to_string(), at, 0);
    }
}

/// Chapters and their table hold frames of their own.
fn chapter(tag: &mut Tag, frame: Frame<'_>, depth: usize, out: &mut Extraction) {
    let Frame { name, body, at } = frame;
    let (id, rest) = split(0, body);
    let rest = if name == "CHAP" {
        rest.get(16..)
    } else {
        let count = rest.get(1).copied().unwrap_or(0);
        rest.get(2..).map(|entries| (0..count).fold(entries, |left, _| split(0, left).1))
    };
    let Some(frames) = rest else {
        return at.problem(Problem::truncated("", at.offset.unwrap_or(0), format!("frame {name} is cut")), out);
    };
    let inside = tag.at(at, body.len() - frames.len(), &format!("{name} {}", charset::guess(id)));
    tag.frames(frames, &inside, depth + 1, out);
}
