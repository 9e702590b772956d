//! A pattern of the catalogue: compiled when a value comes that may match it, since most runs see no such value for most of
//! them.

use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

/// The longest value that is looked at for what a pattern needs, in bytes; longer ones are left to the pattern.
const LONGEST: usize = 4096;

/// What the build script found out about a pattern.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct PatternNeeds {
    /// Bytes of the shortest value that matches.
    least: usize,
    /// Texts in lower case: an ASCII value without any of them does not match. Empty where that is not known.
    needs: Vec<String>,
}

impl PatternNeeds {
    fn may_match(&self, value: &str) -> bool {
        if value.len() < self.least {
            return false;
        }
        if self.needs.is_empty() || value.len() > LONGEST || !value.is_ascii() {
            return true;
        }
        let holds =
            |text: &String| value.as_bytes().windows(text.len()).any(|w| w.eq_ignore_ascii_case(text.as_bytes()));
        self.needs.iter().any(holds)
    }
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

    /// The pattern as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the shortest value that it matches.
    pub(super) fn least(&self) -> usize {
        self.needs.least
    }

    /// The compiled pattern, where this value may match it; `None` also where a trusted one is not fit to be compiled.
    pub(super) fn regex_for(&self, value: &str) -> Option<&Regex> {
        if let Some(compiled) = self.compiled.get() {
            return compiled.as_ref();
        }
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
    fn values_that_cannot_match_compile_nothing() {
        let needs = prepared::patterns();
        let (text, needs) = needs.iter().find(|(text, _)| text.contains("Adobe Firefly")).unwrap();
        assert_eq!(needs.needs, ["adobe firefly"]);
        let pattern = Pattern::trusted(text.clone(), needs.clone());
        assert!(pattern.regex_for("Adobe Photoshop 27.0 (Windows)").is_none() && pattern.compiled.get().is_none());
        assert!(pattern.regex_for("adobe FIREFLY").is_some_and(|regex| regex.is_match("adobe FIREFLY")));
    }
}
