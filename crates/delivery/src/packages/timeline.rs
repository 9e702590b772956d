//! Shared by IMF and DCP: edit units, and where they fall on a composition's time code. Rates and addresses are those of
//! every other timeline (SMPTE ST 12-1, `countersign_timelines`).

use countersign_timelines::{Rate, Timecode};

/// Frames a second above which a composition counts in milliseconds: it has sound only.
const PICTURE: u32 = 400;

/// `24000 1001`, `24 1`, `24`.
pub(crate) fn rate(text: &str) -> Option<Rate> {
    let mut parts = text.split_whitespace().map(|part| part.parse().ok());
    let (over, under) = (parts.next()??, parts.next().unwrap_or(Some(1))?);
    if parts.next().is_some() { None } else { Rate::new(over, under) }
}

/// `count` units of one rate in units of another, with their fraction.
pub(crate) fn units(count: u64, of: Rate, to: Rate) -> f64 {
    let (over, under) = (u64::from(to.numerator), u64::from(to.denominator));
    let whole = over as f64 * f64::from(of.denominator);
    count as f64 * whole / (under as f64 * f64::from(of.numerator))
}

/// How a composition counts its frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    /// The edit units of the composition.
    rate: Rate,
    /// What addresses count: 25 frames where the edit units are 50.
    counted: Rate,
    drop: bool,
    start: i64,
}

impl Clock {
    /// A clock that starts at zero and counts the edit units of `rate`.
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, counted: rate, drop: false, start: 0 }
    }

    /// The composition's own start address, rate and drop-frame flag.
    pub(crate) fn with_start(mut self, address: &str, nominal: Option<u64>, drop: bool) -> Self {
        let nominal = nominal.and_then(|nominal| u32::try_from(nominal).ok()).filter(|n| (1..=1000).contains(n));
        let nominal = nominal.unwrap_or(self.rate.nominal());
        // Dropping frame numbers is defined for 29.97 and its multiples only.
        self.drop = drop && nominal.is_multiple_of(30);
        let pulled_down = self.drop || self.rate.denominator == 1001;
        self.counted = Rate::from_timebase(nominal, pulled_down).unwrap_or(self.rate);
        self.start = Timecode::parse(address, self.counted, self.drop).map_or(0, |start| start.frames);
        self
    }

    /// The address of the edit unit that lies `units` after the start.
    pub(crate) fn at(&self, units: f64) -> String {
        if self.rate.nominal() > PICTURE {
            let milliseconds = (units * 1000.0 / self.rate.as_f64()) as u64;
            let seconds = milliseconds / 1000;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            return format!("{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, milliseconds % 1000);
        }
        let frames = units * f64::from(self.counted.nominal()) / f64::from(self.rate.nominal());
        let frames = self.start.saturating_add((frames + 1e-6) as i64);
        Timecode { frames, rate: self.counted, drop: self.drop }.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(over: u32, under: u32) -> Rate {
        Rate::new(over, under).unwrap()
    }

    #[test]
    fn addresses_count_from_the_start() {
        let clock = Clock::new(Rate::FILM);
        assert_eq!((clock.at(0.0), clock.at(25.0)), ("00:00:00:00".to_owned(), "00:00:01:01".to_owned()));
        let clock = Clock::new(ratio(24000, 1001)).with_start("01:00:00:00", Some(24), false);
        assert_eq!(clock.at(48.0), "01:00:02:00");
        let clock = Clock::new(ratio(50, 1)).with_start("10:00:00:00", Some(25), false);
        assert_eq!(clock.at(50.0), "10:00:01:00");
        assert_eq!(Clock::new(ratio(48000, 1)).at(72_000.0), "00:00:01.500");
    }

    #[test]
    fn drop_frame_addresses_skip_numbers() {
        let clock = Clock::new(ratio(30000, 1001)).with_start("00:00:00;00", Some(30), true);
        for (frames, address) in [
            (1799.0, "00:00:59;29"),
            (1800.0, "00:01:00;02"),
            (17981.0, "00:09:59;29"),
            (17982.0, "00:10:00;00"),
            (107_892.0, "01:00:00;00"),
        ] {
            assert_eq!(clock.at(frames), address);
        }
        let later = Clock::new(ratio(30000, 1001)).with_start("01:00:00;00", Some(30), true);
        assert_eq!(later.at(1800.0), "01:01:00;02");
    }

    #[test]
    fn rates_and_odd_addresses_do_no_harm() {
        assert_eq!(rate("24000 1001"), Some(ratio(24000, 1001)));
        assert_eq!((rate("24"), rate("0 1"), rate("24 0"), rate("24 1 1")), (Some(Rate::FILM), None, None, None));
        assert_eq!(units(96000, ratio(48000, 1), Rate::FILM), 48.0);
        let odd = Clock::new(ratio(u32::MAX, 1)).with_start("99:99", Some(0), true);
        assert!(!odd.at(f64::MAX).is_empty());
        let slow = Clock::new(ratio(1, u32::MAX)).with_start("99:59:59:99", Some(30), true);
        assert!(!slow.at(1e300).is_empty());
    }
}
