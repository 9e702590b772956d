//! ZIP archives (PKWARE APPNOTE 6.3.10): the central directory and single members.
//!
//! Only the directory counts: what stands between members, or is listed only locally, is no member.

use super::deflate;
use super::numbers::{le16, le32, le64};
use crate::limits;
use crate::model::{Problem, ProblemKind};
use crate::source::Source;

/// The longest end of a directory: its record and a comment.
const END: u64 = 22 + 65_535;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    method: u16,
    encrypted: bool,
    packed: u64,
    /// Bytes when unfolded, as the directory says.
    pub size: u64,
    local: u64,
}

/// Name and beginning of the first member, where these bytes begin a ZIP archive.
#[must_use]
pub fn first(head: &[u8]) -> Option<(&str, &[u8])> {
    if !head.starts_with(b"PK\x03\x04") {
        return None;
    }
    let name = 30 + usize::from(le16(head, 26)?);
    let text = std::str::from_utf8(head.get(30..name)?).ok()?;
    let start = name + usize::from(le16(head, 28)?);
    let len = le32(head, 18)? as usize;
    Some((text, head.get(start..start.checked_add(len)?.min(head.len())).unwrap_or_default()))
}

/// The members in the order of the directory; those before an error stay in `out`.
///
/// # Errors
/// `truncated` without a directory, `malformed` for one that cannot be read, `limit` for too many members.
pub fn members(source: &mut Source, out: &mut Vec<Member>) -> Result<(), Problem> {
    let len = source.len();
    let start = len.saturating_sub(END);
    let tail = source.at(start, (len - start) as usize)?.to_vec();
    let at = tail.windows(4).rposition(|w| w == b"PK\x05\x06");
    let Some(at) = at.filter(|at| at + 22 <= tail.len()) else {
        return Err(Problem::truncated("ZIP", len, "the directory at the end is missing"));
    };
    let broken = |what: &str| Problem::malformed("ZIP (directory)", start + at as u64, what);
    let field = |by: usize| le32(&tail, at + by).map(u64::from).ok_or_else(|| broken("cut short"));
    let (mut size, mut stated) = (field(12)?, field(16)?);
    let mut end = start + at as u64;
    if size == u64::from(u32::MAX) || stated == u64::from(u32::MAX) {
        let locator = source.at(end.saturating_sub(20), 20)?.to_vec();
        let far = le64(&locator, 8).filter(|_| locator.starts_with(b"PK\x06\x07"));
        end = far.ok_or_else(|| broken("no 64-bit record where one is needed"))?;
        let record = source.at(end, 56)?;
        (size, stated) = le64(record, 40).zip(le64(record, 48)).ok_or_else(|| broken("a broken 64-bit record"))?;
    }
    // Bytes before the archive move it whole.
    let from = end.checked_sub(size).ok_or_else(|| broken("it states more bytes than there are"))?;
    let moved = from.saturating_sub(stated);
    let directory = source.stated(from, size, limits::BLOB)?;
    read(&directory, moved, from, out)?;
    // The count has 16 bits; what it leaves out is known by the size.
    let count = le16(&tail, at + 10).unwrap_or(0);
    if out.len() as u16 != count && count != u16::MAX {
        return Err(broken(&format!("{count} members stated, {} listed", out.len())));
    }
    Ok(())
}

fn read(directory: &[u8], moved: u64, base: u64, out: &mut Vec<Member>) -> Result<(), Problem> {
    let mut at = 0;
    while directory.get(at..at + 4) == Some(b"PK\x01\x02") {
        if out.len() >= limits::ITEMS {
            return Err(Problem::limit("ZIP (directory)", base, "more members than are read"));
        }
        let Some((member, next)) = entry(directory, at, moved) else {
            return Err(Problem::malformed("ZIP (directory)", base + at as u64, "an entry is cut short"));
        };
        out.push(member);
        at = next;
    }
    match at == directory.len() {
        true => Ok(()),
        false => Err(Problem::malformed("ZIP (directory)", base + at as u64, "it ends before its stated size")),
    }
}

fn entry(directory: &[u8], at: usize, moved: u64) -> Option<(Member, usize)> {
    let short = |by: usize| le16(directory, at + by);
    let long = |by: usize| le32(directory, at + by).map(u64::from);
    let name = at + 46;
    let extra = name + usize::from(short(28)?);
    let comment = extra + usize::from(short(30)?);
    let next = comment + usize::from(short(32)?);
    let mut wide = wide(directory.get(extra..comment)?).into_iter();
    let mut pick = |value: u64| if value == u64::from(u32::MAX) { wide.next().unwrap_or(value) } else { value };
    let (size, packed, local) = (pick(long(24)?), pick(long(20)?), pick(long(42)?));
    let member = Member {
        name: String::from_utf8_lossy(directory.get(name..extra)?).into_owned(),
        method: short(10)?,
        encrypted: short(8)? & 1 == 1,
        packed,
        size,
        local: local.saturating_add(moved),
    };
    Some((member, next))
}

/// The 64-bit numbers of an entry's extra field 1, in its order.
fn wide(mut extra: &[u8]) -> Vec<u64> {
    while let (Some(id), Some(len)) = (le16(extra, 0), le16(extra, 2)) {
        let Some(body) = extra.get(4..4 + usize::from(len)) else { break };
        if id == 1 {
            return (0..body.len() / 8).filter_map(|n| le64(body, n * 8)).collect();
        }
        extra = &extra[4 + usize::from(len)..];
    }
    Vec::new()
}

/// A member's bytes, at most `most`, and where its packed bytes begin.
///
/// # Errors
/// `unsupported` for encrypted members and other methods, `limit` past `most`, else as [`Source::at`].
pub fn bytes(source: &mut Source, member: &Member, most: usize) -> Result<(u64, Vec<u8>), Problem> {
    let place = format!("ZIP {}", member.name);
    let unsupported = |what: &str| Problem::new(ProblemKind::Unsupported, place.clone(), Some(member.local), what);
    if member.encrypted {
        return Err(unsupported("the member is encrypted"));
    }
    let head = source.at(member.local, 30).map_err(|p| p.within(&place))?;
    let names = le16(head, 26).zip(le16(head, 28)).filter(|_| head.starts_with(b"PK\x03\x04"));
    let (name, extra) =
        names.ok_or_else(|| Problem::malformed(place.clone(), member.local, "no member where stated"))?;
    let start = member.local + 30 + u64::from(name) + u64::from(extra);
    let packed = source.stated(start, member.packed, most).map_err(|p| p.within(&place))?;
    match member.method {
        STORED => Ok((start, packed)),
        DEFLATED => match deflate::raw(&packed, most) {
            (plain, None) => Ok((start, plain)),
            (_, Some(problem)) => Err(problem.within(&place)),
        },
        method => Err(unsupported(&format!("packed by method {method}"))),
    }
}
