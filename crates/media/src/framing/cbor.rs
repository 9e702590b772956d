//! CBOR items (RFC 8949, section 3), decoded within bounds on depth and count.
//!
//! Byte strings are borrowed, never unfolded, so that a manifest cannot make us hold more than it is.

use std::borrow::Cow;

use countersign_model::limits;

/// One CBOR item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// A number of major type 0 or 1.
    Int(i128),
    /// A byte string (major type 2).
    Bytes(Cow<'a, [u8]>),
    /// A text string (major type 3).
    Text(Cow<'a, str>),
    /// Items in their order (major type 4).
    Array(Vec<Self>),
    /// Keys and values in the order of the bytes (major type 5); a key may stand there twice.
    Map(Vec<(Self, Self)>),
    /// A tag number and what it is of (major type 6).
    Tag(u64, Box<Self>),
    /// `false` or `true` (major type 7).
    Bool(bool),
    /// `null`, `undefined` and other simple values.
    Null,
    /// A number of half, single or double precision.
    Float(f64),
}

impl<'a> Item<'a> {
    /// The value under a text key, tags looked through.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Item<'a>> {
        match self.bare() {
            Item::Map(entries) => entries.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value under an integer key.
    #[must_use]
    pub fn get_int(&self, key: i128) -> Option<&Item<'a>> {
        match self.bare() {
            Item::Map(entries) => entries.iter().find(|(k, _)| *k == Item::Int(key)).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text, tags looked through; `None` for anything else.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.bare() {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The byte string, tags looked through; `None` for anything else.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self.bare() {
            Item::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements of an array; nothing for anything else.
    #[must_use]
    pub fn array(&self) -> &[Item<'a>] {
        match self.bare() {
            Item::Array(items) => items,
            _ => &[],
        }
    }

    /// The item inside any tags.
    #[must_use]
    pub fn bare(&self) -> &Item<'a> {
        let mut item = self;
        while let Item::Tag(_, inner) = item {
            item = inner;
        }
        item
    }

    /// The item as JSON; byte strings become their length in words.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        use serde_json::Value;
        match self.bare() {
            Item::Int(n) => i64::try_from(*n).map_or_else(|_| Value::String(n.to_string()), Value::from),
            Item::Bytes(bytes) => Value::String(format!("({} bytes)", bytes.len())),
            Item::Text(text) => Value::String(text.clone().into_owned()),
            Item::Array(items) => Value::Array(items.iter().map(Item::json).collect()),
            Item::Map(entries) => {
                let pairs = entries.iter().map(|(k, v)| {
                    let key = match k.json() {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    (key, v.json())
                });
                Value::Object(pairs.collect())
            }
            Item::Bool(b) => Value::Bool(*b),
            Item::Float(f) => Value::from(*f),
            Item::Null | Item::Tag(..) => Value::Null,
        }
    }
}

/// Decodes the first item of `bytes`.
///
/// # Errors
/// What is wrong, in words: the bytes end early, or a bound was reached.
pub fn decode(bytes: &[u8]) -> Result<Item<'_>, &'static str> {
    let mut reader = Reader { bytes, at: 0, items: 0 };
    reader.item(0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
}

const BREAK: u8 = 0xff;

impl<'a> Reader<'a> {
    fn item(&mut self, depth: usize) -> Result<Item<'a>, &'static str> {
        if depth > limits::DEPTH {
            return Err("CBOR nested too deep");
        }
        self.items += 1;
        if self.items > limits::ITEMS {
            return Err("too many CBOR items");
        }
        let first = self.byte()?;
        let (major, info) = (first >> 5, first & 0x1f);
        let open = info == 31;
        match major {
            0 => Ok(Item::Int(i128::from(self.argument(info)?))),
            1 => Ok(Item::Int(-1 - i128::from(self.argument(info)?))),
            2 if open => self.pieces(2).map(|b| Item::Bytes(Cow::Owned(b))),
            2 => self.string(info).map(|b| Item::Bytes(Cow::Borrowed(b))),
            3 if open => self.pieces(3).map(|b| Item::Text(Cow::Owned(String::from_utf8_lossy(&b).into_owned()))),
            3 => self.string(info).map(|b| Item::Text(String::from_utf8_lossy(b))),
            4 => {
                let count = if open { None } else { Some(self.argument(info)?) };
                let mut items = Vec::new();
                while self.more(count, items.len())? {
                    items.push(self.item(depth + 1)?);
                }
                Ok(Item::Array(items))
            }
            5 => {
                let count = if open { None } else { Some(self.argument(info)?) };
                let mut entries = Vec::new();
                while self.more(count, entries.len())? {
                    let key = self.item(depth + 1)?;
                    entries.push((key, self.item(depth + 1)?));
                }
                Ok(Item::Map(entries))
            }
            6 => {
                let tag = self.argument(info)?;
                Ok(Item::Tag(tag, Box::new(self.item(depth + 1)?)))
            }
            _ => self.simple(info),
        }
    }

    fn simple(&mut self, info: u8) -> Result<Item<'a>, &'static str> {
        match info {
            20 | 21 => Ok(Item::Bool(info == 21)),
            25 => Ok(Item::Float(half(self.argument(25)? as u16))),
            26 => Ok(Item::Float(f64::from(f32::from_bits(self.argument(26)? as u32)))),
            27 => Ok(Item::Float(f64::from_bits(self.argument(27)?))),
            24 => self.byte().map(|_| Item::Null),
            31 => Err("a CBOR break outside of anything open"),
            _ => Ok(Item::Null),
        }
    }

    /// Whether a list has another element; eats the break of an open one.
    fn more(&mut self, count: Option<u64>, have: usize) -> Result<bool, &'static str> {
        if let Some(count) = count {
            return Ok((have as u64) < count);
        }
        if self.bytes.get(self.at) == Some(&BREAK) {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    fn pieces(&mut self, major: u8) -> Result<Vec<u8>, &'static str> {
        let mut out = Vec::new();
        loop {
            let first = self.byte()?;
            if first == BREAK {
                return Ok(out);
            }
            if first >> 5 != major || first & 0x1f == 31 {
                return Err("a CBOR string made of other things");
            }
            out.extend_from_slice(self.string(first & 0x1f)?);
        }
    }

    fn string(&mut self, info: u8) -> Result<&'a [u8], &'static str> {
        let len = usize::try_from(self.argument(info)?).map_err(|_| "a CBOR string past the end")?;
        let end = self.at.checked_add(len).ok_or("a CBOR string past the end")?;
        let out = self.bytes.get(self.at..end).ok_or("a CBOR string past the end")?;
        self.at = end;
        Ok(out)
    }

    fn argument(&mut self, info: u8) -> Result<u64, &'static str> {
        let len = match info {
            0..=23 => return Ok(u64::from(info)),
            24..=27 => 1_usize << (info - 24),
            _ => return Err("a reserved CBOR length"),
        };
        let mut value = 0;
        for _ in 0..len {
            value = value << 8 | u64::from(self.byte()?);
        }
        Ok(value)
    }

    fn byte(&mut self) -> Result<u8, &'static str> {
        let byte = *self.bytes.get(self.at).ok_or("CBOR ends early")?;
        self.at += 1;
        Ok(byte)
    }
}

/// Half-precision float (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_standard_decode() {
        assert_eq!(decode(&[0x18, 0x64]), Ok(Item::Int(100)));
        assert_eq!(decode(&[0x38, 0x63]), Ok(Item::Int(-100)));
        assert_eq!(decode(&[0xf9, 0x3c, 0x00]), Ok(Item::Float(1.0)));
        assert_eq!(decode(b"\x7f\x65strea\x64ming\xff").unwrap().text(), Some("streaming"));
        let map = decode(b"\xbf\x61a\x01\x61b\x9f\x02\x03\xff\xff").unwrap();
        assert_eq!(map.json(), serde_json::json!({"a": 1, "b": [2, 3]}));
        assert_eq!(decode(b"\xd2\x84\x41\x01\xa0\xf6\x41\x02").unwrap().array().len(), 4);
    }

    #[test]
    fn lies_about_length_cost_nothing() {
        assert!(decode(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
        assert!(decode(b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
        assert!(decode(&[0x81; 10_000]).is_err());
        assert!(decode(&[0xc1; 10_000]).is_err());
    }
}
