//! What files beside assets say, read once each: one sidecar may stand beside thousands of files of one stem.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Options, adopt, beside_place, cut, read_sidecar};
use countersign_io::asset_budget;
use countersign_io::source::Source;
use countersign_media::tags;
use countersign_model::{Extraction, Problem, ProblemKind, Tag, Via};

/// Bytes of what is kept, about. Assets of one stem follow one another, with a few folders in work at once.
const KEPT: usize = 24 * 1024 * 1024;
/// Tags of one sidecar that are told of assets, all of them together.
const TOLD: usize = 500_000;

/// What was read beside assets, by the paths of the files.
#[derive(Debug, Default)]
pub struct SidecarReads {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_path: HashMap<PathBuf, Sidecar>,
    order: VecDeque<PathBuf>,
    bytes: usize,
}

#[derive(Debug)]
struct Sidecar {
    said: Arc<Extraction>,
    bytes: usize,
    /// Tags that were told of assets so far.
    told: usize,
}

impl SidecarReads {
    /// Tells what a file beside the asset says. Long values are shortened before they are kept, or each of thousands of
    /// assets would shorten them again.
    pub(super) fn adopt(&self, path: &Path, opened: Result<Source, Problem>, options: &Options, out: &mut Extraction) {
        let place = beside_place(path);
        let known = self.lock().tell(path);
        let (said, told) = known.unwrap_or_else(|| {
            // Where two threads come at the same time, both read it: neither waits for the other.
            let mut said = read_sidecar(path, opened, options);
            cut::long_values(&mut said.facts, &options.catalogue);
            let said = Arc::new(said);
            if asset_budget::excess().is_none() {
                self.lock().keep(path, &said);
            }
            (said, 0)
        });
        if told > TOLD {
            let what = "it says so much beside so many files that it was not told of this one";
            return tags::push_problem(out, Problem::new(ProblemKind::Limit, place, None, what));
        }
        adopt((*said).clone(), Via::Sidecar, &place, out);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Whatever happened in another thread, what is kept is whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What is known of a sidecar, and how many of its tags were told before.
    fn tell(&mut self, path: &Path) -> Option<(Arc<Extraction>, usize)> {
        let sidecar = self.by_path.get_mut(path)?;
        let told = sidecar.told;
        sidecar.told = told.saturating_add(sidecar.said.facts.tags.len() + sidecar.said.facts.decoded.len());
        Some((Arc::clone(&sidecar.said), told))
    }

    fn keep(&mut self, path: &Path, said: &Arc<Extraction>) {
        let of_tag =
            |tag: &Tag| size_of::<Tag>() + tag.space.len() + tag.key.len() + tag.value.len() + tag.place.kept_bytes();
        let tags = said.facts.tags.iter().chain(&said.facts.decoded).map(of_tag).sum::<usize>();
        let bytes = size_of::<Extraction>() + tags;
        let sidecar = Sidecar { said: Arc::clone(said), bytes, told: 0 };
        if let Some(before) = self.by_path.insert(path.to_path_buf(), sidecar) {
            self.bytes = self.bytes.saturating_sub(before.bytes);
        } else {
            self.order.push_back(path.to_path_buf());
        }
        self.bytes = self.bytes.saturating_add(bytes);
        // The newest one stays however long it is: those that share it come next.
        while self.bytes > KEPT && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            let gone = self.by_path.remove(&oldest).map_or(0, |sidecar| sidecar.bytes);
            self.bytes = self.bytes.saturating_sub(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::{Facts, limits};

    fn said(bytes: usize) -> Arc<Extraction> {
        let tag = Tag { value: "a".repeat(bytes).into(), ..Tag::default() };
        Arc::new(Facts { tags: vec![tag], ..Facts::default() }.into())
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_newest_stays() {
        let mut kept = Kept::default();
        for n in 0..100 {
            kept.keep(Path::new(&n.to_string()), &said(1024 * 1024));
            assert!(kept.bytes <= KEPT && kept.tell(Path::new(&n.to_string())).is_some());
        }
        assert!(kept.tell(Path::new("0")).is_none());
        kept.keep(Path::new("long"), &said(2 * KEPT));
        assert!(kept.tell(Path::new("long")).is_some() && kept.order.len() == 1);
        kept.keep(Path::new("short"), &said(1));
        assert!(kept.tell(Path::new("long")).is_none() && kept.bytes < KEPT);
    }

    #[test]
    fn more_sidecars_than_are_read_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let picture = dir.path().join("a.png");
        // An ending has as many spellings as its letters have cases.
        let spelled = |n: usize| -> String {
            let cased = "settings".chars().enumerate();
            cased.map(|(at, c)| if n >> at & 1 == 1 { c.to_ascii_uppercase() } else { c }).collect()
        };
        for (count, told) in [(limits::SIDECARS, false), (limits::SIDECARS + 1, true), (200, true)] {
            let names = (0..count).map(|n| dir.path().join(format!("a.{}.json", spelled(n))));
            let paths: Vec<_> = names.chain([picture.clone()]).collect();
            paths.iter().for_each(|path| std::fs::write(path, "{}").unwrap());
            let walk = crate::walk::Walk::new(&[dir.path().to_owned()], globset::GlobSet::empty());
            let found: Vec<_> = walk.flatten().collect();
            let sidecars = &found.iter().find(|asset| asset.path == picture).unwrap().sidecars;
            assert_eq!(sidecars.len(), count.min(limits::SIDECARS + 1));
            let facts = crate::extract::facts(&picture, sidecars, &Options::default());
            let problem = facts.problems.iter().find(|problem| problem.what.contains("go by its name"));
            assert_eq!(problem.is_some_and(|problem| problem.blocking), told, "{count}");
        }
    }

    #[test]
    fn a_sidecar_is_read_once_and_told_of_each() {
        let reads = std::sync::Arc::new(SidecarReads::default());
        let options = Options { sidecars: Some(std::sync::Arc::clone(&reads)), ..Options::default() };
        let source = |text: &str| Ok(Source::memory(text.as_bytes().to_vec(), 0));
        let (mut first, mut second) = (Extraction::default(), Extraction::default());
        reads.adopt(Path::new("a.txt"), source("one"), &options, &mut first);
        reads.adopt(Path::new("a.txt"), source("another, never read"), &options, &mut second);
        assert_eq!(first, second);
        assert_eq!(first.facts.tags.iter().filter(|tag| tag.value == "one").count(), 1);
    }
}
