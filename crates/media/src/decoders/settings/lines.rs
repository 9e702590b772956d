//! Settings as text: `key: value` in lines or between commas, YAML, the `repr` of an object, options of a command line.

use super::bag::{Bag, Verdict};
use super::names::{self, Field};

/// Characters of a text that are looked at.
const LONGEST: usize = 256 * 1024;
/// The longest name of a setting.
const NAME: usize = 40;

/// The settings in a text, and how its author would have to be asked: as options, or as names and values.
pub(super) fn find(text: &str) -> Option<(Bag, Verdict)> {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let text = text.get(..end)?;
    [options(text), pairs(text)].into_iter().flatten().find_map(|bag| bag.judge().map(|verdict| (bag, verdict)))
}

/// `a red barn --steps 30 --seed=1`, `program --prompt "a red barn"`, `"a red barn" -s 50 -S 1 -C 7.5`.
fn options(text: &str) -> Option<Bag> {
    if !may_have_options(text) {
        return None;
    }
    let words = words(text);
    let first = words.iter().position(|word| !word.quoted && is_option(&word.text))?;
    let mut bag = Bag::default();
    let mut at = first;
    let mut known = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if word.quoted || !is_option(&word.text) {
            continue;
        }
        let name = word.text.trim_start_matches('-');
        let (name, given) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, None),
        };
        // A value runs to the next option: prompts are not always quoted.
        let from = at;
        while given.is_none() && words.get(at).is_some_and(|next| next.quoted || !is_option(&next.text)) {
            at += 1;
        }
        let value = given.unwrap_or_else(|| joined(words.get(from..at).unwrap_or_default()));
        let field = if word.text.starts_with("--") { names::field(name).or_else(|| brief(name)) } else { short(name) };
        known += usize::from(field.is_some());
        match field {
            Some(field @ (Field::Prompt | Field::WeakPrompt | Field::Negative)) => bag.set(field, &value),
            // Only the first word belongs to the option; text may follow.
            Some(field) => bag.set(field, value.split_whitespace().next().unwrap_or_default()),
            None => {}
        }
    }
    let before = words.get(..first).unwrap_or_default();
    let lead = match before {
        [only] if only.quoted => only.text.clone(),
        several => joined(several),
    };
    // A program's name and its arguments are no prompt; neither is anything before fewer options than three.
    if known >= 3
        && !lead.contains("://")
        && (lead.split_whitespace().count() > 1 || before.iter().any(|word| word.quoted))
    {
        bag.lead(&lead);
    }
    Some(bag)
}

/// Whether a dash stands where a word may begin, before a letter or another dash: any option begins so.
pub(super) fn may_have_options(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'-', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let begins =
            before.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, 0 | 0x0B | b'"' | b'\'') || !b.is_ascii());
        begins && bytes.get(at + 1).is_some_and(|b| *b == b'-' || b.is_ascii_alphabetic() || !b.is_ascii())
    })
}

/// One-letter options of the scripts that came with Stable Diffusion and of those modelled on them.
fn short(name: &str) -> Option<Field> {
    Some(match name {
        "p" => Field::Prompt,
        "n" => Field::Negative,
        "s" => Field::Steps,
        "S" => Field::Seed,
        "C" => Field::Guidance,
        "W" => Field::Width,
        "H" => Field::Height,
        "A" => Field::Sampler,
        "I" => Field::Source,
        _ => return None,
    })
}

/// Options behind a prompt, as services and training scripts take them: `a red barn --ar 16:9 --v 6 --stylize 250`.
fn brief(name: &str) -> Option<Field> {
    Some(match name {
        "no" | "n" => Field::Negative,
        "stylize" | "s" | "l" => Field::Guidance,
        "d" => Field::Seed,
        "v" | "niji" | "chaos" | "weird" | "sref" | "cref" | "iw" => Field::Extra,
        _ => return None,
    })
}

struct Word {
    text: String,
    quoted: bool,
}

fn is_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let dashes = word.len() - name.len();
    let letter = name.starts_with(char::is_alphabetic);
    letter && (dashes == 2 || (dashes == 1 && name.len() == 1))
}

fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The words of a command line; quotes hold several together.
fn words(text: &str) -> Vec<Word> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => rest.get(1..).and_then(|inner| inner.find(first)).map(|at| at + 1),
            _ => None,
        };
        let next = match end {
            Some(end) => {
                out.push(Word { text: rest.get(1..end).unwrap_or_default().to_owned(), quoted: true });
                end + 1
            }
            None => {
                // `--prompt="a b"` is one word.
                let mut quoted = None;
                let end = rest.char_indices().find(|(_, c)| match (quoted, *c) {
                    (None, '"') => {
                        quoted = Some('"');
                        false
                    }
                    (Some(open), c) if c == open => {
                        quoted = None;
                        false
                    }
                    (None, c) => c.is_whitespace(),
                    _ => false,
                });
                let end = end.map_or(rest.len(), |(at, _)| at);
                out.push(Word { text: rest.get(..end).unwrap_or_default().to_owned(), quoted: false });
                end
            }
        };
        rest = rest.get(next..).unwrap_or_default().trim_start();
        if out.len() >= 20_000 {
            break;
        }
    }
    out
}

/// Whether two signs stand in a text: two names, each with a sign behind it.
pub(super) fn may_have_pairs(text: &str) -> bool {
    memchr::memchr2_iter(b':', b'=', text.as_bytes()).nth(1).is_some()
}

/// Names and values, whatever stands between them.
fn pairs(text: &str) -> Option<Bag> {
    if !may_have_pairs(text) {
        return None;
    }
    let mut bag = Bag::default();
    let mut lead: Option<usize> = None;
    let mut last: Option<Field> = None;
    let mut found = 0;
    for (at, part) in parts(text) {
        let Some((field, value)) = pair(part) else {
            // A block of YAML or a value on the line below its name.
            if let Some(field) = last.filter(|_| !part.trim().is_empty()) {
                bag.set(field, part);
                last = None;
            }
            found += tokens(part, &mut bag, &mut lead, at);
            continue;
        };
        found += 1;
        lead.get_or_insert(at);
        let empty = ["", "|", ">", "|-", ">-"].contains(&value);
        last = empty.then_some(field);
        bag.set(field, value);
        tokens(value, &mut bag, &mut lead, at);
    }
    if let Some(lead) = lead.and_then(|at| text.get(..at)) {
        bag.lead(lead);
    }
    (found >= 2).then_some(bag)
}

/// `steps:30 seed:1` inside a part: names and values that only blanks separate.
fn tokens(part: &str, bag: &mut Bag, lead: &mut Option<usize>, at: usize) -> usize {
    if memchr::memchr2(b':', b'=', part.as_bytes()).is_none() {
        return 0;
    }
    let mut found = 0;
    let mut from = 0;
    while let Some((start, end)) = next_token(part, from) {
        from = end;
        let token = part.get(start..end).unwrap_or_default();
        let Some(sign) = memchr::memchr2(b':', b'=', token.as_bytes()) else { continue };
        let (name, value) = (token.get(..sign).unwrap_or_default(), token.get(sign + 1..).unwrap_or_default());
        if name.is_empty() || value.is_empty() || name.len() > NAME {
            continue;
        }
        if let Some(field) = names::field(name) {
            bag.set(field, value);
            lead.get_or_insert(at + start);
            found += 1;
        }
    }
    found
}

/// Where the next run of anything but white space begins and ends. Pictures stand in text as one token of megabytes: their
/// bytes are looked at one by one, characters only where they are not ASCII.
fn next_token(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut start = from;
    while let Some(len) = blank_at(text, start) {
        start += len;
    }
    if start >= text.len() {
        return None;
    }
    let bytes = text.as_bytes();
    let mut end = start;
    while let Some(b) = bytes.get(end) {
        match b {
            b'\t'..=b'\r' | b' ' => break,
            // No character of white space begins otherwise (U+0085, U+00A0, U+1680, U+2000 and following, U+3000).
            0xC2 | 0xE1..=0xE3 if blank_at(text, end).is_some() => break,
            _ => end += 1,
        }
    }
    Some((start, end))
}

/// The length of the white space that stands here, if it is white space.
fn blank_at(text: &str, at: usize) -> Option<usize> {
    match text.as_bytes().get(at)? {
        b'\t'..=b'\r' | b' ' => Some(1),
        0xC2 | 0xE1..=0xE3 => {
            let blank = text.get(at..)?.chars().next().filter(|c| c.is_whitespace())?;
            Some(blank.len_utf8())
        }
        _ => None,
    }
}

fn pair(part: &str) -> Option<(Field, &str)> {
    let at = memchr::memchr2(b':', b'=', part.as_bytes())?;
    let name = part.get(..at)?.trim().trim_start_matches(['-', '*', '#', '>', '(', '{', '[']).trim();
    let name = name.trim_matches(['"', '\'', '*', '`', '_']);
    // `Config(prompt='a barn'`: the name follows the bracket.
    let name = name.rsplit('(').next().unwrap_or(name).trim();
    if name.is_empty() || name.len() > NAME {
        return None;
    }
    let value = part.get(at + 1..)?.trim().trim_start_matches("**").trim();
    let value = value.trim_end_matches([')', '}']).trim().trim_matches(['"', '\'', '`']);
    Some((names::field(name)?, value))
}

/// Parts between line ends, commas, semicolons and bars that no quote holds together, with where each begins.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut quote: Option<u8> = None;
    let mut before = b' ';
    // The query of an address is names and values too.
    let address = text.contains("://");
    // All that separates and quotes is ASCII, and no byte of another character looks like it.
    let (mut at, bytes) = (0, text.as_bytes());
    while let Some(&c) = bytes.get(at) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            // Quotes open after a separator only: the apostrophe of a word is none.
            (None, b'"' | b'\'')
                if matches!(before, b' ' | b':' | b'=' | b'(' | b'[' | b'{' | b',') && closes(text, at, c) =>
            {
                quote = Some(c)
            }
            (None, b'?') if !address => {}
            (None, b'\n' | b'\r' | b',' | b';' | b'|' | b'&' | b'\t' | b'?') => {
                out.push((start, text.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
            _ => {}
        }
        before = c;
        at += 1;
    }
    out.push((start, text.get(start..).unwrap_or_default()));
    out
}

/// Whether a quote is closed before the end of its line.
fn closes(text: &str, at: usize, quote: u8) -> bool {
    let rest = text.as_bytes().get(at + 1..).unwrap_or_default();
    let near = rest.get(..8_192).unwrap_or(rest);
    memchr::memchr2(b'\n', quote, near).is_some_and(|at| near.get(at) == Some(&quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_where_white_space_does() {
        let every: String = (0..=0x3100).filter_map(char::from_u32).collect();
        for text in ["", " ", "a", " a  b\u{a0}c\u{3000}d\u{2003}", "é\u{85}ü\u{1680}x€", "\u{1c}a\u{b}b", &every] {
            let (mut from, mut found) = (0, Vec::new());
            while let Some((start, end)) = next_token(text, from) {
                found.push(&text[start..end]);
                from = end;
            }
            assert_eq!(found, text.split_whitespace().collect::<Vec<_>>(), "{text:?}");
        }
    }

    #[test]
    fn a_value_without_signs_is_passed_over() {
        for text in ["", "a barn", "steps 30 seed 1", "steps: 30", "e-mail", "2-3", "a - b"] {
            assert!(!may_have_options(text) && !may_have_pairs(text), "{text}");
            assert!(find(text).is_none(), "{text}");
        }
        assert!(may_have_pairs("steps: 30, seed: 1") && may_have_options("a barn -s 50"));
    }
}
