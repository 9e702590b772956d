//! `countersign inspect FILE...`: everything a file says, without judgement.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::reporting::width;
use super::tree;
use countersign_credentials::{self as c2pa, Verifier};
use countersign_engine::archives;
use countersign_engine::clip::Clip;
use countersign_engine::extract;
use countersign_engine::walk::{lossless, sidecars};
use countersign_io::TempSpace;
use countersign_judge::marks;
use countersign_media::decoders;
use countersign_media::formats;
use countersign_model::error::{Error, Result};
use countersign_model::validation_status as status;
use countersign_model::{Credentials, Evidence, Facts, Problem, Tag, Via};
use countersign_report::escape::{shorten, terminal};
use countersign_report::layout::{size, wrap};

/// Everything a file says, without judgement: format, tags, C2PA chain, evidence, problems.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign inspect still.png\n  countersign inspect --json clip.mov | jq .tags\n  \
    countersign inspect 'stills.zip!/dir/still.png'"
)]
pub(super) struct Arguments {
    /// Files, or members of archives: 'stills.zip!/dir/still.png'
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// One JSON object a file, one a line
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "FILE", help = super::trust_lists::HELP)]
    trust: Vec<PathBuf>,
    /// Also fetch manifests that files only point to: https, public addresses; opens connections
    #[arg(long)]
    fetch_remote: bool,
    /// Draw the chain of manifests as a tree, and nothing else
    #[arg(long, conflicts_with = "json")]
    tree: bool,
    /// Also decode pixels for invisible marks (lossless images only)
    #[arg(long)]
    pixels: bool,
    /// Marks of your own beside the built-in ones, in the catalogue's form, repeatable
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
    /// Values in full
    #[arg(short, long)]
    verbose: bool,
}

/// Characters of a tag's value shown without `--verbose`.
const VALUE: usize = 200;

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let trust = super::trust_lists::in_force(None, &arguments.trust)?;
    super::trust_lists::warn_of_overdue(&trust);
    let fetch = arguments.fetch_remote.then(c2pa::Rules::default);
    let worker = super::worker::program();
    let verifier = Verifier::new(&c2pa::Options { trust, worker, fetch, ..c2pa::Options::default() })?;
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let options = extract::Options {
        decoders: decoders::Options { pixels: arguments.pixels, thumbnails: arguments.pixels },
        verifier: Some(&verifier),
    };
    let catalogue = marks::with_files(&arguments.marks)?;
    let (space, mut unreadable) = (TempSpace::outside(&[]), false);
    for path in &arguments.files {
        let (bytes, facts) = read(path, &space, &options)?;
        let evidence = catalogue.evidence(&facts);
        unreadable |= facts.problems.iter().any(|p| p.blocking);
        let text = match (arguments.json, arguments.tree) {
            (true, _) => object(path, bytes, &facts, &evidence),
            (_, true) => tree::drawn(&lossless(path), facts.c2pa.as_ref()),
            _ => page(path, bytes, &facts, &evidence, arguments.verbose),
        };
        super::console::print(&text)?;
    }
    Ok(if unreadable { 2 } else { 0 })
}

/// Size and facts of a file, or of a member of an archive.
fn read(path: &Path, space: &TempSpace, options: &extract::Options<'_>) -> Result<(u64, Facts)> {
    let failed = |what: String| Error::File {
        path: path.to_path_buf(),
        what,
        hint: "inspect wants files that exist and may be read; a member of an archive is 'a.zip!/dir/x.png'".to_owned(),
    };
    if let Some((member, inside)) = archives::find(path, space).map_err(|p| failed(p.what))? {
        return Ok((member.size, inside.read(path, space, options).0));
    }
    let meta = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    if meta.is_dir() {
        return Err(Error::Usage {
            what: format!("{} is a folder", path.display()),
            hint: format!("inspect reads single files; for a folder: countersign scan {}", path.display()),
        });
    }
    Ok((meta.len(), extract::facts(path, &sidecars(path), options)))
}

fn object(path: &Path, bytes: u64, facts: &Facts, evidence: &[Evidence]) -> String {
    let value = json!({
        "schema": "countersign.inspect/1",
        "path": lossless(path),
        "bytes": bytes,
        "format": facts.format,
        "named": facts.named,
        "ai": marks::ai(evidence),
        "evidence": evidence,
        "c2pa": facts.c2pa,
        "tags": facts.tags,
        "decoded": facts.decoded,
        "problems": facts.problems,
    });
    format!("{value}\n")
}

fn page(path: &Path, bytes: u64, facts: &Facts, evidence: &[Evidence], verbose: bool) -> String {
    let mut out = format!("{}\n", terminal(&lossless(path)));
    let format = facts.format.and_then(formats::info).map_or("not recognized", |info| info.name);
    out.push_str(&wrap("  Format    ", &format!("{format}, {}", size(bytes)), width()));
    if let (Some(false), Some(named)) = (facts.extension_fits, &facts.named) {
        out.push_str(&wrap("  Name      ", &format!("the extension promises {named}"), width()));
    }
    clip_told(&mut out, &Clip::of(&facts.tags));
    out.push_str(&wrap("  AI marks  ", marks::ai(evidence).word(), width()));
    for problem in &facts.problems {
        out.push_str(&wrap("  Problem   ", &describe_problem(problem), width()));
    }
    marks_told(&mut out, evidence);
    if let Some(c2pa) = &facts.c2pa {
        chain(&mut out, c2pa);
    }
    table(&mut out, "Decoded", &facts.decoded, verbose);
    table(&mut out, "Tags", &facts.tags, verbose);
    out.push('\n');
    out
}

/// Size of the picture, length, start timecode and reel, as far as the file tells.
fn clip_told(out: &mut String, clip: &Clip) {
    let mut row = |label: &str, text: &str| out.push_str(&wrap(label, &terminal(&shorten(text, VALUE)), width()));
    let rate = clip.rate.map(|rate| format!(", {rate} frames a second")).unwrap_or_default();
    if let Some((width, height)) = clip.size {
        row("  Picture   ", &format!("{width} x {height} pixels{rate}"));
    }
    if let Some(seconds) = clip.seconds {
        row("  Duration  ", &length(seconds));
    }
    if let Some(start) = &clip.start {
        row("  Timecode  ", &format!("starts at {start}"));
    }
    for reel in clip.reels.iter().filter(|reel| !reel.is_empty()) {
        row("  Reel      ", reel);
    }
}

/// Seconds as hours, minutes and seconds.
fn length(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0).round() as u64;
    let whole = milliseconds / 1000;
    format!("{}:{:02}:{:02}.{:03}", whole / 3600, whole / 60 % 60, whole % 60, milliseconds % 1000)
}

fn describe_problem(problem: &Problem) -> String {
    let at = problem.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    let remark = if problem.blocking { "" } else { " (nothing can hide there)" };
    terminal(&format!("{}{at}: {}{remark}", problem.place, problem.what))
}

fn marks_told(out: &mut String, evidence: &[Evidence]) {
    if !evidence.is_empty() {
        out.push_str("\n  Evidence\n");
    }
    for e in evidence {
        let word = |v: serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        let (claim, strength) = (word(json!(e.claim)), word(json!(e.strength)));
        let system = e.system.as_ref().map(|s| format!(", {s}")).unwrap_or_default();
        let via = if e.via.is_own() { String::new() } else { format!(", via {}", word(json!(e.via))) };
        out.push_str(&wrap("    ", &terminal(&format!("{claim} ({strength}{system}{via}): {}", e.mark)), width()));
        let at = e.offset.map(|o| format!(", byte {o}")).unwrap_or_default();
        out.push_str(&wrap("      in   ", &terminal(&format!("{}{at}", e.place)), width()));
        out.push_str(&wrap("      says ", &terminal(&shorten(&e.value, VALUE)), width()));
    }
}

fn chain(out: &mut String, c2pa: &Credentials) {
    let state = json!(c2pa.state).as_str().unwrap_or_default().to_owned();
    out.push_str("\n  Content Credentials (C2PA)\n");
    let mut row = |label: &str, value: Option<&str>| {
        if let Some(value) = value {
            out.push_str(&wrap(&format!("    {label:<10}"), &terminal(value), width()));
        }
    };
    row("State", Some(&state));
    row("Signer on", c2pa.trust_list.as_deref());
    row("Signer", c2pa.signer.as_deref());
    row("Issuer", c2pa.issuer.as_deref());
    row("Signed at", c2pa.signed_at.as_deref());
    row("Generator", c2pa.generator.as_deref());
    row("Store", c2pa.place.as_deref());
    row("Remote", c2pa.remote.as_deref());
    row("Damage", c2pa.damage.as_deref());
    for code in c2pa.own_failures() {
        row("Failure", Some(&status::describe(code)));
    }
    for failure in &c2pa.ingredient_failures {
        row("Ingredient", Some(&tree::failed_ingredient(c2pa, failure)));
    }
    c2pa.files.iter().for_each(|file| row("No match", Some(file)));
    for manifest in &c2pa.chain {
        let indent = "  ".repeat(manifest.path.len() + 2);
        let relation = match manifest.path.last() {
            None => "active manifest",
            Some(Via::Parent) => "made from (parentOf)",
            Some(Via::Component) => "contains (componentOf)",
            Some(Via::Input) => "was given (inputTo)",
            Some(_) => "ingredient",
        };
        let title = manifest.title.as_deref().unwrap_or(&manifest.label);
        out.push_str(&wrap(&indent, &terminal(&format!("{relation}: {title}")), width()));
        for line in tree::remarks(manifest) {
            out.push_str(&wrap(&format!("{indent}  - "), &terminal(&line), width()));
        }
        for action in &manifest.actions {
            let kind = action.source_type.as_ref().map(|s| format!(", {s}")).unwrap_or_default();
            let agent = action.agent.as_ref().map(|a| format!(", by {a}")).unwrap_or_default();
            out.push_str(&wrap(
                &format!("{indent}  - "),
                &terminal(&format!("{}{kind}{agent}", action.action)),
                width(),
            ));
        }
    }
}

fn table(out: &mut String, title: &str, tags: &[Tag], verbose: bool) {
    if tags.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n  {title}");
    for tag in tags {
        let at = tag.offset.map(|o| format!(" @{o}")).unwrap_or_default();
        let value = if verbose { tag.value.clone() } else { shorten(&tag.value, VALUE) };
        let more = tag.cut.as_ref().map(|c| format!(" [{} bytes, sha256 {}]", c.bytes, c.sha256)).unwrap_or_default();
        out.push_str(&wrap("    ", &terminal(&format!("{}{at}", tag.place)), width()));
        out.push_str(&wrap("      = ", &terminal(&format!("{value}{more}")), width()));
    }
}
