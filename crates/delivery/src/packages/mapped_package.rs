//! Shared by IMF and DCP: asset map, packing lists and compositions put together.
//!
//! The two cannot be told apart by the map (ST 429-9 serves both): the compositions decide, then the packing lists.

use std::collections::{HashMap, HashSet};

use super::assetmap::{self, Flavor, Map, UNVERIFIED, id};
use super::pkl::NoDigest;
use super::xml::{self, Element};
use super::{
    CompositionCut, Digest, Folder, Info, Listing, Member, Membership, Package, PackageManifest, inside, pkl, timeline,
};
use countersign_model::limits;
use countersign_model::{PackageFaultKind, Play, Problem};
use countersign_timelines::Kind;

/// Documents of one package that are looked into.
pub(super) const DOCUMENTS: usize = 4096;

/// Elements that sign a document.
const SIGNATURE: &[&str] = &["Signature", "Signer"];

/// Digests of one asset that documents may disagree on.
const DIGESTS: usize = 16;

/// Root elements of the documents that are read here.
const KINDS: [&str; 3] = ["PackingList", "CompositionPlaylist", "OutputProfileList"];

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
    title: String,
    /// Assets by id, with the stretch that is played.
    pub(super) plays: Vec<(String, Play)>,
    /// What it says of the bytes of assets, by id.
    digests: Vec<(String, Result<Digest, NoDigest>)>,
}

impl Composition {
    /// Takes up the hash that an element gives of the asset that it plays.
    fn states(&mut self, asset: &str, element: &Element) {
        if element.child("Hash").is_none() || self.digests.len() >= limits::ITEMS {
            return;
        }
        let said = (id(asset), pkl::digest(element));
        // The stretches of one file repeat what was said of it.
        if self.digests.last() != Some(&said) {
            self.digests.push(said);
        }
    }
}

/// Where one flavor's compositions state hashes, and what they draw in by name (pictures of subtitles).
pub(super) struct Reader {
    pub(super) flavor: Flavor,
    pub(super) media: fn(&Element) -> Vec<(&str, &Element)>,
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
        assetmap::name(listing).is_some() || assetmap::is_headless(listing)
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
    let mut out = PackageManifest { lists_everything: true, ..PackageManifest::default() };
    let map = match assetmap::name(folder.listing) {
        None => match stand_in(folder, &mut out) {
            Some(map) => map,
            None => return Ok(None),
        },
        Some(name) => match assetmap::read(folder, name, &mut out) {
            Ok(map) => map,
            Err(_) if reader.flavor == Flavor::Imf => return Ok(None),
            Err(problem) => return Err(problem),
        },
    };
    let mut documents = documents(folder, &map, &mut out);
    if flavor(&map, &documents) != reader.flavor {
        return Ok(None);
    }
    out.manifests.extend(documents.iter().filter(|d| KINDS.contains(&d.name.as_str())).map(|d| d.path.clone()));
    let mut package = MappedPackage { folder, map: &map, rows: HashMap::new(), out };
    package.packed(&documents);
    documents.extend(package.forgotten());
    let compositions = package.compositions(&documents, reader);
    package.profiles(&documents);
    package.out.title = title(&compositions);
    Ok(Some(package.finish()))
}

/// What is left of a package without a map: its packing lists, and the other documents beside them.
fn stand_in(folder: &Folder, out: &mut PackageManifest) -> Option<Map> {
    let (mut found, mut namespace) = (Vec::new(), None);
    let xml = |file: &&String| file.to_ascii_lowercase().ends_with(".xml");
    for file in folder.listing.files.iter().filter(xml).take(DOCUMENTS) {
        let Some(seen) = document(folder, file, "").filter(|seen| KINDS.contains(&seen.name.as_str())) else {
            continue;
        };
        let root = folder.read(file).ok().and_then(|bytes| xml::document(&bytes, SIGNATURE).ok());
        let Some(own) = root.as_ref().and_then(|root| root.said("Id")).map(id) else { continue };
        let list = seen.name == "PackingList";
        if list {
            namespace.get_or_insert(seen.namespace);
        }
        found.push((file.clone(), own, list));
    }
    let packed = namespace.is_some();
    // The index of volumes stands beside a map and nowhere else.
    let mut indexes = folder.listing.files.iter().filter(|file| assetmap::is_volume_index(file));
    let index = indexes.find_map(|file| document(folder, file, "").filter(|seen| seen.name == "VolumeIndex"));
    let map = Map::stand_in(namespace.or(index.map(|seen| seen.namespace))?, found);
    let what = match packed {
        true => {
            "is missing: a packing list is there, and nothing maps its assets to files; those of the names that it gives \
             are taken for them"
        }
        false => "is missing: an index of volumes is there, and neither map nor packing list",
    };
    out.fault(PackageFaultKind::Malformed, &map.name, what);
    Some(map)
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
    digests: Vec<Digest>,
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

    fn unverified(&mut self, path: &str, what: impl Into<String>) {
        self.out.fault(PackageFaultKind::Unverified, path, what);
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
        if lists.is_empty() && !claimed && !self.map.missing {
            let map = self.map;
            self.malformed(&map.name, "the map names no packing list");
        }
        for list in lists {
            let Some(bytes) = self.read(&list.path) else { continue };
            match pkl::read(&bytes) {
                Ok(packed) => {
                    packed.wrong.into_iter().for_each(|what| self.malformed(&list.path, what));
                    packed.unverified.into_iter().for_each(|what| self.unverified(&list.path, what));
                    self.own_id(list, packed.id.as_deref());
                    self.signature(&list.path, packed.signed);
                    packed.rows.into_iter().for_each(|row| self.row(&list.path, row));
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

    /// What a document calls itself must be what leads to it.
    fn own_id(&mut self, document: &Document, own: Option<&str>) {
        let given = document.id.as_str();
        if let Some(own) = own.filter(|own| *own != given && !given.is_empty()) {
            self.malformed(&document.path, format!("its own Id is {own}, and the package lists it as {given}"));
        }
    }

    /// A signature that is not checked is told, so that nobody takes it for checked.
    fn signature(&mut self, path: &str, signed: bool) {
        if signed {
            self.out.fault(PackageFaultKind::UnverifiedSignature, path, UNVERIFIED);
        }
    }

    fn row(&mut self, list: &str, packed: pkl::Packed) {
        let mapped = self.map.holds(&packed.id);
        let row = self.rows.entry(packed.id.clone()).or_default();
        row.packed = true;
        let sizes = row.size.zip(packed.size).filter(|(one, other)| one != other);
        row.size = row.size.or(packed.size);
        let other = packed.digest.as_ref().and_then(|digest| contradiction(&row.digests, digest));
        row.digests.extend(packed.digest.filter(|d| !row.digests.contains(d)));
        if let Some((one, other)) = sizes {
            self.malformed(list, format!("asset {} is listed with {one} bytes and with {other} bytes", packed.id));
        }
        if let Some(other) = other {
            self.malformed(list, format!("asset {} is listed with two hashes: {other}", packed.id));
        }
        if mapped {
            return;
        }
        // Supplemental packages may name assets of another one; a file of that name in this folder is another matter.
        let there = packed.original.as_deref().and_then(|name| inside(name).ok());
        let there = there.filter(|name| self.folder.listing.has_file(name));
        let map = self.map;
        match there {
            Some(path) if map.missing => row_of(&mut self.rows, &packed.id).path = Some(path),
            Some(path) => {
                let what =
                    format!("the packing list holds asset {}, the map does not: it is taken for `{path}`", packed.id);
                row_of(&mut self.rows, &packed.id).path = Some(path);
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
            let root = match xml::document(&bytes, &[&["EssenceDescriptorList"], SIGNATURE].concat()) {
                Ok(root) => root,
                Err(what) => {
                    self.malformed(&document.path, what);
                    continue;
                }
            };
            let mut composition = match self.composition(document, reader, (&bytes, &root)) {
                Ok(composition) => composition,
                Err(what) => {
                    self.malformed(&document.path, what);
                    continue;
                }
            };
            self.signature(&document.path, root.child("Signature").is_some());
            if composition.plays.is_empty() {
                self.remark(format!("{}: the composition plays nothing", document.path));
            }
            composition.plays.extend((reader.drawn)(self.folder, self.map, &composition));
            for (asset, play) in &composition.plays {
                self.played(asset, play);
            }
            for (asset, digest) in std::mem::take(&mut composition.digests) {
                self.compare_digests(&document.path, &asset, digest);
            }
            compositions.push(composition);
        }
        compositions
    }

    /// What a composition plays, and what it says of the bytes of its assets.
    fn composition(
        &mut self,
        document: &Document,
        reader: &Reader,
        (bytes, root): (&[u8], &Element),
    ) -> Result<Composition, String> {
        let kind = match reader.flavor {
            Flavor::Imf => Kind::ImfCpl,
            Flavor::Dcp => Kind::DcpCpl,
        };
        let (timeline, problems) = timeline::cut(kind, bytes)?;
        problems.into_iter().for_each(|what| self.malformed(&document.path, what));
        let own = root.said("Id").map(id);
        self.own_id(document, own.as_deref());
        let id = own.unwrap_or_default();
        let (title, plays) = (timeline.name.clone(), timeline::plays(&id, &timeline));
        let mut composition = Composition { title, plays, digests: Vec::new() };
        for (asset, element) in (reader.media)(root) {
            composition.states(asset, element);
        }
        if self.out.compositions.len() < DOCUMENTS {
            self.out.compositions.push(CompositionCut { path: document.path.clone(), id, timeline });
        }
        Ok(composition)
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

    /// Compares what a composition says of an asset's bytes with what the packing list does; the file is compared with both.
    fn compare_digests(&mut self, by: &str, asset: &str, digest: Result<Digest, NoDigest>) {
        let digest = match digest {
            Ok(digest) => digest,
            Err(NoDigest::Unknown(what)) => return self.unverified(by, format!("asset {asset}: {what}")),
            Err(NoDigest::Wrong(what)) => return self.malformed(by, format!("asset {asset}: {what}")),
        };
        if !self.map.holds(asset) && self.rows.get(asset).is_none_or(|row| row.path.is_none()) {
            if self.out.external_digests.len() < limits::ITEMS {
                self.out.external_digests.push((asset.to_owned(), digest, by.to_owned()));
            }
            return;
        }
        let row = self.rows.entry(asset.to_owned()).or_default();
        let other = contradiction(&row.digests, &digest);
        if !row.digests.contains(&digest) && row.digests.len() < DIGESTS {
            row.digests.push(digest);
        }
        if let Some(other) = other {
            let what = format!("the composition and the packing list give two hashes of asset {asset}: {other}");
            self.malformed(by, what);
        }
    }

    /// Output profile lists (ST 2067-100) are for a composition, here or elsewhere.
    fn profiles(&mut self, documents: &[Document]) {
        let known: HashSet<&str> = documents.iter().map(|d| d.id.as_str()).collect();
        for list in documents.iter().filter(|d| d.name == "OutputProfileList") {
            let Some(bytes) = self.read(&list.path) else { continue };
            match xml::document(&bytes, &[]) {
                Ok(root) => {
                    let own = root.said("Id").map(id);
                    self.own_id(list, own.as_deref());
                    self.signature(&list.path, root.child("Signature").is_some());
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
                let sizes = row.size.zip(chunk.length).filter(|(packed, mapped)| whole && packed != mapped);
                if let Some((packed, mapped)) = sizes {
                    let what =
                        format!("maps asset {} with {mapped} bytes, and the packing list says {packed}", asset.id);
                    self.out.fault(PackageFaultKind::Malformed, &self.map.name, what);
                }
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

fn row_of<'r>(rows: &'r mut HashMap<String, Row>, id: &str) -> &'r mut Row {
    rows.entry(id.to_owned()).or_default()
}

/// Both digests, where another of the same kind was given before.
pub(super) fn contradiction(known: &[Digest], digest: &Digest) -> Option<String> {
    let other = known.iter().find(|d| d.algorithm == digest.algorithm && d.value != digest.value)?;
    Some(format!("{} {} and {}", digest.algorithm.name(), other.text(), digest.text()))
}

fn membership(row: &Row) -> Option<Membership> {
    match (row.plays.is_empty(), row.packed) {
        (false, _) => Some(Membership::Cpl),
        (true, true) => Some(Membership::Pkl),
        (true, false) => None,
    }
}
