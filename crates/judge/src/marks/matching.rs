//! Facts become evidence: each tag meets the tests of the fields it stands in.

use crate::marks::catalogue::Catalogue;
use crate::marks::conditions::Conditions;
use crate::marks::credentials;
use crate::marks::index::At;
use crate::marks::mark::{Check, System, Test};
use crate::marks::passed::Passed;
use countersign_io::asset_budget;
use countersign_model::{Claim, Evidence, Facts, Tag, Via, limits};

/// What decoders say: marks about the values of a container's fields do not speak of it.
const CODED: &[&str] = &[
    "comfyui",
    "graph",
    "a1111",
    "settings",
    "recipe",
    "likeness",
    "invokeai",
    "thumbnail",
    "countersign",
    "samsung-edit",
];

/// Characters of a value that evidence quotes.
const QUOTED: usize = 200;

impl Catalogue {
    /// What the catalogue makes of these facts: sorted, without repeats.
    ///
    /// ```
    /// use countersign_judge::marks::{ai, catalogue};
    /// use countersign_model::{Ai, Claim, Facts, Tag};
    ///
    /// let source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
    /// let stated = Tag {
    ///     space: "xmp".into(),
    ///     key: "Iptc4xmpExt:DigitalSourceType".into(),
    ///     value: source_type.into(),
    ///     place: "JPEG APP1, XMP Iptc4xmpExt:DigitalSourceType".into(),
    ///     ..Tag::default()
    /// };
    /// let caption = Tag { space: "xmp".into(), key: "dc:description".into(), value: source_type.into(), ..Tag::default() };
    /// let evidence = catalogue().evidence(&Facts { tags: vec![stated, caption], ..Facts::default() });
    /// // What people write in a caption is no mark.
    /// assert_eq!((evidence.len(), evidence[0].claim), (1, Claim::Generated));
    /// assert_eq!(ai(&evidence), Ai::Generated);
    /// ```
    #[must_use]
    pub fn evidence(&self, facts: &Facts) -> Vec<Evidence> {
        let mut out = self.of_tags(facts);
        out.extend(facts.c2pa.iter().flat_map(credentials::evidence));
        out.sort_by(|a, b| order(a).cmp(&order(b)));
        out.dedup();
        // A mark that stands in thousands of places is told of the first ones: rows wait for others in memory.
        let mut of_mark = 0;
        let mut last = String::new();
        out.retain(|evidence| {
            of_mark = if evidence.mark == last { of_mark + 1 } else { 1 };
            evidence.mark.clone_into(&mut last);
            of_mark <= limits::PLACES
        });
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
        let mut everywhere: Vec<At> = Vec::new();
        let mut conditions = Conditions::of(facts);
        let mut lookup = self.index.lookup();
        for tag in tags {
            // What was not matched is told by whoever entered the budget that is used up.
            if asset_budget::check().is_err() {
                break;
            }
            let of_field = lookup.tests(tag);
            everywhere.clear();
            self.index.anywhere(&tag.value, &mut everywhere);
            let found = if everywhere.is_empty() {
                of_field
            } else {
                everywhere.extend_from_slice(of_field);
                everywhere.sort_unstable();
                everywhere.dedup();
                &everywhere
            };
            let mut done = None;
            // Looked at once for each tag, and only where a test has passed.
            let mut elsewhere: Option<bool> = None;
            for at in found {
                // A mark's tests are tried in order and the first that holds decides.
                if done == Some(at.mark) {
                    continue;
                }
                let Some(mark) = self.marks.get(at.mark) else { continue };
                let Some(test) = mark.tests.get(at.test) else { continue };
                let Some(evidence) = test.try_on(tag, *at, &mut conditions) else { continue };
                let excluded = || CODED.contains(&tag.space.as_str()) || tag.is_about_content();
                if test.anywhere && *elsewhere.get_or_insert_with(excluded) {
                    continue;
                }
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

impl Test {
    fn try_on(&self, tag: &Tag, at: At, conditions: &mut Conditions<'_>) -> Option<Evidence> {
        let wanted = match &self.system {
            System::From { part, .. } => Some(part.as_str()),
            _ => None,
        };
        let passed = self.check.pass(&tag.value, wanted)?;
        if conditions.replace(at, self, tag.via) || !conditions.hold(at, self, &passed, tag.via) {
            return None;
        }
        Some(Evidence {
            mark: String::new(),
            claim: passed.claim.or(self.claim)?,
            strength: passed.strength.unwrap_or(self.strength),
            system: self.system.name(&tag.value, &passed),
            place: tag.place.to_string(),
            offset: tag.offset,
            value: quote(&tag.value),
            via: tag.via,
            of: None,
        })
    }
}

/// How fields say that there is nothing to say.
const NOTHING: &[&str] = &[
    "none",
    "no",
    "off",
    "not",
    "n/a",
    "na",
    "n.a.",
    "null",
    "nil",
    "false",
    "0",
    "-",
    "--",
    "not used",
    "not applicable",
    "no ai",
    "no ai used",
    "none used",
    "unused",
    "without",
    "nothing",
    "never",
    "disabled",
    "unspecified",
    "undefined",
    "unknown",
    "not available",
    "no prompt",
    "not ai",
    "human",
    "empty",
    "not used.",
    "none.",
    "no.",
];

/// Whether a value says nothing.
fn is_nothing(value: &str) -> bool {
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    value.is_empty() || NOTHING.iter().any(|nothing| nothing.eq_ignore_ascii_case(value))
}

impl Check {
    pub(super) fn pass(&self, value: &str, member: Option<&str>) -> Option<Passed> {
        match self {
            Self::Any => (!is_nothing(value)).then(Passed::default),
            Self::Tools(tools) => {
                let named = tools.find(value)?;
                let parts = vec![("name".to_owned(), named.tool.name.clone())];
                Some(Passed { claim: named.tool.claim, strength: named.strength, parts })
            }
            Self::Equals { values, fold } => {
                let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
                let same = |wanted: &str| {
                    if *fold { wanted.eq_ignore_ascii_case(value) } else { wanted == value }
                };
                let (_, claim) = values.iter().find(|(wanted, _)| same(wanted))?;
                Some(Passed { claim: *claim, ..Passed::default() })
            }
            Self::Pattern(pattern) => {
                let regex = pattern.regex_for(value)?;
                // Most values are others, and telling that needs no room for captures.
                if !regex.is_match(value) {
                    return None;
                }
                if regex.captures_len() == 1 {
                    return Some(Passed::default());
                }
                let captures = regex.captures(value)?;
                let named = regex.capture_names().flatten();
                let parts = named
                    .filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())))
                    .collect();
                Some(Passed { parts, ..Passed::default() })
            }
            Self::Terms(terms) => terms.claim(value).map(|claim| Passed { claim: Some(claim), ..Passed::default() }),
            Self::Json(shape) => {
                let fit = shape.fit(value)?;
                let part = member.and_then(|path| Some((path.to_owned(), fit.member(path)?)));
                Some(Passed { claim: fit.claim, parts: part.into_iter().collect(), ..Passed::default() })
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
