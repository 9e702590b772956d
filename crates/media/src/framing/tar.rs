//! TAR archives (POSIX.1-2017 pax interchange and ustar; GNU tar 1.35 manual, "Basic Tar Format"; the format of
//! Unix version 7): one header of 512 bytes before each member.
//!
//! Links and devices have no bytes and are no members. What stands behind the end mark is read all the same.

use std::sync::Arc;

use super::names::lossless;
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

const BLOCK: u64 = 512;
/// The longest extended header or long name.
const EXTENDED: u64 = 1024 * 1024;
/// Zero bytes behind the end mark that are looked through for more.
const PADDING: u64 = 1024 * 1024;
/// Further blocks of a map of a sparse file.
const MAPS: usize = 65_536;

/// One member with bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The path in the archive, as a header or an extended header gives it; untrusted. There may be very many: whoever keeps
    /// it shares it.
    pub name: Arc<str>,
    /// Where its bytes begin, and how many of them are there.
    pub start: u64,
    /// How many bytes of it are in the archive.
    pub size: u64,
    /// Why its bytes are not the file's.
    pub obstacle: Option<&'static str>,
    /// The archive ends before the member does.
    pub cut: bool,
}

/// What an archive holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// In their order.
    pub entries: Vec<Entry>,
    /// Names without bytes: folders, with `/` at their end, and links.
    pub bare: Vec<Arc<str>>,
    /// What a sound archive has not, in words.
    pub oddities: Vec<String>,
    /// Where its end mark begins, where it has one.
    pub end: Option<u64>,
}

/// What extended headers say of members.
#[derive(Clone, Debug, Default)]
struct Extended {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

/// Whether these bytes begin with a header, and whether it names the format.
#[must_use]
pub fn begins(head: &[u8]) -> Option<bool> {
    let block = head.get(..BLOCK as usize)?;
    (is_sound(block) && block.first() != Some(&0)).then(|| block.get(257..262) == Some(b"ustar"))
}

/// All members; what was read before an error stays in `out`.
///
/// # Errors
/// `truncated` without an end mark, `malformed` for a header that is none, `limit` for too many or too long names.
pub fn list(source: &mut Source, out: &mut Listing) -> Result<(), Problem> {
    let len = source.len();
    let (mut global, mut own) = (Extended::default(), Extended::default());
    let (mut at, mut names) = (0_u64, 0_usize);
    let cut = |at: u64| Problem::truncated("TAR", at, "the archive ends without its end mark: more may be missing");
    while let Some(left) = len.checked_sub(at).filter(|left| *left >= BLOCK) {
        let block = source.read_uncached(at, BLOCK as usize)?;
        if block.len() < BLOCK as usize {
            return Err(cut(at));
        }
        if block.iter().all(|b| *b == 0) {
            match behind(source, at, left, out)? {
                Some(next) => at = next,
                None => {
                    out.end = Some(at);
                    return Ok(());
                }
            }
            continue;
        }
        if !is_sound(&block) {
            return Err(Problem::malformed("TAR", at, "no header where one must be: what follows is not read"));
        }
        if out.entries.len() + out.bare.len() >= limits::ARCHIVED * 2
            || out.entries.len() >= limits::ARCHIVED
            || names > limits::ARCHIVED_NAMES
        {
            return Err(Problem::limit("TAR", at, "more members than are read"));
        }
        let stated = number(field(&block, 124, 12));
        let stated = stated.ok_or_else(|| Problem::malformed("TAR", at, "a header states no size that is a number"))?;
        let (kind, mut start) = (block.get(156).copied().unwrap_or(0), at + BLOCK);
        if matches!(kind, b'x' | b'X' | b'g' | b'L' | b'K') {
            let body =
                source.read_bounded(start, stated, EXTENDED as usize).map_err(|p| p.within("TAR (extended header)"))?;
            let read = match kind {
                b'g' => pax(&body, &mut global),
                b'x' | b'X' => pax(&body, &mut own),
                b'L' => {
                    own.path = Some(terminated(&body).to_vec());
                    Some(())
                }
                _ => Some(()),
            };
            read.ok_or_else(|| Problem::malformed("TAR", start, "an extended header is broken"))?;
            at = next(start, stated);
            continue;
        }
        let said = std::mem::take(&mut own);
        let mut size = said.size.or(global.size).unwrap_or(stated);
        if kind == b'S' {
            start = behind_map(source, &block, start)?;
        }
        // Some write a size for what has no bytes; others hide bytes there.
        if matches!(kind, b'1'..=b'6') && (size == 0 || has_no_bytes(source, start)?) {
            size = 0;
        }
        let name = said.path.or_else(|| global.path.clone()).unwrap_or_else(|| name(&block));
        let name = lossless(&name);
        let member = match kind {
            b'V' | b'D' => false,
            b'1'..=b'6' => size > 0,
            _ => size > 0 || !name.ends_with('/'),
        };
        let have = size.min(len.saturating_sub(start));
        if !member && matches!(kind, b'1' | b'2') || name.ends_with('/') || kind == b'5' && size == 0 {
            names += name.len();
            let folder = kind == b'5' && !name.ends_with('/');
            out.bare.push(if folder { format!("{name}/").into() } else { name.as_str().into() });
        }
        if member {
            names += name.len();
            let sparse = kind == b'S' || said.sparse || global.sparse;
            let obstacle = match kind {
                b'M' => Some("it begins in another volume of the archive"),
                _ if sparse => Some("a sparse file, of which the archive holds only parts"),
                _ => None,
            };
            out.entries.push(Entry { name: name.into(), start, size: have, obstacle, cut: have < size });
        }
        if have < size {
            return Err(Problem::truncated("TAR", start, format!("a member of {size} bytes ends after {have}")));
        }
        at = next(start, size);
    }
    Err(cut(at.min(len)))
}

/// Where the next header stands.
fn next(start: u64, size: u64) -> u64 {
    start.saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK))
}

/// Whether what follows a header with a size is the next header, or the end: then it had no bytes.
fn has_no_bytes(source: &mut Source, start: u64) -> Result<bool, Problem> {
    let block = source.read_uncached(start, BLOCK as usize)?;
    Ok(block.len() < BLOCK as usize || block.iter().all(|b| *b == 0) || is_sound(&block))
}

/// Looks behind the end mark: where the next header stands, if one does.
fn behind(source: &mut Source, at: u64, left: u64, out: &mut Listing) -> Result<Option<u64>, Problem> {
    let mut looked = 0;
    while looked < left.min(PADDING) {
        let step = source.read_uncached(at + looked, 16 * BLOCK as usize)?;
        if step.is_empty() {
            break;
        }
        let Some(found) = step.iter().position(|b| *b != 0) else {
            looked += step.len() as u64;
            continue;
        };
        let place = at + (looked + found as u64) / BLOCK * BLOCK;
        let block = source.read_uncached(place, BLOCK as usize)?;
        let more = block.len() == BLOCK as usize && is_sound(&block);
        let what = if more { "members" } else { "bytes" };
        out.oddities.push(format!("{what} stand behind its end mark, at byte {place}"));
        return Ok(more.then_some(place));
    }
    if left > PADDING {
        let what = format!("{left} bytes follow the end mark: they are not looked through");
        return Err(Problem::limit("TAR", at, what));
    }
    Ok(None)
}

/// Where the data of an old GNU sparse file begin.
fn behind_map(source: &mut Source, header: &[u8], mut start: u64) -> Result<u64, Problem> {
    let mut more = header.get(482) == Some(&1);
    for _ in 0..MAPS {
        if !more {
            return Ok(start);
        }
        more = source.read_uncached(start, BLOCK as usize)?.get(504) == Some(&1);
        start += BLOCK;
    }
    Err(Problem::limit("TAR", start, "the map of a sparse file does not end"))
}

/// Whether the checksum holds; old programs added signed bytes.
fn is_sound(block: &[u8]) -> bool {
    let Some(stated) = number(field(block, 148, 8)) else { return false };
    let bytes = || block.iter().enumerate().map(|(n, byte)| if (148..156).contains(&n) { b' ' } else { *byte });
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|b| i64::from(b as i8)).sum();
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

fn field(block: &[u8], at: usize, len: usize) -> &[u8] {
    block.get(at..at + len).unwrap_or_default()
}

/// Octal digits between blanks, or base 256 where the first bit is set; `None` for anything else.
fn number(field: &[u8]) -> Option<u64> {
    let first = *field.first()?;
    if first & 0x80 != 0 {
        // No size is negative.
        if first & 0x40 != 0 {
            return None;
        }
        let bytes = std::iter::once(first & 0x3f).chain(field.iter().skip(1).copied());
        return bytes.into_iter().try_fold(0_u64, |sum, b| sum.checked_mul(256)?.checked_add(u64::from(b)));
    }
    let digits = field.iter().skip_while(|b| **b == b' ').take_while(|b| !matches!(**b, b' ' | 0));
    let mut any = false;
    let value = digits.into_iter().try_fold(0_u64, |sum, b| {
        any = true;
        let digit = b.checked_sub(b'0').filter(|d| *d < 8)?;
        sum.checked_mul(8)?.checked_add(u64::from(digit))
    })?;
    // An empty field is a zero.
    (any || field.iter().all(|b| matches!(*b, b' ' | 0))).then_some(value)
}

fn terminated(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// The name in the header itself; POSIX puts folders that do not fit before it.
fn name(block: &[u8]) -> Vec<u8> {
    let name = terminated(field(block, 0, 100));
    let prefix = terminated(field(block, 345, 155));
    let posix = field(block, 257, 6) == b"ustar\0";
    match posix && !prefix.is_empty() {
        true => [prefix, b"/", name].concat(),
        false => name.to_vec(),
    }
}

/// Records of an extended header, `LENGTH KEY=VALUE\n`; `None` where one is broken.
fn pax(mut body: &[u8], out: &mut Extended) -> Option<()> {
    while body.first().is_some_and(|b| *b != 0) {
        let space = body.iter().position(|b| *b == b' ')?;
        let len: usize = std::str::from_utf8(body.get(..space)?).ok()?.parse().ok()?;
        let record = body.get(space + 1..len)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|b| *b == b'=')?;
        let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
        match key {
            b"path" => out.path = Some(value.to_vec()),
            b"GNU.sparse.name" => (out.path, out.sparse) = (Some(value.to_vec()), true),
            b"size" => out.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
            key if key.starts_with(b"GNU.sparse.") => out.sparse = true,
            _ => {}
        }
        body = body.get(len..)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        let cases: &[(&[u8], Option<u64>)] = &[
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0", Some(0)),
            (b"77777777777\0", Some(0o77_777_777_777)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(1 << 33)),
            (b"\xff\xff\xff\xff", None),
            (b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"12x", None),
            (b"8", None),
        ];
        for (field, value) in cases {
            assert_eq!(number(field), *value, "{field:?}");
        }
    }

    #[test]
    fn extended_headers_are_records_of_stated_length() {
        let mut said = Extended::default();
        assert!(pax(b"12 path=a/b\n19 size=8589934592\n18 GNU.sparse.a=1\n\0\0", &mut said).is_some());
        assert_eq!((said.path, said.size, said.sparse), (Some(b"a/b".to_vec()), Some(8_589_934_592), true));
        for bad in
            [&b"0 a=b"[..], b"99999999999999999999 a=b", b"3 ", b"-1 x=y\n", b"2 \n2 \n", b"9 size=x\n", b"99 path=cut"]
        {
            assert_eq!(pax(bad, &mut Extended::default()), None);
        }
    }
}
