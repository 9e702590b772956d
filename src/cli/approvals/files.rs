//! Which bytes a record is about: files, what is flagged in folders, globs, or what an earlier report found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet};

use super::flagged::{self, Made, Row};
use super::opened::open;
use super::request::{self, Request};
use crate::cli::config::{self, load_policy};
use crate::cli::delivery_root;
use crate::cli::inside::Trees;
use countersign_engine::archives;
use countersign_engine::walk::{Walk, lossless};
use countersign_io::TempSpace;
use countersign_io::digest;
use countersign_judge::approvals::Subject;
use countersign_judge::roles::Pattern;
use countersign_judge::rules;
use countersign_model::Decision;
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::count;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Files {
    /// Files, folders (what a scan flags in them), globs, or frames: 'shot.[1001-1240].dpx'
    #[arg(value_name = "FILE", required_unless_present_any = ["from_report", "from_request"])]
    files: Vec<PathBuf>,
    /// Take the files from a JSON report, as --finding picks them
    #[arg(long, value_name = "REPORT.json", requires = "finding", conflicts_with = "files")]
    from_report: Option<PathBuf>,
    /// Take the bytes, and what was asked, from a request that `countersign serve` gave as a file
    #[arg(long, value_name = "REQUEST.json", conflicts_with_all = ["files", "from_report"])]
    from_request: Option<PathBuf>,
    /// Files with an open finding of this rule, or of this rule below a pattern; repeatable
    #[arg(long, value_name = "RULE[:GLOB]", requires = "from_report")]
    finding: Vec<String>,
    /// Take everything in folders, flagged or not
    #[arg(long)]
    all: bool,
    /// Policy by which folders are scanned
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// The folder in which the delivery begins, where the folders are parts of it
    #[arg(long, value_name = "DIR")]
    delivery_root: Option<PathBuf>,
    /// Do not ask before what was found in folders is recorded
    #[arg(long, short)]
    yes: bool,
    /// Only show what would be recorded
    #[arg(long)]
    dry_run: bool,
}

/// Files that are named where another command is for them.
const LEFT: usize = 5;

/// The bytes that were chosen, and what is to be told before they are recorded.
#[derive(Debug, Default)]
pub(in crate::cli) struct Selection {
    /// By what made them: each becomes a record of its own.
    pub(super) groups: BTreeMap<Made, Group>,
    /// Of what somebody deciding must know.
    pub(super) warnings: Vec<String>,
    /// Whether the program picked them, and not the user by name.
    pub(super) picked: bool,
    /// Files of folders that were looked at and not taken.
    pub(super) passed: usize,
    pub(super) yes: bool,
    pub(super) dry_run: bool,
    /// The request that it was taken from.
    pub(in crate::cli) request: Option<Request>,
}

/// Subjects of one record, and the paths to open, in the same order.
#[derive(Debug, Default)]
pub(in crate::cli) struct Group {
    pub(in crate::cli) subjects: Vec<Subject>,
    pub(in crate::cli) paths: Vec<PathBuf>,
}

impl Selection {
    /// What the program was given word for word.
    pub(super) fn of(subjects: Vec<Subject>) -> Self {
        let group = Group { subjects, paths: Vec::new() };
        Self { groups: BTreeMap::from([(Made::default(), group)]), ..Self::default() }
    }

    /// The subjects of all records.
    pub(in crate::cli) fn groups_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.groups.values_mut()
    }
}

/// Whether the name may stand for several files.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

impl Files {
    /// The bytes as they are now; paths are only hints to find them again. `ledger` are the records that a scan of folders
    /// is judged by; of them only those are taken that a record of this decision settles.
    pub(in crate::cli) fn selected(&self, ledger: Option<&Path>, decision: Decision) -> Result<Selection> {
        let mut out = Selection { yes: self.yes, dry_run: self.dry_run, ..Selection::default() };
        if let Some(path) = &self.from_request {
            let request = request::read(path)?;
            out.groups.insert(request.made(), Group { subjects: vec![request.subject()], paths: Vec::new() });
            out.request = Some(request);
            return Ok(out);
        }
        let chosen = match &self.from_report {
            Some(report) => reported(report, &self.finding)?,
            None => {
                let (folders, files): (Vec<_>, Vec<_>) = self.files.iter().partition(|file| !self.all && file.is_dir());
                let mut chosen = files.into_iter().map(|file| named(file)).collect::<Result<Vec<_>>>()?.concat();
                chosen.extend(self.of_folders(&folders, (ledger, decision), &mut out)?);
                chosen
            }
        };
        let mut seen = BTreeSet::new();
        for chosen in chosen.into_iter().filter(|chosen| seen.insert(chosen.path.clone())) {
            let subject = chosen.subject()?;
            let group = out.groups.entry(chosen.made).or_default();
            group.subjects.push(subject);
            group.paths.push(chosen.path);
        }
        Ok(out)
    }

    /// What a scan flags in these folders.
    fn of_folders(
        &self,
        folders: &[&PathBuf],
        (ledger, decision): (Option<&Path>, Decision),
        out: &mut Selection,
    ) -> Result<Vec<Chosen>> {
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let policy = load_policy(self.policy.as_deref())?;
        let roots: Vec<PathBuf> = folders.iter().map(|folder| (*folder).clone()).collect();
        let trees = Trees::new(roots.clone(), false);
        trees.keep_out("the approvals ledger", ledger)?;
        trees.keep_out("the policy", self.policy.clone().or_else(config::policy).as_deref())?;
        let delivery = delivery_root::checked(self.delivery_root.as_deref(), &roots, false)?;
        let approvals =
            ledger.filter(|path| path.exists()).map(|path| open(path, &policy.trust.keys, &roots)).transpose()?;
        let (policy, approvals) = (Arc::new(policy), approvals.map(Arc::new));
        let (mut chosen, mut left) = (Vec::new(), BTreeMap::new());
        for folder in &roots {
            let rows = flagged::scanned((folder, delivery.as_deref()), &policy, approvals.as_ref())?;
            out.warnings.extend(rows.iter().filter_map(Row::warning));
            let (flagged, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.is_settled_by(decision));
            out.passed += others.len();
            for (row, command) in others.iter().filter_map(|row| Some((row, row.other_command(decision)?))) {
                let rows: &mut Vec<_> = left.entry(command).or_default();
                rows.push(row.path.clone());
            }
            let single = singles(&flagged, std::slice::from_ref(folder))
                .chain(singles(&others, std::slice::from_ref(folder)))
                .collect();
            for row in flagged {
                chosen.extend(of_row(&row, folder, &single)?);
            }
        }
        out.picked = true;
        out.warnings.extend(left.iter().map(|(command, paths)| left_to(command, paths)));
        match chosen.is_empty() {
            true if !left.is_empty() => Err(Error::Usage {
                what: out.warnings.join("\n  "),
                hint: "nothing was recorded; `countersign rules ai-in-archival` says why".to_owned(),
            }),
            true => Err(Error::Usage {
                what: format!(
                    "nothing in {} is flagged that a record would clear",
                    roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ")
                ),
                hint:
                    "nothing was recorded; `countersign scan` shows what is in a folder, --all takes everything in it"
                        .to_owned(),
            }),
            false => Ok(chosen),
        }
    }
}

/// What is told of files that an approval would not clear.
fn left_to(command: &str, paths: &[String]) -> String {
    let named: Vec<_> = paths.iter().take(LEFT).map(|path| terminal(path)).collect();
    let more = paths.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let files = count(paths.len() as u64, "file", "files");
    format!(
        "not taken: {files} that an approval does not clear; `countersign {command}` would: {}{more}",
        named.join(", ")
    )
}

/// The subjects that one argument stands for.
pub(super) fn named_subjects(file: &Path) -> Result<Vec<Subject>> {
    named(file)?.iter().map(Chosen::subject).collect()
}

/// As [`named_subjects`], with the paths.
pub(super) fn named_files(file: &Path) -> Result<Vec<(PathBuf, Subject)>> {
    named(file)?.into_iter().map(|chosen| Ok((chosen.path.clone(), chosen.subject()?))).collect()
}

/// A file that was chosen.
#[derive(Clone, Debug)]
struct Chosen {
    path: PathBuf,
    /// The digest that it must still have.
    then: Option<String>,
    /// How a record calls it: by its whole path, unless a scan or a report knows its place in the delivery.
    name: Option<String>,
    made: Made,
}

impl Chosen {
    fn file(path: PathBuf) -> Self {
        Self { path, then: None, name: None, made: Made::default() }
    }

    fn subject(&self) -> Result<Subject> {
        let subject = subject(&self.path, self.then.as_deref())?;
        Ok(match &self.name {
            Some(name) => Subject { name: name.clone(), ..subject },
            None => subject,
        })
    }
}

fn subject(file: &Path, then: Option<&str>) -> Result<Subject> {
    let failed = |what: String| Error::File {
        path: file.to_path_buf(),
        what,
        hint: "nothing was recorded; what is recorded must be there and readable".to_owned(),
    };
    let sha256 = sha256(file).map_err(failed)?;
    if then.is_some_and(|then| !then.eq_ignore_ascii_case(&sha256)) {
        return Err(failed("it has changed since the report: these bytes were judged by nobody".to_owned()));
    }
    // From wherever a later scan starts, the whole path fits.
    let whole = std::path::absolute(file).map_err(|e| failed(e.to_string()))?;
    Ok(Subject::new(lossless(&whole), Some(&sha256)))
}

/// Of a file, or of a member of an archive.
fn sha256(path: &Path) -> std::result::Result<String, String> {
    let space = TempSpace::outside(&[]);
    let Some((member, inside)) = archives::find(path, &space).map_err(|p| p.what)? else {
        return digest::sha256(path).map_err(|e| e.to_string());
    };
    let opened = inside.open(&space).map_err(|p| p.what)?;
    let mut bytes = opened.stream();
    let digests = digest::stream(&mut bytes, member.size, &[digest::Algorithm::Sha256], &mut |_| true);
    let digests = digests.map_err(|e| e.to_string())?;
    match bytes.problem().or(opened.problem) {
        Some(problem) => Err(problem.what),
        None => Ok(digests.first().map(digest::Digest::text).unwrap_or_default()),
    }
}

/// What one argument stands for.
fn named(file: &Path) -> Result<Vec<Chosen>> {
    if !file.is_dir() {
        let text = file.to_string_lossy();
        // A name that exists is that file, whatever characters are in it.
        if std::fs::symlink_metadata(file).is_ok() {
            return Ok(vec![Chosen::file(file.to_path_buf())]);
        }
        // So is a member of an archive; what is wrong with one that is not there is told when it is read.
        if let Ok(Some(_)) = archives::find(file, &TempSpace::outside(&[])) {
            return Ok(vec![Chosen::file(file.to_path_buf())]);
        }
        if let Some(frames) = Frames::named(file) {
            let found = frames.found()?;
            return Ok(found.into_iter().map(|(path, _)| Chosen::file(path)).collect());
        }
        if is_pattern(&text) {
            return globbed(&text);
        }
        return Ok(vec![Chosen::file(file.to_path_buf())]);
    }
    let found = walked(file)?;
    match found.is_empty() {
        true => Err(nothing(format!("{} holds no file", file.display()))),
        false => Ok(found),
    }
}

fn walked(folder: &Path) -> Result<Vec<Chosen>> {
    let mut out = Vec::new();
    for asset in Walk::new(&[folder.to_path_buf()], GlobSet::empty()).flatten() {
        if let Some(obstacle) = asset.obstacle {
            let hint = "nothing was recorded; name the files one by one".to_owned();
            return Err(Error::File { path: asset.path, what: obstacle.what, hint });
        }
        out.push(Chosen::file(asset.path));
    }
    Ok(out)
}

/// The files that a glob means: `*` and `?` stay inside one folder, `**` crosses folders.
fn globbed(text: &str) -> Result<Vec<Chosen>> {
    let bad = |e: globset::Error| nothing(format!("{text}: {}", e.kind()));
    let glob = GlobBuilder::new(text).literal_separator(true).build().map_err(bad)?.compile_matcher();
    let special = text.find(['*', '?', '[', '{']).unwrap_or(text.len());
    let base = text.get(..special).and_then(|t| t.rfind('/')).and_then(|end| text.get(..=end)).unwrap_or("");
    let start = if base.is_empty() { Path::new(".") } else { Path::new(base) };
    let below =
        |path: &Path| path.strip_prefix(start).map_or_else(|_| path.to_path_buf(), |rel| Path::new(base).join(rel));
    let found: Vec<_> = walked(start)?.into_iter().filter(|chosen| glob.is_match(below(&chosen.path))).collect();
    match found.is_empty() {
        true => Err(nothing(format!("no file is called {text}"))),
        false => Ok(found),
    }
}

fn nothing(what: String) -> Error {
    let hint =
        "nothing was recorded; name files, folders, globs ('stills/**/*.png') or frames ('shot.[1001-1240].dpx')";
    Error::Usage { what, hint: hint.to_owned() }
}

/// Frames as reports name them: `shot.[1001-1240].dpx`, or some of them, `shot.[1001-1004,1006].dpx`.
struct Frames<'a> {
    folder: &'a Path,
    whole: &'a Path,
    prefix: &'a str,
    ranges: Vec<(u64, u64)>,
    suffix: &'a str,
}

impl<'a> Frames<'a> {
    /// The frames that the path names; `None` where its brackets hold no numbers of several digits, as in a glob.
    fn named(path: &'a Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (prefix, rest) = name.rsplit_once('[')?;
        let (list, suffix) = rest.split_once(']')?;
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((number(first)?, number(last)?)).filter(|(first, last)| first <= last)
        };
        let ranges = list.split(',').map(range).collect::<Option<Vec<_>>>()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        (list.split([',', '-']).any(|n| n.len() > 1)).then_some(Self { folder, whole: path, prefix, ranges, suffix })
    }

    /// Those that are there with their sizes, in the order of their numbers.
    fn found(&self) -> Result<Vec<(PathBuf, u64)>> {
        let mut found = Vec::new();
        for (path, size) in self.beside()? {
            let Some(name) = path.file_name() else { continue };
            let digits = name.to_str().and_then(|n| n.strip_prefix(self.prefix)?.strip_suffix(self.suffix));
            let number = digits.filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse::<u64>().ok());
            if let Some(number) = number.filter(|n| self.ranges.iter().any(|(first, last)| (first..=last).contains(&n)))
            {
                let size = size.or_else(|| std::fs::metadata(&path).ok().map(|meta| meta.len()));
                found.push((number, path, size.unwrap_or_default()));
            }
        }
        found.sort();
        match found.is_empty() {
            true => Err(nothing(format!("no frame of {} is there", self.whole.display()))),
            false => Ok(found.into_iter().map(|(_, path, size)| (path, size)).collect()),
        }
    }

    /// What is in the folder or, with its sizes, in a folder of an archive.
    fn beside(&self) -> Result<Vec<(PathBuf, Option<u64>)>> {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { self.folder };
        if let Some(members) = archives::folder(folder, &TempSpace::outside(&[]))
            .map_err(|p| nothing(format!("{}: {}", folder.display(), p.what)))?
        {
            return Ok(members.into_iter().map(|(path, size)| (path, Some(size))).collect());
        }
        let failed = |e: std::io::Error| nothing(format!("{}: {e}", folder.display()));
        let entries = std::fs::read_dir(folder).map_err(failed)?;
        entries.map(|entry| Ok((self.folder.join(entry.map_err(failed)?.file_name()), None))).collect()
    }
}

/// What a report holds that is needed here.
#[derive(serde::Deserialize)]
struct Report {
    run: Roots,
    assets: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Roots {
    roots: Vec<String>,
}

/// The frames that a row stands for, which are all there and as large as they were; those with rows of their own are
/// not among them.
fn frames(row: &Row, path: &Path, count: u64, apart: &BTreeSet<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut found = Frames::named(path).map(|frames| frames.found()).transpose()?.unwrap_or_default();
    found.retain(|(frame, _)| !apart.contains(frame));
    let bytes: u64 = found.iter().fold(0, |sum, (_, size)| sum.saturating_add(*size));
    match found.len() as u64 == count && bytes == row.bytes {
        true => Ok(found.into_iter().map(|(path, _)| path).collect()),
        false => Err(Error::File {
            path: path.to_path_buf(),
            what: format!(
                "{count} frames of {} bytes were judged, {} of {bytes} bytes are there",
                row.bytes,
                found.len()
            ),
            hint: "nothing was recorded; scan again, or paste the command that the finding proposes".to_owned(),
        }),
    }
}

/// What one row below a root stands for; `apart` are the files with rows of their own.
fn of_row(row: &Row, root: &Path, apart: &BTreeSet<PathBuf>) -> Result<Vec<Chosen>> {
    let path = archives::below(root, Path::new(&row.path));
    let made = row.made();
    let Some(run) = row.frames else {
        let name = Some(flagged::name(root, &row.path));
        return Ok(vec![Chosen { path, then: row.sha256.clone(), name, made }]);
    };
    let folder = row.path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
    let chosen = |path: PathBuf| {
        let file = path.file_name().map(|file| lossless(Path::new(file))).unwrap_or_default();
        Chosen { name: Some(flagged::name(root, &format!("{folder}{file}"))), path, then: None, made: made.clone() }
    };
    Ok(frames(row, &path, run.count, apart)?.into_iter().map(chosen).collect())
}

/// The paths of the rows that are files of their own.
fn singles<'r>(rows: &'r [Row], roots: &'r [PathBuf]) -> impl Iterator<Item = PathBuf> + use<'r> {
    let place = |row: &Row| {
        let root = roots.get(row.root).cloned().unwrap_or_default();
        archives::below(&root, Path::new(&row.path))
    };
    rows.iter().filter(|row| row.frames.is_none()).map(place)
}

fn reported(report: &Path, findings: &[String]) -> Result<Vec<Chosen>> {
    let failed = |what: String, hint: &str| Error::Data { path: report.to_path_buf(), what, hint: hint.to_owned() };
    let wants = findings.iter().map(|text| wanted(text)).collect::<Result<Vec<_>>>()?;
    let text =
        std::fs::read(report).map_err(|e| failed(e.to_string(), "name a report of `scan --report json=FILE`"))?;
    let read: Report = serde_json::from_slice(&text)
        .map_err(|e| failed(format!("not a JSON report: {e}"), "`scan --report json=FILE` writes one"))?;
    let roots: Vec<PathBuf> = read.run.roots.iter().map(PathBuf::from).collect();
    let apart: BTreeSet<PathBuf> = singles(&read.assets, &roots).collect();
    let mut out = Vec::new();
    for row in &read.assets {
        let open = row.findings.iter().filter(|f| f.state == countersign_model::FindingState::Open);
        let mut open = open.filter(|f| {
            wants.iter().any(|(rule, pattern)| f.rule == *rule && pattern.as_ref().is_none_or(|p| p.matches(&row.path)))
        });
        if open.next().is_some() {
            let root = roots.get(row.root).cloned().unwrap_or_default();
            out.extend(of_row(row, &root, &apart)?);
        }
    }
    match out.is_empty() {
        true => {
            let open = read.assets.iter().flat_map(|row| &row.findings);
            let open = open.filter(|f| f.state == countersign_model::FindingState::Open).map(|f| f.rule.as_str());
            let open: Vec<_> = open.collect::<BTreeSet<_>>().into_iter().collect();
            let hint = format!("nothing was recorded; the report has open findings of: {}", open.join(", "));
            Err(failed(format!("no open finding of {}", findings.join(", ")), &hint))
        }
        false => Ok(out),
    }
}

fn wanted(text: &str) -> Result<(String, Option<Pattern>)> {
    let (rule, pattern) = match text.split_once(':') {
        Some((rule, pattern)) => (rule, Some(pattern)),
        None => (text, None),
    };
    if rules::by_id(rule).is_none() {
        return Err(crate::cli::names::unknown("rule", rule, rules::ALL.iter().map(|r| r.info().id)));
    }
    let pattern = pattern.map(Pattern::new).transpose().map_err(|e| nothing(format!("--finding {text}: {e}")))?;
    Ok((rule.to_owned(), pattern))
}
