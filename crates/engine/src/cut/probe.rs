//! What the media of a delivery say of themselves as clips, read before the scan where a timeline needs it: where names
//! leave several, where an event tells an identity, where it tells a reel only.
//!
//! The same readers are used as for the scan; nothing is decoded, hashed or verified.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use super::find::{ArchiveReader, Names, open_at};
use super::inventory::{Inventory, Item};
use crate::clip::Clip;
use countersign_io::ByteRange;
use countersign_io::source::Source;
use countersign_media::identify::identify;
use countersign_model::Extraction;
use countersign_timelines::conform::{Asset, Match};
use countersign_timelines::{Event, Identity, Rate, TimeRange};

/// Media that are read to conform the timelines of one delivery.
const MOST: usize = 50_000;
/// Extensions of media that carry identities and reels.
const CARRIERS: &[&str] = &["mxf", "mov", "mp4", "m4v", "qt", "wav", "bwf", "rf64", "w64"];

/// What the timelines of a delivery want to know of its media.
#[derive(Debug, Default)]
pub(super) struct MediaRequest {
    /// Entries of the inventory, with the rate in which their events count.
    pub(super) entries: BTreeMap<usize, Rate>,
    /// An event tells an identity, or a reel that no name fits: every medium that may carry it.
    pub(super) carriers: Option<Rate>,
}

impl MediaRequest {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.carriers.is_none()
    }

    /// What an event that was conformed by names wants to know.
    pub(super) fn note(&mut self, event: &Event, matched: &Match) {
        let rate = event.source.rate;
        let by_reel = event.reel.as_ref().is_some_and(|reel| !matches!(reel.as_str(), "" | "AX" | "BL" | "BLACK"));
        match matched {
            Match::Several(indices, _) => self.entries.extend(indices.iter().map(|index| (*index, rate))),
            Match::Missing if by_reel => self.carriers = Some(rate),
            _ => {}
        }
        // An identity stands above every name.
        let is_umid = |identity: &Identity| matches!(identity, Identity::Umid(_));
        if event.identities.iter().any(is_umid) {
            self.carriers = Some(rate);
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.entries.extend(&other.entries);
        self.carriers = self.carriers.or(other.carriers);
    }

    /// Every entry to be read.
    fn all(&self, inventory: &Inventory) -> Vec<(usize, Rate)> {
        let mut all = self.entries.clone();
        if let Some(rate) = self.carriers {
            let carries = |item: &Item| match item {
                Item::File { rel, .. } => {
                    let extension = rel.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
                    extension.is_some_and(|extension| CARRIERS.contains(&extension.as_str()))
                }
                Item::Run { .. } => false,
            };
            let carriers = inventory.items.iter().enumerate().filter(|(_, item)| carries(item));
            for (index, _) in carriers {
                all.entry(index).or_insert(rate);
            }
        }
        all.into_iter().take(MOST).collect()
    }
}

/// Reads what is wanted and writes it to the inventory's assets; true when anything was learned.
pub(super) fn read(look: &ArchiveReader<'_>, names: &Names, wanted: &MediaRequest, inventory: &mut Inventory) -> bool {
    let all = wanted.all(inventory);
    let stopped = || look.stop.load(std::sync::atomic::Ordering::Relaxed);
    let on_drive: Vec<(usize, Rate, Clip)> = all
        .par_iter()
        .filter(|_| !stopped())
        .filter_map(|(index, rate)| {
            let (root, rel) = place(inventory.items.get(*index)?)?;
            if rel.contains(crate::archives::MARK) {
                return None;
            }
            Some((*index, *rate, clip(&open_at((look.roots, look.files), root, &rel)?)?))
        })
        .collect();
    let in_archives = members(look, names, &all, inventory);
    let mut learned = false;
    for (index, rate, clip) in on_drive.into_iter().chain(in_archives) {
        if let Some(asset) = inventory.assets.get_mut(index) {
            learned |= learn(asset, rate, clip);
        }
    }
    learned
}

/// The file that speaks for an entry: of a run of frames the first.
fn place(item: &Item) -> Option<(usize, String)> {
    match item {
        Item::File { root, rel } => Some((*root, rel.clone())),
        Item::Run { root, prefix, suffix, first, digits, .. } => {
            Some((*root, format!("{prefix}{first:0digits$}{suffix}")))
        }
    }
}

/// The members of archives that are wanted.
fn members(
    look: &ArchiveReader<'_>,
    names: &Names,
    all: &[(usize, Rate)],
    inventory: &Inventory,
) -> Vec<(usize, Rate, Clip)> {
    let mut inside: HashMap<(usize, String), (usize, Rate)> = HashMap::new();
    for (index, rate) in all {
        let at = inventory.items.get(*index).and_then(place).filter(|(_, rel)| rel.contains(crate::archives::MARK));
        inside.extend(at.map(|at| (at, (*index, *rate))));
    }
    let mut out = Vec::new();
    for archive in &names.archives {
        if inside.is_empty() {
            break;
        }
        look.each_member(archive, &mut |member, opened| {
            let Some((index, rate)) = inside.remove(&(member.root, member.rel.clone())) else { return };
            let read = opened.open(look.space).ok().and_then(|opened| clip(&opened.held));
            out.extend(read.map(|clip| (index, rate, clip)));
        });
    }
    out
}

/// What a file says of itself; nothing where its reader fails in a way it never should: the scan meets it again.
fn clip(range: &ByteRange) -> Option<Clip> {
    catch_unwind(AssertUnwindSafe(|| {
        let mut source = Source::new(range);
        let format = identify(&mut source).ok()??;
        let mut out = Extraction::default();
        // What could be read before a problem stays.
        let _ = format.read(&mut source, &mut out);
        Some(Clip::of(&out.facts.tags))
    }))
    .ok()?
}

fn learn(asset: &mut Asset, rate: Rate, clip: Clip) -> bool {
    let range = match asset.sequence {
        None => clip.range(rate),
        // The first frame tells the start, the number of frames the length.
        Some((first, last)) => {
            let frames = last.saturating_sub(first).saturating_add(1);
            let counted = clip.rate.unwrap_or(rate);
            let length = Some(frames as f64 / counted.as_f64());
            let whole = Clip { seconds: length, ..clip.clone() }.range(rate);
            whole.map(|range| TimeRange { duration: frames, ..range })
        }
    };
    let learned = range.is_some() || !clip.identities.is_empty() || !clip.reels.is_empty();
    asset.range = range;
    asset.identities.extend(clip.identities);
    asset.reels = clip.reels;
    learned
}
