//! One worker process as the scanner sees it, and the thread that speaks with it: pipes have no clock of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use super::budget::{Budget, Share};
use super::protocol::{self, Reply};
use super::{Crash, Program, WorkerFailure};
use countersign_io::ByteRange;
use countersign_model::limits;

/// How often a waiting thread looks whether the run was stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The longest line of an answer, and the end of what a dying worker writes.
const MAX_ANSWER_LINE: u64 = 16 * 1024 * 1024;
const MAX_STDERR_TAIL: u64 = 4 * 1024;
/// What Rust says when an allocation fails.
const OUT_OF_MEMORY: &str = "memory allocation of";
/// What it calls the signal that ends a process whose computing time is used up.
const OUT_OF_TIME: &str = "SIGXCPU";

/// Answers below this size are so many at most as there are threads, and need no share.
const SMALL_ANSWER: u64 = 1024 * 1024;
/// How long a large answer waits for others to be done with theirs. Whoever asked while holding another large answer
/// waits for itself: for it alone this bound is there.
const BUDGET_PATIENCE: Duration = Duration::from_secs(300);
/// Bytes of large answers that the scanner holds at once.
static LARGE_ANSWERS: Budget = Budget::new(limits::DECODED_AT_ONCE);

/// What is sent: a line, then bytes.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) line: Vec<u8>,
    pub(super) payload: Option<ByteRange>,
    /// Bytes that one answer may carry.
    pub(super) most: u64,
}

/// One answer with its bytes, and the share of the budget that they take.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) reply: Reply,
    pub(super) payload: Vec<u8>,
    pub(super) share: Option<Share<'static>>,
}

enum Event {
    /// A large answer has begun and waits for room: until it has it, no time of the worker's passes.
    Waiting,
    /// It has room and is read.
    Reading,
    Answered(Box<Answered>),
    Garbled(String),
}

/// One process.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    stderr: Option<ChildStderr>,
    messages: Option<Sender<Message>>,
    events: Receiver<Event>,
}

impl Worker {
    pub(super) fn start(program: &Program, setup: Vec<u8>) -> Option<Self> {
        let mut command = Command::new(&program.path);
        command.arg(program.argument).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // An interrupt typed at the terminal is for the parent, which ends in good order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().ok()?;
        let (input, output) = (child.stdin.take()?, child.stdout.take()?);
        let stderr = child.stderr.take();
        let (messages, inbox) = channel();
        // Answers in pieces wait for whoever takes them up.
        let (outbox, events) = sync_channel(2);
        let speaker = Speaker { input, output: BufReader::new(output), outbox };
        let speak = move || speaker.run(&setup, &inbox);
        std::thread::Builder::new().name("worker".to_owned()).spawn(speak).ok()?;
        Some(Self { child, stderr, messages: Some(messages), events })
    }

    /// Sends one request; `take` gets each answer and says whether it wants the next.
    pub(super) fn ask(
        &mut self,
        message: Message,
        time: Duration,
        stopped: &AtomicBool,
        take: &mut dyn FnMut(Answered) -> bool,
    ) -> Result<(), WorkerFailure> {
        let (mut start, mut waiting) = (Instant::now(), false);
        // Where the thread has ended, the answer is missing too: that tells it all.
        let _ = self.messages.as_ref().map(|m| m.send(message));
        loop {
            match self.events.recv_timeout(POLL_INTERVAL) {
                Ok(Event::Waiting) => waiting = true,
                Ok(Event::Reading) => (start, waiting) = (Instant::now(), false),
                Ok(Event::Answered(answered)) => {
                    let more = answered.reply.more;
                    let wanted = take(*answered);
                    match more && wanted {
                        true => start = Instant::now(),
                        // Pieces that nobody wants end with the process.
                        false if more => return Err(WorkerFailure::Cancelled),
                        false => return Ok(()),
                    }
                }
                Ok(Event::Garbled(what)) => return Err(WorkerFailure::Crashed(Crash::Garbled(what))),
                Err(RecvTimeoutError::Disconnected) => return Err(self.death()),
                Err(RecvTimeoutError::Timeout) if stopped.load(Ordering::Relaxed) => {
                    return Err(WorkerFailure::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) if !waiting && start.elapsed() > time => {
                    return Err(WorkerFailure::TimedOut(start.elapsed()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn death(&mut self) -> WorkerFailure {
        // It may have closed its pipes and still run.
        self.kill();
        let status = self.child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
        let mut words = Vec::new();
        if let Some(stderr) = self.stderr.take() {
            let _ = stderr.take(MAX_STDERR_TAIL).read_to_end(&mut words);
        }
        let of_memory = String::from_utf8_lossy(&words).contains(OUT_OF_MEMORY);
        WorkerFailure::Crashed(match (of_memory, status.contains(OUT_OF_TIME)) {
            (true, _) => Crash::Memory,
            (_, true) => Crash::Computing,
            _ => Crash::Abnormal(status),
        })
    }

    /// Ends the process and what it has started.
    fn kill(&mut self) {
        #[cfg(unix)]
        if let Ok(Some(pid)) = i32::try_from(self.child.id()).map(rustix::process::Pid::from_raw)
            && self.child.try_wait().is_ok_and(|ended| ended.is_none())
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.messages = None;
        self.kill();
        let _ = self.child.wait();
    }
}

/// The thread's side.
struct Speaker {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    outbox: SyncSender<Event>,
}

impl Speaker {
    fn run(mut self, setup: &[u8], inbox: &Receiver<Message>) {
        if self.input.write_all(setup).is_err() {
            return;
        }
        while let Ok(message) = inbox.recv() {
            if self.send(&message).is_err() || self.answers(message.most).is_none() {
                return;
            }
        }
    }

    fn send(&mut self, message: &Message) -> std::io::Result<()> {
        self.input.write_all(&message.line)?;
        if let Some(payload) = &message.payload {
            let sent = std::io::copy(&mut payload.stream(), &mut self.input)?;
            // The line has promised as many: a file that shrank meanwhile cannot be sent.
            if sent != payload.len() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.input.flush()
    }

    /// Passes on all answers to one request; `None` where the worker has gone or nobody listens.
    fn answers(&mut self, most: u64) -> Option<()> {
        loop {
            let mut line = String::new();
            self.output.by_ref().take(MAX_ANSWER_LINE).read_line(&mut line).ok()?;
            if !line.ends_with('\n') {
                return None;
            }
            let reply: Reply = match protocol::parse(&line) {
                Ok(reply) => reply,
                Err(e) => {
                    let _ = self.outbox.send(Event::Garbled(e.to_string()));
                    return None;
                }
            };
            if reply.payload > most {
                let _ = self.outbox.send(Event::Garbled(format!("an answer of {} bytes", reply.payload)));
                return None;
            }
            let more = reply.more;
            let share = self.share(reply.payload)?;
            let payload = self.payload(reply.payload)?;
            self.outbox.send(Event::Answered(Box::new(Answered { reply, payload, share }))).ok()?;
            if !more {
                return Some(());
            }
        }
    }

    /// Room for a large answer before it is read.
    fn share(&self, bytes: u64) -> Option<Option<Share<'static>>> {
        if bytes < SMALL_ANSWER {
            return Some(None);
        }
        self.outbox.send(Event::Waiting).ok()?;
        let share = LARGE_ANSWERS.take(bytes, BUDGET_PATIENCE);
        self.outbox.send(Event::Reading).ok()?;
        Some(Some(share))
    }

    fn payload(&mut self, bytes: u64) -> Option<Vec<u8>> {
        let len = usize::try_from(bytes).ok()?;
        let mut payload = Vec::new();
        payload.try_reserve_exact(len).ok()?;
        self.output.by_ref().take(bytes).read_to_end(&mut payload).ok()?;
        (payload.len() == len).then_some(payload)
    }
}
