//! A request for approval as a file, as a page of `countersign serve` offers it: somebody decides it with a key of their own.

use std::path::Path;

use serde::Deserialize;

use super::flagged::Made;
use countersign_judge::approvals::{Person, Record, Subject};
use countersign_judge::policy::Scope;
use countersign_model::error::{Error, Result};

/// The longest file that is read.
const LONGEST: u64 = 1024 * 1024;

/// What is asked for. The bytes are named by their digest: they need not be at hand.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cli) struct Request {
    countersign_request: u32,
    name: String,
    sha256: String,
    #[serde(default)]
    requester: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    pub(in crate::cli) scopes: Vec<Scope>,
    source_system: String,
}

pub(super) fn read(path: &Path) -> Result<Request> {
    let failed = |what: String| Error::Data {
        path: path.to_path_buf(),
        what,
        hint: "nothing was recorded; a request's page in `countersign serve` offers this file".to_owned(),
    };
    let size = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if size > LONGEST {
        return Err(failed(format!("it is longer than {LONGEST} bytes")));
    }
    let text = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
    let read: Request = serde_json::from_slice(&text).map_err(|e| failed(format!("not a request: {e}")))?;
    if read.countersign_request != 1 {
        return Err(failed(format!(
            "a request of version {}, which this program does not know",
            read.countersign_request
        )));
    }
    match read.sha256.len() == 64 && read.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(read),
        false => Err(failed("its sha256 is none".to_owned())),
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Request {
    pub(super) fn subject(&self) -> Subject {
        Subject::new(self.name.clone(), Some(&self.sha256))
    }

    pub(super) fn made(&self) -> Made {
        Made { tool: some(&self.tool), version: None, model: some(&self.model), prompt: some(&self.prompt) }
    }

    /// What the request says and the command line does not; and which request it is, so that the server finds it decided.
    pub(super) fn complete(&self, record: &mut Record) {
        record.source_system = Some(self.source_system.clone());
        record.reference = record.reference.take().or_else(|| some(&self.reference));
        record.requester = record.requester.take().or_else(|| some(&self.requester).map(Person::named));
    }
}
