//! The pictures in archival places of a scan that looks for copies, to be compared among themselves.

use crate::fingerprints::Material;
use countersign_matching::{Index, PictureProbe, Reference, Relation};
use countersign_model::SamePicture;

/// Pictures of one scan that are compared: about 3 kB each.
const MOST: usize = 50_000;
/// The share of a side from which on something was cut away on purpose.
const CUT: f32 = 0.03;
/// Other places of one picture that are told.
const TOLD: usize = 4;

/// What is known of them.
#[derive(Debug, Default)]
pub(crate) struct Originals {
    index: Index,
    /// By the number of the reference: the root, and what the picture says.
    pictures: Vec<(usize, SamePicture)>,
}

impl Originals {
    /// Adds a picture below this root; those after the first [`MOST`] are not compared.
    pub(crate) fn add(&mut self, reference: Reference, root: usize, picture: SamePicture) {
        if self.pictures.len() < MOST && self.index.add(reference).is_ok() {
            self.pictures.push((root, picture));
        }
    }

    /// To be called once after the last was added.
    pub(crate) fn prepare(&mut self) {
        self.index.prepare();
    }

    /// Whether there are no two to be compared.
    pub(crate) fn is_alone(&self) -> bool {
        self.pictures.len() < 2
    }

    /// The other places of a picture, the nearest first; `own` is its root and path. What cannot be decoded has none.
    pub(crate) fn others(&self, material: &Material<'_>, own: (usize, &str)) -> Vec<SamePicture> {
        let Ok(luma) = material.still() else { return Vec::new() };
        let probe = PictureProbe::new(&luma);
        if !probe.is_comparable() {
            return Vec::new();
        }
        let found = self.index.find_picture(&probe).into_iter().filter(|found| found.relation == Relation::Copy);
        let pictures = found.filter_map(|found| Some((self.pictures.get(found.reference)?, found.variant)));
        let others = pictures.filter(|((root, picture), _)| (*root, picture.path.as_str()) != own);
        let told = others.map(|((_, picture), variant)| SamePicture {
            cropped: variant.cut().is_some_and(|share| share >= CUT),
            ..picture.clone()
        });
        told.take(TOLD).collect()
    }
}
