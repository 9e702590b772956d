//! The worker processes of a run: started when the first store is met, one for each thread that verifies.
//!
//! A worker that dies or takes too long is replaced, and what it was at is a problem of that asset alone. One that
//! had served before gets a second try with a fresh one: what earlier files left in its memory is not this file's fault.

use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::trust::TrustList;
use super::verify::{Asset, BYTES_A_SECOND, PATIENCE, Reach, STOPPED, Verdict};
use super::worker::{Setup, Task};
use crate::limits;
use crate::model::{CredentialState, Problem, ProblemKind, Store};

/// Which program is a worker: called with this one argument.
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    pub argument: &'static str,
}

/// What a worker may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of address space.
    pub memory: u64,
    /// Time for each verification: this, and a second for so many bytes of the asset.
    pub time: Duration,
    pub bytes_a_second: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { memory: limits::WORKER_MEMORY, time: PATIENCE, bytes_a_second: BYTES_A_SECOND }
    }
}

impl Bounds {
    /// These seconds for each verification, however large the asset is.
    #[must_use]
    pub fn of_seconds(seconds: NonZeroU32) -> Self {
        let time = Duration::from_secs(u64::from(seconds.get()));
        Self { time, bytes_a_second: u64::MAX, ..Self::default() }
    }

    /// Time for an asset of so many bytes.
    pub(super) fn patience(&self, len: u64) -> Duration {
        self.time.saturating_add(Duration::from_secs(len / self.bytes_a_second.max(1)))
    }
}

/// What the parent waits beyond what the worker grants itself.
const GRACE: Duration = Duration::from_secs(5);
/// How often a waiting thread looks whether the run was stopped.
const GLANCE: Duration = Duration::from_millis(100);
/// The longest answer, and the end of what a dying worker says.
const ANSWER: u64 = 16 * 1024 * 1024;
const LAST_WORDS: u64 = 4 * 1024;
/// What Rust says when an allocation fails.
const OUT_OF_MEMORY: &str = "memory allocation of";
/// What it calls the signal that ends a process whose computing time is used up.
const OUT_OF_TIME: &str = "SIGXCPU";

/// Workers at rest, and what bounds all of them together.
#[derive(Debug)]
pub(super) struct Pool {
    program: Program,
    setup: Vec<u8>,
    idle: Mutex<Vec<Worker>>,
    bounds: Bounds,
    budget: Budget,
    stopped: AtomicBool,
}

/// Why there is no answer.
enum Lost {
    /// No process could be started.
    Start,
    Stopped,
    Slow(Duration),
    Died(ProblemKind, String),
}

impl Pool {
    pub(super) fn new(program: Program, lists: &[TrustList], bounds: Bounds) -> Self {
        let setup = Setup { lists: lists.to_vec(), memory: bounds.memory };
        let mut setup = serde_json::to_vec(&setup).unwrap_or_default();
        setup.push(b'\n');
        let (idle, stopped) = (Mutex::default(), AtomicBool::new(false));
        Self { program, setup, idle, bounds, budget: Budget::default(), stopped }
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The verdict of a worker that reads so many bytes; `None` where none can be started.
    pub(super) fn verify(
        &self,
        store: &Store,
        asset: Asset<'_>,
        reach: Reach,
        embedded: bool,
        len: u64,
    ) -> Option<(Verdict, Option<Problem>)> {
        let most = self.bounds.patience(len);
        let task = Task {
            path: asset.path.into(),
            format: asset.format,
            reach,
            embedded,
            place: store.place.clone(),
            offset: store.offset,
            bytes: store.bytes.len(),
            seconds: most.as_secs(),
        };
        let mut message = serde_json::to_vec(&task).ok()?;
        message.push(b'\n');
        message.extend_from_slice(&store.bytes);
        let _share = self.budget.share(len);
        if self.stopped.load(Ordering::Relaxed) {
            return Some((lost(STOPPED.to_owned()), None));
        }
        let place = format!("{} (C2PA)", store.place);
        match self.answer(message, most + GRACE) {
            Ok(verdict) => Some((verdict, None)),
            Err(Lost::Start) => None,
            Err(Lost::Stopped) => Some((lost(STOPPED.to_owned()), None)),
            Err(Lost::Slow(after)) => {
                let what = format!("verification was ended after {} seconds", after.as_secs());
                Some((lost(what.clone()), Some(Problem::limit(place, store.offset, what))))
            }
            Err(Lost::Died(kind, what)) => {
                Some((lost(what.clone()), Some(Problem::new(kind, place, Some(store.offset), what))))
            }
        }
    }

    fn answer(&self, message: Vec<u8>, most: Duration) -> Result<Verdict, Lost> {
        let rested = self.idle().pop();
        let Some(worker) = rested else { return self.ask(self.start()?, message, most) };
        match self.ask(worker, message.clone(), most) {
            Err(Lost::Died(..)) => self.ask(self.start()?, message, most),
            other => other,
        }
    }

    /// Asks and puts the worker to rest again; one that fails is dropped, which ends it.
    fn ask(&self, mut worker: Worker, message: Vec<u8>, most: Duration) -> Result<Verdict, Lost> {
        let line = worker.ask(message, most, &self.stopped)?;
        let verdict = serde_json::from_str(&line);
        let verdict = verdict.map_err(|e| Lost::Died(ProblemKind::Panic, format!("verification failed: {e}")))?;
        self.idle().push(worker);
        Ok(verdict)
    }

    fn start(&self) -> Result<Worker, Lost> {
        Worker::start(&self.program, self.setup.clone()).ok_or(Lost::Start)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One process, and the thread that speaks with it: pipes have no clock of their own.
#[derive(Debug)]
struct Worker {
    child: Child,
    stderr: Option<ChildStderr>,
    messages: Option<Sender<Vec<u8>>>,
    answers: Receiver<String>,
}

impl Worker {
    fn start(program: &Program, setup: Vec<u8>) -> Option<Self> {
        let mut command = Command::new(&program.path);
        command.arg(program.argument).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // An interrupt typed at the terminal is for the parent, which ends in good order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().ok()?;
        let (mut input, output) = (child.stdin.take()?, child.stdout.take()?);
        let stderr = child.stderr.take();
        let (messages, inbox) = channel::<Vec<u8>>();
        let (outbox, answers) = channel();
        messages.send(setup).ok()?;
        let speak = move || {
            let mut output = BufReader::new(output);
            for (index, message) in inbox.into_iter().enumerate() {
                let sent = input.write_all(&message).and_then(|()| input.flush());
                // The setup has no answer.
                if index == 0 && sent.is_ok() {
                    continue;
                }
                let mut line = String::new();
                let read = sent.and_then(|()| output.by_ref().take(ANSWER).read_line(&mut line));
                if read.is_err() || !line.ends_with('\n') || outbox.send(line).is_err() {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("verification".to_owned()).spawn(speak).ok()?;
        Some(Self { child, stderr, messages: Some(messages), answers })
    }

    fn ask(&mut self, message: Vec<u8>, most: Duration, stopped: &AtomicBool) -> Result<String, Lost> {
        let start = Instant::now();
        // Where the thread has ended, the answer is missing too: that tells it all.
        let _ = self.messages.as_ref().map(|m| m.send(message));
        loop {
            match self.answers.recv_timeout(GLANCE) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => return Err(self.died()),
                Err(RecvTimeoutError::Timeout) if stopped.load(Ordering::Relaxed) => return Err(Lost::Stopped),
                Err(RecvTimeoutError::Timeout) if start.elapsed() > most => return Err(Lost::Slow(start.elapsed())),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn died(&mut self) -> Lost {
        // It may have closed its pipes and still run.
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
        let mut words = Vec::new();
        if let Some(stderr) = self.stderr.take() {
            let _ = stderr.take(LAST_WORDS).read_to_end(&mut words);
        }
        let of_memory = String::from_utf8_lossy(&words).contains(OUT_OF_MEMORY);
        match (of_memory, status.contains(OUT_OF_TIME)) {
            (true, _) => Lost::Died(ProblemKind::Limit, "verification took more memory than is granted".to_owned()),
            (_, true) => Lost::Died(ProblemKind::Limit, "verification took more computing than is granted".to_owned()),
            _ => Lost::Died(ProblemKind::Panic, format!("verification ended abnormally ({status})")),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.messages = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lost(obstacle: String) -> Verdict {
    Verdict { state: CredentialState::Unverified, obstacle: Some(obstacle), ..Verdict::default() }
}
