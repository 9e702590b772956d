//! A pattern of the catalogue: compiled when a value comes that may match it, since most runs see no such value for most of
//! them.

use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

/// What the build script found out about a pattern.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct PatternNeeds {
    /// Bytes of the shortest value that matches.
    least: usize,
    /// Texts in lower case: an ASCII value without any of them does not match. Empty where that is not known.
    needs: Vec<String>,
}

impl PatternNeeds {
    /// Bytes of the shortest value that matches.
    pub(super) fn least(&self) -> usize {
        self.least
    }

    /// Texts in lower case of which an ASCII value that matches has one; `None` where that is not known.
    pub(super) fn texts(&self) -> Option<&[String]> {
        Some(self.needs.as_slice()).filter(|texts| !texts.is_empty())
    }

    /// Whether a value has what every match has.
    pub(super) fn may_match(&self, value: &str) -> bool {
        if value.len() < self.least {
            return false;
        }
        if self.needs.is_empty() || !value.is_ascii() {
            return true;
        }
        self.needs.iter().any(|text| holds_in_any_case(value.as_bytes(), text.as_bytes()))
    }
}

/// Whether ASCII bytes hold these, which are in lower case, in whatever case.
pub(super) fn holds_in_any_case(bytes: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    let last = bytes.len().saturating_sub(text.len() - 1);
    let starts = bytes.get(..last).unwrap_or_default();
    let begins = |at: usize| bytes.get(at..at + text.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(text));
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), starts).any(begins)
}

/// A regular expression.
pub(super) struct Pattern {
    text: String,
    needs: PatternNeeds,
    compiled: OnceLock<Option<Regex>>,
}

/// What it says, whether or not it is compiled.
impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl Pattern {
    /// A pattern that nobody has tried yet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn checked(text: String) -> Result<Self, String> {
        let regex = Regex::new(&text).map_err(|e| e.to_string())?;
        let parsed = regex_syntax::parse(&text);
        let least = parsed.ok().and_then(|parsed| parsed.properties().minimum_len()).unwrap_or(0);
        let needs = PatternNeeds { least, needs: Vec::new() };
        Ok(Self { text, needs, compiled: OnceLock::from(Some(regex)) })
    }

    /// A pattern that a test has tried: those of the built-in catalogue.
    pub(super) fn trusted(text: String, needs: PatternNeeds) -> Self {
        Self { text, needs, compiled: OnceLock::new() }
    }

    /// What a value must have to match it.
    pub(super) fn needs(&self) -> &PatternNeeds {
        &self.needs
    }

    /// The compiled pattern, where this value may match it; `None` also where a trusted one is not fit to be compiled.
    pub(super) fn regex_for(&self, value: &str) -> Option<&Regex> {
        if !self.needs.may_match(value) {
            return None;
        }
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::prepared;
    use super::*;

    #[test]
    fn what_matches_holds_what_the_pattern_needs() {
        let needs = prepared::patterns();
        let values = super::super::catalogue().marks().flat_map(|mark| {
            let examples = mark.examples();
            examples.hits.iter().flat_map(|hit| &hit.tags).chain(examples.misses.iter().flat_map(|miss| &miss.tags))
        });
        let values: Vec<String> = values.map(|(_, _, value)| value.clone()).collect();
        let (mut matched, mut spared) = (0, 0);
        for (text, needs) in &needs {
            let regex = Regex::new(text).unwrap();
            let cases = |value: &String| [value.clone(), value.to_ascii_uppercase(), format!("é {value}\u{212a}")];
            for value in values.iter().flat_map(cases) {
                assert!(needs.may_match(&value) || !regex.is_match(&value), "{text} on {value}");
                matched += usize::from(regex.is_match(&value));
                spared += usize::from(!needs.may_match(&value));
            }
        }
        assert!(needs.len() > 20 && matched > 50 && spared > 10 * matched, "{matched} {spared}");
    }

    #[test]
    fn texts_are_found_in_any_case_and_nowhere_else() {
        let texts = ["a", "ab", "aab", "job id: ", "-x-"];
        let values = ["", "a", "B", "ab", "xAB", "aaab", "aAaB", "JOB id:", "Job ID: 1", "a-X-", "-x", "ba", "AAAA-x-"];
        for (value, text) in values.iter().flat_map(|value| texts.map(|text| (value, text))) {
            let expected = value.to_ascii_lowercase().contains(text);
            assert_eq!(holds_in_any_case(value.as_bytes(), text.as_bytes()), expected, "{text} in {value}");
        }
        assert!(holds_in_any_case(b"", b"") && holds_in_any_case(b"x", b""));
    }

    #[test]
    fn values_that_cannot_match_compile_nothing() {
        let needs = prepared::patterns();
        let (text, needs) = needs.iter().find(|(text, _)| text.contains("Adobe Firefly")).unwrap();
        assert_eq!(needs.needs, ["adobe firefly"]);
        let pattern = Pattern::trusted(text.clone(), needs.clone());
        assert!(pattern.regex_for("Adobe Photoshop 27.0 (Windows)").is_none() && pattern.compiled.get().is_none());
        assert!(pattern.regex_for("adobe FIREFLY").is_some_and(|regex| regex.is_match("adobe FIREFLY")));
    }
}
