//! Action Message Format 0 (Adobe, 2007): the values of Flash script tags as flat keys and texts.

use countersign_model::limits;

/// The longest flattened key.
const KEY: usize = 1024;

/// One flattened value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Property names joined by dots; array elements by their index.
    pub key: String,
    /// The value as text: numbers, booleans and dates as people write them.
    pub value: String,
    /// Offset in the blob of the value's marker.
    pub offset: usize,
}

/// Why a value could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The blob ends before the value does.
    Cut,
    /// More values or deeper ones than are read.
    Limit,
    /// A marker that is not AMF0's, or one without a length.
    Unknown(u8),
}

/// Reads one script tag: the event's name and all values after it, flattened.
///
/// What was read before `Stop` is in `out`.
///
/// # Errors
/// Where and why the reading stopped before the end.
pub fn read(bytes: &[u8], out: &mut Vec<Field>) -> Result<String, Stop> {
    let mut reader = Reader { bytes, at: 0, out };
    if reader.byte()? != 2 {
        return Err(Stop::Unknown(bytes.first().copied().unwrap_or_default()));
    }
    let name = reader.text(2)?;
    while reader.at < bytes.len() {
        reader.value("", 0)?;
    }
    Ok(name)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    out: &'a mut Vec<Field>,
}

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8], Stop> {
        let end = self.at.checked_add(len).ok_or(Stop::Cut)?;
        let bytes = self.bytes.get(self.at..end).ok_or(Stop::Cut)?;
        self.at = end;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        self.take(1).map(|b| b[0])
    }

    fn number(&mut self, size: usize) -> Result<usize, Stop> {
        Ok(self.take(size)?.iter().fold(0, |n, b| (n << 8) | usize::from(*b)))
    }

    fn double(&mut self) -> Result<f64, Stop> {
        let bytes = self.take(8)?;
        Ok(bytes.try_into().map_or(0.0, f64::from_be_bytes))
    }

    /// Text behind a length of this many bytes.
    fn text(&mut self, size: usize) -> Result<String, Stop> {
        let len = self.number(size)?;
        Ok(String::from_utf8_lossy(self.take(len)?).into_owned())
    }

    fn say(&mut self, key: &str, value: String, offset: usize) -> Result<(), Stop> {
        if self.out.len() >= limits::TAGS {
            return Err(Stop::Limit);
        }
        self.out.push(Field { key: key.to_owned(), value, offset });
        Ok(())
    }

    fn value(&mut self, key: &str, depth: usize) -> Result<(), Stop> {
        if depth > limits::DEPTH || key.len() > KEY {
            return Err(Stop::Limit);
        }
        let offset = self.at;
        match self.byte()? {
            0 => {
                let value = self.double()?.to_string();
                self.say(key, value, offset)
            }
            1 => {
                let value = self.byte()? != 0;
                self.say(key, value.to_string(), offset)
            }
            2 => {
                let value = self.text(2)?;
                self.say(key, value, offset)
            }
            3 => self.properties(key, depth),
            // Null, undefined, unsupported.
            5 | 6 | 13 => Ok(()),
            7 => self.number(2).map(|_| ()),
            8 => {
                self.number(4)?;
                self.properties(key, depth)
            }
            // An end marker without an object.
            9 => Ok(()),
            10 => {
                for index in 0..self.number(4)? {
                    self.value(&join(key, &index.to_string()), depth + 1)?;
                }
                Ok(())
            }
            11 => {
                let value = self.double()?.to_string();
                self.number(2)?;
                self.say(key, value, offset)
            }
            12 | 15 => {
                let value = self.text(4)?;
                self.say(key, value, offset)
            }
            16 => {
                self.text(2)?;
                self.properties(key, depth)
            }
            marker => Err(Stop::Unknown(marker)),
        }
    }

    /// Name and value pairs up to an empty name with the end marker.
    fn properties(&mut self, key: &str, depth: usize) -> Result<(), Stop> {
        while self.at < self.bytes.len() {
            let name = self.text(2)?;
            if name.is_empty() && self.bytes.get(self.at).is_none_or(|b| *b == 9) {
                self.at += 1;
                return Ok(());
            }
            self.value(&join(key, &name), depth + 1)?;
        }
        // Some writers leave the end marker out.
        Ok(())
    }
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Vec<u8> {
        [&(s.len() as u16).to_be_bytes()[..], s.as_bytes()].concat()
    }

    fn sample() -> Vec<u8> {
        let inner = [b"\x03".to_vec(), text("a"), b"\x02".to_vec(), text("x"), b"\0\0\x09".to_vec()].concat();
        let list = [b"\x0a\0\0\0\x01\x00".to_vec(), 2.5f64.to_be_bytes().to_vec()].concat();
        let parts = [
            b"\x02".to_vec(),
            text("onMetaData"),
            b"\x08\0\0\0\x03".to_vec(),
            text("AIGC"),
            b"\x0c\0\0\0\x02{}".to_vec(),
            text("o"),
            inner,
            text("l"),
            list,
            b"\0\0\x09".to_vec(),
        ];
        parts.concat()
    }

    #[test]
    fn nested_values_are_flattened() {
        let mut out = Vec::new();
        assert_eq!(read(&sample(), &mut out).as_deref(), Ok("onMetaData"));
        let seen: Vec<_> = out.iter().map(|f| (f.key.as_str(), f.value.as_str())).collect();
        assert_eq!(seen, [("AIGC", "{}"), ("o.a", "x"), ("l.0", "2.5")]);
    }

    #[test]
    fn damage_is_told_and_bounded() {
        let bytes = sample();
        for len in 0..bytes.len() - 3 {
            let mut out = Vec::new();
            let done = read(&bytes[..len], &mut out);
            assert!(done.is_err() || out.len() < 3, "{len}");
        }
        let deep = [b"\x02\0\x01n".to_vec(), b"\x03\0\x01k".repeat(1000)].concat();
        assert_eq!(read(&deep, &mut Vec::new()), Err(Stop::Limit));
        let many = [b"\x02\0\x01n\x0a\xff\xff\xff\xff".to_vec(), vec![5; 100]].concat();
        assert_eq!(read(&many, &mut Vec::new()), Err(Stop::Cut));
    }
}
