//! How many assets a walk hands out at once.

use super::Walk;
use countersign_model::limits;

/// Assets of a batch for each thread.
const PER_THREAD: usize = 128;

impl Walk {
    /// Batches for so many threads: few assets are in memory at once, and each batch has enough of them that one long asset
    /// keeps no thread waiting.
    #[must_use]
    pub(crate) fn shared_by(mut self, threads: usize) -> Self {
        self.batch = threads.saturating_mul(PER_THREAD).clamp(limits::BATCH / 4, limits::BATCH * 4);
        self
    }
}
