//! Pictures decoded by the `image` crate within bounds: all pixels, a small gray copy, a small JPEG.
//!
//! Runs in a worker process; in a program without workers, in its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Result as IoResult, Seek, Write};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{
    ColorType, DynamicImage, ImageBuffer, ImageError, ImageFormat, ImageReader, Limits, Luma, LumaA, Rgb, RgbImage,
    Rgba, imageops,
};

use super::protocol::{EncodedPicture, PictureFormat, Refusal};
use countersign_model::limits;

/// Rows that are converted to eight bits at a time.
const ROWS: u32 = 64;
/// Quality of a preview, of one to a hundred.
const QUALITY: u8 = 72;
/// The longest image file that a preview is made of, the memory of its decoder, and the longest side.
pub(super) const PREVIEW_BYTES: u64 = 256 * 1024 * 1024;
const PREVIEW_MEMORY: u64 = limits::PREVIEW;
const PREVIEW_SIDE: u32 = 32_768;

impl From<PictureFormat> for ImageFormat {
    fn from(format: PictureFormat) -> Self {
        match format {
            PictureFormat::Bmp => Self::Bmp,
            PictureFormat::Jpeg => Self::Jpeg,
            PictureFormat::Png => Self::Png,
            PictureFormat::Tiff => Self::Tiff,
            PictureFormat::WebP => Self::WebP,
        }
    }
}

/// The picture of at most so many pixels; of its own format where none is said.
pub(super) fn decode(bytes: &[u8], format: Option<PictureFormat>, most_pixels: u64) -> Result<DynamicImage, Refusal> {
    let reader = || {
        let mut reader = ImageReader::new(Cursor::new(bytes));
        match format {
            Some(format) => reader.set_format(format.into()),
            None => reader = reader.with_guessed_format().map_err(|e| Refusal::Undecodable(e.to_string()))?,
        }
        Ok(reader)
    };
    let (width, height) = reader()?.into_dimensions().map_err(refusal)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > most_pixels {
        return Err(Refusal::TooLarge(format!(
            "{width} x {height} pixels are more than the {most_pixels} that are decoded"
        )));
    }
    let mut bounds = Limits::default();
    bounds.max_alloc = Some(limits::DECODED.min(most_pixels.saturating_mul(4)));
    let mut reader = reader()?;
    reader.limits(bounds);
    reader.decode().map_err(refusal)
}

fn refusal(error: ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Refusal::TooLarge("the picture takes more memory than is granted".to_owned()),
        other => Refusal::Undecodable(other.to_string()),
    }
}

/// Width, height, and channels of eight bits: gray, gray with alpha, RGB, RGBA.
pub(super) fn shape(image: &DynamicImage) -> (u32, u32, u8) {
    (image.width(), image.height(), image.color().channel_count().clamp(1, 4))
}

/// The pixels with eight bits a channel, row by row. Few rows are converted at a time: a second copy of the whole
/// picture would take as much memory again.
pub(super) fn write_pixels(image: &DynamicImage, out: &mut impl Write) -> IoResult<()> {
    let (width, height, channels) = shape(image);
    if matches!(image.color(), ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8) {
        return out.write_all(image.as_bytes());
    }
    for top in (0..height).step_by(ROWS as usize) {
        let band = image.crop_imm(0, top, width, ROWS.min(height - top));
        match channels {
            1 => out.write_all(&band.into_luma8())?,
            2 => out.write_all(&band.into_luma_alpha8())?,
            3 => out.write_all(&band.into_rgb8())?,
            _ => out.write_all(&band.into_rgba8())?,
        }
    }
    Ok(())
}

/// A small gray copy of each picture that can be decoded: its width and height, and all pixels one after another.
pub(super) fn grays(
    bytes: &[u8],
    pictures: &[EncodedPicture],
    most_pixels: u64,
    side: u32,
) -> (Vec<Option<(u32, u32)>>, Vec<u8>) {
    let (mut rest, mut shapes, mut pixels) = (bytes, Vec::new(), Vec::new());
    for picture in pictures {
        let len = usize::try_from(picture.bytes).unwrap_or(usize::MAX).min(rest.len());
        let (own, after) = rest.split_at(len);
        rest = after;
        shapes.push(decode(own, picture.format, most_pixels).ok().map(|image| {
            let (width, height, gray) = gray(&image, side);
            pixels.extend_from_slice(&gray);
            (width, height)
        }));
    }
    (shapes, pixels)
}

/// A copy with no side longer than this, transparency over gray, whatever color stands behind it.
fn gray(image: &DynamicImage, side: u32) -> (u32, u32, Vec<u8>) {
    let small = (image.width().max(image.height()) > side).then(|| image.thumbnail(side, side));
    over_gray(small.as_ref().unwrap_or(image))
}

/// The same of pixels that are decoded already, with eight bits a channel.
pub(super) fn gray_of_pixels(
    width: u32,
    height: u32,
    channels: u8,
    bytes: &[u8],
    side: u32,
) -> Option<(u32, u32, Vec<u8>)> {
    let (wide, high) = fitted(width, height, side);
    let small = match channels {
        1 => imageops::thumbnail(&ImageBuffer::<Luma<u8>, _>::from_raw(width, height, bytes)?, wide, high).into(),
        2 => imageops::thumbnail(&ImageBuffer::<LumaA<u8>, _>::from_raw(width, height, bytes)?, wide, high).into(),
        3 => imageops::thumbnail(&ImageBuffer::<Rgb<u8>, _>::from_raw(width, height, bytes)?, wide, high).into(),
        _ => imageops::thumbnail(&ImageBuffer::<Rgba<u8>, _>::from_raw(width, height, bytes)?, wide, high).into(),
    };
    Some(over_gray(&small))
}

/// Width and height in proportion, neither above `side`; smaller pictures stay as they are.
fn fitted(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longest = f64::from(width.max(height)).max(1.0);
    let scale = (f64::from(side) / longest).min(1.0);
    let fit = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    (fit(width), fit(height))
}

fn over_gray(image: &DynamicImage) -> (u32, u32, Vec<u8>) {
    let levels = image.to_luma_alpha8();
    let over = |pixel: &LumaA<u8>| {
        let [level, alpha] = pixel.0.map(u32::from);
        ((level * alpha + 128 * (255 - alpha)) / 255) as u8
    };
    (levels.width(), levels.height(), levels.pixels().map(over).collect())
}

/// A small JPEG of a picture in memory.
pub(super) fn preview(bytes: &[u8], side: u32) -> Result<Vec<u8>, Refusal> {
    preview_of(Cursor::new(bytes), side)
}

/// A small JPEG of a picture in a file.
pub(super) fn preview_of_file(path: &Path, side: u32) -> Result<Vec<u8>, Refusal> {
    let file = File::open(path).map_err(|e| Refusal::Undecodable(e.to_string()))?;
    let len = file.metadata().map_err(|e| Refusal::Undecodable(e.to_string()))?.len();
    if len > PREVIEW_BYTES {
        return Err(Refusal::TooLarge(format!("{len} bytes")));
    }
    preview_of(BufReader::new(file), side)
}

fn preview_of(input: impl BufRead + Seek, side: u32) -> Result<Vec<u8>, Refusal> {
    let reader = ImageReader::new(input).with_guessed_format().map_err(|e| Refusal::Undecodable(e.to_string()))?;
    let mut bounds = Limits::default();
    bounds.max_alloc = Some(PREVIEW_MEMORY);
    bounds.max_image_width = Some(PREVIEW_SIDE);
    bounds.max_image_height = Some(PREVIEW_SIDE);
    let mut reader = reader;
    reader.limits(bounds);
    jpeg(&reader.decode().map_err(refusal)?, side)
}

fn jpeg(image: &DynamicImage, side: u32) -> Result<Vec<u8>, Refusal> {
    let small = (image.width().max(image.height()) > side).then(|| image.thumbnail(side, side));
    let small = small.as_ref().unwrap_or(image).to_rgba8();
    let flat = RgbImage::from_fn(small.width(), small.height(), |x, y| {
        let [r, g, b, a] = small.get_pixel(x, y).0;
        // Transparency over white, as most viewers show it.
        let over = |c: u8| ((u16::from(c) * u16::from(a) + 255 * (255 - u16::from(a))) / 255) as u8;
        Rgb([over(r), over(g), over(b)])
    });
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&flat).map_err(refusal)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_become_eight_as_a_whole_conversion_makes_them() {
        let image = image::ImageBuffer::from_fn(3, 200, |x, y| image::Rgb([(x * 20_000) as u16, (y * 300) as u16, 77]));
        let image = DynamicImage::ImageRgb16(image);
        let mut out = Vec::new();
        write_pixels(&image, &mut out).unwrap();
        assert_eq!(out, image.to_rgb8().into_raw());
        assert_eq!(shape(&image), (3, 200, 3));
    }

    #[test]
    fn decoded_pixels_give_the_same_gray_copy_as_the_picture() {
        for (width, height) in [(40, 30), (700, 200), (5, 900)] {
            let image = DynamicImage::ImageRgba8(image::RgbaImage::from_fn(width, height, |x, y| {
                Rgba([(x * 3) as u8, (y * 5) as u8, (x ^ y) as u8, (x + y) as u8])
            }));
            let layouts = [
                image.clone(),
                image.to_rgb8().into(),
                image.to_luma8().into(),
                DynamicImage::ImageLumaA8(image.to_luma_alpha8()),
            ];
            for layout in layouts {
                let (width, height, channels) = shape(&layout);
                let made = gray_of_pixels(width, height, channels, layout.as_bytes(), 192);
                assert_eq!(made, Some(gray(&layout, 192)), "{width} x {height}, {channels}");
            }
        }
        assert_eq!(gray_of_pixels(9, 9, 3, &[0; 9], 192), None);
    }

    #[test]
    fn too_many_pixels_are_refused_before_they_are_decoded() {
        let mut png = Vec::new();
        DynamicImage::new_rgb8(64, 64).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        assert!(decode(&png, None, 64 * 64).is_ok());
        assert!(matches!(decode(&png, None, 64 * 64 - 1), Err(Refusal::TooLarge(_))));
        assert!(matches!(decode(&png, Some(PictureFormat::Tiff), 4096), Err(Refusal::Undecodable(_))));
    }
}
