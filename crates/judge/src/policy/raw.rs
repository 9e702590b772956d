//! The policy file as it is written: shapes and spans, nothing checked beyond them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Deserialize;
use toml::Spanned;

use super::{Grade, Scope};
use countersign_model::{Ai, Role, Severity};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    pub(super) name: Option<Spanned<String>>,
    pub(super) extends: Option<Spanned<String>>,
    pub(super) ceiling: Option<Severity>,
    /// Sorted by where each stands in the file before use: order matters.
    pub(super) roles: BTreeMap<Spanned<String>, Role>,
    pub(super) rules: BTreeMap<Spanned<String>, Spanned<RawRule>>,
    pub(super) approvals: RawApprovals,
    pub(super) require: Vec<RawRequire>,
    pub(super) suppress: Vec<Spanned<RawSuppress>>,
    pub(super) marks: Vec<Spanned<String>>,
    pub(super) trust: RawTrust,
    pub(super) limits: RawLimits,
    pub(super) archival: RawArchival,
    pub(super) report: RawReport,
    pub(super) timelines: RawTimelines,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTimelines {
    pub(super) unused: Option<Spanned<Role>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawArchival {
    pub(super) custody: Option<bool>,
    pub(super) supported: Option<RawSupported>,
}

/// How archival material is told of that is supported and not authenticated.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawSupported {
    Off,
    Note,
    Warning,
    Error,
}

impl From<RawSupported> for Option<Severity> {
    fn from(supported: RawSupported) -> Self {
        match supported {
            RawSupported::Off => None,
            RawSupported::Note => Some(Severity::Note),
            RawSupported::Warning => Some(Severity::Warning),
            RawSupported::Error => Some(Severity::Error),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawReport {
    pub(super) title: Option<String>,
    pub(super) project: Option<String>,
    pub(super) episode: Option<String>,
    pub(super) sender: Option<String>,
    pub(super) contact: Option<String>,
    pub(super) due: Option<Spanned<toml::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRule {
    pub(super) severity: Option<Severity>,
    pub(super) off: Option<bool>,
    pub(super) reason: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawApprovals {
    pub(super) least_grade: Option<Grade>,
    pub(super) path_only: Option<Vec<Role>>,
    pub(super) conditional: Option<bool>,
    /// Also as the interface spells it, with an underscore.
    #[serde(alias = "expiring_days")]
    pub(super) expiring_days: Option<u32>,
    pub(super) consent: Option<Vec<Scope>>,
    pub(super) claims: BTreeMap<Role, Vec<RawClaim>>,
    pub(super) scopes: BTreeMap<Role, Vec<Scope>>,
    pub(super) grades: BTreeMap<Scope, Grade>,
    pub(super) marks: BTreeMap<String, Vec<Scope>>,
}

/// The claims that can need a record.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawClaim {
    Generated,
    Composite,
    Enhanced,
    Possible,
}

impl From<RawClaim> for Ai {
    fn from(claim: RawClaim) -> Self {
        match claim {
            RawClaim::Generated => Self::Generated,
            RawClaim::Composite => Self::Composite,
            RawClaim::Enhanced => Self::Enhanced,
            RawClaim::Possible => Self::Possible,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRequire {
    pub(super) pattern: Spanned<String>,
    pub(super) scopes: Spanned<Vec<Scope>>,
}

/// All four are mandatory; they are options here so that the error can say why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSuppress {
    pub(super) rule: Option<Spanned<String>>,
    pub(super) pattern: Option<Spanned<String>>,
    pub(super) reason: Option<Spanned<String>>,
    pub(super) expires: Option<Spanned<toml::Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTrust {
    pub(super) lists: Vec<Spanned<String>>,
    pub(super) keys: Vec<RawKey>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawKey {
    pub(super) name: Spanned<String>,
    pub(super) key: Spanned<String>,
    pub(super) valid_from: Option<Spanned<toml::Value>>,
    pub(super) valid_until: Option<Spanned<toml::Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawLimits {
    pub(super) archive_depth: Option<u32>,
    /// Its earlier name was of files.
    #[serde(alias = "seconds-per-file")]
    pub(super) seconds_per_asset: Option<NonZeroU32>,
}
