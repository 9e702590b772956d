//! Shared by the papers (provenance, disclosure, supplier): pages that people read, print and sign.
//!
//! A paper is whole without a script: everything is in the markup. The Content Security Policy (CSP level 3, §2.3) allows its
//! style, and its script where it has one, by their hashes, pictures as data, and no request at all.

pub(crate) mod sheet;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::escape::{shorten, xml};
use crate::{Picture, RenderOptions};
use countersign_model::{AssetReport, RecordNote, ReportHeading, Run, Summary, Use};

const STYLE: &str = include_str!("paper.css");
/// Characters of a value that a paper shows.
const TEXT: usize = 1_200;
/// Pictures in one paper, and all their bytes: it is sent by mail.
const PICTURES: usize = 1_000;
const PICTURE_BYTES: usize = 24 * 1024 * 1024;

/// Text from a file as markup: bounded, nothing in it hidden, reordered or read as markup.
pub(crate) fn text(value: &str) -> String {
    xml(&shorten(value, TEXT))
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)))
}

/// What stands at the top of a paper.
pub(crate) struct Head<'a> {
    /// What the paper is called unless the user says otherwise.
    pub(crate) title: &'a str,
    /// What it is, in one sentence.
    pub(crate) lead: &'a str,
    /// The class of its body: `page` where each sheet begins a page of its own.
    pub(crate) class: &'a str,
    /// A script that adds to a paper that is whole without it.
    pub(crate) script: Option<&'a str>,
}

/// Writes the beginning: heading, production, what the paper rests on.
pub(crate) fn begin(out: &mut dyn Write, run: &Run, head: &Head<'_>) -> io::Result<()> {
    let heading = run.report.clone().unwrap_or_default();
    let title = heading.title.as_deref().unwrap_or(head.title);
    let script = head.script.map_or_else(|| "'none'".to_owned(), hash);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en-US\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {script}; \
         img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body class=\"{}\" data-scanned=\"{}\" data-policy=\"{}\">\n<main>\n\
         <h1>{}</h1>\n<p class=\"lead soft\">{}</p>\n",
        hash(STYLE),
        text(title),
        head.class,
        text(&run.started),
        text(&run.policy.sha256),
        text(title),
        text(head.lead)
    )?;
    out.write_all(production(&heading, run).as_bytes())
}

/// The production, the sender and the day.
fn production(heading: &ReportHeading, run: &Run) -> String {
    let roots: Vec<_> = run.roots.iter().map(|root| root.rsplit(['/', '\\']).next().unwrap_or(root)).collect();
    let rows = [
        ("Project", heading.project.clone()),
        ("Episode", heading.episode.clone()),
        ("From", heading.sender.clone()),
        ("Contact", heading.contact.clone()),
        ("Due", heading.due.clone()),
        ("Material", Some(roots.join(", "))),
        ("Examined", run.started.get(..10).map(str::to_owned)),
    ];
    let mut out = String::from("<dl class=\"heading\">\n");
    for (name, value) in rows.into_iter().filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?))) {
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", text(&value));
    }
    out + "</dl>\n"
}

/// Writes the end: what the paper rests on, and what it does not look at.
pub(crate) fn end(out: &mut dyn Write, run: &Run, summary: &Summary, script: Option<&str>) -> io::Result<()> {
    let ledger = run.approvals.as_ref().map_or_else(
        || "no record of approvals was given".to_owned(),
        |ledger| format!("{} approval records, head {}", ledger.records, text(&ledger.head)),
    );
    let lists: Vec<_> = run
        .trust
        .iter()
        .map(|list| match &list.issued {
            Some(day) => format!("{} ({})", text(&list.name), text(day)),
            None => text(&list.name),
        })
        .collect();
    let lists = if lists.is_empty() { "none: signers were not recognized".to_owned() } else { lists.join(", ") };
    writeln!(
        out,
        "<footer>\n<p>Made by Countersign {} on {} from the files named. Policy {} (SHA-256 <span class=\"mono\">{}</span>); {ledger}. \
         Trust lists: {lists}.</p>",
        text(&run.version),
        text(&run.started),
        text(&run.policy.name),
        text(&run.policy.sha256)
    )?;
    let passed = crate::not_looked_at::line(summary);
    if !passed.is_empty() {
        writeln!(out, "<p>Not looked at: {}.</p>", text(&passed))?;
    }
    if summary.interrupted {
        writeln!(out, "<p><b>Incomplete: the examination was stopped. What follows from it is only a part.</b></p>")?;
    }
    let script = script.map(|code| format!("<script>{code}</script>\n")).unwrap_or_default();
    writeln!(out, "</footer>\n</main>\n{script}</body>\n</html>")?;
    out.flush()
}

/// A list of names and values; what has no value is left out.
pub(crate) fn facts(rows: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", text(value));
    }
    if out.is_empty() { out } else { format!("<dl class=\"facts\">\n{out}</dl>\n") }
}

/// A table whose cells are text; on a narrow screen each row is a block.
pub(crate) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::from("<table class=\"stack\"><thead><tr>");
    for column in columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", text(column));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (column, cell) in columns.iter().zip(row) {
            let _ = write!(out, "<td data-h=\"{}\">{}</td>", text(column), text(cell));
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody></table>\n"
}

/// The asset by its name, with its root where there are several.
pub(crate) fn name(asset: &AssetReport, roots: &[String]) -> String {
    match roots.get(asset.root) {
        Some(root) if roots.len() > 1 => format!("{root}/{}", asset.path),
        _ => asset.path.clone(),
    }
}

/// Small pictures of assets, by the number under which each was asked for, as markup.
pub(crate) fn pictures(options: &RenderOptions, wanted: &[(usize, String)]) -> HashMap<usize, String> {
    let mut out = HashMap::new();
    let Some(preview) = &options.preview else { return out };
    let mut left = PICTURE_BYTES;
    let wanted = wanted.get(..wanted.len().min(PICTURES)).unwrap_or(wanted);
    preview.pictures(wanted, &mut |index, picture| {
        let Some((_, path)) = wanted.get(index) else { return };
        let markup = drawn(&picture, path);
        if let Some(rest) = left.checked_sub(markup.len()) {
            left = rest;
            out.insert(index, markup);
        }
    });
    out
}

fn drawn(picture: &Picture, path: &str) -> String {
    match picture {
        Picture::Jpeg(bytes) => format!(
            "<figure><img src=\"data:image/jpeg;base64,{}\" alt=\"Preview of {}\"></figure>\n",
            BASE64.encode(bytes),
            text(path)
        ),
        Picture::Waveform(peaks) => {
            let mut line = String::new();
            for (x, peak) in peaks.iter().enumerate() {
                let half = (u32::from(*peak) / 2).max(1);
                let _ = write!(line, "M{x}.5 {}V{}", 50u32.saturating_sub(half), 50 + half);
            }
            format!(
                "<figure><svg viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path d=\"{line}\" \
                 stroke=\"currentColor\" stroke-width=\".7\"/></svg><figcaption>Waveform</figcaption></figure>\n",
                peaks.len()
            )
        }
    }
}

/// How long a use is: `4.0 s (96 frames)`; nothing where the rate is unknown.
pub(crate) fn length(of: &Use) -> String {
    let (over, under) = of.record.rate.split_once('/').unwrap_or((&of.record.rate, "1"));
    let rate = over.trim().parse::<f64>().unwrap_or(0.0) / under.trim().parse::<f64>().unwrap_or(1.0);
    if !rate.is_finite() || rate <= 0.0 || of.record.duration <= 0 {
        return String::new();
    }
    // Above 400 a second nobody counts pictures.
    let unit = if rate <= 400.0 { "frames" } else { "samples" };
    format!("{:.1} s ({} {unit} at {}/s)", of.record.duration as f64 / rate, of.record.duration, of.record.rate)
}

/// The uses of an asset in cuts, as a table; a sentence where there is none.
pub(crate) fn uses(asset: &AssetReport) -> String {
    if asset.uses.is_empty() {
        let plays: Vec<_> = asset.plays.iter().map(crate::words::played).collect();
        return match (plays.is_empty(), asset.in_cut) {
            (false, _) => format!("<p>{}</p>\n", text(&plays.join("; "))),
            (true, Some(false)) => "<p>No timeline that was given plays it.</p>\n".to_owned(),
            _ => "<p>Not known: no timeline was given that plays it.</p>\n".to_owned(),
        };
    }
    let row = |of: &Use| {
        let timeline =
            if of.title.is_empty() { of.timeline.clone() } else { format!("{} ({})", of.title, of.timeline) };
        vec![
            timeline,
            format!("{} {}", of.track, of.event),
            format!("{} to {}", of.record.from, of.record.to),
            length(of),
            format!("{} to {}", of.source.from, of.source.to),
        ]
    };
    table(
        &["Timeline", "Track and event", "In the cut", "Length", "Of the source"],
        &asset.uses.iter().map(row).collect::<Vec<_>>(),
    )
}

/// The records that are about these very bytes or, where none is, about the path; the last word counts, and stands last.
pub(crate) fn records(asset: &AssetReport) -> Vec<&RecordNote> {
    asset.records.iter().filter(|record| record.by != "other-bytes").collect()
}

/// What the last record that says it says.
pub(crate) fn said(records: &[&RecordNote], get: impl Fn(&RecordNote) -> Option<String>) -> String {
    records.iter().rev().find_map(|record| get(record)).unwrap_or_default()
}

/// One record in one line.
pub(crate) fn record_line(record: &RecordNote) -> String {
    let mut out = format!("{} by {} on {}", record.decision, record.approver, record.decided_on);
    if let Some(day) = &record.expires_on {
        let _ = write!(out, ", until {day}");
    }
    if let Some(reference) = &record.reference {
        let _ = write!(out, ", reference {reference}");
    }
    let _ = write!(out, " (record {})", record.id);
    out
}

/// A clause as the beginning of a sentence.
pub(crate) fn capitalized(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

/// Where people sign.
pub(crate) const SIGNATURES: &str =
    "<div class=\"sign\"><div>Name and title</div><div>Signature</div><div>Date</div></div>\n";
