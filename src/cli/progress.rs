//! Progress on a terminal: files, bytes, rate, time left, findings so far. Silent in a pipe.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use countersign_engine::preview::Tried;
use countersign_engine::scan::Watch;
use countersign_model::{Finding, FindingState, Severity};
use countersign_report::layout::{self, number};

/// Tells on standard error how many pictures for a page were tried, where that is a terminal and `wanted`.
pub(super) fn pictures(wanted: bool) -> Option<Box<Tried>> {
    if !wanted || !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.set_style(style("{spinner} pictures for the page: {pos} of {len}"));
    let bar = bar.with_finish(ProgressFinish::AndClear);
    Some(Box::new(move |tried, of| {
        bar.set_length(of as u64);
        bar.set_position(tried as u64);
        if tried >= of {
            bar.finish_and_clear();
        }
    }))
}

/// What the run tells of itself while it goes on.
pub(super) struct Progress {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
    files: AtomicU64,
    members: AtomicU64,
    gathered: AtomicU64,
    errors: AtomicU64,
    warnings: AtomicU64,
    /// Files in all, once they have been counted.
    total: Arc<AtomicU64>,
}

impl Progress {
    /// A bar on standard error where that is a terminal and `wanted`; `stop` ends the run.
    pub(super) fn new(wanted: bool, stop: Arc<AtomicBool>) -> Self {
        let shown = wanted && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style("{spinner} {prefix}\n{decimal_bytes} · {decimal_bytes_per_sec} · {wide_msg}"));
        if shown {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        let zero = AtomicU64::default;
        Self {
            bar,
            stop,
            files: zero(),
            members: zero(),
            gathered: zero(),
            errors: zero(),
            warnings: zero(),
            total: Arc::default(),
        }
    }

    /// Whether anybody sees it: only then is it worth counting the files beforehand.
    pub(super) fn shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// What to do with the count once it is known, from another thread.
    pub(super) fn on_measured(&self) -> impl FnOnce(u64, u64) + Send + 'static {
        let (bar, total) = (self.bar.clone(), Arc::clone(&self.total));
        move |files, bytes| {
            total.store(files, Ordering::Relaxed);
            bar.set_length(bytes);
            // Two lines, of which one stretches and one is cut, so that they fit any terminal.
            bar.set_style(style(
                "{wide_bar} {prefix} · {eta} left\n\
                 {decimal_bytes} of {decimal_total_bytes} · {decimal_bytes_per_sec} · {wide_msg}",
            ));
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress {
    /// One more was judged, of files or of members of archives.
    fn count_judged(&self, count: &AtomicU64, findings: &[Finding]) {
        if self.bar.is_hidden() {
            return;
        }
        let open = |severity| {
            let n = findings.iter().filter(|f| f.severity == severity && f.state == FindingState::Open).count();
            n as u64
        };
        count.fetch_add(1, Ordering::Relaxed);
        let errors = open(Severity::Error);
        let errors = self.errors.fetch_add(errors, Ordering::Relaxed) + errors;
        let warnings = open(Severity::Warning);
        let warnings = self.warnings.fetch_add(warnings, Ordering::Relaxed) + warnings;
        let files = self.files.load(Ordering::Relaxed);
        let of = match self.total.load(Ordering::Relaxed) {
            0 => String::new(),
            total => format!(" of {}", number(total)),
        };
        let members = match self.members.load(Ordering::Relaxed) {
            0 => String::new(),
            members => format!(", {} in archives", number(members)),
        };
        self.bar.set_prefix(format!("{}{of} files{members}", number(files)));
        let (errors, warnings) =
            (layout::count(errors, "error", "errors"), layout::count(warnings, "warning", "warnings"));
        self.bar.set_message(format!("{errors}, {warnings}"));
    }
}

/// An empty line comes first: the terminal's echo of an interrupt moves everything up by one line, and what is cleared
/// after that leaves the first.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(&format!("\n{template}")).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Watch for Progress {
    fn hashed(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn judged(&self, bytes: u64, findings: &[Finding]) {
        self.count_judged(&self.files, findings);
        if !self.bar.is_hidden() {
            self.bar.inc(bytes);
        }
    }

    fn judged_member(&self, findings: &[Finding]) {
        self.count_judged(&self.members, findings);
    }

    fn gathered(&self) {
        let count = self.gathered.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.bar.is_hidden() {
            self.bar.set_prefix(format!("{} files read for fingerprints", number(count)));
        }
    }

    fn stop(&self) -> &AtomicBool {
        &self.stop
    }
}
