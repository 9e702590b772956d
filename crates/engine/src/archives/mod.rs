//! Archives are opened: their members become assets of their own, `a.zip!/dir/x.png`, in sorted batches as the walk
//! hands out files.
//!
//! Nothing is unpacked by name: members are read where they stand, or unfolded to memory or a nameless temporary file.

mod delivered;
mod find;
mod folder_rows;
mod listing;
mod tree;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;

use crate::extract;
use crate::walk;
use countersign_delivery::packages::archive;
use countersign_io::asset_budget::{self, AssetBudget};
use countersign_io::source::Source;
use countersign_io::{ByteRange, Stat, TempSpace};
use countersign_media::formats::{self, Archive as Kind, Contents, Media};
use countersign_media::identify::identify;
use countersign_media::member::{Member, MemberBytes, allowance};
use countersign_model::limits;
use countersign_model::{
    AppendedArchive, Asset, Facts, FormatId, NotLookedAt, PackageFault, PassedOverReason, Problem,
};
pub use find::{below, find, folder};
use folder_rows::FolderRows;
use listing::Entries;

/// What parts the path of an archive and that of its member.
pub const MARK: &str = "!/";

/// Whether members of this format are opened.
#[must_use]
pub fn opens(format: Option<FormatId>) -> bool {
    format.and_then(contents).is_some()
}

/// How the members of this format are listed, where they are.
fn contents(format: FormatId) -> Option<Contents> {
    match formats::info(format)?.archive {
        Kind::Opened(contents) => Some(contents),
        Kind::No | Kind::Sealed => None,
    }
}

/// The file on the drive that holds an archive, however deep.
#[derive(Debug)]
pub struct Outer {
    /// The file's path, as the walk has it.
    pub path: PathBuf,
    /// Its path below the root.
    pub rel: String,
    /// What the walk saw of it.
    pub seen: Stat,
    /// The open file: all members are read by this one handle.
    pub bytes: ByteRange,
    /// What reading all that is in it may take.
    pub reading: AssetBudget,
}

/// The bytes of an archive.
#[derive(Clone, Copy, Debug)]
pub enum Container<'a> {
    /// An open file.
    File(&'a ByteRange),
    /// A member of an archive that is open.
    Member(&'a Inside),
}

/// Where an asset is that is no file of its own.
#[derive(Clone, Debug)]
pub struct Inside {
    member: Member,
    /// Its sidecars, and other files of its stem where a manifest store may be about any of them.
    beside: Vec<(PathBuf, Member)>,
    /// How many archives are around it.
    pub depth: usize,
    /// The file on the drive that holds it.
    pub outer: Arc<Outer>,
    /// Which of the members of the archives around this one's archive is, from the outside in; `None` where one of them
    /// cannot be told apart.
    lineage: Option<Arc<str>>,
}

impl Inside {
    /// What tells the member, with those beside it, from all others in the file, if anything does: two members may have
    /// one name.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        let mut out = format!("{}\0{}", self.lineage.as_deref()?, self.member.identity()?);
        for (path, member) in &self.beside {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            out.push_str(&format!("\0{}:{}", data_encoding::HEXLOWER.encode(name), member.identity()?));
        }
        Some(out)
    }

    /// The facts of the asset, and its bytes for whoever wants to hash them.
    #[must_use]
    pub fn read(&self, path: &Path, space: &TempSpace, options: &extract::Options) -> (Facts, Option<MemberBytes>) {
        let opened = self.member.open(space);
        let beside: Vec<_> = self.beside.iter().map(|(path, member)| (path, member.open(space))).collect();
        // Members beside many others are unfolded for each of them.
        let again = beside.iter().filter_map(|(_, opened)| opened.as_ref().ok()).map(|opened| opened.held.len());
        let _ = asset_budget::decompress(usize::try_from(again.sum::<u64>()).unwrap_or(usize::MAX));
        let views: Vec<_> = beside.iter().map(|(path, opened)| (path.as_path(), view(opened))).collect();
        let facts = extract::member((path, view(&opened)), &views, space, options);
        (facts, opened.ok())
    }

    /// The asset's bytes.
    ///
    /// # Errors
    /// What keeps them from being read.
    pub fn open(&self, space: &TempSpace) -> Result<MemberBytes, Problem> {
        self.member.open(space)
    }
}

fn view(opened: &Result<MemberBytes, Problem>) -> Result<&MemberBytes, Problem> {
    opened.as_ref().map_err(Clone::clone)
}

/// What the archives in one file may still make us do.
#[derive(Debug)]
pub struct Budget {
    /// Bytes that members may unfold to.
    bytes: u64,
    /// Archives that may be opened.
    archives: usize,
    /// Bytes that manifests of packages may unfold to.
    manifests: u64,
    /// What reading the members may take.
    reading: AssetBudget,
}

impl Budget {
    /// For a file of this size.
    #[must_use]
    pub fn of(size: u64) -> Self {
        Self::with_seconds(size, None)
    }

    /// As [`Budget::of`], with so many seconds of computing for all members.
    #[must_use]
    pub fn with_seconds(size: u64, seconds: Option<NonZeroU32>) -> Self {
        let bytes = size.saturating_mul(limits::UNFOLDED_RATIO).max(limits::UNFOLDED_TOTAL);
        let reading = AssetBudget::of_archive(size, seconds);
        Self { bytes, archives: limits::ARCHIVES, manifests: limits::MANIFESTS, reading }
    }

    /// Room for a member that unfolds to `size` bytes, or why there is none.
    fn take(&mut self, packed: u64, size: u64) -> Result<(), Refusal> {
        if size > allowance(packed) {
            return Err(Refusal::Ratio);
        }
        self.bytes = self.bytes.checked_sub(size).ok_or(Refusal::Total)?;
        Ok(())
    }
}

/// Why a member is not decompressed.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// For what it is packed in.
    Ratio,
    /// With what others of the archive come to.
    Total,
}

impl Refusal {
    /// As it is told of a member of these sizes.
    fn problem(self, packed: u64, size: u64) -> Problem {
        let what = match self {
            Self::Ratio => {
                let most = allowance(packed);
                format!("{packed} bytes that unfold to {size}: more than {most} are not unfolded")
            }
            Self::Total => {
                "the members of this archive unfold to more than is safe: this one is not unfolded".to_owned()
            }
        };
        Problem::limit("archive", 0, what)
    }
}

/// An open archive: hands out batches of at most [`limits::BATCH`] of its members.
///
/// An archive may have very many members. Of each, what it states is kept, its name once, and the place where it is told;
/// assets are made batch by batch.
pub struct Archive {
    /// What is wrong with it; with the paths of reports.
    pub faults: Vec<PackageFault>,
    /// System files and excluded members.
    pub passed_over: NotLookedAt,
    path: PathBuf,
    rel: String,
    root: usize,
    depth: usize,
    outer: Arc<Outer>,
    lineage: Option<Arc<str>>,
    entries: Arc<Entries>,
    /// The members that are assets, in the order of [`Row::place`].
    rows: Arc<Vec<Row>>,
    /// Members that are there and no assets: system files and excluded ones; in the same order.
    passed: Arc<Vec<Row>>,
    /// Those of them that a manifest names: they come last.
    adopted: Arc<Vec<Row>>,
    /// Folders, with `/` at their end, and links.
    bare: Vec<Arc<str>>,
    /// Whether it holds one file and no more, as gzip does.
    single: bool,
    /// The folder whose members are handed out.
    open: Option<FolderRows>,
}

/// Whether a member that is called as systems call their own files is media, or an archive, by its bytes.
fn is_media(shown: &str, member: &Member, space: &TempSpace) -> bool {
    let Ok(opened) = member.open(space) else { return false };
    let Ok(Some(format)) = identify(&mut Source::new(&opened.held)) else { return false };
    let info = format.info();
    // A drive's own icon is one of the files that systems keep.
    let icon = shown.ends_with(".VolumeIcon.icns");
    !icon && info.media != Media::Companion
}

/// A member by its number in [`Entries`], and the name that reports show.
#[derive(Clone, Debug)]
struct Row {
    shown: Arc<str>,
    number: u32,
    /// Whether the name stays inside the archive.
    safe: bool,
}

impl Row {
    /// What rows are sorted by: members are told folder by folder.
    fn place(&self) -> (&str, &str) {
        place(&self.shown)
    }

    fn number(&self) -> usize {
        self.number as usize
    }
}

/// The folder of a path in an archive, and the path: one that starts with `/` lies in no other folder than one without it.
fn place(path: &str) -> (&str, &str) {
    (split(path).0, path)
}

/// A path in an archive as its folder and the name in that folder.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What opening an archive may use, and what of it is passed over.
#[derive(Clone, Copy, Debug)]
pub struct OpenContext<'a> {
    /// Where what is too long for memory is decompressed to.
    pub space: &'a TempSpace,
    /// Patterns of the paths of members, the archive's own before them.
    pub exclude: &'a GlobSet,
}

/// Opens the archive that an asset is.
///
/// # Errors
/// Where it cannot be read any more, or too many were opened.
pub fn open(
    asset: &Asset,
    container: Container<'_>,
    part: &AppendedArchive,
    budget: &mut Budget,
    reach: OpenContext<'_>,
) -> Result<Archive, Problem> {
    let OpenContext { space, exclude } = reach;
    let _reading = budget.reading.enter();
    let format = part.format;
    let Some(left) = budget.archives.checked_sub(1) else {
        let what = format!("not opened: more than {} archives inside one", limits::ARCHIVES);
        return Err(Problem::limit("archive", 0, what));
    };
    budget.archives = left;
    let (held, depth, outer, lineage) = match container {
        Container::Member(inside) => {
            let held = inside.member.open(space)?.held;
            (held, inside.depth, Arc::clone(&inside.outer), inside.identity().map(Arc::from))
        }
        Container::File(bytes) => {
            let (path, bytes, reading) = (asset.path.clone(), bytes.clone(), budget.reading.clone());
            let rel = asset.rel.clone();
            let outer = Outer { path, rel, seen: walk::stat_of(asset), bytes, reading };
            (outer.bytes.clone(), 0, Arc::new(outer), Some(Arc::from("")))
        }
    };
    let lineage = match (part.start, lineage) {
        (0, lineage) => lineage,
        (start, Some(lineage)) => Some(Arc::from(format!("{lineage}\0at {start}"))),
        (_, None) => None,
    };
    let held = held.section(part.start, part.len);
    let listed = listing::list(format, &held, &asset.rel, budget, space);
    let mut out = Archive {
        faults: listed.oddities.into_iter().map(|what| archive::fault(&asset.rel, what)).collect(),
        passed_over: NotLookedAt::default(),
        path: asset.path.clone(),
        rel: asset.rel.clone(),
        root: asset.root,
        depth: depth + 1,
        outer,
        lineage,
        entries: Arc::new(listed.entries),
        rows: Arc::default(),
        passed: Arc::default(),
        adopted: Arc::default(),
        bare: listed.bare,
        single: contents(format) == Some(Contents::Gzip),
        open: None,
    };
    out.sort(exclude, space);
    Ok(out)
}

impl Archive {
    /// Puts members in the order in which they will be told: system files are counted, excluded ones passed over.
    fn sort(&mut self, exclude: &GlobSet, space: &TempSpace) {
        let entries = Arc::clone(&self.entries);
        let (mut rows, mut passed) = (Vec::new(), Vec::new());
        let mut system: HashSet<String> = HashSet::new();
        for number in 0..entries.len() {
            let (Some(name), Ok(short)) = (entries.file(number), u32::try_from(number)) else { continue };
            let (shown, fault) = archive::shown(name);
            let shown = if *shown == **name { Arc::clone(name) } else { shown.into() };
            let row = Row { shown, number: short, safe: fault.is_none() };
            // What an archive was made to hold was put there on purpose: media are judged whatever they are called.
            if let Some(litter) =
                self.litter(&row.shown).filter(|_| !is_media(&row.shown, &entries.member(number), space))
            {
                if !system.contains(litter) {
                    system.insert(litter.to_owned());
                    self.passed_over.pass(self.root, &self.below(litter), PassedOverReason::System);
                }
                passed.push(row);
                continue;
            }
            if self.excluded(&row.shown, exclude) {
                self.passed_over.pass(self.root, &self.below(&row.shown), PassedOverReason::Excluded);
                passed.push(row);
                continue;
            }
            let faults = self.faults.len() <= limits::FAULTS;
            self.faults.extend(fault.filter(|_| faults).map(|what| archive::fault(self.below(&row.shown), what)));
            rows.push(row);
        }
        let colliding = archive::colliding_names(rows.iter().map(|row| &*row.shown));
        let colliding: Vec<_> =
            colliding.into_iter().map(|(name, what)| archive::fault(self.below(name), what)).collect();
        self.faults.extend(colliding);
        // Members of one name stay in the order of the archive.
        rows.sort_by(|a, b| a.place().cmp(&b.place()));
        passed.sort_by(|a: &Row, b: &Row| a.place().cmp(&b.place()));
        rows.shrink_to_fit();
        (self.rows, self.passed) = (Arc::new(rows), Arc::new(passed));
    }

    /// The member's path as far as the first part that systems call their own files by.
    fn litter<'a>(&self, shown: &'a str) -> Option<&'a str> {
        // What one file was packed from may have had any name.
        if self.single {
            return None;
        }
        let parts = shown.split('/').scan(0, |end, part| {
            *end += part.len() + 1;
            Some((part, *end - 1))
        });
        let (_, end) = parts.into_iter().find(|(part, _)| walk::is_system(OsStr::new(part)))?;
        shown.get(..end)
    }

    fn below(&self, shown: &str) -> String {
        format!("{}{MARK}{shown}", self.rel)
    }

    /// Whether a pattern fits the member or a folder around it in the archive.
    fn excluded(&self, shown: &str, exclude: &GlobSet) -> bool {
        if exclude.is_empty() {
            return false;
        }
        let rel = self.below(shown);
        let from = self.rel.len() + MARK.len();
        let ends = rel.match_indices('/').map(|(at, _)| at).filter(|at| *at > from).chain([rel.len()]);
        ends.into_iter().any(|end| rel.get(..end).is_some_and(|part| exclude.is_match(Path::new(part))))
    }

    /// The folder that comes next.
    fn next_folder(&self) -> Option<FolderRows> {
        let (rows, at, last) = match &self.open {
            None => (&self.rows, 0, false),
            Some(open) => (&open.rows, open.range.end, Arc::ptr_eq(&open.rows, &self.adopted)),
        };
        let (rows, at) = match at < rows.len() {
            true => (rows, at),
            false if last => return None,
            false => (&self.adopted, 0),
        };
        let folder = rows.get(at)?.place().0;
        let len = rows.get(at..)?.partition_point(|row| row.place().0 == folder);
        Some(FolderRows::of(self, Arc::clone(rows), at..at + len))
    }

    /// The path of a member, under which no file can be opened.
    fn path_of(&self, shown: &str) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push(MARK);
        path.push(shown);
        PathBuf::from(path)
    }

    fn asset(&self, row: &Row) -> Asset {
        let (shown, size) = (&*row.shown, self.entries.size(row.number()));
        Asset::new(self.path_of(shown), self.below(shown), self.root, size, self.outer.seen.modified)
    }
}

impl Iterator for Archive {
    type Item = Vec<(Asset, Inside)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch = Vec::new();
        while batch.len() < limits::BATCH {
            let row = self.open.as_mut().and_then(FolderRows::next_row);
            if let (Some(at), Some(open)) = (row, &self.open) {
                batch.extend(open.member(self, at));
                continue;
            }
            let Some(folder) = self.next_folder() else { break };
            self.open = Some(folder);
        }
        (!batch.is_empty()).then_some(batch)
    }
}
