//! A file lies in the delivery package that its manifest does not list.
//!
//! **Why it matters.** Nobody vouches for it: it may be a left-over, or material that came in beside the agreed
//! delivery.
//!
//! **What to do.** Ask whether it belongs to the delivery. It is judged like any other file.
//!
//! **Example.** A JPEG lies beside the track files of an IMF package.

use super::{Draft, Info, PackageCase, Rule};
use crate::model::{PackageFaultKind, Severity};

pub(super) struct PackageUnlistedFile;

static INFO: Info =
    Info { id: "package-unlisted-file", severity: Severity::Note, source: include_str!("package_unlisted_file.rs") };

impl Rule for PackageUnlistedFile {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_package(&self, case: &PackageCase, out: &mut Vec<Draft>) {
        for fault in case.faults.iter().filter(|f| f.kind == PackageFaultKind::UnlistedFile) {
            out.push(Draft::of(
                fault,
                "lies in the package, but no manifest lists it",
                "Ask the supplier whether it belongs to the delivery.",
            ));
        }
    }
}
