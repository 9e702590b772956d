//! The last report of a delivery, in every format of the command.

use axum::http::header;

use super::answer::{REPORT, bytes, with};
use super::deliveries::delivery;
use super::formats::{Format, HTML, format};
use super::{Answer, Asked, Refusal};
use crate::runner;
use crate::store::Delivery;

fn made(asked: &Asked, delivery: &Delivery, format: &Format) -> Answer {
    let scan = asked.server.store.last_report(&delivery.id)?;
    let scan = scan.ok_or_else(|| Refusal::nothing("this delivery was not judged yet"))?;
    let path = runner::converted(&asked.server, scan.id, format.word).map_err(Refusal::failed)?;
    let read = std::fs::read(&path).map_err(|_| Refusal::nothing("the report is not kept any more: scan again"))?;
    let answer = bytes(format.kind, read);
    // A page is shown as of an origin of its own; anything else is kept.
    Ok(match format.kind == HTML {
        true => with(answer, header::CONTENT_SECURITY_POLICY, REPORT),
        false => {
            let name = format!(
                "attachment; filename=\"{}.{}\"",
                if format.word == "json" { "report" } else { format.word },
                format.ending
            );
            with(answer, header::CONTENT_DISPOSITION, &name)
        }
    })
}

/// For a client: `?format=`.
pub(super) fn for_client(asked: &Asked) -> Answer {
    let word = Some(asked.query("format")).filter(|word| !word.is_empty()).unwrap_or("json");
    made(asked, &delivery(asked)?, format(word)?)
}

pub(super) fn one(asked: &Asked) -> Answer {
    made(asked, &delivery(asked)?, format(asked.param("format"))?)
}

pub(super) fn json_of(asked: &Asked) -> Answer {
    made(asked, &delivery(asked)?, format("json")?)
}

pub(super) fn html_of(asked: &Asked) -> Answer {
    made(asked, &delivery(asked)?, format("html")?)
}
