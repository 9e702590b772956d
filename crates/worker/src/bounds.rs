//! What a worker process and each of its jobs may take.

use std::num::NonZeroU32;
use std::time::Duration;

use countersign_model::limits;

/// Time that a verification may take for an asset without bytes; its bytes grant more.
pub const VERIFY_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of the asset for which one more second is granted.
pub const VERIFY_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;

/// What a worker may take.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// use countersign_worker::Bounds;
///
/// let bounds = Bounds::default();
/// assert!(bounds.time_for(4 << 30) > bounds.time_for(0), "large assets are granted more");
/// let fixed = Bounds::of_seconds(NonZeroU32::new(5).unwrap());
/// assert_eq!(fixed.time_for(4 << 30), Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of address space.
    pub memory: u64,
    /// Time for each verification of an asset without bytes; its bytes grant more.
    pub time: Duration,
    /// Bytes of the asset for which one more second is granted.
    pub bytes_per_second: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { memory: limits::WORKER_MEMORY, time: VERIFY_TIMEOUT, bytes_per_second: VERIFY_BYTES_PER_SECOND }
    }
}

impl Bounds {
    /// These seconds for each verification, however large the asset is.
    #[must_use]
    pub fn of_seconds(seconds: NonZeroU32) -> Self {
        let time = Duration::from_secs(u64::from(seconds.get()));
        Self { time, bytes_per_second: u64::MAX, ..Self::default() }
    }

    /// Time for an asset of so many bytes.
    #[must_use]
    pub fn time_for(&self, len: u64) -> Duration {
        self.time.saturating_add(Duration::from_secs(len / self.bytes_per_second.max(1)))
    }
}

/// What one job may take of what its worker may.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// Bytes of address space.
    pub memory: u64,
    /// Computing time, and with a little added also the time that passes.
    pub time: Duration,
    /// Bytes that one answer may carry.
    pub answer: u64,
    /// Bytes of memory that the job takes at most, as far as can be told before: those of all jobs at once are bounded.
    pub cost: u64,
}
