//! Everything one asset says: identify, read, embedded media, decoders. No policy, no judgement.

use std::path::Path;

use crate::decoders;
use crate::formats;
use crate::identify::identify;
use crate::limits;
use crate::model::{Embedded, FACTS_SCHEMA, Facts, Problem, ProblemKind, Via};
use crate::source::Source;
use crate::tags;

/// What extraction may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub decoders: decoders::Options,
}

/// The facts of the file at `path`; whatever goes wrong is a problem inside them.
#[must_use]
pub fn facts(path: &Path, options: &Options) -> Facts {
    let mut out = Facts { schema: FACTS_SCHEMA, ..Facts::default() };
    match Source::open(path) {
        Ok(mut source) => read(&mut source, options, limits::EMBEDDED_DEPTH, &mut out),
        Err(e) => tags::push_problem(&mut out, Problem::new(ProblemKind::Io, "file", None, e.to_string())),
    }
    compare_name(path, &mut out);
    tags::cut_long_values(&mut out.tags);
    tags::cut_long_values(&mut out.decoded);
    out
}

fn read(source: &mut Source, options: &Options, depth: usize, out: &mut Facts) {
    match identify(source) {
        Ok(Some(format)) => {
            out.format = Some(format.info().id.to_owned());
            if let Err(problem) = format.read(source, out) {
                tags::push_problem(out, problem.within(format.info().id));
            }
        }
        Ok(None) => {}
        Err(problem) => tags::push_problem(out, problem.within("file")),
    }
    decoders::run(source, out, options.decoders);
    for embedded in std::mem::take(&mut out.embedded) {
        read_embedded(embedded, options, depth, out);
    }
}

/// Media inside media is read as an asset of its own; what it says is told of the file that carries it.
fn read_embedded(embedded: Embedded, options: &Options, depth: usize, out: &mut Facts) {
    let Some(depth) = depth.checked_sub(1) else {
        let what = "media nested too deep is not read";
        return tags::push_problem(out, Problem::limit(embedded.place, embedded.offset, what));
    };
    let mut inner = Facts::default();
    let mut source = Source::memory(embedded.bytes, embedded.offset);
    read(&mut source, options, depth, &mut inner);
    for mut tag in inner.tags.into_iter().chain(inner.decoded.into_iter().map(|mut t| {
        t.space.insert_str(0, "decoded:");
        t
    })) {
        tag.via = Via::CoverArt;
        tag.place = format!("{}, {}", embedded.place, tag.place);
        match tag.space.strip_prefix("decoded:").map(str::to_owned) {
            Some(space) => out.decoded.push(crate::model::Tag { space, ..tag }),
            None => out.tags.push(tag),
        }
    }
    for mut problem in inner.problems {
        problem.place = format!("{}, {}", embedded.place, problem.place);
        tags::push_problem(out, problem);
    }
    out.carried.extend(inner.stores.into_iter().chain(inner.carried).map(|mut store| {
        store.place = format!("{}, {}", embedded.place, store.place);
        store
    }));
}

fn compare_name(path: &Path, out: &mut Facts) {
    let Some(extension) = path.extension().and_then(|e| e.to_str()) else { return };
    let named = formats::by_extension(extension);
    out.named = named.map(|f| f.info().id.to_owned());
    let extension = extension.to_ascii_lowercase();
    let format = out.format.as_deref().and_then(formats::by_id);
    out.extension_fits = format.map(|f| f.info().extensions.contains(&extension.as_str()));
}
