//! The words of approvals that policies, records and options share: what was decided, for which scope, and how far a record
//! can be relied on. Their spellings stand in policies and ledgers and are final.

use serde::{Deserialize, Serialize};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The material may be used, for the scopes that the record names.
    Approved,
    /// Approved on conditions.
    Conditional,
    /// The material must not be used.
    Denied,
    /// Withdraws earlier records: those that it supersedes, or all earlier ones about the same bytes.
    Revoked,
    /// The contact was told.
    Notified,
    /// The audience and the production were told.
    Disclosed,
}

impl Decision {
    /// The word that records and options use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Conditional => "conditional",
            Self::Denied => "denied",
            Self::Revoked => "revoked",
            Self::Notified => "notified",
            Self::Disclosed => "disclosed",
        }
    }
}

/// How far a record can be relied on, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Names a path, but no digest of the bytes.
    PathOnly,
    /// Recorded without a signature: imported from a sheet, or written without a key.
    Imported,
    /// Signed by a key that the policy does not name.
    Signed,
    /// Signed by a key that the policy names.
    SignedKnown,
}

impl Grade {
    /// The word that policies use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PathOnly => "path-only",
            Self::Imported => "imported",
            Self::Signed => "signed",
            Self::SignedKnown => "signed-known",
        }
    }
}

/// What an approval is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// That the material reaches the audience.
    FinalDeliverable,
    /// That it shows or sounds like a real person, who agreed.
    TalentLikeness,
    /// That personal data went into the tool.
    PersonalData,
    /// That works of others, with their rights, went into the tool.
    ThirdPartyIp,
}

impl Scope {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::FinalDeliverable, Self::TalentLikeness, Self::PersonalData, Self::ThirdPartyIp];

    /// The word that policies, records and options use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FinalDeliverable => "final-deliverable",
            Self::TalentLikeness => "talent-likeness",
            Self::PersonalData => "personal-data",
            Self::ThirdPartyIp => "third-party-ip",
        }
    }
}
