//! The signed verdict: an in-toto Statement v1 about the bytes of every file that was scanned, in a DSSE envelope.
//!
//! Its subjects are the files with their SHA-256; its predicate, `https://countersign.dev/verdict/v1`, says by what they were
//! judged (policy, ledger, trust lists, catalogue, version, options), what was not looked at, and what came of it.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::approvals::envelope::Envelope;
use crate::approvals::record::STATEMENT;
use countersign_model::{ApprovalsRef, ByAi, BySeverity, CatalogueRef, NotLookedAt, Outcome, PolicyRef, TrustRef};

/// The type of the predicate.
pub const PREDICATE: &str = "https://countersign.dev/verdict/v1";

/// The whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictStatement {
    #[serde(rename = "_type")]
    kind: String,
    /// Every file that was scanned and hashed, in walking order.
    pub subject: Vec<VerdictSubject>,
    predicate_type: String,
    /// What they were judged by, and what came of it.
    pub predicate: VerdictPredicate,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictSubject {
    /// Its path below its root; with several roots the root's number and a colon before it.
    pub name: String,
    /// Its digest.
    pub digest: VerdictDigest,
    /// Where it stood, as data.
    pub annotations: VerdictPlace,
}

/// The digest of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictDigest {
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Where a file stood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VerdictPlace {
    /// Index into the roots.
    pub root: usize,
    /// The path below it, lossless for names that are not UTF-8.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What the files were judged by, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictPredicate {
    /// `pass`, `fail` or `incomplete`.
    pub outcome: Outcome,
    /// Version of the program.
    pub version: String,
    /// RFC 3339.
    pub started: String,
    /// The roots as they were given.
    pub roots: Vec<String>,
    /// The policy in force.
    pub policy: PolicyRef,
    /// The ledger in force, with its head; `None` where none was given.
    pub approvals: Option<ApprovalsRef>,
    /// Ledgers that were read beside that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_approvals: Vec<ApprovalsRef>,
    /// The trust lists in force.
    pub trust: Vec<TrustRef>,
    /// The mark catalogue in force.
    pub catalogue: CatalogueRef,
    /// What else the user asked for; `exclude` and `as_of` among it.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// How many assets were judged, members of archives among them.
    pub assets: u64,
    /// Assets by the strongest claim.
    pub by_ai: ByAi,
    /// Open findings by severity.
    pub findings: BySeverity,
    /// Findings that an approval clears.
    pub approved: u64,
    /// Assets that could not be judged.
    pub not_judged: u64,
    /// What the verdict does not rest on.
    pub not_looked_at: NotLookedAt,
    /// Files that were there and could not be hashed.
    pub without_digest: Vec<VerdictPlace>,
}

impl VerdictStatement {
    /// A statement about these files; `place` and digest each.
    #[must_use]
    pub fn new(files: Vec<(VerdictPlace, String)>, predicate: VerdictPredicate) -> Self {
        let several = predicate.roots.len() > 1;
        let subject = files.into_iter().map(|(place, sha256)| VerdictSubject {
            name: if several { format!("{}:{}", place.root, place.path) } else { place.path.clone() },
            digest: VerdictDigest { sha256 },
            annotations: place,
        });
        Self { kind: STATEMENT.to_owned(), subject: subject.collect(), predicate_type: PREDICATE.to_owned(), predicate }
    }

    /// The statement in an envelope that this key signs: one line of JSON.
    ///
    /// # Errors
    /// What cannot be written as JSON, as words.
    pub fn seal(&self, key: &SigningKey) -> Result<String, String> {
        let payload = serde_json::to_vec(self).map_err(|e| e.to_string())?;
        let line = serde_json::to_string(&Envelope::new(&payload, Some(key))).map_err(|e| e.to_string())?;
        Ok(line + "\n")
    }

    /// The statement in an envelope, and the public keys that signed it, at least one.
    ///
    /// ```
    /// use countersign_judge::verdict::{VerdictPredicate, VerdictStatement};
    ///
    /// let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    /// let sealed = VerdictStatement::new(Vec::new(), VerdictPredicate::default()).seal(&key)?;
    /// let (opened, keys) = VerdictStatement::open(&sealed)?;
    /// assert_eq!((opened.subject.len(), keys), (0, vec![key.verifying_key().to_bytes()]));
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// Text that is no envelope, a signature that is missing or does not hold, another kind of statement; as words.
    pub fn open(text: &str) -> Result<(Self, Vec<[u8; 32]>), String> {
        let envelope: Envelope =
            serde_json::from_str(text.trim()).map_err(|e| format!("it is no DSSE envelope: {e}"))?;
        let (payload, keys) =
            envelope.open().map_err(|what| what.replace("the line was edited", "it was edited after it was signed"))?;
        if keys.is_empty() {
            return Err("nobody signed it".to_owned());
        }
        let statement: Self = serde_json::from_slice(&payload).map_err(|e| format!("it holds no verdict: {e}"))?;
        if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
            return Err(format!("it holds a statement of another kind, {}", statement.predicate_type));
        }
        Ok((statement, keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_or_unsigned_verdict_is_not_opened() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let place = VerdictPlace { root: 0, path: "a.png".into(), bytes: 3 };
        let statement = VerdictStatement::new(vec![(place, "ab".repeat(32))], VerdictPredicate::default());
        let sealed = statement.seal(&key).unwrap();
        assert_eq!(VerdictStatement::open(&sealed).unwrap().0, statement);
        let mut envelope: serde_json::Value = serde_json::from_str(&sealed).unwrap();
        let payload = data_encoding::BASE64.decode(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
        let text = String::from_utf8(payload).unwrap().replace("abab", "cdcd");
        envelope["payload"] = data_encoding::BASE64.encode(text.as_bytes()).into();
        assert!(VerdictStatement::open(&envelope.to_string()).unwrap_err().contains("edited after it was signed"));
        envelope["signatures"] = serde_json::json!([]);
        assert!(VerdictStatement::open(&envelope.to_string()).unwrap_err().contains("nobody signed"));
        assert!(VerdictStatement::open("{}").is_err() && VerdictStatement::open("").is_err());
    }
}
