//! Selectors: `space:key` with `*` for any run of characters, compared without regard to case.

/// A lower-case pattern over `space:key`: the texts between its stars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector {
    first: String,
    more: Vec<String>,
}

impl Selector {
    /// # Errors
    /// Where there is no space before the key.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((space, key)) if (space == "*" || !space.is_empty() && !space.contains('*')) && !key.is_empty() => {
                let text = text.to_lowercase();
                let mut parts = text.split('*').map(str::to_owned);
                Ok(Self { first: parts.next().unwrap_or_default(), more: parts.collect() })
            }
            _ => Err(format!("{text:?} is not space:key")),
        }
    }

    /// The space; empty where any will do (`*:key`).
    pub(super) fn space(&self) -> &str {
        self.first.split(':').next().unwrap_or_default()
    }

    /// What every field that it selects has behind its last colon, where that is known.
    pub(super) fn tail(&self) -> Option<&str> {
        let (_, tail) = self.more.last()?.rsplit_once(':')?;
        (!tail.is_empty()).then_some(tail)
    }

    /// The one field it selects, if it has no `*`.
    pub(super) fn exact(&self) -> Option<&str> {
        self.more.is_empty().then_some(&self.first)
    }

    /// Whether it selects this field, given in lower case.
    pub(super) fn selects(&self, field: &str) -> bool {
        let Some(mut rest) = field.strip_prefix(self.first.as_str()) else { return false };
        let Some((last, between)) = self.more.split_last() else { return rest.is_empty() };
        // The end decides cheaply for nearly every field.
        if !rest.ends_with(last.as_str()) {
            return false;
        }
        for part in between {
            // Fields are a few words: preparing a search costs more than this one.
            let found = rest.as_bytes().windows(part.len().max(1)).position(|w| w == part.as_bytes());
            match found.and_then(|at| rest.get(at + part.len()..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

/// The lower-case field of a tag, written into a buffer that is used again.
pub(super) fn field(space: &str, key: &str, into: &mut String) {
    into.clear();
    for part in [space, ":", key] {
        if part.is_ascii() {
            let start = into.len();
            into.push_str(part);
            into[start..].make_ascii_lowercase();
        } else {
            into.extend(part.chars().flat_map(char::to_lowercase));
        }
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
        assert!(selects("*:Software", "png:software") && selects("*:*:tool", "id3:txxx:tool") && selects("*:*", "a:b"));
        assert!(!selects("*:Software", "png:softwares"));
        let tail = |pattern: &str| Selector::parse(pattern).unwrap().tail().map(str::to_owned);
        let tool = || Some("tool".to_owned());
        assert_eq!((tail("*:*:Tool"), tail("*:*.Tool"), tail("png:*a:Tool")), (tool(), None, tool()));
        assert_eq!((tail("png:*Tool"), tail("png:a:Tool"), tail("png:*:")), (None, None, None));
        assert_eq!(Selector::parse("*:Software").unwrap().space(), "");
        assert!(Selector::parse("nospace").is_err());
        assert!(Selector::parse("sp*ce:key").is_err());
        assert_eq!(Selector::parse("XMP:*:AIGC").unwrap().space(), "xmp");
    }
}
