//! Sounds changed by ffmpeg, and the votes of unrelated ones.

use std::{collections::BTreeMap, fs, path::Path};

use countersign_matching::{Index, Landmarks, Reference, Relation, SoundMatch, SoundProbe};

use super::{
    Folder,
    evaluation::sounds::{RATE, music, speech, tune, tune_over_backing, under_speech},
    ffmpeg,
};

/// The name of a change, what ffmpeg does, and what it encodes with.
const CHANGES: [(&str, &str, &[&str], &str); 15] = [
    ("MP3, 32 kbit/s", "anull", &["-b:a", "32k"], "mp3"),
    ("AAC, 64 kbit/s", "anull", &["-b:a", "64k"], "m4a"),
    ("12 dB softer", "volume=-12dB", MP3, "mp3"),
    ("low-pass of 2 kHz", "lowpass=f=2000", MP3, "mp3"),
    (
        "equalizer (+8 dB at 200 Hz, −8 dB at 2 kHz)",
        "equalizer=f=200:t=q:w=1:g=8,equalizer=f=2000:t=q:w=1:g=-8",
        MP3,
        "mp3",
    ),
    ("compressor", "acompressor=threshold=0.03:ratio=6", MP3, "mp3"),
    ("echo", "aecho=0.8:0.7:60:0.4", MP3, "mp3"),
    ("cut of 10 s", "atrim=start=21.37:duration=10", MP3, "mp3"),
    ("cut of 5 s", "atrim=start=21.37:duration=5", MP3, "mp3"),
    ("speed 25/24 with pitch", "asetrate=22969,aresample=22050", MP3, "mp3"),
    ("speed 24/25 with pitch", "asetrate=21168,aresample=22050", MP3, "mp3"),
    ("speed 1.001 with pitch", "asetrate=22072,aresample=22050", MP3, "mp3"),
    ("speed +4 %, pitch kept", "atempo=1.04", MP3, "mp3"),
    ("speed +8 % with pitch", "asetrate=23814,aresample=22050", MP3, "mp3"),
    ("one semitone up, speed kept", "asetrate=23361,aresample=22050,atempo=0.94387", MP3, "mp3"),
];
/// Makes the sound of a number (a band, a voice) in one of its takes.
type Take = dyn Fn(u64, u64) -> Vec<f32>;

const MP3: &[&str] = &["-b:a", "128k"];
const SECONDS: f32 = 40.0;

/// Through a file of another program and back to samples.
fn changed(folder: &Path, sound: &[f32], filter: &str, encoding: &[&str], extension: &str) -> Vec<f32> {
    let text = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (raw, file, rate) = (text("in.f32"), text(&format!("changed.{extension}")), RATE.to_string());
    fs::write(&raw, sound.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
    let form = ["-f", "f32le", "-ar", &rate, "-ac", "1"];
    ffmpeg(&[&form[..], &["-i", &raw, "-af", filter], encoding, &[&file]].concat());
    let bytes = ffmpeg(&[&["-i", &file], &form[..], &["-"]].concat());
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect()
}

pub(crate) fn recall(count: u64, first: u64) {
    let folder = Folder::new("sounds");
    let rate = f64::from(RATE);
    let tracks: Vec<Vec<f32>> = (first..first + count).map(|seed| music(seed, SECONDS)).collect();
    let mut index = Index::default();
    for track in &tracks {
        index.add(Reference { sound: Landmarks::new(track, rate), ..Reference::named("track") }).unwrap();
    }
    index.prepare();
    let mut unrelated: BTreeMap<u32, u32> = BTreeMap::new();
    println!(
        "| change | copy % | copy or look % | fewest votes | fewest a second | least heard | called a copy of another |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut row = |name: &str, change: &dyn Fn(u64, &[f32]) -> Vec<f32>| {
        let (mut row, mut wrong) = (Row::default(), 0);
        for (number, track) in (0..).zip(&tracks) {
            let found = index.find_sound(&SoundProbe::new(&change(number, track), rate));
            row.add(found.iter().find(|found| found.reference as u64 == number));
            let others = found.iter().filter(|found| found.reference as u64 != number);
            wrong += others.clone().filter(|found| found.relation == Relation::Copy).count();
            others.for_each(|found| *unrelated.entry(found.votes).or_default() += 1);
        }
        let percent = |number: u32| f64::from(number) * 100.0 / count as f64;
        let Row { copies, looks, votes, a_second, heard } = row;
        println!(
            "| {name} | {:.1} | {:.1} | {} | {:.1} | {:.2} | {wrong} |",
            percent(copies),
            percent(copies + looks),
            votes.0,
            a_second.0,
            heard.0
        );
    };
    for (name, filter, encoding, extension) in CHANGES {
        row(name, &|_, track| changed(&folder.0, track, filter, encoding, extension));
    }
    for decibels in [0.0, -6.0, -12.0] {
        row(&format!("under speech at {decibels} dB, MP3 128 kbit/s"), &|number, track| {
            changed(&folder.0, &under_speech(track, &speech(first + number, SECONDS), decibels), "anull", MP3, "mp3")
        });
    }
    row("10 s of it under speech at -6 dB, MP3 128 kbit/s", &|number, track| {
        let cut = under_speech(&track[400_000..620_500], &speech(first + number + 900, SECONDS), -6.0);
        changed(&folder.0, &cut, "anull", MP3, "mp3")
    });
    println!("\nVotes of unrelated pairs (those with ten or more at one offset are counted at all): {unrelated:?}");
    look_alikes(count, first);
}

/// What was said of the pairs of one kind, and the least and the most of what it was said by.
struct Row {
    copies: u32,
    looks: u32,
    votes: (u32, u32),
    a_second: (f32, f32),
    heard: (f32, f32),
}

impl Default for Row {
    fn default() -> Self {
        Self { copies: 0, looks: 0, votes: (u32::MAX, 0), a_second: (f32::MAX, 0.0), heard: (f32::MAX, 0.0) }
    }
}

impl Row {
    fn add(&mut self, found: Option<&SoundMatch>) {
        self.copies += u32::from(found.is_some_and(|found| found.relation == Relation::Copy));
        self.looks += u32::from(found.is_some_and(|found| found.relation == Relation::Look));
        let (votes, a_second, heard) =
            found.map_or((0, 0.0, 0.0), |found| (found.votes, found.votes_a_second, found.heard));
        self.votes = (self.votes.0.min(votes), self.votes.1.max(votes));
        self.a_second = (self.a_second.0.min(a_second), self.a_second.1.max(a_second));
        self.heard = (self.heard.0.min(heard), self.heard.1.max(heard));
    }
}

/// Other tunes of the same band, other tunes over the same recording, other words of the same voice.
pub(crate) fn look_alikes(count: u64, first: u64) {
    let rate = f64::from(RATE);
    println!("\n| sound-alikes | pairs | copy | look | most votes | most a second | most heard |");
    println!("|---|---|---|---|---|---|---|");
    let kinds: [(&str, &Take); 4] = [
        ("another tune in the same key, tempo and instruments", &|band, take| tune(band, 1000 + take, SECONDS)),
        ("another tune over the very same recording", &|band, take| tune_over_backing(band, take, SECONDS)),
        ("other speech", &|voice, take| speech(voice * 2 + take, SECONDS)),
        ("a tone of 1 kHz", &|number, take| {
            let start = (number * 7 + take) as f32 * 0.1;
            (0..RATE * 20)
                .map(|n| 0.1 * (n as f32 / RATE as f32 * 1000.0 * std::f32::consts::TAU + start).sin())
                .collect()
        }),
    ];
    for (kind, sound) in kinds {
        let mut row = Row::default();
        for number in first..first + count {
            let mut index = Index::default();
            index.add(Reference { sound: Landmarks::new(&sound(number, 0), rate), ..Reference::named("one") }).unwrap();
            index.prepare();
            row.add(index.find_sound(&SoundProbe::new(&sound(number, 1), rate)).first());
        }
        let Row { copies, looks, votes, a_second, heard } = row;
        println!("| {kind} | {count} | {copies} | {looks} | {} | {:.1} | {:.2} |", votes.1, a_second.1, heard.1);
    }
}
