//! One asset, what it says and which mark it carries, for tests of judgement and of matching.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::path::PathBuf;

use countersign::approvals::Decision;
use countersign::model::{Asset, Claim, Evidence, Facts, FormatId, Media, Role, Strength, Via};

pub(crate) const DECISIONS: [Decision; 6] = [
    Decision::Approved,
    Decision::Conditional,
    Decision::Denied,
    Decision::Revoked,
    Decision::Notified,
    Decision::Disclosed,
];

/// A file of 9 bytes at `path`, which is `rel` below its root.
pub(crate) fn asset(path: impl Into<PathBuf>, rel: &str, role: Role) -> Asset {
    Asset { role, ..Asset::new(path.into(), rel.into(), 0, 9, None) }
}

/// A PNG that says nothing.
pub(crate) fn facts() -> Facts {
    Facts {
        format: FormatId::parse("png"),
        media: Some(Media::Image),
        named: FormatId::parse("png"),
        extension_fits: Some(true),
        ..Facts::default()
    }
}

/// A mark that the asset declares.
pub(crate) fn evidence(claim: Claim) -> Evidence {
    Evidence {
        mark: "m".into(),
        claim,
        strength: Strength::Declared,
        system: None,
        place: "PNG".into(),
        offset: None,
        value: String::new(),
        via: Via::Own,
        of: None,
    }
}
