//! `countersign marks [MARK]`: list the catalogue, or explain one mark.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::marks;
use crate::report::layout::{plain, wrap};

/// List the marks, or explain one: where it lives, what it claims, how sure it is, its source.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "MARK")]
    mark: Option<String>,
    /// Marks of your own beside the built-in ones, in the catalogue's form, repeatable
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let catalogue = marks::with_files(&arguments.marks)?;
    let text = match &arguments.mark {
        None => catalogue.marks().map(|mark| wrap(&format!("{:<34} ", mark.id), &mark.name, 80)).collect(),
        Some(id) => {
            let ids = || catalogue.marks().map(|mark| mark.id.as_str());
            let mark = catalogue.marks().find(|mark| mark.id == *id);
            plain(&marks::page(mark.ok_or_else(|| unknown("mark", id, ids()))?), 80)
        }
    };
    super::print(&text)?;
    Ok(0)
}

/// A name that is not in a list, with the one that was probably meant.
pub(super) fn unknown<'a>(what: &str, given: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let near = known.map(|id| (strsim::jaro_winkler(given, id), id)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match near {
        Some((score, id)) if score > 0.75 => format!("did you mean '{id}'?"),
        _ => format!("`countersign {what}s` lists them all"),
    };
    Error::Usage { what: format!("no {what} '{given}'"), hint }
}
