//! Text from outside as rules and reports both need it: which characters deceive, words that a
//! shell reads back, cells that a spreadsheet does not run.

use std::fmt::Write;

/// Characters that print nothing (some of which XML cannot hold) and change how the rest is read (bidi controls, joiners, tags, variation selectors).
#[must_use]
pub fn deceives(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// A name as one word of a POSIX shell, which no terminal and no report has to escape any further: what cannot be
/// printed stands in `$'…'` (POSIX.1-2024, 2.2.4), each byte in octal.
#[must_use]
pub fn shell_word(name: &[u8]) -> String {
    if name.starts_with(b"-") {
        return shell_word(&[b"./", name].concat());
    }
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    match std::str::from_utf8(name) {
        Ok(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Ok(text) if !text.chars().any(hidden) => format!("'{}'", single(text)),
        _ => format!("$'{}'", dollar(name)),
    }
}

/// What stands between `'` and `'`.
#[must_use]
pub fn single(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// What stands between `$'` and `'`.
#[must_use]
pub fn dollar(name: &[u8]) -> String {
    let mut out = String::new();
    let octal = |out: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let _ = write!(out, "\\{byte:03o}");
        }
    };
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '\'' => out.extend(['\\', c]),
                c if hidden(c) => octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        octal(&mut out, chunk.invalid());
    }
    out
}

/// Whether a spreadsheet may run this cell as a formula, quotes and spaces before it aside; also where some program takes a
/// control character at its start off and then does.
#[must_use]
pub fn is_formula(cell: &str) -> bool {
    let first = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'').chars().next();
    first.is_some_and(|c| "=+-@|%＝＋－＠".contains(c)) || cell.trim_start_matches('\'').starts_with(['\t', '\r', '\n'])
}

/// One cell of CSV (RFC 4180): quoted where that needs it and where it holds one of `also`, which other readers take for a
/// separator; what a spreadsheet would run as a formula gets an apostrophe before it.
#[must_use]
pub fn csv_cell(text: &str, also: &[char]) -> String {
    let cell = if is_formula(text) { format!("'{text}") } else { text.to_owned() };
    let special = cell.contains([',', '"', '\n', '\r']) || cell.contains(also);
    match special || cell.starts_with(' ') || cell.ends_with(' ') {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

/// The text of a cell without the apostrophe that [`csv_cell`] put before it.
#[must_use]
pub fn from_csv_cell(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

fn hidden(c: char) -> bool {
    c.is_control() || deceives(c)
}

/// The beginning of a text on one line: at most `most` characters, control characters as blanks, and `…` where there is more.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_stay_one_word_in_commands() {
        assert_eq!(shell_word(b"a/b-1.png"), "a/b-1.png");
        assert_eq!(shell_word("münchen/東京.png".as_bytes()), "münchen/東京.png");
        assert_eq!(shell_word(b"a b.png"), "'a b.png'");
        assert_eq!(shell_word(b"it's $(x).png"), r"'it'\''s $(x).png'");
        assert_eq!(shell_word(b"-rf"), "./-rf");
        assert_eq!(shell_word(b""), "''");
    }

    #[test]
    fn cells_are_no_formulas_and_come_back() {
        assert_eq!(csv_cell("=cmd|'/c calc'!A1", &['\'']), "\"'=cmd|'/c calc'!A1\"");
        assert_eq!(
            (csv_cell("a,b", &[]), csv_cell("a b", &[]), csv_cell("", &[])),
            ("\"a,b\"".into(), "a b".into(), String::new())
        );
        for text in
            ["=1", "+1", "-1", "@x", "|x", "%x", "＝1", " =1", "'=1", "\"=1", "\tx", "'\tx", "\n=1", "plain", "'a", ""]
        {
            let guarded = if is_formula(text) { format!("'{text}") } else { text.to_owned() };
            assert_eq!(from_csv_cell(&guarded), text);
            assert!(!guarded.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{guarded:?}");
        }
    }

    #[test]
    fn what_cannot_be_printed_is_spelled_in_octal() {
        assert_eq!(shell_word("a\u{202e}gnp.'\\x".as_bytes()), r"$'a\342\200\256gnp.\'\\x'");
        assert_eq!(shell_word(b"a\n\x1b[2J7.png"), r"$'a\012\033[2J7.png'");
        assert_eq!(shell_word(b"a\xFF.png"), r"$'a\377.png'");
    }
}
