//! Options of the commands that judge, `scan` and `judge`: what was decided before, and what counts.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{Local, NaiveDate};
use clap::ValueEnum;

use super::approvals::terms::{day, open};
use super::baseline::{self, Compared};
use super::config;
use super::shared_options::{typed, working_directory};
use super::timeline;
use countersign_engine::cut::NamedTimeline;
use countersign_judge::approvals::Approvals;
use countersign_judge::judge::Baseline;
use countersign_judge::policy::Policy;
use countersign_model::Severity;
use countersign_model::error::Result;
use countersign_report::EarlierFinding;

#[derive(Debug, clap::Args)]
pub(super) struct JudgingOptions {
    /// Ledger of recorded approvals, repeatable
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_APPROVALS")]
    approvals: Vec<PathBuf>,
    /// The day approvals are judged on [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    as_of: Option<NaiveDate>,
    /// The least severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Findings that this earlier report (json or ndjson; `-` for standard input) already held do not count
    #[arg(long, value_name = "REPORT")]
    pub(super) baseline: Option<PathBuf>,
    /// Timeline of the cut (EDL, OTIO, FCP7 XML, FCPXML, AAF, CPL), repeatable: also says what is not in the cut
    #[arg(long, value_name = "FILE")]
    pub(super) timeline: Vec<PathBuf>,
    /// JSON and NDJSON carry every tag that was read
    #[arg(long)]
    pub(super) tags: bool,
}

/// What an earlier report held: for the judge, for the reports, and for a comparison at the end.
#[derive(Default)]
pub(super) struct Earlier {
    pub(super) baseline: Baseline,
    pub(super) findings: Option<Arc<[EarlierFinding]>>,
    pub(super) compared: Option<Compared>,
}

impl JudgingOptions {
    /// The ledgers that are named, each once, else the user's own.
    pub(super) fn ledgers(&self) -> Vec<PathBuf> {
        if self.approvals.is_empty() {
            return config::approvals().into_iter().collect();
        }
        let mut seen = HashSet::new();
        let named = self.approvals.iter();
        named
            .filter(|path| seen.insert(std::fs::canonicalize(path).unwrap_or_else(|_| (*path).clone())))
            .cloned()
            .collect()
    }

    /// What these ledgers hold together; none may lie in a root.
    pub(super) fn approvals(ledgers: &[PathBuf], policy: &Policy, roots: &[PathBuf]) -> Result<Option<Arc<Approvals>>> {
        let opened = ledgers.iter().map(|path| open(path, &policy.trust.keys, roots)).collect::<Result<Vec<_>>>()?;
        let here = working_directory();
        let all = opened.into_iter().map(|ledger| ledger.in_directory(&here)).reduce(Approvals::with);
        Ok(all.map(Arc::new))
    }

    pub(super) fn as_of(&self) -> NaiveDate {
        self.as_of.unwrap_or_else(|| Local::now().date_naive())
    }

    pub(super) fn fail_on(&self) -> Severity {
        self.fail_on.severity()
    }

    /// The least severity as it was typed.
    pub(super) fn fail_on_name(&self) -> String {
        typed(&self.fail_on)
    }

    /// The earlier report, where one is named.
    pub(super) fn earlier(&self) -> Result<Earlier> {
        Ok(match self.baseline.as_deref().map(baseline::load).transpose()? {
            Some((baseline, findings, compared)) => {
                Earlier { baseline, findings: Some(findings), compared: Some(compared) }
            }
            None => Earlier::default(),
        })
    }

    /// The timelines that are named.
    pub(super) fn timelines(&self, roots: &[PathBuf]) -> Result<Vec<NamedTimeline>> {
        timeline::named(&self.timeline, roots)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
        }
    }
}
