//! Prints the events of timelines: `timeline [timeline] FILE… [--json] [--against ROOT]`.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

use countersign_timelines::{identify, json, read};
use std::{fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let mut paths: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--json").collect();
    if paths.first().is_some_and(|first| first == "timeline") {
        paths.remove(0);
    }
    let mut timelines = Vec::new();
    for path in &paths {
        let path = Path::new(path);
        let bytes = if path.is_dir() { Vec::new() } else { fs::read(path).unwrap_or_default() };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(kind) = identify(&name, &bytes) else {
            eprintln!("{}: not a timeline", path.display());
            return ExitCode::from(3);
        };
        match read(kind, &name, &bytes, &mut |sibling| fs::read(path.join(sibling)).ok()) {
            Ok(document) => {
                for problem in &document.problems {
                    eprintln!("{}: {}: {}", path.display(), problem.place, problem.reason);
                }
                timelines.extend(document.timelines);
            }
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::from(2);
            }
        }
    }
    println!("{:#}", json::timelines(&timelines, |_, _| None));
    ExitCode::SUCCESS
}
