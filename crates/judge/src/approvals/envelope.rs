//! The envelope around one statement: DSSE v1.0.2, with Ed25519 signatures or none.
//!
//! The key id is the public key itself, `ed25519:` and base64, so that a signature can be checked by anybody; whose
//! key it is, the policy says.

use data_encoding::BASE64;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::policy::public_key::{self, key_id};

/// What an envelope carries.
const PAYLOAD: &str = "application/vnd.in-toto+json";

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signed>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Signed {
    keyid: String,
    sig: String,
}

/// The text that is signed: DSSE's pre-authentication encoding.
pub(super) fn pae(payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {PAYLOAD} {} ", PAYLOAD.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

impl Envelope {
    pub(crate) fn new(payload: &[u8], key: Option<&SigningKey>) -> Self {
        let signatures = key.map(|key| Signed {
            keyid: key_id(key.verifying_key().as_bytes()),
            sig: BASE64.encode(&key.sign(&pae(payload)).to_bytes()),
        });
        Self {
            payload_type: PAYLOAD.to_owned(),
            payload: BASE64.encode(payload),
            signatures: signatures.into_iter().collect(),
        }
    }

    /// Around a payload that was signed elsewhere, where the signature holds.
    pub(super) fn signed(payload: &[u8], key: &[u8; 32], signature: &[u8; 64]) -> Result<Self, String> {
        let signed = Signed { keyid: key_id(key), sig: BASE64.encode(signature) };
        signed.check(payload)?;
        Ok(Self { payload_type: PAYLOAD.to_owned(), payload: BASE64.encode(payload), signatures: vec![signed] })
    }

    /// The payload and the public keys that signed it; a signature that does not hold is an error.
    pub(crate) fn open(&self) -> Result<(Vec<u8>, Vec<[u8; 32]>), String> {
        if self.payload_type != PAYLOAD {
            return Err(format!("its payload type is not {PAYLOAD}"));
        }
        let payload = BASE64.decode(self.payload.as_bytes()).map_err(|_| "its payload is not base64".to_owned())?;
        let mut keys = Vec::with_capacity(self.signatures.len().min(8));
        for signed in &self.signatures {
            keys.push(signed.check(&payload)?);
        }
        Ok((payload, keys))
    }
}

impl Signed {
    fn check(&self, payload: &[u8]) -> Result<[u8; 32], String> {
        if !self.keyid.starts_with("ed25519:") {
            return Err("its key id is not `ed25519:` and a public key".to_owned());
        }
        let bytes = public_key::parse(&self.keyid).ok_or("its key id is not a public key")?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "its key id is not a public key")?;
        let sig = BASE64.decode(self.sig.as_bytes()).ok().and_then(|b| Signature::from_slice(&b).ok());
        let sig = sig.ok_or("its signature is not one of Ed25519")?;
        key.verify(&pae(payload), &sig).map_err(|_| "its signature does not hold: the line was edited".to_owned())?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_text_is_the_one_of_the_specification() {
        assert_eq!(pae(b"hello"), b"DSSEv1 28 application/vnd.in-toto+json 5 hello");
    }

    #[test]
    fn a_signature_holds_for_its_payload_only() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let mut envelope = Envelope::new(b"yes", Some(&key));
        assert_eq!(envelope.open().unwrap(), (b"yes".to_vec(), vec![key.verifying_key().to_bytes()]));
        envelope.payload = BASE64.encode(b"no");
        assert!(envelope.open().unwrap_err().contains("does not hold"));
        envelope.signatures.clear();
        assert_eq!(envelope.open().unwrap(), (b"no".to_vec(), vec![]));
    }
}
