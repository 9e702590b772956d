//! QuickTime movies: brand `qt  `, or boxes without brands (QuickTime File Format).

use crate::containers::quicktime;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::bmff;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Mov;

static INFO: Info = Info {
    id: FormatId::new("mov"),
    name: "QuickTime movie",
    extensions: &["mov", "qt", "mqv"],
    media: Media::Video,
    specification: "QuickTime File Format",
    version: 3,
    ..Info::DEFAULT
};

impl Format for Mov {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if let Some(brands) = bmff::brands(probe.head) {
            return if &brands[0] == b"qt  " { Score::SURE } else { Score::NO };
        }
        match bmff::first(probe.head) {
            Some((kind, size)) if matches!(&kind, b"moov" | b"mdat") && (size <= 1 || size >= 8) => Score::LIKELY,
            Some((kind, 8)) if matches!(&kind, b"wide" | b"free" | b"skip") => Score::LIKELY,
            Some((kind, size)) if matches!(&kind, b"pnot" | b"wide" | b"udta" | b"PICT") && size >= 8 => Score::LIKELY,
            Some((kind, size)) if matches!(&kind, b"free" | b"skip") && size >= 8 && movie_follows(probe, size) => {
                Score::LIKELY
            }
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        quicktime::read(source, &quicktime::Flavor { title: "MOV", id: INFO.id, of_items: false }, out)
    }
}

/// Padding first proves little: the next box, where it is at hand, has to be one of a movie.
fn movie_follows(probe: &Probe<'_>, size: u64) -> bool {
    let next = usize::try_from(size).ok().and_then(|at| probe.head.get(at..)).and_then(bmff::first);
    match next {
        Some((kind, _)) => matches!(&kind, b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"uuid" | b"udta"),
        None => size < probe.len,
    }
}
