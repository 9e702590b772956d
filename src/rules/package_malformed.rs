//! The delivery package's own manifest cannot be read or contradicts itself, or an archive is not sound.
//!
//! Of archives it tells names that lead out of the folder where they are unpacked, names that are there twice or are
//! the same on many drives, members whose own header and the directory disagree, and bytes before or behind.
//!
//! **Why it matters.** Without its manifest nobody can tell what should be in a package and which files are final. Two
//! programs may unpack different files from an archive that is not sound, or write where they must not.
//!
//! **What to do.** Ask for a sound package. Until then files are placed by the policy's patterns alone; the members of
//! an archive are read where they stand and judged all the same.
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
        let (what, help) = match case.package.kind.as_str() {
            "archive" => ("the archive is not sound", "Ask the supplier for a sound archive; do not unpack this one."),
            _ => ("the package's manifest is not sound", "Ask the supplier for a sound package."),
        };
        for fault in case.faults.iter().filter(|f| f.kind == PackageFaultKind::Malformed) {
            out.push(Draft::of(fault, what, help));
        }
    }
}
