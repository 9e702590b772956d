//! Keys that sign approvals: Ed25519 in OpenSSH's own file format (PROTOCOL.key, `openssh-key-v1`).
//!
//! A key made by `ssh-keygen -t ed25519` is as good as one made here. The private half is encrypted where a passphrase
//! is given, readable by its owner alone, never overwritten, and wiped from memory after use.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};
use zeroize::{Zeroize, Zeroizing};

use crate::policy::public_key;
use countersign_model::error::{Error, Result};

/// The longest key file that is read.
const LONGEST: u64 = 64 * 1024;

/// Where the public half of the key at `path` stands: beside it, with `.pub` after its name.
#[must_use]
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(".pub");
    name.into()
}

/// Makes a key, writes it to `path` and its public half beside it; returns the public half.
///
/// # Errors
/// A file is there already, or cannot be written.
pub fn make(path: &Path, comment: &str, passphrase: Option<&str>) -> Result<[u8; 32]> {
    let bad = |e: ssh_key::Error| failed(path, &e.to_string(), "try again; nothing was written");
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(bad)?;
    key.set_comment(comment);
    let public = public_half(key.public_key(), path)?;
    let line = key.public_key().to_openssh().map_err(bad)?;
    if let Some(passphrase) = passphrase {
        key = key.encrypt(&mut OsRng, passphrase).map_err(bad)?;
    }
    let text = key.to_openssh(LineEnding::LF).map_err(bad)?;
    let beside = public_path(path);
    if beside.exists() {
        return Err(failed(&beside, "is there already", TAKEN));
    }
    write_new(path, text.as_bytes(), 0o600)?;
    // A key without its public half would be one that nobody was told of.
    write_new(&beside, format!("{line}\n").as_bytes(), 0o644).inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })?;
    Ok(public)
}

const TAKEN: &str = "keys are never overwritten: name another file";

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(path).and_then(|mut file| {
        // Half a key is none.
        file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| {
            let _ = std::fs::remove_file(path);
        })
    });
    written.map_err(|e| failed(path, &e.to_string(), TAKEN))
}

/// The signing key in the file at `path`; `ask` is called where it is encrypted.
///
/// # Errors
/// The file cannot be read, others may read it, it is no Ed25519 key, or the passphrase is wrong.
pub fn load(path: &Path, ask: impl FnOnce() -> Result<Zeroizing<String>>) -> Result<SigningKey> {
    let text = read(path)?;
    guarded(path)?;
    let mut key = PrivateKey::from_openssh(text.as_bytes()).map_err(|_| not_a_key(path))?;
    if key.is_encrypted() {
        let passphrase = ask()?;
        let hint = "give the passphrase that the key was made with; COUNTERSIGN_PASSPHRASE holds it for programs";
        key = key.decrypt(passphrase.as_bytes()).map_err(|_| failed(path, "the passphrase is wrong", hint))?;
    }
    let pair = key.key_data().ed25519().ok_or_else(|| not_a_key(path))?;
    let mut seed = pair.private.to_bytes();
    let signing = SigningKey::from_bytes(&seed);
    seed.zeroize();
    match signing.verifying_key().as_bytes() == &pair.public.0 {
        true => Ok(signing),
        false => Err(failed(path, "its two halves do not belong together", "restore the key from a copy")),
    }
}

/// The public half of the key at `path`, which may be the private file or the public one.
///
/// # Errors
/// The file cannot be read, or is no Ed25519 key.
pub fn public(path: &Path) -> Result<[u8; 32]> {
    let text = read(path)?;
    if let Ok(key) = PrivateKey::from_openssh(text.as_bytes()) {
        return public_half(key.public_key(), path);
    }
    public_key::from_openssh(text.trim()).ok_or_else(|| not_a_key(path))
}

fn public_half(key: &PublicKey, path: &Path) -> Result<[u8; 32]> {
    key.key_data().ed25519().map(|key| key.0).ok_or_else(|| not_a_key(path))
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    let hint = "`countersign keys new FILE` makes a key";
    let size = std::fs::metadata(path).map_err(|e| failed(path, &e.to_string(), hint))?.len();
    if size > LONGEST {
        return Err(not_a_key(path));
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Err(not_a_key(path)),
        Err(e) => Err(failed(path, &e.to_string(), hint)),
    }
}

/// A key that others may read signs for them as well.
#[cfg(unix)]
fn guarded(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|e| failed(path, &e.to_string(), ""))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let what = format!("others may read this private key (mode {:o})", mode & 0o777);
    Err(failed(path, &what, &format!("keep it to yourself: chmod 600 {}", path.display())))
}

#[cfg(not(unix))]
fn guarded(_: &Path) -> Result<()> {
    Ok(())
}

fn not_a_key(path: &Path) -> Error {
    failed(path, "not an Ed25519 key", "`countersign keys new FILE` or `ssh-keygen -t ed25519` makes one")
}

fn failed(path: &Path, what: &str, hint: &str) -> Error {
    Error::File { path: path.to_owned(), what: what.to_owned(), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Result<Zeroizing<String>> {
        panic!("nobody is to be asked")
    }

    #[test]
    fn a_key_comes_back_with_its_passphrase_only() {
        let folder = tempfile::tempdir().unwrap();
        let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
        let public_key = make(&open, "me", None).unwrap();
        assert_eq!(load(&open, none).unwrap().verifying_key().to_bytes(), public_key);
        assert_eq!(public(&open).unwrap(), public_key);
        assert_eq!(public(&public_path(&open)).unwrap(), public_key);
        let secret = make(&closed, "me", Some("correct horse")).unwrap();
        assert_eq!(public(&closed).unwrap(), secret, "the public half needs no passphrase");
        let say = |word: &str| Ok(Zeroizing::new(word.to_owned()));
        assert_eq!(load(&closed, || say("correct horse")).unwrap().verifying_key().to_bytes(), secret);
        assert!(load(&closed, || say("battery")).unwrap_err().to_string().contains("passphrase is wrong"));
    }

    #[test]
    fn keys_are_never_overwritten_and_others_may_not_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        make(&path, "", None).unwrap();
        assert!(make(&path, "", None).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            mode(0o640);
            assert!(load(&path, none).unwrap_err().to_string().contains("others may read"));
        }
    }

    #[test]
    fn other_files_are_no_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for bytes in [&b""[..], b"ssh-rsa AAAA", b"\xff\xfe", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"] {
            std::fs::write(&path, bytes).unwrap();
            assert!(public(&path).unwrap_err().to_string().contains("not an Ed25519 key"));
        }
    }
}
