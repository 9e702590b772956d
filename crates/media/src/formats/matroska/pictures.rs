//! User data before the first pictures of a segment's H.264 and H.265 tracks (RFC 9559, sections 10 and 5.1.4.1; codec
//! mappings of draft-ietf-cellar-codec).

use crate::framing::ebml::{self, Element};
use crate::framing::nal::{self, Codec};
use crate::tags::{Place, sei};
use countersign_io::source::Source;
use countersign_model::Extraction;

const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NUMBER: u32 = 0xD7;
const CODEC_ID: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63A2;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;

/// Children of the first cluster that are passed, and blocks of its tracks that are read.
const CHILDREN: usize = 256;
const BLOCKS: usize = 8;
/// Bytes of a block that are looked at: user data stand before the picture.
const NEAR: usize = 64 * 1024;

/// A track whose pictures hold NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track {
    number: u64,
    codec: Codec,
    /// Bytes of the length before each unit.
    width: usize,
}

/// The tracks of a `Tracks` element whose pictures are looked at.
pub(super) fn tracks(body: &[u8]) -> Vec<Track> {
    let entries = ebml::children(body).map_while(Result::ok).filter(|c| c.id == TRACK_ENTRY);
    entries
        .filter_map(|entry| {
            let field = |id: u32| entry.children().map_while(Result::ok).find(|c| c.id == id);
            let (codec, by) = match field(CODEC_ID)?.text().as_str() {
                "V_MPEG4/ISO/AVC" => (Codec::Avc, 4),
                "V_MPEGH/ISO/HEVC" => (Codec::Hevc, 21),
                _ => return None,
            };
            let width = usize::from(field(CODEC_PRIVATE)?.body.get(by)? & 3) + 1;
            Some(Track { number: field(TRACK_NUMBER)?.unsigned(), codec, width })
        })
        .collect()
}

/// Reads the first blocks of a cluster. What cannot be read is the business of the walk over clusters.
pub(super) fn read(source: &mut Source, cluster: &Element, tracks: &[Track], out: &mut Extraction) {
    let end = cluster.end().unwrap_or(u64::MAX).min(source.len());
    let (mut at, mut left) = (cluster.body, BLOCKS);
    for _ in 0..CHILDREN {
        if at >= end || left == 0 || tracks.is_empty() {
            return;
        }
        let Ok(element) = ebml::read(source, at) else { return };
        let Some(stop) = element.end() else { return };
        match element.id {
            // Its children follow.
            BLOCK_GROUP => {
                at = element.body;
                continue;
            }
            SIMPLE_BLOCK | BLOCK => left -= usize::from(block(source, &element, tracks, out)),
            _ => {}
        }
        at = stop;
    }
}

/// Reads a block where it is one of these tracks'.
fn block(source: &mut Source, element: &Element, tracks: &[Track], out: &mut Extraction) -> bool {
    let len = element.size.unwrap_or_default().min(NEAR as u64) as usize;
    let Some((Some(number), by)) = source.read_uncached(element.body, 8).ok().and_then(|start| ebml::size(&start))
    else {
        return false;
    };
    let Some(track) = tracks.iter().find(|track| track.number == number) else { return false };
    let Ok(bytes) = source.read_uncached(element.body, len) else { return false };
    // The track's number, a time code, flags; frames of pictures are never laced.
    let sample = bytes.get(by + 3..).unwrap_or_default();
    let place = Place::new("Matroska Segment/Cluster", source.absolute(element.body));
    sei::read(track.codec, &nal::of_sample(sample, track.width), &place, out);
    true
}
