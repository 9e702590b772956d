//! The id of a file format, as reports name it: `jpeg`, `raw-tiff`.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest id in bytes.
const LONGEST: usize = 31;

/// A format's id: a short word that is copied, compared and serialized as the text that it is.
///
/// The words are the formats' own (`Info::id` in `countersign-media`); a saved report or a cache may hold one that this
/// program no longer knows, which then is only a word without properties.
///
/// ```
/// use countersign_model::FormatId;
///
/// const JPEG: FormatId = FormatId::new("jpeg");
/// assert_eq!(FormatId::parse("jpeg"), Some(JPEG));
/// assert_eq!(FormatId::parse("a word that no format would have for its id"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FormatId {
    len: u8,
    bytes: [u8; LONGEST],
}

impl FormatId {
    /// The id of a text of at most 31 bytes.
    ///
    /// # Panics
    /// Where it is longer: all of them are constants, so that this ends the build.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        assert!(text.len() <= LONGEST, "an id of a format is a short word");
        let (text, mut bytes, mut at) = (text.as_bytes(), [0; LONGEST], 0);
        while at < text.len() {
            bytes[at] = text[at];
            at += 1;
        }
        Self { len: at as u8, bytes }
    }

    /// The id of text that comes from elsewhere; `None` where no id is that long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; LONGEST];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { len: u8::try_from(text.len()).ok()?, bytes })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It was made of text of this length.
        self.bytes.get(..usize::from(self.len)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Deref for FormatId {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq<str> for FormatId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for FormatId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for FormatId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FormatId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::invalid_length(text.len(), &"the id of a format"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_text_that_it_was_made_of() {
        const JPEG: FormatId = FormatId::new("jpeg");
        assert_eq!((JPEG.as_str(), JPEG.to_string().as_str()), ("jpeg", "jpeg"));
        assert_eq!(FormatId::parse("jpeg"), Some(JPEG));
        assert_ne!(FormatId::parse("jpe"), Some(JPEG));
        assert_eq!(serde_json::to_string(&JPEG).unwrap(), "\"jpeg\"");
        assert_eq!(serde_json::from_str::<FormatId>("\"jpeg\"").unwrap(), JPEG);
        assert_eq!(serde_json::from_str::<FormatId>("\"j\\u0070eg\"").unwrap(), JPEG);
    }

    #[test]
    fn what_is_longer_than_an_id_is_none() {
        let longest = "x".repeat(LONGEST);
        assert_eq!(FormatId::parse(&longest).map(|id| id.to_string()), Some(longest.clone()));
        let longer = longest + "x";
        assert_eq!(FormatId::parse(&longer), None);
        assert!(serde_json::from_str::<FormatId>(&format!("{longer:?}")).is_err());
    }
}
