//! Digital Cinema Packages: SMPTE (ST 429-7 compositions) and Interop (`PROTO-ASDCP-CPL`).
//!
//! A composition is a row of reels; each reel plays a stretch of one picture, sound, subtitle … file.
//! Interop subtitles are XML files that draw in PNG pictures by name: those are played as well.

use std::collections::{BTreeSet, HashMap};

use super::assetmap::Flavor;
use super::assetmap::{Map, id};
use super::mapped_package::{self, Composition, Mapped, Reader};
use super::xml::{self, Element};
use super::{Folder, Info, inside, paths};
use countersign_model::Play;
use countersign_model::limits;

static INFO: Info = Info { kind: "dcp", name: "Digital Cinema Package (SMPTE ST 429, Interop)" };

pub(super) static DCP: Mapped = Mapped { info: &INFO, reader: Reader { flavor: Flavor::Dcp, media, drawn } };

/// Assets by id, with the element that may state their hash.
fn media(root: &Element) -> Vec<(&str, &Element)> {
    let parts = root.all(&["ReelList", "Reel", "AssetList"]).into_iter().flat_map(|list| &list.children);
    parts.filter_map(|part| Some((part.said("Id")?, part))).collect()
}

/// The pictures that Interop subtitles draw in: by name beside the subtitle file, or by id.
fn drawn(folder: &Folder, map: &Map, composition: &Composition) -> Vec<(String, Play)> {
    let files: HashMap<&str, &str> = map
        .assets
        .iter()
        .filter_map(|asset| Some((asset.id.as_str(), asset.file(map.volume)?.path.as_str())))
        .collect();
    let ids: HashMap<&str, &str> = files.iter().map(|(id, path)| (*path, *id)).collect();
    let mut read: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut out = Vec::new();
    for (asset, play) in &composition.plays {
        let Some(path) = files.get(asset.as_str()).filter(|p| p.to_ascii_lowercase().ends_with(".xml")) else {
            continue;
        };
        if read.len() >= mapped_package::DOCUMENTS && !read.contains_key(path) {
            break;
        }
        let pictures = read.entry(path).or_insert_with(|| pictures(folder, path, &files, &ids));
        for picture in pictures.iter().take(limits::ITEMS.saturating_sub(out.len())) {
            let track = format!("{}, picture", play.track);
            out.push(((*picture).to_owned(), Play { track, ..play.clone() }));
        }
    }
    out
}

/// The ids of the pictures that one subtitle file names.
fn pictures<'m>(
    folder: &Folder,
    path: &str,
    files: &HashMap<&'m str, &'m str>,
    ids: &HashMap<&'m str, &'m str>,
) -> Vec<&'m str> {
    // What is wrong with a subtitle file does not unmake the package.
    let Some(root) = folder.read(path).ok().and_then(|bytes| xml::document(&bytes, &[]).ok()) else {
        return Vec::new();
    };
    let beside = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let one = |image: &String| {
        let named = inside(image).ok().map(|name| paths::join(beside, &name));
        let by_name = named.and_then(|name| ids.get(name.as_str()).copied());
        by_name.or_else(|| files.get_key_value(id(image).as_str()).map(|(id, _)| *id))
    };
    images(root).iter().filter_map(one).collect()
}

/// The texts of all `Image` elements, each once.
fn images(root: Element) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(element) = open.pop() {
        if element.name == "Image" && !element.text.is_empty() {
            found.insert(element.text.into());
        }
        open.extend(element.children);
    }
    found
}
