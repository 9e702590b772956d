//! Where something inside nested sequences lies in the cut, and how much of it is left to see.

use crate::{model::TimeRange, rate::Rate};

/// The place of a nested time in the cut: local seconds times `scale` plus `offset`, seen through a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    /// The cut's second at local zero.
    pub(crate) offset: f64,
    /// Seconds of the cut per local second.
    pub(crate) scale: f64,
    /// The first second of the cut that is seen.
    pub(crate) from: f64,
    /// The second of the cut where seeing ends.
    pub(crate) to: f64,
}

impl Placement {
    /// The cut itself, which begins at the given second.
    pub(crate) fn root(offset: f64) -> Self {
        Self { offset, scale: 1.0, from: f64::NEG_INFINITY, to: f64::INFINITY }
    }

    fn at(&self, local: f64) -> f64 {
        self.offset + local * self.scale
    }

    /// A child whose own time `inner_start` lies at the local second `start` and that is seen for `duration` seconds.
    pub(crate) fn child(&self, start: f64, duration: f64, inner_start: f64) -> Self {
        let (from, to) = (self.at(start), self.at(start + duration));
        Self {
            offset: from - inner_start * self.scale,
            scale: self.scale,
            from: self.from.max(from),
            to: self.to.min(to),
        }
    }

    /// The same child, whose time runs `factor` times as long in the cut.
    pub(crate) fn stretched(&self, start: f64, duration: f64, inner_start: f64, factor: f64) -> Self {
        let mut child = self.child(start, duration, inner_start);
        if factor.is_finite() && factor > 0.0 {
            child.offset = self.at(start) - inner_start * self.scale * factor;
            child.scale = self.scale * factor;
        }
        child
    }

    /// The range in the cut in units of a rate, and the part of it that is played.
    pub(crate) fn range(&self, start: f64, duration: f64, rate: Rate) -> (TimeRange, Option<TimeRange>) {
        let (begin, end) = (self.at(start), self.at(start + duration.max(0.0)));
        let record = span(begin, end, rate);
        let seen = span(begin.max(self.from), end.min(self.to), rate);
        (record, (seen.duration > 0).then_some(seen))
    }
}

fn span(begin: f64, end: f64, rate: Rate) -> TimeRange {
    let start = units(begin, rate);
    TimeRange { start, duration: units(end, rate).saturating_sub(start).max(0), rate }
}

/// Seconds in units of a rate; casts of floating point numbers saturate.
pub(crate) fn units(seconds: f64, rate: Rate) -> i64 {
    (seconds * rate.as_f64()).round() as i64
}

/// Units of a rate in seconds.
pub(crate) fn seconds(units: i64, rate: Rate) -> f64 {
    units as f64 / rate.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_shifts_and_cuts() {
        let root = Placement::root(3600.0);
        // A sequence placed at 10 s for 4 s, from its own second 2.
        let nested = root.child(10.0, 4.0, 2.0);
        let (record, played) = nested.range(0.0, 3.0, Rate::FILM);
        assert_eq!((record.start, record.duration), (3608 * 24, 72));
        assert_eq!(played.map(|p| (p.start, p.duration)), Some((3610 * 24, 24)));
        assert_eq!(nested.range(7.0, 3.0, Rate::FILM).1, None, "cut away");
    }

    #[test]
    fn a_stretched_child_takes_its_time() {
        let slow = Placement::root(0.0).stretched(1.0, 8.0, 0.0, 2.0);
        let (record, played) = slow.range(1.0, 1.0, Rate::FILM);
        assert_eq!((record.start, record.duration), (3 * 24, 48));
        assert_eq!(played, Some(record));
    }
}
