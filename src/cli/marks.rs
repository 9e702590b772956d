//! `countersign marks [MARK]`: list the catalogue, or explain one mark.

use std::path::PathBuf;

use super::console::print;
use super::names::unknown;
use countersign_judge::marks;
use countersign_model::error::Result;
use countersign_report::layout::{plain, wrap};

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
    print(&text)?;
    Ok(0)
}
