//! The mark catalogue: TOML data of `catalogue/*.toml`, validated once into [`Catalogue`].
//!
//! Ids that repeat are errors, and so is what [`crate::marks::catalogue_file`] refuses. The built-in files are parsed by a
//! test; a run reads what the build made of them ([`crate::marks::built_in`]).

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::marks::built_in_files::ALL;
use crate::marks::catalogue_file::{RawFile, RawMark, Tables};
use crate::marks::index::{At, FieldIndex, LooksFor};
use crate::marks::mark::{Check, Mark};
use crate::marks::prepared;
use countersign_model::{CatalogueRef, MarksFile};

/// The validated marks and the index from fields to their tests.
///
/// ```
/// let catalogue = countersign_judge::marks::catalogue();
/// let mark = catalogue.marks().find(|mark| mark.id == "iptc.digital-source-type").unwrap();
/// // Each mark says what looks like it and is not it, and brings the examples that prove it.
/// assert!(!mark.guard.is_empty() && !mark.examples().hits.is_empty());
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
    BUILT_IN.get_or_init(|| match Catalogue::with_built_in(&[]) {
        Ok(catalogue) => Arc::new(catalogue),
        // Compiled in and parsed by a test: a broken one does not leave the repository.
        Err(why) => unreachable!("built-in catalogue: {why}"),
    })
}

/// A mark as it is written, the file that it is from, and whether that is one of the program's own.
struct Written<'a> {
    file: &'a str,
    built_in: bool,
    mark: RawMark,
}

impl Catalogue {
    /// Validates catalogue files.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file and mark.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Wrong> {
        let (mut tables, mut written) = (Tables::default(), Vec::new());
        add(files, &mut tables, &mut written)?;
        Self::of_marks(written, tables, sha256(files))
    }

    /// Validates files of marks beside the built-in ones, of which a test has tried everything.
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; a mark or table that the built-in catalogue has.
    pub(super) fn with_built_in(files: &[(&str, &str)]) -> Result<Self, Wrong> {
        let mut tables = Tables::with_patterns(prepared::patterns());
        let mut written = Vec::new();
        let broken = |what: String| Wrong { file: "built-in".to_owned(), mark: None, at: None, what };
        for (file, raw) in prepared::files().map_err(broken)? {
            let marks = tables.add(raw, true).map_err(broken)?;
            written.extend(marks.into_iter().map(|mark| Written { file, built_in: true, mark }));
        }
        tables.close();
        add(files, &mut tables, &mut written)?;
        let sha256 = if files.is_empty() { prepared::SHA256.to_owned() } else { sha256(&[ALL, files].concat()) };
        Self::of_marks(written, tables, sha256)
    }

    fn of_marks(written: Vec<Written<'_>>, mut tables: Tables, sha256: String) -> Result<Self, Wrong> {
        let mut ids = BTreeSet::new();
        let mut marks = Vec::with_capacity(written.len());
        for Written { file, built_in, mark } in written {
            let id = mark.id.clone();
            let wrong = |what: String| Wrong { file: file.to_owned(), mark: Some(id.clone()), at: None, what };
            if !built_in && !is_id(&id) {
                return Err(wrong("an id is vendor.field, in small letters, digits and dashes".to_owned()));
            }
            let house = !built_in && tables.is_closed();
            if !ids.insert(id.clone()) {
                let what =
                    if house && is_built_in(&id) { "the id is the built-in catalogue's" } else { "the id repeats" };
                return Err(wrong(what.to_owned()));
            }
            if house && mark.code.is_some() {
                return Err(wrong("a mark of a house has tests, not code".to_owned()));
            }
            tables.trusted = built_in;
            let mark = tables.mark(mark).map_err(wrong)?;
            marks.push(Mark { file: house.then(|| file.to_owned()), ..mark });
        }
        let index = index(&marks);
        Ok(Self { marks, index, sha256, files: Vec::new() })
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

/// Takes up what TOML files hold.
fn add<'f>(files: &[(&'f str, &str)], tables: &mut Tables, written: &mut Vec<Written<'f>>) -> Result<(), Wrong> {
    for (file, text) in files {
        let wrong = |at: Option<usize>, what: String| Wrong { file: (*file).to_owned(), mark: None, at, what };
        let raw: RawFile = toml::from_str(text).map_err(|e| {
            let what = e.message().lines().next().unwrap_or_default().to_owned();
            wrong(e.span().map(|span| span.start), what)
        })?;
        if let Some(table) = raw.tables().find(|table| tables.is_taken(table)) {
            let what = format!("the table {table} is the built-in catalogue's: choose another name");
            return Err(wrong(text.find(table), what));
        }
        let marks = tables.add(raw, false).map_err(|what| wrong(None, what))?;
        written.extend(marks.into_iter().map(|mark| Written { file, built_in: false, mark }));
    }
    Ok(())
}

fn sha256(files: &[(&str, &str)]) -> String {
    let mut digest = Sha256::new();
    files.iter().for_each(|(_, text)| digest.update(text));
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

fn index(marks: &[Mark]) -> FieldIndex {
    let mut out = FieldIndex::default();
    for (mark, m) in marks.iter().enumerate() {
        for (test, t) in m.tests.iter().enumerate() {
            let at = At { mark, test };
            if t.anywhere {
                let looks_for = match &t.check {
                    Check::Pattern(pattern) => LooksFor::Pattern(pattern.needs()),
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
    fn what_the_build_makes_of_it_is_the_same_catalogue() {
        let (read, written) = (built_in(), Catalogue::parse(ALL).unwrap());
        let told = |catalogue: &Catalogue| {
            let mark = |m: &Mark| {
                let says = (&m.id, &m.name, &m.system, &m.lives, &m.claims, m.strength, &m.guard, &m.source, &m.code);
                format!("{says:?} {:?} {:?}", m.tests, m.examples())
            };
            (catalogue.sha256.clone(), catalogue.marks().map(mark).collect::<Vec<_>>())
        };
        assert_eq!(told(&read), told(&written));
        assert!(
            read.marks().all(|mark| mark.examples.is_none() && mark.examples().hits.is_empty() == mark.code.is_some())
        );
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
