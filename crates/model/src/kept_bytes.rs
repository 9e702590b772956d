//! What a row of the report takes in memory, for whoever holds many of them back: one says little, another carries a prompt
//! of many pages.

use std::io::{self, Write};

use serde::Serialize;

use super::{AssetReport, Evidence, Finding, Problem, Recipe};

/// What a piece of text takes beside its characters, about.
const OF_TEXT: usize = 16;
/// What a command that an action names takes beside the path of its file.
const OF_ACTION: usize = 200;

impl AssetReport {
    /// Bytes of memory, about.
    ///
    /// What nearly every row has is added up; what few rows have is counted as it is written, so that nothing is forgotten.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        let own = size_of::<Self>() + text(&self.path) + text(&self.role_basis) + maybe(&self.sha256);
        let findings: usize = self.findings.iter().map(|finding| of_finding(finding) + self.path.len()).sum();
        let evidence: usize = self.evidence.iter().map(of_evidence).sum();
        let problems: usize = self.problems.iter().map(of_problem).sum();
        let recipe = self.recipe.as_ref().map_or(0, of_recipe);
        let lists = (&self.plays, &self.uses, &self.records, &self.archive);
        let is_rare = lists.3.is_some() || lists.0.len() + lists.1.len() + lists.2.len() > 0;
        let rare = if is_rare { written(&lists) } else { 0 };
        let credentials = self.c2pa.as_ref().map_or(0, written);
        let tags = self.tags.as_ref().map_or(0, written);
        own + findings + evidence + problems + recipe + rare + credentials + tags
    }
}

fn text(text: &str) -> usize {
    text.len() + OF_TEXT
}

fn maybe(part: &Option<String>) -> usize {
    part.as_deref().map_or(0, text)
}

fn of_finding(finding: &Finding) -> usize {
    let said = text(&finding.rule) + text(&finding.message) + maybe(&finding.path) + maybe(&finding.reason);
    size_of::<Finding>() + said + maybe(&finding.approval) + OF_ACTION
}

fn of_evidence(evidence: &Evidence) -> usize {
    let said = text(&evidence.mark) + text(&evidence.place) + text(&evidence.value) + maybe(&evidence.system);
    size_of::<Evidence>() + said + evidence.of.as_ref().map_or(0, written)
}

fn of_problem(problem: &Problem) -> usize {
    size_of::<Problem>() + text(&problem.place) + text(&problem.what)
}

fn of_recipe(recipe: &Recipe) -> usize {
    maybe(&recipe.prompt) + maybe(&recipe.model) + maybe(&recipe.version)
}

/// Twice the length of its text: keys stand for what structures take beside their own text.
fn written(what: &impl Serialize) -> usize {
    let mut count = Count(0);
    // Nothing that is reported cannot be written.
    let _ = serde_json::to_writer(&mut count, what);
    count.0.saturating_mul(2)
}

struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Ai, AssetReport, Credentials, Manifest, Problem, Role, Tag};

    fn row() -> AssetReport {
        AssetReport {
            path: "a.png".into(),
            root: 0,
            format: None,
            bytes: 1,
            sha256: None,
            role: Role::Final,
            role_basis: "default".into(),
            role_above: None,
            package: None,
            plays: vec![],
            uses: vec![],
            in_cut: None,
            ai: Ai::None,
            recipe: None,
            evidence: vec![],
            c2pa: None,
            archive: None,
            findings: vec![],
            problems: vec![],
            records: vec![],
            tags: None,
            frames: None,
        }
    }

    #[test]
    fn what_a_row_carries_counts_wherever_it_stands() {
        let (long, small) = ("x".repeat(100_000), row().kept_bytes());
        assert!((size_of::<AssetReport>()..2_000).contains(&small), "{small}");
        let tag = Tag { value: long.as_str().into(), ..Tag::default() };
        let manifest = Manifest { values: vec![("label".into(), long.clone())], ..Manifest::default() };
        let rows = [
            AssetReport { problems: vec![Problem::malformed("png", 0, long.as_str())], ..row() },
            AssetReport { tags: Some(vec![tag]), ..row() },
            AssetReport { c2pa: Some(Credentials { chain: vec![manifest], ..Credentials::default() }), ..row() },
        ];
        for row in rows {
            assert!(row.kept_bytes() > long.len(), "{row:?}");
        }
    }
}
