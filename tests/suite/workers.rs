//! Verification in processes of its own: the same verdicts, and what happens when one dies.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::signed;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::shared::prerequisite;
use countersign::c2pa::trust::TrustList;
use countersign::c2pa::{Bounds, Options, Program, Verifier};
use countersign::extract;
use countersign::model::{CredentialState, Facts, Problem, ProblemKind};
use countersign::policy::Policy;
use signed::GENERATED;

/// Tests of one process run side by side; workers are counted, so these take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn facts(path: &Path, worker: Option<Program>) -> Facts {
    let verifier = Arc::new(Verifier::new(&Options { worker, ..Options::default() }).unwrap());
    extract::facts(
        path,
        &[],
        &extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() },
    )
}

fn worker() -> Program {
    Program { path: env!("CARGO_BIN_EXE_countersign").into(), argument: "worker" }
}

fn sample(folder: &Path) -> PathBuf {
    let path = folder.join("a.png");
    std::fs::write(&path, signed::sign("image/png", &signed::png(), &signed::created(GENERATED))).unwrap();
    path
}

#[test]
fn a_worker_finds_what_the_program_itself_finds() {
    let _alone = alone();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/c2pa");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (here, there) = (facts(&path, None), facts(&path, Some(worker())));
        assert_eq!(here, there, "{}", path.display());
        seen += usize::from(here.c2pa.is_some());
    }
    assert!(seen > 5, "{seen}");
    let folder = signed::fragmented();
    assert_eq!(facts(&folder.path().join("init.mp4"), Some(worker())).c2pa.unwrap().state, CredentialState::Valid);
}

#[test]
fn one_worker_serves_many_files_and_knows_the_lists() {
    let _alone = alone();
    let before = children(std::process::id(), "countersign");
    let signer = signed::signer();
    let folder = tempfile::tempdir().unwrap();
    let list = TrustList { name: "ours".into(), anchors_pem: signed::authority(&signer), ..TrustList::default() };
    let options = Options { trust: vec![list], worker: Some(worker()), ..Options::default() };
    let verifier = Arc::new(Verifier::new(&options).unwrap());
    let options = extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() };
    for number in 0..20 {
        let (bytes, _) = signed::sign_with(&signer, "image/png", &signed::png(), &signed::created(GENERATED), &[]);
        let path = folder.path().join(format!("{number}.png"));
        std::fs::write(&path, if number % 5 == 4 { signed::flipped(bytes, 20) } else { bytes }).unwrap();
        let found = extract::facts(&path, &[], &options).c2pa.unwrap();
        let expected = if number % 5 == 4 { CredentialState::Invalid } else { CredentialState::Trusted };
        assert_eq!(found.state, expected, "{number}");
    }
    assert!(children(std::process::id(), "countersign") <= before + 1);
    drop(verifier);
}

/// How many processes of this name a process has started.
fn children(of: u32, name: &str) -> usize {
    pids(of, name).len()
}

/// The processes of this name that a process has started; none where the system does not tell.
fn pids(of: u32, name: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let stat = |e: std::fs::DirEntry| std::fs::read_to_string(e.path().join("stat")).ok();
    let ours = |text: String| {
        let (head, rest) = text.rsplit_once(')').unwrap_or_default();
        let ours = head.ends_with(&format!("({name}")) && rest.split_whitespace().nth(1) == Some(&of.to_string());
        ours.then(|| text.split(' ').next().and_then(|pid| pid.parse().ok())).flatten()
    };
    entries.flatten().filter_map(stat).filter_map(ours).collect()
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    fn script(folder: &Path, text: &str) -> Program {
        let path = folder.join("worker.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Program { path, argument: "worker" }
    }

    #[test]
    fn the_death_of_a_worker_is_a_problem_of_the_asset_and_its_marks_stay() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let path = sample(folder.path());
        for (text, kind, says) in [
            ("read a; kill -9 $$", ProblemKind::Panic, "ended abnormally"),
            ("exit 3", ProblemKind::Panic, "ended abnormally"),
            ("read a; echo 'memory allocation of 99 bytes failed' >&2; kill -6 $$", ProblemKind::Limit, "memory"),
            ("read a; echo nonsense; sleep 9", ProblemKind::Panic, "verification failed"),
        ] {
            let found = facts(&path, Some(script(folder.path(), text)));
            let [problem] = found.problems.as_slice() else { panic!("{text}: {:?}", found.problems) };
            assert_eq!((problem.kind, problem.blocking), (kind, true), "{text}");
            assert!(problem.what.contains(says), "{text}: {problem:?}");
            let credentials = found.c2pa.unwrap();
            assert_eq!(credentials.state, CredentialState::Unverified, "{text}");
            assert!(credentials.damage.is_some());
            assert_eq!(credentials.chain[0].actions[0].source_type.as_deref(), Some(GENERATED), "{text}");
        }
    }

    #[test]
    fn a_worker_that_had_served_is_replaced_and_the_file_tried_again() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let path = sample(folder.path());
        // Each process answers once and then dies of the next task.
        let verdict = r#"{\"state\":\"valid\",\"failures\":[],\"trust_list\":null,\"obstacle\":null}"#;
        let answer = format!(r#"{{\"answer\":{{\"Verified\":{verdict}}},\"payload\":0}}"#);
        let once = format!("read a; read b; echo \"{answer}\"; read c; exit 1");
        let verifier = Arc::new(
            Verifier::new(&Options { worker: Some(script(folder.path(), &once)), ..Options::default() }).unwrap(),
        );
        let options = extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() };
        for _ in 0..4 {
            let found = extract::facts(&path, &[], &options);
            assert_eq!((found.c2pa.unwrap().state, found.problems), (CredentialState::Valid, vec![]));
        }
    }

    /// A signed file whose hash covers so many bytes; `None` where the file system has no large sparse files.
    fn large(folder: &Path, len: u64) -> Option<PathBuf> {
        let path = sample(folder);
        let large = folder.join("large.png");
        std::fs::rename(path, &large).unwrap();
        let file = std::fs::File::options().append(true).open(&large).unwrap();
        if file.set_len(len).is_err() {
            prerequisite::absent("sparse-files", "this file system has no large sparse files");
            return None;
        }
        Some(large)
    }

    /// Verifies the large file, which ends in this problem, and a small one after it, which is none.
    fn lost_and_served_again(bounds: Bounds, len: u64, meanwhile: impl FnOnce()) -> Option<Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = large(folder.path(), len)?;
        let verifier =
            Arc::new(Verifier::new(&Options { worker: Some(worker()), bounds, ..Options::default() }).unwrap());
        let options = extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() };
        let found = std::thread::scope(|scope| {
            let reading = scope.spawn(|| extract::facts(&path, &[], &options));
            meanwhile();
            reading.join().unwrap()
        });
        let credentials = found.c2pa.unwrap();
        assert_eq!(credentials.state, CredentialState::Unverified, "{credentials:#?}");
        assert_eq!(credentials.chain[0].actions[0].source_type.as_deref(), Some(GENERATED));
        let next = extract::facts(&sample(folder.path()), &[], &options);
        assert_eq!((next.c2pa.unwrap().state, next.problems), (CredentialState::Valid, vec![]));
        let [problem] = found.problems.as_slice() else { panic!("{:?}", found.problems) };
        assert!(problem.blocking);
        Some(problem.clone())
    }

    #[test]
    fn memory_ends_at_its_bound() {
        let _alone = alone();
        // Room for the program, not for two pieces of 256 MiB.
        let bounds = Bounds { memory: 400 << 20, ..Bounds::default() };
        let Some(problem) = lost_and_served_again(bounds, 2 << 30, || ()) else { return };
        assert_eq!(problem.kind, ProblemKind::Limit, "{problem:?}");
        assert!(problem.what.contains("memory"), "{problem:?}");
    }

    #[test]
    fn computing_ends_at_its_bound() {
        let _alone = alone();
        let bounds = Bounds { time: Duration::ZERO, bytes_per_second: u64::MAX, ..Bounds::default() };
        let Some(problem) = lost_and_served_again(bounds, 1 << 40, || ()) else { return };
        assert_eq!(problem.kind, ProblemKind::Limit, "{problem:?}");
        assert!(problem.what.contains("computing"), "{problem:?}");
    }

    #[test]
    fn a_policy_bounds_the_computing_for_a_file() {
        let _alone = alone();
        let policy = Policy::parse("name = \"a\"\n[limits]\nseconds-per-asset = 1\n", "a.toml").unwrap();
        assert!(Policy::parse("name = \"a\"\n[limits]\nseconds-per-asset = 0\n", "a.toml").is_err());
        let bounds = Bounds::of_seconds(policy.limits.seconds_per_asset.unwrap());
        let start = Instant::now();
        let Some(problem) = lost_and_served_again(bounds, 1 << 40, || ()) else { return };
        assert_eq!(problem.kind, ProblemKind::Limit, "{problem:?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn waiting_ends_at_its_bound() {
        let _alone = alone();
        let bounds = Bounds { time: Duration::from_secs(1), bytes_per_second: u64::MAX, ..Bounds::default() };
        let Some(problem) = lost_and_served_again(bounds, 1 << 40, || signal("-STOP")) else { return };
        assert_eq!(problem.kind, ProblemKind::Limit, "{problem:?}");
        assert!(problem.what.contains("seconds"), "{problem:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_worker_that_somebody_kills_is_a_problem_of_its_asset_alone() {
        let _alone = alone();
        let Some(problem) = lost_and_served_again(Bounds::default(), 1 << 40, || signal("-KILL")) else { return };
        assert_eq!(problem.kind, ProblemKind::Panic, "{problem:?}");
        assert!(problem.what.contains("ended abnormally"), "{problem:?}");
    }

    /// Sends a signal to the worker of this process, once there is one that verifies.
    fn signal(name: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        let worker = loop {
            if let [worker] = pids(std::process::id(), "countersign").as_slice() {
                break *worker;
            }
            assert!(Instant::now() < end, "no worker was started");
            std::thread::sleep(Duration::from_millis(5));
        };
        // By now it has read its task and hashes.
        std::thread::sleep(Duration::from_millis(300));
        assert!(Command::new("kill").args([name, &worker.to_string()]).status().unwrap().success());
    }

    #[test]
    fn without_a_worker_the_program_verifies_by_itself() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let nowhere = Program { path: folder.path().join("gone"), argument: "worker" };
        let found = facts(&sample(folder.path()), Some(nowhere));
        assert_eq!((found.c2pa.unwrap().state, found.problems), (CredentialState::Valid, vec![]));
    }
}

#[test]
fn the_worker_is_hidden_and_ends_with_its_input() {
    let _alone = alone();
    let program = || Command::new(env!("CARGO_BIN_EXE_countersign"));
    let help = program().arg("--help").output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("worker"));
    let ended = program().arg("worker").stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0));
}
