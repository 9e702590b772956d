//! Plain lists of checksums, as programs write them beside files: `md5sum` and its like (GNU Coreutils manual, section 6.5),
//! the form with the algorithm's name (`MD5 (name) = digits`, BSD), Simple File Verification (`.sfv`), and one file's digits
//! alone in a file of its name (`a.mov.md5`).
//!
//! Such a list promises nothing of files that it does not name, and says nothing of what a file is for.

use std::collections::BTreeMap;

use super::names::{self, Names};
use super::{Algorithm, Digest, Folder, Info, Listing, Member, Package, PackageManifest, inside};
use countersign_media::tags::charset;
use countersign_model::limits;
use countersign_model::{PackageFaultKind, Problem};

pub(super) struct Checksums;

static INFO: Info = Info { kind: "checksums", name: "Lists of checksums (md5sum and its like, BSD, SFV)" };

/// Endings of lists, and what is in them; `None` where the number of digits tells.
const ENDINGS: &[(&str, Option<Algorithm>)] = &[
    ("md5", Some(Algorithm::Md5)),
    ("md5sum", Some(Algorithm::Md5)),
    ("md5sums", Some(Algorithm::Md5)),
    ("sha1", Some(Algorithm::Sha1)),
    ("sha1sum", Some(Algorithm::Sha1)),
    ("sha1sums", Some(Algorithm::Sha1)),
    ("sha224", Some(Algorithm::Sha224)),
    ("sha256", Some(Algorithm::Sha256)),
    ("sha256sum", Some(Algorithm::Sha256)),
    ("sha256sums", Some(Algorithm::Sha256)),
    ("sha384", Some(Algorithm::Sha384)),
    ("sha512", Some(Algorithm::Sha512)),
    ("sha512sum", Some(Algorithm::Sha512)),
    ("sha512sums", Some(Algorithm::Sha512)),
    ("b2", Some(Algorithm::Blake2b)),
    ("xxh32", Some(Algorithm::Xxh32)),
    ("xxh64", Some(Algorithm::Xxh64Either)),
    ("xxh3", Some(Algorithm::Xxh3)),
    ("xxh128", Some(Algorithm::Xxh128)),
    ("c4", Some(Algorithm::C4)),
    ("sfv", Some(Algorithm::Crc32)),
];
/// Names of lists without an ending of their own, or with `.txt` behind them, in lower case.
const NAMES: &[&str] = &[
    "md5",
    "md5sum",
    "md5sums",
    "sha1",
    "sha1sum",
    "sha1sums",
    "sha256",
    "sha256sum",
    "sha256sums",
    "sha512",
    "sha512sum",
    "sha512sums",
    "checksum",
    "checksums",
    "hashes",
    "b2sums",
];
/// Algorithms by the digits of their values, where nothing else tells.
const BY_DIGITS: &[(usize, Algorithm)] = &[
    (32, Algorithm::Md5),
    (40, Algorithm::Sha1),
    (56, Algorithm::Sha224),
    (64, Algorithm::Sha256),
    (96, Algorithm::Sha384),
    (128, Algorithm::Sha512),
];
/// Files of operating systems that a list may name and a drive need not have.
const LEFT_BEHIND: &[&str] = &[".ds_store", "thumbs.db", "desktop.ini"];

/// What a list's name says is in it: `None` for what is no list, else the algorithm where it says that.
fn kind(name: &str) -> Option<Option<Algorithm>> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("._") {
        return None;
    }
    let (stem, ending) = lower.rsplit_once('.').unwrap_or((&lower, ""));
    if let Some((_, algorithm)) = ENDINGS.iter().find(|(known, _)| *known == ending) {
        return Some(*algorithm);
    }
    let named = NAMES.contains(&lower.as_str()) || ending == "txt" && NAMES.contains(&stem);
    named.then_some(None)
}

impl Package for Checksums {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, listing: &Listing) -> bool {
        listing.files.iter().any(|name| kind(name).is_some())
    }

    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
        let mut opened = PackageManifest::default();
        let mut members: BTreeMap<String, Member> = BTreeMap::new();
        for name in &folder.listing.files {
            let Some(algorithm) = kind(name) else { continue };
            let bytes = match folder.read(name) {
                Ok(bytes) => bytes,
                Err(problem) => {
                    opened.fault(PackageFaultKind::Unverified, name, problem.what);
                    continue;
                }
            };
            let Some(list) = List::read(&bytes, name, algorithm) else { continue };
            opened.title.get_or_insert_with(|| name.clone());
            opened.manifests.push(name.clone());
            list.take(folder, name, &mut members, &mut opened);
        }
        if opened.manifests.is_empty() && opened.faults.is_empty() {
            return Ok(None);
        }
        opened.members = members.into_values().collect();
        names::settle(folder, &mut opened);
        Ok(Some(opened))
    }
}

/// What a list says.
#[derive(Default)]
struct List {
    /// Paths as written, with the digest of each.
    entries: Vec<(String, Digest)>,
    /// Lines that say nothing, and the first of them.
    strange: usize,
    first: usize,
}

impl List {
    /// The lines of a list; `None` for what is none, whatever its name.
    fn read(bytes: &[u8], name: &str, algorithm: Option<Algorithm>) -> Option<Self> {
        let text = charset::sidecar(bytes)?;
        // What is no text all through may be something else behind it.
        if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\0' | '\u{1a}')) {
            return None;
        }
        let mut out = Self::default();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate().take(limits::ITEMS) {
            let line = line.trim_end_matches(['\r', '\0']);
            if line.trim().is_empty() || line.starts_with(['#', ';']) || line.starts_with("//") {
                continue;
            }
            match entry(line, name, algorithm) {
                Some(entry) => out.entries.push(entry),
                None => {
                    out.strange += 1;
                    out.first = if out.strange == 1 { number + 1 } else { out.first };
                }
            }
        }
        // Notes about checksums may be called as one.
        (!out.entries.is_empty() && out.entries.len() >= out.strange).then_some(out)
    }

    /// Makes the files that are named members of the package.
    fn take(self, folder: &Folder, list: &str, members: &mut BTreeMap<String, Member>, opened: &mut PackageManifest) {
        if self.strange > 0 {
            let what = format!("{} lines are no checksums, the first of them is line {}", self.strange, self.first);
            opened.fault(PackageFaultKind::Unverified, list, what);
        }
        let mut found = Vec::new();
        let mut outside = Vec::new();
        for (written, digest) in self.entries {
            let spelled = if written.contains('/') { written.clone() } else { written.replace('\\', "/") };
            match inside(&spelled) {
                // Programs that hash a whole folder hash the list as well, before it is finished.
                Ok(path) if path == list => {}
                Ok(path) => found.push((path, digest)),
                Err(why) => outside.push((written, why)),
            }
        }
        if let Some((first, why)) = outside.first() {
            let what = format!("{} of its files are not looked for: of {first:?} {why}", outside.len());
            opened.fault(PackageFaultKind::Unverified, list, what);
        }
        let mut names = Names::new(folder);
        if !found.is_empty() && !found.iter().any(|(path, _)| names.is_there(path)) {
            let what =
                format!("none of the {} files that it lists is there: it may speak of another folder", found.len());
            return opened.fault(PackageFaultKind::Unverified, list, what);
        }
        for (path, digest) in found {
            let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            let left_behind = LEFT_BEHIND.contains(&name.as_str()) || name.starts_with("._");
            let member = members.entry(path.clone()).or_insert_with(|| Member::new(path, None));
            member.optional = left_behind;
            if !member.digests.contains(&digest) && member.digests.len() < limits::PATTERNS {
                member.digests.push(digest);
            }
        }
    }
}

/// The path and the digest of one line.
fn entry(line: &str, list: &str, algorithm: Option<Algorithm>) -> Option<(String, Digest)> {
    if algorithm == Some(Algorithm::Crc32) {
        let (path, digits) = line.trim_end().rsplit_once([' ', '\t'])?;
        return Some((path.trim().to_owned(), Digest::parse(Algorithm::Crc32, digits)?))
            .filter(|(path, _)| !path.is_empty());
    }
    tagged(line).or_else(|| plain(line, list, algorithm))
}

/// `MD5 (name) = digits`, also without the blanks, as OpenSSL writes it.
fn tagged(line: &str) -> Option<(String, Digest)> {
    let (algorithm, rest) = line.split_once('(')?;
    let algorithm = Algorithm::named(algorithm.trim())?;
    let (path, digits) = rest.rsplit_once(')')?;
    let digits = digits.trim().strip_prefix('=')?.trim();
    Some((path.to_owned(), Digest::parse(algorithm, digits)?))
}

/// `digits  name`, `digits *name`; digits alone are those of the file whose name the list has.
fn plain(line: &str, list: &str, algorithm: Option<Algorithm>) -> Option<(String, Digest)> {
    // A name with a backslash or a line end in it is written with others before them, and the line with one before all.
    let (escaped, line) = line.strip_prefix('\\').map_or((false, line), |line| (true, line));
    let line = line.trim_start();
    let end = line.find([' ', '\t']).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let algorithm =
        algorithm.or_else(|| BY_DIGITS.iter().find(|(n, _)| *n == digits.len()).map(|(_, found)| *found))?;
    let digest = Digest::parse(algorithm, digits)?;
    let path =
        rest.get(1..).map_or(rest, |path| path.strip_prefix([' ', '*']).unwrap_or(path)).trim_start_matches('\t');
    let path = if escaped { path.replace("\\n", "\n").replace("\\\\", "\\") } else { path.to_owned() };
    match path.trim().is_empty() {
        true => list.rsplit_once('.').map(|(stem, _)| (stem.to_owned(), digest)),
        false => Some((path, digest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn lines_of_every_program_are_read() {
        let md5 = Some(Algorithm::Md5);
        let upper = ABC.to_uppercase();
        for (line, list, path) in [
            (format!("{ABC}  reel/one.mov"), "a.md5", "reel/one.mov"),
            (format!("{ABC} *one two.mov"), "a.md5", "one two.mov"),
            (format!("{upper}\tone.mov"), "a.md5", "one.mov"),
            (format!("{ABC} one.mov"), "a.md5", "one.mov"),
            (format!("\\{ABC}  a\\\\b.mov"), "a.md5", "a\\b.mov"),
            (format!("MD5 (one (2).mov) = {ABC}"), "a.md5", "one (2).mov"),
            (format!("MD5(one.mov)= {ABC}"), "a.md5", "one.mov"),
            (ABC.to_owned(), "one.mov.md5", "one.mov"),
        ] {
            let (found, digest) = entry(&line, list, md5).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.as_str(), digest.text().as_str()), (path, ABC), "{line}");
        }
        let sfv = entry("one two.mov 352441C2", "a.sfv", Some(Algorithm::Crc32)).unwrap();
        assert_eq!((sfv.0.as_str(), sfv.1.text().as_str()), ("one two.mov", "352441c2"));
        for line in ["notes about hashes", "900150983cd24fb0  short", "MD5 (x) 12", "deadbeef"] {
            assert!(entry(line, "a.md5", md5).is_none(), "{line}");
        }
    }

    #[test]
    fn what_is_no_text_all_through_is_no_list() {
        let line = format!("{ABC}  a.mov\n").into_bytes();
        assert!(List::read(&line, "a.md5", None).is_some());
        assert!(List::read(&[&line[..], b"\x89PNG\r\n\x1a\n\x01\x02"].concat(), "a.md5", None).is_none());
    }

    #[test]
    fn lists_are_told_by_their_names() {
        for name in ["a.md5", "A.MOV.SHA256", "md5sums.txt", "MD5SUMS", "checksums.txt", "a.sfv", "SHA256SUMS"] {
            assert!(kind(name).is_some(), "{name}");
        }
        for name in ["md5.mov", "notes.txt", "._a.md5", "manifest-md5.txt", "a.mhl"] {
            assert!(kind(name).is_none(), "{name}");
        }
    }
}
