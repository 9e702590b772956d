//! The command `countersign`, and every room of the house under one name.
//!
//! The five-minute tour, in the order in which an asset passes:
//!
//! 1. **What there is.** [`survey`] lists each folder of the roots once, through [`io`]'s trees, and opens the delivery
//!    [`packages`] whose manifests it finds. [`walk`] hands out the files in sorted batches, and [`roles`] says what the place
//!    of each is for: final, temporary or archival.
//! 2. **What it says.** [`extract`] opens an asset once. [`identify`] asks every one of the [`formats`] how sure it is of the
//!    first bytes; the surest reads, with [`source::Source`]'s bounded reads, the structures of [`framing`] and
//!    [`containers`], and the blobs of [`tags`]. [`decoders`] look where no field tells. [`c2pa`] reads and verifies Content
//!    Credentials. The result is [`model::Facts`], which [`cache`] may keep. What other people's decoders do with the bytes
//!    happens in a [`worker`] process.
//! 3. **What is inside.** An archive's members come the same way, right after its row: [`archives`], [`member`].
//! 4. **What it means.** [`marks`] matches its catalogue over the facts: [`model::Evidence`]. [`approvals`] finds the records
//!    about these exact bytes. The [`rules`] say what they find under the [`policy`], and [`judge`] decides, once, what counts.
//! 5. **What people see.** [`report`] renders it, row by row, in the order of the walk; [`scan`] holds it all together on one
//!    screen, and [`Engine`] is what a service keeps. [`cli`] is the command: it parses, prints and exits, and nothing else does.
//!
//! ```
//! use std::path::Path;
//!
//! use countersign::extract::{self, Options};
//! use countersign::{marks, model::Ai};
//!
//! let facts = extract::facts(Path::new("fixtures/delivery/final/end_credits.mp3"), &[], &Options::default());
//! let evidence = marks::catalogue().evidence(&facts);
//! assert_eq!(evidence[0].mark, "suno.comment");
//! assert_eq!(marks::ai(&evidence), Ai::Generated);
//! ```
//!
//! ARCHITECTURE.md has the picture, the crates with their invariants, and the words.

pub mod cli;

pub use countersign_credentials as c2pa;
pub use countersign_delivery::packages;
pub use countersign_engine::{Engine, ScanOptions, archives, cache, extract, known, preview, scan, survey, walk};
pub use countersign_io as io;
pub use countersign_io::{digest, source};
pub use countersign_judge::{approvals, judge, marks, policy, roles, rules};
pub use countersign_media::{containers, decoders, formats, framing, identify, left_over, member, tags};
pub use countersign_model as model;
pub use countersign_model::{error, json, limits, text};
pub use countersign_report as report;
pub use countersign_worker as worker;
