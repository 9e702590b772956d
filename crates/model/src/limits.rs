//! Every bound in one place: what a file may make us read, keep or do.
//!
//! A length that a file states is compared with one of these before it is used.

use std::time::Duration;

/// Computing time for one asset and all that is inside it, unless the user says otherwise.
pub const COMPUTING: Duration = Duration::from_secs(60);
/// Bytes of a file for which one more second of computing is granted.
pub const COMPUTED_PER_SECOND: u64 = 2 * 1024 * 1024;
/// Bytes that what is packed in one file may unfold to, however small it is. Members of archives are counted apart, and
/// what is packed in them is not.
pub const DECOMPRESSED: u64 = 256 * 1024 * 1024;
/// Past that, how many times the file's own bytes.
pub const DECOMPRESSED_RATIO: u64 = 8;
/// Bytes of one asset that are kept in memory until it is judged: values of tags, media and manifest stores inside it.
pub const KEPT: u64 = 160 * 1024 * 1024;
/// Bytes of the values of one asset's tags: each is matched with every mark.
pub const TEXT: u64 = 32 * 1024 * 1024;
/// Places of one mark that are told of one asset.
pub const PLACES: usize = 100;
/// Bytes read from the start of every file: enough for identification and nearly all metadata.
pub const HEAD: usize = 64 * 1024;
/// Bytes read from the end of a file where a reader needs the end. `HEAD + TAIL` stays under 96 KiB.
pub const TAIL: usize = 16 * 1024;
/// Bytes that one further positioned read fetches at least, so that walking small structures stays cheap.
pub const WINDOW: usize = 4 * 1024;
/// Bytes per read where a whole file is hashed: large enough for the drive, small enough for the cache.
pub const HASHED: usize = 256 * 1024;
/// The longest single structure that is read into memory.
pub const BLOB: usize = 64 * 1024 * 1024;
/// All that may be read from one file for its metadata (hashing and pixel decoding are counted apart).
pub const METADATA: u64 = 256 * 1024 * 1024;
/// The longest C2PA manifest store that is looked at.
pub const STORE: usize = 64 * 1024 * 1024;
/// Bytes of manifest stores that one run fetches.
pub const FETCHED: u64 = 256 * 1024 * 1024;
/// Different addresses from which one run fetches manifest stores.
pub const ADDRESSES: usize = 1_000;
/// The longest text that a compressed field may unfold to.
pub const INFLATED: usize = 16 * 1024 * 1024;
/// Bytes of a tag's value that facts keep; the rest is named by length and SHA-256.
pub const VALUE: usize = 16 * 1024;
/// Tags of one file.
pub const TAGS: usize = 20_000;
/// Boxes, chunks, segments, frames or directory entries of one file.
pub const ITEMS: usize = 200_000;
/// Nesting of boxes, elements, groups.
pub const DEPTH: usize = 24;
/// Media inside media inside media.
pub const EMBEDDED_DEPTH: usize = 2;
/// Pictures and attachments read per file.
pub const EMBEDDED: usize = 64;
/// The longest embedded picture that is read.
pub const EMBEDDED_BYTES: usize = 32 * 1024 * 1024;
/// Sidecars of one file that are read: nobody but who hides something has as many.
pub const SIDECARS: usize = 128;
/// The longest sidecar that is read.
pub const SIDECAR: usize = 16 * 1024 * 1024;
/// Problems kept per file: past this the file is hostile and the first ones tell enough.
pub const PROBLEMS: usize = 64;
/// Assets that are handed out together where nobody says otherwise: the unit of parallel work and of memory.
pub const BATCH: usize = 1_024;
/// Pixels that are decoded for `--pixels`.
pub const PIXELS: u64 = 128 * 1024 * 1024;
/// The longest manifest of a delivery package that is read.
pub const MANIFEST: usize = 64 * 1024 * 1024;
/// Files that one package may list.
pub const MEMBERS: usize = 2_000_000;
/// Faults of one kind that are told of one package.
pub const FAULTS: usize = 1_000;
/// Paths that a report names of those that a run did not look at.
pub const PASSED_OVER: usize = 10_000;
/// Folders of one root that are entered by a link: links can multiply a tree.
pub const LINKED_FOLDERS: usize = 4_096;
/// Files that are read in those folders, all of one root together.
pub const LINKED_FILES: u64 = 500_000;
/// Patterns of one package that say what it does not list.
pub const PATTERNS: usize = 1_000;
/// Bytes of one of them.
pub const PATTERN: usize = 256;
/// Bytes of address space of a process that verifies: two pieces of 256 MiB, a store and its copies, and the program.
pub const WORKER_MEMORY: u64 = 1536 * 1024 * 1024;
/// Bytes of address space of a process that decodes: an encoded picture, its pixels, and the program.
pub const DECODER_MEMORY: u64 = 640 * 1024 * 1024;
/// Bytes of memory that the jobs of all worker processes may cost at once: that of one verification.
pub const WORKERS: u64 = 512 * 1024 * 1024;
/// Bytes of the pixels of one decoded picture: 8K with three channels of sixteen bits.
pub const DECODED: u64 = 200 * 1024 * 1024;
/// Bytes of the pixels of a picture, or of a few frames, that are decoded to be shown small.
pub const PREVIEW: u64 = 160 * 1024 * 1024;
/// Bytes of memory of a process that decodes sound.
pub const SOUND: u64 = 48 * 1024 * 1024;
/// Bytes of the pixels of all pictures that the scanner holds at once.
pub const DECODED_AT_ONCE: u64 = DECODED;
/// The longest line of a ledger: one record may be about very many files.
pub const LEDGER_LINE: usize = 256 * 1024 * 1024;
/// The longest thumbnail that is compared with its image.
pub const THUMBNAIL: usize = 1024 * 1024;
/// Thumbnails of one file.
pub const THUMBNAILS: usize = 8;
/// Pixels of an image that is decoded to be compared with its thumbnail.
pub const COMPARED: u64 = 64 * 1024 * 1024;
/// Bytes of ledger lines whose records are kept at hand while assets are matched.
pub const RECORDS: usize = 16 * 1024 * 1024;
/// Records that matched nothing and are told one by one; of more, the rest is counted.
pub const UNUSED: usize = 100;
/// Bytes that a member of an archive may unfold to in memory; longer ones go to a temporary file.
pub const UNFOLDED_MEMORY: usize = 8 * 1024 * 1024;
/// Bytes that a member may unfold to however small it is packed: a black frame packs a thousandfold.
pub const UNFOLDED_FREE: u64 = 256 * 1024 * 1024;
/// Past that, how many times its packed bytes.
pub const UNFOLDED_RATIO: u64 = 200;
/// Bytes that a member may unfold to at all.
pub const UNFOLDED: u64 = 64 * 1024 * 1024 * 1024;
/// Bytes that all members of an archive and of those inside it may unfold to, or [`UNFOLDED_RATIO`] times its own.
pub const UNFOLDED_TOTAL: u64 = 4 * 1024 * 1024 * 1024;
/// Members of one archive.
pub const ARCHIVED: usize = 500_000;
/// Bytes of the names of all members of one archive.
pub const ARCHIVED_NAMES: usize = 64 * 1024 * 1024;
/// Archives that are opened inside one archive, at all depths together.
pub const ARCHIVES: usize = 10_000;
/// Bytes that the manifests of packages in the archives of one file may unfold to, at all depths together: what they list
/// is kept in memory.
pub const MANIFESTS: u64 = 2 * MANIFEST as u64;
/// Folders of an archive that packages are looked for in.
pub const ARCHIVED_FOLDERS: usize = 100_000;
/// Bytes of the paths of these folders.
pub const ARCHIVED_FOLDER_NAMES: usize = 32 * 1024 * 1024;
/// How deep below the archive's root folders may lie in which packages are looked for.
pub const ARCHIVED_DEPTH: usize = 64;
/// Archives inside archives that are opened unless the user says otherwise.
pub const ARCHIVE_DEPTH: usize = 4;
