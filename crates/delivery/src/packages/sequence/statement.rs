//! Whether the same is said of two frames. A run may hold as many frames of which something else is said as it has files:
//! each is compared only with those whose digest is the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::file_name;
use countersign_model::{AssetReport, Finding, FindingAction};

/// What the findings of a frame say without its own name, and a digest of what is compared.
#[derive(Debug)]
pub(super) struct FrameStatement {
    nameless: Vec<(String, FindingAction)>,
    digest: u64,
}

impl FrameStatement {
    pub(super) fn of(report: &AssetReport) -> Self {
        let nameless: Vec<_> = report.findings.iter().map(|finding| nameless(finding, report)).collect();
        let mut hasher = DefaultHasher::new();
        (report.format, report.package, report.evidence.len(), report.problems.len()).hash(&mut hasher);
        for (finding, (message, _)) in report.findings.iter().zip(&nameless) {
            (&finding.rule, message).hash(&mut hasher);
        }
        for evidence in &report.evidence {
            (&evidence.mark, &evidence.place, evidence.offset, &evidence.value).hash(&mut hasher);
        }
        for manifest in report.c2pa.iter().flat_map(|credentials| &credentials.chain) {
            (&manifest.label, &manifest.signed_at).hash(&mut hasher);
        }
        for problem in &report.problems {
            (&problem.place, problem.offset, &problem.what).hash(&mut hasher);
        }
        for tag in report.tags.iter().flatten() {
            (&*tag.key, &*tag.value).hash(&mut hasher);
        }
        Self { nameless, digest: hasher.finish() }
    }

    /// The same for all frames of which the same is said.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }
}

/// Whether the same is said of two frames, their names, sizes and digests aside.
pub(super) fn same((a, of_a): (&AssetReport, &FrameStatement), (b, of_b): (&AssetReport, &FrameStatement)) -> bool {
    let told = |a: &Finding, b: &Finding| {
        let one = (&a.rule, a.severity, a.state, &a.approval, &a.reason);
        let other = (&b.rule, b.severity, b.state, &b.approval, &b.reason);
        one == other
    };
    (&a.format, a.role, &a.role_basis, a.package, a.ai) == (&b.format, b.role, &b.role_basis, b.package, b.ai)
        && a.findings.len() == b.findings.len()
        && a.findings.iter().zip(&b.findings).all(|(x, y)| told(x, y))
        && of_a.nameless == of_b.nameless
        && a.plays == b.plays
        && (&a.uses, a.in_cut) == (&b.uses, b.in_cut)
        && a.evidence == b.evidence
        && a.c2pa == b.c2pa
        && a.problems == b.problems
        && a.records == b.records
        && a.tags == b.tags
}

/// Message and action without the frame's own name.
fn nameless(finding: &Finding, of: &AssetReport) -> (String, FindingAction) {
    let name = file_name(&of.path);
    let mut action = finding.action.clone();
    for command in action.commands_mut() {
        command.file.replace_file_name(name, "\0");
    }
    (finding.message.replace(name, "\0"), action)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Sequences;
    use super::*;
    use crate::packages::PictureTraits;
    use countersign_model::{Ai, Credentials, Manifest, Problem, Role};
    use std::time::{Duration, Instant};

    pub(crate) fn report(path: &str) -> AssetReport {
        AssetReport {
            path: path.into(),
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
            problems: vec![Problem::malformed("png", 7, "odd")],
            records: vec![],
            tags: None,
            frames: None,
        }
    }

    fn signed(path: &str, label: &str) -> AssetReport {
        let chain = vec![Manifest { label: label.into(), ..Manifest::default() }];
        AssetReport { c2pa: Some(Credentials { chain, ..Credentials::default() }), ..report(path) }
    }

    #[test]
    fn frames_of_which_the_same_is_said_have_one_digest() {
        let like = |a: &AssetReport, b: &AssetReport| {
            let (of_a, of_b) = (FrameStatement::of(a), FrameStatement::of(b));
            (same((a, &of_a), (b, &of_b)), of_a.digest() == of_b.digest())
        };
        assert_eq!(like(&report("a.0001.png"), &AssetReport { bytes: 2, ..report("a.0002.png") }), (true, true));
        assert_eq!(like(&signed("a.0001.png", "x"), &signed("a.0002.png", "x")), (true, true));
        assert_eq!(like(&signed("a.0001.png", "x"), &signed("a.0002.png", "y")), (false, false));
        // What the digest leaves out is compared all the same.
        let other = AssetReport { role: Role::Archival, ..report("a.0002.png") };
        assert_eq!(like(&report("a.0001.png"), &other), (false, true));
    }

    #[test]
    fn many_frames_of_which_something_else_is_said_cost_one_look_each() {
        let told = |frames: usize| {
            let mut sequences = Sequences::default();
            let start = Instant::now();
            for number in 0..frames {
                let path = format!("a.{number:06}.png");
                assert!(
                    sequences
                        .take(signed(&path, &format!("urn:c2pa:{number}")), Some(PictureTraits::default()))
                        .is_empty()
                );
            }
            assert_eq!(sequences.finish(true).len(), frames);
            start.elapsed()
        };
        let (few, many) = (told(400), told(8_000));
        // Twenty times the frames: four hundred times the time, were each compared with each other.
        assert!(many < few * 80 + Duration::from_millis(500), "{few:?} for 400, {many:?} for 8,000");
    }
}
