//! What the papers of a delivery say at their head: the production that it is for, who sends it, and until when.

use serde::{Deserialize, Serialize};

/// The head of a paper; what is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportHeading {
    /// What the paper is called.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// The production.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub project: Option<String>,
    /// The episode, the reel or the version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub episode: Option<String>,
    /// Who sends the paper.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sender: Option<String>,
    /// Whom to write to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contact: Option<String>,
    /// The day by which what is open is to be resolved, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<String>,
}

impl ReportHeading {
    /// The parts by the names that the policy's `[report]` has for them, in order.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("title", self.title.as_deref()),
            ("project", self.project.as_deref()),
            ("episode", self.episode.as_deref()),
            ("sender", self.sender.as_deref()),
            ("contact", self.contact.as_deref()),
            ("due", self.due.as_deref()),
        ]
    }
}
