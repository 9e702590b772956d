//! What a document may cost: references to large parts and timelines are counted, and too many of them end the reading.

#![allow(clippy::unwrap_used, reason = "a test may")]

use countersign_timelines::{Kind, read};

/// Why the document cannot be read.
fn refused(kind: Kind, text: &str) -> String {
    read(kind, "cut", text.as_bytes(), &mut |_| None).unwrap_err().reason
}

#[test]
fn sources_of_multicam_clips_that_look_for_their_angle_are_counted() {
    let angles = "<mc-angle angleID='a'/>".repeat(20_000);
    let clip = format!("<mc-clip ref='m' duration='1s'>{}</mc-clip>", "<mc-source angleID='z'/>".repeat(250));
    let text = |clips: usize| {
        format!(
            "<fcpxml version='1.10'><resources><media id='m'><multicam>{angles}</multicam></media></resources>\
             <project><sequence><spine>{}</spine></sequence></project></fcpxml>",
            clip.repeat(clips)
        )
    };
    assert!(read(Kind::Fcpxml, "cut", text(2).as_bytes(), &mut |_| None).is_ok());
    assert!(refused(Kind::Fcpxml, &text(11)).contains("references"));
}

#[test]
fn clips_that_refer_to_one_large_file_are_counted() {
    let clips = "<clipitem><start>0</start><end>9</end><file id='f'/></clipitem>".repeat(2_000);
    let text = |parts: usize| {
        let file = format!("<file id='f'>{}</file>", "<a/>".repeat(parts));
        format!(
            "<xmeml version='5'><sequence><media><video><track><clipitem><start>0</start><end>9</end>{file}</clipitem>\
             {clips}</track></video></media></sequence></xmeml>"
        )
    };
    assert!(read(Kind::Fcp7, "cut", text(30).as_bytes(), &mut |_| None).is_ok());
    assert!(refused(Kind::Fcp7, &text(30_000)).contains("references"));
}

#[test]
fn a_project_of_very_many_sequences_is_refused() {
    let text = |sequences: usize| format!("<xmeml version='5'>{}</xmeml>", "<sequence/>".repeat(sequences));
    assert!(read(Kind::Fcp7, "cut", text(20_000).as_bytes(), &mut |_| None).is_ok());
    assert!(refused(Kind::Fcp7, &text(20_001)).contains("20000 timelines"));
}
