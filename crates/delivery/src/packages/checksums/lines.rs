//! One line of a list of checksums: `digits  name` and `digits *name` (GNU Coreutils manual, section 6.5), the form with the
//! algorithm's name (BSD), Simple File Verification (`name digits`), and what md5deep writes with sizes (`-z`) or commas (`-c`).

use super::by_digits;
use crate::packages::{Algorithm, Digest};

/// What a list says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The path as it is meant: escapes are undone.
    pub(super) path: String,
    /// A backslash in the path is one, and a line end, too.
    pub(super) literal: bool,
    /// The file's size in bytes, where it is stated.
    pub(super) size: Option<u64>,
    pub(super) digests: Vec<Digest>,
}

impl Entry {
    fn of(path: &str, digest: Digest) -> Self {
        Self { path: path.to_owned(), digests: vec![digest], ..Self::default() }
    }
}

/// What one line says; `algorithm` where something before it does, else the number of digits tells.
pub(super) fn entry(line: &str, list: &str, algorithm: Option<Algorithm>) -> Option<Entry> {
    if algorithm == Some(Algorithm::Crc32) {
        let (path, digits) = line.trim_end().rsplit_once([' ', '\t'])?;
        let entry = Entry::of(path.trim(), Digest::parse(Algorithm::Crc32, digits)?);
        return Some(entry).filter(|entry| !entry.path.is_empty());
    }
    // A name with a backslash or a line end in it is written with others before them, and the line with one before all.
    let (escaped, line) = line.strip_prefix('\\').map_or((false, line), |line| (true, line));
    let mut entry = tagged(line).or_else(|| plain(line, list, algorithm)).or_else(|| sized(line, list, algorithm))?;
    if escaped {
        entry.path = unescaped(&entry.path);
        entry.literal = true;
    }
    Some(entry)
}

/// `MD5 (name) = digits`, also without the blanks, as OpenSSL writes it.
fn tagged(line: &str) -> Option<Entry> {
    let (algorithm, rest) = line.split_once('(')?;
    let algorithm = Algorithm::named(algorithm.trim())?;
    let (path, digits) = rest.rsplit_once(')')?;
    let digits = digits.trim().strip_prefix('=')?.trim();
    Some(Entry::of(path, Digest::parse(algorithm, digits)?))
}

/// `digits  name`, `digits *name`, `digits,name`; digits alone are those of the file whose name the list has.
fn plain(line: &str, list: &str, algorithm: Option<Algorithm>) -> Option<Entry> {
    let line = line.trim_start();
    let end = line.find([' ', '\t', ',']).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let digest = Digest::parse(algorithm.or_else(|| by_digits(digits))?, digits)?;
    if let Some(path) = rest.strip_prefix(',') {
        return Some(Entry::of(path, digest)).filter(|_| !path.is_empty());
    }
    let path =
        rest.get(1..).map_or(rest, |path| path.strip_prefix([' ', '*']).unwrap_or(path)).trim_start_matches('\t');
    match path.trim().is_empty() {
        true => list.rsplit_once('.').map(|(stem, _)| Entry::of(stem, digest)),
        false => Some(Entry::of(path, digest)),
    }
}

/// `bytes  digits  name`, `bytes,digits,name`: a size stands before the digits.
fn sized(line: &str, list: &str, algorithm: Option<Algorithm>) -> Option<Entry> {
    let (size, rest) = line.trim_start().split_once([' ', '\t', ','])?;
    let size = size.parse().ok()?;
    let entry = plain(rest, list, algorithm)?;
    Some(Entry { size: Some(size), ..entry })
}

/// The name with its escapes undone: `\\`, `\n` and `\r`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn lines_of_every_program_are_read() {
        let md5 = Some(Algorithm::Md5);
        let upper = ABC.to_uppercase();
        for (line, list, path, size) in [
            (format!("{ABC}  reel/one.mov"), "a.md5", "reel/one.mov", None),
            (format!("{ABC} *one two.mov"), "a.md5", "one two.mov", None),
            (format!("{upper}\tone.mov"), "a.md5", "one.mov", None),
            (format!("{ABC} one.mov"), "a.md5", "one.mov", None),
            (format!("\\{ABC}  a\\\\b.mov"), "a.md5", "a\\b.mov", None),
            (format!("\\{ABC}  a\\nb\\\\n.mov"), "a.md5", "a\nb\\n.mov", None),
            (format!("MD5 (one (2).mov) = {ABC}"), "a.md5", "one (2).mov", None),
            (format!("\\MD5 (a\\\\b.mov) = {ABC}"), "a.md5", "a\\b.mov", None),
            (format!("MD5(one.mov)= {ABC}"), "a.md5", "one.mov", None),
            (ABC.to_owned(), "one.mov.md5", "one.mov", None),
            (format!("      1234  {ABC}  /v/one.mov"), "a.md5", "/v/one.mov", Some(1234)),
            (format!("{ABC},/v/one, two.mov"), "a.md5", "/v/one, two.mov", None),
            (format!("12,{ABC},/v/one.mov"), "a.md5", "/v/one.mov", Some(12)),
        ] {
            let found = entry(&line, list, md5).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.path.as_str(), found.size), (path, size), "{line}");
            assert_eq!(found.digests.iter().map(Digest::text).collect::<Vec<_>>(), [ABC], "{line}");
        }
        let sfv = entry("one two.mov 352441C2", "a.sfv", Some(Algorithm::Crc32)).unwrap();
        assert_eq!((sfv.path.as_str(), sfv.digests[0].text().as_str()), ("one two.mov", "352441c2"));
        for line in ["notes about hashes", "900150983cd24fb0  short", "MD5 (x) 12", "deadbeef", "12 13"] {
            assert!(entry(line, "a.md5", md5).is_none(), "{line}");
        }
    }
}
