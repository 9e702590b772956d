//! A surface to paint procedural pictures on. Lengths are shares of the height.

use super::random::Random;

pub type Color = [f32; 3];

pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<Color>,
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 3]; width * height] }
    }

    /// The width in shares of the height.
    pub fn aspect(&self) -> f32 {
        self.width as f32 / self.height as f32
    }

    /// Paints every pixel by its place and color so far.
    pub fn shade(&mut self, color: impl Fn(f32, f32, Color) -> Color) {
        let scale = 1.0 / self.height as f32;
        for (number, pixel) in self.pixels.iter_mut().enumerate() {
            let (x, y) = (number % self.width, number / self.width);
            *pixel = color((x as f32 + 0.5) * scale, (y as f32 + 0.5) * scale, *pixel);
        }
    }

    pub fn rectangle(&mut self, (left, top): (f32, f32), (width, height): (f32, f32), color: Color) {
        let side = self.height as f32;
        let range = |from: f32, length: f32, limit: usize| {
            let start = (from * side).round().clamp(0.0, limit as f32) as usize;
            start..((from + length) * side).round().clamp(0.0, limit as f32) as usize
        };
        for y in range(top, height, self.height) {
            for x in range(left, width, self.width) {
                self.pixels[y * self.width + x] = color;
            }
        }
    }

    /// A ball lit from one side.
    pub fn ball(&mut self, center: (f32, f32), radius: (f32, f32), color: Color, light: (f32, f32)) {
        self.shade(|x, y, below| {
            let (dx, dy) = ((x - center.0) / radius.0, (y - center.1) / radius.1);
            let far = dx * dx + dy * dy;
            if far > 1.0 {
                return below;
            }
            let bright = (0.55 + 0.45 * (dx * light.0 + dy * light.1) + 0.25 * (1.0 - far).sqrt()).clamp(0.05, 1.4);
            color.map(|value| value * bright)
        });
    }

    pub fn rgb8(&self) -> Vec<u8> {
        self.pixels.iter().flatten().map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8).collect()
    }
}

/// Smooth noise of several octaves, about −1 to 1.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed).next())
    }

    fn corner(&self, x: i32, y: i32) -> f32 {
        let mut value = self.0 ^ (x as u32 as u64) << 32 ^ y as u32 as u64;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((value ^ (value >> 31)) >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    fn smooth(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let ease = |share: f32| share * share * (3.0 - 2.0 * share);
        let (part_x, part_y) = (ease(x - left), ease(y - top));
        let (left, top) = (left as i32, top as i32);
        let mix = |a: f32, b: f32, part: f32| a + (b - a) * part;
        mix(
            mix(self.corner(left, top), self.corner(left + 1, top), part_x),
            mix(self.corner(left, top + 1), self.corner(left + 1, top + 1), part_x),
            part_y,
        )
    }

    pub fn fractal(&self, x: f32, y: f32, octaves: u32) -> f32 {
        let (mut sum, mut scale, mut weight) = (0.0, 1.0, 1.0);
        for _ in 0..octaves {
            sum += weight * self.smooth(x * scale, y * scale);
            scale *= 2.03;
            weight *= 0.55;
        }
        sum
    }
}

/// Letters of three by five points, one row in three bits.
const LETTERS: [(char, u16); 38] = [
    ('A', 0b010_101_111_101_101),
    ('B', 0b110_101_110_101_110),
    ('C', 0b011_100_100_100_011),
    ('D', 0b110_101_101_101_110),
    ('E', 0b111_100_110_100_111),
    ('F', 0b111_100_110_100_100),
    ('G', 0b011_100_101_101_011),
    ('H', 0b101_101_111_101_101),
    ('I', 0b111_010_010_010_111),
    ('J', 0b001_001_001_101_010),
    ('K', 0b101_101_110_101_101),
    ('L', 0b100_100_100_100_111),
    ('M', 0b101_111_111_101_101),
    ('N', 0b111_101_101_101_101),
    ('O', 0b010_101_101_101_010),
    ('P', 0b110_101_110_100_100),
    ('Q', 0b010_101_101_110_011),
    ('R', 0b110_101_110_101_101),
    ('S', 0b011_100_010_001_110),
    ('T', 0b111_010_010_010_010),
    ('U', 0b101_101_101_101_111),
    ('V', 0b101_101_101_101_010),
    ('W', 0b101_101_111_111_101),
    ('X', 0b101_101_010_101_101),
    ('Y', 0b101_101_010_010_010),
    ('Z', 0b111_001_010_100_111),
    ('0', 0b111_101_101_101_111),
    ('1', 0b010_110_010_010_111),
    ('2', 0b110_001_010_100_111),
    ('3', 0b110_001_010_001_110),
    ('4', 0b101_101_111_001_001),
    ('5', 0b111_100_110_001_110),
    ('6', 0b011_100_111_101_111),
    ('7', 0b111_001_010_010_010),
    ('8', 0b111_101_111_101_111),
    ('9', 0b111_101_111_001_110),
    ('-', 0b000_000_111_000_000),
    (' ', 0),
];

/// Writes words; `size` is the height of a letter.
pub fn write(canvas: &mut Canvas, text: &str, (left, top): (f32, f32), size: f32, color: Color) {
    let point = size / 5.0;
    for (number, letter) in text.chars().enumerate() {
        let points = LETTERS.iter().find(|(known, _)| *known == letter).map_or(0, |(_, points)| *points);
        for place in 0..15 {
            if points >> (14 - place) & 1 == 1 {
                let x = left + (number as f32 * 4.0 + (place % 3) as f32) * point;
                let y = top + (place / 3) as f32 * point;
                canvas.rectangle((x, y), (point, point), color);
            }
        }
    }
}
