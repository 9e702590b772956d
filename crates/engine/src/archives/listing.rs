//! What an archive of each kind holds: names, sizes, and how to open each member.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use super::Budget;
use crate::walk;
use countersign_io::source::Source;
use countersign_io::{ByteRange, TempSpace};
use countersign_media::formats::{Contents, zip_store};
use countersign_media::framing::{gzip, tar, zip};
use countersign_media::member::{self, Member};
use countersign_model::{FormatId, Problem, ProblemKind};

/// One member.
pub(super) struct Row {
    pub name: String,
    pub size: u64,
    pub member: Member,
}

/// All of them, and what a sound archive would not have.
#[derive(Default)]
pub(super) struct Listed {
    pub rows: Vec<Row>,
    /// Names without bytes: folders, with `/` at their end, and links.
    pub bare: Vec<String>,
    pub oddities: Vec<String>,
}

/// The members of an archive at `rel`.
pub(super) fn list(format: FormatId, held: &ByteRange, rel: &str, budget: &mut Budget, space: &TempSpace) -> Listed {
    match super::contents(format) {
        Some(Contents::Zip) => zipped(held, budget),
        Some(Contents::Tar) => taped(held),
        _ => gzipped(held, rel, budget, space),
    }
}

fn zipped(held: &ByteRange, budget: &mut Budget) -> Listed {
    let mut listing = zip::Listing::default();
    let result = zip::list(&mut Source::new(held), &mut listing);
    let mut oddities = listing.oddities;
    oddities.extend(result.err().map(|problem| problem.what));
    let bare = listing.members.iter().filter(|m| m.is_folder() || m.link).map(|m| m.name.clone()).collect();
    // The store about the whole archive was read with it.
    let members = listing.members.into_iter().filter(|m| !m.is_folder() && !m.link && m.name != zip_store::STORE);
    let rows = members.map(|entry| {
        let (name, size) = (entry.name.clone(), entry.size);
        let refused = match entry.method {
            zip::STORED => None,
            _ => budget.take(entry.packed, entry.size).err(),
        };
        let member = refused.map_or_else(|| Member::Zip(held.clone(), Arc::new(entry)), Member::Unreadable);
        Row { name, size, member }
    });
    Listed { rows: rows.collect(), bare, oddities }
}

fn taped(held: &ByteRange) -> Listed {
    let mut listing = tar::Listing::default();
    let result = tar::list(&mut Source::new(held), &mut listing);
    let mut oddities = listing.oddities;
    oddities.extend(result.err().map(|problem| problem.what));
    let rows = listing.entries.into_iter().map(|entry| {
        let member = match entry.obstacle {
            Some(what) => Member::Unreadable(Problem::new(ProblemKind::Unsupported, "TAR", Some(entry.start), what)),
            None => {
                let cut = || Problem::truncated("TAR", entry.size, "the archive ends inside this member");
                Member::Stored(held.section(entry.start, entry.size), entry.cut.then(cut))
            }
        };
        Row { name: entry.name, size: entry.size, member }
    });
    Listed { rows: rows.collect(), bare: listing.bare, oddities }
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
    Listed { rows: vec![Row { name, size, member }], ..Listed::default() }
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
