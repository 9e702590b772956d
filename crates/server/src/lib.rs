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
pub(crate) mod identity;
pub mod ledger;
mod pictures;
pub mod runner;
pub mod secret;
pub mod settings;
pub mod settle;
pub mod store;
pub mod tls;
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
    /// Lines that wait for the signatures of browsers.
    pub(crate) tickets: ledger::Tickets,
    /// Attempts to sign in.
    pub(crate) attempts: web::Attempts,
    /// Where people sign in who have no password here.
    pub(crate) provider: Option<identity::Provider>,
    /// The pages.
    pub(crate) pages: web::Pages,
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
        let told = |e: rusqlite::Error| format!("{}: {e}", folder.display());
        store.requeue_interrupted().map_err(told)?;
        begin_ledger(&settings.approvals)?;
        room_for_files(&settings.program)?;
        let (changes, _) = tokio::sync::broadcast::channel(64);
        let provider = settings.identity.clone().map(|known| identity::Provider::new(known, &settings.address()));
        let server = Self {
            provider,
            settings,
            store,
            changes,
            tickets: ledger::Tickets::default(),
            attempts: web::Attempts::default(),
            pages: web::Pages::new()?,
            stopped: AtomicBool::new(false),
        };
        // First what has its record, whose server ended before it could note so; the others are open again.
        ledger::notice(&server)?;
        let told = |e: rusqlite::Error| format!("{}: {e}", server.settings.data.display());
        server.store.reopen_interrupted().map_err(told)?;
        Ok(Arc::new(server))
    }

    /// The link that makes the first admin, where there is none yet. An earlier one holds no more.
    ///
    /// # Errors
    /// The database's, as a sentence.
    pub fn first_link(&self) -> Result<Option<String>, String> {
        if !self.store.without_admin().map_err(|e| e.to_string())? {
            return Ok(None);
        }
        self.store.end_invitations().map_err(|e| e.to_string())?;
        let token = secret::random()?;
        self.store.invite(&secret::digest(&token), store::Role::Admin, FIRST_LINK).map_err(|e| e.to_string())?;
        Ok(Some(format!("{}/setup?token={token}", self.settings.address())))
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

    /// Tells whoever runs the server what went wrong; the audit log has it, once for as long as nothing else is told.
    pub(crate) fn tell(&self, about: &str, what: &str) {
        // Where the database itself fails there is nobody to be told.
        let last = self.store.audit(0, 1).unwrap_or_default();
        if last.first().is_some_and(|row| row.who == "server" && row.what == what && row.about == about) {
            return;
        }
        let _ = self.store.note("server", what, about);
    }

    /// Tells pages that are open of a change.
    pub(crate) fn changed(&self, delivery: &str) {
        // Nobody may be watching.
        let _ = self.changes.send(delivery.to_owned());
    }
}

/// Files and connections that a server may need at once with a few visitors.
const OPEN_FILES: usize = 64;

/// How long the link of the first admin holds, in seconds.
const FIRST_LINK: i64 = 7 * 86_400;

/// An empty ledger, where there is none: scans take one that is there.
fn begin_ledger(path: &std::path::Path) -> Result<(), String> {
    match std::fs::File::options().write(true).create_new(true).open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            Err(format!("{}: {e}; name a ledger in a folder that can be written: --approvals LEDGER", path.display()))
        }
        _ => Ok(()),
    }
}

/// That so many files more can be open at once: a server with fewer would start, and fail on its first visitors.
fn room_for_files(any: &std::path::Path) -> Result<(), String> {
    let opened: Result<Vec<_>, _> = (0..OPEN_FILES).map(|_| std::fs::File::open(any)).collect();
    opened.map(drop).map_err(|e| {
        format!("{OPEN_FILES} more files cannot be open at once: {e}; raise the limit of open files: ulimit -n 1024")
    })
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
