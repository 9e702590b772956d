//! `countersign rules [RULE]`: list the rules, or explain one.

use super::names::unknown;
use countersign_judge::rules;
use countersign_model::Severity;
use countersign_model::error::Result;
use countersign_report::layout::{plain, wrap};

/// List the rules, or explain one: what it finds, why it matters, what to do, an example.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let infos = || rules::ALL.iter().map(|rule| rule.info());
    let text = match &arguments.rule {
        None => {
            infos().map(|i| wrap(&format!("{:<28} {:<8} ", i.id, severity(i.severity)), &i.summary(), 80)).collect()
        }
        Some(id) => {
            let info = infos().find(|i| i.id == id).ok_or_else(|| unknown("rule", id, infos().map(|i| i.id)))?;
            format!("{} ({})\n\n{}", info.id, severity(info.severity), plain(&info.doc(), 80))
        }
    };
    super::console::print(&text)?;
    Ok(0)
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
