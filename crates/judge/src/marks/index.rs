//! From a field to the tests of the catalogue that it may meet: worked out once for each field that comes up in a run, since
//! the files of a delivery have the same few hundred fields.

use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;
use regex::Regex;

use crate::marks::selector::{Selector, field};
use countersign_model::{CompactString, Tag};

/// Fields of which the tests are kept; a file may have as many fields of its own as it likes.
const KEPT: usize = 4096;
/// The longest name of a field of which the tests are kept, in bytes.
const LONGEST: usize = 256;

/// Indexes of a mark and of one of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct At {
    pub(super) mark: usize,
    pub(super) test: usize,
}

/// Selectors with `*`, each once, and the tests that they lead to.
type Globs = Vec<(Selector, Vec<At>)>;

/// Tests by the fields that they are about.
#[derive(Debug, Default)]
struct Known {
    /// Key → spaces that have such a field, each with the place of its tests in the list below.
    by_key: HashMap<CompactString, Vec<(CompactString, usize)>, RandomState>,
    tests: Vec<Box<[At]>>,
}

impl Known {
    fn find(&self, tag: &Tag) -> Option<usize> {
        self.by_key.get(&tag.key)?.iter().find(|(space, _)| *space == tag.space).map(|(_, at)| *at)
    }

    fn tests(&self, at: usize) -> &[At] {
        self.tests.get(at).map_or(&[], |tests| tests)
    }

    /// Keeps the tests of a field, as long as there is room.
    fn keep(&mut self, space: CompactString, key: CompactString, tests: Box<[At]>) {
        if self.tests.len() >= KEPT || space.len() + key.len() > LONGEST {
            return;
        }
        let of_key = self.by_key.entry(key).or_default();
        if !of_key.iter().any(|(known, _)| *known == space) {
            of_key.push((space, self.tests.len()));
            self.tests.push(tests);
        }
    }
}

/// The tests of a catalogue by the fields that they are about.
#[derive(Debug, Default)]
pub(super) struct FieldIndex {
    /// `space:key` in lower case → tests, in the order of the catalogue.
    exact: HashMap<String, Vec<At>, RandomState>,
    /// Space → selectors with `*` and their tests.
    globs: HashMap<String, Globs, RandomState>,
    /// What stands behind the last colon of a field → selectors of any space that end so, and their tests.
    tails: HashMap<String, Globs, RandomState>,
    anywhere: Anywhere,
    known: RwLock<Known>,
}

/// What a test that any field may meet looks for.
pub(super) enum LooksFor<'t> {
    /// A pattern, and the bytes of the shortest value that it matches.
    Pattern(&'t str, usize),
    /// An object as text.
    Object,
    /// What neither tells: it is tried on every value.
    Other,
}

/// Tests that any field may meet.
#[derive(Debug, Default)]
struct Anywhere {
    /// Those that look for a pattern, and their patterns.
    patterns: Vec<(At, String)>,
    /// Bytes of the shortest value that any of them matches: most numbers and dates are shorter.
    least: usize,
    /// All of their patterns as one: what does not match it matches none of them.
    joined: OnceLock<Option<Regex>>,
    /// Those that are about objects as text.
    objects: Vec<At>,
    others: Vec<At>,
}

impl FieldIndex {
    /// Adds a test that any field may meet.
    pub(super) fn add_anywhere(&mut self, at: At, looks_for: LooksFor<'_>) {
        match looks_for {
            LooksFor::Pattern(pattern, least) => {
                let before = if self.anywhere.patterns.is_empty() { least } else { self.anywhere.least };
                self.anywhere.least = least.min(before);
                self.anywhere.patterns.push((at, pattern.to_owned()));
            }
            LooksFor::Object => self.anywhere.objects.push(at),
            LooksFor::Other => self.anywhere.others.push(at),
        }
    }

    /// Adds a test of the fields that a selector selects.
    pub(super) fn add(&mut self, field: &Selector, at: At) {
        let add = |globs: &mut Globs| match globs.iter_mut().find(|(known, _)| known == field) {
            Some((_, tests)) => tests.push(at),
            None => globs.push((field.clone(), vec![at])),
        };
        match (field.exact(), field.tail()) {
            (Some(key), _) => change(&mut self.exact, key, |tests| tests.push(at)),
            (None, Some(tail)) => change(&mut self.tails, tail, add),
            (None, None) => change(&mut self.globs, field.space(), add),
        }
    }

    /// Begins to look up the fields of one file.
    pub(super) fn lookup(&self) -> Lookup<'_> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Lookup { index: self, known: Some(known), learned: Known::default(), without_room: Box::default() }
    }

    /// The tests of a field, each once and in the order of the catalogue.
    fn of_field(&self, space: &str, key: &str) -> Box<[At]> {
        let mut name = String::new();
        field(space, key, &mut name);
        let mut found: Vec<At> = self.exact.get(&name).into_iter().flatten().copied().collect();
        let tail = name.rfind(':').and_then(|at| name.get(at + 1..)).unwrap_or_default();
        let globs = [self.globs.get(space), self.globs.get(""), self.tails.get(tail)].into_iter().flatten().flatten();
        found.extend(globs.filter(|(glob, _)| glob.selects(&name)).flat_map(|(_, tests)| tests));
        found.sort_unstable();
        found.dedup();
        found.into()
    }

    /// Adds the tests that any field may meet, as far as this value may pass them.
    pub(super) fn anywhere(&self, value: &str, found: &mut Vec<At>) {
        let Anywhere { patterns, objects, others, .. } = &self.anywhere;
        if !patterns.is_empty() && self.anywhere.may_match(value) {
            found.extend(patterns.iter().map(|(at, _)| *at));
        }
        if !objects.is_empty() && memchr::memchr(b'{', value.as_bytes()).is_some() {
            found.extend_from_slice(objects);
        }
        found.extend_from_slice(others);
    }
}

/// Changes what is kept under a name. Most names come again, and are not copied then.
fn change<T: Default>(map: &mut HashMap<String, T, RandomState>, name: &str, how: impl FnOnce(&mut T)) {
    if let Some(kept) = map.get_mut(name) {
        return how(kept);
    }
    let mut kept = T::default();
    how(&mut kept);
    map.insert(name.to_owned(), kept);
}

impl Anywhere {
    fn may_match(&self, value: &str) -> bool {
        if value.len() < self.least {
            return false;
        }
        let joined = self.joined.get_or_init(|| {
            let each: Vec<_> = self.patterns.iter().map(|(_, pattern)| format!("(?:{pattern})")).collect();
            Regex::new(&each.join("|")).ok()
        });
        // Patterns that cannot stand together (two captures of one name) are tried one by one.
        joined.as_ref().is_none_or(|regex| regex.is_match(value))
    }
}

/// Looks up the fields of one file, and keeps what was not known when that is done.
pub(super) struct Lookup<'i> {
    index: &'i FieldIndex,
    known: Option<RwLockReadGuard<'i, Known>>,
    learned: Known,
    /// The tests of the last field for which there was no room.
    without_room: Box<[At]>,
}

impl Lookup<'_> {
    /// The tests that are about the field of this tag, in the order of the catalogue.
    pub(super) fn tests(&mut self, tag: &Tag) -> &[At] {
        if let Some(known) = &self.known
            && let Some(at) = known.find(tag)
        {
            return known.tests(at);
        }
        if self.learned.find(tag).is_none() {
            let found = self.index.of_field(&tag.space, &tag.key);
            self.without_room.clone_from(&found);
            self.learned.keep(tag.space.clone(), tag.key.clone(), found);
        }
        self.learned.find(tag).map_or(&self.without_room, |at| self.learned.tests(at))
    }
}

impl Drop for Lookup<'_> {
    fn drop(&mut self) {
        // Nobody can write while somebody reads.
        let full = self.known.take().is_none_or(|known| known.tests.len() >= KEPT);
        if self.learned.tests.is_empty() || full {
            return;
        }
        let mut known = self.index.known.write().unwrap_or_else(PoisonError::into_inner);
        for (key, spaces) in self.learned.by_key.drain() {
            for (space, at) in spaces {
                let tests = self.learned.tests.get_mut(at).map(std::mem::take);
                known.keep(space, key.clone(), tests.unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> FieldIndex {
        let mut out = FieldIndex::default();
        let selectors = ["xmp:photoshop:Credit", "*:Credit", "*:*:Software", "png:*red*"];
        for (mark, selector) in selectors.iter().enumerate() {
            out.add(&Selector::parse(selector).unwrap(), At { mark, test: 0 });
        }
        out.add_anywhere(At { mark: 4, test: 0 }, LooksFor::Pattern("(?i)^made by", 7));
        out.add_anywhere(At { mark: 4, test: 1 }, LooksFor::Pattern("Y: [0-9]", 4));
        out.add_anywhere(At { mark: 5, test: 0 }, LooksFor::Object);
        out
    }

    fn tag(space: &str, key: &str) -> Tag {
        Tag { space: space.into(), key: key.into(), ..Tag::default() }
    }

    #[test]
    fn a_field_has_the_same_tests_when_it_comes_again() {
        let index = index();
        let fields = [("xmp", "photoshop:Credit"), ("png", "Credit"), ("PNG", "credit"), ("x", "y:Software"), ("", "")];
        for round in 0..3 {
            let mut lookup = index.lookup();
            for (space, key) in fields {
                assert_eq!(*lookup.tests(&tag(space, key)), *index.of_field(space, key), "{space}:{key}, {round}");
                assert_eq!(*lookup.tests(&tag(space, key)), *index.of_field(space, key), "{space}:{key}, {round}");
            }
        }
        assert!(!index.lookup().tests(&tag("xmp", "photoshop:Credit")).is_empty());
    }

    #[test]
    fn a_file_with_fields_of_its_own_fills_no_memory() {
        let mut known = Known::default();
        (0..2 * KEPT).for_each(|at| known.keep("png".into(), format!("k{at}").into(), Box::default()));
        known.keep("png".into(), "k".repeat(LONGEST).into(), Box::default());
        assert_eq!((known.tests.len(), known.by_key.len()), (KEPT, KEPT));
    }

    #[test]
    fn patterns_are_asked_together_where_they_can_stand_together() {
        let found = |index: &FieldIndex, value: &str| {
            let mut found = Vec::new();
            index.anywhere(value, &mut found);
            found.len()
        };
        let mut index = index();
        assert_eq!(
            [found(&index, "made by x"), found(&index, "Y: 1"), found(&index, "none"), found(&index, "{}")],
            [2, 2, 0, 1]
        );
        // Two captures of one name cannot: then every value is tried.
        ["(?P<a>x)", "(?P<a>y)"]
            .iter()
            .for_each(|p| index.add_anywhere(At { mark: 9, test: 0 }, LooksFor::Pattern(p, 1)));
        index.anywhere.joined = OnceLock::new();
        assert_eq!(found(&index, "none"), 4);
    }

    #[test]
    fn what_is_shorter_than_any_match_is_not_looked_at() {
        let (mut index, mut found) = (index(), Vec::new());
        index.anywhere("Y: ", &mut found);
        assert!(found.is_empty() && index.anywhere.joined.get().is_none());
        index.add_anywhere(At { mark: 9, test: 0 }, LooksFor::Pattern("x?", 0));
        index.anywhere("", &mut found);
        assert_eq!((index.anywhere.least, found.len()), (0, 3));
    }
}
