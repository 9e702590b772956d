//! Procedural scenes with fixed seeds, in eight kinds that share with photos what fingerprints see: large shapes that
//! are lit, a spectrum that falls with the frequency, texture and grain. And pairs that look alike and are no copies.

use super::{
    canvas::{Canvas, Color, Noise, write},
    random::Random,
};

/// How a scene differs from another take of it.
#[derive(Clone, Copy, Default)]
pub struct Take {
    /// Seed of what moves: the pose of figures.
    pub pose: u64,
    /// Camera: a shift and a zoom.
    pub shift: (f32, f32),
    pub zoom: f32,
    /// Night instead of day.
    pub night: bool,
}

/// The sizes in which scenes come, in shares of the longer side: 3:2, 16:9, 4:3, 1:1, 2:3.
const SHAPES: [(f32, f32); 5] = [(1.0, 0.6667), (1.0, 0.5625), (1.0, 0.75), (1.0, 1.0), (0.6667, 1.0)];

/// The scene of a seed; its longer side has so many pixels.
pub fn scene(seed: u64, side: usize) -> Canvas {
    let shape = SHAPES[(seed / 8) as usize % SHAPES.len()];
    let size = |share: f32| (side as f32 * share).round() as usize;
    let mut canvas = Canvas::new(size(shape.0), size(shape.1));
    paint(&mut canvas, seed, Take { zoom: 1.0, ..Take::default() });
    canvas
}

/// A scene in 16:9 as another take shows it.
pub fn take(seed: u64, side: usize, take: Take) -> Canvas {
    let mut canvas = Canvas::new(side, side * 9 / 16);
    paint(&mut canvas, seed, take);
    canvas
}

fn paint(canvas: &mut Canvas, seed: u64, take: Take) {
    let mut random = Random::new(seed);
    match seed % 8 {
        0 => landscape(canvas, &mut random, take),
        1 => portrait(canvas, &mut random, take),
        2 => city(canvas, &mut random, take),
        3 => interior(canvas, &mut random, take),
        4 => still_life(canvas, &mut random, take),
        5 => forest(canvas, &mut random, take),
        6 => clouds(canvas, &mut random, take),
        _ => crowd(canvas, &mut random, take),
    }
    light_and_grain(canvas, seed, take);
}

fn color(random: &mut Random) -> Color {
    [random.between(0.1, 0.95), random.between(0.1, 0.95), random.between(0.1, 0.95)]
}

fn mix(a: Color, b: Color, share: f32) -> Color {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|channel| a[channel] + (b[channel] - a[channel]) * share)
}

/// Where the camera of a take sees a place.
fn seen(take: Take, x: f32, y: f32) -> (f32, f32) {
    ((x - 0.9) / take.zoom + 0.9 + take.shift.0, (y - 0.5) / take.zoom + 0.5 + take.shift.1)
}

fn placed(take: Take, x: f32, y: f32) -> (f32, f32) {
    ((x - take.shift.0 - 0.9) * take.zoom + 0.9, (y - take.shift.1 - 0.5) * take.zoom + 0.5)
}

/// Noise of clouds and waves, which are others at night than by day.
fn hourly(random: &mut Random, take: Take) -> Noise {
    Noise::new(random.next() ^ u64::from(take.night))
}

fn landscape(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let noise = hourly(random, take);
    let (sky, horizon) = (color(random), color(random));
    let cloudy = random.between(0.1, 0.6);
    canvas.shade(|x, y, _| {
        let (x, y) = seen(take, x, y);
        mix(sky, horizon, y * 1.6 + cloudy * noise.fractal(x * 2.0, y * 5.0, 5))
    });
    for layer in 0..3 {
        let (base, rough) = (random.between(0.3, 0.5) + 0.15 * layer as f32, random.between(0.08, 0.25));
        let (ground, dark) = (color(random), color(random).map(|value| value * 0.4));
        let ridge = Noise::new(random.next());
        // The light falls from elsewhere at night, and draws other shadows on the slopes.
        let shadows = hourly(random, take);
        canvas.shade(|x, y, below| {
            let (x, y) = seen(take, x, y);
            let top = base + rough * ridge.fractal(x * 1.7, 0.5, 6);
            let shadow = 0.4 * shadows.fractal(x * 4.0, y * 6.0, 3);
            let texture = 0.5 + 0.4 * ridge.fractal(x * 9.0, y * 14.0, 5) + shadow;
            if y > top { mix(dark, ground, texture) } else { below }
        });
    }
}

fn figure(canvas: &mut Canvas, random: &mut Random, x: f32, y: f32, size: f32) {
    let (cloth, skin, hair) =
        (color(random), [0.8, 0.6, 0.5].map(|value| value * random.between(0.5, 1.1)), color(random));
    let light = (random.between(-0.6, 0.6), random.between(-0.6, 0.0));
    canvas.ball((x, y + size * 1.9), (size * 1.3, size * 1.2), cloth, light);
    canvas.ball((x, y - size * 0.15), (size * 0.85, size * 1.05), hair.map(|value| value * 0.5), light);
    canvas.ball((x, y), (size * 0.7, size * 0.9), skin, light);
    for side in [-1.0, 1.0] {
        canvas.ball((x + side * size * 0.28, y - size * 0.1), (size * 0.12, size * 0.07), [0.15; 3], light);
    }
    canvas.ball((x, y + size * 0.45), (size * 0.25, size * 0.08), [0.55, 0.2, 0.2], light);
}

fn portrait(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let noise = Noise::new(random.next());
    let (a, b) = (color(random), color(random));
    canvas.shade(|x, y, _| {
        let (x, y) = seen(take, x, y);
        mix(a, b, 0.5 + noise.fractal(x * 2.5, y * 2.5, 4))
    });
    let center = canvas.aspect() / 2.0;
    let (x, y, size) = (center + random.between(-0.2, 0.2), random.between(0.35, 0.5), random.between(0.16, 0.28));
    let (x, y) = placed(take, x, y);
    let mut pose = Random::new(take.pose);
    let moved = if take.pose == 0 { 0.0 } else { 0.14 };
    let (dx, dy) = (pose.between(-moved, moved), pose.between(-moved, moved) * 0.5);
    figure(canvas, random, x + dx, y + dy, size * take.zoom);
}

fn city(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let noise = hourly(random, take);
    let mut lamps = Random::new(take.pose.wrapping_add(random.next()));
    let (sky, low) = (color(random), color(random));
    canvas.shade(|x, y, _| mix(sky, low, y + 0.3 * noise.fractal(x * 2.0, y * 4.0, 4)));
    let mut x = -0.05;
    while x < canvas.aspect() {
        let (width, top) = (random.between(0.08, 0.3), random.between(0.1, 0.7));
        let wall = color(random).map(|value| value * 0.7);
        let lit = color(random);
        let (left, up) = placed(take, x, top);
        canvas.rectangle((left, up), (width * take.zoom, 2.0), wall);
        let step = random.between(0.025, 0.06);
        let mut row = top + 0.03;
        while row < 1.0 {
            let mut column = x + 0.015;
            while column + step * 0.6 < x + width {
                let day = random.between(0.2, 1.0);
                let shade = if take.night { [0.1, 3.0][lamps.below(2)] } else { day };
                let (left, up) = placed(take, column, row);
                let window = (step * 0.55 * take.zoom, step * 0.6 * take.zoom);
                canvas.rectangle((left, up), window, lit.map(|value| value * shade));
                column += step;
            }
            row += step * 1.3;
        }
        x += width;
    }
}

fn interior(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let noise = Noise::new(random.next());
    let (wall, floor) = (color(random), color(random).map(|value| value * 0.6));
    let corner = random.between(0.55, 0.75);
    let lamp = (random.between(0.1, 1.6), random.between(0.0, 0.4));
    canvas.shade(|x, y, _| {
        let (x, y) = seen(take, x, y);
        let light = 1.2 - ((x - lamp.0).powi(2) + (y - lamp.1).powi(2)).sqrt() * 0.8;
        let texture = 1.0 + 0.2 * noise.fractal(x * 8.0, y * 8.0, 4);
        (if y > corner { floor } else { wall }).map(|value| value * light.max(0.1) * texture)
    });
    for _ in 0..6 + random.below(6) {
        let (x, y) = placed(take, random.between(0.0, 1.6), random.between(0.1, 0.8));
        let (width, height) = (random.between(0.06, 0.35) * take.zoom, random.between(0.06, 0.3) * take.zoom);
        let shade = color(random);
        canvas.rectangle((x, y), (width, height), shade);
        let (corner, inner) = ((x + width * 0.1, y + height * 0.1), (width * 0.8, height * 0.8));
        canvas.rectangle(corner, inner, shade.map(|value| value * 0.6));
    }
    let mut pose = Random::new(take.pose.wrapping_add(random.next()));
    for _ in 0..2 {
        let size = random.between(0.08, 0.16) * take.zoom;
        figure(canvas, random, pose.between(0.2, 1.5), pose.between(0.3, 0.6), size);
    }
}

fn still_life(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let noise = Noise::new(random.next());
    let (back, table) = (color(random), color(random));
    let edge = random.between(0.4, 0.6);
    canvas.shade(|x, y, _| {
        let (x, y) = seen(take, x, y);
        let grain = 1.0 + 0.25 * noise.fractal(x * 3.0, y * 25.0, 4);
        if y > edge { table.map(|value| value * grain) } else { mix(back, [0.1; 3], y + 0.2 * noise.fractal(x, y, 3)) }
    });
    let light = (random.between(-0.7, 0.7), -0.5);
    let aspect = canvas.aspect();
    for _ in 0..4 + random.below(6) {
        let size = random.between(0.06, 0.22) * take.zoom;
        let (x, y) = placed(take, random.between(0.1, aspect - 0.1), edge + random.between(-0.1, 0.3));
        canvas.ball((x + 0.02, y + size * 0.9), (size * 1.1, size * 0.25), [0.08; 3], (0.0, 0.0));
        canvas.ball((x, y), (size, size * random.between(0.8, 1.3)), color(random), light);
    }
}

fn forest(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let noise = Noise::new(random.next());
    let (leaf, light) = (color(random).map(|value| value * 0.5), color(random));
    canvas.shade(|x, y, _| {
        let (x, y) = seen(take, x, y);
        mix(leaf, light, 0.45 + 0.8 * noise.fractal(x * 4.0, y * 4.0, 6) - 0.3 * y)
    });
    for _ in 0..5 + random.below(9) {
        let (x, width) = (random.between(-0.1, 1.8), random.between(0.02, 0.12));
        let bark = color(random).map(|value| value * 0.45);
        let bend = Noise::new(random.next());
        canvas.shade(|px, py, below| {
            let (px, py) = seen(take, px, py);
            let center = x + 0.06 * bend.fractal(0.3, py * 1.5, 3);
            let across = (px - center) / width;
            if across.abs() > 0.5 {
                return below;
            }
            bark.map(|value| value * (1.2 + across + 0.4 * bend.fractal(px * 30.0, py * 6.0, 3)))
        });
    }
}

fn clouds(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let (noise, waves) = (hourly(random, take), hourly(random, take));
    let (blue, white, water) = (color(random).map(|value| value * 0.6), [0.95, 0.93, 0.9], color(random));
    let horizon = random.between(0.45, 0.9);
    let density = random.between(1.0, 2.2);
    canvas.shade(|x, y, _| {
        let (x, y) = seen(take, x, y);
        if y < horizon {
            mix(blue, white, 0.4 + density * noise.fractal(x * 1.5, y * 3.0, 6))
        } else {
            let near = (y - horizon) * 4.0 + 0.2;
            mix(water.map(|value| value * 0.4), water, 0.5 + 0.9 * waves.fractal(x * 6.0 / near, y * 30.0 / near, 4))
        }
    });
}

fn crowd(canvas: &mut Canvas, random: &mut Random, take: Take) {
    let noise = Noise::new(random.next());
    let (a, b) = (color(random), color(random));
    canvas.shade(|x, y, _| mix(a, b, y + 0.4 * noise.fractal(x * 3.0, y * 3.0, 4)));
    let mut pose = Random::new(take.pose.wrapping_add(7));
    let moved = if take.pose == 0 { 0.0 } else { 0.08 };
    let mut rows: Vec<f32> = (0..10 + random.below(8)).map(|_| random.between(0.2, 0.85)).collect();
    rows.sort_by(f32::total_cmp);
    for y in rows {
        let (x, y) = placed(take, random.between(0.0, 1.75), y);
        let (dx, dy) = (pose.between(-moved, moved), pose.between(-moved, moved) * 0.4);
        figure(canvas, random, x + dx, y + dy, (0.03 + 0.09 * y).max(0.02) * take.zoom);
    }
}

fn light_and_grain(canvas: &mut Canvas, seed: u64, take: Take) {
    let fine = Noise::new(seed ^ 0xF11E);
    let mut grain = Random::new(seed ^ take.pose << 20 ^ 0x6EA1);
    let night: Color = if take.night { [0.25, 0.3, 0.5] } else { [1.0; 3] };
    let broad = Noise::new(seed ^ 0xB0AD ^ u64::from(take.night));
    canvas.shade(|x, y, pixel| {
        let (x, y) = seen(take, x, y);
        let light = 1.0 + 0.35 * broad.fractal(x * 1.3, y * 1.3, 3) + 0.12 * fine.fractal(x * 20.0, y * 20.0, 4);
        [0, 1, 2].map(|channel| pixel[channel] * night[channel] * light)
    });
    for pixel in &mut canvas.pixels {
        let speck = grain.between(-0.02, 0.02);
        *pixel = pixel.map(|value| value + speck);
    }
}

/// Two pictures that look alike and are no copies of each other.
pub struct HardNegative {
    pub kind: &'static str,
    pub one: Canvas,
    pub two: Canvas,
}

/// The kinds of look-alikes, each in several seeds: 84 pairs.
pub fn hard_negatives(side: usize) -> Vec<HardNegative> {
    let plain = Take { zoom: 1.0, ..Take::default() };
    let mut pairs = Vec::new();
    let mut add = |kind, one, two| pairs.push(HardNegative { kind, one, two });
    for number in 0..16 {
        // Portraits, interiors and crowds: what moves between two takes is the figures, and the camera a little.
        let seed = 5000 + number * 8 + [1, 3, 7][number as usize % 3];
        let shift = (0.004 * (number % 4) as f32, 0.002);
        let other = Take { pose: 2, shift, ..plain };
        add("consecutive takes", take(seed, side, Take { pose: 1, ..plain }), take(seed, side, other));
    }
    for number in 0..16 {
        let seed = 6000 + number * 8 + [2, 3, 4, 0][number as usize % 4];
        let other = Take { pose: 9, shift: (0.12, -0.05), zoom: 1.25, night: false };
        add("two shots of one set", take(seed, side, Take { pose: 8, ..plain }), take(seed, side, other));
    }
    for number in 0..12 {
        add("slates", slate(number, 0, side, None), slate(number, 1, side, None));
    }
    for number in 0..8 {
        let of_take = |take| slate(number + 50, 0, side, Some(take));
        add("slates of two takes", of_take(number as usize % 8 + 1), of_take(number as usize % 8 + 2));
    }
    for number in 0..12 {
        add("same typography", title_card(number, 0, side), title_card(number, 1, side));
    }
    for number in 0..12 {
        let seed = 7000 + number * 8 + [0, 2, 6][number as usize % 3];
        add("day and night", take(seed, side, plain), take(seed, side, Take { night: true, pose: 3, ..plain }));
    }
    for number in 0..4 {
        add("bars", bars(number, side), bars(number + 1, side));
    }
    for number in 0..4_u64 {
        let black = |level: f32| {
            let mut canvas = Canvas::new(side, side * 9 / 16);
            let mut grain = Random::new(number);
            canvas.pixels.iter_mut().for_each(|pixel| *pixel = [level + grain.between(0.0, 0.02); 3]);
            canvas
        };
        add("black", black(0.0), black(0.01 * number as f32));
    }
    pairs
}

fn word(random: &mut Random, letters: usize) -> String {
    (0..letters).map(|_| char::from(b'A' + random.below(26) as u8)).collect()
}

/// A slate: the same production, another scene, take and roll; or another take alone.
fn slate(production: u64, shot: u64, side: usize, take: Option<usize>) -> Canvas {
    let mut canvas = Canvas::new(side, side * 9 / 16);
    let mut fixed = Random::new(8000 + production);
    let mut shown = Random::new(8100 + production * 10 + shot);
    let noise = Noise::new(8000 + production);
    canvas.shade(|x, y, _| [0.35 + 0.2 * noise.fractal(x * 2.0, y * 2.0, 4); 3]);
    canvas.rectangle((0.25, 0.1), (1.28, 0.8), [0.08; 3]);
    for stripe in 0..8 {
        canvas.rectangle((0.25 + stripe as f32 * 0.16, 0.1), (0.08, 0.1), [0.95; 3]);
    }
    write(&mut canvas, &word(&mut fixed, 9), (0.3, 0.24), 0.1, [0.9; 3]);
    write(&mut canvas, "SCENE  TAKE  ROLL", (0.3, 0.39), 0.06, [0.7; 3]);
    let (scene, letter, any_take, roll) =
        (shown.below(90) + 10, word(&mut shown, 1), shown.below(9) + 1, shown.below(90) + 10);
    let numbers = format!("{scene}{letter} {} {roll}", take.unwrap_or(any_take));
    write(&mut canvas, &numbers, (0.3, 0.5), 0.15, [0.95; 3]);
    write(&mut canvas, &format!("DIR {}", word(&mut fixed, 8)), (0.3, 0.73), 0.08, [0.8; 3]);
    canvas
}

/// A title card: the same letters, size and layout, other words.
fn title_card(design: u64, text: u64, side: usize) -> Canvas {
    let mut canvas = Canvas::new(side, side * 9 / 16);
    let mut fixed = Random::new(8500 + design);
    let mut shown = Random::new(8600 + design * 10 + text);
    let (paper, ink) = (color(&mut fixed).map(|value| value * 0.3), [0.95, 0.95, 0.9]);
    let noise = Noise::new(8500 + design);
    canvas.shade(|x, y, _| paper.map(|value| value + 0.1 * noise.fractal(x * 2.0, y * 2.0, 3)));
    let size = fixed.between(0.09, 0.16);
    for line in 0..3 + fixed.below(3) {
        let letters = (1.5 / (size * 0.8)) as usize - fixed.below(4);
        write(&mut canvas, &word(&mut shown, letters), (0.12, 0.1 + line as f32 * size * 1.5), size, ink);
    }
    canvas
}

/// Color bars, each with another identification.
fn bars(number: u64, side: usize) -> Canvas {
    let mut canvas = Canvas::new(side, side * 9 / 16);
    let level = 0.75;
    for bar in 0..8_usize {
        let on = |bit: usize| if bar >> bit & 1 == 0 { level } else { 0.0 };
        canvas.rectangle((bar as f32 * 0.2223, 0.0), (0.2223, 1.0), [on(1), on(2), on(0)]);
    }
    let mut random = Random::new(8900 + number);
    write(&mut canvas, &word(&mut random, 8), (0.45, 0.75), 0.12, [1.0; 3]);
    canvas
}
