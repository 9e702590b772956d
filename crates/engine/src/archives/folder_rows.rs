//! The members in one folder of an archive: made into assets one by one, each with those beside it that its name asks for.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Archive, Inside, Row};
use crate::extract;
use crate::walk::{SameStem, Siblings};
use countersign_media::member::Member;
use countersign_model::Asset;

/// Files of one stem that a manifest store beside them is tried on.
const RIVALS: usize = 8;

/// A folder of an archive that is handed out.
pub(super) struct FolderRows {
    pub(super) rows: Arc<Vec<Row>>,
    /// Which of the rows are in the folder.
    pub(super) range: Range<usize>,
    /// The next row of the folder.
    at: usize,
    siblings: Siblings,
    /// Files that share the stem of a manifest store; nothing where the folder has no such store.
    same_stem: SameStem,
}

/// The path of a row as far as names are compared: the whole one is only made where the name may not stay in the archive.
fn compared<'a>(archive: &Archive, row: &'a Row) -> Cow<'a, Path> {
    match row.safe {
        true => Cow::Borrowed(Path::new(&*row.shown)),
        false => Cow::Owned(archive.path_of(&row.shown)),
    }
}

impl FolderRows {
    pub(super) fn of(archive: &Archive, rows: Arc<Vec<Row>>, range: Range<usize>) -> Self {
        let inner = rows.get(range.clone()).unwrap_or_default();
        let path = |at: usize| inner.get(at).map(|row| compared(archive, row));
        let siblings = Siblings::of(inner.len(), path);
        let is_store =
            |row: &Row| compared(archive, row).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("c2pa"));
        let same_stem = match !siblings.is_empty() && inner.iter().any(is_store) {
            true => SameStem::of(inner.len(), |at| path(at).filter(|path| !extract::is_sidecar(path))),
            false => SameStem::default(),
        };
        Self { siblings, same_stem, at: range.start, rows, range }
    }

    /// The number of the next row, below the first of the folder.
    pub(super) fn next_row(&mut self) -> Option<usize> {
        let at = self.at;
        self.at += 1;
        (at < self.range.end).then(|| at - self.range.start)
    }

    fn row(&self, at: usize) -> Option<&Row> {
        self.rows.get(self.range.clone())?.get(at)
    }

    /// The member of a row as an asset.
    pub(super) fn member(&self, archive: &Archive, at: usize) -> Option<(Asset, Inside)> {
        let row = self.row(at)?;
        let mut asset = archive.asset(row);
        let path = |at: usize| self.row(at).map(|row| compared(archive, row));
        let named = self.siblings.beside(&asset.path, path);
        asset.raw_sibling = named.raw;
        let mut beside: Vec<_> = named.sidecars.iter().filter_map(|at| self.opened(archive, *at)).collect();
        asset.sidecars = beside.iter().map(|(path, _)| path.clone()).collect();
        let stores = asset
            .sidecars
            .iter()
            .filter(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("c2pa")));
        if stores.into_iter().any(|path| path.file_stem() == asset.path.file_stem()) {
            let rivals = self.same_stem.of_stem(&asset.path, path);
            let others = rivals.filter_map(|at| self.opened(archive, at)).filter(|(path, _)| *path != asset.path);
            beside.extend(others.take(RIVALS));
        }
        let (outer, lineage) = (Arc::clone(&archive.outer), archive.lineage.clone());
        let member = archive.entries.member(row.number());
        Some((asset, Inside { member, beside, depth: archive.depth, outer, lineage }))
    }

    fn opened(&self, archive: &Archive, at: usize) -> Option<(PathBuf, Member)> {
        let row = self.row(at)?;
        Some((archive.path_of(&row.shown), archive.entries.member(row.number())))
    }
}
