//! Icons and cursors of Windows (ICO, CUR; Microsoft "Icons in Win32"): PNG pictures in them are read as pictures.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{le16, le32};
use crate::framing::png_chunks;
use crate::tags::{Place, push, push_embedded, push_problem};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem};

/// The reader.
pub struct Ico;

static INFO: Info = Info {
    id: FormatId::new("ico"),
    name: "Windows icon",
    extensions: &["ico", "cur"],
    media: Media::Image,
    specification: "Microsoft, Icons in Win32",
    version: 1,
    ..Info::DEFAULT
};

const HEADER: usize = 6;
const ENTRY: usize = 16;
/// Pictures of one file; more are in none that was made for a screen.
const PICTURES: u16 = 256;

impl Format for Ico {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let [0, 0, 1 | 2, 0, ..] = probe.head else { return Score::NO };
        let Some(count @ 1..=PICTURES) = le16(probe.head, 4) else { return Score::NO };
        let directory = HEADER + ENTRY * usize::from(count);
        let sound = (0..usize::from(count)).all(|n| {
            let Some((start, len)) = entry(probe.head, n) else { return false };
            start >= directory as u64 && len > 40 && start < probe.len
        });
        // A bitmap's header or a PNG's signature stands where the first entry says.
        let first = entry(probe.head, 0).and_then(|(start, _)| probe.head.get(usize::try_from(start).ok()?..));
        let picture = first.is_none_or(|b| b.starts_with(b"\x89PNG") || matches!(le32(b, 0), Some(40 | 108 | 124)));
        if sound && picture { Score(70) } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let count = source.head().ok().and_then(|head| le16(head, 4)).unwrap_or_default().min(PICTURES);
        let directory = source.at(0, HEADER + ENTRY * usize::from(count)).map_err(|p| p.within("ico"))?.to_vec();
        out.coverage.add(0, directory.len() as u64);
        let at = Place::new("ICO header", source.absolute(0));
        push(out, ("ico", "Pictures"), count.to_string(), &at, 4);
        let mut read = 0;
        for n in 0..usize::from(count) {
            let Some((start, len)) = entry(&directory, n) else { continue };
            out.coverage.add(start, start.saturating_add(len));
            if start.saturating_add(len) > source.len() {
                let what = format!("picture {n} ends at byte {}, behind the end", start.saturating_add(len));
                return Err(Problem::truncated("ico", source.absolute(start), what));
            }
            if !source.up_to(start, 4)?.starts_with(b"\x89PNG") {
                continue;
            }
            if !source.up_to(start, 8)?.starts_with(png_chunks::SIGNATURE) {
                let what = format!("picture {} has a broken PNG signature", n + 1);
                push_problem(out, Problem::malformed("ico", source.absolute(start), what));
            }
            read += 1;
            if read > limits::EMBEDDED {
                return Err(Problem::limit("ico", source.absolute(start), "more pictures than are read"));
            }
            let place = format!("ICO picture {}", n + 1);
            let bytes = source.read_bounded(start, len, limits::EMBEDDED_BYTES).map_err(|p| p.within(&place))?;
            push_embedded(out, Embedded { place, offset: source.absolute(start), bytes, name: None });
        }
        Ok(())
    }
}

/// Where a picture stands and how long it is.
fn entry(bytes: &[u8], n: usize) -> Option<(u64, u64)> {
    let at = HEADER + ENTRY * n;
    Some((le32(bytes, at + 12)?.into(), le32(bytes, at + 8)?.into()))
}
