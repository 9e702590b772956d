//! The end of the image and what follows it: further images, a Samsung trailer, a video, unknown data.

use crate::framing::jpeg_segments::{self, Ending};
use crate::framing::{appended, samsung_sef};
use crate::limits;
use crate::model::{Embedded, Facts, Problem};
use crate::source::Source;
use crate::tags::{self, Place, plain_text, push};

use super::segments;

/// Reads whatever stands after the scan that begins at `from`; a missing end of image is a problem in `out`.
///
/// # Errors
/// I/O and limits.
pub(super) fn read(source: &mut Source, from: u64, further: &[u64], out: &mut Facts) -> Result<(), Problem> {
    let (start, tail) = source.tail()?;
    if samsung_sef::ends_with(tail) {
        return samsung(source, out);
    }
    let skip = usize::try_from(from.saturating_sub(start)).unwrap_or(usize::MAX);
    let tail = tail.get(skip..).unwrap_or_default();
    let filled = tail.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    if tail[..filled].ends_with(&[0xFF, 0xD9]) {
        return Ok(());
    }
    let ending = match jpeg_segments::ending_in(tail) {
        Some(by) => Ending::At(start.max(from) + by as u64),
        None => jpeg_segments::ending(source, from)?,
    };
    match ending {
        Ending::At(end) => unknown(source, end, further, out)?,
        Ending::Never => {
            let what = "no end of image: the file is cut short";
            tags::push_problem(out, Problem::truncated("jpeg", source.absolute(source.len()), what));
        }
        Ending::Unknown => {
            let what = format!("no end of image within {} bytes", limits::BLOB);
            tags::push_problem(out, Problem::limit("jpeg", source.absolute(from), what));
        }
    }
    Ok(())
}

fn samsung(source: &mut Source, out: &mut Facts) -> Result<(), Problem> {
    let place = "JPEG SEF trailer";
    let (_, entries) = samsung_sef::entries(source, source.len()).map_err(|p| p.within(place))?;
    for entry in entries {
        let at = Place::new(place, source.absolute(entry.data));
        let peek = source.up_to(entry.data, entry.len.min(64) as usize)?;
        if peek.get(4..8) == Some(b"ftyp") {
            embed(source, entry.data, entry.len, "SEF trailer", out);
            continue;
        }
        if !plain_text::is_text(peek) {
            push(out, "samsung", &entry.name, format!("({} bytes)", entry.len), &at, 0);
            continue;
        }
        match source.stated(entry.data, entry.len, limits::INFLATED) {
            Ok(bytes) => push(out, "samsung", &entry.name, plain_text::decode(&bytes), &at, 0),
            Err(problem) => at.problem(problem, out),
        }
    }
    Ok(())
}

/// Data after the end of the image that no directory describes.
fn unknown(source: &mut Source, end: u64, further: &[u64], out: &mut Facts) -> Result<(), Problem> {
    let rest = source.len().saturating_sub(end);
    let peek = source.up_to(end, 1024)?;
    if peek.iter().all(|b| *b == 0) || further.contains(&end) {
        return Ok(());
    }
    if let Some((by, json)) = plain_text::aigc(peek) {
        let value = plain_text::decode(json);
        push(out, "jpeg", "AIGC", value, &Place::new("JPEG trailer", source.absolute(end)), by as u64);
    } else if peek.starts_with(&[0xFF, 0xD8, 0xFF]) {
        let image = segments::read(source, end, "JPEG trailing image, ", false, out);
        if let Err(problem) = image.stop {
            tags::push_problem(out, problem.within("JPEG trailing image").harmless());
        }
    } else if appended::is_media(peek) {
        embed(source, end, rest, "trailer", out);
    } else {
        let what = format!("{rest} bytes of unknown data after the end of the image");
        tags::push_problem(out, Problem::malformed("jpeg", source.absolute(end), what).harmless());
    }
    Ok(())
}

fn embed(source: &mut Source, at: u64, len: u64, what: &str, out: &mut Facts) {
    let place = format!("JPEG {what}");
    match source.stated(at, len, limits::EMBEDDED_BYTES) {
        Ok(bytes) => out.embedded.push(Embedded { place, offset: source.absolute(at), bytes, name: None }),
        Err(problem) => tags::push_problem(out, problem.within(&place)),
    }
}

/// The headers of the images that a Multi-Picture index names.
///
/// Editors keep the index and drop the images; an offset that leads nowhere is no loss.
pub(super) fn further_images(source: &mut Source, further: &[u64], out: &mut Facts) {
    for (n, start) in further.iter().enumerate() {
        let name = format!("JPEG MPF image {}", n + 2);
        let wrong = match source.array::<3>(*start) {
            Ok([0xFF, 0xD8, 0xFF]) => {
                segments::read(source, *start, &format!("{name}, "), false, out).stop.err().map(|p| p.what)
            }
            Ok(_) => Some("no image where the index says".to_owned()),
            Err(problem) => Some(problem.what),
        };
        if let Some(what) = wrong {
            let problem = Problem::malformed(&name, source.absolute(*start), what);
            tags::push_problem(out, problem.harmless());
        }
    }
}
