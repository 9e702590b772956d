//! Damaged timelines: flipped, cut and spliced files of the made show must end soon, as a timeline or as an error.

#![allow(dead_code, missing_docs, unreachable_pub, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "../examples/made_show/show.rs"]
mod show;

use countersign_timelines::{Kind, conform::Conform, identify, json, read};
use std::time::{Duration, Instant};

/// No damaged file of a few kilobytes may take longer than this, on any machine.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A small generator of numbers (xorshift): the same damage on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() % limit.max(1)
    }
}

/// Reads and conforms; true when the file was understood.
fn survives(kind: Kind, bytes: &[u8], conform: &Conform<'_>) -> bool {
    let begin = Instant::now();
    let outcome = read(kind, "mutant", bytes, &mut |_| Some(bytes.to_vec()));
    let understood = outcome.is_ok();
    match outcome {
        Ok(document) => {
            for timeline in &document.timelines {
                assert_eq!(conform.timeline(timeline).len(), timeline.events.len());
                for event in &timeline.events {
                    let _ = timeline.record_timecode(event.record.start, event.record.rate).to_string();
                }
            }
            let _ = json::timelines(&document.timelines, |_, _| None).to_string();
        }
        Err(error) => assert!(!error.place.is_empty() && !error.reason.is_empty()),
    }
    assert!(begin.elapsed() < TIMEOUT, "{kind:?} took {:?}", begin.elapsed());
    understood
}

fn damage(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    match numbers.below(6) {
        0 => mutant.truncate(numbers.below(bytes.len())),
        1 => {
            for _ in 0..=numbers.below(8) {
                let at = numbers.below(bytes.len());
                mutant[at] ^= 1 << numbers.below(8);
            }
        }
        2 => {
            // A piece of the file put elsewhere into it.
            let (from, length) = (numbers.below(bytes.len()), numbers.below(600));
            let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
            let at = numbers.below(bytes.len());
            mutant.splice(at..at, piece);
        }
        3 => {
            let (from, length) = (numbers.below(bytes.len()), numbers.below(600));
            mutant.drain(from..(from + length).min(bytes.len()));
        }
        4 => {
            // Words of all ones and all zeros, where sizes and references stand.
            let at = numbers.below(bytes.len().saturating_sub(4));
            let word = if numbers.below(2) == 0 { [0xff; 4] } else { [0; 4] };
            mutant[at..at + 4].copy_from_slice(&word);
        }
        _ => {
            // Digits grow.
            for byte in mutant.iter_mut().filter(|byte| byte.is_ascii_digit()) {
                if numbers.below(40) == 0 {
                    *byte = b'9';
                }
            }
        }
    }
    mutant
}

fn torment(format: &str, rounds: usize) {
    let assets = show::assets();
    let conform = Conform::new(&assets);
    let (name, bytes) = show::write(&show::reels()[0], format);
    let kind = identify(&name, &bytes).unwrap();
    assert!(survives(kind, &bytes, &conform), "{format} itself is read");
    let mut numbers = Numbers(0x5eed_0000_0000_0001 ^ format.len() as u64);
    let mut refused = 0;
    for _ in 0..rounds {
        let mut mutant = damage(&bytes, &mut numbers);
        if numbers.below(4) == 0 {
            mutant = damage(&mutant, &mut numbers);
        }
        let _ = identify(&name, &mutant);
        refused += usize::from(!survives(kind, &mutant, &conform));
    }
    assert!(refused < rounds, "{format}: some damage leaves the rest readable");
}

#[test]
fn damaged_edit_decision_lists() {
    torment("edl", 1500);
}

#[test]
fn damaged_fcp7_xml() {
    torment("xml", 800);
}

#[test]
fn damaged_fcpxml() {
    torment("fcpxml", 800);
}

#[test]
fn damaged_otio() {
    torment("otio", 800);
}

#[test]
fn damaged_aaf() {
    torment("aaf", 1500);
}

/// The samples that lie in a folder, those below it included.
fn samples(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            samples(&path, found);
        } else {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// Takes minutes: `COUNTERSIGN_TIMELINES=FOLDER cargo test -p countersign-timelines --test mutants -- --ignored`; with
/// `COUNTERSIGN_MUTANTS` as many damaged files as it says.
#[test]
#[ignore = "needs a folder of timelines, and minutes"]
fn damaged_timelines_of_a_folder() {
    let folder = std::env::var_os("COUNTERSIGN_TIMELINES").expect("COUNTERSIGN_TIMELINES names a folder of timelines");
    let wanted = std::env::var("COUNTERSIGN_MUTANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000_usize);
    let mut all = Vec::new();
    samples(folder.as_ref(), &mut all);
    all.extend(show::FORMATS.iter().map(|format| show::write(&show::reels()[0], format)));
    let timelines: Vec<(Kind, Vec<u8>)> =
        all.into_iter().filter_map(|(name, bytes)| Some((identify(&name, &bytes)?, bytes))).collect();
    assert!(timelines.len() > 5, "the folder holds no timeline");
    let assets = show::assets();
    let conform = Conform::new(&assets);
    let mut numbers = Numbers(0x5eed_0000_0000_0002);
    let (mut tried, mut refused) = (0, 0);
    while tried < wanted {
        for (kind, bytes) in &timelines {
            let mut mutant = damage(bytes, &mut numbers);
            if numbers.below(3) == 0 {
                mutant = damage(&mutant, &mut numbers);
            }
            tried += 1;
            refused += usize::from(!survives(*kind, &mutant, &conform));
        }
    }
    assert!(0 < refused && refused < tried, "{refused} of {tried} refused");
    println!("{tried} damaged files of {} timelines, {refused} refused", timelines.len());
}

#[test]
fn every_reader_refuses_every_other_format() {
    let assets = show::assets();
    let conform = Conform::new(&assets);
    let kinds = [
        Kind::Edl,
        Kind::Otio,
        Kind::Otioz,
        Kind::Otiod,
        Kind::Fcp7,
        Kind::Fcpxml,
        Kind::Fcpxmld,
        Kind::Aaf,
        Kind::ImfCpl,
        Kind::DcpCpl,
    ];
    for format in show::FORMATS {
        let (name, bytes) = show::write(&show::reels()[0], format);
        let own = identify(&name, &bytes).unwrap();
        for kind in kinds.into_iter().filter(|kind| kind.format() != own.format()) {
            assert!(!survives(kind, &bytes, &conform), "{kind:?} took {name}");
        }
    }
}

#[test]
fn nesting_that_multiplies_is_bounded() {
    // Each compound clip holds the one before it twenty times: without a bound this is 20^20 events.
    let mut media = String::new();
    for level in 1..20 {
        let uses = format!("<ref-clip ref='m{}' duration='100s'/>", level - 1).repeat(20);
        media += &format!("<media id='m{level}'><sequence tcStart='0s'><spine>{uses}</spine></sequence></media>");
    }
    let bomb = format!(
        "<fcpxml version='1.9'><resources><asset id='a' src='a' hasVideo='1' duration='9s'/><media id='m0'><sequence><spine>\
         <asset-clip ref='a' duration='1s'/></spine></sequence></media>{media}</resources><project><sequence><spine>\
         <ref-clip ref='m19' duration='100s'/></spine></sequence></project></fcpxml>"
    );
    let begin = Instant::now();
    let error = read(Kind::Fcpxml, "bomb", bomb.as_bytes(), &mut |_| None).unwrap_err();
    assert!(error.reason.contains("more"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

#[test]
fn a_composition_that_contains_itself_is_refused() {
    let (_, mut bytes) = show::write(&show::reels()[0], "aaf");
    // The nested composition's first clip plays a master mob; rename that into the composition itself.
    let label = [6, 10, 43, 52, 1, 1, 1, 5, 1, 1, 15, 16, 19, 0, 0, 0];
    let id = |kind: u8, index: u8| [&label[..], &[kind; 15], &[index]].concat();
    let (master, nest) = (id(1, 2), id(5, 0));
    let places: Vec<usize> = (0..bytes.len() - 32).filter(|at| bytes[*at..at + 32] == master[..]).collect();
    assert!(places.len() >= 2);
    for place in places {
        bytes[place..place + 32].copy_from_slice(&nest);
    }
    let error = read(Kind::Aaf, "circle.aaf", &bytes, &mut |_| None).unwrap_err();
    assert!(error.reason.contains("itself"), "{error}");
}
