//! Countersign: flags AI-marked media that sits in a delivery without a recorded approval.

pub mod approvals;
pub mod c2pa;
pub mod cli;
pub mod decoders;
pub mod error;
pub mod extract;
pub mod formats;
pub mod framing;
pub mod identify;
pub mod judge;
pub mod limits;
pub mod marks;
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
pub mod walk;
