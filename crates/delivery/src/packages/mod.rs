//! The delivery packages: one file each, all of them in [`ALL`].
//!
//! A package is recognized by the names in a folder, then opened: its manifests are read (bounded, through
//! [`Source`]) and say which files belong to it, with sizes and digests, and what plays them.
//! Nothing here lists folders or follows links: a [`PackageFiles`] does that for it.
//! What the manifests say and what the walk then sees meet in [`PackageIndex`].

pub mod archive;
mod ascmhl;
mod assetmap;
mod bagit;
mod checksums;
mod dcp;
mod deliveries;
mod file_index;
mod hash_list;
mod imf;
mod mapped_package;
mod mhl;
mod names;
mod paths;
mod pkl;
mod sequence;
mod timeline;
mod xml;

pub use countersign_io::digest::{Algorithm, Digest};
pub use deliveries::{ClaimedDigest, PackageIndex, PackageRoot, Place, PlayedComposition, Spelling, capped};
pub use file_index::FileIndex;
pub use paths::inside;
pub use sequence::{FrameName, PictureTraits, Row, Sequences, frame_name};
pub use timeline::record_range;

use std::path::Path;

use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{PackageFault, PackageFaultKind, Play, Problem, Tag};
use countersign_timelines::Timeline;

/// Stretches kept per asset: a file that is played in thousands of pieces says no more.
const PLAYS: usize = 256;

/// What a kind of package is.
#[derive(Debug)]
pub struct Info {
    /// The kind that reports name: `imf`, `dcp`, `ascmhl`, `mhl`, `bagit`, `checksums`, `folder`, `archive`.
    pub kind: &'static str,
    /// The specification, in a few words.
    pub name: &'static str,
}

/// A kind of package: what it is, how a folder that holds one looks, and what its manifests say.
///
/// ```
/// use countersign_delivery::packages::{Folder, Info, Listing, Member, Membership, Package, PackageFiles, PackageManifest};
/// use countersign_io::source::Source;
/// use countersign_model::{PackageFaultKind, Problem, ProblemKind};
///
/// /// Call sheets: `CALL.txt` names a file a line.
/// struct CallSheet;
///
/// static INFO: Info = Info { kind: "call-sheet", name: "Call sheet" };
///
/// impl Package for CallSheet {
///     fn info(&self) -> &'static Info {
///         &INFO
///     }
///
///     fn detect(&self, listing: &Listing) -> bool {
///         listing.has_file("CALL.txt")
///     }
///
///     fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
///         let text = folder.read("CALL.txt")?;
///         let mut opened = PackageManifest::default();
///         for line in String::from_utf8_lossy(&text).lines() {
///             // A manifest's path is believed only where it stays inside the package.
///             match countersign_delivery::packages::inside(line) {
///                 Ok(path) => opened.members.push(Member::new(path, Some(Membership::Manifest))),
///                 Err(what) => opened.fault(PackageFaultKind::Malformed, "CALL.txt", format!("{line}: {what}")),
///             }
///         }
///         Ok(Some(opened))
///     }
/// }
///
/// /// A folder of one file.
/// struct InMemory;
///
/// impl PackageFiles for InMemory {
///     fn source(&self, path: &str) -> Result<Source, Problem> {
///         match path {
///             "CALL.txt" => Ok(Source::memory(b"reel/one.mov\n../two.mov\n".to_vec(), 0)),
///             _ => Err(Problem::new(ProblemKind::Io, "", None, "not found")),
///         }
///     }
///
///     fn list(&self, _: &str) -> Result<Listing, Problem> {
///         Ok(Listing { files: vec!["CALL.txt".to_owned()], folders: vec!["reel".to_owned()] })
///     }
/// }
///
/// let listing = InMemory.list("")?;
/// let opened = CallSheet.open(&Folder::new("", &listing, &InMemory))?.unwrap();
/// assert!(CallSheet.detect(&listing));
/// assert_eq!((opened.members[0].path.as_str(), opened.faults.len()), ("reel/one.mov", 1));
/// # Ok::<(), Problem>(())
/// ```
pub trait Package: Sync {
    /// What kind of package it is.
    fn info(&self) -> &'static Info;

    /// Whether a folder may be the root of such a package, by the names in it alone. Cheap, no I/O.
    fn detect(&self, listing: &Listing) -> bool;

    /// Reads the manifests. `Ok(None)` says that it is no such package after all.
    ///
    /// # Errors
    /// Manifests that cannot be read at all; what is wrong inside them goes to [`PackageManifest::faults`].
    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem>;
}

/// The names in one folder, system files left out, each list in byte order. Names that are not UTF-8 are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names of files.
    pub files: Vec<String>,
    /// Names of folders.
    pub folders: Vec<String>,
}

impl Listing {
    /// Whether a file has exactly this name.
    #[must_use]
    pub fn has_file(&self, name: &str) -> bool {
        self.files.binary_search_by(|n| n.as_str().cmp(name)).is_ok()
    }

    /// Whether a folder has exactly this name.
    #[must_use]
    pub fn has_folder(&self, name: &str) -> bool {
        self.folders.binary_search_by(|n| n.as_str().cmp(name)).is_ok()
    }
}

/// Reads and lists for packages: below one folder, links followed inside the scanned root only.
pub trait PackageFiles {
    /// The file at `path` below the folder, `/` between the parts.
    ///
    /// # Errors
    /// What kept it from being opened.
    fn source(&self, path: &str) -> Result<Source, Problem>;

    /// The names in the folder at `path` below the folder.
    ///
    /// # Errors
    /// What kept it from being listed.
    fn list(&self, path: &str) -> Result<Listing, Problem>;

    /// The files of the whole tree by their names, for manifests that name files by another folder; nothing where that is
    /// not known.
    fn index(&self) -> Option<&FileIndex> {
        None
    }
}

/// A folder that may be the root of a package. Paths are checked (see [`inside`]) and below this folder.
pub struct Folder<'a> {
    /// Below the scanned root, `/` between parts; empty for the scanned root itself.
    pub rel: &'a str,
    /// The names in it.
    pub listing: &'a Listing,
    ground: &'a dyn PackageFiles,
}

impl<'a> Folder<'a> {
    /// A folder to open packages in.
    #[must_use]
    pub fn new(rel: &'a str, listing: &'a Listing, ground: &'a dyn PackageFiles) -> Self {
        Self { rel, listing, ground }
    }

    /// The file at `path`.
    ///
    /// # Errors
    /// As [`PackageFiles::source`].
    pub fn source(&self, path: &str) -> Result<Source, Problem> {
        self.ground.source(path).map_err(|p| p.within(path))
    }

    /// The whole file at `path`, at most [`limits::MANIFEST`] bytes.
    ///
    /// # Errors
    /// As [`PackageFiles::source`], and `limit` for a longer file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        let mut source = self.source(path)?;
        let len = source.len();
        if len > limits::MANIFEST as u64 {
            return Err(Problem::limit(path, 0, format!("a manifest of {len} bytes is not read")));
        }
        source.vec(0, len as usize).map_err(|p| p.within(path))
    }

    /// The names in the folder at `path`.
    ///
    /// # Errors
    /// As [`PackageFiles::list`].
    pub fn list(&self, path: &str) -> Result<Listing, Problem> {
        self.ground.list(path).map_err(|p| p.within(path))
    }

    /// The files of the whole tree by their names.
    #[must_use]
    pub fn index(&self) -> Option<&'a FileIndex> {
        self.ground.index()
    }
}

/// A package as its manifests describe it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackageManifest {
    /// What the manifest calls the package.
    pub title: Option<String>,
    /// Every file that it lists, once.
    pub members: Vec<Member>,
    /// What is wrong with the manifests themselves; paths below the package's root.
    pub faults: Vec<PackageFault>,
    /// Whether a file below the root that is no member (and belongs to no package further in) is a fault.
    pub lists_everything: bool,
    /// Paths below the root that the package sets aside: never unlisted. A folder ends with `/`.
    pub expected_unlisted: Vec<String>,
    /// Patterns of names, as gitignore has them, that are never unlisted.
    pub ignore: Vec<String>,
    /// The folder (with `/` at its end) in which an unlisted file makes the package unsound.
    pub complete: Option<String>,
    /// What a manifest says all files of a folder come to.
    pub total: Option<Total>,
    /// The package's own files that were read and understood: no media, and nothing that needs a judgement.
    pub manifests: Vec<String>,
    /// What compositions play of packages elsewhere: the asset's id, and where it is played.
    pub external_references: Vec<(String, Play)>,
    /// What compositions say of the bytes of those: the asset's id, the digest, and the composition's own file.
    pub external_digests: Vec<(String, Digest, String)>,
    /// Oddities that are no fault (a composition that plays tracks of another package): told in the report.
    pub remarks: Vec<String>,
    /// What it says of where its content comes from, for archival material.
    pub notes: Vec<Tag>,
    /// Its compositions as cuts, in the order of its documents.
    pub compositions: Vec<CompositionCut>,
}

/// A composition as a cut: `media` of its events is the id of an asset, in the composition's own spelling.
#[derive(Clone, Debug, PartialEq)]
pub struct CompositionCut {
    /// The playlist's file, below the package's root.
    pub path: String,
    /// The composition's own id, a UUID in lower case.
    pub id: String,
    /// What it plays.
    pub timeline: Timeline,
}

impl PackageManifest {
    /// Takes up patterns of what is never unlisted, at most [`limits::PATTERNS`] of all lists together.
    fn ignore(&mut self, patterns: &[String]) {
        for pattern in patterns {
            if self.ignore.len() < limits::PATTERNS && !self.ignore.contains(pattern) {
                self.ignore.push(pattern.clone());
            }
        }
    }

    /// Adds a fault about `path` (below the package's root).
    pub fn fault(&mut self, kind: PackageFaultKind, path: impl Into<String>, what: impl Into<String>) {
        if self.faults.len() < limits::FAULTS {
            self.faults.push(PackageFault::new(kind, path, what));
        }
    }
}

/// How many files and bytes a folder should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// Below the package's root, with `/` at its end.
    pub folder: String,
    /// How many files.
    pub files: u64,
    /// Their sizes in bytes, together.
    pub bytes: u64,
    /// The file that says so.
    pub by: String,
}

/// A file that a package lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Below the package's root, checked by [`inside`], or below a folder above it.
    pub path: String,
    /// How many folders above the package's root the path starts: lists of checksums may name files beside their folder. Never
    /// above the scanned root.
    pub above: usize,
    /// The id under which compositions of any package may play it.
    pub id: Option<String>,
    /// Size in bytes that the manifest states.
    pub size: Option<u64>,
    /// The digests that the manifest states, of one or of several algorithms.
    pub digests: Vec<Digest>,
    /// Which manifests state each of `digests`, below the package's root; empty where the package has only one.
    pub stated_by: Vec<String>,
    /// How the package holds it; `None` for the package's own manifests and what else is listed but not delivered.
    pub membership: Option<Membership>,
    /// Which compositions play it, and where.
    pub plays: Vec<Play>,
    /// Whether it may be absent (named for the record only, to be fetched from elsewhere).
    pub optional: bool,
}

impl Member {
    /// A member of which only the path is known so far.
    #[must_use]
    pub fn new(path: impl Into<String>, membership: Option<Membership>) -> Self {
        Self {
            path: path.into(),
            above: 0,
            id: None,
            size: None,
            digests: vec![],
            stated_by: vec![],
            membership,
            plays: vec![],
            optional: false,
        }
    }

    /// The folder from which the member's path starts, where the package's root is the folder `root`.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use countersign_delivery::packages::Member;
    ///
    /// let member = Member { above: 1, ..Member::new("media/a.mov", None) };
    /// assert_eq!(member.base(Path::new("show/lists")).join(&member.path), Path::new("show/media/a.mov"));
    /// ```
    #[must_use]
    pub fn base<'a>(&self, root: &'a Path) -> &'a Path {
        root.ancestors().nth(self.above).unwrap_or(Path::new(""))
    }

    /// The manifests that name it, where the package has several, for people.
    fn listed_in(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for name in self.stated_by.iter().flat_map(|by| by.split(", ")) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    }
}

pub use countersign_model::Membership;

/// Every kind of package.
#[rustfmt::skip]
pub static ALL: &[&dyn Package] = &[
    &imf::IMF,
    &dcp::DCP,
    &ascmhl::AscMhl,
    &bagit::BagIt,
    &mhl::Mhl,
    &checksums::Checksums,
];
