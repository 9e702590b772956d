//! How many bytes may be in work at once, whatever the number of threads: a counting semaphore over bytes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the verification of one asset costs at most: the `c2pa` crate hashes in pieces of 256 MiB and holds two.
pub const VERIFY_MEMORY: u64 = 512 * 1024 * 1024;

/// A counting semaphore over bytes.
///
/// ```
/// use std::time::Duration;
///
/// use countersign_io::byte_budget::Budget;
///
/// let budget = Budget::new(1_000);
/// let first = budget.take(800, Duration::MAX);
/// // A thread that cannot wait for ever takes what is left.
/// let second = budget.take(800, Duration::ZERO);
/// drop((first, second));
/// ```
#[derive(Debug)]
pub struct Budget {
    total: u64,
    left: Mutex<u64>,
    freed: Condvar,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of so many bytes, all of them free.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self { total: bytes, left: Mutex::new(bytes), freed: Condvar::new() }
    }

    /// Waits until an asset of `len` bytes fits that is hashed in two pieces. Any asset fits alone.
    pub fn share(&self, len: u64) -> Share<'_> {
        self.take(len.saturating_mul(2), Duration::MAX)
    }

    /// Waits until so many bytes are free, but no longer than `patience`: a thread that holds a share and waits for
    /// another would wait for itself. The cost is capped at the whole budget.
    pub fn take(&self, bytes: u64, patience: Duration) -> Share<'_> {
        let wanted = bytes.min(self.total);
        let end = Instant::now().checked_add(patience);
        let mut left = self.lock();
        while *left < wanted {
            let Some(end) = end else {
                left = self.freed.wait(left).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(time) = end.checked_duration_since(Instant::now()).filter(|time| !time.is_zero()) else { break };
            left = self.freed.wait_timeout(left, time).unwrap_or_else(PoisonError::into_inner).0;
        }
        // Whoever ran out of patience takes what is there, so that the count never falls below zero.
        let bytes = wanted.min(*left);
        *left -= bytes;
        Share { budget: self, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // The count stays right whatever happened in another thread: shares give back as they are dropped.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(VERIFY_MEMORY)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.lock() += self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn large_assets_pass_one_at_a_time_and_small_ones_together() {
        let (budget, now, most) = (Budget::default(), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _share = budget.share(3 << 30);
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        let shares: Vec<_> = (0..8).map(|_| budget.share(32 << 20)).collect();
        drop(shares);
        assert_eq!(*budget.lock(), VERIFY_MEMORY);
    }

    #[test]
    fn who_waits_for_itself_goes_on_in_the_end() {
        let budget = Budget::new(10);
        let first = budget.take(8, Duration::ZERO);
        let second = budget.take(8, Duration::from_millis(5));
        assert_eq!((first.bytes, second.bytes), (8, 2));
        drop((first, second));
        assert_eq!(*budget.lock(), 10);
    }
}
