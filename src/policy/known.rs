//! The ids that a policy may name. They are final: interface, scripts and suppressions rely on them.
//!
//! The rules themselves are further down the pipeline than the policy; a test holds both lists together.

/// Every rule id, in the order in which findings of one severity are listed.
pub const RULES: &[&str] = &[
    "unapproved-ai-in-final",
    "approval-for-other-bytes",
    "expired-approval",
    "revoked-approval",
    "approval-scope-missing",
    "approval-not-trusted",
    "ai-in-archival",
    "tampered-credentials",
    "unreadable-asset",
    "package-missing-asset",
    "package-hash-mismatch",
    "package-size-mismatch",
    "package-malformed",
    "unnotified-ai-in-temporary",
    "unauthenticated-archival",
    "enhanced-archival",
    "stripped-credentials",
    "conflicting-provenance",
    "sequence-gap",
    "untrusted-signer",
    "possible-ai",
    "mislabelled-format",
    "unrecognized-format",
    "package-unlisted-file",
    "unused-approval",
    "unused-suppression",
];

/// The built-in policies, the default first.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("netflix-genai", include_str!("builtin/netflix-genai.toml")),
    ("archival", include_str!("builtin/archival.toml")),
    ("observe", include_str!("builtin/observe.toml")),
];

/// The commented policy that `policy init` writes.
pub const STARTER: &str = include_str!("builtin/starter.toml");

/// The candidate that `word` was probably meant to be.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = candidates.into_iter().map(|c| (strsim::damerau_levenshtein(&word, c), c));
    scored.filter(|(d, c)| *d <= (c.len().max(word.len()) / 3).max(1)).min_by_key(|(d, _)| *d).map(|(_, c)| c)
}
