//! What verification in this process needs, made when it is first needed: nearly every store is verified by a worker, which
//! parses the lists itself, and most runs see none at all.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::official;
use super::trust::TrustList;
use super::verify::Contexts;
use countersign_model::error::Result;
use countersign_worker::Bounds;

/// [`Contexts`] that are made when they are first asked for. Lists that are not built in are parsed at once: what is wrong
/// with them is the user's to know before anything is scanned.
#[derive(Debug)]
pub(super) struct LazyContexts {
    lists: Vec<TrustList>,
    bounds: Bounds,
    made: OnceLock<std::result::Result<Contexts, String>>,
    cancelled: AtomicBool,
}

impl LazyContexts {
    /// # Errors
    /// Where a trust list holds what is no certificate.
    pub(super) fn new(lists: &[TrustList], bounds: Bounds) -> Result<Self> {
        let made = if lists.iter().all(official::is_built_in) {
            OnceLock::new()
        } else {
            OnceLock::from(Ok(Contexts::new(lists, bounds)?))
        };
        Ok(Self { lists: lists.to_vec(), bounds, made, cancelled: AtomicBool::new(false) })
    }

    /// The contexts.
    ///
    /// # Errors
    /// Where a built-in list holds what is no certificate, which a test rules out.
    pub(super) fn get(&self) -> std::result::Result<&Contexts, &str> {
        let made = self.made.get_or_init(|| Contexts::new(&self.lists, self.bounds).map_err(|error| error.to_string()));
        let contexts = made.as_ref().map_err(String::as_str)?;
        // They may have been made after everything was stopped.
        if self.cancelled.load(Ordering::SeqCst) {
            contexts.cancel();
        }
        Ok(contexts)
    }

    /// Stops every verification under way and all that would follow.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(Ok(contexts)) = self.made.get() {
            contexts.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken() -> TrustList {
        let anchors_pem = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_owned();
        TrustList { name: "broken".into(), anchors_pem, ..TrustList::default() }
    }

    #[test]
    fn built_in_lists_wait_and_others_are_parsed_at_once() {
        let lazy = LazyContexts::new(&official::lists(), Bounds::default()).unwrap();
        assert!(lazy.made.get().is_none());
        assert!(lazy.get().is_ok() && lazy.made.get().is_some());
        let eager = Contexts::new(&[broken()], Bounds::default()).is_err();
        assert_eq!(LazyContexts::new(&[broken()], Bounds::default()).is_err(), eager);
    }
}
