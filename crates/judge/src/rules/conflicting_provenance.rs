//! The asset's own evidence contradicts itself.
//!
//! Speaks where the file states that it was captured, digitized or made without AI, and also that it was generated
//! as a whole. A captured picture that was edited with AI is no contradiction, nor is what an ingredient says.
//!
//! In archival places it speaks also where dates are out of order (the original later than its last change, or than
//! the signature over it, by more than a day), where an editor's name stands beside a claim of capture, and where the
//! picture is unlike the thumbnail that it carries (EXIF, Photoshop, Content Credentials): letterboxes, crops, turns and
//! changes of brightness are allowed for. Dates and thumbnails are only noted here where `contradicted-archival` tells of
//! them.
//!
//! The finding lays out the evidence for and against; which of it is true, it does not say.
//!
//! **Why it matters.** One of the two is wrong: metadata copied from another file, or a mark added or removed.
//!
//! **What to do.** Ask the supplier where the file comes from; take it as AI-generated until that is clear.
//!
//! **Example.** IPTC says `digitalCapture`, and the file carries a generator's parameters.

use super::{AssetContext, Info, Manual, RawFinding, Rule, contradicted_archival, wording};
use crate::archive::{self, Earlier};
use countersign_model::{Claim, Evidence, FindingAction, FindingSubject, Role, Severity, Strength, Tag};

pub(super) struct ConflictingProvenance;

static INFO: Info = Info {
    id: "conflicting-provenance",
    severity: Severity::Warning,
    subject: FindingSubject::Origin,
    explains: &[],
    manual: Manual::Source(include_str!("conflicting_provenance.rs")),
};

impl Rule for ConflictingProvenance {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        out.extend(claims(context));
        if context.asset.role == Role::Archival {
            let told = told_as_contradicted(context);
            let impossible = dates(context).into_iter().chain(thumbnail(context));
            out.extend(impossible.map(|finding| if told { finding.at_most(Severity::Note) } else { finding }));
            out.extend(editor(context));
        }
    }
}

/// Whether `contradicted-archival` tells the same dates and thumbnails as an error: one fact asks for one answer.
fn told_as_contradicted(context: &AssetContext) -> bool {
    context.archive.is_some() && context.policy.off(contradicted_archival::INFO.id).is_none()
}

fn says<'a>(context: &'a AssetContext, claims: &[Claim]) -> Option<&'a Evidence> {
    let own = |e: &&Evidence| e.via.is_own() && e.strength != Strength::Hint;
    context.evidence.iter().filter(own).find(|e| claims.contains(&e.claim))
}

fn claims(context: &AssetContext) -> Option<RawFinding> {
    let real = says(context, &[Claim::Captured, Claim::Digitized, Claim::NotAi]);
    let generated = says(context, &[Claim::Generated]).zip(real);
    let denied = || says(context, &[Claim::Composite]).zip(says(context, &[Claim::NotAi]));
    let (ai, other) = generated.or_else(denied)?;
    let claim = match other.claim {
        Claim::Captured => "captured",
        Claim::Digitized => "digitized from an original",
        _ => "made without AI",
    };
    Some(RawFinding::new(
        format!(
            "it says both that it is AI-made and that it was {claim}: {}; {}",
            wording::place(ai),
            wording::place(other)
        ),
        FindingAction::AskWhereItComesFrom,
    ))
}

/// A picture that is not the one of its thumbnail.
fn thumbnail(context: &AssetContext) -> Option<RawFinding> {
    let (tag, likeness) = archive::unlike(context.facts)?;
    let offset = tag.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    let message = format!(
        "the picture is unlike the thumbnail that it carries ({}{offset}): likeness {likeness:.2} of 1, from {} on they \
         are taken for the same; it was replaced, or changed beyond a crop, and the thumbnail left",
        tag.place,
        archive::ALIKE
    );
    Some(RawFinding::new(message, FindingAction::AskTheArchive))
}

/// An original that is younger than what was made of it.
fn dates(context: &AssetContext) -> Option<RawFinding> {
    let found = archive::out_of_order(context.facts)?;
    let dated_by = |tag: &Tag| format!("{} says {}", tag.place, wording::quote(&tag.value, true));
    let earlier = match found.earlier {
        Earlier::Changed(tag) => dated_by(tag),
        Earlier::Signed(at) => format!("its credentials were signed at {at}"),
    };
    let message = format!(
        "its dates are out of order; for an original of that day: {}; against it: {earlier}, which is earlier",
        dated_by(found.original)
    );
    Some(RawFinding::new(message, FindingAction::AskTheArchive))
}

fn editor(context: &AssetContext) -> Option<RawFinding> {
    let captured = says(context, &[Claim::Captured])?;
    let tag = archive::editor(context.facts)?;
    let message = format!(
        "an editor's name stands beside a claim of capture; for a capture: {}; against an untouched one: {} says {}",
        wording::place(captured),
        tag.place,
        wording::quote(&tag.value, true)
    );
    Some(RawFinding::new(message, FindingAction::AskTheArchive))
}
