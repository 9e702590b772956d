//! What two assets have in common.

use serde::Serialize;

/// What one asset is to another, from the strongest to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The files are equal byte for byte.
    SameBytes,
    /// The decoded pixels are equal.
    SamePixels,
    /// The decoded samples are equal.
    SameSamples,
    /// The same picture or sound, encoded, scaled, graded or framed anew.
    Copy,
    /// Near enough that a person should look: cropped, altered in places, or a look-alike.
    Look,
    /// Compared, and nothing in common was found.
    Different,
    /// Not compared: of different kinds, not decoded, or with too little in it to be told apart.
    NotCompared,
}
