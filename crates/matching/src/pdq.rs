//! PDQ: a 256-bit hash of the low frequencies of a picture, with a measure of how much there is to hash.
//!
//! Follows "PDQ & TMK + PDQF" (Facebook, 2019): luma is blurred by two passes of a box filter in both directions and
//! sampled down to 64 by 64; of its cosine transform the frequencies 1 to 16 in both directions are compared with their
//! median. The hashes of the eight ways to turn and mirror a picture follow from the same transform by signs.

use std::{array, f64::consts::PI, fmt, sync::OnceLock};

use crate::Luma;

const SIDE: usize = 64;
const FREQUENCIES: usize = 16;
const FILTER_PASSES: usize = 2;
/// Smaller pictures have no hash.
const MINIMUM_SIDE: usize = 5;
/// The scale of the quality: this many gradient units are worth one point.
const GRADIENTS_PER_POINT: i32 = 90;

/// The 256 bits; bit `16 * row + column` is in word `bit / 64`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PdqHash(pub [u64; 4]);

impl PdqHash {
    /// The number of bits that differ, 0 to 256.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// The bytes as PDQ prints them: the highest bit first.
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0.iter().rev()) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// The hash of bytes as PDQ prints them.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, chunk) in words.iter_mut().rev().zip(bytes.chunks_exact(8)) {
            *word = chunk.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        }
        Self(words)
    }
}

impl fmt::Debug for PdqHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes().iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

type Plane = [[f32; SIDE]; SIDE];
type Transform = [[f32; FREQUENCIES]; FREQUENCIES];

/// The transform of one picture, from which its hashes follow.
#[derive(Clone, Debug)]
pub struct Pdq {
    transform: Transform,
    quality: u8,
}

impl Pdq {
    /// The transform of a picture; a picture of fewer than five pixels a side has quality 0.
    pub fn new(luma: &Luma) -> Self {
        if luma.width() < MINIMUM_SIDE || luma.height() < MINIMUM_SIDE {
            return Self { transform: [[0.0; FREQUENCIES]; FREQUENCIES], quality: 0 };
        }
        let plane = sampled_down(luma);
        Self { quality: quality(&plane), transform: cosine_transform(&plane) }
    }

    /// How much there is to hash, 0 to 100: the sum of the larger gradients.
    pub fn quality(&self) -> u8 {
        self.quality
    }

    /// The hash of the picture as it is.
    pub fn hash(&self) -> PdqHash {
        bits(&self.transform)
    }

    /// The hash of the picture mirrored left to right.
    pub fn mirrored(&self) -> PdqHash {
        bits(&signed(&self.transform, |_, column| column % 2 == 0))
    }

    /// The hash of the picture mirrored top to bottom.
    pub fn upside_down(&self) -> PdqHash {
        bits(&signed(&self.transform, |row, _| row % 2 == 0))
    }

    /// All eight: plain, turned by 90, 180 and 270 degrees, upside down, mirrored, and mirrored along both diagonals:
    /// in the order in which PDQ's own implementation gives them.
    pub fn dihedral(&self) -> [PdqHash; 8] {
        let plain = &self.transform;
        let turned = transposed(plain);
        [
            bits(plain),
            bits(&signed(&turned, |row, _| row % 2 == 0)),
            bits(&signed(plain, |row, column| (row + column) % 2 == 1)),
            bits(&signed(&turned, |_, column| column % 2 == 0)),
            bits(&signed(plain, |row, _| row % 2 == 0)),
            bits(&signed(plain, |_, column| column % 2 == 0)),
            bits(&turned),
            bits(&signed(&turned, |row, column| (row + column) % 2 == 1)),
        ]
    }
}

fn transposed(transform: &Transform) -> Transform {
    array::from_fn(|row| array::from_fn(|column| transform[column][row]))
}

fn signed(transform: &Transform, negative: impl Fn(usize, usize) -> bool) -> Transform {
    array::from_fn(|row| {
        array::from_fn(|column| {
            let value = transform[row][column];
            if negative(row, column) { -value } else { value }
        })
    })
}

fn bits(transform: &Transform) -> PdqHash {
    let values: Vec<f32> = transform.iter().flatten().copied().collect();
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let median = sorted[(values.len() - 1) / 2];
    let mut words = [0_u64; 4];
    for (bit, value) in values.iter().enumerate() {
        if *value > median {
            words[bit / 64] |= 1 << (bit % 64);
        }
    }
    PdqHash(words)
}

fn quality(plane: &Plane) -> u8 {
    let step = |from: f32, to: f32| (((from - to) * 100.0 / 255.0) as i32).abs();
    let mut gradients = 0;
    for row in 0..SIDE {
        for column in 0..SIDE {
            if row + 1 < SIDE {
                gradients += step(plane[row][column], plane[row + 1][column]);
            }
            if column + 1 < SIDE {
                gradients += step(plane[row][column], plane[row][column + 1]);
            }
        }
    }
    (gradients / GRADIENTS_PER_POINT).min(100) as u8
}

fn sampled_down(luma: &Luma) -> Box<Plane> {
    let (width, height) = (luma.width(), luma.height());
    let mut values = luma.values().to_vec();
    if (width, height) != (SIDE, SIDE) {
        let mut other = vec![0.0; values.len()];
        for _ in 0..FILTER_PASSES {
            filter_rows(&values, &mut other, width, window(width));
            filter_columns(&other, &mut values, width, window(height));
        }
    }
    let center = |place: usize, side: usize| (place * 2 + 1) * side / (2 * SIDE);
    let mut plane = Box::new([[0.0; SIDE]; SIDE]);
    for (row, line) in plane.iter_mut().enumerate() {
        for (column, value) in line.iter_mut().enumerate() {
            *value = values[center(row, height) * width + center(column, width)];
        }
    }
    plane
}

/// Two passes of half a block each spread over one block of the 64.
pub(crate) fn window(side: usize) -> usize {
    side.div_ceil(2 * SIDE)
}

/// The places around `at` that a window covers, cut off at the ends: one more to the right where it is even.
fn covered(at: usize, window: usize, length: usize) -> (usize, usize) {
    let (behind, ahead) = reach(window);
    (at.saturating_sub(behind), (at + ahead).min(length))
}

/// How far a window reaches back, and ahead with the place itself.
pub(crate) fn reach(window: usize) -> (usize, usize) {
    let ahead = (window + 2) / 2;
    (window - ahead, ahead)
}

fn filter_rows(from: &[f32], to: &mut [f32], width: usize, window: usize) {
    for (source, target) in from.chunks_exact(width).zip(to.chunks_exact_mut(width)) {
        let (mut start, mut end, mut sum) = (0, 0, 0.0);
        for (at, value) in target.iter_mut().enumerate() {
            let (first, last) = covered(at, window, width);
            while end < last {
                sum += source[end];
                end += 1;
            }
            while start < first {
                sum -= source[start];
                start += 1;
            }
            *value = sum / (end - start) as f32;
        }
    }
}

fn filter_columns(from: &[f32], to: &mut [f32], width: usize, window: usize) {
    let height = from.len() / width;
    let mut sums = vec![0.0_f32; width];
    let (mut start, mut end) = (0, 0);
    for (at, target) in to.chunks_exact_mut(width).enumerate() {
        let (first, last) = covered(at, window, height);
        while end < last {
            sums.iter_mut().zip(&from[end * width..]).for_each(|(sum, value)| *sum += value);
            end += 1;
        }
        while start < first {
            sums.iter_mut().zip(&from[start * width..]).for_each(|(sum, value)| *sum -= value);
            start += 1;
        }
        let count = (end - start) as f32;
        target.iter_mut().zip(&sums).for_each(|(value, sum)| *value = sum / count);
    }
}

fn cosines() -> &'static [[f32; SIDE]; FREQUENCIES] {
    static COSINES: OnceLock<[[f32; SIDE]; FREQUENCIES]> = OnceLock::new();
    COSINES.get_or_init(|| {
        let scale = (2.0 / SIDE as f64).sqrt();
        array::from_fn(|row| {
            array::from_fn(|column| {
                let angle = PI / (2 * SIDE) as f64 * (row + 1) as f64 * (2 * column + 1) as f64;
                (scale * angle.cos()) as f32
            })
        })
    })
}

fn cosine_transform(plane: &Plane) -> Transform {
    let cosines = cosines();
    let mut half = [[0.0_f32; SIDE]; FREQUENCIES];
    for (line, cosine) in half.iter_mut().zip(cosines) {
        for (row, weight) in plane.iter().zip(cosine) {
            line.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    array::from_fn(|row| {
        array::from_fn(|column| half[row].iter().zip(&cosines[column]).map(|(value, weight)| value * weight).sum())
    })
}
