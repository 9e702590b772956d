//! Media that other software appends behind the end of an image, by their first bytes.

/// Whether these bytes begin a media file that a reader here knows.
#[must_use]
pub fn is_media(peek: &[u8]) -> bool {
    let starts: [&[u8]; 5] = [b"\x89PNG\r\n\x1A\n", b"\xFF\xD8\xFF", b"RIFF", b"GIF8", b"\x1A\x45\xDF\xA3"];
    peek.get(4..8) == Some(b"ftyp") || starts.iter().any(|s| peek.starts_with(s))
}
