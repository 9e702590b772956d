//! The row of one asset: kept where facts are extracted, taken where they are judged elsewhere, nothing where assets are read
//! and judged at once.

use countersign_io::digest::{Algorithm, Digest};
use countersign_media::member::MemberBytes;
use countersign_model::{Asset, Facts, Problem, ProblemKind, Role};

use crate::archives::Inside;
use crate::extract;
use crate::rows::{AssetRow, Recorded, Recorder, Rows, Unkept};
use crate::walk;

/// What came of hashing: digests and what is wrong with the bytes, all of them having been read; or why there are none.
pub(super) type Digests = Result<Option<(Vec<Digest>, Option<Problem>)>, Option<Problem>>;

/// Where the row of an asset goes, or comes from.
pub(super) enum RowOf<'a> {
    /// There are no rows.
    None,
    /// It is of another shard.
    Passed,
    /// It is filled and kept.
    Kept(&'a Recorder, Box<AssetRow>, Unkept),
    /// It is taken; where there is none, in words why.
    Taken(&'a Recorded, Place, Result<Box<AssetRow>, String>),
}

/// What a row is found by.
pub(super) struct Place {
    root: usize,
    path: String,
    member: String,
}

impl<'a> RowOf<'a> {
    pub(super) fn of(rows: Option<&'a Rows>, asset: &Asset, inside: Option<&Inside>) -> Self {
        let member = inside.map_or_else(String::new, |inside| inside.identity().unwrap_or_default());
        match rows {
            None => Self::None,
            Some(Rows::Keep(recorder)) => {
                if inside.is_none() {
                    recorder.saw(asset.root, &asset.rel, &walk::stat_of(asset));
                }
                if !recorder.has(asset.root, inside.map_or(&asset.rel, |inside| &inside.outer.rel)) {
                    return Self::Passed;
                }
                let row = AssetRow { root: asset.root, path: asset.rel.clone(), member, ..AssetRow::default() };
                Self::Kept(recorder, Box::new(row), Unkept::begin())
            }
            Some(Rows::Take(recorded)) => {
                let place = Place { root: asset.root, path: asset.rel.clone(), member };
                Self::Taken(recorded, place, Err(String::new()))
            }
        }
    }

    /// The facts of the asset, and its bytes where it was read.
    pub(super) fn facts(
        &mut self,
        asset: &Asset,
        options: &extract::Options,
        read: impl FnOnce() -> (Facts, Option<MemberBytes>),
    ) -> (Facts, Option<MemberBytes>) {
        let thumbnails = options.decoders.thumbnails || asset.role == Role::Archival;
        match self {
            Self::None => read(),
            Self::Passed => (Facts::default(), None),
            Self::Kept(_, row, _) => {
                let (facts, opened) = read();
                (row.facts, row.thumbnails) = (facts.clone(), thumbnails);
                (facts, opened)
            }
            Self::Taken(..) if asset.obstacle.is_some() => read(),
            Self::Taken(rows, place, taken) => {
                *taken = rows.asset(place.root, &place.path, &place.member).map(Box::new);
                if let Ok(row) = taken
                    && thumbnails
                    && !row.thumbnails
                {
                    let what = "it is archival here and was not where it was extracted: extract with this policy";
                    *taken = Err(what.to_owned());
                }
                let facts = match taken {
                    Ok(row) => row.facts.clone(),
                    Err(what) => Facts { problems: vec![missing(what)], ..Facts::default() },
                };
                (facts, None)
            }
        }
    }

    /// The digests that are wanted.
    pub(super) fn digests(&mut self, wanted: &[Algorithm], hash: impl FnOnce() -> Digests) -> Digests {
        match self {
            Self::None => hash(),
            Self::Passed => Ok(None),
            Self::Kept(_, row, _) => {
                let made = hash();
                match &made {
                    Ok(Some((digests, problem))) => {
                        let named = |digest: &Digest| (digest.algorithm.name().to_owned(), digest.text());
                        row.digests = digests.iter().map(named).collect();
                        row.hashed.clone_from(problem);
                    }
                    Ok(None) => {}
                    Err(problem) => row.not_hashed.clone_from(problem),
                }
                made
            }
            Self::Taken(_, _, Ok(row)) if !wanted.is_empty() => match &row.not_hashed {
                Some(problem) => Err(Some(problem.clone())),
                // A member that cannot be opened has none, and its facts say why.
                None if row.digests.is_empty() && row.facts.problems.iter().any(|problem| problem.blocking) => Ok(None),
                None => {
                    let kept = |algorithm: &Algorithm| {
                        let found = row.digests.iter().find(|(name, _)| name == algorithm.name());
                        found.and_then(|(_, text)| Digest::parse(*algorithm, text)).ok_or_else(|| {
                            let what = format!("its {} was not computed in extraction", algorithm.name());
                            Some(missing(&format!("{what}: extract with --integrity, or with --digests")))
                        })
                    };
                    let digests = wanted.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
                    Ok(Some((digests, row.hashed.clone())))
                }
            },
            Self::Taken(..) => Ok(None),
        }
    }

    /// Whether the file changed while it was read.
    pub(super) fn changed(&mut self, facts: &mut Facts, note: impl FnOnce(&mut Facts) -> bool) -> bool {
        match self {
            Self::None => note(facts),
            Self::Passed => false,
            Self::Kept(_, row, _) => {
                row.changed = note(facts);
                row.changed
            }
            Self::Taken(_, _, Ok(row)) => {
                if row.changed {
                    facts.problems.push(changed());
                }
                row.changed
            }
            Self::Taken(..) => false,
        }
    }

    /// All is known of the asset; gives what a member shows of its archive.
    pub(super) fn end(self, oddity: Option<String>) -> Option<String> {
        match self {
            Self::Kept(recorder, mut row, unkept) => {
                row.oddity.clone_from(&oddity);
                recorder.keep(*row);
                drop(unkept);
                oddity
            }
            Self::Taken(_, _, Ok(row)) => row.oddity,
            _ => oddity,
        }
    }
}

fn missing(what: &str) -> Problem {
    Problem::new(ProblemKind::Io, "extraction", None, what)
}

/// What it means that a file is not any more what the walk saw.
pub(super) fn changed() -> Problem {
    Problem::new(ProblemKind::Changed, "file", None, "the file changed or vanished while it was read")
}
