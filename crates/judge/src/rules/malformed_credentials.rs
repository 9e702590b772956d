//! Content Credentials that break the C2PA specification, or those of an ingredient that do not hold.
//!
//! Nothing says that this asset's bytes, manifest or signature were changed: that is `tampered-credentials`. Either the
//! program that signed wrote something in a way that is not allowed, or the fault is of something that the asset was
//! made from: its manifest was not sound when this asset was signed, and the asset's own signature covers it as it was.
//!
//! **Why it matters.** Other verifiers refuse such credentials too, so nobody can rely on them; and a history whose
//! beginning does not hold proves nothing of that beginning. What they say of AI counts all the same.
//!
//! **What to do.** Ask the supplier for the file signed by a program that follows the specification, or, for an
//! ingredient, for the ingredient itself.
//!
//! **Example.** A tool signed a `c2pa.created` action without a source type: `assertion.action.malformed`.

use super::{AssetContext, Info, Manual, RawFinding, Rule, credentials_wording as told};
use countersign_model::validation_status as status;
use countersign_model::{CredentialFault, Credentials, FindingAction, FindingSubject, Severity};

pub(super) struct MalformedCredentials;

static INFO: Info = Info {
    id: "malformed-credentials",
    severity: Severity::Warning,
    subject: FindingSubject::Credentials,
    explains: &[],
    manual: Manual::Source(include_str!("malformed_credentials.rs")),
};

impl Rule for MalformedCredentials {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(c2pa) = &context.facts.c2pa else { return };
        let message = match c2pa.fault() {
            Some(CredentialFault::Malformed) => malformed(c2pa),
            Some(CredentialFault::Ingredient) => of_ingredient(c2pa),
            _ => return,
        };
        out.push(RawFinding::new(message, FindingAction::AskForSoundCredentials));
    }
}

fn malformed(c2pa: &Credentials) -> String {
    let who = told::whose(c2pa);
    let codes = told::codes(c2pa.own_failures().filter(|code| !status::is_of_certificate(code)));
    match codes.is_empty() {
        true => format!("{who} cannot be checked: no reason given"),
        false => format!("{who} are not as the specification wants them, and say of no other bytes: {codes}"),
    }
}

fn of_ingredient(c2pa: &Credentials) -> String {
    let failure = c2pa.ingredient_failures.iter().find(|failure| !status::is_of_certificate(&failure.code));
    let Some(failure) = failure.or(c2pa.ingredient_failures.first()) else { return malformed(c2pa) };
    let same = c2pa.ingredient_failures.iter().filter(|other| other.manifest == failure.manifest);
    let codes = told::codes(same.map(|other| other.code.as_str()).filter(|code| !status::is_of_certificate(code)));
    let others = c2pa.ingredient_failures.iter().any(|other| other.manifest != failure.manifest);
    let others = if others { "; and of others" } else { "" };
    format!(
        "{} match this file; what does not hold are those of {}: {codes}{others}",
        told::whose(c2pa),
        told::ingredient(c2pa, failure)
    )
}
