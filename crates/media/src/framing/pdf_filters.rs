//! Filters of PDF streams (ISO 32000-2, section 7.4) that need no library: ASCII base-85, hexadecimal digits, run
//! lengths, LZW.

use countersign_model::limits;

/// ASCII base-85 (section 7.4.3): five digits for four bytes, `z` for four zeros, `~>` at the end.
#[must_use]
pub fn ascii85(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 5 * 4);
    let mut group = Vec::with_capacity(5);
    let digits = bytes.strip_prefix(b"<~").unwrap_or(bytes);
    for byte in digits.iter().take_while(|b| **b != b'~') {
        match byte {
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => group.push(*byte - b'!'),
            _ => {}
        }
        if group.len() == 5 {
            out.extend(word(&group));
            group.clear();
        }
    }
    if group.len() > 1 {
        let kept = group.len() - 1;
        group.resize(5, 84);
        out.extend(word(&group).iter().take(kept));
    }
    out
}

/// Hexadecimal digits (section 7.4.2), `>` at the end.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digits = bytes.iter().take_while(|b| **b != b'>').filter_map(|b| (*b as char).to_digit(16));
    let digits: Vec<u8> = digits.map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

fn word(group: &[u8]) -> [u8; 4] {
    group.iter().fold(0_u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(u32::from(*digit))).to_be_bytes()
}

/// Run lengths (section 7.4.5): 0 to 127 bytes more as they are, 129 to 255 for repeats, 128 at the end.
#[must_use]
pub fn run_lengths(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let [length, tail @ ..] = rest {
        let length = usize::from(*length);
        match (length, tail.first()) {
            (0..=127, _) => {
                let run = tail.get(..length + 1).unwrap_or(tail);
                out.extend_from_slice(run);
                rest = tail.get(run.len()..).unwrap_or_default();
            }
            (129.., Some(byte)) => {
                out.resize(out.len() + 257 - length, *byte);
                rest = tail.get(1..).unwrap_or_default();
            }
            _ => break,
        }
        if out.len() > limits::STORE {
            break;
        }
    }
    out
}

const CLEAR: usize = 256;
const END: usize = 257;
/// The longest table: codes have twelve bits.
const TABLE: usize = 4096;

/// LZW (section 7.4.4): codes of nine to twelve bits, which grow one entry early where `early` says so.
#[must_use]
pub fn lzw(bytes: &[u8], early: bool) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a stretch of what was written: where it starts, how long it is.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let (mut bits, mut held, mut width) = (0_u32, 0_u32, 9_u32);
    let mut before: Option<(usize, usize)> = None;
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held & ((1 << width) - 1)) as usize;
        let start = out.len();
        match code {
            CLEAR => {
                table.clear();
                (width, before) = (9, None);
                continue;
            }
            END => break,
            0..=255 => out.push(code as u8),
            _ => {
                // The entry that is being made is what was before, and its first byte once more.
                let (from, len) = match (table.get(code - END - 1), before) {
                    (Some(known), _) => *known,
                    (None, Some((from, len))) if code - END - 1 == table.len() => (from, len + 1),
                    _ => break,
                };
                for at in from..from + len {
                    let Some(byte) = out.get(at).copied() else { return out };
                    out.push(byte);
                }
            }
        }
        if let Some((from, len)) = before.filter(|_| table.len() + END + 1 < TABLE) {
            table.push((from, len + 1));
        }
        before = Some((start, out.len() - start));
        let next = table.len() + END + 1 + usize::from(early);
        width = match next {
            ..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
        if out.len() > limits::STORE {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_from_each_filter() {
        assert_eq!(ascii85(b"<~87cURD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(ascii85(b"z87cUR\nDZ~>junk"), b"\0\0\0\0Hello");
        assert_eq!(run_lengths(&[2, b'a', b'b', b'c', 254, b'x', 128, 9]), b"abcxxx");
        // The example of section 7.4.4.2.
        assert_eq!(lzw(&[0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01], true), b"-----A---B");
    }

    #[test]
    fn damage_ends_quietly() {
        for len in 0..64_u8 {
            let bytes: Vec<u8> = (0..len).map(|n| n.wrapping_mul(37) ^ 0xC5).collect();
            let _ = (ascii85(&bytes), run_lengths(&bytes), lzw(&bytes, true), lzw(&bytes, false));
        }
    }
}
