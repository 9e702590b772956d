//! What speaks for an archival asset's claim: credentials, custody, camera, dates, place, rights, holdings.

use super::tables::{self, FIELDS, ProgramKind};
use super::{ArchiveSubject, clipped, first, line, of_mark, own, says_something};
use countersign_model::{ArchiveLine, ArchiveWeight, Claim, CredentialState, Decision, Strength, Tag};

pub(super) fn lines(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    let mut out = Vec::new();
    out.extend(credentials(subject));
    out.extend(custody(subject));
    out.extend(record(subject));
    out.extend(source_type(subject));
    out.extend(scanner(subject));
    out.extend(fields(subject));
    out.extend(maker_note(subject));
    out.extend(subject.asset.raw_sibling.as_ref().map(|name| beside(name)));
    out.extend(super::thumbnail::alike(subject.facts));
    out
}

/// What the asset says of itself.
pub(super) fn claims(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    let found = FIELDS.iter().filter(|field| field.claim).filter_map(|field| {
        let tag = first(subject.facts, &field.keys)?;
        Some(line(&field.kind, &field.what, ArchiveWeight::Supports, tag))
    });
    found.collect()
}

/// Content Credentials of a trusted signer that say that it was captured or digitized.
fn credentials(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let c2pa = subject.facts.c2pa.as_ref()?;
    let real = [Claim::Captured, Claim::Digitized];
    let claim =
        subject.evidence.iter().find(|e| e.via.is_own() && real.contains(&e.claim) && e.strength == Strength::Signed);
    let signer = c2pa.signer.as_deref().unwrap_or("a signer without a name");
    let (what, weight) = match (c2pa.state, claim) {
        (CredentialState::Trusted, Some(_)) => (
            "Content Credentials of a trusted signer say that it was captured or digitized",
            ArchiveWeight::Authenticates,
        ),
        (CredentialState::Trusted, None) => {
            ("Content Credentials of a trusted signer hold; they do not say how it was made", ArchiveWeight::Supports)
        }
        (CredentialState::Valid, _) => {
            ("Content Credentials hold; nobody in force vouches for all of their history", ArchiveWeight::Supports)
        }
        _ => return None,
    };
    Some(ArchiveLine {
        what: what.to_owned(),
        place: c2pa.place.clone().unwrap_or_else(|| "Content Credentials".to_owned()),
        offset: c2pa.offset,
        value: clipped(&match &c2pa.signed_at {
            Some(at) => format!("signed by {signer} at {at}"),
            None => format!("signed by {signer}"),
        }),
        kind: "credentials".to_owned(),
        weight,
    })
}

/// A hash that a package states, and that was checked in this run.
fn custody(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let algorithms = subject.asset.verified_hashes.as_ref()?;
    let date = subject.asset.package_notes.iter().find(|note| note.key == "Bagging-Date");
    let since = date.map(|date| format!(", made {}", date.value)).unwrap_or_default();
    Some(ArchiveLine {
        what: format!("its bytes are those of the package's manifest{since}: the hash was checked and holds"),
        place: date.map_or_else(|| "the manifest of its package".to_owned(), |date| date.place.to_string()),
        offset: None,
        value: algorithms.clone(),
        kind: "custody".to_owned(),
        weight: ArchiveWeight::Authenticates,
    })
}

/// A record of these very bytes in the ledger.
fn record(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let record = subject.record?;
    let verb = match record.decision {
        Decision::Disclosed => "disclosed",
        Decision::Notified => "notified",
        _ => "recorded",
    };
    let from = [&record.archive, &record.collection, &record.object].into_iter().flatten();
    let from: Vec<&str> = from.map(String::as_str).collect();
    let from = if from.is_empty() { String::new() } else { format!(": {}", from.join(", ")) };
    Some(ArchiveLine {
        what: format!("{verb} for these bytes by {} on {}{from}", record.approver, record.decided_on),
        place: "approvals ledger".to_owned(),
        offset: None,
        value: clipped(&record.reference.as_ref().map_or_else(|| record.id.clone(), |r| format!("{}, {r}", record.id))),
        kind: "record".to_owned(),
        weight: ArchiveWeight::Authenticates,
    })
}

/// A declared source type; the signed one is told with its credentials.
fn source_type(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let declared = subject.evidence.iter().filter(|e| e.via.is_own() && e.strength != Strength::Hint);
    let mark = declared.filter(|e| e.strength != Strength::Signed).find_map(|e| {
        let what = match e.claim {
            Claim::Captured => "declares that it was captured from life",
            Claim::Digitized => "declares that it was digitized from film or print",
            _ => return None,
        };
        Some((what, e))
    });
    mark.map(|(what, mark)| of_mark("source-type", what, ArchiveWeight::Supports, mark))
}

/// A scanner's name, and the date of the scan beside it.
fn scanner(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    const NAMES: &[&str] =
        &["exif:Model", "exif:Make", "exif:Software", "xmp:tiff:Model", "xmp:tiff:Make", "xmp:xmp:CreatorTool"];
    let names = |tag: &&Tag| NAMES.iter().any(|name| super::is_field(tag, name));
    let Some(tag) = own(subject.facts).filter(names).find(|tag| tables::is_program(ProgramKind::Scanner, &tag.value))
    else {
        return Vec::new();
    };
    let scanned = first(subject.facts, &["exif:DateTimeDigitized", "xmp:xmp:CreateDate", "exif:DateTime"]);
    let mut out = vec![line("scanner", "names the scanner or its program", ArchiveWeight::Supports, tag)];
    out.extend(scanned.map(|tag| line("scan-date", "says when it was scanned", ArchiveWeight::Supports, tag)));
    out
}

fn fields(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    let rows = FIELDS.iter().filter(|field| !field.claim);
    let found = rows.filter_map(|field| {
        let noted = field.keys.iter().filter_map(|key| key.strip_prefix("bag:"));
        let note = || {
            let mut notes = noted.filter_map(|key| subject.asset.package_notes.iter().find(|note| note.key == key));
            notes.find(|note| says_something(&note.value))
        };
        // What marks the asset as AI material does not speak for it.
        let tag = first(subject.facts, &field.keys).filter(|tag| !is_mark(subject, tag)).or_else(note)?;
        Some(line(&field.kind, &field.what, ArchiveWeight::Supports, tag))
    });
    found.collect()
}

/// Whether a mark of AI was read from this field.
fn is_mark(subject: &ArchiveSubject<'_>, tag: &Tag) -> bool {
    let ai = |claim: Claim| !matches!(claim, Claim::Captured | Claim::Digitized | Claim::NotAi);
    subject.evidence.iter().any(|e| ai(e.claim) && e.place == tag.place && e.offset == tag.offset)
}

/// A maker note that begins as those of the named maker do, or of a maker whose notes have no header.
fn maker_note(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let note = first(subject.facts, &["exif:MakerNote"])?;
    let make = first(subject.facts, &["exif:Make"])?;
    let header = super::cameras::header(&note.value);
    let maker = tables::maker(&make.value);
    let foreign = tables::maker_of_note(header).is_some_and(|of| maker.is_some_and(|own| own.name != of.name));
    let what = match maker {
        _ if foreign => return None,
        Some(maker) if maker.note.iter().any(|start| header.starts_with(start.as_str())) => {
            format!("carries a maker note that begins as those of {} do", maker.name)
        }
        _ => "carries a camera's maker note".to_owned(),
    };
    Some(line("maker-note", what, ArchiveWeight::Supports, note))
}

fn beside(name: &str) -> ArchiveLine {
    ArchiveLine {
        what: "a camera's raw file of the same name lies beside it".to_owned(),
        place: "its folder".to_owned(),
        offset: None,
        value: name.to_owned(),
        kind: "raw-file".to_owned(),
        weight: ArchiveWeight::Supports,
    }
}
