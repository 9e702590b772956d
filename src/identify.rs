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
    let scored = formats::ALL.iter().map(|f| (f.sniff(probe), *f));
    // The first of equals wins, so that the order of `ALL` cannot make a run differ from another.
    scored.filter(|(score, _)| *score > Score::NO).reduce(|a, b| if b.0 > a.0 { b } else { a }).map(|(_, f)| f)
}
