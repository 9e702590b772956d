//! A manifest of a delivery package, or a statement in it, could not be checked.
//!
//! It tells hashes of a kind that is not known, entries without any hash, versions and forms that are not known, and XML
//! signatures: those are not verified by this program, and always a note. All others are an error where the run was asked
//! to check the package's own hashes (`--integrity`), else a note.
//!
//! **Why it matters.** What a manifest says protects nothing while nobody compares it: a file may have been exchanged, and
//! the package looks whole.
//!
//! **What to do.** Ask for a manifest with hashes that can be checked, or compare the files with what the supplier holds.
//! Where the signature matters, verify it with the tools of whoever signs.
//!
//! **Example.** A bag has `manifest-whirlpool.txt` and no other manifest.

use super::{Info, Manual, PackageContext, RawFinding, Rule};
use countersign_model::{FindingAction, FindingSubject, PackageFaultKind, Severity};

pub(super) struct PackageUnverified;

static INFO: Info = Info {
    id: "package-unverified",
    severity: Severity::Error,
    subject: FindingSubject::Package,
    explains: &[],
    manual: Manual::Source(include_str!("package_unverified.rs")),
};

impl Rule for PackageUnverified {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_package(&self, context: &PackageContext, out: &mut Vec<RawFinding>) {
        for fault in context.faults {
            let (what, action, severity) = match fault.kind {
                PackageFaultKind::Unverified if context.integrity => {
                    ("could not be checked", FindingAction::AskForCheckableManifest, Severity::Error)
                }
                PackageFaultKind::Unverified => {
                    ("could not be checked", FindingAction::AskForCheckableManifest, Severity::Note)
                }
                PackageFaultKind::UnverifiedSignature => {
                    ("is signed", FindingAction::VerifySignatureElsewhere, Severity::Note)
                }
                _ => continue,
            };
            out.push(RawFinding::of(fault, what, action).of_severity(severity));
        }
    }
}
