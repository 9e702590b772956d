//! What is still to be asked of the archive, by what the evidence leaves open.
//!
//! After the questions that archival producers put to their sources (Archival Producers Alliance, "Best Practices for Use of
//! Generative AI in Documentaries", and the Trust in Archives Initiative's due diligence): where it is held, who made it,
//! when, where, whom it shows, what was done to it, who holds the rights.

use countersign_model::{Ai, ArchiveEvidence, ArchiveGrade, ArchiveLine, ArchiveWeight};

/// A question, and the kinds of lines of which one answers it.
const OPEN: &[(&str, &[&str])] = &[
    ("Which archive, collection and object does it come from?", &["holding", "record", "credit", "source"]),
    ("Who made it?", &["creator", "credentials"]),
    ("When was it made, and how is that known?", &["capture-date", "scan-date", "credentials"]),
    ("Where was it made?", &["place", "location"]),
    ("Whom or what does it show, and how was that established?", &["caption", "title"]),
    ("Who holds the rights, and under which license may it be shown?", &["licence"]),
    (
        "Does the original (negative, print, tape, raw file) still exist, and may it be compared?",
        &["raw-file", "custody", "scanner"],
    ),
];

pub(super) fn open(evidence: &ArchiveEvidence, ai: Ai) -> Vec<String> {
    let answers = |kinds: &[&str]| {
        let lines = evidence.supporting.iter().chain(&evidence.claims);
        lines.into_iter().any(|line| kinds.contains(&line.kind.as_str()))
    };
    let mut out: Vec<String> = Vec::new();
    for line in evidence.against.iter().filter(|line| line.weight == ArchiveWeight::Contradicts && line.kind != "ai") {
        out.push(format!("How is this explained: {}?", line.what));
    }
    if ai >= Ai::Enhanced {
        out.push(
            "Which parts were generated or enhanced, by which tool, and what did the material look like before?"
                .to_owned(),
        );
    }
    let edited = evidence.against.iter().find(|line: &&ArchiveLine| line.kind == "editor");
    out.extend(edited.map(|line| format!("What was changed with {}, and is there an untouched version?", line.value)));
    out.extend(OPEN.iter().filter(|(_, kinds)| !answers(kinds)).map(|(question, _)| (*question).to_owned()));
    if evidence.grade < ArchiveGrade::Authenticated {
        out.push(
            "Can the archive send the file as it left the camera or the scanner, with its credentials or its checksum?"
                .to_owned(),
        );
    }
    out
}
