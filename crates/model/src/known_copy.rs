//! Of which known asset another one is a copy, and how far both are apart: what evidence `known.copy` says beside its words.

use serde::{Deserialize, Serialize};

/// The known asset, and how it was recognized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCopy {
    /// Its name: its path in this run, in the index, or in the record.
    pub asset: String,
    /// The index that holds it; none where it is an asset of this run or is known by a record.
    pub index: Option<String>,
    /// The record of the ledger that is about it.
    pub record: Option<String>,
    /// How near the asset is to the known one.
    pub relation: KnownRelation,
    /// Bits of 256 that differ, where pictures were compared.
    pub distance: Option<u32>,
    /// Landmarks that agree, where sounds were compared.
    pub votes: Option<u32>,
    /// Index into [`crate::Run::roots`], where it is an asset of this run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<usize>,
    /// How the known picture has to be framed and turned over to be alike.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub variant: Option<String>,
}

/// What an asset is to a known one, from the strongest to the weakest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownRelation {
    /// The decoded pixels are equal.
    SamePixels,
    /// The decoded samples are equal.
    SameSamples,
    /// The same picture or sound, encoded, scaled, graded or framed anew.
    Copy,
    /// Near enough that a person should look.
    #[default]
    Look,
}

/// What was compared in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchingSummary {
    /// Known assets, of this run, of the ledger and of indexes.
    pub known: u64,
    /// Assets that were looked up among them.
    pub compared: u64,
    /// Assets that were to be looked up and could not be decoded, or have too little in them.
    pub not_compared: u64,
    /// AI-marked assets of this run that are not among the known ones: they cannot be decoded, or are too many.
    pub left_out: u64,
}
