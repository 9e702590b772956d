//! The pipeline: extraction of one asset, the walk, archives, the cache, and the parallel scan of a delivery.
//!
//! [`survey`] lists each folder and opens the packages; [`walk`] hands out sorted batches of assets, [`archives`] those inside
//! of them. [`extract`] is everything that one asset says, [`cache`] keeps it between runs, and [`scan`] is the whole pipeline
//! on one screen: the only place with threads. [`Engine`] is what a service keeps. [`attest`] keeps the digests of what was
//! judged and compares a drive with them later. [`preview`] makes the small pictures of reports, [`shown`] those of a
//! comparison.
//!
//! Invariant: one wall per asset; the report of the same tree is the same whatever the number of jobs.

pub mod archives;
pub mod attest;
pub mod cache;
pub mod clip;
pub mod cut;
pub mod extract;
pub mod fingerprints;
pub mod known;
mod open_files;
mod originals;
pub mod preview;
pub mod recorder;
pub mod rows;
pub mod scan;
pub mod shown;
pub mod survey;
pub mod walk;

pub use open_files::OpenFiles;
pub use scan::{Engine, ScanOptions};

#[cfg(test)]
#[path = "../../../tests/suite/shared/prerequisite.rs"]
mod prerequisite;
