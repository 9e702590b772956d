//! Digital source types in metadata fields: which term claims what. Spellings are for [`source_type`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::source_type;
use countersign_model::Claim;

/// Terms that claim something; others give nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Terms {
    pub(super) claims: BTreeMap<String, Claim>,
}

impl Terms {
    /// # Errors
    /// The term that the vocabulary does not have.
    pub(super) fn check(&self) -> Result<(), String> {
        let known = |term: &&String| source_type::ALL.iter().any(|t| t.term == term.as_str());
        self.claims.keys().find(|term| !known(term)).map_or(Ok(()), |term| Err(format!("no term {term}")))
    }

    pub(super) fn claim(&self, value: &str) -> Option<Claim> {
        if value.len() > 256 {
            return None;
        }
        let known = source_type::parse(value.trim_matches(|c: char| c.is_whitespace() || c == '\0'))?;
        self.claims.get(known.term).copied()
    }
}
