//! Worker processes: everything that other people's decoders do with hostile bytes happens in one, under limits.
//!
//! The scanner's own process runs only our bounded readers. What the `c2pa` crate verifies, what `image` and
//! `symphonia` decode and what ffmpeg is asked for is a [`protocol::Job`]: the scanner sends it to a process of its own
//! ([`pool`]), which the operating system ends where it takes more memory or computing than the job grants
//! ([`serve`]). A process serves many jobs. One that dies costs the job that it was at and nothing else.
//!
//! A program that embeds this library without an executable to start as a worker decodes in its own process: then
//! [`client`] calls the same functions ([`picture`], [`foreign`], [`sound`], [`video`], [`frames`]) directly.
//!
//! Invariant: a file costs at most its own job. Neither side believes a length of the other's beyond its own bound.

pub mod bounds;
pub mod client;
mod foreign;
mod frames;
mod picture;
pub mod pool;
mod process;
pub mod protocol;
pub mod serve;
mod sound;
mod video;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use bounds::Bounds;
pub use countersign_io::byte_budget as budget;
use countersign_model::ProblemKind;
pub use pool::Pool;

/// Which program is a worker: called with this one argument, it runs [`serve::serve`].
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable: usually this program itself.
    pub path: PathBuf,
    /// Its only argument: `worker`.
    pub argument: &'static str,
}

/// Why a worker gave no answer.
///
/// ```
/// use std::time::Duration;
///
/// use countersign_model::ProblemKind;
/// use countersign_worker::WorkerFailure;
///
/// let (kind, what) = WorkerFailure::TimedOut(Duration::from_secs(60)).describe("verification");
/// assert_eq!((kind, what.as_str()), (ProblemKind::Limit, "verification was ended after 60 seconds"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerFailure {
    /// No process could be started.
    Spawn,
    /// The run was stopped.
    Cancelled,
    /// It took longer than it was granted.
    TimedOut(Duration),
    /// It ended before it answered.
    Crashed(Crash),
}

/// How a worker ended before it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Crash {
    /// It asked for more memory than is granted.
    Memory,
    /// It used more computing time than is granted.
    Computing,
    /// A panic, a signal, an exit: what the operating system says of it.
    Abnormal(String),
    /// It answered what is no answer.
    Garbled(String),
}

impl WorkerFailure {
    /// The failure as a kind of problem and in words; `doing` is what was lost, as "verification".
    #[must_use]
    pub fn describe(&self, doing: &str) -> (ProblemKind, String) {
        match self {
            Self::Spawn => (ProblemKind::Io, format!("{doing} needs a process of its own, and none could be started")),
            Self::Cancelled => (ProblemKind::Io, format!("{doing} was stopped before its end")),
            Self::TimedOut(after) => {
                (ProblemKind::Limit, format!("{doing} was ended after {} seconds", after.as_secs()))
            }
            Self::Crashed(Crash::Memory) => (ProblemKind::Limit, format!("{doing} took more memory than is granted")),
            Self::Crashed(Crash::Computing) => {
                (ProblemKind::Limit, format!("{doing} took more computing than is granted"))
            }
            Self::Crashed(Crash::Abnormal(status)) => {
                (ProblemKind::Panic, format!("{doing} ended abnormally ({status})"))
            }
            Self::Crashed(Crash::Garbled(what)) => (ProblemKind::Panic, format!("{doing} failed: {what}")),
        }
    }
}

/// The pool that decodes pictures and sound for this process.
static DECODING: OnceLock<Arc<Pool>> = OnceLock::new();

/// Sets the pool whose workers decode pictures and sound from now on. Like a logger it is set once, by the program;
/// a second call changes nothing.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use countersign_worker::{Bounds, Pool, Program};
///
/// // This program, started with the one argument `worker`, calls `serve::serve` and nothing else.
/// let program = Program { path: std::env::current_exe()?, argument: "worker" };
/// countersign_worker::set_decoding_pool(Arc::new(Pool::new(program, Bounds::default())));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn set_decoding_pool(pool: Arc<Pool>) {
    let _ = DECODING.set(pool);
}

/// The pool that was set; without one, decoding happens in this process.
fn decoding_pool() -> Option<&'static Arc<Pool>> {
    DECODING.get()
}
