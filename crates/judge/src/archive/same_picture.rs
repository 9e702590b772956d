//! The same picture elsewhere among the archival assets of a scan: with other facts of its capture, or with more of the scene.
//!
//! Pictures are found by their look (`scan --match`). Which of the two is right, none of them proves: each such line calls
//! for a question and contradicts nothing.

use chrono::Duration;

use super::dates::{self, ORIGINAL, ZONES};
use super::{ArchiveSubject, first, line};
use countersign_model::{ArchiveLine, ArchiveWeight, Facts, SamePicture, Tag};

/// Pixels of a crop, of a hundred of its original's, above which a border may have been trimmed only.
const CROPPED: u64 = 95;
/// By how many of a hundred two sides differ that are not of one shape.
const SHAPE: u64 = 2;

/// What is kept of a picture to be compared with others.
#[must_use]
pub fn same_picture(path: &str, facts: &Facts) -> SamePicture {
    let number = |key: &str| first(facts, &[key]).and_then(|tag| tag.value.trim().parse().ok()).filter(|n| *n > 0);
    // As it is seen: an orientation of five or more lays it on its side (CIPA DC-008, 4.6.4).
    let turned = number("exif:Orientation").is_some_and(|orientation: u64| (5..=8).contains(&orientation));
    // A TIFF has no other header than its directory; elsewhere those fields may be of another picture.
    let is_tiff = facts.format.is_some_and(|format| format.as_str() == "tiff");
    let directory = || number("exif:ImageWidth").zip(number("exif:ImageLength")).filter(|_| is_tiff);
    let stored = number("image:Width").zip(number("image:Height")).or_else(directory);
    SamePicture {
        path: path.to_owned(),
        captured: first(facts, ORIGINAL).cloned(),
        camera: first(facts, &["exif:Model", "xmp:tiff:Model"]).cloned(),
        size: stored.map(|(width, height)| if turned { (height, width) } else { (width, height) }),
        cropped: false,
    }
}

pub(super) fn lines(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    let own = same_picture(&subject.asset.rel, subject.facts);
    let others = subject.asset.same_pictures.iter();
    others.flat_map(|other| [date(&own, other), camera(&own, other), crop(&own, other)]).flatten().collect()
}

fn date(own: &SamePicture, other: &SamePicture) -> Option<ArchiveLine> {
    let (one, two) = (own.captured.as_ref()?, other.captured.as_ref()?);
    let apart = dates::moment(&one.value)? - dates::moment(&two.value)?;
    let what = || format!("the same picture, {}, is dated otherwise: {} ({})", other.path, two.value.trim(), two.place);
    (apart.abs() > Duration::hours(ZONES)).then(|| told(what(), one))
}

fn camera(own: &SamePicture, other: &SamePicture) -> Option<ArchiveLine> {
    let (one, two) = (own.camera.as_ref()?, other.camera.as_ref()?);
    let differ = !one.value.trim().eq_ignore_ascii_case(two.value.trim());
    let what =
        || format!("the same picture, {}, names another camera: {} ({})", other.path, two.value.trim(), two.place);
    differ.then(|| told(what(), one))
}

/// A larger picture that shows more, or is of another shape: one of the two was cropped or extended.
fn crop(own: &SamePicture, other: &SamePicture) -> Option<ArchiveLine> {
    let ((width, height), (across, down)) = (own.size?, other.size?);
    let (here, there) = (width.checked_mul(height)?, across.checked_mul(down)?);
    let smaller = here.checked_mul(100)? < there.checked_mul(CROPPED)?;
    let (one, two) = (width.checked_mul(down)?, height.checked_mul(across)?);
    let shaped = one.abs_diff(two).checked_mul(100)? > one.max(two).checked_mul(SHAPE)?;
    (smaller && (shaped || other.cropped)).then(|| ArchiveLine {
        what: format!(
            "a larger picture of it is {}, {across} by {down} pixels, and shows more: this one was cropped, or that one \
             extended",
            other.path
        ),
        place: "decoded picture".to_owned(),
        offset: None,
        value: format!("{width} by {height} pixels"),
        kind: KIND.to_owned(),
        weight: ArchiveWeight::Weakens,
    })
}

const KIND: &str = "same-picture";

fn told(what: String, tag: &Tag) -> ArchiveLine {
    line(KIND, what, ArchiveWeight::Weakens, tag)
}
