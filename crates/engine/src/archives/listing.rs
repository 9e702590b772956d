//! What an archive of each kind holds: names, sizes, and how to open each member.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use super::{Budget, Refusal};
use crate::walk;
use countersign_io::source::Source;
use countersign_io::{ByteRange, TempSpace};
use countersign_media::formats::{Contents, zip_store};
use countersign_media::framing::{gzip, tar, zip};
use countersign_media::member::{self, Member};
use countersign_model::{FormatId, Problem, ProblemKind};

/// The members of one archive, in its own order. There may be very many: of each there is what the archive states, once,
/// and a [`Member`] is made of it when somebody wants to open it.
#[derive(Debug)]
pub(super) enum Entries {
    /// Those of a ZIP archive; and those, by their numbers, that are not decompressed.
    Zip { held: ByteRange, members: Vec<zip::Member>, refused: HashMap<usize, Refusal> },
    /// Those of a TAR archive.
    Tar { held: ByteRange, members: Vec<tar::Entry> },
    /// The only one: name, size in bytes, and how to open it.
    One(Arc<str>, u64, Member),
}

impl Entries {
    /// How many there are. Folders, links and what was read with the archive are counted too: [`Entries::is_file`].
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Zip { members, .. } => members.len(),
            Self::Tar { members, .. } => members.len(),
            Self::One(..) => 1,
        }
    }

    /// The name of the member of this number, where it is one that has bytes of its own.
    pub(super) fn file(&self, number: usize) -> Option<&Arc<str>> {
        match self {
            // The store about the whole archive was read with it.
            Self::Zip { members, .. } => members
                .get(number)
                .filter(|m| !m.is_folder() && !m.link && *m.name != *zip_store::STORE)
                .map(|member| &member.name),
            Self::Tar { members, .. } => members.get(number).map(|member| &member.name),
            Self::One(name, ..) => (number == 0).then_some(name),
        }
    }

    /// Size in bytes, decompressed.
    pub(super) fn size(&self, number: usize) -> u64 {
        match self {
            Self::Zip { members, .. } => members.get(number).map_or(0, |member| member.size),
            Self::Tar { members, .. } => members.get(number).map_or(0, |member| member.size),
            Self::One(_, size, _) => *size,
        }
    }

    /// How its bytes are had.
    pub(super) fn member(&self, number: usize) -> Member {
        let member = match self {
            Self::Zip { held, members, refused } => members.get(number).map(|entry| match refused.get(&number) {
                Some(refusal) => Member::Unreadable(refusal.problem(entry.packed, entry.size)),
                None => Member::Zip(held.clone(), Arc::new(entry.clone())),
            }),
            Self::Tar { held, members } => members.get(number).map(|entry| taped(held, entry)),
            Self::One(_, _, member) => Some(member.clone()),
        };
        let none =
            || Member::Unreadable(Problem::new(ProblemKind::Io, "archive", None, "the archive has no such member"));
        member.unwrap_or_else(none)
    }
}

/// All of them, and what a sound archive would not have.
pub(super) struct Listed {
    pub entries: Entries,
    /// Names without bytes: folders, with `/` at their end, and links.
    pub bare: Vec<Arc<str>>,
    pub oddities: Vec<String>,
}

/// The members of an archive at `rel`.
pub(super) fn list(format: FormatId, held: &ByteRange, rel: &str, budget: &mut Budget, space: &TempSpace) -> Listed {
    match super::contents(format) {
        Some(Contents::Zip) => list_zip(held, budget),
        Some(Contents::Tar) => list_tar(held),
        _ => gzipped(held, rel, budget, space),
    }
}

fn list_zip(held: &ByteRange, budget: &mut Budget) -> Listed {
    let mut listing = zip::Listing::default();
    let result = zip::list(&mut Source::new(held), &mut listing);
    let (members, mut oddities) = (listing.members, listing.oddities);
    oddities.extend(result.err().map(|problem| problem.what));
    let bare = members.iter().filter(|m| m.is_folder() || m.link).map(|m| Arc::clone(&m.name)).collect();
    let mut entries = Entries::Zip { held: held.clone(), members, refused: HashMap::new() };
    let taken: Vec<_> = (0..entries.len()).filter(|number| entries.file(*number).is_some()).collect();
    if let Entries::Zip { members, refused, .. } = &mut entries {
        for number in taken {
            let packed = members.get(number).filter(|member| member.method != zip::STORED);
            let refusal = packed.and_then(|member| budget.take(member.packed, member.size).err());
            refused.extend(refusal.map(|refusal| (number, refusal)));
        }
    }
    Listed { entries, bare, oddities }
}

fn list_tar(held: &ByteRange) -> Listed {
    let mut listing = tar::Listing::default();
    let result = tar::list(&mut Source::new(held), &mut listing);
    let (mut members, mut oddities) = (listing.entries, listing.oddities);
    oddities.extend(result.err().map(|problem| problem.what));
    members.shrink_to_fit();
    Listed { entries: Entries::Tar { held: held.clone(), members }, bare: listing.bare, oddities }
}

fn taped(held: &ByteRange, entry: &tar::Entry) -> Member {
    match entry.obstacle {
        Some(what) => Member::Unreadable(Problem::new(ProblemKind::Unsupported, "TAR", Some(entry.start), what)),
        None => {
            let cut = || Problem::truncated("TAR", entry.size, "the archive ends inside this member");
            Member::Stored(held.section(entry.start, entry.size), entry.cut.then(cut))
        }
    }
}

fn gzipped(held: &ByteRange, rel: &str, budget: &mut Budget, space: &TempSpace) -> Listed {
    let head = Source::new(held).head().map(<[u8]>::to_vec).unwrap_or_default();
    let name = gzip::name(&head).unwrap_or_else(|| unpacked(rel));
    let name = name.rsplit('/').next().unwrap_or_default().to_owned();
    // What is packed is the archive's only content, whatever its header calls it.
    let name = if walk::is_system(OsStr::new(&name)) { format!("{} ({name})", unpacked(rel)) } else { name };
    let (size, member) = match member::gunzip(held, budget.bytes, space) {
        Ok((unfolded, problem)) => {
            budget.bytes = budget.bytes.saturating_sub(unfolded.len());
            (unfolded.len(), Member::Stored(unfolded, problem))
        }
        Err(problem) => (0, Member::Unreadable(problem)),
    };
    Listed { entries: Entries::One(name.into(), size, member), bare: Vec::new(), oddities: Vec::new() }
}

/// The name of what is packed, by the name of the packed file.
fn unpacked(rel: &str) -> String {
    let name = rel.rsplit('/').next().unwrap_or(rel);
    let stem = Path::new(name).file_stem().map_or_else(|| name.into(), |s| s.to_string_lossy().into_owned());
    match Path::new(name).extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("gz") => stem,
        Some("tgz") => format!("{stem}.tar"),
        Some("svgz") => format!("{stem}.svg"),
        _ => name.to_owned(),
    }
}
