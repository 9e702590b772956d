//! What is kept of an OpenTimelineIO document while it is read: the fields that say what is played, and of metadata what
//! names a medium. All else is passed over as it comes, so that a document of much metadata takes little memory.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::limits::MAX_JSON_MEMORY;

/// Fields of items, references and effects that are read.
const FIELDS: &[&str] = &[
    "OTIO_SCHEMA",
    "active_media_reference_key",
    "available_range",
    "children",
    "effects",
    "enabled",
    "frame_step",
    "frame_zero_padding",
    "global_start_time",
    "kind",
    "media_reference",
    "media_references",
    "metadata",
    "name",
    "name_prefix",
    "name_suffix",
    "rate",
    "source_range",
    "start_frame",
    "target_url",
    "target_url_base",
    "time_scalar",
    "tracks",
];
/// Fields that hold a time or a range of time, and what is read of them.
const RANGES: &[&str] = &["available_range", "global_start_time", "source_range", "start_time", "duration"];
const TIMES: &[&str] = &["duration", "rate", "start_time", "value"];
/// Fields of metadata that name a medium, in lower case.
pub(crate) const IDENTITIES: &[&str] = &["umid", "mobid", "sourceid", "uuid", "media_uuid", "reel_uuid"];
/// Fields of metadata that name a reel, in lower case.
pub(crate) const REELS: &[&str] = &["reel", "reel name", "tape"];
/// Objects inside of metadata that are looked into.
pub(crate) const METADATA_DEPTH: usize = 3;

/// The document as far as it is read.
///
/// # Errors
/// Its text is no JSON, or what is kept takes more than [`MAX_JSON_MEMORY`].
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MAX_JSON_MEMORY);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Kept { of: Part::Item, left: &left }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Where in a document a value stands.
#[derive(Clone, Copy)]
enum Part {
    /// Items, references, effects.
    Item,
    /// References by their keys.
    References,
    Time,
    /// Metadata, so many objects below its first.
    Metadata(usize),
}

impl Part {
    /// What a field of a part is; `None` where it is not read.
    fn field(self, key: &str) -> Option<Self> {
        match self {
            Self::References => Some(Self::Item),
            Self::Time => TIMES.contains(&key).then_some(Self::Time),
            Self::Item if !FIELDS.contains(&key) => None,
            Self::Item if key == "metadata" => Some(Self::Metadata(0)),
            Self::Item if key == "media_references" => Some(Self::References),
            Self::Item if RANGES.contains(&key) => Some(Self::Time),
            Self::Item => Some(Self::Item),
            Self::Metadata(depth) => (depth < METADATA_DEPTH || names(key)).then_some(Self::Metadata(depth + 1)),
        }
    }

    /// Whether a value of this field of a part is of use.
    fn keeps(self, key: &str, value: &Value) -> bool {
        !matches!(self, Self::Metadata(_)) || (value.is_string() && names(key)) || value.is_object()
    }
}

/// Whether a field of metadata names a medium or a reel.
fn names(key: &str) -> bool {
    IDENTITIES.iter().chain(REELS).any(|known| known.eq_ignore_ascii_case(key))
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Kept<'a> {
    of: Part,
    /// Bytes of memory that may still be taken.
    left: &'a Cell<usize>,
}

impl Kept<'_> {
    fn spend<E: Error>(self, bytes: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(bytes);
        let too_much = || E::custom(format!("what takes more than {MAX_JSON_MEMORY} bytes of memory is not read"));
        self.left.set(left.ok_or_else(too_much)?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Kept<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.spend(size_of::<Value>())?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kept<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.spend(value.len() + 16)?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        if matches!(self.of, Part::Metadata(_)) {
            while from.next_element::<IgnoredAny>()?.is_some() {}
        }
        while let Some(item) = from.next_element_seed(self)? {
            items.push(item);
        }
        // A list of few is kept as long as it is.
        items.shrink_to_fit();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields: Vec<(String, Value)> = Vec::new();
        while let Some(key) = from.next_key::<String>()? {
            let Some(of) = self.of.field(&key) else {
                from.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = from.next_value_seed(Kept { of, ..self })?;
            if self.of.keeps(&key, &value) {
                // An entry holds a hash, the key and the value, and is found by a second table.
                self.spend(key.len() + 80)?;
                fields.push((key, value));
            }
        }
        if fields.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        self.spend(64)?;
        let mut object = Map::with_capacity(fields.len());
        object.extend(fields);
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_played_and_what_names_it_is_kept() {
        let text = r#"{"OTIO_SCHEMA":"Clip.2","markers":[1,{"a":2}],"name":"a","metadata":{"AAF":{"MobID":"urn:x",
            "list":["uuid",{"uuid":"y"}],"Tape":"A1","other":"z","n":1}},"source_range":{"OTIO_SCHEMA":"TimeRange.1",
            "start_time":{"rate":24,"value":1.5}},"media_references":{"proxy":{"target_url":"b.mov","x":"y"}}}"#;
        let kept = json!({"OTIO_SCHEMA": "Clip.2", "name": "a", "metadata": {"AAF": {"MobID": "urn:x", "Tape": "A1"}},
            "source_range": {"start_time": {"rate": 24, "value": 1.5}},
            "media_references": {"proxy": {"target_url": "b.mov"}}});
        assert_eq!(parse(text).unwrap(), kept);
        assert!(parse("{} {}").is_err() && parse("{").is_err());
    }

    #[test]
    fn memory_is_bounded_and_what_is_passed_over_takes_none() {
        let many = |item: &str| format!("{{\"children\":[{}0]}}", format!("{item},").repeat(5_000_000));
        assert!(parse(&many("{}")).unwrap_err().to_string().contains("bytes of memory"));
        let wide = format!("{{\"metadata\":{{\"list\":[{}0]}},\"name\":\"a\"}}", "{},".repeat(1_000_000));
        assert_eq!(parse(&wide).unwrap(), json!({"name": "a", "metadata": {}}));
    }
}
