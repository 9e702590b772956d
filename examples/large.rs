//! Makes a large signed MP4 and reads it in turn with the `c2pa` crate's own Reader and with this program's reader:
//! `cargo run --release --example large -- FILE [GIBIBYTES [ROUNDS]]`.
//!
//! The file is made where it is missing; its media is a hole. Printed are seconds, one line a round.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use c2pa::{Context, Reader};
use countersign::c2pa::{Options, Verifier, Verify};
use countersign::extract;

#[path = "fixtures/c2pa.rs"]
mod signed;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "large.mp4".to_owned());
    let path = Path::new(&path);
    let mut number = |otherwise: u64| arguments.next().and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let (size, rounds) = (number(3) << 30, number(3));
    if !path.exists() {
        make(path, size);
    }
    for _ in 0..rounds {
        let signals = seconds(|| ours(path, Verify::Off));
        let crates = seconds(|| theirs(path));
        let full = seconds(|| ours(path, Verify::Full));
        let ratio = full / crates;
        println!("signals {signals:.4} s · crate's Reader {crates:.2} s · verified here {full:.2} s ({ratio:.3})");
    }
}

/// The small sample, with media of 64-bit length, signed.
fn make(path: &Path, size: u64) {
    let unsigned = path.with_extension("unsigned");
    let mut input = File::options().read(true).write(true).create(true).truncate(true).open(&unsigned).unwrap();
    let small = signed::mp4();
    let media = small.windows(4).position(|w| w == b"mdat").unwrap() - 4;
    input.write_all(&small[..media]).unwrap();
    input.write_all(&[&1_u32.to_be_bytes()[..], b"mdat", &(size + 16).to_be_bytes()].concat()).unwrap();
    input.set_len(media as u64 + 16 + size).unwrap();
    input.seek(SeekFrom::Start(0)).unwrap();
    let mut output = File::options().read(true).write(true).create_new(true).open(path).unwrap();
    signed::write(&signed::signer(), "video/mp4", &mut input, &mut output, &signed::created(signed::GENERATED));
    std::fs::remove_file(unsigned).unwrap();
}

fn theirs(path: &Path) {
    let settings = r#"{"verify": {"remote_manifest_fetch": false}, "core": {"allowed_network_hosts": []}}"#;
    let context = Context::new().with_settings(settings).unwrap();
    let reader = Reader::from_context(context).with_file(path).unwrap();
    assert!(reader.active_manifest().is_some());
}

fn ours(path: &Path, verify: Verify) {
    let verifier = Arc::new(Verifier::new(&Options { verify, ..Options::default() }).unwrap());
    let options = extract::Options { verifier: Some(verifier), ..extract::Options::default() };
    assert!(extract::facts(path, &[], &options).c2pa.unwrap().present);
}

fn seconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}
