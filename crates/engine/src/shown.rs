//! A still or a frame of a clip as a page shows it: small and turned the right way, with the luma that marks are laid over.
//! Stills are in color, frames gray, as they are compared.

use crate::fingerprints::Material;
use countersign_io::ByteRange;
use countersign_matching::{Luma, PixelData, Pixels};
use countersign_worker::client;

/// The longest side of the picture in a page; what is compared is as large.
const SIDE: u32 = 512;
/// Milliseconds between the frames that clips are compared by.
const FRAME_MS: u32 = 1000;
/// Bytes of the two headers of a bitmap.
const HEADERS: usize = 54;

/// A still or a frame that was decoded for a page.
#[derive(Debug)]
pub struct Shown {
    /// What it is compared by.
    pub luma: Luma,
    /// A JPEG of the same extent; `None` where it could not be made.
    pub jpeg: Option<Vec<u8>>,
}

/// The still as it is seen; gray where its decoder gives nothing else.
///
/// # Errors
/// Where it cannot be decoded within bounds.
pub fn still(material: &Material<'_>) -> Result<Shown, String> {
    let Some(image) = material.decoded() else {
        let luma = material.still()?;
        let jpeg = bitmap([&luma, &luma, &luma]).and_then(|bitmap| client::preview(&ByteRange::memory(bitmap), SIDE));
        return Ok(Shown { luma, jpeg });
    };
    let luma = material.reduced(&image)?;
    let pixels = image.rgb();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let channel = |number: usize| {
        let values: Vec<u8> = pixels.iter().skip(number).step_by(3).copied().collect();
        let plane = Pixels::new(width, height, PixelData::Gray8(&values)).ok()?;
        Some(plane.with_orientation(material.orientation()).to_luma())
    };
    let colors = channel(0).zip(channel(1)).zip(channel(2));
    let bitmap = colors.and_then(|((red, green), blue)| bitmap([&red, &green, &blue]));
    Ok(Shown { luma, jpeg: bitmap.and_then(|bitmap| client::preview(&ByteRange::memory(bitmap), SIDE)) })
}

/// The frame of a clip at a time in milliseconds, among those that clips are compared by; gray, as they are compared.
///
/// # Errors
/// Where the clip cannot be decoded as far as that.
pub fn frame(material: &Material<'_>, time_ms: u32) -> Result<Shown, String> {
    let mut found = None;
    let most = (time_ms / FRAME_MS).saturating_add(1);
    material.frames_of(SIDE, most, &mut |time, luma| {
        if time == time_ms {
            found = Some(luma.clone());
        }
    })?;
    let luma = found.ok_or("the clip cannot be decoded as far as that")?;
    let jpeg = bitmap([&luma, &luma, &luma]).and_then(|bitmap| client::preview(&ByteRange::memory(bitmap), SIDE));
    Ok(Shown { luma, jpeg })
}

/// A Windows bitmap of 24 bits, its rows from below, of red, green and blue.
fn bitmap(planes: [&Luma; 3]) -> Option<Vec<u8>> {
    let (width, height) = (planes[0].width(), planes[0].height());
    let row = (width * 3).next_multiple_of(4);
    let size = u32::try_from(HEADERS + row * height).ok()?;
    let mut out = b"BM".to_vec();
    out.extend(size.to_le_bytes());
    out.extend([0; 4]);
    out.extend((HEADERS as u32).to_le_bytes());
    out.extend(40_u32.to_le_bytes());
    out.extend(u32::try_from(width).ok()?.to_le_bytes());
    out.extend(u32::try_from(height).ok()?.to_le_bytes());
    out.extend([1, 0, 24, 0]);
    out.extend([0; 24]);
    for y in (0..height).rev() {
        let start = out.len();
        for x in 0..width {
            out.extend(planes.iter().rev().map(|plane| plane.value(x, y)));
        }
        out.resize(start + row, 0);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_shows_the_planes_as_colors() {
        let plane = |values: [u8; 6]| Luma::from_gray8(3, 2, &values).unwrap();
        let planes = [plane([1, 2, 3, 4, 5, 6]), plane([10, 20, 30, 40, 50, 60]), plane([9, 8, 7, 6, 5, 4])];
        let bytes = bitmap([&planes[0], &planes[1], &planes[2]]).unwrap();
        let image = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!((image.width(), image.height()), (3, 2));
        assert_eq!(image.get_pixel(0, 0).0, [1, 10, 9]);
        assert_eq!(image.get_pixel(2, 1).0, [6, 60, 4]);
    }
}
