//! gzip (RFC 1952): the name that the first member's header carries.

use super::names::lossless;
use super::numbers::le16;

/// Whether these bytes begin a gzip stream of deflated bytes.
#[must_use]
pub fn begins(head: &[u8]) -> bool {
    head.starts_with(b"\x1f\x8b\x08") && head.get(3).is_some_and(|flags| flags & 0xe0 == 0)
}

/// The name of what was packed, where the header gives one; ISO 8859-1 by the specification, UTF-8 by habit.
#[must_use]
pub fn name(head: &[u8]) -> Option<String> {
    let flags = *head.get(3).filter(|_| begins(head))?;
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(le16(head, at)?);
    }
    if flags & 8 == 0 {
        return None;
    }
    let rest = head.get(at..)?;
    let name = rest.get(..rest.iter().position(|b| *b == 0)?).filter(|name| !name.is_empty())?;
    Some(lossless(name))
}
