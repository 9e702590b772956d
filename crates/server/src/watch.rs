//! The hot folders: each root's folders are looked at again and again, and so is the ledger.
//!
//! Network drives send no events, so nothing waits for any.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::settings::Root;
use crate::store::FolderName;
use crate::{Server, ledger, secret, settle};

/// How often it is looked whether the server is to end.
const TICK: Duration = Duration::from_millis(50);

/// Looks at all roots until the server ends.
pub fn run(server: &Arc<Server>) {
    let mut ledger_then = ledger::stamp(server);
    while !server.stopped() {
        for root in &server.settings.roots {
            if let Err(what) = look(server, root) {
                server.tell(&format!("root {}", root.name), &what);
            }
        }
        let ledger_now = ledger::stamp(server);
        if ledger_now != ledger_then {
            match ledger::notice(server) {
                Ok(()) => ledger_then = ledger_now,
                Err(what) => server.tell("approvals", &what),
            }
        }
        server.rest(server.settings.poll);
    }
}

impl Server {
    /// Waits for so long, or until the server is to end.
    pub(crate) fn rest(&self, time: Duration) {
        let start = Instant::now();
        while !self.stopped() && start.elapsed() < time {
            std::thread::sleep(TICK.min(time));
        }
    }
}

/// Looks at every folder of one root. A root that cannot be listed changes nothing: a drive that is away for an hour has lost
/// no delivery.
fn look(server: &Server, root: &Root) -> Result<(), String> {
    let listed = std::fs::read_dir(&root.path).map_err(|e| format!("{}: {e}", root.path.display()))?;
    let mut names = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|e| format!("{}: {e}", root.path.display()))?;
        if server.stopped() {
            return Ok(());
        }
        // A link is no delivery: what it leads to lies elsewhere.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Some(name) = delivery_name(entry.file_name()) else { continue };
        // A folder that cannot be read in full now is looked at again; it is there all the same.
        if let Ok(look) = settle::look(&entry.path(), server.settings.marker.as_deref()) {
            let id = secret::random()?;
            let settle = i64::try_from(server.settings.settle.as_secs()).unwrap_or(i64::MAX);
            let folder = FolderName { root: &root.name, name: &name, new_id: &id };
            let (id, changed) = server.store.seen(folder, &look, settle).map_err(|e| format!("the database: {e}"))?;
            if changed {
                server.changed(&id);
            }
        }
        names.push(name);
    }
    server.store.only_there(&root.name, &names).map_err(|e| format!("the database: {e}"))
}

/// The name of a delivery's folder: text, and not hidden.
fn delivery_name(name: OsString) -> Option<String> {
    name.into_string().ok().filter(|name| !name.starts_with('.'))
}

/// Whether this is the name of a folder right below a root: what clients send as one.
#[must_use]
pub fn is_folder_name(name: &str) -> bool {
    let path = Path::new(name);
    let mut parts = path.components();
    let one = matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(part)), None) if part == name);
    one && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::is_folder_name;

    #[test]
    fn a_name_never_leads_out_of_its_root() {
        assert!(is_folder_name("Show_104 final"));
        for name in ["", ".", "..", "../x", "a/b", "/etc", "a/", "./a", "a\\b", ".hidden", "a\0b"] {
            assert!(!is_folder_name(name), "{name:?}");
        }
    }
}
