//! A mark of the catalogue: the fields where it may stand (`space:key` selectors with `*`), what the value must look like,
//! and what it then claims.

use std::sync::Arc;

use serde::Deserialize;

use crate::marks::pattern::Pattern;
use crate::marks::selector::Selector;
use crate::marks::shape::Shape;
use crate::marks::terms::Terms;
use crate::marks::tool_names::Tools;
use countersign_model::{Claim, Strength};

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
    /// Its own examples; those of the built-in marks are read when somebody asks for them.
    pub(super) examples: Option<Examples>,
}

/// The examples of a mark; they run as tests.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Those that must give evidence of it.
    #[serde(default)]
    pub hits: Vec<Hit>,
    /// Those that must give none.
    #[serde(default)]
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
    Terms(Arc<Terms>),
    Json(Box<Shape>),
    Tools(Arc<Tools>),
}

/// Where the system's name comes from.
#[derive(Debug)]
pub(super) enum System {
    None,
    Fixed(String),
    /// The value, a capture of the pattern, or a member of the JSON object; a table may turn it into a name.
    From {
        part: String,
        table: Option<Arc<Names>>,
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
