//! MNG and JNG (libpng.org, MNG 1.0 and JNG 1.0): the texts, XMP and EXIF in their chunks, which are those of PNG.

use crate::formats::{Format, Info, Media, Probe, Score, png};
use crate::framing::numbers::be32;
use crate::framing::png_chunks;
use crate::tags::{Place, push, push_problem};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// One of the two formats.
pub struct ChunkedPicture {
    info: &'static Info,
    signature: &'static [u8],
    /// The chunk that ends it.
    last: [u8; 4],
    /// The chunk that begins it.
    first: [u8; 4],
}

/// JPEG Network Graphics: a single picture.
pub static JNG: ChunkedPicture = ChunkedPicture {
    info: &Info {
        id: FormatId::new("jng"),
        name: "JNG",
        extensions: &["jng"],
        media: Media::Image,
        specification: "JPEG Network Graphics 1.0",
        version: 1,
        ..Info::DEFAULT
    },
    signature: b"\x8BJNG\r\n\x1A\n",
    last: *b"IEND",
    first: *b"JHDR",
};

/// Multiple-image Network Graphics: an animation.
pub static MNG: ChunkedPicture = ChunkedPicture {
    info: &Info {
        id: FormatId::new("mng"),
        name: "MNG",
        extensions: &["mng"],
        media: Media::Image,
        specification: "Multiple-image Network Graphics 1.0",
        version: 1,
        ..Info::DEFAULT
    },
    signature: b"\x8AMNG\r\n\x1A\n",
    last: *b"MEND",
    first: *b"MHDR",
};

/// Chunks of pictures, tables, and orders what to do with them.
const STRUCTURE: &[&[u8; 4]] = &[
    b"JHDR", b"MHDR", b"JDAT", b"JDAA", b"JSEP", b"IHDR", b"IDAT", b"IEND", b"MEND", b"PLTE", b"tRNS", b"DHDR",
    b"DEFI", b"FRAM", b"BACK", b"BASI", b"LOOP", b"ENDL", b"TERM", b"CLON", b"MOVE", b"CLIP", b"SHOW", b"SEEK",
    b"SAVE", b"DISC", b"PAST", b"MAGN", b"DROP", b"DBYK", b"ORDR", b"IJNG", b"IPNG", b"PPLT", b"PROM",
];

impl Format for ChunkedPicture {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(self.signature) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let mut at = self.signature.len() as u64;
        let mut room = png::ROOM;
        for _ in 0..limits::ITEMS {
            let head: [u8; 8] = source.array(at).map_err(|_| cut(source))?;
            let Some(chunk) = png_chunks::parse(&head, at) else {
                return Err(Problem::malformed("", source.absolute(at), "no chunk where one is expected"));
            };
            out.coverage.add(0, chunk.end());
            if chunk.end() > source.len() {
                return Err(cut(source));
            }
            if chunk.kind == self.first {
                let size = source.up_to(chunk.data(), 8)?.to_vec();
                let place = Place::new(format!("{} header", self.info.name), source.absolute(chunk.data()));
                for (key, by) in [("Width", 0), ("Height", 4)] {
                    push(out, ("image", key), be32(&size, by).unwrap_or_default().to_string(), &place, by as u64);
                }
            } else if !STRUCTURE.contains(&&chunk.kind)
                && let Err(problem) = png::read_chunk(source, &chunk, &mut room, out)
            {
                push_problem(out, problem.within(self.info.name));
            }
            if chunk.kind == self.last {
                return Ok(());
            }
            at = chunk.end();
        }
        Err(Problem::limit("", source.absolute(at), "more chunks than are read"))
    }
}

fn cut(source: &Source) -> Problem {
    Problem::truncated("", source.absolute(source.len()), "the file ends before its last chunk")
}
