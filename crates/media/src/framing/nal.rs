//! NAL units of H.264 and H.265 (ITU-T H.264, 7.3.1 and annex B; H.265, 7.3.1 and annex B; ISO/IEC 14496-15 for units
//! behind lengths), and the SEI messages in them (7.3.2.3).

/// Units of one stretch that are looked at.
const UNITS: usize = 256;

/// The codec that units belong to: their headers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264: a header of one byte.
    Avc,
    /// H.265: a header of two bytes.
    Hevc,
}

/// The units of a byte stream, each behind a start code; what stands before the first is none.
#[must_use]
pub fn of_byte_stream(bytes: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = memchr::memmem::find_iter(bytes, b"\0\0\x01").take(UNITS).map(|at| at + 3).collect();
    let ends = starts.iter().skip(1).map(|next| next - 3).chain([bytes.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| bytes.get(*start..end)).filter(|unit| !unit.is_empty()).collect()
}

/// The units of a sample, each behind a length of `width` bytes; the last may be cut.
#[must_use]
pub fn of_sample(sample: &[u8], width: usize) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = sample;
    while let Some((length, body)) = rest.split_at_checked(width).filter(|_| out.len() < UNITS) {
        let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        let (unit, more) = body.split_at(length.min(body.len()));
        if unit.is_empty() {
            break;
        }
        out.push(unit);
        rest = more;
    }
    out
}

/// The messages of an SEI unit, without the bytes that keep start codes out of it; `None` for a unit of another kind.
#[must_use]
pub fn messages(codec: Codec, unit: &[u8]) -> Option<Vec<u8>> {
    let head = unit.first()?;
    let body = match codec {
        Codec::Avc if head & 0x1F == 6 => unit.get(1..)?,
        // Before the picture, and behind it.
        Codec::Hevc if matches!(head >> 1 & 0x3F, 39 | 40) => unit.get(2..)?,
        _ => return None,
    };
    let mut out: Vec<u8> = Vec::with_capacity(body.len());
    let mut zeros = 0;
    for byte in body {
        if *byte == 3 && zeros >= 2 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    Some(out)
}

/// The payloads of SEI messages: type and bytes; the last may be cut.
#[must_use]
pub fn payloads(messages: &[u8]) -> Vec<(usize, &[u8])> {
    let mut out = Vec::new();
    let mut rest = messages;
    while let Some((kind, after)) = number(rest).filter(|_| out.len() < UNITS) {
        let Some((size, after)) = number(after).filter(|(_, after)| !after.is_empty()) else { break };
        let (payload, more) = after.split_at(size.min(after.len()));
        out.push((kind, payload));
        rest = more;
    }
    out
}

/// Bytes of FF count 255 each, the first other one ends the number.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|b| **b == 0xFF).count();
    let last = bytes.get(full)?;
    Some((full.checked_mul(255)?.checked_add(usize::from(*last))?, bytes.get(full + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_in_both_forms() {
        assert_eq!(of_byte_stream(b"x\0\0\0\x01\x09\x10\0\0\x01\x06ab"), [&b"\x09\x10"[..], b"\x06ab"]);
        assert_eq!(of_sample(b"\0\x02ab\0\x09cut", 2), [&b"ab"[..], b"cut"]);
        assert!(of_sample(b"\0\0\0\0", 2).is_empty());
    }

    #[test]
    fn messages_follow_one_another() {
        let unit = [&[6, 4, 2, 7, 8, 5, 0xFF, 1][..], &[9; 256], &[0x80]].concat();
        let bytes = messages(Codec::Avc, &unit).unwrap();
        assert_eq!(payloads(&bytes), [(4, &[7, 8][..]), (5, &[9; 256][..])]);
        assert_eq!(messages(Codec::Avc, &[6, 0, 0, 3, 1, 0, 0, 3]), Some(vec![0, 0, 1, 0, 0]));
        assert_eq!(messages(Codec::Hevc, &[39 << 1, 1, 5]), Some(vec![5]));
        assert_eq!(messages(Codec::Avc, &[5, 1]), None);
        for end in 0..unit.len() {
            let _ = messages(Codec::Avc, &unit[..end]).map(|m| payloads(&m).len());
        }
    }
}
