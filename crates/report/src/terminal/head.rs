//! How the terminal report begins: the verdict in a word, the run in numbers, and what the verdict rests on.

use std::io::{self, Write};

use super::kept::Kept;
use super::{Terminal, files_in_rows};
use crate::escape::terminal;
use crate::folders;
use crate::layout::{count, number, size};
use crate::not_looked_at;
use crate::words::{counts, outcome};
use countersign_model::Summary;

impl Terminal<'_> {
    /// The verdict, the run in numbers, and what it rests on.
    pub(super) fn verdict(&mut self, kept: &Kept, summary: &Summary) -> io::Result<()> {
        let (tone, word, meaning) = outcome(summary);
        writeln!(self.out, "{}  {meaning}\n", self.ink.paint(tone, word))?;
        let roots: Vec<_> = self.roots.iter().map(|r| terminal(r)).collect();
        self.line(
            "  Scanned     ",
            &format!("{}, {} in {}", files_in_rows(summary.assets, self.rows), size(summary.bytes), roots.join(", ")),
        )?;
        let ai = &summary.by_ai;
        let marked = [
            (ai.generated, "generated"),
            (ai.composite, "composite"),
            (ai.enhanced, "enhanced"),
            (ai.possible, "possible"),
        ];
        let marked: Vec<_> = marked.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        let marked = if marked.is_empty() { "none found".to_owned() } else { marked.join(", ") };
        self.line("  AI marks    ", &marked)?;
        self.line("  Findings    ", &counts(summary))?;
        if summary.not_judged > 0 {
            self.line("  Not judged  ", &not_judged(kept, summary.not_judged))?;
        }
        if summary.from_cache > 0 {
            let known =
                format!("{} not read again: what they say is known from an earlier run", files(summary.from_cache));
            self.line("  From cache  ", &known)?;
        }
        let passed = not_looked_at::line(summary);
        if !passed.is_empty() {
            self.line("  Left out    ", &terminal(&format!("not looked at: {passed}")))?;
        }
        for hint in folders::lines(summary) {
            self.line("  Roles       ", &terminal(&hint))?;
        }
        self.inputs()
    }

    /// What the verdict rests on: policy, ledger, trust lists.
    fn inputs(&mut self) -> io::Result<()> {
        let Some(run) = self.run.clone() else { return Ok(()) };
        let ledgers: Vec<_> = run
            .approvals
            .iter()
            .chain(&run.further_approvals)
            .map(|a| format!("{} ({})", terminal(&a.path), count(a.records as u64, "record", "records")))
            .collect();
        let ledger = if ledgers.is_empty() { "no approvals ledger given".to_owned() } else { ledgers.join(", ") };
        self.line("  Judged by   ", &format!("policy {}; {ledger}", terminal(&run.policy.name)))?;
        for file in &run.catalogue.files {
            let marks = count(file.marks as u64, "mark", "marks");
            self.line(
                "  Own marks   ",
                &format!("{} ({marks}, SHA-256 {})", terminal(&file.path), terminal(&file.sha256)),
            )?;
        }
        let lists: Vec<_> = run
            .trust
            .iter()
            .map(|t| {
                let overdue = t.is_overdue(&run.started).then(|| "past its next update".to_owned());
                let notes: Vec<_> = [t.standing.clone(), t.issued.clone(), overdue].into_iter().flatten().collect();
                match notes.is_empty() {
                    true => terminal(&t.name),
                    false => format!("{} ({})", terminal(&t.name), terminal(&notes.join(", "))),
                }
            })
            .collect();
        let lists = if lists.is_empty() { "none (signers cannot be recognized)".to_owned() } else { lists.join(", ") };
        self.line("  Trust       ", &lists)
    }
}

/// The files that were not judged, by why: the ones are findings that stand in the way, the others mostly papers.
fn not_judged(kept: &Kept, all: u64) -> String {
    let (unread, unknown) = kept.not_judged();
    if unread + unknown != all {
        return files(all);
    }
    let unread = (unread > 0).then(|| format!("{} not read to the end", number(unread)));
    let unknown = (unknown > 0).then(|| format!("{} of no kind that is read", number(unknown)));
    let parts: Vec<_> = unread.into_iter().chain(unknown).collect();
    format!("{}: {}", files(all), parts.join(", "))
}

fn files(n: u64) -> String {
    count(n, "file", "files")
}
