//! EXIF numbers as text, readable and short (EXIF 3.1 section 4.6.2, TIFF 6.0 section 2).
//!
//! Most tags of a photograph are a few small numbers: those are put together digit by digit, on the stack. All others go
//! the general way, which says the same of every number and takes several times as long.

use std::fmt::Write as _;

use countersign_model::{CompactString, ToCompactString};

use crate::framing::tiff_ifd::{Entry, Header, size_of};

/// Characters that most numbers take, with the blank behind them.
const DIGITS: usize = 8;
/// Numbers of an array that are written out.
pub(super) const SHOWN: usize = 16;
/// Exposure times below a second stay fractions.
const EXPOSURE_TIME: u16 = 0x829A;

/// The numbers of an entry, at most [`SHOWN`].
pub(super) fn numbers(entry: &Entry, bytes: &[u8], header: Header) -> CompactString {
    single(entry, bytes, header)
        .or_else(|| quick(entry, bytes, header))
        .unwrap_or_else(|| in_general(entry, bytes, header))
}

/// A whole number that stands alone, as most do.
fn single(entry: &Entry, bytes: &[u8], header: Header) -> Option<CompactString> {
    let whole = matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18);
    let alone = whole && entry.count <= 1 && bytes.len() as u64 == size_of(entry.kind);
    alone.then(|| header.number(bytes).to_compact_string())
}

/// Bytes of the longest [`Line`]: as many numbers as are written out, and how many there are.
const ROOM: usize = 384;

/// Text that is put together on the stack.
struct Line {
    bytes: [u8; ROOM],
    len: usize,
}

impl Line {
    /// Adds a character; what has no room is missing at the end, and [`Line::text`] says so.
    fn push(&mut self, byte: u8) {
        if let Some(room) = self.bytes.get_mut(self.len) {
            *room = byte;
        }
        self.len += 1;
    }

    fn push_all(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.push(byte));
    }

    fn push_digits(&mut self, number: u64) {
        let digits = number.checked_ilog10().unwrap_or_default() as usize + 1;
        let (end, mut rest) = (self.len + digits, number);
        for at in (self.len..end).rev() {
            if let Some(room) = self.bytes.get_mut(at) {
                *room = b'0' + (rest % 10) as u8;
            }
            rest /= 10;
        }
        self.len = end;
    }

    fn push_integer(&mut self, number: i64) {
        if number < 0 {
            self.push(b'-');
        }
        self.push_digits(number.unsigned_abs());
    }

    fn text(&self) -> Option<CompactString> {
        std::str::from_utf8(self.bytes.get(..self.len)?).ok().map(CompactString::from)
    }
}

/// As [`in_general`]; `None` where a number is too large, or none.
fn quick(entry: &Entry, bytes: &[u8], header: Header) -> Option<CompactString> {
    let size = usize::try_from(size_of(entry.kind)).ok().filter(|size| *size > 0)?;
    let mut line = Line { bytes: [0; ROOM], len: 0 };
    let mut shown = 0;
    for raw in bytes.chunks_exact(size).take(SHOWN) {
        if shown > 0 {
            line.push(b' ');
        }
        add(entry, raw, header, &mut line)?;
        shown += 1;
    }
    if entry.count > shown {
        line.push_all(" … (");
        line.push_digits(entry.count);
        line.push_all(" values)");
    }
    line.text()
}

/// As [`push_number`].
fn add(entry: &Entry, raw: &[u8], header: Header, line: &mut Line) -> Option<()> {
    let unsigned = header.number(raw);
    let half = |from: usize| header.number(raw.get(from..from + 4).unwrap_or_default()) as u32;
    match entry.kind {
        6 => line.push_integer(i64::from(unsigned as u8 as i8)),
        8 => line.push_integer(i64::from(unsigned as u16 as i16)),
        9 => line.push_integer(i64::from(unsigned as u32 as i32)),
        17 => line.push_integer(unsigned as i64),
        11 => add_short(f64::from(f32::from_bits(unsigned as u32)), line)?,
        12 => add_short(f64::from_bits(unsigned), line)?,
        5 => add_ratio(entry.tag, (f64::from(half(0)), f64::from(half(4))), line)?,
        10 => add_ratio(entry.tag, (f64::from(half(0) as i32), f64::from(half(4) as i32)), line)?,
        _ => line.push_digits(unsigned),
    }
    Some(())
}

/// As [`push_ratio`].
fn add_ratio(tag: u16, (above, below): (f64, f64), line: &mut Line) -> Option<()> {
    if below == 0.0 {
        line.push_all(if above == 0.0 { "undef" } else { "inf" });
        return Some(());
    }
    let value = above / below;
    if tag == EXPOSURE_TIME && value > 0.0 && value < 0.5 {
        line.push_all("1/");
        return add_short((1.0 / value * 10.0).round() / 10.0, line);
    }
    add_short(value, line)
}

/// Below this the digits before and behind the point fit into one number.
const SMALL: f64 = 1e12;

/// As [`push_short`]: the same six decimals, found in whole numbers.
fn add_short(value: f64, line: &mut Line) -> Option<()> {
    if value.is_nan() || value.abs() >= SMALL {
        return None;
    }
    if value.is_sign_negative() {
        line.push(b'-');
    }
    let micros = millionths(value.abs());
    line.push_digits(micros / 1_000_000);
    let (mut rest, mut unit) = (micros % 1_000_000, 100_000);
    if rest > 0 {
        line.push(b'.');
    }
    while rest > 0 {
        line.push(b'0' + (rest / unit) as u8);
        (rest, unit) = (rest % unit, unit / 10);
    }
    Some(())
}

/// Millionths of a number that is neither negative nor as large as [`SMALL`], rounded to the nearest, of two as near to the
/// even one.
fn millionths(value: f64) -> u64 {
    let bits = value.to_bits();
    // A number is mantissa times two to the power of the exponent (IEEE 754), and the exponent is negative below 2^52.
    let (stored, exponent) = (bits & ((1 << 52) - 1), bits >> 52);
    let mantissa = if exponent == 0 { stored } else { stored | 1 << 52 };
    let scaled = u128::from(mantissa) * 1_000_000;
    let shift = 1_075_u64.saturating_sub(exponent.max(1));
    // The product has fewer than 74 bits.
    if shift >= 100 {
        return 0;
    }
    let (whole, rest) = ((scaled >> shift) as u64, scaled & ((1 << shift) - 1));
    let half = (1_u128 << shift) >> 1;
    whole + u64::from(rest > half || rest == half && whole % 2 == 1)
}

/// As [`numbers`], of any numbers.
fn in_general(entry: &Entry, bytes: &[u8], header: Header) -> CompactString {
    let size = size_of(entry.kind) as usize;
    if size == 0 {
        return CompactString::from(format!("<{} values of unknown type {}>", entry.count, entry.kind));
    }
    let mut out = CompactString::with_capacity(bytes.len().div_ceil(size).min(SHOWN) * DIGITS);
    let (mut shown, mut rest) = (0, bytes);
    while let Some((raw, behind)) = rest.split_at_checked(size).filter(|_| shown < SHOWN) {
        if shown > 0 {
            out.push(' ');
        }
        push_number(entry, raw, header, &mut out);
        (shown, rest) = (shown + 1, behind);
    }
    if entry.count > shown as u64 {
        let _ = write!(out, " … ({} values)", entry.count);
    }
    out
}

fn push_number(entry: &Entry, raw: &[u8], header: Header, out: &mut CompactString) {
    let unsigned = header.number(raw);
    let half = |from: usize| header.number(raw.get(from..from + 4).unwrap_or_default()) as u32;
    match entry.kind {
        6 => push_integer(i64::from(unsigned as u8 as i8), out),
        8 => push_integer(i64::from(unsigned as u16 as i16), out),
        9 => push_integer(i64::from(unsigned as u32 as i32), out),
        17 => push_integer(unsigned as i64, out),
        11 => push_short(f64::from(f32::from_bits(unsigned as u32)), out),
        12 => push_short(f64::from_bits(unsigned), out),
        5 => push_ratio(entry.tag, (f64::from(half(0)), f64::from(half(4))), out),
        10 => push_ratio(entry.tag, (f64::from(half(0) as i32), f64::from(half(4) as i32)), out),
        _ => push_digits(unsigned, out),
    }
}

fn push_integer(number: i64, out: &mut CompactString) {
    if number < 0 {
        out.push('-');
    }
    push_digits(number.unsigned_abs(), out);
}

/// A number in decimal digits: most values of EXIF are one, and the general way costs several times as much.
fn push_digits(mut number: u64, out: &mut CompactString) {
    let mut digits = [0; 20];
    let mut from = digits.len();
    while from > 0 {
        from -= 1;
        digits[from] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[from..]).unwrap_or_default());
}

/// A quotient; exposure times below a second stay fractions.
fn push_ratio(tag: u16, (above, below): (f64, f64), out: &mut CompactString) {
    if below == 0.0 {
        return out.push_str(if above == 0.0 { "undef" } else { "inf" });
    }
    let value = above / below;
    if tag == EXPOSURE_TIME && value > 0.0 && value < 0.5 {
        out.push_str("1/");
        return push_short((1.0 / value * 10.0).round() / 10.0, out);
    }
    push_short(value, out);
}

/// Below this every whole number is exactly itself.
const WHOLE: f64 = 9e15;

/// At most six decimals, no zeros at the end.
fn push_short(value: f64, out: &mut CompactString) {
    // Zero is left to the general way, which keeps its sign.
    if value.fract() == 0.0 && (1.0..WHOLE).contains(&value.abs()) {
        return push_integer(value as i64, out);
    }
    let start = out.len();
    let _ = write!(out, "{value:.6}");
    let text = out.get(start..).unwrap_or_default();
    if text.contains('.') {
        let kept = text.trim_end_matches('0').trim_end_matches('.').len();
        out.truncate(start + kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Header = Header { big_endian: false, wide: false, magic: 42, first: 8 };

    fn entry(kind: u16, count: u64) -> Entry {
        Entry { tag: EXPOSURE_TIME, kind, count, at: 0, len: count * size_of(kind) }
    }

    fn short(value: f64) -> CompactString {
        let mut out = CompactString::default();
        push_short(value, &mut out);
        out
    }

    /// Numbers that have no order, of which each is the next one's seed.
    fn next(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed ^ *seed >> 29
    }

    fn is_short(value: f64) {
        let mut line = Line { bytes: [0; ROOM], len: 0 };
        let said = add_short(value, &mut line).and_then(|()| line.text());
        assert!(value.abs() >= SMALL || value.is_nan() || said.is_some(), "{value}");
        assert!(said.is_none_or(|said| said == short(value)), "{value:?}");
    }

    #[test]
    fn quotients_are_rounded_as_in_general() {
        for value in [0.0, -0.0, 5e-7, 1.5e-6, 2.5e-6, 0.999_999_5, 0.999_999_4, 1e12, 999_999_999_999.999_9, f64::NAN]
        {
            is_short(value);
            is_short(-value);
        }
        // Halves of a millionth, and their neighbors.
        for power in 7..40 {
            for odd in (1..2_000_u64).step_by(2).chain([(1 << 50) + 1, (1 << 52) + 1]) {
                let value = odd as f64 / f64::from(power).exp2();
                [value.next_down(), value, value.next_up(), -value].into_iter().for_each(is_short);
            }
        }
        let mut seed = 1;
        for _ in 0..300_000 {
            let (above, below) = (next(&mut seed), next(&mut seed));
            is_short(f64::from(above as u32) / f64::from(below as u32));
            is_short(f64::from(above as u16) / f64::from(below as u16));
            is_short(
                f64::from((above % 5_000) as u32) / f64::from([10, 100, 1_000, 1_024, 1_000_000][below as usize % 5]),
            );
            is_short(f64::from_bits(above));
        }
    }

    /// The way of few numbers says what the general one says.
    #[test]
    fn numbers_are_the_same_both_ways() {
        let mut seed = 7;
        for _ in 0..60_000 {
            let kind = next(&mut seed) as u16 % 20;
            let (held, lost) = (next(&mut seed) % 20, next(&mut seed) % 3);
            let mut bytes: Vec<u8> = (0..held * size_of(kind)).map(|_| (next(&mut seed) >> 32) as u8).collect();
            if next(&mut seed).is_multiple_of(2) {
                // Small numbers, as most are.
                bytes.iter_mut().enumerate().filter(|(at, _)| at % 4 > 1).for_each(|(_, byte)| *byte = 0);
            }
            bytes.truncate(bytes.len().saturating_sub(lost as usize));
            let mut entry = entry(kind, held + lost);
            entry.tag = if next(&mut seed).is_multiple_of(2) { EXPOSURE_TIME } else { 0x011A };
            let header = Header { big_endian: next(&mut seed).is_multiple_of(2), ..LITTLE };
            assert_eq!(numbers(&entry, &bytes, header), in_general(&entry, &bytes, header), "{entry:?} {bytes:?}");
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(numbers(&entry(5, 1), &[1, 0, 0, 0, 250, 0, 0, 0], LITTLE), "1/250");
        assert_eq!(numbers(&entry(5, 1), &[1, 0, 0, 0, 0, 0, 0, 0], LITTLE), "inf");
        assert_eq!(numbers(&entry(8, 1), &[0xFF, 0xFF], LITTLE), "-1");
        assert_eq!(numbers(&entry(3, 40), &[1; 80], LITTLE).matches("257").count(), 16);
        assert_eq!(
            numbers(&entry(4, 3), &[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 10, 0, 0, 0], LITTLE),
            "4294967295 0 10"
        );
        assert_eq!(numbers(&entry(16, 1), &[0xFF; 8], LITTLE), u64::MAX.to_string());
        assert_eq!(numbers(&entry(17, 1), &i64::MIN.to_le_bytes(), LITTLE), i64::MIN.to_string());
        for value in [0.0, -0.0, 1.0, -7.0, 0.5, 1e15, -1e15, 1e17, f64::INFINITY, f64::NAN] {
            let plain = format!("{value:.6}");
            let plain = plain.strip_suffix(".000000").unwrap_or(plain.trim_end_matches('0'));
            assert_eq!(short(value), plain, "{value}");
        }
        assert_eq!(short(2.8), "2.8");
        assert_eq!(short(100.0), "100");
    }
}
