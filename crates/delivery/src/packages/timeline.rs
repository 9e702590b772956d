//! Shared by IMF and DCP: edit units, and where they fall on a composition's time code (SMPTE ST 12-1 addresses).

/// Edit units a second, as numerator and denominator; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) u64, pub(crate) u64);

/// Frames a second above which a composition counts in milliseconds: it has sound only.
const PICTURE: f64 = 400.0;

impl Rate {
    /// `24000 1001`, `24 1`, `24`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split_whitespace();
        let (over, under) = (parts.next()?.parse().ok()?, parts.next().map_or(Some(1), |p| p.parse().ok())?);
        (over > 0 && under > 0 && parts.next().is_none()).then_some(Self(over, under))
    }

    fn hertz(self) -> f64 {
        self.0 as f64 / self.1 as f64
    }

    /// `units` of this rate in units of another.
    pub(crate) fn to(self, units: u64, other: Rate) -> f64 {
        units as f64 * (other.0 as f64 * self.1 as f64) / (other.1 as f64 * self.0 as f64)
    }
}

/// How a composition counts its frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    rate: Rate,
    /// Whole frames a second that addresses count.
    nominal: u64,
    drop: bool,
    start: u64,
}

impl Clock {
    /// A clock that starts at zero and counts the edit units of `rate`.
    pub(crate) fn new(rate: Rate) -> Self {
        let nominal = rate.hertz().round().clamp(1.0, 1e6) as u64;
        Self { rate, nominal, drop: false, start: 0 }
    }

    /// The composition's own start address, rate and drop-frame flag.
    pub(crate) fn with_start(mut self, address: &str, nominal: Option<u64>, drop: bool) -> Self {
        self.nominal = nominal.filter(|n| (1..=1000).contains(n)).unwrap_or(self.nominal);
        // Dropping frame numbers is defined for 30 and its multiples only.
        self.drop = drop && self.nominal.is_multiple_of(30);
        self.start = self.count(address).unwrap_or(0);
        self
    }

    fn dropped_a_minute(&self) -> u64 {
        if self.drop { self.nominal / 15 } else { 0 }
    }

    fn count(&self, address: &str) -> Option<u64> {
        let parts: Vec<u64> = address.split([':', ';', '.']).map(|p| p.parse().ok()).collect::<Option<_>>()?;
        let [hours, minutes, seconds, frames] = parts.as_slice() else { return None };
        if *hours > 99 || *minutes > 59 || *seconds > 59 || *frames > 1000 {
            return None;
        }
        let minutes = hours * 60 + minutes;
        let counted = (minutes * 60 + seconds) * self.nominal + frames;
        Some(counted - self.dropped_a_minute() * (minutes - minutes / 10).min(counted))
    }

    /// The address of the edit unit that lies `units` after the start.
    pub(crate) fn at(&self, units: f64) -> String {
        if self.rate.hertz() > PICTURE {
            let milliseconds = (units * 1000.0 / self.rate.hertz()) as u64;
            let seconds = milliseconds / 1000;
            return format!(
                "{:02}:{:02}:{:02}.{:03}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60,
                milliseconds % 1000
            );
        }
        // The addresses may count another rate than the edit units do (25 of 50).
        let frames = units * self.nominal as f64 / self.rate.hertz().round().max(1.0);
        let mut frames = self.start.saturating_add((frames + 1e-6) as u64);
        let dropped = self.dropped_a_minute();
        if dropped > 0 {
            let ten_minutes = self.nominal * 600 - dropped * 9;
            let minute = self.nominal * 60 - dropped;
            let (tens, rest) = (frames / ten_minutes, frames % ten_minutes);
            let ones = if rest < self.nominal * 60 { 0 } else { 1 + (rest - self.nominal * 60) / minute };
            frames = frames.saturating_add(dropped * (tens.saturating_mul(9).saturating_add(ones)));
        }
        let seconds = frames / self.nominal;
        let mark = if self.drop { ';' } else { ':' };
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        format!("{hours:02}:{minutes:02}:{:02}{mark}{:02}", seconds % 60, frames % self.nominal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_count_from_the_start() {
        let clock = Clock::new(Rate(24, 1));
        assert_eq!((clock.at(0.0), clock.at(25.0)), ("00:00:00:00".to_owned(), "00:00:01:01".to_owned()));
        let clock = Clock::new(Rate(24000, 1001)).with_start("01:00:00:00", Some(24), false);
        assert_eq!(clock.at(48.0), "01:00:02:00");
        let clock = Clock::new(Rate(50, 1)).with_start("10:00:00:00", Some(25), false);
        assert_eq!(clock.at(50.0), "10:00:01:00");
        assert_eq!(Clock::new(Rate(48000, 1)).at(72_000.0), "00:00:01.500");
    }

    #[test]
    fn drop_frame_addresses_skip_numbers() {
        let clock = Clock::new(Rate(30000, 1001)).with_start("00:00:00;00", Some(30), true);
        for (frames, address) in [
            (1799.0, "00:00:59;29"),
            (1800.0, "00:01:00;02"),
            (17981.0, "00:09:59;29"),
            (17982.0, "00:10:00;00"),
            (107_892.0, "01:00:00;00"),
        ] {
            assert_eq!(clock.at(frames), address);
        }
        let later = Clock::new(Rate(30000, 1001)).with_start("01:00:00;00", Some(30), true);
        assert_eq!(later.at(1800.0), "01:01:00;02");
    }

    #[test]
    fn rates_and_odd_addresses_do_no_harm() {
        assert_eq!(Rate::parse("24000 1001"), Some(Rate(24000, 1001)));
        assert_eq!((Rate::parse("24"), Rate::parse("0 1"), Rate::parse("24 0")), (Some(Rate(24, 1)), None, None));
        assert_eq!(Rate(48000, 1).to(96000, Rate(24, 1)), 48.0);
        let odd = Clock::new(Rate(u64::MAX, 1)).with_start("99:99", Some(0), true);
        assert!(!odd.at(f64::MAX).is_empty());
        let slow = Clock::new(Rate(1, u64::MAX)).with_start("99:59:59:99", Some(30), true);
        assert!(!slow.at(1e300).is_empty());
    }
}
