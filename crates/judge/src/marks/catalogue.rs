//! The mark catalogue: TOML data of `catalogue/*.toml`, validated once into [`Catalogue`].
//!
//! A mark names the fields where it may stand (`space:key` selectors with `*`), what the value must look like,
//! and what it then claims. Unknown keys, ids that repeat, patterns that do not compile and tables that do not
//! exist are errors; the built-in files are parsed by a test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::marks::index::{At, FieldIndex, LooksFor};
use crate::marks::pattern::Pattern;
use crate::marks::selector::Selector;
use crate::marks::shape::Shape;
use crate::marks::terms::Terms;
use crate::marks::tool_names::{Tool, Tools};
use countersign_model::{CatalogueRef, Claim, MarksFile, Strength};

/// Every catalogue file: name and text.
pub(super) static ALL: &[(&str, &str)] = &[
    ("tables", include_str!("catalogue/tables.toml")),
    ("iptc", include_str!("catalogue/iptc.toml")),
    ("tc260", include_str!("catalogue/tc260.toml")),
    ("vendors", include_str!("catalogue/vendors.toml")),
    ("generators", include_str!("catalogue/generators.toml")),
    ("settings", include_str!("catalogue/settings.toml")),
    ("likeness", include_str!("catalogue/likeness.toml")),
    ("tools", include_str!("catalogue/tools.toml")),
    ("names", include_str!("catalogue/names.toml")),
    ("media", include_str!("catalogue/media.toml")),
    ("pixels", include_str!("catalogue/pixels.toml")),
    ("credentials", include_str!("catalogue/credentials.toml")),
    ("known", include_str!("catalogue/known.toml")),
];

/// The validated marks and the index from fields to their tests.
///
/// ```
/// let catalogue = countersign_judge::marks::catalogue();
/// let mark = catalogue.marks().find(|mark| mark.id == "iptc.digital-source-type").unwrap();
/// // Each mark says what looks like it and is not it, and brings the examples that prove it.
/// assert!(!mark.guard.is_empty() && !mark.hits.is_empty());
/// ```
#[derive(Debug)]
pub struct Catalogue {
    pub(super) marks: Vec<Mark>,
    pub(super) index: FieldIndex,
    sha256: String,
    /// Files of marks beside the built-in ones.
    pub(super) files: Vec<MarksFile>,
}

/// What is wrong in a catalogue file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The catalogue file, by the name under which it was read.
    pub file: String,
    /// The id of the mark that is at fault, where it is one.
    pub mark: Option<String>,
    /// Offset in the file, where it is known.
    pub at: Option<usize>,
    /// What is wrong, in words for people.
    pub what: String,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.mark {
            Some(mark) => write!(f, "{}: {mark}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// One mark: what it is, where it lives, what it claims.
#[derive(Debug)]
pub struct Mark {
    /// `vendor.field`, kebab-case.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The system that it points to, where it is always the same.
    pub system: Option<String>,
    /// Where it lives, for people.
    pub lives: String,
    /// Claims that it can make, without repeats.
    pub claims: Vec<Claim>,
    /// How sure it makes us, where a test does not say otherwise.
    pub strength: Strength,
    /// What looks like it and is not it.
    pub guard: String,
    /// Who says so.
    pub source: String,
    /// The module that looks for it where fields and values are not enough.
    pub code: Option<String>,
    /// The file that it was read from, where it is not built in.
    pub file: Option<String>,
    pub(super) tests: Vec<Test>,
    /// Examples that must give evidence of it; they run as tests.
    pub hits: Vec<Hit>,
    /// Examples that must give none; they run as tests.
    pub misses: Vec<Miss>,
}

/// One way in which a mark shows.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) fields: Vec<Selector>,
    pub(super) check: Check,
    pub(super) claim: Option<Claim>,
    pub(super) strength: Strength,
    pub(super) system: System,
    pub(super) all: Vec<Condition>,
    pub(super) unless: Vec<Selector>,
    /// Whether it speaks of a value that may stand in any field of any container but those that people fill.
    pub(super) anywhere: bool,
}

/// What the value must look like.
#[derive(Debug)]
pub(super) enum Check {
    /// Anything but nothing.
    Any,
    Equals {
        /// Values, each with the claim that it makes where that differs from the test's.
        values: Vec<(String, Option<Claim>)>,
        fold: bool,
    },
    Pattern(Pattern),
    Terms(Terms),
    Json(Box<Shape>),
    Tools(Tools),
}

/// Where the system's name comes from.
#[derive(Debug)]
pub(super) enum System {
    None,
    Fixed(String),
    /// The value, a capture of the pattern, or a member of the JSON object; a table may turn it into a name.
    From {
        part: String,
        table: Option<Names>,
    },
}

/// Parts of values and the names they stand for; the first that is contained wins.
pub(super) type Names = Vec<(String, String)>;

/// Something else that must stand in the same file.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) fields: Vec<Selector>,
    pub(super) check: Check,
    /// The value must equal this capture of the main pattern.
    pub(super) capture: Option<String>,
}

/// An example that must give evidence of its mark.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hit {
    /// What the evidence must claim.
    pub claim: Claim,
    /// How sure it must be, where the example says so.
    #[serde(default)]
    pub strength: Option<Strength>,
    /// The system that it must name, where the example says so.
    #[serde(default)]
    pub system: Option<String>,
    /// Space, key, value.
    pub tags: Vec<(String, String, String)>,
}

/// An example that must give none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Miss {
    /// Whether no other mark may answer either.
    #[serde(default)]
    pub trap: bool,
    /// Space, key, value.
    pub tags: Vec<(String, String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    mark: Vec<RawMark>,
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    terms: BTreeMap<String, Terms>,
    #[serde(default)]
    systems: BTreeMap<String, Names>,
    #[serde(default)]
    tools: BTreeMap<String, Vec<Tool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMark {
    id: String,
    name: String,
    #[serde(default)]
    system: Option<String>,
    lives: String,
    #[serde(default)]
    claim: Option<Claim>,
    strength: Strength,
    guard: String,
    source: String,
    /// Claims of a mark that code looks for.
    #[serde(default)]
    claims: Vec<Claim>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    test: Vec<RawTest>,
    #[serde(default)]
    hits: Vec<Hit>,
    #[serde(default)]
    misses: Vec<Miss>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawTest {
    #[serde(rename = "in", default)]
    fields: Vec<String>,
    /// In any field of any container but those that people fill.
    #[serde(default)]
    anywhere: bool,
    #[serde(default)]
    equals: Vec<String>,
    #[serde(default)]
    claims: BTreeMap<String, Claim>,
    #[serde(default)]
    fold: bool,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    terms: Option<String>,
    #[serde(default)]
    tools: Option<String>,
    #[serde(default)]
    json: Option<Shape>,
    #[serde(default)]
    capture: Option<String>,
    #[serde(default)]
    claim: Option<Claim>,
    #[serde(default)]
    strength: Option<Strength>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    system_from: Option<String>,
    #[serde(default)]
    systems: Option<String>,
    #[serde(default)]
    all: Vec<RawTest>,
    #[serde(default)]
    unless: Vec<String>,
}

/// Tables that tests refer to by name.
#[derive(Default)]
struct Tables {
    fields: BTreeMap<String, Vec<String>>,
    terms: BTreeMap<String, Terms>,
    systems: BTreeMap<String, Names>,
    tools: BTreeMap<String, Tools>,
    /// Whether the patterns of the mark at hand are known to be sound.
    trusted: bool,
}

/// Whether an id is the built-in catalogue's.
fn is_built_in(id: &str) -> bool {
    catalogue().marks().any(|mark| mark.id == id)
}

/// The built-in catalogue.
pub fn catalogue() -> &'static Catalogue {
    shared()
}

/// The built-in catalogue, to be passed on.
pub fn built_in() -> Arc<Catalogue> {
    Arc::clone(shared())
}

fn shared() -> &'static Arc<Catalogue> {
    static BUILT_IN: OnceLock<Arc<Catalogue>> = OnceLock::new();
    BUILT_IN.get_or_init(|| match Catalogue::of_files(ALL, ALL.len(), true) {
        Ok(catalogue) => Arc::new(catalogue),
        // Compiled in and parsed by a test: a broken one does not leave the repository.
        Err(why) => unreachable!("built-in catalogue: {why}"),
    })
}

impl Catalogue {
    /// Validates catalogue files.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file and mark.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Wrong> {
        Self::of_files(files, files.len(), false)
    }

    /// Validates files of marks beside the built-in ones.
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; a mark or table that the built-in catalogue has.
    pub(super) fn parse_with(files: &[(&str, &str)]) -> Result<Self, Wrong> {
        Self::of_files(&[ALL, files].concat(), ALL.len(), true)
    }

    /// The first `built_in` files are the program's own. Where they are `trusted`, their patterns are compiled when they are
    /// first needed; a test compiles all of them.
    fn of_files(files: &[(&str, &str)], built_in: usize, trusted: bool) -> Result<Self, Wrong> {
        let mut raw = Vec::new();
        let mut tables = Tables::default();
        let mut digest = Sha256::new();
        for (at, (name, text)) in files.iter().enumerate() {
            let wrong = |at: Option<usize>, what: String| Wrong { file: (*name).to_owned(), mark: None, at, what };
            digest.update(text.as_bytes());
            let file: RawFile = toml::from_str(text).map_err(|e| {
                let what = e.message().lines().next().unwrap_or_default().to_owned();
                wrong(e.span().map(|span| span.start), what)
            })?;
            if let Some(table) = file.tables().find(|table| at >= built_in && tables.has(table)) {
                return Err(wrong(
                    text.find(table),
                    format!("the table {table} is the built-in catalogue's: choose another name"),
                ));
            }
            tables.add(file.fields, file.terms, file.systems, file.tools).map_err(|what| wrong(None, what))?;
            raw.extend(file.mark.into_iter().map(|mark| (*name, at >= built_in, mark)));
        }
        let mut ids = BTreeSet::new();
        let mut marks = Vec::with_capacity(raw.len());
        for (name, of_house, mark) in raw {
            let id = mark.id.clone();
            let wrong = |what: String| Wrong { file: name.to_owned(), mark: Some(id.clone()), at: None, what };
            if !is_id(&id) {
                return Err(wrong("an id is vendor.field, in small letters, digits and dashes".to_owned()));
            }
            if !ids.insert(id.clone()) {
                let what =
                    if of_house && is_built_in(&id) { "the id is the built-in catalogue's" } else { "the id repeats" };
                return Err(wrong(what.to_owned()));
            }
            if of_house && mark.code.is_some() {
                return Err(wrong("a mark of a house has tests, not code".to_owned()));
            }
            tables.trusted = trusted && !of_house;
            let mark = tables.mark(mark).map_err(wrong)?;
            marks.push(Mark { file: of_house.then(|| name.to_owned()), ..mark });
        }
        let index = index(&marks);
        Ok(Self { marks, index, sha256: data_encoding::HEXLOWER.encode(&digest.finalize()), files: Vec::new() })
    }

    /// What reports say of the catalogue in force.
    #[must_use]
    pub fn reference(&self) -> CatalogueRef {
        CatalogueRef { marks: self.marks.len(), sha256: self.sha256.clone(), files: self.files.clone() }
    }

    /// The SHA-256 of all its files in hex: of the same marks it is the same.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Every mark, in the catalogue's order.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }
}

fn index(marks: &[Mark]) -> FieldIndex {
    let mut out = FieldIndex::default();
    for (mark, m) in marks.iter().enumerate() {
        for (test, t) in m.tests.iter().enumerate() {
            let at = At { mark, test };
            if t.anywhere {
                let looks_for = match &t.check {
                    Check::Pattern(pattern) => LooksFor::Pattern(pattern.text()),
                    // Objects in Base64 have no brace.
                    Check::Json(shape) if !shape.is_packed() => LooksFor::Object,
                    _ => LooksFor::Other,
                };
                out.add_anywhere(at, looks_for);
            }
            t.fields.iter().for_each(|field| out.add(field, at));
        }
    }
    out
}

fn is_id(id: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty()
            && w.split('-').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
    };
    id.split_once('.').is_some_and(|(vendor, field)| word(vendor) && word(field))
}

impl RawFile {
    /// The names of the tables that it holds.
    fn tables(&self) -> impl Iterator<Item = &String> {
        self.fields.keys().chain(self.terms.keys()).chain(self.systems.keys()).chain(self.tools.keys())
    }
}

impl Tables {
    fn has(&self, table: &str) -> bool {
        self.fields.contains_key(table)
            || self.terms.contains_key(table)
            || self.systems.contains_key(table)
            || self.tools.contains_key(table)
    }

    fn add(
        &mut self,
        fields: BTreeMap<String, Vec<String>>,
        terms: BTreeMap<String, Terms>,
        systems: BTreeMap<String, Names>,
        tools: BTreeMap<String, Vec<Tool>>,
    ) -> Result<(), String> {
        self.fields.extend(fields);
        self.terms.extend(terms);
        self.systems.extend(systems);
        for (table, tools) in tools {
            self.tools.insert(table, Tools::new(tools)?);
        }
        Ok(())
    }

    fn mark(&self, raw: RawMark) -> Result<Mark, String> {
        for (what, text) in [("name", &raw.name), ("lives", &raw.lives), ("guard", &raw.guard), ("source", &raw.source)]
        {
            if text.trim().is_empty() {
                return Err(format!("{what} is empty"));
            }
        }
        let given = [raw.test.is_empty(), raw.hits.is_empty(), raw.misses.is_empty()];
        let (none, all) = (given.iter().all(|empty| *empty), given.iter().all(|empty| !*empty));
        if (raw.code.is_some() && !none) || (raw.code.is_none() && !all) {
            return Err("a mark has tests, hits and misses, or the code that looks for it".into());
        }
        if raw.code.is_some() == raw.claims.is_empty() {
            return Err("claims are listed where code makes them".into());
        }
        let mut tests = Vec::new();
        for test in raw.test {
            tests.push(self.test(test, raw.claim, raw.strength, raw.system.as_deref())?);
        }
        let mut claims = BTreeSet::from_iter(raw.claims);
        for test in &tests {
            claims.extend(test.claim);
            match &test.check {
                Check::Equals { values, .. } => claims.extend(values.iter().filter_map(|(_, claim)| *claim)),
                Check::Terms(terms) => claims.extend(terms.claims.values()),
                Check::Json(shape) => claims.extend(shape.claims.values()),
                Check::Tools(tools) => claims.extend(tools.claims()),
                Check::Any | Check::Pattern(_) => {}
            }
        }
        Ok(Mark {
            id: raw.id,
            name: raw.name,
            system: raw.system,
            lives: raw.lives,
            claims: claims.into_iter().collect(),
            strength: raw.strength,
            guard: raw.guard,
            source: raw.source,
            code: raw.code,
            file: None,
            tests,
            hits: raw.hits,
            misses: raw.misses,
        })
    }

    fn test(
        &self,
        options: RawTest,
        claim: Option<Claim>,
        strength: Strength,
        system: Option<&str>,
    ) -> Result<Test, String> {
        let anywhere = options.anywhere;
        let fields = self.selectors(&options.fields)?;
        if anywhere != fields.is_empty() {
            return Err("a test names its fields (in) or stands anywhere".into());
        }
        if options.capture.is_some() {
            return Err("capture belongs to a condition of all".into());
        }
        let system = self.system(&options, system)?;
        let (claim, strength) = (options.claim.or(claim), options.strength.unwrap_or(strength));
        let unless = self.selectors(&options.unless)?;
        let mut options = options;
        let mut all = Vec::new();
        for condition in std::mem::take(&mut options.all) {
            all.push(self.condition(condition)?);
        }
        let check = self.check(options)?;
        let own = match &check {
            Check::Terms(_) => true,
            Check::Equals { values, .. } => values.iter().all(|(_, claim)| claim.is_some()),
            Check::Json(shape) => !shape.claims.is_empty(),
            Check::Any | Check::Pattern(_) | Check::Tools(_) => false,
        };
        if claim.is_none() && !own {
            return Err("a test claims nothing".into());
        }
        Ok(Test { fields, check, claim, strength, system, all, unless, anywhere })
    }

    fn condition(&self, mut options: RawTest) -> Result<Condition, String> {
        if !options.all.is_empty() || options.anywhere || !options.unless.is_empty() || options.claim.is_some() {
            return Err("a condition of all only tests".into());
        }
        let fields = self.selectors(&options.fields)?;
        let capture = options.capture.take();
        Ok(Condition { fields, check: self.check(options)?, capture })
    }

    fn check(&self, options: RawTest) -> Result<Check, String> {
        let given = [
            !options.equals.is_empty() || (options.json.is_none() && !options.claims.is_empty()),
            options.pattern.is_some(),
            options.terms.is_some(),
            options.tools.is_some(),
            options.json.is_some(),
        ];
        if given.iter().filter(|g| **g).count() > 1 {
            return Err("more than one kind of test".into());
        }
        if let Some(pattern) = options.pattern {
            let pattern = if self.trusted { Ok(Pattern::trusted(pattern)) } else { Pattern::checked(pattern) };
            return pattern.map(Check::Pattern);
        }
        if let Some(name) = options.terms {
            let terms = self.terms.get(&name).ok_or_else(|| format!("no terms {name}"))?;
            terms.check()?;
            return Ok(Check::Terms(terms.clone()));
        }
        if let Some(name) = options.tools {
            return self.tools.get(&name).cloned().map(Check::Tools).ok_or_else(|| format!("no tools {name}"));
        }
        if let Some(mut shape) = options.json {
            shape.claims = options.claims;
            shape.check()?;
            return Ok(Check::Json(Box::new(shape)));
        }
        let mut values: Vec<_> = options.equals.into_iter().map(|v| (v, None)).collect();
        values.extend(options.claims.into_iter().map(|(v, claim)| (v, Some(claim))));
        Ok(if values.is_empty() { Check::Any } else { Check::Equals { values, fold: options.fold } })
    }

    fn system(&self, options: &RawTest, of_mark: Option<&str>) -> Result<System, String> {
        if let Some(part) = &options.system_from {
            let table = match &options.systems {
                None => None,
                Some(name) => Some(self.systems.get(name).ok_or_else(|| format!("no systems {name}"))?.clone()),
            };
            return Ok(System::From { part: part.clone(), table });
        }
        Ok(match options.system.as_deref().or(of_mark) {
            Some(name) => System::Fixed(name.to_owned()),
            None => System::None,
        })
    }

    fn selectors(&self, raw: &[String]) -> Result<Vec<Selector>, String> {
        let mut out = Vec::new();
        for selector in raw {
            match selector.strip_prefix('@') {
                None => out.push(Selector::parse(selector)?),
                Some(name) => {
                    let fields = self.fields.get(name).ok_or_else(|| format!("no fields {name}"))?;
                    for field in fields {
                        out.push(Selector::parse(field)?);
                    }
                }
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[mark]]
        id = "a.b"
        name = "n"
        lives = "l"
        claim = "generated"
        strength = "hint"
        guard = "g"
        source = "s"
        hits = [{ claim = "generated", tags = [["png", "k", "v"]] }]
        misses = [{ tags = [["png", "k", "w"]] }]
        [[mark.test]]
        in = ["png:k"]
        equals = ["v"]
    "#;

    #[test]
    fn the_built_in_catalogue_is_sound() {
        let catalogue = Catalogue::parse(ALL).unwrap();
        assert!(catalogue.marks.len() > 30);
        let named: BTreeSet<_> = ALL.iter().map(|(name, _)| format!("{name}.toml")).collect();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/marks/catalogue");
        let there = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(named, there);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        assert!(Catalogue::parse(&[("x", GOOD)]).is_ok());
        for (from, to) in [
            ("id = \"a.b\"", "id = \"A.b\""),
            ("id = \"a.b\"", "id = \"ab\""),
            ("name = \"n\"", "name = \"\""),
            ("name = \"n\"", "name = \"n\"\ncolor = \"red\""),
            ("equals =", "equal ="),
            ("equals = [\"v\"]", "pattern = '('"),
            ("equals = [\"v\"]", "equals = [\"v\"]\npattern = 'v'"),
            ("equals = [\"v\"]", "terms = \"none\""),
            ("png:k\"]\n        equals", "k\"]\n        equals"),
            ("png:k\"]\n        equals", "@none\"]\n        equals"),
            ("claim = \"generated\"\n        strength", "strength"),
            ("strength = \"hint\"", "strength = \"sure\""),
            ("misses = [{ tags = [[\"png\", \"k\", \"w\"]] }]", "misses = []"),
        ] {
            let bad = GOOD.replace(from, to);
            assert_ne!(bad, GOOD, "{from}");
            assert!(Catalogue::parse(&[("x", &bad)]).is_err(), "{to}");
        }
        assert!(Catalogue::parse(&[("x", GOOD), ("y", GOOD)]).is_err());
    }
}
