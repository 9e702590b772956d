//! How the terminal report ends: what was not looked at, what stands open by rule, and the verdict again, so that it is
//! on the last screen of a long report.

use std::io::{self, Write};

use super::Terminal;
use super::kept::{Kept, Open};
use crate::escape::terminal;
use crate::layout::{Tone, count, number};
use crate::not_looked_at;
use crate::words::{counts, outcome};
use countersign_model::{Severity, Summary};

/// Rules that the table at the end lists.
const RULES: usize = 16;

impl Terminal<'_> {
    pub(super) fn closing(&mut self, kept: &Kept, summary: &Summary) -> io::Result<()> {
        writeln!(self.out)?;
        self.passed_over(summary)?;
        self.line("", "A file without marks is not thereby authentic or made by people: marks can be removed.")?;
        self.line("", "Explain a finding: countersign rules RULE. All a file says: countersign inspect FILE.")?;
        self.again(kept, summary)
    }

    /// What is open by rule, worst first, and the verdict as the last line.
    fn again(&mut self, kept: &Kept, summary: &Summary) -> io::Result<()> {
        let open = open(kept, summary);
        if open.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}", self.ink.paint(Tone::Strong, "Open"))?;
        let wide = open.iter().map(|(rule, _)| rule.len()).max().unwrap_or(0);
        for (rule, of) in open.iter().take(RULES) {
            let tone = if of.severity == Severity::Error { Tone::Bad } else { Tone::Warn };
            let tone = if of.severity == Severity::Note { Tone::Faint } else { tone };
            let severity = self.ink.paint(tone, &format!("{:<7}", of.severity.word()));
            let row = format!("{:>5}  {rule:<wide$}  {}", number(of.found), of.first);
            // A row is a line: what is longer is in the sections above.
            let room = self.options.width.saturating_sub(10);
            writeln!(self.out, "  {severity} {}", one_line(&row, room))?;
        }
        if open.len() > RULES {
            writeln!(self.out, "  and {}", count((open.len() - RULES) as u64, "rule more", "rules more"))?;
        }
        let (tone, word, _) = outcome(summary);
        writeln!(self.out, "\n{}  {}", self.ink.paint(tone, word), counts(summary))
    }

    /// With `-v`, by name what the run did not look at.
    fn passed_over(&mut self, summary: &Summary) -> io::Result<()> {
        let not = &summary.not_looked_at;
        if self.options.detail <= 0 || not.paths.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{}", self.ink.paint(Tone::Strong, "Not looked at"))?;
        for passed in &not.paths {
            let path = match self.roots.get(passed.root) {
                Some(root) if self.roots.len() > 1 => format!("{root}/{}", passed.path),
                _ => passed.path.clone(),
            };
            self.line("  ", &terminal(&format!("{path} ({})", not_looked_at::why(passed.why))))?;
        }
        let all = not.excluded + not.system + not.unverified_packages + not.closed_archives + not.media_not_read;
        let rest = all.saturating_sub(not.paths.len() as u64);
        if rest > 0 {
            self.line("  ", &format!("and {rest} more"))?;
        }
        writeln!(self.out)
    }
}

/// Open findings by rule: errors before warnings before notes, most first.
fn open(kept: &Kept, summary: &Summary) -> Vec<(String, Open)> {
    let mut rules = kept.open();
    for package in &summary.packages {
        for finding in &package.findings {
            let about = || terminal(finding.path.as_ref().unwrap_or(&package.root));
            Open::add(&mut rules, finding, about);
        }
    }
    for finding in &summary.findings_of_run {
        Open::add(&mut rules, finding, || terminal(first_words(&finding.message)));
    }
    let mut open: Vec<_> = rules.into_iter().collect();
    open.sort_by_key(|(_, of)| (std::cmp::Reverse(of.severity), std::cmp::Reverse(of.found)));
    for (_, of) in open.iter_mut().filter(|(_, of)| of.found > 1) {
        of.first = format!("{} and {} more", of.first, number(of.found - 1));
    }
    open
}

/// What a finding is about that is of the run and no file, by the first words of its message: the sections above have all.
fn first_words(message: &str) -> &str {
    message.split([',', '(', ':']).next().unwrap_or_default().trim()
}

/// The text within so many columns; of what is too long the end stays, where names differ.
fn one_line(text: &str, room: usize) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if text.width() <= room {
        return text.to_owned();
    }
    let head: Vec<char> = text.chars().collect();
    let (mut left, mut start, mut end) = (room.saturating_sub(1), String::new(), Vec::new());
    // The counts and the rule are at the beginning; half of the rest is for the end of the name.
    let keep = left.saturating_sub(left / 3);
    for c in &head {
        let wide = c.width().unwrap_or(0);
        if start.width() + wide > keep {
            break;
        }
        start.push(*c);
    }
    left = left.saturating_sub(start.width());
    for c in head.iter().rev() {
        let wide = c.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        end.push(*c);
    }
    let end: String = end.into_iter().rev().collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::{first_words, one_line};

    #[test]
    fn a_record_is_told_by_its_number() {
        let message = "record 000001-467b8259 (approved by Jane on 2026-01-01) matched no asset: it is about p0.png";
        assert_eq!(first_words(message), "record 000001-467b8259");
    }
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_row_stays_on_its_line_and_keeps_the_end_of_a_name() {
        assert_eq!(one_line("short", 5), "short");
        let row = one_line("    1  unreadable-asset  a/very/long/way/down/the/folders/to/reel_2.mov", 40);
        assert_eq!(row.width(), 40);
        assert!(row.starts_with("    1  unreadable-asset") && row.ends_with("reel_2.mov"), "{row}");
        assert!(one_line(&"東京".repeat(40), 21).width() <= 21);
    }
}
