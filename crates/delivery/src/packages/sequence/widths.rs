//! The digits that a frame's number is written with: two files of one run may write the same number in two ways.

/// Counts of digits, each below 16: a number has at most ten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Widths(u16);

impl Widths {
    pub(super) fn insert(&mut self, digits: usize) {
        self.0 |= u32::try_from(digits).ok().and_then(|digits| 1_u16.checked_shl(digits)).unwrap_or_default();
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// The least of them.
    pub(super) fn first(self) -> Option<usize> {
        self.iter().next()
    }

    pub(super) fn is_changing(self) -> bool {
        self.0.count_ones() > 1
    }

    /// All of them, the least first.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        (0..u16::BITS).filter(move |digits| self.0 >> digits & 1 == 1).map(|digits| digits as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_of_digits_is_kept_once() {
        let mut widths = Widths::default();
        assert_eq!((widths.first(), widths.is_changing()), (None, false));
        [10, 4, 4].into_iter().for_each(|digits| widths.insert(digits));
        assert_eq!((widths.first(), widths.is_changing()), (Some(4), true));
        let mut more = Widths::default();
        more.insert(5);
        widths.extend(more);
        assert_eq!(widths.iter().collect::<Vec<_>>(), [4, 5, 10]);
    }
}
