//! Camera fields that do not fit each other, as far as a table says what fits.

use super::tables;
use super::{ArchiveSubject, first, line};
use countersign_model::{ArchiveLine, ArchiveWeight, Facts, FormatId, Tag};

pub(super) fn lines(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    let facts = subject.facts;
    let found = [model(facts), maker_note(facts), lens(facts), two_cameras(facts), size(facts), no_note(subject)];
    found.into_iter().flatten().collect()
}

/// The name that a maker note begins with, as its reader tells it: `<890 bytes, "Apple iOS">`.
pub(super) fn header(note: &str) -> &str {
    let inner = note.strip_prefix('<').and_then(|rest| rest.strip_suffix("\">"));
    inner.and_then(|inner| Some(inner.split_once(", \"")?.1)).unwrap_or(note)
}

/// Formats of the developed pictures that cameras write.
fn is_written_by_cameras(format: FormatId) -> bool {
    ["jpeg", "heif"].contains(&format.as_str())
}

/// A model that only another maker calls so.
fn model(facts: &Facts) -> Option<ArchiveLine> {
    let pairs = [("exif:Make", "exif:Model"), ("xmp:tiff:Make", "xmp:tiff:Model")];
    pairs.iter().find_map(|(make, model)| {
        let (make, model) = (first(facts, &[make])?, first(facts, &[model])?);
        let of = tables::maker_of_model(&model.value)?;
        let named = make.value.trim().to_lowercase();
        if of.make.iter().any(|start| named.starts_with(start.as_str())) {
            return None;
        }
        let what = format!("the model is one of {}, and the maker named beside it is {}", of.name, make.value.trim());
        Some(line("camera", what, ArchiveWeight::Contradicts, model))
    })
}

/// A maker note of another maker than the one named. In raw files it contradicts nothing: ExifTool's MakerNotes.pm tells of
/// Nikon's own program, which writes Nikon's notes into raw files that it makes of other cameras' pictures.
fn maker_note(facts: &Facts) -> Option<ArchiveLine> {
    let (make, note) = (first(facts, &["exif:Make"])?, first(facts, &["exif:MakerNote"])?);
    let own = tables::maker(&make.value)?;
    let of = tables::maker_of_note(header(&note.value))?;
    let what = format!("the maker note is of {}, and the maker named is {}", of.name, make.value.trim());
    let straight = facts.format.is_some_and(is_written_by_cameras);
    let weight = if straight { ArchiveWeight::Contradicts } else { ArchiveWeight::Weakens };
    (of.name != own.name).then(|| line("maker-note", what, weight, note))
}

/// A built-in lens that is named after another model.
fn lens(facts: &Facts) -> Option<ArchiveLine> {
    let (make, model) = (first(facts, &["exif:Make"])?, first(facts, &["exif:Model"])?);
    let lens = first(facts, &["exif:LensModel"])?;
    let maker = tables::maker(&make.value).filter(|maker| maker.lens_begins_with_model)?;
    let built_in = maker.models.iter().any(|start| lens.value.starts_with(start.as_str()));
    let fits = lens.value.starts_with(model.value.trim());
    let what = || format!("the lens is built into another model than the one named, {}", model.value.trim());
    (built_in && !fits).then(|| line("lens", what(), ArchiveWeight::Contradicts, lens))
}

/// EXIF and its copy in XMP, which programs keep alike.
fn two_cameras(facts: &Facts) -> Option<ArchiveLine> {
    let (exif, xmp) = (first(facts, &["exif:Model"])?, first(facts, &["xmp:tiff:Model"])?);
    let differ = !exif.value.trim().eq_ignore_ascii_case(xmp.value.trim());
    let what = || format!("it names two cameras: the other is {} ({})", exif.value.trim(), exif.place);
    differ.then(|| line("camera", what(), ArchiveWeight::Weakens, xmp))
}

/// A picture of another size than its camera wrote: it was cropped or scaled.
fn size(facts: &Facts) -> Option<ArchiveLine> {
    let number = |tag: &Tag| tag.value.trim().parse::<u64>().ok().filter(|n| *n > 0);
    let of = |key: &str| first(facts, &[key]).and_then(|tag| Some((number(tag)?, tag)));
    let ((width, tag), (height, _)) = (of("exif:PixelXDimension")?, of("exif:PixelYDimension")?);
    let ((across, _), (down, _)) = (of("image:Width")?, of("image:Height")?);
    let same = (width, height) == (across, down) || (height, width) == (across, down);
    let what = || {
        format!(
            "the picture is {across} by {down} pixels, and its camera field says {width} by {height}: it was cropped or \
             scaled after that was written"
        )
    };
    (!same).then(|| line("size", what(), ArchiveWeight::Weakens, tag))
}

/// A file with camera fields and without a maker note, such as its maker's cameras write.
fn no_note(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let facts = subject.facts;
    let straight = facts.format.is_some_and(is_written_by_cameras);
    let make = first(facts, &["exif:Make"])?;
    let maker = tables::maker(&make.value).filter(|maker| maker.writes_note && straight)?;
    first(facts, &["exif:ExposureTime"])?;
    let lacks = facts.tags.iter().all(|tag| tag.key != "MakerNote");
    let scanned = super::tables::is_program(tables::ProgramKind::Scanner, &first(facts, &["exif:Model"])?.value);
    let what = || {
        format!("no maker note, such as cameras of {} write: a program that saved it may have left it out", maker.name)
    };
    (lacks && !scanned).then(|| line("maker-note", what(), ArchiveWeight::Weakens, make))
}
