//! What a manifest binds beside the asset itself, for whoever must bring files together before anything can be verified: in
//! an object store no path leads from one file to the next.

use std::path::{Path, PathBuf};

use super::{collection, fragments, store, verify};
use countersign_io::source::Source;
use countersign_model::limits;

/// Further files that verification looks for.
#[derive(Debug, Default)]
pub struct BoundApart {
    /// Paths below the folder of the manifest, or below the one beside it that goes by its name: members of a collection, by
    /// each way in which their addresses may be read.
    pub members: Vec<PathBuf>,
    /// Whether an initialization segment is bound with its fragments, which lie beside it.
    pub fragments: bool,
}

impl BoundApart {
    /// What a manifest store binds.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let parsed = store::read(bytes);
        let Some(binding) = verify::binding(&parsed) else { return Self::default() };
        let collection = binding.collection.as_ref().filter(|collection| !collection.archive);
        let members = collection.map_or_else(Vec::new, collection::paths);
        Self { members, fragments: fragments::wanted(binding) }
    }
}

/// Whether a file is an initialization segment, whose media lie in other files.
#[must_use]
pub fn is_initialization(source: &mut Source) -> bool {
    fragments::is_init_of(source)
}

/// Whether a file is a fragment that an initialization segment may be bound with.
#[must_use]
pub fn is_fragment(source: &mut Source) -> bool {
    fragments::leaf(source).is_some()
}

/// The longest manifest store beside an asset that is read.
pub const LONGEST: usize = limits::SIDECAR;

/// The folder beside a manifest in which the files of a collection may lie.
#[must_use]
pub fn named_folder(manifest: &Path) -> Option<PathBuf> {
    let stem = manifest.file_stem().filter(|_| manifest.extension().is_some())?;
    Some(PathBuf::from(stem))
}
