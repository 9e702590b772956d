//! A plane of luma values, and means over any rectangle of it.

use crate::{MatchingError, Rectangle};

/// A plane of luma on a scale of 0 to 255, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Luma {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Luma {
    /// Fails where the number of values is not width times height. Values that are no numbers count as black.
    pub fn new(width: usize, height: usize, mut values: Vec<f32>) -> Result<Self, MatchingError> {
        let expected = width.checked_mul(height);
        if expected != Some(values.len()) {
            return Err(MatchingError::WrongSize { expected, given: values.len() });
        }
        for value in &mut values {
            *value = if value.is_finite() { value.clamp(0.0, 255.0) } else { 0.0 };
        }
        Ok(Self { width, height, values })
    }

    /// A plane of 8-bit values, for instance a frame from a video decoder.
    pub fn from_gray8(width: usize, height: usize, values: &[u8]) -> Result<Self, MatchingError> {
        Self::new(width, height, values.iter().map(|value| f32::from(*value)).collect())
    }

    /// For values whose number is known to fit.
    pub(crate) fn from_checked(width: usize, height: usize, values: Vec<f32>) -> Self {
        debug_assert_eq!(width * height, values.len());
        Self { width, height, values }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The value at a place, rounded; black outside of the plane.
    pub fn value(&self, x: usize, y: usize) -> u8 {
        let inside = x < self.width && y < self.height;
        if inside { self.at(x, y).round() as u8 } else { 0 }
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }

    pub(crate) fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width..(y + 1) * self.width]
    }

    /// The part inside a rectangle, at least one pixel where the plane has any.
    pub(crate) fn cropped(&self, rectangle: &Rectangle) -> Self {
        let (left, right) = pixel_range(rectangle.left, rectangle.right, self.width);
        let (top, bottom) = pixel_range(rectangle.top, rectangle.bottom, self.height);
        let mut values = Vec::with_capacity((right - left) * (bottom - top));
        for y in top..bottom {
            values.extend_from_slice(&self.row(y)[left..right]);
        }
        Self { width: right - left, height: bottom - top, values }
    }
}

fn pixel_range(start: f32, end: f32, side: usize) -> (usize, usize) {
    let last = side.saturating_sub(1);
    let first = ((start * side as f32).round() as usize).min(last);
    let end = ((end * side as f32).round() as usize).clamp(first + usize::from(side > 0), side);
    (first, end)
}

/// Sums over all rectangles from the upper left corner, so that any mean takes four look-ups.
pub(crate) struct SummedArea {
    width: usize,
    height: usize,
    sums: Vec<f64>,
}

impl SummedArea {
    pub(crate) fn new(luma: &Luma) -> Self {
        let (width, height) = (luma.width, luma.height);
        let stride = width + 1;
        let mut sums = vec![0.0; stride * (height + 1)];
        for y in 0..height {
            let mut row_sum = 0.0;
            for x in 0..width {
                row_sum += f64::from(luma.at(x, y));
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row_sum;
            }
        }
        Self { width, height, sums }
    }

    /// The mean over a rectangle in shares of the plane; pixels that are partly inside count by their part.
    pub(crate) fn mean(&self, rectangle: &Rectangle) -> f32 {
        let (left, right) = (self.column(rectangle.left), self.column(rectangle.right));
        let (top, bottom) = (self.line(rectangle.top), self.line(rectangle.bottom));
        let area = (right - left) * (bottom - top);
        if area <= 0.0 {
            return 0.0;
        }
        let sum =
            self.sum_to(right, bottom) - self.sum_to(left, bottom) - self.sum_to(right, top) + self.sum_to(left, top);
        (sum / area) as f32
    }

    fn column(&self, share: f32) -> f64 {
        f64::from(share.clamp(0.0, 1.0)) * self.width as f64
    }

    fn line(&self, share: f32) -> f64 {
        f64::from(share.clamp(0.0, 1.0)) * self.height as f64
    }

    fn sum_to(&self, x: f64, y: f64) -> f64 {
        let stride = self.width + 1;
        let (column, row) = ((x as usize).min(self.width), (y as usize).min(self.height));
        let (next_column, next_row) = ((column + 1).min(self.width), (row + 1).min(self.height));
        let (part_x, part_y) = (x - column as f64, y - row as f64);
        let upper = self.sums[row * stride + column] * (1.0 - part_x) + self.sums[row * stride + next_column] * part_x;
        let lower = self.sums[next_row * stride + column] * (1.0 - part_x)
            + self.sums[next_row * stride + next_column] * part_x;
        upper * (1.0 - part_y) + lower * part_y
    }

    /// The means over all rectangles of these columns and rows (each a start and an end in shares of the plane), row by row:
    /// as [`SummedArea::mean`], with what they have in common computed once.
    pub(crate) fn means(&self, columns: &[(f32, f32)], rows: &[(f32, f32)]) -> Vec<f32> {
        let stride = self.width + 1;
        let edges: Vec<[(usize, usize, f64); 2]> =
            columns.iter().map(|(left, right)| [*left, *right].map(|x| between(self.column(x), self.width))).collect();
        let mut line = vec![0.0; stride];
        let mut means = Vec::with_capacity(columns.len() * rows.len());
        for (top, bottom) in rows {
            let [upper, lower] = [*top, *bottom].map(|y| between(self.line(y), self.height));
            let of_row = |(first, second, part): (usize, usize, f64), x: usize| {
                self.sums[first * stride + x] * (1.0 - part) + self.sums[second * stride + x] * part
            };
            line.iter_mut().enumerate().for_each(|(x, sum)| *sum = of_row(lower, x) - of_row(upper, x));
            let height = self.line(*bottom) - self.line(*top);
            for ((left, right), [from, to]) in columns.iter().zip(&edges) {
                let at =
                    |(first, second, part): &(usize, usize, f64)| line[*first] * (1.0 - part) + line[*second] * part;
                let area = (self.column(*right) - self.column(*left)) * height;
                means.push(if area > 0.0 { ((at(to) - at(from)) / area) as f32 } else { 0.0 });
            }
        }
        means
    }
}

/// The whole places before and after a position, and how far it lies between them.
fn between(position: f64, last: usize) -> (usize, usize, f64) {
    let place = (position as usize).min(last);
    (place, (place + 1).min(last), position - place as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_many_rectangles_are_those_of_each() {
        let values: Vec<f32> = (0..13 * 7).map(|n| (n * n % 251) as f32).collect();
        let area = SummedArea::new(&Luma::from_checked(13, 7, values));
        let columns = [(0.0, 0.11), (0.3, 0.95), (0.5, 0.5), (0.9, 1.0)];
        let rows = [(0.0, 1.0), (0.21, 0.4), (0.8, 0.3)];
        let means = area.means(&columns, &rows);
        for (row, (top, bottom)) in rows.into_iter().enumerate() {
            for (column, (left, right)) in columns.into_iter().enumerate() {
                let one = area.mean(&Rectangle { left, top, right, bottom });
                assert!((means[row * columns.len() + column] - one).abs() < 1e-3, "{row} {column}");
            }
        }
    }
}
