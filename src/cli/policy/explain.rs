//! `countersign policy explain PATH...`: role, demanded scopes and rules of a path, and the line of the policy that says so.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::config::load_policy;
use crate::cli::console::print;
use crate::cli::delivery_root;
use crate::cli::reporting::width;
use countersign_engine::scan::above;
use countersign_engine::walk::lossless;
use countersign_judge::policy::Policy;
use countersign_judge::policy::explain::{Demand, Explanation, Place, PolicyLine, explain};
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::wrap;
use countersign_report::words::word;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A path is below the folder that is scanned, and need not exist. With --root its folder is named, and\n\
    names above it count as a scan of it counts them.\n\n\
    Examples:\n  countersign policy explain 'reel 1/07_TEMP/shot.mov'\n  \
    countersign policy explain hero/face.png --policy show.toml\n  \
    countersign policy explain --root /mnt/drive/show/temp a.png --json"
)]
pub(super) struct Arguments {
    /// Paths below the scanned folder
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Policy file, or the name of a built-in policy
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// The folder that is scanned
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The folder in which the delivery begins, as for a scan of a part of it
    #[arg(long, value_name = "DIR", requires = "root")]
    delivery_root: Option<PathBuf>,
    /// One JSON object with all paths
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let policy = load_policy(arguments.policy.as_deref())?;
    let from = (arguments.root.as_deref(), arguments.delivery_root.as_deref());
    let explained = arguments.paths.iter().map(|path| explained(&policy, path, from));
    let explained = explained.collect::<Result<Vec<_>>>()?;
    if arguments.json {
        let value =
            json!({ "schema": "countersign.policy-explain/1", "policy": policy.reference(), "paths": explained });
        return print(&format!("{value}\n"));
    }
    let pages: Vec<String> = explained.iter().map(page).collect();
    print(&pages.join("\n"))
}

/// What is said of one path: relative ones are below the root, others below it where they name it.
fn explained(policy: &Policy, path: &Path, (root, delivery): (Option<&Path>, Option<&Path>)) -> Result<Explanation> {
    let (root, rel) = match root {
        Some(root) => (Some(root.to_owned()), path.strip_prefix(root).unwrap_or(path).to_owned()),
        // A whole path is explained as a scan of that file.
        None if path.is_absolute() => {
            (path.parent().map(Path::to_owned), path.file_name().map(PathBuf::from).unwrap_or_default())
        }
        None => (None, path.strip_prefix(".").unwrap_or(path).to_owned()),
    };
    if rel.is_absolute() || rel.components().any(|part| part == std::path::Component::ParentDir) {
        return Err(Error::Usage {
            what: format!("{} does not lie below the scanned folder", path.display()),
            hint: "name a path below it, such as 'reel 1/shot.mov', or the folder with --root".to_owned(),
        });
    }
    let above = match (root.as_deref(), delivery) {
        (Some(root), Some(delivery)) => {
            delivery_root::checked(Some(delivery), &[root.to_owned()], false)?;
            above::below(root, delivery).unwrap_or_default()
        }
        (root, _) => root.map(above::of).unwrap_or_default(),
    };
    Ok(explain(policy, Place { above: &above, rel: &lossless(&rel), option: None }))
}

fn page(said: &Explanation) -> String {
    let mut out = format!("{}\n", terminal(&said.path));
    let mut line =
        |label: &str, text: String| out.push_str(&wrap(&format!("  {label:<12}"), &terminal(&text), width()));
    let basis = match said.role_basis.strip_prefix("policy:") {
        Some(pattern) => {
            let above =
                said.role_above.as_ref().map(|above| format!(" of the scanned folder '{above}'")).unwrap_or_default();
            format!("{}, by the pattern {pattern}{above}{}", word(&said.role), at(said.origin.as_ref()))
        }
        None => format!("{}, by {}: no pattern of [roles] fits", word(&said.role), said.role_basis),
    };
    line("Role", format!("{basis}. What a package or a timeline delivers is final, unless this says archival"));
    if let Some(looks) = &said.looks {
        line("Looks", format!("'{}' looks {}, and no pattern says so", looks.folder, word(&looks.role)));
    }
    match said.claims.what.is_empty() {
        true => line("Records", format!("none are needed{}", at(said.claims.origin.as_ref()))),
        false => line("Records", format!("needed for what is {}{}", said.claims.what, at(said.claims.origin.as_ref()))),
    }
    let demand = |demand: &Demand| format!("{} ({}{})", demand.what, demand.of, at(demand.origin.as_ref()));
    for scope in &said.scopes {
        line("Scope", demand(scope));
    }
    for grade in &said.grades {
        line("Grade", format!("at least {}", demand(grade)));
    }
    for rule in &said.rules {
        let what = match (&rule.off, rule.severity) {
            (Some(reason), _) => format!("off: {reason}"),
            (None, Some(severity)) => word(&severity),
            (None, None) => "as the rule has it".to_owned(),
        };
        line("Rule", format!("{}: {what}{}", rule.rule, at(rule.origin.as_ref())));
    }
    for row in &said.suppressed {
        let text = format!("{} until {}: {} (pattern {})", row.rule, row.expires, row.reason, row.pattern);
        line("Suppressed", format!("{text}{}", at(row.origin.as_ref())));
    }
    out
}

fn at(said: Option<&PolicyLine>) -> String {
    said.map(|said| format!(", {} line {}", said.file, said.line)).unwrap_or_default()
}
