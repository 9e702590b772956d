//! Verification in processes of its own: the same verdicts, and what happens when one dies.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../examples/fixtures/c2pa.rs"]
mod signed;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign::c2pa::trust::TrustList;
use countersign::c2pa::{Options, Program, Verifier};
use countersign::extract;
use countersign::model::{CredentialState, Facts, ProblemKind};
use signed::GENERATED;

/// Tests of one process run side by side; workers are counted, so these take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn facts(path: &Path, worker: Option<Program>) -> Facts {
    let verifier = Verifier::new(&Options { worker, ..Options::default() }).unwrap();
    extract::facts(path, &[], &extract::Options { verifier: Some(&verifier), ..extract::Options::default() })
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
    let verifier = Verifier::new(&options).unwrap();
    let options = extract::Options { verifier: Some(&verifier), ..extract::Options::default() };
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

/// How many processes of this name a process has started; 1 where the system does not tell.
fn children(of: u32, name: &str) -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else { return 1 };
    let stat = |e: std::fs::DirEntry| std::fs::read_to_string(e.path().join("stat")).ok();
    let ours = |text: &String| {
        let (head, rest) = text.rsplit_once(')').unwrap_or_default();
        head.ends_with(&format!("({name}")) && rest.split_whitespace().nth(1) == Some(&of.to_string())
    };
    entries.flatten().filter_map(stat).filter(ours).count()
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

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
        let answer = r#"{\"state\":\"valid\",\"failures\":[],\"trust_list\":null,\"obstacle\":null}"#;
        let once = format!("read a; read b; echo \"{answer}\"; read c; exit 1");
        let verifier =
            Verifier::new(&Options { worker: Some(script(folder.path(), &once)), ..Options::default() }).unwrap();
        let options = extract::Options { verifier: Some(&verifier), ..extract::Options::default() };
        for _ in 0..4 {
            let found = extract::facts(&path, &[], &options);
            assert_eq!((found.c2pa.unwrap().state, found.problems), (CredentialState::Valid, vec![]));
        }
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
