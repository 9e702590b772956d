//! The structure of a PDF file (ISO 32000-2 section 7.5): cross-reference tables and streams, object streams.
//!
//! Objects are read where the tables say they are; only a file whose tables are broken is searched for
//! `N G obj`, as section C.2 of the specification's annex on errors lets readers do.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::rc::Rc;

use crate::framing::pdf_filters;
use crate::framing::pdf_objects::{Dict, Object, Parser};
use countersign_io::asset_budget::{self, Decompressed};
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

/// Where an object stands.
#[derive(Clone, Copy, Debug)]
enum Entry {
    At(u64),
    /// Number of the object stream, index inside it.
    In(u32, usize),
}

/// An indirect object: its value, and where its stream's bytes start.
#[derive(Clone, Debug)]
pub struct Indirect {
    /// The object's number.
    pub number: u32,
    /// Its value; of a stream the dictionary.
    pub object: Object,
    /// Offset of the object; `None` inside an object stream.
    pub start: Option<u64>,
    /// Offset of the stream's first byte; `None` where the object is no stream.
    pub stream: Option<u64>,
}

/// An object stream unfolded: its bytes, and number and offset of each object.
type Unfolded = Rc<(Vec<u8>, Vec<(u32, usize)>)>;

/// A PDF file's objects.
pub struct Document<'a> {
    /// The file.
    pub source: &'a mut Source,
    /// What stands before `%PDF-`; offsets count from its end.
    base: u64,
    entries: HashMap<u32, Entry>,
    /// The newest trailer's dictionary: `Root`, `Info`, `Encrypt`.
    pub trailer: Dict,
    /// Why the tables could not be used and the file was searched.
    pub repaired: Option<Problem>,
    unfolded: HashMap<u32, Option<Unfolded>>,
    /// Bytes unfolded so far.
    spent: usize,
    /// Why objects could not be read that may be sound.
    pub withheld: Option<Problem>,
}

/// The largest object without its stream that is read.
const OBJECT: usize = 4 * 1024 * 1024;
/// Cross-reference sections that are followed.
const SECTIONS: usize = 4_096;
/// Object streams kept at a time.
const UNFOLDED: usize = 16;

impl<'a> Document<'a> {
    /// Reads the cross-reference data, or searches for the objects where it is broken.
    ///
    /// # Errors
    /// `truncated` or `malformed` where no objects can be found at all.
    pub fn open(source: &'a mut Source) -> Result<Self, Problem> {
        let head = source.up_to(0, 1024)?;
        let base = head.windows(5).position(|w| w == b"%PDF-").unwrap_or(0) as u64;
        let (entries, unfolded) = (HashMap::new(), HashMap::new());
        let mut document = Self {
            source,
            base,
            entries,
            trailer: Dict::default(),
            repaired: None,
            unfolded,
            spent: 0,
            withheld: None,
        };
        if let Err(problem) = document.tables() {
            document.repaired = Some(problem);
            document.search()?;
        }
        Ok(document)
    }

    fn tables(&mut self) -> Result<(), Problem> {
        let (offset, tail) = self.source.tail()?;
        let found = tail.windows(9).rposition(|w| w == b"startxref");
        let found = found.and_then(|at| {
            let mut parser = Parser { bytes: tail, at: at + 9 };
            Some((parser.unsigned()?, parser.at))
        });
        let Some((start, behind)) = found else {
            let at = self.source.absolute(offset);
            return Err(Problem::truncated("", at, "no startxref at the end"));
        };
        // Objects behind the end: an update (section 7.5.6) whose own tables are missing.
        let rest = tail.get(behind..).unwrap_or_default();
        let begun = words(rest, b"obj")
            .find(|at| object_start(rest, *at).is_some() && !rest.get(at + 3).is_some_and(u8::is_ascii_alphanumeric));
        if let Some(by) = begun {
            let at = self.source.absolute(offset.saturating_add((behind + by) as u64));
            return Err(Problem::truncated("", at, "an update of the document is cut short"));
        }
        let mut next = Some(start);
        let mut seen = HashSet::new();
        while let Some(at) = next.filter(|at| seen.insert(*at)) {
            if seen.len() > SECTIONS {
                return Err(Problem::limit("", at, "too many cross-reference sections"));
            }
            let section = self.section(self.base.saturating_add(at))?;
            let previous = section.integer("Prev").and_then(|n| u64::try_from(n).ok());
            if let Some(hybrid) = section.integer("XRefStm").and_then(|n| u64::try_from(n).ok())
                && seen.insert(hybrid)
            {
                self.section(self.base.saturating_add(hybrid))?;
            }
            if self.trailer.0.is_empty() {
                self.trailer = section;
            }
            next = previous;
        }
        match self.trailer.get("Root").cloned() {
            Some(Object::Ref(root)) if matches!(self.get(root), Some(Indirect { object: Object::Dict(_), .. })) => {
                Ok(())
            }
            // An encrypted file may keep its catalog in an encrypted object stream.
            Some(Object::Ref(_)) if self.trailer.get("Encrypt").is_some() => Ok(()),
            _ => Err(Problem::malformed("", self.source.absolute(start), "the tables lead to no catalog")),
        }
    }

    /// One cross-reference table or stream; its trailer.
    fn section(&mut self, at: u64) -> Result<Dict, Problem> {
        let offset = self.source.absolute(at);
        let broken = |what: &str| Problem::malformed("", offset, what);
        let mut parser = Parser::new(self.source.up_to(at, 64)?);
        if !parser.word("xref") {
            return self.stream_section(at).ok_or_else(|| broken("no cross-reference section here"));
        }
        let mut at = at.saturating_add(parser.at as u64);
        loop {
            let mut parser = Parser::new(self.source.up_to(at, 256)?);
            if parser.word("trailer") {
                let start = at.saturating_add(parser.at as u64);
                let found = self.parse(start, |parser| match parser.object()? {
                    Object::Dict(dict) => Some(dict),
                    _ => None,
                });
                return found.ok_or_else(|| broken("no trailer dictionary"));
            }
            let (Some(first), Some(count)) = (parser.unsigned(), parser.unsigned()) else {
                return Err(broken("broken cross-reference table"));
            };
            parser.space();
            let start = at.saturating_add(parser.at as u64);
            let count = usize::try_from(count).ok().filter(|n| *n <= limits::ITEMS * 4);
            let Some(count) = count.filter(|n| self.entries.len() + n <= limits::ITEMS * 8) else {
                return Err(broken("too many cross-reference entries"));
            };
            let bytes = self.source.up_to(start, count.saturating_mul(20))?;
            let mut rows = Parser::new(bytes);
            let mut read = Vec::new();
            for number in first..first.saturating_add(count as u64) {
                let (Some(place), Some(_)) = (rows.unsigned(), rows.unsigned()) else {
                    return Err(broken("broken cross-reference entry"));
                };
                match (rows.word("n"), rows.word("f")) {
                    (true, _) => read.push((number as u32, Entry::At(place))),
                    (_, true) => {}
                    _ => return Err(broken("broken cross-reference entry")),
                }
            }
            at = start.saturating_add(rows.at as u64);
            for (number, entry) in read {
                self.entries.entry(number).or_insert(entry);
            }
        }
    }

    fn stream_section(&mut self, at: u64) -> Option<Dict> {
        let found = self.indirect(at)?;
        let Object::Dict(dict) = &found.object else { return None };
        let widths: Vec<usize> = integers(dict.get("W")?)?.into_iter().map(|n| n.min(9) as usize).collect();
        let &[kind_width, a_width, b_width] = widths.as_slice() else { return None };
        let bytes = self.data(&found).ok()?;
        let row = kind_width + a_width + b_width;
        if row == 0 || row > 24 {
            return None;
        }
        let size = u64::try_from(dict.integer("Size")?).ok()?;
        let index = dict.get("Index").and_then(integers).unwrap_or_else(|| vec![0, size]);
        let numbers = index.chunks_exact(2).flat_map(|r| r[0]..r[0].saturating_add(r[1]));
        let number = |b: &[u8]| b.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        for (id, row) in numbers.zip(bytes.chunks_exact(row)).take(limits::ITEMS * 4) {
            let kind = if kind_width == 0 { 1 } else { number(&row[..kind_width]) };
            let (a, b) = (number(&row[kind_width..kind_width + a_width]), number(&row[kind_width + a_width..]));
            let entry = match kind {
                1 => Entry::At(a),
                2 => Entry::In(a as u32, b as usize),
                _ => continue,
            };
            self.entries.entry(id as u32).or_insert(entry);
        }
        Some(dict.clone())
    }

    /// Finds the objects of a file whose tables are broken.
    fn search(&mut self) -> Result<(), Problem> {
        let base = self.base;
        let bytes = self.source.whole(limits::BLOB)?.into_owned();
        self.entries.clear();
        self.unfolded.clear();
        let mut root = None;
        let mut streams = Vec::new();
        let mut trailer = Dict::default();
        for at in words(&bytes, b"obj").take(limits::ITEMS) {
            let Some((number, start)) = object_start(&bytes, at) else { continue };
            self.entries.insert(number, Entry::At((start as u64).saturating_sub(base)));
            // The last one of a number is the newest.
            if let Some(Object::Dict(dict)) =
                (Parser { bytes: bytes.get(..bytes.len().min(at + OBJECT)).unwrap_or_default(), at: at + 3 }).object()
            {
                match dict.name("Type") {
                    Some("Catalog") => root = Some(number),
                    Some("ObjStm") => streams.push(number),
                    Some("XRef") => merge(&mut trailer, &dict),
                    _ => {}
                }
            }
        }
        for at in words(&bytes, b"trailer").take(SECTIONS) {
            if let Some(Object::Dict(dict)) = (Parser { bytes: &bytes, at: at + 7 }).object() {
                merge(&mut trailer, &dict);
            }
        }
        self.trailer = trailer;
        for stream in streams {
            let Some(unfolded) = self.object_stream(stream) else { continue };
            for (index, (number, _)) in unfolded.1.iter().enumerate() {
                self.entries.entry(*number).or_insert(Entry::In(stream, index));
                if root.is_none()
                    && matches!(self.get(*number), Some(Indirect { object: Object::Dict(d), .. }) if d.name("Type") == Some("Catalog"))
                {
                    root = Some(*number);
                }
            }
        }
        if self.trailer.get("Root").is_none()
            && let Some(root) = root
        {
            self.trailer.0.push(("Root".into(), Object::Ref(root)));
        }
        match self.trailer.get("Root") {
            Some(_) => Ok(()),
            None => Err(Problem::truncated("", self.source.len(), "no catalog found")),
        }
    }

    /// The object with this number; `None` where it is missing or broken.
    pub fn get(&mut self, number: u32) -> Option<Indirect> {
        match *self.entries.get(&number)? {
            Entry::At(at) => {
                let at = self.base.saturating_add(at);
                self.indirect(at).filter(|found| found.number == number)
            }
            Entry::In(stream, index) => {
                let unfolded = self.object_stream(stream)?;
                // Writers are known to get the index wrong; the stream's own table decides.
                let listed = unfolded.1.get(index).filter(|(n, _)| *n == number);
                let (_, at) = listed.or_else(|| unfolded.1.iter().find(|(n, _)| *n == number))?;
                let object = Parser { bytes: &unfolded.0, at: *at }.object()?;
                Some(Indirect { number, object, start: None, stream: None })
            }
        }
    }

    /// The object itself, or the one that a reference means.
    pub fn resolve(&mut self, object: &Object) -> Option<Indirect> {
        let mut object = object.clone();
        for _ in 0..limits::DEPTH {
            let Object::Ref(number) = object else {
                return Some(Indirect { number: 0, object, start: None, stream: None });
            };
            let found = self.get(number)?;
            if !matches!(found.object, Object::Ref(_)) {
                return Some(found);
            }
            object = found.object;
        }
        None
    }

    /// The dictionary that an object is or refers to.
    pub fn dict(&mut self, object: Option<&Object>) -> Option<Dict> {
        match self.resolve(object?)?.object {
            Object::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    fn indirect(&mut self, at: u64) -> Option<Indirect> {
        let (number, object, stream) = self.parse(at, |parser| {
            let number = parser.unsigned()?;
            parser.unsigned()?;
            if !parser.word("obj") {
                return None;
            }
            let object = parser.object()?;
            let mut stream = None;
            if matches!(object, Object::Dict(_)) && parser.word("stream") {
                let rest = parser.bytes.get(parser.at..).unwrap_or_default();
                let skip = if rest.starts_with(b"\r\n") {
                    2
                } else {
                    usize::from(matches!(rest.first(), Some(b'\n' | b'\r')))
                };
                stream = Some(parser.at + skip);
            }
            Some((u32::try_from(number).ok()?, object, stream))
        })?;
        Some(Indirect { number, object, start: Some(at), stream: stream.map(|s| at.saturating_add(s as u64)) })
    }

    /// Applies a reader to the bytes at `at`, more of them while it may have met their end.
    fn parse<T>(&mut self, at: u64, read: impl Fn(&mut Parser<'_>) -> Option<T>) -> Option<T> {
        let mut len = limits::WINDOW;
        loop {
            let bytes = match self.source.up_to(at, len) {
                Ok(bytes) => bytes,
                Err(problem) => {
                    self.withheld.get_or_insert(problem);
                    return None;
                }
            };
            let whole = bytes.len() < len || len >= OBJECT;
            let end = bytes.len();
            let mut parser = Parser::new(bytes);
            let found = read(&mut parser);
            // What reaches the very end may go on behind it.
            if (found.is_some() && parser.at + 16 < end) || whole {
                return found;
            }
            len = len.saturating_mul(8).min(OBJECT);
        }
    }

    /// Absolute offset and length of a stream's bytes as they stand in the file.
    pub fn extent(&mut self, found: &Indirect) -> Option<(u64, u64)> {
        let (Object::Dict(dict), Some(start)) = (&found.object, found.stream) else { return None };
        let length = dict.get("Length").cloned()?;
        match self.resolve(&length)?.object {
            Object::Integer(len) => Some((start, u64::try_from(len).ok()?)),
            _ => None,
        }
    }

    /// A stream's bytes as they stand in the file.
    ///
    /// # Errors
    /// `truncated`, `limit`, `io`, or `malformed` where no length is stated.
    pub fn raw(&mut self, found: &Indirect, most: usize) -> Result<Vec<u8>, Problem> {
        let at = self.source.absolute(found.stream.unwrap_or(0));
        let Some((start, len)) = self.extent(found) else {
            return Err(Problem::malformed("", at, "a stream without a length"));
        };
        self.source.read_bounded(start, len, most)
    }

    /// A stream's content with its filters undone, bounded by [`limits::STORE`].
    ///
    /// # Errors
    /// As [`Document::raw`]; `unsupported` for filters of pictures and the like.
    pub fn data(&mut self, found: &Indirect) -> Result<Vec<u8>, Problem> {
        let (bytes, left) = self.unfiltered(found)?;
        let Some(name) = left else { return Ok(bytes) };
        let at = self.source.absolute(found.stream.unwrap_or(0));
        let what = format!("filter {name} is not read");
        Err(Problem::new(countersign_model::ProblemKind::Unsupported, "", Some(at), what))
    }

    /// As [`Document::data`] of a stream that draws, which is looked through and given back: it takes nothing of the bound on
    /// what is kept.
    ///
    /// # Errors
    /// As [`Document::data`].
    pub fn drawing(&mut self, found: &Indirect) -> Result<Vec<u8>, Problem> {
        let spent = std::mem::take(&mut self.spent);
        let data = self.data(found);
        self.spent = spent;
        data
    }

    /// A stream's content with its filters undone up to the first that is not known here, which comes with it: that of a
    /// picture, mostly.
    ///
    /// # Errors
    /// As [`Document::raw`].
    pub fn unfiltered(&mut self, found: &Indirect) -> Result<(Vec<u8>, Option<String>), Problem> {
        let at = self.source.absolute(found.stream.unwrap_or(0));
        let mut bytes = self.raw(found, limits::STORE)?;
        let Object::Dict(dict) = &found.object else { return Ok((bytes, None)) };
        let filters = self.filters(dict);
        let parameters = self.list(dict.get("DecodeParms").or_else(|| dict.get("DP")));
        for (index, name) in filters.into_iter().enumerate() {
            let parameter = match parameters.get(index) {
                Some(Object::Dict(dict)) => dict.clone(),
                _ => Dict::default(),
            };
            bytes = match name.as_str() {
                "FlateDecode" | "Fl" => unpredicted(inflate(&bytes, at)?, &parameter),
                "LZWDecode" | "LZW" => {
                    let early = parameter.integer("EarlyChange") != Some(0);
                    unpredicted(pdf_filters::lzw(&bytes, early), &parameter)
                }
                "ASCIIHexDecode" | "AHx" => pdf_filters::hexadecimal(&bytes),
                "ASCII85Decode" | "A85" => pdf_filters::ascii85(&bytes),
                "RunLengthDecode" | "RL" => pdf_filters::run_lengths(&bytes),
                "Crypt" if parameter.name("Name").is_none_or(|n| n == "Identity") => bytes,
                _ => return Ok((bytes, Some(name))),
            };
            asset_budget::read(bytes.len())?;
            self.spent = self.spent.saturating_add(bytes.len());
            if self.spent as u64 > limits::METADATA {
                return Err(Problem::limit("", at, "too much to unfold"));
            }
        }
        Ok((bytes, None))
    }

    /// The names of a stream's filters, the outermost first.
    pub fn filters(&mut self, dict: &Dict) -> Vec<String> {
        let all = self.list(dict.get("Filter").or_else(|| dict.get("F").filter(|f| !matches!(f, Object::Dict(_)))));
        let name = |filter: Object| match filter {
            Object::Name(name) => Some(name),
            _ => None,
        };
        all.into_iter().filter_map(name).collect()
    }

    /// How many objects the tables know.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.entries.len()
    }

    fn list(&mut self, object: Option<&Object>) -> Vec<Object> {
        let found = object.and_then(|o| self.resolve(o)).map(|i| i.object);
        let items = match found {
            Some(Object::Array(items)) => items,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        items.iter().take(limits::DEPTH).filter_map(|i| self.resolve(i)).map(|i| i.object).collect()
    }

    fn object_stream(&mut self, number: u32) -> Option<Unfolded> {
        if let Some(known) = self.unfolded.get(&number) {
            return known.clone();
        }
        if self.unfolded.len() >= UNFOLDED {
            self.unfolded.retain(|_, kept| kept.is_none());
        }
        // Noted as broken first, so that a stream that leads to itself ends here.
        self.unfolded.insert(number, None);
        let unfolded = self.decompress_now(number);
        self.unfolded.insert(number, unfolded.clone());
        unfolded
    }

    fn decompress_now(&mut self, number: u32) -> Option<Unfolded> {
        let Some(Entry::At(at)) = self.entries.get(&number).copied() else { return None };
        let found = self.indirect(self.base.saturating_add(at)).filter(|f| f.number == number)?;
        let Object::Dict(dict) = &found.object else { return None };
        let first = usize::try_from(dict.integer("First")?).ok()?;
        let count = usize::try_from(dict.integer("N")?).ok()?.min(limits::ITEMS);
        let bytes = self.data(&found).ok()?;
        let mut parser = Parser::new(bytes.get(..first)?);
        let mut index = Vec::new();
        for _ in 0..count {
            let (Some(number), Some(offset)) = (parser.unsigned(), parser.unsigned()) else { break };
            index.push((number as u32, first.saturating_add(offset as usize)));
        }
        Some(Rc::new((bytes, index)))
    }
}

fn integers(object: &Object) -> Option<Vec<u64>> {
    let Object::Array(items) = object else { return None };
    let number = |item: &Object| match item {
        Object::Integer(n) => u64::try_from(*n).ok(),
        _ => None,
    };
    items.iter().map(number).collect()
}

fn merge(trailer: &mut Dict, newer: &Dict) {
    for key in ["Root", "Info", "Encrypt", "ID"] {
        if let Some(value) = newer.get(key) {
            trailer.0.retain(|(k, _)| k != key);
            trailer.0.push((key.to_owned(), value.clone()));
        }
    }
}

fn words<'b>(bytes: &'b [u8], word: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    let starts = bytes.windows(word.len()).enumerate().filter(move |(_, w)| *w == word).map(|(at, _)| at);
    starts.filter(move |at| bytes.get(at.wrapping_sub(1)).is_none_or(|b| b.is_ascii_whitespace() || b.is_ascii_digit()))
}

/// The number and start of the object whose `obj` stands at `at`: `N G` goes before it.
fn object_start(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let from = at.saturating_sub(24);
    let before = bytes.get(from..at)?;
    let mut fields = before.rsplit(|b| b.is_ascii_whitespace()).filter(|f| !f.is_empty());
    let (generation, number) = (fields.next()?, fields.next()?);
    std::str::from_utf8(generation).ok()?.parse::<u32>().ok()?;
    let digits = number.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let digits = number.get(number.len() - digits..)?;
    let start = digits.as_ptr() as usize - bytes.as_ptr() as usize;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, start))
}

fn inflate(bytes: &[u8], at: u64) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    let most = limits::STORE as u64;
    // What was unfolded before an error stays: a wrong checksum at the end is common.
    let end = Decompressed(flate2::read::ZlibDecoder::new(bytes)).take(most + 1).read_to_end(&mut out);
    if out.len() as u64 > most {
        return Err(Problem::limit("", at, format!("unfolds to more than {most} bytes")));
    }
    match end {
        Err(e) if out.is_empty() => Err(Problem::malformed("", at, format!("broken compression: {e}"))),
        _ => Ok(out),
    }
}

/// Undoes the PNG predictors (section 7.4.4.4).
fn unpredicted(bytes: Vec<u8>, parameters: &Dict) -> Vec<u8> {
    let number = |key: &str, usual: i64| parameters.integer(key).unwrap_or(usual).clamp(1, 1 << 20) as usize;
    if number("Predictor", 1) < 10 {
        return bytes;
    }
    let bits = number("Colors", 1).saturating_mul(number("BitsPerComponent", 8)).min(1 << 16);
    let width = bits.saturating_mul(number("Columns", 1)).div_ceil(8);
    let step = bits.div_ceil(8);
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut above = vec![0u8; width];
    for row in bytes.chunks(width + 1) {
        let mut line = vec![0u8; width];
        for (x, raw) in row.iter().skip(1).enumerate() {
            let left = if x >= step { line[x - step] } else { 0 };
            let corner = if x >= step { above[x - step] } else { 0 };
            let guess = match row[0] {
                1 => left,
                2 => above[x],
                3 => ((u16::from(left) + u16::from(above[x])) / 2) as u8,
                4 => paeth(left, above[x], corner),
                _ => 0,
            };
            line[x] = raw.wrapping_add(guess);
        }
        out.extend(&line[..row.len() - 1]);
        above = line;
    }
    out
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let (to_left, to_above, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if to_left <= to_above && to_left <= to_corner {
        left
    } else if to_above <= to_corner {
        above
    } else {
        corner
    }
}
