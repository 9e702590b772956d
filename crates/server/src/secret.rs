//! Random texts, digests of them, and passwords.
//!
//! Whoever reads the database must not be able to sign in: of sessions, tokens and links it holds digests only, and of
//! passwords Argon2id (RFC 9106).

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

/// The least length of a password, in characters (NIST SP 800-63B, section 5.1.1).
pub const SHORTEST: usize = 12;
/// The longest: hashing a longer one would only cost time.
const LONGEST: usize = 256;

/// 256 random bits as text that may stand in an address.
///
/// # Errors
/// Where the system has no randomness.
pub fn random() -> Result<String, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| format!("the system gives no random bytes: {e}"))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// What the database keeps of a secret.
#[must_use]
pub fn digest(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// Whether two texts are equal, in a time that does not tell where they differ.
#[must_use]
pub fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (Sha256::digest(a.as_bytes()), Sha256::digest(b.as_bytes()));
    a.iter().zip(b.iter()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// What the database keeps of a password.
///
/// # Errors
/// A password that is too short or too long, as a sentence for people.
pub fn hashed(password: &str) -> Result<String, String> {
    match password.chars().count() {
        count if count < SHORTEST => Err(format!("a password has at least {SHORTEST} characters")),
        count if count > LONGEST => Err(format!("a password has at most {LONGEST} characters")),
        _ => {
            let hash = Argon2::default().hash_password(password.as_bytes());
            Ok(hash.map_err(|e| format!("the password cannot be hashed: {e}"))?.to_string())
        }
    }
}

/// Whether the password is the one that was hashed. Without a hash the same time is taken, so that names of users cannot be
/// told by it.
#[must_use]
pub fn verified(password: &str, hash: Option<&str>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if password.len() > LONGEST * 4 {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let good = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    good && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_checked_and_never_kept() {
        let hash = hashed("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"));
        assert!(verified("correct horse battery", Some(&hash)));
        assert!(!verified("correct horse batterz", Some(&hash)));
        assert!(!verified("correct horse battery", None));
        assert!(hashed("short").is_err() && hashed(&"x".repeat(300)).is_err());
    }

    #[test]
    fn secrets_are_random_and_compared_as_a_whole() {
        let (a, b) = (random().unwrap(), random().unwrap());
        assert!(a != b && a.len() == 43);
        assert!(equal(&a, &a.clone()) && !equal(&a, &b) && !equal(&a, &a[..42]));
    }
}
