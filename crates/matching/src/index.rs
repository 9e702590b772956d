//! The known assets, and how they are looked up. Holds hashes and names, never pictures or sounds.

use std::{cmp::Reverse, collections::HashMap};

use crate::{
    ClipMatch, Digest, HashScan, LOOK_DISTANCE, Landmarks, MatchingError, PdqHash, PictureHint, PictureMatch,
    PictureProbe, PictureReference, SoundMatch, SoundProbe, clip, sound::LandmarkTable,
};

/// The most references of one index.
pub(crate) const MAXIMUM_REFERENCES: usize = 4_000_000;
/// The most frames of one reference: a day at one a second.
pub(crate) const MAXIMUM_FRAMES: usize = 86_400;
/// The longest name and record, in bytes.
pub(crate) const MAXIMUM_TEXT: usize = 4096;

/// What is known about one asset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reference {
    /// The name by which findings speak of it, usually its path.
    pub name: String,
    /// The approval or ledger record that it comes from; empty where there is none.
    pub record: String,
    /// What it claims, as the report words it; empty where unknown.
    pub claim: String,
    /// SHA-256 of the file.
    pub bytes: Option<Digest>,
    /// [`crate::pixel_digest`].
    pub pixels: Option<Digest>,
    /// [`crate::SampleDigest`].
    pub samples: Option<Digest>,
    /// One for a still; one a second for a clip.
    pub frames: Vec<PictureReference>,
    /// Of its sound.
    pub sound: Landmarks,
}

impl Reference {
    /// A reference with a name and nothing else yet.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// The most matches of frames that one look-up of a clip keeps.
const MAXIMUM_MATCHES: usize = 100_000;

/// A clip that is looked up frame by frame.
pub struct ClipSearch<'a> {
    index: &'a Index,
    found: Vec<(u32, PictureMatch)>,
    probed: usize,
}

impl ClipSearch<'_> {
    /// Looks up the next frame, with its time in milliseconds.
    pub fn frame(&mut self, time: u32, frame: &PictureProbe) {
        let room = MAXIMUM_MATCHES.saturating_sub(self.found.len());
        self.found.extend(self.index.find_picture(frame).into_iter().take(room).map(|found| (time, found)));
        self.probed += usize::from(frame.is_comparable());
    }

    /// How many frames had enough in them to be looked up.
    pub fn probed(&self) -> usize {
        self.probed
    }

    /// The references that the frames show.
    pub fn finish(self) -> Vec<ClipMatch> {
        let references = self.index.references();
        let frames_of = |number: usize| references[number].frames.iter().filter(|frame| frame.is_comparable()).count();
        clip::gather(self.found, self.probed, frames_of)
    }
}

/// All known assets.
#[derive(Clone, Debug, Default)]
pub struct Index {
    references: Vec<Reference>,
    scan: HashScan,
    /// For each hash of the scan: reference, frame, and hash of the frame.
    places: Vec<(u32, u32, u8)>,
    exact: HashMap<Digest, Vec<u32>>,
    sounds: LandmarkTable,
    sounds_are_sorted: bool,
}

impl Index {
    /// Adds a reference and gives its number. Fails where it would not be read back from a file.
    pub fn add(&mut self, reference: Reference) -> Result<usize, MatchingError> {
        let texts = [&reference.name, &reference.record, &reference.claim];
        if texts.iter().any(|text| text.len() > MAXIMUM_TEXT) {
            return Err(MatchingError::TooLarge("a name"));
        }
        if self.references.len() >= MAXIMUM_REFERENCES || reference.frames.len() > MAXIMUM_FRAMES {
            return Err(MatchingError::TooLarge("number of references or frames"));
        }
        let number = self.references.len();
        for digest in [reference.bytes, reference.pixels, reference.samples].into_iter().flatten() {
            self.exact.entry(digest).or_default().push(number as u32);
        }
        for (frame, picture) in reference.frames.iter().enumerate() {
            for (place, kept) in picture.hashes.iter().enumerate() {
                self.scan.push(kept.hash);
                self.places.push((number as u32, frame as u32, place as u8));
            }
        }
        self.sounds_are_sorted &= reference.sound.is_empty();
        self.references.push(reference);
        Ok(number)
    }

    /// Prepares the look-up of sounds, and of pictures where there are very many; to be called once after the last reference
    /// was added.
    pub fn prepare(&mut self) {
        self.prepare_sounds();
        self.scan.prepare();
    }

    pub(crate) fn prepare_sounds(&mut self) {
        if !self.sounds_are_sorted {
            let sounds = self.references.iter().enumerate();
            self.sounds = LandmarkTable::new(sounds.map(|(number, reference)| (number as u32, &reference.sound)));
            self.sounds_are_sorted = true;
        }
    }

    /// All references in the order they were added.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// All references, for another index.
    pub fn into_references(self) -> Vec<Reference> {
        self.references
    }

    /// Whether a picture is so far from all references that it need not be decoded to know that none is like it.
    pub fn is_far(&self, hint: &PictureHint) -> bool {
        self.is_beyond(hint.hashes(), PictureHint::FAR)
    }

    /// Whether all these hashes differ from all that are known by more than so many bits. Where very many are known it is
    /// never said of a limit above that of a look: some are as near as that to any picture.
    pub fn is_beyond(&self, hashes: &[PdqHash], limit: u32) -> bool {
        let told = limit <= LOOK_DISTANCE || !self.scan.has_tables();
        told && hashes.iter().all(|hash| !self.scan.any_within(hash, limit))
    }

    /// How many hashes of pictures are compared in a look-up.
    pub fn hashes(&self) -> usize {
        self.scan.len()
    }

    /// The references that have a digest: of bytes, of pixels or of samples.
    pub fn find_exact(&self, digest: &Digest) -> Vec<usize> {
        self.exact.get(digest).map_or_else(Vec::new, |numbers| numbers.iter().map(|number| *number as usize).collect())
    }

    /// The references that a picture may be a copy of, the strongest first: one match a reference.
    pub fn find_picture(&self, picture: &PictureProbe) -> Vec<PictureMatch> {
        // Of each reference only the nearest hash gets a second look, which costs more than the hash.
        let mut nearest: HashMap<u32, (u32, usize, usize)> = HashMap::new();
        for (number, probe) in picture.hashes.iter().enumerate() {
            self.scan.within(&probe.hash, LOOK_DISTANCE, |hash, distance| {
                let known = nearest.entry(self.places[hash].0).or_insert((distance, number, hash));
                *known = (distance, number, hash).min(*known);
            });
        }
        let judged = nearest.into_iter().map(|(number, (_, probe, hash))| {
            let (_, frame, place) = self.places[hash];
            let reference = &self.references[number as usize].frames[frame as usize];
            let found = picture.judge(&picture.hashes[probe], reference, &reference.hashes[usize::from(place)]);
            PictureMatch { reference: number as usize, ..found }
        });
        let mut found: Vec<PictureMatch> = judged.collect();
        found.sort_by_key(|found| (found.order(), found.reference));
        found
    }

    /// The references that frames of a clip show, each frame with its time in milliseconds; one a second is enough.
    pub fn find_clip(&self, frames: &[(u32, PictureProbe)]) -> Vec<ClipMatch> {
        let mut search = self.search_clip();
        frames.iter().for_each(|(time, frame)| search.frame(*time, frame));
        search.finish()
    }

    /// Begins to look up a clip whose frames are not kept.
    pub fn search_clip(&self) -> ClipSearch<'_> {
        ClipSearch { index: self, found: Vec::new(), probed: 0 }
    }

    /// The references that are heard in a sound, the strongest first. Needs [`Self::prepare`].
    pub fn find_sound(&self, sound: &SoundProbe) -> Vec<SoundMatch> {
        sound.find(&self.sounds, &self.references)
    }

    /// The distance of the nearest hash of all, whether or not it is near enough to be told. For measurements.
    pub fn nearest_distance(&self, picture: &PictureProbe) -> Option<u32> {
        let mut nearest = None;
        for probe in &picture.hashes {
            self.scan.within_all(&probe.hash, 256, |_, distance| {
                nearest = nearest.max(Some(Reverse(distance)));
            });
        }
        nearest.map(|Reverse(distance)| distance)
    }
}
