//! Shared by the reports that are text: colors that can be off, wrapping by display width, sizes and counts as people
//! write them.

use unicode_width::UnicodeWidthStr;

use crate::escape::terminal;
use countersign_model::{FindingAction, Piece};

/// ANSI SGR sequences, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Ink {
    /// Whether sequences are written; without, text stays as it is.
    pub color: bool,
}

/// What a piece of text is, for its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A failure, an error.
    Bad,
    /// A warning.
    Warn,
    /// A pass, an approval.
    Good,
    /// What the eye should find first.
    Strong,
    /// What explains something else.
    Faint,
}

impl Ink {
    /// `text` in its tone; unchanged without color.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Bad => "1;31",
            Tone::Warn => "1;33",
            Tone::Good => "1;32",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// `text` broken at spaces so that no line is wider than `width` where that can be had; the first line starts
/// with `first`, the others with as many columns of space. Words wider than a line are left whole: a path that is
/// broken cannot be copied.
#[must_use]
pub fn wrap(first: &str, text: &str, width: usize) -> String {
    let words = text.split(' ').filter(|word| !word.is_empty());
    fill(first, words.map(|word| (word.to_owned(), Place::Prose)), width)
}

/// As [`wrap`], for Markdown: lines of a command of ours (between backticks) end with `\` and its quoted words are whole,
/// so that it can be copied.
#[must_use]
pub fn wrap_markdown(first: &str, text: &str, width: usize) -> String {
    fill(first, words(text), width)
}

/// As [`wrap`], for what to do about a finding; made inert for a terminal. Commands can be copied.
#[must_use]
pub fn wrap_action(first: &str, action: &FindingAction, width: usize) -> String {
    match action {
        FindingAction::Text { text } => wrap_markdown(first, &terminal(text), width),
        action => fill(first, action_words(action), width),
    }
}

/// The words of a sentence with commands, each with where it ends.
fn action_words(action: &FindingAction) -> Vec<(String, Place)> {
    let mut out: Vec<(String, Place)> = Vec::new();
    let mut glued = false;
    for piece in action.pieces() {
        let (parts, command) = match &piece {
            Piece::Prose(text) => (text.split(' ').map(terminal).collect::<Vec<_>>(), false),
            Piece::Command(words) => (words.iter().map(|word| terminal(word)).collect(), true),
        };
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.into_iter().enumerate() {
            let open = if command && index == 0 { "`" } else { "" };
            let close = if command && index == last { "`" } else { "" };
            let place = if command && index != last { Place::Command } else { Place::Prose };
            let word = format!("{open}{part}{close}");
            match out.last_mut() {
                Some((before, then)) if glued && index == 0 => {
                    before.push_str(&word);
                    *then = place;
                }
                _ if word.is_empty() => {}
                _ => out.push((word, place)),
            }
        }
        // What follows a piece that does not end in a space is the same word.
        glued = !matches!(&piece, Piece::Prose(text) if text.ends_with(' '));
    }
    out
}

fn fill(first: &str, words: impl IntoIterator<Item = (String, Place)>, width: usize) -> String {
    let indent = first.width();
    let mut out = String::from(first);
    let mut column = indent;
    let mut fresh = true;
    let mut before = Place::Prose;
    for (word, place) in words {
        let most = width.saturating_sub(if place == Place::Prose { 0 } else { 2 });
        let wide = word.width();
        if !fresh && column + 1 + wide > most {
            out.push_str(if before == Place::Prose { "\n" } else { " \\\n" });
            out.push_str(&" ".repeat(indent));
            column = indent;
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(&word);
        column += wide;
        fresh = false;
        before = place;
    }
    out.push('\n');
    out
}

/// The words of a text, what is quoted in a command being one, each with where it ends.
fn words(text: &str) -> Vec<(String, Place)> {
    let mut out: Vec<(String, Place)> = Vec::new();
    for part in text.split(' ') {
        match out.last_mut() {
            Some((word, place @ (Place::Quoted | Place::Spelled))) => {
                word.push(' ');
                word.push_str(part);
                *place = place.after(part);
            }
            _ if part.is_empty() => {}
            last => {
                let place = last.map_or(Place::Prose, |(_, place)| *place);
                out.push((part.to_owned(), place.after(part)));
            }
        }
    }
    out
}

/// Where in a text a word ends, as far as commands go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Prose,
    /// Between backticks, after the name of our program.
    Command,
    /// Between `'` and `'`.
    Quoted,
    /// Between `$'` and `'`.
    Spelled,
}

impl Place {
    fn after(self, word: &str) -> Self {
        if self == Self::Prose && !word.starts_with("`countersign") {
            return self;
        }
        let (mut place, rest) = match self {
            Self::Prose => (Self::Command, word.trim_start_matches('`')),
            place => (place, word),
        };
        let (mut last, mut escaped) = (' ', false);
        for c in rest.chars() {
            let plain = !std::mem::take(&mut escaped);
            place = match (place, c) {
                (Self::Command, '`') => Self::Prose,
                (Self::Command, '\'') if plain && last == '$' => Self::Spelled,
                (Self::Command, '\'') if plain => Self::Quoted,
                (Self::Quoted, '\'') => Self::Command,
                (Self::Spelled, '\'') if plain => Self::Command,
                (Self::Command | Self::Spelled, '\\') if plain => {
                    escaped = true;
                    place
                }
                _ => place,
            };
            last = c;
        }
        place
    }
}

/// A manual page in Markdown as text for a terminal: paragraphs and points filled anew, without stars and hashes.
#[must_use]
pub fn plain(page: &str, width: usize) -> String {
    let mut out = String::new();
    for paragraph in page.replace("**", "").trim().split("\n\n") {
        if !out.is_empty() {
            out.push('\n');
        }
        // An example in a block, or a table, means its line breaks.
        if paragraph.lines().any(|line| line.starts_with(['|', ' ']) || line.starts_with("```")) {
            out.push_str(paragraph);
            out.push('\n');
            continue;
        }
        let mut text = String::new();
        for line in paragraph.lines() {
            match line.strip_prefix("- ") {
                Some(point) => text.push_str(&format!("\n{point}")),
                None => text.push_str(&format!(" {}", line.trim_start_matches('#'))),
            }
        }
        let points = text.starts_with('\n');
        for (index, part) in text.split('\n').enumerate().filter(|(_, part)| !part.is_empty()) {
            out.push_str(&wrap_markdown(if points || index > 0 { "- " } else { "" }, part, width));
        }
    }
    out
}

/// Bytes with a decimal unit: `35.4 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{} {}", number(bytes), UNITS[0]) } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A number with thousands separated: `172,800`.
#[must_use]
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `3 files`.
#[must_use]
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::Command;

    #[test]
    fn wrapping_keeps_the_width_and_long_words_whole() {
        let text = wrap("  Do  ", "replace it or record the approval", 22);
        assert_eq!(text, "  Do  replace it or\n      record the\n      approval\n");
        assert_eq!(wrap("", "/a/very/long/path/that/does/not/fit x", 10), "/a/very/long/path/that/does/not/fit\nx\n");
    }

    #[test]
    fn commands_can_be_pasted_from_several_lines() {
        let text = "Do it: `countersign approve 'my stills/it'\\''s a.png' --by NAME` now, it's late";
        let lines =
            "- Do it: `countersign \\\n  approve \\\n  'my stills/it'\\''s a.png' \\\n  --by NAME` now, it's\n  late\n";
        assert_eq!(wrap_markdown("- ", text, 24), lines);
        let spelled = wrap_markdown("", r"`countersign approve $'\012 \' b.png' --by NAME`", 24);
        assert_eq!(spelled, "`countersign approve \\\n$'\\012 \\' b.png' --by \\\nNAME`\n");
        assert_eq!(wrap_markdown("", "a `b c d` e", 6), "a `b c\nd` e\n");
    }

    #[test]
    fn actions_are_laid_out_as_the_text_of_an_older_report_is() {
        let command = |verb: &str, file: &str| {
            Command::new(verb, file.as_bytes(), b"my ledger.jsonl").option("--by NAME").option("--reference TICKET")
        };
        for file in ["stills/a.png", "my stills/it's a.png", "\u{202e}a \n.png", "`x`/b.png"] {
            let (approve, disclose) = (command("approve", file), command("approvals disclose", file));
            let actions = [
                FindingAction::ReviewEnhancement { approve: approve.clone(), disclose },
                FindingAction::RestoreOrApprove { approve: approve.clone(), record: "0197-a".to_owned() },
                FindingAction::RenewOrReplace { approve },
                FindingAction::ImportTrustList,
                FindingAction::ListUnusedRecords,
                FindingAction::KeepApproved,
            ];
            // A backtick in a quoted word ends the command for a reader of text: only for the others both agree.
            for action in actions.iter().filter(|action| !action.help().contains("`x`")) {
                let text = FindingAction::Text { text: action.help() };
                for width in [24, 40, 80] {
                    assert_eq!(wrap_action("  Do ", action, width), wrap_action("  Do ", &text, width));
                }
            }
        }
    }

    #[test]
    fn pages_are_filled_anew() {
        let page = "## a.b\n\n**What to do.** Ask\nfor it.\n\n- **Claims:** one, two\n- three\n\n    kept  as is";
        let text = "a.b\n\nWhat to do. Ask\nfor it.\n\n- Claims: one,\n  two\n- three\n\n    kept  as is\n";
        assert_eq!(plain(page, 15), text);
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(
            (size(999), size(35_400_000), size(1_000_000)),
            ("999 bytes".into(), "35.4 MB".into(), "1.0 MB".into())
        );
        assert_eq!((number(172_800), count(1, "file", "files")), ("172,800".into(), "1 file".into()));
    }
}
