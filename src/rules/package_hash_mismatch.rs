//! A file's bytes do not have the hash that the delivery package states.
//!
//! **Why it matters.** The file was damaged on the way or changed after the package was made.
//!
//! **What to do.** Copy it again; if it still differs, ask for a new package.
//!
//! **Example.** A packing list's SHA-1 of `video.mxf` is not the one of the file.

use super::{Draft, Info, PackageCase, Rule};
use crate::model::{PackageFaultKind, Severity};

pub(super) struct PackageHashMismatch;

static INFO: Info =
    Info { id: "package-hash-mismatch", severity: Severity::Error, source: include_str!("package_hash_mismatch.rs") };

impl Rule for PackageHashMismatch {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_package(&self, case: &PackageCase, out: &mut Vec<Draft>) {
        for fault in case.faults.iter().filter(|f| f.kind == PackageFaultKind::HashMismatch) {
            out.push(Draft::of(
                fault,
                "its bytes are not those that the package lists",
                "Copy it again from its source; if it still differs, ask for a new package.",
            ));
        }
    }
}
