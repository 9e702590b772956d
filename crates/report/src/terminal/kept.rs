//! What the terminal report keeps of a run until its end: the assets that it will show, and counts of all others. Of a
//! million files with findings a person is shown some dozens by name; only with `-v` all of them are kept.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::{Card, NAMED};
use crate::words::word;
use countersign_model::{AssetReport, Finding, FindingState, FindingSubject, Severity};

/// Assets that are told of in full under one rule; the next are named only.
pub(super) const CARDS: usize = 3;
/// Different notes of one rule that are told apart; assets with further ones are only counted.
const NOTES: usize = 1_000;

/// Findings of one rule that are told together.
type Key = (FindingState, Severity, String);

/// Assets that are shown, and what is counted of all.
#[derive(Default)]
pub(super) struct Kept {
    assets: Vec<Rc<AssetReport>>,
    counted: BTreeMap<Key, Counted>,
    open: BTreeMap<String, Open>,
    unreadable: u64,
    unrecognized: u64,
}

/// What was counted of the findings of one rule about assets.
#[derive(Default)]
pub(super) struct Counted {
    /// Findings, one for each asset that has one.
    pub(super) cards: usize,
    /// The files that these assets stand for.
    pub(super) files: u64,
    /// Assets of the same bytes, role and finding: how many belong to each of the first groups.
    groups: HashMap<(String, String), usize>,
    /// Groups begun, those of one asset without a digest among them.
    begun: usize,
    /// How many assets each message is about.
    messages: HashMap<String, usize>,
}

/// What one rule found that is open.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) severity: Severity,
    pub(super) found: u64,
    /// The first of it, for people.
    pub(super) first: String,
}

impl Open {
    /// Counts a finding about something of this name.
    pub(super) fn add(rules: &mut BTreeMap<String, Self>, finding: &Finding, about: impl FnOnce() -> String) {
        if finding.state != FindingState::Open {
            return;
        }
        let of = rules.entry(finding.rule.clone()).or_insert_with(|| Self {
            severity: finding.severity,
            found: 0,
            first: about(),
        });
        of.found += 1;
        of.severity = of.severity.max(finding.severity);
    }
}

impl Kept {
    /// Counts an asset, which is called `name`, and keeps it where it will be shown; `all` keeps every one with findings.
    pub(super) fn add(&mut self, asset: &AssetReport, all: bool, name: impl Fn() -> String) {
        let files = asset.frames.map_or(1, |frames| frames.count);
        let about = |subject: FindingSubject| asset.findings.iter().any(|f| f.subject == subject);
        self.unreadable += if about(FindingSubject::Unreadable) { files } else { 0 };
        self.unrecognized += if about(FindingSubject::Unrecognized) { files } else { 0 };
        let mut shown = all && !asset.findings.is_empty();
        for finding in &asset.findings {
            Open::add(&mut self.open, finding, &name);
            let key = (finding.state, finding.severity, finding.rule.clone());
            shown |= self.counted.entry(key).or_default().add(asset, finding, files);
        }
        if shown {
            self.assets.push(Rc::new(asset.clone()));
        }
    }

    /// The files that were not read to their end, and those of no kind that is read.
    pub(super) fn not_judged(&self) -> (u64, u64) {
        (self.unreadable, self.unrecognized)
    }

    /// What is open of assets, by rule.
    pub(super) fn open(&self) -> BTreeMap<String, Open> {
        self.open.clone()
    }

    /// By rule the findings of this state and, where one is named, severity: how many there are, and those that are kept.
    pub(super) fn rules(&self, state: FindingState, severity: Option<Severity>) -> BTreeMap<String, Listed<'_>> {
        let mut rules: BTreeMap<String, Listed<'_>> = BTreeMap::new();
        let wanted = |of: FindingState, how: Severity| of == state && severity.is_none_or(|severity| how == severity);
        for ((of, how, rule), counted) in &self.counted {
            if wanted(*of, *how) {
                rules.entry(rule.clone()).or_default().counted.push(counted);
            }
        }
        for asset in &self.assets {
            for finding in asset.findings.iter().filter(|f| wanted(f.state, f.severity)) {
                if let Some(listed) = rules.get_mut(&finding.rule) {
                    listed.cards.push((Rc::clone(asset), finding.clone()));
                }
            }
        }
        rules
    }
}

/// The findings of one rule: some of them, and how many there are.
#[derive(Default)]
pub(super) struct Listed<'k> {
    pub(super) cards: Vec<Card>,
    counted: Vec<&'k Counted>,
}

impl Listed<'_> {
    /// All findings.
    pub(super) fn all(&self) -> usize {
        self.counted.iter().map(|counted| counted.cards).sum()
    }

    /// The files that all of them are about.
    pub(super) fn files(&self) -> u64 {
        self.counted.iter().map(|counted| counted.files).sum()
    }

    /// How many assets have the bytes, role and finding of this card, itself among them.
    pub(super) fn same(&self, (asset, finding): &Card) -> usize {
        let key = identity(asset, finding);
        let known = key.and_then(|key| self.counted.iter().find_map(|counted| counted.groups.get(&key)));
        known.copied().unwrap_or(1)
    }

    /// How many assets this message is about; `None` where messages are too many to be told apart.
    pub(super) fn with_message(&self, message: &str) -> Option<usize> {
        self.counted.iter().find_map(|counted| counted.messages.get(message)).copied()
    }
}

impl Counted {
    /// Counts a finding of an asset; whether it is among those that are shown.
    fn add(&mut self, asset: &AssetReport, finding: &Finding, files: u64) -> bool {
        self.cards += 1;
        self.files += files;
        match (finding.state, finding.severity) {
            (FindingState::Open, Severity::Note) => self.note(&finding.message),
            (FindingState::Open, _) => self.card(asset, finding),
            _ => self.cards <= NAMED,
        }
    }

    fn note(&mut self, message: &str) -> bool {
        if let Some(count) = self.messages.get_mut(message) {
            *count += 1;
            return *count <= NAMED;
        }
        let room = self.messages.len() < NOTES;
        if room {
            self.messages.insert(message.to_owned(), 1);
        }
        room
    }

    fn card(&mut self, asset: &AssetReport, finding: &Finding) -> bool {
        let key = identity(asset, finding);
        if let Some(count) = key.as_ref().and_then(|key| self.groups.get_mut(key)) {
            *count += 1;
            // Which group is shown in full is not remembered: all of the first are treated so.
            return *count <= NAMED + 1;
        }
        let room = self.begun < CARDS + NAMED;
        if room {
            self.begun += 1;
            self.groups.extend(key.map(|key| (key, 1)));
        }
        room
    }
}

/// What cards of the same bytes, role and finding have in common; `None` where the bytes are not known.
pub(super) fn identity(asset: &AssetReport, finding: &Finding) -> Option<(String, String)> {
    asset.sha256.clone().map(|digest| (digest, format!("{} {}", word(&asset.role), finding.message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::FindingAction;

    fn asset(number: usize, severity: Severity, message: &str, sha256: Option<String>) -> AssetReport {
        let finding = Finding {
            rule: "a-rule".to_owned(),
            severity,
            state: FindingState::Open,
            subject: FindingSubject::default(),
            path: None,
            message: message.to_owned(),
            action: FindingAction::ReportProgramFault,
            approval: None,
            reason: None,
        };
        let row = serde_json::json!({
            "path": format!("{number}.png"), "root": 0, "format": null, "bytes": 1, "sha256": sha256, "role": "final",
            "role_basis": "default", "package": null, "ai": "none", "evidence": [], "c2pa": null, "findings": [],
            "problems": [],
        });
        AssetReport { findings: vec![finding], ..serde_json::from_value(row).unwrap() }
    }

    fn of(assets: impl Iterator<Item = AssetReport>, all: bool) -> Kept {
        let mut kept = Kept::default();
        assets.for_each(|asset| kept.add(&asset, all, || asset.path.clone()));
        kept
    }

    #[test]
    fn of_very_many_findings_those_that_are_shown_are_kept_and_all_are_counted() {
        let notes = (0..50_000).map(|n| asset(n, Severity::Note, "of no kind", None));
        let errors = (0..50_000).map(|n| asset(n, Severity::Error, "marked", Some(format!("{}", n % 20_000))));
        let kept = of(notes.chain(errors), false);
        assert!(kept.assets.len() <= NAMED + (CARDS + NAMED) * (NAMED + 1), "{}", kept.assets.len());
        let notes = &kept.rules(FindingState::Open, Some(Severity::Note))["a-rule"];
        assert_eq!((notes.all(), notes.files(), notes.with_message("of no kind")), (50_000, 50_000, Some(50_000)));
        let errors = &kept.rules(FindingState::Open, Some(Severity::Error))["a-rule"];
        let [first, ..] = errors.cards.as_slice() else { panic!("no card") };
        assert_eq!((errors.all(), errors.same(first)), (50_000, 3));
        assert_eq!((kept.open()["a-rule"].found, kept.open()["a-rule"].first.as_str()), (100_000, "0.png"));
    }

    #[test]
    fn notes_that_all_differ_are_kept_up_to_a_number_and_with_v_all() {
        let notes = || (0..3_000).map(|n| asset(n, Severity::Note, &format!("note {n}"), None));
        let kept = of(notes(), false);
        let listed = &kept.rules(FindingState::Open, Some(Severity::Note))["a-rule"];
        assert_eq!((kept.assets.len(), listed.all(), listed.with_message("note 2999")), (NOTES, 3_000, None));
        assert_eq!(of(notes(), true).assets.len(), 3_000);
    }
}
