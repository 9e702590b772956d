//! Countersign flags AI-marked media that sits in a delivery without a recorded approval.
//!
//! The five-minute tour, in the order in which an asset passes:
//!
//! 1. [`survey`] looks for delivery packages, [`walk`] turns roots into sorted batches of assets; both see trees of
//!    [`io`], which list each folder once and open each asset once.
//! 2. [`packages`] and [`roles`] say what an asset is for: final, temporary or archival, and why.
//! 3. [`identify`] asks every reader of [`formats`] how sure it is of the first bytes; the surest reads, with
//!    [`framing`] for structure and [`tags`] for what carried blobs say. [`source`] is how they all read: bounded.
//! 4. [`decoders`] make facts of what needs code, [`c2pa`] takes Content Credentials apart and verifies them.
//!    What other people's decoders do with hostile bytes happens in processes of its own ([`worker`]).
//!    [`extract`] does all this for one asset; what comes out is [`model::Facts`], free of any policy.
//! 5. [`marks`] matches the catalogue over the facts: [`model::Evidence`], and from it [`model::Ai`].
//! 6. [`judge`] runs the [`rules`] by a [`policy`] and the recorded [`approvals`]: [`model::Finding`].
//! 7. An asset that is an archive is opened ([`archives`]): each [`member`] of it comes the same way.
//! 8. [`scan`] is the pipeline of all that, in parallel ([`cache`] keeps facts for the next run); [`report`] renders it;
//!    [`cli`] is what people type.
//!
//! A module uses only those before it; `tests/suite/tidy.rs` holds it to that.

pub mod approvals;
pub mod archives;
pub mod c2pa;
pub mod cache;
pub mod cli;
pub mod containers;
pub mod decoders;
pub mod error;
pub mod extract;
pub mod formats;
pub mod framing;
pub mod identify;
pub mod io;
pub mod judge;
pub mod limits;
pub mod marks;
pub mod member;
pub mod model;
pub mod packages;
pub mod policy;
pub mod preview;
pub mod report;
pub mod roles;
pub mod rules;
pub mod scan;
pub mod source;
pub mod survey;
pub mod tags;
pub mod text;
pub mod walk;
pub mod worker;

pub use io::digest;

#[cfg(test)]
#[path = "../tests/suite/shared/prerequisite.rs"]
mod prerequisite;
