//! What a scan of one shard asks and finds, kept and written.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::{BASE64, HEXLOWER};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::{About, AssetRow, Footer, Header, KnownStat, Line, kind_number, place};
use countersign_io::{Entry, Folder, Handle, Stat, Tree};

/// What the name of an unfinished file ends with.
const PART: &str = ".part";
/// Bytes of one file that are carried along: manifests, timelines and directories of archives. What a longer one holds is
/// missing where it is judged, and told there.
const CARRIED: usize = 64 * 1024 * 1024;

/// Which part of a tree is whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl Shard {
    /// Whether a file is of this shard.
    ///
    /// ```
    /// use countersign_engine::rows::Shard;
    ///
    /// let owners = (1..=4).filter(|number| Shard { number: *number, of: 4 }.has(0, "final/shot.png"));
    /// assert_eq!(owners.count(), 1);
    /// ```
    #[must_use]
    pub fn has(self, root: usize, path: &str) -> bool {
        place(root, path, "") % u128::from(self.of.max(1)) + 1 == u128::from(self.number)
    }
}

thread_local! {
    /// Whether what this thread reads is of an asset, whose facts are kept instead.
    static UNKEPT: Cell<bool> = const { Cell::new(false) };
}

/// Reads of this thread are not kept while this lives.
pub(crate) struct Unkept(bool);

impl Unkept {
    pub(crate) fn begin() -> Self {
        Self(UNKEPT.replace(true))
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        UNKEPT.set(self.0);
    }
}

type Place = (usize, String);

/// What is written at the end only, and what was written already.
#[derive(Debug, Default)]
struct Kept {
    /// The places of listings and of what is known of files that were written: the first answer counts.
    written: HashSet<u128>,
    resolved: BTreeMap<Place, Line>,
    links: BTreeMap<Place, Line>,
    closed: BTreeMap<Place, Line>,
    bytes: BTreeMap<Place, Stretches>,
    /// How many files the walk saw, and the sum of what tells them.
    files: u64,
    tree: u128,
}

/// Bytes that were read of one file, by their offsets.
#[derive(Debug, Default)]
struct Stretches {
    by_offset: BTreeMap<u64, Vec<u8>>,
    total: usize,
}

impl Stretches {
    fn keep(&mut self, offset: u64, bytes: &[u8]) {
        let before = self.by_offset.range(..=offset).next_back();
        if before.is_some_and(|(from, kept)| from + kept.len() as u64 >= offset + bytes.len() as u64) {
            return;
        }
        self.total = self.total.saturating_add(bytes.len());
        if self.total <= CARRIED {
            let kept = self.by_offset.entry(offset).or_default();
            if kept.len() < bytes.len() {
                *kept = bytes.to_vec();
            }
        }
    }

    /// The stretches without what they have twice.
    fn joined(self) -> Vec<(u64, Vec<u8>)> {
        let mut out: Vec<(u64, Vec<u8>)> = Vec::new();
        for (offset, bytes) in self.by_offset {
            match out.last_mut() {
                Some((from, kept)) if *from + kept.len() as u64 >= offset => {
                    let known = (*from + kept.len() as u64 - offset) as usize;
                    kept.extend_from_slice(bytes.get(known..).unwrap_or_default());
                }
                _ => out.push((offset, bytes)),
            }
        }
        out
    }
}

/// Where the rows go: lines are summed as they are compressed.
struct Output {
    to: GzEncoder<BufWriter<tempfile::NamedTempFile>>,
    sum: Sha256,
    lines: u64,
}

impl Output {
    fn line(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.sum.update(&text);
        self.lines += 1;
        self.to.write_all(&text)
    }
}

/// Keeps what a scan of one shard asks and finds.
pub struct Recorder {
    shard: Shard,
    kept: Mutex<Kept>,
    output: Mutex<Option<Output>>,
    failed: Mutex<Option<io::Error>>,
    file: PathBuf,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("shard", &self.shard).field("file", &self.file).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Begins the file of a shard in a folder; it gets its name when it is whole. One that an earlier extraction wrote of the
    /// same shard is removed.
    ///
    /// # Errors
    /// Where nothing can be written there.
    pub fn begin(folder: &Path, header: &Header) -> io::Result<Self> {
        let shard = Shard { number: header.shard.0, of: header.shard.1 };
        let name = format!("shard-{:05}-of-{:05}", shard.number, shard.of);
        let (file, unfinished) = (folder.join(format!("{name}.ndjson.gz")), format!(".{name}."));
        remove_abandoned(folder, &unfinished);
        let to = tempfile::Builder::new().prefix(&unfinished).suffix(PART).tempfile_in(folder)?;
        // The lock ends with the process, whatever ends that. A file system without locks keeps what is abandoned.
        let _ = to.as_file().try_lock();
        // What an earlier extraction said is of another time: interrupted, this one must leave nothing to be judged.
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let to = GzEncoder::new(BufWriter::new(to), Compression::default());
        let mut output = Output { to, sum: Sha256::new(), lines: 0 };
        output.line(header)?;
        let (kept, output, failed) = (Mutex::default(), Mutex::new(Some(output)), Mutex::default());
        Ok(Self { shard, kept, output, failed, file })
    }

    /// The file, once it is whole.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A tree whose answers are kept.
    #[must_use]
    pub fn watch(self: &Arc<Self>, root: usize, tree: Arc<dyn Tree>) -> Arc<dyn Tree> {
        Arc::new(Watched { recorder: Arc::clone(self), root, tree })
    }

    /// Whether an asset is of this shard: `file` is the path of the file, of members that of the file that holds them all.
    pub(crate) fn has(&self, root: usize, file: &str) -> bool {
        self.shard.has(root, file)
    }

    /// The walk saw this file.
    pub(crate) fn saw(&self, root: usize, path: &str, stat: &Stat) {
        let said = format!("{}\0{:?}", stat.len, stat.modified);
        let mut kept = self.kept();
        kept.files += 1;
        kept.tree = kept.tree.wrapping_add(place(root, path, &said));
    }

    /// Keeps what was found out about an asset.
    pub(crate) fn keep(&self, row: AssetRow) {
        self.write(&Line::Asset(Box::new(row)));
    }

    /// Writes the first answer about a path of this shard: there are as many as files, and none of them stays in memory.
    fn tell(&self, about: About, (root, path): (usize, &str), line: impl FnOnce() -> Line) {
        if self.shard.has(root, path) && self.kept().written.insert(about.place(root, path, "")) {
            self.write(&line());
        }
    }

    fn write(&self, line: &Line) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(error)) = output.as_mut().map(|output| output.line(line)) {
            *output = None;
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is left, and gives the file its name. Returns it with the number of its lines.
    ///
    /// # Errors
    /// Whatever kept any line from being written: there is no file then.
    pub fn finish(&self) -> io::Result<(PathBuf, u64)> {
        let kept = std::mem::take(&mut *self.kept());
        for lines in [kept.resolved, kept.links, kept.closed] {
            lines.values().for_each(|line| self.write(line));
        }
        for ((root, path), stretches) in kept.bytes {
            for (offset, bytes) in stretches.joined() {
                self.write(&Line::Bytes(root, path.clone(), offset, BASE64.encode(&bytes)));
            }
        }
        if let Some(error) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut output = output.ok_or_else(|| io::Error::other("it was finished already"))?;
        let lines = output.lines;
        let sha256 = HEXLOWER.encode(&output.sum.clone().finalize());
        let tree = format!("{}:{:032x}", kept.files, kept.tree);
        output.line(&Line::End(Footer { lines, sha256, tree }))?;
        let file = output.to.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.file).map_err(|e| e.error)?;
        Ok((self.file.clone(), lines))
    }
}

/// Removes what runs that were killed have left of this shard: nobody holds its lock.
fn remove_abandoned(folder: &Path, unfinished: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let of_this = name.to_str().is_some_and(|name| name.starts_with(unfinished) && name.ends_with(PART));
        let opened = || File::options().write(true).open(entry.path());
        if of_this && entry.file_type().is_ok_and(|kind| kind.is_file()) && opened().is_ok_and(|f| f.try_lock().is_ok())
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn told(error: &io::Error) -> (String, String) {
    (format!("{:?}", error.kind()), error.to_string())
}

/// A tree whose answers are kept.
#[derive(Debug)]
struct Watched {
    recorder: Arc<Recorder>,
    root: usize,
    tree: Arc<dyn Tree>,
}

impl Watched {
    fn place(&self, path: &str) -> Place {
        (self.root, path.to_owned())
    }

    /// Keeps the first answer about a path of this shard.
    fn keep(&self, path: &str, line: Line, among: impl Fn(&mut Kept) -> &mut BTreeMap<Place, Line>) {
        if self.recorder.shard.has(self.root, path) {
            among(&mut self.recorder.kept()).entry(self.place(path)).or_insert(line);
        }
    }
}

impl Tree for Watched {
    fn name(&self) -> String {
        self.tree.name()
    }

    fn list(&self, folder: &str) -> io::Result<Folder> {
        let listed = self.tree.list(folder);
        let names = |folder: &Folder| folder.iter().map(|(name, kind)| (name.to_owned(), kind_number(kind))).collect();
        let line = || Line::List(self.root, folder.to_owned(), listed.as_ref().map(names).map_err(told));
        self.recorder.tell(About::List, (self.root, folder), line);
        listed
    }

    fn stat(&self, path: &str) -> io::Result<Stat> {
        let stat = self.tree.stat(path);
        let line = || Line::Stat(self.root, path.to_owned(), stat.as_ref().map(KnownStat::from).map_err(told));
        self.recorder.tell(About::Stat, (self.root, path), line);
        stat
    }

    fn open(&self, entry: &Entry) -> io::Result<Arc<dyn Handle>> {
        match self.tree.open(entry) {
            Ok(handle) => {
                let (recorder, place) = (Arc::clone(&self.recorder), self.place(&entry.path));
                let own = recorder.shard.has(place.0, &place.1);
                Ok(if own { Arc::new(WatchedHandle { recorder, place, handle }) } else { handle })
            }
            Err(error) => {
                let line = Line::Closed(self.root, entry.path.clone(), told(&error));
                self.keep(&entry.path, line, |kept| &mut kept.closed);
                Err(error)
            }
        }
    }

    fn resolve(&self, path: &str) -> io::Result<Option<String>> {
        let resolved = self.tree.resolve(path);
        if !resolved.as_ref().is_ok_and(|target| target.as_deref() == Some(path)) {
            let line = Line::Resolve(self.root, path.to_owned(), resolved.as_ref().map(Clone::clone).map_err(told));
            self.keep(path, line, |kept| &mut kept.resolved);
        }
        resolved
    }

    fn is_link(&self, path: &str) -> bool {
        let link = self.tree.is_link(path);
        if link {
            let line = Line::Link(self.root, path.to_owned());
            self.keep(path, line, |kept| &mut kept.links);
        }
        link
    }

    fn local_path(&self, path: &str) -> Option<PathBuf> {
        self.tree.local_path(path)
    }
}

#[derive(Debug)]
struct WatchedHandle {
    recorder: Arc<Recorder>,
    place: Place,
    handle: Arc<dyn Handle>,
}

impl Handle for WatchedHandle {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let got = self.handle.read_at(out, offset)?;
        if !UNKEPT.get() && got > 0 {
            let mut kept = self.recorder.kept();
            let stretches = kept.bytes.entry(self.place.clone()).or_default();
            stretches.keep(offset, out.get(..got).unwrap_or_default());
        }
        Ok(got)
    }

    fn len(&self) -> u64 {
        self.handle.len()
    }

    fn stat(&self) -> io::Result<Stat> {
        self.handle.stat()
    }

    fn local_path(&self) -> Option<&Path> {
        self.handle.local_path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_joined_and_bounded() {
        let mut stretches = Stretches::default();
        for (offset, bytes) in [(4, &b"efgh"[..]), (0, b"abcde"), (5, b"fg"), (20, b"z"), (6, b"ghij")] {
            stretches.keep(offset, bytes);
        }
        assert_eq!(stretches.joined(), [(0, b"abcdefghij".to_vec()), (20, b"z".to_vec())]);
        let mut stretches = Stretches::default();
        for n in 0..=CARRIED / 65_536 {
            stretches.keep(n as u64 * 65_536, &[0; 65_536]);
        }
        assert!(stretches.joined().iter().map(|(_, bytes)| bytes.len()).sum::<usize>() <= CARRIED);
    }
}
