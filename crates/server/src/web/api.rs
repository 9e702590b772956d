//! The API of clients with a token: what its description says, and nothing else.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{bytes, json_of};
use super::deliveries::{cut, delivery, scan_of};
use super::{Answer, Asked, Refusal};
use crate::store::{Delivery, FolderName};
use crate::{secret, settle, watch};

/// OpenAPI 3.1.
pub(super) const DESCRIPTION: &str = include_str!("../../openapi.json");
/// Deliveries in an answer; one more is asked for, to know whether there are more.
const PAGE: u32 = 100;
/// Scans that are told of a delivery.
const SCANS: u32 = 20;

pub(super) fn description(_: &Asked) -> Answer {
    Ok(bytes("application/json", DESCRIPTION))
}

fn told(delivery: &Delivery) -> Value {
    serde_json::to_value(delivery).unwrap_or_default()
}

pub(super) fn list(asked: &Asked) -> Answer {
    let state = Some(asked.query("state")).filter(|state| !state.is_empty());
    let number = asked.page();
    let (rows, more) = cut(asked.server.store.deliveries(state, asked.before(PAGE), PAGE + 1)?);
    let rows: Vec<Value> = rows.iter().map(told).collect();
    Ok(json_of(&json!({ "deliveries": rows, "page": number, "more": more })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    root: String,
    name: String,
}

/// Tells of a delivery before the server looks for itself. It must come to rest all the same: what a client says of a copy that
/// runs elsewhere is not believed. One that was judged already is judged again.
pub(super) fn add(asked: &Asked) -> Answer {
    let new: New = asked.json()?;
    let (server, settings) = (&asked.server, &asked.server.settings);
    let root = settings.roots.iter().find(|root| root.name == new.root);
    let root = root.ok_or_else(|| Refusal::wrong("no root is called so: the server was started with others"))?;
    if !watch::is_folder_name(&new.name) {
        return Err(Refusal::wrong("name a folder right below the root, not a path"));
    }
    let folder = root.path.join(&new.name);
    if !std::fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir()) {
        return Err(Refusal::nothing("the root has no such folder"));
    }
    let look = settle::look(&folder, settings.marker.as_deref());
    let look = look.map_err(|_| Refusal::failed("the folder cannot be read in full"))?;
    let id = secret::random().map_err(Refusal::failed)?;
    let settle = i64::try_from(settings.settle.as_secs()).unwrap_or(i64::MAX);
    let folder = FolderName { root: &root.name, name: &new.name, new_id: &id };
    let (id, _) = server.store.seen(folder, &look, settle)?;
    server.store.requeue(&id)?;
    asked.note("told of a delivery", &new.name)?;
    server.changed(&id);
    let found = server.store.delivery(&id)?.ok_or_else(|| Refusal::failed("the delivery is gone"))?;
    let mut answer: Response = json_of(&told(&found));
    *answer.status_mut() = StatusCode::ACCEPTED;
    Ok(answer)
}

pub(super) fn one(asked: &Asked) -> Answer {
    let delivery = delivery(asked)?;
    let scans: Vec<Value> = asked.server.store.scans(&delivery.id, SCANS)?.iter().map(scan_of).collect();
    let mut out = told(&delivery);
    if let Some(fields) = out.as_object_mut() {
        fields.insert("scans".to_owned(), Value::Array(scans));
    }
    Ok(json_of(&out))
}
