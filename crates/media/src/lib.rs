//! What a file says: structure ([`framing`]), carried blobs ([`tags`]), formats, and decoders of marks that need code.
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
