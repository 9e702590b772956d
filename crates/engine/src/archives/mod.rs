//! Archives are opened: their members become assets of their own, `a.zip!/dir/x.png`, in sorted batches as the walk
//! hands out files.
//!
//! Nothing is unpacked by name: members are read where they stand, or unfolded to memory or a nameless temporary file.

mod delivered;
mod find;
mod listing;
mod tree;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
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

/// What parts the path of an archive and that of its member.
pub const MARK: &str = "!/";
/// Files of one stem that a manifest store beside them is tried on.
const RIVALS: usize = 8;

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
    fn take(&mut self, packed: u64, size: u64) -> Result<(), Problem> {
        let most = allowance(packed);
        let what = if size > most {
            format!("{packed} bytes that unfold to {size}: more than {most} are not unfolded")
        } else if size > self.bytes {
            "the members of this archive unfold to more than is safe: this one is not unfolded".to_owned()
        } else {
            self.bytes -= size;
            return Ok(());
        };
        Err(Problem::limit("archive", 0, what))
    }
}

/// An open archive: hands out batches of at most [`limits::BATCH`] of its members.
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
    folders: VecDeque<Vec<Row>>,
    /// Members that are there and no assets: system files and excluded ones.
    passed: Vec<Row>,
    /// Folders, with `/` at their end, and links.
    bare: Vec<String>,
    /// Whether it holds one file and no more, as gzip does.
    single: bool,
    ready: VecDeque<(Asset, Inside)>,
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

/// A member and the name that reports show.
struct Row {
    shown: String,
    /// Whether the name stays inside the archive.
    safe: bool,
    size: u64,
    member: Member,
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
    let mut out = Archive {
        faults: Vec::new(),
        passed_over: NotLookedAt::default(),
        path: asset.path.clone(),
        rel: asset.rel.clone(),
        root: asset.root,
        depth: depth + 1,
        outer,
        lineage,
        folders: VecDeque::new(),
        passed: Vec::new(),
        bare: Vec::new(),
        single: contents(format) == Some(Contents::Gzip),
        ready: VecDeque::new(),
    };
    let listed = listing::list(format, &held, &asset.rel, budget, space);
    out.faults.extend(listed.oddities.into_iter().map(|what| archive::fault(&asset.rel, what)));
    out.bare = listed.bare;
    out.sort(listed.rows, exclude, space);
    Ok(out)
}

impl Archive {
    /// Puts members into folders as they will be told: system files are counted, excluded ones passed over.
    fn sort(&mut self, rows: Vec<listing::Row>, exclude: &GlobSet, space: &TempSpace) {
        let mut folders: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let mut system: HashSet<String> = HashSet::new();
        let mut names = Vec::with_capacity(rows.len());
        for listing::Row { name, size, member } in rows {
            let (shown, fault) = archive::shown(&name);
            let parts = shown.split('/').scan(0, |end, part| {
                *end += part.len() + 1;
                Some((part, *end - 1))
            });
            // What one file was packed from may have had any name.
            let litter = parts.into_iter().find(|(part, _)| !self.single && walk::is_system(OsStr::new(part)));
            let litter = litter.and_then(|(_, end)| shown.get(..end));
            // What an archive was made to hold was put there on purpose: media are judged whatever they are called.
            if let Some(litter) = litter.filter(|_| !is_media(&shown, &member, space)) {
                if system.insert(litter.to_owned()) {
                    let litter = self.below(litter);
                    self.passed_over.pass(self.root, &litter, PassedOverReason::System);
                }
                self.passed.push(Row { shown, safe: fault.is_none(), size, member });
                continue;
            }
            let safe = fault.is_none();
            if self.excluded(&shown, exclude) {
                let passed = self.below(&shown);
                self.passed_over.pass(self.root, &passed, PassedOverReason::Excluded);
                self.passed.push(Row { shown, safe, size, member });
                continue;
            }
            let faults = self.faults.len() <= limits::FAULTS;
            self.faults.extend(fault.filter(|_| faults).map(|what| archive::fault(self.below(&shown), what)));
            names.push(shown.clone());
            let folder = shown.rsplit_once('/').map_or("", |(folder, _)| folder);
            folders.entry(folder.to_owned()).or_default().push(Row { shown, safe, size, member });
        }
        let colliding = archive::colliding_names(names.iter().map(String::as_str));
        let colliding: Vec<_> =
            colliding.into_iter().map(|(name, what)| archive::fault(self.below(name), what)).collect();
        self.faults.extend(colliding);
        self.folders = folders.into_values().collect();
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

    /// The members of one folder as assets, each with those beside it.
    fn folder(&self, mut rows: Vec<Row>) -> Vec<(Asset, Inside)> {
        rows.sort_by(|a, b| a.shown.cmp(&b.shown));
        let asset = |row: Row| (self.asset(&row.shown, row.size), row.member);
        let mut both: Vec<(Asset, Member)> = rows.into_iter().map(asset).collect();
        // The walk's own order, so that it leaves it as it is.
        both.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (assets, members): (Vec<Asset>, Vec<Member>) = both.into_iter().unzip();
        let assets = walk::with_sidecars(assets);
        let neighbors = Neighbors::of(&assets, &members);
        let beside: Vec<_> = assets.iter().map(|asset| neighbors.beside(asset)).collect();
        let rows = assets.into_iter().zip(members).zip(beside);
        rows.map(|((asset, member), beside)| {
            let (outer, lineage) = (Arc::clone(&self.outer), self.lineage.clone());
            (asset, Inside { member, beside, depth: self.depth, outer, lineage })
        })
        .collect()
    }

    fn asset(&self, shown: &str, size: u64) -> Asset {
        let mut path = OsString::from(&self.path);
        path.push(MARK);
        path.push(shown);
        Asset::new(PathBuf::from(path), self.below(shown), self.root, size, self.outer.seen.modified)
    }
}

impl Iterator for Archive {
    type Item = Vec<(Asset, Inside)>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.len() < limits::BATCH {
            let Some(rows) = self.folders.pop_front() else { break };
            let rows = self.folder(rows);
            self.ready.extend(rows);
        }
        let count = self.ready.len().min(limits::BATCH);
        (count > 0).then(|| self.ready.drain(..count).collect())
    }
}

/// The members of one folder by path and by stem, where any may describe another.
struct Neighbors<'a> {
    by_path: HashMap<&'a Path, &'a Member>,
    by_stem: HashMap<&'a OsStr, Vec<&'a Path>>,
}

impl<'a> Neighbors<'a> {
    fn of(assets: &'a [Asset], members: &'a [Member]) -> Self {
        let (mut by_path, mut by_stem) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        if assets.iter().any(|asset| !asset.sidecars.is_empty()) {
            by_path = assets.iter().map(|a| a.path.as_path()).zip(members).collect();
            for path in assets.iter().map(|a| a.path.as_path()).filter(|path| !extract::is_sidecar(path)) {
                by_stem.entry(path.file_stem().unwrap_or_default()).or_default().push(path);
            }
        }
        Self { by_path, by_stem }
    }

    fn beside(&self, asset: &Asset) -> Vec<(PathBuf, Member)> {
        let stores = asset.sidecars.iter().filter(|path| path.extension().is_some_and(|e| e == "c2pa"));
        let shared = stores.into_iter().any(|path| path.file_stem() == asset.path.file_stem());
        let stem = asset.path.file_stem().filter(|_| shared).and_then(|stem| self.by_stem.get(stem));
        let rivals = stem.into_iter().flatten().copied().filter(|path| *path != asset.path).take(RIVALS);
        let all = asset.sidecars.iter().map(PathBuf::as_path).chain(rivals);
        all.filter_map(|path| Some((path.to_path_buf(), (*self.by_path.get(path)?).clone()))).collect()
    }
}
