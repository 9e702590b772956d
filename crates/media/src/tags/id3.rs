//! ID3 tags: v2.2, 2.3 and 2.4 (id3.org), and the 128 bytes of v1.

mod frame;
mod names;

use std::borrow::Cow;

use crate::tags::{Place, charset, content, push};
use countersign_io::asset_budget::Decompressed;
use countersign_model::limits;
use countersign_model::{Extraction, Problem, ProblemKind};

/// Length of a tag's header, and of its footer.
pub const HEADER: usize = 10;
/// Length of a v1 tag.
pub const V1: usize = 128;

/// Length of the whole tag, header and footer included, where these are the first bytes of one (`ID3`, or `3DI` for a footer).
#[must_use]
pub fn length(head: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major, revision, flags, size @ ..] = head.get(..HEADER)? else {
        return head.strip_prefix(b"3DI").and_then(|rest| length(&[b"ID3", rest].concat()));
    };
    if *major == 0xFF || *revision == 0xFF {
        return None;
    }
    // Some writers do not keep the size synchsafe.
    let body = synchsafe(size.get(..4)?).unwrap_or_else(|| plain(size));
    let footer = if *major >= 4 && flags & 0x10 != 0 { HEADER } else { 0 };
    Some(u64::from(body) + (HEADER + footer) as u64)
}

/// Four bytes of seven bits each; `None` where a top bit is set.
fn synchsafe(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |sum, b| (*b < 0x80).then(|| (sum << 7) | u32::from(*b)))
}

fn plain(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |sum, b| (sum << 8) | u32::from(*b))
}

/// `FF 00` back to `FF`.
fn resynchronized(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut after_ff = false;
    for byte in bytes {
        if !(after_ff && *byte == 0) {
            out.push(*byte);
        }
        after_ff = *byte == 0xFF;
    }
    out
}

/// Reads a whole ID3v2 tag that starts at `ID3`. Keys are `TXXX:AIGC`, `COMM`, `TIT2`, …; v2.2 names become those of 2.3.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    let start = at.offset.unwrap_or(0);
    if blob.iter().all(|b| *b == 0) {
        // Programs that remove a tag leave an empty chunk behind.
        return;
    }
    let Some([b'I', b'D', b'3', major, _, flags, size @ ..]) = blob.get(..HEADER) else {
        return at.problem(Problem::malformed("", start, "no ID3 header"), out);
    };
    if !(2..=4).contains(major) {
        let what = format!("ID3v2.{major} is not known");
        return at.problem(Problem::new(ProblemKind::Unsupported, "", Some(start), what), out);
    }
    if *major == 2 && flags & 0x40 != 0 {
        let what = "a compressed ID3v2.2 tag";
        return at.problem(Problem::new(ProblemKind::Unsupported, "", Some(start), what), out);
    }
    let stated = synchsafe(size).unwrap_or_else(|| plain(size)) as usize;
    let rest = blob.get(HEADER..).unwrap_or_default();
    if stated > rest.len() {
        let what = format!("{stated} bytes stated, {} left", rest.len());
        at.problem(Problem::truncated("", start, what), out);
    }
    let body = rest.get(..stated).unwrap_or(rest);
    let whole = flags & 0x80 != 0;
    let body = if whole && *major < 4 { Cow::Owned(resynchronized(body)) } else { Cow::Borrowed(body) };
    let skip = if *major > 2 && flags & 0x40 != 0 { extended(&body, *major) } else { 0 };
    let mut tag = Tag {
        major: *major,
        unsynchronized: whole && *major == 4,
        exact: matches!(body, Cow::Borrowed(_)),
        inflated: 0,
        frames: 0,
    };
    match body.get(skip..) {
        Some(frames) => {
            let by = (HEADER + skip) as u64;
            let inside = Place { offset: at.offset.map(|o| o.saturating_add(by)), ..at.clone() };
            tag.frames(frames, &inside, 0, out);
        }
        None => at.problem(Problem::malformed("", start, "the extended header runs past the tag"), out),
    }
}

/// Length of the extended header.
fn extended(body: &[u8], major: u8) -> usize {
    let Some(size) = body.get(..4) else { return 0 };
    if major == 4 {
        synchsafe(size).unwrap_or_else(|| plain(size)) as usize
    } else {
        (plain(size) as usize).saturating_add(4)
    }
}

/// A frame: its name, its content, and where that stands.
#[derive(Clone, Copy)]
struct Frame<'a> {
    name: &'a str,
    body: &'a [u8],
    at: &'a Place,
}

/// What holds for all frames of a tag, and what reading them has cost.
struct Tag {
    major: u8,
    /// All frames are unsynchronized (2.4).
    unsynchronized: bool,
    /// Offsets in the body are offsets in the file.
    exact: bool,
    inflated: usize,
    frames: usize,
}

impl Tag {
    fn frames(&mut self, body: &[u8], at: &Place, depth: usize, out: &mut Extraction) {
        if depth > 4 {
            return at.problem(Problem::limit("", at.offset.unwrap_or(0), "frames nested too deep"), out);
        }
        let head = if self.major == 2 { 6 } else { 10 };
        let mut pos = 0;
        while let Some(header) = body.get(pos..pos + head) {
            if header.first() == Some(&0) {
                // Only zeros are allowed there.
                let padding = body.get(pos..).unwrap_or_default();
                let Some(by) = padding.iter().position(|b| *b != 0) else { return };
                let id = padding.get(by..by + 4);
                if id.is_some_and(|id| id.iter().all(u8::is_ascii_alphanumeric) && names::name(id).is_some()) {
                    pos += by;
                    continue;
                }
                content::unknown(padding, "id3", &self.at(at, pos, "ID3 padding"), out);
                return;
            }
            self.frames += 1;
            let here = self.at(at, pos, "");
            if self.frames > limits::ITEMS {
                return here.problem(Problem::limit("", here.offset.unwrap_or(0), "too many frames"), out);
            }
            let id = header.get(..if self.major == 2 { 3 } else { 4 }).unwrap_or_default();
            let Some(name) = names::name(id) else {
                // Behind the frames only padding is allowed: text there is no frame and frames behind it are lost.
                return here
                    .problem(Problem::malformed("", here.offset.unwrap_or(0), "no frame where one should start"), out);
            };
            let data = pos + head;
            let len = self.size(body, pos);
            let left = body.len() - data;
            if len > left {
                let what = format!("frame {name}: {len} bytes stated, {left} left");
                here.problem(Problem::truncated("", here.offset.unwrap_or(0), what), out);
            }
            let content = body.get(data..data + len.min(left)).unwrap_or_default();
            let flags = header.get(8..10).map_or(0, plain);
            let place = self.at(at, data, "");
            let stored = Frame { name, body: content, at: &place };
            if let Some(content) = self.frame_content(stored, flags, out) {
                frame::read(self, Frame { body: &content, ..stored }, depth, out);
            }
            pos = data + len.min(left);
        }
    }

    fn at(&self, at: &Place, by: usize, name: &str) -> Place {
        let by = if self.exact { by as u64 } else { 0 };
        let container = if name.is_empty() { at.container.clone() } else { format!("{}, {name}", at.container).into() };
        Place { container, offset: at.offset.map(|o| o.saturating_add(by)) }
    }

    fn size(&self, body: &[u8], pos: usize) -> usize {
        let field = |from: usize, len: usize| body.get(pos + from..pos + from + len).unwrap_or_default();
        match self.major {
            2 => plain(field(3, 3)) as usize,
            3 => plain(field(4, 4)) as usize,
            _ => {
                let naive = plain(field(4, 4)) as usize;
                let Some(safe) = synchsafe(field(4, 4)).map(|s| s as usize) else { return naive };
                // Old iTunes wrote plain sizes: believe whichever leads to another frame, padding or the end.
                if safe == naive || follows(body, pos + 10, safe) || !follows(body, pos + 10, naive) {
                    safe
                } else {
                    naive
                }
            }
        }
    }

    /// Undoes what the frame's flags say; `None` where the content cannot be had.
    fn frame_content<'a>(
        &mut self,
        Frame { name, body: content, at }: Frame<'a>,
        flags: u32,
        out: &mut Extraction,
    ) -> Option<Cow<'a, [u8]>> {
        let start = at.offset.unwrap_or(0);
        let form = Form::of(self.major, flags);
        if form.encrypted {
            let what = format!("frame {name} is encrypted");
            at.problem(Problem::new(ProblemKind::Unsupported, "", Some(start), what).harmless(), out);
            return None;
        }
        let Some(content) = content.get(form.skip..) else {
            at.problem(Problem::malformed("", start, format!("frame {name} is too short")), out);
            return None;
        };
        let content = if form.unsynchronized || self.unsynchronized {
            Cow::Owned(resynchronized(content))
        } else {
            Cow::Borrowed(content)
        };
        if !form.compressed {
            return Some(content);
        }
        let room = limits::INFLATED.saturating_sub(self.inflated);
        match inflate(&content, room) {
            Ok(unfolded) if unfolded.len() >= room => {
                let what = format!("frame {name} unfolds to more than is read");
                at.problem(Problem::limit("", start, what), out);
                self.inflated = limits::INFLATED;
                None
            }
            Ok(unfolded) => {
                self.inflated += unfolded.len();
                Some(Cow::Owned(unfolded))
            }
            Err(e) => {
                at.problem(Problem::malformed("", start, format!("frame {name}: {e}")), out);
                None
            }
        }
    }
}

/// How a frame's content is wrapped.
struct Form {
    compressed: bool,
    encrypted: bool,
    unsynchronized: bool,
    /// Bytes before the content: decompressed size, encryption method, group.
    skip: usize,
}

impl Form {
    fn of(major: u8, flags: u32) -> Self {
        let has = |bit: u32| flags & bit != 0;
        let add = |bit: u32, bytes: usize| if has(bit) { bytes } else { 0 };
        match major {
            3 => Self {
                compressed: has(0x80),
                encrypted: has(0x40),
                unsynchronized: false,
                skip: add(0x80, 4) + add(0x40, 1) + add(0x20, 1),
            },
            4 => Self {
                compressed: has(0x08),
                encrypted: has(0x04),
                unsynchronized: has(0x02),
                skip: add(0x40, 1) + add(0x04, 1) + add(0x01, 4),
            },
            _ => Self { compressed: false, encrypted: false, unsynchronized: false, skip: 0 },
        }
    }
}

/// Whether a frame, padding or the end follows content of this length.
fn follows(body: &[u8], data: usize, len: usize) -> bool {
    let Some(next) = data.checked_add(len) else { return false };
    match body.get(next..) {
        Some([]) => true,
        Some([0, ..]) => true,
        Some(rest) => rest.get(..4).is_some_and(|id| names::name(id).is_some()),
        None => false,
    }
}

fn inflate(bytes: &[u8], most: usize) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut out = Vec::new();
    Decompressed(flate2::read::ZlibDecoder::new(bytes)).take(most as u64).read_to_end(&mut out)?;
    Ok(out)
}

/// Reads a v1 tag: `TAG` and 125 bytes; space `id3v1`.
pub fn read_v1(blob: &[u8], at: &Place, out: &mut Extraction) {
    const FIELDS: &[(&str, usize, usize)] =
        &[("Title", 3, 30), ("Artist", 33, 30), ("Album", 63, 30), ("Year", 93, 4), ("Comment", 97, 30)];
    for (key, from, len) in FIELDS {
        let text = charset::fixed(blob.get(*from..from + len).unwrap_or_default());
        let text = text.trim();
        if !text.is_empty() {
            push(out, ("id3v1", key), text, at, *from as u64);
        }
    }
    if let Some([0, track]) = blob.get(125..127)
        && *track != 0
    {
        push(out, ("id3v1", "Track"), track.to_string(), at, 126);
    }
    if let Some(genre) = blob.get(127).filter(|g| **g != 0xFF) {
        push(out, ("id3v1", "Genre"), genre.to_string(), at, 127);
    }
}
