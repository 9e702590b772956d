//! Listings of folders that will be asked for next: a walk goes through the folders of a folder in their order, one after the
//! other, and would wait for a store at each of them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_io::{join, paths};

use crate::store::{Listed, Store};

/// How many folders are listed at once, that which is asked for included.
const AHEAD: usize = 16;

/// What was listed ahead, and what could be.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The folders in a folder, by its path, in the order in which a walk enters them.
    below: HashMap<String, Arc<Vec<String>>>,
    /// Listings that nobody has asked for yet.
    ready: HashMap<String, Listed>,
}

impl Ahead {
    /// What stands below a folder, from the store or from an earlier look ahead. `prefix` makes the key of a folder's path.
    pub(crate) fn list(
        &self,
        store: &dyn Store,
        folder: &str,
        prefix: &(dyn Fn(&str) -> io::Result<String> + Sync),
    ) -> io::Result<Listed> {
        let ready = self.state().ready.remove(folder);
        let listed = match ready {
            Some(listed) => listed,
            None => self.with_next(store, folder, prefix)?,
        };
        if listed.folders.len() > 1 {
            let mut below: Vec<_> = listed.folders.iter().map(|name| paths::lossless_bytes(name.as_bytes())).collect();
            below.sort();
            self.state().below.insert(folder.to_owned(), Arc::new(below));
        }
        Ok(listed)
    }

    /// Lists a folder, and those behind it in the same folder at the same time.
    fn with_next(
        &self,
        store: &dyn Store,
        folder: &str,
        prefix: &(dyn Fn(&str) -> io::Result<String> + Sync),
    ) -> io::Result<Listed> {
        let list = |folder: &str| store.list(&prefix(folder)?);
        let next = self.next(folder);
        let (own, others) = std::thread::scope(|scope| {
            let spawn = |other: String| {
                let list = &list;
                let named = other.clone();
                std::thread::Builder::new().spawn_scoped(scope, move || list(&other)).ok().map(|thread| (named, thread))
            };
            let threads: Vec<_> = next.into_iter().filter_map(spawn).collect();
            let own = list(folder);
            let joined = threads.into_iter().filter_map(|(named, thread)| Some((named, thread.join().ok()?)));
            (own, joined.collect::<Vec<_>>())
        });
        // What failed ahead of time is asked for again when it is wanted, and told then.
        self.state().ready.extend(others.into_iter().filter_map(|(named, listed)| Some((named, listed.ok()?))));
        own
    }

    /// The folders behind this one that nobody has listed.
    fn next(&self, folder: &str) -> Vec<String> {
        let (parent, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let state = self.state();
        let Some(below) = state.below.get(parent).cloned().filter(|_| !folder.is_empty()) else { return Vec::new() };
        let from = below.partition_point(|other| other.as_str() <= name);
        let next = below.iter().skip(from).take(AHEAD - 1).map(|name| join(parent, name));
        next.filter(|path| !state.ready.contains_key(path) && !state.below.contains_key(path)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
