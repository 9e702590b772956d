//! What tells frames from stills, out of what a file says.

use countersign_delivery::packages::PictureTraits;
use countersign_model::Tag;

/// Fields that cameras, scanners and their programs write into single pictures.
const TAKEN: &[&str] = &["Make", "Model", "DateTimeOriginal", "DateTimeDigitized"];

/// Of the tags of a file.
pub(super) fn of(tags: &[Tag]) -> PictureTraits {
    let number = |(space, key): (&str, &str)| {
        let tag = tags.iter().find(|tag| tag.via.is_own() && tag.space == space && tag.key == key)?;
        tag.value.trim().parse::<u64>().ok()
    };
    let sides = [(("image", "Width"), ("image", "Height")), (("exif", "ImageWidth"), ("exif", "ImageLength"))];
    PictureTraits {
        dimensions: sides.into_iter().find_map(|(width, height)| number(width).zip(number(height))),
        is_taken: tags.iter().any(|tag| tag.space == "exif" && TAKEN.contains(&tag.key.as_str())),
    }
}
