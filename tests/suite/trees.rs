//! Trees and handles: every folder is listed once, every asset opened once, and what changes or fails is told.
//!
//! The trees of these tests are around one of a drive: they count, fail, or change what is in it between two questions.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use countersign::cache::Cache;
use countersign::io::{Entry, Folder, Handle, LocalTree, Roots, Stat, Tree};
use countersign::judge::Judge;
use countersign::model::{Ai, AssetReport, Finding, FindingAction, ProblemKind, Severity, Summary};
use countersign::policy::Policy;
use countersign::scan::{self, Scan, Watch};
use countersign::{extract, limits};

use crate::samples::archives;
use crate::shared::archived::{marked, sample};

/// A folder of these files.
fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    dir
}

struct Nobody(AtomicBool);

impl Watch for Nobody {
    fn hashed(&self, _: u64) {}

    fn judged(&self, _: u64, _: &[Finding]) {}

    fn stop(&self) -> &AtomicBool {
        &self.0
    }
}

/// What a tree does besides what the drive does.
type Trick = fn(&Path, &str);

/// A drive's tree that counts what it is asked, and plays tricks before it answers.
#[derive(Debug)]
struct Observed {
    inner: LocalTree,
    base: PathBuf,
    asked: Mutex<BTreeMap<(&'static str, String), usize>>,
    before_open: Trick,
    after_open: Trick,
    failing: &'static str,
    remote: bool,
}

impl Observed {
    fn new(base: &Path) -> Self {
        Self {
            inner: LocalTree::new(base),
            base: base.to_path_buf(),
            asked: Mutex::default(),
            before_open: |_, _| {},
            after_open: |_, _| {},
            failing: "",
            remote: false,
        }
    }

    fn count(&self, what: &'static str, path: &str) {
        *self.asked.lock().unwrap().entry((what, path.to_owned())).or_default() += 1;
    }

    /// How often each path was asked for this.
    fn counted(&self, what: &str) -> BTreeMap<String, usize> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|((w, _), _)| *w == what).map(|((_, path), n)| (path.clone(), *n)).collect()
    }
}

impl Tree for Observed {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn list(&self, folder: &str) -> io::Result<Folder> {
        self.count("list", folder);
        if !self.failing.is_empty() && folder == self.failing {
            return Err(io::Error::other("the connection was lost"));
        }
        self.inner.list(folder)
    }

    fn stat(&self, path: &str) -> io::Result<Stat> {
        self.count("stat", path);
        self.inner.stat(path)
    }

    fn open(&self, entry: &Entry) -> io::Result<Arc<dyn Handle>> {
        self.count("open", &entry.path);
        (self.before_open)(&self.base, &entry.path);
        let handle = self.inner.open(entry)?;
        (self.after_open)(&self.base, &entry.path);
        let broken = !self.failing.is_empty() && entry.path == self.failing;
        Ok(Arc::new(Watched { handle, broken, remote: self.remote }))
    }

    fn resolve(&self, path: &str) -> io::Result<Option<String>> {
        self.inner.resolve(path)
    }

    fn is_link(&self, path: &str) -> bool {
        self.inner.is_link(path)
    }

    fn local_path(&self, path: &str) -> Option<PathBuf> {
        if self.remote { None } else { self.inner.local_path(path) }
    }
}

/// A handle that fails behind the first bytes.
#[derive(Debug)]
struct Watched {
    handle: Arc<dyn Handle>,
    broken: bool,
    remote: bool,
}

impl Handle for Watched {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.broken {
            return Err(io::Error::other("the connection was lost"));
        }
        // A slow tree brings what it has.
        let some = out.len().min(if self.remote { 1_000 } else { usize::MAX });
        self.handle.read_at(&mut out[..some], offset)
    }

    fn len(&self) -> u64 {
        self.handle.len()
    }

    fn stat(&self) -> io::Result<Stat> {
        self.handle.stat()
    }

    fn local_path(&self) -> Option<&Path> {
        if self.remote { None } else { self.handle.local_path() }
    }
}

/// What a run asks besides reading.
#[derive(Default)]
struct Asked {
    integrity: bool,
    cache: Option<Cache>,
}

fn judged(tree: &Arc<Observed>, asked: &Asked) -> (Vec<AssetReport>, Summary) {
    let policy = Policy::builtin("netflix-genai").unwrap();
    let scan = Scan {
        judge: Judge::new(&policy, None, chrono::NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()),
        cache: asked.cache.as_ref(),
        policy: &policy,
        extract: extract::Options::default(),
        catalogue: countersign::marks::built_in(),
        role: None,
        exclude: globset::GlobSet::empty(),
        listed: None,
        integrity: asked.integrity,
        jobs: 2,
        tags: true,
        max_archive_depth: limits::ARCHIVE_DEPTH,
        timelines: vec![],
        fail_on: Severity::Error,
        attest: None,
        known: None,
    };
    let roots = Roots::of([Arc::clone(tree) as Arc<dyn Tree>]);
    let stop = AtomicBool::new(false);
    let _ = scan::measure(&roots, None, &globset::GlobSet::empty(), &stop);
    let mut rows = Vec::new();
    let told = &mut |row: &AssetReport| {
        rows.push(row.clone());
        Ok(())
    };
    let summary = scan::run(&scan, &roots, &Nobody(stop), told).unwrap();
    (rows, summary)
}

fn row<'a>(rows: &'a [AssetReport], path: &str) -> &'a AssetReport {
    rows.iter().find(|row| row.path == path).unwrap_or_else(|| panic!("no {path}"))
}

#[test]
fn each_folder_is_listed_once_and_each_asset_opened_once() {
    for (folder, packages) in [("fixtures/packages", 2), ("fixtures/delivery", 0), ("fixtures/formats", 0)] {
        is_read_once(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), packages);
    }
}

fn is_read_once(folder: &Path, packages: usize) {
    let tree = Arc::new(Observed::new(folder));
    let (rows, summary) = judged(&tree, &Asked { integrity: true, ..Asked::default() });
    let found = summary.packages.iter().filter(|package| package.kind != "archive").count();
    assert!(rows.len() > 2 && found >= packages, "{rows:#?}");
    let lists = tree.counted("list");
    assert!(!lists.is_empty() && lists.values().all(|n| *n == 1), "{lists:#?}");
    // A manifest is read once more as the package's own, an archive to hand out its members, a sidecar for its asset.
    let again = |path: &str| {
        let companion = [".xmp", ".txt", ".json", ".c2pa"].iter().any(|end| path.ends_with(end));
        let archive =
            rows.iter().any(|r| r.path == path && matches!(r.format.as_deref(), Some("zip" | "tar" | "gzip")));
        let manifest = ["ASSETMAP", "VOLINDEX", ".xml", ".mhl"].iter().any(|end| path.ends_with(end));
        companion || archive || manifest
    };
    let opens = tree.counted("open");
    let more: Vec<_> = opens.iter().filter(|(path, n)| **n != 1 && !again(path)).collect();
    assert!(opens.len() > 2 && more.is_empty(), "{more:#?}");
}

#[test]
fn hashing_opens_nothing_again() {
    let bytes = marked();
    let dir = folder(&[("s/a.png", bytes.clone()), ("s/b.png", sample("formats/iim-credit.jpg"))]);
    let manifest = {
        use std::fmt::Write;
        let mut out = String::new();
        let digest = countersign::digest::sha256(&dir.path().join("s/a.png")).unwrap();
        writeln!(out, "{digest}  data/a.png").unwrap();
        out
    };
    let bag = folder(&[
        ("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_vec()),
        ("manifest-sha256.txt", manifest.into_bytes()),
        ("data/a.png", bytes),
    ]);
    let tree = Arc::new(Observed::new(bag.path()));
    let (rows, _) = judged(&tree, &Asked { integrity: true, ..Asked::default() });
    assert_ne!(row(&rows, "data/a.png").ai, Ai::None);
    assert_eq!(tree.counted("open")["data/a.png"], 1);
    assert!(tree.counted("list").values().all(|n| *n == 1));
}

/// What is wrong with the asset that a trick was played on.
fn tricked(before_open: Trick, after_open: Trick) -> AssetReport {
    let dir = folder(&[("a.jpg", sample("formats/iim-credit.jpg")), ("other.jpg", sample("formats/iim-credit.jpg"))]);
    let tree = Arc::new(Observed { before_open, after_open, ..Observed::new(dir.path()) });
    let (rows, _) = judged(&tree, &Asked::default());
    assert!(row(&rows, "other.jpg").problems.is_empty(), "{:?}", row(&rows, "other.jpg").problems);
    row(&rows, "a.jpg").clone()
}

fn is_changed(row: &AssetReport) -> bool {
    row.problems.iter().any(|p| p.kind == ProblemKind::Changed && p.blocking)
        && row.findings.iter().any(|f| f.rule == "unreadable-asset")
}

#[test]
fn what_changes_is_never_clean() {
    let nothing: Trick = |_, _| {};
    assert!(!is_changed(&tricked(nothing, nothing)));
    // Longer, shorter, another file by the same name and of the same size, gone: before it is opened and after.
    let grow: Trick = |base, path| {
        if path == "a.jpg" {
            let mut bytes = std::fs::read(base.join(path)).unwrap();
            bytes.push(0);
            std::fs::write(base.join(path), bytes).unwrap();
        }
    };
    let shrink: Trick = |base, path| {
        if path == "a.jpg" {
            let bytes = std::fs::read(base.join(path)).unwrap();
            std::fs::write(base.join(path), &bytes[..bytes.len() / 2]).unwrap();
        }
    };
    for trick in [grow, shrink] {
        assert!(is_changed(&tricked(trick, nothing)));
        assert!(is_changed(&tricked(nothing, trick)));
    }
}

#[cfg(unix)]
#[test]
fn an_exchanged_file_of_the_same_size_and_time_is_never_clean() {
    let nothing: Trick = |_, _| {};
    let exchange: Trick = |base, path| {
        if path == "a.jpg" {
            let (old, new) = (base.join(path), base.join("new.part"));
            let time = old.metadata().unwrap().modified().unwrap();
            let mut bytes = std::fs::read(&old).unwrap();
            bytes.reverse();
            std::fs::write(&new, bytes).unwrap();
            std::fs::File::options().write(true).open(&new).unwrap().set_modified(time).unwrap();
            // A clock tick, so that the change of anything can show.
            std::thread::sleep(std::time::Duration::from_millis(20));
            std::fs::rename(&new, &old).unwrap();
        }
    };
    assert!(is_changed(&tricked(exchange, nothing)));
    assert!(is_changed(&tricked(nothing, exchange)));
    // A pipe in its place does not hold the run up.
    let pipe: Trick = |base, path| {
        if path == "a.jpg" {
            std::fs::remove_file(base.join(path)).unwrap();
            let made = std::process::Command::new("mkfifo").arg(base.join(path)).status();
            assert!(made.unwrap().success());
        }
    };
    assert!(is_changed(&tricked(pipe, nothing)));
}

#[test]
fn an_archive_that_changes_taints_its_members() {
    let zip = archives::zip(&[archives::stored("a.jpg", &sample("formats/iim-credit.jpg"))]);
    let dir = folder(&[("z.zip", zip)]);
    let grow: Trick = |base, path| {
        // The second opening is for the members.
        let (file, mark) = (
            base.join(path),
            base.parent().unwrap().join(format!("{}.once", base.file_name().unwrap().to_str().unwrap())),
        );
        if mark.exists() {
            std::fs::remove_file(&mark).unwrap();
            let mut bytes = std::fs::read(&file).unwrap();
            bytes.push(0);
            std::fs::write(&file, bytes).unwrap();
        } else {
            std::fs::write(&mark, b"").unwrap();
        }
    };
    let tree = Arc::new(Observed { before_open: grow, ..Observed::new(dir.path()) });
    let (rows, _) = judged(&tree, &Asked::default());
    assert!(is_changed(row(&rows, "z.zip!/a.jpg")), "{rows:#?}");
}

#[test]
fn members_of_archives_are_known_again() {
    let (one, mut two) = (sample("formats/iim-credit.jpg"), sample("formats/iim-credit.jpg"));
    // The same place, length and name in two archives of one name; only the picture data differs.
    *two.last_mut().unwrap() ^= 1;
    let other = archives::tar(&[archives::taped("x.png", &marked())]);
    let blank = archives::tar(&[archives::taped("x.png", &vec![b' '; marked().len()])]);
    let zip = archives::zip(&[
        archives::stored("a.jpg", &one),
        archives::deflated("b.jpg", &two),
        archives::stored("t.tar", &other),
        archives::stored("t.tar", &blank),
    ]);
    let (dir, at) = (folder(&[("z.zip", zip)]), tempfile::tempdir().unwrap());
    std::thread::sleep(std::time::Duration::from_millis(2_200));
    let run = || {
        let cache = Some(Cache::open(&at.path().join("facts.db")).unwrap());
        let asked = Asked { cache, ..Asked::default() };
        let (rows, _) = judged(&Arc::new(Observed::new(dir.path())), &asked);
        let cache = asked.cache.unwrap();
        assert_eq!(cache.close(), None);
        (rows, cache.found())
    };
    let (first, second) = (run(), run());
    assert_eq!((first.0.len(), first.1, second.1), (7, 0, 7), "{:#?}", first.0);
    assert_eq!(first.0, second.0);
    let pictures: Vec<_> = first.0.iter().filter(|row| row.path.ends_with("x.png")).map(|row| row.ai).collect();
    assert!(pictures.contains(&Ai::None) && pictures.len() == 2 && pictures[0] != pictures[1], "{pictures:?}");
}

#[test]
fn what_fails_is_told_and_never_clean() {
    let dir = folder(&[("a.jpg", sample("formats/iim-credit.jpg")), ("s/b.jpg", sample("formats/iim-credit.jpg"))]);
    let failed = |failing: &'static str| {
        let tree = Arc::new(Observed { failing, ..Observed::new(dir.path()) });
        judged(&tree, &Asked::default()).0
    };
    let rows = failed("a.jpg");
    let problem = &row(&rows, "a.jpg").problems[0];
    assert!(problem.blocking && problem.what.contains("the connection was lost"), "{problem:?}");
    assert!(row(&rows, "s/b.jpg").problems.is_empty());
    let rows = failed("s");
    let problem = &row(&rows, "s").problems[0];
    assert!(problem.blocking && problem.what.contains("the connection was lost"), "{problem:?}");
    assert!(row(&rows, "s").findings.iter().any(|f| f.rule == "unreadable-asset"));
    assert!(row(&rows, "a.jpg").problems.is_empty());
}

#[test]
fn a_tree_without_local_files_says_the_same() {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let near = Arc::new(Observed::new(&formats));
    let far = Arc::new(Observed { remote: true, ..Observed::new(&formats) });
    let ((near, _), (far, _)) = (judged(&near, &Asked::default()), judged(&far, &Asked::default()));
    assert!(near.len() > 100);
    assert_eq!(near.len(), far.len());
    // What is to be typed names files of this machine by their paths there.
    let plain = |row: &AssetReport| {
        let mut row = row.clone();
        row.findings.iter_mut().for_each(|finding| finding.action = FindingAction::KeepApproved);
        row
    };
    for (near, far) in near.iter().zip(&far) {
        assert_eq!(plain(near), plain(far), "{}", near.path);
    }
}

#[cfg(unix)]
#[test]
fn names_of_any_bytes_are_found_again() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let name = |bytes: &[u8]| dir.path().join(std::ffi::OsStr::from_bytes(bytes));
    for folder in [&b"a\\b"[..], b"caf\xe9", b"x\\x41"] {
        std::fs::create_dir(name(folder)).unwrap();
        for file in [&b"f.jpg"[..], b"\xff.jpg", b"c\\d.jpg", b"\\x42.jpg"] {
            let path = name(&[folder, b"/", file].concat());
            std::fs::write(path, sample("formats/iim-credit.jpg")).unwrap();
        }
    }
    let tree = Arc::new(Observed::new(dir.path()));
    let (rows, _) = judged(&tree, &Asked::default());
    assert_eq!(rows.len(), 12);
    for row in &rows {
        assert_eq!((row.format.as_deref(), row.problems.as_slice()), (Some("jpeg"), &[][..]), "{}", row.path);
        let path = countersign::walk::from_lossless(&row.path).unwrap();
        assert!(dir.path().join(path).is_file(), "{}", row.path);
    }
    assert!(tree.counted("list").values().chain(tree.counted("open").values()).all(|n| *n == 1));
}
