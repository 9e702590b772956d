//! Countersign: flags AI-marked media that sits in a delivery without a recorded approval.

pub mod c2pa;
pub mod decoders;
pub mod error;
pub mod extract;
pub mod formats;
pub mod framing;
pub mod identify;
pub mod limits;
pub mod marks;
pub mod model;
pub mod report;
pub mod source;
pub mod tags;
pub mod walk;
