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

    /// What a value claims: one term, or a list of them, of which the one that says most of AI decides.
    pub(super) fn claim(&self, value: &str) -> Option<Claim> {
        let known = |written: &str| {
            let written = written.trim_matches(|c: char| c.is_whitespace() || "\0\"'[]{}()<>".contains(c));
            self.claims.get(source_type::parse(written)?.term).copied()
        };
        if let Some(claim) = known(value) {
            return Some(claim);
        }
        // Addresses hold no white space, and are lists of them where it stands between; words are prose then.
        let listed = value.split([',', ';', '|', '\n', '\0']);
        let parts = listed.flat_map(|part| {
            let addresses = part.split_whitespace().filter(|word| word.contains("://"));
            std::iter::once(part).chain(addresses)
        });
        parts.filter_map(known).max_by_key(|claim| weight(*claim))
    }
}

/// How much a claim says of AI, to choose among several.
fn weight(claim: Claim) -> u8 {
    match claim {
        Claim::Generated => 5,
        Claim::Composite => 4,
        Claim::Enhanced => 3,
        Claim::Possible => 2,
        Claim::Captured | Claim::Digitized => 1,
        Claim::NotAi => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(value: &str) -> Option<Claim> {
        let claims = [("trainedAlgorithmicMedia", Claim::Generated), ("digitalCapture", Claim::Captured)];
        Terms { claims: claims.map(|(term, claim)| (term.to_owned(), claim)).into() }.claim(value)
    }

    #[test]
    fn blanks_and_lists_hide_no_term() {
        let address = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
        let camera = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture";
        let wide = format!("{}{address}{}", " ".repeat(5_000), "\t".repeat(400));
        let lists = [", ", "; ", "|", "\n", " "].map(|by| format!("{camera}{by}{address}"));
        for value in
            lists.into_iter().chain([wide, format!("[\"{address}\"]"), "digitalCapture;trainedAlgorithmicMedia".into()])
        {
            assert_eq!(claim(&value), Some(Claim::Generated), "{value}");
        }
        for value in ["not trainedAlgorithmicMedia", "see http://example.com/trainedAlgorithmicMedia", "", ";;", " , "]
        {
            assert_eq!(claim(value), None, "{value}");
        }
    }
}
