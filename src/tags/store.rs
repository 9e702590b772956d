//! What a C2PA manifest store looks like (ISO/IEC 19566-5 JUMBF, C2PA 2.x section 11.1), wherever it stands.

/// Bytes that tell: a superbox, its description box, the start of the type.
pub const HEAD: usize = 20;

/// Whether a JUMBF superbox of C2PA's own type starts here.
#[must_use]
pub fn starts(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"jumb") && bytes.get(12..HEAD) == Some(b"jumdc2pa")
}
