//! Public Ed25519 keys as people and envelopes write them: the one reader of all spellings.
//!
//! A line of OpenSSH (RFC 4253 §6.6 with the key type of RFC 8709 §4), base64 or hex of the 32 bytes, and the key id of
//! signed statements, which is `ed25519:` and base64.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use ed25519_dalek::VerifyingKey;

/// What stands before the key in the blob of an OpenSSH line: the type's name and the key's length, each in its frame.
const BLOB_START: &[u8] = b"\0\0\0\x0bssh-ed25519\0\0\0\x20";

/// The key in any spelling: base64, hex, a key id, or `ssh-ed25519 AAAA… comment`.
#[must_use]
pub fn parse(text: &str) -> Option<[u8; 32]> {
    if text.starts_with("ssh-ed25519 ") {
        return from_openssh(text);
    }
    let text = text.trim_start_matches("ed25519:").as_bytes();
    let hex = || HEXLOWER_PERMISSIVE.decode(text);
    checked(&BASE64.decode(text).ok().filter(|b| b.len() == 32).or_else(|| hex().ok())?)
}

/// The key of an OpenSSH line.
#[must_use]
pub fn from_openssh(line: &str) -> Option<[u8; 32]> {
    let rest = line.strip_prefix("ssh-ed25519 ")?;
    let blob = BASE64.decode(rest.split_whitespace().next()?.as_bytes()).ok()?;
    checked(blob.strip_prefix(BLOB_START)?)
}

/// How signed statements name a key.
#[must_use]
pub fn key_id(key: &[u8; 32]) -> String {
    format!("ed25519:{}", BASE64.encode(key))
}

/// The 32 bytes, where they are a point of the curve.
fn checked(bytes: &[u8]) -> Option<[u8; 32]> {
    let key = <[u8; 32]>::try_from(bytes).ok()?;
    VerifyingKey::from_bytes(&key).is_ok().then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_key() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        let line = format!("ssh-ed25519 {} me@here", BASE64.encode(&[BLOB_START, &key].concat()));
        let spellings = [BASE64.encode(&key), HEXLOWER_PERMISSIVE.encode(&key), key_id(&key), line.clone()];
        for text in &spellings {
            assert_eq!(parse(text), Some(key), "{text}");
        }
        assert_eq!(from_openssh(&line), Some(key));
    }

    #[test]
    fn other_texts_are_no_keys() {
        for text in ["", "ssh-ed25519", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "ssh-rsa AAAA", "ed25519:", "00", "\u{e9}"]
        {
            assert_eq!((parse(text), from_openssh(text)), (None, None), "{text}");
        }
    }
}
