//! What the records about one asset amount to on a given day: one verdict, from which the rules speak.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use super::{Decision, LedgerEntry, MatchKind, Matches};
use crate::policy::{Grade, Policy, Scope};
use countersign_model::Role;

/// What is asked of the records.
#[derive(Clone, Debug)]
pub struct CoverageQuery<'a> {
    /// Says which grades and conditions are enough.
    pub policy: &'a Policy,
    /// What the asset's place in the delivery is for.
    pub role: Role,
    /// Decisions that would do.
    pub decisions: &'a [Decision],
    /// Scopes that must all be covered.
    pub scopes: BTreeSet<Scope>,
    /// The day on which the records must be in force.
    pub as_of: NaiveDate,
}

/// The answer, and whether a record about other bytes names this asset.
#[derive(Debug, Default)]
pub struct ApprovalStatus {
    /// What the records about these bytes amount to.
    pub verdict: Verdict,
    /// An approval in force for another version of this file; `None` where any record is about these very bytes.
    pub other_bytes: Option<Arc<LedgerEntry>>,
}

/// The verdict of the records.
#[derive(Debug, Default)]
pub enum Verdict {
    /// No record is about these bytes.
    #[default]
    None,
    /// Every scope is covered; the record that covers most comes first.
    Covered(Arc<LedgerEntry>),
    /// In force, but some scopes are not covered, or only by records of too low a grade.
    Insufficient {
        /// The record that comes nearest.
        record: Arc<LedgerEntry>,
        /// Scopes that no record in force covers.
        missing: Vec<Scope>,
        /// Why a record that would cover them does not count.
        untrusted: Option<Untrusted>,
    },
    /// Run out.
    Expired(Arc<LedgerEntry>),
    /// Withdrawn or replaced by the second one.
    Superseded(Arc<LedgerEntry>, Arc<LedgerEntry>),
    /// Asked for and refused.
    Denied(Arc<LedgerEntry>),
    /// Decided after the day of the judgement.
    NotYetValid(Arc<LedgerEntry>),
    /// In force, but the decision is not one that would do here.
    WeakerDecision(Arc<LedgerEntry>),
}

/// A record in force whose grade is too low.
#[derive(Clone, Debug)]
pub struct Untrusted {
    /// The record.
    pub record: Arc<LedgerEntry>,
    /// The grade that it has.
    pub grade: Grade,
    /// The grade that the policy demands for this scope.
    pub least: Grade,
}

/// A record and how it is about the asset.
type Row<'r> = &'r (Arc<LedgerEntry>, MatchKind);

impl Matches<'_> {
    /// The verdict on `question`.
    #[must_use]
    pub fn status(&self, question: &CoverageQuery) -> ApprovalStatus {
        let live = |row: &Row<'_>| self.state(&row.0, question.as_of) == State::Live;
        let rows: Vec<Row<'_>> = self.rows.iter().filter(|(_, by)| *by != MatchKind::OtherBytes).collect();
        let good: Vec<_> = rows.iter().copied().filter(|(k, _)| question.wants(k)).collect();
        let mut in_force: Vec<_> = good.iter().copied().filter(live).collect();
        // A refusal is undone only by a record of at least its grade.
        let refuses = |row: &Row<'_>| matches!(row.0.record.decision, Decision::Denied | Decision::Revoked);
        let refusals: Vec<_> = rows.iter().copied().filter(|row| refuses(row) && live(row)).collect();
        let over = |known: &LedgerEntry| {
            refusals.iter().rev().find(|(by, _)| self.is_before(by, known) && by.grade > known.grade).map(|(by, _)| by)
        };
        let overruled = in_force.iter().rev().find_map(|(known, _)| over(known)).map(Arc::clone);
        in_force.retain(|(known, _)| over(known).is_none());
        let verdict = match (in_force.is_empty(), overruled) {
            (false, _) => question.coverage(&in_force),
            (true, Some(refusal)) => Verdict::Denied(refusal),
            (true, None) => self.past(&rows, &good, question.as_of),
        };
        let known = rows.iter().any(|(_, by)| *by == MatchKind::Digest);
        let other =
            self.rows.iter().rev().filter(|(k, by)| !known && *by == MatchKind::OtherBytes && question.wants(k));
        ApprovalStatus { verdict, other_bytes: other.map(|row| row as Row<'_>).find(live).map(|(k, _)| Arc::clone(k)) }
    }

    /// Records that would have ended this one if their grade were not lower than its own.
    #[must_use]
    pub fn too_weak_to_end(&self, known: &LedgerEntry, as_of: NaiveDate) -> Vec<Arc<LedgerEntry>> {
        self.all.map(|all| all.too_weak_to_end(known, as_of).collect()).unwrap_or_default()
    }

    /// Why there is nothing in force; the latest record speaks.
    fn past(&self, rows: &[Row<'_>], good: &[Row<'_>], as_of: NaiveDate) -> Verdict {
        let latest = |wanted: &dyn Fn(Decision) -> bool| {
            let mut live = rows.iter().rev().map(|(k, _)| k).filter(|k| wanted(k.record.decision));
            live.find(|k| self.state(k, as_of) == State::Live).map(Arc::clone)
        };
        let denied = latest(&|decision| decision == Decision::Denied);
        let Some((last, _)) = good.iter().rev().find(|(k, _)| self.state(k, as_of) != State::NotYetValid) else {
            let early = good.last().map(|(k, _)| Verdict::NotYetValid(Arc::clone(k)));
            let lesser = || latest(&|decision| !matches!(decision, Decision::Denied | Decision::Revoked));
            return denied
                .map(Verdict::Denied)
                .or(early)
                .or_else(|| lesser().map(Verdict::WeakerDecision))
                .unwrap_or_default();
        };
        match (self.ender(last, as_of), denied) {
            (_, Some(denied)) if self.is_before(last, &denied) => Verdict::Denied(denied),
            (Some(by), _) => Verdict::Superseded(Arc::clone(last), by),
            (None, _) => Verdict::Expired(Arc::clone(last)),
        }
    }

    fn state(&self, known: &LedgerEntry, as_of: NaiveDate) -> State {
        if known.record.decided_on > as_of {
            return State::NotYetValid;
        }
        let expired = known.record.expires_on.is_some_and(|day| day < as_of);
        match expired || self.ender(known, as_of).is_some() {
            true => State::Past,
            false => State::Live,
        }
    }

    /// The record that ended this one, by the day of the judgement.
    fn ender(&self, known: &LedgerEntry, as_of: NaiveDate) -> Option<Arc<LedgerEntry>> {
        let about = |by: &LedgerEntry| {
            let own = self.sha256.as_deref();
            own.is_some_and(|own| by.record.sha256().any(|hex| hex.eq_ignore_ascii_case(own)))
        };
        let mut enders = self.all?.enders(known, as_of);
        enders.find(|(whole, by)| *whole || about(by)).map(|(_, by)| by).or_else(|| self.ended_elsewhere(known, as_of))
    }

    /// The record of another ledger that denies or withdraws the same bytes, on the day of this one or later.
    fn ended_elsewhere(&self, known: &LedgerEntry, as_of: NaiveDate) -> Option<Arc<LedgerEntry>> {
        let refuses = |by: &LedgerEntry| match by.record.decision {
            Decision::Denied => true,
            // A withdrawal that names records ends those of its own ledger.
            Decision::Revoked => by.record.supersedes.is_empty(),
            _ => false,
        };
        let then = known.record.decided_on..=as_of;
        let mut others = self.rows.iter().rev().filter(|(_, how)| *how != MatchKind::OtherBytes).map(|(by, _)| by);
        let all = self.all?;
        let ends = |by: &LedgerEntry| {
            refuses(by)
                && by.grade >= known.grade
                && then.contains(&by.record.decided_on)
                && !all.are_together(by, known)
        };
        others.find(|by| ends(by)).map(Arc::clone)
    }

    /// Whether the one came before the other: in one ledger by its place, in two by the day.
    fn is_before(&self, one: &LedgerEntry, other: &LedgerEntry) -> bool {
        match self.all.is_none_or(|all| all.are_together(one, other)) {
            true => one.index < other.index,
            false => one.record.decided_on <= other.record.decided_on,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Live,
    Past,
    NotYetValid,
}

impl CoverageQuery<'_> {
    fn wants(&self, known: &LedgerEntry) -> bool {
        let decision = known.record.decision;
        self.decisions.contains(&decision) && (decision != Decision::Conditional || self.policy.approvals.conditional)
    }

    /// A record that names only a path is of the lowest grade, except in roles where that is enough.
    fn grade(&self, known: &LedgerEntry, by: MatchKind) -> Grade {
        match by {
            MatchKind::Path if !self.policy.approvals.path_only.contains(&self.role) => Grade::PathOnly,
            _ => known.grade,
        }
    }

    /// Which of the records in force cover what is asked.
    fn coverage(&self, live: &[Row<'_>]) -> Verdict {
        // Stable, so that of equals the later in the ledger is the last.
        let mut ranked = live.to_vec();
        ranked.sort_by_key(|(k, by)| (self.grade(k, *by), *by == MatchKind::Digest, k.index));
        let Some((best, by)) = ranked.last() else { return Verdict::None };
        let wanted: Vec<Option<Scope>> = match self.scopes.is_empty() {
            true => vec![None],
            false => self.scopes.iter().copied().map(Some).collect(),
        };
        let (mut missing, mut untrusted, mut first) = (Vec::new(), None, None);
        for scope in wanted {
            let least = self.policy.least_grade(scope);
            let consented = |k: &LedgerEntry, s: Scope| {
                !self.policy.approvals.consent.contains(&s) || !k.record.consents.is_empty()
            };
            let has = |k: &LedgerEntry| scope.is_none_or(|s| k.record.scopes.contains(&s) && consented(k, s));
            let mut having = ranked.iter().rev().filter(|(k, _)| has(k));
            match (having.next(), scope) {
                (Some((k, by)), _) if self.grade(k, *by) >= least => first = first.or(Some(k)),
                (Some((k, by)), _) => {
                    let grade = self.grade(k, *by);
                    untrusted = untrusted.or_else(|| Some(Untrusted { record: Arc::clone(k), grade, least }));
                }
                (None, Some(scope)) => missing.push(scope),
                (None, None) => {}
            }
        }
        if missing.is_empty() && untrusted.is_none() {
            return Verdict::Covered(Arc::clone(first.unwrap_or(best)));
        }
        // A record that names only a path is refused as such, whatever its scopes are.
        if *by == MatchKind::Path && self.grade(best, *by) == Grade::PathOnly && untrusted.is_none() {
            let (grade, least) = (Grade::PathOnly, self.policy.least_grade(None));
            untrusted = (grade < least).then(|| Untrusted { record: Arc::clone(best), grade, least });
        }
        Verdict::Insufficient { record: Arc::clone(best), missing, untrusted }
    }
}
