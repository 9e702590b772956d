//! Makes mutants of all files below a folder, reads each as an asset and matches it, and tells which of them a reader
//! panicked over and which took long:
//!
//! ```sh
//! cargo run --example mutants -- FOLDER [COUNT] [SEED]
//! ```
//!
//! The mutant in work is kept in `mutant.bin` in the folder for temporary files: where one ends the process (a stack that
//! overflows, memory that is not there), it is found there. Panics that the program itself catches are counted, too.
//! Exit code 1 where any was found.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign::decoders;
use countersign::extract::{self, Options};
use countersign::marks;

/// Longer than any mutant may take.
const LONG: Duration = Duration::from_secs(5);
/// Longer files are left out: reading them again and again takes the time of many others.
const LONGEST: u64 = 4 * 1024 * 1024;

static PANICS: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: mutants FOLDER [COUNT] [SEED]");
        return ExitCode::from(3);
    };
    let mut number = |usual| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (count, seed): (u64, u64) = (number(1_000), number(1));
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    files.sort();
    if files.is_empty() {
        eprintln!("no file of at most {LONGEST} bytes below {folder}");
        return ExitCode::from(4);
    }
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        eprintln!("{panic}");
    }));
    let kept = std::env::temp_dir().join("mutant.bin");
    let (mut long, mut slowest) = (0, Duration::ZERO);
    for n in 0..count {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(n));
        let path = &files[random.below(files.len())];
        let other = &files[random.below(files.len())];
        let (Ok(mut bytes), Ok(other)) = (std::fs::read(path), std::fs::read(other)) else { continue };
        mutate(&mut bytes, &other, &mut random);
        let _ = std::fs::write(&kept, &bytes);
        let (before, start) = (PANICS.load(Ordering::Relaxed), Instant::now());
        let _ = catch_unwind(AssertUnwindSafe(|| examine(bytes)));
        let took = start.elapsed();
        slowest = slowest.max(took);
        if PANICS.load(Ordering::Relaxed) > before || took > LONG {
            long += usize::from(took > LONG);
            let copy = kept.with_file_name(format!("mutant-{seed}-{n}.bin"));
            let _ = std::fs::copy(&kept, &copy);
            println!("{}: mutant {n} took {took:?}; kept as {}", path.display(), copy.display());
        }
    }
    let panics = PANICS.load(Ordering::Relaxed);
    println!("{count} mutants of {} files: {panics} panics, {long} over {LONG:?}, slowest {slowest:?}", files.len());
    ExitCode::from(u8::from(panics > 0 || long > 0))
}

fn examine(bytes: Vec<u8>) {
    let decoders = decoders::Options { pixels: false, thumbnails: false };
    let facts = extract::bytes(bytes, &Options { decoders, ..Options::default() });
    let _ = marks::ai(&marks::catalogue().evidence(&facts));
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => collect(&entry.path(), out),
            Ok(meta) if meta.is_file() && meta.len() <= LONGEST && meta.len() > 0 => out.push(entry.path()),
            _ => {}
        }
    }
}

/// One to four changes: bits flipped, stretches cut, doubled or taken from another file, lengths at their largest.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        // Structure stands mostly at the beginning.
        let within = if random.below(2) == 0 { bytes.len() } else { bytes.len().min(1_024) };
        let at = random.below(within);
        let end = (at + 1 + random.below(256)).min(bytes.len());
        match random.below(8) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)],
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            6 => {
                let width = [2, 4, 8][random.below(3)];
                let end = (at + width).min(bytes.len());
                let value = [0xFF, 0x7F, 0x00, 0x80][random.below(4)];
                bytes[at..end].fill(value);
            }
            _ => {
                let from = random.below(other.len());
                let to = (from + 1 + random.below(4_096)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
        }
    }
}

/// Knuth's linear congruential generator: the same seed makes the same mutants everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}
