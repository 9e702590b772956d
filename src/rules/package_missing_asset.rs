//! The delivery package lists a file that is not there.
//!
//! **Why it matters.** The delivery is not complete, and what is missing was not judged.
//!
//! **What to do.** Ask for the missing file, or for a manifest without it. A supplemental package names files of
//! the original one.
//!
//! **Example.** The packing list names `audio_51.mxf`; the folder does not hold it.

use super::{Draft, Info, PackageCase, Rule};
use crate::model::{PackageFaultKind, Severity};

pub(super) struct PackageMissingAsset;

static INFO: Info =
    Info { id: "package-missing-asset", severity: Severity::Error, source: include_str!("package_missing_asset.rs") };

impl Rule for PackageMissingAsset {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_package(&self, case: &PackageCase, out: &mut Vec<Draft>) {
        for fault in case.faults.iter().filter(|f| f.kind == PackageFaultKind::MissingAsset) {
            out.push(Draft::of(
                fault,
                "listed in the package, but not there",
                "Ask the supplier for the file, or for a corrected manifest.",
            ));
        }
    }
}
