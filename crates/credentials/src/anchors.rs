//! Contexts of the `c2pa` crate by the authorities that a manifest store can lead to.
//!
//! The crate parses all authorities that its settings name for each store, which takes most of the time of verifying a small
//! file. It believes a certificate whose issuer is, byte for byte, the subject of an authority (RFC 5280, section 6.1.3, without
//! the comparison by meaning of section 7.1): one whose subject stands nowhere in a store vouches for nobody in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use c2pa::Context;
use countersign_media::framing::der;
use memchr::memmem;

/// How an attribute of a name begins: the identifier 2.5.4.x (ITU-T X.520). It stands in every name that people can read, and
/// hardly ever by chance.
const ATTRIBUTE: &[u8] = &[6, 3, 0x55, 4];
/// The type of a box whose content is compressed: what stands in it is not looked at here.
const COMPRESSED: &[u8] = b"brob";
/// Fewer authorities than these are not worth a choice.
const FEW: usize = 4;
/// Choices of which contexts are kept; past them all are forgotten.
const KEPT: usize = 64;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// Makes a context of authorities, PEM.
type Make = Box<dyn Fn(&str) -> Result<Arc<Context>, String> + Send + Sync>;

/// The context of all authorities of some lists, and those of a few of them.
pub(super) struct AnchoredContexts {
    all: Arc<Context>,
    /// Empty where all authorities are to be seen by the crate in any case.
    anchors: Vec<Anchor>,
    make: Make,
    chosen: Mutex<HashMap<Vec<usize>, Arc<Context>>>,
    cancelled: AtomicBool,
}

struct Anchor {
    pem: String,
    /// The content of its subject's name, and where the first attribute begins in it.
    subject: Vec<u8>,
    attribute: usize,
}

impl Anchor {
    fn of(block: &str) -> Option<Self> {
        let base64: String = block.split("-----END").next()?.split_whitespace().collect();
        let certificate = data_encoding::BASE64.decode(base64.as_bytes()).ok()?;
        let subject = der::subject(&certificate)?.to_vec();
        let attribute = memmem::find(&subject, ATTRIBUTE)?;
        Some(Self { pem: format!("{BEGIN}{block}"), subject, attribute })
    }

    /// Whether the name stands in the store so that its first attribute begins there.
    fn stands_at(&self, store: &[u8], attribute: usize) -> bool {
        let start = attribute.checked_sub(self.attribute);
        start.and_then(|start| store.get(start..)).is_some_and(|rest| rest.starts_with(&self.subject))
    }
}

impl AnchoredContexts {
    /// # Errors
    /// What the crate does not like about the authorities.
    pub(super) fn new(anchors_pem: &str, make: Make) -> Result<Self, String> {
        let all = make(anchors_pem)?;
        // What of a list cannot be read here is for the crate to judge, together with all the rest.
        let anchors: Option<Vec<_>> = anchors_pem.split(BEGIN).skip(1).map(Anchor::of).collect();
        let anchors = anchors.filter(|anchors| anchors.len() >= FEW).unwrap_or_default();
        Ok(Self { all, anchors, make, chosen: Mutex::default(), cancelled: AtomicBool::new(false) })
    }

    /// The context of all authorities.
    pub(super) fn all(&self) -> &Arc<Context> {
        &self.all
    }

    /// A context that says of this store what that of all authorities would say.
    pub(super) fn for_store(&self, store: &[u8]) -> Arc<Context> {
        if self.anchors.is_empty() || memmem::find(store, COMPRESSED).is_some() {
            return Arc::clone(&self.all);
        }
        let choice = self.choice(store);
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = chosen.get(&choice) {
            return Arc::clone(known);
        }
        let pem: String =
            choice.iter().filter_map(|at| self.anchors.get(*at)).map(|anchor| anchor.pem.as_str()).collect();
        let Ok(context) = (self.make)(&pem) else { return Arc::clone(&self.all) };
        if chosen.len() >= KEPT {
            chosen.clear();
        }
        chosen.insert(choice, Arc::clone(&context));
        // It may have been made after everything was stopped.
        if self.cancelled.load(Ordering::SeqCst) {
            context.cancel();
        }
        context
    }

    /// The authorities whose names stand in the store. Where there is none, the first: without any authority the crate does
    /// not look at a signer's certificate at all.
    fn choice(&self, store: &[u8]) -> Vec<usize> {
        let mut found = vec![false; self.anchors.len()];
        for attribute in memmem::find_iter(store, ATTRIBUTE) {
            for (anchor, found) in self.anchors.iter().zip(&mut found) {
                *found = *found || anchor.stands_at(store, attribute);
            }
        }
        if !found.contains(&true) {
            return vec![0];
        }
        found.iter().enumerate().filter(|(_, found)| **found).map(|(at, _)| at).collect()
    }

    /// Stops every verification under way and all that would follow.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.all.cancel();
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.values().for_each(|context| context.cancel());
    }
}

#[cfg(test)]
mod tests {
    use super::super::official;
    use super::*;

    fn contexts(pem: &str) -> AnchoredContexts {
        AnchoredContexts::new(pem, Box::new(|_| Ok(Context::new().into_shared()))).unwrap()
    }

    #[test]
    fn an_authority_is_chosen_by_its_name_in_the_store() {
        let list = official::lists().remove(0);
        let contexts = contexts(&list.anchors_pem);
        assert_eq!(contexts.anchors.len(), list.certificates().count());
        for (at, anchor) in contexts.anchors.iter().enumerate() {
            let store = [b"jumb".as_slice(), &anchor.subject, b"cbor"].concat();
            let chosen = contexts.choice(&store);
            // Several certificates of one authority have one name.
            let alike = |other: &usize| contexts.anchors[*other].subject == anchor.subject;
            assert!(chosen.contains(&at) && chosen.iter().all(alike), "{chosen:?}");
            let cut = &store[..store.len() - 5];
            assert_eq!(contexts.choice(cut), [0], "a name that is cut is none");
        }
        assert_eq!(contexts.choice(b"no name"), [0]);
    }

    #[test]
    fn a_choice_is_made_once_and_only_where_the_store_can_be_looked_at() {
        let all = official::lists().remove(0).anchors_pem;
        let contexts = contexts(&all);
        let first = contexts.for_store(b"no name");
        assert!(Arc::ptr_eq(&first, &contexts.for_store(b"neither")));
        assert!(!Arc::ptr_eq(&first, contexts.all()));
        assert!(Arc::ptr_eq(&contexts.for_store(b"a brob box"), contexts.all()));
        let odd = contexts_of_odd_list(&all);
        assert!(Arc::ptr_eq(&odd.for_store(b"no name"), odd.all()));
    }

    /// A list with a block that is no certificate: what becomes of the others is for the crate to say.
    fn contexts_of_odd_list(all: &str) -> AnchoredContexts {
        contexts(&format!("{all}{BEGIN}\nMAA=\n-----END CERTIFICATE-----\n"))
    }
}
