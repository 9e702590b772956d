//! The command `countersign`, and every room of the house under one name.
//!
//! The five-minute tour, in the order in which an asset passes:
//!
//! TOUR

pub mod cli;

pub use countersign_credentials as c2pa;
pub use countersign_delivery::packages;
pub use countersign_engine::{archives, cache, extract, preview, scan, survey, walk};
pub use countersign_io as io;
pub use countersign_io::{digest, source};
pub use countersign_judge::{approvals, judge, marks, policy, roles, rules};
pub use countersign_media::{containers, decoders, formats, framing, identify, left_over, member, tags};
pub use countersign_model as model;
pub use countersign_model::{error, json, limits, text};
pub use countersign_report as report;
pub use countersign_worker as worker;
