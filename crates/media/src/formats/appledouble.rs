//! AppleDouble companions (RFC 1740, appendix A): `._name` files that macOS leaves on foreign file systems.
//!
//! They hold Finder information and extended attributes of the file whose name follows the prefix; the layout of the
//! attributes is Apple's (xnu, `bsd/vfs/vfs_xattr.c`).

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{be16, be32};
use crate::tags::{Place, charset, push};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct AppleDouble;

static INFO: Info = Info {
    id: FormatId::new("appledouble"),
    name: "AppleDouble",
    extensions: &[],
    media: Media::Companion,
    specification: "RFC 1740, appendix A",
    version: 1,
    borrowed_name: true,
    ..Info::DEFAULT
};

const FINDER_INFO: u32 = 9;
/// Bytes of all extended attributes together that are read; they may share their bytes.
const VALUES: u64 = 4 << 20;

impl Format for AppleDouble {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let version = be32(probe.head, 4);
        let fits = probe.head.starts_with(b"\x00\x05\x16\x07") && matches!(version, Some(0x0001_0000 | 0x0002_0000));
        if fits { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let count = u16::from_be_bytes(source.array(24)?);
        out.coverage.add(0, 26 + 12 * u64::from(count));
        for n in 0..u64::from(count) {
            let entry = source.array::<12>(26 + n * 12)?;
            let [Some(id), Some(offset), Some(len)] = [0, 4, 8].map(|at| be32(&entry, at)) else { break };
            let (offset, len) = (u64::from(offset), u64::from(len));
            if offset.saturating_add(len) > source.len() {
                return Err(Problem::truncated("", source.absolute(26 + n * 12), format!("entry {id} is cut short")));
            }
            out.coverage.add(offset, offset + len);
            let at = Place::new("AppleDouble", source.absolute(offset));
            push(out, ("appledouble", "entry"), format!("{id} ({len} bytes)"), &at, 0);
            if id == FINDER_INFO && len > 34 + 36 {
                attributes(source, offset + 34, out)?;
            }
        }
        Ok(())
    }
}

/// The extended attributes behind the 32 bytes of Finder information.
fn attributes(source: &mut Source, start: u64, out: &mut Extraction) -> Result<(), Problem> {
    let head = source.array::<36>(start)?;
    if !head.starts_with(b"ATTR") {
        return Ok(());
    }
    let count = usize::from(be16(&head, 34).unwrap_or_default()).min(limits::ITEMS);
    let mut at = start + 36;
    let mut room = VALUES;
    for _ in 0..count {
        let entry = source.array::<11>(at)?;
        let (Some(offset), Some(len)) = (be32(&entry, 0), be32(&entry, 4)) else { break };
        let name = source.vec(at + 11, usize::from(entry[10]))?;
        let name = charset::decode(&name);
        let (offset, len) = (u64::from(offset), u64::from(len));
        let place = Place::new("AppleDouble", source.absolute(offset));
        let value = source.read_bounded(offset, len, room as usize);
        room = room.saturating_sub(len);
        match value {
            Ok(bytes) if charset::is_text(&bytes) => {
                push(out, ("appledouble", &name), charset::decode(&bytes), &place, 0);
            }
            Ok(_) => push(out, ("appledouble", &name), format!("({len} bytes)"), &place, 0),
            Err(problem) => place.problem(problem.harmless(), out),
        }
        // Entries are aligned to four bytes.
        at += (11 + u64::from(entry[10])).next_multiple_of(4);
    }
    Ok(())
}
