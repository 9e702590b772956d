//! Interoperable Master Format packages (SMPTE ST 2067-2): compositions of ST 2067-3, output profiles of ST 2067-100.
//!
//! A composition is a row of segments; each holds sequences that run side by side, each sequence a row of resources,
//! each resource a stretch of a track file. Time codes count from `CompositionTimecode` where there is one.

use super::Info;
use super::assetmap::id;
use super::parcel::{Composition, Flavor, Mapped, Reader};
use super::timeline::{Clock, rate, units};
use super::xml::Element;
use countersign_model::Play;
use countersign_model::limits;
use countersign_timelines::Rate;

static INFO: Info = Info { kind: "imf", name: "Interoperable Master Format (SMPTE ST 2067)" };

pub(super) static IMF: Mapped =
    Mapped { info: &INFO, reader: Reader { flavor: Flavor::Imf, composition, drawn: |_, _, _| Vec::new() } };

fn composition(root: &Element) -> Composition {
    let title = root.said("ContentTitle").unwrap_or_default().to_owned();
    let own = root.said("Id").map(id).unwrap_or_default();
    let own_rate = root.said("EditRate").and_then(rate).unwrap_or(Rate::FILM);
    let mut clock = Clock::new(own_rate);
    if let Some(code) = root.child("CompositionTimecode") {
        let drop = matches!(code.said("TimecodeDropFrame"), Some("1" | "true"));
        let start = code.said("TimecodeStartAddress").unwrap_or_default();
        clock = clock.with_start(start, code.number("TimecodeRate"), drop);
    }
    let mut out = Composition { id: own.clone(), title: title.clone(), ..Composition::default() };
    let mut start = 0.0;
    for segment in root.all(&["SegmentList", "Segment"]) {
        let mut end: f64 = start;
        for sequence in segment.all(&["SequenceList"]).into_iter().flat_map(|list| &list.children) {
            let mut at = start;
            for resource in sequence.all(&["ResourceList", "Resource"]) {
                let counted = resource.said("EditRate").and_then(rate).unwrap_or(own_rate);
                let entry = resource.number("EntryPoint").unwrap_or(0);
                let intrinsic = resource.number("IntrinsicDuration").unwrap_or(0);
                let once = resource.number("SourceDuration").unwrap_or_else(|| intrinsic.saturating_sub(entry));
                let times = resource.number("RepeatCount").unwrap_or(1);
                let until = at + units(once.saturating_mul(times), counted, own_rate);
                if let Some(file) = resource.said("TrackFileId").filter(|_| out.plays.len() < limits::ITEMS) {
                    let play = Play {
                        title: title.clone(),
                        composition: own.clone(),
                        track: sequence.name.clone(),
                        entry,
                        duration: once,
                        rate: (counted.numerator.into(), counted.denominator.into()),
                        from: clock.at(at),
                        to: clock.at(until),
                    };
                    out.states(&id(file), resource);
                    out.plays.push((id(file), play));
                }
                at = until;
            }
            end = end.max(at);
        }
        start = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::xml;

    #[test]
    fn resources_fall_on_the_composition_time_code() {
        let resource = |body: &str| format!("<Resource>{body}</Resource>");
        let images = [
            resource("<IntrinsicDuration>100</IntrinsicDuration><EntryPoint>10</EntryPoint><SourceDuration>48</SourceDuration><TrackFileId>urn:uuid:A1</TrackFileId>"),
            resource("<IntrinsicDuration>12</IntrinsicDuration><RepeatCount>2</RepeatCount><TrackFileId>urn:uuid:A2</TrackFileId>"),
        ]
        .concat();
        let sound = resource(
            "<EditRate>48000 1</EditRate><IntrinsicDuration>144000</IntrinsicDuration><TrackFileId>urn:uuid:A3</TrackFileId>",
        );
        let marker = resource("<IntrinsicDuration>72</IntrinsicDuration><Marker/>");
        let last = resource("<IntrinsicDuration>24</IntrinsicDuration><TrackFileId>urn:uuid:A1</TrackFileId>");
        let text = format!(
            "<CompositionPlaylist xmlns='http://www.smpte-ra.org/schemas/2067-3/2016' xmlns:cc='x'><Id>urn:uuid:C0</Id>\
             <ContentTitle>Night</ContentTitle><EditRate>24 1</EditRate><CompositionTimecode><TimecodeDropFrame>0</TimecodeDropFrame>\
             <TimecodeRate>24</TimecodeRate><TimecodeStartAddress>01:00:00:00</TimecodeStartAddress></CompositionTimecode>\
             <SegmentList><Segment><SequenceList><MarkerSequence><ResourceList>{marker}</ResourceList></MarkerSequence>\
             <cc:MainImageSequence><ResourceList>{images}</ResourceList></cc:MainImageSequence>\
             <cc:MainAudioSequence><ResourceList>{sound}</ResourceList></cc:MainAudioSequence></SequenceList></Segment>\
             <Segment><SequenceList><cc:MainImageSequence><ResourceList>{last}</ResourceList></cc:MainImageSequence>\
             </SequenceList></Segment></SegmentList></CompositionPlaylist>"
        );
        let told = composition(&xml::document(text.as_bytes(), &[]).unwrap());
        let rows: Vec<_> = told
            .plays
            .iter()
            .map(|(id, p)| (id.as_str(), p.track.as_str(), p.entry, p.duration, p.from.as_str(), p.to.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("a1", "MainImageSequence", 10, 48, "01:00:00:00", "01:00:02:00"),
                ("a2", "MainImageSequence", 0, 12, "01:00:02:00", "01:00:03:00"),
                ("a3", "MainAudioSequence", 0, 144_000, "01:00:00:00", "01:00:03:00"),
                ("a1", "MainImageSequence", 0, 24, "01:00:03:00", "01:00:04:00"),
            ]
        );
        assert_eq!((told.title.as_str(), told.plays[0].1.composition.as_str()), ("Night", "c0"));
    }

    #[test]
    fn numbers_out_of_bounds_do_no_harm() {
        let resource = format!(
            "<Resource><EditRate>1 {0}</EditRate><IntrinsicDuration>{0}</IntrinsicDuration><RepeatCount>{0}</RepeatCount>\
             <TrackFileId>a</TrackFileId></Resource>",
            u64::MAX
        );
        let text = format!(
            "<CompositionPlaylist><EditRate>{0} 1</EditRate><SegmentList><Segment><SequenceList><A><ResourceList>{resource}{resource}\
             </ResourceList></A></SequenceList></Segment></SegmentList></CompositionPlaylist>",
            u64::MAX
        );
        assert_eq!(composition(&xml::document(text.as_bytes(), &[]).unwrap()).plays.len(), 2);
    }
}
