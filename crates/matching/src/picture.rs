//! The fingerprints of one picture: as a reference that is kept, and as a picture that is looked up.

use serde::Serialize;

use crate::{
    COPY_DISTANCE, Luma, MINIMUM_QUALITY, Orientation, Pdq, PdqHash, Rectangle, Relation, Sketch, Variant,
    luma::SummedArea, sketch::SketchComparison, trim_uniform_borders, variant::variants_of,
};

/// How far the edges of a place are moved, in shares of a side, to fit it.
const FITTING_STEPS: [f32; 5] = [0.008, 0.004, 0.004, 0.002, 0.002];

/// The hash of one variant of a reference, and its place in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VariantHash {
    pub(crate) variant: Variant,
    pub(crate) place: Rectangle,
    pub(crate) hash: PdqHash,
}

/// A picture that is known: a still, or one frame of a clip.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureReference {
    pub(crate) time_ms: u32,
    pub(crate) quality: u8,
    pub(crate) sketch: Sketch,
    pub(crate) hashes: Vec<VariantHash>,
}

impl PictureReference {
    /// The fingerprints of a picture in its variants, with its time in the clip (0 for a still). Variants with too
    /// little in them to be told apart are left out.
    pub fn new(luma: &Luma, time_ms: u32) -> Self {
        let of_place = |place: &Rectangle| {
            if *place == Rectangle::WHOLE { Pdq::new(luma) } else { Pdq::new(&luma.cropped(place)) }
        };
        Self::with_variants(luma, time_ms, variants_of(luma), of_place)
    }

    /// The fingerprints of a frame of a clip: the frame as a whole and without its borders. Crops of single frames are
    /// left out, since a clip is recognized by many frames and would take a multiple of the room.
    pub fn frame(luma: &Luma, time_ms: u32) -> Self {
        let of_place = |place: &Rectangle| Pdq::new(&luma.cropped(place));
        let variants = variants_of(luma).into_iter().filter(|(variant, _)| variant.is_uncropped()).collect();
        Self::with_variants(luma, time_ms, variants, of_place)
    }

    fn with_variants(
        luma: &Luma,
        time_ms: u32,
        variants: Vec<(Variant, Rectangle)>,
        pdq: impl Fn(&Rectangle) -> Pdq,
    ) -> Self {
        let mut quality = 0;
        let mut hashes = Vec::with_capacity(variants.len());
        for (variant, place) in variants {
            let pdq = pdq(&place);
            quality = quality.max(pdq.quality());
            if pdq.quality() >= MINIMUM_QUALITY {
                hashes.push(VariantHash { variant, place, hash: pdq.hash() });
            }
        }
        Self { time_ms, quality, sketch: Sketch::of_whole(&SummedArea::new(luma)), hashes }
    }

    /// The best quality among the variants.
    pub fn quality(&self) -> u8 {
        self.quality
    }

    /// Whether there is enough in the picture to recognize it by.
    pub fn is_comparable(&self) -> bool {
        !self.hashes.is_empty()
    }

    /// The hashes that are kept, one a variant.
    pub fn hashes(&self) -> impl Iterator<Item = (Variant, PdqHash)> + '_ {
        self.hashes.iter().map(|hash| (hash.variant, hash.hash))
    }
}

/// One form in which a picture is looked up.
#[derive(Clone, Debug)]
pub(crate) struct ProbeHash {
    pub(crate) part: Rectangle,
    pub(crate) orientation: Orientation,
    pub(crate) hash: PdqHash,
}

/// A picture that is looked up: whole and without its borders, plain and mirrored.
pub struct PictureProbe {
    quality: u8,
    pub(crate) area: SummedArea,
    pub(crate) hashes: Vec<ProbeHash>,
}

impl PictureProbe {
    /// The fingerprints to look up; none where there is too little in the picture.
    pub fn new(luma: &Luma) -> Self {
        let content = trim_uniform_borders(luma);
        let mut quality = 0;
        let mut hashes = Vec::new();
        for part in [Some(Rectangle::WHOLE), (content != Rectangle::WHOLE).then_some(content)].into_iter().flatten() {
            let pdq = Pdq::new(&luma.cropped(&part));
            quality = quality.max(pdq.quality());
            if pdq.quality() >= MINIMUM_QUALITY {
                let turned = [pdq.hash(), pdq.mirrored(), pdq.upside_down()];
                for (orientation, hash) in Orientation::ALL.into_iter().zip(turned) {
                    hashes.push(ProbeHash { part, orientation, hash });
                }
            }
        }
        Self { quality, area: SummedArea::new(luma), hashes }
    }

    /// The best quality of the picture with and without its borders.
    pub fn quality(&self) -> u8 {
        self.quality
    }

    /// Whether there is enough in the picture to look it up.
    pub fn is_comparable(&self) -> bool {
        !self.hashes.is_empty()
    }

    /// The hashes that are looked up: with and without borders, in three orientations.
    pub fn hashes(&self) -> impl Iterator<Item = PdqHash> + '_ {
        self.hashes.iter().map(|probe| probe.hash)
    }

    fn second_look(&self, probe: &ProbeHash, reference: &PictureReference, place: &Rectangle) -> SketchComparison {
        let aligned = Sketch::aligned(&self.area, &probe.part, probe.orientation, place);
        reference.sketch.compare(&aligned)
    }

    /// The second look at the variant's place, or at one close by that fits better: a crop is seldom exactly that of
    /// the variant, and trimmed borders are a pixel off.
    fn fitted_look(
        &self,
        probe: &ProbeHash,
        reference: &PictureReference,
        place: &Rectangle,
    ) -> (SketchComparison, Rectangle) {
        let mut best = (self.second_look(probe, reference, place), *place);
        for step in FITTING_STEPS {
            if best.0.agrees() {
                break;
            }
            for moved in best.1.moved(step) {
                let look = self.second_look(probe, reference, &moved);
                if look.total() < best.0.total() {
                    best = (look, moved);
                }
            }
        }
        best
    }

    pub(crate) fn judge(&self, probe: &ProbeHash, reference: &PictureReference, kept: &VariantHash) -> PictureMatch {
        let distance = probe.hash.distance(&kept.hash);
        let (look, place) = if distance <= COPY_DISTANCE {
            self.fitted_look(probe, reference, &kept.place)
        } else {
            (self.second_look(probe, reference, &kept.place), kept.place)
        };
        PictureMatch {
            reference: 0,
            relation: if distance <= COPY_DISTANCE && look.agrees() { Relation::Copy } else { Relation::Look },
            distance,
            variant: kept.variant,
            orientation: probe.orientation,
            time_ms: reference.time_ms,
            altered: look.altered_share(),
            contradictions: look.total(),
            part: probe.part,
            place,
        }
    }
}

/// A known picture that was recognized.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PictureMatch {
    /// The number of the reference in the index.
    pub reference: usize,
    /// `Copy` or `Look`.
    pub relation: Relation,
    /// Bits of PDQ that differ.
    pub distance: u32,
    /// The variant of the reference that is nearest.
    pub variant: Variant,
    /// How the picture had to be turned over.
    pub orientation: Orientation,
    /// The time of the recognized frame in the reference, 0 for a still.
    pub time_ms: u32,
    /// The share of the picture (0 to 1, in tiles) where the second look found it altered.
    pub altered: f32,
    /// What the contradictions weigh that the second look found in its 9,216 cells.
    pub contradictions: u32,
    /// The part of the picture that was compared.
    pub part: Rectangle,
    /// The part of the reference that it shows.
    pub place: Rectangle,
}

impl PictureMatch {
    /// The variant with the way it is turned over, as reports show it.
    pub fn variant_name(&self) -> String {
        let turned = match self.orientation {
            Orientation::Plain => "",
            Orientation::Mirrored => ", mirrored",
            Orientation::UpsideDown => ", upside down",
        };
        format!("{}{turned}", self.variant.name())
    }

    /// The strongest relation first, then the nearest.
    pub(crate) fn order(&self) -> (Relation, u32, u32) {
        (self.relation, self.distance, self.contradictions)
    }
}
