//! `countersign compare A B`: what two files have in common.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::comparison_clips as clips;
use super::comparison_page::{self, Differences, ShownFile};
use super::console::{print, tell};
use super::worker;
use countersign_credentials::{self as c2pa, Verifier, Verify};
use countersign_engine::archives;
use countersign_engine::extract;
use countersign_engine::fingerprints::{self, Kind, Material};
use countersign_engine::shown::{self, Shown};
use countersign_engine::walk::{lossless, sidecars};
use countersign_io::digest::{self, Algorithm};
use countersign_io::{ByteRange, TempSpace};
use countersign_matching::{Asset, Comparison, Relation, compare};
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;

/// What two files have in common: same bytes, same pixels or samples, copy, look, different.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign compare approved.png delivered.jpg\n  \
    countersign compare --json 'stills.zip!/a.png' b.png | jq .relation\n  \
    countersign compare approved.png delivered.jpg --report html=difference.html")]
pub(super) struct Arguments {
    /// A file, or a member of an archive: 'stills.zip!/dir/still.png'
    #[arg(value_name = "A")]
    a: PathBuf,
    /// What it is compared with
    #[arg(value_name = "B")]
    b: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Also a page that shows both pictures (of clips the frames that agree), what was cropped and altered, and a difference
    /// map: html=FILE
    #[arg(long, value_name = "html=FILE", value_parser = comparison_page::target)]
    report: Option<PathBuf>,
}

/// One of both files, as it was read.
struct Side {
    sha256: String,
    kind: Option<Kind>,
    /// What it is compared by and what of it was left out; or why there is nothing.
    asset: std::result::Result<(Asset, Option<String>), String>,
    /// A still as a page shows it.
    shown: Option<Shown>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let options = c2pa::Options { verify: Verify::Off, worker: worker::program(), ..c2pa::Options::default() };
    let verifier = Verifier::new(&options)?;
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let options = extract::Options::default();
    if let Some(target) = &arguments.report {
        not_one_of_both(arguments, target)?;
    }
    let (a, b) = (read(&arguments.a, &options)?, read(&arguments.b, &options)?);
    let moves = [&a, &b].iter().any(|side| side.kind == Some(Kind::Clip));
    let Compared { value, differences, times } = compared(&a, &b);
    let facts = facts(&value, differences.as_ref(), moves);
    if let Some(target) = &arguments.report {
        let [one, two] = [(&arguments.a, a, times[0]), (&arguments.b, b, times[1])]
            .map(|(path, side, time)| shown_file(path, side, time, &options));
        let both = one.picture.as_ref().zip(two.picture.as_ref()).filter(|_| moves);
        let of_frames = both.and_then(|(one, two)| Differences::of(&clips::of_frames(one, two), one, two));
        let differences = differences.or(of_frames);
        let told = differences.iter().filter(|_| moves).flat_map(Differences::words);
        let told = facts.iter().cloned().chain(told.map(|(title, what)| (title.to_owned(), what))).collect();
        let page = comparison_page::page(verdict(&value), told, [one, two], differences.as_ref());
        comparison_page::write(&page, target)?;
        tell(&format!("wrote {}", target.display()));
    }
    print(&match arguments.json {
        true => format!("{value}\n"),
        false => page(arguments, &value, &facts),
    })?;
    Ok(0)
}

/// What is compared is never written over.
fn not_one_of_both(arguments: &Arguments, target: &Path) -> Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let is_one =
        real(target).is_some_and(|at| [&arguments.a, &arguments.b].iter().any(|path| real(path) == Some(at.clone())));
    if !is_one {
        return Ok(());
    }
    Err(Error::File {
        path: target.to_path_buf(),
        what: "is one of the files that are compared".to_owned(),
        hint: "name another file for --report".to_owned(),
    })
}

/// The file as a page shows it: a still, or the frame of a clip at a time in milliseconds.
fn shown_file(path: &Path, side: Side, time_ms: u32, options: &extract::Options) -> ShownFile {
    if side.kind != Some(Kind::Clip) {
        return ShownFile { name: clips::name(path, None), picture: side.shown };
    }
    let frame = with_material(path, options, |material| shown::frame(material, time_ms));
    let picture = frame.ok().and_then(std::result::Result::ok);
    ShownFile { name: clips::name(path, picture.as_ref().map(|_| time_ms)), picture }
}

fn read(path: &Path, options: &extract::Options) -> Result<Side> {
    with_material(path, options, side)?.map_err(|what| failed(path, what))
}

fn failed(path: &Path, what: String) -> Error {
    Error::File {
        path: path.to_path_buf(),
        what,
        hint: "compare wants two files that exist and may be read; a member of an archive is 'a.zip!/dir/x.png'"
            .to_owned(),
    }
}

/// Calls `take` with the file or member, opened and read for what it says.
fn with_material<T>(path: &Path, options: &extract::Options, take: impl FnOnce(&Material<'_>) -> T) -> Result<T> {
    let space = TempSpace::outside(&[]);
    if let Some((_, inside)) = archives::find(path, &space).map_err(|p| failed(path, p.what))? {
        let (facts, opened) = inside.read(path, &space, options);
        let opened = match opened {
            Some(opened) => opened,
            None => inside.open(&space).map_err(|p| failed(path, p.what))?,
        };
        return Ok(take(&Material { bytes: &opened.held, path, local: false, facts: &facts, space: &space }));
    }
    if path.is_dir() {
        return Err(failed(path, "is a folder".to_owned()));
    }
    let bytes = ByteRange::open(path).map_err(|e| failed(path, e.to_string()))?;
    let facts = extract::facts(path, &sidecars(path), options);
    Ok(take(&Material { bytes: &bytes, path, local: true, facts: &facts, space: &space }))
}

fn side(material: &Material<'_>) -> std::result::Result<Side, String> {
    let bytes = material.bytes;
    let digests = digest::stream(&mut bytes.stream(), bytes.len(), &[Algorithm::Sha256], &mut |_| true);
    let digests = digests.map_err(|e| e.to_string())?;
    let sha256 = digests.first().map(digest::Digest::text).unwrap_or_default();
    let kind = material.kind().ok();
    let shown = (kind == Some(Kind::Still)).then(|| shown::still(material).ok()).flatten();
    Ok(Side { sha256, kind, asset: fingerprints::asset(material), shown })
}

/// What both have in common, as `--json` prints it, and where they differ.
struct Compared {
    value: Value,
    differences: Option<Differences>,
    /// The times of frames of clips that show the same, in milliseconds.
    times: [u32; 2],
}

fn compared(a: &Side, b: &Side) -> Compared {
    let plain = |relation: Relation, reason: Option<String>| {
        let mut value = json!({ "relation": relation, "distance": null, "votes": null, "variant": null });
        if let (Some(reason), Some(object)) = (reason, value.as_object_mut()) {
            object.insert("reason".to_owned(), reason.into());
        }
        Compared { value, differences: None, times: [0, 0] }
    };
    if a.sha256 == b.sha256 {
        return plain(Relation::SameBytes, None);
    }
    let ((one, one_left_out), (two, two_left_out)) = match (&a.asset, &b.asset) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(why), _) => return plain(Relation::NotCompared, Some(format!("the first: {why}"))),
        (_, Err(why)) => return plain(Relation::NotCompared, Some(format!("the second: {why}"))),
    };
    let comparison: Comparison = compare(one, two);
    let pictures = a.shown.as_ref().zip(b.shown.as_ref());
    let differences = pictures.and_then(|(a, b)| Differences::of(&comparison, a, b));
    let reason = match comparison.relation {
        Relation::NotCompared if (a.kind == Some(Kind::Sound)) != (b.kind == Some(Kind::Sound)) => {
            Some("one is a sound, the other is a picture".to_owned())
        }
        Relation::NotCompared => Some("there is too little in at least one of them to tell it apart".to_owned()),
        _ => None,
    };
    let mut value = serde_json::to_value(&comparison).unwrap_or_else(|_| plain(comparison.relation, None).value);
    if let Some(object) = value.as_object_mut() {
        object.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
        for (name, left_out) in [("left_out_a", one_left_out), ("left_out_b", two_left_out)] {
            object.extend(left_out.iter().map(|what| (name.to_owned(), what.as_str().into())));
        }
        object.extend(differences.as_ref().map(|found| {
            let areas = found.areas().iter().map(|[a, b]| json!({ "a": a, "b": b })).collect();
            ("altered_areas".to_owned(), Value::Array(areas))
        }));
    }
    Compared { value, differences, times: clips::times(&comparison) }
}

fn verdict(value: &Value) -> &'static str {
    match value.get("relation").and_then(Value::as_str).unwrap_or_default() {
        "same-bytes" => "the same bytes",
        "same-pixels" => "the same pixels in another file",
        "same-samples" => "the same samples of sound in another file",
        "copy" => "one is a copy of the other",
        "look" => "near enough that a person should look or listen",
        "different" => "nothing in common was found; that does not prove that they are unrelated",
        _ => "not compared",
    }
}

/// Titles and what is said under them.
fn facts(value: &Value, differences: Option<&Differences>, moves: bool) -> Vec<(String, String)> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let mut out: Vec<(&str, String)> = Vec::new();
    out.extend(number("distance").map(|distance| ("Distance", format!("{distance} of 256 bits"))));
    out.extend(text("variant").map(|variant| ("Variant", variant.to_owned())));
    out.extend(number("votes").map(|votes| ("Votes", format!("{votes} landmarks of sound agree"))));
    out.extend(clips::words(value, moves));
    out.extend(differences.map(Differences::words).unwrap_or_default());
    for (title, key) in [("Reason", "reason"), ("Left out", "left_out_a"), ("Left out", "left_out_b")] {
        out.extend(text(key).map(|what| (title, what.to_owned())));
    }
    out.into_iter().map(|(title, what)| (title.to_owned(), what)).collect()
}

fn page(arguments: &Arguments, value: &Value, facts: &[(String, String)]) -> String {
    let name = |path: &Path| terminal(&lossless(path));
    let mut out = format!("{}\n{}\n  {}\n", name(&arguments.a), name(&arguments.b), verdict(value));
    for (title, what) in facts {
        let _ = writeln!(out, "  {title:<9} {}", terminal(what));
    }
    out
}
