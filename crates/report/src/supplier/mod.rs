//! The supplier page: what whoever sent the delivery must do, without commands of ours. One HTML file that is whole without a
//! script; with one, what is written into its boxes is saved as a file to be sent back.
//!
//! Against an earlier report (`--baseline`) it says what was resolved, what is still open, and what is new.

mod asks;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::paper::{self, Head, capitalized, name, text};
use crate::{EarlierFinding, Info, Kind, RenderOptions, Report};
use countersign_model::{AssetReport, Finding, FindingState, FindingSubject, Outcome, Run, Severity, Summary};

/// What the supplier must do.
pub static KIND: Kind = Kind {
    info: Info {
        id: "supplier",
        summary: "what the sender of the delivery must do, with boxes for answers, as one page",
    },
    start,
};

const SCRIPT: &str = include_str!("../paper/answers.js");
/// Notes that are listed; of more, the rest is counted.
const NOTES: usize = 200;

fn start<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Page { out, options, run: Run::default(), items: Vec::new(), seen: BTreeSet::new() })
}

struct Page<'w> {
    out: Box<dyn Write + 'w>,
    options: RenderOptions,
    run: Run,
    items: Vec<Item>,
    /// Path and rule of all findings that are there still, whatever became of them.
    seen: BTreeSet<(String, String)>,
}

/// One thing to do.
struct Item {
    path: String,
    severity: Severity,
    /// Whether the earlier report held it too; `None` where there is none.
    earlier: Option<bool>,
    rule: String,
    message: String,
    ask: String,
}

impl Report for Page<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.run = run.clone();
        Ok(())
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        for finding in &asset.findings {
            self.take(name(asset, &self.run.roots), &asset.path, finding);
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        for package in &summary.packages {
            for finding in &package.findings {
                let path = finding.path.clone().unwrap_or_else(|| package.root.clone());
                self.take(path, &package.root, finding);
            }
        }
        let head = Head {
            title: "Your delivery: what needs to be done",
            lead: "What was found when the delivery was examined, and what is asked of you.",
            class: "",
            script: Some(SCRIPT),
        };
        paper::begin(&mut self.out, &self.run, &head)?;
        self.out.write_all(self.verdict(summary).as_bytes())?;
        self.out.write_all(self.difference().as_bytes())?;
        let parts = [
            (Severity::Error, "To be resolved", "The delivery cannot be accepted until these are resolved."),
            (Severity::Warning, "To be answered", "These do not stop the delivery by themselves; an answer is needed."),
            (Severity::Note, "For your information", "Nothing needs to be done unless you know better."),
        ];
        for (severity, title, lead) in parts {
            self.out.write_all(self.part(severity, title, lead).as_bytes())?;
        }
        self.out.write_all(HOW_TO_ANSWER.as_bytes())?;
        paper::end(&mut self.out, &self.run, summary, Some(SCRIPT))
    }
}

const HOW_TO_ANSWER: &str = "<h2>How to answer</h2>\n<p>Write into the boxes and save your answers as a file, or print the \
    page and write on it; then send either to the contact named above.</p>\n\
    <p class=\"screen\"><button type=\"button\" id=\"save\" hidden>Save my answers as a file</button></p>\n\
    <p id=\"saved\" role=\"status\"></p>\n";

impl Page<'_> {
    fn take(&mut self, path: String, key: &str, finding: &Finding) {
        let counts = matches!(finding.state, FindingState::Open | FindingState::Baseline);
        // What policy and ledger lack is for whoever keeps them.
        let ours = matches!(finding.subject, FindingSubject::Policy | FindingSubject::Ledger);
        if !counts || ours {
            return;
        }
        self.seen.insert((key.to_owned(), finding.rule.clone()));
        let held = |earlier: &EarlierFinding| earlier.rule == finding.rule && earlier.paths().any(|path| path == key);
        let before = self.options.earlier.as_ref().map(|earlier| earlier.iter().any(held));
        self.items.push(Item {
            path,
            severity: finding.severity,
            earlier: before.map(|held| held || finding.state == FindingState::Baseline),
            rule: finding.rule.clone(),
            message: finding.message.clone(),
            ask: asks::ask(&finding.action),
        });
    }

    fn count(&self, severity: Severity) -> usize {
        self.items.iter().filter(|item| item.severity == severity).count()
    }

    fn verdict(&self, summary: &Summary) -> String {
        let due = self.run.report.as_ref().and_then(|heading| heading.due.as_ref());
        let due = due.map(|day| format!(" by {}", text(day))).unwrap_or_default();
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        let many = |n: usize| if n == 1 { "1 item".to_owned() } else { format!("{n} items") };
        let ask = match (errors, warnings) {
            (0, 0) => "Nothing is asked of you.".to_owned(),
            (0, n) => format!("{} to be answered{due}.", many(n)),
            (n, 0) => format!("{} to be resolved{due}.", many(n)),
            (n, m) => format!("{} to be resolved and {} to be answered{due}.", many(n), many(m)),
        };
        let (tone, word) = match summary.outcome {
            _ if summary.interrupted => ("bad", "The examination was stopped; this page is not complete."),
            Outcome::Fail => ("bad", "The delivery cannot be accepted as it is."),
            Outcome::Incomplete => ("bad", "The delivery cannot be accepted yet: not everything could be examined."),
            Outcome::Pass if errors > 0 => {
                ("warn", "Nothing new stands against the delivery; earlier items are still open.")
            }
            Outcome::Pass if warnings > 0 => {
                ("warn", "Nothing that was found stops the delivery; there are questions.")
            }
            Outcome::Pass => ("good", "Nothing that was found stops the delivery."),
        };
        format!("<div class=\"verdict {tone}\"><p><b>{word}</b></p><p>{ask}</p></div>\n")
    }

    /// What became of the items of the last delivery.
    fn difference(&self) -> String {
        let Some(earlier) = &self.options.earlier else { return String::new() };
        let still = |path: &str, e: &EarlierFinding| self.seen.contains(&(path.to_owned(), e.rule.clone()));
        let gone = |e: &&EarlierFinding| !e.paths().any(|path| still(path, e));
        let resolved: Vec<_> = earlier.iter().filter(gone).collect();
        let open =
            self.items.iter().filter(|item| item.earlier == Some(true) && item.severity > Severity::Note).count();
        let new =
            self.items.iter().filter(|item| item.earlier == Some(false) && item.severity > Severity::Note).count();
        let mut out = format!(
            "<h2>Since the last delivery</h2>\n<p>Resolved: <b>{}</b>. Still open: <b>{open}</b>. New: <b>{new}</b>.</p>\n",
            resolved.len()
        );
        if !resolved.is_empty() {
            out.push_str("<ul class=\"plain\">\n");
            for item in resolved.iter().take(NOTES) {
                let _ = writeln!(
                    out,
                    "<li>Resolved: <span class=\"mono\">{}</span><br><span class=\"soft\">{}</span></li>",
                    text(&item.path),
                    text(&capitalized(&item.message))
                );
            }
            if resolved.len() > NOTES {
                let _ = writeln!(out, "<li>and {} more</li>", resolved.len() - NOTES);
            }
            out.push_str("</ul>\n");
        }
        out
    }

    fn part(&self, severity: Severity, title: &str, lead: &str) -> String {
        let items: Vec<_> = self.items.iter().filter(|item| item.severity == severity).collect();
        if items.is_empty() {
            return String::new();
        }
        let mut out = format!("<h2>{title} ({})</h2>\n<p class=\"soft\">{lead}</p>\n", items.len());
        let most = if severity == Severity::Note { NOTES } else { usize::MAX };
        for (number, item) in items.iter().take(most).enumerate() {
            out.push_str(&item.markup(severity, number + 1));
        }
        if items.len() > most {
            let _ = writeln!(out, "<p>and {} more</p>", items.len() - most);
        }
        out
    }
}

impl Item {
    fn markup(&self, severity: Severity, number: usize) -> String {
        let since = match self.earlier {
            Some(true) => " <span class=\"tag old\">still open</span>",
            Some(false) if severity > Severity::Note => " <span class=\"tag new\">new</span>",
            _ => "",
        };
        let mut out = format!(
            "<div class=\"item\"><h3>{number}. <span class=\"mono\">{}</span>{since}</h3>\n<p>{}.</p>\n<p class=\"do\">{}</p>\n",
            text(&self.path),
            text(&capitalized(&self.message)),
            text(&self.ask)
        );
        if severity > Severity::Note {
            let _ = writeln!(
                out,
                "<label>Your answer<textarea data-path=\"{}\" data-rule=\"{}\" data-message=\"{}\"></textarea></label>",
                text(&self.path),
                text(&self.rule),
                text(&self.message)
            );
        }
        out + "</div>\n"
    }
}
