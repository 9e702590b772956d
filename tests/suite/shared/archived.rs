//! What tests put into archives, and the folders that they stand in.

use std::path::Path;

pub(crate) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

pub(crate) fn marked() -> Vec<u8> {
    sample("formats/xmp-generated.png")
}

pub(crate) fn words() -> Vec<u8> {
    sample("formats/xmp-caption.png")
}

pub(crate) fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}
