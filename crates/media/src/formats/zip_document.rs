//! Documents in ZIP archives: EPUB 3, Office Open XML (ISO/IEC 29500), OpenDocument (ISO/IEC 26300).
//!
//! Read are their properties, the pictures, sounds and films in them, and the C2PA store (C2PA 2.2, annex A.6:
//! `META-INF/content_credential.c2pa`). A plain ZIP archive is none of these and is not claimed; one that turns out to
//! be a document when its directory is read is ([`among`]).

use crate::formats::{self, Archive, C2paMime, Contents, Format, Info, Media, Probe, Score, by_extension, zip_store};
use crate::framing::zip::{self, Member};
use crate::tags::{Place, document_xml, push_embedded, push_problem};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem, ProblemKind};

/// The document that an archive with these members is, wherever in it they stand.
#[must_use]
pub fn among(members: &[Member]) -> Option<&'static ZipDocument> {
    let has = |name: &str| members.iter().any(|m| *m.name == *name);
    match () {
        () if has("[Content_Types].xml") && has("_rels/.rels") => Some(&OOXML),
        () if has("META-INF/container.xml") && has("mimetype") => Some(&EPUB),
        () if has("META-INF/manifest.xml") && has("content.xml") && has("meta.xml") => Some(&OPEN_DOCUMENT),
        () => None,
    }
}

/// The longest list of properties.
const PROPERTIES: usize = 4 * 1024 * 1024;
/// One family of documents.
pub struct ZipDocument {
    info: &'static Info,
    /// What the `mimetype` member must begin with.
    mime: Option<&'static str>,
    /// How the first member may be called where there is no `mimetype`.
    first: &'static [&'static str],
    /// Members that every one of them has: one of each row, by the end of its name.
    needed: &'static [&'static [&'static str]],
    /// Whether a member holds properties.
    properties: fn(&str) -> bool,
}

/// Electronic books (W3C EPUB 3.3).
pub static EPUB: ZipDocument = ZipDocument {
    info: &Info {
        id: FormatId::new("epub"),
        name: "EPUB",
        extensions: &["epub"],
        media: Media::Document,
        specification: "W3C EPUB 3.3; C2PA 2.2, annex A.6",
        version: 1,
        // A chart brings its own workbook.
        in_documents: false,
        ..Info::DEFAULT
    },
    mime: Some("application/epub+zip"),
    first: &[],
    needed: &[&["META-INF/container.xml", ".opf"]],
    properties: |name| name.ends_with(".opf"),
};

/// Text, sheets and slides of Microsoft Office (ISO/IEC 29500).
pub static OOXML: ZipDocument = ZipDocument {
    info: &Info {
        id: FormatId::new("ooxml"),
        name: "Office Open XML",
        extensions: &["docx", "pptx", "xlsx", "docm", "pptm", "xlsm", "ppsx", "potx"],
        media: Media::Document,
        specification: "ISO/IEC 29500-1 and -2; C2PA 2.2, annex A.6",
        version: 1,
        c2pa_mime: C2paMime::Named("docx"),
        // A chart brings its own workbook.
        in_documents: false,
        ..Info::DEFAULT
    },
    mime: None,
    first: &["[Content_Types].xml", "_rels/", "docProps/", "word/", "ppt/", "xl/"],
    needed: &[&["[Content_Types].xml"]],
    properties: |name| name.starts_with("docProps/") && name.ends_with(".xml"),
};

/// Text, sheets and slides of LibreOffice and others (ISO/IEC 26300).
pub static OPEN_DOCUMENT: ZipDocument = ZipDocument {
    info: &Info {
        id: FormatId::new("opendocument"),
        name: "OpenDocument",
        extensions: &["odt", "odp", "ods", "odg"],
        media: Media::Document,
        specification: "ISO/IEC 26300 (ODF 1.3); C2PA 2.2, annex A.6",
        version: 1,
        c2pa_mime: C2paMime::Named("odt"),
        // A chart brings its own workbook.
        in_documents: false,
        ..Info::DEFAULT
    },
    mime: Some("application/vnd.oasis.opendocument."),
    first: &[],
    needed: &[&["META-INF/manifest.xml", "content.xml", "meta.xml"]],
    properties: |name| name == "meta.xml",
};

impl Format for ZipDocument {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let Some((name, content)) = zip::first(probe.head) else { return Score::NO };
        let by_mime = self.mime.is_some_and(|mime| name == "mimetype" && content.starts_with(mime.as_bytes()));
        let by_name = self.first.iter().any(|first| name.starts_with(first));
        if by_mime || by_name { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let mut listing = zip::Listing::default();
        let listed = zip::list(source, &mut listing);
        out.coverage.add(0, if listing.end > 0 { listing.end } else { source.len() });
        let members = listing.members;
        if !members.is_empty() && !self.is_complete(&members) {
            // It only begins like a document: its members are files.
            out.facts.format = Some(zip_store::ID);
            return zip_store::read_store(source, &members, out).and(listed);
        }
        let mut media = 0;
        for member in &members {
            let result = match &*member.name {
                zip_store::STORE => zip_store::store(source, member, out),
                name if (self.properties)(name) => self.read_properties(source, member, out),
                name if media < limits::EMBEDDED && (is_media(name) || is_media_by_bytes(source, member, out)) => {
                    media += 1;
                    embed(source, member, out)
                }
                name if is_media(name) || is_media_by_bytes(source, member, out) => {
                    let what =
                        format!("more than {} pictures, sounds and films: the rest was not read", limits::EMBEDDED);
                    push_problem(out, Problem::limit("ZIP", source.len(), what));
                    break;
                }
                _ => Ok(()),
            };
            if let Err(problem) = result {
                push_problem(out, problem);
            }
        }
        listed
    }
}

impl ZipDocument {
    /// Whether an archive with these members has what makes it this document and no plain archive.
    fn is_complete(&self, members: &[Member]) -> bool {
        self.needed.iter().all(|any| members.iter().any(|m| any.iter().any(|name| m.name.ends_with(name))))
    }

    fn read_properties(&self, source: &mut Source, member: &Member, out: &mut Extraction) -> Result<(), Problem> {
        let (offset, bytes) = zip::bytes(source, member, PROPERTIES)?;
        let at = Place::new(format!("ZIP {}", member.name), source.absolute(offset));
        document_xml::read(&bytes, &self.info.id, &at, out);
        Ok(())
    }
}

fn embed(source: &mut Source, member: &Member, out: &mut Extraction) -> Result<(), Problem> {
    let (offset, bytes) = zip::bytes(source, member, limits::EMBEDDED_BYTES)?;
    let name = Some(member.name.to_string());
    let place = format!("ZIP {}", member.name);
    push_embedded(out, Embedded { place, offset: source.absolute(offset), bytes, name });
    Ok(())
}

/// Bytes of a member that it is identified by where its name says nothing.
const PEEK: usize = 4 * 1024;

/// Whether a member with any name is media by its bytes; an archive, which is not opened here, is a problem.
fn is_media_by_bytes(source: &mut Source, member: &Member, out: &mut Extraction) -> bool {
    if member.is_folder() || member.size < 16 {
        return false;
    }
    let head = zip::head(source, member, PEEK);
    let text = [&b"<?xml"[..], b"<", b"\xEF\xBB\xBF<?xml", b"{"].iter().any(|start| head.starts_with(start));
    let svg = memchr::memmem::find(&head, b"<svg").is_some();
    if text && !svg {
        return false;
    }
    let probe = Probe { head: &head, len: member.size };
    let Some(format) = formats::surest(&probe).filter(|format| format.sniff(&probe) >= Score::LIKELY) else {
        return false;
    };
    let info = format.info();
    if matches!(info.archive, Archive::Opened(Contents::Zip | Contents::Tar)) {
        let what = "an archive inside a document is not opened: unpack the document and scan what it holds";
        let at = source.absolute(member.local);
        push_problem(out, Problem::new(ProblemKind::Unsupported, format!("ZIP {}", member.name), Some(at), what));
    }
    // A document in a document has its own pictures.
    info.in_documents && info.media.is_content()
        || matches!(info.id.as_str(), "ooxml" | "opendocument" | "epub" | "pdf")
}

/// Whether a member is called as media are that a document may hold.
fn is_media(name: &str) -> bool {
    let format = name.rsplit_once('.').and_then(|(_, extension)| by_extension(extension));
    format.is_some_and(|format| format.info().in_documents && format.info().media.is_content())
}
