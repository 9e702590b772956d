//! A record whose signature is made elsewhere: in a browser, by a key that never leaves it.
//!
//! The line is prepared here, what DSSE signs of it is handed out, and with the signature the line is added if it still is the
//! next one. DSSE v1.0.2, Ed25519 (RFC 8032).

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::envelope::{Envelope, pae};
use super::ledger::{ORIGIN, id, sync_folder, unwritable};
use super::lines::{End, Lines};
use super::record::{Record, Statement};
use countersign_model::error::{Error, Result};

/// The next line of a ledger, before it is signed.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The statement as JSON.
    pub payload: Vec<u8>,
    /// What is signed: DSSE's pre-authentication encoding of the payload.
    pub pae: Vec<u8>,
    /// The record's id.
    pub id: String,
    /// SHA-256 of the line that it follows, in hex.
    pub head: String,
}

/// What came of adding a prepared line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is on the disk.
    Done,
    /// Somebody else wrote a line in between: it must be prepared and signed again.
    Moved,
}

/// Prepares the line that would hold this record, which brings no id and ends no other by its id.
///
/// ```
/// use chrono::NaiveDate;
/// use countersign_judge::approvals::detached::{Appended, append_signed, prepare};
/// use countersign_judge::approvals::{Ledger, Person, Record, Subject};
/// use countersign_model::Decision;
/// use ed25519_dalek::{Signer, SigningKey};
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("approvals.jsonl");
/// let day = NaiveDate::from_ymd_opt(2026, 5, 4).unwrap();
/// let mut record = Record::new(Decision::Approved, Person::named("Dana Reyes"), day);
/// record.subjects.push(Subject::new("final/poster.jpg", Some(&"ab".repeat(32))));
///
/// let prepared = prepare(&path, &record)?;
/// // This happens where the key is.
/// let key = SigningKey::from_bytes(&[7; 32]);
/// let signature = key.sign(&prepared.pae).to_bytes();
/// let public = key.verifying_key().to_bytes();
/// assert_eq!(append_signed(&path, &prepared, &public, &signature)?, Appended::Done);
/// assert_eq!(Ledger::read(&path)?.entries[0].keys, [public]);
/// // The same line is not the next one any more.
/// assert_eq!(append_signed(&path, &prepared, &public, &signature)?, Appended::Moved);
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
///
/// # Errors
/// As [`super::Ledger::read`].
pub fn prepare(path: &Path, record: &Record) -> Result<Prepared> {
    let end = match path.try_exists() {
        Ok(false) => End::default(),
        _ => {
            countersign_io::regular(path).map_err(|e| unwritable(path, &e))?;
            let mut file = std::fs::File::open(path).map_err(|e| unwritable(path, &e))?;
            let locked = file.lock_shared().is_ok();
            let end = end(path, &mut file);
            if locked {
                let _ = file.unlock();
            }
            end?
        }
    };
    let mut statement = Statement::new(record, end.records as u64 + 1, &end.head);
    statement.predicate.record.id = String::new();
    let id = id(&statement)?;
    statement.predicate.record.id.clone_from(&id);
    let payload = serde_json::to_vec(&statement).map_err(|e| unwritable(path, &e.into()))?;
    Ok(Prepared { pae: pae(&payload), payload, id, head: end.head })
}

/// Adds a prepared line with its signature, once the disk holds it; nothing where the ledger has moved on.
///
/// # Errors
/// [`Error::Usage`] where the signature does not hold for these bytes and this key; else as [`super::Ledger::append`].
pub fn append_signed(path: &Path, prepared: &Prepared, key: &[u8; 32], signature: &[u8; 64]) -> Result<Appended> {
    let envelope = Envelope::signed(&prepared.payload, key, signature).map_err(|_| Error::Usage {
        what: "the signature does not hold".to_owned(),
        hint: "nothing was recorded; sign with the key that is registered".to_owned(),
    })?;
    let failed = |e: std::io::Error| unwritable(path, &e);
    if path.try_exists().map_err(failed)? {
        countersign_io::regular(path).map_err(failed)?;
    } else if prepared.head != ORIGIN {
        return Ok(Appended::Moved);
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let end = end(path, &mut file)?;
    if end.head != prepared.head {
        return Ok(Appended::Moved);
    }
    let mut line = serde_json::to_vec(&envelope).map_err(|e| failed(e.into()))?;
    line.push(b'\n');
    let written = file.set_len(end.bytes).and_then(|()| file.write_all(&line)).and_then(|()| file.sync_all());
    if let Err(e) = written {
        // Half a line is worse than none.
        let _ = file.set_len(end.bytes).and_then(|()| file.sync_all());
        return Err(failed(e));
    }
    if end.records == 0 {
        sync_folder(path);
    }
    file.unlock().map_err(failed)?;
    Ok(Appended::Done)
}

/// Where a ledger ends, each of its lines checked.
fn end(path: &Path, file: impl Read) -> Result<End> {
    let mut lines = Lines::new(path, file);
    while lines.next()?.is_some() {}
    Ok(lines.finish().1)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use ed25519_dalek::{Signer, SigningKey};

    use super::super::{Decision, Ledger, Person, Subject};
    use super::*;

    fn record(name: &str) -> Record {
        let day = NaiveDate::from_ymd_opt(2026, 5, 4).unwrap();
        let mut record = Record::new(Decision::Approved, Person::named("Dana Reyes"), day);
        record.subjects.push(Subject::new(name, Some(&"ab".repeat(32))));
        record
    }

    #[test]
    fn a_signature_counts_for_its_line_its_key_and_its_place_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("approvals.jsonl");
        let (key, other) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
        let public = key.verifying_key().to_bytes();
        let prepared = prepare(&path, &record("a.jpg")).unwrap();
        assert!(!path.exists(), "to prepare writes nothing");
        let wrong = other.sign(&prepared.pae).to_bytes();
        assert!(append_signed(&path, &prepared, &public, &wrong).is_err());
        assert!(!path.exists(), "nothing was recorded");
        // Somebody is faster.
        Ledger::append(&path, &[record("b.jpg")], None).unwrap();
        let signature = key.sign(&prepared.pae).to_bytes();
        assert_eq!(append_signed(&path, &prepared, &public, &signature).unwrap(), Appended::Moved);
        let again = prepare(&path, &record("a.jpg")).unwrap();
        assert!(append_signed(&path, &again, &public, &signature).is_err(), "a signature of another line");
        let signature = key.sign(&again.pae).to_bytes();
        assert_eq!(append_signed(&path, &again, &public, &signature).unwrap(), Appended::Done);
        let ledger = Ledger::read(&path).unwrap();
        assert_eq!((ledger.entries.len(), &ledger.entries[1].record.id), (2, &again.id));
        assert_eq!(ledger.entries[1].keys, [public]);
        Ledger::append(&path, &[record("c.jpg")], Some(&key)).unwrap();
        assert_eq!(Ledger::read(&path).unwrap().entries.len(), 3);
    }
}
