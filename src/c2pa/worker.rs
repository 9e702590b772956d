//! The child process that verifies: the same program, fed over its standard input.
//!
//! One line of JSON sets it up, one more and the store's bytes ask for each verification, one line answers it.
//! The system bounds its memory and time: whatever a hostile file does to the crate's decoders ends here.

use std::ffi::OsString;
use std::io::{BufRead, Error, ErrorKind, Read, Result, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pool::Bounds;
use super::store;
use super::trust::TrustList;
use super::verify::{Asset, Contexts, Reach, Verdict};
use crate::limits;
use crate::model::{FormatId, Store};

/// What a worker verifies with.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Setup {
    pub lists: Vec<TrustList>,
    /// Bytes of address space that are granted.
    pub memory: u64,
}

/// One verification; the store's bytes follow the line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub path: OsString,
    pub format: Option<FormatId>,
    pub reach: Reach,
    /// Whether the store stands in the asset.
    pub embedded: bool,
    pub place: String,
    pub offset: u64,
    /// Bytes of the store.
    pub bytes: usize,
    /// Seconds of computing that are granted.
    pub seconds: u64,
}

/// Serves until its input ends.
///
/// # Errors
/// Where the other side does not speak this protocol or has gone.
pub fn serve(mut input: impl BufRead, mut output: impl Write) -> Result<()> {
    let Some(setup) = line::<Setup>(&mut input)? else { return Ok(()) };
    restrict(setup.memory);
    // The system and whoever asks keep the time.
    let bounds = Bounds { time: Duration::MAX, ..Bounds::default() };
    let contexts =
        Contexts::new(&setup.lists, bounds).map_err(|e| Error::new(ErrorKind::InvalidData, e.to_string()))?;
    while let Some(task) = line::<Task>(&mut input)? {
        let mut bytes = Vec::new();
        input.by_ref().take(task.bytes.min(limits::STORE) as u64).read_to_end(&mut bytes)?;
        grant(task.seconds);
        let verdict = verify(&contexts, &task, bytes);
        let mut answer = serde_json::to_vec(&verdict)?;
        answer.push(b'\n');
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

fn verify(contexts: &Contexts, task: &Task, bytes: Vec<u8>) -> Verdict {
    let store = Store { place: task.place.clone(), offset: task.offset, bytes, damage: None };
    let said = store::read(&store.bytes);
    let asset = Asset { path: Path::new(&task.path), format: task.format, apart: false };
    contexts.verify(task.reach, &said, &store, asset, task.embedded)
}

fn line<T: for<'a> Deserialize<'a>>(input: &mut impl BufRead) -> Result<Option<T>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// Bounds the process for good: address space, no core dumps, and an end with its parent.
#[cfg(unix)]
fn restrict(memory: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let bound = |resource, most| {
        // A system that refuses has a lower limit already, or none to give: the parent's clock still runs.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    };
    bound(Resource::As, memory);
    bound(Resource::Core, 0);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Grants so many seconds of computing from now on; the system ends a process that takes more.
#[cfg(unix)]
fn grant(seconds: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
    let until = u64::try_from(used).unwrap_or(0).saturating_add(seconds).saturating_add(1);
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = Some(maximum.map_or(until, |m| m.min(until)));
    let _ = setrlimit(Resource::Cpu, Rlimit { current, maximum });
}

#[cfg(not(unix))]
fn restrict(_memory: u64) {}

#[cfg(not(unix))]
fn grant(_seconds: u64) {}
