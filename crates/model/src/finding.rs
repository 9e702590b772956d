//! What a rule found, after judgement: the defect, what it is about and what to do, all as data.
//!
//! The JSON report also carries `help`, the sentence that [`FindingAction`] makes. Reports of earlier versions hold that
//! sentence only; they are read as they stand.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::FindingAction;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; changes no verdict.
    Note,
    /// Should be looked at; fails the run where `--fail-on warning` is given.
    Warning,
    /// Must be resolved before delivery; fails the run.
    Error,
}

impl Severity {
    /// The lower-case word that reports and policies use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Whether a finding still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// Nothing answers it: it counts.
    Open,
    /// A recorded approval covers it.
    Approved,
    /// The policy suppresses it, with a reason.
    Suppressed,
    /// An earlier report already held it.
    Baseline,
}

/// What a finding is about. Reports decide by it what they show beside the message, and the run counts by it what could
/// not be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingSubject {
    /// The asset's marks of AI.
    Marks,
    /// A recorded approval of the asset, or the lack of a sufficient one.
    Approval,
    /// Where the asset comes from, by its own evidence.
    Origin,
    /// The asset's Content Credentials.
    Credentials,
    /// Bytes that could not be read or understood far enough to judge the asset.
    Unreadable,
    /// The asset is of no media format that is read, so that it was not judged.
    Unrecognized,
    /// The asset's format and its name.
    Format,
    /// A policy or a ledger that lies in the delivery.
    Configuration,
    /// A delivery package or archive and its own manifest.
    Package,
    /// The frames of an image sequence.
    Sequence,
    /// A timeline and the media that it plays.
    Timeline,
    /// A record of the ledger, whatever the assets are.
    Ledger,
    /// A line of the policy, whatever the assets are.
    Policy,
    /// A saved report does not say, and this version does not know the rule.
    #[default]
    Unknown,
}

impl FindingSubject {
    /// Whether the asset's marks belong beside the message.
    #[must_use]
    pub fn shows_marks(self) -> bool {
        matches!(self, Self::Marks | Self::Approval | Self::Origin)
    }

    /// Whether the asset was not judged.
    #[must_use]
    pub fn is_not_judged(self) -> bool {
        matches!(self, Self::Unreadable | Self::Unrecognized)
    }
}

/// What a rule found, after judgement.
///
/// ```
/// use countersign_model::{Finding, FindingAction, FindingState, FindingSubject, Severity};
///
/// let finding = Finding {
///     rule: "mislabelled-format".to_owned(),
///     severity: Severity::Note,
///     state: FindingState::Open,
///     subject: FindingSubject::Format,
///     path: None,
///     message: "its name says jpeg, its bytes are png; it was read as png".to_owned(),
///     action: FindingAction::Rename,
///     approval: None,
///     reason: None,
/// };
/// assert_eq!(finding.help(), "Rename it, or ask the supplier which of the two was meant.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// How bad it is, by the policy or else by the rule.
    pub severity: Severity,
    /// Whether it still counts, and else why not.
    pub state: FindingState,
    /// What the finding is about.
    pub subject: FindingSubject,
    /// The file that it is about, where that is one of something larger (a package, a sequence).
    pub path: Option<String>,
    /// What was found, in one sentence.
    pub message: String,
    /// What to do about it.
    pub action: FindingAction,
    /// Id of the approval that clears it or that it is about.
    pub approval: Option<String>,
    /// Why it is suppressed.
    pub reason: Option<String>,
}

impl Finding {
    /// What to do about it, in one sentence.
    #[must_use]
    pub fn help(&self) -> String {
        self.action.help()
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Finding", 10)?;
        out.serialize_field("rule", &self.rule)?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("state", &self.state)?;
        out.serialize_field("message", &self.message)?;
        out.serialize_field("help", &self.help())?;
        out.serialize_field("approval", &self.approval)?;
        out.serialize_field("reason", &self.reason)?;
        out.serialize_field("subject", &self.subject)?;
        match &self.path {
            Some(path) => out.serialize_field("path", path)?,
            None => out.skip_field("path")?,
        }
        match &self.action {
            FindingAction::Text { .. } => out.skip_field("action")?,
            action => out.serialize_field("action", action)?,
        }
        out.end()
    }
}

/// A finding as a report holds it, of this version or an earlier one.
#[derive(Deserialize)]
struct SavedFinding {
    rule: String,
    severity: Severity,
    state: FindingState,
    message: String,
    help: String,
    approval: Option<String>,
    reason: Option<String>,
    /// Later versions may know more subjects and actions: what is not known here is no error.
    #[serde(default)]
    subject: serde_json::Value,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    action: serde_json::Value,
}

impl<'de> Deserialize<'de> for Finding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = SavedFinding::deserialize(deserializer)?;
        // The sentence is what people were told: an action that says anything else is not used.
        let action: Option<FindingAction> = serde_json::from_value(saved.action).ok();
        let action = action.filter(|action| action.help() == saved.help);
        Ok(Self {
            rule: saved.rule,
            severity: saved.severity,
            state: saved.state,
            subject: serde_json::from_value(saved.subject).unwrap_or_default(),
            path: saved.path,
            message: saved.message,
            action: action.unwrap_or(FindingAction::Text { text: saved.help }),
            approval: saved.approval,
            reason: saved.reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;

    fn finding() -> Finding {
        let approve = Command::new("approve", b"stills/it's \xff.png", b"approvals.jsonl").option("--by NAME");
        Finding {
            rule: "unapproved-ai-in-final".to_owned(),
            severity: Severity::Error,
            state: FindingState::Open,
            subject: FindingSubject::Marks,
            path: None,
            message: "marked".to_owned(),
            action: FindingAction::RemoveOrApprove { approve },
            approval: None,
            reason: None,
        }
    }

    #[test]
    fn a_saved_finding_comes_back_whole() {
        let text = serde_json::to_string(&finding()).unwrap();
        assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding());
    }

    #[test]
    fn reports_of_other_versions_are_read_by_their_sentences() {
        let mut value = serde_json::to_value(finding()).unwrap();
        for key in ["subject", "action"] {
            value.as_object_mut().unwrap().remove(key);
        }
        let old: Finding = serde_json::from_value(value.clone()).unwrap();
        assert_eq!((old.subject, old.help()), (FindingSubject::Unknown, finding().help()));
        value["subject"] = "weather".into();
        value["action"] = serde_json::json!({"do": "dance"});
        let newer: Finding = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(newer, old);
        value["action"] = serde_json::json!({"do": "rename"});
        let edited: Finding = serde_json::from_value(value).unwrap();
        assert_eq!(edited.help(), finding().help());
    }
}
