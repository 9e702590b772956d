//! The second look: a coarse grid that says where a picture is lighter or darker than its surroundings.
//!
//! PDQ sees the large shapes only, so two slates, two title cards or two takes may have nearly equal hashes. A sketch
//! keeps two bits for each of 96 by 96 cells: clearly lighter than the cells around it, clearly darker, clearly
//! neither, or in between. Encoding, scaling and grading leave it as it is; another word or another pose does not.

use crate::{Orientation, Rectangle, luma::SummedArea};

pub(crate) const SIDE: usize = 96;
/// How many cells around a cell are its surroundings, on each side.
const REACH: usize = 4;
/// Details of more than this share of the root mean square of all details are clear.
const CLEAR: f32 = 0.7;
/// Details of less than this share are none.
const NONE: f32 = 0.25;
/// The picture is divided into this many tiles a side to tell where it was altered.
const TILES: usize = 8;
/// What it weighs when one cell is clearly lighter and the other clearly darker: no grade does that, another letter does.
const REVERSED: u8 = 6;
/// What it weighs when one cell is clear and the other shows nothing.
const VANISHED: u8 = 1;
/// A tile is altered when the contradictions of its 144 cells weigh so much.
const ALTERED_WEIGHT: u8 = 18;
/// The share of altered tiles above which a likeness of hashes is no copy.
const ALTERED_SHARE_OF_COPY: f32 = 0.0;

/// The number of bytes of a sketch.
pub(crate) const SKETCH_BYTES: usize = SIDE * SIDE / 4;

/// Two bits for each of 96 by 96 cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch(pub(crate) Box<[u8; SKETCH_BYTES]>);

/// What one cell says.
const BETWEEN: u8 = 0;
const LIGHTER: u8 = 1;
const DARKER: u8 = 2;
const PLAIN: u8 = 3;

/// Where two sketches contradict each other.
#[derive(Clone, Debug)]
pub(crate) struct SketchComparison {
    /// What the contradictions of each tile weigh, row by row.
    pub(crate) contradictions: [u8; TILES * TILES],
    /// Tiles with cells that could be compared.
    pub(crate) compared_tiles: u8,
}

impl SketchComparison {
    /// The share of the compared tiles that are altered.
    pub(crate) fn altered_share(&self) -> f32 {
        let altered = self.contradictions.iter().filter(|count| **count >= ALTERED_WEIGHT).count();
        altered as f32 / f32::from(self.compared_tiles.max(1))
    }

    /// Whether the pictures agree everywhere.
    pub(crate) fn agrees(&self) -> bool {
        self.compared_tiles > 0 && self.altered_share() <= ALTERED_SHARE_OF_COPY
    }

    /// What all contradictions weigh.
    pub(crate) fn total(&self) -> u32 {
        self.contradictions.iter().map(|count| u32::from(*count)).sum()
    }
}

impl Sketch {
    /// The sketch of a whole picture.
    pub(crate) fn of_whole(area: &SummedArea) -> Self {
        Self::aligned(area, &Rectangle::WHOLE, Orientation::Plain, &Rectangle::WHOLE)
    }

    /// The sketch of a part of a picture, laid over the place of a reference that it is thought to show. Cells of the
    /// reference that it does not show are in between.
    pub(crate) fn aligned(area: &SummedArea, part: &Rectangle, orientation: Orientation, place: &Rectangle) -> Self {
        let means = cell_means(area, part, orientation, place);
        let details = details(&means);
        let known: Vec<f32> = details.iter().flatten().map(|detail| detail * detail).collect();
        let scale = (known.iter().sum::<f32>() / known.len().max(1) as f32).sqrt();
        let mut bytes = Box::new([0_u8; SKETCH_BYTES]);
        for (cell, detail) in details.iter().enumerate() {
            let says = detail.map_or(BETWEEN, |detail| judge(detail, scale));
            bytes[cell / 4] |= says << (cell % 4 * 2);
        }
        Self(bytes)
    }

    /// The clear cells, row by row as bits.
    pub(crate) fn signs(&self) -> Signs {
        let mut signs = Signs { lighter: [0; SIDE], darker: [0; SIDE] };
        for cell in 0..SIDE * SIDE {
            let rows = match self.cell(cell) {
                LIGHTER => &mut signs.lighter,
                DARKER => &mut signs.darker,
                _ => continue,
            };
            rows[cell / SIDE] |= 1 << (cell % SIDE);
        }
        signs
    }

    fn cell(&self, cell: usize) -> u8 {
        self.0[cell / 4] >> (cell % 4 * 2) & 3
    }

    /// Counts the cells where one is clear and the other says the contrary or nothing.
    pub(crate) fn compare(&self, other: &Self) -> SketchComparison {
        let mut contradictions = [0_u8; TILES * TILES];
        let mut comparable = [false; TILES * TILES];
        for cell in 0..SIDE * SIDE {
            let (one, two) = (self.cell(cell), other.cell(cell));
            if one == BETWEEN || two == BETWEEN {
                continue;
            }
            let tile = cell / SIDE / (SIDE / TILES) * TILES + cell % SIDE / (SIDE / TILES);
            comparable[tile] = true;
            contradictions[tile] = contradictions[tile].saturating_add(weight(one, two));
        }
        let compared_tiles = comparable.iter().filter(|is| **is).count() as u8;
        SketchComparison { contradictions, compared_tiles }
    }
}

/// The cells of a sketch that are clearly lighter or darker than their surroundings: a bit for each column.
pub(crate) struct Signs {
    lighter: [u128; SIDE],
    darker: [u128; SIDE],
}

impl Signs {
    /// How many cells are clear.
    pub(crate) fn count(&self) -> u32 {
        self.lighter.iter().chain(&self.darker).map(|row| row.count_ones()).sum()
    }

    /// How many cells agree and how many contradict, of these rows, laid over another sketch so many columns to the right
    /// and rows below.
    pub(crate) fn against(
        &self,
        other: &Self,
        (right, below): (usize, usize),
        rows: impl Iterator<Item = usize>,
    ) -> (u32, u32) {
        let (mut agreeing, mut contrary) = (0, 0);
        for row in rows.filter(|row| row + below < SIDE) {
            let (lighter, darker) = (self.lighter[row] << right, self.darker[row] << right);
            let (light, dark) = (other.lighter[row + below], other.darker[row + below]);
            agreeing += ((lighter & light) | (darker & dark)).count_ones();
            contrary += ((lighter & dark) | (darker & light)).count_ones();
        }
        (agreeing, contrary)
    }
}

impl Signs {
    /// The most cells of one tile that contradict.
    pub(crate) fn altered(&self, other: &Self) -> u32 {
        const SIDE_OF_TILE: usize = SIDE / TILES;
        let mut most = 0;
        for (top, left) in
            (0..TILES).flat_map(|top| (0..TILES).map(move |left| (top * SIDE_OF_TILE, left * SIDE_OF_TILE)))
        {
            let columns = ((1_u128 << SIDE_OF_TILE) - 1) << left;
            let contrary =
                |row: usize| (self.lighter[row] & other.darker[row]) | (self.darker[row] & other.lighter[row]);
            let count = (top..top + SIDE_OF_TILE).map(|row| (contrary(row) & columns).count_ones()).sum();
            most = most.max(count);
        }
        most
    }
}

fn weight(one: u8, two: u8) -> u8 {
    if one == two {
        0
    } else if one == PLAIN || two == PLAIN {
        VANISHED
    } else {
        REVERSED
    }
}

fn judge(detail: f32, scale: f32) -> u8 {
    if scale <= f32::EPSILON || detail.abs() < NONE * scale {
        PLAIN
    } else if detail.abs() <= CLEAR * scale {
        BETWEEN
    } else if detail > 0.0 {
        LIGHTER
    } else {
        DARKER
    }
}

/// The mean of each cell of the reference's grid as the picture shows it, where it shows the whole cell.
fn cell_means(area: &SummedArea, part: &Rectangle, orientation: Orientation, place: &Rectangle) -> Vec<Option<f32>> {
    let mut means = vec![None; SIDE * SIDE];
    for (cell, mean) in means.iter_mut().enumerate() {
        let edge = |number: usize| number as f32 / SIDE as f32;
        let (row, column) = (cell / SIDE, cell % SIDE);
        let across = [edge(column), edge(column + 1)].map(|x| (x - place.left) / place.width());
        let down = [edge(row), edge(row + 1)].map(|y| (y - place.top) / place.height());
        if across[0] < -1e-4 || down[0] < -1e-4 || across[1] > 1.0001 || down[1] > 1.0001 {
            continue;
        }
        let [left, right] =
            if orientation == Orientation::Mirrored { [1.0 - across[1], 1.0 - across[0]] } else { across };
        let [top, bottom] = if orientation == Orientation::UpsideDown { [1.0 - down[1], 1.0 - down[0]] } else { down };
        *mean = Some(area.mean(&Rectangle {
            left: part.left + left * part.width(),
            right: part.left + right * part.width(),
            top: part.top + top * part.height(),
            bottom: part.top + bottom * part.height(),
        }));
    }
    means
}

/// How much lighter each cell is than its surroundings; unknown at the edge of what is shown, where part of the
/// surroundings is missing in one of the two pictures.
fn details(means: &[Option<f32>]) -> Vec<Option<f32>> {
    let mut details = vec![None; means.len()];
    for row in REACH..SIDE - REACH {
        for column in REACH..SIDE - REACH {
            let mut sum = 0.0;
            let mut complete = true;
            for y in row - REACH..=row + REACH {
                for mean in &means[y * SIDE + column - REACH..=y * SIDE + column + REACH] {
                    complete &= mean.is_some();
                    sum += mean.unwrap_or(0.0);
                }
            }
            let count = ((2 * REACH + 1) * (2 * REACH + 1)) as f32;
            details[row * SIDE + column] =
                means[row * SIDE + column].filter(|_| complete).map(|mean| mean - sum / count);
        }
    }
    details
}
