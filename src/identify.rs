//! Which format are these bytes? The best score wins; the name's extension is only a fact to compare.

use crate::formats::{self, Format, Probe, Score};
use crate::model::Problem;
use crate::source::Source;

/// The format whose reader is surest of the first bytes, if any is.
///
/// # Errors
/// I/O while reading the head.
pub fn identify(source: &mut Source) -> Result<Option<&'static dyn Format>, Problem> {
    let len = source.len();
    let probe = Probe { head: source.head()?, len };
    Ok(best(&probe))
}

/// As [`identify`], for bytes at hand.
#[must_use]
pub fn best(probe: &Probe<'_>) -> Option<&'static dyn Format> {
    let mut found: Option<(Score, &'static dyn Format)> = None;
    for format in formats::ALL {
        let score = format.sniff(probe);
        // The first of equals wins, and nothing is surer than sure.
        if score > found.map_or(Score::NO, |(best, _)| best) {
            found = Some((score, *format));
        }
        if score >= Score::SURE {
            break;
        }
    }
    found.map(|(_, format)| format)
}
