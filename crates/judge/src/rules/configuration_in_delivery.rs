//! A policy or an approvals ledger lies in the delivery.
//!
//! Told by its name (`countersign.toml`, `policy.toml`, `approvals.jsonl`) or, whatever it is called, by what it holds:
//! lines of a ledger, or the sections of a policy. It is never obeyed for lying there: a policy and a ledger come from the
//! options and from the user's own configuration folder only. Where an option names the very file, it is in force, and
//! the finding says so.
//!
//! **Why it matters.** Whoever made the delivery wrote that file. A delivery that brings its own rules and its own
//! approvals would judge itself.
//!
//! **What to do.** Ask why it was delivered. Records in it that you can confirm with whoever is named there belong in
//! your own ledger; keep ledger and policy outside of what is scanned.
//!
//! **Example.** `final/approvals.jsonl` came with the drive and approves every still on it.

use std::path::Path;

use super::{AssetContext, Info, Manual, RawFinding, Rule};
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct ConfigurationInDelivery;

static INFO: Info = Info {
    id: "configuration-in-delivery",
    severity: Severity::Note,
    subject: FindingSubject::Configuration,
    explains: &[],
    manual: Manual::Source(include_str!("configuration_in_delivery.rs")),
};

/// Names of configuration, and what each is.
const NAMES: &[(&str, &str)] =
    &[("approvals.jsonl", "an approvals ledger"), ("countersign.toml", "a policy"), ("policy.toml", "a policy")];

/// What the file is by its content, as extraction found it.
fn held(context: &AssetContext) -> Option<&'static str> {
    let own = context.facts.decoded.iter().find(|tag| tag.space == "countersign" && tag.via.is_own())?;
    match own.key.as_str() {
        "ledger" => Some("an approvals ledger"),
        "policy" => Some("a policy"),
        _ => None,
    }
}

impl Rule for ConfigurationInDelivery {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let name = context.asset.rel.rsplit('/').next().unwrap_or_default();
        let named = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, what)| *what);
        let whole = |path: &Path| context.working_directory.join(path);
        let own = &context.asset.path;
        // Files of other names are told apart without putting paths together.
        let called_so = |path: &&Path| path.file_name() == own.file_name();
        let is_here = |path: Option<&Path>| path.filter(called_so).is_some_and(|path| whole(path) == whole(own));
        let in_force = [("approvals ledger", context.ledger), ("policy", context.policy.path.as_deref())];
        if let Some((what, _)) = in_force.into_iter().find(|(_, path)| is_here(*path)) {
            let message = format!("the {what} in force lies in the delivery that it judges");
            return out.push(RawFinding::new(message, FindingAction::KeepConfigurationOutside));
        }
        let (what, by) = match (named, held(context)) {
            (Some(what), _) => (what, "by its name"),
            (None, Some(what)) => (what, "by what it holds"),
            (None, None) => return,
        };
        out.push(RawFinding::new(
            format!("{what} lies in the delivery, {by}; nothing in it was obeyed"),
            FindingAction::AskWhyConfigurationWasDelivered,
        ));
    }
}
