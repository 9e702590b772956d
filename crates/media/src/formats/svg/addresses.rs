//! `data:` addresses (RFC 2397) in attributes and style sheets: pictures that a document carries inside itself.
//!
//! A scheme is written in letters of any case, and programs drop line ends and tabs from addresses (WHATWG URL, section 4.4).

/// The longest media type with its parameters.
const TYPE: usize = 512;

/// What one address carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Carried {
    /// Media type in lower case, without parameters.
    pub(super) kind: String,
    /// The content; `None` where it should be Base64 and is not.
    pub(super) bytes: Option<Vec<u8>>,
}

/// Every `data:` address in a value. `list`: addresses end at white space (`srcset`).
pub(super) fn carried(value: &str, list: bool) -> Vec<Carried> {
    let bytes = value.as_bytes();
    if !memchr::memchr_iter(b':', bytes).any(|at| scheme(bytes, at).is_some()) {
        return Vec::new();
    }
    let plain: String = value.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let bytes = plain.as_bytes();
    let mut found = Vec::new();
    let mut after = 0;
    for at in memchr::memchr_iter(b':', bytes) {
        let Some(start) = scheme(bytes, at).filter(|start| *start >= after) else { continue };
        let rest = plain.get(at + 1..).unwrap_or_default();
        let before = plain.get(..start).unwrap_or_default().trim_start();
        let end = match before.as_bytes().last() {
            None if list => rest.find(char::is_whitespace),
            None => None,
            Some(quote @ (b'"' | b'\'')) => rest.find(char::from(*quote)),
            Some(b'(') => rest.find(')'),
            Some(_) => rest.find([' ', '>']),
        };
        let end = end.unwrap_or(rest.len());
        if let Some(one) = rest.get(..end).and_then(decode) {
            found.push(one);
            after = at + 1 + end;
        }
    }
    found
}

/// Where `data` starts before the colon at `at`, unless it is the end of a longer word.
fn scheme(bytes: &[u8], at: usize) -> Option<usize> {
    // Between the letters may stand what is dropped.
    let mut start = at;
    for letter in b"atad" {
        start = start.checked_sub(1)?;
        while matches!(bytes.get(start), Some(b'\t' | b'\n' | b'\r')) {
            start = start.checked_sub(1)?;
        }
        bytes.get(start).filter(|b| b.eq_ignore_ascii_case(letter))?;
    }
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    before.is_none_or(|b| !b.is_ascii_alphanumeric()).then_some(start)
}

fn decode(address: &str) -> Option<Carried> {
    let comma = address.bytes().take(TYPE).position(|b| b == b',')?;
    let (head, body) = (address.get(..comma)?.trim(), address.get(comma + 1..)?);
    let sound = |b: u8| b.is_ascii_alphanumeric() || b"/+.;=-_ \"'%*&#$!^~|:".contains(&b);
    let packed = head.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    // With the word for the coding it is no prose, whatever else is damaged.
    if !packed && !head.bytes().all(sound) {
        return None;
    }
    let kind = head.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let bytes = unescaped(body.as_bytes());
    let digits: Vec<u8> = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace() && *b != b'=').collect();
    let unpacked = data_encoding::BASE64_NOPAD.decode(&digits).ok();
    if packed {
        return Some(Carried { kind, bytes: unpacked });
    }
    // Pictures are no text: where only the word for the coding is damaged, it was Base64.
    let text = kind.is_empty() || kind.starts_with("text/") || kind.ends_with("xml");
    let bytes = unpacked.filter(|_| !text && digits.len() >= 16).unwrap_or(bytes);
    Some(Carried { kind, bytes: Some(bytes) })
}

/// `%41` is `A`.
fn unescaped(body: &[u8]) -> Vec<u8> {
    let digit = |at: usize| body.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(value: &str, list: bool) -> Vec<Vec<u8>> {
        carried(value, list).into_iter().filter_map(|c| c.bytes).collect()
    }

    #[test]
    fn addresses_are_found_however_they_are_written() {
        for value in [
            "data:image/png;base64,QUI=",
            " DATA:image/png;BASE64, Q U\nI",
            "da\nta:;base64,QUI",
            "data:text/plain,A%42",
            "fill:url(data:image/png;base64,QUI=) red",
            "background: url( 'Data:image/png;base64,QUI=' )",
            "<img src=data:image/png;base64,QUI=>",
        ] {
            assert_eq!(bytes(value, false), [b"AB".to_vec()], "{value}");
        }
        assert_eq!(bytes("data:;base64,QUI 1x, data:;base64,Q0Q= 2x", true), [b"AB", b"CD"]);
        assert_eq!(carried("data:image/png;base64,***", false)[0].bytes, None);
    }

    #[test]
    fn other_words_are_no_addresses() {
        for value in ["metadata:x,y", "data: see <table>, below", "data", "mydata:image/png;base64,QUI=", "a:b"] {
            assert_eq!(carried(value, false), [], "{value}");
        }
    }
}
