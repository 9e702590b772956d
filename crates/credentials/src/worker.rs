//! The worker's side of verification: the one job of [`countersign_worker`] that this module serves itself.

use std::io::{BufRead, Error, ErrorKind, Result, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::protocol::{Asset, Verdict, VerifySetup, VerifyTask};
use super::store::{self, ReadStore};
use super::verify::Contexts;
use countersign_model::Store;
use countersign_worker::Bounds;
use countersign_worker::serve;

/// Serves jobs of every kind until its input ends.
///
/// # Errors
/// Where the other side does not speak this protocol or has gone.
pub fn serve(input: impl BufRead, output: impl Write) -> Result<()> {
    // A worker that only decodes needs no trust lists: they are parsed when the first store comes.
    let mut contexts: Option<Contexts> = None;
    serve::serve(input, output, &mut |setup, task, store| {
        let contexts = match &mut contexts {
            Some(contexts) => contexts,
            none => none.insert(parse_lists(setup)?),
        };
        let task: VerifyTask = serde_json::from_value(task)?;
        Ok(serde_json::to_value(verify(contexts, task, store))?)
    })
}

fn parse_lists(setup: &Value) -> Result<Contexts> {
    let setup: VerifySetup = serde_json::from_value(setup.clone())?;
    // The system and whoever asks keep the time.
    let bounds = Bounds { time: Duration::MAX, ..Bounds::default() };
    Contexts::new(&setup.into_lists(), bounds).map_err(|e| Error::new(ErrorKind::InvalidData, e.to_string()))
}

fn verify(contexts: &Contexts, task: VerifyTask, bytes: Vec<u8>) -> Verdict {
    let store = Store { place: task.place, offset: task.offset, bytes, damage: None };
    let parsed = store::read(&store.bytes);
    let asset = Asset { path: Path::new(&task.path), format: task.format, detached: false };
    let read = ReadStore { parsed: &parsed, store: &store, embedded: task.embedded };
    contexts.verify(task.scope, read, asset)
}
