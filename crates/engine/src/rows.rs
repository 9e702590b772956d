//! Facts that travel: what a scan finds out on one machine, to be judged on another.
//!
//! [`Recorder`] stands between a tree and the scan of one shard. It keeps what the scan asks of the tree (listings, what is known
//! of files, the bytes of manifests, timelines and directories of archives) and what each asset of the shard says
//! ([`AssetRow`]), and writes all that as rows. [`Recorded`] reads the rows of all shards and is the same tree again: the
//! same scan runs over it and gives the same report, without the media.
//!
//! Everything belongs to one shard by a stable hash of its path; members of archives go with their archive. What no row
//! has is an error where it is asked for, so that nothing that is missing passes for clean.
//!
//! The form: lines of JSON, compressed as gzip (RFC 1952). The first is a [`Header`], the last a [`Footer`] with the number
//! and the SHA-256 of all lines before it.

mod index;
mod read;
mod record;
mod replay;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use countersign_io::{Kind, Stat};
use countersign_model::{Facts, Problem, Role};

pub use read::{Incomplete, Recorded, Refusal};
pub(crate) use record::Unkept;
pub use record::{Recorder, Shard};

/// The name and number of this form; rows of another are refused.
pub const SCHEMA: &str = "countersign.rows/1";

/// Shards of one extraction, at most.
pub const MOST_SHARDS: u32 = 1_000_000;

/// Where what assets say comes from, or goes to.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Assets of one shard are read and kept; all others are passed over.
    Keep(Arc<Recorder>),
    /// Nothing is read: everything was kept.
    Take(Arc<Recorded>),
}

/// The folder above a root that looks archival or temporary and does not count, where there is one.
pub type Uncounted = Option<(String, Role)>;

/// The first line: what all shards of one extraction have in common, and which shard this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program's version.
    pub version: String,
    /// What facts depend on besides the files: readers and their versions, options, the marks that are looked for.
    pub basis: String,
    /// The roots as they were typed.
    pub roots: Vec<String>,
    /// Of each root the names above it that count for roles.
    pub above: Vec<String>,
    /// Of each root the folder above it that looks archival or temporary and does not count.
    pub uncounted: Vec<Uncounted>,
    /// The options that judging must know.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// Which shard this is, from 1, and of how many.
    pub shard: (u32, u32),
}

impl Header {
    /// What lies above the roots: names that count, folders that do not.
    pub(crate) fn above_roots(&self) -> (Vec<Arc<str>>, Vec<Uncounted>) {
        (self.above.iter().map(|above| Arc::from(above.as_str())).collect(), self.uncounted.clone())
    }
}

/// The last line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Footer {
    /// Lines before this one.
    lines: u64,
    /// Of those lines with their ends.
    sha256: String,
    /// Of all files that the walk saw, those of other shards included: the same in every shard of one tree.
    tree: String,
}

/// What an operation of a tree gave.
type Answer<T> = Result<T, (String, String)>;

/// What is known of a file: kind, length, times of modification and of any change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownStat(u8, u64, Option<i128>, Option<i128>);

/// A line between the first and the last.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Line {
    /// What a folder holds: names and kinds.
    List(usize, String, Answer<Vec<(String, u8)>>),
    /// What stands at a path.
    Stat(usize, String, Answer<KnownStat>),
    /// Where a path leads that is not its own target.
    Resolve(usize, String, Answer<Option<String>>),
    /// A path that is a link.
    Link(usize, String),
    /// Bytes of a file, from an offset, as BASE64.
    Bytes(usize, String, u64, String),
    /// What keeps a file from being opened.
    Closed(usize, String, (String, String)),
    /// What an asset says.
    Asset(Box<AssetRow>),
    /// The last line.
    End(Footer),
}

/// What is found out about an asset by reading it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssetRow {
    /// The root's number.
    pub root: usize,
    /// The path below the root, of members that of the archive first.
    pub path: String,
    /// What tells a member from others of its name.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub member: String,
    /// Everything that the asset says.
    pub facts: Facts,
    /// Whether thumbnails in it were looked into, as is done for archival material.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub thumbnails: bool,
    /// Names and values of the digests that were computed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub digests: Vec<(String, String)>,
    /// What is wrong with the bytes that were hashed, all of them having been read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hashed: Option<Problem>,
    /// Why they could not be hashed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_hashed: Option<Problem>,
    /// Whether the file changed while it was read.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub changed: bool,
    /// What a member shows of its archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub oddity: Option<String>,
}

/// What a row tells of a path.
#[derive(Clone, Copy, Debug)]
enum About {
    /// What the asset says.
    Asset = 0,
    /// What the folder holds.
    List = 1,
    /// What is known of the file.
    Stat = 2,
}

impl About {
    /// Under what a row is found.
    fn place(self, root: usize, path: &str, member: &str) -> u128 {
        hash(((self as u64) << 32) + root as u64, path, member)
    }
}

/// Of a place, whatever is told of it: which shard has it.
fn place(root: usize, path: &str, member: &str) -> u128 {
    hash(root as u64, path, member)
}

/// The first bytes of a SHA-256.
fn hash(root: u64, path: &str, member: &str) -> u128 {
    let mut digest = Sha256::new();
    digest.update(root.to_be_bytes());
    digest.update((path.len() as u64).to_be_bytes());
    digest.update(path);
    digest.update(member);
    let bytes: [u8; 32] = digest.finalize().into();
    bytes.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn kind_number(kind: Kind) -> u8 {
    match kind {
        Kind::File => 0,
        Kind::Folder => 1,
        Kind::Link => 2,
        Kind::Other => 3,
    }
}

fn kind_of(number: u8) -> Kind {
    match number {
        0 => Kind::File,
        1 => Kind::Folder,
        2 => Kind::Link,
        _ => Kind::Other,
    }
}

impl From<&Stat> for KnownStat {
    fn from(stat: &Stat) -> Self {
        Self(kind_number(stat.kind), stat.len, stat.modified, stat.changed)
    }
}

impl From<&KnownStat> for Stat {
    fn from(known: &KnownStat) -> Self {
        let KnownStat(kind, len, modified, changed) = *known;
        Self { kind: kind_of(kind), len, modified, changed, identity: None }
    }
}
