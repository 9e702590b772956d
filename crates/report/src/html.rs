//! The HTML report: one self-contained file that works from disk and asks nobody for anything.
//!
//! The page is one line of JSON an asset with something to tell, written as the run goes; then what a person reads: the
//! verdict, the numbers and the findings, all of it without the script ([`readable`]); then the summary, the pictures, and
//! the script that makes tables and charts of them. Every line is escaped for a script element, the script writes text
//! nodes only, and the Content Security Policy (CSP level 3, §2.3) allows that script by its hash and no other, and no
//! request at all.

mod readable;

pub mod comparison;

use std::io::{self, Write};

use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::escape::{script, shorten, terminal};
use crate::layout::size;
use crate::not_looked_at;
use crate::words::{basis, systems, word};
use crate::{Info, Kind, Picture, RenderOptions, Report, first_frame, urgency};
use countersign_model::{
    ArchiveEvidence, ArchiveLine, AssetReport, Credentials, Evidence, Finding, RecordNote, Run, Summary, TimelineRange,
    Use,
};
use readable::Readable;

/// One page that needs nothing beside itself.
pub static KIND: Kind = Kind {
    info: Info { id: "html", summary: "one self-contained page: charts, filterable table, a card per flagged asset" },
    start,
};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
const BODY: &str = include_str!("html/page.html");

/// Characters of a value, a message, a path.
const TEXT: usize = 1_200;
/// Marks, problems, records, manifests and actions that a card lists.
const ROWS: usize = 24;
/// Uses of one asset, and timelines, that are drawn.
const USES: usize = 64;
const TIMELINES: usize = 100;
/// Pictures in one page, and all their bytes: a page must open fast.
const PICTURES: usize = 1_000;
const PICTURE_BYTES: usize = 24 * 1024 * 1024;

fn start<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    let readable = Readable::default();
    Box::new(Html { out, options, run: Run::default(), rows: 0, shown: 0, pictured: Vec::new(), readable })
}

struct Html<'w> {
    out: Box<dyn Write + 'w>,
    options: RenderOptions,
    run: Run,
    /// Assets told of; the frames of a sequence share one.
    rows: u64,
    /// Assets with something to tell.
    shown: usize,
    /// Which assets get a picture is decided when all are known.
    pictured: Vec<Pictured>,
    readable: Readable,
}

/// A picture that a card may show.
struct Pictured {
    /// The severity of what is open about the asset.
    urgent: u8,
    row: usize,
    /// Whether it is that of the known asset of which the row's is a copy.
    known: bool,
    root: usize,
    path: String,
}

impl Report for Html<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.run = run.clone();
        self.options.preview.iter().for_each(|preview| preview.begin(PICTURES));
        let (style, code) = (hash(STYLE), hash(SCRIPT));
        write!(
            self.out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{style}'; \
             script-src '{code}'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>Countersign report</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n"
        )?;
        self.out.write_all(b"<script type=\"application/x-ndjson\" id=\"assets\">\n")
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        self.rows += 1;
        let Some(urgent) = urgency(asset) else { return Ok(()) };
        if self.options.preview.is_some() {
            let (row, known) = (self.shown, asset.evidence.iter().find_map(|e| e.of.as_deref()));
            self.pictured.push(Pictured { urgent, row, known: false, root: asset.root, path: first_frame(asset) });
            // What only an index or a record knows is not at hand.
            if let Some((root, known)) = known.and_then(|known| Some((known.root?, known))) {
                self.pictured.push(Pictured { urgent, row, known: true, root, path: known.asset.clone() });
            }
        }
        self.shown += 1;
        self.readable.asset(asset, &self.run.roots);
        let mut row = row(asset);
        row["name"] = text(&crate::words::name(asset, &self.run.roots)).into();
        writeln!(self.out, "{}", script(&row.to_string()))
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.out.write_all(b"</script>\n")?;
        self.body(summary)?;
        self.out.write_all(b"<script type=\"application/json\" id=\"summary\">\n")?;
        writeln!(self.out, "{}", script(&self.summary(summary).to_string()))?;
        self.out.write_all(b"</script>\n<script type=\"application/x-ndjson\" id=\"pictures\">\n")?;
        // Whoever interrupted the run does not want to wait for pictures.
        if !summary.interrupted {
            self.pictures()?;
        }
        writeln!(self.out, "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>")?;
        self.out.flush()
    }
}

impl Html<'_> {
    /// What a person reads, with or without the script.
    fn body(&mut self, summary: &Summary) -> io::Result<()> {
        for (number, part) in BODY.split("<!--slot:").enumerate() {
            let (slot, rest) = if number == 0 { ("", part) } else { part.split_once("-->").unwrap_or(("", part)) };
            self.readable.slot(slot, &self.run, (summary, self.rows), &mut self.out)?;
            self.out.write_all(rest.as_bytes())?;
        }
        Ok(())
    }

    fn pictures(&mut self) -> io::Result<()> {
        let Some(preview) = self.options.preview.clone() else { return Ok(()) };
        let mut chosen = std::mem::take(&mut self.pictured);
        chosen.sort_by_key(|picture| (std::cmp::Reverse(picture.urgent), picture.row, picture.known));
        chosen.truncate(PICTURES);
        let rows: Vec<_> = chosen.iter().map(|picture| (picture.row, picture.known)).collect();
        let wanted: Vec<_> = chosen.into_iter().map(|picture| (picture.root, picture.path)).collect();
        let (mut left, mut result) = (PICTURE_BYTES, Ok(()));
        let out = &mut self.out;
        preview.pictures(&wanted, &mut |index, picture| {
            let (Some((row, known)), true) = (rows.get(index), result.is_ok()) else { return };
            let mut line = match picture {
                Picture::Jpeg(bytes) => json!({ "row": row, "jpeg": BASE64.encode(&bytes) }),
                Picture::Waveform(peaks) => json!({ "row": row, "wave": peaks }),
            };
            if *known {
                line["known"] = true.into();
            }
            let line = line.to_string();
            if let Some(rest) = left.checked_sub(line.len()) {
                left = rest;
                result = writeln!(out, "{line}");
            }
        });
        result
    }

    fn summary(&self, summary: &Summary) -> Value {
        let run = &self.run;
        let packages: Vec<_> = summary
            .packages
            .iter()
            .map(|p| {
                json!({ "id": p.id, "kind": text(&p.kind), "root": text(&p.root), "title": p.title.as_deref().map(text),
                        "remarks": p.remarks.iter().take(ROWS).map(|r| text(r)).collect::<Vec<_>>(),
                        "findings": p.findings.iter().map(|f| finding(f, &p.root)).collect::<Vec<_>>() })
            })
            .collect();
        json!({
            "roots": run.roots.iter().map(|r| text(r)).collect::<Vec<_>>(),
            "rows": self.rows,
            "numbers": not_looked_at::counts_only(summary),
            "run_findings": summary.findings_of_run.iter().map(|f| finding(f, "")).collect::<Vec<_>>(),
            "packages": packages,
            "timelines": summary.timelines.iter().take(TIMELINES).map(|t| json!({
                "timeline": text(&t.timeline), "file": text(&t.file), "title": text(&t.title), "format": text(&t.format), "events": t.events,
                "missing": t.missing, "ambiguous": t.ambiguous, "in": text(&t.record.from), "out": text(&t.record.to),
                "from": seconds(&t.record, t.record.start), "to": seconds(&t.record, t.record.start.saturating_add(t.record.duration)),
            })).collect::<Vec<_>>(),
            "rules": self.options.pages.iter().map(|p| json!([p.id, p.summary])).collect::<Vec<_>>(),
        })
    }
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))
}

/// Text from a file as it may be shown: bounded, nothing in it hidden or reordered.
fn text(value: &str) -> String {
    terminal(&shorten(value, TEXT))
}

fn opt(value: Option<&String>) -> Option<String> {
    value.map(|v| text(v))
}

/// One asset as the page needs it.
fn row(asset: &AssetReport) -> Value {
    json!({
        "path": text(&asset.path),
        "root": asset.root,
        "format": asset.format.as_deref().map(text),
        "bytes": asset.bytes,
        "size": size(asset.bytes),
        "sha256": opt(asset.sha256.as_ref()),
        "role": asset.role,
        "basis": text(&basis(asset)),
        "package": asset.package,
        "ai": asset.ai,
        "systems": systems(&asset.evidence).iter().map(|s| text(s)).collect::<Vec<_>>(),
        "findings": asset.findings.iter().map(|f| finding(f, &asset.path)).collect::<Vec<_>>(),
        "evidence": evidence(&asset.evidence),
        "c2pa": asset.c2pa.as_ref().map(credentials),
        "problems": asset.problems.iter().take(ROWS).map(|p| json!({
            "kind": p.kind, "where": text(&p.place), "offset": p.offset, "what": text(&p.what) })).collect::<Vec<_>>(),
        "plays": asset.plays.iter().take(ROWS).map(|p| text(&format!("{}, {}: {} to {}", p.title, p.track, p.from, p.to)))
            .collect::<Vec<_>>(),
        "uses": uses(asset),
        "in_cut": asset.in_cut,
        "archive": asset.archive.as_ref().map(archive),
        "frames": asset.frames,
        "recipe": asset.recipe.as_ref().map(|r| [("Prompt", &r.prompt), ("Model", &r.model), ("Version", &r.version)]
            .into_iter().filter_map(|(name, value)| Some((name, text(value.as_ref()?)))).collect::<Vec<_>>()),
        "records": asset.records.iter().take(ROWS).map(record).collect::<Vec<_>>(),
    })
}

/// What speaks for and against an archival asset.
fn archive(archive: &ArchiveEvidence) -> Value {
    let lines = |lines: &[ArchiveLine]| {
        let one = |line: &ArchiveLine| json!([text(&line.what), text(&line.value), text(&line.place), line.offset]);
        lines.iter().take(ROWS).map(one).collect::<Vec<_>>()
    };
    json!({ "grade": archive.grade, "for": lines(&archive.supporting), "against": lines(&archive.against) })
}

/// Where cuts play it, for the bars and the card.
fn uses(asset: &AssetReport) -> Vec<Value> {
    let one = |of: &Use| {
        json!({
            "timeline": text(&of.timeline), "title": text(&of.title), "event": text(&of.event), "track": text(&of.track),
            "in": text(&of.record.from), "out": text(&of.record.to),
            "source_in": text(&of.source.from), "source_out": text(&of.source.to),
            "from": seconds(&of.record, of.record.start),
            "to": seconds(&of.record, of.record.start.saturating_add(of.record.duration)),
        })
    };
    asset.uses.iter().take(USES).map(one).collect()
}

/// A position of a range in seconds, to be drawn.
fn seconds(range: &TimelineRange, units: i64) -> f64 {
    let (over, under) = range.rate.split_once('/').unwrap_or((&range.rate, "1"));
    let rate = over.parse::<f64>().unwrap_or(0.0) / under.parse::<f64>().unwrap_or(1.0);
    if rate.is_finite() && rate > 0.0 { units as f64 / rate } else { 0.0 }
}

/// The address of a finding in the page, the same in later reports as long as rule and file are: `finding-0f3c…`.
fn address(finding: &Finding, about: &str) -> String {
    let mut hash = Sha256::new();
    let path = finding.path.as_deref().unwrap_or_default();
    // Of what is no file, only the words tell one finding from another.
    let words = if about.is_empty() { finding.message.as_str() } else { "" };
    for part in [finding.rule.as_str(), about, path, words] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = data_encoding::HEXLOWER.encode(&hash.finalize());
    format!("finding-{}", digest.get(..12).unwrap_or_default())
}

fn finding(finding: &Finding, about: &str) -> Value {
    json!({
        "id": address(finding, about),
        "rule": text(&finding.rule),
        "severity": finding.severity,
        "state": finding.state,
        "message": text(&finding.message),
        "help": text(&finding.help()),
        "approval": opt(finding.approval.as_ref()),
        "reason": opt(finding.reason.as_ref()),
    })
}

fn evidence(evidence: &[Evidence]) -> Vec<Value> {
    let mut sorted: Vec<_> = evidence.iter().collect();
    sorted.sort_by_key(|e| (e.claim, e.strength));
    let one = |e: &Evidence| {
        let mut one = json!({
            "mark": text(&e.mark), "claim": e.claim, "strength": e.strength, "system": opt(e.system.as_ref()),
            "where": text(&e.place), "offset": e.offset, "value": text(&e.value), "via": e.via,
        });
        if let Some(of) = &e.of {
            one["of"] = json!({ "asset": text(&of.asset), "relation": of.relation, "distance": of.distance, "votes": of.votes });
        }
        one
    };
    sorted.into_iter().take(ROWS).map(one).collect()
}

fn credentials(c2pa: &Credentials) -> Value {
    let manifest = |m: &countersign_model::Manifest| {
        json!({
            "depth": m.path.len(),
            "via": m.path.last().map(word),
            "label": text(&m.label),
            "title": opt(m.title.as_ref()),
            "generator": opt(m.generator.as_ref()),
            "signer": opt(m.signer.as_ref()),
            "issuer": opt(m.issuer.as_ref()),
            "signed_at": opt(m.signed_at.as_ref()),
            "actions": m.actions.iter().take(ROWS).map(|a| json!({
                "action": text(&a.action), "source": opt(a.source_type.as_ref()), "agent": opt(a.agent.as_ref()),
                "when": opt(a.when.as_ref()), "gathered": !a.created })).collect::<Vec<_>>(),
        })
    };
    json!({
        "state": c2pa.state,
        "signer": opt(c2pa.signer.as_ref()),
        "issuer": opt(c2pa.issuer.as_ref()),
        "signed_at": opt(c2pa.signed_at.as_ref()),
        "generator": opt(c2pa.generator.as_ref()),
        "trust_list": opt(c2pa.trust_list.as_ref()),
        "remote": opt(c2pa.remote.as_ref()),
        "where": opt(c2pa.place.as_ref()),
        "offset": c2pa.offset,
        "damage": opt(c2pa.damage.as_ref()),
        "failures": c2pa.failures.iter().take(ROWS).map(|f| text(f)).collect::<Vec<_>>(),
        "manifests": c2pa.manifests,
        "chain": c2pa.chain.iter().take(ROWS).map(manifest).collect::<Vec<_>>(),
    })
}

fn record(record: &RecordNote) -> Value {
    json!({
        "id": text(&record.id),
        "decision": text(&record.decision),
        "by": text(&record.by),
        "approver": text(&record.approver),
        "on": text(&record.decided_on),
        "until": opt(record.expires_on.as_ref()),
        "scopes": record.scopes.iter().take(ROWS).map(|s| text(s)).collect::<Vec<_>>(),
        "reference": opt(record.reference.as_ref()),
        "tool": opt(record.tool.as_ref()),
        "note": opt(record.note.as_ref()),
    })
}
