//! PDF (ISO 32000-2): the Info dictionary, metadata streams, embedded files, pictures that carry metadata.

use std::collections::HashSet;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::pdf::{Document, Indirect};
use crate::framing::pdf_objects::{self, Dict, Object};
use crate::tags::{self, Place, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem, ProblemKind, Store};

/// The PDF format.
pub struct Pdf;

static INFO: Info = Info {
    id: FormatId::new("pdf"),
    name: "PDF",
    extensions: &["pdf", "ai"],
    media: Media::Document,
    specification: "ISO 32000-2",
    version: 2,
    ..Info::DEFAULT
};

/// Pages, forms and pictures that are visited.
const VISITS: usize = 20_000;

impl Format for Pdf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let near = probe.head.get(..probe.head.len().min(1024)).unwrap_or_default();
        match near.windows(5).position(|w| w == b"%PDF-") {
            Some(0) => Score::SURE,
            Some(_) => Score(50),
            None => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let document = Document::open(source).map_err(|p| p.within("pdf (cross-reference)"))?;
        let mut reader = Reader { document, out, seen: HashSet::new() };
        reader.read();
        Ok(())
    }
}

struct Reader<'a> {
    document: Document<'a>,
    out: &'a mut Extraction,
    /// Numbers of the objects visited.
    seen: HashSet<u32>,
}

impl Reader<'_> {
    fn read(&mut self) {
        if let Some(problem) = self.document.repaired.take() {
            // A missing end is a cut file; a wrong table in a whole one was made up for.
            let problem = problem.within("pdf (cross-reference)");
            let cut = problem.kind == ProblemKind::Truncated;
            tags::push_problem(self.out, if cut { problem } else { problem.harmless() });
        }
        let trailer = self.document.trailer.clone();
        if trailer.get("Encrypt").is_some() {
            return self.encrypted(&trailer);
        }
        self.info(&trailer);
        let Some(catalog) = self.document.dict(trailer.get("Root")) else {
            let problem = Problem::malformed("pdf", 0, "no catalog");
            return tags::push_problem(self.out, problem);
        };
        self.metadata(&catalog, "PDF Catalog/Metadata");
        self.attached(&catalog);
        let names = self.document.dict(catalog.get("Names"));
        if let Some(files) = names.and_then(|names| names.get("EmbeddedFiles").cloned()) {
            self.names(files);
        }
        if let Some(pages) = catalog.get("Pages").cloned() {
            self.pages(pages);
        }
    }

    /// Strings and streams are unreadable, except the metadata where the file says so (section 7.6.5.2).
    fn encrypted(&mut self, trailer: &Dict) {
        let before = self.out.facts.tags.len();
        let encryption = self.document.dict(trailer.get("Encrypt")).unwrap_or_default();
        let clear = encryption.get("EncryptMetadata") == Some(&Object::Bool(false));
        if clear && let Some(catalog) = self.document.dict(trailer.get("Root")) {
            self.metadata(&catalog, "PDF Catalog/Metadata");
        }
        let problem = Problem::new(ProblemKind::Unsupported, "pdf", None, "encrypted");
        let read = clear && self.out.facts.tags.len() > before;
        tags::push_problem(self.out, if read { problem.harmless() } else { problem });
    }

    fn info(&mut self, trailer: &Dict) {
        let Some(info) = trailer.get("Info").and_then(|o| self.document.resolve(o)) else { return };
        let Object::Dict(dict) = info.object else { return };
        let offset = info.start.map(|at| self.document.source.absolute(at));
        let place = Place { container: "PDF Info".into(), offset };
        for (key, value) in dict.0.iter().take(limits::TAGS) {
            let value = match self.document.resolve(value).map(|i| i.object) {
                Some(Object::Text(bytes)) => pdf_objects::text(&bytes),
                Some(Object::Name(name)) => name,
                Some(Object::Integer(n)) => n.to_string(),
                Some(Object::Bool(b)) => b.to_string(),
                _ => continue,
            };
            tags::push(self.out, "pdf", key, value, &place, 0);
        }
    }

    /// The /Metadata stream of a dictionary.
    fn metadata(&mut self, dict: &Dict, name: &str) {
        let Some(object) = dict.get("Metadata") else { return };
        if let Object::Ref(number) = object
            && !self.seen.insert(*number)
        {
            return;
        }
        let Some(found) = self.document.resolve(object) else {
            return tags::push_problem(
                self.out,
                Problem::new(ProblemKind::Malformed, "pdf (Metadata)", None, "not found"),
            );
        };
        match self.document.data(&found) {
            Ok(bytes) => {
                let offset = self.plain(&found);
                xmp::read(&bytes, &Place { container: name.to_owned(), offset }, self.out);
            }
            Err(problem) => tags::push_problem(self.out, problem.within("pdf (Metadata)")),
        }
    }

    /// Absolute offset of a stream that stands in the file as it is.
    fn plain(&mut self, found: &Indirect) -> Option<u64> {
        let Object::Dict(dict) = &found.object else { return None };
        found.stream.filter(|_| dict.get("Filter").is_none()).map(|at| self.document.source.absolute(at))
    }

    /// Associated files (section 14.13).
    fn attached(&mut self, dict: &Dict) {
        let files = dict.get("AF").and_then(|o| self.document.resolve(o)).map(|i| i.object);
        if let Some(Object::Array(files)) = files {
            for file in files.iter().take(limits::EMBEDDED * 4) {
                self.file(file);
            }
        }
    }

    /// The name tree of embedded files (section 7.9.6).
    fn names(&mut self, root: Object) {
        let mut nodes = vec![root];
        let mut visits = 0;
        while let Some(node) = nodes.pop() {
            visits += 1;
            if visits > VISITS {
                let problem = Problem::limit("pdf (EmbeddedFiles)", 0, "too many names");
                return tags::push_problem(self.out, problem);
            }
            if let Object::Ref(number) = node
                && !self.seen.insert(number)
            {
                continue;
            }
            let Some(dict) = self.document.dict(Some(&node)) else { continue };
            let mut list = |key: &str| match dict.get(key).and_then(|o| self.document.resolve(o)).map(|i| i.object) {
                Some(Object::Array(items)) => items,
                _ => Vec::new(),
            };
            nodes.extend(list("Kids").into_iter().take(VISITS));
            for file in list("Names").iter().skip(1).step_by(2).take(VISITS) {
                self.file(file);
            }
        }
    }

    /// One file specification (section 7.11).
    fn file(&mut self, object: &Object) {
        if let Object::Ref(number) = object
            && !self.seen.insert(*number)
        {
            return;
        }
        let Some(dict) = self.document.dict(Some(object)) else { return };
        let name = ["UF", "F"].iter().find_map(|key| match self.document.resolve(dict.get(key)?)?.object {
            Object::Text(bytes) => Some(pdf_objects::text(&bytes)),
            _ => None,
        });
        let Some(files) = self.document.dict(dict.get("EF")) else { return };
        let stream = ["F", "UF"].iter().find_map(|key| files.get(key)).cloned();
        let Some(Object::Ref(number)) = stream else { return };
        if !self.seen.insert(number) {
            return;
        }
        let Some(found) = self.document.get(number) else { return };
        let offset = self.document.source.absolute(found.stream.unwrap_or(0));
        let place = Place { container: "PDF embedded file".into(), offset: Some(offset) };
        if let Some(name) = &name {
            tags::push(self.out, "pdf", "EmbeddedFile", name, &place, 0);
        }
        let manifest = dict.name("AFRelationship") == Some("C2PA_Manifest")
            || name.as_deref().is_some_and(|n| n.to_ascii_lowercase().ends_with(".c2pa"));
        if !manifest && self.out.embedded.len() >= limits::EMBEDDED {
            let what = format!("more than {} embedded files", limits::EMBEDDED);
            return tags::push_problem(self.out, Problem::limit("pdf (EmbeddedFiles)", offset, what));
        }
        match self.document.data(&found) {
            Ok(bytes) if manifest => {
                self.out.stores.push(Store { place: place.container, offset, bytes, damage: None });
            }
            Ok(bytes) => self.out.embedded.push(Embedded { place: place.container, offset, bytes, name }),
            Err(problem) => tags::push_problem(self.out, problem.within("pdf (EmbeddedFiles)")),
        }
    }

    /// Pages, the forms and pictures that they use, and their attachments.
    fn pages(&mut self, root: Object) {
        let mut nodes = vec![root];
        let mut visits = 0;
        while let Some(node) = nodes.pop() {
            visits += 1;
            if visits > VISITS {
                // Each could carry a picture with metadata; the document's own was read.
                let what = format!("more than {VISITS} pages and pictures");
                return tags::push_problem(self.out, Problem::limit("pdf (Pages)", 0, what).harmless());
            }
            if let Object::Ref(number) = node
                && !self.seen.insert(number)
            {
                continue;
            }
            let Some(found) = self.document.resolve(&node) else { continue };
            let Object::Dict(dict) = &found.object else { continue };
            let place = dict.name("Subtype").or_else(|| dict.name("Type")).unwrap_or("Page").to_owned();
            self.metadata(dict, &format!("PDF {place}/Metadata"));
            self.attached(dict);
            if dict.name("Subtype") == Some("Image") {
                self.picture(&found, dict);
            }
            if let Some(Object::Array(kids)) = dict.get("Kids").and_then(|o| self.document.resolve(o)).map(|i| i.object)
            {
                nodes.extend(kids.into_iter().take(VISITS).rev());
            }
            let resources = self.document.dict(dict.get("Resources"));
            let used = resources.and_then(|r| self.document.dict(r.get("XObject")));
            nodes.extend(used.into_iter().flat_map(|x| x.0).map(|(_, object)| object).take(VISITS));
            if let Some(Object::Array(notes)) =
                dict.get("Annots").and_then(|o| self.document.resolve(o)).map(|i| i.object)
            {
                for note in notes.iter().take(VISITS / 10) {
                    let note = self.document.dict(Some(note)).filter(|d| d.name("Subtype") == Some("FileAttachment"));
                    if let Some(file) = note.and_then(|n| n.get("FS").cloned()) {
                        self.file(&file);
                    }
                }
            }
        }
    }

    /// A JPEG or JPEG 2000 picture that brings metadata of its own.
    fn picture(&mut self, found: &Indirect, dict: &Dict) {
        let filter = match dict.get("Filter") {
            Some(Object::Name(name)) => Some(name.as_str()),
            Some(Object::Array(names)) => match names.as_slice() {
                [Object::Name(name)] => Some(name.as_str()),
                _ => None,
            },
            _ => None,
        };
        let jpeg = matches!(filter, Some("DCTDecode" | "DCT"));
        if !jpeg && filter != Some("JPXDecode") {
            return;
        }
        let Some((start, len)) = self.document.extent(found) else { return };
        if jpeg {
            let most = len.min(limits::HEAD as u64) as usize;
            let head = self.document.source.up_to(start, most.min(limits::WINDOW)).map(<[u8]>::to_vec);
            if !head.is_ok_and(|head| has_metadata(&head)) {
                return;
            }
        }
        let offset = self.document.source.absolute(start);
        if self.out.embedded.len() >= limits::EMBEDDED {
            let what = format!("more than {} pictures with metadata", limits::EMBEDDED);
            return tags::push_problem(self.out, Problem::limit("pdf (XObject)", offset, what));
        }
        match self.document.raw(found, limits::EMBEDDED_BYTES) {
            Ok(bytes) => self.out.embedded.push(Embedded { place: "PDF Image".into(), offset, bytes, name: None }),
            Err(problem) => tags::push_problem(self.out, problem.within("pdf (XObject)")),
        }
    }
}

/// Whether a JPEG's first segments are more than JFIF, Adobe and coding tables.
fn has_metadata(head: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = head.get(at..at + 4).and_then(|s| <&[u8; 4]>::try_from(s).ok()) {
        match marker {
            // APP1 (EXIF, XMP), APP11 (JUMBF), APP13 (IPTC), comments.
            0xE1 | 0xEB | 0xED | 0xFE => return true,
            0xDA => return false,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    // Longer than the bytes at hand: worth a look.
    at + 4 > head.len()
}
