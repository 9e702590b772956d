//! The fingerprints that records of the ledger hold: what a copy of an approved still, clip or sound is recognized by.
//!
//! A record travels and is signed, so it holds little: of a clip some frames, of a sound its beginning, and of a record
//! of many files no more than a few megabytes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::BASE64;

use crate::fingerprints::{self, Kind, Material};
use crate::{extract, walk};
use countersign_credentials::Verifier;
use countersign_io::{ByteRange, TempSpace};
use countersign_judge::approvals::record::Fingerprint;
use countersign_judge::marks;
use countersign_matching::{PictureReference, Reference, picture_to_bytes, reference_to_bytes};
use countersign_model::Ai;

/// Frames of a clip that are kept, evenly over its length: about 2.4 kB each.
const FRAMES: usize = 40;
/// Landmarks of a sound that are kept, from its beginning: eight bytes each.
const LANDMARKS: usize = 16_000;
/// Bytes of all fingerprints of clips and sounds in one record, before they are written as text.
const MOVING_BYTES: usize = 4 * 1024 * 1024;
/// Clips and sounds of one record that are decoded for it: each may take a minute.
const MOVING: usize = 20;

/// Makes the fingerprints that one record holds.
pub struct Recorder {
    options: extract::Options,
    space: TempSpace,
    moving: AtomicUsize,
    moving_bytes: AtomicUsize,
}

impl Recorder {
    /// Subjects of one record that get fingerprints; a record of more files is one about a sequence or a whole delivery.
    pub const MOST: usize = 500;

    /// One whose marks in Content Credentials are read by this verifier.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>) -> Self {
        Self {
            options: extract::Options { verifier: Some(verifier), ..extract::Options::default() },
            space: TempSpace::outside(&[]),
            moving: AtomicUsize::new(0),
            moving_bytes: AtomicUsize::new(0),
        }
    }

    /// The fingerprint of a still, clip or sound in a file; `None` for everything else, and for what cannot be decoded or has
    /// too little in it.
    #[must_use]
    pub fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        let bytes = ByteRange::open(path).ok()?;
        let facts = extract::facts(path, &walk::sidecars(path), &self.options);
        let material = Material { bytes: &bytes, path, local: true, facts: &facts, space: &self.space };
        let ai = Some(marks::ai(&self.options.catalogue.evidence(&facts))).filter(|ai| *ai > Ai::None);
        if material.kind().ok()? == Kind::Still {
            let picture = PictureReference::new(&material.still().ok()?, 0);
            let picture = picture.is_comparable().then(|| BASE64.encode(&picture_to_bytes(&picture)))?;
            return Some(Fingerprint { picture, moving: None, ai });
        }
        let moving = Some(BASE64.encode(&self.moving(&material)?));
        Some(Fingerprint { picture: String::new(), moving, ai })
    }

    fn moving(&self, material: &Material<'_>) -> Option<Vec<u8>> {
        if self.moving.fetch_add(1, Ordering::Relaxed) >= MOVING {
            return None;
        }
        let made = fingerprints::reference(material).ok()?;
        let frames = evenly(made.frames.into_iter().filter(PictureReference::is_comparable).collect(), FRAMES);
        let kept = Reference { frames, sound: made.sound.beginning(LANDMARKS), ..Reference::default() };
        if kept.frames.is_empty() && kept.sound.is_empty() {
            return None;
        }
        let bytes = reference_to_bytes(&kept).ok()?;
        let before = self.moving_bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        (before + bytes.len() <= MOVING_BYTES).then_some(bytes)
    }
}

/// At most so many, evenly over all.
fn evenly<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let (count, kept) = (all.len(), all.len().min(most));
    let mut next = 0;
    let wanted = |place: usize, next: &mut usize| {
        let is_next = *next < kept && place == *next * count / kept;
        *next += usize::from(is_next);
        is_next
    };
    all.into_iter().enumerate().filter(|(place, _)| wanted(*place, &mut next)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_lies_evenly_over_all() {
        assert_eq!(evenly((0..10).collect(), 4), [0, 2, 5, 7]);
        assert_eq!(evenly(vec![1, 2], 4), [1, 2]);
        assert_eq!(evenly((0..7_200).collect::<Vec<i32>>(), 40).len(), 40);
        assert!(evenly(Vec::<i32>::new(), 4).is_empty());
    }
}
