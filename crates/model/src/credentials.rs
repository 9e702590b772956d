//! What a file's C2PA Content Credentials say (C2PA 2.2), as facts carry it and the report repeats it.

use serde::{Deserialize, Serialize};

use super::{IngredientFailure, Via};

/// The C2PA part of [`Facts`](super::Facts).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    /// Whether the file holds or points to at least one manifest store.
    pub present: bool,
    /// What verification made of the active manifest.
    pub state: CredentialState,
    /// Subject common name of the active manifest's signing certificate.
    pub signer: Option<String>,
    /// Organization that issued that certificate.
    pub issuer: Option<String>,
    /// RFC 3339, from a time stamp that the manifest carries.
    pub signed_at: Option<String>,
    /// Claim generator of the active manifest: product name and version.
    pub generator: Option<String>,
    /// Failed validation status codes, sorted, without repeats.
    pub failures: Vec<String>,
    /// Those of them that are an ingredient's and not the asset's own, and also an ingredient's signer on no trust list.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ingredient_failures: Vec<IngredientFailure>,
    /// Files that do not match, where the manifest binds several.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub files: Vec<String>,
    /// How many manifests the store holds.
    pub manifests: usize,
    /// Name of the trust list that the signer is on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trust_list: Option<String>,
    /// Where the file says that its manifest is kept; `place` names it too where the manifest was fetched from there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remote: Option<String>,
    /// Where the store stands: `JPEG APP11`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<String>,
    /// Absolute offset in bytes of the store in the file that holds it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u64>,
    /// Why the store is not as the specification wants it, where it is damaged or misplaced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub damage: Option<String>,
    /// Whether the store came from a file beside the asset, or from elsewhere.
    #[serde(default, skip_serializing_if = "Via::is_own")]
    pub via: Via,
    /// The active manifest first, then its ingredients' manifests, depth first.
    pub chain: Vec<Manifest>,
}

/// What is known of an asset's Content Credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialState {
    /// Bytes and signature hold, and the signer is on a trust list in force.
    Trusted,
    /// Bytes and signature hold; nobody in force vouches for the signer.
    Valid,
    /// Checked, and something does not hold: [`Credentials::fault`] says what.
    Invalid,
    /// Not checked (`--verify off`, or a check that was cut short).
    #[default]
    Unverified,
    /// A store is there and cannot be read.
    Unreadable,
    /// Only a pointer to a manifest elsewhere.
    Remote,
}

/// One manifest of a store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The manifest's label in its store (C2PA 2.2, section 8.2): `urn:c2pa:…`, or `urn:uuid:…` in older ones.
    pub label: String,
    /// How the active manifest reaches it: empty for the active one.
    pub path: Vec<Via>,
    /// The asset's name as the claim gives it (`dc:title`).
    pub title: Option<String>,
    /// Claim generator: product name and version.
    pub generator: Option<String>,
    /// Subject common name of the signing certificate.
    pub signer: Option<String>,
    /// Organization that issued that certificate.
    pub issuer: Option<String>,
    /// RFC 3339, from a time stamp that the manifest carries.
    pub signed_at: Option<String>,
    /// What was done to the asset (C2PA 2.2, section 18.15), in the order of the file.
    pub actions: Vec<Action>,
    /// Labels of all assertions, in order.
    pub assertions: Vec<String>,
    /// Those of them that the signer only gathered, without vouching for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gathered: Vec<String>,
    /// Values of assertions that marks test: key is `label#path` or `label`, bounded.
    pub values: Vec<(String, String)>,
    /// Whether it stands in a further store, which was not checked or does not hold: what it says is only declared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
}

/// One C2PA action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// `c2pa.created`, `c2pa.edited`, …
    pub action: String,
    /// As written in the file, not normalized.
    pub source_type: Option<String>,
    /// `softwareAgent`: the program or model that did it.
    pub agent: Option<String>,
    /// When it was done, RFC 3339 as the file has it.
    pub when: Option<String>,
    /// False where the assertion is only gathered: the signer does not vouch for it.
    pub created: bool,
    /// Tool-specific parameters that name a source type, key and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
}
