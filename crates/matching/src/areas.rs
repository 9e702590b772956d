//! Where a picture was altered: the connected areas of a difference map that stand out.

use serde::Serialize;

use crate::{DifferenceMap, PictureMatch, Rectangle, difference};

/// From this value on a cell stands out: 24 levels of 255, after the grade is evened out.
const STANDS_OUT: u8 = 96;
/// Single cells are edges that lie a pixel off, or noise.
const LEAST_CELLS: usize = 3;
/// Areas that are told.
const TOLD: usize = 12;

/// An area in which two pictures differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AlteredArea {
    /// Its bounds in the picture that was looked up.
    pub picture: Rectangle,
    /// Its bounds in the reference.
    pub reference: Rectangle,
    /// The share of the compared part, 0 to 1, that its cells take.
    pub share: f32,
}

impl DifferenceMap {
    /// The areas that stand out, the largest first; `found` is the match that the map was made for.
    pub fn areas(&self, found: &PictureMatch) -> Vec<AlteredArea> {
        let mut waiting: Vec<bool> = self.values.iter().map(|value| *value >= STANDS_OUT).collect();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for start in 0..waiting.len() {
            let group = self.connected(start, &mut waiting);
            if group.len() >= LEAST_CELLS {
                groups.push(group);
            }
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        groups.iter().take(TOLD).map(|group| self.area(group, found)).collect()
    }

    /// The cells that hang together with this one, taken out of what is waiting.
    fn connected(&self, start: usize, waiting: &mut [bool]) -> Vec<usize> {
        let (mut group, mut at) = (Vec::new(), 0);
        if std::mem::take(&mut waiting[start]) {
            group.push(start);
        }
        while let Some(cell) = group.get(at).copied() {
            let (row, column) = (cell / self.columns, cell % self.columns);
            let rows = row.saturating_sub(1)..(row + 2).min(self.rows);
            for near_row in rows {
                for near_column in column.saturating_sub(1)..(column + 2).min(self.columns) {
                    let near = near_row * self.columns + near_column;
                    if std::mem::take(&mut waiting[near]) {
                        group.push(near);
                    }
                }
            }
            at += 1;
        }
        group
    }

    fn area(&self, group: &[usize], found: &PictureMatch) -> AlteredArea {
        let bounds = |places: &mut dyn Iterator<Item = usize>, cells: usize| {
            let (low, high) = places.fold((usize::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
            (low as f32 / cells as f32, (high + 1) as f32 / cells as f32)
        };
        let (left, right) = bounds(&mut group.iter().map(|cell| cell % self.columns), self.columns);
        let (top, bottom) = bounds(&mut group.iter().map(|cell| cell / self.columns), self.rows);
        let inside = Rectangle { left, top, right, bottom };
        AlteredArea {
            picture: difference::within(&found.part, &difference::turned(&inside, found.orientation)),
            reference: difference::within(&found.place, &inside),
            share: group.len() as f32 / (self.columns * self.rows) as f32,
        }
    }
}
