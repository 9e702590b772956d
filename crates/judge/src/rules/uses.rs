//! Shared by the rules: how uses in a cut are put into words, and whether an approval's range covers them.

use crate::approvals::{LedgerEntry, Record, range};
use crate::rules::{AssetContext, wording};
use countersign_model::{Decision, Use};

/// Uses that one message names.
const NAMED: usize = 3;

/// `; the cut plays it: reel1.edl event 003, V1 01:00:04:00 to 01:00:06:00 (source 00:00:00:00 to 00:00:02:00)`.
pub(super) fn played(uses: &[Use]) -> String {
    // What compositions play is told beside the finding, as what packages say.
    let uses: Vec<_> = uses.iter().filter(|of| !is_composition(of)).collect();
    if uses.is_empty() {
        return String::new();
    }
    let named: Vec<_> = uses.iter().take(NAMED).map(|of| one(of)).collect();
    let more = match uses.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!("; and {n} more times"),
    };
    format!("; the cut plays it: {}{more}", named.join("; "))
}

/// A composition goes by its title and tracks, a timeline by its file and events.
fn is_composition(of: &Use) -> bool {
    of.event == of.track
}

/// One use.
pub(super) fn one(of: &Use) -> String {
    let place = match is_composition(of) {
        true => format!("\u{201c}{}\u{201d}, {}", wording::quote(&of.title, false), wording::quote(&of.track, false)),
        false => {
            let (file, event) = (wording::quote(&of.timeline, false), wording::quote(&of.event, false));
            format!("{file} event {event}, {}", of.track)
        }
    };
    format!("{place} {} to {} (source {} to {})", of.record.from, of.record.to, of.source.from, of.source.to)
}

/// The first use that lies in no range of the records that approve this asset, beside `covering`, which does.
pub(super) fn outside<'a>(context: &'a AssetContext, covering: &LedgerEntry) -> Option<&'a Use> {
    let own = ranges(context, &covering.record)?;
    let lasting = |record: &Record| {
        matches!(record.decision, Decision::Approved | Decision::Conditional) && record.expires_on.is_none()
    };
    let others = context
        .matches
        .rows
        .iter()
        .filter(|(known, _)| known.index != covering.index && !known.is_ended() && lasting(&known.record));
    let mut all = own;
    for (known, _) in others {
        // One without a range is about the whole file.
        all.extend(ranges(context, &known.record)?);
    }
    context.asset.cut.uses.iter().find(|of| all.iter().all(|text| range::covers(text, of) == Some(false)))
}

/// The ranges of a record for this asset; `None` where it covers the whole file, or nobody can compare them.
fn ranges<'a>(context: &AssetContext, record: &'a Record) -> Option<Vec<&'a str>> {
    let of = |subject: &'a crate::approvals::Subject| subject.annotations.as_ref()?.range.as_deref();
    let digest = context.matches.sha256.as_deref();
    let own = record
        .subjects
        .iter()
        .find(|subject| digest.zip(subject.sha256()).is_some_and(|(own, of)| own.eq_ignore_ascii_case(of)));
    let range = own.or_else(|| record.subjects.first()).and_then(of)?;
    // A text that is no range speaks of no frame: people have to read it.
    let probe = Use::default();
    range::covers(range, &probe).map(|_| vec![range])
}
