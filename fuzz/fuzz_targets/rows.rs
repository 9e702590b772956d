//! Rows of an extraction, which travel between machines: the bytes as the lines of a whole shard, and as its file.
#![no_main]

use std::io::Write;
use std::path::Path;

use countersign_engine::rows::{Recorded, SCHEMA};
use countersign_io::TempSpace;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// A shard of these lines that says rightly how many there are, and which.
fn whole(bytes: &[u8]) -> Vec<u8> {
    let header = format!(
        r#"{{"schema":"{SCHEMA}","version":"","basis":"","roots":["a"],"above":[""],"uncounted":[],"options":{{}},"shard":[1,1]}}"#
    );
    let (mut text, mut count) = (header.into_bytes(), 1);
    text.push(b'\n');
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        text.extend_from_slice(line);
        text.push(b'\n');
        count += 1;
    }
    let sum: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    text.extend(format!("{{\"end\":{{\"lines\":{count},\"sha256\":\"{sum}\",\"tree\":\"\"}}}}\n").into_bytes());
    text
}

fn open(folder: &Path, space: &TempSpace, lines: &[u8]) {
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    let Ok(bytes) = packed.write_all(lines).and_then(|()| packed.finish()) else { return };
    open_file(folder, space, &bytes);
}

fn open_file(folder: &Path, space: &TempSpace, bytes: &[u8]) {
    if std::fs::write(folder.join("shard-1.ndjson.gz"), bytes).is_ok() {
        let _ = Recorded::open(&[folder.to_owned()], space);
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let space = TempSpace::outside(&[]);
    open(folder.path(), &space, &whole(bytes));
    open(folder.path(), &space, bytes);
    open_file(folder.path(), &space, bytes);
});
