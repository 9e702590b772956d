//! The known AI material of a run, and what an asset has in common with it: evidence `known.copy`.
//!
//! Known are the references of named indexes, the subjects of the ledger whose records hold fingerprints, and the
//! AI-marked assets of the scan itself, which a first pass over the roots gathers, so that a copy is found wherever it stands.

use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::BASE64;

use crate::cache::KeptHashes;
use crate::fingerprints::{self, Kind, Material};
use countersign_judge::approvals::record::UseClass;
use countersign_judge::approvals::{Approvals, Decision, Record};
use countersign_matching::{
    ClipMatch, Index, LOOK_DISTANCE, PictureHint, PictureMatch, PictureProbe, Reference, Relation, SoundMatch,
    picture_from_bytes, reference_from_bytes,
};
use countersign_model::{Ai, Claim, Evidence, KnownCopy, KnownRelation, MatchingSummary, Media, Strength, Via};

/// The mark that stands for all of this.
pub const MARK: &str = "known.copy";
/// References of one run that come from its own assets and from the ledger: about 3 kB each for a still.
const MOST_REFERENCES: usize = 50_000;
/// Known assets that one asset is told to be a copy of.
const TOLD: usize = 4;
/// Frames of a clip that are looked up.
const LOOKED_UP_FRAMES: u32 = 7_200;
/// From this distance on two pictures are not compared pixel by pixel: lossless copies are equal in all bits.
const EXACT_DISTANCE: u32 = 2;

/// Where a reference comes from.
#[derive(Clone, Debug, Default)]
struct Origin {
    index: Option<String>,
    root: Option<usize>,
    /// What was decided about it, in a word, and under which ticket or contract.
    decision: Option<&'static str>,
    reference: Option<String>,
}

/// Everything that assets are looked up in.
#[derive(Debug, Default)]
pub struct Known {
    index: Index,
    origins: Vec<Origin>,
    /// References that are not of named indexes; and what is not among them, because it cannot be decoded or there are more
    /// than [`MOST_REFERENCES`].
    own: usize,
    left_out: u64,
    compared: AtomicU64,
    not_compared: AtomicU64,
}

impl Clone for Known {
    /// The same known assets, of which nothing was looked up yet.
    fn clone(&self) -> Self {
        let (index, origins) = (self.index.clone(), self.origins.clone());
        Self { index, origins, own: self.own, left_out: self.left_out, ..Self::default() }
    }
}

/// What came of one look-up.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// What the asset is a copy of; empty where nothing known is like it.
    pub evidence: Vec<Evidence>,
    /// What of the asset was not looked at.
    pub left_out: Option<String>,
    /// What its picture or frames were looked up by, to be kept for another run; `None` where that is not all.
    pub hashes: Option<KeptHashes>,
}

impl Known {
    /// Adds what an index file of this name holds.
    ///
    /// # Errors
    /// More references than one index may hold.
    pub fn add_index(&mut self, name: &str, index: Index) -> Result<(), String> {
        for reference in index.into_references() {
            self.index.add(reference).map_err(|e| e.to_string())?;
            self.origins.push(Origin { index: Some(name.to_owned()), ..Origin::default() });
        }
        Ok(())
    }

    /// Adds the fingerprints that the ledger's records hold.
    pub fn add_ledger(&mut self, approvals: &Approvals) {
        for entry in approvals.records() {
            let record = &entry.record;
            for subject in &record.subjects {
                let Some(picture) = subject.annotations.as_ref().and_then(|a| a.fingerprint.as_ref()) else { continue };
                let decoded = |text: &str| BASE64.decode(text.as_bytes()).ok();
                let still = decoded(&picture.picture).and_then(|bytes| picture_from_bytes(&bytes).ok());
                let still = still.map(|frame| Reference { frames: vec![frame], ..Reference::default() });
                let moving = || reference_from_bytes(&decoded(picture.moving.as_deref()?)?).ok();
                // Fingerprints of another version are as if there were none: they are made anew with the next approval.
                let Some(made) = still.or_else(moving) else { continue };
                let claim = picture.ai.unwrap_or(Ai::None).max(used(record));
                let reference = Reference {
                    record: record.id.clone(),
                    claim: claim.word().to_owned(),
                    name: subject.name.clone(),
                    ..made
                };
                let decision = Some(decided(record.decision));
                self.add(reference, Origin { decision, reference: record.reference.clone(), ..Origin::default() });
            }
        }
    }

    /// Adds an asset of this run.
    pub fn add_asset(&mut self, reference: Reference, root: usize) {
        self.add(reference, Origin { root: Some(root), ..Origin::default() });
    }

    fn add(&mut self, reference: Reference, origin: Origin) {
        if self.own < MOST_REFERENCES && self.index.add(reference).is_ok() {
            self.origins.push(origin);
            self.own += 1;
        } else {
            self.left_out += 1;
        }
    }

    /// Notes a marked asset of this run that could not be fingerprinted: its copies will not be found.
    pub fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// To be called once after the last reference was added.
    pub fn prepare(&mut self) {
        self.index.prepare();
    }

    /// How many assets are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.origins.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// The numbers of a run, for its report.
    #[must_use]
    pub fn summary(&self) -> MatchingSummary {
        MatchingSummary {
            known: self.len() as u64,
            compared: self.compared.load(Ordering::Relaxed),
            not_compared: self.not_compared.load(Ordering::Relaxed),
            left_out: self.left_out,
        }
    }

    /// What an asset has in common with the known ones, the strongest first.
    ///
    /// # Errors
    /// Why it was not compared.
    pub fn look_up(&self, material: &Material<'_>) -> Result<LookedUp, String> {
        let looked_up = self.strongest(material);
        let count = if looked_up.is_ok() { &self.compared } else { &self.not_compared };
        count.fetch_add(1, Ordering::Relaxed);
        looked_up
    }

    fn strongest(&self, material: &Material<'_>) -> Result<LookedUp, String> {
        let (mut left_out, mut hashes) = (None, KeptHashes::default());
        let mut found = match material.kind()? {
            Kind::Still => self.still(material, &mut hashes)?,
            Kind::Clip => self.clip(material, &mut left_out, &mut hashes)?,
            Kind::Sound => self.sound(material, true)?,
        };
        found.sort_by_key(|found| (found.of.relation, found.of.distance, std::cmp::Reverse(found.of.votes)));
        // The record that a copy belongs to is told even where there are many others.
        if let Some(at) = found.iter().position(|found| found.of.record.is_some()).filter(|at| *at >= TOLD) {
            let recorded = found.remove(at);
            found.insert(TOLD - 1, recorded);
        }
        found.truncate(TOLD);
        let hashes = Some(hashes).filter(|hashes| left_out.is_none() && !hashes.hashes.is_empty());
        Ok(LookedUp { evidence: found.into_iter().map(Found::evidence).collect(), left_out, hashes })
    }

    /// Whether an asset of this kind of medium is like nothing known, by hashes that an earlier run kept; it then counts as
    /// compared.
    #[must_use]
    pub fn is_unlike(&self, media: Option<Media>, kept: &KeptHashes) -> bool {
        // A clip is also looked up by its sound.
        let all = media == Some(Media::Image) || (media == Some(Media::Video) && !self.knows_sounds());
        let unlike = all && self.index.is_beyond(&kept.hashes, u32::from(kept.limit));
        self.compared.fetch_add(u64::from(unlike), Ordering::Relaxed);
        unlike
    }

    fn knows_sounds(&self) -> bool {
        self.index.references().iter().any(|known| !known.sound.is_empty())
    }

    fn still(&self, material: &Material<'_>, hashes: &mut KeptHashes) -> Result<Vec<Found>, String> {
        // Most stills of a delivery are like nothing that is known, and need not be decoded to tell.
        if let Some(hint) = material.hint().filter(|hint| self.index.is_far(hint)) {
            *hashes = KeptHashes { limit: PictureHint::FAR as u8, hashes: hint.hashes().to_vec() };
            return Ok(Vec::new());
        }
        let probe = PictureProbe::new(&material.still()?);
        if !probe.is_comparable() {
            let same = if probe.quality() > 0 { self.same_pixels(material) } else { Vec::new() };
            if !same.is_empty() {
                return Ok(same);
            }
            return Err("there is too little in the picture to recognize it by".to_owned());
        }
        *hashes = KeptHashes { limit: LOOK_DISTANCE as u8, hashes: probe.hashes().collect() };
        let matches = self.index.find_picture(&probe);
        let near = |found: &PictureMatch| found.relation == Relation::Copy && found.distance <= EXACT_DISTANCE;
        let digest = matches
            .iter()
            .any(|found| near(found) && self.reference(found.reference).is_some_and(|known| known.pixels.is_some()))
            .then(|| material.pixels())
            .flatten();
        let told = |found: &PictureMatch| {
            let known = self.reference(found.reference)?;
            let same = near(found) && digest.is_some() && known.pixels == digest;
            let relation = if same { KnownRelation::SamePixels } else { relation(found.relation)? };
            self.found(found.reference, relation, picture(found), "decoded picture".to_owned())
        };
        Ok(matches.iter().filter_map(told).collect())
    }

    /// The known pictures of exactly these pixels: a title card has too little in it for anything less.
    fn same_pixels(&self, material: &Material<'_>) -> Vec<Found> {
        let as_poor = |known: &Reference| known.pixels.is_some() && known.frames.iter().all(|f| !f.is_comparable());
        if !self.index.references().iter().any(as_poor) {
            return Vec::new();
        }
        let Some(digest) = material.pixels() else { return Vec::new() };
        let told = |number: usize| {
            let of = KnownCopy { distance: Some(0), ..KnownCopy::default() };
            self.found(number, KnownRelation::SamePixels, of, "decoded picture".to_owned())
        };
        let numbers = self.index.find_exact(&digest).into_iter();
        numbers.filter(|number| self.reference(*number).is_some_and(as_poor)).filter_map(told).collect()
    }

    fn clip(
        &self,
        material: &Material<'_>,
        left_out: &mut Option<String>,
        hashes: &mut KeptHashes,
    ) -> Result<Vec<Found>, String> {
        let mut search = self.index.search_clip();
        hashes.limit = LOOK_DISTANCE as u8;
        let frames = material.frames(LOOKED_UP_FRAMES, &mut |time, luma| {
            let probe = PictureProbe::new(luma);
            hashes.hashes.extend(probe.hashes());
            search.frame(time, &probe);
        });
        let told = |found: &ClipMatch| {
            let place = match (found.spans.first(), found.spans.last()) {
                (Some(first), Some(last)) => format!("frames from {} to {}", clock(first.start_ms), clock(last.end_ms)),
                _ => "frames".to_owned(),
            };
            self.found(found.best.reference, relation(found.relation)?, picture(&found.best), place)
        };
        *left_out = match &frames {
            Ok(true) => None,
            Ok(false) => Some(format!("only the first {} frames, one a second, were compared", search.probed())),
            Err(why) => Some(format!("only its sound was compared: {why}")),
        };
        let mut out: Vec<Found> = search.finish().iter().filter_map(told).collect();
        match (frames, self.sound(material, false)) {
            (Err(why), Err(_)) => return Err(why),
            (_, Ok(heard)) => out.extend(heard),
            (Ok(_), Err(_)) => {}
        }
        Ok(out)
    }

    /// `alone` where there is nothing but sound, so that equal samples are an equal asset.
    fn sound(&self, material: &Material<'_>, alone: bool) -> Result<Vec<Found>, String> {
        if !self.knows_sounds() {
            return Ok(Vec::new());
        }
        let matches = self.index.find_sound(&fingerprints::sound_probe(material)?);
        let digest = matches
            .iter()
            .filter(|found| found.relation == Relation::Copy)
            .any(|found| self.reference(found.reference).is_some_and(|known| known.samples.is_some()))
            .then(|| alone.then(|| material.samples()).flatten())
            .flatten();
        let told = |found: &SoundMatch| {
            let same = digest.is_some() && self.reference(found.reference)?.samples == digest;
            let relation = if same { KnownRelation::SameSamples } else { relation(found.relation)? };
            let place = format!("sound from {} to {}", clock(millis(found.start)), clock(millis(found.end)));
            let of = KnownCopy { votes: Some(found.votes), ..KnownCopy::default() };
            self.found(found.reference, relation, of, place)
        };
        Ok(matches.iter().filter_map(told).collect())
    }

    fn reference(&self, number: usize) -> Option<&Reference> {
        self.index.references().get(number)
    }

    fn found(&self, number: usize, relation: KnownRelation, of: KnownCopy, place: String) -> Option<Found> {
        let (known, origin) = (self.reference(number)?, self.origins.get(number)?);
        let of = KnownCopy {
            asset: known.name.clone(),
            index: origin.index.clone(),
            record: Some(known.record.clone()).filter(|record| !record.is_empty()),
            relation,
            root: origin.root,
            ..of
        };
        let claim = match (relation, known.claim.as_str()) {
            (KnownRelation::Look, _) => Claim::Possible,
            (_, "generated") => Claim::Generated,
            (_, "composite") => Claim::Composite,
            (_, "enhanced") => Claim::Enhanced,
            _ => Claim::Possible,
        };
        Some(Found { value: described(&of, origin), of, claim, place })
    }
}

/// One known asset that was recognized.
struct Found {
    of: KnownCopy,
    claim: Claim,
    place: String,
    value: String,
}

impl Found {
    fn evidence(self) -> Evidence {
        Evidence {
            mark: MARK.to_owned(),
            claim: self.claim,
            strength: Strength::Similar,
            system: None,
            place: self.place,
            offset: None,
            value: self.value,
            via: Via::Reference,
            of: Some(Box::new(self.of)),
        }
    }
}

fn picture(found: &PictureMatch) -> KnownCopy {
    KnownCopy { distance: Some(found.distance), variant: Some(found.variant_name()), ..KnownCopy::default() }
}

fn relation(relation: Relation) -> Option<KnownRelation> {
    match relation {
        Relation::Copy => Some(KnownRelation::Copy),
        Relation::Look => Some(KnownRelation::Look),
        _ => None,
    }
}

/// `a copy of what was approved as EX-101 (record r1, stills/a.png): 4 of 256 bits differ`.
fn described(of: &KnownCopy, origin: &Origin) -> String {
    let what = match of.relation {
        KnownRelation::SamePixels => "the same pixels as",
        KnownRelation::SameSamples => "the same samples as",
        KnownRelation::Copy => "a copy of",
        KnownRelation::Look => "like",
    };
    let known = match (&of.record, &of.index) {
        (Some(record), None) => {
            let decided = origin.decision.unwrap_or("recorded");
            match &origin.reference {
                Some(reference) => format!("what was {decided} as {reference} (record {record}, {})", of.asset),
                None => format!("what was {decided} as {record} ({})", of.asset),
            }
        }
        (_, Some(index)) => format!("{} (in the index {index})", of.asset),
        (None, None) => of.asset.clone(),
    };
    let apart = match (of.distance, of.votes) {
        (Some(distance), _) => {
            let variant = of.variant.as_deref().map(|variant| format!("; {variant}")).unwrap_or_default();
            format!(": {distance} of 256 bits differ{variant}")
        }
        (None, Some(votes)) => format!(": {votes} landmarks agree"),
        (None, None) => String::new(),
    };
    format!("{what} {known}{apart}")
}

/// What a record's class of use says of its subjects.
fn used(record: &Record) -> Ai {
    match record.use_class {
        Some(UseClass::Generated | UseClass::DigitalReplica) => Ai::Generated,
        Some(UseClass::Altered) => Ai::Composite,
        Some(UseClass::Assistive) | None => Ai::Possible,
    }
}

fn decided(decision: Decision) -> &'static str {
    match decision {
        Decision::Conditional => "approved on conditions",
        Decision::Revoked => "withdrawn",
        other => other.word(),
    }
}

fn millis(seconds: f64) -> u32 {
    (seconds * 1000.0).clamp(0.0, f64::from(u32::MAX)) as u32
}

/// `0:01:02.5`.
fn clock(milliseconds: u32) -> String {
    let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100);
    format!("{}:{:02}:{:02}.{tenths}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
