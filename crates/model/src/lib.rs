//! The nouns of the whole program: assets, facts, evidence, findings, problems, and the report made of them.
//!
//! An [`Asset`] is a file and its place in the delivery; [`Facts`] are what it says, [`Evidence`] a mark that matched in
//! them, a [`Finding`] what a rule made of that, and a [`Problem`] what kept us from reading. [`Run`], [`AssetReport`] and
//! [`Summary`] are the report. [`limits`] holds every bound in one place, [`text`] what deceives in text from files.
//!
//! Invariant: nothing here reads a file or decides anything. The serialized shapes of [`Evidence`], [`Finding`],
//! [`Problem`] and [`AssetReport`] are the JSON report's (`countersign.report/1`); fields are added and never renamed.

mod about_content;
mod action;
mod approval;
mod archive;
mod coverage;
mod credential_fault;
mod credentials;
pub mod error;
mod extraction;
mod finding;
mod format_id;
mod heading;
pub mod json;
mod kept_bytes;
mod known_copy;
pub mod limits;
mod run;
mod tag_place;
pub mod text;
mod timeline;
pub mod validation_status;

use std::path::PathBuf;
use std::sync::Arc;

pub use compact_str::{CompactString, ToCompactString};
use serde::{Deserialize, Serialize};
pub use tag_place::TagPlace;

pub use action::*;
pub use approval::*;
pub use archive::*;
pub use coverage::*;
pub use credential_fault::*;
pub use credentials::*;
pub use extraction::*;
pub use finding::*;
pub use format_id::*;
pub use heading::*;
pub use known_copy::*;
pub use run::*;
pub use timeline::*;

/// Version of the [`Facts`] shape; part of every cache key.
pub const FACTS_SCHEMA: u32 = 2;

/// What a place in the delivery is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reaches the screen.
    Final,
    /// Work in progress, reference, previsualization.
    Temporary,
    /// Claims to be authentic source material.
    Archival,
    /// Advertises: posters, trailers, key art.
    Promotional,
}

impl Role {
    /// Whether what has this role reaches an audience as new work: then generated material in it needs an approval.
    #[must_use]
    pub fn reaches_audience(self) -> bool {
        matches!(self, Self::Final | Self::Promotional)
    }
}

/// One file to be judged, as the walk found it and the roles placed it.
///
/// ```
/// use countersign_model::{Asset, Role};
///
/// let asset = Asset::new("/mnt/drive/final/shot.png".into(), "final/shot.png".into(), 0, 1_024, None);
/// // Until roles were asked, everything is taken to reach the screen.
/// assert_eq!((asset.role, asset.role_basis.as_str()), (Role::Final, "default"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The path to open.
    pub path: PathBuf,
    /// The path below its root, with `/` between the parts; lossless for names that are not UTF-8
    /// (see `paths::lossless` in `countersign-io`).
    pub rel: String,
    /// Names of the folders from the delivery's own root down to the scanned one, `/` between them; empty where the scan
    /// starts at that root.
    pub above: Arc<str>,
    /// Index into [`Run::roots`].
    pub root: usize,
    /// Size in bytes as the walk saw it.
    pub size: u64,
    /// Modification time in nanoseconds since the Unix epoch, where the file system gives one.
    pub mtime: Option<i128>,
    /// Time of the last change of anything, as the walk saw it: not at the disposal of who sets file times.
    pub changed: Option<i128>,
    /// What its place in the delivery is for, by package, policy or option.
    pub role: Role,
    /// `cpl`, `pkl`, `manifest`, `policy:<pattern>`, `timeline:<file> event <id>`, `option` or `default`.
    pub role_basis: String,
    /// Index into [`Summary::packages`].
    pub package: Option<usize>,
    /// Files beside this one whose names say that they describe it.
    pub sidecars: Vec<PathBuf>,
    /// Why the walk could not hand over an openable file (a socket, a link out of the root, an unreadable folder).
    pub obstacle: Option<Problem>,
    /// Which package's hashes its bytes have, where they were checked and all agree.
    pub verified_hashes: Option<String>,
    /// What timelines say of it.
    pub cut: AssetCut,
    /// A camera's raw file of the same name beside it: `IMG_1.CR2` beside `IMG_1.JPG`.
    pub raw_sibling: Option<String>,
    /// What the package that lists it says of where its content comes from: fields of a bag's `bag-info.txt`.
    pub package_notes: Vec<Tag>,
    /// The same picture elsewhere among archival assets, where copies are looked for.
    pub same_pictures: Vec<SamePicture>,
}

impl Asset {
    /// A file that nothing is known of but where it is.
    #[must_use]
    pub fn new(path: PathBuf, rel: String, root: usize, size: u64, mtime: Option<i128>) -> Self {
        Self {
            path,
            rel,
            above: Arc::default(),
            root,
            size,
            mtime,
            changed: None,
            role: Role::Final,
            role_basis: "default".to_owned(),
            package: None,
            sidecars: Vec::new(),
            obstacle: None,
            verified_hashes: None,
            cut: AssetCut::default(),
            raw_sibling: None,
            package_notes: Vec::new(),
            same_pictures: Vec::new(),
        }
    }
}

/// Everything one file says, free of policy: what the cache holds and the wire carries.
///
/// ```
/// use countersign_model::{Facts, Tag};
///
/// let software = Tag { space: "png".into(), key: "Software".into(), value: "Adobe Firefly".into(), ..Tag::default() };
/// let facts = Facts { tags: vec![software], ..Facts::default() };
/// // What the cache keeps and a worker sends is this text.
/// let text = serde_json::to_string(&facts)?;
/// assert_eq!(serde_json::from_str::<Facts>(&text)?, facts);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// [`FACTS_SCHEMA`] of the program that made them; facts of another shape are read anew.
    pub schema: u32,
    /// The format's id as the bytes tell it; `None` where no reader recognized them.
    pub format: Option<FormatId>,
    /// What kind of thing that format carries.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub media: Option<Media>,
    /// The id of the format that the name's extension promises, where a reader claims that extension.
    pub named: Option<FormatId>,
    /// Whether the extension is one that the recognized format uses; `None` without an extension,
    /// and where files of the format bear the extension of another file (`._a.mov`).
    pub extension_fits: Option<bool>,
    /// What the file says, in the order of its bytes, at most [`limits::TAGS`].
    pub tags: Vec<Tag>,
    /// What decoders made of the tags, payloads and pixels; `space` is the decoder's id.
    pub decoded: Vec<Tag>,
    /// Its Content Credentials; `None` where it neither holds nor points to a manifest.
    pub c2pa: Option<Credentials>,
    /// What kept us from reading all of it, at most [`limits::PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Archives in it that its own format does not tell of; their members are assets of their own.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub archives: Vec<AppendedArchive>,
}

/// An archive that stands behind or between what its file's own format accounts for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendedArchive {
    /// What kind of archive it is.
    pub format: FormatId,
    /// Where it begins in the file, in bytes.
    pub start: u64,
    /// How long it may be, in bytes.
    pub len: u64,
}

impl AsMut<Self> for Facts {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

/// What kind of thing a format carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Media {
    /// A still picture or a few of them.
    Image,
    /// Moving pictures, with or without sound.
    Video,
    /// Sound.
    Audio,
    /// Pages of text and pictures.
    Document,
    /// Holds files; those that can be opened are assets of their own.
    Archive,
    /// Describes other files: a sidecar, a resource fork, a package's manifest.
    Companion,
}

impl Media {
    /// Whether an audience sees or hears it, and not only what lies in it or is described by it.
    #[must_use]
    pub fn is_content(self) -> bool {
        !matches!(self, Self::Archive | Self::Companion)
    }
}

/// One key and value that the file carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The vocabulary: `exif`, `xmp`, `iptc`, `png`, `id3`, `vorbis`, `quicktime`, `riff`, …
    pub space: CompactString,
    /// The field's name in that vocabulary: `Software`, `Iptc4xmpExt:DigitalSourceType`, `TXXX:AIGC`.
    pub key: CompactString,
    /// The value as text, at most [`limits::VALUE`] bytes; more is described by `cut`.
    pub value: CompactString,
    /// The path through the container that leads there: `JPEG APP1, EXIF IFD0 Software`.
    #[serde(rename = "where")]
    pub place: TagPlace,
    /// Absolute offset in bytes of the value, or of the nearest structure that holds it.
    pub offset: Option<u64>,
    /// Length in bytes and SHA-256 of the whole value where `value` holds only its beginning.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cut: Option<Cut>,
    /// Whether the asset's own bytes say it, or those of something in it or beside it.
    #[serde(default, skip_serializing_if = "Via::is_own")]
    pub via: Via,
}

/// What is kept of a value too long to carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Length of the whole value in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole value, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// How a statement reaches the asset it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// The asset's own bytes.
    #[default]
    #[serde(rename = "self")]
    Own,
    /// A C2PA `parentOf` ingredient.
    Parent,
    /// A C2PA `componentOf` ingredient.
    Component,
    /// A C2PA `inputTo` ingredient.
    Input,
    /// A picture inside the asset.
    CoverArt,
    /// Another file behind or between what the asset's own format accounts for.
    Appended,
    /// A file beside the asset, or a manifest kept elsewhere that was fetched.
    Sidecar,
    /// Another asset, of which this one is a copy.
    Reference,
}

impl Via {
    /// True for the asset's own bytes.
    #[must_use]
    pub fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

/// What a mark says about the asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Wholly made by a generative model.
    Generated,
    /// Partly made or edited by a generative model.
    Composite,
    /// Processed by a model without new content.
    Enhanced,
    /// May be one of the above.
    Possible,
    /// Recorded from life.
    Captured,
    /// Digitized from film or print.
    Digitized,
    /// States that no generative model was used.
    NotAi,
}

/// How sure a mark makes us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Cryptographically checkable.
    Signed,
    /// The file states it in a field made for that.
    Declared,
    /// A structure that only a generator writes.
    Fingerprint,
    /// Decoded from the pixels.
    Pixel,
    /// Like another asset that is marked.
    Similar,
    /// Never enough alone.
    Hint,
}

/// One reason to believe a claim, with its exact place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Catalogue id: `iptc.digital-source-type`.
    pub mark: String,
    /// What the mark says about the asset.
    pub claim: Claim,
    /// How sure the mark makes us.
    pub strength: Strength,
    /// The generator, where the mark tells it: `Midjourney`, `Adobe Firefly`.
    pub system: Option<String>,
    /// The path through the container that leads to it: `JPEG APP13, IPTC 2:110`.
    #[serde(rename = "where")]
    pub place: String,
    /// Absolute offset in bytes of the value, or of the nearest structure that holds it.
    pub offset: Option<u64>,
    /// What stands there, cut to what a report can show; untrusted text.
    pub value: String,
    /// Whether the asset's own bytes say it, or those of something in it or beside it.
    pub via: Via,
    /// The known asset that this one is a copy of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub of: Option<Box<KnownCopy>>,
}

impl Evidence {
    /// How much it knows of the system that it names: what many programs write knows least, so that of two claims about one
    /// file the one that only its own program makes gives the name.
    #[must_use]
    pub fn knows_system(&self) -> u8 {
        /// Structures that many programs share.
        const SHARED: &[&str] =
            &["a1111.parameters", "a1111.postprocessing", "generation.settings", "generation.graph", "comfyui.graph"];
        match &self.system {
            None => 0,
            Some(_) if SHARED.contains(&self.mark.as_str()) => 1,
            Some(_) => 2,
        }
    }
}

/// The strongest claim among the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ai {
    /// No mark was read; that is never evidence of authenticity.
    #[default]
    None,
    /// A hint that is not enough alone.
    Possible,
    /// Processed by a model without new content.
    Enhanced,
    /// Partly made or edited by a generative model.
    Composite,
    /// Wholly made by a generative model.
    Generated,
}

impl Ai {
    /// The lower-case word that reports use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Possible => "possible",
            Self::Enhanced => "enhanced",
            Self::Composite => "composite",
            Self::Generated => "generated",
        }
    }
}

/// Something about a file that kept us from reading all of it.
///
/// ```
/// use countersign_model::{Problem, ProblemKind};
///
/// let cut = Problem::truncated("mp4 (moov)", 4_096, "96 bytes expected, 12 left");
/// assert!(cut.blocking, "a mark could lie in what is missing");
/// // Behind the end of padding nothing can hide: it is told by `inspect`, and no finding.
/// let padding = Problem::malformed("", 8_192, "padding of 3 bytes").within("WAV (PAD )").harmless();
/// assert_eq!((padding.kind, padding.place.as_str(), padding.blocking), (ProblemKind::Malformed, "WAV (PAD )", false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What sort of obstacle it is; reports and the action that is proposed go by it.
    pub kind: ProblemKind,
    /// `mp4 (moov)`.
    #[serde(rename = "where")]
    pub place: String,
    /// Absolute offset in bytes where reading stopped or what is wrong begins, where it is one place.
    pub offset: Option<u64>,
    /// What is wrong, as one clause without a period.
    pub what: String,
    /// Whether a mark could hide behind it: then the asset is never called clean.
    pub blocking: bool,
}

impl Problem {
    /// A problem behind which a mark could hide.
    pub fn new(kind: ProblemKind, place: impl Into<String>, offset: Option<u64>, what: impl Into<String>) -> Self {
        Self { kind, place: place.into(), offset, what: what.into(), blocking: true }
    }

    /// Structure that breaks its specification.
    pub fn malformed(place: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::new(ProblemKind::Malformed, place, Some(offset), what)
    }

    /// Structure that promises more bytes than there are.
    pub fn truncated(place: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::new(ProblemKind::Truncated, place, Some(offset), what)
    }

    /// A bound of [`crate::limits`] was reached.
    pub fn limit(place: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::new(ProblemKind::Limit, place, Some(offset), what)
    }

    /// Something that no mark can hide behind; kept for `inspect`, not a finding.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        self.blocking = false;
        self
    }

    /// Names the offset where it is still unknown.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    /// Names the place where it is still unnamed.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        if self.place.is_empty() {
            place.clone_into(&mut self.place);
        }
        self
    }
}

impl From<std::io::Error> for Problem {
    /// What the operating system refused; its place is for the caller to name ([`Problem::within`]).
    fn from(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::UnexpectedEof => ProblemKind::Truncated,
            std::io::ErrorKind::Unsupported => ProblemKind::Unsupported,
            _ => ProblemKind::Io,
        };
        Self::new(kind, "", None, error.to_string())
    }
}

/// The kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The operating system refused or failed.
    Io,
    /// The file ends before its structure does.
    Truncated,
    /// Structure that breaks its specification.
    Malformed,
    /// A bound was reached.
    Limit,
    /// A variant that no reader here understands (encrypted, a special file).
    Unsupported,
    /// A reader gave up in a way it never should.
    Panic,
    /// The file changed while it was read.
    Changed,
}

/// How a delivery package holds a file; the earlier, the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Membership {
    /// A composition plays it.
    Cpl,
    /// A packing list names it.
    Pkl,
    /// A bag's or media hash list's manifest names it.
    Manifest,
}

impl Membership {
    /// The word that stands for it as the basis of a role.
    #[must_use]
    pub fn basis(self) -> &'static str {
        match self {
            Self::Cpl => "cpl",
            Self::Pkl => "pkl",
            Self::Manifest => "manifest",
        }
    }
}
