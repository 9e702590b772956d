//! EXIF blocks (CIPA DC-008 / TIFF 6.0): all IFDs of a TIFF-structured blob or file, with the image resources in them.

use super::exif_directories;
pub use super::exif_directories::Walked;
use super::photoshop;
use crate::framing::tiff_ifd::Header;
use crate::tags::Place;
use countersign_io::source::Source;
use countersign_model::Extraction;

/// Reads a blob that starts at the TIFF header (`II*\0` or `MM\0*`), without the `Exif\0\0` prefix. Keys are the tag's
/// EXIF name, `0x9286` where unknown.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    exif_directories::read(blob, Some(photoshop::read), at, out);
}

/// Reads every directory reachable from `header.first` and the blocks inside; gives what was walked.
///
/// The directories after the first are pages of the file's own, not the thumbnail of an EXIF block.
pub fn walk(source: &mut Source, header: Header, at: &Place, out: &mut Extraction) -> Vec<Walked> {
    exif_directories::walk(source, header, Some(photoshop::read), at, out)
}
