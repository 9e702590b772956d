//! What every object store can be asked, whatever its protocol.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use countersign_io::{Kind, Stat};

/// What a tree has asked of its store so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Requests that were sent, repeated ones included.
    pub requests: u64,
    /// Bytes of bodies that came.
    pub bytes: u64,
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object {
    /// Bytes.
    pub len: u64,
    /// Nanoseconds since the Unix epoch, where the store says.
    pub modified: Option<i128>,
    /// What the store calls this version of the object (RFC 9110, section 8.8.3), quotes included.
    pub etag: Option<String>,
}

/// What stands directly below a prefix.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// Names without the prefix, decoded. What is not known of them yet is asked for one by one.
    pub objects: Vec<(String, Option<Object>)>,
    /// Names without the prefix and without the slash.
    pub folders: Vec<String>,
}

/// Bytes of an object.
#[derive(Debug)]
pub(crate) struct Range {
    pub bytes: Vec<u8>,
    /// Of the object as it was when these bytes were read.
    pub object: Object,
}

/// An object store. Keys are those of the store, `/` included.
pub(crate) trait Store: Debug + Send + Sync {
    /// What stands below a prefix, which is empty or ends with a slash. An empty answer means that nothing is there.
    fn list(&self, prefix: &str) -> io::Result<Listed>;

    /// What is known of an object; `NotFound` where there is none.
    fn head(&self, key: &str) -> io::Result<Object>;

    /// Bytes `from..from + len`, fewer at the end of the object; `ResourceBusy` where the object is no more the one that
    /// `etag` calls.
    fn range(&self, key: &str, etag: Option<&str>, from: u64, len: u64) -> io::Result<Range>;

    /// What was asked so far.
    fn requests(&self) -> Requests;
}

/// What the walk needs to know of an object. The entity tag stands where a drive has the time of the last change of
/// anything: no writer can set it back.
pub(crate) fn stat_of(object: &Object) -> Stat {
    let changed = object.etag.as_ref().map(|etag| {
        let mut hasher = DefaultHasher::new();
        etag.hash(&mut hasher);
        i128::from(hasher.finish())
    });
    Stat { kind: Kind::File, len: object.len, modified: object.modified, changed, identity: None }
}
