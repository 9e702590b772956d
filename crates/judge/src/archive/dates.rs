//! Dates that cannot all be true: an original younger than what was made of it, a capture before the camera was made, a day
//! that is none.
//!
//! A day is left for time zones, which most fields lack. Clocks that were never set begin on a first of January: such a date
//! calls for a question and contradicts nothing.

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime};

use super::tables;
use super::{ArchiveSubject, first, is_field, line, own};
use countersign_model::{ArchiveLine, ArchiveWeight, Facts, Tag};

/// Fields that say when the original was taken, and those that say when the file was last changed.
pub(super) const ORIGINAL: &[&str] =
    &["exif:DateTimeOriginal", "xmp:exif:DateTimeOriginal", "xmp:photoshop:DateCreated"];
const CHANGED: &[&str] = &["exif:DateTime", "xmp:xmp:ModifyDate"];
/// When a program saved it, as its own history has it.
const SAVED: &str = "xmp:stEvt:when";

/// What is left for time zones.
pub(super) const ZONES: i64 = 26;

/// An original that is younger than what was made of it.
#[derive(Debug)]
pub(crate) struct OutOfOrder<'a> {
    /// The field that dates the original.
    pub(crate) original: &'a Tag,
    /// The earlier date: that of a field, or of a signature.
    pub(crate) earlier: Earlier<'a>,
}

/// What is dated before its own original.
#[derive(Debug)]
pub(crate) enum Earlier<'a> {
    /// The last change of the file.
    Changed(&'a Tag),
    /// The moment of its credentials' signature, RFC 3339.
    Signed(&'a str),
}

/// The original later than the last change, or than the signature over it, by more than a day.
pub(crate) fn out_of_order(facts: &Facts) -> Option<OutOfOrder<'_>> {
    let (taken, original) = dated(facts, ORIGINAL).max_by_key(|(day, _)| *day)?;
    let late = |day: NaiveDateTime| taken > day + Duration::hours(ZONES);
    let changed = dated(facts, CHANGED).max_by_key(|(day, _)| *day);
    if let Some((_, tag)) = changed.filter(|(day, _)| late(*day)) {
        return Some(OutOfOrder { original, earlier: Earlier::Changed(tag) });
    }
    let signed = facts.c2pa.as_ref().and_then(|c2pa| c2pa.signed_at.as_deref());
    let signed = signed.filter(|at| moment(at).is_some_and(late))?;
    Some(OutOfOrder { original, earlier: Earlier::Signed(signed) })
}

pub(super) fn lines(subject: &ArchiveSubject<'_>) -> Vec<ArchiveLine> {
    let facts = subject.facts;
    let mut out = Vec::new();
    if let Some(found) = out_of_order(facts) {
        let (what, earlier) = match found.earlier {
            Earlier::Changed(tag) => ("its last change", format!("{} at {}", tag.value.trim(), tag.place)),
            Earlier::Signed(at) => ("the signature of its credentials", at.to_owned()),
        };
        let what = format!("the original is dated after {what}, {earlier}");
        out.push(line("dates", what, ArchiveWeight::Contradicts, found.original));
    }
    out.extend(before_the_camera(facts));
    out.extend(no_such_day(facts));
    out.extend(in_the_future(subject));
    out.extend(two_captures(facts));
    out.extend(satellite_day(facts));
    out.extend(backward(facts));
    out
}

fn dated<'a>(facts: &'a Facts, names: &'static [&str]) -> impl Iterator<Item = (NaiveDateTime, &'a Tag)> {
    let named = own(facts).filter(move |tag| names.iter().any(|name| is_field(tag, name)));
    named.filter_map(|tag| Some((moment(&tag.value)?, tag)))
}

/// `2026:03:01 10:00:00` (EXIF) or `2026-03-01T10:00:00…` (XMP); dates without a time do not count.
pub(super) fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().get(..19)?;
    ["%Y:%m:%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok())
}

/// A capture in a year in which the camera was not made yet.
fn before_the_camera(facts: &Facts) -> Option<ArchiveLine> {
    let model = first(facts, &["exif:Model", "xmp:tiff:Model", "quicktime:com.apple.quicktime.model"]);
    let make = first(facts, &["exif:Make", "xmp:tiff:Make", "quicktime:com.apple.quicktime.make"]);
    let by_model = model.and_then(|tag| Some((tag, tables::announced(&tag.value)?)));
    let by_maker = || {
        let make = make?;
        let maker = tables::maker(&make.value)?;
        Some((make, (maker.since?, maker.source.as_str())))
    };
    let (camera, (year, source)) = by_model.or_else(by_maker)?;
    let (taken, tag) = dated(facts, ORIGINAL).filter(|(at, _)| at.year() < year).min_by_key(|(at, _)| *at)?;
    let unset = taken.month() == 1 && taken.day() == 1;
    let tried = taken.year() + 1 == year;
    let (weight, but) = match () {
        () if unset => (ArchiveWeight::Weakens, "; a clock that was never set begins on such a day"),
        () if tried => (ArchiveWeight::Weakens, "; cameras are tried in the months before they are announced"),
        () => (ArchiveWeight::Contradicts, ""),
    };
    let what = format!(
        "the original is dated before its camera was made: {} dates from {year} ({source}){but}",
        camera.value.trim()
    );
    Some(line("camera-year", what, weight, tag))
}

/// A date that no calendar has.
fn no_such_day(facts: &Facts) -> Option<ArchiveLine> {
    let named = own(facts).filter(|tag| ORIGINAL.iter().any(|name| is_field(tag, name)));
    let wrong = |tag: &&Tag| {
        let value = tag.value.trim();
        let number = |at: std::ops::Range<usize>| value.get(at).and_then(|part| part.parse::<u32>().ok());
        let parts = number(0..4).zip(number(5..7)).zip(number(8..10));
        parts.is_some_and(|((year, month), day)| {
            // Cameras without a date write zeros.
            year > 0 && month > 0 && day > 0 && NaiveDate::from_ymd_opt(year.cast_signed(), month, day).is_none()
        })
    };
    let tag = named.into_iter().find(wrong)?;
    Some(line("dates", "the original is dated on a day that no calendar has", ArchiveWeight::Contradicts, tag))
}

fn in_the_future(subject: &ArchiveSubject<'_>) -> Option<ArchiveLine> {
    let end = subject.as_of.succ_opt()?.succ_opt()?;
    let (_, tag) = dated(subject.facts, ORIGINAL).find(|(at, _)| at.date() >= end)?;
    let what = format!("the original is dated after the day of this judgement, {}", subject.as_of);
    Some(line("dates", what, ArchiveWeight::Contradicts, tag))
}

/// EXIF and its copy in XMP, which programs keep alike.
fn two_captures(facts: &Facts) -> Option<ArchiveLine> {
    let (exif, one) = dated(facts, &["exif:DateTimeOriginal"]).next()?;
    let (xmp, other) = dated(facts, &["xmp:exif:DateTimeOriginal"]).next()?;
    let apart = (exif - xmp).abs() > Duration::hours(ZONES);
    let what =
        || format!("two dates of capture that differ by more than a day: the other is {} ({})", one.value, one.place);
    apart.then(|| line("dates", what(), ArchiveWeight::Weakens, other))
}

/// The day by satellite, which no user sets.
fn satellite_day(facts: &Facts) -> Option<ArchiveLine> {
    let tag = first(facts, &["exif:GPSDateStamp"])?;
    let day = tag.value.trim().get(..10)?;
    let day = ["%Y:%m:%d", "%Y-%m-%d"].iter().find_map(|f| NaiveDate::parse_from_str(day, f).ok())?;
    let (taken, original) = dated(facts, &["exif:DateTimeOriginal"]).next()?;
    let apart = (taken.date() - day).abs() > Duration::days(2);
    let what = || format!("the day by satellite is another than that of the original, {}", original.value.trim());
    apart.then(|| line("dates", what(), ArchiveWeight::Weakens, tag))
}

/// A history of editing that was saved before the capture, or of which a later step is dated before an earlier one.
fn backward(facts: &Facts) -> Option<ArchiveLine> {
    let steps: Vec<_> = dated(facts, &[SAVED]).collect();
    let taken = dated(facts, &["exif:DateTimeOriginal", "xmp:exif:DateTimeOriginal"]).min_by_key(|(at, _)| *at);
    let early = taken.and_then(|(taken, original)| {
        let step = steps.iter().find(|(at, _)| taken > *at + Duration::hours(ZONES))?;
        let what = format!("it was edited before it was captured, {} ({})", original.value.trim(), original.place);
        Some(line("history", what, ArchiveWeight::Contradicts, step.1))
    });
    early.or_else(|| {
        let pairs = steps.windows(2).filter_map(|pair| pair.first().zip(pair.get(1)));
        let (before, after) = pairs.into_iter().find(|(before, after)| before.0 > after.0 + Duration::hours(ZONES))?;
        let what = format!("a later step of its history is dated before an earlier one, {}", before.1.value.trim());
        Some(line("history", what, ArchiveWeight::Contradicts, after.1))
    })
}
