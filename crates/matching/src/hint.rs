//! A cheap first look at a JPEG: is it so far from all that is known that its pixels need not be decoded?
//!
//! It never says that a picture is known. It is made of the means of the blocks, which are the picture itself at an
//! eighth of its size, not of a thumbnail, which may show something else. Its hash lies within 20 bits of that of the
//! decoded picture (`docs/matching.md`, `tests/hint.rs`), and [`HINT_MARGIN`] is more than that; what is a copy by its
//! pixels would have to come 53 bits nearer by them than by its blocks to be passed over.

use crate::{
    LOOK_DISTANCE, Luma, MINIMUM_QUALITY, Pdq, PdqHash, Rectangle, jpeg,
    luma::SummedArea,
    pdq::{reach, window},
    trim_uniform_borders,
};

/// By how many bits a picture has to be farther from everything than what a person should look at.
pub const HINT_MARGIN: u32 = 24;
/// Points of quality by which a picture has to be above the least that is compared.
const QUALITY_MARGIN: u8 = 10;
/// Blocks a side: smaller pictures are decoded, which costs little.
const LEAST_BLOCKS: usize = 48;
/// The longest side of the decoded pictures that are hashed, and the places a side that PDQ takes from them.
const DECODED_SIDE: usize = 512;
const SIDE: usize = 64;

/// The hashes of a JPEG in the ways that a picture is looked up, without its pixels.
#[derive(Clone, Debug)]
pub struct PictureHint {
    hashes: [PdqHash; 3],
}

impl PictureHint {
    /// The hint of a whole JPEG of at most so many pixels, with its EXIF orientation. Nothing where the picture has to be
    /// decoded to say anything: it is no JPEG, small, unusual or damaged, has uniform borders, or little in it.
    pub fn of_jpeg(bytes: &[u8], orientation: u8, most_pixels: u64) -> Option<Self> {
        let means = jpeg::block_means(bytes, most_pixels)?;
        let plain = means.luma.width() >= LEAST_BLOCKS
            && means.luma.height() >= LEAST_BLOCKS
            && trim_uniform_borders(&means.luma) == Rectangle::WHOLE;
        if !plain {
            return None;
        }
        let pdq = Pdq::new(&hashed_plane(&means, orientation));
        (pdq.quality() >= MINIMUM_QUALITY + QUALITY_MARGIN)
            .then(|| Self { hashes: [pdq.hash(), pdq.mirrored(), pdq.upside_down()] })
    }

    /// The hashes: plain, mirrored left to right, mirrored top to bottom.
    pub fn hashes(&self) -> &[PdqHash; 3] {
        &self.hashes
    }

    /// A picture that is farther than this from everything known need not be decoded.
    pub const FAR: u32 = LOOK_DISTANCE + HINT_MARGIN;
}

/// The 64 by 64 places that PDQ takes of the decoded picture after its blur, as means of the blocks around them.
fn hashed_plane(means: &jpeg::BlockMeans, orientation: u8) -> Luma {
    let area = SummedArea::new(&means.luma);
    let (right, bottom) = means.extent();
    let (width, height) = if orientation >= 5 { (means.height, means.width) } else { (means.width, means.height) };
    let longest = width.max(height);
    let reduced = |side: usize| if longest > DECODED_SIDE { (side * DECODED_SIDE / longest).max(1) } else { side };
    let (across, down) = (places(reduced(width)), places(reduced(height)));
    // What is seen from left to right is stored so, or the other way, or from top to bottom.
    let is_turned = orientation >= 5;
    let (columns, rows) = if is_turned { (&down, &across) } else { (&across, &down) };
    let flipped = |turned: &[u8], places: &[(f32, f32)], extent: f32| -> Vec<(f32, f32)> {
        let is_flipped = turned.contains(&orientation);
        let shares = places.iter().map(|(from, to)| if is_flipped { (1.0 - to, 1.0 - from) } else { (*from, *to) });
        shares.map(|(from, to)| (from * extent, to * extent)).collect()
    };
    // EXIF 2.32, tag 0x0112: where the first column and the first row that are stored are seen.
    let means = area.means(&flipped(&[2, 3, 7, 8], columns, right), &flipped(&[3, 4, 6, 7], rows, bottom));
    let seen =
        |row: usize, column: usize| if is_turned { means[column * SIDE + row] } else { means[row * SIDE + column] };
    Luma::from_checked(SIDE, SIDE, (0..SIDE * SIDE).map(|place| seen(place / SIDE, place % SIDE)).collect())
}

/// The stretches of a side, as shares of it, whose means are what PDQ samples there after two passes of its filter: a box
/// of the same middle and variance. Its windows reach farther ahead than back.
fn places(side: usize) -> Vec<(f32, f32)> {
    let window = window(side);
    let (behind, ahead) = reach(window);
    let (side_length, window) = (side as f32, window as f32);
    let half = (2.0 * (window * window - 1.0) + 1.0).sqrt() / 2.0;
    let place = |number: usize| {
        let sampled = ((number * 2 + 1) * side / (2 * SIDE)) as f32;
        let middle = sampled + ahead as f32 - behind as f32 - 0.5;
        ((middle - half).max(0.0) / side_length, (middle + half).min(side_length) / side_length)
    };
    (0..SIDE).map(place).collect()
}
