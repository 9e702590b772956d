//! The provenance sheet: one sheet for every asset in an archival place, with what speaks for and against it, the rights, where
//! it is in the cut, and what is still to be asked of the archive. HTML that prints, and CSV with a row an asset.
//!
//! After what archival producers and broadcasters ask for (Archival Producers Alliance, "Best Practices for Use of Generative
//! AI in Documentaries"; Trust in Archives Initiative, due diligence). All assets, not only those with findings.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::paper::sheet::Columns;
use crate::paper::{self, Head, capitalized, facts, name, record_line, records, said, table, text};
use crate::{Info, Kind, RenderOptions, Report};
use countersign_model::{ArchiveEvidence, ArchiveGrade, ArchiveLine, ArchiveWeight, AssetReport, Role, Run, Summary};

/// A sheet for each archival asset.
pub static KIND: Kind = Kind {
    info: Info {
        id: "provenance",
        summary: "a sheet for each archival asset: evidence for and against, rights, cut, open questions",
    },
    start,
};

/// The same as a table.
pub static CSV: Kind = Kind {
    info: Info { id: "provenance-csv", summary: "the same as CSV, a row for each archival asset" },
    start: start_csv,
};

fn start<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Sheets { out, options, run: Run::default(), sheets: Vec::new(), without: Vec::new() })
}

/// Kinds of lines that say who may show it and who holds it.
const RIGHTS: &[(&str, &str)] = &[
    ("Credit", "credit"),
    ("Source", "source"),
    ("Copyright", "copyright"),
    ("Terms of use", "licence"),
    ("Held as", "holding"),
    ("Supplier's reference", "supplier-reference"),
];

struct Sheets<'w> {
    out: Box<dyn Write + 'w>,
    options: RenderOptions,
    run: Run,
    sheets: Vec<Sheet>,
    /// Files in archival places that are no media or could not be read, and why.
    without: Vec<(String, String)>,
}

/// One asset, ready but for its picture.
struct Sheet {
    root: usize,
    path: String,
    name: String,
    grade: ArchiveGrade,
    top: String,
    rest: String,
}

impl Report for Sheets<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.run = run.clone();
        Ok(())
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        if asset.role != Role::Archival {
            return Ok(());
        }
        let name = name(asset, &self.run.roots);
        match &asset.archive {
            Some(archive) => self.sheets.push(sheet(asset, archive, name)),
            None => {
                let why = asset.problems.iter().find(|problem| problem.blocking).map(|problem| problem.what.clone());
                self.without.push((name, why.unwrap_or_else(|| "no picture, film or sound".to_owned())));
            }
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let head = Head {
            title: "Provenance of archival material",
            lead: "What the files, the material beside them and the records say about where each archival asset comes from.",
            class: "page",
            script: None,
        };
        paper::begin(&mut self.out, &self.run, &head)?;
        self.out.write_all(self.overview().as_bytes())?;
        let wanted: Vec<_> = self.sheets.iter().map(|sheet| (sheet.root, sheet.path.clone())).collect();
        let pictures = if summary.interrupted { Default::default() } else { paper::pictures(&self.options, &wanted) };
        for (index, sheet) in self.sheets.iter().enumerate() {
            let picture = pictures.get(&index).map(String::as_str).unwrap_or_default();
            write!(
                self.out,
                "<section class=\"sheet\" id=\"asset-{index}\">\n<div class=\"top\"><div>{}</div>{picture}</div>\n{}</section>\n",
                sheet.top, sheet.rest
            )?;
        }
        if !self.without.is_empty() {
            let rows: Vec<_> = self.without.iter().map(|(name, why)| vec![name.clone(), why.clone()]).collect();
            write!(self.out, "<h2>Files without a sheet</h2>\n{}", table(&["File", "Why"], &rows))?;
        }
        self.out.write_all(paper::SIGNATURES.as_bytes())?;
        paper::end(&mut self.out, &self.run, summary, None)
    }
}

impl Sheets<'_> {
    fn overview(&self) -> String {
        let grades = [
            ArchiveGrade::Contradicted,
            ArchiveGrade::Unsupported,
            ArchiveGrade::Supported,
            ArchiveGrade::Authenticated,
        ];
        let of = |grade| self.sheets.iter().filter(|sheet| sheet.grade == grade).count();
        let rows: Vec<_> = grades
            .iter()
            .map(|grade| vec![title(*grade).to_owned(), of(*grade).to_string(), meaning(*grade).to_owned()])
            .collect();
        let mut out = format!("<h2>Overview</h2>\n{}", table(&["Grade", "Assets", "What it means"], &rows));
        out.push_str(
            "<p class=\"soft\">A grade ranks facts; it is no opinion on what a picture shows. Fields in files can be written \
             by anybody, and marks can be removed.</p>\n",
        );
        if self.sheets.is_empty() {
            out.push_str("<p>No picture, film or sound stands in an archival place.</p>\n");
            return out;
        }
        out.push_str("<h2 class=\"screen\">Assets</h2>\n<ol class=\"screen\">\n");
        for (index, sheet) in self.sheets.iter().enumerate() {
            let (tone, word) = (tone(sheet.grade), title(sheet.grade).to_lowercase());
            let _ = writeln!(
                out,
                "<li><a href=\"#asset-{index}\">{}</a> <span class=\"grade {tone}\">{word}</span></li>",
                text(&sheet.name)
            );
        }
        out + "</ol>\n"
    }
}

fn title(grade: ArchiveGrade) -> &'static str {
    match grade {
        ArchiveGrade::Contradicted => "Contradicted",
        ArchiveGrade::Unsupported => "Unsupported",
        ArchiveGrade::Supported => "Supported",
        ArchiveGrade::Authenticated => "Authenticated",
    }
}

fn tone(grade: ArchiveGrade) -> &'static str {
    match grade {
        ArchiveGrade::Contradicted => "bad",
        ArchiveGrade::Unsupported => "warn",
        ArchiveGrade::Supported | ArchiveGrade::Authenticated => "good",
    }
}

fn meaning(grade: ArchiveGrade) -> &'static str {
    match grade {
        ArchiveGrade::Contradicted => "At least one fact cannot be true together with what the file claims to be.",
        ArchiveGrade::Unsupported => "Fewer than two independent facts speak for it.",
        ArchiveGrade::Supported => "Its own fields, or what lies beside it, speak for it; nobody vouches for them.",
        ArchiveGrade::Authenticated => {
            "A trusted signature, a package hash that was checked, or a record of these very bytes vouches for it."
        }
    }
}

fn sheet(asset: &AssetReport, archive: &ArchiveEvidence, name: String) -> Sheet {
    let mut top = format!(
        "<h3>{}</h3>\n<p class=\"grade {}\">{}</p>\n<p class=\"soft\">{}</p>\n<h4>What it claims to be</h4>\n",
        text(&name),
        tone(archive.grade),
        title(archive.grade),
        meaning(archive.grade)
    );
    top.push_str(&claims(asset, archive));
    let mut rest = String::from("<h4>For it</h4>\n");
    rest.push_str(&lines(&archive.supporting, "Nothing was found that speaks for it."));
    rest.push_str("<h4>Against it</h4>\n");
    rest.push_str(&lines(&archive.against, "Nothing was found that speaks against it."));
    let _ = write!(rest, "<h4>Rights and holding</h4>\n{}", rights(asset, archive));
    let _ = write!(rest, "<h4>Where it is in the cut</h4>\n{}", paper::uses(asset));
    let records = records(asset);
    if !records.is_empty() {
        rest.push_str("<h4>Records</h4>\n<ul class=\"plain\">\n");
        records.iter().for_each(|record| {
            let _ = writeln!(rest, "<li>{}</li>", text(&record_line(record)));
        });
        rest.push_str("</ul>\n");
    }
    if !archive.questions.is_empty() {
        rest.push_str("<h4>To be asked of the archive</h4>\n<ol class=\"ask\">\n");
        archive.questions.iter().for_each(|question| {
            let _ = writeln!(rest, "<li>{}</li>", text(question));
        });
        rest.push_str("</ol>\n");
    }
    Sheet { root: asset.root, path: asset.path.clone(), name, grade: archive.grade, top, rest }
}

fn claims(asset: &AssetReport, archive: &ArchiveEvidence) -> String {
    let kind = asset.format.as_deref().unwrap_or("file").to_uppercase();
    let mut rows = vec![("Kind", format!("{kind}, {}", crate::layout::size(asset.bytes)))];
    let name = |line: &ArchiveLine| match line.kind.as_str() {
        "title" => "Title",
        "caption" => "Caption",
        "creator" => "Made by",
        "date" => "Made on",
        "location" => "Place",
        _ => "Says",
    };
    rows.extend(archive.claims.iter().map(|line| (name(line), line.value.clone())));
    rows.push(("SHA-256", asset.sha256.clone().unwrap_or_default()));
    facts(&rows)
}

/// The lines of one side.
fn lines(lines: &[ArchiveLine], none: &str) -> String {
    if lines.is_empty() {
        return format!("<p>{none}</p>\n");
    }
    let row = |line: &ArchiveLine| vec![what(line), line.value.clone(), place(line)];
    table(&["Fact", "Says", "Where"], &lines.iter().map(row).collect::<Vec<_>>())
}

fn what(line: &ArchiveLine) -> String {
    let weight = match line.weight {
        ArchiveWeight::Contradicts => " (contradicts)",
        ArchiveWeight::Authenticates => " (vouched for)",
        ArchiveWeight::Weakens | ArchiveWeight::Supports => "",
    };
    format!("{}{weight}", capitalized(&line.what))
}

fn place(line: &ArchiveLine) -> String {
    match line.offset {
        Some(offset) => format!("{}, byte {offset}", line.place),
        None => line.place.clone(),
    }
}

fn rights(asset: &AssetReport, archive: &ArchiveEvidence) -> String {
    let rows = rights_rows(asset, archive);
    let markup = facts(&rows.iter().map(|(name, value)| (name.as_str(), value.clone())).collect::<Vec<_>>());
    if markup.is_empty() { "<p>Neither the file nor a record names them.</p>\n".to_owned() } else { markup }
}

fn rights_rows(asset: &AssetReport, archive: &ArchiveEvidence) -> Vec<(String, String)> {
    let of = |kind: &str| archive.supporting.iter().find(|line| line.kind == kind).map(|line| line.value.clone());
    let mut rows: Vec<_> = RIGHTS.iter().filter_map(|(name, kind)| Some(((*name).to_owned(), of(kind)?))).collect();
    let records = records(asset);
    let recorded = [
        ("Archive", said(&records, |r| r.archive.clone())),
        ("Collection", said(&records, |r| r.collection.clone())),
        ("Object", said(&records, |r| r.object.clone())),
        ("License", said(&records, |r| r.licence.clone())),
        ("Audience is told", said(&records, |r| r.disclosure_text.clone())),
    ];
    let recorded = recorded.into_iter().filter(|(_, value)| !value.is_empty());
    rows.extend(recorded.map(|(name, value)| (name.to_owned(), value)));
    rows
}

/// The columns of the table, in order.
const COLUMNS: [&str; 20] = [
    "asset",
    "grade",
    "title",
    "caption",
    "made by",
    "made on",
    "place",
    "for",
    "against",
    "credit",
    "source",
    "copyright",
    "licence",
    "archive",
    "collection",
    "object",
    "audience is told",
    "in the cut",
    "to be asked",
    "sha256",
];

static SHEET: Columns = Columns { names: &COLUMNS, rows, unit: "assets" };

fn start_csv<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    SHEET.start(out, options)
}

fn rows(asset: &AssetReport, roots: &[String]) -> Vec<Vec<String>> {
    let archive = asset.archive.as_ref().filter(|_| asset.role == Role::Archival);
    archive.map(|archive| cells(asset, archive, roots).to_vec()).into_iter().collect()
}

fn cells(asset: &AssetReport, archive: &ArchiveEvidence, roots: &[String]) -> [String; 20] {
    let claim =
        |kind: &str| archive.claims.iter().find(|l| l.kind == kind).map(|l| l.value.clone()).unwrap_or_default();
    let of =
        |kind: &str| archive.supporting.iter().find(|l| l.kind == kind).map(|l| l.value.clone()).unwrap_or_default();
    let told = |lines: &[ArchiveLine]| {
        let one = |line: &ArchiveLine| format!("{}: {} ({})", what(line), line.value, place(line));
        lines.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let records = records(asset);
    let or = |recorded: String, own: String| if recorded.is_empty() { own } else { recorded };
    let uses: Vec<_> = asset
        .uses
        .iter()
        .map(|u| format!("{} {}: {} to {}", u.timeline, u.event, u.record.from, u.record.to))
        .collect();
    [
        name(asset, roots),
        archive.grade.word().to_owned(),
        claim("title"),
        claim("caption"),
        claim("creator"),
        claim("date"),
        claim("location"),
        told(&archive.supporting),
        told(&archive.against),
        of("credit"),
        of("source"),
        of("copyright"),
        or(said(&records, |r| r.licence.clone()), of("licence")),
        or(said(&records, |r| r.archive.clone()), of("holding")),
        said(&records, |r| r.collection.clone()),
        said(&records, |r| r.object.clone()),
        said(&records, |r| r.disclosure_text.clone()),
        uses.join("; "),
        archive.questions.join(" "),
        asset.sha256.clone().unwrap_or_default(),
    ]
}
