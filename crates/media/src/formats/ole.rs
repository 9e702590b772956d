//! Documents of Microsoft Office before 2007 (MS-DOC, MS-XLS, MS-PPT): compound files (MS-CFB) with streams of records, in
//! which pictures stand as they were inserted (MS-ODRAW, section 2.2.23), and with properties (MS-OLEPS).

mod pictures;
mod properties;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{Place, content, push_problem};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};
use countersign_timelines::compound;

/// The reader.
pub struct Ole;

static INFO: Info = Info {
    id: FormatId::new("ole-document"),
    name: "Microsoft Office 97",
    // Texts of any kind are called `.doc` as well: the name promises nothing.
    extensions: &[],
    borrowed_name: true,
    media: Media::Document,
    specification: "MS-CFB, MS-DOC, MS-XLS, MS-PPT, MS-ODRAW, MS-OLEPS",
    version: 1,
    // A chart brings its own workbook.
    in_documents: false,
    ..Info::DEFAULT
};

/// What compound files begin with.
const SIGNATURE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// The streams of which one tells that a compound file is such a document.
const DOCUMENTS: &[&str] = &["WordDocument", "Workbook", "Book", "PowerPoint Document"];
/// Names of streams that hold files as they were inserted.
const OBJECTS: &[&str] = &["\u{1}Ole10Native", "Package", "CONTENTS", "EmbeddedOdf"];

impl Format for Ole {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // Compositions of AAF say so behind the signature.
        let composition = probe.head.get(8..12) == Some(b"AAFB");
        if probe.head.starts_with(SIGNATURE) && !composition { Score::LIKELY } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let len = source.len();
        let start = source.absolute(0);
        // Longer ones are projects of other programs.
        if len > limits::BLOB as u64 {
            out.facts.format = None;
            return Ok(());
        }
        let bytes = source.whole(limits::BLOB)?;
        let most = limits::EMBEDDED_BYTES as u64;
        let streams = compound::streams(bytes.as_ref(), most, limits::BLOB as u64)
            .map_err(|unreadable| Problem::malformed("", start, unreadable.to_string()))?;
        // Many programs keep their own things in compound files: what is none of these documents is none of ours.
        if !streams.iter().any(|(name, _)| DOCUMENTS.contains(&name.as_str())) {
            out.facts.format = None;
            return Ok(());
        }
        out.coverage.add(0, len);
        for (name, stream) in &streams {
            let at = Place { container: format!("OLE {}", name.escape_debug()).into(), offset: None };
            match stream {
                Ok(bytes) => read_stream(name, bytes, &at, out),
                Err(unreadable) => {
                    push_problem(out, Problem::malformed(&*at.container, start, unreadable.to_string()));
                }
            }
        }
        Ok(())
    }
}

fn read_stream(path: &str, bytes: &[u8], at: &Place, out: &mut Extraction) {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "\u{5}SummaryInformation" | "\u{5}DocumentSummaryInformation" => properties::read(bytes, at, out),
        "Workbook" | "Book" => {
            let drawings = pictures::drawings(bytes);
            pictures::read(&drawings, at, out);
        }
        _ if OBJECTS.contains(&name) => {
            content::unknown(bytes, "ole", at, out);
        }
        _ => pictures::read(bytes, at, out),
    }
}
