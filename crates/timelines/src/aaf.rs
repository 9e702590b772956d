//! AAF (Advanced Authoring Format): compositions of Avid, Resolve, Pro Tools and Premiere in a compound file.
//!
//! Follows the AAF Object Specification 1.1 and the AAF Low-Level Container Specification 1.0.1. A composition's
//! source clips lead by MobID and SlotID to master mobs, from there to file mobs (with locators) and tape mobs.

mod mobs;
mod objects;
mod walk;

use crate::{compound::Compound, error::Unreadable, limits::Budget, model::Document};

pub(crate) fn read(bytes: &[u8]) -> Result<Document, Unreadable> {
    let compound = Compound::open(bytes)?;
    let mut budget = Budget::new();
    let objects = objects::Objects::new(compound);
    let mobs = mobs::Mobs::read(&objects, &mut budget)?;
    walk::timelines(&objects, &mobs, &mut budget)
}
