//! What speaks against an archival asset's claim: marks of AI, credentials that do not hold, dates, cameras, history.

use super::{ArchiveSubject, cameras, clipped, dates, history, of_mark, same_picture, thumbnail, traces};
use countersign_model::{ArchiveLine, ArchiveWeight, Claim, CredentialFault, CredentialState, Evidence, Strength, Via};

pub(super) fn lines(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    let mut out: Vec<_> = subject.evidence.iter().filter_map(mark).collect();
    out.extend(credentials(subject));
    out.extend(thumbnail::contradicts(subject.facts));
    out.extend(dates::lines(subject));
    out.extend(cameras::lines(subject));
    out.extend(history::lines(subject.facts));
    out.extend(same_picture::lines(subject));
    // What contradicts stands first; within that the order of the checks.
    out.sort_by_key(|line| line.weight);
    out
}

/// Whether a mark says no more than that an algorithm enhanced the asset, which need not be AI.
pub(crate) fn is_algorithm_only(evidence: &Evidence) -> bool {
    let term = evidence.value.trim().trim_end_matches('/').to_lowercase();
    evidence.claim == Claim::Enhanced && term.contains("algorithmicallyenhanced")
}

fn mark(evidence: &Evidence) -> Option<ArchiveLine> {
    let by = evidence.system.as_ref().map(|system| format!(" by {system}")).unwrap_or_default();
    let certain = evidence.strength != Strength::Hint && evidence.via != Via::Input;
    let (kind, what, weight) = match evidence.claim {
        Claim::Generated if certain => ("ai", format!("marked as AI-generated{by}"), ArchiveWeight::Contradicts),
        Claim::Composite if certain => ("ai", format!("marked as partly AI-generated{by}"), ArchiveWeight::Contradicts),
        Claim::Enhanced if is_algorithm_only(evidence) => {
            ("enhanced", format!("enhanced by an algorithm{by}, which need not be AI"), ArchiveWeight::Weakens)
        }
        Claim::Enhanced => ("enhanced", format!("marked as AI-enhanced{by}"), ArchiveWeight::Weakens),
        Claim::Generated | Claim::Composite | Claim::Possible => {
            ("ai", format!("may be AI material{by}"), ArchiveWeight::Weakens)
        }
        Claim::Captured | Claim::Digitized | Claim::NotAi => return None,
    };
    Some(of_mark(kind, what, weight, evidence))
}

fn credentials(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let c2pa = subject.facts.c2pa.as_ref();
    let (what, weight) = match c2pa.map(|c| (c.state, c.fault())) {
        Some((CredentialState::Invalid, Some(CredentialFault::Mismatch))) => (
            "its bytes are not those that its Content Credentials were signed for".to_owned(),
            ArchiveWeight::Contradicts,
        ),
        Some((CredentialState::Invalid, _)) => {
            ("its Content Credentials do not hold".to_owned(), ArchiveWeight::Weakens)
        }
        _ => (traces::of_credentials(subject.facts)?, ArchiveWeight::Weakens),
    };
    let (place, offset) = c2pa.map_or((None, None), |c| (c.place.clone(), c.offset));
    let pointer = traces::pointer(subject.facts);
    Some(ArchiveLine {
        what,
        place: place.or(pointer.map(|tag| tag.place.to_string())).unwrap_or_else(|| "Content Credentials".to_owned()),
        offset: offset.or(pointer.and_then(|tag| tag.offset)),
        value: clipped(
            &c2pa.filter(|c| !c.failures.is_empty()).map_or_else(
                || pointer.map(|tag| tag.value.to_string()).unwrap_or_default(),
                |c| c.failures.join(", "),
            ),
        ),
        kind: "credentials".to_owned(),
        weight,
    })
}
