//! The workers of a run: started when the first job comes, one for each thread that asks at the same time.
//!
//! A worker that dies or takes too long is replaced, and what it was at is lost alone. One that had served before gets
//! a second try with a fresh one: what earlier files left in its memory is not this file's fault.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::bounds::{Bounds, Grant};
use super::budget::{Budget, Share};
use super::process::{Answered, Message, Worker};
use super::protocol::{self, Answer, Job, Request, Setup};
use super::{Crash, Program, WorkerFailure};
use countersign_io::{ByteRange, asset_budget};
use countersign_model::limits;

/// What the parent waits beyond what the worker is granted.
const GRACE: Duration = Duration::from_secs(5);

/// The least that a job is taken to cost: a process. It bounds how many there are, whatever the number of threads.
const LEAST_COST: u64 = 12 * 1024 * 1024;
/// Bytes of memory that all jobs at once may cost.
static WORKING: Budget = Budget::new(limits::WORKERS);

/// Workers at rest, and what bounds all of them together.
#[derive(Debug)]
pub struct Pool {
    program: Program,
    setup: Setup,
    /// The setup as the line that every worker reads first: written when the first of them starts.
    setup_line: OnceLock<Vec<u8>>,
    idle: Mutex<Vec<Worker>>,
    bounds: Bounds,
    stopped: AtomicBool,
}

impl Pool {
    /// Workers of this program within these bounds, which decode; none verifies anything.
    #[must_use]
    pub fn new(program: Program, bounds: Bounds) -> Self {
        Self::with_verification(program, bounds, Value::Null)
    }

    /// Workers that also verify; what they need for it is the credentials module's to write and to read.
    pub fn with_verification(program: Program, bounds: Bounds, verification: Value) -> Self {
        let setup = Setup { memory: bounds.memory, verification };
        let (idle, stopped) = (Mutex::default(), AtomicBool::new(false));
        Self { program, setup, setup_line: OnceLock::new(), idle, bounds, stopped }
    }

    /// What workers of this pool may take.
    #[must_use]
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Ends every job under way and refuses all that would follow.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether [`Pool::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The one answer to a job, with its bytes and the share of the memory budget that they take.
    pub fn ask(
        &self,
        job: Job,
        payload: Option<ByteRange>,
        grant: Grant,
    ) -> Result<(Answer, Vec<u8>, Option<Share<'static>>), WorkerFailure> {
        let mut answer = None;
        self.ask_for_pieces(job, payload, grant, &mut |answered| {
            answer = Some((answered.reply.answer, answered.payload, answered.share));
            true
        })?;
        answer.ok_or_else(|| WorkerFailure::Crashed(Crash::Garbled("no answer".to_owned())))
    }

    /// All answers to a job; `take` says whether it wants the next.
    pub(super) fn ask_for_pieces(
        &self,
        job: Job,
        payload: Option<ByteRange>,
        grant: Grant,
        take: &mut dyn FnMut(Answered) -> bool,
    ) -> Result<(), WorkerFailure> {
        if self.is_stopped() {
            return Err(WorkerFailure::Cancelled);
        }
        if asset_budget::check().is_err() {
            return Err(WorkerFailure::Crashed(Crash::Computing));
        }
        let _share = WORKING.take(grant.cost.max(LEAST_COST), Duration::MAX);
        let mut computed = Duration::ZERO;
        let result = self.ask_within(job, payload, grant, &mut |answered: Answered| {
            computed = Duration::from_millis(answered.reply.computed);
            take(answered)
        });
        if let Err(WorkerFailure::TimedOut(_) | WorkerFailure::Crashed(Crash::Computing)) = &result {
            computed = grant.time;
        }
        asset_budget::computed(computed);
        result
    }

    fn ask_within(
        &self,
        job: Job,
        payload: Option<ByteRange>,
        grant: Grant,
        take: &mut dyn FnMut(Answered) -> bool,
    ) -> Result<(), WorkerFailure> {
        let request = Request {
            job,
            memory: grant.memory.min(self.bounds.memory),
            seconds: grant.time.as_secs(),
            payload: payload.as_ref().map_or(0, ByteRange::len),
        };
        let line = protocol::line(&request).map_err(|e| WorkerFailure::Crashed(Crash::Garbled(e.to_string())))?;
        let message = Message { line, payload, most: grant.answer };
        let time = grant.time.saturating_add(GRACE);
        let rested = self.idle().pop();
        let Some(worker) = rested else { return self.ask_one(self.start()?, message, time, take) };
        let mut taken = false;
        let mut noted = |answered| {
            taken = true;
            take(answered)
        };
        match self.ask_one(worker, message.clone(), time, &mut noted) {
            Err(WorkerFailure::Crashed(_)) if !taken => self.ask_one(self.start()?, message, time, take),
            other => other,
        }
    }

    /// Asks and puts the worker to rest again; one that fails is dropped, which ends it.
    fn ask_one(
        &self,
        mut worker: Worker,
        message: Message,
        time: Duration,
        take: &mut dyn FnMut(Answered) -> bool,
    ) -> Result<(), WorkerFailure> {
        worker.ask(message, time, &self.stopped, take)?;
        self.idle().push(worker);
        Ok(())
    }

    fn start(&self) -> Result<Worker, WorkerFailure> {
        let setup = self.setup_line.get_or_init(|| protocol::line(&self.setup).unwrap_or_default());
        Worker::start(&self.program, setup.clone()).ok_or(WorkerFailure::Spawn)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
