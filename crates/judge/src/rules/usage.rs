//! Shared by the rules about the whole run: which records and suppressions were of use, noted from any thread.

use std::sync::atomic::{AtomicBool, Ordering};

/// Which of so many rows were used.
#[derive(Debug)]
pub struct Usage(Vec<AtomicBool>);

impl Usage {
    /// None of `rows` rows was used so far.
    #[must_use]
    pub fn none_of(rows: usize) -> Self {
        Self(std::iter::repeat_with(|| AtomicBool::new(false)).take(rows).collect())
    }

    /// Notes that this row was used; a number past the last row is ignored.
    pub fn insert(&self, row: usize) {
        if let Some(used) = self.0.get(row) {
            used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether this row was used.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        self.0.get(row).is_some_and(|used| used.load(Ordering::Relaxed))
    }
}
