//! The makers' habits as data: fields of provenance, camera makers, cameras by year, scanners and editing programs.
//!
//! Every row of `data/*.toml` names its source. What no row speaks of is not judged.

use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A field that says where an asset comes from, or what it says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Field {
    /// What sort of fact it is.
    pub(super) kind: String,
    /// What the fact is, in words for people.
    pub(super) what: String,
    /// `space:key`, in the order in which they are asked.
    pub(super) keys: Vec<String>,
    /// Whether it is repeated only, and no evidence.
    #[serde(default)]
    pub(super) claim: bool,
    /// The specification.
    #[cfg_attr(not(test), expect(dead_code, reason = "for who reads the table; a test asks for it"))]
    pub(super) source: String,
}

/// A maker of cameras.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Maker {
    /// The maker's name, in words for people.
    pub(super) name: String,
    /// Beginnings of EXIF `Make`, in lower case.
    pub(super) make: Vec<String>,
    /// Beginnings of EXIF `Model` that no other maker uses.
    pub(super) models: Vec<String>,
    /// What its maker notes begin with; nothing where they have no header.
    pub(super) note: Vec<String>,
    /// Whether its cameras are documented to write a maker note.
    #[serde(default)]
    pub(super) writes_note: bool,
    /// Whether the lens is named after the model of the device that it is built into.
    #[serde(default)]
    pub(super) lens_begins_with_model: bool,
    /// The first year in which it made any camera.
    #[serde(default)]
    pub(super) since: Option<i32>,
    /// Where this is known from.
    pub(super) source: String,
}

/// Cameras that were announced in one year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cameras {
    /// The year of the announcement.
    pub(super) year: i32,
    /// EXIF `Model`, as the cameras write it.
    pub(super) models: Vec<String>,
    /// Where this is known from.
    pub(super) source: String,
}

/// A program or a scanner.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    /// What it does.
    pub(super) kind: ProgramKind,
    /// Beginnings of the names that it writes.
    pub(super) names: Vec<String>,
    /// Words that show that another program is meant.
    #[serde(default)]
    pub(super) except: Vec<String>,
    /// Where this is known from.
    #[cfg_attr(not(test), expect(dead_code, reason = "for who reads the table; a test asks for it"))]
    pub(super) source: String,
}

/// What a program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ProgramKind {
    /// Digitizes film, prints or pages.
    Scanner,
    /// Changes what a picture or a sound holds.
    Editor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    field: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Makers {
    maker: Vec<Maker>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Years {
    camera: Vec<Cameras>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Programs {
    program: Vec<Program>,
}

pub(super) static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| read::<Fields>(include_str!("data/fields.toml")).map(|t| t.field).unwrap_or_default());
pub(super) static MAKERS: LazyLock<Vec<Maker>> =
    LazyLock::new(|| read::<Makers>(include_str!("data/makers.toml")).map(|t| t.maker).unwrap_or_default());
static CAMERAS: LazyLock<Vec<Cameras>> =
    LazyLock::new(|| read::<Years>(include_str!("data/cameras.toml")).map(|t| t.camera).unwrap_or_default());
static PROGRAMS: LazyLock<Vec<Program>> =
    LazyLock::new(|| read::<Programs>(include_str!("data/programs.toml")).map(|t| t.program).unwrap_or_default());

/// The table that a text spells; a test reads every table, so that none is ever empty.
fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    toml::from_str(text).ok()
}

/// The maker that this EXIF `Make` is a name of.
pub(super) fn maker(make: &str) -> Option<&'static Maker> {
    let make = make.trim().to_lowercase();
    MAKERS.iter().find(|maker| maker.make.iter().any(|start| make.starts_with(start.as_str())))
}

/// The maker that alone calls its cameras so.
pub(super) fn maker_of_model(model: &str) -> Option<&'static Maker> {
    MAKERS.iter().find(|maker| maker.models.iter().any(|start| model.trim().starts_with(start.as_str())))
}

/// The maker whose notes begin so.
pub(super) fn maker_of_note(header: &str) -> Option<&'static Maker> {
    MAKERS.iter().find(|maker| maker.note.iter().any(|start| header.starts_with(start.as_str())))
}

/// The year in which a camera was announced, and where that is known from.
pub(super) fn announced(model: &str) -> Option<(i32, &'static str)> {
    let model = model.trim();
    let row = CAMERAS.iter().find(|row| row.models.iter().any(|known| known.eq_ignore_ascii_case(model)))?;
    Some((row.year, &row.source))
}

/// Whether a program of this kind writes its name so.
pub(super) fn is_program(kind: ProgramKind, text: &str) -> bool {
    let text = text.trim().to_lowercase();
    PROGRAMS.iter().filter(|row| row.kind == kind).any(|row| {
        row.names.iter().any(|name| text.starts_with(&name.to_lowercase()))
            && !row.except.iter().any(|word| text.contains(&word.to_lowercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_and_every_row_names_its_source() {
        let fields: Fields = toml::from_str(include_str!("data/fields.toml")).unwrap();
        let makers: Makers = toml::from_str(include_str!("data/makers.toml")).unwrap();
        let years: Years = toml::from_str(include_str!("data/cameras.toml")).unwrap();
        let programs: Programs = toml::from_str(include_str!("data/programs.toml")).unwrap();
        let sources = fields.field.iter().map(|r| (&r.kind, &r.source));
        let sources = sources.chain(makers.maker.iter().map(|r| (&r.name, &r.source)));
        let sources = sources.chain(years.camera.iter().map(|r| (&r.models[0], &r.source)));
        let sources = sources.chain(programs.program.iter().map(|r| (&r.names[0], &r.source)));
        let sources: Vec<_> = sources.collect();
        assert!(sources.len() > 80, "{}", sources.len());
        for (row, source) in sources {
            assert!(source.len() > 12, "{row} names no source");
        }
        assert_eq!(FIELDS.len(), fields.field.len());
    }

    #[test]
    fn no_camera_stands_in_two_years() {
        let mut seen = std::collections::BTreeSet::new();
        for model in CAMERAS.iter().flat_map(|row| &row.models) {
            assert!(seen.insert(model.to_lowercase()), "{model}");
        }
    }

    #[test]
    fn names_are_told_by_their_beginnings() {
        assert_eq!(maker("NIKON CORPORATION").map(|m| m.name.as_str()), Some("Nikon"));
        assert!(maker("Leica Camera AG").is_none());
        assert_eq!(announced("NIKON D70").map(|(year, _)| year), Some(2004));
        assert!(is_program(ProgramKind::Editor, "Adobe Photoshop 25.1 (Macintosh)"));
        assert!(!is_program(ProgramKind::Editor, "Adobe Photoshop Camera Raw 9.1"));
        assert!(!is_program(ProgramKind::Editor, "Adobe Photoshop Lightroom Classic 13.0"));
        assert!(is_program(ProgramKind::Scanner, "VueScan 9 x64 (9.8.41)"));
    }
}
