//! A file's size is not the one that the delivery package states.
//!
//! **Why it matters.** The file was cut short on the way or changed after the package was made.
//!
//! **What to do.** Copy it again; if it still differs, ask for a new package.
//!
//! **Example.** The packing list says 7,340,032 bytes; the copy has 4,194,304.

use super::{Draft, Info, PackageCase, Rule};
use crate::model::{PackageFaultKind, Severity};

pub(super) struct PackageSizeMismatch;

static INFO: Info =
    Info { id: "package-size-mismatch", severity: Severity::Error, source: include_str!("package_size_mismatch.rs") };

impl Rule for PackageSizeMismatch {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_package(&self, case: &PackageCase, out: &mut Vec<Draft>) {
        for fault in case.faults.iter().filter(|f| f.kind == PackageFaultKind::SizeMismatch) {
            out.push(Draft::of(
                fault,
                "its size is not the one that the package lists",
                "Copy it again from its source; if it still differs, ask for a new package.",
            ));
        }
    }
}
