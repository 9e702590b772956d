//! Decoded pixels as the callers give them, checked against their stated size.

use crate::{Luma, MatchingError};

/// The longest side of the reduced picture from which every fingerprint is made.
const WORKING_SIDE: usize = 512;

/// Samples of a picture, row by row and interleaved.
#[derive(Clone, Copy, Debug)]
pub enum PixelData<'a> {
    /// One 8-bit value a pixel.
    Gray8(&'a [u8]),
    /// Gray and alpha of 8 bits.
    GrayAlpha8(&'a [u8]),
    /// Red, green and blue of 8 bits.
    Rgb8(&'a [u8]),
    /// Red, green, blue and alpha of 8 bits.
    Rgba8(&'a [u8]),
    /// One 16-bit value a pixel.
    Gray16(&'a [u16]),
    /// Gray and alpha of 16 bits.
    GrayAlpha16(&'a [u16]),
    /// Red, green and blue of 16 bits.
    Rgb16(&'a [u16]),
    /// Red, green, blue and alpha of 16 bits.
    Rgba16(&'a [u16]),
}

impl PixelData<'_> {
    fn channels(&self) -> usize {
        match self {
            Self::Gray8(_) | Self::Gray16(_) => 1,
            Self::GrayAlpha8(_) | Self::GrayAlpha16(_) => 2,
            Self::Rgb8(_) | Self::Rgb16(_) => 3,
            Self::Rgba8(_) | Self::Rgba16(_) => 4,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Gray8(v) | Self::GrayAlpha8(v) | Self::Rgb8(v) | Self::Rgba8(v) => v.len(),
            Self::Gray16(v) | Self::GrayAlpha16(v) | Self::Rgb16(v) | Self::Rgba16(v) => v.len(),
        }
    }

    /// The pixel as red, green, blue and alpha of 16 bits: an 8-bit value is repeated, so that both depths of one
    /// picture are equal.
    fn rgba16(&self, pixel: usize) -> [u16; 4] {
        let wide = |value: u8| u16::from(value) * 257;
        match self {
            Self::Gray8(v) => [wide(v[pixel]), wide(v[pixel]), wide(v[pixel]), u16::MAX],
            Self::GrayAlpha8(v) => {
                let gray = wide(v[pixel * 2]);
                [gray, gray, gray, wide(v[pixel * 2 + 1])]
            }
            Self::Rgb8(v) => [wide(v[pixel * 3]), wide(v[pixel * 3 + 1]), wide(v[pixel * 3 + 2]), u16::MAX],
            Self::Rgba8(v) => {
                [wide(v[pixel * 4]), wide(v[pixel * 4 + 1]), wide(v[pixel * 4 + 2]), wide(v[pixel * 4 + 3])]
            }
            Self::Gray16(v) => [v[pixel], v[pixel], v[pixel], u16::MAX],
            Self::GrayAlpha16(v) => [v[pixel * 2], v[pixel * 2], v[pixel * 2], v[pixel * 2 + 1]],
            Self::Rgb16(v) => [v[pixel * 3], v[pixel * 3 + 1], v[pixel * 3 + 2], u16::MAX],
            Self::Rgba16(v) => [v[pixel * 4], v[pixel * 4 + 1], v[pixel * 4 + 2], v[pixel * 4 + 3]],
        }
    }

    /// Luma of ITU-R BT.601 on a scale of 0 to 255, as PDQ takes it. Alpha is left out of account.
    fn luma(&self, pixel: usize) -> f32 {
        let weigh = |r: f32, g: f32, b: f32| 0.299 * r + 0.587 * g + 0.114 * b;
        let narrow = |value: u16| f32::from(value) / 257.0;
        match self {
            Self::Gray8(v) => f32::from(v[pixel]),
            Self::GrayAlpha8(v) => f32::from(v[pixel * 2]),
            Self::Rgb8(v) => weigh(f32::from(v[pixel * 3]), f32::from(v[pixel * 3 + 1]), f32::from(v[pixel * 3 + 2])),
            Self::Rgba8(v) => weigh(f32::from(v[pixel * 4]), f32::from(v[pixel * 4 + 1]), f32::from(v[pixel * 4 + 2])),
            Self::Gray16(v) => narrow(v[pixel]),
            Self::GrayAlpha16(v) => narrow(v[pixel * 2]),
            Self::Rgb16(v) => weigh(narrow(v[pixel * 3]), narrow(v[pixel * 3 + 1]), narrow(v[pixel * 3 + 2])),
            Self::Rgba16(v) => weigh(narrow(v[pixel * 4]), narrow(v[pixel * 4 + 1]), narrow(v[pixel * 4 + 2])),
        }
    }
}

/// A decoded picture: its size, its samples, and the EXIF orientation that has yet to be applied.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'a> {
    width: usize,
    height: usize,
    data: PixelData<'a>,
    orientation: u8,
}

impl<'a> Pixels<'a> {
    /// Fails where the number of samples is not what width and height ask for.
    pub fn new(width: usize, height: usize, data: PixelData<'a>) -> Result<Self, MatchingError> {
        let expected = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(data.channels()));
        if expected != Some(data.len()) {
            return Err(MatchingError::WrongSize { expected, given: data.len() });
        }
        Ok(Self { width, height, data, orientation: 1 })
    }

    /// Red, green and blue of 8 bits.
    pub fn rgb8(width: usize, height: usize, data: &'a [u8]) -> Result<Self, MatchingError> {
        Self::new(width, height, PixelData::Rgb8(data))
    }

    /// The same pixels with the EXIF orientation (1 to 8) in which they are to be seen; any other number is 1.
    pub fn with_orientation(self, orientation: u8) -> Self {
        Self { orientation: if (1..=8).contains(&orientation) { orientation } else { 1 }, ..self }
    }

    /// Width and height as seen, after the orientation.
    pub fn seen_size(&self) -> (usize, usize) {
        if self.orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// The pixels of a row as they are seen, in order, as red, green, blue and alpha of 16 bits.
    pub(crate) fn each_seen_in_row(&self, y: usize, mut take: impl FnMut([u16; 4])) {
        // Most pictures are stored as they are seen, most of them in these two ways.
        let stored = (self.orientation == 1).then_some(self.data);
        let row = y * self.width..(y + 1) * self.width;
        let wide = |value: u8| u16::from(value) * 257;
        match stored {
            Some(PixelData::Rgb8(values)) => {
                let (pixels, _) = values[row.start * 3..row.end * 3].as_chunks::<3>();
                pixels.iter().for_each(|[r, g, b]| take([wide(*r), wide(*g), wide(*b), u16::MAX]));
            }
            Some(PixelData::Rgba8(values)) => {
                let (pixels, _) = values[row.start * 4..row.end * 4].as_chunks::<4>();
                pixels.iter().for_each(|[r, g, b, a]| take([wide(*r), wide(*g), wide(*b), wide(*a)]));
            }
            _ => (0..self.seen_size().0).for_each(|x| take(self.seen_rgba16(x, y))),
        }
    }

    /// The pixel seen at a place, as red, green, blue and alpha of 16 bits.
    fn seen_rgba16(&self, x: usize, y: usize) -> [u16; 4] {
        let (x, y) = stored_place(self.orientation, self.width, self.height, x, y);
        self.data.rgba16(y * self.width + x)
    }

    /// Luma at full size, as PDQ's reference implementation hashes it.
    pub fn to_full_luma(&self) -> Luma {
        let (width, height) = self.seen_size();
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (x, y) = stored_place(self.orientation, self.width, self.height, x, y);
                values.push(self.data.luma(y * self.width + x));
            }
        }
        Luma::from_checked(width, height, values)
    }

    /// Luma at a size that is not larger, each value the mean of the area it stands for.
    fn averaged(&self, width: usize, height: usize) -> Luma {
        let (across, down) = (shares(self.width, width), shares(self.height, height));
        let mut values = vec![0.0_f32; width * height];
        // One place more than there are columns, for the share of the last pixel that is none.
        let mut line = vec![0.0_f32; width + 1];
        for (y, row) in down.iter().enumerate() {
            line.fill(0.0);
            for (x, column) in across.iter().enumerate() {
                let luma = self.data.luma(y * self.width + x);
                line[column.cell] += luma * column.first;
                line[column.cell + 1] += luma * column.second;
            }
            for (cell, weight) in [(row.cell, row.first), (row.cell + 1, row.second)] {
                if weight > 0.0 {
                    let target = &mut values[cell * width..(cell + 1) * width];
                    target.iter_mut().zip(&line).for_each(|(value, part)| *value += part * weight);
                }
            }
        }
        Luma::from_checked(width, height, values)
    }

    /// Luma reduced by averaging to at most 512 pixels a side: what every fingerprint here is made of.
    pub fn to_luma(&self) -> Luma {
        let longest = self.width.max(self.height);
        let reduce = |side: usize| if longest <= WORKING_SIDE { side } else { (side * WORKING_SIDE / longest).max(1) };
        let (width, height) = (reduce(self.width), reduce(self.height));
        let reduced = self.averaged(width, height);
        if self.orientation == 1 { reduced } else { oriented(&reduced, self.orientation) }
    }
}

/// How much of the pixel at a place belongs to the cell that begins in it, and to the one after it.
struct Share {
    cell: usize,
    first: f32,
    second: f32,
}

/// The cells of a side that each of its pixels belongs to: there are at most as many cells as pixels, so a pixel
/// reaches into two at most.
fn shares(pixels: usize, cells: usize) -> Vec<Share> {
    let scale = cells as f64 / pixels.max(1) as f64;
    let share = |pixel: usize| {
        let (start, end) = (pixel as f64 * scale, (pixel + 1) as f64 * scale);
        let cell = (start as usize).min(cells.saturating_sub(1));
        let border = (cell + 1) as f64;
        if end <= border || cell + 1 >= cells {
            Share { cell, first: (end - start) as f32, second: 0.0 }
        } else {
            Share { cell, first: (border - start) as f32, second: (end - border) as f32 }
        }
    };
    (0..pixels).map(share).collect()
}

fn oriented(luma: &Luma, orientation: u8) -> Luma {
    let (stored_width, stored_height) = (luma.width(), luma.height());
    let (width, height) = if orientation >= 5 { (stored_height, stored_width) } else { (stored_width, stored_height) };
    let mut values = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (x, y) = stored_place(orientation, stored_width, stored_height, x, y);
            values.push(luma.at(x, y));
        }
    }
    Luma::from_checked(width, height, values)
}

/// Where the pixel that is seen at (x, y) is stored, by EXIF 2.32, tag 0x0112.
fn stored_place(orientation: u8, width: usize, height: usize, x: usize, y: usize) -> (usize, usize) {
    match orientation {
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (y, height - 1 - x),
        7 => (width - 1 - y, height - 1 - x),
        8 => (width - 1 - y, x),
        _ => (x, y),
    }
}
