//! Ogg files (RFC 3533): the header packets of every logical stream, also of chained ones; Vorbis, Opus (RFC 7845), FLAC, Theora, Speex and kin.

mod codec;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::ogg_page::{self, Page};
use crate::tags::{Place, push, push_problem};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Ogg;

/// Logical streams of one file.
const STREAMS: usize = 1024;
/// A file up to this size is walked to its end in any case.
const SMALL: u64 = 128 * 1024;

pub(super) static INFO: Info = Info {
    id: FormatId::new("ogg"),
    name: "Ogg",
    extensions: &["ogg", "oga", "ogv", "ogx", "opus", "spx", "ogm"],
    media: Media::Audio,
    specification: "RFC 3533, RFC 5334, RFC 7845",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Ogg {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(b"OggS\0") { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let mut walk = Walk { pos: 0, pages: 0, streams: Vec::new() };
        walk.on(source, false, out)?;
        let last = last_page(source, out)?;
        // A last page of a stream that the start does not know belongs to a later link of a chain.
        let chained = last.as_ref().is_some_and(|page| walk.stream(page.serial).is_none());
        if chained || source.len() <= SMALL {
            walk.on(source, true, out)?;
        }
        if let Some(unfinished) = walk.streams.iter().find(|s| !s.done) {
            let offset = source.absolute(unfinished.start);
            push_problem(out, Problem::truncated("ogg (headers)", offset, "a stream's headers are cut"));
        }
        if let Some(page) = last.as_ref().filter(|p| p.granule <= 0 && !p.last) {
            let what = "no sound behind the headers";
            push_problem(out, Problem::truncated("ogg (pages)", source.absolute(page.end()), what));
        }
        duration(&walk, last.as_ref(), source, out);
        Ok(())
    }
}

/// One logical stream.
struct Stream {
    serial: u32,
    codec: codec::Codec,
    /// Bytes of the packet that is being put together.
    packet: Vec<u8>,
    /// Offset of its first byte.
    start: u64,
    /// It lies on one page.
    whole: bool,
    packets: usize,
    done: bool,
}

struct Walk {
    pos: u64,
    pages: usize,
    streams: Vec<Stream>,
}

impl Walk {
    fn stream(&self, serial: u32) -> Option<usize> {
        self.streams.iter().rposition(|s| s.serial == serial)
    }

    /// Goes on until all headers are read, or to the end.
    fn on(&mut self, source: &mut Source, to_the_end: bool, out: &mut Extraction) -> Result<(), Problem> {
        while self.pos < source.len() {
            self.pages += 1;
            if self.pages > limits::ITEMS * 8 {
                return Err(Problem::limit("ogg (pages)", source.absolute(self.pos), "too many pages"));
            }
            let Some(page) = ogg_page::page(source, self.pos).map_err(|p| p.within("ogg (pages)"))? else {
                let problem =
                    Problem::malformed("ogg (pages)", source.absolute(self.pos), "no page where one should start");
                return self.lost(source, problem);
            };
            if page.end() > source.len() {
                return Err(Problem::truncated("ogg (pages)", source.absolute(page.start), "the page is cut"));
            }
            if !page.first && !to_the_end && self.streams.iter().all(|s| s.done) {
                return Ok(());
            }
            self.page(source, &page, out)?;
            self.pos = page.end();
        }
        Ok(())
    }

    /// Other data behind the last page of all streams hides nothing that Ogg could say.
    fn lost(&self, source: &mut Source, problem: Problem) -> Result<(), Problem> {
        let left = source.len().saturating_sub(self.pos);
        let next = source.up_to(self.pos, ogg_page::LONGEST)?.windows(4).any(|w| w == b"OggS");
        let harmless = !next && left < ogg_page::LONGEST as u64 && self.streams.iter().all(|s| s.done);
        Err(if harmless { problem.harmless() } else { problem })
    }

    fn page(&mut self, source: &mut Source, page: &Page, out: &mut Extraction) -> Result<(), Problem> {
        if page.first {
            if self.streams.len() >= STREAMS {
                return Err(Problem::limit("ogg (streams)", source.absolute(page.start), "too many streams"));
            }
            self.streams.push(Stream {
                serial: page.serial,
                codec: codec::Codec::Unknown,
                packet: Vec::new(),
                start: page.data,
                whole: true,
                packets: 0,
                done: false,
            });
        }
        let Some(stream) = self.stream(page.serial).and_then(|n| self.streams.get_mut(n)).filter(|s| !s.done) else {
            return Ok(());
        };
        let len = usize::try_from(page.end().saturating_sub(page.start)).unwrap_or(0);
        if !ogg_page::is_whole(source.at(page.start, len)?) {
            let what = "the bytes of the page do not have the checksum that it states";
            push_problem(out, Problem::malformed("ogg (pages)", source.absolute(page.start), what));
        }
        if !page.continued && !stream.packet.is_empty() {
            let what = "a header packet breaks off";
            push_problem(out, Problem::malformed("ogg (headers)", source.absolute(page.start), what));
            stream.packet.clear();
        }
        let mut at = page.data;
        let mut segments = page.lacing.split_inclusive(|n| *n < 255);
        while let Some(lacing) = segments.next().filter(|_| !stream.done) {
            let len: usize = lacing.iter().map(|n| usize::from(*n)).sum();
            if stream.packet.is_empty() {
                stream.start = at;
                stream.whole = true;
            } else {
                stream.whole = false;
            }
            if stream.packet.len() + len > limits::BLOB {
                return Err(Problem::limit("ogg (headers)", source.absolute(at), "a header packet is too long"));
            }
            stream.packet.extend_from_slice(source.at(at, len)?);
            at += len as u64;
            if lacing.last().is_some_and(|n| *n < 255) {
                stream.packet(source.absolute(stream.start), out);
            }
        }
        Ok(())
    }
}

impl Stream {
    fn packet(&mut self, offset: u64, out: &mut Extraction) {
        let packet = std::mem::take(&mut self.packet);
        let before = out.facts.tags.len();
        if self.packets == 0 {
            self.codec = codec::Codec::of(&packet);
            self.done = codec::first(self.codec, &packet, offset, out);
        } else {
            self.done = codec::header(self.codec, self.packets, &packet, offset, out);
        }
        if !self.whole {
            // Page headers lie between: only the packet's start is sure.
            out.facts.tags.iter_mut().skip(before).for_each(|tag| tag.offset = Some(offset));
        }
        self.packets += 1;
        if self.packets > limits::ITEMS {
            self.done = true;
        }
    }
}

/// The page that ends with the file.
fn last_page(source: &mut Source, out: &mut Extraction) -> Result<Option<Page>, Problem> {
    for span in [limits::TAIL, ogg_page::LONGEST * 2] {
        let from = source.len().saturating_sub(span as u64);
        let marks: Vec<u64> = {
            let bytes = source.up_to(from, span)?;
            memchr::memmem::find_iter(bytes, b"OggS").map(|at| from + at as u64).collect()
        };
        let mut cut = None;
        for at in marks.into_iter().rev().take(64) {
            match ogg_page::page(source, at) {
                Ok(Some(page)) if page.end() == source.len() => return Ok(Some(page)),
                Ok(Some(page)) if page.end() > source.len() => cut = Some(at),
                Ok(Some(page)) if cut.is_none() => {
                    // Data behind it are no part of the file, and looked at as such.
                    out.coverage.add(0, page.end());
                    let offset = source.absolute(page.end());
                    push_problem(
                        out,
                        Problem::malformed("ogg (pages)", offset, "data behind the last page").harmless(),
                    );
                    return Ok(Some(page));
                }
                Ok(_) => {}
                Err(_) => cut = Some(at),
            }
        }
        if let Some(at) = cut {
            push_problem(out, Problem::truncated("ogg (pages)", source.absolute(at), "the last page is cut"));
            return Ok(None);
        }
    }
    let problem = Problem::malformed("ogg (pages)", source.absolute(source.len()), "no page at the end");
    push_problem(out, problem);
    Ok(None)
}

fn duration(walk: &Walk, last: Option<&Page>, source: &Source, out: &mut Extraction) {
    let Some(page) = last else { return };
    let rate = walk.stream(page.serial).and_then(|n| walk.streams.get(n)).and_then(|s| s.codec.rate());
    if let Some(rate) = rate.filter(|_| page.granule > 0) {
        let at = Place::new("Ogg page", source.absolute(page.start));
        push(out, ("audio", "Duration"), format!("{:.3}", page.granule as f64 / f64::from(rate)), &at, 0);
    }
}
