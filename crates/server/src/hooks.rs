//! Telling others of verdicts: a command of the user, and a signed POST. What fails is tried again, each time later.
//!
//! The signature is `X-Countersign-Signature: sha256=` and HMAC-SHA256 (RFC 2104) over the body, in hex.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::Server;
use crate::settings::Webhook;
use crate::store::Hook;

/// How long a command or a server may take.
const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// Tells what is due until the server ends.
pub fn run(server: &Arc<Server>) {
    while !server.stopped() {
        match server.store.due_hook() {
            Ok(Some(hook)) => {
                let failed = tell(server, &hook).err();
                if let Some(what) = &failed {
                    server.tell(&hook.kind, what);
                }
                if let Err(e) = server.store.hook_tried(&hook, failed.as_deref()) {
                    server.tell("hooks", &e.to_string());
                    server.rest(Duration::from_secs(1));
                }
            }
            Ok(None) => server.rest(Duration::from_millis(500)),
            Err(e) => {
                server.tell("hooks", &e.to_string());
                server.rest(Duration::from_secs(1));
            }
        }
    }
}

fn tell(server: &Server, hook: &Hook) -> Result<(), String> {
    match (hook.kind.as_str(), &server.settings.command, &server.settings.webhook) {
        ("command", Some(command), _) => run_command(server, command, &hook.body),
        ("webhook", _, Some(webhook)) => post(webhook, &hook.body),
        // The server was started without it since: nobody is to be told.
        _ => Ok(()),
    }
}

/// The variables that the command gets, each with the place of its value in the body.
const VARIABLES: [(&str, &str); 6] = [
    ("DELIVERY_ID", "/delivery/id"),
    ("DELIVERY_ROOT", "/delivery/root"),
    ("DELIVERY_NAME", "/delivery/name"),
    ("DELIVERY_STATE", "/state"),
    ("DELIVERY_OUTCOME", "/outcome"),
    ("DELIVERY_ADDRESS", "/address"),
];

fn run_command(server: &Server, path: &Path, body: &str) -> Result<(), String> {
    let read: Value = serde_json::from_str(body).map_err(|e| e.to_string())?;
    let mut command = Command::new(path);
    for (name, place) in VARIABLES {
        command.env(name, read.pointer(place).and_then(Value::as_str).unwrap_or_default());
    }
    command.env_remove(crate::settings::WEBHOOK_SECRET).env_remove(crate::settings::OIDC_SECRET);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("{}: {e}", path.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        let body = body.to_owned();
        // A command that does not read must hold nobody up; one that ends without reading has not failed by that.
        let _ = std::thread::Builder::new().name("hook".to_owned()).spawn(move || stdin.write_all(body.as_bytes()));
    }
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{}: {status}", path.display())),
            None if start.elapsed() > HOOK_TIMEOUT || server.stopped() => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{}: did not end within {} seconds", path.display(), HOOK_TIMEOUT.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// What is sent beside a body, so that who gets it knows who sent it.
///
/// ```
/// // The second test case of RFC 4231.
/// let signed = countersign_server::hooks::signature("Jefe", "what do ya want for nothing?");
/// assert_eq!(signed, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
/// ```
#[must_use]
pub fn signature(secret: &str, body: &str) -> String {
    // Every length of key is good for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body.as_bytes());
    format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

fn post(webhook: &Webhook, body: &str) -> Result<(), String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(HOOK_TIMEOUT)).max_redirects(0).build().into();
    let sent = agent
        .post(webhook.url.as_str())
        .header("Content-Type", "application/json")
        .header("X-Countersign-Signature", signature(&webhook.secret, body))
        .send(body);
    let answer = sent.map_err(|e| format!("the webhook: {e}"))?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(format!("the webhook answers with status {}", answer.status())),
    }
}
