//! The large evaluation: pictures and sounds of our own making with fixed seeds, changed by ffmpeg, which has to be
//! installed. Prints the tables of `docs/matching.md`.
//!
//! ```text
//! cargo run -p countersign-matching --example evaluate -- pictures [COUNT] [CHANGE]
//! cargo run -p countersign-matching --example evaluate -- look-alikes
//! cargo run -p countersign-matching --example evaluate -- sounds [COUNT] [FIRST]
//! cargo run -p countersign-matching --example evaluate -- sound-alikes [COUNT] [FIRST]
//! cargo run -p countersign-matching --example evaluate -- film [FRAMES] [REFERENCES]
//! cargo run -p countersign-matching --example evaluate -- cost
//! cargo run -p countersign-matching --example evaluate -- search [STILLS]
//! cargo run -p countersign-matching --example evaluate -- hints DIRECTORY
//! cargo run -p countersign-matching --example evaluate -- oracle DIRECTORY
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "../evaluation/mod.rs"]
mod evaluation;
#[path = "evaluate/pictures.rs"]
mod pictures;
#[path = "evaluate/sounds.rs"]
mod sound_run;
#[path = "evaluate/speed.rs"]
mod speed;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use countersign_matching::{
    HashScan, Index, Landmarks, Luma, Pdq, PdqHash, PictureProbe, PictureReference, Pixels, Reference, SoundProbe,
};
use evaluation::{canvas::Canvas, changes::image_of, random::Random, scenes::scene, sounds};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number =
        |place: usize, otherwise: u64| arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    match arguments.first().map(String::as_str) {
        Some("pictures") => pictures::recall(number(1, 200), arguments.get(2).map_or("", String::as_str)),
        Some("look-alikes") => pictures::look_alikes(),
        Some("sounds") => sound_run::recall(number(1, 30), number(2, 0)),
        Some("sound-alikes") => sound_run::look_alikes(number(1, 30), number(2, 0)),
        Some("film") => pictures::film(number(1, 7200), number(2, 10_000)),
        Some("cost") => cost(),
        Some("search") => speed::search(number(1, 1_000_000) as usize),
        Some("hints") => speed::hints(Path::new(arguments.get(1).map_or(".", String::as_str))),
        Some("oracle") => oracle(Path::new(arguments.get(1).map_or("oracle", String::as_str))),
        _ => {
            println!(
                "say one of: pictures, look-alikes, sounds, sound-alikes, film, cost, search, hints DIRECTORY, oracle DIRECTORY"
            )
        }
    }
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("countersign-evaluate-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(arguments).output();
    let output = output.expect("ffmpeg is installed");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn luma_of(canvas: &Canvas) -> Luma {
    Pixels::rgb8(canvas.width, canvas.height, &canvas.rgb8()).unwrap().to_luma()
}

/// Pictures, and what this crate hashes them to at full size: for a comparison with another implementation of PDQ.
fn oracle(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for seed in 0..120 {
        let image = image_of(&scene(seed, 640));
        image.save(folder.join(format!("{seed:03}.png"))).unwrap();
        let pixels = Pixels::rgb8(image.width() as usize, image.height() as usize, image.as_raw()).unwrap();
        let pdq = Pdq::new(&pixels.to_full_luma());
        println!("{seed:03}.png\t{:?}\t{}\t{:?}", pdq.hash(), pdq.quality(), pdq.dihedral());
    }
}

fn timed<T>(what: &str, times: u32, mut run: impl FnMut() -> T) {
    // The best of several runs: other programs on the machine only ever add.
    let mut best = f64::MAX;
    for _ in 0..times {
        let start = speed::computing();
        std::hint::black_box(run());
        best = best.min(speed::computing() - start);
    }
    println!("| {what} | {:.2} ms |", best * 1000.0);
}

fn cost() {
    println!("| what | time on one core |\n|---|---|");
    let large: Vec<u8> = {
        let mut random = Random::new(1);
        (0..4000 * 3000 * 3).map(|_| random.next() as u8).collect()
    };
    let pixels = Pixels::rgb8(4000, 3000, &large).unwrap();
    timed("reduce a picture of 12 megapixels", 5, || pixels.to_luma());
    timed("exact digest of a picture of 12 megapixels", 3, || countersign_matching::pixel_digest(&pixels));
    let luma = luma_of(&scene(2, 800));
    timed("fingerprint of a picture to look up", 20, || PictureProbe::new(&luma));
    timed("fingerprints of a reference (17 variants)", 10, || PictureReference::new(&luma, 0));
    let mut scan = HashScan::default();
    let mut random = Random::new(2);
    for _ in 0..1_000_000 {
        scan.push(PdqHash([random.next(), random.next(), random.next(), random.next()]));
    }
    let query = PdqHash([random.next(), random.next(), random.next(), random.next()]);
    timed("scan of 1,000,000 hashes", 20, || {
        let mut near = 0;
        scan.within(&query, 60, |_, _| near += 1);
        near
    });
    let three: Vec<PdqHash> =
        (0..3).map(|_| PdqHash([random.next(), random.next(), random.next(), random.next()])).collect();
    timed("scan of 1,000,000 hashes in three orientations", 20, || {
        let mut near = 0;
        three.iter().for_each(|query| scan.within(query, 60, |_, _| near += 1));
        near
    });
    let minute = sounds::music(1, 60.0);
    timed("landmarks of a minute of sound", 5, || Landmarks::new(&minute, f64::from(sounds::RATE)));
    timed("landmarks of a minute of sound at five speeds", 3, || SoundProbe::new(&minute, f64::from(sounds::RATE)));
    let mut index = Index::default();
    for seed in 0..100 {
        let sound = Landmarks::new(&sounds::music(seed, 60.0), f64::from(sounds::RATE));
        index.add(Reference { sound, ..Reference::named("music") }).unwrap();
    }
    index.prepare();
    let probe = SoundProbe::new(&minute, f64::from(sounds::RATE));
    timed("look-up of a minute among 100 minutes of references, five speeds", 3, || index.find_sound(&probe));
}
