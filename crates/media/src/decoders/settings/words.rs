//! Words and options of which one is in any settings, in whatever case: they alone sort out most fields. They are looked for
//! by an automaton of plain words, which takes an eighth of the time of a regular expression to be made.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// Words of which one is in any settings that have no options.
const OF_VALUES: &[&str] = &[
    "seed",
    "steps",
    "guidance",
    "cfg",
    "sampler",
    "prompt",
    "negative",
    "scheduler",
    "generat",
    "voice",
    "created",
    "software",
];
/// Words of which one is in the name of a field, where each setting has a field of its own.
const OF_KEYS: &[&str] =
    &["prompt", "seed", "step", "sampl", "sched", "solver", "cfg", "guid", "neg", "voice", "positive"];

/// Whether a value holds a word or an option that any settings hold.
pub(super) fn are_in_value(value: &str) -> bool {
    static WORDS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    WORDS.get_or_init(|| automaton(OF_VALUES)).as_ref().is_some_and(|words| words.is_match(value))
        || has_option(value)
        || has_other_letters(value)
}

/// Whether the name of a field holds a word that the names of settings hold.
pub(super) fn are_in_key(key: &str) -> bool {
    static WORDS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    WORDS.get_or_init(|| automaton(OF_KEYS)).as_ref().is_some_and(|words| words.is_match(key))
}

fn automaton(words: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
}

/// The long s and the sign of the kelvin, which are an s and a k where case does not matter.
fn has_other_letters(value: &str) -> bool {
    !value.is_ascii() && value.contains(['\u{17F}', '\u{212A}'])
}

/// Options behind white space: `-S 17`, `-C7.5`, `--ar`.
fn has_option(value: &str) -> bool {
    memchr::memchr_iter(b'-', value.as_bytes()).any(|at| {
        let (before, behind) = value.split_at_checked(at).unwrap_or_default();
        if !before.ends_with(char::is_whitespace) {
            return false;
        }
        match behind.as_bytes() {
            [_, b'-', letter, ..] => letter.is_ascii_alphabetic(),
            [_, b's' | b'S' | b'c' | b'C', b' ', digit, ..] | [_, b's' | b'S' | b'c' | b'C', digit, ..] => {
                // Other scripts have digits too.
                digit.is_ascii_digit() || !digit.is_ascii()
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_options_are_found_in_any_case() {
        for value in [
            "Seed: 1",
            "x SAMPLER y",
            "a cat -S 17",
            "a cat\n-c7.5",
            "a cat --ar 3:2",
            "a\u{a0}--v 6",
            "\u{17F}ampler",
            "a cat -S \u{661}\u{667}",
            "a cat -\u{17F} 17",
        ] {
            assert!(are_in_value(value), "{value}");
        }
        for value in ["", "a cat", "see d", "a cat-S 17", "--ar", "a -S x", "a -S  7", "a - -", "a --", "a -c", "ä–s 1"]
        {
            assert!(!are_in_value(value), "{value}");
        }
        assert!(are_in_key("My_CFG") && are_in_key("negative") && !are_in_key("title") && !are_in_key(""));
    }
}
