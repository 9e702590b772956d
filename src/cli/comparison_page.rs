//! The facts of a comparison in words, and its page: `compare A B --report html=FILE`.

use std::path::{Path, PathBuf};

use countersign_engine::shown::Shown;
use countersign_matching::{
    AlteredArea, Comparison, DifferenceMap, Orientation, PictureMatch, Rectangle, Relation, difference_map,
};
use countersign_model::error::{Error, Result};
use countersign_report::html::comparison::{Area, ComparisonMap, ComparisonPage, ComparisonSide};

/// Less than this share of a side is a pixel at an edge and no crop.
const LEAST_CUT: f32 = 0.008;

/// Where two pictures differ that were found alike, laid over each other as the match found them.
pub(super) struct Differences {
    found: PictureMatch,
    map: DifferenceMap,
    areas: Vec<AlteredArea>,
    /// Whether the second picture was looked up in the first.
    reversed: bool,
}

impl Differences {
    /// Of two stills; `None` where they were not found alike.
    pub(super) fn of(comparison: &Comparison, a: &Shown, b: &Shown) -> Option<Self> {
        if !matches!(comparison.relation, Relation::Copy | Relation::Look) {
            return None;
        }
        let (found, reversed) = (comparison.picture.as_ref()?.best.clone(), comparison.reversed);
        let (picture, reference) = if reversed { (b, a) } else { (a, b) };
        let map = difference_map(&picture.luma, &reference.luma, &found);
        let areas = map.areas(&found);
        Some(Self { found, map, areas, reversed })
    }

    /// The parts of the first and the second picture that both show.
    fn compared(&self) -> [Rectangle; 2] {
        self.ordered(self.found.part, self.found.place)
    }

    /// What belongs to the picture that was looked up and to its reference, as first and second.
    fn ordered<T>(&self, picture: T, reference: T) -> [T; 2] {
        if self.reversed { [reference, picture] } else { [picture, reference] }
    }

    /// The altered areas in the first and the second picture.
    pub(super) fn areas(&self) -> Vec<[Rectangle; 2]> {
        self.areas.iter().map(|area| self.ordered(area.picture, area.reference)).collect()
    }

    /// What was done to the picture that was looked up, in sentences.
    pub(super) fn words(&self) -> Vec<(&'static str, String)> {
        let [one, other] = self.ordered("A", "B");
        let mut out = Vec::new();
        if let Some(cut) = edges(&self.found.place) {
            out.push(("Cropped", format!("{one} shows {other} without {cut}")));
        }
        if let Some(cut) = edges(&self.found.part) {
            out.push(("Bordered", format!("{one} has plain borders or surroundings: {cut}")));
        }
        match self.found.orientation {
            Orientation::Plain => {}
            Orientation::Mirrored => out.push(("Mirrored", format!("{one} is {other} mirrored left to right"))),
            Orientation::UpsideDown => out.push(("Mirrored", format!("{one} is {other} mirrored top to bottom"))),
        }
        for area in self.areas() {
            out.push(("Altered", format!("{} of B: {}", part_of_picture(&area[1]), percent(&area[1]))));
        }
        if self.areas.is_empty() {
            out.push(("Altered", "nowhere beyond encoding, scale and grade".to_owned()));
        }
        out
    }
}

/// What is missing at the edges, in words; `None` where nothing is.
fn edges(part: &Rectangle) -> Option<String> {
    let cuts = [
        ("on the left", part.left),
        ("at the top", part.top),
        ("on the right", 1.0 - part.right),
        ("at the bottom", 1.0 - part.bottom),
    ];
    let told: Vec<String> = cuts
        .iter()
        .filter(|(_, share)| *share >= LEAST_CUT)
        .map(|(where_, share)| format!("{:.1} % {where_}", share * 100.0))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// `the upper left`, by the middle of an area.
fn part_of_picture(area: &Rectangle) -> &'static str {
    let third = |low: f32, high: f32| match (low + high) / 2.0 {
        middle if middle < 1.0 / 3.0 => 0,
        middle if middle < 2.0 / 3.0 => 1,
        _ => 2,
    };
    let names = [
        ["the upper left", "the top", "the upper right"],
        ["the left", "the middle", "the right"],
        ["the lower left", "the bottom", "the lower right"],
    ];
    names[third(area.top, area.bottom)][third(area.left, area.right)]
}

fn percent(area: &Rectangle) -> String {
    let [left, top, right, bottom] = edges_of(area).map(|edge| edge * 100.0);
    format!("{left:.0} to {right:.0} % across, {top:.0} to {bottom:.0} % down")
}

fn edges_of(area: &Rectangle) -> Area {
    [area.left, area.top, area.right, area.bottom]
}

/// One of both files as the page shows it.
pub(super) struct ShownFile {
    /// What it is called.
    pub(super) name: String,
    pub(super) picture: Option<Shown>,
}

/// The page of a comparison.
pub(super) fn page(
    verdict: &str,
    facts: Vec<(String, String)>,
    files: [ShownFile; 2],
    differences: Option<&Differences>,
) -> ComparisonPage {
    let compared = differences.map(Differences::compared);
    let areas = differences.map(Differences::areas).unwrap_or_default();
    let mut number = 0;
    let sides = files.map(|file| {
        let own = number;
        number += 1;
        ComparisonSide {
            name: file.name,
            jpeg: file.picture.and_then(|shown| shown.jpeg),
            compared: compared
                .map(|both| both[own])
                .filter(|part| *part != Rectangle::WHOLE)
                .map(|part| edges_of(&part)),
            altered: areas.iter().map(|both| edges_of(&both[own])).collect(),
        }
    });
    let map = differences
        .map(|differences| ComparisonMap { columns: differences.map.columns, values: differences.map.values.clone() });
    ComparisonPage { verdict: verdict.to_owned(), facts, sides, map }
}

/// The file of `html=FILE`.
pub(super) fn target(text: &str) -> std::result::Result<PathBuf, String> {
    match text.split_once('=') {
        Some(("html", file)) if !file.is_empty() => Ok(PathBuf::from(file)),
        _ => Err("a comparison is written as html=FILE; --json prints it for machines".to_owned()),
    }
}

/// Writes the page; the file gets its name only when it is whole.
pub(super) fn write(page: &ComparisonPage, target: &Path) -> Result<()> {
    let written = || {
        let mut bytes = Vec::new();
        page.write(&mut bytes)?;
        super::whole_file::write(target, &bytes)
    };
    written().map_err(|e: std::io::Error| Error::File {
        path: target.to_path_buf(),
        what: e.to_string(),
        hint: "name a file in a folder that exists, on a drive with room".to_owned(),
    })
}
