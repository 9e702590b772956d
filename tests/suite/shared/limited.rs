//! Commands over the bundled delivery behind a shell that sets limits first: how large a file may become, how many may be open.

use std::path::Path;
use std::process::{Command, Output};

use super::document::program;

/// A file may have so many blocks and no more, as where a quota or a disk ends.
pub(crate) const FULL: &str = "trap '' XFSZ; ulimit -f 1";

/// The bundled delivery in a folder of its own.
pub(crate) fn delivery() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/delivery");
    for entry in walkdir::WalkDir::new(&fixtures).into_iter().flatten() {
        let to = folder.path().join("delivery").join(entry.path().strip_prefix(&fixtures).unwrap());
        match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(to).unwrap(),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
    folder
}

/// The program with these arguments, behind these limits.
pub(crate) fn limited(folder: &Path, limits: &str, arguments: &[&str]) -> Command {
    let mut command = program(folder, "sh");
    let line = format!("{limits}; exec \"$0\" \"$@\"");
    command.args(["-c", &line, env!("CARGO_BIN_EXE_countersign")]).args(arguments);
    command
}

/// What a command said to people, which is never that it has failed by itself.
pub(crate) fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    said
}
