//! Validation status codes in plain words (C2PA 2.2, section 15.2.2; 2.4 adds some).

/// What a failed status code means; a code that is not listed says what it is about in its own name.
#[must_use]
pub fn plain(code: &str) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == code).map_or("a check that failed", |(_, words)| words)
}

/// The code, and what it means: `assertion.dataHash.mismatch (the file's bytes were changed after signing)`.
#[must_use]
pub fn describe(code: &str) -> String {
    format!("{code} ({})", plain(code))
}

/// Whether a failed check says that bytes, manifest or signature are not those that were signed.
#[must_use]
pub fn is_mismatch(code: &str) -> bool {
    MISMATCHES.contains(&code)
}

/// Whether a failed check is about the certificate alone: with it, bytes and signature may hold all the same.
#[must_use]
pub fn is_of_certificate(code: &str) -> bool {
    CERTIFICATE.contains(&code)
}

/// Something was changed, added or taken away after it was signed, or there is no signature that would tell. What an
/// ingredient's reference covers is among them: the asset's own signature covers the reference.
const MISMATCHES: &[&str] = &[
    "assertion.bmffHash.mismatch",
    "assertion.boxesHash.mismatch",
    "assertion.boxesHash.unknownBox",
    "assertion.collectionHash.incorrectFileCount",
    "assertion.collectionHash.mismatch",
    "assertion.dataHash.mismatch",
    "assertion.hashedURI.mismatch",
    "assertion.missing",
    "assertion.notRedacted",
    "assertion.undeclared",
    "claimSignature.mismatch",
    "claimSignature.missing",
    "hashedURI.mismatch",
    "hashedURI.missing",
    "ingredient.claimSignature.mismatch",
    "ingredient.claimSignature.missing",
    "ingredient.hashedURI.mismatch",
    "ingredient.manifest.mismatch",
    "ingredient.manifest.missing",
];

/// A certificate that has run out, may not sign Content Credentials, or is one that nobody vouches for.
const CERTIFICATE: &[&str] = &[
    "claimSignature.outsideValidity",
    "signingCredential.expired",
    "signingCredential.invalid",
    "signingCredential.untrusted",
];

/// Every failure of the specification, and our own.
pub static WORDS: &[(&str, &str)] = &[
    ("algorithm.deprecated", "a hash or signature algorithm is no longer accepted"),
    ("algorithm.unsupported", "a hash or signature algorithm is not one that the specification allows"),
    ("assertion.action.ingredientMismatch", "an action names an ingredient that is not there"),
    ("assertion.action.malformed", "an action is not written as the specification wants it"),
    ("assertion.action.redacted", "an action was removed although actions must stay"),
    ("assertion.action.redactionMismatch", "a removal is not told by an action"),
    ("assertion.bmffHash.malformed", "the hash of the file's boxes is not written as the specification wants it"),
    ("assertion.bmffHash.mismatch", "the file's bytes were changed after signing"),
    ("assertion.boxesHash.malformed", "the hash of the file's parts is not written as the specification wants it"),
    ("assertion.boxesHash.mismatch", "the file's bytes were changed after signing"),
    ("assertion.boxesHash.unknownBox", "the file has a part that the signature does not cover"),
    ("assertion.cbor.invalid", "an assertion cannot be decoded"),
    ("assertion.cloud-data.actions", "actions are kept elsewhere, which is not allowed"),
    ("assertion.cloud-data.hardBinding", "the hash of the file is kept elsewhere, which is not allowed"),
    ("assertion.cloud-data.labelMismatch", "an assertion kept elsewhere has another name there"),
    ("assertion.cloud-data.malformed", "an assertion kept elsewhere is not referred to properly"),
    ("assertion.collectionHash.incorrectFileCount", "the collection has more or fewer files than were signed"),
    ("assertion.collectionHash.invalidURI", "the collection names a file outside of itself"),
    ("assertion.collectionHash.malformed", "the hash of the collection is not written as the specification wants it"),
    ("assertion.collectionHash.mismatch", "a file of the collection was changed after signing"),
    (
        "assertion.dataHash.additionalExclusionsPresent",
        "the signature leaves out more of the file than the manifest needs",
    ),
    ("assertion.dataHash.exclusionsWider", "the signature leaves out more of the file than the manifest needs"),
    ("assertion.dataHash.malformed", "the hash of the file is not written as the specification wants it"),
    ("assertion.dataHash.mismatch", "the file's bytes were changed after signing"),
    ("assertion.dataHash.redacted", "the hash of the file was removed from the manifest"),
    ("assertion.external-reference.malformed", "a reference to something elsewhere is not written properly"),
    ("assertion.hashedURI.mismatch", "an assertion was changed after signing"),
    ("assertion.inaccessible", "an assertion cannot be reached"),
    ("assertion.ingredient.malformed", "an ingredient is not written as the specification wants it"),
    ("assertion.json.invalid", "an assertion cannot be decoded"),
    ("assertion.metadata.disallowed", "metadata stands where it is not allowed"),
    ("assertion.missing", "an assertion that was signed is gone"),
    ("assertion.multipleHardBindings", "the manifest binds the file in two ways"),
    ("assertion.notRedacted", "an assertion said to be removed is still there"),
    ("assertion.outsideManifest", "an assertion is taken from another manifest"),
    ("assertion.required.missing", "an assertion that must be there is not"),
    ("assertion.selfRedacted", "the manifest removes an assertion of its own"),
    ("assertion.timestamp.malformed", "a time stamp is not written as the specification wants it"),
    ("assertion.undeclared", "an assertion was added after signing"),
    ("claim.cbor.invalid", "the claim cannot be decoded"),
    ("claim.hardBindings.missing", "the manifest is bound to no file"),
    ("claim.malformed", "the claim is not written as the specification wants it"),
    ("claim.missing", "the manifest has no claim"),
    ("claim.multiple", "the manifest has more than one claim"),
    ("claim.required.missing", "the claim lacks a part that must be there"),
    ("claimSignature.mismatch", "the claim was changed after signing, or the signature is another's"),
    ("claimSignature.missing", "the claim is not signed"),
    ("claimSignature.outsideValidity", "it was signed when the certificate was not valid"),
    ("general.error", "the check itself failed"),
    ("hashedURI.mismatch", "what a reference names was changed after signing"),
    ("hashedURI.missing", "what a reference names is gone"),
    ("ingredient.claimSignature.mismatch", "the signature of an ingredient does not match"),
    ("ingredient.claimSignature.missing", "the signature of an ingredient is gone"),
    ("ingredient.hashedURI.mismatch", "an ingredient was changed after signing"),
    ("ingredient.manifest.mismatch", "the manifest of an ingredient was changed after signing"),
    ("ingredient.manifest.missing", "the manifest of an ingredient is gone"),
    ("ingredient.unknownProvenance", "an ingredient has no manifest"),
    ("manifest.compressed.invalid", "a compressed manifest does not unpack"),
    ("manifest.inaccessible", "a manifest kept elsewhere cannot be reached"),
    ("manifest.multipleParents", "the manifest names two parents"),
    ("manifest.timestamp.invalid", "a manifest that only adds a time stamp holds more than that"),
    ("manifest.timestamp.wrongParents", "a manifest that only adds a time stamp has no single parent"),
    ("manifest.unknownProvenance", "the manifest does not say where the asset comes from"),
    ("manifest.unreferenced", "the store holds a manifest that nothing refers to"),
    ("manifest.update.invalid", "an update manifest holds what only a full one may"),
    ("manifest.update.wrongParents", "an update manifest has no single parent"),
    ("signingCredential.expired", "the signer's certificate has run out, and no time stamp says that it held then"),
    ("signingCredential.invalid", "the signer's certificate is not one that may sign Content Credentials"),
    ("signingCredential.ocsp.inaccessible", "nobody could be asked whether the certificate was withdrawn"),
    ("signingCredential.ocsp.revoked", "the signer's certificate was withdrawn"),
    ("signingCredential.ocsp.skipped", "it was not asked whether the certificate was withdrawn"),
    ("signingCredential.ocsp.unknown", "the authority does not know whether the certificate was withdrawn"),
    ("signingCredential.untrusted", "nobody in force vouches for the signer"),
    ("timeStamp.malformed", "the time stamp cannot be decoded"),
    ("timeStamp.mismatch", "the time stamp belongs to other bytes"),
    ("timeStamp.outsideValidity", "the time stamp was made when its certificate was not valid"),
    ("timeStamp.untrusted", "nobody in force vouches for the time stamp"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_is_sorted_has_words() {
        let known = |code: &&str| WORDS.iter().any(|(listed, _)| listed == code);
        assert!(MISMATCHES.iter().chain(CERTIFICATE).all(known));
        assert!(
            WORDS
                .iter()
                .all(|(code, _)| !code.ends_with(".mismatch") || is_mismatch(code) || code.starts_with("timeStamp"))
        );
    }

    #[test]
    fn words_are_in_order() {
        assert!(WORDS.is_sorted_by_key(|(code, _)| code.to_lowercase()));
        assert!(describe("claim.missing").starts_with("claim.missing (the manifest"));
    }
}
