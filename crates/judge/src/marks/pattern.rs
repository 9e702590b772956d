//! A pattern of the catalogue: compiled when it is first asked, since most runs never ask most of them.

use std::sync::OnceLock;

use regex::Regex;

/// A regular expression.
pub(super) struct Pattern {
    text: String,
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
        Ok(Self { text, compiled: OnceLock::from(Some(regex)) })
    }

    /// A pattern that a test has tried: those of the built-in catalogue.
    pub(super) fn trusted(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// The pattern as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The compiled pattern; `None` only where a trusted one is not fit to be compiled.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref()
    }
}
