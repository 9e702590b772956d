//! Where a picture lies in a larger one of which it is a part: crops of any place and size, for which no hash is kept.
//!
//! The picture's own sketch, made at a size in cells, is laid over the reference's sketch at every second place, then at
//! those close to the best. Only signs are compared, lighter or darker than the surroundings: how strong a detail is
//! depends on the rest of the picture, and a part has another rest.

use crate::{
    Orientation, PictureProbe, PictureReference, Rectangle,
    sketch::{SIDE, Signs, Sketch},
};

/// The least cells of the reference that a part covers, in width and in height.
const LEAST: usize = 28;
/// From one size that is tried to the next.
const STEP: f32 = 1.06;
/// Rows that are passed over from one that is compared in the first search to the next.
const ROWS: usize = 3;
/// Places of the first search that are looked at more closely, and what they must have scored there.
const KEPT: usize = 2;
const PROMISING: f32 = 0.35;
/// How places are moved to fit better, in shares of the reference.
const FITTING_STEPS: [f32; 2] = [0.01, 0.004];
/// The share of the signs that must agree where both pictures have one, and how many of the picture's own signs.
const AGREEING: f32 = 0.985;
const SHOWN: f32 = 0.87;
/// The most contradictions in one tile.
const ALTERED: u32 = 3;
/// From this share on no better place is looked for.
const CLEAR: f32 = 0.92;
/// The least signs that must agree: fewer are found by chance.
const SIGNS: u32 = 150;

/// A place of a reference, and how well a picture fits it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The part of the reference that the picture shows.
    pub place: Rectangle,
    /// The share of the signs that agree, of those that both have.
    pub agreement: f32,
    /// The share of the picture's signs that the reference has as well.
    pub shown: f32,
    /// The most contradictions in one of 64 tiles of the reference: what moved or was exchanged stands in one place.
    pub altered: u32,
}

/// A picture that is looked for in others.
pub struct PartSearch<'a> {
    probe: &'a PictureProbe,
    /// Its height by its width, as it is seen.
    shape: f32,
    /// Sketches in all sizes for references of one shape: most pictures of a folder have the same.
    made: Vec<(f32, Vec<InCells>)>,
}

/// The signs of the picture in so many cells.
struct InCells {
    width: usize,
    height: usize,
    signs: Signs,
}

impl<'a> PartSearch<'a> {
    /// The search for a picture of so many pixels, as they are seen.
    pub fn new(probe: &'a PictureProbe, (width, height): (u64, u64)) -> Self {
        Self { probe, shape: height as f32 / width.max(1) as f32, made: Vec::new() }
    }

    /// Where the picture lies in a reference of so many pixels, as they are seen; `None` where it is no part of it.
    pub fn find(&mut self, reference: &PictureReference, (width, height): (u64, u64)) -> Option<Part> {
        let shape = self.shape * width as f32 / height.max(1) as f32;
        if !shape.is_finite() || !(0.05..=20.0).contains(&shape) {
            return None;
        }
        // Noise has signs as well.
        if !reference.is_comparable() || !self.probe.is_comparable() {
            return None;
        }
        let signs = reference.sketch.signs();
        let best = best_places(self.sizes(shape), &signs);
        best.into_iter().map(|place| self.fitted(&signs, place)).find(Fit::is_part).map(|fit| fit.part)
    }

    fn sizes(&mut self, shape: f32) -> &[InCells] {
        let known = self.made.iter().position(|(made, _)| (made / shape - 1.0).abs() < 0.005);
        let at = known.unwrap_or_else(|| {
            self.made.push((shape, sizes(self.probe, shape)));
            self.made.len() - 1
        });
        self.made.get(at).map_or(&[], |(_, sizes)| sizes)
    }

    /// The place, or one close by that fits better.
    fn fitted(&self, reference: &Signs, place: Rectangle) -> Fit {
        let mut best = self.fit(reference, place);
        for step in FITTING_STEPS {
            // Each edge is moved until nothing is won any more, but not for ever.
            for _ in 0..3 {
                if best.is_part() && best.part.shown >= CLEAR {
                    break;
                }
                let moved = best.part.place.moved(step).map(|moved| self.fit(reference, moved));
                let better = moved.into_iter().max_by(|a, b| a.score().total_cmp(&b.score()));
                match better.filter(|better| better.score() > best.score()) {
                    Some(better) => best = better,
                    None => break,
                }
            }
        }
        best
    }

    fn fit(&self, reference: &Signs, place: Rectangle) -> Fit {
        let own = self.probe.sketch_at(&place).signs();
        let mut fit = Fit::of(own.against(reference, (0, 0), 0..SIDE), own.count(), place);
        fit.part.altered = own.altered(reference);
        fit
    }
}

/// Signs that agree and that contradict, and what follows.
#[derive(Clone, Copy)]
struct Fit {
    agreeing: u32,
    part: Part,
}

impl Fit {
    fn of((agreeing, contrary): (u32, u32), own: u32, place: Rectangle) -> Self {
        let agreement = agreeing as f32 / (agreeing + contrary).max(1) as f32;
        let shown = if agreeing < SIGNS { 0.0 } else { agreeing as f32 / own.max(1) as f32 };
        Self { agreeing, part: Part { place, agreement, shown, altered: 0 } }
    }

    fn is_part(&self) -> bool {
        self.part.agreement >= AGREEING && self.part.shown >= SHOWN && self.part.altered <= ALTERED
    }

    /// What a place is chosen by: it must explain the picture, and not be explained by chance.
    fn score(&self) -> f32 {
        if self.agreeing < SIGNS / 2 { 0.0 } else { self.part.agreement * 2.0 + self.part.shown }
    }
}

fn sizes(probe: &PictureProbe, shape: f32) -> Vec<InCells> {
    let mut out = Vec::new();
    // The last size is the reference's whole width or height: parts are often cut on two sides only.
    let (mut size, most) = (LEAST as f32 / shape.min(1.0), SIDE as f32 / shape.max(1.0));
    let mut sizes = Vec::new();
    while size < most * 0.98 {
        sizes.push(size);
        size *= STEP;
    }
    sizes.extend((LEAST as f32 <= most * shape.min(1.0)).then_some(most));
    for size in sizes {
        let (width, height) = (size.round() as usize, (size * shape).round() as usize);
        let share = |cells: usize| cells as f32 / SIDE as f32;
        let place = Rectangle { left: 0.0, top: 0.0, right: share(width), bottom: share(height) };
        out.push(InCells { width, height, signs: probe.sketch_at(&place).signs() });
    }
    out
}

/// The places of all sizes that fit best, each far from the others or of another size.
fn best_places(sizes: &[InCells], reference: &Signs) -> Vec<Rectangle> {
    let mut best: Vec<(f32, Rectangle)> = Vec::new();
    for sized in sizes {
        let (across, down) = (SIDE - sized.width.min(SIDE), SIDE - sized.height.min(SIDE));
        let own = sized.signs.count() / ROWS as u32;
        let places = (0..=down).step_by(2).flat_map(|y| (0..=across).step_by(2).map(move |x| (x, y)));
        let scored = places.map(|at| {
            let (agreeing, contrary) = sized.signs.against(reference, at, (0..sized.height).step_by(ROWS));
            let score = (agreeing as f32 - 2.0 * contrary as f32) / own.max(40) as f32;
            (score, at)
        });
        let Some((score, (x, y))) = scored.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        let share = |cells: usize| cells as f32 / SIDE as f32;
        let place =
            Rectangle { left: share(x), top: share(y), right: share(x + sized.width), bottom: share(y + sized.height) };
        best.push((score, place));
    }
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    best.into_iter().take(KEPT).filter(|(score, _)| *score >= PROMISING).map(|(_, place)| place).collect()
}

impl PictureProbe {
    /// The sketch of the whole picture, laid over a place of a reference.
    fn sketch_at(&self, place: &Rectangle) -> Sketch {
        Sketch::aligned(&self.area, &Rectangle::WHOLE, Orientation::Plain, place)
    }
}
