//! The pipeline: extraction of one asset, the walk, archives, the cache, and the parallel scan of a delivery.
//!
//! [`survey`] lists each folder and opens the packages; [`walk`] hands out sorted batches of assets, [`archives`] those inside
//! of them. [`extract`] is everything that one asset says, [`cache`] keeps it between runs, and [`scan::run`] is the whole
//! pipeline on one screen: the only place with threads. [`attest`] keeps the digests of what was
//! judged and compares a drive with them later. [`preview`] makes the small pictures of reports.
//!
//! Invariant: one wall per asset; the report of the same tree is the same whatever the number of jobs.

pub mod archives;
pub mod attest;
pub mod cache;
pub mod cut;
pub mod extract;
pub mod fingerprints;
pub mod known;
pub mod preview;
pub mod scan;
pub mod survey;
pub mod walk;

#[cfg(test)]
#[path = "../../../tests/suite/shared/prerequisite.rs"]
mod prerequisite;
