//! BagIt 0.93 to 1.0 (RFC 8493): `bagit.txt`, manifests of the payload in `data/` and of the tag files.
//!
//! Versions before 1.0 leave some room that 1.0 closed (a file listed twice, manifests that list different files,
//! white space before a colon); what that room holds is a remark there and a fault in 1.0.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Algorithm, Digest, Folder, Info, Listing, Member, Membership, Package, PackageManifest, Total, inside, names,
};
use countersign_model::limits;
use countersign_model::{PackageFaultKind, Problem, Tag};

pub(super) struct BagIt;

static INFO: Info = Info { kind: "bagit", name: "BagIt (RFC 8493)" };

const DECLARATION: &str = "bagit.txt";
const PAYLOAD: &str = "data/";
/// Files about the bag: `package-info.txt` is what 0.95 and before called it.
const ABOUT: &[&str] = &["bag-info.txt", "package-info.txt"];
const FETCH: &str = "fetch.txt";

/// What the name of a payload manifest begins with.
const MANIFEST: &str = "manifest-";

impl Package for BagIt {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, listing: &Listing) -> bool {
        listing.has_file(DECLARATION) || is_headless(listing)
    }

    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
        if is_payload(folder) {
            return Ok(None);
        }
        let mut opened = PackageManifest {
            lists_everything: true,
            complete: Some(PAYLOAD.to_owned()),
            ..PackageManifest::default()
        };
        let (version, encoding) = if folder.listing.has_file(DECLARATION) {
            declaration(&folder.read(DECLARATION)?, &mut opened)
        } else {
            let what = "is missing: the folder has a payload and its manifest, and does not say that it is a bag";
            opened.fault(PackageFaultKind::Malformed, DECLARATION, what);
            ((0, 97), Encoding::Utf8)
        };
        let mut bag = Bag { strict: version >= (1, 0), encoding, files: BTreeMap::new() };
        opened.expected_unlisted = vec![DECLARATION.to_owned(), FETCH.to_owned()];
        let payload = bag.manifests(folder, MANIFEST, Some(Membership::Manifest), &mut opened);
        bag.manifests(folder, "tagmanifest-", None, &mut opened);
        if payload.is_empty() {
            opened.fault(PackageFaultKind::Malformed, DECLARATION, "the bag has no payload manifest");
        }
        if bag.strict {
            bag.every_manifest(&payload, &mut opened);
        }
        if folder.listing.has_file(FETCH) {
            bag.fetch(folder, &mut opened);
        }
        for name in ABOUT.iter().filter(|name| folder.listing.has_file(name)) {
            opened.expected_unlisted.push((*name).to_owned());
            bag.about(folder, name, &mut opened);
        }
        if !folder.listing.has_folder("data") {
            opened.fault(PackageFaultKind::Malformed, DECLARATION, "the bag has no folder data");
        }
        bag.decode_names(folder);
        opened.manifests.clone_from(&opened.expected_unlisted);
        opened.members = bag.files.into_values().map(|file| file.member).collect();
        names::settle(folder, &mut opened);
        Ok(Some(opened))
    }
}

/// Whether all of a bag but its declaration is there.
fn is_headless(listing: &Listing) -> bool {
    let algorithm = |name: &str| {
        let name = name.strip_prefix(MANIFEST)?.strip_suffix(".txt")?;
        Algorithm::named(name)
    };
    listing.has_folder("data") && listing.files.iter().any(|name| algorithm(name).is_some())
}

/// Whether the folder lies in the payload of another bag, which vouches for each of its bytes: a payload is opaque
/// (RFC 8493, 2.1.2), and a bag in it need not be one any more.
fn is_payload(folder: &Folder) -> bool {
    let parts: Vec<&str> = folder.rel.split('/').collect();
    let data = parts.iter().enumerate().filter(|(_, part)| **part == "data");
    let mut above = data.map(|(n, _)| "../".repeat(parts.len() - n));
    above.any(|above| folder.list(&above).is_ok_and(|listing| listing.has_file(DECLARATION)))
}

type Version = (u32, u32);

/// Version and encoding of the tag files; 1.0 and UTF-8 where they are not told.
fn declaration(bytes: &[u8], opened: &mut PackageManifest) -> (Version, Encoding) {
    let mut wrong = |what: String| opened.fault(PackageFaultKind::Malformed, DECLARATION, what);
    let bytes = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => {
            wrong("begins with a byte order mark".to_owned());
            rest
        }
        None => bytes,
    };
    let text = String::from_utf8_lossy(bytes);
    let mut lines = lines(&text);
    let mut value = |label: &str| {
        let Some((name, value)) = lines.next().and_then(|line| line.split_once(':')) else {
            wrong(format!("has no line {label}"));
            return None;
        };
        if name.trim() != label {
            wrong(format!("has {:?} where {label} belongs", name.trim()));
            return None;
        }
        // The declaration is the one file whose white space no version leaves open.
        if name != label || !value.starts_with(' ') || value.trim() != &value[1..] {
            wrong(format!("has white space around {label} where none may be"));
        }
        Some(value.trim().to_owned())
    };
    let version = value("BagIt-Version");
    let encoding = value("Tag-File-Character-Encoding");
    let number = version.as_deref().and_then(|text| {
        let (major, minor) = text.split_once('.')?;
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        (digits(major) && digits(minor)).then(|| Some((major.parse().ok()?, minor.parse().ok()?)))?
    });
    if let (Some(text), None) = (&version, number) {
        wrong(format!("has the version {text:?}, which is not MAJOR.MINOR"));
    }
    let named = encoding.as_deref().and_then(Encoding::named);
    if let (Some(text), None) = (&encoding, &named) {
        wrong(format!("has the unknown encoding {text:?}"));
    }
    let number = number.unwrap_or((1, 0));
    opened.title = version.map(|v| format!("BagIt {v}"));
    if number > (1, 0) {
        let what = format!("the version {}.{} is not known: the bag is read as one of 1.0", number.0, number.1);
        opened.fault(PackageFaultKind::Unverified, DECLARATION, what);
    }
    (number, named.unwrap_or(Encoding::Utf8))
}

/// Lines that end in LF, CR or CRLF.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r']).filter(|line| !line.is_empty())
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Utf8,
    Latin1,
    Utf16,
    Other(&'static encoding_rs::Encoding),
}

impl Encoding {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "UTF-8" | "UTF8" | "US-ASCII" | "ASCII" => Self::Utf8,
            "ISO-8859-1" | "LATIN1" | "ISO8859-1" => Self::Latin1,
            "UTF-16" => Self::Utf16,
            other => Self::Other(encoding_rs::Encoding::for_label(other.as_bytes())?),
        })
    }

    /// The text, and whether every byte of it was text.
    fn decode(self, bytes: &[u8]) -> (String, bool) {
        let with = |encoding: &'static encoding_rs::Encoding| {
            let (text, bad) = encoding.decode_with_bom_removal(bytes);
            (text.into_owned(), !bad)
        };
        match self {
            Self::Utf8 => with(encoding_rs::UTF_8),
            Self::Latin1 => (bytes.iter().map(|b| char::from(*b)).collect(), true),
            // RFC 2781: big-endian unless a mark says otherwise.
            Self::Utf16 if bytes.starts_with(&[0xFF, 0xFE]) => with(encoding_rs::UTF_16LE),
            Self::Utf16 => with(encoding_rs::UTF_16BE),
            Self::Other(encoding) => with(encoding),
        }
    }
}

struct Bag {
    /// Version 1.0 or later.
    strict: bool,
    encoding: Encoding,
    files: BTreeMap<String, File>,
}

struct File {
    member: Member,
    /// Manifests that list it, by name.
    by: BTreeSet<String>,
}

/// A payload manifest or a tag manifest (RFC 8493, sections 2.1.3 and 2.2.1).
struct Manifest<'a> {
    name: &'a str,
    /// Which its name says; `None` for one that is not known.
    algorithm: Option<Algorithm>,
    /// What the files of a payload manifest are to the package; `None` for tag files.
    membership: Option<Membership>,
}

impl Bag {
    fn text(&self, folder: &Folder, name: &str, opened: &mut PackageManifest) -> String {
        match folder.read(name) {
            Ok(bytes) => {
                let (text, sound) = self.encoding.decode(&bytes);
                if !sound {
                    opened.fault(PackageFaultKind::Malformed, name, "is not in the encoding that bagit.txt names");
                }
                text
            }
            Err(problem) => {
                opened.fault(PackageFaultKind::Malformed, name, problem.what);
                String::new()
            }
        }
    }

    /// Reads all manifests whose names start with `prefix`; gives their names.
    fn manifests(
        &mut self,
        folder: &Folder,
        prefix: &str,
        membership: Option<Membership>,
        opened: &mut PackageManifest,
    ) -> Vec<String> {
        let mut read = Vec::new();
        for name in &folder.listing.files {
            let Some(algorithm) = name.strip_prefix(prefix).and_then(|n| n.strip_suffix(".txt")) else { continue };
            opened.expected_unlisted.push(name.clone());
            let named = algorithm;
            let algorithm = Algorithm::named(named);
            if algorithm.is_none() {
                let what = format!("hashes of the kind {:?} are not known", cut(named));
                opened.fault(PackageFaultKind::Unverified, name, what);
            }
            let text = self.text(folder, name, opened);
            for line in lines(&text) {
                self.line(line, &Manifest { name, algorithm, membership }, opened);
            }
            read.push(name.clone());
        }
        read
    }

    fn line(&mut self, line: &str, manifest: &Manifest, opened: &mut PackageManifest) {
        let Manifest { name: manifest, algorithm, membership } = *manifest;
        let mut wrong = |what: String| opened.fault(PackageFaultKind::Malformed, manifest, what);
        let Some((hash, rest)) = line.split_once([' ', '\t']) else {
            return wrong(format!("the line {:?} is no hash and path", cut(line)));
        };
        let rest = rest.trim_start_matches([' ', '\t']);
        let (spelled, starred) = match rest.strip_prefix('*') {
            Some(spelled) => (spelled, true),
            None => (rest, false),
        };
        let path = match placed(spelled) {
            Ok(path) => path,
            Err(why) => return wrong(format!("{:?}: {why}", cut(spelled))),
        };
        if path.starts_with(PAYLOAD) != membership.is_some() {
            let place = if membership.is_some() { "not below data" } else { "below data" };
            return wrong(format!("{:?} is {place}", cut(spelled)));
        }
        let digest = algorithm.map(|algorithm| Digest::from_hex(algorithm, hash));
        if digest == Some(None) {
            wrong(format!("{:?} of {path} is no hash of this kind", cut(hash)));
        }
        if self.files.len() >= limits::MEMBERS {
            return wrong("more files than are read".to_owned());
        }
        let digest = digest.flatten();
        let file = self
            .files
            .entry(path.clone())
            .or_insert_with(|| File { member: Member::new(path.clone(), membership), by: BTreeSet::new() });
        if !file.by.insert(manifest.to_owned()) {
            let same = digest.as_ref().is_none_or(|d| file.member.digests.contains(d));
            if self.strict || !same {
                let how = if same { "" } else { " with different hashes" };
                return wrong(format!("lists {path} twice{how}"));
            }
            opened.remarks.push(format!("{manifest} lists {path} twice"));
            return;
        }
        file.member.digests.extend(digest);
        if starred {
            opened.remarks.push(format!("{manifest} marks {path} with an asterisk, as checksum tools do"));
        }
        if spelled.starts_with("./") {
            opened.remarks.push(format!("{manifest} spells {path} with a leading ./"));
        }
    }

    /// From 1.0 on, every payload manifest lists every payload file.
    fn every_manifest(&self, manifests: &[String], opened: &mut PackageManifest) {
        for (path, file) in self.files.iter().filter(|(_, file)| file.member.membership.is_some()) {
            for manifest in manifests.iter().filter(|m| !file.by.contains(*m)) {
                opened.fault(PackageFaultKind::Malformed, manifest, format!("does not list {path}, as another does"));
            }
        }
    }

    /// `URL LENGTH PATH` for files that are to be brought from elsewhere. Nothing is fetched.
    fn fetch(&mut self, folder: &Folder, opened: &mut PackageManifest) {
        let text = self.text(folder, FETCH, opened);
        for line in lines(&text) {
            let mut wrong = |what: String| opened.fault(PackageFaultKind::Malformed, FETCH, what);
            let mut parts = line.splitn(3, [' ', '\t']).map(str::trim);
            let (Some(url), Some(length), Some(spelled)) = (parts.next(), parts.next(), parts.next()) else {
                wrong(format!("the line {:?} is no URL, length and path", cut(line)));
                continue;
            };
            let path = match placed(spelled) {
                Ok(path) if path.starts_with(PAYLOAD) => path,
                Ok(_) => {
                    wrong(format!("{:?} is not below data", cut(spelled)));
                    continue;
                }
                Err(why) => {
                    wrong(format!("{:?}: {why}", cut(spelled)));
                    continue;
                }
            };
            if !url.contains(':') {
                wrong(format!("{:?} is no URL", cut(url)));
            }
            let size = length.parse().ok();
            if size.is_none() && length != "-" {
                wrong(format!("the length of {path} is {:?}", cut(length)));
            }
            match self.files.get_mut(&path) {
                Some(file) => file.member.size = file.member.size.or(size),
                None if self.strict => wrong(format!("no manifest lists {path}")),
                None => opened.remarks.push(format!("fetch.txt names {path}, which no manifest lists")),
            }
        }
    }

    /// `Label: value`, continued on lines that begin with white space; only Payload-Oxum is checked.
    fn about(&self, folder: &Folder, name: &str, opened: &mut PackageManifest) {
        let text = self.text(folder, name, opened);
        for line in lines(&text).filter(|line| !line.starts_with([' ', '\t'])) {
            let Some((label, value)) = line.split_once(':') else {
                opened.remarks.push(format!("{name}: the line {:?} has no label", cut(line)));
                continue;
            };
            note(name, label.trim(), value.trim(), opened);
            if !label.trim().eq_ignore_ascii_case("Payload-Oxum") {
                continue;
            }
            let parsed = value.trim().split_once('.').and_then(|(b, f)| Some((b.parse().ok()?, f.parse().ok()?)));
            match parsed {
                Some((bytes, files)) => {
                    opened.total = Some(Total { folder: PAYLOAD.to_owned(), files, bytes, by: name.to_owned() });
                }
                None => {
                    let what = format!("Payload-Oxum is {:?} and not BYTES.FILES", cut(value.trim()));
                    opened.fault(PackageFaultKind::Malformed, name, what);
                }
            }
        }
    }

    /// Manifests write a percent sign and line ends in names as `%25`, `%0A`, `%0D` from 1.0 on; before that some did.
    fn decode_names(&mut self, folder: &Folder) {
        let mut names = names::Names::new(folder);
        for file in self.files.values_mut().filter(|file| file.member.path.contains('%')) {
            let decoded = decoded(&file.member.path);
            let first = if self.strict { names.has(&decoded) } else { !names.has(&file.member.path) };
            if first && (self.strict || names.has(&decoded)) {
                file.member.path = decoded;
            }
        }
    }
}

/// Fields of `bag-info.txt` that say where a bag's content comes from (RFC 8493, section 2.2.2), as they are written.
const ORIGIN: &[&str] = &[
    "Source-Organization",
    "Organization-Address",
    "Contact-Name",
    "External-Description",
    "External-Identifier",
    "Internal-Sender-Identifier",
    "Bagging-Date",
    "Bag-Group-Identifier",
];

fn note(name: &str, label: &str, value: &str, opened: &mut PackageManifest) {
    let known = ORIGIN.iter().find(|known| known.eq_ignore_ascii_case(label));
    let Some(known) = known.filter(|_| !value.is_empty() && opened.notes.len() < NOTES) else { return };
    opened.notes.push(Tag {
        space: "bag".into(),
        key: (*known).into(),
        value: cut(value).into(),
        place: format!("{name} {known}").into(),
        ..Tag::default()
    });
}

/// Notes that one bag may have.
const NOTES: usize = 64;

fn decoded(path: &str) -> String {
    let codes = [("%0A", "\n"), ("%0a", "\n"), ("%0D", "\r"), ("%0d", "\r"), ("%25", "%")];
    codes.iter().fold(path.to_owned(), |path, (code, plain)| path.replace(code, plain))
}

/// The path as the walk would name it, if it stays inside the bag on every system.
fn placed(spelled: &str) -> Result<String, &'static str> {
    if spelled.starts_with('%') && spelled.get(1..).is_some_and(|rest| rest.contains('%')) {
        return Err("the path starts at a variable of the environment");
    }
    inside(spelled)
}

/// Text of a manifest as far as a message needs it.
fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
