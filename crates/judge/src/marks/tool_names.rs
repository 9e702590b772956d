//! Names of programs and services as they stand in tool fields: with versions, vendors, paths, endings and addresses.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use serde::Deserialize;

use crate::marks::pattern::holds_in_any_case;
use countersign_model::{Claim, Strength};

/// One program.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    /// What it is called in reports.
    pub(super) name: String,
    /// How it is spelled, where that is not the name; `-`, `_` and `.` are as good as blanks.
    #[serde(default)]
    spelled: Vec<String>,
    /// Whether it also does other things: then its name only hints.
    #[serde(default)]
    more: bool,
    /// Whether the name is also an ordinary word: then it counts only where it is the whole field.
    #[serde(default)]
    word: bool,
    #[serde(default)]
    pub(super) claim: Option<Claim>,
}

/// Programs, made ready to be compared when they are first asked for.
pub(super) struct Tools {
    tools: Vec<Tool>,
    names: OnceLock<Names>,
}

/// The programs: all else is made from them.
impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.tools).finish()
    }
}

/// The names of programs, cut into words.
struct Names {
    /// The names of each program.
    of_tools: Vec<Vec<Vec<String>>>,
    /// First words of names → the tools that have such a name, in order.
    by_first: HashMap<String, Vec<usize>, RandomState>,
    /// For each first byte of these words, the lengths of those that begin with it, a bit each.
    begun: Vec<u64>,
}

/// A program that a field names.
pub(super) struct Named<'a> {
    pub(super) tool: &'a Tool,
    /// `None` where the field is its name, and nothing but that.
    pub(super) strength: Option<Strength>,
}

/// Words that say that something was not used.
const NEGATIONS: &[&str] =
    &["not", "no", "off", "none", "without", "disabled", "never", "non", "false", "unused", "kein", "keine", "sans"];
/// Words that may stand around a name without making it something else.
const AROUND: &[&str] = &[
    "ai",
    "app",
    "cpp",
    "py",
    "exe",
    "rs",
    "js",
    "cli",
    "gui",
    "inc",
    "com",
    "io",
    "org",
    "net",
    "www",
    "http",
    "https",
    "web",
    "webui",
    "ui",
    "studio",
    "desktop",
    "beta",
    "alpha",
    "rc",
    "pro",
    "plus",
    "ultra",
    "turbo",
    "max",
    "mini",
    "lite",
    "hd",
    "by",
    "labs",
    "lab",
    "api",
    "model",
    "image",
    "images",
    "video",
    "audio",
    "music",
    "generator",
    "generation",
    "the",
    "for",
    "via",
    "macos",
    "windows",
    "linux",
    "ios",
    "android",
    "x64",
    "x86",
    "arm64",
    "amd64",
    "mac",
    "win64",
    "build",
    "version",
    "release",
    "dev",
    "master",
    "commit",
    "git",
    "github",
    "python",
    "lib",
    "large",
    "medium",
    "small",
    "base",
    "xl",
    "openai",
    "google",
    "microsoft",
    "meta",
    "adobe",
    "amazon",
    "aws",
    "stability",
    "bytedance",
    "huggingface",
    "software",
    "created",
    "generated",
    "made",
    "with",
    "using",
    "creator",
    "node",
    "server",
    "client",
    "main",
    "text",
    "to",
    "v",
    "r",
    "edition",
    "community",
    "engine",
    "pipeline",
    "official",
    "nightly",
    "stable",
    "cloud",
    "online",
    "speech",
];

/// Letters and digits in words, in lower case.
fn words(text: &str) -> Vec<String> {
    if text.is_ascii() {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        return words.map(str::to_ascii_lowercase).collect();
    }
    let lower = text.to_lowercase().replace('·', "-");
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A version, a commit or a platform's number.
fn is_version(word: &str) -> bool {
    let digits = word.trim_start_matches(['v', 'r', 'b']);
    let hexadecimal = word.len() >= 6 && word.chars().all(|c| c.is_ascii_hexdigit());
    hexadecimal || digits.starts_with(|c: char| c.is_ascii_digit())
}

/// The bit that stands for words of a length.
fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

impl Tool {
    /// Its names, in words.
    fn names(&self) -> impl Iterator<Item = Vec<String>> {
        let name = std::iter::once(&self.name).filter(|_| self.spelled.is_empty());
        name.chain(&self.spelled).map(|name| words(name))
    }
}

impl Names {
    fn of(tools: &[Tool]) -> Self {
        let mut out =
            Self { of_tools: Vec::with_capacity(tools.len()), by_first: HashMap::default(), begun: vec![0; 256] };
        for (at, tool) in tools.iter().enumerate() {
            let names: Vec<_> = tool.names().collect();
            for first in names.iter().filter_map(|name| name.first()) {
                let of_byte = first.bytes().next().and_then(|b| out.begun.get_mut(usize::from(b)));
                of_byte.into_iter().for_each(|lengths| *lengths |= length_bit(first.len()));
                let of_word = out.by_first.entry(first.clone()).or_default();
                if of_word.last() != Some(&at) {
                    of_word.push(at);
                }
            }
            out.of_tools.push(names);
        }
        out
    }
}

impl Names {
    /// The other words of the names that begin with a word.
    fn begun_by<'n>(&'n self, word: &'n str) -> impl Iterator<Item = &'n [String]> {
        let tools = self.by_first.get(word).into_iter().flatten();
        let names = tools.filter_map(|at| self.of_tools.get(*at)).flatten();
        names.filter_map(|name| name.split_first()).filter(move |(first, _)| *first == word).map(|(_, rest)| rest)
    }
}

impl Tools {
    /// Programs of which nobody has tried the names yet.
    ///
    /// # Errors
    /// A name without a letter.
    pub(super) fn checked(tools: Vec<Tool>) -> Result<Self, String> {
        match tools.iter().find(|tool| tool.names().any(|name| name.is_empty())) {
            Some(tool) => Err(format!("the tool {:?} has no name to compare", tool.name)),
            None => Ok(Self::trusted(tools)),
        }
    }

    /// Programs of which a test has tried the names: those of the built-in catalogue.
    pub(super) fn trusted(tools: Vec<Tool>) -> Self {
        Self { tools, names: OnceLock::new() }
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.tools))
    }

    /// The claims that the programs make where theirs differ from the mark's.
    pub(super) fn claims(&self) -> impl Iterator<Item = Claim> {
        self.tools.iter().filter_map(|tool| tool.claim)
    }

    /// The program that a field's value names.
    pub(super) fn find(&self, value: &str) -> Option<Named<'_>> {
        if value.len() > 1024 {
            return None;
        }
        if !self.may_name(value) {
            return None;
        }
        let field = words(value);
        if field.iter().any(|word| NEGATIONS.contains(&word.as_str())) {
            return None;
        }
        // `/opt/app/bin/program.exe` names its last part; `org/program` may name either.
        let path = value.trim().rsplit(['/', '\\']).next().map(words).filter(|last| last.len() < field.len());
        let whole = [Some(&field), path.as_ref()].into_iter().flatten();
        let mut best: Option<(usize, Named<'_>)> = None;
        for field in whole {
            for (spelled, tool) in self.begun_in(field) {
                let Some(name) = spelled.iter().filter(|name| is_whole(field, name)).max_by_key(|name| name.len())
                else {
                    continue;
                };
                if best.as_ref().is_none_or(|(length, _)| name.len() > *length) {
                    best = Some((name.len(), Named { tool, strength: tool.more.then_some(Strength::Hint) }));
                }
            }
        }
        if let Some((_, named)) = best {
            return Some(named);
        }
        let within = |name: &Vec<String>| field.windows(name.len()).any(|part| part == name.as_slice());
        let (_, tool) = self.begun_in(&field).find(|(spelled, tool)| !tool.word && spelled.iter().any(within))?;
        Some(Named { tool, strength: Some(Strength::Hint) })
    }

    /// Whether a word of this value begins a name of which the other words stand in it, too. First letter and length of the
    /// word tell for nearly every field.
    fn may_name(&self, value: &str) -> bool {
        if !value.is_ascii() {
            return true;
        }
        let names = self.names();
        let (mut from, bytes) = (0, value.as_bytes());
        while from < bytes.len() {
            let mut to = from;
            while bytes.get(to).is_some_and(u8::is_ascii_alphanumeric) {
                to += 1;
            }
            let first = bytes.get(from).map_or(0, u8::to_ascii_lowercase);
            let begun = names.begun.get(usize::from(first)).copied().unwrap_or_default();
            if to > from && begun & length_bit(to - from) != 0 {
                let word = value.get(from..to).unwrap_or_default().to_ascii_lowercase();
                if names.begun_by(&word).any(|rest| rest.iter().all(|w| holds_in_any_case(bytes, w.as_bytes()))) {
                    return true;
                }
            }
            from = to + 1;
        }
        false
    }

    /// The programs with a name whose first word stands in the field, in order: no other can be named there.
    fn begun_in(&self, field: &[String]) -> impl Iterator<Item = (&Vec<Vec<String>>, &Tool)> {
        let names = self.names();
        let begun: BTreeSet<usize> =
            field.iter().filter_map(|word| names.by_first.get(word)).flatten().copied().collect();
        begun.into_iter().filter_map(|at| Some((names.of_tools.get(at)?, self.tools.get(at)?)))
    }
}

/// Whether a field is this name with nothing around it but versions, vendors and the like.
fn is_whole(field: &[String], name: &[String]) -> bool {
    let Some(at) = field.windows(name.len()).position(|part| part == name) else { return false };
    let (before, after) = (field.get(..at).unwrap_or_default(), field.get(at + name.len()..).unwrap_or_default());
    let plain = |word: &String| AROUND.contains(&word.as_str()) || is_version(word);
    before.len() <= 4 && after.len() <= 8 && before.iter().chain(after).all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> Tools {
        let of = |text: &str| -> Tool { toml::from_str(text).unwrap() };
        Tools::checked(vec![
            of("name = 'Stable Diffusion'"),
            of("name = 'stable-diffusion.cpp'"),
            of("name = 'Sora'\nspelled = ['sora']\nword = true"),
            of("name = 'Runway'\nspelled = ['runway', 'runwayml']\nmore = true\nword = true"),
        ])
        .unwrap()
    }

    #[test]
    fn names_are_found_with_what_stands_around_them() {
        let tools = tools();
        for (value, expected, sure) in [
            ("Stable Diffusion", "Stable Diffusion", true),
            ("stable-diffusion.cpp", "stable-diffusion.cpp", true),
            ("/usr/local/bin/stable-diffusion.cpp master-1a2b3c4", "stable-diffusion.cpp", true),
            (r"C:\Tools\Stable_Diffusion.exe", "Stable Diffusion", true),
            ("Stable Diffusion XL v1.0 (by Stability AI)", "Stable Diffusion", true),
            ("OpenAI Sora 2", "Sora", true),
            ("Krita 5.2 with Stable Diffusion plugin", "Stable Diffusion", false),
            ("RunwayML", "Runway", false),
        ] {
            let named = tools.find(value).unwrap_or_else(|| panic!("{value}"));
            assert_eq!((named.tool.name.as_str(), named.strength.is_none()), (expected, sure), "{value}");
        }
    }

    #[test]
    fn only_values_that_hold_all_words_of_a_name_are_taken_apart() {
        let tools = tools();
        for (value, may) in [
            ("stable DIFFUSION", true),
            ("Diffusion, unstable or Stable", true),
            ("Stable Image", false),
            ("Diffusion", false),
            ("Stable", false),
            ("sora", true),
            ("Adobe Photoshop", false),
            ("", false),
            // Other letters are told apart word by word.
            ("é", true),
        ] {
            assert_eq!(tools.may_name(value), may, "{value}");
        }
    }

    #[test]
    fn other_words_are_no_names() {
        let tools = tools();
        for value in [
            "",
            "Soraya Photo",
            "Veolia Imagen Sora Luma",
            "Stable Diffusion: off",
            "no Stable Diffusion",
            "Diffusion Stable",
        ] {
            assert!(tools.find(value).is_none(), "{value}");
        }
    }
}
