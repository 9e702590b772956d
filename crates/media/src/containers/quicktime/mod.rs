//! Movies in boxes: one walk for MP4, QuickTime, M4A, HEIF, AVIF and CR3 (ISO/IEC 14496-12, QuickTime
//! File Format, ISO/IEC 23008-12).
//!
//! The walk hops from box to box and opens only those that the table [`READERS`] names; media data is never
//! read. `meta` holds `keys` and `ilst`, `user_data` what stands in `udta`, `track` the few facts of headers.

mod clip;
mod items;
mod list;
mod meta;
mod text;
mod track;
mod user_data;
mod value;

use crate::containers::{c2pa_box, samsung, uuid_box};
use crate::framing::bmff::{self, Boxes, FourCc, Header};
use crate::tags::{self, Place, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{CompactString, Extraction, FormatId, Problem, ProblemKind};

/// The vocabulary's name in [`countersign_model::Tag::space`].
const SPACE: &str = "quicktime";

/// One walk through one file.
struct Walk<'a> {
    source: &'a mut Source,
    out: &'a mut Extraction,
    /// How places begin: `MP4`.
    title: &'static str,
    /// The format's id, for problems.
    id: FormatId,
    /// As in [`Flavor`].
    of_items: bool,
    path: Vec<FourCc>,
    /// Boxes seen so far.
    items: usize,
    /// The handler type of the current track.
    handler: FourCc,
    /// Inside a movie that stood compressed: another one there would unfold without end.
    unfolded: bool,
    seen: Seen,
    clip: clip::Clip,
}

/// What the top level held.
#[derive(Default)]
struct Seen {
    movie: bool,
    media: bool,
    pictures: bool,
    /// A box runs past the end of the file.
    cut: bool,
    /// The movie has tracks whose samples are in this file.
    samples: bool,
    /// Its samples are in fragments, or in other files.
    elsewhere: bool,
    fragments: usize,
    indexes: usize,
}

/// The longest box of unknown type that is looked into for text.
const UNKNOWN: u64 = 64 * 1024;
/// The shortest box without a meaning inside of another one in which another file is looked for.
const LEFT: u64 = 128;

type Reader = fn(&mut Walk<'_>, &Header);

/// The boxes that are opened, wherever they stand.
const READERS: &[(&FourCc, Reader)] = &[
    (b"moov", container),
    (b"trak", container),
    (b"mdia", container),
    (b"minf", container),
    (b"stbl", container),
    (b"moof", container),
    // A motion photo's movie.
    (b"mpvd", container),
    (b"traf", container),
    (b"ftyp", track::brands),
    (b"styp", track::brands),
    (b"mvhd", track::movie_header),
    (b"hdlr", track::handler),
    (b"dinf", container),
    (b"dref", track::references),
    (b"sidx", track::index),
    (b"stsd", track::codecs),
    (b"tkhd", clip::track_header),
    (b"mdhd", clip::media_header),
    (b"stts", clip::times),
    (b"stco", clip::chunks),
    (b"co64", clip::chunks),
    (b"cmov", track::compressed_movie),
    (b"udta", user_data::read),
    (b"meta", meta::read),
    (b"ilst", list::outside_meta),
    (b"uuid", uuid),
    (b"XMP_", xmp_box),
    (b"jumb", superbox),
    (b"sefd", sef),
];

/// Boxes of the top level that hold nothing to read: media, indexes, padding.
const SILENT: &[&FourCc] = &[
    b"mdat", b"wide", b"pnot", b"pdin", b"mfra", b"prft", b"emsg", b"ssix", b"imda", b"PICT", b"pict", b"thum",
    b"bloc", b"mvex", b"idat",
];

/// Those of them that are media and indexes: what stands in the others is looked at once more.
const ESSENCE: &[&FourCc] = &[b"mdat", b"imda", b"mfra", b"ssix", b"mvex"];

/// Containers in whose damage no metadata can be lost.
const TABLES: &[&FourCc] = &[b"minf", b"dinf", b"dref", b"stbl", b"traf"];

/// Which of the formats of this structure a file is.
#[derive(Clone, Copy, Debug)]
pub struct Flavor {
    /// How a `where` names it: `MP4`.
    pub title: &'static str,
    /// The format's id, for problems.
    pub id: FormatId,
    /// Whether it holds pictures as items, so that `meta` is missed where there is none, and not `moov`.
    pub of_items: bool,
}

/// Reads everything that a file of the family says.
///
/// # Errors
/// What ended the reading: nothing does but I/O on the first bytes.
pub fn read(source: &mut Source, flavor: &Flavor, out: &mut Extraction) -> Result<(), Problem> {
    let Flavor { title, id, of_items } = *flavor;
    source.head()?;
    let (path, handler, seen) = (Vec::new(), [0; 4], Seen::default());
    let clip = clip::Clip::default();
    let mut walk = Walk { source, out, title, id, of_items, path, items: 0, handler, unfolded: false, seen, clip };
    walk.file();
    Ok(())
}

impl Walk<'_> {
    fn file(&mut self) {
        let len = self.source.len();
        let mut boxes = Boxes::new(0, len);
        while let Some(header) = self.next(&mut boxes) {
            if !bmff::is_plausible(header.kind) {
                self.stray(&header);
                break;
            }
            self.note(&header);
            self.account(&header);
            if header.is_cut() {
                self.cut(&header, true);
            }
            self.visit(&header);
        }
        self.conclude(len);
    }

    /// The next box, with the problem noted where there is none.
    fn next(&mut self, boxes: &mut Boxes) -> Option<Header> {
        self.items += 1;
        if self.items > limits::ITEMS {
            if self.items == limits::ITEMS + 1 {
                let what = format!("more than {} boxes", limits::ITEMS);
                self.problem(Problem::limit("", self.source.absolute(boxes.position()), what));
            }
            return None;
        }
        match boxes.next(self.source) {
            Ok(found) => found,
            Err(problem) => {
                let table = self.path.last().is_some_and(|k| TABLES.contains(&k));
                // Stray bytes hide nothing inside a box; at the end of the file they are the start of one that is cut.
                let blocking = !table && (problem.blocking || self.path.is_empty());
                self.seen.cut |= self.path.is_empty();
                self.problem(Problem { blocking, ..problem });
                None
            }
        }
    }

    /// Accounts for a box of the top level; what is in free space and in boxes without a meaning is left.
    fn account(&mut self, header: &Header) {
        self.out.coverage.add(header.offset, header.end);
        let media = ESSENCE.contains(&&header.kind);
        if !media && !READERS.iter().any(|(kind, _)| **kind == header.kind) {
            self.out.coverage.leave(header.body, header.end);
        }
    }

    fn note(&mut self, header: &Header) {
        match &header.kind {
            b"moov" => self.seen.movie = true,
            b"mdat" => self.seen.media = true,
            b"meta" => self.seen.pictures = true,
            b"moof" => self.seen.fragments += 1,
            b"sidx" | b"mfra" => self.seen.indexes += 1,
            _ => {}
        }
    }

    /// Opens one box where there is something to read in it.
    fn visit(&mut self, header: &Header) {
        if let Some((_, reader)) = READERS.iter().find(|(kind, _)| **kind == header.kind) {
            return self.enter(header, *reader);
        }
        if SILENT.contains(&&header.kind) {
            return;
        }
        if self.path.is_empty() {
            let place = format!("{} {}", self.title, bmff::name(header.kind));
            if c2pa_box::read_disguised(self.source, header, &place, self.out) {
                return;
            }
        }
        let open = self.path.last().is_none_or(|k| matches!(k, b"moov" | b"trak" | b"mpvd"));
        if open && header.len() <= UNKNOWN {
            self.enter(header, unknown);
        }
        if open && !self.path.is_empty() {
            self.leave(header);
        }
    }

    /// Leaves a box without a meaning inside of another one, where it stands in the file and is long enough.
    fn leave(&mut self, header: &Header) {
        if !self.unfolded && header.len() >= LEFT {
            self.out.coverage.leave(header.body, header.end);
        }
    }

    fn enter(&mut self, header: &Header, reader: Reader) {
        if self.path.len() >= limits::DEPTH {
            let what = format!("boxes nested deeper than {}", limits::DEPTH);
            return self.problem(Problem::limit("", self.source.absolute(header.offset), what));
        }
        self.path.push(header.kind);
        reader(self, header);
        self.path.pop();
    }

    fn container(&mut self, header: &Header) {
        if &header.kind == b"trak" {
            self.handler = [0; 4];
            self.clip.track = clip::Track::default();
        }
        let mut boxes = Boxes::new(header.body, header.end);
        let mut named = false;
        while let Some(child) = self.next(&mut boxes) {
            named |= matches!(&child.kind, b"mvhd" | b"cmov");
            self.seen.samples |= &child.kind == b"stbl";
            self.seen.elsewhere |= matches!(&child.kind, b"mvex" | b"rmra" | b"cmov");
            if child.is_cut() && !header.is_cut() {
                self.cut(&child, false);
            }
            self.visit(&child);
        }
        if &header.kind == b"trak" {
            clip::conclude(self);
        }
        if &header.kind == b"moov" && self.path.len() == 1 && !named && !header.is_cut() {
            self.problem(Problem::malformed("", self.source.absolute(header.offset), "missing mvhd").harmless());
        }
    }

    /// A box that states more than there is: a cut file, or a size that overruns what holds the box.
    fn cut(&mut self, header: &Header, file: bool) {
        let name = bmff::name(header.kind);
        let (stated, there) = (header.stated - header.offset, header.end - header.offset);
        let at = self.source.absolute(header.offset);
        self.seen.cut |= file;
        let problem = if file {
            let what = format!("box {name} states {stated} bytes, the file ends after {there}");
            Problem::truncated(format!("{} ({name})", self.id), at, what)
        } else {
            let what = format!("box {name} states {stated} bytes, {there} are left in its parent");
            Problem::malformed("", at, what)
        };
        let table = self.path.last().is_some_and(|k| TABLES.contains(&k));
        self.problem(if table { problem.harmless() } else { problem });
    }

    /// Bytes after the boxes that are no box: a known maker's trailer, or nobody knows what.
    fn stray(&mut self, header: &Header) {
        let left = self.source.len().saturating_sub(header.offset);
        let trailer = self.source.tail().is_ok_and(|(_, tail)| tail.ends_with(b"8db42d694ccc418790edff439fe026bf"));
        let what = format!("{left} bytes that are no box");
        let problem = Problem::malformed("", self.source.absolute(header.offset), what);
        self.problem(if trailer { problem.harmless() } else { problem });
    }

    fn conclude(&mut self, len: u64) {
        let at = Place::new(self.title, self.source.absolute(0));
        for (key, count) in [("Fragments", self.seen.fragments), ("FragmentIndexes", self.seen.indexes)] {
            if count > 0 {
                tags::push(self.out, (SPACE, key), count.to_string(), &at, 0);
            }
        }
        let Seen { movie, media, pictures, cut, samples, elsewhere, fragments, .. } = self.seen;
        if movie && samples && !media && !elsewhere && !pictures && !cut && fragments == 0 {
            let problem =
                Problem::truncated("", self.source.absolute(len), "missing mdat: the file ends before the media");
            self.problem(problem);
        }
        if !movie && !pictures && !cut && fragments == 0 {
            let what = match self.of_items {
                true => "missing meta",
                _ if media => "missing moov: the recording was not finished",
                _ => "missing moov",
            };
            self.problem(Problem::truncated("", self.source.absolute(len), what));
        }
    }

    /// The container path of the box being read: `MP4 moov/udta`.
    fn container_path(&self) -> String {
        path_of(self.title, &self.path)
    }

    fn place(&self, offset: u64) -> Place {
        Place::new(self.container_path(), self.source.absolute(offset))
    }

    /// A tag whose value starts at this offset of the source.
    fn tag(&mut self, key: &str, value: impl Into<CompactString>, offset: u64) {
        let place = self.place(offset);
        tags::push(self.out, (SPACE, key), value, &place, 0);
    }

    /// Notes a problem with the path of the box being read: `mp4 (moov/udta)`.
    fn problem(&mut self, problem: Problem) {
        // A hostile file has no end of them: no text is made for one that nobody would keep.
        let full = self.out.facts.problems.len() >= limits::PROBLEMS;
        if full && (!problem.blocking || self.out.facts.problems.iter().any(|p| p.blocking)) {
            return;
        }
        let path: Vec<_> = self.path.iter().map(|k| bmff::name(*k)).collect();
        let place = if path.is_empty() { self.id.to_string() } else { format!("{} ({})", self.id, path.join("/")) };
        tags::push_problem(self.out, problem.within(&place));
    }

    /// A box's body in memory, with the problem noted where that fails.
    fn body(&mut self, header: &Header, most: usize) -> Option<Vec<u8>> {
        self.range(header.body, header.len(), most)
    }

    fn range(&mut self, offset: u64, len: u64, most: usize) -> Option<Vec<u8>> {
        match self.source.read_bounded(offset, len, most) {
            Ok(bytes) => Some(bytes),
            Err(problem) => {
                self.problem(problem);
                None
            }
        }
    }

    /// Sets a picture aside, to be read as an asset of its own.
    fn embed(&mut self, bytes: Vec<u8>, offset: u64, name: Option<String>) {
        let offset = self.source.absolute(offset);
        if self.out.embedded.len() >= limits::EMBEDDED || bytes.len() > limits::EMBEDDED_BYTES {
            let what = format!("an embedded picture of {} bytes is not read", bytes.len());
            return self.problem(Problem::limit("", offset, what));
        }
        let place = self.container_path();
        tags::push_embedded(self.out, countersign_model::Embedded { place, offset, bytes, name });
    }
}

fn container(walk: &mut Walk<'_>, header: &Header) {
    walk.container(header);
}

/// The path that leads to the box being read, without the box itself.
fn parent(walk: &Walk<'_>) -> String {
    path_of(walk.title, walk.path.split_last().map_or(&[], |(_, above)| above))
}

/// A container path: `MP4 moov/udta`.
fn path_of(title: &str, boxes: &[FourCc]) -> String {
    let mut text = String::with_capacity(title.len() + boxes.len() * 5);
    text.push_str(title);
    for (depth, kind) in boxes.iter().enumerate() {
        text.push(if depth == 0 { ' ' } else { '/' });
        bmff::push_name(*kind, &mut text);
    }
    text
}

fn uuid(walk: &mut Walk<'_>, header: &Header) {
    let title = parent(walk);
    let before = walk.out.stores.len();
    uuid_box::read(walk.source, header, &title, walk.out);
    if walk.path.len() > 1 {
        for store in &mut walk.out.stores[before..] {
            store.damage.get_or_insert_with(|| "not at the top level of the file".to_owned());
        }
    }
}

/// A box of a type that means nothing here: told where it is text (producers sign in `free`).
fn unknown(walk: &mut Walk<'_>, header: &Header) {
    let Ok(bytes) = walk.source.up_to(header.body, header.len() as usize) else { return };
    if let Some(text) = value::printable(bytes) {
        walk.tag(&bmff::name(header.kind), text, header.body);
    }
}

fn xmp_box(walk: &mut Walk<'_>, header: &Header) {
    let place = walk.container_path();
    uuid_box::blob(walk.source, header, &place, walk.out, xmp::read);
}

/// A JUMBF superbox outside C2PA's own box: kept where it is a C2PA store all the same.
fn superbox(walk: &mut Walk<'_>, header: &Header) {
    let place = walk.container_path();
    let before = walk.out.stores.len();
    c2pa_box::read_superbox(walk.source, header, &place, walk.out);
    for store in &mut walk.out.stores[before..] {
        store.damage.get_or_insert_with(|| "a C2PA superbox outside its uuid box".to_owned());
    }
}

fn sef(walk: &mut Walk<'_>, header: &Header) {
    let place = walk.container_path();
    samsung::read(walk.source, header.body, header.end, &place, walk.out);
}

/// A variant that is not understood and in which a mark could hide.
fn unsupported(what: impl Into<String>, offset: u64) -> Problem {
    Problem::new(ProblemKind::Unsupported, "", Some(offset), what)
}
