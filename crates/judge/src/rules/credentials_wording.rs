//! Shared by the rules about credentials: whose they are, where they stand, what failed, and of which ingredient.

use super::wording::quote;
use countersign_model::validation_status as status;
use countersign_model::{Credentials, IngredientFailure, Via};

/// Codes that one message names.
const NAMED: usize = 4;

/// `the Content Credentials of "ACME Cam" (JPEG APP11 at byte 20)`.
pub(super) fn whose(c2pa: &Credentials) -> String {
    let signer = c2pa.signer.as_ref().map(|s| format!(" of {}", quote(s, true))).unwrap_or_default();
    let place = match (&c2pa.place, c2pa.via) {
        (Some(place), Via::Sidecar) => format!(" ({place})"),
        (None, Via::Sidecar) => " (in a file beside it)".to_owned(),
        (Some(place), _) => format!(" ({place}{})", c2pa.offset.map(|o| format!(" at byte {o}")).unwrap_or_default()),
        (None, _) => String::new(),
    };
    format!("the Content Credentials{signer}{place}")
}

/// The first of the codes, each with what it means.
pub(super) fn codes<'c>(codes: impl Iterator<Item = &'c str>) -> String {
    let named = codes.take(NAMED).map(|code| format!("{} ({})", quote(code, false), status::plain(code)));
    named.collect::<Vec<_>>().join(", ")
}

/// `"photo.jpg", which it was made from, signed by "Someone"`.
pub(super) fn ingredient(c2pa: &Credentials, failure: &IngredientFailure) -> String {
    let Some(manifest) = c2pa.ingredient(failure) else { return "an ingredient".to_owned() };
    let relation = match manifest.path.as_slice() {
        [Via::Parent] => ", which it was made from",
        [Via::Component] => ", a part of it",
        [Via::Input] => ", which was an input to it",
        _ => ", from further back in its history",
    };
    let title = manifest.title.as_ref().map_or("an ingredient".to_owned(), |title| quote(title, true));
    let signer = manifest.signer.as_ref().map(|s| format!(", signed by {}", quote(s, true))).unwrap_or_default();
    format!("{title}{relation}{signer}")
}

/// What is wrong with a certificate, in words that need its owner: `has run out, and …`.
pub(super) fn certificate(code: &str) -> &'static str {
    match code {
        "signingCredential.expired" => "has run out, and no time stamp that is vouched for says that it held then",
        "signingCredential.invalid" => "is not one that may sign Content Credentials",
        "claimSignature.outsideValidity" => "was not valid when it signed",
        "signingCredential.untrusted" => "is on no trust list in force",
        _ => "did not pass a check",
    }
}
