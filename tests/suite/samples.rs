//! What makes the bundled samples (`examples/fixtures/`), for tests that make variants of them.

#![allow(dead_code, reason = "tests use parts of what makes the samples")]

#[path = "../../examples/fixtures/archives.rs"]
pub(crate) mod archives;
#[path = "../../examples/fixtures/certificates.rs"]
pub(crate) mod certificates;
#[path = "../../examples/fixtures/matroska.rs"]
pub(crate) mod matroska;
#[path = "../../examples/fixtures/mxf.rs"]
pub(crate) mod mxf;
#[path = "../../examples/fixtures/pdf.rs"]
pub(crate) mod pdf;
#[path = "../../examples/fixtures/c2pa.rs"]
pub(crate) mod signed;
#[path = "../../examples/fixtures/ts.rs"]
pub(crate) mod ts;
#[path = "../../examples/fixtures/zip.rs"]
pub(crate) mod zip;

/// A file to write: its name and its bytes.
pub(crate) type Sample = (&'static str, Vec<u8>);
