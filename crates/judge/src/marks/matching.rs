//! Facts become evidence: each tag meets the tests of the fields it stands in.

use crate::marks::catalogue::{At, Catalogue, Check, Condition, System, Test};
use crate::marks::credentials;
use crate::marks::selector::{Selector, field};
use countersign_model::{Claim, Evidence, Facts, Tag, Via};

/// Characters of a value that evidence quotes.
const QUOTED: usize = 200;

impl Catalogue {
    /// What the catalogue makes of these facts: sorted, without repeats.
    #[must_use]
    pub fn evidence(&self, facts: &Facts) -> Vec<Evidence> {
        let mut out = self.of_tags(facts);
        out.extend(facts.c2pa.iter().flat_map(credentials::evidence));
        out.sort_by(|a, b| order(a).cmp(&order(b)));
        out.dedup();
        out
    }

    fn of_tags(&self, facts: &Facts) -> Vec<Evidence> {
        self.of(facts.tags.iter().chain(&facts.decoded), facts)
    }

    /// What the catalogue makes of one of these facts' tags.
    #[must_use]
    pub fn of_tag(&self, tag: &Tag, facts: &Facts) -> Vec<Evidence> {
        self.of(std::iter::once(tag), facts)
    }

    fn of<'a>(&self, tags: impl Iterator<Item = &'a Tag>, facts: &Facts) -> Vec<Evidence> {
        let mut out = Vec::new();
        let mut key = String::new();
        let mut found: Vec<At> = Vec::new();
        for tag in tags {
            field(&tag.space, &tag.key, &mut key);
            found.clear();
            found.extend(self.exact.get(&key).into_iter().flatten());
            let globs = self.globs.get(&tag.space).into_iter().flatten();
            found.extend(globs.filter(|(glob, _)| glob.selects(&key)).flat_map(|(_, tests)| tests));
            found.sort_unstable();
            found.dedup();
            let mut done = None;
            for at in &found {
                // A mark's tests are tried in order and the first that holds decides.
                if done == Some(at.mark) {
                    continue;
                }
                let Some(mark) = self.marks.get(at.mark) else { continue };
                let Some(evidence) = mark.tests.get(at.test).and_then(|test| test.try_on(tag, facts)) else { continue };
                out.push(Evidence { mark: mark.id.clone(), ..evidence });
                done = Some(at.mark);
            }
        }
        out
    }
}

fn order(e: &Evidence) -> (&str, &str, Option<u64>, &str, Claim, Via) {
    (&e.mark, &e.place, e.offset, &e.value, e.claim, e.via)
}

/// What a value that passed has to say.
#[derive(Default)]
struct Passed {
    claim: Option<Claim>,
    /// Named parts: captures of a pattern, asked for by name; members of an object.
    parts: Vec<(String, String)>,
}

impl Passed {
    fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
    }
}

impl Test {
    fn try_on(&self, tag: &Tag, facts: &Facts) -> Option<Evidence> {
        let wanted = match &self.system {
            System::From { part, .. } => Some(part.as_str()),
            _ => None,
        };
        let passed = self.check.pass(&tag.value, wanted)?;
        let same = |other: &&Tag| other.via == tag.via;
        if !self.unless.is_empty() && tags(facts).filter(same).any(|t| selected(&self.unless, t)) {
            return None;
        }
        let all = self.all.iter().all(|c| tags(facts).filter(same).any(|t| c.holds(t, &passed)));
        if !all {
            return None;
        }
        Some(Evidence {
            mark: String::new(),
            claim: passed.claim.or(self.claim)?,
            strength: self.strength,
            system: self.system.name(&tag.value, &passed),
            place: tag.place.clone(),
            offset: tag.offset,
            value: quote(&tag.value),
            via: tag.via,
        })
    }
}

fn tags(facts: &Facts) -> impl Iterator<Item = &Tag> {
    facts.tags.iter().chain(&facts.decoded)
}

fn selected(selectors: &[Selector], tag: &Tag) -> bool {
    let mut key = String::new();
    field(&tag.space, &tag.key, &mut key);
    selectors.iter().any(|s| s.selects(&key))
}

impl Condition {
    fn holds(&self, tag: &Tag, main: &Passed) -> bool {
        if !selected(&self.fields, tag) {
            return false;
        }
        match &self.capture {
            Some(name) => main.part(name).is_some_and(|part| part.eq_ignore_ascii_case(tag.value.trim())),
            None => self.check.pass(&tag.value, None).is_some(),
        }
    }
}

impl Check {
    fn pass(&self, value: &str, member: Option<&str>) -> Option<Passed> {
        match self {
            Self::Any => (!value.trim().is_empty()).then(Passed::default),
            Self::Equals { values, fold } => {
                let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
                let same = |wanted: &str| {
                    if *fold { wanted.eq_ignore_ascii_case(value) } else { wanted == value }
                };
                let (_, claim) = values.iter().find(|(wanted, _)| same(wanted))?;
                Some(Passed { claim: *claim, parts: Vec::new() })
            }
            Self::Pattern(regex) => {
                let captures = regex.captures(value)?;
                let named = regex.capture_names().flatten();
                let parts = named
                    .filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())))
                    .collect();
                Some(Passed { claim: None, parts })
            }
            Self::Terms(terms) => terms.claim(value).map(|claim| Passed { claim: Some(claim), parts: Vec::new() }),
            Self::Json(shape) => {
                let fit = shape.fit(value)?;
                let part = member.and_then(|path| Some((path.to_owned(), fit.member(path)?)));
                Some(Passed { claim: fit.claim, parts: part.into_iter().collect() })
            }
        }
    }
}

impl System {
    fn name(&self, value: &str, passed: &Passed) -> Option<String> {
        match self {
            Self::None => None,
            Self::Fixed(name) => Some(name.clone()),
            Self::From { part, table } => {
                let text = if part == "value" { value.trim() } else { passed.part(part)? };
                match table {
                    None => Some(quote(text)),
                    Some(names) => {
                        let text = text.to_lowercase();
                        names.iter().find(|(n, _)| text.contains(&n.to_lowercase())).map(|(_, name)| name.clone())
                    }
                }
            }
        }
    }
}

/// The beginning of a value, as evidence quotes it.
fn quote(value: &str) -> String {
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    match value.char_indices().nth(QUOTED) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}
