//! PDF (ISO 32000-2): the Info dictionary, metadata streams, embedded files, pictures that carry metadata.
//!
//! A page draws through forms, patterns, masks, fonts and annotations of many kinds, and files hang on any object: all that
//! the catalog leads to is visited, whatever the way is called.

use std::collections::HashSet;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::pdf::{Document, Indirect};
use crate::framing::pdf_inline::{self, Inline};
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
    version: 4,
    ..Info::DEFAULT
};

/// Names of embedded files that are visited.
const VISITS: usize = 20_000;
/// Objects, dictionaries and lists that are visited.
const NODES: usize = 4_000_000;
/// Files and pictures of one document that are read, and their bytes together.
const CARRIED: usize = 1_024;
const CARRIED_BYTES: usize = 2 * limits::BLOB;
/// Objects past which a document is read into memory: they are small, and stand everywhere in it.
const MANY: usize = 2_000;

impl Format for Pdf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let near = probe.head.get(..probe.head.len().min(1024)).unwrap_or_default();
        match memchr::memmem::find_iter(near, b"%PDF-").find(|at| *at == 0 || !is_quoted(near, *at)) {
            Some(0) => Score::SURE,
            Some(_) => Score(50),
            None => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let document = Document::open(source).map_err(|p| p.within("pdf (cross-reference)"))?;
        let many = document.objects() > MANY;
        if !many || source.len() > limits::BLOB as u64 {
            return read(source, out);
        }
        let base = source.absolute(0);
        let whole = source.whole(limits::BLOB)?.into_owned();
        read(&mut Source::memory(whole, base), out)
    }
}

/// Whether a header stands in the text of a program: between a quotation mark and another one, or an escape.
fn is_quoted(bytes: &[u8], at: usize) -> bool {
    const QUOTES: &[u8] = b"\"'`";
    let before = at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| QUOTES.contains(byte));
    let version = bytes.get(at + 5..).unwrap_or_default();
    let after = version.iter().find(|byte| !matches!(byte, b'0'..=b'9' | b'.'));
    before && after.is_some_and(|byte| *byte == b'\\' || QUOTES.contains(byte))
}

fn read(source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
    let document = Document::open(source).map_err(|p| p.within("pdf (cross-reference)"))?;
    let mut reader = Reader { document, out, seen: HashSet::new(), carried: 0, drawn: 0 };
    reader.read();
    if let Some(problem) = reader.document.withheld.take() {
        tags::push_problem(reader.out, problem.within("pdf"));
    }
    Ok(())
}

struct Reader<'a> {
    document: Document<'a>,
    out: &'a mut Extraction,
    /// Numbers of the objects visited.
    seen: HashSet<u32>,
    /// Bytes of the files and pictures so far.
    carried: usize,
    /// Bytes of the streams that were looked through for inline pictures.
    drawn: usize,
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
            self.visit(pages);
        }
        self.visit(Object::Dict(catalog));
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
            tags::push(self.out, ("pdf", key), value, &place, 0);
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
                xmp::read(&bytes, &Place { container: name.into(), offset }, self.out);
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
            files.iter().for_each(|file| self.file(file));
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
        // One for each system; they should be the same, and need not be.
        let named = ["F", "UF"].iter().find_map(|key| files.get(key)).into_iter();
        let streams = named.chain(files.0.iter().map(|(_, stream)| stream));
        for stream in streams {
            if let Object::Ref(number) = stream
                && self.seen.insert(*number)
            {
                self.stream(*number, &dict, name.as_ref());
            }
        }
    }

    /// The stream of an embedded file.
    fn stream(&mut self, number: u32, dict: &Dict, name: Option<&String>) {
        let Some(found) = self.document.get(number) else { return };
        let offset = self.document.source.absolute(found.stream.unwrap_or(0));
        let place = Place { container: "PDF embedded file".into(), offset: Some(offset) };
        if let Some(name) = name {
            tags::push(self.out, ("pdf", "EmbeddedFile"), name, &place, 0);
        }
        let manifest = dict.name("AFRelationship") == Some("C2PA_Manifest")
            || name.is_some_and(|n| n.to_ascii_lowercase().ends_with(".c2pa"));
        match self.document.data(&found) {
            Ok(bytes) if manifest => {
                tags::push_store(self.out, Store { place: place.container.to_string(), offset, bytes, damage: None });
            }
            Ok(bytes) => self.embed(place.container.to_string(), offset, bytes, name.cloned()),
            Err(problem) => tags::push_problem(self.out, problem.within("pdf (EmbeddedFiles)")),
        }
    }

    fn embed(&mut self, place: String, offset: u64, bytes: Vec<u8>, name: Option<String>) {
        self.carried = self.carried.saturating_add(bytes.len());
        if self.out.embedded.len() >= CARRIED || self.carried > CARRIED_BYTES {
            let what = format!("more than {CARRIED} files and pictures, or than {CARRIED_BYTES} bytes of them");
            return tags::push_problem(self.out, Problem::limit("pdf", offset, what));
        }
        tags::push_embedded(self.out, Embedded { place, offset, bytes, name });
    }

    /// Everything that an object leads to.
    fn visit(&mut self, root: Object) {
        let mut nodes = vec![root];
        let mut visits = 0;
        while let Some(node) = nodes.pop() {
            visits += 1;
            if visits > NODES {
                let what = format!("more than {NODES} objects");
                return tags::push_problem(self.out, Problem::limit("pdf", 0, what));
            }
            let found = match node {
                Object::Ref(number) if !self.seen.insert(number) => continue,
                Object::Ref(number) => self.document.get(number),
                object => Some(Indirect { number: 0, object, start: None, stream: None }),
            };
            match found.map(|found| (found.object.clone(), found)) {
                Some((Object::Dict(dict), found)) => {
                    self.object(&found, &dict);
                    // In the order of the dictionary, so that pages come one after the other.
                    let inner = dict.0.into_iter().filter(|(key, _)| key != "Parent" && key != "Metadata");
                    nodes.extend(inner.map(|(_, object)| object).filter(leads).rev());
                }
                Some((Object::Array(items), _)) => nodes.extend(items.into_iter().filter(leads).rev()),
                Some((object @ Object::Ref(_), _)) => nodes.push(object),
                _ => {}
            }
        }
    }

    /// What one dictionary brings: metadata, files, a picture.
    fn object(&mut self, found: &Indirect, dict: &Dict) {
        let kind = dict.name("Subtype").or_else(|| dict.name("Type"));
        if dict.get("Metadata").is_some() {
            self.metadata(dict, &format!("PDF {}/Metadata", kind.unwrap_or("Page")));
        }
        if dict.get("AF").is_some() {
            self.attached(dict);
        }
        if dict.get("EF").is_some() {
            self.file(&Object::Dict(dict.clone()));
        }
        if found.stream.is_none() {
            return;
        }
        match kind {
            Some("Image") => self.picture(found, dict),
            _ if dict.name("Type") == Some("EmbeddedFile") => self.stream(found.number, dict, None),
            _ => {
                let packed = self.document.filters(dict);
                if packed.iter().any(|name| PICTURES.contains(&name.as_str())) {
                    self.picture(found, dict);
                } else if draws(dict) {
                    self.inline(found);
                }
            }
        }
    }

    /// The JPEG pictures that a stream of drawing holds between its operators.
    fn inline(&mut self, found: &Indirect) {
        let offset = self.document.source.absolute(found.stream.unwrap_or(0));
        if self.drawn > DRAWN {
            let problem =
                Problem::limit("pdf (content)", offset, "too much drawing to look through for inline pictures");
            return tags::push_problem(self.out, problem);
        }
        let content = match self.document.drawing(found) {
            Ok(content) => content,
            // It was never asked for metadata; that it is damaged is told.
            Err(problem) => return tags::push_problem(self.out, problem.within("pdf (content)").harmless()),
        };
        self.drawn = self.drawn.saturating_add(content.len());
        for image in pdf_inline::jpegs(&content, CARRIED) {
            match image {
                Inline::Jpeg(bytes) if has_metadata(&bytes) => {
                    self.embed("PDF inline image".into(), offset, bytes, None)
                }
                Inline::Jpeg(_) => {}
                Inline::Behind(filter) => {
                    let what = format!("a JPEG picture behind filter {filter} is not read");
                    let problem = Problem::new(ProblemKind::Unsupported, "pdf (inline image)", Some(offset), what);
                    tags::push_problem(self.out, problem);
                }
            }
        }
    }

    /// A JPEG or JPEG 2000 picture that brings metadata of its own.
    fn picture(&mut self, found: &Indirect, dict: &Dict) {
        let filters = self.document.filters(dict);
        let Some(filter) = filters.iter().find(|name| PICTURES.contains(&name.as_str())) else { return };
        let Some((start, len)) = self.document.extent(found) else { return };
        let jpeg = filter != "JPXDecode";
        let bare = filters.len() == 1;
        if jpeg && bare {
            let most = len.min(limits::HEAD as u64) as usize;
            let head = self.document.source.up_to(start, most.min(limits::WINDOW)).map(<[u8]>::to_vec);
            if !head.is_ok_and(|head| has_metadata(&head)) {
                return;
            }
        }
        let offset = self.document.source.absolute(start);
        let read = match bare {
            true => self.document.raw(found, limits::EMBEDDED_BYTES),
            false => self.document.unfiltered(found).map(|(bytes, _)| bytes),
        };
        match read {
            Ok(bytes) if jpeg && !has_metadata(&bytes) => {}
            Ok(bytes) => self.embed("PDF Image".into(), offset, bytes, None),
            Err(problem) => tags::push_problem(self.out, problem.within("pdf (XObject)")),
        }
    }
}

/// Filters whose data are files of their own.
const PICTURES: &[&str] = &["DCTDecode", "DCT", "JPXDecode"];

/// Bytes of drawing that are looked through in one document.
const DRAWN: usize = 4 * limits::BLOB;
/// Keys of streams that draw nothing: fonts, functions, colors, shadings, character maps, tables of objects.
const SILENT: &[&str] =
    &["Length1", "Length2", "FunctionType", "N", "ShadingType", "CMapName", "PatternName", "Alternate", "W"];

/// Whether a stream may be one of content: of a page, a form, an appearance, a tiling pattern or a glyph.
fn draws(dict: &Dict) -> bool {
    let named = matches!(dict.name("Type"), None | Some("XObject" | "Pattern"));
    let kind = matches!(dict.name("Subtype"), None | Some("Form"));
    named && kind && SILENT.iter().all(|key| dict.get(key).is_none())
}

/// Whether there may be more behind an object.
fn leads(object: &Object) -> bool {
    matches!(object, Object::Ref(_) | Object::Array(_) | Object::Dict(_))
}

/// Whether a JPEG's first segments are more than JFIF, Adobe and coding tables.
fn has_metadata(head: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = head.get(at..at + 4).and_then(|s| <&[u8; 4]>::try_from(s).ok()) {
        match marker {
            // APP1 (EXIF, XMP), APP11 (JUMBF), APP13 (IPTC), comments, and what nobody defined.
            0xE1 | 0xE3..=0xED | 0xEF | 0xFE => return true,
            0xDA => return false,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    // Longer than the bytes at hand: worth a look.
    at + 4 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_between_the_operators_of_a_page_and_of_a_form_are_read() {
        let jpeg = b"\xFF\xD8\xFF\xFE\0\x06word\xFF\xD9";
        let drawing = [b"q\nBI /W 8 /H 8 /BPC 8 /CS /RGB /F /DCT\nID ".as_slice(), jpeg, b"\nEI Q\n"].concat();
        let document = |page: &[u8], form: &[u8]| {
            let stream = |keys: &str, data: &[u8]| {
                [format!("<<{keys}/Length {}>>stream\n", data.len()).as_bytes(), data, b"\nendstream"].concat()
            };
            let objects = [
                b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
                b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
                b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>".to_vec(),
                stream("", page),
                stream("/Type/XObject/Subtype/Form", form),
            ];
            let mut out = b"%PDF-1.4\n".to_vec();
            for (index, object) in objects.iter().enumerate() {
                out.extend([format!("{} 0 obj\n", index + 1).as_bytes(), object, b"\nendobj\n"].concat());
            }
            [out, b"trailer<</Root 1 0 R>>\n%%EOF\n".to_vec()].concat()
        };
        let pictures = |bytes: Vec<u8>| {
            let mut out = Extraction::default();
            Pdf.read(&mut Source::memory(bytes, 0), &mut out).unwrap();
            out.embedded.into_iter().map(|picture| picture.bytes).collect::<Vec<_>>()
        };
        assert_eq!(pictures(document(&drawing, b"q Q")), [jpeg]);
        assert_eq!(pictures(document(b"/F Do", &drawing)), [jpeg]);
        assert_eq!(pictures(document(b"(BI /F /DCT ID) Tj", b"q Q")), [] as [&[u8]; 0]);
    }

    #[test]
    fn a_header_in_the_text_of_a_program_makes_no_document() {
        let sniff = |head: &[u8]| Pdf.sniff(&Probe { head, len: head.len() as u64 });
        assert_eq!(sniff(b"let mut pdf = b\"%PDF-1.5\\n\".to_vec();"), Score::NO);
        assert_eq!(sniff(b"assert_eq!(head, '%PDF-1.5');"), Score::NO);
        // Junk before a header, also with a quotation mark in it, is what readers of documents pass over.
        assert_eq!(sniff(b"\r\n%PDF-1.7\r\n"), Score(50));
        assert_eq!(sniff(b"junk \"%PDF-1.4\n1 0 obj"), Score(50));
        assert_eq!(sniff(b"\"%PDF-1.5\\n\" and then\n%PDF-1.4\n"), Score(50));
        assert_eq!(sniff(b"%PDF-1.5\\n"), Score::SURE);
    }
}
