//! Files in what the reader of a file does not account for: media are read as assets of their own whose marks are told of
//! the file, archives are named for the run to open.

use super::{Named, Options, adopt, read_as};
use countersign_io::ByteRange;
use countersign_io::source::Source;
use countersign_media::formats::{self, Archive, Format};
use countersign_media::identify::identify;
use countersign_media::left_over::{self, Appended};
use countersign_media::tags;
use countersign_model::{AppendedArchive, Extraction, Problem, Via, limits};

/// Reads all that stands in a file beside what its format tells; `named` is what the file's name promises.
pub(super) fn read(
    source: &mut Source,
    (host, named): (&'static dyn Format, Named),
    options: &Options,
    depth: usize,
    out: &mut Extraction,
) {
    // A reader may have found that it is another format than the first bytes tell.
    let other = out.facts.format.filter(|id| *id != host.info().id);
    let host = other.and_then(|id| formats::by_id(&id)).unwrap_or(host);
    let (files, remarks) = match others(source, host, named, out) {
        Ok(found) => found,
        Err(problem) => return tags::push_problem(out, problem.within("file")),
    };
    for file in files {
        one(source, &file, options, depth, out);
    }
    for remark in remarks {
        // A reader may have said it better.
        if !out.facts.problems.iter().any(|problem| problem.offset == remark.offset) {
            tags::push_problem(out, remark);
        }
    }
}

/// Reads the first file that begins in bytes of which nothing is known.
pub(super) fn within(source: &mut Source, options: &Options, depth: usize, out: &mut Extraction) {
    match left_over::within(source) {
        Ok(Some(file)) => one(source, &file, options, depth, out),
        Ok(None) => {}
        Err(problem) => tags::push_problem(out, problem.within("file")),
    }
}

/// The other files that are in it, and what is to be said of the rest.
fn others(
    source: &mut Source,
    host: &'static dyn Format,
    named: Named,
    out: &Extraction,
) -> Result<(Vec<Appended>, Vec<Problem>), Problem> {
    let found = left_over::look(source, host, &out.coverage)?;
    let mut files = found.files;
    for format in left_over::second(source, host, named)? {
        if !files.iter().any(|known| known.format.info().id == format.info().id) {
            files.push(Appended { format, span: 0..source.len() });
        }
    }
    Ok((files, found.remarks))
}

fn one(source: &mut Source, file: &Appended, options: &Options, depth: usize, out: &mut Extraction) {
    let (start, info) = (file.span.start, file.format.info());
    let place = format!("{} at byte {}", info.name, source.absolute(start));
    let Some(depth) = depth.checked_sub(1) else {
        let what = "files in what is left over of files are not read so deep";
        return tags::push_problem(out, Problem::limit(place, source.absolute(start), what));
    };
    let mut part = source.part(start, file.span.end.saturating_sub(start));
    let mut inner = Extraction::default();
    read_as(file.format, &mut part, options, depth, &mut inner);
    read(&mut part, (file.format, None), options, depth, &mut inner);
    let format = inner.facts.format.unwrap_or(info.id);
    let opened = matches!(formats::info(format).map(|info| info.archive), Some(Archive::Opened(_)));
    let mut archives = std::mem::take(&mut inner.facts.archives);
    archives.iter_mut().for_each(|archive| archive.start = archive.start.saturating_add(start));
    if opened {
        archives.push(AppendedArchive { format, start, len: part.len() });
    }
    adopt(inner, Via::Appended, &place, out);
    out.facts.archives.extend(archives);
}

/// The archives that these bytes are or hold: formats and stretches.
///
/// # Errors
/// I/O.
pub(crate) fn archives(bytes: &ByteRange, named: Named) -> Result<Vec<AppendedArchive>, Problem> {
    let mut source = Source::new(bytes);
    let Some(format) = identify(&mut source)? else { return Ok(Vec::new()) };
    let mut out = Extraction::default();
    read_as(format, &mut source, &Options::default(), limits::EMBEDDED_DEPTH, &mut out);
    read(&mut source, (format, named), &Options::default(), limits::EMBEDDED_DEPTH, &mut out);
    let own = out.facts.format.map(|format| AppendedArchive { format, start: 0, len: bytes.len() });
    Ok(own.into_iter().chain(out.facts.archives).collect())
}
