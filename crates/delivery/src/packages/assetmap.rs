//! Shared by IMF and DCP: the asset map (SMPTE ST 429-9, Interop `PROTO-ASDCP-AM`) and the volume index.
//!
//! It maps ids to paths: each asset to one or more chunks, each chunk to a volume and a path below the map.

use std::collections::HashSet;

use super::xml::{self, Element};
use super::{Folder, Listing, PackageManifest, inside};
use countersign_model::limits;
use countersign_model::{PackageFaultKind, Problem};

/// What is said of a signature.
pub(super) const UNVERIFIED: &str = "its XML signature was not verified: nobody checked who wrote it";

/// The names that the map may have.
const NAMES: [&str; 2] = ["ASSETMAP", "ASSETMAP.xml"];
/// The names that the volume index may have.
const VOLUMES: [&str; 2] = ["VOLINDEX", "VOLINDEX.xml"];

/// What kind of package a map belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavor {
    Imf,
    Dcp,
}

/// What the map says.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// The map's own name in the folder.
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) assets: Vec<Mapped>,
    ids: HashSet<String>,
    /// The volume that this folder is, from 1.
    pub(super) volume: u64,
    /// There is no map: packing lists were found by their names.
    pub(super) missing: bool,
}

impl Map {
    /// Stands in where there is no map but `documents` of a package, as their names and ids.
    pub(super) fn stand_in(namespace: String, documents: impl IntoIterator<Item = (String, String, bool)>) -> Self {
        let name = if namespace.contains("PROTO-ASDCP") { NAMES[0] } else { NAMES[1] };
        let mut map = Self { name: name.to_owned(), namespace, volume: 1, missing: true, ..Self::default() };
        for (path, id, packing_list) in documents {
            if map.ids.insert(id.clone()) {
                let chunks = vec![Chunk { path, volume: 1, length: None }];
                map.assets.push(Mapped { id, packing_list, chunks });
            }
        }
        map
    }

    /// Whether the map leads to a file for this id.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.ids.contains(id)
    }
}

/// One asset of the map.
#[derive(Debug)]
pub(super) struct Mapped {
    /// A UUID in lower case without `urn:uuid:`.
    pub(super) id: String,
    pub(super) packing_list: bool,
    pub(super) chunks: Vec<Chunk>,
}

/// One piece of an asset.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) path: String,
    pub(super) volume: u64,
    pub(super) length: Option<u64>,
}

impl Mapped {
    /// The one file that is the whole asset, where it lies on this volume.
    pub(super) fn file(&self, volume: u64) -> Option<&Chunk> {
        match self.chunks.as_slice() {
            [chunk] if chunk.volume == volume => Some(chunk),
            _ => None,
        }
    }
}

/// The name of the map in a folder.
pub(super) fn name(listing: &Listing) -> Option<&str> {
    listing.files.iter().map(String::as_str).find(|file| NAMES.iter().any(|name| name.eq_ignore_ascii_case(file)))
}

/// Whether the names in a folder are those of a package whose map is gone.
pub(super) fn is_headless(listing: &Listing) -> bool {
    name(listing).is_none() && listing.files.iter().any(|file| is_volume_index(file) || may_be_packing_list(file))
}

/// Whether a file is called like the index of volumes.
pub(super) fn is_volume_index(file: &str) -> bool {
    VOLUMES.iter().any(|name| name.eq_ignore_ascii_case(file))
}

fn may_be_packing_list(file: &str) -> bool {
    let document =
        file.len().checked_sub(4).and_then(|at| file.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(".xml"));
    if !document {
        return false;
    }
    let lower = file.to_ascii_lowercase();
    ["pkl", "packinglist", "packing_list", "packing-list"].iter().any(|p| lower.contains(p))
}

/// A UUID as all documents of a package are compared by.
pub(super) fn id(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    lower.strip_prefix("urn:uuid:").unwrap_or(&lower).to_owned()
}

/// Reads the map; what is wrong with single assets goes to `out`.
///
/// # Errors
/// A map that is no map at all.
pub(super) fn read(folder: &Folder, name: &str, out: &mut PackageManifest) -> Result<Map, Problem> {
    let bytes = folder.read(name)?;
    let malformed = |what: String| Problem::malformed(name, 0, what);
    let root = xml::document(&bytes, &["Signature", "Signer"]).map_err(malformed)?;
    if root.name != "AssetMap" {
        return Err(malformed(format!("the document is a {} and no AssetMap", root.name)));
    }
    if root.child("Signature").is_some() {
        out.fault(PackageFaultKind::UnverifiedSignature, name, UNVERIFIED);
    }
    let namespace = xml::root(&bytes).map(|(_, namespace)| namespace).unwrap_or_default();
    let mut map = Map { name: name.to_owned(), namespace, volume: 1, ..Map::default() };
    out.expected_unlisted.push(name.to_owned());
    out.manifests.push(name.to_owned());
    for file in folder.listing.files.iter().filter(|file| is_volume_index(file)) {
        out.expected_unlisted.push(file.clone());
        if let Some(volume) = folder.read(file).ok().and_then(|bytes| volume(&bytes)) {
            map.volume = volume;
            out.manifests.push(file.clone());
        }
    }
    for asset in root.all(&["AssetList", "Asset"]).into_iter().take(limits::MEMBERS) {
        let Some(mapped) = mapped(asset, name, out) else { continue };
        if map.ids.insert(mapped.id.clone()) {
            map.assets.push(mapped);
        } else {
            out.fault(PackageFaultKind::Malformed, name, format!("asset {} is mapped twice", mapped.id));
        }
    }
    Ok(map)
}

fn volume(bytes: &[u8]) -> Option<u64> {
    xml::document(bytes, &[]).ok()?.number("Index")
}

fn mapped(asset: &Element, name: &str, out: &mut PackageManifest) -> Option<Mapped> {
    let Some(id) = asset.said("Id").map(id) else {
        out.fault(PackageFaultKind::Malformed, name, "an asset has no Id");
        return None;
    };
    // Interop writes an empty element for true.
    let packing_list =
        asset.child("PackingList").is_some_and(|p| !p.text.eq_ignore_ascii_case("false") && &*p.text != "0");
    let mut chunks = Vec::new();
    for chunk in asset.all(&["ChunkList", "Chunk"]).into_iter().take(limits::ITEMS) {
        let path = chunk.said("Path").unwrap_or_default();
        // Old Interop writers put a scheme before a path that is relative all the same.
        let relative = path.strip_prefix("file:///").or_else(|| path.strip_prefix("file://")).unwrap_or(path);
        match inside(relative) {
            Ok(path) => chunks.push(Chunk {
                path,
                volume: chunk.number("VolumeIndex").unwrap_or(1),
                length: chunk.number("Length"),
            }),
            Err(why) => out.fault(PackageFaultKind::Malformed, name, format!("{why}: `{path}`, asset {id}")),
        }
    }
    if chunks.is_empty() && asset.all(&["ChunkList", "Chunk"]).is_empty() {
        out.fault(PackageFaultKind::Malformed, name, format!("asset {id} is mapped to no file"));
    }
    Some(Mapped { id, packing_list, chunks })
}
