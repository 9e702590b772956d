//! The compositions of packages as cuts: one row each, beside those of the timelines that were conformed.
//!
//! What they play is known by ids that the package maps to files, so that nothing needs to be conformed.

use super::uses;
use countersign_delivery::packages::PackageIndex;
use countersign_model::TimelineReport;

/// A row for every composition; `complete` when the walk saw everything, so that absence means something.
pub(crate) fn reports(packages: &PackageIndex, complete: bool) -> Vec<TimelineReport> {
    let row = |played: countersign_delivery::packages::PlayedComposition<'_>| TimelineReport {
        file: played.file,
        missing: played.missing,
        ..uses::report(&played.cut.id, &played.cut.timeline, false)
    };
    packages.compositions(complete).into_iter().map(row).collect()
}
