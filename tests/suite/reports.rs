//! Every report of one shared run: snapshots, the same counts everywhere, the shapes that other programs expect, and
//! text from files that stays text.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::shared::run;
use crate::shared::schema;

use std::collections::BTreeMap;
use std::io::Cursor;

use countersign::model::{AssetReport, FindingState, Run};
use countersign::report::saved::{self, Take};
use countersign::report::{ALL, RenderOptions};
use quick_xml::Reader;
use quick_xml::events::Event;
use run::{HOSTILE, assets, packages, render, shared, summary};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_report_of_the_shared_run_is_as_it_was() {
    for kind in ALL {
        // What the page is made of is no part of what it says.
        let text = if kind.info.id == "html" { html_data(&shared("html")) } else { shared(kind.info.id) };
        let text: Vec<String> = text.lines().map(|l| l.chars().take(2_000).collect()).collect();
        insta::assert_snapshot!(kind.info.id, text.join("\n"));
    }
}

fn html_data(text: &str) -> String {
    text.split("<script ").skip(1).filter_map(|s| s.split("</script>").next()).collect::<Vec<_>>().join("\n")
}

/// The parts of the page: assets, summary.
fn html_parts(text: &str) -> (Vec<Value>, Value) {
    let part = |id: &str| {
        let after = text.split(&format!("id=\"{id}\">\n")).nth(1).unwrap();
        after.split("</script>").next().unwrap().to_owned()
    };
    (part("assets").lines().map(json).collect(), json(&part("summary")))
}

/// Rows of CSV, read by the rules of RFC 4180.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => cell.push(c),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "the last row does not end");
    rows
}

/// Counts of findings by state and severity.
type Counts = BTreeMap<(String, String), usize>;

fn add(counts: &mut Counts, state: &Value, severity: &Value) {
    *counts.entry((state.as_str().unwrap().into(), severity.as_str().unwrap().into())).or_default() += 1;
}

fn in_model() -> Counts {
    let mut counts = Counts::new();
    let (assets, packages) = (assets(), packages());
    let summary = summary(&assets, packages);
    let of_assets = assets.iter().flat_map(|a| &a.findings);
    let others = summary.packages.iter().flat_map(|p| &p.findings).chain(&summary.findings_of_run);
    for finding in of_assets.chain(others) {
        add(
            &mut counts,
            &serde_json::to_value(finding.state).unwrap(),
            &serde_json::to_value(finding.severity).unwrap(),
        );
    }
    counts
}

#[test]
fn all_reports_agree_on_every_count() {
    let expected = in_model();
    let total: usize = expected.values().sum();
    let all = assets();
    let of_value = |findings: Vec<&Value>| {
        let mut counts = Counts::new();
        findings.iter().for_each(|f| add(&mut counts, &f["state"], &f["severity"]));
        counts
    };
    fn list<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
        of[key].as_array().unwrap().iter()
    }

    let report = json(&shared("json"));
    let found = list(&report, "assets").chain(list(&report, "packages")).flat_map(|a| list(a, "findings"));
    assert_eq!(of_value(found.chain(list(&report["summary"], "findings_of_run")).collect()), expected, "json");
    assert_eq!(list(&report, "assets").count(), all.len());

    let lines: Vec<_> = shared("ndjson").lines().map(json).collect();
    let parts = lines.iter().filter_map(|l| l.get("asset").or(l.get("package")));
    let of_run = lines.last().unwrap()["summary"]["findings_of_run"].as_array().unwrap();
    assert_eq!(of_value(parts.flat_map(|p| list(p, "findings")).chain(of_run).collect()), expected, "ndjson");
    assert_eq!(lines.iter().filter(|l| l.get("asset").is_some()).count(), all.len());

    let (rows, page) = html_parts(&shared("html"));
    let found = rows.iter().chain(list(&page, "packages")).flat_map(|a| list(a, "findings"));
    assert_eq!(of_value(found.chain(list(&page, "run_findings")).collect()), expected, "html");
    assert_eq!(page["numbers"], report["summary"], "html and json have one summary");
    assert_eq!(rows.len(), all.iter().filter(|a| !a.findings.is_empty()).count());

    let rows = csv_rows(&shared("csv"));
    let column = |name: &str| rows[0].iter().position(|c| c == name).unwrap();
    let (state, severity, about) = (column("state"), column("severity"), column("about"));
    let mut counts = Counts::new();
    for row in rows[1..].iter().filter(|r| !r[state].is_empty()) {
        *counts.entry((row[state].clone(), row[severity].clone())).or_default() += 1;
    }
    assert_eq!(counts, expected, "csv");
    let clean = all.iter().filter(|a| a.findings.is_empty()).count();
    assert_eq!(rows[1..].iter().filter(|r| r[about] == "asset" && r[state].is_empty()).count(), clean);

    let sarif = json(&shared("sarif"));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), total, "sarif");
    let suppressed = results.iter().filter(|r| r.get("suppressions").is_some()).count();
    let open: usize = expected.iter().filter(|((state, _), _)| state == "open").map(|(_, n)| n).sum();
    assert_eq!(suppressed, total - open);
    for level in ["error", "warning", "note"] {
        let n: usize = expected.iter().filter(|((_, s), _)| s == level).map(|(_, n)| n).sum();
        assert_eq!(results.iter().filter(|r| r["level"] == level).count(), n, "sarif {level}");
    }

    let junit = junit_counts(&shared("junit"));
    let errors = expected[&("open".into(), "error".into())];
    assert_eq!((junit["testcase"], junit["skipped"]), (total + clean, total - open), "junit");
    assert_eq!(junit["failure"] + junit["error"], errors);
    for (element, attribute) in
        [("testcase", "tests"), ("failure", "failures"), ("error", "errors"), ("skipped", "skipped")]
    {
        assert_eq!(junit[element], junit[&*format!("@{attribute}")], "junit {attribute}");
    }

    let marked = all.iter().filter(|a| a.ai != countersign::model::Ai::None).count();
    // A row more says what was not looked at.
    assert_eq!(csv_rows(&shared("cue-sheet")).len(), marked + 2, "cue sheet");

    let text = shared("terminal");
    let s = &report["summary"]["findings"];
    assert!(
        text.contains(&format!("{} errors, {} warnings, {} notes, 1 approved", s["error"], s["warning"], s["note"])),
        "{text}"
    );
}

/// How often each element stands in the report, and the sums of the suites' own counts; the shape is checked on the
/// way: which element may stand where, and which attributes it has to have.
fn junit_counts(text: &str) -> BTreeMap<String, usize> {
    const SHAPE: &[(&str, &str, &[&str])] = &[
        ("", "testsuites", &[]),
        (
            "testsuites",
            "testsuite",
            &["name", "timestamp", "hostname", "tests", "failures", "errors", "time", "id", "package"],
        ),
        ("testsuite", "properties", &[]),
        ("properties", "property", &["name", "value"]),
        ("testsuite", "testcase", &["name", "classname", "time"]),
        ("testcase", "failure", &["type", "message"]),
        ("testcase", "error", &["type", "message"]),
        ("testcase", "skipped", &["message"]),
        ("testcase", "system-out", &[]),
        ("testsuite", "system-out", &[]),
        ("testsuite", "system-err", &[]),
    ];
    let mut counts: BTreeMap<String, usize> =
        ["testcase", "failure", "error", "skipped"].map(|k| (k.to_owned(), 0)).into();
    let mut reader = Reader::from_str(text);
    let mut open: Vec<String> = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        let (start, empty) = match &event {
            Event::Start(e) => (e, false),
            Event::Empty(e) => (e, true),
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
        let parent = open.last().map_or("", String::as_str);
        let (.., needed) = SHAPE
            .iter()
            .find(|(p, n, _)| *p == parent && *n == name)
            .unwrap_or_else(|| panic!("{name} may not stand in {parent}"));
        let attributes: BTreeMap<String, String> = start
            .attributes()
            .map(|a| a.unwrap())
            .map(|a| {
                (String::from_utf8(a.key.as_ref().to_vec()).unwrap(), String::from_utf8(a.value.to_vec()).unwrap())
            })
            .collect();
        assert!(needed.iter().all(|n| attributes.contains_key(*n)), "{name} lacks one of {needed:?}");
        for attribute in ["tests", "failures", "errors", "skipped"] {
            if let Some(n) = attributes.get(attribute) {
                *counts.entry(format!("@{attribute}")).or_default() += n.parse::<usize>().unwrap();
            }
        }
        *counts.entry(name.clone()).or_default() += 1;
        if !empty {
            open.push(name);
        }
    }
    assert!(open.is_empty());
    counts
}

#[test]
fn the_json_report_fits_its_published_schema() {
    let published = json(include_str!("../../docs/report.schema.json"));
    let report = json(&shared("json"));
    assert_eq!(schema::faults(&published, &report), Vec::<String>::new());
    let mut wrong = report.clone();
    wrong["assets"][1]["findings"][0]["severity"] = "fatal".into();
    wrong["assets"][1]["new"] = 1.into();
    wrong["summary"].as_object_mut().unwrap().remove("outcome");
    assert_eq!(schema::faults(&published, &wrong).len(), 3, "{:?}", schema::faults(&published, &wrong));
}

#[test]
fn the_sarif_report_fits_the_shape_of_sarif() {
    let shape = json(include_str!("shared/sarif.schema.json"));
    let report = json(&shared("sarif"));
    assert_eq!(schema::faults(&shape, &report), Vec::<String>::new());
    let (run, rules) = (&report["runs"][0], report["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap());
    for result in run["results"].as_array().unwrap() {
        if let Some(index) = result.get("ruleIndex") {
            assert_eq!(rules[index.as_u64().unwrap() as usize]["id"], result["ruleId"]);
        }
        if let Some(base) = result.pointer("/locations/0/physicalLocation/artifactLocation/uriBaseId") {
            assert!(run["originalUriBaseIds"].get(base.as_str().unwrap()).is_some());
        }
    }
    let prints: std::collections::HashSet<_> =
        run["results"].as_array().unwrap().iter().map(|r| r["partialFingerprints"].to_string()).collect();
    assert_eq!(prints.len(), run["results"].as_array().unwrap().len(), "no two findings share a fingerprint");
}

/// What no page may hold.
const MARKUP: &[&str] = &["<script>alert", "<img src=x", "onmouseover=\"alert", "onerror=alert(2)>"];

/// What a format must not hold anywhere, beside the characters that no report may hold.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("html", &["<script>alert", "<img src=x", "</script><script>alert", "onmouseover=\"alert"]),
    ("provenance", MARKUP),
    ("disclosure", MARKUP),
    ("supplier", MARKUP),
    ("junit", &["<script", "<![CDATA[", "<!--", "&#0;", "onmouseover=\"", "<img"]),
];

#[test]
fn text_from_files_stays_text_in_every_format() {
    for kind in ALL {
        let id = kind.info.id;
        let text = shared(id);
        // JSON keeps what the file says, escaped by its own rules, for programs to show as they must.
        let verbatim = id == "json" || id == "ndjson";
        let bad = |c: char| match c {
            '\n' => false,
            '\r' => !matches!(id, "csv" | "cue-sheet" | "provenance-csv" | "disclosure-csv"),
            c if c.is_control() => true,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' => {
                !verbatim
            }
            '\u{2028}' | '\u{fffe}' => !verbatim,
            _ => false,
        };
        if let Some(at) = text.find(bad) {
            panic!(
                "{id} holds {:?} in {:?}",
                text[at..].chars().next(),
                text[at..].chars().take(40).collect::<String>()
            );
        }
        for forbidden in FORBIDDEN.iter().filter(|(of, _)| *of == id).flat_map(|(_, all)| *all) {
            assert!(!text.contains(forbidden), "{id} holds {forbidden}");
        }
    }
    for result in json(&shared("sarif"))["runs"][0]["results"].as_array().unwrap() {
        let text = result["message"]["text"].as_str().unwrap().replace("\\[", "").replace("\\]", "");
        assert!(!text.contains(['[', ']']), "a message with a link: {text}");
    }
    for id in ["csv", "cue-sheet", "provenance-csv", "disclosure-csv"] {
        for row in csv_rows(&shared(id)) {
            for cell in row {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t']), "{id}: {cell}");
                assert!(cell.chars().count() < 32_767, "{id}: a cell that a spreadsheet cuts");
            }
        }
    }
    for element in ["script", "style"] {
        let page = shared("html");
        let (opened, closed) =
            (page.matches(&format!("<{element}")).count(), page.matches(&format!("</{element}>")).count());
        assert_eq!((opened, closed), if element == "script" { (4, 4) } else { (1, 1) }, "{element}");
    }
    let names: Vec<_> = json(&shared("json"))["assets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["path"].as_str().unwrap().to_owned())
        .collect();
    assert!(HOSTILE.iter().all(|name| names.iter().any(|n| n == name)), "JSON keeps every name");
}

#[test]
fn an_interrupted_run_says_so_in_every_format() {
    let assets = assets();
    let mut summary = summary(&assets, vec![]);
    summary.interrupted = true;
    for (id, says) in [
        ("terminal", "INTERRUPTED"),
        ("json", "\"interrupted\":true"),
        ("ndjson", "\"interrupted\":true"),
        ("html", "\"interrupted\":true"),
        ("sarif", "\"executionSuccessful\":false"),
        ("junit", "type=\"interrupted\""),
        ("cue-sheet", "INCOMPLETE"),
        ("csv", "INCOMPLETE"),
        ("provenance", "Incomplete: the examination was stopped"),
        ("provenance-csv", "INCOMPLETE"),
        ("disclosure", "Incomplete: the examination was stopped"),
        ("disclosure-csv", "INCOMPLETE"),
        ("supplier", "this page is not complete"),
    ] {
        assert!(render(id, &assets, &summary, RenderOptions::default()).contains(says), "{id}");
    }
}

/// What a saved report held.
#[derive(Default)]
struct Kept(Vec<Run>, Vec<AssetReport>);

impl Take for Kept {
    fn run(&mut self, run: &Run) -> Result<(), String> {
        self.0.push(run.clone());
        Ok(())
    }

    fn asset(&mut self, asset: AssetReport) -> Result<(), String> {
        self.1.push(asset);
        Ok(())
    }
}

#[test]
fn a_saved_report_comes_back_whole() {
    let (assets, expected) = (assets(), summary(&assets(), packages()));
    let sorted = {
        // As a program that sorts keys would write it: the assets before the run.
        let mut report = json(&shared("json"));
        report.sort_all_objects();
        report.to_string()
    };
    for text in [shared("json"), shared("ndjson"), sorted] {
        let mut kept = Kept::default();
        let saved = saved::read(Cursor::new(&text), &mut kept).unwrap();
        assert_eq!((saved.run, &saved.summary), (run::run(), &expected));
        assert_eq!((kept.0.len(), kept.1), (1, assets.clone()));
    }
}

#[test]
fn what_is_no_report_is_told_apart() {
    let whole = shared("json");
    for (text, says) in [
        ("", "EOF"),
        ("[1, 2]", "expected a JSON report"),
        ("{\"assets\": []}", "names no schema"),
        ("{\"schema\": \"countersign.report/9\"}", "countersign.report/9"),
        (&whole[..whole.len() / 2], "line"),
        (&shared("ndjson").lines().take(3).collect::<Vec<_>>().join("\n"), "without a summary"),
    ] {
        let error = saved::read(Cursor::new(text), &mut Kept::default()).unwrap_err();
        assert!(error.contains(says), "{says:?} is not in {error:?}");
    }
}

#[test]
fn settled_findings_do_not_fail_a_build() {
    let text = shared("junit");
    let failing = text.lines().filter(|l| l.contains("<failure") || l.contains("<error")).count();
    let assets = assets();
    let open = assets
        .iter()
        .flat_map(|a| a.findings.clone())
        .filter(|f| f.state == FindingState::Open && f.severity == countersign::model::Severity::Error);
    // And the package's own finding.
    assert_eq!(failing, open.count() + 1);
}
