//! What two assets have in common: from equal bytes to nothing.

use serde::Serialize;

use crate::{
    ClipMatch, Digest, Index, Landmarks, PictureMatch, PictureProbe, PictureReference, Reference, Relation, SoundMatch,
    SoundProbe,
};

/// Everything that one of two assets is compared by. What was not decoded is left empty.
#[derive(Default)]
pub struct Asset {
    /// SHA-256 of the file.
    pub bytes: Option<Digest>,
    /// [`crate::pixel_digest`] of a still.
    pub pixels: Option<Digest>,
    /// [`crate::SampleDigest`] of a sound.
    pub samples: Option<Digest>,
    /// A still as one frame at time 0, a clip as one frame a second: as they are looked up …
    pub probes: Vec<(u32, PictureProbe)>,
    /// … and as references.
    pub frames: Vec<PictureReference>,
    /// The sound as it is looked up …
    pub sound_probe: Option<SoundProbe>,
    /// … and as a reference.
    pub sound: Landmarks,
}

/// What two assets have in common. Serialized, it is the object that `compare --json` prints, with details added.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The strongest relation that was found.
    pub relation: Relation,
    /// Bits of PDQ that differ, where pictures were found alike.
    pub distance: Option<u32>,
    /// Landmarks that agree, where sounds were compared.
    pub votes: Option<u32>,
    /// How the pictures have to be framed and turned over to be alike.
    pub variant: Option<String>,
    /// The pictures in detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<ClipMatch>,
    /// The sounds in detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<SoundMatch>,
    /// Whether `picture` and `sound` look the second asset up in the first, since it is the one that was cropped.
    pub reversed: bool,
}

/// Compares two assets. Crops are found whichever of the two was cropped.
pub fn compare(a: &Asset, b: &Asset) -> Comparison {
    let plain = |relation| Comparison {
        relation,
        distance: None,
        votes: None,
        variant: None,
        picture: None,
        sound: None,
        reversed: false,
    };
    let equal = |one: Option<Digest>, two: Option<Digest>| one.is_some() && one == two;
    if equal(a.bytes, b.bytes) {
        return plain(Relation::SameBytes);
    }
    if equal(a.pixels, b.pixels) {
        return plain(Relation::SamePixels);
    }
    if equal(a.samples, b.samples) && a.probes.is_empty() && b.probes.is_empty() {
        return plain(Relation::SameSamples);
    }
    let (forward, backward) = (look_up(a, b), look_up(b, a));
    let mut found =
        if strength(&backward) < strength(&forward) { Comparison { reversed: true, ..backward } } else { forward };
    if equal(a.samples, b.samples) && found.relation > Relation::SameSamples {
        found.relation = Relation::SameSamples;
    }
    found
}

/// Smaller is stronger.
fn strength(comparison: &Comparison) -> (Relation, u32, u32) {
    let votes = u32::MAX - comparison.votes.unwrap_or(0);
    (comparison.relation, comparison.distance.unwrap_or(u32::MAX), votes)
}

fn look_up(asset: &Asset, reference: &Asset) -> Comparison {
    let pictures_compared = asset.probes.iter().any(|(_, probe)| probe.is_comparable())
        && reference.frames.iter().any(PictureReference::is_comparable);
    let sounds_compared =
        !reference.sound.is_empty() && asset.sound_probe.as_ref().is_some_and(|probe| !probe.is_empty());
    let mut index = Index::default();
    let known = Reference { frames: reference.frames.clone(), sound: reference.sound.clone(), ..Reference::default() };
    let added = index.add(known).is_ok();
    index.prepare();
    let picture = index.find_clip(&asset.probes).into_iter().next();
    let sound = asset.sound_probe.as_ref().and_then(|probe| index.find_sound(probe).into_iter().next());
    let relations = picture.iter().map(|found| found.relation).chain(sound.iter().map(|found| found.relation));
    let compared = added && (pictures_compared || sounds_compared);
    let best: Option<&PictureMatch> = picture.as_ref().map(|found| &found.best);
    Comparison {
        relation: relations.min().unwrap_or(if compared { Relation::Different } else { Relation::NotCompared }),
        distance: best.map(|found| found.distance),
        votes: sounds_compared.then(|| sound.as_ref().map_or(0, |found| found.votes)),
        variant: best.map(PictureMatch::variant_name),
        picture,
        sound,
        reversed: false,
    }
}
