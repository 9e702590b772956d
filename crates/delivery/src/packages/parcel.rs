//! Shared by IMF and DCP: asset map, packing lists and compositions put together.
//!
//! The two cannot be told apart by the map (ST 429-9 serves both): the compositions decide, then the packing lists.

use std::collections::{HashMap, HashSet};

use super::assetmap::{self, Map, id};
use super::xml::{self, Element};
use super::{Folder, Info, Listing, Member, Membership, Package, PackageManifest, inside, pkl};
use countersign_model::limits;
use countersign_model::{PackageFaultKind, Play, Problem};

/// Documents of one package that are looked into.
pub(super) const DOCUMENTS: usize = 4096;

/// Root elements of the documents that are read here.
const KINDS: [&str; 3] = ["PackingList", "CompositionPlaylist", "OutputProfileList"];

/// What kind of package a map belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavor {
    Imf,
    Dcp,
}

/// An XML document that the map leads to.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: String,
    pub(super) id: String,
    name: String,
    namespace: String,
}

/// A composition as its playlist tells it.
#[derive(Debug, Default)]
pub(super) struct Composition {
    pub(super) title: String,
    /// Assets by id, with the stretch that is played.
    pub(super) plays: Vec<(String, Play)>,
}

/// How one flavor reads its compositions, and what they draw in by name (pictures of subtitles).
pub(super) struct Reader {
    pub(super) flavor: Flavor,
    pub(super) composition: fn(&Element) -> Composition,
    pub(super) drawn: fn(&Folder, &Map, &Composition) -> Vec<(String, Play)>,
}

/// A kind of package that an asset map describes.
pub(super) struct Mapped {
    pub(super) info: &'static Info,
    pub(super) reader: Reader,
}

impl Package for Mapped {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn detect(&self, listing: &Listing) -> bool {
        assetmap::name(listing).is_some()
    }

    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
        open(folder, &self.reader)
    }
}

/// Opens the package of this flavor in the folder, if it is one.
///
/// # Errors
/// A map that cannot be read; only for [`Flavor::Dcp`], which stands in where nothing tells the flavor.
fn open(folder: &Folder, reader: &Reader) -> Result<Option<PackageManifest>, Problem> {
    let Some(name) = assetmap::name(folder.listing) else { return Ok(None) };
    let mut out = PackageManifest { lists_everything: true, ..PackageManifest::default() };
    let map = match assetmap::read(folder, name, &mut out) {
        Ok(map) => map,
        Err(_) if reader.flavor == Flavor::Imf => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let mut documents = documents(folder, &map, &mut out);
    if flavor(&map, &documents) != reader.flavor {
        return Ok(None);
    }
    out.manifests.extend(documents.iter().filter(|d| KINDS.contains(&d.name.as_str())).map(|d| d.path.clone()));
    let mut parcel = MappedPackage { folder, map: &map, rows: HashMap::new(), out };
    parcel.packed(&documents);
    documents.extend(parcel.forgotten());
    let compositions = parcel.compositions(&documents, reader);
    parcel.profiles(&documents);
    parcel.out.title = title(&compositions);
    Ok(Some(parcel.finish()))
}

fn title(compositions: &[Composition]) -> Option<String> {
    let first = compositions.iter().map(|c| c.title.as_str()).find(|t| !t.is_empty())?;
    match compositions.len() {
        0 | 1 => Some(first.to_owned()),
        n => Some(format!("{first} and {} more", n - 1)),
    }
}

/// The XML documents among the assets, by their root elements.
fn documents(folder: &Folder, map: &Map, out: &mut PackageManifest) -> Vec<Document> {
    let mut found = Vec::new();
    for asset in &map.assets {
        let Some(chunk) = asset.file(map.volume) else { continue };
        let file = chunk.path.rsplit('/').next().unwrap_or_default();
        let extension = file.rsplit_once('.').map(|(_, e)| e);
        if !asset.packing_list && extension.is_some_and(|e| !e.eq_ignore_ascii_case("xml")) {
            continue;
        }
        match document(folder, &chunk.path, &asset.id) {
            Some(document) => found.push(document),
            None if extension.is_some() && folder.source(&chunk.path).is_ok() => {
                out.fault(PackageFaultKind::Malformed, &chunk.path, "is named as an XML document and is none");
            }
            None => {}
        }
        if found.len() >= DOCUMENTS {
            out.fault(
                PackageFaultKind::Malformed,
                &map.name,
                format!("more than {DOCUMENTS} documents: the rest is not read"),
            );
            break;
        }
    }
    found
}

fn document(folder: &Folder, path: &str, id: &str) -> Option<Document> {
    // A document that is not there shows when the walk is done.
    let mut source = folder.source(path).ok()?;
    let (name, namespace) = source.head().ok().and_then(xml::root)?;
    Some(Document { path: path.to_owned(), id: id.to_owned(), name, namespace })
}

fn flavor(map: &Map, documents: &[Document]) -> Flavor {
    let any = |name: &str, part: &str| documents.iter().any(|d| d.name == name && d.namespace.contains(part));
    let imf = any("CompositionPlaylist", "/2067-3/") || any("OutputProfileList", "/2067-100/");
    let dcp = any("CompositionPlaylist", "") || map.namespace.contains("PROTO-ASDCP");
    if imf || !dcp && any("PackingList", "/2067-2/") { Flavor::Imf } else { Flavor::Dcp }
}

/// What is known of the assets so far, by id.
#[derive(Debug, Default)]
struct Row {
    packed: bool,
    size: Option<u64>,
    digests: Vec<super::Digest>,
    plays: Vec<Play>,
    /// Where the file lies, for an asset that the map forgot.
    path: Option<String>,
}

struct MappedPackage<'a> {
    folder: &'a Folder<'a>,
    map: &'a Map,
    rows: HashMap<String, Row>,
    out: PackageManifest,
}

impl MappedPackage<'_> {
    fn malformed(&mut self, path: &str, what: impl Into<String>) {
        self.out.fault(PackageFaultKind::Malformed, path, what);
    }

    fn remark(&mut self, what: String) {
        if self.out.remarks.len() < limits::PROBLEMS {
            self.out.remarks.push(what);
        }
    }

    fn read(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.folder.read(path) {
            Ok(bytes) => Some(bytes),
            Err(problem) => {
                self.malformed(path, problem.what);
                None
            }
        }
    }

    fn packed(&mut self, documents: &[Document]) {
        let claimed = self.map.assets.iter().any(|a| a.packing_list);
        let lists: Vec<_> = documents.iter().filter(|d| d.name == "PackingList").collect();
        if lists.is_empty() && !claimed {
            let map = self.map;
            self.malformed(&map.name, "the map names no packing list");
        }
        for list in lists {
            let Some(bytes) = self.read(&list.path) else { continue };
            match pkl::read(&bytes) {
                Ok((packed, wrong)) => {
                    wrong.into_iter().for_each(|what| self.malformed(&list.path, what));
                    packed.into_iter().for_each(|row| self.row(row));
                }
                Err(what) => self.malformed(&list.path, what),
            }
        }
        // A list that is mapped, there, and no packing list.
        let lists: HashSet<&str> =
            documents.iter().filter(|d| d.name == "PackingList").map(|d| d.id.as_str()).collect();
        for asset in self.map.assets.iter().filter(|a| a.packing_list) {
            let Some(chunk) = asset.file(self.map.volume) else { continue };
            if !lists.contains(asset.id.as_str()) && self.folder.source(&chunk.path).is_ok() {
                self.malformed(&chunk.path, "is mapped as a packing list and is none");
            }
        }
    }

    fn row(&mut self, packed: pkl::Packed) {
        let mapped = self.map.holds(&packed.id);
        let row = self.rows.entry(packed.id.clone()).or_default();
        row.packed = true;
        row.size = row.size.or(packed.size);
        row.digests.extend(packed.digest.filter(|d| !row.digests.contains(d)));
        if mapped {
            return;
        }
        // Supplemental packages may name assets of another one; a file of that name in this folder is another matter.
        let there = packed.original.as_deref().and_then(|name| inside(name).ok());
        let there = there.filter(|name| self.folder.listing.has_file(name));
        let map = self.map;
        match there {
            Some(path) => {
                let what =
                    format!("the packing list holds asset {}, the map does not: it is taken for `{path}`", packed.id);
                row.path = Some(path);
                self.malformed(&map.name, what);
            }
            None => self.remark(format!("asset {} is packed but not mapped", packed.id)),
        }
    }

    /// Documents that are packed and there, but that the map does not lead to.
    fn forgotten(&self) -> Vec<Document> {
        let rows = self.rows.iter().filter_map(|(id, row)| Some((row.path.as_deref()?, id)));
        let mut rows: Vec<_> = rows.filter(|(path, _)| path.to_ascii_lowercase().ends_with(".xml")).collect();
        rows.sort();
        rows.into_iter().take(DOCUMENTS).filter_map(|(path, id)| document(self.folder, path, id)).collect()
    }

    fn compositions(&mut self, documents: &[Document], reader: &Reader) -> Vec<Composition> {
        let mut compositions = Vec::new();
        for document in documents.iter().filter(|d| d.name == "CompositionPlaylist") {
            let Some(bytes) = self.read(&document.path) else { continue };
            let root = match xml::document(&bytes, &["EssenceDescriptorList", "Signature", "Signer"]) {
                Ok(root) => root,
                Err(what) => {
                    self.malformed(&document.path, what);
                    continue;
                }
            };
            let mut composition = (reader.composition)(&root);
            if composition.plays.is_empty() {
                self.remark(format!("{}: the composition plays nothing", document.path));
            }
            composition.plays.extend((reader.drawn)(self.folder, self.map, &composition));
            for (asset, play) in &composition.plays {
                self.played(asset, play);
            }
            compositions.push(composition);
        }
        compositions
    }

    fn played(&mut self, asset: &str, play: &Play) {
        if self.map.holds(asset) || self.rows.get(asset).is_some_and(|row| row.path.is_some()) {
            let row = self.rows.entry(asset.to_owned()).or_default();
            if row.plays.len() < super::PLAYS {
                row.plays.push(play.clone());
            }
        } else if self.out.external_references.len() < limits::ITEMS {
            self.out.external_references.push((asset.to_owned(), play.clone()));
        }
    }

    /// Output profile lists (ST 2067-100) are for a composition, here or elsewhere.
    fn profiles(&mut self, documents: &[Document]) {
        let known: HashSet<&str> = documents.iter().map(|d| d.id.as_str()).collect();
        for list in documents.iter().filter(|d| d.name == "OutputProfileList") {
            let Some(bytes) = self.read(&list.path) else { continue };
            match xml::document(&bytes, &[]) {
                Ok(root) => {
                    let of = root.said("CompositionPlaylistId").map(id).unwrap_or_default();
                    if !known.contains(of.as_str()) {
                        let remark = format!("{}: is for composition {of}, which is not in this package", list.path);
                        self.remark(remark);
                    }
                }
                Err(what) => self.malformed(&list.path, what),
            }
        }
    }

    fn finish(mut self) -> PackageManifest {
        for asset in &self.map.assets {
            let row = self.rows.remove(&asset.id).unwrap_or_default();
            let whole = asset.chunks.len() == 1;
            for chunk in &asset.chunks {
                self.out.members.push(Member {
                    id: Some(asset.id.clone()),
                    // The list's size and digest are those of the whole asset.
                    size: if whole { row.size.or(chunk.length) } else { chunk.length },
                    digests: if whole { row.digests.clone() } else { Vec::new() },
                    plays: row.plays.clone(),
                    optional: chunk.volume != self.map.volume,
                    ..Member::new(chunk.path.clone(), membership(&row))
                });
            }
        }
        let mut forgotten: Vec<_> = self.rows.into_iter().filter(|(_, row)| row.path.is_some()).collect();
        forgotten.sort_by(|a, b| a.0.cmp(&b.0));
        for (id, row) in forgotten {
            let membership = membership(&row);
            self.out.members.push(Member {
                id: Some(id),
                size: row.size,
                digests: row.digests,
                plays: row.plays,
                ..Member::new(row.path.unwrap_or_default(), membership)
            });
        }
        self.out
    }
}

fn membership(row: &Row) -> Option<Membership> {
    match (row.plays.is_empty(), row.packed) {
        (false, _) => Some(Membership::Cpl),
        (true, true) => Some(Membership::Pkl),
        (true, false) => None,
    }
}
