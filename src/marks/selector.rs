//! Selectors: `space:key` with `*` for any run of characters, compared without regard to case.

/// A lower-case pattern over `space:key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector(String);

impl Selector {
    /// # Errors
    /// Where there is no space before the key.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((space, key)) if !space.is_empty() && !key.is_empty() => Ok(Self(text.to_lowercase())),
            _ => Err(format!("{text:?} is not space:key")),
        }
    }

    /// The one field it selects, if it has no `*`.
    pub(super) fn exact(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&self.0)
    }

    /// Whether it selects this field, given in lower case.
    pub(super) fn selects(&self, field: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| field.strip_prefix(first)) else { return false };
        let mut last = None;
        for part in parts {
            if let Some(part) = last.replace(part) {
                match rest.find(part) {
                    Some(at) => rest = &rest[at + part.len()..],
                    None => return false,
                }
            }
        }
        last.map_or(rest.is_empty(), |last| rest.ends_with(last))
    }
}

/// The lower-case field of a tag, written into a buffer that is used again.
pub(super) fn field(space: &str, key: &str, into: &mut String) {
    into.clear();
    for part in [space, ":", key] {
        into.extend(part.chars().flat_map(char::to_lowercase));
    }
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
