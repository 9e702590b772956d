//! Shared by the media hash lists: the XML of MHL 0.1 and 1.x, of ASC MHL 2.0 and of its chain, read as one.
//!
//! MHL: mediahashlist.org 1.1; ASC MHL: `urn:ASC:MHL:v2.0` and `urn:ASC:MHL:DIRECTORY:v2.0`.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Algorithm, Digest};
use countersign_media::framing::xml as xml_text;
use countersign_media::tags::charset;
use countersign_model::Problem;
use countersign_model::limits;

/// Nesting of elements: `metadata` may hold any XML.
const DEPTH: usize = 64;
/// The longest text of one element.
const TEXT: usize = 64 * 1024;

/// A hash list or the chain of hash lists.
#[derive(Debug, Default)]
pub(super) struct HashList {
    /// The local name of the outermost element: `hashlist` or `ascmhldirectory`.
    pub(super) kind: String,
    pub(super) version: String,
    pub(super) entries: Vec<Entry>,
    pub(super) folders: Vec<FolderHash>,
    /// Gitignore-like patterns of what is not listed.
    pub(super) ignore: Vec<String>,
    /// Patterns that were too many or too long to be obeyed.
    pub(super) refused_patterns: usize,
    /// Hash lists of nested histories, or the generations of a chain.
    pub(super) references: Vec<Entry>,
    pub(super) created: Option<String>,
}

/// A file and what is said of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) previous: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) hashes: Vec<Hash>,
    /// Values that are no hash of their kind.
    pub(super) bad: Vec<String>,
    /// Kinds of hash that nobody here can compute.
    pub(super) unknown: Vec<String>,
    /// The generation's number, in a chain.
    pub(super) number: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Hash {
    pub(super) digest: Digest,
    /// The tool noted that the file did not match when this was written.
    pub(super) failed: bool,
}

/// The hashes of a folder; the root's path is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct FolderHash {
    pub(super) path: String,
    pub(super) content: Vec<Digest>,
    pub(super) structure: Vec<Digest>,
}

/// Element names of hashes.
const HASHES: &[(&str, Algorithm)] = &[
    ("md5", Algorithm::Md5),
    ("sha1", Algorithm::Sha1),
    ("sha256", Algorithm::Sha256),
    ("sha512", Algorithm::Sha512),
    ("c4", Algorithm::C4),
    ("sha224", Algorithm::Sha224),
    ("sha384", Algorithm::Sha384),
    ("sha3-224", Algorithm::Sha3To224),
    ("sha3-256", Algorithm::Sha3To256),
    ("sha3-384", Algorithm::Sha3To384),
    ("sha3-512", Algorithm::Sha3To512),
    ("blake2b", Algorithm::Blake2b),
    ("blake2s", Algorithm::Blake2s),
    ("xxhash", Algorithm::Xxh32),
    ("xxh32", Algorithm::Xxh32),
    ("xxhash32", Algorithm::Xxh32),
    ("xxhash64", Algorithm::Xxh64Either),
    ("xxhash64be", Algorithm::Xxh64),
    ("xxh64", Algorithm::Xxh64),
    ("xxh3", Algorithm::Xxh3),
    ("xxh128", Algorithm::Xxh128),
];

/// Elements of an entry that are no hash; `null` is how MHL 1 says that none was made.
const NO_HASHES: &[&str] = &[
    "file",
    "path",
    "size",
    "lastmodificationdate",
    "creationdate",
    "hashdate",
    "previouspath",
    "metadata",
    "null",
    "name",
    "comment",
    "content",
    "structure",
    "author",
    "role",
    "email",
    "phone",
];
/// Kinds of hash that are kept of one entry without being known.
const UNKNOWN: usize = 8;

/// The digest that an element of a hash list holds: hexadecimal, or decimal as MHL 1 writes xxHash.
fn digest(algorithm: Algorithm, text: &str) -> Option<Digest> {
    let decimal = || {
        let number: u64 = text.parse().ok()?;
        let bytes = number.to_be_bytes();
        let value = bytes.get(8_usize.checked_sub(algorithm.bytes())?..)?.to_vec();
        let fits = algorithm.bytes() == 8 || u32::try_from(number).is_ok();
        fits.then_some(Digest { algorithm, value })
    };
    match algorithm {
        // Eight digits may be meant either way; MHL 1 says decimal.
        Algorithm::Xxh32 => decimal().or_else(|| Digest::from_hex(algorithm, text)),
        Algorithm::Xxh64Either | Algorithm::Xxh64 => Digest::from_hex(algorithm, text).or_else(decimal),
        _ => Digest::parse(algorithm, text),
    }
}

struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Reads a hash list or chain.
///
/// # Errors
/// XML that is cut or broken, or nested too deep. What was read before is lost: half a list proves nothing.
pub(super) fn read(bytes: &[u8]) -> Result<HashList, Problem> {
    let text = charset::guess(bytes);
    let mut reader = Reader::from_str(&text);
    let mut list = HashList::default();
    let mut stack: Vec<Element> = Vec::new();
    let mut entry = Entry::default();
    let mut folder = FolderHash::default();
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|e| Problem::malformed("", at, e.to_string()))?;
        match event {
            Event::Start(e) => stack.push(element(&e)),
            Event::Empty(e) => {
                stack.push(element(&e));
                close(&mut stack, &mut list, &mut entry, &mut folder);
            }
            Event::End(_) => close(&mut stack, &mut list, &mut entry, &mut folder),
            Event::Text(e) => add(&mut stack, &e.xml10_content().unwrap_or_default()),
            Event::CData(e) => add(&mut stack, &String::from_utf8_lossy(&e)),
            Event::GeneralRef(e) => add(&mut stack, &xml_text::reference(&String::from_utf8_lossy(&e))),
            Event::Eof if stack.is_empty() && !list.kind.is_empty() => return Ok(list),
            Event::Eof => return Err(Problem::truncated("", at, "the XML is cut")),
            _ => {}
        }
        if stack.len() > DEPTH {
            return Err(Problem::limit("", at, "XML nested deeper than is read"));
        }
        if list.entries.len() > limits::MEMBERS {
            return Err(Problem::limit("", at, "more files than are read"));
        }
    }
}

fn element(e: &BytesStart) -> Element {
    let name = String::from_utf8_lossy(e.local_name().as_ref()).into_owned();
    let mut written = e.attributes();
    let attributes = written.with_checks(false).flatten().map(|a| {
        let value = xml_text::unescape(&String::from_utf8_lossy(&a.value));
        (String::from_utf8_lossy(a.key.local_name().as_ref()).into_owned(), value)
    });
    Element { name, attributes: attributes.collect(), text: String::new() }
}

fn add(stack: &mut [Element], text: &str) {
    if let Some(element) = stack.last_mut().filter(|e| e.text.len() + text.len() <= TEXT) {
        element.text.push_str(text);
    }
}

/// What the end of an element adds to the list.
fn close(stack: &mut Vec<Element>, list: &mut HashList, entry: &mut Entry, folder: &mut FolderHash) {
    let Some(element) = stack.pop() else { return };
    // What others keep in a metadata element is theirs.
    if stack.iter().any(|e| e.name == "metadata") {
        return;
    }
    let name = element.name.as_str();
    let up = |n: usize| stack.len().checked_sub(n).and_then(|i| stack.get(i)).map_or("", |e| e.name.as_str());
    let text = element.text.trim();
    match (up(2), up(1), name) {
        (_, "", _) => {
            list.version = element.attribute("version").unwrap_or_default().to_owned();
            list.kind = element.name;
        }
        (_, "hash" | "hashlistreference" | "hashlist", "path" | "file") => {
            entry.size = entry.size.or_else(|| element.attribute("size")?.trim().parse().ok());
            // Leading and trailing spaces may be part of a name.
            element.text.trim_matches(['\n', '\r', '\t']).clone_into(&mut entry.path);
        }
        (_, "hash", "previousPath") => entry.previous = Some(text.to_owned()),
        (_, "hash", "size") => entry.size = text.parse().ok(),
        ("hashes" | "hashlist", _, "hash") => list.entries.push(std::mem::take(entry)),
        (_, "references", "hashlistreference") => list.references.push(std::mem::take(entry)),
        (_, "ascmhldirectory", "hashlist") => {
            entry.number = element.attribute("sequencenr").and_then(|n| n.trim().parse().ok());
            list.references.push(std::mem::take(entry));
        }
        (_, "hashlist", "hash") => list.entries.push(std::mem::take(entry)),
        (_, "directoryhash", "path") => text.clone_into(&mut folder.path),
        (_, "processinfo", "roothash") | (_, "hashes", "directoryhash") => list.folders.push(std::mem::take(folder)),
        (_, "ignore", "pattern") => list.ignore(text),
        (_, "creatorinfo", "creationdate") => list.created = Some(text.to_owned()),
        (_, parent, _) => hash(parent, &element, entry, folder),
    }
}

fn hash(parent: &str, element: &Element, entry: &mut Entry, folder: &mut FolderHash) {
    let lower = element.name.to_ascii_lowercase();
    let Some((_, algorithm)) = HASHES.iter().find(|(name, _)| *name == lower) else {
        let of_file = matches!(parent, "hash" | "hashlistreference") && !NO_HASHES.contains(&lower.as_str());
        if of_file && entry.unknown.len() < UNKNOWN {
            entry.unknown.push(lower.chars().take(64).collect());
        }
        return;
    };
    let text = element.text.trim();
    let value = digest(*algorithm, text);
    match (parent, value) {
        ("content", Some(digest)) => folder.content.push(digest),
        ("structure", Some(digest)) => folder.structure.push(digest),
        ("hash" | "hashlist" | "hashlistreference", Some(digest)) => {
            entry.hashes.push(Hash { digest, failed: element.attribute("action") == Some("failed") });
        }
        ("hash" | "hashlist" | "hashlistreference", None) => entry.bad.push(format!("{lower} {text:?}")),
        _ => {}
    }
}

impl HashList {
    /// Takes up a pattern, unless it or all of them are more than anybody has use for: each is compiled.
    fn ignore(&mut self, pattern: &str) {
        if self.ignore.len() >= limits::PATTERNS || pattern.len() > limits::PATTERN {
            self.refused_patterns += 1;
        } else {
            self.ignore.push(pattern.to_owned());
        }
    }

    /// What of it cannot be checked: kinds of hash that are not known, and entries that give none.
    pub(super) fn unverified(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.refused_patterns > 0 {
            let (count, most, long) = (self.refused_patterns, limits::PATTERNS, limits::PATTERN);
            out.push(format!("{count} ignore patterns are past {most}, or longer than {long} bytes: not obeyed"));
        }
        let kinds: BTreeSet<&str> = self.entries.iter().flat_map(|e| &e.unknown).map(String::as_str).collect();
        for kind in kinds {
            let (mut files, mut alone) = (0_usize, 0_usize);
            for entry in self.entries.iter().filter(|e| e.unknown.iter().any(|k| k == kind)) {
                files += 1;
                alone += usize::from(entry.hashes.is_empty());
            }
            out.push(match alone {
                0 => format!("hashes of the kind {kind:?} are not known; the {files} files with one have others, too"),
                _ => format!(
                    "hashes of the kind {kind:?} are not known: {alone} of {files} files with one have no other"
                ),
            });
        }
        let bare = |e: &&Entry| e.hashes.is_empty() && e.unknown.is_empty() && e.bad.is_empty();
        if let Some(first) = self.entries.iter().find(bare) {
            let count = self.entries.iter().filter(bare).count();
            out.push(match count {
                1 => format!("gives no hash of {}", first.path),
                n => format!("gives no hash of {n} files, {} among them", first.path),
            });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xxhash_is_read_in_all_its_spellings() {
        let cases = [
            (Algorithm::Xxh32, "3541127183", Some("d311500f")),
            (Algorithm::Xxh32, "d3119c0f", Some("d3119c0f")),
            (Algorithm::Xxh32, "4294967296", None),
            (Algorithm::Xxh64Either, "0EA03B369A463D9D", Some("0ea03b369a463d9d")),
            (Algorithm::Xxh64, "1053772377914293661", Some("0e9fc06503b33d9d")),
            (Algorithm::Md5, "1053772377914293661", None),
        ];
        for (algorithm, text, value) in cases {
            let read = digest(algorithm, text).map(|d| d.text());
            assert_eq!(read.as_deref(), value, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_checked_is_told() {
        let list = |entries: &str| read(format!("<hashlist version='1.1'>{entries}</hashlist>").as_bytes()).unwrap();
        let known = "<hash><file>a</file><size>1</size><md5>1777e7290a082f32f4995fc9483309ec</md5></hash>";
        assert!(list(known).unverified().is_empty());
        let whirlpool = "<hash><file>b</file><whirlpool>00</whirlpool><hashdate>x</hashdate></hash>";
        assert!(list(whirlpool).unverified()[0].contains("1 of 1 files"));
        let both = known.replace("<md5>", "<crc32>00</crc32><md5>");
        assert!(list(&both).unverified()[0].contains("have others, too"));
        for bare in ["<hash><file>c</file></hash>", "<hash><file>c</file><null>null</null></hash>"] {
            assert_eq!(list(bare).unverified(), ["gives no hash of c"]);
        }
    }

    #[test]
    fn metadata_of_others_is_passed_over() {
        let xml = br#"<hashlist version="2.0"><hashes><hash><path size="3">a &amp; b.mov</path>
            <metadata><hash><path>no.mov</path><md5>x</md5></hash></metadata>
            <xxh64 action="original">0ea03b369a463d9d</xxh64></hash></hashes></hashlist>"#;
        let list = read(xml).unwrap();
        assert_eq!(list.entries.len(), 1);
        let entry = &list.entries[0];
        assert_eq!((entry.path.as_str(), entry.size, entry.hashes.len()), ("a & b.mov", Some(3), 1));
        for cut in 0..xml.len() {
            assert!(read(&xml[..cut]).is_err(), "{cut}");
        }
        assert!(read(&b"<a>".repeat(1000)).is_err());
        assert!(read(b"").is_err());
    }
}
