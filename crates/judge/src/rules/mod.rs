//! The rules: one file each, all of them in [`ALL`]; a file's first comment is the rule's manual page.
//!
//! A rule looks at one asset ([`AssetContext`]), one delivery package ([`PackageContext`]) or the whole run
//! ([`RunContext`]) and says what it found ([`RawFinding`]). Severity, approval, suppression and baseline are not its
//! business: [`crate::judge`] applies them.

mod ai_in_archival;
mod approval_for_other_bytes;
mod approval_not_trusted;
mod approval_scope_missing;
mod configuration_in_delivery;
mod conflicting_provenance;
mod contradicted_archival;
mod copy_of_known_ai;
mod credentials_wording;
mod enhanced_archival;
mod expired_approval;
mod expiring_approval;
mod malformed_credentials;
mod mislabelled_format;
mod package;
mod package_unverified;
mod possible_ai;
mod revoked_approval;
mod sequence_gap;
mod stripped_credentials;
mod tampered_credentials;
mod timeline_ambiguous;
mod timeline_missing_media;
mod timeline_unreadable;
mod unapproved_ai_in_final;
mod unauthenticated_archival;
mod unnotified_ai_in_temporary;
mod unreadable_asset;
mod unrecognized_format;
mod untrusted_signer;
mod unused_approval;
mod unused_suppression;
mod usage;
mod uses;
mod wording;

use std::path::Path;

use chrono::NaiveDate;

use crate::approvals::{ApprovalStatus, Approvals, MatchKind, Matches, Verdict};
use crate::policy::Policy;
use countersign_model::{
    Ai, ArchiveEvidence, Asset, Decision, Evidence, Facts, FindingAction, FindingSubject, PackageFault, PackageReport,
    Severity,
};

pub use usage::Usage;

/// What a rule is.
#[derive(Debug)]
pub struct Info {
    /// kebab-case, final.
    pub id: &'static str,
    /// Unless the policy says otherwise.
    pub severity: Severity,
    /// What its findings are about.
    pub subject: FindingSubject,
    /// More general rules that have nothing to add about an asset of which this one speaks. Where the policy turns this
    /// rule off, they speak.
    pub explains: &'static [&'static Info],
    manual: Manual,
}

/// Where a rule's manual page stands, in Markdown.
#[derive(Debug)]
enum Manual {
    /// The first comment of the rule's own source.
    Source(&'static str),
    /// The text itself.
    Page(&'static str),
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
        let source = match self.manual {
            Manual::Page(text) => return text.to_owned(),
            Manual::Source(source) => source,
        };
        let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        lines.join("\n")
    }
}

/// A rule: what it is, and what it finds in an asset, in a package, or in the run as a whole.
///
/// ```
/// use chrono::NaiveDate;
/// use countersign_judge::judge::{ExaminedAsset, Judge};
/// use countersign_judge::policy::Policy;
/// use countersign_judge::rules;
/// use countersign_model::{Ai, Asset, Facts, FormatId, Severity};
///
/// // A rule's manual page is the head of its own file.
/// let rule = rules::by_id("mislabelled-format").unwrap();
/// assert_eq!(rule.info().severity, Severity::Note);
/// assert!(rule.info().summary().contains("extension"));
///
/// let policy = Policy::builtin("netflix-genai")?;
/// let judge = Judge::new(policy.into(), None, NaiveDate::from_ymd_opt(2026, 6, 1).unwrap());
/// let asset = Asset::new("poster.jpg".into(), "poster.jpg".to_owned(), 0, 9, None);
/// let (format, named) = (Some(FormatId::new("png")), Some(FormatId::new("jpeg")));
/// let facts = Facts { format, named, extension_fits: Some(false), ..Facts::default() };
/// let examined = ExaminedAsset { asset: &asset, facts: &facts, evidence: &[], ai: Ai::None, sha256: None };
/// assert_eq!(judge.asset(&examined)[0].rule, "mislabelled-format");
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
pub trait Rule: Sync {
    /// What the rule is; the same for every call.
    fn info(&self) -> &'static Info;

    /// What the rule finds in one asset.
    fn check_asset(&self, _context: &AssetContext, _out: &mut Vec<RawFinding>) {}

    /// What the rule finds in an approved asset whose bytes changed between its judgement and the end of the run.
    fn check_changed(&self, _out: &mut Vec<RawFinding>) {}

    /// What the rule finds in one delivery package.
    fn check_package(&self, _context: &PackageContext, _out: &mut Vec<RawFinding>) {}

    /// What the rule finds once every asset and every package was judged; not asked in a run that was interrupted.
    fn check_run(&self, _context: &RunContext, _out: &mut Vec<RawFinding>) {}
}

/// Everything that is known of one asset when it is judged.
#[derive(Debug)]
pub struct AssetContext<'a> {
    /// The file and its place.
    pub asset: &'a Asset,
    /// What it says.
    pub facts: &'a Facts,
    /// The strongest claim among the evidence.
    pub ai: Ai,
    /// The marks that matched.
    pub evidence: &'a [Evidence],
    /// What speaks for and against it in an archival place; `None` elsewhere.
    pub archive: Option<&'a ArchiveEvidence>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The records about this asset.
    pub matches: &'a Matches<'a>,
    /// What they amount to in this role.
    pub status: &'a ApprovalStatus,
    /// The ledger in use, for commands that are proposed.
    pub ledger: Option<&'a Path>,
    /// The day on which approvals must hold.
    pub as_of: NaiveDate,
    /// The folder that relative paths start from.
    pub working_directory: &'a Path,
}

impl AssetContext<'_> {
    /// Whether an asset like this needs a record here: by its marks, or because the use of these very bytes was
    /// refused or withdrawn, so that somebody knows them for AI material though no mark says so.
    #[must_use]
    pub fn needs_record(&self) -> bool {
        self.policy.demands(self.asset.role, self.ai) || (self.asset.role.reaches_audience() && self.refused())
    }

    fn refused(&self) -> bool {
        let refused = match &self.status.verdict {
            Verdict::Denied(_) => true,
            Verdict::Superseded(_, by) => matches!(by.record.decision, Decision::Revoked | Decision::Denied),
            _ => false,
        };
        refused && self.matches.rows.iter().any(|(_, by)| *by == MatchKind::Digest)
    }
}

/// One delivery package and where it disagrees with itself.
#[derive(Debug)]
pub struct PackageContext<'a> {
    /// The package's row, as far as it is known.
    pub package: &'a PackageReport,
    /// Where it and its own manifest disagree.
    pub faults: &'a [PackageFault],
    /// Whether the hashes that packages state were to be compared.
    pub integrity: bool,
}

/// A whole run at its end.
#[derive(Debug)]
pub struct RunContext<'a> {
    /// Every delivery package and archive, with what was found in it.
    pub packages: &'a [PackageReport],
    /// The policy in force.
    pub policy: &'a Policy,
    /// The ledger in force; `None` where none was given.
    pub approvals: Option<&'a Approvals>,
    /// The day on which approvals and suppressions must hold.
    pub as_of: NaiveDate,
    /// Records that were about an asset, by [`crate::approvals::LedgerEntry::index`].
    pub used_approvals: &'a Usage,
    /// Lines of [`Policy::suppress`] that fit a finding.
    pub used_suppressions: &'a Usage,
}

/// What a rule says, before judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFinding {
    /// What was found, in one sentence without a period; text from files is escaped where it is printed.
    pub message: String,
    /// What to do about it.
    pub action: FindingAction,
    /// The record that it is about.
    pub approval: Option<String>,
    /// Whether that record clears it.
    pub cleared: bool,
    /// The file that it is about, where it is found in something larger.
    pub path: Option<String>,
    /// How bad it is, where that is not what the rule's findings usually are.
    pub severity: Option<Severity>,
    /// The most that it may count, where that is less than the rule's severity.
    pub at_most: Option<Severity>,
}

impl RawFinding {
    /// A finding that no record is about.
    pub fn new(message: impl Into<String>, action: FindingAction) -> Self {
        Self {
            message: message.into(),
            action,
            approval: None,
            cleared: false,
            path: None,
            severity: None,
            at_most: None,
        }
    }

    /// What a rule says of one fault of a package.
    fn of(fault: &PackageFault, what: &str, action: FindingAction) -> Self {
        Self { path: Some(fault.path.clone()), ..Self::new(wording::fault(fault, what), action) }
    }

    /// Says how bad this one is.
    #[must_use]
    pub fn of_severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// Names the record that it is about.
    #[must_use]
    pub fn about(self, approval: &str) -> Self {
        self.about_any(Some(approval))
    }

    /// Names the record that it is about, where there is one.
    #[must_use]
    pub fn about_any(mut self, approval: Option<&str>) -> Self {
        self.approval = approval.map(str::to_owned);
        self
    }

    /// Counts no more than this, whatever the rule's severity is.
    #[must_use]
    pub fn at_most(mut self, severity: Severity) -> Self {
        self.at_most = Some(severity);
        self
    }

    /// Names the record that it is about, which settles it.
    #[must_use]
    pub fn cleared_by(mut self, approval: &str) -> Self {
        self.cleared = true;
        self.about(approval)
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
    &contradicted_archival::ContradictedArchival,
    &copy_of_known_ai::CopyOfKnownAi,
    &tampered_credentials::TamperedCredentials,
    &unreadable_asset::UnreadableAsset,
    &timeline_unreadable::TimelineUnreadable,
    &package::MISSING_ASSET,
    &package::HASH_MISMATCH,
    &package::SIZE_MISMATCH,
    &package::MALFORMED,
    &package_unverified::PackageUnverified,
    &unnotified_ai_in_temporary::UnnotifiedAiInTemporary,
    &unauthenticated_archival::UnauthenticatedArchival,
    &enhanced_archival::EnhancedArchival,
    &stripped_credentials::StrippedCredentials,
    &malformed_credentials::MalformedCredentials,
    &conflicting_provenance::ConflictingProvenance,
    &sequence_gap::SequenceGap,
    &timeline_missing_media::TimelineMissingMedia,
    &untrusted_signer::UntrustedSigner,
    &expiring_approval::ExpiringApproval,
    &possible_ai::PossibleAi,
    &mislabelled_format::MislabelledFormat,
    &unrecognized_format::UnrecognizedFormat,
    &package::UNLISTED_FILE,
    &timeline_ambiguous::TimelineAmbiguous,
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
        let severity = info.severity.word();
        out.push_str(&format!("| [`{0}`](#{0}) | {severity} | {1} |\n", info.id, info.summary()));
    }
    for info in ALL.iter().map(|rule| rule.info()) {
        out.push_str(&format!("\n## {}\n\n*{}*. {}\n", info.id, info.severity.word(), info.doc()));
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
            if let Manual::Source(source) = info.manual {
                assert!(source.contains(&format!("id: \"{}\"", info.id)), "{} shows another rule's page", info.id);
            }
        }
    }

    #[test]
    fn a_rule_that_explains_another_is_of_no_lesser_severity_and_is_explained_by_none() {
        for info in ALL.iter().map(|rule| rule.info()) {
            for general in info.explains {
                assert!(info.severity >= general.severity, "{} would hide {}", info.id, general.id);
                assert!(general.explains.is_empty() && by_id(general.id).is_some(), "{}", general.id);
            }
        }
    }

    /// The Rust files below a folder.
    fn sources(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }

    #[test]
    fn no_other_file_knows_a_rule_by_its_id() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let root = crates.parent().unwrap();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(crates).unwrap().flatten() {
            let folder = entry.path().join("src");
            if folder.is_dir() {
                sources(&folder, &mut files);
            }
        }
        sources(&root.join("src"), &mut files);
        assert!(files.len() > 100, "the source tree was not found");
        let mut wrong = Vec::new();
        for file in files {
            let name = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for id in ALL.iter().map(|rule| rule.info().id) {
                let own =
                    [id.replace('-', "_"), "package".to_owned()].map(|own| format!("crates/judge/src/rules/{own}.rs"));
                let knows =
                    code.lines().any(|line| !line.trim().starts_with("//") && line.contains(&format!("\"{id}\"")));
                if knows && !own.contains(&name) && name != "crates/judge/src/policy/known.rs" {
                    wrong.push(format!("{name} knows {id}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn severities_do_not_rise_in_the_order_of_the_list() {
        assert!(ALL.windows(2).all(|w| w[0].info().severity >= w[1].info().severity));
    }
}
