//! One asset of a delivery: what its report says of it, and its picture.

use axum::http::header;
use serde_json::{Value, json};

use super::answer::{bytes, with};
use super::deliveries::delivery;
use super::pages::page;
use super::{Answer, Asked, Refusal};
use crate::pictures;
use crate::store::{AssetRow, Delivery, Role, Scan};

/// Scopes with what they are about, for forms.
pub(super) fn scopes() -> Vec<Value> {
    let title = |word: &str| match word {
        "final-deliverable" => "It reaches the audience",
        "talent-likeness" => "It shows or sounds like a real person, who agreed",
        "personal-data" => "Personal data went into the tool",
        _ => "Works of others went into the tool, with their rights",
    };
    let all = countersign_judge::policy::Scope::ALL;
    all.iter().map(|scope| json!({ "word": scope.word(), "title": title(scope.word()) })).collect()
}

/// The asset of the address: of the delivery's own last scan, whatever number somebody types.
pub(super) fn asset(asked: &Asked, delivery: &Delivery) -> Result<(Scan, AssetRow), Refusal> {
    let absent = || Refusal::nothing("the last scan has nothing to say of such an asset");
    let number: i64 = asked.param("number").parse().map_err(|_| absent())?;
    let scan = asked.server.store.last_report(&delivery.id)?.ok_or_else(absent)?;
    let row = asked.server.store.asset(scan.id, number)?.ok_or_else(absent)?;
    Ok((scan, row))
}

/// Why nobody can ask for an approval of this asset.
pub(super) fn why_not(row: &AssetRow) -> Option<&'static str> {
    match (&row.sha256, row.ai.as_str()) {
        (_, "none") => Some("nothing says that it is made by AI: there is nothing to approve"),
        (None, _) => Some(
            "an approval is for exact bytes, and the report has no SHA-256 of these: frames of a sequence are approved on the \
             command line, with countersign approve --from-report",
        ),
        _ => None,
    }
}

pub(super) fn one(asked: &Asked) -> Answer {
    let (store, delivery) = (&asked.server.store, delivery(asked)?);
    let (scan, row) = asset(asked, &delivery)?;
    let read: Value = serde_json::from_str(&row.json).unwrap_or_default();
    let findings = store.findings_of(scan.id, row.number)?;
    let requests = row.sha256.as_deref().map(|sha256| store.requests_about(&delivery.id, sha256)).transpose()?;
    let me = asked.person()?;
    let approvers: Vec<Value> = store
        .people()?
        .iter()
        .filter(|person| person.role >= Role::Approver && !person.disabled)
        .filter(|person| !asked.server.settings.four_eyes || person.id != me.id)
        .map(|person| json!({ "id": person.id, "display": person.display }))
        .collect();
    let why_not =
        why_not(&row).or((!asked.may(Role::Qc)).then_some("your role is to look only: an admin can change it"));
    let picture = format!("/deliveries/{}/assets/{}/picture", delivery.id, row.number);
    let known = json!({ "delivery": delivery, "asset": read, "findings": findings, "picture": picture, "requests": requests.unwrap_or_default(), "approvers": approvers, "number": row.number, "scopes": scopes(), "may_ask": why_not.is_none(), "why_not": why_not });
    page(asked, "asset.html", known)
}

/// The small picture of an asset, made anew of its pixels or samples: no byte that was delivered is sent.
pub(super) fn picture(asked: &Asked) -> Answer {
    let none = || Refusal::nothing("of this asset there is no picture");
    let delivery = delivery(asked)?;
    let (_, row) = asset(asked, &delivery)?;
    let (kind, made) = pictures::of(&asked.server, &delivery, &row).ok_or_else(none)?;
    Ok(with(bytes(kind, made), header::CACHE_CONTROL, "private, max-age=3600"))
}
