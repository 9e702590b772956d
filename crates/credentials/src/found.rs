//! What the crate found, sorted by whose it is: the asset's own manifest or one of an ingredient.
//!
//! C2PA 2.2, section 15.11. An ingredient's fault is the ingredient's only where the asset's own signature covers its
//! manifest as it stands: what was changed there after the asset was signed was changed in this asset.

use std::collections::BTreeSet;

use c2pa::Reader;
use c2pa::validation_status as codes;
use c2pa::validation_status::ValidationStatus;

use countersign_model::IngredientFailure;
use countersign_model::validation_status as status;

/// The status codes that decide.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Failed checks of the asset's own manifest.
    pub(super) own: BTreeSet<String>,
    /// Failed checks of ingredients' manifests.
    pub(super) ingredients: BTreeSet<IngredientFailure>,
    pub(super) signature: bool,
    pub(super) trusted: bool,
    /// Whether a list vouches for any signer, be it an ingredient's.
    pub(super) vouched: bool,
}

impl Found {
    /// What was found of a store with these manifests.
    pub(super) fn of(reader: &Reader, labels: &[&str]) -> Self {
        let Some(results) = reader.validation_results() else { return Self::default() };
        let active = reader.active_label().unwrap_or_default();
        let mut out = Self::default();
        if let Some(own) = results.active_manifest() {
            let succeeded = |code: &str| own.success().iter().any(|s| s.code() == code);
            out.signature = succeeded(codes::CLAIM_SIGNATURE_VALIDATED);
            out.trusted = succeeded(codes::SIGNING_CREDENTIAL_TRUSTED);
            out.own.extend(own.failure().iter().map(|s| s.code().to_owned()));
        }
        out.vouched = out.trusted;
        let deltas: Vec<_> = results.ingredient_deltas().into_iter().flatten().map(|d| d.validation_deltas()).collect();
        let label = |s: &ValidationStatus| manifest_of(s.url()?, labels);
        let covered: BTreeSet<&str> = deltas
            .iter()
            .flat_map(|d| d.success())
            .filter(|s| s.code() == codes::INGREDIENT_MANIFEST_VALIDATED)
            .filter_map(label)
            .collect();
        for failed in deltas.iter().flat_map(|d| d.failure()) {
            let manifest = label(failed).filter(|label| *label != active);
            let as_signed = manifest.is_some_and(|label| covered.contains(label));
            let reference = failed.code().starts_with("ingredient.");
            let changed_here = status::is_mismatch(failed.code()) && (reference || !as_signed);
            if label(failed) == Some(active) || changed_here {
                out.own.insert(failed.code().to_owned());
            } else {
                let manifest = manifest.map(str::to_owned);
                out.ingredients.insert(IngredientFailure { code: failed.code().to_owned(), manifest });
            }
        }
        let vouched = |s: &ValidationStatus| s.code() == codes::SIGNING_CREDENTIAL_TRUSTED;
        out.vouched |= deltas.iter().flat_map(|d| d.success()).any(vouched);
        out
    }

    /// Takes over what another reading of the same store says of trust, and of nothing else.
    pub(super) fn with_trust_of(mut self, other: &Self) -> Self {
        self.trusted = other.trusted;
        for code in other.own.iter().filter(|code| status::is_of_certificate(code)) {
            self.own.insert(code.clone());
        }
        let theirs = other.ingredients.iter().filter(|failure| status::is_of_certificate(&failure.code));
        self.ingredients.extend(theirs.cloned());
        self
    }
}

/// The label of the manifest into which an address leads (`self#jumbf=/c2pa/LABEL/…`, or the label itself).
fn manifest_of<'l>(address: &str, labels: &[&'l str]) -> Option<&'l str> {
    let path = address.strip_prefix("self#jumbf=").unwrap_or(address);
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let first = parts.next()?;
    let named = if first == "c2pa" { parts.next()? } else { first };
    labels.iter().copied().find(|label| *label == named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_into_manifests() {
        let labels = ["urn:c2pa:1", "a:urn:uuid:2"];
        for (address, label) in [
            ("self#jumbf=/c2pa/urn:c2pa:1/c2pa.signature", Some("urn:c2pa:1")),
            ("self#jumbf=/c2pa/a:urn:uuid:2", Some("a:urn:uuid:2")),
            ("urn:c2pa:1", Some("urn:c2pa:1")),
            ("self#jumbf=c2pa.assertions/c2pa.actions", None),
            ("self#jumbf=/c2pa/urn:c2pa:3/c2pa.claim", None),
            ("", None),
        ] {
            assert_eq!(manifest_of(address, &labels), label, "{address}");
        }
    }
}
