//! The means of the blocks of a JPEG, without decoding its pixels.
//!
//! Follows ITU-T T.81 (sequential and progressive Huffman coding, eight bits). The first coefficient of each block of 8
//! by 8 pixels is its mean: a picture of an eighth of the size that needs no transform, no color conversion of pixels and
//! no memory for them. Whatever is unusual (arithmetic coding, twelve bits, four colors, damage, a cut) gives nothing, and
//! the picture is decoded by others.

mod bits;
mod frame;
mod scan;
mod tables;

use frame::Frame;
use scan::Scan;
use tables::{HuffmanTables, Quantization};

use crate::Luma;

/// Luma of the blocks. The last blocks of a row or column may reach beyond the picture.
pub(crate) struct BlockMeans {
    pub(crate) luma: Luma,
    /// Pixels across and down.
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl BlockMeans {
    /// The right and the lower edge of the picture, as shares of the plane.
    pub(crate) fn extent(&self) -> (f32, f32) {
        let share = |pixels: usize, blocks: usize| pixels as f32 / (blocks * 8).max(1) as f32;
        (share(self.width, self.luma.width()), share(self.height, self.luma.height()))
    }
}

/// How a picture of three components is to be understood, by the Adobe segment (TN 5116).
const ADOBE_TRANSFORM: usize = 11;

/// The block means of a whole, undamaged JPEG of at most so many pixels.
pub(crate) fn block_means(bytes: &[u8], most_pixels: u64) -> Option<BlockMeans> {
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8])?;
    let (mut quantization, mut tables) = (Quantization::default(), HuffmanTables::default());
    let (mut frame, mut restart_interval) = (None::<Frame>, 0);
    loop {
        let (marker, after) = next_marker(rest)?;
        if marker == 0xD9 {
            return frame?.means();
        }
        let (segment, after) = segment(after)?;
        rest = after;
        match marker {
            0xC0..=0xC2 if frame.is_none() => frame = Some(Frame::read(segment, marker == 0xC2, most_pixels)?),
            0xC4 => tables.read(segment)?,
            0xDB => quantization.read(segment)?,
            0xDD => restart_interval = usize::from(u16::from_be_bytes(segment.try_into().ok()?)),
            0xDA => {
                let frame = frame.as_mut()?;
                let scan = Scan::read(segment, frame, restart_interval)?;
                rest = scan.decode(rest, frame, &tables, &quantization)?;
            }
            // Colors that are no YCbCr.
            0xEE if segment.starts_with(b"Adobe") && segment.get(ADOBE_TRANSFORM) != Some(&1) => return None,
            // Other codings; a height that comes later; hierarchical pictures.
            0xC3 | 0xC5..=0xCF | 0xDC | 0xDE | 0xDF | 0xC0..=0xC2 => return None,
            _ => {}
        }
    }
}

/// The next marker and what follows it. Before a marker there may be bytes to fill up, of one kind.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let filled = bytes.iter().take_while(|byte| **byte == 0xFF).count();
    let (marker, rest) = bytes.get(filled..)?.split_first()?;
    (filled > 0 && *marker != 0).then_some((*marker, rest))
}

/// The segment of a marker, without its length, and what follows it.
fn segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16::from_be_bytes(*bytes.first_chunk()?));
    let (whole, rest) = bytes.split_at_checked(length)?;
    Some((whole.get(2..)?, rest))
}

#[cfg(test)]
mod tests {
    use image::{ImageEncoder, RgbImage, codecs::jpeg::JpegEncoder};

    use super::*;

    fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let wave = |scale: f32, by: f32| ((x as f32 / scale + y as f32 / by).sin() * 90.0 + 128.0) as u8;
            image::Rgb([wave(23.0, 40.0), wave(31.0, 17.0), wave(60.0, 90.0)])
        })
    }

    fn encoded(picture: &RgbImage, quality: u8) -> Vec<u8> {
        let mut out = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut out, quality);
        encoder.write_image(picture, picture.width(), picture.height(), image::ExtendedColorType::Rgb8).unwrap();
        out
    }

    #[test]
    fn the_mean_of_each_block_is_that_of_its_decoded_pixels() {
        for (width, height) in [(64, 64), (131, 77), (8, 200)] {
            let jpeg = encoded(&picture(width, height), 90);
            let means = block_means(&jpeg, 1 << 20).unwrap();
            let decoded = image::load_from_memory(&jpeg).unwrap().to_luma8();
            for row in 0..height / 8 {
                for column in 0..width / 8 {
                    let of = |i: u32| decoded.get_pixel(column * 8 + i % 8, row * 8 + i / 8).0[0];
                    let mean = (0..64).map(|i| f32::from(of(i))).sum::<f32>() / 64.0;
                    let found = means.luma.at(column as usize, row as usize);
                    assert!((mean - found).abs() < 4.0, "{width} x {height}, block {column}, {row}: {mean} {found}");
                }
            }
            assert_eq!(means.luma.width(), width.div_ceil(8) as usize);
            assert!((means.extent().0 - width as f32 / (width.div_ceil(8) * 8) as f32).abs() < 1e-6);
        }
    }

    #[test]
    fn whatever_is_cut_or_damaged_gives_nothing_or_a_picture_and_ends() {
        let jpeg = encoded(&picture(96, 72), 60);
        for end in 0..jpeg.len() {
            assert!(block_means(&jpeg[..end], 1 << 20).is_none(), "cut at {end}");
        }
        for at in 0..jpeg.len() {
            for flip in [0x01, 0x80, 0xFF] {
                let mut damaged = jpeg.clone();
                damaged[at] ^= flip;
                let _ = block_means(&damaged, 1 << 16);
            }
        }
        assert!(block_means(&jpeg, 96 * 72 - 1).is_none());
        assert!(block_means(b"\xFF\xD8\xFF\xD9", 1 << 20).is_none());
    }
}
