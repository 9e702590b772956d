//! Exact frame and sample rates.

use std::fmt;

/// A rate in units per second as an exact fraction: 24/1, 30000/1001, 48000/1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Units…
    pub numerator: u32,
    /// …per this many seconds; never zero.
    pub denominator: u32,
}

impl Rate {
    /// 24 frames per second, what an EDL without any hint is counted in.
    pub const FILM: Rate = Rate { numerator: 24, denominator: 1 };

    /// The fraction in its lowest terms; none when a part is zero.
    pub fn new(numerator: u32, denominator: u32) -> Option<Self> {
        if numerator == 0 || denominator == 0 {
            return None;
        }
        let divisor = greatest_common_divisor(u64::from(numerator), u64::from(denominator)).max(1) as u32;
        Some(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// The rate that an editor's decimal means: 23.976 is 24000/1001, 29.97 is 30000/1001.
    pub fn from_decimal(value: f64) -> Option<Self> {
        if !value.is_finite() || !(0.001..=100_000_000.0).contains(&value) {
            return None;
        }
        let nominal = value.round();
        if (value - nominal).abs() < 1e-6 {
            return Self::new(nominal as u32, 1);
        }
        let pulled_down = (value * 1.001).round();
        if pulled_down >= 1.0 && (value - pulled_down * 1000.0 / 1001.0).abs() < 0.006 && pulled_down <= 4_000_000.0 {
            return Self::new(pulled_down as u32 * 1000, 1001);
        }
        if value < 4_000_000.0 {
            Self::new((value * 1000.0).round() as u32, 1000)
        } else {
            Self::new(nominal as u32, 1)
        }
    }

    /// The rate of a timebase with the flag of NTSC pull-down, as FCP7 XML states it.
    pub fn from_timebase(timebase: u32, ntsc: bool) -> Option<Self> {
        if ntsc { Self::new(timebase.checked_mul(1000)?, 1001) } else { Self::new(timebase, 1) }
    }

    /// The frames a timecode counts in a second: 30 for 29.97.
    pub fn nominal(self) -> u32 {
        let rounded = (u64::from(self.numerator) + u64::from(self.denominator) / 2) / u64::from(self.denominator);
        (rounded as u32).max(1)
    }

    /// Whether it may be one of pictures, so that timecode counts it: above 400 a second it is one of sound.
    pub fn is_of_pictures(self) -> bool {
        self.nominal() <= 400
    }

    /// The rate as a decimal number.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// Units of this rate as units of another, rounded to the nearest.
    pub fn convert(self, units: i64, to: Rate) -> i64 {
        if self == to {
            return units;
        }
        let numerator = i128::from(units) * i128::from(to.numerator) * i128::from(self.denominator);
        let denominator = i128::from(to.denominator) * i128::from(self.numerator);
        round_div(numerator, denominator)
    }

    /// A fraction of seconds in units of this rate, rounded to the nearest.
    pub fn units_of_seconds(self, numerator: i64, denominator: i64) -> i64 {
        let top = i128::from(numerator) * i128::from(self.numerator);
        round_div(top, i128::from(denominator) * i128::from(self.denominator))
    }
}

/// A quotient rounded to the nearest whole, held inside 64 bits; a zero divisor gives zero.
pub(crate) fn round_div(numerator: i128, denominator: i128) -> i64 {
    if denominator == 0 {
        return 0;
    }
    let (numerator, denominator) = if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
    let half = denominator / 2;
    let quotient = (numerator + half).div_euclid(denominator);
    i64::try_from(quotient).unwrap_or(if quotient < 0 { i64::MIN } else { i64::MAX })
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_editors_become_exact_fractions() {
        for (decimal, numerator, denominator) in [
            (23.976, 24000, 1001),
            (23.98, 24000, 1001),
            (29.97, 30000, 1001),
            (59.94, 60000, 1001),
            (47.952, 48000, 1001),
            (25.0, 25, 1),
            (48000.0, 48000, 1),
            (12.5, 25, 2),
        ] {
            let rate = Rate::from_decimal(decimal).unwrap();
            assert_eq!((rate.numerator, rate.denominator), (numerator, denominator), "{decimal}");
        }
        assert_eq!(Rate::from_decimal(f64::NAN), None);
        assert_eq!(Rate::from_decimal(0.0), None);
    }

    #[test]
    fn converting_rounds_to_the_nearest_and_never_overflows() {
        let ntsc = Rate::new(30000, 1001).unwrap();
        assert_eq!(ntsc.convert(30000, Rate::new(1, 1).unwrap()), 1001);
        assert_eq!(Rate::FILM.convert(-1, Rate::new(48, 1).unwrap()), -2);
        assert_eq!(Rate::FILM.convert(i64::MAX, Rate::new(u32::MAX, 1).unwrap()), i64::MAX);
        assert_eq!(Rate::new(30, 1).unwrap().units_of_seconds(15700, 3000), 157);
    }
}
