//! The delivery package's own manifest cannot be read or contradicts itself.
//!
//! **Why it matters.** Without it nobody can tell what should be there and which files are final.
//!
//! **What to do.** Ask for a sound package. Until then files are placed by the policy's patterns alone.
//!
//! **Example.** `ASSETMAP.xml` ends in the middle of an element.

use super::{Draft, Info, PackageCase, Rule};
use crate::model::{PackageFaultKind, Severity};

pub(super) struct PackageMalformed;

static INFO: Info =
    Info { id: "package-malformed", severity: Severity::Error, source: include_str!("package_malformed.rs") };

impl Rule for PackageMalformed {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_package(&self, case: &PackageCase, out: &mut Vec<Draft>) {
        for fault in case.faults.iter().filter(|f| f.kind == PackageFaultKind::Malformed) {
            out.push(Draft::of(fault, "the package's manifest is not sound", "Ask the supplier for a sound package."));
        }
    }
}
