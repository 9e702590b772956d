//! What tells frames from stills, out of what a file says.

use countersign_delivery::packages::PictureTraits;
use countersign_model::Tag;

/// Fields that cameras, scanners and their programs write into single pictures.
const TAKEN: &[&str] = &["Make", "Model", "DateTimeOriginal", "DateTimeDigitized"];

/// Of the tags of a file.
pub(super) fn of(tags: &[Tag]) -> PictureTraits {
    let both = |[width, height]: [Option<Option<u64>>; 2]| width.flatten().zip(height.flatten());
    let (mut of_image, mut of_exif, mut is_taken) = ([None; 2], [None; 2], false);
    for tag in tags {
        let (sides, keys) = match tag.space.as_str() {
            "image" => (&mut of_image, ["Width", "Height"]),
            "exif" => {
                is_taken = is_taken || TAKEN.contains(&tag.key.as_str());
                // Of nearly every picture all is known long before its last field.
                if is_taken && both(of_image).is_some() {
                    break;
                }
                (&mut of_exif, ["ImageWidth", "ImageLength"])
            }
            _ => continue,
        };
        // The first of a name counts, whether or not it is a number.
        for (side, key) in sides.iter_mut().zip(keys) {
            if side.is_none() && tag.key == key && tag.via.is_own() {
                *side = Some(tag.value.trim().parse::<u64>().ok());
            }
        }
    }
    PictureTraits { dimensions: both(of_image).or_else(|| both(of_exif)), is_taken }
}
