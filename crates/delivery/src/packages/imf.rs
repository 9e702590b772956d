//! Interoperable Master Format packages (SMPTE ST 2067-2): compositions of ST 2067-3, output profiles of ST 2067-100.
//!
//! A composition is a row of segments; each holds sequences that run side by side, each sequence a row of resources,
//! each resource a stretch of a track file. `countersign_timelines` reads what is played.

use super::Info;
use super::assetmap::Flavor;
use super::mapped_package::{Mapped, Reader};
use super::xml::Element;

static INFO: Info = Info { kind: "imf", name: "Interoperable Master Format (SMPTE ST 2067)" };

pub(super) static IMF: Mapped =
    Mapped { info: &INFO, reader: Reader { flavor: Flavor::Imf, media, drawn: |_, _, _| Vec::new() } };

/// Track files by id, with the element that may state their hash.
fn media(root: &Element) -> Vec<(&str, &Element)> {
    let sequences = root.all(&["SegmentList", "Segment", "SequenceList"]).into_iter().flat_map(|list| &list.children);
    let resources = sequences.flat_map(|sequence| sequence.all(&["ResourceList", "Resource"]));
    resources.filter_map(|resource| Some((resource.said("TrackFileId")?, resource))).collect()
}
