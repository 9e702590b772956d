//! Windows bitmaps (BITMAPFILEHEADER and its DIB headers): recognized and measured; the format carries no metadata.

use crate::formats::{Format, FrameUse, Info, Media, Pixels, Probe, Score};
use crate::framing::numbers::{le16, le32};
use crate::tags::{Place, push};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Bmp;

static INFO: Info = Info {
    id: FormatId::new("bmp"),
    name: "BMP",
    extensions: &["bmp", "dib"],
    media: Media::Image,
    specification: "Windows GDI, bitmap storage (BITMAPCOREHEADER to BITMAPV5HEADER)",
    version: 1,
    pixels: Pixels::Lossless,
    frames: FrameUse::Possible,
    ..Info::DEFAULT
};

impl Format for Bmp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let dib = le32(probe.head, 14);
        let pixels = le32(probe.head, 10);
        let known = matches!(dib, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124));
        let fits = pixels.is_some_and(|p| p >= dib.unwrap_or_default().saturating_add(14) && p < 1 << 20);
        if probe.head.starts_with(b"BM") && known && fits { Score(90) } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = source.up_to(0, 54)?.to_vec();
        let at = Place::new("BMP header", source.absolute(0));
        let (width, height, bits) = if le32(&header, 14) == Some(12) {
            let side = |at| le16(&header, at).map(u32::from);
            (side(18), side(20), le16(&header, 24))
        } else {
            // Negative for rows from the top down.
            (le32(&header, 18), le32(&header, 22).map(|h| (h as i32).unsigned_abs()), le16(&header, 28))
        };
        let known = [("Width", width, 18), ("Height", height, 22), ("BitsPerSample", bits.map(u32::from), 28)];
        for (key, value, by) in known {
            if let Some(value) = value {
                push(out, ("image", key), value.to_string(), &at, by);
            }
        }
        let stated = le32(&header, 34).map_or(0, u64::from);
        let pixels = u64::from(le32(&header, 10).unwrap_or_default());
        let packed = le32(&header, 14) != Some(12) && le32(&header, 30).unwrap_or_default() != 0;
        let row = u64::from(width.unwrap_or_default()) * u64::from(bits.unwrap_or_default());
        let rows = if packed { 1 } else { row.div_ceil(32).saturating_mul(4 * u64::from(height.unwrap_or_default())) };
        match packed && stated == 0 {
            true => out.coverage.open_from(0),
            false => out.coverage.add(0, pixels.saturating_add(if packed { stated.max(rows) } else { rows })),
        }
        profile(source, out)?;
        if pixels.saturating_add(rows) > source.len() {
            let what = format!("{} bytes expected, {} present", pixels.saturating_add(rows), source.len());
            return Err(Problem::truncated("", source.absolute(source.len()), what));
        }
        Ok(())
    }
}

/// Accounts for the color profile that a header of version 5 points to (bV5ProfileData, bV5ProfileSize).
fn profile(source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
    let header = source.up_to(14, 124)?;
    if let (Some(124), Some(from), Some(len)) = (le32(header, 0), le32(header, 112), le32(header, 116)) {
        let from = 14 + u64::from(from);
        out.coverage.add(from, from + u64::from(len));
    }
    Ok(())
}
