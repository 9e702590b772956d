//! The mark catalogue: TOML data of `catalogue/*.toml`, validated once into [`Catalogue`].
//!
//! Ids that repeat are errors, and so is what [`crate::marks::catalogue_file`] refuses; the built-in files are parsed by a test.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::marks::catalogue_file::{RawFile, Tables};
use crate::marks::index::{At, FieldIndex, LooksFor};
use crate::marks::mark::{Check, Mark};
use countersign_model::{CatalogueRef, MarksFile};

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
            let marks = tables.add(file).map_err(|what| wrong(None, what))?;
            raw.extend(marks.into_iter().map(|mark| (*name, at >= built_in, mark)));
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
