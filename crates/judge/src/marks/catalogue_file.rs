//! A file of marks as it is written (TOML), and what it is turned into: marks whose selectors, patterns and tables are
//! checked. Unknown keys, patterns that do not compile and tables that do not exist are errors.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use crate::marks::mark::{Check, Condition, Examples, Hit, Mark, Miss, Names, System, Test};
use crate::marks::pattern::{Pattern, PatternNeeds};
use crate::marks::selector::Selector;
use crate::marks::shape::Shape;
use crate::marks::terms::Terms;
use crate::marks::tool_names::{Tool, Tools};
use countersign_model::{Claim, Strength};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
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
pub(super) struct RawMark {
    pub(super) id: String,
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
    pub(super) code: Option<String>,
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
pub(super) struct Tables {
    /// Fields, and what is wrong with them, for the first test that names them.
    fields: BTreeMap<String, Result<Vec<Selector>, String>>,
    terms: BTreeMap<String, Arc<Terms>>,
    systems: BTreeMap<String, Arc<Names>>,
    tools: BTreeMap<String, Arc<Tools>>,
    /// Whether the mark at hand is known to be sound: then it has its examples elsewhere.
    pub(super) trusted: bool,
    /// What is known of the patterns of marks that are known to be sound.
    patterns: HashMap<String, PatternNeeds>,
    /// Whether no further table may have the name of one that is here.
    closed: bool,
}

impl RawFile {
    /// The names of the tables that it holds.
    pub(super) fn tables(&self) -> impl Iterator<Item = &String> {
        self.fields.keys().chain(self.terms.keys()).chain(self.systems.keys()).chain(self.tools.keys())
    }
}

impl Tables {
    /// No tables yet, and what is known of patterns.
    pub(super) fn with_patterns(patterns: HashMap<String, PatternNeeds>) -> Self {
        Self { patterns, ..Self::default() }
    }

    /// What is added from here on is a house's own, whose tables have other names.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn is_taken(&self, table: &str) -> bool {
        let there = self.fields.contains_key(table)
            || self.terms.contains_key(table)
            || self.systems.contains_key(table)
            || self.tools.contains_key(table);
        self.closed && there
    }

    /// Takes up the tables of a file, which may be known to be sound; its marks.
    pub(super) fn add(&mut self, file: RawFile, trusted: bool) -> Result<Vec<RawMark>, String> {
        let parsed = |fields: Vec<String>| fields.iter().map(|field| Selector::parse(field)).collect();
        self.fields.extend(file.fields.into_iter().map(|(table, fields)| (table, parsed(fields))));
        self.terms.extend(file.terms.into_iter().map(|(table, terms)| (table, Arc::new(terms))));
        self.systems.extend(file.systems.into_iter().map(|(table, names)| (table, Arc::new(names))));
        for (table, tools) in file.tools {
            let tools = if trusted { Tools::trusted(tools) } else { Tools::checked(tools)? };
            self.tools.insert(table, Arc::new(tools));
        }
        Ok(file.mark)
    }

    pub(super) fn mark(&self, raw: RawMark) -> Result<Mark, String> {
        for (what, text) in [("name", &raw.name), ("lives", &raw.lives), ("guard", &raw.guard), ("source", &raw.source)]
        {
            if text.trim().is_empty() {
                return Err(format!("{what} is empty"));
            }
        }
        let examples = Examples { hits: raw.hits, misses: raw.misses };
        let given = [raw.test.is_empty(), examples.hits.is_empty(), examples.misses.is_empty()];
        let (none, all) = (given.iter().all(|empty| *empty), given.iter().all(|empty| !*empty));
        if !self.trusted && ((raw.code.is_some() && !none) || (raw.code.is_none() && !all)) {
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
            examples: (!self.trusted).then_some(examples),
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
            if !self.trusted {
                return Pattern::checked(pattern).map(Check::Pattern);
            }
            let needs = self.patterns.get(&pattern).cloned().unwrap_or_default();
            return Ok(Check::Pattern(Pattern::trusted(pattern, needs)));
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
                    out.extend_from_slice(fields.as_ref().map_err(Clone::clone)?);
                }
            }
        }
        Ok(out)
    }
}
