//! The process that verifies and decodes for `scan` and `inspect`: started by this program with one word, and no command
//! of the command line.

use countersign_credentials::worker;
use countersign_worker::Program;

pub(super) const NAME: &str = "worker";

/// This program as a worker; `None` where the system does not say what this program is.
pub(super) fn program() -> Option<Program> {
    std::env::current_exe().ok().map(|path| Program { path, argument: NAME })
}

pub(super) fn run() -> u8 {
    // Whoever asked has gone or speaks otherwise: there is nobody left to tell.
    worker::serve(std::io::stdin().lock(), std::io::stdout().lock()).map_or(3, |()| 0)
}
