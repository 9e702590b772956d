//! The pictures in archival places of a scan that looks for copies, to be compared among themselves.

use std::collections::HashMap;

use crate::fingerprints::Material;
use countersign_matching::{Index, PartSearch, PictureProbe, Reference, Relation};
use countersign_model::SamePicture;

/// Pictures of one scan that are compared: about 3 kB each.
const MOST: usize = 50_000;
/// The share of a side from which on something was cut away on purpose.
const CUT: f32 = 0.03;
/// Other places of one picture that are told.
const TOLD: usize = 4;
/// Larger pictures of which it is a part, of those.
const WHOLES: usize = 2;
/// Pictures before and behind one in its folder that are searched for it as a part, where they are larger.
const BESIDE: usize = 16;
/// Pixels of a part, of a hundred of its original's, above which a border may have been trimmed only.
const PART: u64 = 95;

/// What is known of them.
#[derive(Debug, Default)]
pub(crate) struct Originals {
    index: Index,
    /// By the number of the reference: the root, and what the picture says.
    pictures: Vec<(usize, SamePicture)>,
    /// The number of a picture, by its root and path.
    numbers: HashMap<(usize, String), usize>,
}

impl Originals {
    /// Adds a picture below this root; those after the first [`MOST`] are not compared.
    pub(crate) fn add(&mut self, reference: Reference, root: usize, picture: SamePicture) {
        if self.pictures.len() < MOST && self.index.add(reference).is_ok() {
            self.numbers.insert((root, picture.path.clone()), self.pictures.len());
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
        let seen = (luma.width() as u64, luma.height() as u64);
        let mut out: Vec<SamePicture> = self.wholes(&probe, seen, own).into_iter().take(WHOLES).collect();
        for other in told {
            if out.len() < TOLD && out.iter().all(|told| told.path != other.path) {
                out.push(other);
            }
        }
        out
    }

    /// Larger pictures beside this one in its folder of which it is a part.
    fn wholes(&self, probe: &PictureProbe, seen: (u64, u64), (root, path): (usize, &str)) -> Vec<SamePicture> {
        let Some(number) = self.numbers.get(&(root, path.to_owned())).copied() else { return Vec::new() };
        let pixels = |picture: &SamePicture| picture.size.and_then(|(width, height)| width.checked_mul(height));
        let Some(own) = self.pictures.get(number).and_then(|(_, picture)| pixels(picture)) else { return Vec::new() };
        let (folder, mut search) = (folder(path), PartSearch::new(probe, seen));
        let near = number.saturating_sub(BESIDE)..self.pictures.len().min(number.saturating_add(BESIDE + 1));
        let mut out = Vec::new();
        for other in near {
            let (Some((of, picture)), Some(known)) = (self.pictures.get(other), self.index.references().get(other))
            else {
                continue;
            };
            let larger = pixels(picture).is_some_and(|there| own.saturating_mul(100) < there.saturating_mul(PART));
            let (Some(size), Some(frame)) = (picture.size, known.frames.first()) else { continue };
            if larger && *of == root && self::folder(&picture.path) == folder && search.find(frame, size).is_some() {
                out.push(SamePicture { cropped: true, ..picture.clone() });
            }
        }
        out
    }
}

/// The folder of a path; a picture in an archive lies in the archive's.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
