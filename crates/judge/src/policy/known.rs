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
    "contradicted-archival",
    "copy-of-known-ai",
    "tampered-credentials",
    "unreadable-asset",
    "timeline-unreadable",
    "package-missing-asset",
    "package-hash-mismatch",
    "package-size-mismatch",
    "package-malformed",
    "package-unverified",
    "unnotified-ai-in-temporary",
    "unauthenticated-archival",
    "enhanced-archival",
    "stripped-credentials",
    "malformed-credentials",
    "conflicting-provenance",
    "sequence-gap",
    "timeline-missing-media",
    "untrusted-signer",
    "expiring-approval",
    "possible-ai",
    "mislabelled-format",
    "unrecognized-format",
    "package-unlisted-file",
    "timeline-ambiguous",
    "configuration-in-delivery",
    "unused-approval",
    "unused-suppression",
];

/// The built-in policies, the default first.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("netflix-genai", include_str!("builtin/netflix-genai.toml")),
    ("archival", include_str!("builtin/archival.toml")),
    ("observe", include_str!("builtin/observe.toml")),
];

/// How a built-in policy is called where files are named.
#[must_use]
pub fn built_in_name(name: &str) -> String {
    format!("built-in policy {name}")
}

/// The commented policy that `policy init` writes.
pub const STARTER: &str = include_str!("builtin/starter.toml");

/// The candidate that `word` was probably meant to be.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let (mut begins, mut near) = (None, None);
    for candidate in candidates {
        // A name cut short is as common as one misspelled: `warn`, `netflix`.
        if word.len() > 2 && candidate.starts_with(&word) {
            begins = begins.or(Some(candidate));
        }
        let distance = strsim::damerau_levenshtein(&word, candidate);
        let close = distance <= (candidate.len().max(word.len()) / 3).max(1);
        if close && near.is_none_or(|(least, _)| distance < least) {
            near = Some((distance, candidate));
        }
    }
    begins.or(near.map(|(_, candidate)| candidate))
}

/// What to say of a word that is none of the candidates.
#[must_use]
pub fn suggestion(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if candidates.is_empty() => String::new(),
        None => format!("one of: {}", candidates.join(", ")),
    }
}
