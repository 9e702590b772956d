//! Any bytes as a timeline: by their own look, and as each kind that the first byte chooses.

#![no_main]

use countersign_timelines::{
    Kind,
    conform::{Asset, Conform},
    identify, json, read,
};
use libfuzzer_sys::fuzz_target;

const KINDS: [Kind; 10] =
    [Kind::Edl, Kind::Otio, Kind::Otioz, Kind::Otiod, Kind::Fcp7, Kind::Fcpxml, Kind::Fcpxmld, Kind::Aaf, Kind::ImfCpl, Kind::DcpCpl];

fuzz_target!(|bytes: &[u8]| {
    let assets = [Asset { path: "reel1/a.mov".into(), ..Asset::default() }, Asset { path: "reel2/a.mov".into(), ..Asset::default() }];
    let conform = Conform::new(&assets);
    let Some((first, rest)) = bytes.split_first() else { return };
    let chosen = KINDS.get(usize::from(*first) % KINDS.len()).copied();
    let looks = identify("timeline.edl", bytes).map(|kind| (kind, bytes));
    for (kind, bytes) in chosen.map(|kind| (kind, rest)).into_iter().chain(looks) {
        if let Ok(document) = read(kind, "timeline", bytes, &mut |_| Some(bytes.to_vec())) {
            for timeline in &document.timelines {
                conform.timeline(timeline);
            }
            let _ = json::timelines(&document.timelines, |_, _| None);
        }
    }
});
