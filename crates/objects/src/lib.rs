//! Trees of object stores: what `s3://bucket/prefix` and `https://host/path` name as roots of a scan.
//!
//! An object store keeps bytes by key and has no folders: a folder here is what the keys below a prefix have in common up
//! to the next `/`. An [`ObjectTree`] lists with as few requests as the store allows, remembers what the listing said of
//! each object (length, time, entity tag), and reads ranges: a picture takes one to four requests. Each range is asked
//! for with the entity tag of the listing (`If-Match`), so that bytes of two versions of an object never mix.
//!
//! The protocols are the Amazon S3 REST API (`ListObjectsV2`, `HeadObject`, `GetObject`) and HTTP/1.1 with ranges
//! (RFC 9110, section 14). Requests are signed by `rusty-s3` and sent by `ureq`; what a store refuses for the moment is asked for
//! again (see [`Retries`]).
//!
//! Invariant: no tree ever writes, and what could not be listed or read is an error, never an empty folder. [`put`] alone writes:
//! rows of an extraction, where somebody typed an address for them.

mod address;
mod ahead;
mod client;
mod credentials;
mod handle;
mod s3;
mod store;
mod tree;
mod web;

use std::io;
use std::path::Path;
use std::sync::Arc;

use countersign_io::join;

pub use address::{Address, is_address};
pub use client::Retries;
pub use credentials::Environment;
pub use store::Requests;
pub use tree::ObjectTree;

/// How object stores are asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The address of an S3-compatible store, such as `http://127.0.0.1:9000`; without it, Amazon's for the region.
    pub endpoint: Option<String>,
    /// Where keys, region and profile come from.
    pub environment: Environment,
    /// What happens when a store does not answer.
    pub retries: Retries,
}

/// Opens the tree that an address names.
///
/// ```no_run
/// use countersign_io::Tree;
/// use countersign_objects::{Environment, Options, open};
///
/// let options = Options { environment: Environment::of_process(), ..Options::default() };
/// let tree = open("s3://deliveries/show/ep101", &options)?;
/// for (name, kind) in tree.list("")?.iter() {
///     println!("{name} {kind:?}");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` where the address or the endpoint is none; `NotFound` and `PermissionDenied` for credentials that are named
/// and cannot be had. No request is made yet.
pub fn open(address: &str, options: &Options) -> io::Result<Arc<ObjectTree>> {
    let address = Address::parse(address)?;
    let store: Box<dyn store::Store> = match &address {
        Address::S3 { bucket, .. } => Box::new(s3::S3::new(bucket, options)?),
        Address::Web { base, .. } => Box::new(web::Web::new(base, options)),
    };
    Ok(Arc::new(ObjectTree::new(&address, store)))
}

/// Writes a file of this machine below an `s3://` address under this name, and returns the object's address. It is there whole
/// or not at all; one that was there before is replaced.
///
/// # Errors
/// As [`open`]; `Unsupported` for addresses of web servers; whatever the store answers, after the usual tries.
pub fn put(address: &str, name: &str, file: &Path, options: &Options) -> io::Result<String> {
    match Address::parse(address)? {
        Address::S3 { bucket, prefix } => {
            let key = join(&prefix, name);
            s3::S3::new(&bucket, options)?.put(&key, file)?;
            Ok(format!("s3://{bucket}/{key}"))
        }
        Address::Web { .. } => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "rows are written to s3:// addresses, not to web servers"))
        }
    }
}
