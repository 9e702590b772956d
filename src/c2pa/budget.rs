//! How many bytes of assets may be in verification at once.
//!
//! The crate hashes in pieces of 256 MiB and holds two of them: what it may use is bounded here, whatever
//! the number of threads.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What one asset costs at most: two pieces.
pub const MOST: u64 = 512 * 1024 * 1024;

/// A counting semaphore over bytes.
#[derive(Debug)]
pub struct Budget {
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
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self { left: Mutex::new(bytes), freed: Condvar::new() }
    }

    /// Waits until an asset of `len` bytes fits. The cost is capped at [`MOST`], so that any asset fits alone.
    pub fn share(&self, len: u64) -> Share<'_> {
        let bytes = len.saturating_mul(2).min(MOST);
        let mut left = self.lock();
        while *left < bytes {
            left = self.freed.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
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
        Self::new(MOST)
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
                    std::thread::sleep(std::time::Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        let shares: Vec<_> = (0..8).map(|_| budget.share(32 << 20)).collect();
        drop(shares);
        assert_eq!(*budget.lock(), MOST);
    }
}
