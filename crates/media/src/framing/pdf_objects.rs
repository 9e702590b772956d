//! PDF objects (ISO 32000-2 section 7.3): the parser for one object's bytes, and text strings (7.9.2).

use countersign_model::limits;

/// A PDF object; a stream is a dictionary whose bytes stand elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// A number with a fraction, whose value nobody here needs.
    Real,
    /// The bytes of a string, escapes resolved; not decrypted.
    Text(Vec<u8>),
    /// A name without its slash, `#` escapes resolved.
    Name(String),
    /// Objects in their order.
    Array(Vec<Object>),
    /// A dictionary, also that of a stream.
    Dict(Dict),
    /// Number of the object meant.
    Ref(u32),
}

/// A dictionary in file order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dict(pub Vec<(String, Object)>);

impl Dict {
    /// The value of `key`, where it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Object> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The name that `key` holds.
    #[must_use]
    pub fn name(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Object::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The integer that `key` holds.
    #[must_use]
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Object::Integer(n) => Some(*n),
            _ => None,
        }
    }
}

/// Reads objects one after the other; `None` where the bytes end or make no sense.
#[derive(Clone, Debug)]
pub struct Parser<'a> {
    /// What is parsed.
    pub bytes: &'a [u8],
    /// Offset in `bytes` of what comes next.
    pub at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

impl<'a> Parser<'a> {
    /// A parser at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes white space and comments.
    pub fn space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    /// Passes `word` where it comes next.
    pub fn word(&mut self, word: &str) -> bool {
        self.space();
        let here = self.bytes.get(self.at..).unwrap_or_default();
        let whole = here.starts_with(word.as_bytes()) && here.get(word.len()).is_none_or(|b| !is_regular(*b));
        self.at += if whole { word.len() } else { 0 };
        whole
    }

    fn token(&mut self) -> &'a [u8] {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// An unsigned integer.
    pub fn unsigned(&mut self) -> Option<u64> {
        self.space();
        let start = self.at;
        let number = std::str::from_utf8(self.token()).ok().and_then(|t| t.parse().ok());
        if number.is_none() {
            self.at = start;
        }
        number
    }

    /// The next object, at most [`limits::DEPTH`] levels deep.
    pub fn object(&mut self) -> Option<Object> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Option<Object> {
        if depth > limits::DEPTH * 2 {
            return None;
        }
        self.space();
        match self.peek()? {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal().map(Object::Text),
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.space();
                    if self.peek()? == b']' {
                        self.at += 1;
                        return Some(Object::Array(items));
                    }
                    items.push(self.nested(depth + 1)?);
                }
            }
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                self.dict(depth).map(Object::Dict)
            }
            b'<' => self.hex().map(Object::Text),
            _ => self.scalar(),
        }
    }

    fn dict(&mut self, depth: usize) -> Option<Dict> {
        let mut entries = Vec::new();
        loop {
            self.space();
            match self.peek()? {
                b'>' => {
                    self.at += 2;
                    return (self.at <= self.bytes.len()).then_some(Dict(entries));
                }
                b'/' => {
                    let key = self.name()?;
                    entries.push((key, self.nested(depth + 1)?));
                }
                _ => return None,
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        self.at += 1;
        let raw = self.token();
        let mut bytes = Vec::with_capacity(raw.len());
        let mut at = 0;
        while let Some(byte) = raw.get(at) {
            let code = raw.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
            match code.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| *byte == b'#') {
                Some(byte) => {
                    bytes.push(byte);
                    at += 3;
                }
                None => {
                    bytes.push(*byte);
                    at += 1;
                }
            }
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn literal(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let mut out = Vec::new();
        let mut open = 1usize;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Some(out);
                    }
                }
                b'\\' => {
                    self.escape(&mut out)?;
                    continue;
                }
                _ => {}
            }
            out.push(byte);
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                out.push(code as u8);
            }
            other => out.push(other),
        }
        Some(())
    }

    fn hex(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let mut digits = Vec::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'>' => break,
                _ if is_space(byte) => {}
                _ => digits.push((byte as char).to_digit(16)? as u8),
            }
        }
        Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect())
    }

    fn scalar(&mut self) -> Option<Object> {
        let token = std::str::from_utf8(self.token()).ok()?;
        match token {
            "true" => return Some(Object::Bool(true)),
            "false" => return Some(Object::Bool(false)),
            "null" => return Some(Object::Null),
            _ => {}
        }
        let Ok(number) = token.parse::<i64>() else {
            let real = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b));
            return real.then_some(Object::Real);
        };
        // `12 0 R` is a reference; anything else after the number belongs to the next object.
        let after = self.at;
        if self.unsigned().is_some() && self.word("R") {
            return u32::try_from(number).ok().map(Object::Ref);
        }
        self.at = after;
        Some(Object::Integer(number))
    }
}

/// PDFDocEncoding (annex D.3) where it differs from Latin-1.
const DOC_18: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
const DOC_80: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ',
    'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
];

/// A text string: UTF-16 or UTF-8 by its mark, UTF-8 where it can be nothing else, PDFDocEncoding otherwise.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    let marked = match bytes {
        [0xFE, 0xFF, rest @ ..] => Some(encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0),
        [0xFF, 0xFE, rest @ ..] => Some(encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0),
        [0xEF, 0xBB, 0xBF, rest @ ..] => Some(String::from_utf8_lossy(rest)),
        _ => None,
    };
    if let Some(text) = marked {
        return text.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let character = |b: &u8| match *b {
        b @ 0x18..=0x1F => DOC_18[usize::from(b - 0x18)],
        b @ 0x80..=0xA0 => DOC_80[usize::from(b - 0x80)],
        b => char::from(b),
    };
    bytes.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_every_kind() {
        let source = b"<< /A 1 /B [2 0 R (x\\)\\101(y)) <4142>] /C#20D true /E null /F -1.5 % note\n/G <</H /I>> >>";
        let Some(Object::Dict(dict)) = Parser::new(source).object() else { panic!() };
        assert_eq!(dict.integer("A"), Some(1));
        let items = vec![Object::Ref(2), Object::Text(b"x)A(y)".to_vec()), Object::Text(b"AB".to_vec())];
        assert_eq!(dict.get("B"), Some(&Object::Array(items)));
        assert_eq!(dict.get("C D"), Some(&Object::Bool(true)));
        assert_eq!(dict.get("F"), Some(&Object::Real));
        assert!(matches!(dict.get("G"), Some(Object::Dict(d)) if d.name("H") == Some("I")));
    }

    #[test]
    fn a_nesting_bomb_and_every_prefix_end_quietly() {
        assert_eq!(Parser::new(&b"[".repeat(100_000)).object(), None);
        assert_eq!(Parser::new(&b"<</A".repeat(100_000)).object(), None);
        let source = b"<< /A [1 0 R (x) <41>] /B true >>";
        for end in 0..source.len() {
            assert_eq!(Parser::new(&source[..end]).object(), None, "{end}");
        }
    }

    #[test]
    fn text_strings() {
        assert_eq!(text(b"\xFE\xFF\0A\x4E\x2D"), "A中");
        assert_eq!(text(b"\xEF\xBB\xBF\xC3\xA4"), "ä");
        assert_eq!(text(b"caf\xE9 \x80\xA0"), "café •€");
    }
}
