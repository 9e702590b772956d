//! Which format are these bytes? The best score wins; the name's extension is only a fact to compare.

use crate::formats::{self, Format, Probe};
use countersign_io::source::Source;
use countersign_model::Problem;

/// The format whose reader is surest of the first bytes, else the one that knows the last ones, if any does.
///
/// ```
/// use countersign_io::source::Source;
/// use countersign_media::identify::identify;
///
/// let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
/// head.resize(64, 0);
/// let format = identify(&mut Source::memory(head, 0))?.unwrap();
/// assert_eq!(&*format.info().id, "png");
/// assert!(identify(&mut Source::memory(b"just words".to_vec(), 0))?.is_none());
/// # Ok::<(), countersign_model::Problem>(())
/// ```
///
/// # Errors
/// I/O while reading head and tail.
pub fn identify(source: &mut Source) -> Result<Option<&'static dyn Format>, Problem> {
    let len = source.len();
    let probe = Probe { head: source.head()?, len };
    if let Some(format) = best(&probe) {
        return Ok(Some(format));
    }
    let (_, tail) = source.tail()?;
    Ok(formats::ALL.iter().copied().find(|format| format.ends(tail)))
}

pub use crate::formats::surest as best;
