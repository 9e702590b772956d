//! XMP packets (ISO 16684-1): RDF/XML properties as tags.

use crate::model::Facts;
use crate::tags::Place;

/// Reads one packet. Keys are `prefix:Name` with the field's canonical prefix for a known namespace, whatever prefix the file declares.
pub fn read(blob: &[u8], at: &Place, out: &mut Facts) {
    let _ = (blob, at, out);
}
