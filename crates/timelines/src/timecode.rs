//! SMPTE ST 12-1 timecode: frames as hours, minutes, seconds and frames, with and without dropped numbers.

use crate::rate::Rate;
use std::fmt;

/// A position in frames that is written as timecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timecode {
    /// Frames since 00:00:00:00, counting every real frame.
    pub frames: i64,
    /// Frames per second.
    pub rate: Rate,
    /// Drop-frame counting: the numbers 0 and 1 (0 to 3 at 59.94) of a minute are left out but in every tenth.
    pub drop: bool,
}

impl Timecode {
    /// Reads `HH:MM:SS:FF`; `;`, `,` or `.` before the frames says drop-frame at rates that know it.
    pub fn parse(text: &str, rate: Rate, drop: bool) -> Option<Self> {
        let Fields { parts: [hours, minutes, seconds, frames], marked } = split(text)?;
        let nominal = i64::from(rate.nominal());
        let drop = (drop || marked) && dropped_numbers(rate) > 0;
        let total_minutes = hours * 60 + minutes;
        let mut count = (total_minutes * 60 + seconds) * nominal + frames;
        if drop {
            count -= dropped_numbers(rate) * (total_minutes - total_minutes / 10);
        }
        Some(Self { frames: count, rate, drop })
    }
}

/// The four numbers of a timecode as written, and whether its last separator marks drop-frame counting.
pub(crate) struct Fields {
    pub(crate) parts: [i64; 4],
    pub(crate) marked: bool,
}

/// Splits a timecode into its numbers; none when it is not one.
pub(crate) fn split(text: &str) -> Option<Fields> {
    let text = text.trim();
    if text.len() > 16 {
        return None;
    }
    let mut parts = [0_i64; 4];
    let mut marked = false;
    let mut index = 0;
    let mut digits = 0;
    for character in text.chars() {
        match character {
            '0'..='9' => {
                let slot = parts.get_mut(index)?;
                *slot = *slot * 10 + i64::from(character as u32 - '0' as u32);
                digits += 1;
            }
            ':' | ';' | ',' | '.' if digits > 0 && index < 3 => {
                marked = index == 2 && character != ':';
                index += 1;
                digits = 0;
            }
            _ => return None,
        }
        if digits > 3 {
            return None;
        }
    }
    let [_, minutes, seconds, _] = parts;
    (index == 3 && digits > 0 && minutes < 60 && seconds < 60).then_some(Fields { parts, marked })
}

/// How many numbers are left out in a minute: two at 29.97, four at 59.94, eight at 119.88, none elsewhere.
fn dropped_numbers(rate: Rate) -> i64 {
    if rate.denominator != 1001 || !rate.nominal().is_multiple_of(30) { 0 } else { i64::from(rate.nominal() / 30) * 2 }
}

impl fmt::Display for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nominal = i64::from(self.rate.nominal());
        let sign = if self.frames < 0 { "-" } else { "" };
        let mut number = self.frames.saturating_abs();
        let dropped = dropped_numbers(self.rate);
        let drop = self.drop && dropped > 0;
        if drop {
            let minute = nominal * 60 - dropped;
            let ten_minutes = minute * 10 + dropped;
            let (tens, rest) = (number / ten_minutes, number % ten_minutes);
            let minutes_inside = if rest < nominal * 60 { 0 } else { 1 + (rest - nominal * 60) / minute };
            number = number.saturating_add(dropped * (tens.saturating_mul(9) + minutes_inside));
        }
        let (seconds, frames) = (number / nominal, number % nominal);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        // A thousand a second are no frames: sound alone is counted so.
        let separator = if drop {
            ';'
        } else if nominal == 1000 {
            '.'
        } else {
            ':'
        };
        let width = if nominal > 100 { 3 } else { 2 };
        write!(f, "{sign}{hours:02}:{minutes:02}:{seconds:02}{separator}{frames:0width$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ntsc(nominal: u32) -> Rate {
        Rate::from_timebase(nominal, true).unwrap()
    }

    #[test]
    fn drop_frame_numbers_follow_st_12() {
        for (text, frames) in [
            ("00:00:59;29", 1799),
            ("00:01:00;02", 1800),
            ("00:09:59;29", 17981),
            ("00:10:00;00", 17982),
            ("01:00:00;00", 107_892),
            ("23:59:59;29", 2_589_407),
        ] {
            let timecode = Timecode::parse(text, ntsc(30), false).unwrap();
            assert_eq!(timecode.frames, frames, "{text}");
            assert!(timecode.drop);
            assert_eq!(timecode.to_string(), text);
        }
        assert_eq!(Timecode::parse("00:01:00;04", ntsc(60), true).unwrap().frames, 3600);
    }

    #[test]
    fn every_frame_of_a_day_has_one_number() {
        for nominal in [30, 60] {
            let frames_of_a_day = Timecode::parse("24:00:00;00", ntsc(nominal), true).unwrap().frames;
            for frames in (0..frames_of_a_day).step_by(97).chain(0..40_000) {
                let timecode = Timecode { frames, rate: ntsc(nominal), drop: true };
                let again = Timecode::parse(&timecode.to_string(), ntsc(nominal), true).unwrap();
                assert_eq!(again.frames, frames);
            }
        }
    }

    #[test]
    fn non_drop_counts_plainly_and_drop_marks_mean_nothing_at_24() {
        assert_eq!(Timecode::parse("01:00:00:00", Rate::FILM, false).unwrap().frames, 86400);
        assert_eq!(Timecode::parse("01:00:00;00", Rate::FILM, false).unwrap().frames, 86400);
        assert_eq!(Timecode { frames: 86399, rate: Rate::FILM, drop: false }.to_string(), "00:59:59:23");
        assert_eq!(Timecode { frames: -1, rate: Rate::FILM, drop: false }.to_string(), "-00:00:00:01");
        let _ = Timecode { frames: i64::MIN, rate: ntsc(30), drop: true }.to_string();
    }

    #[test]
    fn what_is_no_timecode_is_refused() {
        for text in ["", "1:2:3", "01:00:00:00:00", "aa:bb:cc:dd", "01:60:00:00", "01:00:00:", "9999:00:00:00"] {
            assert_eq!(Timecode::parse(text, Rate::FILM, false), None, "{text}");
        }
    }
}
