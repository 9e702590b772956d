//! Names that people type and that are in no list.

use countersign_model::error::Error;

/// A name that is not in a list, with the one that was probably meant.
pub(in crate::cli) fn unknown<'a>(what: &str, given: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let near = known.map(|id| (strsim::jaro_winkler(given, id), id)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match near {
        Some((score, id)) if score > 0.75 => format!("did you mean '{id}'?"),
        _ => format!("`countersign {what}s` lists them all"),
    };
    Error::Usage { what: format!("no {what} '{given}'"), hint }
}
