//! Where a tag stands, put together only when somebody asks: hardly any tag of a scan is ever told of.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The path through the container that leads to a tag, as text: `JPEG APP1, EXIF IFD0 Software`.
///
/// ```
/// use countersign_model::TagPlace;
///
/// let place = TagPlace::of_field(&"JPEG APP1, TIFF".into(), ("exif".into(), "IFD0".into(), "Software".into()));
/// assert_eq!(&*place, "JPEG APP1, TIFF, EXIF IFD0 Software");
/// assert_eq!(place, TagPlace::from("JPEG APP1, TIFF, EXIF IFD0 Software"));
/// ```
#[derive(Clone, Default)]
pub struct TagPlace {
    /// The path to what holds the field, shared by all that stands there; the whole text where there is no field.
    container: Arc<str>,
    field: Option<Field>,
    /// The whole text, once it was asked for.
    text: OnceLock<Box<str>>,
}

/// A field of a vocabulary.
#[derive(Clone)]
struct Field {
    space: CompactString,
    part: CompactString,
    key: CompactString,
}

/// A vocabulary, a part of it or nothing, and a key.
type FieldName = (CompactString, CompactString, CompactString);

impl TagPlace {
    /// A field in a container: the vocabulary, a part of it or nothing, and the key.
    #[must_use]
    pub fn of_field(container: &Arc<str>, (space, part, key): FieldName) -> Self {
        let field = Field { space, part, key };
        Self { container: Arc::clone(container), field: Some(field), text: OnceLock::new() }
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.field {
            None => &self.container,
            Some(field) => self.text.get_or_init(|| field.within(&self.container).into()),
        }
    }

    /// Moves it into something that holds its container. `last` keeps the container that was made last and what it was made
    /// of: the tags of a blob share theirs, and what they are moved into is the same for all.
    pub fn move_into(&mut self, outer: &str, last: &mut Option<(Arc<str>, Arc<str>)>) {
        let made = match last.take().filter(|(of, _)| Arc::ptr_eq(of, &self.container)) {
            Some((_, made)) => made,
            None => format!("{outer}, {}", self.container).into(),
        };
        *last = Some((Arc::clone(&self.container), Arc::clone(&made)));
        self.container = made;
        self.text = OnceLock::new();
    }

    /// Bytes that are kept for it beside itself, about, without putting the text together.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        let of_field = |field: &Field| field.space.len() + field.part.len() + field.key.len();
        self.container.len() + self.field.as_ref().map_or(0, of_field)
    }
}

impl Field {
    /// `container, SPACE key`, or with a part of the vocabulary `container, SPACE part key`.
    fn within(&self, container: &str) -> String {
        let gap = if self.part.is_empty() { "" } else { " " };
        format!("{container}, {}{gap}{} {}", title(&self.space), self.part, self.key)
    }
}

/// How a vocabulary is written in a place.
fn title(space: &str) -> &str {
    match space {
        "exif" => "EXIF",
        "xmp" => "XMP",
        "iptc" => "IPTC",
        "id3" => "ID3",
        "quicktime" => "QuickTime",
        "vorbis" => "Vorbis",
        "riff" => "RIFF",
        "photoshop" => "Photoshop",
        "psd" => "PSD",
        "png" => "PNG",
        "tar" => "TAR",
        "zip" => "ZIP",
        "pdf" => "PDF",
        "ape" => "APE",
        "mxf" => "MXF",
        "matroska" => "Matroska",
        other => other,
    }
}

impl Deref for TagPlace {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for TagPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for TagPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl PartialEq for TagPlace {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TagPlace {}

impl PartialEq<str> for TagPlace {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for TagPlace {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for TagPlace {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<TagPlace> for String {
    fn eq(&self, other: &TagPlace) -> bool {
        self == other.as_str()
    }
}

impl Hash for TagPlace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl From<&str> for TagPlace {
    fn from(text: &str) -> Self {
        Self { container: text.into(), ..Self::default() }
    }
}

impl From<String> for TagPlace {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&TagPlace> for String {
    fn from(place: &TagPlace) -> Self {
        place.as_str().to_owned()
    }
}

impl From<TagPlace> for String {
    fn from(place: TagPlace) -> Self {
        place.as_str().to_owned()
    }
}

impl From<&TagPlace> for Arc<str> {
    fn from(place: &TagPlace) -> Self {
        match &place.field {
            None => Self::clone(&place.container),
            Some(_) => place.as_str().into(),
        }
    }
}

impl Serialize for TagPlace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for TagPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_stands_in_what_holds_it() {
        let (one, other): (Arc<str>, Arc<str>) = ("TIFF".into(), "XMP packet".into());
        let field = |container| TagPlace::of_field(container, ("exif".into(), "".into(), "Make".into()));
        let mut places = [field(&one), field(&one), field(&other), TagPlace::from("pixels"), field(&one)];
        let before: Vec<String> = places.iter().map(|place| format!("a.png, {place}")).collect();
        let mut last = None;
        places.iter_mut().for_each(|place| place.move_into("a.png", &mut last));
        assert_eq!(places.map(String::from).to_vec(), before);
    }

    #[test]
    fn a_field_reads_like_its_text() {
        let container: Arc<str> = "PNG tEXt".into();
        for (field, text) in [
            (("png", "", "Software"), "PNG tEXt, PNG Software"),
            (("exif", "IFD0", "Make"), "PNG tEXt, EXIF IFD0 Make"),
            (("dpx", "", ""), "PNG tEXt, dpx "),
        ] {
            let place = TagPlace::of_field(&container, (field.0.into(), field.1.into(), field.2.into()));
            assert_eq!(place.kept_bytes(), container.len() + field.0.len() + field.1.len() + field.2.len());
            assert_eq!(place, *text);
            assert_eq!(place, TagPlace::from(text));
            let json = serde_json::to_string(&place).unwrap();
            assert_eq!(json, serde_json::to_string(text).unwrap());
            assert_eq!(serde_json::from_str::<TagPlace>(&json).unwrap(), place);
        }
        assert_eq!(TagPlace::default(), *"");
    }
}
