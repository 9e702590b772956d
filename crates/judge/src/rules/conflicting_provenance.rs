//! The asset's own evidence contradicts itself.
//!
//! Speaks where the file states that it was captured, digitized or made without AI, and also that it was generated
//! as a whole. A captured picture that was edited with AI is no contradiction, nor is what an ingredient says.
//!
//! In archival places it speaks also where dates are out of order (the original later than its last change, or than
//! the signature over it, by more than a day), where an editor's name stands beside a claim of capture, and where the
//! picture is unlike the thumbnail that it carries (EXIF, Photoshop, Content Credentials): letterboxes, crops, turns and
//! changes of brightness are allowed for.
//!
//! The finding lays out the evidence for and against; which of it is true, it does not say.
//!
//! **Why it matters.** One of the two is wrong: metadata copied from another file, or a mark added or removed.
//!
//! **What to do.** Ask the supplier where the file comes from; take it as AI-generated until that is clear.
//!
//! **Example.** IPTC says `digitalCapture`, and the file carries a generator's parameters.

use chrono::{Duration, NaiveDateTime};

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
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
            out.extend(dates(context));
            out.extend(editor(context));
            out.extend(thumbnail(context));
        }
    }
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

/// Likeness of a picture to its thumbnail below which they are two pictures. Of genuine camera files even heavily cropped
/// ones stay above 0.8; of nine in ten pairs of different pictures it is less than this.
const ALIKE: f32 = 0.6;

/// A picture that is not the one of its thumbnail.
fn thumbnail(context: &AssetContext) -> Option<RawFinding> {
    let own = context.facts.decoded.iter().filter(|tag| tag.space == "thumbnail" && tag.via.is_own());
    let likeness = |tag: &Tag| tag.value.parse::<f32>().ok().filter(|likeness| *likeness < ALIKE);
    let (tag, likeness) = own.filter_map(|tag| Some((tag, likeness(tag)?))).min_by(|a, b| a.1.total_cmp(&b.1))?;
    let offset = tag.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    let message = format!(
        "the picture is unlike the thumbnail that it carries ({}{offset}): likeness {likeness:.2} of 1, from {ALIKE} on they \
         are taken for the same; it was replaced, or changed beyond a crop, and the thumbnail left",
        tag.place
    );
    Some(RawFinding::new(message, FindingAction::AskTheArchive))
}

/// Fields that say when the original was taken, and those that say when the file was last changed.
const ORIGINAL: &[&str] = &["DateTimeOriginal", "exif:DateTimeOriginal", "photoshop:DateCreated"];
const CHANGED: &[&str] = &["DateTime", "xmp:ModifyDate"];

/// An original that is younger than what was made of it. A day is left for time zones, which most fields lack.
fn dates(context: &AssetContext) -> Option<RawFinding> {
    let (taken, original) = dated(context, ORIGINAL).max_by_key(|(day, _)| *day)?;
    let late = |day: NaiveDateTime| taken > day + Duration::hours(26);
    let dated_by = |tag: &Tag| format!("{} says {}", tag.place, wording::quote(&tag.value, true));
    let signed = context.facts.c2pa.as_ref().and_then(|c2pa| c2pa.signed_at.as_deref());
    let signed = signed.and_then(|at| Some((moment(at)?, format!("its credentials were signed at {at}"))));
    let changed = dated(context, CHANGED).max_by_key(|(day, _)| *day).map(|(day, tag)| (day, dated_by(tag)));
    let (_, earlier) = [changed, signed].into_iter().flatten().find(|(day, _)| late(*day))?;
    let message = format!(
        "its dates are out of order; for an original of that day: {}; against it: {earlier}, which is earlier",
        dated_by(original)
    );
    Some(RawFinding::new(message, FindingAction::AskTheArchive))
}

fn dated<'a>(context: &'a AssetContext, keys: &'static [&str]) -> impl Iterator<Item = (NaiveDateTime, &'a Tag)> {
    let own = context.facts.tags.iter().filter(|tag| tag.via.is_own() && ["exif", "xmp"].contains(&tag.space.as_str()));
    own.filter(|tag| keys.contains(&tag.key.as_str())).filter_map(|tag| Some((moment(&tag.value)?, tag)))
}

/// `2026:03:01 10:00:00` (EXIF) or `2026-03-01T10:00:00…` (XMP); dates without a time do not count.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().get(..19)?;
    ["%Y:%m:%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok())
}

/// Programs that change what a picture shows; developing and cataloguing is not meant.
const EDITORS: &[&str] = &[
    "adobe photoshop",
    "affinity photo",
    "canva",
    "facetune",
    "gimp",
    "krita",
    "paint.net",
    "photopea",
    "pixelmator",
    "snapseed",
];

fn editor(context: &AssetContext) -> Option<RawFinding> {
    let captured = says(context, &[Claim::Captured])?;
    let names = |tag: &&Tag| {
        let key = tag.key.rsplit('/').next().unwrap_or_default();
        tag.via.is_own() && ["Software", "xmp:CreatorTool", "stEvt:softwareAgent"].contains(&key)
    };
    let edits = |tag: &&Tag| {
        let value = tag.value.trim().to_lowercase();
        // The camera raw plug-in develops, under the host's name.
        EDITORS.iter().any(|editor| value.starts_with(editor)) && !value.contains("camera raw")
    };
    let tag = context.facts.tags.iter().filter(names).find(edits)?;
    let message = format!(
        "an editor's name stands beside a claim of capture; for a capture: {}; against an untouched one: {} says {}",
        wording::place(captured),
        tag.place,
        wording::quote(&tag.value, true)
    );
    Some(RawFinding::new(message, FindingAction::AskTheArchive))
}
