//! Facts that the pass over marked assets has read, kept for the pass that judges: a file is read once for both.
//!
//! They take memory, so there is a bound: what comes after it is read again. Kept is only what depends on nothing but the
//! file's own bytes, and it is taken only while the file is what it was.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use countersign_io::Stat;
use countersign_model::{Asset, Facts, Role, Tag};

use crate::walk;

/// Bytes of all facts that are kept, as they are estimated.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// What a tag and the facts of a file take beside their text.
const OF_TAG: usize = 200;
const OF_FACTS: usize = 600;

/// The facts of files, by root and path below it.
#[derive(Default)]
pub(super) struct KeptFacts {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: usize,
    facts: HashMap<(usize, String), (Stat, Facts)>,
}

impl KeptFacts {
    /// Keeps what was read of a file that the walk saw so, where there is room.
    pub(super) fn keep(&self, asset: &Asset, facts: &Facts) {
        if !depend_on_the_file_only(asset, facts) {
            return;
        }
        let bytes = size(facts);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + bytes <= MOST_BYTES {
            kept.bytes += bytes;
            kept.facts.insert((asset.root, asset.rel.clone()), (walk::stat_of(asset), facts.clone()));
        }
    }

    /// The facts of a file, once, where it is now what it was when they were read and when it was walked since.
    pub(super) fn take(&self, asset: &Asset, now: impl FnOnce() -> Option<Stat>) -> Option<Facts> {
        // Of an archival picture more is read.
        if asset.role == Role::Archival || asset.obstacle.is_some() {
            return None;
        }
        let (seen, facts) = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let (seen, facts) = kept.facts.remove(&(asset.root, asset.rel.clone()))?;
            kept.bytes = kept.bytes.saturating_sub(size(&facts));
            (seen, facts)
        };
        let same = seen.still(&walk::stat_of(asset)) && now().is_some_and(|now| seen.still(&now));
        (same && asset.sidecars.is_empty()).then_some(facts)
    }
}

/// Whether nothing beside the file counts, and nothing of it has to be looked at afresh.
fn depend_on_the_file_only(asset: &Asset, facts: &Facts) -> bool {
    asset.sidecars.is_empty()
        && asset.obstacle.is_none()
        && facts.c2pa.is_none()
        && facts.archives.is_empty()
        && !facts.problems.iter().any(|problem| problem.blocking)
}

fn size(facts: &Facts) -> usize {
    let text = |tag: &Tag| OF_TAG + tag.space.len() + tag.key.len() + tag.value.len() + tag.place.kept_bytes();
    let problems = facts.problems.iter().map(|problem| OF_TAG + problem.what.len());
    OF_FACTS + facts.tags.iter().chain(&facts.decoded).map(text).sum::<usize>() + problems.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::{Problem, ProblemKind};

    fn asset(rel: &str) -> Asset {
        Asset::new(rel.into(), rel.to_owned(), 0, 7, None)
    }

    #[test]
    fn facts_are_taken_once_and_only_while_the_file_is_what_it_was() {
        let kept = KeptFacts::default();
        let (one, facts) = (asset("a.jpg"), Facts { extension_fits: Some(true), ..Facts::default() });
        let now = || Some(walk::stat_of(&asset("a.jpg")));
        kept.keep(&one, &facts);
        assert_eq!(kept.take(&one, now), Some(facts.clone()));
        assert_eq!(kept.take(&one, now), None);
        assert_eq!(kept.kept.lock().unwrap().bytes, 0);
        kept.keep(&one, &facts);
        assert_eq!(kept.take(&one, || Some(Stat { len: 8, ..walk::stat_of(&one) })), None, "it grew since");
        kept.keep(&one, &facts);
        assert_eq!(kept.take(&one, || None), None, "it is gone");
        kept.keep(&one, &facts);
        assert_eq!(kept.take(&Asset { size: 8, ..asset("a.jpg") }, now), None, "the second walk saw another");
        kept.keep(&one, &facts);
        assert_eq!(kept.take(&Asset { role: Role::Archival, ..asset("a.jpg") }, now), None, "more is read of it");
    }

    #[test]
    fn what_depends_on_more_than_the_file_is_not_kept() {
        let kept = KeptFacts::default();
        let unread = Problem::new(ProblemKind::Io, "", None, "it cannot be read".to_owned());
        kept.keep(&asset("a.jpg"), &Facts { problems: vec![unread.clone()], ..Facts::default() });
        kept.keep(&Asset { sidecars: vec!["a.xmp".into()], ..asset("a.jpg") }, &Facts::default());
        kept.keep(&Asset { obstacle: Some(unread), ..asset("a.jpg") }, &Facts::default());
        assert!(kept.kept.lock().unwrap().facts.is_empty());
    }

    #[test]
    fn there_is_room_for_so_much_and_no_more() {
        let kept = KeptFacts::default();
        let long = Tag { value: "x".repeat(MOST_BYTES / 3).into(), ..Tag::default() };
        let facts = Facts { tags: vec![long], ..Facts::default() };
        ["a", "b", "c"].iter().for_each(|rel| kept.keep(&asset(rel), &facts));
        assert_eq!(kept.kept.lock().unwrap().facts.len(), 2);
    }
}
