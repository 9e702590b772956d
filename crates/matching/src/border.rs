//! Uniform borders: letterbox, pillarbox, and the plain surroundings of a screenshot.

use crate::{Luma, Rectangle};

/// How far a value may lie from the middle of its line and still belong to a uniform border.
const TOLERANCE: f32 = 8.0;
/// How far the middle of a line may lie from that of the outermost one.
const DRIFT: f32 = 6.0;
/// The share of a line that may differ: dust and coding noise.
const EXCEPTIONS: f32 = 0.01;
/// Less than this share of a side is not a picture in a frame, but a plain picture with something in it.
const LEAST_CONTENT: f32 = 0.25;
/// A frame in a frame in a frame.
const NESTED_FRAMES: usize = 3;

/// The part of a picture inside its uniform borders; the whole where there are none.
pub fn trim_uniform_borders(luma: &Luma) -> Rectangle {
    let mut inside = PixelRectangle { left: 0, top: 0, right: luma.width(), bottom: luma.height() };
    for _ in 0..NESTED_FRAMES {
        let trimmed = trim_once(luma, &inside);
        if trimmed == inside {
            break;
        }
        let too_small = |length: usize, side: usize| (length as f32) < side as f32 * LEAST_CONTENT;
        if too_small(trimmed.right - trimmed.left, luma.width())
            || too_small(trimmed.bottom - trimmed.top, luma.height())
        {
            break;
        }
        inside = trimmed;
    }
    if inside.left == 0 && inside.top == 0 && inside.right == luma.width() && inside.bottom == luma.height() {
        return Rectangle::WHOLE;
    }
    let (width, height) = (luma.width() as f32, luma.height() as f32);
    Rectangle {
        left: inside.left as f32 / width,
        top: inside.top as f32 / height,
        right: inside.right as f32 / width,
        bottom: inside.bottom as f32 / height,
    }
}

#[derive(Clone, Copy, PartialEq)]
struct PixelRectangle {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

fn trim_once(luma: &Luma, inside: &PixelRectangle) -> PixelRectangle {
    let row = |y: usize| -> Vec<f32> { luma.row(y)[inside.left..inside.right].to_vec() };
    let top = inside.top + leading_uniform((inside.top..inside.bottom).map(row));
    let bottom = inside.bottom - leading_uniform((top..inside.bottom).rev().map(row));
    let column = |x: usize| -> Vec<f32> { (top..bottom).map(|y| luma.at(x, y)).collect() };
    let left = inside.left + leading_uniform((inside.left..inside.right).map(column));
    let right = inside.right - leading_uniform((left..inside.right).rev().map(column));
    PixelRectangle { left, top, right, bottom }
}

/// How many lines from the outside in are uniform and of one shade.
fn leading_uniform(lines: impl Iterator<Item = Vec<f32>>) -> usize {
    let mut shade: Option<f32> = None;
    let mut count = 0;
    for mut line in lines {
        let Some(middle) = uniform_shade(&mut line) else { break };
        if (middle - *shade.get_or_insert(middle)).abs() > DRIFT {
            break;
        }
        count += 1;
    }
    count
}

/// The middle value of a line, if nearly all others lie close to it.
fn uniform_shade(line: &mut [f32]) -> Option<f32> {
    let middle_place = line.len() / 2;
    if line.is_empty() {
        return None;
    }
    let (_, middle, _) = line.select_nth_unstable_by(middle_place, f32::total_cmp);
    let middle = *middle;
    let apart = line.iter().filter(|value| (**value - middle).abs() > TOLERANCE).count();
    (apart as f32 <= line.len() as f32 * EXCEPTIONS).then_some(middle)
}
