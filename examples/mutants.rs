//! Makes mutants of all files below a folder, reads each as an asset and matches it, and tells which of them a reader
//! panicked over and which took long:
//!
//! ```sh
//! cargo run --example mutants -- FOLDER [COUNT] [SEED]
//! cargo run --example mutants -- FOLDER COUNT SEED INTO
//! ```
//!
//! The mutant in work is kept in `mutant.bin` in the folder for temporary files: where one ends the process (a stack that
//! overflows, memory that is not there), it is found there. Panics that the program itself catches are counted, too.
//! Time is computing time, so that other work of the machine does not count. Exit code 1 where any was found.
//!
//! With INTO the mutants are only written to that folder, under their files' names, for a scan by the whole program with
//! its workers.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::decoders;
use countersign::extract::{self, Options};
use countersign::marks;

/// Longer than any mutant may take.
const LONG: Duration = Duration::from_secs(5);
/// Longer files are left out: reading them again and again takes the time of many others.
const LONGEST: u64 = 4 * 1024 * 1024;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A file of the folder, read once.
struct Original {
    path: PathBuf,
    bytes: Vec<u8>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: mutants FOLDER [COUNT] [SEED] [INTO]");
        return ExitCode::from(3);
    };
    let mut number = |usual| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (count, seed): (u64, u64) = (number(1_000), number(1));
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if files.is_empty() {
        eprintln!("no file of at most {LONGEST} bytes below {folder}");
        return ExitCode::from(4);
    }
    let mutants = (0..count).map(|n| (n, mutant(&files, seed, n)));
    match arguments.next() {
        Some(into) => write_all(Path::new(&into), mutants),
        None => examine_all(&files, seed, mutants),
    }
}

/// The mutant of this number, with the file that it was made from.
fn mutant(files: &[Original], seed: u64, n: u64) -> (&Original, Vec<u8>) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(n));
    let (original, other) = (&files[random.below(files.len())], &files[random.below(files.len())]);
    let mut bytes = original.bytes.clone();
    mutate(&mut bytes, &other.bytes, &mut random);
    (original, bytes)
}

fn write_all<'a>(into: &Path, mutants: impl Iterator<Item = (u64, (&'a Original, Vec<u8>))>) -> ExitCode {
    for (n, (original, bytes)) in mutants {
        let name = original.path.file_name().unwrap_or_default().to_string_lossy();
        let folder = into.join(format!("{}", n / 1_000));
        let written = std::fs::create_dir_all(&folder);
        if let Err(error) = written.and_then(|()| std::fs::write(folder.join(format!("{n}-{name}")), bytes)) {
            eprintln!("{}: {error}", folder.display());
            return ExitCode::from(3);
        }
    }
    ExitCode::SUCCESS
}

fn examine_all<'a>(
    files: &[Original],
    seed: u64,
    mutants: impl Iterator<Item = (u64, (&'a Original, Vec<u8>))>,
) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        eprintln!("{panic}");
    }));
    let kept = std::env::temp_dir().join("mutant.bin");
    let (mut count, mut long, mut slowest, start) = (0, 0, Duration::ZERO, computing());
    for (n, (original, bytes)) in mutants {
        let _ = std::fs::write(&kept, &bytes);
        let (panics, before) = (PANICS.load(Ordering::Relaxed), computing());
        let _ = catch_unwind(AssertUnwindSafe(|| examine(bytes)));
        let took = computing().saturating_sub(before);
        count += 1;
        slowest = slowest.max(took);
        if PANICS.load(Ordering::Relaxed) > panics || took > LONG {
            long += usize::from(took > LONG);
            let copy = kept.with_file_name(format!("mutant-{seed}-{n}.bin"));
            let _ = std::fs::copy(&kept, &copy);
            println!("{}: mutant {n} took {took:?}; kept as {}", original.path.display(), copy.display());
        }
    }
    let (panics, all) = (PANICS.load(Ordering::Relaxed), computing().saturating_sub(start));
    println!(
        "{count} mutants of {} files in {all:.1?}: {panics} panics, {long} over {LONG:?}, slowest {slowest:?}",
        files.len()
    );
    ExitCode::from(u8::from(panics > 0 || long > 0))
}

/// Computing time of this thread so far.
#[cfg(unix)]
fn computing() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// Without a clock of the thread's own, time that passes stands for it.
#[cfg(not(unix))]
fn computing() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

fn examine(bytes: Vec<u8>) {
    let decoders = decoders::Options { pixels: false, thumbnails: true };
    let facts = extract::bytes(bytes, &Options { decoders, ..Options::default() });
    let _ = marks::ai(&marks::catalogue().evidence(&facts));
}

fn collect(folder: &Path, out: &mut Vec<Original>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        match path.metadata() {
            Ok(meta) if meta.is_dir() => collect(&path, out),
            Ok(meta) if meta.is_file() && meta.len() <= LONGEST && meta.len() > 0 => {
                out.extend(std::fs::read(&path).ok().map(|bytes| Original { path, bytes }));
            }
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
