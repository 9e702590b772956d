//! The digests of an asset: which are wanted, reading its bytes once for all of them, and the comparison with what packages
//! claim.

use std::sync::atomic::Ordering;

use super::Watch;
use super::package_context::PackageContext;
use super::row::Digests;
use countersign_delivery::packages::ClaimedDigest;
use countersign_io::digest::{self, Algorithm, Digest};
use countersign_media::member::MemberBytes;
use countersign_model::{Asset, PackageFault, PackageFaultKind, Problem, ProblemKind};

/// What is to be hashed of an asset, and what came of it.
pub(super) struct Hashed<'a> {
    claims: Vec<ClaimedDigest<'a>>,
    /// Whether records may be about these bytes.
    recorded: bool,
    /// Whether it is a member of an archive: its bytes are counted with the file that holds it.
    member: bool,
    /// Of the bytes that were judged: a file that changes meanwhile has none.
    pub(super) sha256: Option<String>,
    /// How many bytes were read and told of.
    pub(super) bytes: u64,
}

impl<'a> Hashed<'a> {
    pub(super) fn of(claims: Vec<ClaimedDigest<'a>>, recorded: bool, member: bool) -> Self {
        Self { claims, recorded, member, sha256: None, bytes: 0 }
    }

    /// The algorithms that anybody wants: those of the claims, then that of records.
    pub(super) fn wanted(&self) -> Vec<Algorithm> {
        let own = self.recorded.then_some(Algorithm::Sha256);
        self.claims.iter().map(|c| c.digest.algorithm).chain(own).collect()
    }

    /// Takes up what came of [`Hashed::wanted`], and compares what packages claim.
    pub(super) fn compare(&mut self, digests: &[Digest], asset: &mut Asset, around: &PackageContext<'_>) {
        self.sha256 = digests.last().filter(|_| self.recorded).map(Digest::text);
        let mut agreed = vec![];
        for (claim, found) in self.claims.iter().zip(digests) {
            let name = claim.digest.algorithm.name();
            if claim.digest.agrees(found) {
                agreed.push(name);
                continue;
            }
            let what = format!("its {name} is {} and not {}", found.text(), claim.digest.text());
            let fault = PackageFault::new(PackageFaultKind::HashMismatch, asset.rel.clone(), what).stated_by(claim.by);
            around.deliveries.fault(claim.package, fault);
        }
        if !agreed.is_empty() && agreed.len() == self.claims.len() {
            asset.verified_hashes = Some(agreed.join(", "));
        }
    }

    /// Reads the asset once for all digests that are wanted of it; with what is wrong with the bytes, all of them having
    /// been read.
    pub(super) fn read<'b>(
        &mut self,
        wanted: &[Algorithm],
        size: u64,
        watch: &dyn Watch,
        open: impl FnOnce() -> Result<Option<&'b MemberBytes>, Problem>,
    ) -> Digests {
        if wanted.is_empty() {
            return Ok(None);
        }
        let failed = |what: String| Some(Problem::new(ProblemKind::Io, "file (hashing)", None, what));
        let Some(opened) = open().map_err(|problem| failed(problem.what))? else { return Ok(None) };
        let mut bytes = opened.stream();
        let digests = digest::stream(&mut bytes, size, wanted, &mut |more| {
            if !self.member {
                self.bytes += more;
                watch.hashed(more);
            }
            !watch.stop().load(Ordering::Relaxed)
        });
        match digests {
            Ok(digests) => Ok(Some((digests, bytes.problem()))),
            Err(e) => Err(failed(e.to_string())),
        }
    }
}
