//! The scans: a process of this same program for each delivery that waits, whose report is kept.
//!
//! A delivery is looked at again when its scan has ended: where it does not look as before, the verdict is about files that
//! have changed, and the delivery arrives anew.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::store::{Delivery, State, Verdict, now};
use crate::{Server, settle};

/// How often it is looked whether a scan has ended, and whether something waits.
const TICK: Duration = Duration::from_millis(50);
/// The longest report that is read.
const REPORT: u64 = 1 << 30;
/// How much of what a failed scan printed is shown.
const SAID: usize = 2_000;

/// Scans what waits until the server ends.
pub fn run(server: &Arc<Server>) {
    while !server.stopped() {
        match server.store.take() {
            Ok(Some((delivery, scan))) => {
                server.changed(&delivery.id);
                if let Err(what) = one(server, &delivery, scan) {
                    server.tell(&format!("delivery {}", delivery.name), &what);
                }
                server.changed(&delivery.id);
            }
            Ok(None) => server.rest(TICK * 4),
            Err(e) => {
                server.tell("queue", &e.to_string());
                server.rest(Duration::from_secs(1));
            }
        }
    }
}

/// Where the report of a scan is kept.
#[must_use]
pub fn report_path(data: &Path, scan: i64) -> PathBuf {
    data.join("reports").join(format!("{scan}.json"))
}

/// Scans one delivery and keeps what came of it. Where the server is to end, the scan is given up without a verdict: the
/// delivery waits again when the next server starts.
fn one(server: &Server, delivery: &Delivery, scan: i64) -> Result<(), String> {
    let told = |e: rusqlite::Error| format!("the database: {e}");
    let root = server.settings.roots.iter().find(|root| root.name == delivery.root);
    let mut verdict = match root {
        None => failed(format!("no root is called {} any more", delivery.root)),
        Some(root) => {
            let folder = root.path.join(&delivery.name);
            let Some(mut verdict) = judged(server, &folder, scan) else { return Ok(()) };
            match settle::look(&folder, server.settings.marker.as_deref()) {
                Ok(look) => verdict.digest = look.digest,
                Err(e) => verdict.why = verdict.why.or_else(|| Some(format!("{}: {e}", folder.display()))),
            }
            verdict
        }
    };
    if verdict.digest.is_empty() && root.is_none() {
        // Nothing has changed that anybody could see.
        verdict.digest.clone_from(&delivery.digest);
    }
    let hooks = |state: State| told_of(server, delivery, scan, state, &verdict);
    server.store.ended(&delivery.id, scan, &verdict, &hooks).map_err(told)?;
    Ok(())
}

fn failed(why: String) -> Verdict {
    Verdict { code: -1, outcome: String::new(), summary: String::new(), why: Some(why), digest: String::new() }
}

/// The verdict of a scan's process; `None` where it was ended because the server ends.
fn judged(server: &Server, folder: &Path, scan: i64) -> Option<Verdict> {
    let report = report_path(&server.settings.data, scan);
    let (fresh, said) = (report.with_extension("new"), report.with_extension("txt"));
    let child = match start(server, folder, (&fresh, &said)) {
        Ok(child) => child,
        Err(what) => return Some(failed(what)),
    };
    let code = ended(server, child)?;
    let read = keep(server, scan, (&fresh, &report));
    let printed =
        std::fs::read(&said).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).unwrap_or_default();
    let _ = std::fs::remove_file(&said);
    let tail: String = printed.chars().rev().take(SAID).collect::<Vec<_>>().into_iter().rev().collect();
    Some(match read {
        Ok(summary) => {
            let outcome = summary.get("outcome").and_then(Value::as_str).unwrap_or_default().to_owned();
            let why = (code > 1).then(|| match tail.is_empty() {
                true => format!("the scan ended with code {code}: {outcome}"),
                false => tail,
            });
            Verdict { code, outcome, summary: summary.to_string(), why, digest: String::new() }
        }
        Err(what) => {
            let said = if tail.is_empty() { what } else { tail };
            Verdict { code: if code == 0 { -1 } else { code }, ..failed(said) }
        }
    })
}

fn start(server: &Server, folder: &Path, (report, said): (&Path, &Path)) -> Result<Child, String> {
    let settings = &server.settings;
    let stderr = File::create(said).map_err(|e| format!("{}: {e}", said.display()))?;
    let mut target = std::ffi::OsString::from("json=");
    target.push(report);
    let mut command = Command::new(&settings.program);
    command.arg("scan").arg(folder).args(["--no-progress", "-q", "--approvals"]).arg(&settings.approvals);
    command.arg("--report").arg(target).args(&settings.scan_options);
    if let Some(policy) = &settings.policy {
        command.arg("--policy").arg(policy);
    }
    command.env_remove(crate::settings::WEBHOOK_SECRET).env_remove(crate::settings::OIDC_SECRET);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    // What is typed at the terminal to end the server does not reach the scan: the server ends it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|e| format!("{} cannot be started: {e}", settings.program.display()))
}

fn ended(server: &Server, mut child: Child) -> Option<i64> {
    loop {
        match child.try_wait() {
            // What ends the server may have ended the scan, too: that is no verdict.
            Ok(Some(_)) if server.stopped() => return None,
            Ok(Some(status)) => return Some(status.code().map_or(-1, i64::from)),
            Ok(None) if server.stopped() => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            Ok(None) => std::thread::sleep(TICK),
            Err(_) => return Some(-1),
        }
    }
}

/// Keeps the report and its rows; its summary.
fn keep(server: &Server, scan: i64, (fresh, report): (&Path, &Path)) -> Result<Value, String> {
    let size = std::fs::metadata(fresh).map_err(|_| "the scan wrote no report".to_owned())?.len();
    if size > REPORT {
        return Err(format!("the report is longer than {REPORT} bytes"));
    }
    let bytes = std::fs::read(fresh).map_err(|e| format!("{}: {e}", fresh.display()))?;
    let read: Value = serde_json::from_slice(&bytes).map_err(|e| format!("the scan wrote half a report: {e}"))?;
    std::fs::rename(fresh, report).map_err(|e| format!("{}: {e}", report.display()))?;
    server.store.keep_report(scan, &read).map_err(|e| format!("the database: {e}"))?;
    Ok(read.get("summary").cloned().unwrap_or(Value::Null))
}

/// What hooks are told of a verdict; nothing of files that have changed.
fn told_of(
    server: &Server,
    delivery: &Delivery,
    scan: i64,
    state: State,
    verdict: &Verdict,
) -> Vec<(&'static str, String)> {
    if state == State::Arriving {
        return Vec::new();
    }
    let body = json!({
        "event": "verdict",
        "at": now(),
        "delivery": { "id": delivery.id, "root": delivery.root, "name": delivery.name },
        "scan": scan,
        "state": state.word(),
        "outcome": verdict.outcome,
        "why": verdict.why,
        "summary": serde_json::from_str::<Value>(&verdict.summary).unwrap_or(Value::Null),
        "address": format!("{}/deliveries/{}", server.settings.address(), delivery.id),
    })
    .to_string();
    let command = server.settings.command.is_some().then(|| ("command", body.clone()));
    let webhook = server.settings.webhook.is_some().then_some(("webhook", body));
    command.into_iter().chain(webhook).collect()
}

/// The report of a scan in a format, made by this same program where it is not kept yet.
///
/// # Errors
/// Why there is none.
pub fn converted(server: &Server, scan: i64, format: &str) -> Result<PathBuf, String> {
    let saved = report_path(&server.settings.data, scan);
    let path = saved.with_extension(format);
    if path.exists() {
        return Ok(path);
    }
    let fresh = saved.with_extension(format!("{}.{format}.new", crate::secret::random()?));
    let mut target = std::ffi::OsString::from(format!("{format}="));
    target.push(&fresh);
    let mut command = Command::new(&server.settings.program);
    command
        .arg("convert")
        .arg(&saved)
        .arg("--report")
        .arg(target)
        .arg("-q")
        .env_remove(crate::settings::WEBHOOK_SECRET)
        .env_remove(crate::settings::OIDC_SECRET);
    let made = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let made = made.map_err(|e| format!("{} cannot be started: {e}", server.settings.program.display()))?;
    if !fresh.exists() {
        return Err(format!("the report could not be rendered: {made}"));
    }
    std::fs::rename(&fresh, &path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}
