//! The picture and the thumbnail that it carries: how like they are, a decoder said.

use super::line;
use countersign_model::{ArchiveLine, ArchiveWeight, Facts, Tag};

/// Likeness of a picture to its thumbnail below which they are two pictures. Of genuine camera files even heavily cropped
/// ones stay above 0.8; of nine in ten pairs of different pictures it is less than this.
pub(crate) const ALIKE: f32 = 0.6;

fn compared(facts: &Facts) -> impl Iterator<Item = (&Tag, f32)> {
    let own = facts.decoded.iter().filter(|tag| tag.space == "thumbnail" && tag.via.is_own());
    own.filter_map(|tag| Some((tag, tag.value.parse().ok()?)))
}

/// The thumbnail that is least like the picture, where it is not the picture's.
pub(crate) fn unlike(facts: &Facts) -> Option<(&Tag, f32)> {
    compared(facts).filter(|(_, likeness)| *likeness < ALIKE).min_by(|a, b| a.1.total_cmp(&b.1))
}

pub(super) fn alike(facts: &Facts) -> Option<ArchiveLine> {
    if unlike(facts).is_some() {
        return None;
    }
    let (tag, likeness) = compared(facts).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let mut line =
        line("thumbnail", "the thumbnail that it carries agrees with the picture", ArchiveWeight::Supports, tag);
    line.value = format!("likeness {likeness:.2} of 1");
    Some(line)
}

pub(super) fn contradicts(facts: &Facts) -> Option<ArchiveLine> {
    let (tag, likeness) = unlike(facts)?;
    let what = "the picture is unlike the thumbnail that it carries: one of the two appears to have been replaced";
    let mut line = line("thumbnail", what, ArchiveWeight::Contradicts, tag);
    line.value = format!("likeness {likeness:.2} of 1; from {ALIKE} on they are taken for the same");
    Some(line)
}
