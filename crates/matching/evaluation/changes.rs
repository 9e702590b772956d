//! What happens to pictures, done by code: for the small run, which needs no other program.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, RgbImage, codecs::jpeg::JpegEncoder, imageops};

use super::canvas::{Canvas, write};

pub fn image_of(canvas: &Canvas) -> RgbImage {
    RgbImage::from_raw(canvas.width as u32, canvas.height as u32, canvas.rgb8()).expect("the size fits")
}

pub fn canvas_of(image: &RgbImage) -> Canvas {
    let mut canvas = Canvas::new(image.width() as usize, image.height() as usize);
    for (pixel, value) in canvas.pixels.iter_mut().zip(image.pixels()) {
        *pixel = value.0.map(|value| f32::from(value) / 255.0);
    }
    canvas
}

pub fn jpeg(image: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image).expect("written");
    let reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    reader.decode().expect("read back").to_rgb8()
}

pub fn scaled(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    imageops::resize(image, width, height, imageops::FilterType::Triangle)
}

pub fn grade(image: &RgbImage) -> RgbImage {
    let mut image = image.clone();
    for pixel in image.pixels_mut() {
        let weights = [1.1, 0.98, 0.85];
        for (value, weight) in pixel.0.iter_mut().zip(weights) {
            let linear = f32::from(*value) / 255.0;
            let curved = ((linear - 0.5) * 1.15 + 0.5).clamp(0.0, 1.0).powf(0.85) * weight;
            *value = (curved * 255.0).clamp(0.0, 255.0) as u8;
        }
    }
    image
}

/// Laid on a larger plain ground, with shares of its size left free on the left, above, on the right and below.
pub fn framed(image: &RgbImage, free: [f32; 4], ground: u8) -> RgbImage {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let size = |length: f32, free: f32| (length * (1.0 + free)).round() as u32;
    let mut whole =
        RgbImage::from_pixel(size(width, free[0] + free[2]), size(height, free[1] + free[3]), image::Rgb([ground; 3]));
    imageops::replace(&mut whole, image, (width * free[0]) as i64, (height * free[1]) as i64);
    whole
}

/// Cut by shares on the left, above, on the right and below.
pub fn cropped(image: &RgbImage, cut: [f32; 4]) -> RgbImage {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let (left, top) = ((width * cut[0]).round() as u32, (height * cut[1]).round() as u32);
    let right = image.width() - (width * cut[2]).round() as u32;
    let bottom = image.height() - (height * cut[3]).round() as u32;
    imageops::crop_imm(image, left, top, right - left, bottom - top).to_image()
}

pub fn filled(image: &RgbImage, aspect: f32) -> RgbImage {
    let is = image.width() as f32 / image.height() as f32;
    let (side, top) = if aspect < is { ((1.0 - aspect / is) / 2.0, 0.0) } else { (0.0, (1.0 - is / aspect) / 2.0) };
    cropped(image, [side, top, side, top])
}

pub fn subtitled(image: &RgbImage) -> RgbImage {
    let mut canvas = canvas_of(image);
    let size = 0.045;
    for (line, text) in ["WE SHOULD HAVE LEFT", "BEFORE THE RAIN"].into_iter().enumerate() {
        let left = (canvas.aspect() - text.len() as f32 * size * 0.8) / 2.0;
        write(&mut canvas, text, (left, 0.84 + line as f32 * size * 1.4), size, [0.95; 3]);
    }
    image_of(&canvas)
}

/// A change with its name.
pub type Change = (&'static str, fn(&RgbImage) -> RgbImage);

/// Changes after which a picture is to be called a copy.
pub const COPIES: [Change; 10] = [
    ("JPEG of quality 20", |image| jpeg(image, 20)),
    ("half size", |image| jpeg(&scaled(image, image.width() / 2, image.height() / 2), 80)),
    ("grade", |image| jpeg(&grade(image), 80)),
    ("letterbox", |image| jpeg(&framed(image, [0.0, 0.2, 0.0, 0.2], 0), 80)),
    ("pillarbox", |image| jpeg(&framed(image, [0.25, 0.0, 0.25, 0.0], 0), 80)),
    ("screenshot", |image| {
        let (width, height) = (image.width() * 7 / 8, image.height() * 7 / 8);
        framed(&scaled(image, width, height), [0.1, 0.25, 0.3, 0.12], 236)
    }),
    ("filled to 16:9", |image| jpeg(&filled(image, 16.0 / 9.0), 80)),
    ("stretched to 16:9", |image| jpeg(&scaled(image, 640, 360), 80)),
    ("mirrored", |image| jpeg(&imageops::flip_horizontal(image), 80)),
    ("upside down", |image| jpeg(&imageops::flip_vertical(image), 80)),
];

/// Changes after which a person is at least to look.
pub const LOOKS: [Change; 5] = [
    ("cropped by 2 % a side", |image| jpeg(&cropped(image, [0.02; 4]), 80)),
    ("cropped by 5 % a side", |image| jpeg(&cropped(image, [0.05; 4]), 80)),
    ("cropped by 8 % a side", |image| jpeg(&cropped(image, [0.08; 4]), 80)),
    ("cropped by 10 % a side", |image| jpeg(&cropped(image, [0.10; 4]), 80)),
    ("subtitles", |image| jpeg(&subtitled(image), 80)),
];

/// A picture turned by 90 degrees.
pub fn turned(image: &RgbImage) -> RgbImage {
    DynamicImage::ImageRgb8(image.clone()).rotate270().to_rgb8()
}
