//! What tests ask of a whole file, each question answered once: however many tags pass a test, the file's tags are gone
//! through once for each of its conditions.

use std::collections::{HashMap, HashSet};

use crate::marks::index::At;
use crate::marks::mark::{Condition, Test};
use crate::marks::passed::{Passed, states_no_ai};
use crate::marks::selector::{Selector, field};
use countersign_model::{Facts, Tag, Via};

/// The answers so far about one file. What reached the asset in one way speaks only of what reached it so.
pub(super) struct Conditions<'a> {
    facts: &'a Facts,
    /// By test: whether a field that takes its place is there.
    replaced: HashMap<(At, Via), bool>,
    /// By test and condition: whether some tag fulfills it.
    fulfilled: HashMap<ConditionKey, bool>,
    /// By test and condition: the values of its fields, in lower case, for comparison with a part of the main value.
    values: HashMap<ConditionKey, HashSet<String>>,
}

/// A condition: its test, its number in it, and the way on which it is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ConditionKey {
    test: At,
    index: usize,
    via: Via,
}

impl<'a> Conditions<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        Self { facts, replaced: HashMap::new(), fulfilled: HashMap::new(), values: HashMap::new() }
    }

    /// Whether a field is there that says more surely what the test would say.
    pub(super) fn replace(&mut self, at: At, test: &Test, via: Via) -> bool {
        if test.unless.is_empty() {
            return false;
        }
        let facts = self.facts;
        *self
            .replaced
            .entry((at, via))
            .or_insert_with(|| tags(facts, via).any(|tag| selected(&test.unless, tag) && !states_no_ai(&tag.value)))
    }

    /// Whether all that the test wants besides is there.
    pub(super) fn hold(&mut self, at: At, test: &Test, passed: &Passed, via: Via) -> bool {
        test.all.iter().enumerate().all(|(index, condition)| {
            let key = ConditionKey { test: at, index, via };
            match &condition.capture {
                None => self.fulfilled(key, condition),
                Some(name) => passed.part(name).is_some_and(|part| self.has_value(key, condition, part)),
            }
        })
    }

    fn fulfilled(&mut self, key: ConditionKey, condition: &Condition) -> bool {
        let facts = self.facts;
        *self.fulfilled.entry(key).or_insert_with(|| {
            tags(facts, key.via)
                .any(|tag| selected(&condition.fields, tag) && condition.check.pass(&tag.value, None).is_some())
        })
    }

    fn has_value(&mut self, key: ConditionKey, condition: &Condition, part: &str) -> bool {
        let facts = self.facts;
        let values = self.values.entry(key).or_insert_with(|| {
            let of_fields = tags(facts, key.via).filter(|tag| selected(&condition.fields, tag));
            of_fields.map(|tag| tag.value.trim().to_ascii_lowercase()).collect()
        });
        values.contains(&part.to_ascii_lowercase())
    }
}

fn tags(facts: &Facts, via: Via) -> impl Iterator<Item = &Tag> {
    facts.tags.iter().chain(&facts.decoded).filter(move |tag| tag.via == via)
}

fn selected(selectors: &[Selector], tag: &Tag) -> bool {
    let mut key = String::new();
    field(&tag.space, &tag.key, &mut key);
    selectors.iter().any(|s| s.selects(&key))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use crate::marks::catalogue;
    use countersign_model::{Facts, Tag, Via};

    fn tag(key: &str, value: String, via: Via) -> Tag {
        Tag { space: "png".into(), key: key.into(), value: value.into(), via, ..Tag::default() }
    }

    #[test]
    fn conditions_are_asked_of_what_came_the_same_way() {
        let object = r#"{"prompt":"a barn","seed":1,"steps":4,"guidance":3,"model":"x"}"#;
        let other = r#"{"quantize": 4}"#;
        let marked = |via| {
            let tags = vec![tag("a", object.into(), Via::Own), tag("b", other.into(), via)];
            let evidence = catalogue().evidence(&Facts { tags, ..Facts::default() });
            evidence.iter().any(|e| e.mark == "mflux.metadata")
        };
        assert!(marked(Via::Own));
        assert!(!marked(Via::Sidecar));
    }

    #[test]
    fn many_tags_that_pass_cost_one_look_each() {
        let value = |at: usize| format!(r#"{{"prompt":"{at}","seed":1,"steps":4,"guidance":3,"model":"x"}}"#);
        let tags = (0..10_000).map(|at| tag(&format!("k{at}"), value(at), Via::Own)).collect();
        let facts = Facts { tags, ..Facts::default() };
        let start = Instant::now();
        let evidence = catalogue().evidence(&facts);
        assert!(!evidence.iter().any(|e| e.mark == "mflux.metadata"), "no field names what its program alone writes");
        // Each tag with each other would be a hundred million looks, minutes of them.
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }

    /// How long a file of so many tags, each with a key of its own, takes.
    fn time_of(tags: usize) -> Duration {
        let tags = (0..tags).map(|at| tag(&format!("own key {at}"), format!("value {at}"), Via::Own)).collect();
        let facts = Facts { tags, ..Facts::default() };
        let start = Instant::now();
        assert!(catalogue().evidence(&facts).is_empty());
        start.elapsed()
    }

    #[test]
    fn matching_is_linear_in_tags() {
        time_of(100);
        let (few, many) = (time_of(1_000), time_of(10_000));
        // Ten times the tags: a hundred times the time, were each looked at with each other.
        assert!(many < few * 40 + Duration::from_millis(500), "{few:?} for 1,000, {many:?} for 10,000");
    }
}
