//! Programs that changed the asset, as its own fields and its history name them.

use super::tables::{self, ProgramKind};
use super::{is_field, line, own};
use countersign_model::{ArchiveLine, ArchiveWeight, Facts, Tag};

/// Fields that name the program that wrote or changed the file.
const NAMES: &[&str] = &[
    "exif:Software",
    "xmp:xmp:CreatorTool",
    "xmp:stEvt:softwareAgent",
    "png:Software",
    "quicktime:©too",
    "quicktime:com.apple.quicktime.software",
    "matroska:WritingApp",
    "riff:INFO:ISFT",
];

/// The first field that names a program which changes what a picture or a sound holds; developing and cataloguing is not
/// meant.
pub(crate) fn editor(facts: &Facts) -> Option<&Tag> {
    let named = own(facts).filter(|tag| NAMES.iter().any(|name| is_field(tag, name)));
    named.into_iter().find(|tag| tables::is_program(ProgramKind::Editor, &tag.value))
}

pub(super) fn lines(facts: &Facts) -> Vec<ArchiveLine> {
    let Some(tag) = editor(facts) else { return Vec::new() };
    let steps = own(facts).filter(|tag| is_field(tag, "xmp:stEvt:softwareAgent")).count();
    let what = match steps {
        0 => "names an editing program".to_owned(),
        1 => "names an editing program; its history has 1 step".to_owned(),
        steps => format!("names an editing program; its history has {steps} steps"),
    };
    vec![line("editor", what, ArchiveWeight::Weakens, tag)]
}
