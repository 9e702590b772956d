//! Where reports go: standard output, or a file that gets its name only when it is whole.
//!
//! Whoever stops reading standard output ends nothing: all is judged, and the exit code is that of the verdict, whatever
//! the format and however soon a reader is gone.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_io::inside_roots;
use countersign_judge::rules;
use countersign_model::error::{Error, Result};
use countersign_model::{AssetReport, Run, Summary};
use countersign_report::words::{counts, outcome};
use countersign_report::{self as report, Kind, RenderOptions, Report, RuleDoc};

use super::console::{tell, warn};
use super::partials;

/// Unfinished files of this process, to be removed when it ends at once.
static PARTIALS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What messages call the report that goes there.
const STDOUT: &str = "standard output";

/// With fewer free bytes no report can be expected to fit: better told before the drive is read than after.
const LEAST: u64 = 64 * 1024;

/// One `--report FORMAT[=FILE]`.
#[derive(Clone)]
pub(super) struct ReportTarget {
    kind: &'static Kind,
    file: Option<PathBuf>,
}

impl std::fmt::Debug for ReportTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={:?}", self.kind.info.id, self.file)
    }
}

impl std::str::FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (id, file) = match text.split_once('=') {
            Some((id, file)) => (id, Some(file)),
            None => (text, None),
        };
        let kind = report::by_id(id).ok_or_else(|| no_format(id))?;
        if file == Some("") {
            return Err(format!("no file after '{id}='"));
        }
        let file = file.filter(|f| *f != "-").map(PathBuf::from);
        let kind = file.as_deref().map_or(kind, |file| report::for_file(kind, file));
        Ok(Self { kind, file })
    }
}

/// The formats with what they are, for `--help`.
pub(super) fn help() -> String {
    let ids: Vec<_> = report::ALL.iter().map(|kind| kind.info.id).collect();
    format!("Report to write, repeatable: {} [default: terminal on standard output]", ids.join(", "))
}

/// The rules' pages, for reports that carry them.
pub(super) fn pages() -> Arc<[RuleDoc]> {
    let page = |info: &rules::Info| {
        let text = info.doc();
        let summary = text.lines().next().unwrap_or_default().to_owned();
        RuleDoc { id: info.id.to_owned(), summary, text, severity: info.severity }
    };
    rules::ALL.iter().map(|rule| page(rule.info())).collect()
}

fn no_format(id: &str) -> String {
    let known: Vec<_> = report::ALL.iter().map(|kind| kind.info.id).collect();
    let near = known.iter().map(|k| (strsim::jaro_winkler(k, id), k)).max_by(|a, b| a.0.total_cmp(&b.0));
    let meant = near.filter(|(score, _)| *score > 0.75).map(|(_, k)| format!("; did you mean '{k}'?"));
    format!("no report format '{id}'{}; there are: {}", meant.unwrap_or_default(), known.join(", "))
}

impl ReportTarget {
    /// The report that is written when none is asked for.
    pub(super) fn default_report() -> Self {
        Self { kind: &report::terminal::KIND, file: None }
    }

    /// Whether it goes to standard output.
    fn to_stdout(&self) -> bool {
        self.file.is_none()
    }
}

/// All reports of a run.
pub(super) struct Outputs {
    outputs: Vec<Output>,
    /// The first that could not be written to its end.
    failed: Option<Error>,
}

struct Output {
    /// What messages call it.
    name: PathBuf,
    /// Taken when it has ended, failed, or lost its reader.
    report: Option<Box<dyn Report>>,
    /// The unfinished file and the name it gets.
    pending: Option<(PathBuf, PathBuf)>,
    to_stdout: bool,
    /// Whether it was written to its end.
    written: bool,
}

impl Outputs {
    /// Opens every report before the scan starts, so that a bad path fails at once.
    ///
    /// # Errors
    /// A file inside the scanned tree, two reports for one place, a path that cannot be written.
    pub(super) fn open(wanted: &[ReportTarget], roots: &[PathBuf], render_options: &RenderOptions) -> Result<Self> {
        let files: Vec<_> = wanted.iter().filter_map(|w| w.file.as_deref()).map(whole).collect();
        if let Some((_, twice)) = files.iter().enumerate().find(|(i, f)| files[..*i].contains(f)) {
            return Err(Error::Usage {
                what: format!("two reports for {}", twice.display()),
                hint: "give each report a file of its own".to_owned(),
            });
        }
        if wanted.iter().filter(|w| w.to_stdout()).count() > 1 {
            return Err(Error::Usage {
                what: "more than one report for standard output".to_owned(),
                hint: "give all but one a file: --report FORMAT=FILE".to_owned(),
            });
        }
        let outputs = wanted.iter().map(|w| Output::open(w, roots, render_options)).collect::<Result<_>>()?;
        Ok(Self { outputs, failed: None })
    }

    pub(super) fn begin(&mut self, run: &Run) -> Result<()> {
        self.each(|report| report.begin(run))
    }

    pub(super) fn asset(&mut self, asset: &AssetReport) -> Result<()> {
        self.each(|report| report.asset(asset))
    }

    /// Whether nobody is left to write for.
    pub(super) fn all_closed(&self) -> bool {
        self.outputs.iter().all(|output| output.report.is_none())
    }

    /// Ends all reports and gives the files their names. Where none goes to standard output, standard error tells the
    /// verdict and, unless `quiet`, which files were written.
    pub(super) fn end(mut self, summary: &Summary, quiet: bool) -> Result<()> {
        self.each(|report| report.end(summary))?;
        for output in &mut self.outputs {
            if output.report.take().is_none() {
                continue;
            }
            if let Some((partial, path)) = &output.pending {
                std::fs::rename(partial, path).map_err(|e| unwritable(path, &e))?;
            }
            output.pending = None;
            output.written = true;
        }
        if self.outputs.iter().all(|output| !output.to_stdout) {
            let (_, word, _) = outcome(summary);
            tell(&format!("{word}  {}", counts(summary)));
            for output in self.outputs.iter().filter(|output| output.written && !quiet) {
                tell(&format!("wrote {}", output.name.display()));
            }
        }
        self.failed.map_or(Ok(()), Err)
    }

    /// A report that cannot be written on is given up and the others go on; what went wrong is told at the end, or
    /// at once where none is left.
    fn each(&mut self, mut act: impl FnMut(&mut dyn Report) -> io::Result<()>) -> Result<()> {
        for output in &mut self.outputs {
            let Some(report) = output.report.as_mut() else { continue };
            let Err(e) = act(report.as_mut()) else { continue };
            output.report = None;
            output.discard();
            // Whoever read it has seen enough.
            if e.kind() != io::ErrorKind::BrokenPipe || output.pending.is_some() {
                self.failed.get_or_insert_with(|| unwritable(&output.name, &e));
            } else if io::stderr().is_terminal() {
                warn("nobody reads the report any more; the rest is judged for the exit code (Ctrl-C ends the run)");
            }
        }
        match self.failed.take() {
            Some(error) if self.all_closed() => Err(error),
            failed => {
                self.failed = failed;
                Ok(())
            }
        }
    }
}

impl Output {
    fn open(wanted: &ReportTarget, roots: &[PathBuf], render_options: &RenderOptions) -> Result<Self> {
        let Some(path) = &wanted.file else {
            let report = (wanted.kind.start)(Box::new(BufWriter::new(io::stdout())), render_options.clone());
            return Ok(Self::new(STDOUT.into(), report, None));
        };
        if let Some(root) = inside_roots(path, roots) {
            return Err(Error::File {
                path: path.clone(),
                what: format!("lies inside the scanned tree {}, which is never written to", root.display()),
                hint: "write the report somewhere else, or say that you mean it: --allow-inside".to_owned(),
            });
        }
        if path.is_dir() {
            return Err(unwritable(path, &io::Error::other("is a folder")));
        }
        // Whoever reads the file has another terminal.
        let render_options =
            RenderOptions { color: false, width: RenderOptions::default().width, ..render_options.clone() };
        // A pipe or a device is written to, never replaced.
        if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            let file = File::options().write(true).open(path).map_err(|e| unwritable(path, &e))?;
            let report = (wanted.kind.start)(Box::new(BufWriter::new(file)), render_options);
            return Ok(Self::new(path.clone(), report, None));
        }
        let free = free(path);
        if free.is_some_and(|free| free < LEAST) {
            return Err(unwritable(path, &io::Error::other("the disk is full")));
        }
        partials::remove_abandoned(path);
        let partial = partials::name(path);
        let file = File::create(&partial).map_err(|e| unwritable(path, &e))?;
        partials::hold(&file);
        PARTIALS.lock().unwrap_or_else(PoisonError::into_inner).push(partial.clone());
        let report = (wanted.kind.start)(Box::new(BufWriter::new(file)), render_options);
        Ok(Self::new(path.clone(), report, Some((partial, path.clone()))))
    }

    fn new(name: PathBuf, report: Box<dyn Report>, pending: Option<(PathBuf, PathBuf)>) -> Self {
        let to_stdout = name == Path::new(STDOUT);
        Self { name, report: Some(report), pending, to_stdout, written: false }
    }

    /// Removes the unfinished file; it was given up.
    fn discard(&mut self) {
        if let Some((partial, _)) = self.pending.as_ref() {
            let _ = std::fs::remove_file(partial);
        }
    }
}

/// The path as it is once links and `..` are resolved, as far as that can be had before the file is there.
fn whole(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || std::fs::canonicalize(folder).ok().zip(path.file_name()).map(|(folder, name)| folder.join(name));
    std::fs::canonicalize(path).ok().or_else(beside).unwrap_or_else(|| path.to_path_buf())
}

/// Bytes that may still be written where this file will be, where the system says so.
#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let room = rustix::fs::statvfs(folder).ok()?;
    // A file system that has no blocks at all (a network share, a container's overlay) does not say.
    (room.f_blocks > 0).then(|| room.f_bavail.saturating_mul(room.f_frsize))
}

#[cfg(not(unix))]
fn free(_path: &Path) -> Option<u64> {
    None
}

/// Removes what is unfinished; for an end without return.
pub(super) fn discard() {
    for partial in PARTIALS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = std::fs::remove_file(partial);
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::File {
        path: path.to_path_buf(),
        what: format!("the report cannot be written: {error}"),
        hint: "check that the folder exists, that it may be written to and that the disk is not full".to_owned(),
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Only what never got its final name is still here under the partial one.
        self.discard();
    }
}
