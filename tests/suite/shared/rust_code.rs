//! As much of Rust's grammar as the tests of the architecture need: what of a file is code, and which paths it names.
//!
//! Comments, literals and what is compiled for tests only are cut out. Grouped imports (`use crate::{a, b::{self, c}}`) are
//! taken apart, `self` and `super` are resolved, so that a path reads the same however it is written.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// The code of a file: comments gone, text and character literals emptied, items for tests only gone.
pub(crate) fn code(text: &str) -> String {
    without_test_items(&without_literals(text))
}

fn without_literals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word_before = out.chars().last().is_some_and(|l| l.is_alphanumeric() || l == '_');
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(len) = raw_literal(rest).filter(|_| !word_before) {
            out.push_str("\"\"");
            len
        } else if c == '"' {
            out.push_str("\"\"");
            literal(rest, '"')
        } else if let Some(len) = character(rest) {
            out.push_str("' '");
            len
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

/// The length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, `br"…"`, if that stands here.
fn raw_literal(text: &str) -> Option<usize> {
    let body = text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let inner = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = inner.find(&end).map_or(inner.len(), |at| at + end.len());
    Some(text.len() - inner.len() + len)
}

/// The length of a literal with escapes, from its first quote to its last.
fn literal(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.strip_prefix('\'')?.chars();
    let (first, second) = (chars.next()?, chars.next()?);
    (first == '\\' || second == '\'').then(|| literal(text, '\''))
}

/// Code without items under `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn without_test_items(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    loop {
        let next = ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|mark| rest.find(mark)).min();
        let Some(at) = next else { break };
        out.push_str(&rest[..at]);
        rest = &rest[at + item(&rest[at..])..];
    }
    out + rest
}

/// The length of an item with its attributes: up to a `;` or the end of a block, outside of any bracket.
fn item(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Every path that code names, from the root of the crate where it starts there: `crate::policy::Policy`, `std::fs::File`.
/// `module` is the path of the file's own module, for example `["rules", "wording"]`. A glob ends in `*`. What an import
/// calls by a shorter or another name is named in full: `f::read` after `use std::fs as f` is `std::fs::read`. A macro that is
/// called ends in `!`.
pub(crate) fn paths(code: &str, module: &[&str]) -> Vec<String> {
    let mut tokens = tokens(code).into_iter().peekable();
    let (mut out, mut imported) = (Vec::new(), BTreeMap::new());
    while let Some(token) = tokens.peek() {
        if !is_name(token) {
            tokens.next();
            continue;
        }
        let import = token == "use";
        if import {
            tokens.next();
        }
        let mut named = Vec::new();
        tree(&mut tokens, &[], &mut named);
        let called = !import && tokens.peek().is_some_and(|token| token == "!");
        for Named { path, name } in named {
            let path = absolute(&path, module) + if called { "!" } else { "" };
            if import {
                imported.insert(name, path.clone());
            }
            out.push(path);
        }
    }
    let in_full: Vec<_> = out.iter().map(|path| in_full(path, &imported)).collect();
    out.extend(in_full);
    out.sort();
    out.dedup();
    out
}

/// A path as it stands, and what its last part is called here.
struct Named {
    path: Vec<String>,
    name: String,
}

/// A path whose first part an import brought, from where the import brought it.
fn in_full(path: &str, imported: &BTreeMap<String, String>) -> String {
    let mut path = path.to_owned();
    // An import may stand on another one; one that names itself (`use clap::Args as clap`) ends it.
    for _ in 0..4 {
        let (first, rest) = path.split_once("::").unwrap_or((&path, ""));
        let Some(whole) = imported.get(first).filter(|whole| !whole.starts_with(&format!("{first}::"))) else { break };
        if whole == first {
            break;
        }
        path = if rest.is_empty() { whole.clone() } else { format!("{whole}::{rest}") };
    }
    path
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::`, `!=`, and every other character that is no space.
fn tokens(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_alphanumeric() || c == '_' {
            let word = name(&mut chars);
            // `r#name` is the name.
            if word != "r" || chars.next_if_eq(&'#').is_none() {
                out.push(word);
            }
            continue;
        }
        chars.next();
        if c == ':' && chars.peek() == Some(&':') {
            chars.next();
            out.push("::".to_owned());
        } else if c == '!' && chars.peek() == Some(&'=') {
            chars.next();
            out.push("!=".to_owned());
        } else if !c.is_whitespace() {
            out.push(c.to_string());
        }
    }
    out
}

fn name(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::new();
    while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
        name.push(c);
    }
    name
}

/// One path, or the paths of a group behind one.
fn tree<I: Iterator<Item = String>>(tokens: &mut Peekable<I>, before: &[String], out: &mut Vec<Named>) {
    let mut path = before.to_vec();
    while let Some(token) = tokens.next_if(|t| is_name(t) || t == "*" && !before.is_empty() || t == "{") {
        if token == "{" {
            // Only a group of an import stands right behind `::`.
            group(tokens, &path, out);
            return;
        }
        path.push(token);
        if tokens.next_if(|t| t == "::").is_none() {
            break;
        }
        if tokens.next_if(|t| t == "*").is_some() {
            path.push("*".to_owned());
            break;
        }
    }
    let alias = tokens.next_if(|t| t == "as").and_then(|_| tokens.next_if(|t| is_name(t)));
    if path.len() > before.len() {
        let name = path.iter().rfind(|part| *part != "self").cloned().unwrap_or_default();
        out.push(Named { name: alias.unwrap_or(name), path });
    }
}

fn group<I: Iterator<Item = String>>(tokens: &mut Peekable<I>, before: &[String], out: &mut Vec<Named>) {
    while let Some(token) = tokens.peek() {
        if token == "}" {
            tokens.next();
            return;
        }
        if is_name(token) || token == "*" {
            tree(tokens, before, out);
        } else {
            tokens.next();
        }
    }
}

/// A path from the crate's root, where `crate`, `self` or `super` starts it.
fn absolute(path: &[String], module: &[&str]) -> String {
    let ups = path.iter().take_while(|part| *part == "super").count();
    let own = path.first().is_some_and(|part| part == "self");
    let (base, rest): (&[&str], _) = match ups {
        0 if own => (module, &path[1..]),
        0 => return path.iter().filter(|part| *part != "self").cloned().collect::<Vec<_>>().join("::"),
        ups => (&module[..module.len().saturating_sub(ups)], &path[ups..]),
    };
    let rest = rest.iter().map(String::as_str).filter(|part| *part != "self");
    ["crate"].into_iter().chain(base.iter().copied()).chain(rest).collect::<Vec<_>>().join("::")
}

#[cfg(test)]
mod tests {
    use super::{code, paths};

    #[test]
    fn grouped_imports_are_taken_apart() {
        let text = "use crate::{limits, policy::{self, Policy as P}, rules::*};\nuse {std::{fs, io::{self, Read}}};";
        let want = [
            "crate::limits",
            "crate::policy",
            "crate::policy::Policy",
            "crate::rules::*",
            "std::fs",
            "std::io",
            "std::io::Read",
        ];
        let found = paths(text, &["judge"]);
        for path in want {
            assert!(found.iter().any(|f| f == path), "{path} in {found:?}");
        }
    }

    #[test]
    fn relative_paths_are_resolved() {
        let found = paths("super::super::policy::check(); use super::{wording}; self::x::y()", &["rules", "a"]);
        for path in ["crate::policy::check", "crate::rules::wording", "crate::rules::a::x::y"] {
            assert!(found.iter().any(|f| f == path), "{path} in {found:?}");
        }
    }

    #[test]
    fn other_names_do_not_hide_a_path() {
        let text = "use std as s;\nuse s::{fs as files};\nuse std::r#net::*;\nfn f() { files::read(1); s::io::stdout(); say!(a != b) }";
        let found = paths(text, &[]);
        for path in ["std::fs::read", "std::io::stdout", "std::net::*", "say!"] {
            assert!(found.iter().any(|f| f == path), "{path} in {found:?}");
        }
    }

    #[test]
    fn only_code_counts() {
        let text = "/* crate::a /* nested */ */ let s = \"crate::b \\\" crate::c\"; // crate::d\n\
            let r = r#\"crate::e \" \"#; let q = '\"'; fn f<'a>(x: &'a str) { crate::kept::f() }\n\
            #[cfg(test)]\nmod tests { use crate::g; fn h() { { } } }\n#[cfg(test)]\nuse crate::i;\nuse crate::also;";
        let found = paths(&code(text), &[]);
        let of_crate: Vec<_> = found.iter().filter(|path| path.starts_with("crate")).collect();
        assert_eq!(of_crate, ["crate::also", "crate::kept::f"]);
    }
}
