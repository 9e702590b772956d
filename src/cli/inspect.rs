//! `countersign inspect FILE...`: everything a file says, without judgement; of a folder, the media files below it.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;
use serde_json::json;

use super::clip;
use super::console::warn;
use super::reporting::width;
use super::tree;
use countersign_credentials::{self as c2pa, Verifier};
use countersign_engine::archives;
use countersign_engine::clip::Clip;
use countersign_engine::extract;
use countersign_engine::walk::{Walk, sidecars};
use countersign_io::{ByteRange, TempSpace};
use countersign_judge::marks;
use countersign_media::decoders;
use countersign_media::formats;
use countersign_media::member::MemberBytes;
use countersign_model::error::{Error, Result};
use countersign_model::validation_status as status;
use countersign_model::{Credentials, Evidence, Facts, Media, Problem, Tag, Via};
use countersign_report::escape::{shorten, terminal};
use countersign_report::layout::{size, wrap};

/// Everything a file says, without judgement: format, tags, C2PA chain, evidence, problems.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign inspect still.png\n  countersign inspect --json clip.mov | jq .tags\n  \
    countersign inspect 'stills.zip!/dir/still.png'\n  countersign inspect --json stills | jq .ai\n  \
    curl -s https://example.com/still.png | countersign inspect -"
)]
pub(super) struct Arguments {
    /// Files, folders (the media below them), members of archives ('stills.zip!/dir/still.png'), objects of stores
    /// (s3://BUCKET/KEY, https://HOST/FILE), `-` for standard input
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
    /// Ask this S3-compatible store instead of Amazon's for s3:// addresses [default: AWS_ENDPOINT_URL, or Amazon's]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Values in full
    #[arg(short, long)]
    verbose: bool,
}

/// Media files of a folder that are told of.
const MOST: usize = 1_000;
/// Bytes of standard input that are kept.
const LONGEST: u64 = 4 * 1024 * 1024 * 1024;
/// Characters of a tag's value shown without `--verbose`.
const VALUE: usize = 200;

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let trust = super::trust_lists::in_force(None, &arguments.trust)?;
    super::trust_lists::warn_of_overdue(&trust);
    let fetch = arguments.fetch_remote.then(c2pa::Rules::default);
    let worker = super::worker::program();
    let verifier = Arc::new(Verifier::new(&c2pa::Options { trust, worker, fetch, ..c2pa::Options::default() })?);
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let options = extract::Options {
        decoders: decoders::Options { pixels: arguments.pixels, thumbnails: arguments.pixels },
        verifier: Some(verifier),
        catalogue: marks::with_files(&arguments.marks)?,
        ..extract::Options::default()
    };
    let (space, mut unreadable) = (TempSpace::outside(&[]), false);
    for path in &arguments.files {
        let mut tell = |path: &Path, bytes: u64, facts: &Facts| {
            let evidence = options.catalogue.evidence(facts);
            unreadable |= facts.problems.iter().any(|p| p.blocking);
            let text = match (arguments.json, arguments.tree) {
                (true, _) => object(path, bytes, facts, &evidence),
                (_, true) => tree::drawn(&super::roots::name(path), facts.c2pa.as_ref()),
                _ => page(path, bytes, facts, &evidence, arguments.verbose),
            };
            super::console::print(&text)
        };
        if path == Path::new("-") {
            let (bytes, facts) = standard_input(&space, &options)?;
            tell(path, bytes, &facts)?;
        } else if super::roots::is_address(path) {
            let (bytes, facts) = super::inspect_address::read(path, arguments.endpoint.as_deref(), &space, &options)?;
            tell(path, bytes, &facts)?;
        } else if path.is_dir() {
            folder(path, &options, &mut tell)?;
        } else {
            let (bytes, facts) = read(path, &space, &options)?;
            tell(path, bytes, &facts)?;
        }
    }
    Ok(if unreadable { 2 } else { 0 })
}

/// Size and facts of a file, or of a member of an archive.
fn read(path: &Path, space: &TempSpace, options: &extract::Options) -> Result<(u64, Facts)> {
    let failed = |what: String| Error::File {
        path: path.to_path_buf(),
        what,
        hint: "inspect wants files that exist and may be read; a member of an archive is 'a.zip!/dir/x.png'".to_owned(),
    };
    if let Some((member, inside)) = archives::find(path, space).map_err(|p| failed(p.what))? {
        return Ok((member.size, inside.read(path, space, options).0));
    }
    let meta = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    Ok((meta.len(), extract::facts(path, &sidecars(path), options)))
}

/// Size and facts of what comes on standard input, by way of a temporary file that has no name.
fn standard_input(space: &TempSpace, options: &extract::Options) -> Result<(u64, Facts)> {
    let failed = |what: String| Error::File {
        path: "standard input".into(),
        what,
        hint: "save it to a file and inspect that".to_owned(),
    };
    let mut file = space.file().map_err(|problem| failed(problem.what))?;
    let copied = std::io::copy(&mut std::io::stdin().lock().take(LONGEST + 1), &mut file);
    let copied = copied.map_err(|e| failed(e.to_string()))?;
    if copied > LONGEST {
        return Err(failed(format!("more than {} come on it", size(LONGEST))));
    }
    let bytes = ByteRange::file(file).map_err(|e| failed(e.to_string()))?;
    let bytes = MemberBytes::whole(bytes, None);
    Ok((copied, extract::member((Path::new("-"), Ok(&bytes)), &[], space, options)))
}

/// Tells of the media files below a folder, and of what could not be read, in walking order.
fn folder(
    path: &Path,
    options: &extract::Options,
    tell: &mut dyn FnMut(&Path, u64, &Facts) -> Result<()>,
) -> Result<()> {
    let (mut told, mut seen) = (0, false);
    for asset in Walk::new(&[path.to_path_buf()], GlobSet::empty()).flatten() {
        seen = true;
        let facts = match &asset.obstacle {
            Some(obstacle) => Facts { problems: vec![obstacle.clone()], ..Facts::default() },
            None => extract::facts(&asset.path, &asset.sidecars, options),
        };
        let medium = facts.media.is_some_and(Media::is_content);
        if !medium && !facts.problems.iter().any(|problem| problem.blocking) {
            continue;
        }
        if told == MOST {
            warn(&format!(
                "{} holds more than {MOST} media files; the rest was not read. For whole deliveries: countersign scan {}",
                path.display(),
                path.display()
            ));
            return Ok(());
        }
        tell(&asset.path, asset.size, &facts)?;
        told += 1;
    }
    match (told, seen) {
        (0, true) => warn(&format!("{} holds no media file", path.display())),
        (0, false) => return Err(Error::Nothing { roots: vec![path.display().to_string()] }),
        _ => {}
    }
    Ok(())
}

fn object(path: &Path, bytes: u64, facts: &Facts, evidence: &[Evidence]) -> String {
    let value = json!({
        "schema": "countersign.inspect/1",
        "path": super::roots::name(path),
        "bytes": bytes,
        "format": facts.format,
        "named": facts.named,
        "clip": clip::object(&Clip::of(&facts.tags)),
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
    let mut out = format!("{}\n", terminal(&super::roots::name(path)));
    let format = facts.format.and_then(formats::info).map_or("not recognized", |info| info.name);
    out.push_str(&wrap("  Format    ", &format!("{format}, {}", size(bytes)), width()));
    if let (Some(false), Some(named)) = (facts.extension_fits, &facts.named) {
        out.push_str(&wrap("  Name      ", &format!("the extension promises {named}"), width()));
    }
    clip::rows(&mut out, &Clip::of(&facts.tags));
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
        let value = if verbose { tag.value.to_string() } else { shorten(&tag.value, VALUE) };
        let more = tag.cut.as_ref().map(|c| format!(" [{} bytes, sha256 {}]", c.bytes, c.sha256)).unwrap_or_default();
        out.push_str(&wrap("    ", &terminal(&format!("{}{at}", tag.place)), width()));
        out.push_str(&wrap("      = ", &terminal(&format!("{value}{more}")), width()));
    }
}
