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
///
/// Pictures stand in text as one token of megabytes: only what stands around the signs is looked at.
fn tokens(part: &str, bag: &mut Bag, lead: &mut Option<usize>, at: usize) -> usize {
    let mut found = 0;
    let mut last = None;
    for sign in memchr::memchr2_iter(b':', b'=', part.as_bytes()) {
        let start = token_start(part, last, sign);
        last = Some(sign);
        let Some(start) = start else { continue };
        let (name, rest) = (part.get(start..sign).unwrap_or_default(), part.get(sign + 1..).unwrap_or_default());
        if name.is_empty() || name.len() > NAME || rest.chars().next().is_none_or(char::is_whitespace) {
            continue;
        }
        if let Some(field) = names::field(name) {
            bag.set(field, rest.split(char::is_whitespace).next().unwrap_or_default());
            lead.get_or_insert(at + start);
            found += 1;
        }
    }
    found
}

/// Where the run of anything but white space begins in which this sign stands; `None` where it stands behind another sign of
/// that run, or so far from the run's start that what is before it is longer than a [`NAME`].
fn token_start(text: &str, last: Option<usize>, sign: usize) -> Option<usize> {
    // A character of white space has three bytes at most.
    let window = (sign.saturating_sub(NAME + 4)..sign).find(|at| text.is_char_boundary(*at)).unwrap_or(sign);
    let from = last.map_or(0, |last| last + 1).max(window);
    let before = text.get(from..sign)?.trim_end_matches(|c: char| !c.is_whitespace());
    (!before.is_empty() || from == 0).then_some(from + before.len())
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
    // The query of an address is names and values too.
    let address = text.contains("://");
    // All that separates and quotes is ASCII, and no byte of another character looks like it.
    let (mut from, bytes) = (0, text.as_bytes());
    while let Some(by) = next_sign(bytes.get(from..).unwrap_or_default(), quote) {
        let at = from + by;
        from = at + 1;
        let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
        match (quote, bytes.get(at).copied().unwrap_or_default()) {
            (Some(_), _) => quote = None,
            // Quotes open after a separator only: the apostrophe of a word is none.
            (None, c @ (b'"' | b'\'')) => {
                if matches!(before, b' ' | b':' | b'=' | b'(' | b'[' | b'{' | b',') && closes(text, at, c) {
                    quote = Some(c);
                }
            }
            (None, b'?') if !address => {}
            (None, _) => {
                out.push((start, text.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
        }
    }
    out.push((start, text.get(start..).unwrap_or_default()));
    out
}

/// Where the open quote closes, or the next byte stands that separates or opens a quote.
fn next_sign(bytes: &[u8], quote: Option<u8>) -> Option<usize> {
    const SIGNS: [bool; 256] = {
        let mut out = [false; 256];
        let signs = b"\"'?\n\r,;|&\t";
        let mut at = 0;
        while at < signs.len() {
            out[signs[at] as usize] = true;
            at += 1;
        }
        out
    };
    match quote {
        Some(open) => memchr::memchr(open, bytes),
        None => bytes.iter().position(|b| SIGNS[usize::from(*b)]),
    }
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

    /// As [`parts`], byte by byte.
    fn parts_of_bytes(text: &str) -> Vec<(usize, &str)> {
        let (mut out, mut start, mut quote, mut before) = (Vec::new(), 0, None, b' ');
        let address = text.contains("://");
        for (at, c) in text.bytes().enumerate() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (None, b'"' | b'\'')
                    if matches!(before, b' ' | b':' | b'=' | b'(' | b'[' | b'{' | b',') && closes(text, at, c) =>
                {
                    quote = Some(c)
                }
                (None, b'?') if !address => {}
                (None, b'\n' | b'\r' | b',' | b';' | b'|' | b'&' | b'\t' | b'?') => {
                    out.push((start, &text[start..at]));
                    start = at + 1;
                }
                _ => {}
            }
            before = c;
        }
        out.push((start, &text[start..]));
        out
    }

    /// As [`tokens`], token by token: the names, the values and the first place.
    fn tokens_of_words(part: &str, at: usize) -> (usize, Option<usize>, Bag) {
        let (mut found, mut lead, mut bag) = (0, None, Bag::default());
        for token in part.split_whitespace() {
            let start = token.as_ptr() as usize - part.as_ptr() as usize;
            let Some((name, value)) = token.split_once([':', '=']) else { continue };
            if name.is_empty() || value.is_empty() || name.len() > NAME {
                continue;
            }
            if let Some(field) = names::field(name) {
                bag.set(field, value);
                lead.get_or_insert(at + start);
                found += 1;
            }
        }
        (found, lead, bag)
    }

    #[test]
    fn parts_and_tokens_are_those_of_looking_at_each_byte() {
        let pieces = [
            "seed",
            "steps",
            "cfg_scale",
            "prompt",
            "a barn",
            "don't",
            "x",
            "1",
            "7.5",
            ":",
            ":",
            "=",
            "=",
            " ",
            " ",
            "\n",
            "\t",
            ",",
            ";",
            "?",
            "://",
            "\"",
            "'",
            "(",
            "é",
            "\u{a0}",
            "\u{3000}",
            "\u{1F600}",
            "negative prompt",
            "aaaaaaaaaabbbbbbbbbbccccccccccddddddddd",
            "--",
            "{",
            "&",
            "|",
            "\u{85}",
            "€",
        ];
        let mut seed = 11_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize
        };
        for round in 0..20_000 {
            let text: String = (0..round % 24).map(|_| pieces[random() % pieces.len()]).collect();
            assert_eq!(parts(&text), parts_of_bytes(&text), "{text:?}");
            let (mut bag, mut lead) = (Bag::default(), None);
            let found = tokens(&text, &mut bag, &mut lead, 5);
            let (count, first, words) = tokens_of_words(&text, 5);
            assert_eq!((found, lead, format!("{bag:?}")), (count, first, format!("{words:?}")), "{text:?}");
        }
    }

    #[test]
    fn names_as_long_as_any_are_read_behind_any_blank() {
        for blank in ["", " ", "\u{a0}", "\u{3000}"] {
            for len in [NAME - 1, NAME, NAME + 1] {
                let text = format!("\u{1F600}{blank}{}steps:30", "-".repeat(len - 5));
                let (mut bag, mut lead) = (Bag::default(), None);
                let found = tokens(&text, &mut bag, &mut lead, 0);
                assert_eq!((found, lead), (tokens_of_words(&text, 0).0, tokens_of_words(&text, 0).1), "{text}");
                assert_eq!(found == 1, len <= NAME && !blank.is_empty() || len < NAME - 3, "{text}");
            }
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
