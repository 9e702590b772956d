//! Shared by decoders: the first rows of a PNG without the rest, inflated and unfiltered row by row from bounded reads.
//!
//! W3C PNG, third edition, sections 9 (filtering) and 11.2 (IHDR, IDAT). Eight bits, RGB or RGBA, not interlaced:
//! what programs that hide text in the lowest bits write.

use std::cell::Cell;

use flate2::{Decompress, FlushDecompress, Status};

use countersign_io::source::Source;
use countersign_model::limits;

/// Bytes asked for at a time.
const PIECE: usize = 8 * 1024;
/// The first bytes of every PNG.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

thread_local! {
    /// What inflated the last rows, to be used again: to make one takes longer than to inflate the first row.
    static KEPT: Cell<Option<Decompress>> = const { Cell::new(None) };
}

/// What inflates a stream of zlib from its start; taken out only where it is kept for the next.
struct Inflate(Option<Decompress>);

impl Inflate {
    fn take() -> Self {
        let mut kept = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_else(|| Decompress::new(true));
        kept.reset(true);
        Self(Some(kept))
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        // A thread that ends has no place to keep it any more.
        let _ = KEPT.try_with(|kept| kept.set(self.0.take()));
    }
}

/// Whether the file starts as a PNG does.
pub(super) fn begins(source: &mut Source) -> bool {
    source.head().is_ok_and(|head| head.starts_with(SIGNATURE))
}

/// A PNG being read from its top.
pub(super) struct Rows<'a> {
    source: &'a mut Source,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bytes a pixel: 3 or 4.
    pub(super) channels: usize,
    /// Where the next compressed bytes stand, and how many this chunk still has.
    at: u64,
    left: u64,
    inflate: Inflate,
    row: Vec<u8>,
    above: Vec<u8>,
    /// Compressed bytes taken from outside the head so far.
    pub(super) beyond: u64,
    /// How many of those may be taken.
    pub(super) allowance: u64,
}

impl<'a> Rows<'a> {
    /// `None` for anything but a PNG of the kind that this reads.
    pub(super) fn open(source: &'a mut Source) -> Option<Self> {
        let start: [u8; 33] = source.array(0).ok()?;
        if !start.starts_with(SIGNATURE) || &start[12..16] != b"IHDR" {
            return None;
        }
        let width = u32::from_be_bytes([start[16], start[17], start[18], start[19]]) as usize;
        let height = u32::from_be_bytes([start[20], start[21], start[22], start[23]]) as usize;
        let channels = match (start[24], start[25], start[28]) {
            (8, 2, 0) => 3,
            (8, 6, 0) => 4,
            _ => return None,
        };
        let stride = width.checked_mul(channels)?;
        if stride == 0 || height == 0 || stride > limits::INFLATED {
            return None;
        }
        let mut rows = Self {
            source,
            width,
            height,
            channels,
            at: 8,
            left: 0,
            inflate: Inflate::take(),
            row: vec![0; stride + 1],
            above: vec![0; stride + 1],
            beyond: 0,
            allowance: 0,
        };
        rows.chunk(false).then_some(rows)
    }

    /// Goes to the next IDAT chunk; after the first, only one that follows at once.
    fn chunk(&mut self, following: bool) -> bool {
        for _ in 0..limits::ITEMS {
            let Ok(header) = self.source.array::<8>(self.at) else { return false };
            let len = u64::from(u32::from_be_bytes([header[0], header[1], header[2], header[3]]));
            match &header[4..8] {
                b"IDAT" => {
                    self.at += 8;
                    self.left = len;
                    return true;
                }
                b"IEND" => return false,
                _ if following => return false,
                _ => self.at = self.at.saturating_add(len).saturating_add(12),
            }
        }
        false
    }

    /// Goes on to the chunk that follows where this one is used up.
    fn following(&mut self) -> bool {
        if self.left > 0 {
            return false;
        }
        self.at = self.at.saturating_add(4);
        self.beyond = self.beyond.saturating_add(12);
        self.chunk(true)
    }

    /// The next row's bytes, unfiltered; `None` at the end, on damage, and where the allowance is used up.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        std::mem::swap(&mut self.row, &mut self.above);
        let mut filled = 0;
        while filled < self.row.len() {
            let outside = self.at >= limits::HEAD as u64;
            if outside && self.beyond >= self.allowance {
                return None;
            }
            let want = if outside { PIECE as u64 } else { (limits::HEAD as u64 - self.at).min(PIECE as u64) };
            let piece = self.source.up_to(self.at, want.min(self.left) as usize).ok()?;
            let inflate = self.inflate.0.as_mut()?;
            let (before, made) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(piece, &mut self.row[filled..], FlushDecompress::None).ok()?;
            let took = inflate.total_in() - before;
            let gave = inflate.total_out() - made;
            filled += gave as usize;
            self.at += took;
            self.left -= took.min(self.left);
            self.beyond += if outside { took } else { 0 };
            if filled == self.row.len() {
                break;
            }
            if status == Status::StreamEnd || (took == 0 && gave == 0 && !self.following()) {
                return None;
            }
        }
        unfilter(&mut self.row, &self.above, self.channels)?;
        self.row.get(1..)
    }
}

/// Undoes a row's filter in place; both rows begin with their filter byte.
fn unfilter(row: &mut [u8], above: &[u8], step: usize) -> Option<()> {
    let filter = *row.first()?;
    if filter > 4 {
        return None;
    }
    for i in 1..row.len() {
        let left = if i > step { row[i - step] } else { 0 };
        let up = above[i];
        let corner = if i > step { above[i - step] } else { 0 };
        let predicted = match filter {
            0 => 0,
            1 => left,
            2 => up,
            3 => u16::midpoint(u16::from(left), u16::from(up)) as u8,
            _ => paeth(left, up, corner),
        };
        row[i] = row[i].wrapping_add(predicted);
    }
    Some(())
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let p = a + b - c;
    let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    use image::{ExtendedColorType, ImageEncoder};

    fn png(width: u32, height: u32, pixels: &[u8], color: ExtendedColorType, filter: FilterType) -> Vec<u8> {
        let mut out = Vec::new();
        PngEncoder::new_with_quality(&mut out, CompressionType::Fast, filter)
            .write_image(pixels, width, height, color)
            .unwrap();
        out
    }

    #[test]
    fn rows_are_those_that_were_written() {
        let noise = |n: usize| (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<u8>>();
        for filter in [FilterType::NoFilter, FilterType::Sub, FilterType::Up, FilterType::Avg, FilterType::Paeth] {
            for (color, channels) in [(ExtendedColorType::Rgb8, 3), (ExtendedColorType::Rgba8, 4)] {
                let pixels = noise(37 * 29 * channels);
                let mut source = Source::memory(png(37, 29, &pixels, color, filter), 0);
                let mut rows = Rows::open(&mut source).unwrap();
                for wanted in pixels.chunks_exact(37 * channels) {
                    assert_eq!(rows.next(), Some(wanted));
                }
                assert_eq!(rows.next(), None);
            }
        }
    }

    #[test]
    fn only_the_allowance_is_read_beyond_the_head() {
        let pixels: Vec<u8> = (0..600 * 200 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as u8).collect();
        let mut source = Source::memory(png(600, 200, &pixels, ExtendedColorType::Rgb8, FilterType::NoFilter), 0);
        let mut rows = Rows::open(&mut source).unwrap();
        let count = std::iter::from_fn(|| rows.next().map(<[u8]>::len)).count();
        assert!((30..60).contains(&count), "{count}");
        assert_eq!(rows.beyond, 0);
    }

    #[test]
    fn damage_ends_the_rows() {
        let whole = png(16, 16, &[7; 16 * 16 * 3], ExtendedColorType::Rgb8, FilterType::Paeth);
        for end in 0..whole.len() {
            let mut source = Source::memory(whole[..end].to_vec(), 0);
            if let Some(mut rows) = Rows::open(&mut source) {
                while rows.next().is_some() {}
            }
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            let mut source = Source::memory(bytes, 0);
            if let Some(mut rows) = Rows::open(&mut source) {
                for _ in 0..64 {
                    rows.next();
                }
            }
        }
    }
}
