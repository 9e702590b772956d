//! The rules about delivery packages that disagree with their own manifests: one table row each, with its manual page.
//!
//! Which faults a package has is found by [`countersign_delivery::packages`]; a rule only says what a fault means and what to do.

use super::{Info, Manual, PackageContext, RawFinding, Rule};
use countersign_model::{FindingAction, FindingSubject, PackageFaultKind, PackageReport, Severity};

/// A rule that tells of one kind of fault.
pub(super) struct PackageRule {
    info: &'static Info,
    fault: PackageFaultKind,
    /// What the fault is and what to do about it, in such a package.
    says: fn(&PackageReport) -> (&'static str, FindingAction),
}

impl Rule for PackageRule {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn check_package(&self, context: &PackageContext, out: &mut Vec<RawFinding>) {
        for fault in context.faults.iter().filter(|f| f.kind == self.fault) {
            let (what, action) = (self.says)(context.package);
            out.push(RawFinding::of(fault, what, action));
        }
    }
}

pub(super) static MISSING_ASSET: PackageRule = PackageRule {
    info: &Info {
        id: "package-missing-asset",
        severity: Severity::Error,
        subject: FindingSubject::Package,
        explains: &[],
        manual: Manual::Page(
            "The delivery package lists a file that is not there.

**Why it matters.** The delivery is not complete, and what is missing was not judged.

**What to do.** Ask for the missing file, or for a manifest without it. A supplemental package names files of
the original one.

**Example.** The packing list names `audio_51.mxf`; the folder does not hold it.",
        ),
    },
    fault: PackageFaultKind::MissingAsset,
    says: |_| ("listed in the package, but not there", FindingAction::AskForTheMissingFile),
};

pub(super) static HASH_MISMATCH: PackageRule = PackageRule {
    info: &Info {
        id: "package-hash-mismatch",
        severity: Severity::Error,
        subject: FindingSubject::Package,
        explains: &[],
        manual: Manual::Page(
            "A file's bytes do not have the hash that the delivery package states.

**Why it matters.** The file was damaged on the way or changed after the package was made.

**What to do.** Copy it again; if it still differs, ask for a new package.

**Example.** A packing list's SHA-1 of `video.mxf` is not the one of the file.",
        ),
    },
    fault: PackageFaultKind::HashMismatch,
    says: |_| ("its bytes are not those that the package lists", FindingAction::CopyAgainOrAskForNewPackage),
};

pub(super) static SIZE_MISMATCH: PackageRule = PackageRule {
    info: &Info {
        id: "package-size-mismatch",
        severity: Severity::Error,
        subject: FindingSubject::Package,
        explains: &[],
        manual: Manual::Page(
            "A file's size is not the one that the delivery package states.

**Why it matters.** The file was cut short on the way or changed after the package was made.

**What to do.** Copy it again; if it still differs, ask for a new package.

**Example.** The packing list says 7,340,032 bytes; the copy has 4,194,304.",
        ),
    },
    fault: PackageFaultKind::SizeMismatch,
    says: |_| ("its size is not the one that the package lists", FindingAction::CopyAgainOrAskForNewPackage),
};

pub(super) static MALFORMED: PackageRule = PackageRule {
    info: &Info {
        id: "package-malformed",
        severity: Severity::Error,
        subject: FindingSubject::Package,
        explains: &[],
        manual: Manual::Page(
            "The delivery package's own manifest cannot be read or contradicts itself, or an archive is not sound.

Of archives it tells names that lead out of the folder where they are unpacked, names that are there twice or are
the same on many drives, members whose own header and the directory disagree, and bytes before or behind.

**Why it matters.** Without its manifest nobody can tell what should be in a package and which files are final. Two
programs may unpack different files from an archive that is not sound, or write where they must not.

**What to do.** Ask for a sound package. Until then files are placed by the policy's patterns alone; the members of
an archive are read where they stand and judged all the same.

**Example.** `ASSETMAP.xml` ends in the middle of an element.",
        ),
    },
    fault: PackageFaultKind::Malformed,
    says: |package| match package.kind.as_str() {
        "archive" => ("the archive is not sound", FindingAction::AskForSoundArchive),
        _ => ("the package's manifest is not sound", FindingAction::AskForSoundPackage),
    },
};

pub(super) static UNLISTED_FILE: PackageRule = PackageRule {
    info: &Info {
        id: "package-unlisted-file",
        severity: Severity::Note,
        subject: FindingSubject::Package,
        explains: &[],
        manual: Manual::Page(
            "A file lies in the delivery package that its manifest does not list.

**Why it matters.** Nobody vouches for it: it may be a left-over, or material that came in beside the agreed
delivery.

**What to do.** Ask whether it belongs to the delivery. It is judged like any other file.

**Example.** A JPEG lies beside the track files of an IMF package.",
        ),
    },
    fault: PackageFaultKind::UnlistedFile,
    says: |_| ("lies in the package, but no manifest lists it", FindingAction::AskWhetherItBelongs),
};
