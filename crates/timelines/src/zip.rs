//! One member out of a ZIP file, as `.otioz` needs it: through the central directory, stored or deflated.

use crate::error::Unreadable;
use flate2::read::DeflateDecoder;
use std::io::Read as _;

const END_OF_DIRECTORY: &[u8] = b"PK\x05\x06";
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
/// The most entries that are looked at.
const MAX_ENTRIES: usize = 100_000;

/// The bytes of the member with the given name, at most `limit` of them.
pub(crate) fn member(file: &[u8], name: &str, limit: usize) -> Result<Vec<u8>, Unreadable> {
    let fail = |reason: &str| Unreadable::new("ZIP", reason);
    let end = end_of_directory(file).ok_or_else(|| fail("no central directory"))?;
    let count = usize::from(u16_at(file, end + 10).ok_or_else(|| fail("cut off"))?);
    let mut at = u32_at(file, end + 16).ok_or_else(|| fail("cut off"))? as usize;
    for _ in 0..count.min(MAX_ENTRIES) {
        if file.get(at..at + 4) != Some(DIRECTORY_ENTRY) {
            return Err(Unreadable::at("ZIP", at as u64, "the central directory is broken"));
        }
        let field = |offset: usize| u16_at(file, at + offset).map(usize::from).ok_or_else(|| fail("cut off"));
        let (name_length, extra, comment) = (field(28)?, field(30)?, field(32)?);
        let entry_name = file.get(at + 46..at + 46 + name_length).ok_or_else(|| fail("cut off"))?;
        if entry_name == name.as_bytes() {
            return extract(file, at, field(10)?, limit);
        }
        at += 46 + name_length + extra + comment;
    }
    Err(Unreadable::new(name, "the archive does not hold it"))
}

fn extract(file: &[u8], entry: usize, method: usize, limit: usize) -> Result<Vec<u8>, Unreadable> {
    let fail = |reason: &str| Unreadable::at("ZIP", entry as u64, reason);
    let long = |offset: usize| u32_at(file, entry + offset).map(|value| value as usize).ok_or_else(|| fail("cut off"));
    let (packed, size, local) = (long(20)?, long(24)?, long(42)?);
    if size > limit {
        return Err(fail("the member is larger than what is read"));
    }
    if file.get(local..local.saturating_add(4)) != Some(LOCAL_HEADER) {
        return Err(fail("the member's header is not where the directory says"));
    }
    let lengths = [26, 28].map(|offset| u16_at(file, local + offset).map_or(0, usize::from));
    let start = local + 30 + lengths.iter().sum::<usize>();
    let data =
        start.checked_add(packed).and_then(|end| file.get(start..end)).ok_or_else(|| fail("the member is cut off"))?;
    let mut content = Vec::new();
    match method {
        0 => content.extend_from_slice(data),
        8 => {
            let mut decoder = DeflateDecoder::new(data).take(limit as u64 + 1);
            decoder.read_to_end(&mut content).map_err(|error| fail(&error.to_string()))?;
        }
        _ => return Err(fail("packed with a method that is not read")),
    }
    if content.len() != size {
        return Err(fail("the member is not as long as stated"));
    }
    Ok(content)
}

/// The end record, searched backwards through the longest possible comment.
fn end_of_directory(file: &[u8]) -> Option<usize> {
    let last = file.len().checked_sub(22)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|&at| file.get(at..at + 4) == Some(END_OF_DIRECTORY))
}

fn u16_at(file: &[u8], at: usize) -> Option<u16> {
    file.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(file: &[u8], at: usize) -> Option<u32> {
    file.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_archive_or_lacks_the_member_is_refused() {
        assert!(member(b"", "a", 10).is_err());
        let empty = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
        assert!(member(&empty, "a", 10).unwrap_err().reason.contains("does not hold"));
    }
}
