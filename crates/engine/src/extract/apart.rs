//! Facts of files that no path of this machine leads to, as in an object store.
//!
//! Readers need no path. What verifies credentials opens files: for it, an asset that carries any is copied to temporary
//! space, with those files that its manifest speaks of, so that the result is the one that a drive would give.

use std::path::{Path, PathBuf};

use super::{Options, entered, extension, finish, is_sidecar, read_with_sidecars};
use countersign_credentials::{
    BoundApart, LONGEST_STORE, Neighbors, Verifier, is_fragment, is_initialization, named_folder,
};
use countersign_io::source::Source;
use countersign_io::{ByteRange, TempSpace, is_of_space};
use countersign_media::tags;
use countersign_model::limits;
use countersign_model::{Extraction, Facts, Problem};

/// Files of one stem that a manifest store beside them is tried on.
const RIVALS: usize = 8;

/// What lies around an asset, in its tree.
pub trait Surroundings: Neighbors {
    /// A file by its path below the folder of the asset; `None` where there is none.
    fn below(&self, path: &Path) -> Option<Result<ByteRange, Problem>>;

    /// The names of the files in the folder of the asset.
    fn siblings(&self) -> Vec<PathBuf>;
}

/// As [`super::facts_of`]; files are copied to `space` where something can only open them by a path.
pub fn facts_apart(
    path: &Path,
    bytes: &Result<ByteRange, Problem>,
    (sidecars, around): (&[PathBuf], &dyn Surroundings),
    space: &TempSpace,
    options: &Options,
) -> Facts {
    let source = |bytes: &Result<ByteRange, Problem>| bytes.as_ref().map(Source::new).map_err(Clone::clone);
    let readable = sidecars.iter().filter(|sidecar| extension(sidecar) != "c2pa");
    let beside = readable.map(|sidecar| (sidecar.as_path(), source(&around.open(sidecar))));
    let _reading = entered(bytes.as_ref().map_or(0, ByteRange::len), options);
    let mut out = read_with_sidecars(path, source(bytes), beside, options);
    if let Some(verifier) = &options.verifier {
        let carries = !out.stores.is_empty() || sidecars.iter().any(|sidecar| extension(sidecar) == "c2pa");
        match bytes {
            Ok(own) if carries && verifier.opens_files() => {
                verify_copies(verifier, CopySources { path, own, sidecars, around, space }, &mut out);
            }
            _ => verifier.credentials_among(path, &mut out, sidecars, around),
        }
    }
    finish(path, out, options)
}

/// An asset of a tree that is not on this machine, and what verifying it may need copies of.
#[derive(Clone, Copy)]
struct CopySources<'a> {
    path: &'a Path,
    own: &'a ByteRange,
    sidecars: &'a [PathBuf],
    around: &'a dyn Surroundings,
    space: &'a TempSpace,
}

fn verify_copies(verifier: &Verifier, sources: CopySources<'_>, out: &mut Extraction) {
    let files = needed(sources, out).and_then(|files| sources.space.materialize_below(&files));
    match files {
        Ok(files) => {
            let Some(own) = files.paths.first() else { return };
            verifier.credentials_among(own, out, sources.sidecars, sources.around);
        }
        Err(problem) => {
            // What the manifests say is read all the same; only their hold on the bytes is not known.
            verifier.credentials_detached(sources.path, out, &[]);
            tags::push_problem(out, if is_of_space(&problem) { problem.harmless() } else { problem });
        }
    }
}

/// The asset first, then what its manifests are weighed against.
fn needed(sources: CopySources<'_>, out: &Extraction) -> Result<Vec<(PathBuf, ByteRange)>, Problem> {
    let CopySources { path, own, sidecars, around, .. } = sources;
    let mut files = vec![(PathBuf::from(path.file_name().unwrap_or(path.as_os_str())), own.clone())];
    let stores: Vec<_> = sidecars.iter().filter(|sidecar| extension(sidecar) == "c2pa").collect();
    let mut bound: Vec<_> = out.stores.iter().map(|store| BoundApart::of(&store.bytes)).collect();
    if bound.is_empty() {
        // One that cannot be read is told by the verifier, who opens it, too.
        let readable = stores.iter().filter_map(|store| around.open(store).ok());
        let whole = readable.filter_map(|range| Some(Source::new(&range).whole(LONGEST_STORE).ok()?.into_owned()));
        bound.extend(whole.map(|bytes| BoundApart::of(&bytes)));
        // A store of its stem may speak of another file of that stem: they are weighed against each other.
        if stores.iter().any(|store| store.file_stem() == path.file_stem()) {
            for rival in around.of_stem(path).iter().filter(|rival| !is_sidecar(rival)).take(RIVALS) {
                files.push((PathBuf::from(rival.file_name().unwrap_or_default()), around.open(rival)?));
            }
        }
    }
    if bound.iter().any(|bound| bound.fragments) && is_initialization(&mut Source::new(own)) {
        for name in around.siblings().into_iter().take(limits::ITEMS) {
            let Some(opened) = around.below(&name) else { continue };
            let opened = opened?;
            if is_fragment(&mut Source::new(&opened)) {
                files.push((name, opened));
            }
        }
    }
    let named = named_folder(path);
    for member in bound.iter().flat_map(|bound| &bound.members) {
        let places = std::iter::once(member.clone()).chain(named.iter().map(|named| named.join(member)));
        for place in places {
            if let Some(opened) = around.below(&place) {
                files.push((place, opened?));
            }
        }
    }
    Ok(files)
}
