//! The GenAI cue sheet: one row for every use of generative AI in a cut, or for the asset where no cut is known, as archival producers and broadcasters ask for it
//! (Archival Producers Alliance, "Best Practices for Use of Generative AI in Documentaries": description, timecodes,
//! prompt, software and version, underlying source and its copyright status, disclosure). CSV.
//!
//! What neither the file nor the ledger says stays empty, for a person to fill in.

use std::io::{self, Write};

use crate::csv::row;
use crate::escape::shorten;
use crate::not_looked_at;
use crate::words::{decisive, describe_evidence, played, systems, word};
use crate::{Info, Kind, RenderOptions, Report};
use countersign_model::{AssetReport, FindingState, Recipe, RecordNote, Run, Summary, Use};

/// One row for each use of AI material that reaches the audience, as producers hand it in.
pub static KIND: Kind = Kind {
    info: Info { id: "cue-sheet", summary: "every use of generative AI for the production's records, as CSV" },
    start,
};

/// The columns, in order.
const COLUMNS: [&str; 23] = [
    "asset",
    "role",
    "timecodes or frames",
    "description",
    "tool",
    "version",
    "prompt",
    "sources and rights",
    "approval",
    "approved by",
    "approved on",
    "scopes",
    "reference",
    "disclosure",
    "evidence",
    "sha256",
    "timeline",
    "event",
    "track",
    "record in",
    "record out",
    "source in",
    "source out",
];

/// Characters of a prompt that are repeated.
const PROMPT: usize = 4_000;

fn start<'w>(out: Box<dyn Write + 'w>, _options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(CueSheet { out, roots: Vec::new() })
}

struct CueSheet<'w> {
    out: Box<dyn Write + 'w>,
    roots: Vec<String>,
}

impl Report for CueSheet<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.roots.clone_from(&run.roots);
        row(&mut self.out, &COLUMNS)
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        if asset.ai == countersign_model::Ai::None && asset.records.iter().all(|r| r.by != "digest") {
            return Ok(());
        }
        let about = cells(asset, &self.roots);
        if asset.uses.is_empty() {
            return row(&mut self.out, &[about.to_vec(), vec![String::new(); 7]].concat());
        }
        asset.uses.iter().try_for_each(|of| row(&mut self.out, &with_use(about.clone(), of)))
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let passed = not_looked_at::with_cache(summary).join("; ");
        if !passed.is_empty() {
            let cells = COLUMNS.map(|column| match column {
                "asset" => format!("NOT LOOKED AT: {passed}"),
                _ => String::new(),
            });
            row(&mut self.out, &cells)?;
        }
        if summary.interrupted {
            row(&mut self.out, &["INCOMPLETE: the scan was interrupted, uses after this row are missing"])?;
        }
        self.out.flush()
    }
}

/// The row of one use: its timecodes are those of the cut.
fn with_use(mut cells: [String; 16], of: &Use) -> Vec<String> {
    // What a composition plays is told there already.
    if let Some(place) = cells.get_mut(2).filter(|_| of.event != of.track) {
        *place = format!("{} to {}", of.record.from, of.record.to);
    }
    let of_cut = [&of.timeline, &of.event, &of.track, &of.record.from, &of.record.to, &of.source.from, &of.source.to];
    cells.into_iter().chain(of_cut.into_iter().cloned()).collect()
}

fn cells(asset: &AssetReport, roots: &[String]) -> [String; 16] {
    let about: Vec<&RecordNote> = asset.records.iter().filter(|r| r.by != "other-bytes").collect();
    // The last word on the asset is the one that counts.
    let said =
        |get: &dyn Fn(&RecordNote) -> Option<String>| about.iter().rev().find_map(|r| get(r)).unwrap_or_default();
    let decided = about.iter().rev().find(|r| r.decision != "disclosed" && r.decision != "notified");
    let path = match roots.get(asset.root) {
        Some(root) if roots.len() > 1 => format!("{root}/{}", asset.path),
        _ => asset.path.clone(),
    };
    let tool = said(&|r| r.tool.clone());
    let prompt = said(&|r| r.prompt.clone());
    let version = said(&|r| r.version.clone());
    let recipe = asset.recipe.clone().unwrap_or_default();
    let range = said(&|r| r.range.clone());
    let plays = asset.plays.iter().map(played).collect::<Vec<_>>().join("; ");
    [
        path,
        word(&asset.role),
        if range.is_empty() { plays } else { range },
        description(asset, &about),
        if tool.is_empty() { systems(&asset.evidence).join("; ") } else { tool },
        if version.is_empty() { own_version(&recipe) } else { version },
        if prompt.is_empty() { shorten(&recipe.prompt.unwrap_or_default(), PROMPT) } else { prompt },
        said(&|r| (!r.sources.is_empty()).then(|| sources(r))),
        clearance(asset, decided.copied()),
        decided.map(|r| r.approver.clone()).unwrap_or_default(),
        decided.map(|r| r.decided_on.clone()).unwrap_or_default(),
        decided.map(|r| r.scopes.join("; ")).unwrap_or_default(),
        said(&|r| r.reference.clone()),
        disclosure(&about),
        asset.evidence.iter().map(describe_evidence).collect::<Vec<_>>().join("; "),
        asset.sha256.clone().unwrap_or_default(),
    ]
}

fn description(asset: &AssetReport, about: &[&RecordNote]) -> String {
    if let Some(note) = about.iter().rev().find_map(|r| r.note.clone()) {
        return note;
    }
    let made = decisive(&asset.evidence).map_or("known from the ledger", |_| match asset.ai {
        countersign_model::Ai::Generated => "made by a generative model",
        countersign_model::Ai::Composite => "partly made or edited by a generative model",
        countersign_model::Ai::Enhanced => "enhanced by a model",
        _ => "may be AI material",
    });
    format!("{} {made}", asset.format.as_deref().unwrap_or("file"))
}

/// The program's version and its model, as the file itself says them.
fn own_version(recipe: &Recipe) -> String {
    let model = recipe.model.as_ref().map(|model| format!("model {model}"));
    recipe.version.clone().into_iter().chain(model).collect::<Vec<_>>().join("; ")
}

fn sources(record: &RecordNote) -> String {
    let one = |(name, rights): &(String, Option<String>)| match rights {
        Some(rights) => format!("{name} ({rights})"),
        None => name.clone(),
    };
    record.sources.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Whether the use is cleared, and why not where it is not.
fn clearance(asset: &AssetReport, decided: Option<&RecordNote>) -> String {
    let open =
        asset.findings.iter().find(|f| f.state == FindingState::Open && f.severity > countersign_model::Severity::Note);
    match (open, decided) {
        (Some(finding), _) => format!("OPEN: {}", finding.rule),
        (None, Some(record)) => format!("{} ({})", record.decision, record.id),
        (None, None) => "none recorded, none demanded".to_owned(),
    }
}

fn disclosure(about: &[&RecordNote]) -> String {
    let disclosures = about.iter().filter(|r| r.decision == "disclosed" || r.decision == "notified");
    disclosures
        .map(|r| format!("{} on {} by {} ({})", r.decision, r.decided_on, r.approver, r.id))
        .collect::<Vec<_>>()
        .join("; ")
}
