//! Fragmented MP4: an initialization segment with the manifest, and the media in files beside it.
//!
//! C2PA 2.2, section 18.7.4 (Merkle trees) and A.5.4: each fragment carries a `uuid` box of purpose `merkle` that
//! names the tree it belongs to (`uniqueId`, `localId`) and its place in it. Fragments are looked for in the folder
//! of the initialization segment, by these boxes and not by their names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::store::{ParsedManifest, base};
use countersign_io::source::Source;
use countersign_media::containers::c2pa_box;
use countersign_media::framing::bmff::Boxes;
use countersign_media::framing::cbor;
use countersign_model::limits;

/// Boxes at the top of a fragment that are looked at: its Merkle box stands before the media.
const BOXES: usize = 64;
/// Bytes of a Merkle box: a path of hashes through a tree.
const MERKLE: usize = 64 * 1024;

/// `uniqueId` and `localId` of a tree.
type Tree = (u64, u64);

/// Renditions of one asset that are tried: one manifest speaks for all of them.
const RENDITIONS: usize = 32;

/// What is there of one rendition.
#[derive(Debug, Default)]
pub(super) struct Rendition {
    /// In the order of their names.
    pub paths: Vec<PathBuf>,
    /// Fragments that the manifest counts, and how many of them are there.
    pub counted: u64,
    pub present: u64,
}

/// Whether this manifest binds an initialization segment, whose media may lie in other files.
#[must_use]
pub(super) fn wanted(binding: &ParsedManifest) -> bool {
    trees(binding).next().is_some()
}

/// Whether the file has no media of its own.
#[must_use]
pub(super) fn is_init(path: &Path) -> bool {
    Source::open(path).is_ok_and(|mut source| is_init_of(&mut source))
}

pub(super) fn is_init_of(source: &mut Source) -> bool {
    let mut boxes = Boxes::new(0, source.len());
    let mut initialized = false;
    for _ in 0..limits::ITEMS {
        match boxes.next(source) {
            Ok(Some(header)) if matches!(&header.kind, b"moof" | b"mdat") => return false,
            Ok(Some(header)) => initialized |= &header.kind == b"moov",
            _ => break,
        }
    }
    initialized
}

/// Bytes of all files beside this one: what verifying its fragments reads at most.
#[must_use]
pub(super) fn bytes_beside(init: &Path) -> u64 {
    let sizes = beside(init).filter_map(|path| path.metadata().ok()).map(|meta| meta.len());
    sizes.fold(0, u64::saturating_add)
}

/// The fragments beside an initialization segment, by rendition: which of them is its own, its hash tells.
#[must_use]
pub(super) fn find(init: &Path, binding: &ParsedManifest) -> Vec<Rendition> {
    let counts: BTreeMap<Tree, u64> = trees(binding).collect();
    let mut found: BTreeMap<Tree, (Vec<PathBuf>, BTreeSet<u64>)> = BTreeMap::new();
    for path in beside(init) {
        let Some((tree, location)) = Source::open(&path).ok().and_then(|mut source| leaf(&mut source)) else {
            continue;
        };
        if counts.get(&tree).is_some_and(|count| location < *count) {
            let (paths, locations) = found.entry(tree).or_default();
            paths.push(path);
            locations.insert(location);
        }
    }
    let rendition = |(tree, (mut paths, locations)): (Tree, (Vec<PathBuf>, BTreeSet<u64>))| {
        paths.sort();
        Rendition { paths, counted: counts.get(&tree).copied().unwrap_or(0), present: locations.len() as u64 }
    };
    found.into_iter().take(RENDITIONS).map(rendition).collect()
}

/// The trees of initialization segments in a binding, each with its number of leaves.
fn trees(binding: &ParsedManifest) -> impl Iterator<Item = (Tree, u64)> {
    let hashes = binding.assertions.iter().filter(|(label, _)| base(label).starts_with("c2pa.hash.bmff"));
    let maps = hashes.filter_map(|(_, hash)| hash.get("merkle").and_then(Value::as_array)).flatten();
    maps.filter(|map| map.get("initHash").is_some_and(|h| !h.is_null())).map(|map| {
        let number = |key: &str| map.get(key).and_then(Value::as_u64).unwrap_or(0);
        ((number("uniqueId"), number("localId")), number("count"))
    })
}

/// The other files of the folder.
fn beside(init: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = init.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().take(limits::ITEMS).flatten();
    let own = init.file_name().map(ToOwned::to_owned);
    let others = entries.filter(move |entry| Some(entry.file_name()) != own);
    others.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| entry.path())
}

/// The tree and the place in it that a fragment names.
pub(super) fn leaf(source: &mut Source) -> Option<(Tree, u64)> {
    let mut boxes = Boxes::new(0, source.len());
    for _ in 0..BOXES {
        let header = boxes.next(source).ok()??;
        if header.kind == *b"mdat" {
            return None;
        }
        if header.uuid != Some(c2pa_box::UUID) {
            continue;
        }
        let len = usize::try_from(header.end.saturating_sub(header.body)).ok().filter(|len| *len <= MERKLE)?;
        let body = source.at(header.body, len).ok()?;
        let Some(map) = body.get(4..).and_then(|rest| rest.strip_prefix(b"merkle\0")) else { continue };
        let map = cbor::decode(map).ok()?.json();
        let number = |key: &str| map.get(key).and_then(Value::as_u64);
        return Some(((number("uniqueId")?, number("localId")?), number("location")?));
    }
    None
}
