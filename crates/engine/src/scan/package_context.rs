//! What packages say of an asset: those in its own archive, and what is said of that archive from outside.

use countersign_delivery::packages::{Membership, PackageIndex, Place};

/// The packages of one walk, of the drive or of an archive.
pub(super) struct PackageContext<'a> {
    pub(super) deliveries: &'a PackageIndex,
    /// The number of the first of them in the report.
    first: usize,
    /// The package that the archive itself is, and how packages outside hold the archive.
    archive: Option<(usize, Option<Membership>)>,
}

impl<'a> PackageContext<'a> {
    pub(super) fn drive(deliveries: &'a PackageIndex) -> Self {
        Self { deliveries, first: 0, archive: None }
    }

    pub(super) fn archive(deliveries: &'a PackageIndex, first: usize, archive: (usize, Option<Membership>)) -> Self {
        Self { deliveries, first, archive: Some(archive) }
    }

    /// Where an asset stands, with the report's numbers. A member that no package in its archive lists belongs to the
    /// archive, and is what the archive is for.
    pub(super) fn place(&self, root: usize, rel: &str) -> Place<'a> {
        let mut place = self.deliveries.place(root, rel);
        place.package = place.package.map(|package| self.first + package);
        if let Some((package, membership)) = self.archive {
            place.package = place.package.or(Some(package));
            place.membership = place.membership.or(membership);
        }
        place
    }
}
