//! Prints the events of timelines as JSON: `timeline [timeline] FILE… [--json] [--against ROOT]`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use countersign_timelines::{
    Timeline,
    conform::{Asset, Conform, Match},
    identify, json, read,
};
use std::{fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let mut files = Vec::new();
    let mut root = None;
    let mut arguments = std::env::args().skip(1).skip_while(|first| first == "timeline");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => {}
            "--against" => root = arguments.next(),
            _ => files.push(argument),
        }
    }
    let mut timelines = Vec::new();
    for file in &files {
        match read_file(Path::new(file)) {
            Ok(found) => timelines.extend(found),
            Err(message) => {
                eprintln!("{file}: {message}");
                return ExitCode::from(2);
            }
        }
    }
    let mut assets = Vec::new();
    if let Some(root) = &root {
        collect(Path::new(root), Path::new(root), &mut assets);
    }
    let conform = Conform::new(&assets);
    let asset_of = |_, event: &countersign_timelines::Event| match conform.event(event) {
        Match::One(index, _) => assets.get(index).map(|asset| asset.path.clone()),
        _ => None,
    };
    println!("{:#}", json::timelines(&timelines, asset_of));
    ExitCode::SUCCESS
}

fn read_file(path: &Path) -> Result<Vec<Timeline>, String> {
    let bytes = if path.is_dir() { Vec::new() } else { fs::read(path).map_err(|error| error.to_string())? };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kind = identify(&name, &bytes).ok_or("not a timeline")?;
    let document = read(kind, &name, &bytes, &mut |sibling| fs::read(path.join(sibling)).ok())
        .map_err(|error| error.to_string())?;
    for problem in &document.problems {
        eprintln!("{}: {}: {}", path.display(), problem.place, problem.reason);
    }
    Ok(document.timelines)
}

fn collect(root: &Path, folder: &Path, assets: &mut Vec<Asset>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, assets);
        } else if let Ok(below) = path.strip_prefix(root) {
            assets.push(Asset { path: below.to_string_lossy().replace('\\', "/"), ..Asset::default() });
        }
    }
}
