//! The pipeline: extraction of one asset, the walk, archives, the cache, and the parallel scan of a delivery.
//!
//! Invariant: one wall per asset; the report of the same tree is the same whatever the number of jobs.

pub mod archives;
pub mod cache;
pub mod cut;
pub mod extract;
pub mod preview;
pub mod scan;
pub mod survey;
pub mod walk;

#[cfg(test)]
#[path = "../../../tests/suite/shared/prerequisite.rs"]
mod prerequisite;
