//! The rules: one file each, all of them in [`ALL`]; a file's first comment is the rule's manual page.
//!
//! A rule sees one [`Case`] and says what it found. Severity, approval, suppression and baseline are not its
//! business: [`crate::judge`] applies them.

mod ai_in_archival;
mod approval_for_other_bytes;
mod approval_not_trusted;
mod approval_scope_missing;
mod configuration_in_delivery;
mod conflicting_provenance;
mod enhanced_archival;
mod expired_approval;
mod mislabelled_format;
mod package_hash_mismatch;
mod package_malformed;
mod package_missing_asset;
mod package_size_mismatch;
mod package_unlisted_file;
mod possible_ai;
mod revoked_approval;
mod sequence_gap;
mod stripped_credentials;
mod tampered_credentials;
mod unapproved_ai_in_final;
mod unauthenticated_archival;
mod unnotified_ai_in_temporary;
mod unreadable_asset;
mod unrecognized_format;
mod untrusted_signer;
mod unused_approval;
mod unused_suppression;
mod wording;

use std::path::Path;

use crate::approvals::{By, Decision, Matches, Standing, Verdict};
use crate::model::{Ai, Asset, Evidence, Facts, PackageFault, PackageReport, Role, Severity};
use crate::policy::Policy;

/// What a rule is.
#[derive(Debug)]
pub struct Info {
    /// kebab-case, final.
    pub id: &'static str,
    /// Unless the policy says otherwise.
    pub severity: Severity,
    /// The rule's own source, whose first comment is the manual page.
    source: &'static str,
}

impl Info {
    /// What the rule finds, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        self.doc().lines().next().unwrap_or_default().to_owned()
    }

    /// The manual page in Markdown: what it finds, why it matters, what to do, an example.
    #[must_use]
    pub fn doc(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        lines.join("\n")
    }
}

/// A rule: what it is, and what it finds in an asset, a package, or neither.
pub trait Rule: Sync {
    fn info(&self) -> &'static Info;

    /// What the rule finds in one asset.
    fn check_asset(&self, _case: &Case, _out: &mut Vec<Draft>) {}

    /// What the rule finds in one delivery package.
    fn check_package(&self, _case: &PackageCase, _out: &mut Vec<Draft>) {}
}

/// Everything that is known of one asset when it is judged.
#[derive(Debug)]
pub struct Case<'a> {
    pub asset: &'a Asset,
    pub facts: &'a Facts,
    pub ai: Ai,
    pub evidence: &'a [Evidence],
    pub policy: &'a Policy,
    /// The records about this asset.
    pub matches: &'a Matches<'a>,
    /// What they amount to in this role.
    pub standing: &'a Standing,
    /// The ledger in use, for commands that are proposed.
    pub ledger: Option<&'a Path>,
}

impl Case<'_> {
    /// Whether an asset like this needs a record here: by its marks, or because the use of these very bytes was
    /// refused or withdrawn, so that somebody knows them for AI material though no mark says so.
    #[must_use]
    pub fn needs_record(&self) -> bool {
        self.policy.demands(self.asset.role, self.ai) || (self.asset.role == Role::Final && self.refused())
    }

    fn refused(&self) -> bool {
        let refused = match &self.standing.verdict {
            Verdict::Denied(_) => true,
            Verdict::Ended(_, by) => matches!(by.record.decision, Decision::Revoked | Decision::Denied),
            _ => false,
        };
        refused && self.matches.rows.iter().any(|(_, by)| *by == By::Digest)
    }

    /// Whether a more exact rule than the general one of this role explains the missing approval.
    ///
    /// A rule that the policy turned off explains nothing: then the general one must speak.
    #[must_use]
    pub fn explained(&self) -> bool {
        self.explanations().into_iter().any(|rule| self.policy.off(rule).is_none())
    }

    fn explanations(&self) -> Vec<&'static str> {
        match (&self.standing.verdict, self.asset.role) {
            (Verdict::Expired(_), Role::Final) => vec!["expired-approval"],
            (Verdict::Ended(..), Role::Final) => vec!["revoked-approval"],
            (Verdict::Short { missing, untrusted, .. }, role) if role != Role::Archival => {
                let scope = (!missing.is_empty()).then_some("approval-scope-missing");
                let trust = (untrusted.is_some() && role == Role::Final).then_some("approval-not-trusted");
                scope.into_iter().chain(trust).collect()
            }
            (Verdict::Covered(_), _) => vec![],
            (_, Role::Final) if self.standing.other_bytes.is_some() => vec!["approval-for-other-bytes"],
            _ => vec![],
        }
    }

    /// Whether `rule` is one that explains, for an asset that needs a record.
    fn explains(&self, rule: &str) -> bool {
        self.needs_record() && self.explanations().contains(&rule)
    }
}

/// One delivery package and where it disagrees with itself.
#[derive(Debug)]
pub struct PackageCase<'a> {
    pub package: &'a PackageReport,
    pub faults: &'a [PackageFault],
}

/// What a rule says, before judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub message: String,
    pub help: String,
    /// The record that it is about.
    pub approval: Option<String>,
    /// Whether that record clears it.
    pub cleared: bool,
    /// The file that it is about, where it is found in something larger.
    pub path: Option<String>,
}

impl Draft {
    /// A finding that no record is about.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), approval: None, cleared: false, path: None }
    }

    /// What a rule says of one fault of a package.
    fn of(fault: &PackageFault, what: &str, help: &str) -> Self {
        Self { path: Some(fault.path.clone()), ..Self::new(wording::fault(fault, what), help) }
    }

    /// Names the record that it is about.
    #[must_use]
    pub fn about(mut self, approval: &str) -> Self {
        self.approval = Some(approval.to_owned());
        self
    }
}

/// Every rule, in the order in which findings of one severity are listed.
pub static ALL: &[&dyn Rule] = &[
    &unapproved_ai_in_final::UnapprovedAiInFinal,
    &approval_for_other_bytes::ApprovalForOtherBytes,
    &expired_approval::ExpiredApproval,
    &revoked_approval::RevokedApproval,
    &approval_scope_missing::ApprovalScopeMissing,
    &approval_not_trusted::ApprovalNotTrusted,
    &ai_in_archival::AiInArchival,
    &tampered_credentials::TamperedCredentials,
    &unreadable_asset::UnreadableAsset,
    &package_missing_asset::PackageMissingAsset,
    &package_hash_mismatch::PackageHashMismatch,
    &package_size_mismatch::PackageSizeMismatch,
    &package_malformed::PackageMalformed,
    &unnotified_ai_in_temporary::UnnotifiedAiInTemporary,
    &unauthenticated_archival::UnauthenticatedArchival,
    &enhanced_archival::EnhancedArchival,
    &stripped_credentials::StrippedCredentials,
    &conflicting_provenance::ConflictingProvenance,
    &sequence_gap::SequenceGap,
    &untrusted_signer::UntrustedSigner,
    &possible_ai::PossibleAi,
    &mislabelled_format::MislabelledFormat,
    &unrecognized_format::UnrecognizedFormat,
    &package_unlisted_file::PackageUnlistedFile,
    &configuration_in_delivery::ConfigurationInDelivery,
    &unused_approval::UnusedApproval,
    &unused_suppression::UnusedSuppression,
];

/// The rule with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static dyn Rule> {
    ALL.iter().copied().find(|rule| rule.info().id == id)
}

/// All rules' pages as one Markdown document: `docs/rules.md`.
#[must_use]
pub fn manual() -> String {
    let mut out = String::from(
        "# The rules\n\nMade from the rules' own source; `countersign rules RULE` prints one page.\n\n\
         | rule | severity | finds |\n|---|---|---|\n",
    );
    for info in ALL.iter().map(|rule| rule.info()) {
        let severity = wording::severity(info.severity);
        out.push_str(&format!("| [`{0}`](#{0}) | {severity} | {1} |\n", info.id, info.summary()));
    }
    for info in ALL.iter().map(|rule| rule.info()) {
        out.push_str(&format!("\n## {}\n\n*{}*. {}\n", info.id, wording::severity(info.severity), info.doc()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_the_ones_that_policies_may_name() {
        let ids: Vec<_> = ALL.iter().map(|rule| rule.info().id).collect();
        assert_eq!(ids, crate::policy::known::RULES);
    }

    #[test]
    fn every_rule_has_a_whole_page() {
        for info in ALL.iter().map(|rule| rule.info()) {
            let page = info.doc();
            for part in ["**Why it matters.**", "**What to do.**", "**Example.**"] {
                assert!(page.contains(part), "{} lacks {part}", info.id);
            }
            assert!(info.summary().ends_with('.'), "{}", info.id);
            assert!(info.source.contains(&format!("id: \"{}\"", info.id)), "{} shows another rule's page", info.id);
        }
    }

    #[test]
    fn severities_do_not_rise_in_the_order_of_the_list() {
        assert!(ALL.windows(2).all(|w| w[0].info().severity >= w[1].info().severity));
    }
}
