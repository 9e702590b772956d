//! The C2PA signature holds, but its signer, or one of an ingredient, is on no trust list in force, or a certificate has run out.
//!
//! **Why it matters.** Anybody can sign anything with a certificate of their own; only a trust list says whose it is.
//! It never weakens an AI mark: nobody gains by forging one.
//!
//! **What to do.** If the signer is known to you, import its list (`countersign trust import FILE`, or `lists` under
//! `[trust]` in the policy). Otherwise take the history that the file tells as unproven.
//!
//! **Example.** A camera's firmware signs with a certificate of its maker that no list names yet.

use super::{AssetContext, Info, Manual, RawFinding, Rule, credentials_wording as told, wording};
use countersign_model::{CredentialState, FindingAction, FindingSubject, Severity};

/// Certificates that one message names.
const NAMED: usize = 4;

pub(super) struct UntrustedSigner;

static INFO: Info = Info {
    id: "untrusted-signer",
    severity: Severity::Note,
    subject: FindingSubject::Credentials,
    explains: &[],
    manual: Manual::Source(include_str!("untrusted_signer.rs")),
};

impl Rule for UntrustedSigner {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(c2pa) = context.facts.c2pa.as_ref().filter(|c| c.state == CredentialState::Valid) else { return };
        let name = |n: &Option<String>| n.as_ref().map_or("an unnamed signer".to_owned(), |n| wording::quote(n, true));
        let issuer = c2pa.issuer.as_ref().map(|_| format!(", certified by {}", name(&c2pa.issuer))).unwrap_or_default();
        let signer = name(&c2pa.signer);
        // A certificate that has run out, or may not sign: the bytes hold all the same.
        let own = c2pa.own_failures().take(NAMED).map(|code| format!("; its certificate {}", told::certificate(code)));
        let theirs = c2pa.ingredient_failures.iter().take(NAMED).map(|failure| {
            let of = told::ingredient(c2pa, failure);
            format!("; the certificate of the signer of {of}, {}", told::certificate(&failure.code))
        });
        let flaws: String = own.chain(theirs).collect();
        let (what, action) = match &c2pa.trust_list {
            // One of the signers of what it was made from is not, or a certificate has its flaws.
            Some(list) => {
                let list = wording::quote(list, true);
                (
                    format!(
                        "the Content Credentials are intact and their signer is on {list}: {signer}{issuer}{flaws}"
                    ),
                    FindingAction::TreatHistoryAsUnproven,
                )
            }
            None => (
                format!(
                    "the Content Credentials are intact, but their signer is on no trust list: {signer}{issuer}{flaws}"
                ),
                FindingAction::ImportTrustList,
            ),
        };
        out.push(RawFinding::new(what, action));
    }
}
