//! Items of a `meta` box: `iinf`, `iloc`, `idat`, `pitm`, `iprp` (ISO/IEC 14496-12 §8.11, ISO/IEC 23008-12).

use crate::framing::bmff::{self, Boxes, FourCc, Header};
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

/// The longest table of items that is read.
const TABLE: usize = 16 * 1024 * 1024;

/// One item and where its bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// `item_ID`: what `iloc`, `pitm` and `iref` call it.
    pub id: u32,
    /// `item_type`: `hvc1`, `av01`, `Exif`, `mime`, `uri `, …
    pub kind: FourCc,
    /// `item_name`, mostly empty.
    pub name: String,
    /// Of `mime` items.
    pub content_type: String,
    /// Of `mime` items: empty, `gzip`, `deflate`, `br`.
    pub content_encoding: String,
    /// Of `uri ` items.
    pub uri: String,
}

/// Where one item's bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Location {
    id: u32,
    /// 0: offsets in the file, 1: in `idat`, 2: in another item.
    method: u8,
    /// 0 is this file.
    reference: u16,
    extents: Vec<(u64, u64)>,
}

/// The items of one `meta` box.
#[derive(Clone, Debug, Default)]
pub struct Items {
    /// The items of `iinf`, in its order.
    pub list: Vec<Item>,
    /// Id of the item that is the picture (`pitm`).
    pub primary: Option<u32>,
    /// Width and height of the largest `ispe`, pixels.
    pub size: Option<(u32, u32)>,
    locations: Vec<Location>,
    idat: Option<(u64, u64)>,
}

impl Items {
    /// Reads the tables among the children from `start` to `end`; what could not be read is in `problems`.
    pub fn read(source: &mut Source, start: u64, end: u64, problems: &mut Vec<Problem>) -> Self {
        let mut items = Self::default();
        let mut boxes = Boxes::terminated(start, end);
        for _ in 0..limits::ITEMS {
            let header = match boxes.next(source) {
                Ok(Some(header)) => header,
                Ok(None) => break,
                Err(problem) => {
                    problems.push(problem);
                    break;
                }
            };
            let done = match &header.kind {
                b"iinf" => items.infos(source, &header),
                b"iloc" => items.locate(source, &header),
                b"pitm" => items.pitm(source, &header),
                b"iprp" => items.properties(source, &header),
                b"idat" => {
                    items.idat = Some((header.body, header.end));
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(problem) = done {
                problems.push(problem.within(&bmff::name(header.kind)));
            }
        }
        items
    }

    fn infos(&mut self, source: &mut Source, header: &Header) -> Result<(), Problem> {
        let lead = source.array::<4>(header.body)?;
        let by = if lead[0] == 0 { 2 } else { 4 };
        let mut boxes = Boxes::new((header.body + 4 + by).min(header.end), header.end);
        while let Some(entry) = boxes.next(source)? {
            if self.list.len() >= limits::ITEMS {
                return Err(Problem::limit("", source.absolute(entry.offset), "too many items"));
            }
            if &entry.kind == b"infe" {
                let bytes = source.read_bounded(entry.body, entry.len(), limits::HEAD)?;
                self.list.extend(info(&bytes));
            }
        }
        Ok(())
    }

    fn pitm(&mut self, source: &mut Source, header: &Header) -> Result<(), Problem> {
        let bytes = source.read_bounded(header.body, header.len(), 64)?;
        let mut cursor = Cursor { bytes: &bytes, at: 4 };
        let wide = bytes.first().is_some_and(|v| *v > 0);
        self.primary = cursor.number(if wide { 4 } else { 2 }).map(|n| n as u32);
        Ok(())
    }

    fn properties(&mut self, source: &mut Source, header: &Header) -> Result<(), Problem> {
        let Some(ipco) = bmff::child(source, header.body, header.end, b"ipco")? else { return Ok(()) };
        let mut boxes = Boxes::new(ipco.body, ipco.end);
        for _ in 0..limits::ITEMS {
            let Some(property) = boxes.next(source)? else { break };
            if &property.kind == b"ispe" && property.len() >= 12 {
                let b = source.array::<12>(property.body)?;
                let width = u32::from_be_bytes([b[4], b[5], b[6], b[7]]);
                let height = u32::from_be_bytes([b[8], b[9], b[10], b[11]]);
                let area = |(w, h): (u32, u32)| u64::from(w) * u64::from(h);
                self.size = self.size.into_iter().chain([(width, height)]).max_by_key(|s| area(*s));
            }
        }
        Ok(())
    }

    fn locate(&mut self, source: &mut Source, header: &Header) -> Result<(), Problem> {
        let bytes = source.read_bounded(header.body, header.len(), TABLE)?;
        let cut = || Problem::malformed("", source.absolute(header.body), "iloc ends too early");
        let mut cursor = Cursor { bytes: &bytes, at: 0 };
        let version = cursor.number(1).ok_or_else(cut)?;
        cursor.at = 4;
        let sizes = cursor.number(2).ok_or_else(cut)?;
        let nibble = |shift: u32| ((sizes >> shift) & 0xF) as usize;
        let (offset_size, length_size, base_size) = (nibble(12), nibble(8), nibble(4));
        let index_size = if version > 0 { nibble(0) } else { 0 };
        let id_size = if version < 2 { 2 } else { 4 };
        let count = cursor.number(id_size).ok_or_else(cut)?;
        let mut extents = 0_usize;
        for _ in 0..count.min(limits::ITEMS as u64) {
            let mut place = Location { id: cursor.number(id_size).ok_or_else(cut)? as u32, ..Location::default() };
            if version > 0 {
                place.method = (cursor.number(2).ok_or_else(cut)? & 0xF) as u8;
            }
            place.reference = cursor.number(2).ok_or_else(cut)? as u16;
            let base = cursor.number(base_size).ok_or_else(cut)?;
            for _ in 0..cursor.number(2).ok_or_else(cut)? {
                extents += 1;
                if extents > limits::ITEMS {
                    return Err(Problem::limit("", source.absolute(header.body), "too many extents"));
                }
                cursor.number(index_size).ok_or_else(cut)?;
                let offset = cursor.number(offset_size).ok_or_else(cut)?;
                let length = cursor.number(length_size).ok_or_else(cut)?;
                place.extents.push((base.saturating_add(offset), length));
            }
            self.locations.push(place);
        }
        Ok(())
    }

    /// An item's bytes and the offset in the source of the first one.
    ///
    /// # Errors
    /// `malformed` without a location, `unsupported` for other files and other items' bytes, `truncated`, `limit`.
    pub fn bytes(&self, source: &mut Source, item: &Item) -> Result<(u64, Vec<u8>), Problem> {
        use countersign_model::ProblemKind::{Malformed, Unsupported};
        let problem = |kind, what: &str| Problem::new(kind, "", None, format!("item {} {what}", item.id));
        let place = self.locations.iter().find(|l| l.id == item.id);
        let place = place.ok_or_else(|| problem(Malformed, "has no location"))?;
        let (start, end) = match (place.method, place.reference, self.idat) {
            (0, 0, _) => (0, source.len()),
            (1, 0, Some(range)) => range,
            (1, 0, None) => return Err(problem(Malformed, "stands in an idat that is not there")),
            _ => return Err(problem(Unsupported, "stands in another file or item")),
        };
        let mut out = Vec::new();
        let first = place.extents.first().map_or(start, |(offset, _)| start.saturating_add(*offset));
        for (offset, length) in &place.extents {
            let from = start.saturating_add(*offset);
            // A length of zero is everything from there on.
            let length = if *length == 0 { end.saturating_sub(from) } else { *length };
            if from.saturating_add(length) > end {
                let what = format!("item {} ends after what holds it", item.id);
                return Err(Problem::truncated("", source.absolute(from), what));
            }
            let room = limits::BLOB - out.len();
            out.extend(source.read_bounded(from, length, room)?);
        }
        Ok((first, out))
    }
}

/// `infe`: version 0 and 1 without a type, 2 with a 16-bit id, 3 with a 32-bit one.
fn info(bytes: &[u8]) -> Option<Item> {
    let version = *bytes.first()?;
    let mut cursor = Cursor { bytes, at: 4 };
    let id = cursor.number(if version < 3 { 2 } else { 4 })? as u32;
    cursor.number(2)?;
    let mut item = Item { id, ..Item::default() };
    if version < 2 {
        item.kind = *b"mime";
        item.name = cursor.string();
        item.content_type = cursor.string();
        item.content_encoding = cursor.string();
        return Some(item);
    }
    item.kind = (cursor.number(4)? as u32).to_be_bytes();
    item.name = cursor.string();
    match &item.kind {
        b"mime" => {
            item.content_type = cursor.string();
            item.content_encoding = cursor.string();
        }
        b"uri " => item.uri = cursor.string(),
        _ => {}
    }
    Some(item)
}

/// A reader of big-endian numbers and terminated strings.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// A number of up to eight bytes; none at all is zero.
    fn number(&mut self, size: usize) -> Option<u64> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(size)?)?;
        self.at += size;
        Some(bytes.iter().fold(0, |n, b| (n << 8) | u64::from(*b)))
    }

    fn string(&mut self) -> String {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
        self.at += end + 1;
        String::from_utf8_lossy(&rest[..end]).into_owned()
    }
}
