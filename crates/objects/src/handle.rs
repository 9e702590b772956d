//! An open object: ranges of it, a few of them kept.
//!
//! Readers of media walk small structures near each other, and each request costs more than the bytes it brings. A read
//! that lies in no kept block brings a whole block; blocks grow while reads follow each other, as when a file is hashed.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_io::{Handle, Stat};

use crate::store::{Object, Range, Store, stat_of};

/// The least that a request brings.
const BLOCK: u64 = 64 * 1024;
/// The most, where reads follow each other: 4 MiB are brought at the speed of the line with any usual delay.
const LARGEST: u64 = 4 << 20;
/// How many blocks are kept. The head, the tail and a place between them is what most readers go back and forth among.
const KEPT: usize = 4;

#[derive(Debug)]
pub(crate) struct ObjectHandle {
    pub store: Arc<dyn Store>,
    pub key: String,
    /// As the listing knew it.
    pub listed: Object,
    pub state: Mutex<State>,
    pub failures: Arc<Failures>,
}

/// Objects that could not be read, whatever was tried. They stay so: several passes read an object, and where one of them
/// missed what it holds, the last one must tell.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    by_key: Mutex<HashMap<String, (io::ErrorKind, String)>>,
}

impl Failures {
    fn of(&self, key: &str) -> Option<io::Error> {
        let failures = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(key).map(|(kind, what)| io::Error::new(*kind, what.clone()))
    }

    fn remember(&self, key: &str, error: &io::Error) {
        let mut failures = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        failures.insert(key.to_owned(), (error.kind(), error.to_string()));
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    blocks: Vec<Block>,
    /// What the last answer said of the object.
    seen: Option<Object>,
    /// An answer said that it is another object by now: so it stays, whatever is asked for after that.
    exchanged: bool,
}

#[derive(Debug)]
struct Block {
    from: u64,
    bytes: Arc<Vec<u8>>,
}

impl Block {
    fn end(&self) -> u64 {
        self.from + self.bytes.len() as u64
    }

    fn holds(&self, offset: u64) -> bool {
        (self.from..self.end()).contains(&offset)
    }
}

impl State {
    /// A kept block with this byte, which is then the last to be given up.
    fn kept(&mut self, offset: u64) -> Option<(u64, Arc<Vec<u8>>)> {
        let index = self.blocks.iter().position(|block| block.holds(offset))?;
        let block = self.blocks.remove(index);
        let found = (block.from, Arc::clone(&block.bytes));
        self.blocks.push(block);
        Some(found)
    }

    /// How much to ask for: twice as much as before where this read goes on where a block ended, or a little further on.
    fn size(&self, offset: u64, wanted: u64) -> u64 {
        let before = self.blocks.iter().rev().find(|block| (block.end()..block.end() + BLOCK).contains(&offset));
        let grown = before.map_or(BLOCK, |block| (block.bytes.len() as u64).saturating_mul(2));
        grown.clamp(BLOCK, LARGEST).max(wanted.min(LARGEST))
    }

    fn keep(&mut self, from: u64, bytes: Arc<Vec<u8>>) {
        if self.blocks.len() >= KEPT {
            self.blocks.remove(0);
        }
        self.blocks.push(Block { from, bytes });
    }
}

impl ObjectHandle {
    fn fetch(&self, offset: u64, size: u64) -> io::Result<Range> {
        if let Some(error) = self.failures.of(&self.key) {
            return Err(error);
        }
        let size = size.min(self.listed.len.saturating_sub(offset));
        let range = self.store.range(&self.key, self.listed.etag.as_deref(), offset, size);
        range.inspect_err(|error| self.failures.remember(&self.key, error))
    }
}

impl Handle for ObjectHandle {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        if out.is_empty() || offset >= self.listed.len {
            return Ok(0);
        }
        let kept = self.state.lock().unwrap_or_else(PoisonError::into_inner).kept(offset);
        let (from, bytes) = match kept {
            Some(kept) => kept,
            None => {
                let size = self.state.lock().unwrap_or_else(PoisonError::into_inner).size(offset, out.len() as u64);
                // Not under the lock: threads that read other places of the same object do not wait.
                let fetched = self.fetch(offset, size);
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.exchanged |= fetched.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::ResourceBusy);
                let range = fetched?;
                let bytes = Arc::new(range.bytes);
                // A store without entity tags cannot be asked for one version: the answers are compared instead.
                if state.seen.as_ref().is_some_and(|seen| *seen != range.object) {
                    state.exchanged = true;
                    let what = format!("{}: it was exchanged while it was read", self.key);
                    return Err(io::Error::new(io::ErrorKind::ResourceBusy, what));
                }
                state.seen = Some(range.object);
                state.keep(offset, Arc::clone(&bytes));
                (offset, bytes)
            }
        };
        let part = bytes.get((offset - from) as usize..).unwrap_or_default();
        let count = part.len().min(out.len());
        out[..count].copy_from_slice(&part[..count]);
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.listed.len
    }

    fn stat(&self) -> io::Result<Stat> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, exchanged) = (state.seen.clone(), state.exchanged);
        drop(state);
        if exchanged {
            let what = format!("{}: it was exchanged while it was read", self.key);
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, what));
        }
        // Every range was asked for by the entity tag of the listing: what an answer said is the state of all of them.
        let object = match seen {
            Some(object) => object,
            None => self.store.head(&self.key)?,
        };
        Ok(stat_of(&Object { modified: self.listed.modified.and(object.modified), ..object }))
    }
}
