//! The list of deliveries, one delivery with its findings, and the difference to the scan before.

use serde_json::{Value, json};

use super::answer::redirect;
use super::formats::papers;
use super::pages::page;
use super::{Answer, Asked, Refusal};
use crate::store::{Delivery, FindingRow, Scan, State};

/// Rows on a page.
const PAGE: u32 = 100;
/// Scans that a delivery's page names.
const SCANS: u32 = 20;
/// Findings that are listed as new or resolved.
const DIFFERENT: u32 = 1_000;
/// All states, in the order of a delivery's way.
const STATES: [State; 6] =
    [State::Arriving, State::Waiting, State::Scanning, State::Held, State::Passed, State::Failed];

pub(super) fn list(asked: &Asked) -> Answer {
    let store = &asked.server.store;
    let wanted = STATES.into_iter().map(State::word).find(|word| *word == asked.query("state"));
    let counts = store.states()?;
    let count = |state: State| counts.iter().find(|(word, _)| word == state.word()).map_or(0, |(_, count)| *count);
    let states: Vec<Value> = STATES.into_iter().map(|s| json!({ "word": s.word(), "count": count(s) })).collect();
    let number = asked.page();
    let (deliveries, more) = cut(store.deliveries(wanted, asked.before(PAGE), PAGE + 1)?);
    let known = json!({ "states": states, "state": wanted.unwrap_or_default(), "deliveries": deliveries, "page": number, "more": more });
    page(asked, "deliveries.html", known)
}

/// One page of rows, and whether there are more.
pub(super) fn cut<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    (rows, more)
}

/// The delivery of the address.
pub(super) fn delivery(asked: &Asked) -> Result<Delivery, Refusal> {
    let found = asked.server.store.delivery(asked.param("id"))?;
    found.ok_or_else(|| Refusal::nothing("there is no such delivery"))
}

/// A scan, its summary as an object.
pub(super) fn scan_of(scan: &Scan) -> Value {
    let mut out = serde_json::to_value(scan).unwrap_or_default();
    let summary = scan.summary.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let Some(out) = out.as_object_mut() {
        out.insert("summary".to_owned(), summary.unwrap_or(Value::Null));
    }
    out
}

/// Findings as pages show them: with the addresses of their assets and the requests about these.
fn findings_of(asked: &Asked, delivery: &Delivery, rows: &[FindingRow]) -> Result<Vec<Value>, Refusal> {
    let requests = asked.server.store.requests_of(&delivery.id)?;
    let row = |row: &FindingRow| {
        let mut out = serde_json::to_value(row).unwrap_or_default();
        let Some(fields) = out.as_object_mut() else { return out };
        let url = row.asset.map(|number| format!("/deliveries/{}/assets/{number}", delivery.id));
        let picture = url.as_ref().map(|url| format!("{url}/picture"));
        let request = requests.iter().rev().find(|(path, ..)| *path == row.path && row.asset.is_some());
        fields.insert("url".to_owned(), json!(url));
        fields.insert("picture".to_owned(), json!(picture));
        fields.insert("request".to_owned(), json!(request.map(|(_, id, _)| id)));
        fields.insert("request_state".to_owned(), json!(request.map(|(_, _, state)| state)));
        out
    };
    Ok(rows.iter().map(row).collect())
}

/// The last two scans that have a report.
fn last_two(asked: &Asked, delivery: &Delivery) -> Result<(Option<Scan>, Option<Scan>), Refusal> {
    let scans = asked.server.store.scans(&delivery.id, 100)?;
    let mut with_report = scans.into_iter().filter(|scan| scan.summary.as_ref().is_some_and(|text| !text.is_empty()));
    Ok((with_report.next(), with_report.next()))
}

pub(super) fn one(asked: &Asked) -> Answer {
    let (store, delivery) = (&asked.server.store, delivery(asked)?);
    let (scan, before) = last_two(asked, &delivery)?;
    let rule = asked.query("rule");
    let filter = Some(rule).filter(|rule| !rule.is_empty());
    let number = asked.page();
    let (mut groups, mut findings, mut more, mut summary) = (Vec::new(), Vec::new(), false, Value::Null);
    if let Some(scan) = &scan {
        for group in store.rule_counts(scan.id)? {
            let url = format!("/deliveries/{}?rule={}", delivery.id, group.rule);
            groups.push(json!({ "rule": group.rule, "severity": group.severity, "count": group.count, "url": url }));
        }
        let rows = store.findings(scan.id, filter, asked.before(PAGE), PAGE + 1)?;
        let (rows, further) = cut(rows);
        more = further;
        findings = findings_of(asked, &delivery, &rows)?;
        summary = scan_of(scan)["summary"].take();
    }
    let (mut new, mut resolved) = (None, None);
    if let Some((scan, before)) = scan.as_ref().zip(before.as_ref()) {
        new = Some(store.count_only_in(scan.id, before.id)?);
        resolved = Some(store.count_only_in(before.id, scan.id)?);
    }
    let scans: Vec<Value> = store.scans(&delivery.id, SCANS)?.iter().map(scan_of).collect();
    let difference_url = format!("/deliveries/{}/difference", delivery.id);
    let papers = scan.as_ref().map(|_| papers(&delivery));
    let scan = scan.as_ref().map(scan_of);
    let known = json!({ "delivery": delivery, "scan": scan, "summary": summary, "groups": groups, "rule": rule, "findings": findings, "page": number, "more": more, "scans": scans, "new": new, "resolved": resolved, "difference_url": difference_url, "papers": papers });
    page(asked, "delivery.html", known)
}

pub(super) fn difference(asked: &Asked) -> Answer {
    let (store, delivery) = (&asked.server.store, delivery(asked)?);
    let (after, before) = last_two(asked, &delivery)?;
    let (mut new, mut resolved, mut still) = (Vec::new(), Vec::new(), 0);
    if let Some((after, before)) = after.as_ref().zip(before.as_ref()) {
        new = findings_of(asked, &delivery, &store.only_in(after.id, before.id, DIFFERENT)?)?;
        // The numbers of what was resolved are of another report: they lead nowhere.
        let gone = store.only_in(before.id, after.id, DIFFERENT)?;
        // Nor is there anything to do about it any more.
        let gone = gone.into_iter().map(|row| FindingRow { help: String::new(), ..row });
        resolved = gone.map(|row| serde_json::to_value(row).unwrap_or_default()).collect();
        let all: u32 = store.rule_counts(after.id)?.iter().map(|group| group.count).sum();
        still = all.saturating_sub(store.count_only_in(after.id, before.id)?);
    }
    let (before, after) = (before.as_ref().map(scan_of), after.as_ref().map(scan_of));
    page(
        asked,
        "difference.html",
        json!({ "delivery": delivery, "before": before, "after": after, "new": new, "resolved": resolved, "still": still }),
    )
}

pub(super) fn rescan(asked: &Asked) -> Answer {
    let delivery = delivery(asked)?;
    let queued = asked.server.store.requeue(&delivery.id)?;
    if queued {
        asked.note("asked for a scan", &delivery.name)?;
        asked.server.changed(&delivery.id);
    }
    Ok(redirect(&format!("/deliveries/{}?said={}", delivery.id, if queued { "queued" } else { "busy" })))
}
