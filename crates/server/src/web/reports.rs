//! The last report of a delivery, in every format of the command.

use axum::http::header;
use serde_json::{Value, json};

use super::answer::{REPORT, bytes, with};
use super::deliveries::delivery;
use super::{Answer, Asked, Refusal};
use crate::runner;
use crate::store::Delivery;

/// A format: its word, the ending of its files, their type, and where it is a page for people what it is to them.
struct Format {
    word: &'static str,
    ending: &'static str,
    kind: &'static str,
    title: Option<&'static str>,
}

const HTML: &str = "text/html; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";

const fn machine(word: &'static str, ending: &'static str, kind: &'static str) -> Format {
    Format { word, ending, kind, title: None }
}

const fn paper(word: &'static str, title: &'static str) -> Format {
    Format { word, ending: "html", kind: HTML, title: Some(title) }
}

/// All of them, in the order of `scan --help`.
const FORMATS: [Format; 13] = [
    machine("terminal", "txt", "text/plain; charset=utf-8"),
    machine("html", "html", HTML),
    machine("json", "json", "application/json"),
    machine("ndjson", "ndjson", "application/x-ndjson"),
    machine("csv", "csv", CSV),
    machine("sarif", "sarif", "application/sarif+json"),
    machine("junit", "xml", "application/xml"),
    machine("cue-sheet", "csv", CSV),
    paper("provenance", "Sheets of archival material"),
    machine("provenance-csv", "csv", CSV),
    paper("disclosure", "Disclosure of AI"),
    machine("disclosure-csv", "csv", CSV),
    paper("supplier", "Letter to the sender"),
];

fn format(word: &str) -> Result<&'static Format, Refusal> {
    FORMATS.iter().find(|format| format.word == word).ok_or_else(|| {
        let words: Vec<&str> = FORMATS.iter().map(|format| format.word).collect();
        Refusal::wrong(format!("there are these formats: {}", words.join(", ")))
    })
}

/// The pages for people that a delivery's page leads to.
pub(super) fn papers(delivery: &Delivery) -> Vec<Value> {
    let papers = FORMATS.iter().filter_map(|format| Some((format.word, format.title?)));
    papers
        .map(|(word, title)| json!({ "title": title, "url": format!("/deliveries/{}/reports/{word}", delivery.id) }))
        .collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_of_the_command_is_served_and_described() {
        let words: Vec<&str> = FORMATS.iter().map(|format| format.word).collect();
        let known: Vec<&str> = countersign_report::ALL.iter().map(|kind| kind.info.id).collect();
        assert_eq!(words, known);
        let described: Value = serde_json::from_str(crate::web::api::DESCRIPTION).unwrap();
        let described = described.pointer("/paths/~1deliveries~1{id}~1report/get/parameters/1/schema/enum").unwrap();
        assert_eq!(described, &json!(words));
    }
}
