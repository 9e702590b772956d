//! Shared by plain ZIP archives and documents that are ZIP archives: the C2PA store about the whole (C2PA 2.2, annex A.6)
//! and what the directory says.

use crate::framing::jumbf;
use crate::framing::zip::{self, Member};
use crate::tags::{Place, push, push_problem, push_store};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem, Store};

/// The id of a plain archive.
pub(super) const ID: FormatId = FormatId::new("zip");

/// Where the store stands.
pub const STORE: &str = "META-INF/content_credential.c2pa";

/// What an archive says about all of it.
pub(super) fn read_store(source: &mut Source, members: &[Member], out: &mut Extraction) -> Result<(), Problem> {
    if let Some(member) = members.iter().find(|m| *m.name == *STORE)
        && let Err(problem) = store(source, member, out)
    {
        push_problem(out, problem);
    }
    push(out, ("zip", "members"), members.len().to_string(), &Place::new("ZIP (directory)", 0), 0);
    Ok(())
}

/// Reads the manifest store that a member holds.
pub(super) fn store(source: &mut Source, member: &Member, out: &mut Extraction) -> Result<(), Problem> {
    let (offset, bytes) = zip::bytes(source, member, limits::STORE)?;
    let damage = jumbf::damage(&bytes);
    push_store(out, Store { place: format!("ZIP {STORE}"), offset: source.absolute(offset), bytes, damage });
    Ok(())
}
