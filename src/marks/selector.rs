//! Selectors: `space:key` with `*` for any run of characters, compared without regard to case.

/// A lower-case pattern over `space:key`, taken apart at its stars: every tag meets every pattern that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector {
    first: String,
    /// What follows each star but the last.
    middle: Vec<String>,
    /// What follows the last star; `None` without a star.
    last: Option<String>,
}

impl Selector {
    /// # Errors
    /// Where there is no space before the key.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((space, key)) if !space.is_empty() && !space.contains('*') && !key.is_empty() => {}
            _ => return Err(format!("{text:?} is not space:key")),
        }
        let lower = text.to_lowercase();
        let mut parts = lower.split('*').map(str::to_owned);
        let first = parts.next().unwrap_or_default();
        let mut middle: Vec<_> = parts.collect();
        let last = middle.pop();
        Ok(Self { first, middle, last })
    }

    /// The one field it selects, if it has no `*`.
    pub(super) fn exact(&self) -> Option<&str> {
        self.last.is_none().then_some(&self.first)
    }

    /// The space that a field must have.
    pub(super) fn space(&self) -> &str {
        self.first.split(':').next().unwrap_or_default()
    }

    /// Whether it selects this field, given in lower case.
    pub(super) fn selects(&self, field: &str) -> bool {
        let Some(rest) = field.strip_prefix(self.first.as_str()) else { return false };
        let Some(last) = &self.last else { return rest.is_empty() };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
        for part in &self.middle {
            // Fields are a few words: preparing a search costs more than this one.
            let found = rest.as_bytes().windows(part.len().max(1)).position(|w| w == part.as_bytes());
            match found.and_then(|at| rest.get(at + part.len()..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

/// The lower-case field of a tag, written into a buffer that is used again.
pub(super) fn field(space: &str, key: &str, into: &mut String) {
    into.clear();
    for part in [space, ":", key] {
        if part.is_ascii() {
            into.push_str(part);
        } else {
            into.extend(part.chars().flat_map(char::to_lowercase));
        }
    }
    into.make_ascii_lowercase();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        let selects = |pattern: &str, field: &str| Selector::parse(pattern).unwrap().selects(field);
        assert!(selects("xmp:A:B", "xmp:a:b"));
        assert!(!selects("xmp:A:B", "xmp:a:bc"));
        assert!(selects("xmp:*stEvt:softwareAgent", "xmp:xmpmm:history[1]/stevt:softwareagent"));
        assert!(!selects("xmp:*stEvt:softwareAgent", "xmp:xmpmm:history[1]/stevt:softwareagent2"));
        assert!(selects("x:a*b*c", "x:a1b2bc"));
        assert!(!selects("x:a*b*c", "x:acb"));
        assert!(selects("x:*", "x:"));
        assert!(!selects("x:aa*aa", "x:aaa"));
        assert!(Selector::parse("nospace").is_err());
    }
}
