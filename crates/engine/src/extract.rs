//! Everything one asset says: identify, read, embedded media, decoders. No policy, no judgement.

mod apart;
mod appended;
mod cut;
mod in_archive;
mod sidecars;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_credentials::{Neighbors, OnDrive, Verifier};
use countersign_io::asset_budget::{self, AssetBudget, Entered};
use countersign_io::source::Source;
use countersign_io::{ByteRange, TempSpace};
use countersign_judge::marks::{self, Catalogue};
use countersign_media::decoders;
use countersign_media::formats::{self, Archive, Format};
use countersign_media::identify::identify;
use countersign_media::member::MemberBytes;
use countersign_media::tags::{self, Place};
use countersign_model::limits;
use countersign_model::{CompactString, Embedded, Extraction, FACTS_SCHEMA, Facts, Problem, ProblemKind, Tag, Via};

/// The format that a name promises.
type Named = Option<&'static dyn Format>;

/// What extraction may do. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Options {
    /// What decoders may do beyond reading tags.
    pub decoders: decoders::Options,
    /// Reads and checks Content Credentials; without one, stores are passed over.
    pub verifier: Option<Arc<Verifier>>,
    /// The marks that are looked for: where a long value is shortened, what they need of it is kept.
    pub catalogue: Arc<Catalogue>,
    /// Seconds of computing for one file and all that is inside it; `None` for the usual ones.
    pub seconds: Option<NonZeroU32>,
    /// What files beside assets were found to say, to be read once each; `None` reads them for every asset. A scan has its
    /// own: files change between two.
    pub sidecars: Option<Arc<SidecarReads>>,
}

impl Default for Options {
    /// Tags only, and the built-in marks.
    fn default() -> Self {
        let decoders = decoders::Options::default();
        Self { decoders, verifier: None, catalogue: marks::built_in(), seconds: None, sidecars: None }
    }
}

/// The facts of the file at `path`; whatever goes wrong is a problem inside them.
///
/// ```
/// use std::path::Path;
///
/// use countersign_engine::extract::{self, Options};
///
/// let facts = extract::facts(Path::new("../../fixtures/formats/aigc.png"), &[], &Options::default());
/// assert_eq!(facts.format.as_deref(), Some("png"));
/// assert!(facts.tags.iter().all(|tag| !tag.place.is_empty()), "each tag says where it stands");
/// // What goes wrong is a problem inside the facts, behind which a mark could hide.
/// let absent = extract::facts(Path::new("no such file"), &[], &Options::default());
/// assert!(absent.problems[0].blocking);
/// ```
#[must_use]
pub fn facts(path: &Path, sidecars: &[PathBuf], options: &Options) -> Facts {
    facts_of(path, &OnDrive.open(path), sidecars, &OnDrive, options)
}

/// The facts of a file of this machine that is open already; `neighbors` opens those beside it.
pub fn facts_of(
    path: &Path,
    bytes: &Result<ByteRange, Problem>,
    sidecars: &[PathBuf],
    neighbors: &dyn Neighbors,
    options: &Options,
) -> Facts {
    let source = |bytes: &Result<ByteRange, Problem>| bytes.as_ref().map(Source::new).map_err(Clone::clone);
    // Manifest stores are for the verifier, which knows how to pair them.
    let readable = sidecars.iter().filter(|sidecar| extension(sidecar) != "c2pa");
    let beside = readable.map(|sidecar| (sidecar.as_path(), source(&neighbors.open(sidecar))));
    let _reading = entered(bytes.as_ref().map_or(0, ByteRange::len), options);
    let mut out = read_with_sidecars(path, source(bytes), beside, options);
    if let Some(verifier) = &options.verifier {
        verifier.credentials_among(path, &mut out, sidecars, neighbors);
    }
    finish(path, out, options)
}

/// The usual budget, where nobody has entered one for the file that these bytes are or are part of.
fn entered(size: u64, options: &Options) -> Option<Entered> {
    (!asset_budget::is_entered()).then(|| AssetBudget::of(size, options.seconds).enter())
}

/// Bytes of an archive, under the path that reports name.
pub type Inside<'a> = (&'a Path, Result<&'a MemberBytes, Problem>);

/// The facts of a member of an archive, with those that may describe it beside it.
///
/// What verifies credentials opens files: for it, a member that carries any is laid out in `space`.
#[must_use]
pub fn member((path, bytes): Inside<'_>, beside: &[Inside<'_>], space: &TempSpace, options: &Options) -> Facts {
    let _reading = entered(bytes.as_ref().map_or(0, |opened| opened.held.len()), options);
    // Two members may have one name: what is beside one of them is read for it alone.
    let options = &Options { sidecars: None, ..options.clone() };
    let sidecars = beside.iter().filter(|(other, _)| is_sidecar(other));
    let sources = sidecars.map(|(path, bytes)| (*path, bytes.clone().map(|opened| Source::new(&opened.held))));
    let mut out = read_with_sidecars(path, bytes.clone().map(|opened| Source::new(&opened.held)), sources, options);
    let problems = beside.iter().filter_map(|(path, bytes)| Some((path, bytes.as_ref().ok()?.problem.clone()?)));
    let problems = problems.map(|(path, problem)| Problem { place: beside_place(path), ..problem });
    let own = bytes.as_ref().ok().and_then(|opened| opened.problem.clone());
    own.into_iter().chain(problems).for_each(|problem| tags::push_problem(&mut out, problem));
    if let Some(verifier) = &options.verifier {
        let files = in_archive::MemberFiles { path, bytes: &bytes, beside };
        in_archive::credentials(verifier, files, space, &mut out);
    }
    finish(path, out, options)
}

/// What the bytes and those beside them say, before credentials are looked at.
fn read_with_sidecars<'a>(
    path: &Path,
    source: Result<Source, Problem>,
    beside: impl Iterator<Item = (&'a Path, Result<Source, Problem>)>,
    options: &Options,
) -> Extraction {
    let mut out = blank();
    match source {
        Ok(mut source) => {
            let named = formats::by_extension(&extension(path));
            read(&mut source, named, options, limits::EMBEDDED_DEPTH, &mut out);
        }
        Err(problem) => tags::push_problem(&mut out, problem.within("file")),
    }
    for (count, (path, opened)) in beside.enumerate() {
        if count >= limits::SIDECARS {
            let what =
                format!("more than {} files beside it go by its name: the others are not read", limits::SIDECARS);
            tags::push_problem(&mut out, Problem::new(ProblemKind::Limit, "file", None, what));
            break;
        }
        match &options.sidecars {
            Some(reads) => reads.adopt(path, opened, options, &mut out),
            None => adopt(read_sidecar(path, opened, options), Via::Sidecar, &beside_place(path), &mut out),
        }
    }
    out
}

fn finish(path: &Path, read: Extraction, options: &Options) -> Facts {
    let mut out = read.facts;
    compare_name(path, &mut out);
    cut::long_values(&mut out, &options.catalogue);
    tell_excess(&mut out);
    out
}

/// Tells once what was too much for the asset's budget: it kept from reading wherever it was met.
pub(crate) fn tell_excess(out: &mut Facts) {
    let Some(excess) = asset_budget::excess() else { return };
    out.problems.retain(|problem| !problem.what.ends_with(&excess.what));
    tags::push_problem(out, excess);
}

/// The facts of bytes in memory, as if they were a file without a name.
///
/// ```
/// use countersign_engine::extract::{self, Options};
///
/// let facts = extract::bytes(b"GIF89a".to_vec(), &Options::default());
/// assert_eq!(facts.format.as_deref(), Some("gif"));
/// assert!(facts.problems.iter().any(|problem| problem.blocking), "the file ends within its header");
/// ```
#[must_use]
pub fn bytes(bytes: Vec<u8>, options: &Options) -> Facts {
    let _reading = entered(bytes.len() as u64, options);
    let mut out = blank();
    read(&mut Source::memory(bytes, 0), None, options, limits::EMBEDDED_DEPTH, &mut out);
    tell_excess(&mut out.facts);
    out.facts
}

fn blank() -> Extraction {
    Facts { schema: FACTS_SCHEMA, ..Facts::default() }.into()
}

/// Reads what the bytes are, and what else they are: `named` is the format that the file's name promises.
fn read(source: &mut Source, named: Named, options: &Options, depth: usize, out: &mut Extraction) {
    match identify(source) {
        Ok(Some(format)) => {
            read_as(format, source, options, depth, out);
            appended::read(source, (format, named), options, depth, out);
        }
        Ok(None) => decoders::run(source, out, options.decoders),
        Err(problem) => tags::push_problem(out, problem.within("file")),
    }
}

/// Reads bytes as a file of one format, with the media that it carries.
fn read_as(format: &'static dyn Format, source: &mut Source, options: &Options, depth: usize, out: &mut Extraction) {
    out.facts.format = Some(format.info().id);
    if let Err(problem) = format.read(source, out) {
        tags::push_problem(out, problem.within(&format.info().id));
    }
    // A reader may have found that it is another format than the first bytes tell.
    out.facts.media = out.facts.format.and_then(formats::info).map(|info| info.media);
    decoders::run(source, out, options.decoders);
    for embedded in std::mem::take(&mut out.embedded) {
        let bytes = embedded.bytes.len();
        if asset_budget::check().is_ok() {
            read_embedded(embedded, options, depth, out);
        }
        asset_budget::release(bytes);
    }
}

/// Media inside media is read as an asset of its own; what it says is told of the file that carries it.
fn read_embedded(embedded: Embedded, options: &Options, depth: usize, out: &mut Extraction) {
    let Some(depth) = depth.checked_sub(1) else {
        let what = "media nested too deep is not read";
        return tags::push_problem(out, Problem::limit(embedded.place, embedded.offset, what));
    };
    let mut inner = Extraction::default();
    let mut source = Source::memory(embedded.bytes, embedded.offset);
    read(&mut source, None, options, depth, &mut inner);
    if inner.facts.format.is_none() {
        appended::within(&mut source, options, depth, &mut inner);
    }
    let archive = inner.facts.format.and_then(formats::info).filter(|info| info.archive != Archive::No);
    if let Some(info) = archive.filter(|info| matches!(info.archive, Archive::Opened(_))) {
        let what = format!("a {} inside of another file is not opened", info.name);
        tags::push_problem(out, Problem::new(ProblemKind::Unsupported, &embedded.place, Some(embedded.offset), what));
    }
    adopt(inner, Via::CoverArt, &embedded.place, out);
}

/// What a file beside the asset says of it: XMP, generation parameters as text, a workflow as JSON.
fn read_sidecar(path: &Path, opened: Result<Source, Problem>, options: &Options) -> Extraction {
    let mut inner = Extraction::default();
    match (extension(path).as_str(), opened) {
        // Manifest stores are for the verifier, which knows how to pair them.
        ("c2pa", _) => {}
        (_, Err(problem)) => inner.facts.problems.push(problem.within("file")),
        ("xmp", Ok(mut source)) => read(&mut source, None, options, 0, &mut inner),
        (extension, Ok(mut source)) => read_text(&mut source, extension, options, &mut inner),
    }
    inner
}

/// Text beside an asset is told whole, for the decoders: most of it is somebody's notes.
fn read_text(source: &mut Source, extension: &str, options: &Options, out: &mut Extraction) {
    let bytes = match source.whole(limits::SIDECAR) {
        Ok(bytes) => bytes,
        // Notes of such a length are no generator's; what the medium does not give up may be.
        Err(problem) if problem.kind == ProblemKind::Limit => return tags::push_problem(out, problem.harmless()),
        Err(problem) => return tags::push_problem(out, problem.within("file")),
    };
    let Some(text) = tags::charset::sidecar(&bytes) else { return };
    // Fields that are called text are those that people fill.
    let key = if extension == "text" { "txt" } else { extension };
    tags::push(out, ("sidecar", key), text, &Place::new("text", 0), 0);
    decoders::run(source, out, options.decoders);
}

/// Makes what another file or a part says the asset's own, with how it got there.
fn adopt(inner: Extraction, via: Via, place: &str, out: &mut Extraction) {
    let mut last = None;
    let mut moved = |mut tag: Tag| {
        tag.via = via;
        tag.place.move_into(place, &mut last);
        tag
    };
    if !inner.facts.archives.is_empty() {
        // What is unfolded has no place in the file where its members could be read.
        let what = "an archive behind media that are inside another file is not opened";
        tags::push_problem(out, Problem::new(ProblemKind::Unsupported, place, None, what));
    }
    out.facts.tags.extend(inner.facts.tags.into_iter().map(&mut moved));
    out.facts.decoded.extend(inner.facts.decoded.into_iter().map(&mut moved));
    out.carried.extend(inner.stores.into_iter().chain(inner.carried).map(|mut store| {
        store.place = format!("{place}, {}", store.place);
        store
    }));
    for mut problem in inner.facts.problems {
        problem.place = format!("{place}, {}", problem.place);
        tags::push_problem(out, problem);
    }
}

fn beside_place(path: &Path) -> String {
    format!("sidecar {}", path.file_name().unwrap_or_default().to_string_lossy())
}

pub use apart::{Surroundings, facts_apart};
pub use sidecars::SidecarReads;

pub(crate) use appended::archives;
pub(crate) use countersign_media::formats::SIDECARS;

pub(crate) fn is_sidecar(path: &Path) -> bool {
    SIDECARS.contains(&extension(path).as_str())
}

fn extension(path: &Path) -> CompactString {
    let mut lower = path.extension().map(|e| CompactString::from(e.to_string_lossy())).unwrap_or_default();
    lower.make_ascii_lowercase();
    lower
}

fn compare_name(path: &Path, out: &mut Facts) {
    let Some(extension) = path.extension().and_then(|e| e.to_str()) else { return };
    let named = formats::by_extension(extension);
    out.named = named.map(|f| f.info().id);
    let extension = extension.to_ascii_lowercase();
    let format = out.format.and_then(formats::info);
    let project = |info: &formats::Info| info.archive != Archive::No && formats::PROJECTS.contains(&extension.as_str());
    out.extension_fits = format
        .filter(|info| !info.borrowed_name)
        .map(|info| info.extensions.contains(&extension.as_str()) || project(info));
}
