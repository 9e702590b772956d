//! Controlled vocabularies: one value in all its spellings (URI, QCode, bare term) and the claim it makes.
//!
//! IPTC NewsCodes: <https://cv.iptc.org/newscodes/digitalsourcetype/>; C2PA 2.2, 18.16.1.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Claim;

/// A vocabulary: how its values begin, and what its terms claim.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    /// What may stand before the term, without a URI's scheme; the bare term is always accepted.
    prefixes: Vec<String>,
    /// Terms that claim something; others give nothing.
    pub(super) claims: BTreeMap<String, Claim>,
}

impl Terms {
    /// The same vocabulary, ready for comparison without regard to case.
    pub(super) fn folded(self) -> Self {
        Self {
            prefixes: self.prefixes.iter().map(|p| p.to_lowercase()).collect(),
            claims: self.claims.into_iter().map(|(term, claim)| (term.to_lowercase(), claim)).collect(),
        }
    }

    pub(super) fn claim(&self, value: &str) -> Option<Claim> {
        if value.len() > 256 {
            return None;
        }
        let value = value.trim().trim_end_matches('\0').to_lowercase();
        let value = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://")).unwrap_or(&value);
        let term = self.prefixes.iter().find_map(|p| value.strip_prefix(p.as_str())).unwrap_or(value);
        self.claims.get(term.trim_end_matches('/')).copied()
    }
}
