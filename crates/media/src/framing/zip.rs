//! ZIP archives (PKWARE APPNOTE 6.3.10): the central directory and single members.
//!
//! Only the directory counts: what stands between members, or is listed only locally, is no member. It is told,
//! though: another program may go by it.

use std::sync::Arc;

use super::deflate;
use super::numbers::{le16, le32, le64};
use super::zip_names;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Problem, ProblemKind};

/// The longest end of a directory: its record and a comment.
const END: u64 = 22 + 65_535;
/// Bytes of the fixed part of a local header.
const LOCAL: u64 = 30;
/// Compression method of a member that stands as it is.
pub const STORED: u16 = 0;
/// Compression method of a deflated member (RFC 1951).
pub const DEFLATED: u16 = 8;
/// Methods that are not unfolded here, by name.
const METHODS: &[(u16, &str)] = &[
    (1, "shrink"),
    (6, "implode"),
    (9, "Deflate64"),
    (12, "bzip2"),
    (14, "LZMA"),
    (93, "Zstandard"),
    (94, "MP3"),
    (95, "XZ"),
    (96, "JPEG"),
    (97, "WavPack"),
    (98, "PPMd"),
];
/// First bytes of programs that unpack what is appended to them.
const PROGRAMS: &[&[u8]] = &[b"MZ", b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"];
/// The longest target of a link.
const TARGET: u64 = 1_024;

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The path in the archive as text; untrusted. There may be very many: whoever keeps it shares it.
    pub name: Arc<str>,
    /// The name as it stands in the directory, where these are not the bytes of `name`.
    raw: Option<Box<[u8]>>,
    /// Compression method (APPNOTE.TXT, section 4.4.5).
    pub method: u16,
    /// Whether its bytes are encrypted: then they are not read.
    pub encrypted: bool,
    /// Bytes as packed.
    pub packed: u64,
    /// Bytes when unfolded, as the directory says.
    pub size: u64,
    /// CRC-32 of the unfolded bytes, as the directory says.
    pub crc: u32,
    /// Where its local header stands.
    pub local: u64,
    /// Where what follows it in the file begins: the next member or the directory.
    until: u64,
    /// A link's target and no content.
    pub link: bool,
}

impl Member {
    /// Whether this is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.size == 0 && self.name.ends_with('/')
    }

    /// The name as it stands in the directory.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.name.as_bytes())
    }
}

/// What an archive says of itself.
#[derive(Debug, Default)]
pub struct Listing {
    /// In the order of the directory.
    pub members: Vec<Member>,
    /// What a sound archive has not, in words.
    pub oddities: Vec<String>,
    /// Where its end record and the comment in it end.
    pub end: u64,
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

/// Whether bytes at the end of a file are the end of an archive.
#[must_use]
pub fn ends(tail: &[u8]) -> bool {
    end_record(tail).is_some_and(|at| end_of_comment(tail, at) == Some(tail.len()))
}

/// The members in the order of the directory; those before an error stay in `out`.
///
/// # Errors
/// As [`list`].
pub fn members(source: &mut Source, out: &mut Vec<Member>) -> Result<(), Problem> {
    let mut listing = Listing::default();
    let result = list(source, &mut listing);
    *out = listing.members;
    result
}

/// All that the directory says; what was read before an error stays in `out`.
///
/// # Errors
/// `truncated` without a directory, `malformed` for one that cannot be read, `limit` for too many members and for
/// those that share their bytes, `unsupported` for an archive in several files.
pub fn list(source: &mut Source, out: &mut Listing) -> Result<(), Problem> {
    let len = source.len();
    let start = len.saturating_sub(END);
    let tail = source.at(start, (len - start) as usize)?.to_vec();
    let Some(at) = end_record(&tail) else {
        return Err(Problem::truncated("ZIP", len, "the directory at the end is missing"));
    };
    let here = start + at as u64;
    out.end = end_of_comment(&tail, at).map_or(len, |end| start + end as u64).min(len);
    let broken = |what: &str| Problem::malformed("ZIP (directory)", here, what);
    let field = |by: usize| le32(&tail, at + by).map(u64::from).ok_or_else(|| broken("cut short"));
    if le16(&tail, at + 4) != Some(0) && le16(&tail, at + 4) != Some(u16::MAX) {
        let what = "one part of an archive in several files: join them, unpack it and scan what it holds";
        return Err(Problem::new(ProblemKind::Unsupported, "ZIP", Some(here), what));
    }
    if let Some(after) = end_of_comment(&tail, at).and_then(|end| tail.len().checked_sub(end)).filter(|n| *n > 0) {
        out.oddities.push(format!("{after} bytes follow its end"));
    }
    let (mut size, mut stated) = (field(12)?, field(16)?);
    let mut end = here;
    if size == u64::from(u32::MAX) || stated == u64::from(u32::MAX) || le16(&tail, at + 10) == Some(u16::MAX) {
        // A small archive may state the largest 16-bit number and mean it.
        if let Some((record, far)) = wide_record(source, here)? {
            end = far;
            (size, stated) =
                le64(&record, 40).zip(le64(&record, 48)).ok_or_else(|| broken("a broken 64-bit record"))?;
        } else if size == u64::from(u32::MAX) || stated == u64::from(u32::MAX) {
            return Err(broken("no 64-bit record where one is needed"));
        }
    }
    // Bytes before the archive move it whole.
    let from = end.checked_sub(size).ok_or_else(|| broken("it states more bytes than there are"))?;
    let moved = from.saturating_sub(stated);
    let directory = source.read_bounded(from, size, limits::BLOB)?;
    let listed = read(&directory, moved, from, &mut out.members);
    drop(directory);
    out.members.shrink_to_fit();
    if let Err(problem) = arrange(&mut out.members, from) {
        out.members.clear();
        return Err(problem);
    }
    listed?;
    // The count has 16 bits; what it leaves out is known by the size.
    let count = le16(&tail, at + 10).unwrap_or(0);
    if out.members.len() as u16 != count && count != u16::MAX {
        return Err(broken(&format!("{count} members stated, {} listed", out.members.len())));
    }
    before(source, out, from)
}

/// Where the last end record stands, rather one whose comment ends with the bytes.
fn end_record(tail: &[u8]) -> Option<usize> {
    let mut found = None;
    let mut rest = tail.len().saturating_sub(18);
    while let Some(at) = memchr::memmem::rfind(tail.get(..rest)?, b"PK\x05\x06") {
        rest = at + 3;
        match end_of_comment(tail, at) {
            Some(end) if end == tail.len() => return Some(at),
            Some(end) if end < tail.len() => found = found.or(Some(at)),
            _ => {}
        }
    }
    found
}

fn end_of_comment(tail: &[u8], at: usize) -> Option<usize> {
    Some(at + 22 + usize::from(le16(tail, at + 20)?))
}

/// The 64-bit end record that the locator before `end` names, or that stands right before it where bytes before the
/// archive moved it.
fn wide_record(source: &mut Source, end: u64) -> Result<Option<(Vec<u8>, u64)>, Problem> {
    let Some(at) = end.checked_sub(20) else { return Ok(None) };
    let locator = source.at(at, 20)?.to_vec();
    let Some(far) = le64(&locator, 8).filter(|_| locator.starts_with(b"PK\x06\x07")) else { return Ok(None) };
    for place in [Some(far), at.checked_sub(56)].into_iter().flatten() {
        let record = source.up_to(place, 56)?;
        if record.len() == 56 && record.starts_with(b"PK\x06\x06") {
            return Ok(Some((record.to_vec(), place)));
        }
    }
    Err(Problem::malformed("ZIP (directory)", at, "the 64-bit record is not where it is stated"))
}

fn read(directory: &[u8], moved: u64, base: u64, out: &mut Vec<Member>) -> Result<(), Problem> {
    let mut at = 0;
    while directory.get(at..at + 4) == Some(b"PK\x01\x02") {
        if out.len() >= limits::ARCHIVED {
            return Err(Problem::limit("ZIP (directory)", base, "more members than are read"));
        }
        let Some((member, next)) = entry(directory, at, moved) else {
            return Err(Problem::malformed("ZIP (directory)", base + at as u64, "an entry is cut short"));
        };
        out.push(member);
        at = next;
    }
    // A digital signature may stand behind the entries.
    match at == directory.len() || directory.get(at..at + 4) == Some(b"PK\x05\x05") {
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
    let extras = directory.get(extra..comment)?;
    let mut wide = wide(extras).into_iter();
    let mut pick = |value: u64| if value == u64::from(u32::MAX) { wide.next().unwrap_or(value) } else { value };
    let (size, packed, local) = (pick(long(24)?), pick(long(20)?), pick(long(42)?));
    let raw = directory.get(name..extra)?;
    let (flags, host) = (short(8)?, short(4)? >> 8);
    let mode = long(38)? >> 16;
    let text = zip_names::text(raw, flags & 1 << 11 != 0, extras, host);
    let member = Member {
        raw: (text.as_bytes() != raw).then(|| raw.into()),
        name: text.into(),
        method: short(10)?,
        // Bit 13 hides the headers as well.
        encrypted: flags & (1 | 1 << 13) != 0,
        packed,
        size,
        crc: le32(directory, at + 16)?,
        local: local.saturating_add(moved),
        until: 0,
        link: matches!(host, 3 | 19) && mode & 0o170_000 == 0o120_000 && size <= TARGET,
    };
    directory.get(..next)?;
    Some((member, next))
}

/// The 64-bit numbers of an entry's extra field 1, in its order.
fn wide(extra: &[u8]) -> Vec<u64> {
    let body = zip_names::extra(extra, 1).unwrap_or_default();
    (0..body.len() / 8).filter_map(|n| le64(body, n * 8)).collect()
}

/// Tells each member where the next one begins, and refuses those that share bytes: they would unfold without end.
fn arrange(members: &mut [Member], directory: u64) -> Result<(), Problem> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|n| members.get(*n).map(|m| m.local));
    let mut next = directory;
    for n in order.into_iter().rev() {
        let Some(member) = members.get_mut(n) else { continue };
        let least = member.local.saturating_add(LOCAL + member.raw().len() as u64).saturating_add(member.packed);
        if least > next {
            let what = "members share their bytes, or reach into the directory: they are not read";
            return Err(Problem::limit("ZIP (directory)", member.local, what));
        }
        member.until = next;
        next = member.local;
    }
    Ok(())
}

/// What stands before the first member.
fn before(source: &mut Source, out: &mut Listing, directory: u64) -> Result<(), Problem> {
    let first = out.members.iter().map(|m| m.local).min().unwrap_or(directory);
    if first == 0 {
        return Ok(());
    }
    let head = source.up_to(0, 4)?;
    if head.starts_with(b"PK\x03\x04") {
        let what = format!("{first} bytes before the first listed member look like a member that is not listed");
        return Err(Problem::malformed("ZIP", 0, what));
    }
    // The mark of an archive that was made for several files and needed one.
    let expected = PROGRAMS.iter().any(|magic| head.starts_with(magic)) || first == 4 && head.starts_with(b"PK");
    if !expected {
        out.oddities.push(format!("{first} bytes stand before its first member"));
    }
    Ok(())
}

/// Where a member's packed bytes begin, and how its own header differs from the directory.
#[derive(Debug)]
pub struct Found {
    /// Offset of the member's first packed byte.
    pub start: u64,
    /// How its own header differs from the directory, in words.
    pub oddity: Option<String>,
    /// Bytes behind it that look like a member that nobody lists.
    pub hidden: Option<u64>,
}

/// Looks at a member's own header.
///
/// # Errors
/// `malformed` where there is none, else as [`Source::at`].
pub fn locate(source: &mut Source, member: &Member) -> Result<Found, Problem> {
    let place = format!("ZIP {}", member.name);
    let head = source.read_uncached(member.local, LOCAL as usize + member.raw().len()).map_err(|p| p.within(&place))?;
    let names = le16(&head, 26).zip(le16(&head, 28)).filter(|_| head.starts_with(b"PK\x03\x04"));
    let Some((name, extra)) = names else {
        return Err(Problem::malformed(place, member.local, "no member where stated"));
    };
    let start = member.local.saturating_add(LOCAL + u64::from(name) + u64::from(extra));
    let own = head.get(LOCAL as usize..).unwrap_or_default();
    let (flags, method) = (le16(&head, 6).unwrap_or(0), le16(&head, 8).unwrap_or(0));
    // A masked header says nothing of its member.
    let masked = flags & 1 << 13 != 0;
    let oddity = if !masked && (usize::from(name) != member.raw().len() || own != member.raw()) {
        let own = source.read_uncached(member.local + LOCAL, name.into()).map_err(|p| p.within(&place))?;
        let own = zip_names::plain(&own, flags & 1 << 11 != 0);
        Some(format!("its own header calls it “{own}”: programs will not agree on what it is"))
    } else if !masked && method != member.method {
        Some(format!("its own header says method {method}, the directory {}", member.method))
    } else {
        None
    };
    let end = start.saturating_add(member.packed);
    if end > member.until {
        return Err(Problem::malformed(place, member.local, "it reaches into the next member"));
    }
    let gap = source.read_uncached(end, (member.until - end).min(28) as usize)?;
    // A descriptor of up to 24 bytes may stand between.
    let hidden = (0..gap.len().min(25)).find(|at| gap.get(*at..at + 4) == Some(b"PK\x03\x04"));
    Ok(Found { start, oddity, hidden: hidden.map(|at| end + at as u64) })
}

/// Why a member cannot be unfolded, if so.
#[must_use]
pub fn obstacle(member: &Member) -> Option<Problem> {
    let unsupported =
        |what: String| Problem::new(ProblemKind::Unsupported, format!("ZIP {}", member.name), Some(member.local), what);
    if member.encrypted {
        return Some(unsupported("the member is encrypted".to_owned()));
    }
    if matches!(member.method, STORED | DEFLATED) {
        return None;
    }
    let name = METHODS.iter().find(|(method, _)| *method == member.method).map_or("unknown", |(_, name)| name);
    Some(unsupported(format!("packed by method {} ({name})", member.method)))
}

/// The first bytes that a member unfolds to, at most `most`; none where it cannot be unfolded.
pub fn head(source: &mut Source, member: &Member, most: usize) -> Vec<u8> {
    if obstacle(member).is_some() {
        return Vec::new();
    }
    let Ok(found) = locate(source, member) else { return Vec::new() };
    // Packed bytes are nearly never more than the plain ones.
    let len = member.packed.min(most as u64) as usize;
    match source.up_to(found.start, len) {
        Ok(packed) if member.method == STORED => packed.to_vec(),
        Ok(packed) => deflate::raw(packed, most).0,
        Err(_) => Vec::new(),
    }
}

/// A member's bytes, at most `most`, and where its packed bytes begin.
///
/// # Errors
/// `unsupported` for encrypted members and other methods, `limit` past `most`, else as [`locate`].
pub fn bytes(source: &mut Source, member: &Member, most: usize) -> Result<(u64, Vec<u8>), Problem> {
    let place = format!("ZIP {}", member.name);
    if let Some(obstacle) = obstacle(member) {
        return Err(obstacle);
    }
    let start = locate(source, member)?.start;
    let packed = source.read_bounded(start, member.packed, most).map_err(|p| p.within(&place))?;
    if member.method == STORED {
        return Ok((start, packed));
    }
    match deflate::raw(&packed, most) {
        (plain, None) => Ok((start, plain)),
        (_, Some(problem)) => Err(problem.within(&place)),
    }
}
