//! Digital Cinema Packages: SMPTE (ST 429-7 compositions) and Interop (`PROTO-ASDCP-CPL`).
//!
//! A composition is a row of reels; each reel plays a stretch of one picture, sound, subtitle … file.
//! Interop subtitles are XML files that draw in PNG pictures by name: those are played as well.

use std::collections::{BTreeSet, HashMap};

use super::assetmap::{Map, id};
use super::parcel::{self, Composition, Flavor, Mapped, Reader};
use super::timeline::{self, Clock, units};
use super::xml::{self, Element};
use super::{Folder, Info, inside, paths};
use countersign_model::Play;
use countersign_model::limits;
use countersign_timelines::Rate;

static INFO: Info = Info { kind: "dcp", name: "Digital Cinema Package (SMPTE ST 429, Interop)" };

pub(super) static DCP: Mapped = Mapped { info: &INFO, reader: Reader { flavor: Flavor::Dcp, composition, drawn } };

/// Parts of a reel that have an id and are no file.
const NO_FILES: &[&str] = &["MainMarkers", "CompositionMetadataAsset"];

fn composition(root: &Element) -> Composition {
    let title = root.said("ContentTitleText").or(root.said("AnnotationText")).unwrap_or_default().to_owned();
    let own = root.said("Id").map(id).unwrap_or_default();
    let reels = root.all(&["ReelList", "Reel"]);
    let rate = reels.iter().find_map(|reel| rate(lead(reel)?)).unwrap_or(Rate::FILM);
    let clock = Clock::new(rate);
    let mut out = Composition { id: own.clone(), title: title.clone(), ..Composition::default() };
    let mut start = 0.0;
    for (index, reel) in reels.iter().enumerate() {
        for part in parts(reel) {
            let Some(file) = part.said("Id").map(id).filter(|_| out.plays.len() < limits::ITEMS) else { continue };
            let (entry, duration, counted) = stretch(part, rate);
            let play = Play {
                title: title.clone(),
                composition: own.clone(),
                track: format!("{}, reel {}", part.name, index + 1),
                entry,
                duration,
                rate: (counted.numerator.into(), counted.denominator.into()),
                from: clock.at(start),
                to: clock.at(start + units(duration, counted, rate)),
            };
            out.states(&file, part);
            out.plays.push((file, play));
        }
        if let Some(part) = lead(reel) {
            let (_, duration, counted) = stretch(part, rate);
            start += units(duration, counted, rate);
        }
    }
    out
}

fn parts(reel: &Element) -> impl Iterator<Item = &Element> {
    let lists = reel.children.iter().filter(|c| c.name == "AssetList");
    lists.flat_map(|list| &list.children).filter(|part| !NO_FILES.contains(&part.name.as_str()))
}

/// The part that says how long the reel is: the picture, else the first one.
fn lead(reel: &Element) -> Option<&Element> {
    parts(reel).find(|part| part.name.ends_with("Picture")).or_else(|| parts(reel).next())
}

fn rate(part: &Element) -> Option<Rate> {
    part.said("EditRate").and_then(timeline::rate)
}

fn stretch(part: &Element, default: Rate) -> (u64, u64, Rate) {
    let entry = part.number("EntryPoint").unwrap_or(0);
    let intrinsic = part.number("IntrinsicDuration").unwrap_or(0);
    let duration = part.number("Duration").unwrap_or_else(|| intrinsic.saturating_sub(entry));
    (entry, duration, rate(part).unwrap_or(default))
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
        if read.len() >= parcel::DOCUMENTS && !read.contains_key(path) {
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
            found.insert(element.text);
        }
        open.extend(element.children);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reels_follow_each_other() {
        let part = |name: &str, id: &str, duration: u64| {
            format!(
                "<{name}><Id>urn:uuid:{id}</Id><EditRate>24 1</EditRate><IntrinsicDuration>99</IntrinsicDuration>\
                 <EntryPoint>3</EntryPoint><Duration>{duration}</Duration></{name}>"
            )
        };
        let reel = |parts: &[String]| format!("<Reel><AssetList>{}</AssetList></Reel>", parts.concat());
        let text = format!(
            "<CompositionPlaylist><Id>urn:uuid:C</Id><ContentTitleText>T</ContentTitleText><ReelList>{}{}</ReelList>\
             </CompositionPlaylist>",
            reel(&[part("MainMarkers", "m", 48), part("MainSound", "s", 48), part("MainPicture", "p", 48)]),
            reel(&[part("MainStereoscopicPicture", "q", 24), part("CompositionMetadataAsset", "x", 1)]),
        );
        let told = composition(&xml::document(text.as_bytes(), &[]).unwrap());
        let rows: Vec<_> =
            told.plays.iter().map(|(id, p)| (id.as_str(), p.track.as_str(), p.from.as_str(), p.to.as_str())).collect();
        assert_eq!(
            rows,
            [
                ("s", "MainSound, reel 1", "00:00:00:00", "00:00:02:00"),
                ("p", "MainPicture, reel 1", "00:00:00:00", "00:00:02:00"),
                ("q", "MainStereoscopicPicture, reel 2", "00:00:02:00", "00:00:03:00"),
            ]
        );
        assert_eq!((told.plays[0].1.entry, told.title.as_str()), (3, "T"));
    }
}
