//! Where a picture differs from the reference that it is a copy of, as a small gray picture for a report.

use serde::Serialize;

use crate::{Luma, Orientation, PictureMatch, Rectangle, luma::SummedArea};

/// Cells a side.
const SIDE: usize = 48;
/// A mean difference of this many levels, after the grade is evened out, is shown white.
const WHITE: f32 = 64.0;

/// Local differences, row by row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DifferenceMap {
    /// Cells in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// 0 equal, 255 different by 64 levels of 255 or more.
    pub values: Vec<u8>,
    /// The part of the reference that the cells cover.
    pub place: Rectangle,
}

/// The differences of a picture and a reference, laid over each other as the match found them. Brightness and contrast
/// are evened out first, so that a grade alone gives a black map.
pub fn difference_map(picture: &Luma, reference: &Luma, found: &PictureMatch) -> DifferenceMap {
    let (one, two) = (SummedArea::new(picture), SummedArea::new(reference));
    let mut pairs = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let there = cell(row, column);
            let here = turned(&there, found.orientation);
            pairs.push((one.mean(&within(&found.part, &here)), two.mean(&within(&found.place, &there))));
        }
    }
    let (gain, offset) = grade(&pairs);
    let values =
        pairs.iter().map(|(a, b)| ((b - (gain * a + offset)).abs() / WHITE * 255.0).min(255.0) as u8).collect();
    DifferenceMap { columns: SIDE, rows: SIDE, values, place: found.place }
}

fn cell(row: usize, column: usize) -> Rectangle {
    let edge = |number: usize| number as f32 / SIDE as f32;
    Rectangle { left: edge(column), top: edge(row), right: edge(column + 1), bottom: edge(row + 1) }
}

pub(crate) fn turned(cell: &Rectangle, orientation: Orientation) -> Rectangle {
    match orientation {
        Orientation::Plain => *cell,
        Orientation::Mirrored => Rectangle { left: 1.0 - cell.right, right: 1.0 - cell.left, ..*cell },
        Orientation::UpsideDown => Rectangle { top: 1.0 - cell.bottom, bottom: 1.0 - cell.top, ..*cell },
    }
}

pub(crate) fn within(outer: &Rectangle, inner: &Rectangle) -> Rectangle {
    Rectangle {
        left: outer.left + inner.left * outer.width(),
        right: outer.left + inner.right * outer.width(),
        top: outer.top + inner.top * outer.height(),
        bottom: outer.top + inner.bottom * outer.height(),
    }
}

/// The straight line through the pairs with the least squares.
fn grade(pairs: &[(f32, f32)]) -> (f32, f32) {
    let count = pairs.len().max(1) as f64;
    let mean = |pick: fn(&(f32, f32)) -> f32| pairs.iter().map(|pair| f64::from(pick(pair))).sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut together, mut alone) = (0.0, 0.0);
    for (a, b) in pairs {
        let (a, b) = (f64::from(*a) - mean_a, f64::from(*b) - mean_b);
        together += a * b;
        alone += a * a;
    }
    let gain = if alone > f64::EPSILON { together / alone } else { 1.0 };
    (gain as f32, (mean_b - gain * mean_a) as f32)
}
