//! What every object store can be asked, whatever its protocol.

use std::fmt::Debug;
use std::io;

use crate::client::Requests;

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
