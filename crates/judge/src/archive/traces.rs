//! Traces of Content Credentials that are gone, damaged or kept elsewhere.

use countersign_model::text::one_line;
use countersign_model::validation_status as status;
use countersign_model::{CredentialState, Facts, Tag};

/// Characters of a value that a message repeats.
const QUOTED: usize = 80;

fn quote(text: &str, marks: bool) -> String {
    let short = one_line(text, QUOTED);
    if marks { format!("\"{short}\"") } else { short }
}

/// What is left of Content Credentials that cannot be relied on; `None` where nothing of the kind is to be seen.
pub(crate) fn of_credentials(facts: &Facts) -> Option<String> {
    let place = |place: &Option<String>, offset: Option<u64>| {
        let at = offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
        place.as_ref().map(|p| format!(" ({p}{at})")).unwrap_or_default()
    };
    if let Some(c2pa) = &facts.c2pa {
        let place = place(&c2pa.place, c2pa.offset);
        let remote = c2pa.remote.as_ref().map(|r| format!(" at {}", quote(r, true))).unwrap_or_default();
        let elsewhere = format!("the file only points to Content Credentials kept elsewhere{remote}");
        match (&c2pa.damage, c2pa.state) {
            (Some(damage), CredentialState::Remote) => {
                return Some(format!("{elsewhere}, which could not be fetched: {}", quote(damage, false)));
            }
            (None, CredentialState::Remote) => return Some(format!("{elsewhere}; none was fetched")),
            (Some(damage), _) => {
                let damage = quote(damage, false);
                return Some(format!("the Content Credentials{place} cannot be relied on: {damage}"));
            }
            (None, CredentialState::Unreadable) => {
                return Some(format!("the file holds Content Credentials{place} that cannot be read"));
            }
            // Nothing is known to be changed, but the signature does not cover what it should.
            (None, CredentialState::Unverified) if !c2pa.failures.is_empty() => {
                let why: Vec<_> = c2pa.failures.iter().take(4).map(|code| status::plain(code)).collect();
                let why = why.join(", ");
                return Some(format!("the Content Credentials{place} cannot be relied on: {why}"));
            }
            _ if c2pa.present => return None,
            _ => {}
        }
    }
    let tag = pointer(facts)?;
    let at = tag.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    Some(format!("{}{at} points to Content Credentials ({}), and there are none", tag.place, quote(&tag.value, true)))
}

/// The field that points to a manifest.
pub(super) fn pointer(facts: &Facts) -> Option<&Tag> {
    facts.tags.iter().find(|tag| points(tag))
}

/// Whether this is C2PA's pointer: archives use the same property for the history of a work, in prose.
fn points(tag: &Tag) -> bool {
    let named = tag.key == "dcterms:provenance" || tag.key.ends_with("/dcterms:provenance");
    if !named || tag.space != "xmp" || !tag.via.is_own() {
        return false;
    }
    let value = tag.value.trim();
    !value.contains(char::is_whitespace)
        && ["self#jumbf", "http://", "https://", "urn:c2pa:", "urn:uuid:"].iter().any(|start| value.starts_with(start))
}
