//! What is wrong with Content Credentials that do not hold (C2PA 2.2, section 15.10): other bytes, a form that the
//! specification does not allow, and a fault of an ingredient are three things, and a certificate that has run out is a
//! fourth, with which bytes and signature hold all the same.

use serde::{Deserialize, Serialize};

use super::validation_status as status;
use super::{CredentialState, Credentials, Manifest};

/// A failed check of an ingredient's manifest. The asset's own signature covers that manifest as it stands, so it was
/// so when the asset was signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IngredientFailure {
    /// The status code of the check (C2PA 2.2, section 15).
    pub code: String,
    /// Label of the ingredient's manifest, where the check names one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest: Option<String>,
}

/// Why credentials do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// The asset's bytes, its manifest or its signature are not those that were signed.
    Mismatch,
    /// They break the specification; nothing says that anything was changed.
    Malformed,
    /// The asset's own hold; those of something that it was made from do not.
    Ingredient,
}

impl Credentials {
    /// What is wrong, where they were checked and do not hold.
    #[must_use]
    pub fn fault(&self) -> Option<CredentialFault> {
        if self.state != CredentialState::Invalid {
            return None;
        }
        let (mut mismatch, mut own) = (false, false);
        for code in self.own_failures() {
            mismatch |= status::is_mismatch(code);
            own |= !status::is_of_certificate(code);
        }
        Some(match (mismatch, own || self.ingredient_failures.is_empty()) {
            (true, _) => CredentialFault::Mismatch,
            (false, true) => CredentialFault::Malformed,
            (false, false) => CredentialFault::Ingredient,
        })
    }

    /// Failed checks of the asset's own manifest.
    pub fn own_failures(&self) -> impl Iterator<Item = &str> {
        let theirs = |code: &str| self.ingredient_failures.iter().any(|failure| failure.code == code);
        self.failures.iter().map(String::as_str).filter(move |code| !theirs(code))
    }

    /// The ingredient's manifest of which a failed check speaks.
    #[must_use]
    pub fn ingredient(&self, failure: &IngredientFailure) -> Option<&Manifest> {
        let label = failure.manifest.as_deref()?;
        self.chain.iter().find(|manifest| manifest.label == label && !manifest.path.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(failures: &[&str], ingredient: &[&str]) -> Credentials {
        let of = |code: &&str| IngredientFailure { code: (*code).to_owned(), manifest: None };
        Credentials {
            state: CredentialState::Invalid,
            failures: failures.iter().map(|code| (*code).to_owned()).collect(),
            ingredient_failures: ingredient.iter().map(of).collect(),
            ..Credentials::default()
        }
    }

    #[test]
    fn four_things_are_told_apart() {
        use CredentialFault::{Ingredient, Malformed, Mismatch};
        let hash = "assertion.dataHash.mismatch";
        for (failures, ingredient, fault) in [
            (&[hash][..], &[][..], Mismatch),
            (&["assertion.action.malformed"], &[], Malformed),
            (&["assertion.action.malformed", hash], &[], Mismatch),
            (&[hash], &[hash], Ingredient),
            (&["signingCredential.expired", hash], &[hash], Ingredient),
            (&["claimSignature.missing"], &[], Mismatch),
            (&["signingCredential.ocsp.revoked"], &[], Malformed),
            (&[], &[], Malformed),
        ] {
            assert_eq!(invalid(failures, ingredient).fault(), Some(fault), "{failures:?} {ingredient:?}");
        }
        let valid = Credentials { state: CredentialState::Valid, ..invalid(&["signingCredential.expired"], &[]) };
        assert_eq!(valid.fault(), None);
    }
}
