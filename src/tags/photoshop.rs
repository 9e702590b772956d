//! Photoshop image resources (8BIM): IIM, EXIF and XMP inside.

use crate::model::Facts;
use crate::tags::Place;

/// Reads a resource block (a run of `8BIM` resources, without the `Photoshop 3.0\0` prefix).
pub fn read(blob: &[u8], at: &Place, out: &mut Facts) {
    let _ = (blob, at, out);
}
