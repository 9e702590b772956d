//! Which bytes of a file its reader accounted for: structure, essence, what was read, padding.
//!
//! What no reader accounts for may be another file, and is looked at once more.

use std::ops::Range;

/// A set of byte ranges, sorted and disjoint, bounded in number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    ranges: Vec<Range<u64>>,
    /// Padding and parts without a meaning: nobody reads what is in them.
    left: Vec<Range<u64>>,
    /// There were more of them than are kept.
    crowded: bool,
    /// From here on the bytes are essence whose end nothing states.
    open: Option<u64>,
}

/// Stretches that nobody reads and that are looked at again; padding is rarely more than one. Past that, [`Coverage::is_crowded`]
/// says so.
const LEFT: usize = 4_096;
/// Ranges that are kept apart. Past that, what is added is left out: it is looked at again, and never passed over.
const RANGES: usize = 4_096;

impl Coverage {
    /// Accounts for the bytes from `start` up to `end`.
    pub fn add(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        // Most readers go from the front to the back.
        if let Some(last) = self.ranges.last_mut()
            && start >= last.start
            && start <= last.end
        {
            last.end = last.end.max(end);
            return;
        }
        let first = self.ranges.partition_point(|range| range.end < start);
        let behind = self.ranges.partition_point(|range| range.start <= end);
        if first >= behind {
            if self.ranges.len() < RANGES {
                self.ranges.insert(first, start..end);
            }
            return;
        }
        let joined = self.ranges.drain(first..behind).fold(start..end, |a, b| a.start.min(b.start)..a.end.max(b.end));
        self.ranges.insert(first, joined);
    }

    /// Says of bytes inside what was added that nobody read them: padding, a part without a meaning.
    pub fn leave(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        if self.left.len() < LEFT {
            self.left.push(start..end);
        } else {
            self.crowded = true;
        }
    }

    /// Whether there were more stretches of padding than are looked at again.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.crowded
    }

    /// The stretches of padding and parts without a meaning, as they were said.
    #[must_use]
    pub fn left(&self) -> &[Range<u64>] {
        &self.left
    }

    /// Accounts for all from `start` on as essence that runs to an end which nothing states.
    pub fn open_from(&mut self, start: u64) {
        self.open = Some(self.open.map_or(start, |open| open.min(start)));
    }

    /// Takes back what [`Coverage::open_from`] said: the end is stated after all.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Whether this byte is in a part that has a stated end.
    #[must_use]
    pub fn holds(&self, at: u64) -> bool {
        self.ranges.iter().any(|range| range.contains(&at))
    }

    /// Where the accounted stretch begins that ends with this byte's predecessor, if one does.
    #[must_use]
    pub fn start_of_what_ends_at(&self, end: u64) -> Option<u64> {
        self.ranges.iter().find(|range| range.end == end).map(|range| range.start)
    }

    /// Where the accounted stretch ends that holds this byte; the byte itself where none does.
    #[must_use]
    pub fn end_of_what_starts_at(&self, start: u64) -> u64 {
        self.ranges.iter().find(|range| range.contains(&start)).map_or(start, |range| range.end)
    }

    /// Where the last accounted stretch ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.ranges.last().map_or(0, |range| range.end)
    }

    /// Where essence begins whose end nothing states.
    #[must_use]
    pub fn open_start(&self) -> Option<u64> {
        self.open
    }

    /// Whether the reader said nothing of what it accounts for.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        self.ranges.is_empty() && self.open.is_none()
    }

    /// Whether the last bytes are essence only by default.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The bytes of a file of this length that are accounted for, together.
    #[must_use]
    pub fn covered(&self, len: u64) -> u64 {
        let open = self.open.unwrap_or(len).min(len);
        let clipped = self.ranges.iter().map(|range| range.end.min(open).saturating_sub(range.start));
        clipped.sum::<u64>() + (len - open)
    }

    /// What nobody accounts for in a file of this length.
    #[must_use]
    pub fn left_over(&self, len: u64) -> Vec<Range<u64>> {
        let len = self.open.unwrap_or(len).min(len);
        let mut out = Vec::new();
        let mut at = 0;
        for range in &self.ranges {
            if range.start >= len {
                break;
            }
            if range.start > at {
                out.push(at..range.start);
            }
            at = at.max(range.end);
        }
        if at < len {
            out.push(at..len);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_and_the_rest_is_left_over() {
        let mut coverage = Coverage::default();
        assert!(coverage.is_unsaid());
        for (start, end) in [(0, 8), (8, 20), (40, 50), (30, 35), (34, 41), (60, 60), (70, 90)] {
            coverage.add(start, end);
        }
        assert_eq!(coverage.left_over(100), [20..30, 50..70, 90..100]);
        assert_eq!(coverage.left_over(75), [20..30, 50..70]);
        assert_eq!(coverage.covered(100), 60);
        coverage.open_from(60);
        assert_eq!(coverage.left_over(100), [20..30, 50..60]);
        assert_eq!(coverage.left_over(10), []);
    }

    #[test]
    fn what_finds_no_room_is_left_over() {
        let mut coverage = Coverage::default();
        (0..RANGES as u64 + 5).for_each(|n| coverage.add(2 * n, 2 * n + 1));
        let len = 2 * (RANGES as u64 + 5);
        assert_eq!(coverage.covered(len), RANGES as u64);
    }

    #[test]
    fn any_order_gives_the_same() {
        let parts = [(5, 9), (0, 3), (9, 12), (2, 6), (20, 21), (15, 20)];
        let mut forward = Coverage::default();
        parts.iter().for_each(|(start, end)| forward.add(*start, *end));
        let mut backward = Coverage::default();
        parts.iter().rev().for_each(|(start, end)| backward.add(*start, *end));
        assert_eq!(forward, backward);
        assert_eq!(forward.left_over(30), [12..15, 21..30]);
    }
}
