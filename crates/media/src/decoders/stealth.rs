//! Text in the lowest bits of a picture, as NovelAI and the "stealth PNG info" extension write it.
//!
//! Column by column, most significant bit first: a 15-byte magic, a big-endian 32-bit length in bits, the text, plain or
//! gzip; in the alpha channel (one bit a pixel) or in R, G, B (three bits a pixel). NovelAI/novelai-image-metadata,
//! `nai_meta.py`. The first rows of a PNG tell: nearly always the first row or two rule the magic out, and nothing
//! more is read.

use std::io::Read;

use flate2::read::GzDecoder;

use super::png_rows::{self, Rows};
use super::{Decoder, Options, Subject, pixels, seen, webp_alpha};
use crate::formats::{self, Pixels};
use countersign_io::asset_budget::Decompressed;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "stealth", version: 2, decode };

/// Where a magic is and whether gzip follows.
struct Magic {
    text: &'static str,
    alpha: bool,
    gzip: bool,
}

const MAGICS: [Magic; 4] = [
    Magic { text: "stealth_pnginfo", alpha: true, gzip: false },
    Magic { text: "stealth_pngcomp", alpha: true, gzip: true },
    Magic { text: "stealth_rgbinfo", alpha: false, gzip: false },
    Magic { text: "stealth_rgbcomp", alpha: false, gzip: true },
];
/// Bits of every magic.
const MAGIC: usize = 120;
/// Bytes beyond the head that may be read before a bit has matched, and for each bit that has.
const ALLOWANCE: u64 = 16 * 1024;
/// The longest lossless WebP that is decoded without being asked to look at pixels.
const WEBP: u64 = 16 * 1024 * 1024;
/// And its pixels at most.
const WEBP_PIXELS: u64 = 24 * 1024 * 1024;

/// The lowest bits of every pixel, row by row: alpha in bit 3, then red, green, blue.
struct Planes {
    width: usize,
    height: usize,
    bits: Vec<u8>,
    alpha: bool,
}

fn decode(subject: &mut Subject<'_>, facts: &Facts, options: Options) -> Vec<Tag> {
    let source = &mut *subject.source;
    let found = match facts.format.and_then(formats::info).map(|info| info.pixels) {
        Some(Pixels::Lossless) if png_rows::begins(source) => match Rows::open(source) {
            Some(rows) => of_rows(rows),
            None if options.pixels => of_image(subject, facts),
            None => None,
        },
        Some(Pixels::LossyOrLossless) if !options.pixels => {
            // A picture without room for a magic hides none.
            let room = (MAGIC as u64).div_ceil(3)..=WEBP_PIXELS;
            let likely = pixels::vp8l(source).is_some_and(|header| header.alpha && room.contains(&header.pixels));
            if likely && source.len() <= WEBP { of_image(subject, facts) } else { of_alpha(source) }
        }
        Some(Pixels::LossyOrLossless) => of_image(subject, facts).or_else(|| of_alpha(subject.source)),
        _ if options.pixels => of_image(subject, facts),
        _ => None,
    };
    let Some((magic, text)) = found else { return Vec::new() };
    vec![seen(DECODER.id, magic, text)]
}

fn of_image(subject: &mut Subject<'_>, facts: &Facts) -> Option<(&'static str, String)> {
    let image = pixels::decode(subject, facts, limits::PIXELS)?;
    let bits = image.rgba().map(|pixel| lowest(&pixel)).collect();
    let (width, height, alpha) = (image.width() as usize, image.height() as usize, image.has_alpha());
    text(&Planes { width, height, bits, alpha })
}

/// The alpha channel of a lossy WebP, which is stored without loss.
fn of_alpha(source: &mut Source) -> Option<(&'static str, String)> {
    let alpha = webp_alpha::read(source, MAGIC as u64..=WEBP_PIXELS, WEBP as usize)?;
    let bits = alpha.samples.iter().map(|sample| (sample & 1) << 3).collect();
    text(&Planes { width: alpha.width, height: alpha.height, bits, alpha: true })
}

fn lowest(pixel: &[u8]) -> u8 {
    let bit = |i: usize| pixel.get(i).copied().unwrap_or(1) & 1;
    bit(3) << 3 | bit(0) << 2 | bit(1) << 1 | bit(2)
}

fn of_rows(mut rows: Rows<'_>) -> Option<(&'static str, String)> {
    let (width, height, channels) = (rows.width, rows.height, rows.channels);
    let mut alive: Vec<&Magic> = MAGICS.iter().filter(|m| !m.alpha || channels == 4).collect();
    let mut bits: Vec<u8> = Vec::new();
    let mut matched = 0u64;
    for y in 0..height {
        rows.allowance = ALLOWANCE.saturating_mul(matched + 1);
        let row = rows.next()?;
        if y >= MAGIC && (width as u64).saturating_mul(height as u64) > limits::PIXELS {
            return None;
        }
        bits.extend(row.chunks_exact(channels).map(lowest));
        if y < MAGIC {
            let row = bits.get(y * width..)?;
            alive.retain(|magic| row_fits(magic, row, y, height));
            if alive.is_empty() {
                return None;
            }
        }
        matched = if y + 1 >= MAGIC.min(height) { u64::from(u32::MAX) } else { y as u64 + 1 };
    }
    text(&Planes { width, height, bits, alpha: channels == 4 })
}

/// Whether the bits of the magic that fall into this row are its own.
fn row_fits(magic: &Magic, row: &[u8], y: usize, height: usize) -> bool {
    let pixels = if magic.alpha { MAGIC } else { MAGIC.div_ceil(3) };
    // The magic's pixels go down the first column, then down the next.
    (y..pixels).step_by(height).enumerate().all(|(x, pixel)| {
        let Some(bits) = row.get(x) else { return false };
        if magic.alpha {
            bits >> 3 == magic_bit(magic, pixel)
        } else {
            (0..3).all(|c| bits >> (2 - c) & 1 == magic_bit(magic, pixel * 3 + c))
        }
    })
}

fn magic_bit(magic: &Magic, index: usize) -> u8 {
    magic.text.as_bytes().get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1)
}

/// The hidden text with its magic; a magic whose text is damaged still tells.
fn text(planes: &Planes) -> Option<(&'static str, String)> {
    if planes.height == 0 {
        return None;
    }
    let magic = MAGICS.iter().find(|m| {
        let mut stream = Stream::new(planes, m.alpha);
        (planes.alpha || !m.alpha) && m.text.bytes().all(|byte| stream.byte() == Some(byte))
    })?;
    let mut stream = Stream::new(planes, magic.alpha);
    let payload = payload(&mut stream, magic.gzip);
    let text = payload.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| "(damaged)".into());
    Some((magic.text, text))
}

fn payload(stream: &mut Stream<'_>, gzip: bool) -> Option<Vec<u8>> {
    for _ in 0..MAGIC / 8 {
        stream.byte()?;
    }
    let length = [stream.byte()?, stream.byte()?, stream.byte()?, stream.byte()?];
    let bytes = (u32::from_be_bytes(length) / 8) as usize;
    if bytes > limits::INFLATED || bytes > stream.left() / 8 {
        return None;
    }
    let raw: Option<Vec<u8>> = (0..bytes).map(|_| stream.byte()).collect();
    let raw = raw?;
    if !gzip {
        return Some(raw);
    }
    let mut out = Vec::new();
    Decompressed(GzDecoder::new(&*raw)).take(limits::INFLATED as u64).read_to_end(&mut out).ok()?;
    Some(out)
}

/// The bits of the planes in the order of writing.
struct Stream<'a> {
    planes: &'a Planes,
    alpha: bool,
    at: usize,
}

impl<'a> Stream<'a> {
    fn new(planes: &'a Planes, alpha: bool) -> Self {
        Self { planes, alpha, at: 0 }
    }

    fn a_pixel(&self) -> usize {
        if self.alpha { 1 } else { 3 }
    }

    fn left(&self) -> usize {
        self.planes.bits.len().saturating_mul(self.a_pixel()).saturating_sub(self.at)
    }

    fn bit(&mut self) -> Option<u8> {
        let pixel = self.at / self.a_pixel();
        let (x, y) = (pixel / self.planes.height, pixel % self.planes.height);
        if x >= self.planes.width {
            return None;
        }
        let bits = self.planes.bits.get(y * self.planes.width + x)?;
        let bit = if self.alpha { bits >> 3 } else { bits >> (2 - self.at % 3) };
        self.at += 1;
        Some(bit & 1)
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = 0;
        for _ in 0..8 {
            byte = byte << 1 | self.bit()?;
        }
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_io::source::Source;
    use countersign_model::FormatId;
    use image::codecs::png::PngEncoder;
    use image::codecs::webp::WebPEncoder;
    use image::{ExtendedColorType, ImageEncoder};
    use std::io::Write;

    const TEXT: &str = "a barn\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1";

    fn pixels(width: usize, height: usize, channels: usize) -> Vec<u8> {
        (0..width * height * channels).map(|i| if i % 4 == 3 && channels == 4 { 255 } else { (i * 31) as u8 }).collect()
    }

    /// The pixels with a magic and a text in their lowest bits.
    fn hidden(magic: &Magic, text: &str, width: usize, height: usize, channels: usize) -> Vec<u8> {
        let mut payload = text.as_bytes().to_vec();
        if magic.gzip {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(&payload).unwrap();
            payload = gzip.finish().unwrap();
        }
        let mut bytes = magic.text.as_bytes().to_vec();
        bytes.extend((payload.len() as u32 * 8).to_be_bytes());
        bytes.extend(payload);
        let bits = bytes.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1));
        let mut out = pixels(width, height, channels);
        for (at, bit) in bits.enumerate() {
            let (pixel, channel) = if magic.alpha { (at, 3) } else { (at / 3, at % 3) };
            let byte = &mut out[(pixel % height * width + pixel / height) * channels + channel];
            *byte = *byte & 0xFE | bit;
        }
        out
    }

    fn color(channels: usize) -> ExtendedColorType {
        if channels == 4 { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 }
    }

    fn png(pixels: &[u8], width: usize, height: usize, channels: usize) -> Vec<u8> {
        let mut out = Vec::new();
        PngEncoder::new(&mut out).write_image(pixels, width as u32, height as u32, color(channels)).unwrap();
        out
    }

    fn said(bytes: Vec<u8>, format: &str, pixels: bool) -> Vec<(String, String)> {
        let facts = Facts { format: FormatId::parse(format), ..Facts::default() };
        let said =
            decode(&mut Subject::new(&mut Source::memory(bytes, 0)), &facts, Options { pixels, ..Options::default() });
        said.into_iter().map(|t| (t.key.into(), t.value.into())).collect()
    }

    #[test]
    fn text_is_read_from_every_kind_of_hiding() {
        for magic in &MAGICS {
            for (width, height) in [(96, 96), (300, 40), (50, 200)] {
                let channels = if magic.alpha { 4 } else { 3 };
                let bytes = png(&hidden(magic, TEXT, width, height, channels), width, height, channels);
                assert_eq!(said(bytes, "png", false), [(magic.text.to_owned(), TEXT.to_owned())]);
            }
        }
        let mut webp = Vec::new();
        let pixels = hidden(&MAGICS[1], TEXT, 96, 96, 4);
        WebPEncoder::new_lossless(&mut webp).write_image(&pixels, 96, 96, ExtendedColorType::Rgba8).unwrap();
        assert_eq!(said(webp, "webp", false), [("stealth_pngcomp".to_owned(), TEXT.to_owned())]);
        let alpha: Vec<u8> = pixels.chunks_exact(4).map(|pixel| pixel[3]).collect();
        for how in [0, 1] {
            let lossy = webp_alpha::tests::lossy(&alpha, 96, 96, how);
            assert_eq!(said(lossy, "webp", false), [("stealth_pngcomp".to_owned(), TEXT.to_owned())]);
        }
    }

    #[test]
    fn pictures_without_the_magic_say_nothing() {
        for channels in [3, 4] {
            assert!(said(png(&pixels(200, 200, channels), 200, 200, channels), "png", true).is_empty());
            assert!(said(png(&pixels(3, 3, channels), 3, 3, channels), "png", true).is_empty());
        }
        // One bit of the magic is wrong.
        let mut near = hidden(&MAGICS[0], TEXT, 96, 200, 4);
        near[(119 * 96) * 4 + 3] ^= 1;
        assert!(said(png(&near, 96, 200, 4), "png", true).is_empty());
    }

    #[test]
    fn a_damaged_text_still_tells() {
        let mut pixels = hidden(&MAGICS[1], TEXT, 96, 200, 4);
        // The length's first bit: longer than the picture.
        pixels[(120 * 96) * 4 + 3] ^= 1;
        assert_eq!(
            said(png(&pixels, 96, 200, 4), "png", false),
            [("stealth_pngcomp".to_owned(), "(damaged)".to_owned())]
        );
    }

    #[test]
    fn an_ordinary_picture_costs_only_its_head() {
        let noise: Vec<u8> = (0..900 * 900 * 4u32)
            .map(|i| if i % 4 == 3 { 255 } else { (i.wrapping_mul(2_654_435_761) >> 9) as u8 })
            .collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&png(&noise, 900, 900, 4)).unwrap();
        let mut source = Source::open(file.path()).unwrap();
        let facts = Facts { format: FormatId::parse("png"), ..Facts::default() };
        assert!(decode(&mut Subject::new(&mut source), &facts, Options::default()).is_empty());
        assert_eq!(source.spent().bytes, limits::HEAD as u64);
    }
}
