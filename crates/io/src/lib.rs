//! Trees of files and handles on what is in them: the only place that asks an operating system for bytes of media.
//!
//! A [`Tree`] is a folder with everything below it, wherever it is kept: a drive ([`LocalTree`]), an archive, later an
//! object store. It lists, tells what is known of a file without opening it ([`Stat`]), and opens it: a [`Handle`] reads
//! at any place and tells what is known of the file that it has open. An asset is opened once; its handle goes through
//! all that reads it. [`Listings`] asks a tree for each folder once, however many want to know its names.
//!
//! Paths are text below the tree's root with `/` between the parts; see [`paths`] for names that are not UTF-8. The root
//! itself is the empty path. No tree promises more than this: there may be no file of the operating system behind an
//! entry, and only what must have one asks for [`Handle::local_path`], else for a copy in [`TempSpace`].
//!
//! Readers of media get a [`source::Source`]: bounded, positioned reads of a [`ByteRange`] that are counted. [`digest`] reads
//! a file once for all digests that are wanted of it.
//!
//! What reading one asset may take, with all that is inside it, is an [`asset_budget::AssetBudget`].
//!
//! Invariant: nothing is ever written below what is scanned, and what changed since it was listed shows in its [`Stat`].

pub mod asset_budget;
mod buffers;
pub mod byte_budget;
pub mod digest;
mod inside;
mod listings;
mod local;
mod near;
mod os;
pub mod paths;
mod range;
mod roots;
pub mod source;
mod temporary;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use buffers::Buffer;
pub use inside::{inside_roots, regular, resolved};
pub use listings::{Folder, Listings};
pub use local::{LocalFile, LocalTree};
pub use os::{read_at, stat_of};
pub use range::{ByteRange, Stream};
pub use roots::Roots;
pub use temporary::{TempFiles, TempSpace, is_of_space};

/// What stands under a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    #[default]
    File,
    /// A folder, which can be listed.
    Folder,
    /// A link; only [`Tree::list`] says so, [`Tree::stat`] tells of what it leads to.
    Link,
    /// A device, pipe or socket: never opened.
    Other,
}

/// What is known of a file without reading it.
///
/// ```
/// use countersign_io::Stat;
///
/// let walked = Stat { len: 10, modified: Some(1_000), ..Stat::default() };
/// assert!(walked.still(&Stat { identity: Some((1, 7)), ..walked }), "drives may number files anew");
/// assert!(!walked.still(&Stat { len: 11, ..walked }));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// What stands there.
    pub kind: Kind,
    /// Bytes.
    pub len: u64,
    /// Time of the last modification, in nanoseconds since the Unix epoch, where the tree has one.
    pub modified: Option<i128>,
    /// Time of the last change of anything, which is not at the disposal of who sets file times: the status change on
    /// Unix, the creation elsewhere.
    pub changed: Option<i128>,
    /// What tells files of one name apart: device and inode.
    pub identity: Option<(u64, u64)>,
}

impl Stat {
    /// Whether this is still the same unchanged file. Its identity does not count: some drives number their files anew
    /// whenever they look at them.
    #[must_use]
    pub fn still(&self, now: &Self) -> bool {
        let shape = |stat: &Self| (stat.kind, stat.len, stat.modified);
        shape(self) == shape(now) && (self.changed.is_none() || self.changed == now.changed)
    }
}

/// A file of a tree, as it was when its folder was walked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Below the tree's root.
    pub path: String,
    /// What the listing or the walk knew of it, without opening it.
    pub stat: Stat,
}

/// Files below one root. All methods may block and may be called from many threads at once.
///
/// ```
/// use std::io;
/// use std::sync::Arc;
///
/// use countersign_io::{ByteRange, Entry, Folder, Handle, Kind, Listings, Stat, Tree};
///
/// /// A tree of one file, which is in memory.
/// #[derive(Debug)]
/// struct Note(&'static [u8]);
///
/// impl Tree for Note {
///     fn name(&self) -> String {
///         "memory".to_owned()
///     }
///
///     fn list(&self, folder: &str) -> io::Result<Folder> {
///         if !folder.is_empty() {
///             return Err(io::ErrorKind::NotFound.into());
///         }
///         Folder::of([("note.txt".to_owned(), Kind::File)])
///     }
///
///     fn stat(&self, path: &str) -> io::Result<Stat> {
///         match path {
///             "" => Ok(Stat { kind: Kind::Folder, ..Stat::default() }),
///             "note.txt" => Ok(Stat { len: self.0.len() as u64, ..Stat::default() }),
///             _ => Err(io::ErrorKind::NotFound.into()),
///         }
///     }
///
///     fn open(&self, entry: &Entry) -> io::Result<Arc<dyn Handle>> {
///         self.stat(&entry.path)?;
///         Ok(Arc::new(ByteRange::memory(self.0.to_vec())))
///     }
/// }
///
/// // Whoever wants to know the names of a folder shares one listing of it.
/// let listings = Listings::new(Arc::new(Note(b"take 3")));
/// let folder = listings.folder("")?;
/// assert_eq!(folder.iter().collect::<Vec<_>>(), [("note.txt", Kind::File)]);
/// let stat = listings.tree().stat("note.txt")?;
/// let handle = listings.tree().open(&Entry { path: "note.txt".to_owned(), stat })?;
/// let mut bytes = [0; 4];
/// assert_eq!(handle.read_at(&mut bytes, 0)?, 4);
/// assert_eq!(&bytes, b"take");
/// # Ok::<(), io::Error>(())
/// ```
pub trait Tree: Debug + Send + Sync {
    /// How people call the root: for messages.
    fn name(&self) -> String;

    /// The names in a folder, in byte order, links not followed.
    ///
    /// # Errors
    /// What keeps the folder from being listed; nothing is said then of what is in it.
    fn list(&self, folder: &str) -> io::Result<Folder>;

    /// What is known of what stands at a path, links followed wherever they lead.
    ///
    /// # Errors
    /// Where there is nothing, or it may not be asked for.
    fn stat(&self, path: &str) -> io::Result<Stat>;

    /// As [`Tree::stat`], of a name that was listed just now: if the folder was exchanged since, it may be told what stands
    /// in the one that was listed.
    ///
    /// # Errors
    /// As [`Tree::stat`].
    fn stat_listed(&self, path: &str) -> io::Result<Stat> {
        self.stat(path)
    }

    /// Opens a file. The handle's length is that of the entry: what changed since shows in [`Handle::stat`].
    ///
    /// # Errors
    /// What keeps it from being opened.
    fn open(&self, entry: &Entry) -> io::Result<Arc<dyn Handle>>;

    /// Where a path leads, links resolved, as a path of this tree; `None` where it leads out of it. Where there are no
    /// links, the path itself.
    ///
    /// # Errors
    /// Where it leads nowhere.
    fn resolve(&self, path: &str) -> io::Result<Option<String>> {
        Ok(Some(path.to_owned()))
    }

    /// Whether what stands at a path is itself a link.
    fn is_link(&self, _path: &str) -> bool {
        false
    }

    /// The path for programs of this machine, where the tree is on one of its drives.
    fn local_path(&self, _path: &str) -> Option<PathBuf> {
        None
    }
}

/// An open file.
///
/// ```
/// use countersign_io::{Entry, LocalTree, Stat, Tree};
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("slate.txt"), "24 fps")?;
/// let tree = LocalTree::new(folder.path());
/// let stat = tree.stat("slate.txt")?;
/// let handle = tree.open(&Entry { path: "slate.txt".to_owned(), stat })?;
/// let mut bytes = [0; 2];
/// handle.read_at(&mut bytes, 3)?;
/// assert_eq!((&bytes, handle.len()), (b"fp", 6));
/// // Nothing was exchanged in between: the file is still what the listing saw.
/// assert!(stat.still(&handle.stat()?));
/// # Ok::<(), std::io::Error>(())
/// ```
#[expect(clippy::len_without_is_empty, reason = "an empty file is a finding of its own, asked for by length")]
pub trait Handle: Debug + Send + Sync {
    /// Reads once at `offset`: at least one byte unless the file ends there, and perhaps fewer than asked for.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being read; `Interrupted` may be tried again.
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Bytes when it was opened.
    fn len(&self) -> u64;

    /// What is known of the file now.
    ///
    /// # Errors
    /// Where that cannot be told any more.
    fn stat(&self) -> io::Result<Stat>;

    /// The path for programs of this machine, where there is one.
    fn local_path(&self) -> Option<&Path> {
        None
    }
}

/// A path below `folder`, where the empty one is the root.
#[must_use]
pub fn join(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => folder.to_owned(),
        // Backslashes are written in one way or another by what else is in the whole path.
        _ if folder.contains('\\') || name.contains('\\') => {
            paths::lossless(&paths::native(folder).join(paths::native(name)))
        }
        _ => [folder, "/", name].concat(),
    }
}

/// The folder around a path.
#[must_use]
pub fn parent(path: &str) -> String {
    if path.contains('\\') {
        return paths::native(path).parent().map(paths::lossless).unwrap_or_default();
    }
    path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned())
}
