//! AVI video: RIFF with nested lists (Microsoft AVI RIFF reference) and OpenDML parts (`RIFF AVIX`), hopping over the frames.

use crate::containers::riff as chunks;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::riff::{self, Chunk, Header};
use crate::tags::{Place, charset, push, push_problem, stream};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Avi;

const FILE: &str = "AVI";
/// Chunks without words: indexes, padding, stream headers and formats.
const SILENT: &[&[u8; 4]] = &[b"idx1", b"ix00", b"ix01", b"indx", b"strf", b"dmlh", b"vprp", b"vedt", b"odml", b"segm"];

pub(super) static INFO: Info = Info {
    id: FormatId::new("avi"),
    name: "AVI",
    extensions: &["avi", "divx"],
    media: Media::Video,
    specification: "Microsoft AVI RIFF reference; OpenDML AVI 1.02",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Avi {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let form = probe.head.get(8..12);
        let avi = matches!(form, Some(b"AVI " | b"AVI\x19" | b"AVIX"));
        if avi && (probe.head.starts_with(b"RIFF") || probe.head.starts_with(b"RIFX")) {
            Score::SURE
        } else {
            Score::NO
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = riff::header(source)?;
        let walk = riff::top(source, &header);
        chunks::account(&walk.chunks, &header, out);
        let mut reading = Reading { header, movie: false, lists: 0, depth: 0 };
        for chunk in &walk.chunks {
            reading.chunk(source, chunk, FILE, out);
        }
        if !reading.movie {
            let what = "missing movi";
            push_problem(out, Problem::truncated("avi (RIFF)", source.absolute(source.len()), what));
        }
        walk.problem.map_or(Ok(()), |p| Err(p.within("avi (RIFF)")))
    }
}

struct Reading {
    header: Header,
    movie: bool,
    lists: usize,
    /// Lists that are being read, one in another.
    depth: usize,
}

impl Reading {
    fn chunk(&mut self, source: &mut Source, chunk: &Chunk, path: &str, out: &mut Extraction) {
        let done = match &chunk.id {
            // Further parts of a long file follow as RIFF chunks of their own.
            b"LIST" | b"RIFF" => self.list(source, chunk, path, out),
            b"avih" => self.main(source, chunk, out),
            b"strh" => self.stream(source, chunk, out),
            b"IDIT" | b"ISMP" | b"strn" => text(source, chunk, path, out),
            b"JUNK" | b"junk" | b"PAD " => {
                chunks::stray(source, path, chunk, out);
                Ok(())
            }
            id if SILENT.contains(&id) => Ok(()),
            b"strd" => Ok(()),
            // Frames outside of movi: a recorder that never came back to fill in the list's size.
            [b'0'..=b'9', b'0'..=b'9', b'd' | b'w' | b'p' | b's', _] => Ok(()),
            _ => chunks::shared(source, path, chunk, out).map(|known| {
                if !known {
                    chunks::unknown(source, path, "", chunk, out);
                }
            }),
        };
        if let Err(problem) = done {
            push_problem(out, problem.within(&chunks::place(source, path, chunk).container));
        }
    }

    fn list(&mut self, source: &mut Source, chunk: &Chunk, path: &str, out: &mut Extraction) -> Result<(), Problem> {
        self.lists += 1;
        if self.depth >= limits::DEPTH || self.lists > limits::ITEMS {
            return Err(Problem::limit("", source.absolute(chunk.start), "lists nested too deep"));
        }
        let kind: [u8; 4] = source.array(chunk.data)?;
        match &kind {
            b"movi" | b"rec " => {
                self.movie = true;
                return Ok(());
            }
            b"INFO" | b"exif" | b"INF0" => {
                let name = charset::fourcc(kind);
                let lists = chunks::TextLists { file: path, kind: &name, header: &self.header };
                chunks::texts(source, lists, chunk, out);
                return Ok(());
            }
            _ => {}
        }
        let name = charset::fourcc(kind);
        let walk = riff::list(source, chunk.inner(), &self.header);
        let path = format!("{path} {}", name.trim_end());
        self.depth += 1;
        for inner in &walk.chunks {
            self.chunk(source, inner, &path, out);
        }
        self.depth -= 1;
        walk.problem.map_or(Ok(()), |p| Err(p.within(&path)))
    }

    fn main(&self, source: &mut Source, chunk: &Chunk, out: &mut Extraction) -> Result<(), Problem> {
        let bytes: [u8; 40] = source.array(chunk.data)?;
        let long =
            |at: usize| bytes.get(at..at + 4).map_or(0, |b| self.header.order.u32(b.try_into().unwrap_or_default()));
        let at = Place::new(format!("{FILE} avih"), source.absolute(chunk.data));
        stream::picture(long(32), long(36), &at, out);
        let seconds = f64::from(long(0)) * f64::from(long(16)) / 1e6;
        if seconds > 0.0 {
            push(out, ("image", "Duration"), format!("{seconds:.3}"), &at, 0);
        }
        Ok(())
    }

    fn stream(&self, source: &mut Source, chunk: &Chunk, out: &mut Extraction) -> Result<(), Problem> {
        let [a, b, c, d, codec @ ..]: [u8; 8] = source.array(chunk.data)?;
        let at = Place::new(format!("{FILE} strh"), source.absolute(chunk.data));
        if &[a, b, c, d] == b"vids" {
            push(out, ("image", "Codec"), charset::fourcc(codec), &at, 4);
        }
        Ok(())
    }
}

fn text(source: &mut Source, chunk: &Chunk, path: &str, out: &mut Extraction) -> Result<(), Problem> {
    let blob = chunks::content(source, chunk)?;
    let value = charset::guess(charset::trim(&blob));
    if !value.is_empty() {
        let key = charset::fourcc(chunk.id);
        push(out, ("riff", &key), value.trim_end(), &chunks::place(source, path, chunk), 0);
    }
    Ok(())
}
