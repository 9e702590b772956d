//! A whole list of checksums, of which nothing is looked for yet.

use super::lines::{self, Entry};
use super::tables::Table;
use crate::packages::Algorithm;
use countersign_media::tags::charset;

/// How hashdeep begins its lists.
const HASHDEEP: &str = "%%%% HASHDEEP-";

/// What a list says.
#[derive(Default)]
pub(super) struct List {
    pub(super) entries: Vec<Entry>,
    /// Lines that say nothing, and the number of the first of them.
    pub(super) strange: usize,
    pub(super) first: usize,
    /// It has more lines than are read.
    pub(super) cut: bool,
}

impl List {
    /// The lines of a list, at most `most` of them; `None` for what is none, whatever its name.
    pub(super) fn read(bytes: &[u8], name: &str, algorithm: Option<Algorithm>, most: usize) -> Option<Self> {
        let text = charset::sidecar(bytes)?;
        // What is no text all through may be something else behind it.
        if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\0' | '\u{1a}')) {
            return None;
        }
        let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\0', '\u{1a}']);
        // Old systems ended lines with a carriage return alone.
        let ends = if text.contains('\n') { '\n' } else { '\r' };
        let mut out = Self::default();
        let mut table: Option<Table> = None;
        let mut hint = None;
        for (number, line) in text.split(ends).enumerate() {
            let line = line.trim_end_matches(['\r', '\0']);
            if out.entries.is_empty() && table.is_none() {
                table = Table::head(line);
                if table.is_some() {
                    continue;
                }
            }
            if line.trim().is_empty() || is_comment(line, algorithm) {
                hint = noted_algorithm(line);
                continue;
            }
            if out.entries.len() >= most {
                out.cut = true;
                break;
            }
            let found = match &table {
                Some(table) => table.entry(line),
                None => lines::entry(line, name, algorithm.or_else(|| hint.take())),
            };
            match found {
                Some(entry) => out.entries.push(entry),
                None => {
                    out.strange += 1;
                    out.first = if out.strange == 1 { number + 1 } else { out.first };
                }
            }
        }
        // Notes about checksums may be called as one.
        let is_list = !out.entries.is_empty() && out.entries.len() >= out.strange;
        (is_list || out.strange > 0 && text.starts_with(HASHDEEP) || out.cut).then_some(out)
    }
}

/// Whether a line is for people. In Simple File Verification names stand first, and may begin with anything but `;`.
fn is_comment(line: &str, algorithm: Option<Algorithm>) -> bool {
    let names_first = algorithm == Some(Algorithm::Crc32);
    line.starts_with(';') || !names_first && (line.starts_with(['#', '%']) || line.starts_with("//"))
}

/// The algorithm that a comment of corz checksum gives for the line after it: `#sha1#name#2010.03.11@20.55:06`.
fn noted_algorithm(line: &str) -> Option<Algorithm> {
    let (name, rest) = line.strip_prefix('#')?.split_once('#')?;
    // What it calls BLAKE2 is BLAKE2s.
    let name = if name.eq_ignore_ascii_case("blake2") { "blake2s" } else { name };
    Algorithm::named(name).filter(|_| rest.contains('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Digest;

    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

    fn read(text: &str, name: &str, algorithm: Option<Algorithm>) -> Option<List> {
        List::read(text.as_bytes(), name, algorithm, 100)
    }

    fn names(list: &List) -> Vec<&str> {
        list.entries.iter().map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn what_is_no_text_all_through_is_no_list() {
        let line = format!("{ABC}  a.mov\n").into_bytes();
        assert!(List::read(&line, "a.md5", None, 9).is_some());
        assert!(List::read(&[&line[..], b"\x89PNG\r\n\x1a\n\x01\x02"].concat(), "a.md5", None, 9).is_none());
    }

    #[test]
    fn lists_of_every_encoding_and_line_end_are_read() {
        let text = format!("# made by hand\r\n{ABC} *\u{e9}.mov\r\n\r\n{ABC} *b.mov\r\n\u{1a}");
        let wide = |mark: &[u8]| [mark, &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat();
        for bytes in [
            text.clone().into_bytes(),
            format!("\u{feff}{text}").into_bytes(),
            text.replace("\r\n", "\r").into_bytes(),
            wide(&[0xFF, 0xFE]),
            wide(&[]),
        ] {
            let list = List::read(&bytes, "a.md5", Some(Algorithm::Md5), 9).unwrap();
            assert_eq!((names(&list), list.strange), (vec!["\u{e9}.mov", "b.mov"], 0));
        }
    }

    #[test]
    fn comments_tell_the_algorithm_of_the_next_line() {
        let digest = |algorithm| Digest::of(algorithm, b"abc").text();
        let text = format!(
            "# made with checksum\n#\n#blake2s#a.mov#2020.01.01@12:00:00\n{} *a.mov\n{} *b.mov\n",
            digest(Algorithm::Blake2s),
            digest(Algorithm::Sha256),
        );
        let list = read(&text, "reel.hash", None).unwrap();
        let algorithms: Vec<_> = list.entries.iter().map(|entry| entry.digests[0].algorithm).collect();
        assert_eq!(algorithms, [Algorithm::Blake2s, Algorithm::Sha256]);
    }

    #[test]
    fn names_in_file_verification_lists_may_begin_like_comments() {
        let text = "; Generated by WIN-SFV32\n;  12  a.mov\n#1 a.mov 352441C2\n//b.mov 352441c2\n";
        assert_eq!(names(&read(text, "a.sfv", Some(Algorithm::Crc32)).unwrap()), ["#1 a.mov", "//b.mov"]);
    }

    #[test]
    fn tables_are_read_and_hashes_of_no_known_kind_told() {
        let text = format!("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n## Invoked from: /v\n##\n3,{ABC},/v/a.mov\n");
        assert_eq!(names(&read(&text, "hashes.txt", None).unwrap()), ["/v/a.mov"]);
        let unknown = "%%%% HASHDEEP-1.0\n%%%% size,whirlpool,filename\n##\n3,00,/v/a.mov\n";
        let list = read(unknown, "hashes.txt", None).unwrap();
        assert_eq!((list.entries.len(), list.strange), (0, 1));
    }

    #[test]
    fn a_list_that_is_not_read_to_its_end_says_so() {
        let text = format!("{ABC}  a.mov\n").repeat(3);
        assert!(!List::read(text.as_bytes(), "a.md5", None, 3).unwrap().cut);
        assert!(List::read(text.as_bytes(), "a.md5", None, 2).unwrap().cut);
    }
}
