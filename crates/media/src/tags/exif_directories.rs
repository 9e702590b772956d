//! The directories of a TIFF structure (CIPA DC-008 / TIFF 6.0), and the blocks in them.
//!
//! Image resources may hold such a structure again; who reads them is for the caller to say ([`Resources`]).

use std::collections::{BTreeSet, VecDeque};

use super::exif_names::{self, Vocabulary};
use super::exif_values::{Field, HEAD, Texts, maker_note, needed, texts};
use crate::framing::bytes::{Bytes, Held};
use crate::framing::tiff_ifd::{self, Directory, Entry, Header};
use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{CompactString, Extraction, Problem, Store};

/// The vocabulary's name in [`countersign_model::Tag::space`].
const SPACE: CompactString = CompactString::const_new("exif");

/// Pages of a multi-page file whose every field is told; later ones tell only their texts.
const PAGES: usize = 32;
/// Directories of one file.
const DIRECTORIES: usize = 20_000;

/// Directories that most blocks have.
const USUAL: usize = 4;

/// Sub-directories of one directory.
const SUBS: usize = 256;

/// What reads image resources (tag 0x8649) that stand in a directory; none inside such resources, which may not lead to
/// others.
pub(super) type Resources = Option<fn(&[u8], &Place, &mut Extraction)>;

/// Reads a blob that starts at the TIFF header (`II*\0` or `MM\0*`), without the `Exif\0\0` prefix. Keys are the tag's
/// EXIF name, `0x9286` where unknown.
pub(super) fn read(blob: &[u8], resources: Resources, at: &Place, out: &mut Extraction) {
    // Some writers put the JPEG prefix where the container's specification wants none.
    let skip = if blob.starts_with(b"Exif\0\0") { 6 } else { 0 };
    let blob = blob.get(skip..).unwrap_or_default();
    let at = Place { container: at.container.clone(), offset: at.offset.map(|o| o.saturating_add(skip as u64)) };
    let Some(header) = Header::parse(blob) else {
        if blob.iter().any(|b| *b != 0) {
            let problem = Problem::malformed("", at.offset.unwrap_or(0), "exif: no TIFF header");
            at.problem(problem, out);
        }
        return;
    };
    let mut held = Held::new(blob, at.offset.unwrap_or(0));
    let walked = Walk::new(&mut held, header, resources, &at, out).run();
    let mut sources = walked.iter().filter(|w| w.part == "IFD1");
    if let Some((start, bytes)) = sources.find_map(|w| thumbnail(&mut held, header, &w.directory)) {
        tags::push_thumbnail(out, &at, "EXIF IFD1 thumbnail", start, bytes);
    }
}

/// Start and bytes of the picture that a directory after the first describes (DC-008, section 4.5.8).
fn thumbnail(source: &mut impl Bytes, header: Header, directory: &Directory) -> Option<(u64, Vec<u8>)> {
    let mut number = |tag: u16| {
        let entry = directory.entries.iter().find(|e| e.tag == tag)?;
        tiff_ifd::integers(source, header, entry, 1).ok()?.first().copied()
    };
    let (start, len) = (number(0x0201)?, number(0x0202)?);
    Some((start, source.bounded(start, len, limits::THUMBNAIL).ok()?.to_vec()))
}

/// Maker notes, and what Adobe's converter keeps of them.
const MAKERS: &[u16] = &[0x927C, 0xC634];
/// Where Photoshop keeps the layers of a TIFF.
const LAYERS: u16 = 0x935C;
/// The shortest field of no known name in which another file is looked for, and the longest that is taken into memory.
const PRIVATE: u64 = 64;
const LOOKED_THROUGH: u64 = 4 * 1024 * 1024;

/// A directory that was walked.
#[derive(Clone, Debug)]
pub struct Walked {
    /// `IFD0`, `ExifIFD`, `SubIFD1`, …
    pub part: CompactString,
    /// Its entries and where it stands.
    pub directory: Directory,
}

/// Reads every directory reachable from `header.first` and the blocks inside; gives what was walked.
///
/// The directories after the first are pages of the file's own, not the thumbnail of an EXIF block.
pub(super) fn walk(
    source: &mut Source,
    header: Header,
    resources: Resources,
    at: &Place,
    out: &mut Extraction,
) -> Vec<Walked> {
    let mut walk = Walk::new(source, header, resources, at, out);
    walk.pages = true;
    walk.run()
}

/// A directory to read.
struct Next {
    part: CompactString,
    vocabulary: Vocabulary,
    offset: u64,
    /// Its index in the chain from IFD0; `None` for a directory that a tag points to.
    chain: Option<usize>,
    /// Whether marks may stand in it.
    needed: bool,
}

struct Walk<'a, B> {
    source: &'a mut B,
    header: Header,
    /// Whether the directories after the first are pages.
    pages: bool,
    resources: Resources,
    at: &'a Place,
    out: &'a mut Extraction,
    queue: VecDeque<Next>,
    /// Offset and table of names: what was read as GPS may still be read as an image directory.
    seen: BTreeSet<(u64, bool)>,
    entries: usize,
    /// Bytes of values that may still be read: a small file may point at the same bytes often.
    bytes: u64,
    subs: usize,
}

impl Next {
    /// A directory that a tag points to.
    fn pointed(part: CompactString, offset: u64, needed: bool) -> Self {
        let vocabulary = match part.as_str() {
            "GPS" => Vocabulary::Gps,
            "InteropIFD" => Vocabulary::Interoperability,
            _ => Vocabulary::Main,
        };
        Self { part, vocabulary, offset, chain: None, needed }
    }

    /// A directory of the chain from IFD0.
    fn chained(index: usize, offset: u64, needed: bool) -> Self {
        let part = match index {
            0 => CompactString::const_new("IFD0"),
            1 => CompactString::const_new("IFD1"),
            _ => format!("IFD{index}").into(),
        };
        Self { part, vocabulary: Vocabulary::Main, offset, chain: Some(index), needed }
    }
}

impl<'a, B: Bytes> Walk<'a, B> {
    fn new(source: &'a mut B, header: Header, resources: Resources, at: &'a Place, out: &'a mut Extraction) -> Self {
        let first = Next::chained(0, header.first, true);
        // Values do not overlap in honest files.
        let bytes = source.len().saturating_mul(2).saturating_add(1_024).min(limits::BLOB as u64);
        let mut queue = VecDeque::with_capacity(USUAL);
        queue.push_back(first);
        Self {
            source,
            header,
            pages: false,
            resources,
            at,
            out,
            queue,
            seen: BTreeSet::new(),
            entries: 0,
            bytes,
            subs: 0,
        }
    }

    fn run(&mut self) -> Vec<Walked> {
        let mut walked = Vec::new();
        while let Some(next) = self.queue.pop_front() {
            if walked.len() >= DIRECTORIES || self.entries > limits::ITEMS {
                self.problem(next.offset, Problem::limit, "exif: too many directories or entries", true);
                break;
            }
            if !self.seen.insert((next.offset, next.vocabulary == Vocabulary::Main)) {
                self.problem(next.offset, Problem::malformed, "exif: a directory is linked to twice", false);
                continue;
            }
            if let Some(directory) = self.directory(&next) {
                walked.push(Walked { part: next.part, directory });
            }
        }
        walked
    }

    fn directory(&mut self, next: &Next) -> Option<Directory> {
        let directory = match tiff_ifd::directory(self.source, self.header, next.offset) {
            Ok(directory) => directory,
            Err(problem) => {
                let what = format!("exif: {}: {}", next.part, problem.what);
                self.at.problem(Problem { what, blocking: next.needed, ..problem }, self.out);
                return None;
            }
        };
        if directory.lost > 0 {
            let what = format!("exif: {} ends {} entries early", next.part, directory.lost);
            self.problem(next.offset, Problem::truncated, &what, next.needed);
        }
        self.entries += directory.entries.len() + 1;
        for entry in &directory.entries {
            self.entry(next, entry);
        }
        if let Some(index) = next.chain.filter(|_| directory.next != 0) {
            self.queue.push_back(Next::chained(index + 1, directory.next, self.pages));
        }
        Some(directory)
    }

    fn entry(&mut self, next: &Next, entry: &Entry) {
        let part = next.part.as_str();
        if next.vocabulary == Vocabulary::Main {
            let pointer = match entry.tag {
                0x8769 => Some((CompactString::const_new("ExifIFD"), true)),
                0x8825 => Some((CompactString::const_new("GPS"), false)),
                0xA005 => Some((CompactString::const_new("InteropIFD"), false)),
                0x014A => Some((CompactString::const_new("SubIFD"), self.pages)),
                _ => None,
            };
            if let Some((name, needed)) = pointer {
                return self.follow(name, needed, entry);
            }
            if self.block(next, entry) {
                return;
            }
        }
        if tiff_ifd::size_of(entry.kind) == 0 {
            let what = format!("exif: {part} 0x{:04X}: unknown field type {}", entry.tag, entry.kind);
            return self.problem(entry.at, Problem::malformed, &what, false);
        }
        let field = Field::of(next.vocabulary, entry);
        let texty = field.is_text || matches!(entry.kind, 2 | 129);
        if next.chain.is_some_and(|index| index >= PAGES) && !texty {
            return;
        }
        // A maker note may be megabytes; only one that is plain text is told.
        if entry.tag == 0x927C && entry.len > limits::VALUE as u64 {
            let head = self.source.bounded(entry.at, HEAD as u64, HEAD).unwrap_or_default();
            let note = maker_note(entry.len, head);
            return self.say(next, entry, note.into());
        }
        self.private(next, entry);
        let harmless = !texty || entry.tag == 0x927C || !next.needed;
        let len = needed(field, entry);
        let header = self.header;
        if let Some(said) = self.value(next, entry, (len, !harmless), |bytes| texts(field, entry, bytes, header)) {
            self.say(next, entry, said);
        }
    }

    /// A field that nobody knows, in bytes: another file may stand in it. Makers' own fields are theirs.
    fn private(&mut self, next: &Next, entry: &Entry) {
        if !matches!(entry.kind, 1 | 7) || entry.len < PRIVATE {
            return;
        }
        let makers = MAKERS.contains(&entry.tag) || !matches!(self.header.magic, 42 | 43);
        let layers = entry.tag == LAYERS;
        if makers || exif_names::name(next.vocabulary, entry.tag).is_some() && !layers {
            return;
        }
        if entry.len > LOOKED_THROUGH || layers {
            if self.pages {
                self.out.coverage.leave(entry.at, entry.at.saturating_add(entry.len));
            }
            return;
        }
        if let Some(bytes) = self.value(next, entry, (entry.len, false), <[u8]>::to_vec) {
            let place = self.at.inside(&format!("EXIF {} 0x{:04X}", next.part, entry.tag), entry.at);
            tags::other_file::read(&bytes, &place, self.out);
        }
    }

    fn key(&self, vocabulary: Vocabulary, tag: u16) -> CompactString {
        // Panasonic numbers its own fields in the space below TIFF's.
        let own = self.header.magic == tiff_ifd::PANASONIC && tag < 0x00FE;
        match exif_names::name(vocabulary, tag) {
            Some(name) if !own => name.clone(),
            _ => tags::hexadecimal(tag),
        }
    }

    fn say(&mut self, next: &Next, entry: &Entry, values: Texts) {
        let key = self.key(next.vocabulary, entry.tag);
        let Texts { first, more } = values;
        let mut push = |value| {
            let field = (SPACE, next.part.clone(), key.clone());
            tags::push_field(self.out, field, value, self.at, entry.at);
        };
        push(first);
        if !more.is_empty() {
            more.into_iter().for_each(push);
        }
    }

    /// Queues the directories that an entry points to.
    fn follow(&mut self, name: CompactString, needed: bool, entry: &Entry) {
        let most = if name == "SubIFD" { SUBS } else { 1 };
        if name == "SubIFD" && entry.count > SUBS as u64 {
            self.problem(entry.at, Problem::limit, &format!("exif: {} sub-directories", entry.count), true);
        }
        let offsets = match tiff_ifd::integers(self.source, self.header, entry, most) {
            Ok(offsets) => offsets,
            Err(problem) => {
                let what = format!("exif: pointer to {name}: {}", problem.what);
                return self.at.problem(Problem { what, blocking: needed, ..problem }, self.out);
            }
        };
        for offset in offsets {
            let part = match (name.as_str(), self.subs) {
                ("SubIFD", count) if count > 0 => format!("SubIFD{count}").into(),
                _ => name.clone(),
            };
            self.subs += usize::from(name == "SubIFD");
            self.queue.push_back(Next::pointed(part, offset, needed));
        }
    }

    /// Reads an entry that is a metadata block of its own; false where it is none.
    fn block(&mut self, next: &Next, entry: &Entry) -> bool {
        if !matches!(entry.tag, 0x02BC | 0x83BB | 0x8649 | 0xCD41) {
            return false;
        }
        let Some(bytes) = self.value(next, entry, (entry.len, true), <[u8]>::to_vec) else { return true };
        let here = Place {
            container: format!("{} {} 0x{:04X}", self.at.container, next.part, entry.tag).into(),
            offset: self.at.offset.map(|o| o.saturating_add(entry.at)),
        };
        match entry.tag {
            0x02BC => tags::xmp::read(&bytes, &here, self.out),
            0x83BB => tags::iptc::read(&bytes, &here, self.out),
            0x8649 => match self.resources {
                Some(read) => read(&bytes, &here, self.out),
                None => self.problem(entry.at, Problem::limit, "exif: image resources inside image resources", true),
            },
            _ => tags::push_store(
                self.out,
                Store { place: "TIFF 0xCD41".to_owned(), offset: here.offset.unwrap_or(0), bytes, damage: None },
            ),
        }
        true
    }

    /// What `read` makes of the first `len` bytes of a value; what keeps them from being read blocks or does not.
    fn value<T>(
        &mut self,
        next: &Next,
        entry: &Entry,
        (len, blocking): (u64, bool),
        read: impl FnOnce(&[u8]) -> T,
    ) -> Option<T> {
        if let Some(left) = self.bytes.checked_sub(len) {
            self.bytes = left;
        } else if self.source.len() >= entry.at.saturating_add(len) {
            self.problem(entry.at, Problem::limit, "exif: too many bytes of values", true);
            return None;
        }
        match self.source.bounded(entry.at, len, limits::STORE) {
            Ok(bytes) => Some(read(bytes)),
            Err(problem) => {
                let what = format!("exif: {} {}: {}", next.part, self.key(next.vocabulary, entry.tag), problem.what);
                self.at.problem(Problem { what, blocking, ..problem }, self.out);
                None
            }
        }
    }

    fn problem(&mut self, offset: u64, make: fn(String, u64, String) -> Problem, what: &str, blocking: bool) {
        let problem = make(String::new(), self.source.absolute(offset), what.to_owned());
        self.at.problem(Problem { blocking, ..problem }, self.out);
    }
}
