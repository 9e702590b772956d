//! The SARIF report: OASIS Static Analysis Results Interchange Format 2.1.0, for code-scanning dashboards.
//!
//! One result a finding. Approved and suppressed findings carry `suppressions` (§3.35); with a baseline every result
//! has a `baselineState` (§3.27.24). Fingerprints (§3.27.17) stay the same while rule, path and mark do.

use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::escape::{sarif, shorten, terminal, uri};
use crate::not_looked_at;
use crate::words::{decisive, describe_evidence, word};
use crate::{Info, Kind, RenderOptions, Report, RuleDoc};
use countersign_model::{
    AssetReport, Evidence, Finding, FindingState, Outcome, PackageReport, Play, Run, Severity, Summary,
};

/// SARIF 2.1.0, for what shows findings of code analysis.
pub static KIND: Kind = Kind { info: Info { id: "sarif", summary: "SARIF 2.1.0 for code-scanning dashboards" }, start };

/// Where the schema of the format is published; nothing is fetched from there.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Characters of a message: dashboards cut longer ones.
const MESSAGE: usize = 1_000;

fn start<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Sarif { out, options, first: true, baseline: false, started: String::new() })
}

struct Sarif<'w> {
    out: Box<dyn Write + 'w>,
    options: RenderOptions,
    first: bool,
    baseline: bool,
    started: String,
}

impl Report for Sarif<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.baseline = run.options.get("baseline").is_some_and(|b| !b.is_null());
        self.started.clone_from(&run.started);
        let mut driver = json!({
            "name": "Countersign",
            "semanticVersion": run.version,
            "rules": self.options.pages.iter().map(rule).collect::<Vec<_>>(),
        });
        if !run.catalogue.files.is_empty() {
            driver["properties"] = json!({ "marks": run.catalogue.files });
        }
        let bases: serde_json::Map<String, Value> =
            run.roots.iter().enumerate().map(|(i, root)| (base(i), folder(root))).collect();
        write!(self.out, "{{\"$schema\":\"{SCHEMA}\",\n\"version\":\"2.1.0\",\n\"runs\":[{{\n\"tool\":")?;
        serde_json::to_writer(&mut self.out, &json!({ "driver": driver }))?;
        write!(self.out, ",\n\"originalUriBaseIds\":")?;
        serde_json::to_writer(&mut self.out, &bases)?;
        write!(self.out, ",\n\"columnKind\":\"unicodeCodePoints\",\n\"results\":[")
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        asset.findings.iter().try_for_each(|finding| {
            let result = of_asset(asset, finding, self.base_result(finding));
            self.result(&result)
        })
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        for package in &summary.packages {
            for finding in &package.findings {
                let result = of_package(package, finding, self.base_result(finding));
                self.result(&result)?;
            }
        }
        for finding in &summary.findings_of_run {
            let mut result = self.base_result(finding);
            result["partialFingerprints"] = fingerprint(&[&finding.rule, &finding.message]);
            self.result(&result)?;
        }
        write!(self.out, "\n],\n\"invocations\":")?;
        let invocation = json!([{
            "executionSuccessful": !summary.interrupted && summary.outcome != Outcome::Incomplete,
            "startTimeUtc": self.started,
        }]);
        serde_json::to_writer(&mut self.out, &invocation)?;
        write!(self.out, ",\n\"properties\":")?;
        serde_json::to_writer(&mut self.out, &json!({ "summary": not_looked_at::counts_only(summary) }))?;
        self.out.write_all(b"}]}\n")?;
        self.out.flush()
    }
}

impl Sarif<'_> {
    fn result(&mut self, value: &Value) -> io::Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        Ok(serde_json::to_writer(&mut self.out, value)?)
    }

    /// What every result has, whatever it is about.
    fn base_result(&self, finding: &Finding) -> Value {
        let mut result = json!({
            "ruleId": finding.rule,
            "level": level(finding.severity),
            "message": { "text": sarif(&shorten(&finding.message, MESSAGE)) },
        });
        if let Some(index) = self.options.pages.iter().position(|page| page.id == finding.rule) {
            result["ruleIndex"] = json!(index);
        }
        if self.baseline {
            result["baselineState"] = json!(if finding.state == FindingState::Baseline { "unchanged" } else { "new" });
        }
        let why = match finding.state {
            FindingState::Approved => finding.approval.as_ref().map(|id| format!("approved: {id}")),
            FindingState::Suppressed => finding.reason.clone(),
            FindingState::Baseline => Some("an earlier report already held it".to_owned()),
            FindingState::Open => return result,
        };
        let why = terminal(&why.unwrap_or_else(|| word(&finding.state)));
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
        result
    }
}

fn rule(page: &RuleDoc) -> Value {
    json!({
        "id": page.id,
        "name": name(&page.id),
        "shortDescription": { "text": page.summary },
        "fullDescription": { "text": page.summary },
        "help": { "text": page.text, "markdown": page.text },
        "defaultConfiguration": { "level": level(page.severity) },
        "properties": { "tags": ["generative-ai", "provenance"], "problem.severity": severity(page.severity) },
    })
}

/// `unapproved-ai-in-final` as `UnapprovedAiInFinal`.
fn name(id: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|c| c.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    id.split('-').map(part).collect()
}

fn level(severity: Severity) -> &'static str {
    severity_words(severity).0
}

fn severity(severity: Severity) -> &'static str {
    severity_words(severity).1
}

/// SARIF's level, and what GitHub calls it.
fn severity_words(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Error => ("error", "error"),
        Severity::Warning => ("warning", "warning"),
        Severity::Note => ("note", "recommendation"),
    }
}

fn base(root: usize) -> String {
    format!("ROOT{root}")
}

/// A root as the base of other addresses: absolute ones are file addresses, all end with a slash.
fn folder(root: &str) -> Value {
    let path = uri(root.trim_end_matches('/'));
    if root.starts_with('/') {
        json!({ "uri": format!("file://{path}/") })
    } else {
        json!({ "uri": format!("{path}/") })
    }
}

fn of_asset(asset: &AssetReport, finding: &Finding, mut result: Value) -> Value {
    let mark = decisive(&asset.evidence);
    let mut place = json!({ "artifactLocation": { "uri": uri(&asset.path), "uriBaseId": base(asset.root) } });
    // Media have no lines; code-scanning dashboards show nothing without one.
    place["region"] = json!({ "startLine": 1 });
    if let Some(offset) = mark.and_then(|e| e.offset).or_else(|| asset.problems.iter().find_map(|p| p.offset)) {
        place["region"] = json!({ "startLine": 1, "byteOffset": offset, "byteLength": 0 });
    }
    result["locations"] = json!([{ "physicalLocation": place }]);
    let id = mark.map_or("", |e: &Evidence| e.mark.as_str());
    result["partialFingerprints"] = fingerprint(&[&finding.rule, &asset.path, id]);
    let mut marks: Vec<_> = asset.evidence.iter().collect();
    marks.sort_by_key(|e| (e.claim, e.strength));
    result["properties"] = json!({
        "state": finding.state,
        "role": asset.role,
        "roleBasis": asset.role_basis,
        "ai": asset.ai,
        "sha256": asset.sha256,
        "help": terminal(&finding.help()),
        "plays": asset.plays.iter().map(play).collect::<Vec<_>>(),
        "evidence": marks.into_iter().take(8).map(describe_evidence).collect::<Vec<_>>(),
    });
    if let Some(above) = &asset.role_above {
        result["properties"]["roleAbove"] = json!(terminal(above));
    }
    result
}

/// Where a composition plays the asset.
fn play(play: &Play) -> Value {
    json!({
        "composition": terminal(&play.title),
        "compositionId": terminal(&play.composition),
        "track": terminal(&play.track),
        "from": play.from,
        "to": play.to,
    })
}

fn of_package(package: &PackageReport, finding: &Finding, mut result: Value) -> Value {
    let root = if package.root.is_empty() { "." } else { &package.root };
    let place = json!({ "artifactLocation": { "uri": uri(root), "uriBaseId": base(0) },
                        "region": { "startLine": 1 } });
    result["locations"] = json!([{ "physicalLocation": place }]);
    result["partialFingerprints"] = fingerprint(&[&finding.rule, &package.root, &finding.message]);
    result["properties"] = json!({ "state": finding.state, "package": package.kind });
    result
}

/// The same for the same defect in a later scan, though sizes, offsets and wording changed.
fn fingerprint(parts: &[&str]) -> Value {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    json!({ "countersign/v1": data_encoding::HEXLOWER.encode(&hash.finalize()) })
}
