//! How often somebody may try to sign in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long attempts are remembered.
const WINDOW: Duration = Duration::from_secs(300);
/// Attempts for one name in that time, and for all names together.
const MOST: (usize, usize) = (10, 200);

/// Attempts to sign in, with the names that were tried.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<String, Vec<Instant>>>);

impl Attempts {
    /// Counts an attempt; false where there were too many. It is counted before the password is checked: who tries at many
    /// connections at once has no more tries.
    pub fn begin(&self, name: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, times| {
            times.retain(|time| time.elapsed() < WINDOW);
            !times.is_empty()
        });
        let all: usize = known.values().map(Vec::len).sum();
        let key: String = name.chars().take(64).collect();
        let one = known.entry(key).or_default();
        let fits = one.len() < MOST.0 && all < MOST.1;
        if fits {
            one.push(Instant::now());
        }
        fits
    }

    /// Forgets the attempts of somebody who has signed in.
    pub fn succeeded(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&name.chars().take(64).collect::<String>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_run_out_for_a_name_and_for_all() {
        let attempts = Attempts::default();
        assert!((0..10).all(|_| attempts.begin("dana")));
        assert!(!attempts.begin("dana") && attempts.begin("sam"));
        attempts.succeeded("dana");
        assert!(attempts.begin("dana"));
        let allowed = (0..500).filter(|n| attempts.begin(&format!("name {n}"))).count();
        assert_eq!(allowed, 198);
    }
}
