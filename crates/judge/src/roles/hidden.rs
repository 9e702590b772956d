//! Patterns that can never decide, because an earlier one always fits where they do.
//!
//! Of the later pattern, paths of every sort that it means are made: its wildcards stand for nothing, for one letter, for
//! several, its `**` for no folder, one and several, its alternatives for each of them. The letters are such as no pattern
//! spells, so what fits them does so by a wildcard of its own. Only where the earlier pattern fits all of these paths is
//! the later one hidden. What cannot be spelled out (more paths than are tried, classes that exclude) is never called so.

use super::{Matcher, Pattern};

/// Letters that no pattern is likely to spell: each has neither case nor a digit's meaning.
const LETTERS: [char; 4] = ['\u{4e00}', '\u{4e8c}', '\u{4e09}', '\u{56db}'];
/// Paths that are tried of one pattern.
const MOST: usize = 4096;
/// Members of a class `[a-z]` that are spelled out.
const CLASS: usize = 64;

/// Of each row that an earlier one always hides: its number and that of the earlier one.
#[must_use]
pub fn rows(patterns: &[Pattern]) -> Vec<(usize, usize)> {
    let paths: Vec<_> = patterns.iter().map(paths).collect();
    let hides = |later: usize| {
        let tried = paths.get(later)?.as_ref()?;
        let earlier = patterns.get(..later)?;
        earlier
            .iter()
            .position(|earlier| tried.iter().all(|path| earlier.matches(path)))
            .map(|earlier| (later, earlier))
    };
    (0..patterns.len()).filter_map(hides).collect()
}

/// A path of each sort that the pattern means; `None` where they cannot all be told.
fn paths(pattern: &Pattern) -> Option<Vec<String>> {
    let spelled = match &pattern.matcher {
        Matcher::Glob(glob) => spelled(glob.spelled())?,
        Matcher::Words(words) => {
            let folders = words.samples().into_iter();
            folders.flat_map(|f| [format!("{f}/一"), format!("一/{f}/一"), format!("一/二/{f}/三/四")]).collect()
        }
    };
    // A path that the pattern itself does not mean shows that it was spelled in a way that is not known here.
    spelled.iter().all(|path| pattern.matches(path)).then_some(spelled).filter(|paths| !paths.is_empty())
}

/// The texts that a glob spells, cut short as the head of this file says.
fn spelled(glob: &str) -> Option<Vec<String>> {
    let mut done = vec![String::new()];
    let mut rest = glob;
    while let Some(first) = rest.chars().next() {
        let (choices, used) = if let Some(inner) = rest.strip_prefix("**") {
            let slash = inner.starts_with('/');
            (folders(slash, inner.is_empty()), 2 + usize::from(slash))
        } else {
            match first {
                '*' => (["", "一", "一二三四"].map(str::to_owned).to_vec(), 1),
                '?' => (vec![LETTERS[0].to_string()], 1),
                '[' => class(rest)?,
                '{' => alternatives(rest)?,
                '\\' => {
                    let next = rest.chars().nth(1)?;
                    (vec![next.to_string()], 1 + next.len_utf8())
                }
                other => (vec![other.to_string()], other.len_utf8()),
            }
        };
        if done.len().checked_mul(choices.len())? > MOST {
            return None;
        }
        done = done.iter().flat_map(|start| choices.iter().map(move |choice| format!("{start}{choice}"))).collect();
        rest = rest.get(used..)?;
    }
    Some(done)
}

/// What `**` stands for: folders before something, or all that is below.
fn folders(slash: bool, last: bool) -> Vec<String> {
    match (slash, last) {
        (true, _) => ["", "一/", "一/二/三/"].map(str::to_owned).to_vec(),
        (false, true) => ["一", "一/二", "一/二/三/四"].map(str::to_owned).to_vec(),
        // Not beside a slash it is two `*`.
        (false, false) => ["", "一", "一二三四"].map(str::to_owned).to_vec(),
    }
}

/// The members of a class, and its length.
fn class(text: &str) -> Option<(Vec<String>, usize)> {
    let end = text.get(2..)?.find(']')? + 2;
    let inner: Vec<char> = text.get(1..end)?.chars().collect();
    if matches!(inner.first(), Some('!' | '^')) {
        return None;
    }
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(first) = inner.get(at).copied() {
        let last = (inner.get(at + 1) == Some(&'-')).then(|| inner.get(at + 2).copied()).flatten();
        out.extend((first..=last.unwrap_or(first)).take(CLASS + 1).map(String::from));
        at += if last.is_some() { 3 } else { 1 };
        if out.len() > CLASS {
            return None;
        }
    }
    Some((out, end + 1))
}

/// The alternatives `{a,b}`, and their length; those inside one another are not spelled out.
fn alternatives(text: &str) -> Option<(Vec<String>, usize)> {
    let end = text.find('}')?;
    let inner = text.get(1..end)?;
    if inner.contains(['{', '[', '\\']) || inner.contains("**") {
        return None;
    }
    let mut out = Vec::new();
    for alternative in inner.split(',') {
        out.extend(spelled(alternative)?);
    }
    Some((out, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(earlier: &str, later: &str) -> bool {
        let patterns = [earlier, later].map(|text| Pattern::new(text).unwrap());
        rows(&patterns) == [(1, 0)]
    }

    #[test]
    fn a_pattern_is_hidden_only_where_the_earlier_one_always_fits() {
        for (earlier, later) in [
            ("**/temp/**", "**/temp/**"),
            ("**/temp/**", "**/TEMP/keep/**"),
            ("**/temp/**", "/temp/*.png"),
            ("*.dpx", "hero/*.DPX"),
            ("**", "a/b.png"),
            ("**/*", "~temp/"),
            ("~temp/", "**/temp_vfx/**"),
            ("~temp/", "~Temps/"),
            ("{a,b}/**", "b/c/*.tif"),
            ("hero/", "**/hero/shots/**"),
            ("**/shot_???/**", "**/shot_01[0-9]/**"),
        ] {
            assert!(hidden(earlier, later), "{earlier} hides {later}");
        }
        for (earlier, later) in [
            ("**/temp/keep/**", "**/temp/**"),
            ("/temp/**", "**/temp/**"),
            ("hero/*.png", "hero/**"),
            ("a/*", "a/**"),
            ("*.png", "*.p?g"),
            ("?.png", "*.png"),
            ("**/a?/**", "**/a*/**"),
            ("~temp/", "**/temp*/**"),
            ("**/temp/**", "~temp/"),
            // `new temp comp` ends with the words of the one and neither begins nor ends with that of the other.
            ("~temp/", "~temp comp/"),
            ("{a,b}/**", "{a,c}/**"),
            ("**/[!a]/**", "**/[!b]/**"),
            ("**/[a-c]/**", "**/[a-d]/**"),
            ("*.png", "*"),
        ] {
            assert!(!hidden(earlier, later), "{earlier} does not hide {later}");
        }
    }
}
