//! A tree over the keys of a store.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_io::{Entry, Folder, Handle, Kind, Stat, Tree, join, paths};

use crate::address::Address;
use crate::ahead::Ahead;
use crate::handle::{Failures, ObjectHandle, State};
use crate::store::{Listed, Object, Requests, Store, stat_of};

/// What stands below a prefix of an object store, or one object alone.
///
/// What a listing says of an object is remembered, so that neither the walk nor the reading asks again.
#[derive(Debug)]
pub struct ObjectTree {
    name: String,
    /// The beginning of all keys, without a slash at its end.
    prefix: String,
    /// The address names a file, as web addresses say by their last part.
    file: bool,
    store: Arc<dyn Store>,
    known: Mutex<HashMap<String, Object>>,
    failures: Arc<Failures>,
    ahead: Ahead,
}

impl ObjectTree {
    pub(crate) fn new(address: &Address, store: Box<dyn Store>) -> Self {
        let (name, prefix) = match address {
            Address::S3 { bucket, prefix } if prefix.is_empty() => (format!("s3://{bucket}"), String::new()),
            Address::S3 { bucket, prefix } => (format!("s3://{bucket}/{prefix}"), prefix.clone()),
            Address::Web { base, file } => (format!("{base}{file}"), file.clone()),
        };
        let file = matches!(address, Address::Web { file, .. } if !file.is_empty());
        let (known, failures, ahead) = (Mutex::default(), Arc::default(), Ahead::default());
        Self { name, prefix, file, store: Arc::from(store), known, failures, ahead }
    }

    /// What was asked of the store so far, for measurements.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.store.requests()
    }

    /// The key of a path of this tree.
    fn key(&self, path: &str) -> io::Result<String> {
        let path = paths::plain(path).ok_or_else(|| unusable(path, "is not text"))?;
        Ok(join(&self.prefix, &path))
    }

    fn remembered(&self, path: &str) -> Option<Object> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// The name of the single object that this root is, where it is one: the last part of its key.
    fn single(&self) -> Option<(&str, &str)> {
        let name = self.prefix.rsplit('/').next().filter(|name| !name.is_empty())?;
        Some((name, self.prefix.as_str()))
    }

    fn object(&self, path: &str) -> io::Result<(String, Object)> {
        if let Some((name, key)) = self.single()
            && name == path
            && let Some(object) = self.remembered("")
        {
            return Ok((key.to_owned(), object));
        }
        let key = self.key(path)?;
        match self.remembered(path) {
            Some(object) => Ok((key, object)),
            None => {
                let object = self.store.head(&key)?;
                self.remember([(path.to_owned(), object.clone())]);
                Ok((key, object))
            }
        }
    }

    fn remember(&self, objects: impl IntoIterator<Item = (String, Object)>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).extend(objects);
    }

    /// The root is one object and no prefix of others: a tree of that object alone.
    fn only_object(&self) -> io::Result<Folder> {
        let Some((name, key)) = self.single() else { return Folder::of([]) };
        match self.store.head(key) {
            Ok(object) => {
                self.remember([(String::new(), object)]);
                Folder::of([(paths::lossless_bytes(name.as_bytes()), Kind::File)])
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("{}: there is no object of this name and none below it", self.name),
            )),
            Err(error) => Err(error),
        }
    }
}

impl Tree for ObjectTree {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, folder: &str) -> io::Result<Folder> {
        if self.file && folder.is_empty() {
            return self.only_object();
        }
        let prefix = |folder: &str| self.key(folder).map(|key| if key.is_empty() { key } else { format!("{key}/") });
        let listed = self.ahead.list(&*self.store, folder, &prefix)?;
        let prefix = prefix(folder)?;
        if folder.is_empty() && listed.objects.is_empty() && listed.folders.is_empty() {
            return self.only_object();
        }
        let names = named(&self.name, &prefix, &listed)?;
        let known = listed.objects.into_iter().filter(|(name, _)| !name.is_empty());
        self.remember(
            known.filter_map(|(name, object)| Some((join(folder, &paths::lossless_bytes(name.as_bytes())), object?))),
        );
        Folder::of(names)
    }

    fn stat(&self, path: &str) -> io::Result<Stat> {
        if path.is_empty() {
            return Ok(Stat { kind: Kind::Folder, ..Stat::default() });
        }
        match self.object(path) {
            Ok((_, object)) => Ok(stat_of(&object)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let listed = self.store.list(&format!("{}/", self.key(path)?))?;
                let empty = listed.objects.is_empty() && listed.folders.is_empty();
                if empty { Err(error) } else { Ok(Stat { kind: Kind::Folder, ..Stat::default() }) }
            }
            Err(error) => Err(error),
        }
    }

    fn open(&self, entry: &Entry) -> io::Result<Arc<dyn Handle>> {
        let (key, listed) = self.object(&entry.path)?;
        let listed = Object { len: entry.stat.len, ..listed };
        let (store, failures) = (Arc::clone(&self.store), Arc::clone(&self.failures));
        Ok(Arc::new(ObjectHandle { store, key, listed, state: Mutex::new(State::default()), failures }))
    }
}

/// Names and kinds in byte order. A key that can be no path is an error: what it holds must not be passed over.
fn named(root: &str, prefix: &str, listed: &Listed) -> io::Result<Vec<(String, Kind)>> {
    let mut names = Vec::new();
    for (name, kind) in listed
        .objects
        .iter()
        .map(|(name, _)| (name, Kind::File))
        .chain(listed.folders.iter().map(|name| (name, Kind::Folder)))
    {
        match name.as_str() {
            // An object that stands for the folder itself, as consoles make them. It has no bytes of a delivery.
            "" if kind == Kind::File && holds_nothing(listed) => {}
            "" | "." | ".." => return Err(unusable(&format!("{root}: the key {prefix}{name}"), "can be no path")),
            name => names.push((paths::lossless_bytes(name.as_bytes()), kind)),
        }
    }
    names.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    Ok(names)
}

/// Whether the object that is named like the folder itself is empty.
fn holds_nothing(listed: &Listed) -> bool {
    let own = listed.objects.iter().find(|(name, _)| name.is_empty());
    own.is_none_or(|(_, object)| object.as_ref().is_some_and(|object| object.len == 0))
}

fn unusable(what: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} {why}: rename the object and scan again"))
}
