//! How much memory a scan takes at most.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::document::program;

/// Scans the folder `delivery` in this one: its JSON report, and the most memory that the process had, in megabytes.
pub(crate) fn scanned(folder: &Path) -> (String, u64) {
    let report = folder.join("report.json");
    let mut command = program(folder, env!("CARGO_BIN_EXE_countersign"));
    command.args(["scan", "delivery", "--jobs", "2", "--report", "json=report.json"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).and_then(|peak| peak.parse::<u64>().ok());
        most = most.max(peak.unwrap_or(0) / 1024);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(most > 0, "nothing was measured");
    (std::fs::read_to_string(report).unwrap(), most)
}
