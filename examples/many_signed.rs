//! Makes many small signed files and scans them with the program and with a bare loop over the `c2pa` crate, in turn:
//! `cargo run --example many_signed -- PROGRAM [FILES [ROUNDS]]`.
//!
//! Both use one thread and the same settings. Printed is CPU time, that of workers included, one line a round: on a shared
//! machine the time of the wall says nothing.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use c2pa::{Context, Reader};
use countersign::c2pa::official;

#[path = "fixtures/c2pa.rs"]
mod signed;

/// What the second process, which is this program again, is called with.
const BARE: &str = "--bare-loop";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [word, folder] if word == BARE => bare(Path::new(folder)),
        [program, rest @ ..] => {
            let number = |at: usize, otherwise: usize| rest.get(at).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
            measure(Path::new(program), number(0, 2_000), number(1, 3));
        }
        [] => println!("usage: many_signed PROGRAM [FILES [ROUNDS]]"),
    }
}

fn measure(program: &Path, files: usize, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let signer = signed::signer();
    for number in 0..files {
        let created = signed::created(signed::GENERATED);
        let path = folder.path().join(format!("{number:05}.png"));
        let mut output = std::fs::File::options().read(true).write(true).create_new(true).open(path).unwrap();
        signed::write(&signer, "image/png", &mut std::io::Cursor::new(signed::png()), &mut output, &created);
    }
    let this = std::env::current_exe().unwrap();
    for _ in 0..rounds {
        let theirs = cpu(Command::new(&this).arg(BARE).arg(folder.path()));
        let scan = ["--no-progress", "-q", "--jobs", "1", "--report", "json=/dev/null"];
        let ours = cpu(Command::new(program).arg("scan").arg(folder.path()).args(scan));
        println!("{files} files: bare loop {theirs:.2} s · scan {ours:.2} s ({:.3})", ours / theirs);
    }
}

/// Each file with the crate's own reader, and the built-in lists.
fn bare(folder: &Path) {
    let anchors: String = official::lists().iter().map(|list| list.anchors_pem.as_str()).collect();
    let settings = serde_json::json!({
        "verify": { "remote_manifest_fetch": false, "ocsp_fetch": false },
        "core": { "decode_identity_assertions": false, "allowed_network_hosts": [] },
        "trust": { "trust_anchors": anchors },
    });
    let context = Context::new().with_settings(settings).unwrap().into_shared();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let reader = Reader::from_shared_context(&context).with_file(&path).unwrap();
        assert!(reader.active_manifest().is_some());
    }
}

/// Seconds of CPU time that a command takes, with all that it starts and waits for.
fn cpu(command: &mut Command) -> f64 {
    let before = children();
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    children() - before
}

/// CPU time of all children that have ended (`cutime` and `cstime` of proc(5)), in seconds of a hundred ticks.
fn children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[13..15].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
