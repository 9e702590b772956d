//! `countersign timeline FILE...`: the events of timelines, and the assets that they conform to.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::console::{print, warn};
use super::listing::present;
use super::reporting::width;
use countersign_engine::cut::{self, Conformed, Delivery, NamedTimeline};
use countersign_engine::scan::inside_roots;
use countersign_engine::walk::lossless;
use countersign_engine::{OpenFiles, survey};
use countersign_io::{Roots, TempSpace};
use countersign_model::error::{Error, Result};
use countersign_model::limits;
use countersign_report::escape::{shorten, terminal};
use countersign_report::layout::wrap;
use countersign_timelines::{
    Document, Event, EventKind, Kind, Speed, Timecode, Timeline, identify, json as shape, read,
};

/// The longest file that is read whole.
const MOST: u64 = 2 << 30;
/// Characters of a name or a path that a person needs to recognize it.
const NAME: usize = 300;

/// The events of a timeline (EDL, OTIO, FCP7 XML, FCPXML, AAF, or the composition of an IMF or DCP), and the assets that they conform to.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign timeline reel1.edl\n  countersign timeline reel1.otio --against /mnt/drive\n  \
    countersign timeline dcp/CPL_night.xml --against dcp\n  countersign timeline cut.aaf cut.fcpxmld --json | jq '.timelines[].events[].media'"
)]
pub(super) struct Arguments {
    /// Timelines: files, or folders `.otiod` and `.fcpxmld`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Conform the events to what lies below this folder, archives included
    #[arg(long, value_name = "ROOT")]
    against: Option<PathBuf>,
    /// All timelines as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    if let Some(root) = &arguments.against {
        present(root)?;
    }
    let (mut told, mut timelines, mut unreadable) = (Vec::new(), Vec::new(), false);
    for path in &arguments.files {
        let document = match document(path) {
            Ok(document) => document,
            Err(Failure::Unreadable(what)) => {
                warn(&format!("{}: the timeline cannot be read: {what}", path.display()));
                unreadable = true;
                continue;
            }
            Err(Failure::Refused(error)) => return Err(*error),
        };
        for problem in &document.problems {
            warn(&format!("{}: {}: {}", path.display(), problem.place, problem.reason));
        }
        unreadable |= !document.problems.is_empty();
        told.extend(document.timelines.iter().map(|_| lossless(path)));
        timelines.extend(document.timelines);
    }
    let conformed = arguments.against.as_deref().map(|root| conformed(root, &timelines));
    let text = match arguments.json {
        true => format!("{:#}\n", object(&timelines, conformed.as_deref())),
        false => {
            let pages = timelines.iter().enumerate().map(|(index, timeline)| {
                let assets = conformed.as_ref().and_then(|all| all.get(index)).map(Vec::as_slice);
                page(told.get(index).map_or("", String::as_str), timeline, assets)
            });
            pages.collect::<Vec<_>>().join("\n")
        }
    };
    print(&text)?;
    Ok(if unreadable { 2 } else { 0 })
}

/// Why there is no document.
enum Failure {
    /// It is a timeline, and cannot be read.
    Unreadable(String),
    /// There is no such file, or it is no timeline.
    Refused(Box<Error>),
}

/// The timelines that `scan --timeline` names.
///
/// # Errors
/// What is no timeline, cannot be read or holds no event: nothing is judged by it.
pub(super) fn named(paths: &[PathBuf], roots: &[PathBuf]) -> Result<Vec<NamedTimeline>> {
    let refused = |path: &Path, what: String| {
        Error::File {
        path: path.to_path_buf(),
        what,
        hint: "--timeline wants an EDL, OTIO, FCP7 XML, FCPXML, AAF or CPL file; `countersign timeline FILE` shows what is read"
            .to_owned(),
    }
    };
    let one = |path: &PathBuf| {
        let document = document(path).map_err(|failure| match failure {
            Failure::Unreadable(what) => refused(path, format!("the timeline cannot be read: {what}")),
            Failure::Refused(error) => *error,
        })?;
        if document.timelines.iter().all(|timeline| timeline.events.is_empty()) {
            return Err(refused(path, "the timeline holds no event".to_owned()));
        }
        for problem in &document.problems {
            let (place, reason) = (&problem.place, &problem.reason);
            warn(&format!("{}: {place}: {reason}; so nothing is said to be out of the cut", path.display()));
        }
        let delivered = inside_roots(path, roots).is_some();
        Ok(NamedTimeline { path: path.clone(), label: lossless(path), document, delivered })
    };
    paths.iter().map(one).collect()
}

fn document(path: &Path) -> std::result::Result<Document, Failure> {
    let refused_with =
        |what: String, hint: String| Failure::Refused(Box::new(Error::File { path: path.to_path_buf(), what, hint }));
    let refused = |what| refused_with(what, "a timeline is an EDL, OTIO, FCP7 XML, FCPXML, AAF or CPL file".to_owned());
    let bytes = match path.is_dir() {
        true => Vec::new(),
        false => whole(path).map_err(|e| refused(e.to_string()))?,
    };
    let name = path.file_name().map(|name| lossless(Path::new(name))).unwrap_or_default();
    let kind = match identify(&name, &bytes) {
        Some(kind) => kind,
        None if path.is_dir() => {
            let hint = format!(
                "name the timeline's own file (a folder is one only as .otiod or .fcpxmld); to conform a timeline to this \
                 folder: countersign timeline FILE --against {}",
                lossless(path)
            );
            return Err(refused_with("is a folder".to_owned(), hint));
        }
        None => return Err(refused("is no timeline".to_owned())),
    };
    if path.is_dir() != matches!(kind, Kind::Otiod | Kind::Fcpxmld) {
        return Err(refused("is no timeline".to_owned()));
    }
    let mut sibling = |name: &str| whole(&path.join(name)).ok();
    read(kind, &name, &bytes, &mut sibling).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// A regular file, bounded: a pipe or a device is none.
fn whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    if meta.len() > MOST {
        return Err(std::io::Error::other("longer than any timeline that is read"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What each event of each timeline plays below a folder.
fn conformed(root: &Path, timelines: &[Timeline]) -> Vec<Vec<Conformed>> {
    let roots = [root.to_path_buf()];
    let (space, stop, exclude) = (TempSpace::outside(&roots), AtomicBool::new(false), globset::GlobSet::empty());
    let (trees, files) = (Roots::local(&roots), OpenFiles::default());
    let packages = survey::deliveries(&trees, &exclude, &stop);
    let delivery = Delivery {
        roots: &trees,
        files: &files,
        listed: None,
        exclude: &exclude,
        packages: &packages,
        space: &space,
        depth: limits::ARCHIVE_DEPTH,
        stop: &stop,
    };
    cut::paths(&delivery, timelines)
}

fn object(timelines: &[Timeline], conformed: Option<&[Vec<Conformed>]>) -> Value {
    let asset = |timeline: usize, event: &Event| {
        let index = timelines.get(timeline)?.events.iter().position(|own| std::ptr::eq(own, event))?;
        match conformed?.get(timeline)?.get(index)? {
            Conformed::One(path, _) => Some(path.clone()),
            _ => None,
        }
    };
    let mut value = shape::timelines(timelines, asset);
    if timelines.is_empty() {
        value["timelines"] = json!([]);
    }
    value
}

fn page(path: &str, timeline: &Timeline, assets: Option<&[Conformed]>) -> String {
    let mut out = format!("{}\n", terminal(&shorten(path, NAME)));
    let mut line = |label: &str, text: &str| out.push_str(&wrap(label, &terminal(&shorten(text, NAME)), width()));
    if !timeline.name.is_empty() {
        line("  Name    ", &timeline.name);
    }
    let start = timeline.start.map(|start| format!(", from {start}")).unwrap_or_default();
    let assumed = if timeline.rate_assumed { " (concluded from its timecodes)" } else { "" };
    line("  Format  ", &format!("{}, {} frames a second{assumed}{start}", timeline.format.id(), timeline.rate));
    line("  Events  ", &counted(timeline, assets));
    for (index, event) in timeline.events.iter().enumerate() {
        out.push_str(&card(timeline, event, assets.and_then(|assets| assets.get(index))));
    }
    out
}

fn counted(timeline: &Timeline, assets: Option<&[Conformed]>) -> String {
    let played = timeline.events.iter().filter(|event| event.is_played()).count();
    let mut out = format!("{}, {played} of them played", timeline.events.len());
    if let Some(assets) = assets {
        let count = |fits: fn(&Conformed) -> bool| assets.iter().filter(|asset| fits(asset)).count();
        out.push_str(&format!(
            "; {} with an asset, {} with several, {} without",
            count(|asset| matches!(asset, Conformed::One(..))),
            count(|asset| matches!(asset, Conformed::Several(_))),
            count(|asset| matches!(asset, Conformed::Missing | Conformed::Embedded)),
        ));
    }
    out
}

fn card(timeline: &Timeline, event: &Event, asset: Option<&Conformed>) -> String {
    let record = |units| timeline.record_timecode(units, event.record.rate).to_string();
    // Sound counts in samples: there are no frames to tell.
    let source = |frames: i64| match event.source.rate.is_of_pictures() {
        true => Timecode { frames, rate: event.source.rate, drop: timeline.drop }.to_string(),
        false => format!("sample {frames}"),
    };
    let kind = if event.kind == EventKind::Audio { "audio" } else { "video" };
    let mut out = String::new();
    let mut line = |label: &str, text: &str| out.push_str(&wrap(label, &terminal(&shorten(text, NAME)), width()));
    line("\n  ", &format!("{}  {}", event.id, event.name));
    let off = match (event.enabled, event.played) {
        (false, _) => ", switched off",
        (true, None) => ", cut away",
        _ => "",
    };
    line(
        "    Record ",
        &format!(
            "{} to {}, {kind}, track {}{off}",
            record(event.record.start),
            record(event.record.end()),
            event.track
        ),
    );
    let speed = match event.speed {
        Speed::Normal => String::new(),
        Speed::Constant(factor) => format!(", speed {}", (factor * 1000.0).round() / 1000.0),
        Speed::Freeze => ", one frame held".to_owned(),
        Speed::Varying => ", speed varies".to_owned(),
    };
    line("    Source ", &format!("{} to {}{speed}", source(event.source.start), source(event.source.end())));
    if let Some(reel) = event.reel.as_deref().filter(|reel| !reel.is_empty()) {
        line("    Reel   ", reel);
    }
    if let Some(media) = &event.media {
        line("    Media  ", media);
    }
    match asset {
        None => {}
        Some(Conformed::One(path, basis)) => line("    Asset  ", &format!("{path} (by {basis})")),
        Some(Conformed::Several(paths)) => line("    Asset  ", &format!("several fit: {}", paths.join(", "))),
        Some(Conformed::Embedded) => line("    Asset  ", "in the timeline's own file"),
        Some(Conformed::Missing) => line("    Asset  ", "none here"),
    }
    out
}
