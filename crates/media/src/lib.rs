//! What a file says: structure ([`framing`]), carried blobs ([`tags`]), formats, and decoders of marks that need code.
//!
//! [`identify`] asks every [`formats::Format`] how sure it is of the first bytes; the surest one reads. A format walks the
//! file with the readers of [`framing`] and [`containers`], hands blobs to [`tags`], and leaves manifest stores, embedded
//! media and payloads beside the facts. [`decoders`] then look at tags and pixels. [`member`] gives the bytes of what lies
//! in an archive.
//!
//! Each room uses those before it only: `framing`, `member`, `tags`, `containers`, `formats`, `identify`, `decoders`.
//!
//! Invariant: nothing here knows of marks, rules or policy, and every length that a file states is bounded before use.

pub mod containers;
pub mod decoders;
pub mod formats;
pub mod framing;
pub mod identify;
pub mod left_over;
pub mod member;
pub mod tags;
