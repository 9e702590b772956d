//! Encapsulated PostScript (Adobe technical notes 5001 and 5002): structuring comments, XMP (XMP specification
//! part 3), Photoshop resources. Also the DOS form with its binary header.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{self, Place, photoshop, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The EPS format.
pub struct Eps;

static INFO: Info = Info {
    id: FormatId::new("eps"),
    name: "Encapsulated PostScript",
    extensions: &["eps", "epsf", "ps"],
    media: Media::Image,
    specification: "Adobe technical notes 5001, 5002; XMP specification part 3",
    version: 3,
    ..Info::DEFAULT
};

const DOS: [u8; 4] = [0xC5, 0xD0, 0xD3, 0xC6];
const CONFORMING: &[u8] = b"%!PS-Adobe-";
/// Comments of the header that are reported.
const COMMENTS: &[&str] = &[
    "Creator",
    "Title",
    "CreationDate",
    "For",
    "Copyright",
    "Routing",
    "Version",
    "AI5_FileFormat",
    "AI8_CreatorVersion",
];
/// Comment values kept per file.
const KEPT: usize = 1_000;

impl Format for Eps {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(&DOS) || probe.head.starts_with(b"%!PS") { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let (start, len) = postscript(source)?;
        let have = len.min(source.len().saturating_sub(start));
        if have < len {
            let what = format!("{len} bytes of PostScript stated, {have} left");
            tags::push_problem(out, Problem::truncated("eps", source.absolute(start), what));
        }
        let base = source.absolute(start);
        let bytes = source.read_bounded(start, have, limits::BLOB).map_err(|p| p.within("eps"))?;
        comments(&bytes, base, out);
        // Files that promise the structuring conventions end with a comment (technical note 5001, section 4.4);
        // some writers leave it out.
        let promised = (bytes.starts_with(CONFORMING) || CONFORMING.starts_with(&bytes)) && !is_resource(&bytes);
        if promised && find(&bytes, b"%%EOF").is_none() && !closes(&bytes) {
            let at = base.saturating_add(bytes.len() as u64);
            return Err(Problem::truncated("eps", at, "neither %%EOF nor an operator that closes the page at the end"));
        }
        Ok(())
    }
}

/// Whether the first line says that this is a resource (`%!PS-Adobe-3.0 Resource-ProcSet`): those need no %%EOF (section 3.5).
fn is_resource(bytes: &[u8]) -> bool {
    let (first, _) = line(bytes, 0);
    let kind = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1);
    kind.is_some_and(|kind| kind.starts_with(b"Resource-"))
}

/// Operators that close what a page opened.
const CLOSING: &[&[u8]] = &[b"showpage", b"end", b"quit", b"pdfmark"];

/// Whether the last line is whole and its last word closes the page, and no comment was put off to a trailer.
fn closes(bytes: &[u8]) -> bool {
    let ended = (bytes.ends_with(b"\n") || bytes.ends_with(b"\r")) && find(bytes, b"(atend)").is_none();
    let end = bytes.trim_ascii_end();
    let start = end.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    ended && CLOSING.contains(&&end[start..])
}

/// Offset and length of the PostScript part.
fn postscript(source: &mut Source) -> Result<(u64, u64), Problem> {
    if source.up_to(0, 4)? != DOS {
        return Ok((0, source.len()));
    }
    let header = source.array::<12>(0).map_err(|p| p.within("eps (DOS header)"))?;
    let number =
        |at: usize| u64::from(u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    Ok((number(4), number(8)))
}

/// Walks the lines: comments, resources, packets.
fn comments(bytes: &[u8], base: u64, out: &mut Extraction) {
    let mut at = 0;
    let mut kept = 0;
    while at < bytes.len() {
        let (line, next) = line(bytes, at);
        if let Some(count) = number_after(line, b"%%BeginBinary:").or_else(|| number_after(line, b"%%BeginData:")) {
            // What a marked section of binary data holds is no comment. A count of lines skips too little at worst.
            at = next.saturating_add(if line.ends_with(b"Lines") { 0 } else { count });
        } else if number_after(line, b"%BeginPhotoshop:").is_some() {
            let (resources, end) = hexadecimal(bytes, next);
            let place =
                Place { container: "EPS %BeginPhotoshop".into(), offset: Some(base.saturating_add(next as u64)) };
            photoshop::read(&resources, &place, out);
            at = end;
        } else if let Some(begin) = find(line, b"<?xpacket begin") {
            let start = at + begin;
            let end = bytes.get(start..).and_then(|rest| find(rest, b"<?xpacket end")).map(|len| start + len);
            let place = Place { container: "EPS XMP".into(), offset: Some(base.saturating_add(start as u64)) };
            let Some(end) = end else {
                let problem = Problem::truncated("", base.saturating_add(start as u64), "the XMP packet has no end");
                return place.problem(problem, out);
            };
            xmp::read(bytes.get(start..end).unwrap_or_default(), &place, out);
            at = end + b"<?xpacket end".len();
        } else {
            if let Some((key, value)) = comment(line)
                && kept < KEPT
            {
                kept += 1;
                let place = Place { container: "EPS comments".into(), offset: Some(base.saturating_add(at as u64)) };
                tags::push(out, ("eps", key), value, &place, 0);
            }
            at = next;
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}

/// The line at `at` without its end, and where the next one starts.
fn line(bytes: &[u8], at: usize) -> (&[u8], usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    let end = if rest.get(len..).is_some_and(|r| r.starts_with(b"\r\n")) { len + 2 } else { len + 1 };
    (&rest[..len], at + end)
}

fn number_after(line: &[u8], start: &[u8]) -> Option<usize> {
    let rest = std::str::from_utf8(line.strip_prefix(start)?).ok()?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

fn comment(line: &[u8]) -> Option<(&'static str, String)> {
    let rest = line.strip_prefix(b"%%").or_else(|| line.strip_prefix(b"%"))?;
    let key = COMMENTS.iter().find(|key| rest.starts_with(key.as_bytes()) && rest.get(key.len()) == Some(&b':'))?;
    let (value, ..) = encoding_rs::UTF_8.decode(rest.get(key.len() + 1..)?);
    let value = value.trim();
    let plain = value.strip_prefix('(').and_then(|v| v.strip_suffix(')')).unwrap_or(value);
    (!plain.is_empty()).then(|| (*key, plain.to_owned()))
}

/// Bytes written as `% 3842…` lines up to `%EndPhotoshop`.
fn hexadecimal(bytes: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut digits = Vec::new();
    while at < bytes.len() {
        let (text, next) = line(bytes, at);
        let Some(rest) = text.strip_prefix(b"%").filter(|rest| !rest.starts_with(b"EndPhotoshop")) else { break };
        digits.extend(rest.iter().filter_map(|b| (*b as char).to_digit(16)).map(|d| d as u8));
        at = next;
    }
    (digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect(), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_needs_no_end_and_a_page_does() {
        let read = |text: &str| {
            let mut out = Extraction::default();
            Eps.read(&mut Source::memory(text.as_bytes().to_vec(), 0), &mut out).is_ok()
        };
        assert!(read("%!PS-Adobe-3.0 Resource-ProcSet\n%%Title: x\n/x {} def\n"));
        assert!(read("%!PS-Adobe-3.0 Resource-Font\r\n12 dict begin\r\n"));
        // The word elsewhere is no promise: not in another comment, not behind another kind.
        assert!(!read("%!PS-Adobe-3.0 EPSF-3.0\n%%Title: Resource-Font\n/x {} def\n"));
        assert!(!read("%!PS-Adobe-3.0 EPSF-3.0 Resource-Font\n/x {} def\n"));
        assert!(!read("%!PS-Adobe-3.0\nResource-Font\n/x {} def\n"));
    }
}
