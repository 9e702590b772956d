//! What speaks for and against an archival asset's own claim to be authentic source material, and the grade of it.
//!
//! Facts only: each line says what was found, in which field, at which byte. Nothing here is a verdict on the picture.

use serde::{Deserialize, Serialize};

use crate::Tag;

/// The evidence about one archival asset: `assets[].archive` of the JSON report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveEvidence {
    /// What the lines amount to.
    pub grade: ArchiveGrade,
    /// What speaks for the claim.
    #[serde(rename = "for")]
    pub supporting: Vec<ArchiveLine>,
    /// What speaks against it.
    pub against: Vec<ArchiveLine>,
    /// What the asset says of itself: its title, its caption, who made it, when and where.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub claims: Vec<ArchiveLine>,
    /// What is still to be asked of the archive, each a whole sentence.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub questions: Vec<String>,
}

/// What the evidence about an archival asset amounts to, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveGrade {
    /// At least one fact cannot be true together with the claim.
    Contradicted,
    /// Too little speaks for it.
    Unsupported,
    /// Its own fields or its neighbors speak for it; nobody vouches for them.
    Supported,
    /// A signature of a trusted signer, a verified custody hash, or a record of these bytes vouches for it.
    Authenticated,
}

impl ArchiveGrade {
    /// The lower-case word that reports use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Contradicted => "contradicted",
            Self::Unsupported => "unsupported",
            Self::Supported => "supported",
            Self::Authenticated => "authenticated",
        }
    }
}

/// One fact for or against, with its exact place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveLine {
    /// What the fact is, in words for people: `names the camera`.
    pub what: String,
    /// The path through the container that leads to it: `JPEG APP1, EXIF IFD0 Make`.
    #[serde(rename = "where")]
    pub place: String,
    /// Absolute offset in bytes of the value, or of the nearest structure that holds it; `None` where the fact stands
    /// outside of the file.
    pub offset: Option<u64>,
    /// What stands there; untrusted text.
    pub value: String,
    /// What sort of fact it is, for programs: `camera`, `capture-date`, `maker-note`, `rights`, …
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub kind: String,
    /// How much it weighs.
    #[serde(default)]
    pub weight: ArchiveWeight,
}

/// How much one fact weighs in the grade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveWeight {
    /// It cannot be true together with the claim.
    Contradicts,
    /// It calls for a question and changes no grade.
    Weakens,
    /// The asset or what lies beside it says so.
    #[default]
    Supports,
    /// Somebody vouches for it.
    Authenticates,
}

/// A picture among the archival assets of a scan, and what it says of its capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamePicture {
    /// Its path below its root.
    pub path: String,
    /// The field that says when it was captured.
    pub captured: Option<Tag>,
    /// The field that names the camera.
    pub camera: Option<Tag>,
    /// Width and height in pixels.
    pub size: Option<(u64, u64)>,
    /// Whether the asset that it is compared with shows a part of it only.
    pub cropped: bool,
}
