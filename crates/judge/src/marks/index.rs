//! From a field to the tests of the catalogue that it may meet: worked out once for each field that comes up in a run, since
//! the files of a delivery have the same few hundred fields.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};

use aho_corasick::AhoCorasick;
use foldhash::fast::RandomState;

use crate::marks::pattern::PatternNeeds;
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

/// A field, and the tests that are about it.
#[derive(Debug)]
struct KnownField {
    space: CompactString,
    key: CompactString,
    tests: Box<[At]>,
    /// The field that came after it last: the files of a delivery have theirs in much the same order.
    next: AtomicU32,
}

impl KnownField {
    fn is_of(&self, tag: &Tag) -> bool {
        self.key == tag.key && self.space == tag.space
    }
}

/// Tests by the fields that they are about.
#[derive(Debug, Default)]
struct Known {
    fields: Vec<KnownField>,
    /// Key → the fields of that key, one for each space.
    by_key: HashMap<CompactString, Vec<u32>, RandomState>,
}

impl Known {
    /// The place of a field, which is looked for first where the last one was followed by another before.
    fn find(&self, tag: &Tag, last: Option<u32>) -> Option<u32> {
        let last = last.and_then(|last| self.field(last));
        let expected = last.map(|last| last.next.load(Ordering::Relaxed));
        if let Some(expected) = expected.filter(|at| self.field(*at).is_some_and(|field| field.is_of(tag))) {
            return Some(expected);
        }
        let fields = self.by_key.get(&tag.key)?;
        let found = fields.iter().copied().find(|at| self.field(*at).is_some_and(|field| field.space == tag.space))?;
        if let Some(last) = last {
            last.next.store(found, Ordering::Relaxed);
        }
        Some(found)
    }

    fn field(&self, at: u32) -> Option<&KnownField> {
        self.fields.get(at as usize)
    }

    fn tests(&self, at: u32) -> &[At] {
        self.field(at).map_or(&[], |field| &field.tests)
    }

    /// Keeps the tests of a field, as long as there is room.
    fn keep(&mut self, space: CompactString, key: CompactString, tests: Box<[At]>) {
        if self.fields.len() >= KEPT || space.len() + key.len() > LONGEST {
            return;
        }
        let Ok(next) = u32::try_from(self.fields.len()) else { return };
        let of_key = self.by_key.entry(key.clone()).or_default();
        if !of_key.iter().filter_map(|at| self.fields.get(*at as usize)).any(|known| known.space == space) {
            of_key.push(next);
            self.fields.push(KnownField { space, key, tests, next: AtomicU32::new(next.saturating_add(1)) });
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
    /// A pattern.
    Pattern(&'t PatternNeeds),
    /// An object as text.
    Object,
    /// What neither tells: it is tried on every value.
    Other,
}

/// Tests that any field may meet.
#[derive(Debug, Default)]
struct Anywhere {
    /// Those that look for a pattern, and what a value must have to match it.
    patterns: Vec<(At, PatternNeeds)>,
    /// Bytes of the shortest value that any of them matches: most numbers and dates are shorter.
    least: usize,
    /// All texts of which the patterns need one, looked for at once; nothing where a pattern needs none.
    needed: OnceLock<Option<AhoCorasick>>,
    /// Those that are about objects as text.
    objects: Vec<At>,
    others: Vec<At>,
}

impl FieldIndex {
    /// Adds a test that any field may meet.
    pub(super) fn add_anywhere(&mut self, at: At, looks_for: LooksFor<'_>) {
        match looks_for {
            LooksFor::Pattern(needs) => {
                let before = if self.anywhere.patterns.is_empty() { needs.least() } else { self.anywhere.least };
                self.anywhere.least = needs.least().min(before);
                self.anywhere.patterns.push((at, needs.clone()));
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
        let (learned, without_room) = (Known::default(), Box::default());
        Lookup { index: self, known: Some(known), last: None, learned, without_room }
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
        if self.anywhere.may_match(value) {
            found.extend(patterns.iter().filter(|(_, needs)| needs.may_match(value)).map(|(at, _)| *at));
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
    /// Whether a value may match any of the patterns: true of few, and told by one look at it.
    fn may_match(&self, value: &str) -> bool {
        if self.patterns.is_empty() || value.len() < self.least {
            return false;
        }
        let needed = self.needed.get_or_init(|| {
            let each: Option<Vec<_>> = self.patterns.iter().map(|(_, needs)| needs.texts()).collect();
            AhoCorasick::builder().ascii_case_insensitive(true).build(each?.concat()).ok()
        });
        needed.as_ref().is_none_or(|needed| !value.is_ascii() || needed.is_match(value))
    }
}

/// Looks up the fields of one file, and keeps what was not known when that is done.
pub(super) struct Lookup<'i> {
    index: &'i FieldIndex,
    known: Option<RwLockReadGuard<'i, Known>>,
    /// The field that was looked up last, where it was known.
    last: Option<u32>,
    learned: Known,
    /// The tests of the last field for which there was no room.
    without_room: Box<[At]>,
}

impl Lookup<'_> {
    /// The tests that are about the field of this tag, in the order of the catalogue.
    pub(super) fn tests(&mut self, tag: &Tag) -> &[At] {
        if let Some(known) = &self.known {
            self.last = known.find(tag, self.last);
            if let Some(at) = self.last {
                return known.tests(at);
            }
        }
        if self.learned.find(tag, None).is_none() {
            let found = self.index.of_field(&tag.space, &tag.key);
            self.without_room.clone_from(&found);
            self.learned.keep(tag.space.clone(), tag.key.clone(), found);
        }
        self.learned.find(tag, None).map_or(&self.without_room, |at| self.learned.tests(at))
    }
}

impl Drop for Lookup<'_> {
    fn drop(&mut self) {
        // Nobody can write while somebody reads.
        let full = self.known.take().is_none_or(|known| known.fields.len() >= KEPT);
        if self.learned.fields.is_empty() || full {
            return;
        }
        let mut known = self.index.known.write().unwrap_or_else(PoisonError::into_inner);
        for KnownField { space, key, tests, .. } in self.learned.fields.drain(..) {
            known.keep(space, key, tests);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(least: usize, text: &str) -> PatternNeeds {
        serde_json::from_value(serde_json::json!({ "least": least, "needs": [text] })).unwrap()
    }

    fn index() -> FieldIndex {
        let mut out = FieldIndex::default();
        let selectors = ["xmp:photoshop:Credit", "*:Credit", "*:*:Software", "png:*red*"];
        for (mark, selector) in selectors.iter().enumerate() {
            out.add(&Selector::parse(selector).unwrap(), At { mark, test: 0 });
        }
        out.add_anywhere(At { mark: 4, test: 0 }, LooksFor::Pattern(&needs(7, "made by")));
        out.add_anywhere(At { mark: 4, test: 1 }, LooksFor::Pattern(&needs(4, "y: ")));
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
    fn fields_are_found_in_any_order() {
        let index = index();
        let mut fields =
            [("xmp", "photoshop:Credit"), ("png", "Credit"), ("x", "Credit"), ("x", "a:Software"), ("", "")];
        for round in 0..60 {
            let mut lookup = index.lookup();
            for (space, key) in fields {
                assert_eq!(*lookup.tests(&tag(space, key)), *index.of_field(space, key), "{space}:{key}, {round}");
            }
            fields.swap(round % 5, round * 7 % 5);
        }
    }

    #[test]
    fn a_file_with_fields_of_its_own_fills_no_memory() {
        let mut known = Known::default();
        (0..2 * KEPT).for_each(|at| known.keep("png".into(), format!("k{at}").into(), Box::default()));
        known.keep("png".into(), "k".repeat(LONGEST).into(), Box::default());
        assert_eq!((known.fields.len(), known.by_key.len()), (KEPT, KEPT));
    }

    #[test]
    fn only_what_a_value_may_match_is_tried_on_it() {
        let found = |index: &FieldIndex, value: &str| {
            let mut found = Vec::new();
            index.anywhere(value, &mut found);
            found.iter().map(|at| at.mark).collect::<Vec<_>>()
        };
        let mut index = index();
        assert!(found(&index, "Y: ").is_empty() && index.anywhere.needed.get().is_none());
        for (value, expected) in [("MADE BY x", vec![4]), ("none of these", vec![]), ("é is long", vec![4, 4])] {
            assert_eq!(found(&index, value), expected, "{value}");
        }
        // What needs no text is tried on every value.
        index.anywhere.needed = OnceLock::new();
        index.add_anywhere(At { mark: 9, test: 0 }, LooksFor::Pattern(&PatternNeeds::default()));
        for (value, expected) in [
            ("Made by x", vec![4, 9]),
            ("Y: 1", vec![4, 9]),
            ("Y: ", vec![9]),
            ("none of these", vec![9]),
            ("{}", vec![9, 5]),
            // What other letters there are in which case is for the pattern.
            ("é", vec![9]),
            ("é is long enough for it", vec![4, 4, 9]),
        ] {
            assert_eq!(found(&index, value), expected, "{value}");
        }
    }
}
