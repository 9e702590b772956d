//! The formats of reports: those of the command, with what a browser or client must know of each.

use serde_json::{Value, json};

use super::Refusal;
use crate::store::Delivery;

/// A format: its word, the ending of its files, their type, and where it is a page for people what it is to them.
pub(super) struct Format {
    pub(super) word: &'static str,
    pub(super) ending: &'static str,
    pub(super) kind: &'static str,
    pub(super) title: Option<&'static str>,
}

/// Of pages.
pub(super) const HTML: &str = "text/html; charset=utf-8";
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

/// The format of this word.
pub(super) fn format(word: &str) -> Result<&'static Format, Refusal> {
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
