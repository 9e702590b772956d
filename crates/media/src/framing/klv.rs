//! Key-length-value triplets (SMPTE ST 336): 16-byte keys, BER lengths, fill items, local sets.

use countersign_io::source::Source;
use countersign_model::Problem;

/// A universal label used as a key.
pub type Key = [u8; 16];

/// The bytes that every universal label starts with.
pub const PREFIX: [u8; 4] = [0x06, 0x0E, 0x2B, 0x34];
/// The longest header: the key and a nine-byte length.
pub const HEADER: usize = 25;

/// One triplet's header as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Klv {
    /// The universal label (SMPTE ST 298).
    pub key: Key,
    /// Offset of the key's first byte.
    pub start: u64,
    /// Offset of the value.
    pub value: u64,
    /// Length of the value in bytes.
    pub len: u64,
}

impl Klv {
    /// Offset behind the value.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.value.saturating_add(self.len)
    }

    /// Whether this is a fill item (section 8.1 of ST 377-1; the version byte varies).
    #[must_use]
    pub fn is_fill(&self) -> bool {
        self.key[..7] == [0x06, 0x0E, 0x2B, 0x34, 0x01, 0x01, 0x01] && self.key[8..11] == [0x03, 0x01, 0x02]
    }
}

/// The BER length at the start of `bytes` and how many bytes it takes; `None` for the indefinite form.
#[must_use]
pub fn ber(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((u64::from(first), 1));
    }
    let count = usize::from(first & 0x7F);
    if count == 0 || count > 8 {
        return None;
    }
    let len = bytes.get(1..=count)?.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    Some((len, count + 1))
}

/// The header at the start of `bytes`, which stand at `start`.
#[must_use]
pub fn header(bytes: &[u8], start: u64) -> Option<Klv> {
    let key: Key = bytes.get(..16)?.try_into().ok()?;
    if key[..4] != PREFIX {
        return None;
    }
    let (len, count) = ber(bytes.get(16..)?)?;
    Some(Klv { key, start, value: start.saturating_add(16 + count as u64), len })
}

/// The header at `start`, read alone.
///
/// # Errors
/// `truncated` where the source ends inside it, `malformed` where no universal label stands there.
pub fn read(source: &mut Source, start: u64) -> Result<Klv, Problem> {
    let bytes = source.read_uncached(start, HEADER)?;
    header(&bytes, start).ok_or_else(|| {
        let at = source.absolute(start);
        if bytes.len() < 17 {
            Problem::truncated("", at, "the file ends inside a key")
        } else {
            Problem::malformed("", at, "no universal label here")
        }
    })
}

/// One item of a local set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local<'a> {
    /// The item's local tag; the primer pack says which universal label it stands for.
    pub tag: u16,
    /// Offset of the value inside the set.
    pub offset: usize,
    /// The item's bytes.
    pub value: &'a [u8],
}

/// The items of a local set; `coding` is byte 6 of the set's key: 0x53 for two-byte lengths, 0x13 for BER ones.
///
/// The last item is `Err(offset)` where the structure breaks there.
#[must_use]
pub fn locals(body: &[u8], coding: u8) -> Vec<Result<Local<'_>, usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let Some(item) = local(body, at, coding) else {
            found.push(Err(at));
            break;
        };
        at = item.offset + item.value.len();
        found.push(Ok(item));
    }
    found
}

fn local(body: &[u8], at: usize, coding: u8) -> Option<Local<'_>> {
    let rest = body.get(at..)?;
    let tag = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
    let (len, count) = match coding {
        0x13 => ber(rest.get(2..)?)?,
        _ => (u64::from(u16::from_be_bytes(rest.get(2..4)?.try_into().ok()?)), 2),
    };
    let start = 2 + count;
    let end = start.checked_add(usize::try_from(len).ok()?)?;
    Some(Local { tag, offset: at + start, value: rest.get(start..end)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_long_or_refused() {
        assert_eq!(ber(&[5]), Some((5, 1)));
        assert_eq!(ber(&[0x83, 0, 1, 0]), Some((256, 4)));
        assert_eq!(ber(&[0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), Some((u64::MAX, 9)));
        assert_eq!(ber(&[0x80]), None);
        assert_eq!(ber(&[0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1]), None);
        assert_eq!(ber(&[0x82, 1]), None);
    }

    #[test]
    fn a_local_item_past_its_set_ends_the_set() {
        let body = [0x3C, 0x01, 0, 1, 9, 0x3C, 0x02, 0, 9, 1];
        let found = locals(&body, 0x53);
        assert_eq!(found, [Ok(Local { tag: 0x3C01, offset: 4, value: &[9] }), Err(5)]);
    }
}
