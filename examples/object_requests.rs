//! What a scan asks of an object store: requests and bytes an object by format, and how many jobs hide the wait.
//!
//! `cargo run --example object_requests -- FOLDER` serves the files of a folder from this process, scans each as a root of its
//! own, and prints a table. `cargo run --example object_requests -- FOLDER DELAY_MS OBJECTS JOBS…` serves copies of the
//! folder's smallest picture behind a delay, from a process of its own, and prints the time of a scan with each number of jobs
//! and what both processes computed.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program for developers, which stops where it cannot go on"
)]

#[path = "../tests/suite/shared/object_store.rs"]
mod object_store;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use countersign::io::{Roots, Tree};
use countersign::model::{AssetReport, Finding};
use countersign::policy::Policy;
use countersign::scan::Watch;
use countersign::{Engine, ScanOptions};
use countersign_objects::{Environment, Options, Requests, open};
use object_store::{Server, files_below};

/// What the process that is the store is called with.
const SERVE: &str = "--serve";

struct Nobody(AtomicBool);

impl Watch for Nobody {
    fn hashed(&self, _: u64) {}

    fn judged(&self, _: u64, _: &[Finding]) {}

    fn stop(&self) -> &AtomicBool {
        &self.0
    }
}

/// Scans an address, and returns its rows with what was asked.
fn scan(endpoint: &str, address: &str, jobs: usize) -> (Vec<AssetReport>, Requests, Duration) {
    let keys = [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let options =
        Options { endpoint: Some(endpoint.to_owned()), environment: Environment::of(keys, None), ..Options::default() };
    let tree = open(address, &options).unwrap();
    let engine = Engine::new(Arc::new(Policy::builtin("netflix-genai").unwrap()), jobs).unwrap();
    let asked = ScanOptions::on("2026-06-01".parse().unwrap());
    let roots = Roots::of([Arc::clone(&tree) as Arc<dyn Tree>]);
    let (mut rows, started) = (Vec::new(), Instant::now());
    let _ = engine.scan(&roots, asked, &Nobody(AtomicBool::new(false)), &mut |row| {
        rows.push(row.clone());
        Ok(())
    });
    (rows, tree.requests(), started.elapsed())
}

fn table(folder: &Path) {
    // Format → objects, requests, most requests, bytes, most bytes, length.
    let mut formats: BTreeMap<String, [u64; 6]> = BTreeMap::new();
    for file in files_below(folder) {
        let bytes = std::fs::read(&file).unwrap();
        let (name, len) = (file.file_name().unwrap().to_str().unwrap().to_owned(), bytes.len() as u64);
        let server = Server::new(&[(&format!("0/{name}"), bytes)]);
        let (rows, asked, _) = scan(&server.address, "s3://bucket/0", 1);
        let format = rows.first().and_then(|row| row.format).map_or("none".to_owned(), |id| id.to_string());
        // The listing of the folder is one request for a thousand objects.
        let listing = server.state.lock().unwrap().requests.iter().filter(|r| *r == "GET ").count() as u64;
        let requests = asked.requests - listing;
        let row = formats.entry(format).or_default();
        *row = [
            row[0] + 1,
            row[1] + requests,
            row[2].max(requests),
            row[3] + asked.bytes,
            row[4].max(asked.bytes),
            row[5] + len,
        ];
    }
    println!(
        "{:24} {:>7} {:>9} {:>5} {:>11} {:>11} {:>11}",
        "format", "objects", "requests", "most", "KiB", "most", "of"
    );
    for (format, [count, requests, most, bytes, most_bytes, len]) in formats {
        let each = |sum: u64| sum as f64 / count as f64;
        println!(
            "{format:24} {count:7} {:9.2} {most:5} {:11.1} {:11.1} {:11.1}",
            each(requests),
            each(bytes) / 1024.0,
            most_bytes as f64 / 1024.0,
            each(len) / 1024.0
        );
    }
}

/// A name without a number, which would make frames of a run of the files.
fn letters(n: usize) -> String {
    (0..5).map(|place| char::from(b'a' + (n / 26usize.pow(place) % 26) as u8)).collect()
}

/// A store in a process of its own, so that its computing is told apart from that of the scan.
struct Apart {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Apart {
    fn start(folder: &Path, delay: &str, objects: usize) -> (Self, String) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([SERVE, folder.to_str().unwrap(), delay, &objects.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut store = Self { process, input, output: BufReader::new(output) };
        let address = store.line();
        (store, address)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// What the process has computed so far.
    fn computed(&mut self) -> Duration {
        writeln!(self.input).unwrap();
        Duration::from_micros(self.line().parse().unwrap())
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What this process has computed so far, all threads together: proc(5), fields 14 and 15 of `stat`, hundredths of a second.
fn computed() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in brackets, which may hold anything.
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .map(|ticks: u64| Duration::from_millis(10 * ticks))
        .sum()
}

/// The process of [`Apart`]: prints its address, then what it has computed for every line that comes.
fn serve(folder: &Path, delay: Duration, objects: usize) {
    let smallest = |path: &PathBuf| std::fs::metadata(path).unwrap().len();
    let pictures = files_below(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "png"));
    let bytes = std::fs::read(pictures.min_by_key(smallest).unwrap()).unwrap();
    let named: Vec<_> = (0..objects).map(|n| (format!("0/{}.png", letters(n)), bytes.clone())).collect();
    let all: Vec<_> = named.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let server = Server::new(&all);
    let mut state = server.state.lock().unwrap();
    (state.page, state.delay) = (1_000, delay);
    drop(state);
    println!("{}", server.address);
    for _ in std::io::stdin().lines() {
        println!("{}", computed().as_micros());
    }
}

fn throughput(folder: &Path, delay: &str, objects: usize, jobs: &[usize]) {
    let (mut store, address) = Apart::start(folder, delay, objects);
    let mut first = None;
    for jobs in jobs {
        let before = (computed(), store.computed());
        let (rows, asked, took) = scan(&address, "s3://bucket/0", *jobs);
        assert_eq!(rows.len(), objects);
        let each = |spent: Duration| spent.as_secs_f64() * 1_000.0 / objects as f64;
        let (own, others) = (each(computed() - before.0), each(store.computed() - before.1));
        let first = *first.get_or_insert(took);
        let (rate, times) = (objects as f64 / took.as_secs_f64(), first.as_secs_f64() / took.as_secs_f64());
        println!(
            "{jobs:5} jobs: {took:9.3?}, {rate:9.0} objects/s, {times:6.1} times, {} requests, computed for each object: \
             {own:.3} ms by the scan, {others:.3} ms by the store",
            asked.requests
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder, delay, objects] = arguments.as_slice()
        && word == SERVE
    {
        return serve(Path::new(folder), milliseconds(delay), objects.parse().unwrap());
    }
    let folder = Path::new(arguments.first().map_or("fixtures/formats", String::as_str));
    match arguments.get(1) {
        None => table(folder),
        Some(delay) => {
            let numbers: Vec<usize> = arguments[2..].iter().map(|text| text.parse().unwrap()).collect();
            throughput(folder, delay, numbers[0], &numbers[1..]);
        }
    }
}

fn milliseconds(text: &str) -> Duration {
    Duration::from_millis(text.parse().unwrap())
}
