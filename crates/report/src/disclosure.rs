//! The disclosure packet: every use of generative AI in the delivery, approved and temporary ones too. HTML that prints, and
//! CSV with a row a use.
//!
//! Its columns are what studios, insurers, guilds, festivals and regulators ask for: asset, tool, version, model, prompt,
//! sources and their rights, place in the cut with timecodes and length, who approved, reference, consent, likeness, and how
//! the audience is told. It repeats what files, credentials and records say; it does not give legal advice.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::paper::sheet::Columns;
use crate::paper::{self, Head, facts, length, name, record_line, records, said, table, text};
use crate::words::{played, systems, word};
use crate::{Info, Kind, RenderOptions, Report};
use countersign_model::{Ai, AssetReport, Claim, Finding, FindingState, RecordNote, Role, Run, Severity, Summary, Use};

/// A block for each use of generative AI.
pub static KIND: Kind = Kind {
    info: Info {
        id: "disclosure",
        summary: "every use of generative AI: tool, sources, cut, approval, consent, how the audience is told",
    },
    start,
};

/// The same as a table.
pub static CSV: Kind = Kind {
    info: Info { id: "disclosure-csv", summary: "the same as CSV, a row for each use in the cut" },
    start: start_csv,
};

/// Characters of a prompt that are repeated.
const PROMPT: usize = 4_000;

/// What is known of one use of generative AI, as text; what nobody says is empty.
struct Entry {
    asset: String,
    role: String,
    kind: &'static str,
    tool: String,
    version: String,
    model: String,
    prompt: String,
    sources: String,
    approved_by: String,
    approved_on: String,
    reference: String,
    scopes: String,
    consent: String,
    likeness: &'static str,
    audience: String,
    status: String,
    sha256: String,
}

/// Whether the asset belongs into the packet: it is marked, or a record says that a tool was used.
fn belongs(asset: &AssetReport) -> bool {
    let recorded =
        |r: &&RecordNote| r.by == "digest" && (r.tool.is_some() || r.use_class.is_some() || r.model.is_some());
    let archival = asset.role == Role::Archival;
    asset.ai != Ai::None || asset.records.iter().any(|r| recorded(&r) || (r.by == "digest" && !archival))
}

fn entry(asset: &AssetReport, roots: &[String]) -> Entry {
    let records = records(asset);
    let said = |get: &dyn Fn(&RecordNote) -> Option<String>| said(&records, get);
    let or =
        |recorded: String, own: Option<String>| if recorded.is_empty() { own.unwrap_or_default() } else { recorded };
    let recipe = asset.recipe.clone().unwrap_or_default();
    let decided = records.iter().rev().find(|r| r.decision != "disclosed" && r.decision != "notified");
    Entry {
        asset: name(asset, roots),
        role: word(&asset.role),
        kind: kind(asset, &records),
        tool: or(said(&|r| r.tool.clone()), Some(systems(&asset.evidence).join(", "))),
        version: or(said(&|r| r.version.clone()), recipe.version),
        model: or(said(&|r| r.model.clone()), recipe.model),
        prompt: crate::escape::shorten(&or(said(&|r| r.prompt.clone()), recipe.prompt), PROMPT),
        sources: said(&|r| (!r.sources.is_empty()).then(|| sources(r))),
        approved_by: decided.map(|r| format!("{} ({})", r.approver, r.decision)).unwrap_or_default(),
        approved_on: decided.map(|r| r.decided_on.clone()).unwrap_or_default(),
        reference: said(&|r| r.reference.clone()),
        scopes: decided.map(|r| r.scopes.join(", ")).unwrap_or_default(),
        consent: said(&|r| (!r.consents.is_empty()).then(|| r.consents.join("; "))),
        likeness: likeness(asset, &records),
        audience: audience(&records),
        status: status(asset, decided.copied()),
        sha256: asset.sha256.clone().unwrap_or_default(),
    }
}

fn kind(asset: &AssetReport, records: &[&RecordNote]) -> &'static str {
    let class = said(records, |r| r.use_class.clone());
    match (asset.ai, class.as_str()) {
        (_, "digital-replica") => "digital replica of a person",
        (Ai::Generated, _) => "made by a generative model",
        (Ai::Composite, _) => "partly made or edited by a generative model",
        (Ai::Enhanced, _) if by_algorithm(asset) => "enhanced by an algorithm, which need not be AI",
        (Ai::Enhanced, _) => "enhanced by a model",
        (Ai::Possible, _) => "may be AI material: a hint only",
        (Ai::None, "assistive") => "assistive use, by record",
        (Ai::None, "altered") => "altered, by record",
        (Ai::None, "generated") => "generated, by record",
        (Ai::None, _) => "known from a record only",
    }
}

/// Whether all that is said of it is that an algorithm enhanced it.
fn by_algorithm(asset: &AssetReport) -> bool {
    let mut enhanced = asset.evidence.iter().filter(|e| e.claim == Claim::Enhanced);
    enhanced.all(|e| e.value.to_lowercase().contains("algorithmicallyenhanced"))
}

fn sources(record: &RecordNote) -> String {
    let one = |(name, rights): &(String, Option<String>)| match rights {
        Some(rights) => format!("{name} ({rights})"),
        None => format!("{name} (rights not recorded)"),
    };
    record.sources.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Whether the likeness or the voice of a person is touched, as far as a mark or a record says so.
fn likeness(asset: &AssetReport, records: &[&RecordNote]) -> &'static str {
    let marked = asset.evidence.iter().any(|e| e.mark.starts_with("likeness."));
    let recorded = records.iter().any(|r| {
        r.use_class.as_deref() == Some("digital-replica") || r.scopes.iter().any(|scope| scope == "talent-likeness")
    });
    if marked || recorded { "yes" } else { "none indicated by a mark or record" }
}

/// How the audience is told, by the records.
fn audience(records: &[&RecordNote]) -> String {
    let words = said(records, |r| r.disclosure_text.clone());
    let disclosed = records.iter().rev().find(|r| r.decision == "disclosed");
    match (words.is_empty(), disclosed) {
        (false, Some(record)) => format!("“{words}” (disclosed on {} by {})", record.decided_on, record.approver),
        (false, None) => format!("“{words}”"),
        (true, Some(record)) => {
            let note = record.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            format!("disclosed on {} by {}{note}", record.decided_on, record.approver)
        }
        (true, None) => String::new(),
    }
}

/// Whether the use is settled, and what is open where it is not.
fn status(asset: &AssetReport, decided: Option<&RecordNote>) -> String {
    // What an earlier report held already is as open as it was.
    let open = |f: &&Finding| matches!(f.state, FindingState::Open | FindingState::Baseline);
    let open = asset.findings.iter().filter(|f| f.severity > Severity::Note).find(open);
    let accepted = asset.findings.iter().find(|f| f.state == FindingState::Suppressed);
    match (open, decided) {
        (Some(finding), _) => format!("Open: {}", finding.message),
        (None, Some(record)) => format!("Settled: {}", record_line(record)),
        (None, None) => match accepted {
            Some(finding) => {
                let reason = finding.reason.as_deref().unwrap_or("no reason is recorded");
                format!("Accepted by the policy, without a record: {reason}")
            }
            None if asset.role == Role::Temporary => "Temporary: not part of the final work".to_owned(),
            None => "None demanded: the policy asks for no record here".to_owned(),
        },
    }
}

fn start<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Packet { out, options, run: Run::default(), blocks: Vec::new(), open: 0 })
}

struct Packet<'w> {
    out: Box<dyn Write + 'w>,
    options: RenderOptions,
    run: Run,
    blocks: Vec<Block>,
    open: usize,
}

/// One asset, ready but for its picture.
struct Block {
    root: usize,
    path: String,
    row: Vec<String>,
    top: String,
    rest: String,
}

impl Report for Packet<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.run = run.clone();
        Ok(())
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        if belongs(asset) {
            let entry = entry(asset, &self.run.roots);
            self.open += usize::from(entry.status.starts_with("Open"));
            self.blocks.push(block(asset, &entry));
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let head = Head {
            title: "Disclosure of generative AI",
            lead: "Every use of generative AI in the material examined, as files, credentials and records tell it.",
            class: "",
            script: None,
        };
        paper::begin(&mut self.out, &self.run, &head)?;
        self.out.write_all(self.overview().as_bytes())?;
        let wanted: Vec<_> = self.blocks.iter().map(|block| (block.root, block.path.clone())).collect();
        let pictures = if summary.interrupted { Default::default() } else { paper::pictures(&self.options, &wanted) };
        for (index, block) in self.blocks.iter().enumerate() {
            let picture = pictures.get(&index).map(String::as_str).unwrap_or_default();
            write!(
                self.out,
                "<section class=\"sheet\"><div class=\"top\"><div>{}</div>{picture}</div>\n{}</section>\n",
                block.top, block.rest
            )?;
        }
        self.out.write_all(paper::SIGNATURES.as_bytes())?;
        paper::end(&mut self.out, &self.run, summary, None)
    }
}

impl Packet<'_> {
    fn overview(&self) -> String {
        let mut out = match (self.blocks.len(), self.open) {
            (0, _) => "<div class=\"verdict good\"><p><b>No use of generative AI was found.</b></p></div>\n".to_owned(),
            (all, 0) => {
                format!(
                    "<div class=\"verdict good\"><p><b>Assets with generative AI: {all}.</b> None has an open item.</p></div>\n"
                )
            }
            (all, open) => format!(
                "<div class=\"verdict warn\"><p><b>Assets with generative AI: {all}.</b> With an open item: {open}.</p></div>\n"
            ),
        };
        out.push_str(
            "<p class=\"soft\">This packet repeats what files, credentials and records say. Marks can be removed: what carries no \
             mark and no record is not in it. It is not legal advice.</p>\n",
        );
        if !self.blocks.is_empty() {
            let rows: Vec<_> = self.blocks.iter().map(|block| block.row.clone()).collect();
            let columns = ["Asset", "Use", "Tool", "In the cut", "Likeness", "Status"];
            let _ = write!(out, "<h2>Register</h2>\n{}<h2>Uses in full</h2>\n", table(&columns, &rows));
        }
        out
    }
}

fn block(asset: &AssetReport, entry: &Entry) -> Block {
    let cut: Vec<_> = asset.uses.iter().map(|of| format!("{} to {}", of.record.from, of.record.to)).collect();
    let cut = if cut.is_empty() { asset.plays.iter().map(played).collect() } else { cut };
    let status = entry.status.split([':', ',']).next().unwrap_or_default();
    let tool = if entry.tool.is_empty() { "not named".to_owned() } else { entry.tool.clone() };
    let or = |value: &str, none: &str| if value.is_empty() { none.to_owned() } else { value.to_owned() };
    let top = format!(
        "<h3>{}</h3>\n{}",
        text(&entry.asset),
        facts(&[
            ("Use", entry.kind.to_owned()),
            ("Status", entry.status.clone()),
            ("Place in the work", entry.role.clone()),
            ("Tool", tool.clone()),
            ("Version", entry.version.clone()),
            ("Model", entry.model.clone()),
        ])
    );
    let rest = facts(&[
        ("Prompt", or(&entry.prompt, "not recorded")),
        ("Sources and rights", or(&entry.sources, "not recorded")),
        ("Approved by", or(&entry.approved_by, "no approval is recorded")),
        ("Approved on", entry.approved_on.clone()),
        ("Approved for", entry.scopes.clone()),
        ("Reference", entry.reference.clone()),
        ("Likeness or voice", entry.likeness.to_owned()),
        ("Consent", or(&entry.consent, "no consent is recorded")),
        ("Audience is told", or(&entry.audience, "not recorded")),
        ("How it is known", known(asset)),
        ("SHA-256", entry.sha256.clone()),
    ]) + &format!("<h4>Where it is in the cut</h4>\n{}", paper::uses(asset));
    Block {
        root: asset.root,
        path: asset.path.clone(),
        row: vec![
            entry.asset.clone(),
            entry.kind.to_owned(),
            tool,
            cut.join("; "),
            entry.likeness.to_owned(),
            status.to_owned(),
        ],
        top,
        rest,
    }
}

/// The marks by which it is known, in words.
fn known(asset: &AssetReport) -> String {
    let one = |e: &countersign_model::Evidence| {
        let at = e.offset.map(|o| format!(", byte {o}")).unwrap_or_default();
        format!("{}{at}", e.place)
    };
    match asset.ai {
        Ai::None => "a record of these bytes".to_owned(),
        _ => asset.evidence.iter().take(6).map(one).collect::<Vec<_>>().join("; "),
    }
}

/// The columns of the table, in order.
const COLUMNS: [&str; 26] = [
    "asset",
    "place in the work",
    "use",
    "tool",
    "version",
    "model",
    "prompt",
    "sources and rights",
    "timeline",
    "event",
    "track",
    "record in",
    "record out",
    "length",
    "source in",
    "source out",
    "approved by",
    "approved on",
    "approved for",
    "reference",
    "consent",
    "likeness",
    "audience is told",
    "status",
    "how it is known",
    "sha256",
];

static SHEET: Columns = Columns { names: &COLUMNS, rows, unit: "uses" };

fn start_csv<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    SHEET.start(out, options)
}

fn rows(asset: &AssetReport, roots: &[String]) -> Vec<Vec<String>> {
    if !belongs(asset) {
        return Vec::new();
    }
    let entry = entry(asset, roots);
    match asset.uses.is_empty() {
        true => vec![cells(asset, &entry, None).to_vec()],
        false => asset.uses.iter().map(|of| cells(asset, &entry, Some(of)).to_vec()).collect(),
    }
}

fn cells(asset: &AssetReport, entry: &Entry, of: Option<&Use>) -> [String; 26] {
    let used = |get: &dyn Fn(&Use) -> String| of.map(get).unwrap_or_default();
    let plays = || asset.plays.iter().map(played).collect::<Vec<_>>().join("; ");
    [
        entry.asset.clone(),
        entry.role.clone(),
        entry.kind.to_owned(),
        entry.tool.clone(),
        entry.version.clone(),
        entry.model.clone(),
        entry.prompt.clone(),
        entry.sources.clone(),
        if of.is_some() { used(&|u| u.timeline.clone()) } else { plays() },
        used(&|u| u.event.clone()),
        used(&|u| u.track.clone()),
        used(&|u| u.record.from.clone()),
        used(&|u| u.record.to.clone()),
        used(&length),
        used(&|u| u.source.from.clone()),
        used(&|u| u.source.to.clone()),
        entry.approved_by.clone(),
        entry.approved_on.clone(),
        entry.scopes.clone(),
        entry.reference.clone(),
        entry.consent.clone(),
        entry.likeness.to_owned(),
        entry.audience.clone(),
        entry.status.clone(),
        known(asset),
        entry.sha256.clone(),
    ]
}
