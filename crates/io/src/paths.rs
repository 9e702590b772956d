//! Paths as text from which the bytes of their names can be had back.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use super::os;

/// A path as text with `/` between its parts, from which the bytes of the name can be had back.
///
/// A name that is not UTF-8 is written with `\xNN` for each stray byte and `\\` for each backslash; a valid
/// name is left alone unless it contains `\x` itself, and then it is written the same way.
///
/// ```
/// use std::path::Path;
///
/// use countersign_io::paths::{lossless, native};
///
/// assert_eq!(lossless(Path::new("reel 1/ü.mov")), "reel 1/ü.mov");
/// # #[cfg(unix)] {
/// use std::os::unix::ffi::OsStrExt;
/// let old = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9.mov"));
/// assert_eq!(lossless(old), "caf\\xE9.mov");
/// assert_eq!(native(&lossless(old)), old);
/// # }
/// ```
#[must_use]
pub fn lossless(path: &Path) -> String {
    if let Some(text) = path.to_str().filter(|text| is_plain(text)) {
        return text.to_owned();
    }
    let part = |part: Component<'_>| match part {
        // The separator after it is the root's own.
        Component::RootDir => Vec::new(),
        part => part.as_os_str().as_encoded_bytes().to_vec(),
    };
    let parts: Vec<_> = path.components().map(part).collect();
    let bytes = if parts == [b""] { b"/".to_vec() } else { parts.join(&b'/') };
    lossless_bytes(&bytes)
}

/// Whether a path is written as [`lossless`] writes it, and without parts that stand for the folder that one is in behind
/// others, as far as can be told cheaply.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    // What stands before the first separator is nothing (of an absolute path), or whatever the path begins with.
    let plain = |(at, part): (usize, &str)| at == 0 || !matches!(part, "" | ".");
    std::path::MAIN_SEPARATOR == '/' && !text.contains('\\') && text.split('/').enumerate().all(plain)
}

/// A path below a root, as [`lossless`] writes it, without the parts that stand for the folder that one is in.
///
/// ```
/// use std::path::Path;
///
/// assert_eq!(countersign_io::paths::below_root(Path::new("./reel 1/./ü.mov")), "reel 1/ü.mov");
/// assert_eq!(countersign_io::paths::below_root(Path::new(".")), "");
/// ```
#[must_use]
pub fn below_root(path: &Path) -> String {
    if path.components().next() != Some(Component::CurDir) {
        return lossless(path);
    }
    lossless(&path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>())
}

/// Bytes as text: stray ones are written `\xNN` and backslashes doubled, but only in names that need it.
#[must_use]
pub fn lossless_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains("\\x") => text.to_owned(),
        _ => escaped(bytes),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02X}"));
        }
    }
    out
}

/// A path as this system writes it, borrowed where that is the text itself; text that stands for no path of this system
/// is left as it is.
#[must_use]
pub fn native(text: &str) -> Cow<'_, Path> {
    if text.contains("\\x") {
        return from_lossless(text).map_or(Cow::Borrowed(Path::new(text)), Cow::Owned);
    }
    Cow::Borrowed(Path::new(text))
}

/// A name or path as people and manifests write it, where it is UTF-8.
#[must_use]
pub fn plain(text: &str) -> Option<Cow<'_, str>> {
    if text.contains("\\x") {
        return from_lossless(text)?.into_os_string().into_string().ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(text))
}

/// The path that [`lossless`] wrote; `None` where this system has no such path.
#[must_use]
pub fn from_lossless(text: &str) -> Option<PathBuf> {
    if !text.contains("\\x") {
        return Some(PathBuf::from(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = rest.get(at + 1..)?;
        if let Some(after) = escape.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = after;
        } else {
            let hex = escape.strip_prefix('x')?;
            bytes.push(u8::from_str_radix(hex.get(..2)?, 16).ok()?);
            rest = hex.get(2..)?;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    os::name_from(bytes).map(PathBuf::from)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn names_come_back_from_reports() {
        for bytes in [&b"plain/name.png"[..], b"a\\b.png", b"a\\x41.png", b"caf\xe9\\x/\xff.png", b"\\\\x"] {
            let path = Path::new(OsStr::from_bytes(bytes));
            assert_eq!(from_lossless(&lossless(path)).as_deref(), Some(path), "{path:?}");
        }
        assert_eq!(from_lossless("a\\xZZ"), None);
    }

    #[test]
    fn names_that_are_not_utf8_survive() {
        assert_eq!(lossless(Path::new(OsStr::from_bytes(b"a\\b.png"))), "a\\b.png");
        assert_eq!(lossless(Path::new(OsStr::from_bytes(b"a\xFF\\b"))), "a\\xFF\\\\b");
        assert_eq!(lossless(Path::new("a\\xFF")), "a\\\\xFF");
        assert_eq!((lossless(Path::new("/a/b")), lossless(Path::new("/"))), ("/a/b".to_owned(), "/".to_owned()));
    }
}
