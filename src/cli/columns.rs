//! How many columns what is printed may take.

use std::sync::OnceLock;

/// Columns of a page that is no terminal; what a terminal may ask for: longer lines are hard to read.
const USUAL: usize = 80;
const NARROWEST: usize = 40;
const WIDEST: usize = 100;

/// Columns of what is printed on standard output.
pub(super) fn width() -> usize {
    static WIDTH: OnceLock<usize> = OnceLock::new();
    *WIDTH.get_or_init(|| columns().map_or(USUAL, |columns| columns.clamp(NARROWEST, WIDEST)))
}

/// Columns of the terminal that standard output is, if it is one.
#[cfg(unix)]
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn columns() -> Option<usize> {
    None
}
