//! Whether numbered pictures are frames of a moving image, where their names leave it open (`A00010.png`, `0010.jpg`): frames
//! are all of one size in pixels, no camera says that it took them, and one takes about as many bytes as the one before it.
//! Photographs, scans and screenshots differ from one to the next: holes in their numbers are what somebody sorted out.

use std::collections::BTreeMap;

/// Between frames that follow one another, one part of so many of their bytes is what half of them change by at most.
const CHANGE: u64 = 10;

/// Of so many steps from one number to the next, all but one go to the number that follows.
const STEPS: usize = 8;

/// What makes frames of so many files whose names leave it open: that nearly all of their numbers follow one another, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// No more.
    Numbers(usize),
    /// The pictures are frames.
    Pictures(usize),
}

impl Open {
    /// Whether all of these are frames.
    pub(super) fn are_frames(self, all: &Pictures) -> bool {
        match self {
            Self::Numbers(least) => all.len() >= least && follow_one_another(all),
            Self::Pictures(least) => all.len() >= least && follow_one_another(all) && are_frames(all),
        }
    }
}

/// Whether nearly all numbers follow one another.
fn follow_one_another(pictures: &Pictures) -> bool {
    let steps = pictures.keys().zip(pictures.keys().skip(1));
    let leaps = steps.filter(|(one, other)| **other - **one > 1).count();
    leaps * STEPS <= pictures.len()
}

/// What of a picture tells frames from stills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PictureTraits {
    /// Width and height in pixels.
    pub dimensions: Option<(u64, u64)>,
    /// Whether it says which camera or scanner took it, or when.
    pub is_taken: bool,
}

/// The traits of pictures and their sizes in bytes, by number.
pub(super) type Pictures = BTreeMap<u64, (PictureTraits, u64)>;

/// Whether they are frames by what they are.
fn are_frames(pictures: &Pictures) -> bool {
    let mut all = pictures.values().map(|(traits, _)| traits);
    let Some(dimensions) = all.next().and_then(|first| first.dimensions) else { return false };
    let alike = pictures.values().all(|(traits, _)| traits.dimensions == Some(dimensions) && !traits.is_taken);
    alike && change_little(pictures)
}

/// Whether at least half of them are about as large as the one before.
fn change_little(pictures: &Pictures) -> bool {
    let pairs = pictures.iter().zip(pictures.iter().skip(1)).filter(|((one, _), (other, _))| **other - **one == 1);
    let (mut all, mut little) = (0_usize, 0_usize);
    for ((_, (_, one)), (_, (_, other))) in pairs {
        all += 1;
        little += usize::from(one.abs_diff(*other) <= *one.max(other) / CHANGE);
    }
    all > 0 && little * 2 >= all
}

/// Whether a name is that of a camera's single picture: eight characters, the last four of them digits (DCF, section 3.2.3),
/// `DSC01234`, `P1010010`; or of a screenshot.
pub(super) fn is_still(prefix: &str, digits: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let camera = !prefix.is_empty() && prefix.len() + digits.len() == 8 && prefix.bytes().all(plain);
    camera || prefix.to_ascii_lowercase().contains("screen")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(files: &[(u64, u64)], is_taken: bool) -> Pictures {
        let traits = PictureTraits { dimensions: Some((1920, 1080)), is_taken };
        files.iter().map(|(number, bytes)| (*number, (traits, *bytes))).collect()
    }

    #[test]
    fn pictures_that_change_little_are_frames() {
        let frames = [(1, 1000), (2, 1010), (3, 990), (5, 3000), (6, 3050)];
        assert!(are_frames(&pictures(&frames, false)));
        assert!(!are_frames(&pictures(&frames, true)));
        assert!(!are_frames(&pictures(&[(1, 1000), (2, 1500), (3, 900), (4, 910)], false)));
        let mut other = pictures(&frames, false);
        other.insert(7, (PictureTraits { dimensions: Some((1080, 1920)), is_taken: false }, 3000));
        assert!(!are_frames(&other));
        assert!(!are_frames(&BTreeMap::from([(1, (PictureTraits::default(), 5))])));
    }

    #[test]
    fn names_of_cameras_are_no_frames() {
        for (prefix, digits) in [("DSC", "01234"), ("P", "1010010"), ("_MG_", "0010"), ("Screenshot ", "00010")] {
            assert!(is_still(prefix, digits), "{prefix}{digits}");
        }
        for (prefix, digits) in [("A", "00010"), ("", "00000010"), ("shot", "0010"), ("A_", "00010")] {
            assert!(!is_still(prefix, digits), "{prefix}{digits}");
        }
    }
}
