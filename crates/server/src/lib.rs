//! `countersign serve`: hot folders, a queue, review and approval in a browser, and an API.
//!
//! Folders are watched by looking at them again and again ([`watch`]); a delivery that has come to rest waits in the queue
//! ([`store`]) and is scanned by a process of its own ([`runner`]), which is this same program with `scan`: whatever a
//! delivery does to it, the server goes on. Reports are those of the command. Decisions go to the append-only ledger that the
//! command line knows; the database holds the queue, people and sessions, and can be lost without losing a decision.
//!
//! Invariant: no path that a browser or client sends ever reaches the file system; what is opened was found by the server
//! itself below a watched root.

pub mod hooks;
pub mod ledger;
pub mod runner;
pub mod secret;
pub mod settings;
pub mod settle;
pub mod store;
pub mod watch;
pub mod web;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use settings::{Root, Settings};

/// What all parts of a running server share.
#[derive(Debug)]
pub struct Server {
    /// As it was started.
    pub settings: Settings,
    /// Queue, people, sessions.
    pub store: store::Store,
    /// Told to everybody who watches a page: ids of deliveries whose state has changed.
    pub changes: tokio::sync::broadcast::Sender<String>,
    stopped: AtomicBool,
}

impl Server {
    /// Opens the data folder, and puts back into the queue what was being scanned when the last server ended.
    ///
    /// # Errors
    /// What keeps the data folder from being used, as a sentence for people.
    pub fn open(settings: Settings) -> Result<Arc<Self>, String> {
        let folder = &settings.data;
        let failed = |e: io::Error| format!("{}: {e}; name a folder that can be written: --data DIR", folder.display());
        std::fs::create_dir_all(folder.join("reports")).map_err(failed)?;
        std::fs::create_dir_all(folder.join("pictures")).map_err(failed)?;
        let store = store::Store::open(&folder.join("server.sqlite"))?;
        store.requeue_interrupted().map_err(|e| format!("{}: {e}", folder.display()))?;
        let (changes, _) = tokio::sync::broadcast::channel(64);
        Ok(Arc::new(Self { settings, store, changes, stopped: AtomicBool::new(false) }))
    }

    /// Ends the watching, the scanning and the serving.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to end.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Tells pages that are open of a change.
    pub(crate) fn changed(&self, delivery: &str) {
        // Nobody may be watching.
        let _ = self.changes.send(delivery.to_owned());
    }
}

/// Serves until the server is stopped: one thread watches, `settings.scans` threads scan, the others answer.
///
/// # Errors
/// What keeps the address from being served.
pub fn serve(server: &Arc<Server>, listener: TcpListener) -> Result<(), String> {
    listener.set_nonblocking(true).map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let mut threads = vec![spawn(server, "watch", watch::run)?, spawn(server, "hooks", hooks::run)?];
    for _ in 0..server.settings.scans.max(1) {
        threads.push(spawn(server, "scan", runner::run)?);
    }
    let served = runtime.block_on(web::run(Arc::clone(server), listener));
    server.stop();
    for thread in threads {
        // A thread that panicked has told so already.
        let _ = thread.join();
    }
    served.map_err(|e| e.to_string())
}

fn spawn(server: &Arc<Server>, name: &str, run: fn(&Arc<Server>)) -> Result<std::thread::JoinHandle<()>, String> {
    let server = Arc::clone(server);
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&server));
    thread.map_err(|e| format!("no thread can be started: {e}"))
}
