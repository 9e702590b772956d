//! What a scan takes, with all the processes that it starts: computing time and the most memory that was resident at once.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How often the memory of all processes is added up.
const INTERVAL: Duration = Duration::from_millis(10);
/// What the system counts computing time in, on every system with `/proc`.
const TICKS: f64 = 100.0;

/// What a run took.
pub(crate) struct Taken {
    pub(crate) status: ExitStatus,
    /// Seconds of computing of the process and all that it started and waited for.
    pub(crate) computing: f64,
    /// Bytes that were resident at once, of all processes together.
    pub(crate) memory: u64,
}

/// Runs the command to its end, or ends it past so many seconds of computing or bytes of memory; `None` where the system
/// does not tell what processes take.
#[expect(clippy::zombie_processes, reason = "it is waited for wherever the loop ends")]
pub(crate) fn run(command: &mut Command, most_seconds: f64, most_memory: u64) -> Option<Taken> {
    if !Path::new("/proc/self/stat").exists() {
        return None;
    }
    let mut child = command.spawn().unwrap();
    let (mut memory, mut computing) = (0, 0.0_f64);
    let start = Instant::now();
    loop {
        let processes = processes();
        let family = family(child.id(), &processes);
        memory = memory.max(family.iter().map(|process| process.resident).sum());
        // Of those that have ended, the one that waited for them tells.
        computing = computing.max(family.iter().map(|process| process.computing).sum());
        let ended = family.first().is_none_or(|own| own.ended);
        let too_much = computing > 4.0 * most_seconds || memory > 4 * most_memory || start.elapsed().as_secs() > 600;
        if ended || too_much {
            return Some(Taken { status: end(&mut child, ended), computing, memory });
        }
        std::thread::sleep(INTERVAL);
    }
}

fn end(child: &mut Child, ended: bool) -> ExitStatus {
    if !ended {
        child.kill().unwrap();
    }
    child.wait().unwrap()
}

struct Process {
    id: u32,
    parent: u32,
    ended: bool,
    computing: f64,
    resident: u64,
}

fn processes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let stats = entries.flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    stats.filter_map(|stat| process(&stat)).collect()
}

/// One line of `/proc/PID/stat` (proc(5)): behind the name come state, parent, and from the twelfth field on the times.
fn process(stat: &str) -> Option<Process> {
    let (head, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let ticks: u64 = (11..15).filter_map(number).sum();
    Some(Process {
        id: head.split(' ').next()?.parse().ok()?,
        parent: fields.get(1)?.parse().ok()?,
        ended: matches!(*fields.first()?, "Z" | "X"),
        computing: ticks as f64 / TICKS,
        resident: number(21)? * 4096,
    })
}

/// The process of this id first, then all that it and they have started.
fn family(id: u32, all: &[Process]) -> Vec<&Process> {
    let mut family: Vec<&Process> = all.iter().filter(|process| process.id == id).collect();
    let mut next = 0;
    while let Some(parent) = family.get(next).map(|process| process.id) {
        family.extend(all.iter().filter(|process| process.parent == parent));
        next += 1;
    }
    family
}
