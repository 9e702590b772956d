//! The pictures of a run: made while assets are open, kept for the most urgent of them, and given to the report at its end.
//!
//! What was not made then (an asset that only an index or an earlier row names, a frame behind many of its run that is a row
//! of its own all the same) is opened for it at the end.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::{MEMBER_BYTES, Open, picture};
use crate::archives;
use crate::walk::from_lossless;
use countersign_delivery::packages::frame_name;
use countersign_io::TempSpace;
use countersign_io::source::Source;
use countersign_media::identify::identify;
use countersign_model::AssetReport;
use countersign_report::{Picture, Preview, urgency};

/// How long all pictures together may take, in each of so many threads.
const ALL: Duration = Duration::from_secs(90);
/// Threads that make pictures at the end.
const THREADS: usize = 8;
/// Bytes of pictures that are kept: a page must open fast.
const BYTES: usize = 24 * 1024 * 1024;

/// Told how many of the wanted pictures were tried, and of how many.
pub type Tried = dyn Fn(usize, usize) + Send + Sync;

/// Root and path of an asset.
type Place = (usize, String);

/// Pictures of files below these roots.
pub struct Files {
    roots: Vec<PathBuf>,
    space: Arc<TempSpace>,
    /// Pictures that a report shows at most; 0 where none does.
    most: AtomicUsize,
    made: Mutex<Made>,
    /// Nanoseconds that were spent on pictures, in all threads together.
    spent: AtomicU64,
    tried: Option<Box<Tried>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("roots", &self.roots).finish_non_exhaustive()
    }
}

/// The pictures of the most urgent rows that were told so far; `None` where none could be made.
#[derive(Debug, Default)]
struct Made {
    pictures: HashMap<Place, Option<Picture>>,
    /// Urgency → rows in the order in which they were told.
    rows: BTreeMap<u8, Vec<Place>>,
    bytes: usize,
}

impl Made {
    /// How many rows at least as urgent as this one are kept.
    fn from(&self, urgency: u8) -> usize {
        self.rows.range(urgency..).map(|(_, rows)| rows.len()).sum()
    }

    fn keep(&mut self, urgency: u8, place: Place, picture: Option<Picture>, most: usize) {
        if self.pictures.contains_key(&place) {
            return;
        }
        self.bytes += picture.as_ref().map_or(0, length);
        self.rows.entry(urgency).or_default().push(place.clone());
        self.pictures.insert(place, picture);
        while self.pictures.len() > most || self.bytes > BYTES {
            let Some(mut least) = self.rows.first_entry() else { return };
            let last = least.get_mut().pop();
            if least.get().is_empty() {
                least.remove();
            }
            let dropped = last.and_then(|place| self.pictures.remove(&place)).flatten();
            self.bytes -= dropped.as_ref().map_or(0, length);
        }
    }
}

fn length(picture: &Picture) -> usize {
    match picture {
        Picture::Jpeg(bytes) | Picture::Waveform(bytes) => bytes.len(),
    }
}

impl Files {
    /// For the roots of a run, in their order.
    #[must_use]
    pub fn new(roots: &[PathBuf]) -> Self {
        Self {
            roots: roots.to_vec(),
            space: Arc::new(TempSpace::outside(roots)),
            most: AtomicUsize::new(0),
            made: Mutex::default(),
            spent: AtomicU64::new(0),
            tried: None,
        }
    }

    /// With somebody who is told how far it has come at the end of a run, from any thread.
    #[must_use]
    pub fn watched(self, tried: Box<Tried>) -> Self {
        Self { tried: Some(tried), ..self }
    }

    /// Whether a picture of this asset may be shown, which is open now; so many frames of its run come before it.
    pub(crate) fn wants(&self, asset: &AssetReport, ahead: usize) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        // Where the same is said of so many, they are one row without a picture.
        let one_of_many = || frame_name(&asset.path).is_some_and(|frame| ahead >= frame.least);
        let fits = |urgency| self.made().from(urgency) < most;
        most > 0 && urgency(asset).is_some_and(fits) && !one_of_many() && !self.left().is_zero()
    }

    /// Makes the picture of an open asset.
    pub(crate) fn make(&self, open: &Open<'_>) -> Option<Picture> {
        let start = Instant::now();
        let made = open.picture();
        let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.spent.fetch_add(nanoseconds, Ordering::Relaxed);
        made
    }

    /// Keeps the picture of an asset that is told now, or that there is none; that of a sequence is of the frame at `path`.
    pub(crate) fn keep(&self, asset: &AssetReport, path: String, picture: Option<Picture>) {
        let most = self.most.load(Ordering::Relaxed);
        if let Some(urgency) = urgency(asset) {
            self.made().keep(urgency, (asset.root, path), picture, most);
        }
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time that is left, of each thread.
    fn left(&self) -> Duration {
        let each = self.spent.load(Ordering::Relaxed) / threads() as u64;
        ALL.saturating_sub(Duration::from_nanos(each))
    }

    fn path(&self, root: usize, rel: &str) -> Option<PathBuf> {
        let root = self.roots.get(root)?;
        // Names of members of archives are not written in the way of the drive: they stay as they are told.
        let rel = if rel.contains(archives::MARK) { PathBuf::from(rel) } else { from_lossless(rel)? };
        Some(archives::below(root, &rel))
    }

    /// Pictures of what was not open: by path, with what each is the picture of.
    fn opened(&self, wanted: &[(usize, &Place)], all: usize) -> Vec<(usize, Picture)> {
        let (next, end) = (AtomicUsize::new(0), Instant::now() + self.left());
        let done = AtomicUsize::new(all - wanted.len());
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::channel();
            for _ in 0..threads().min(wanted.len()) {
                let (send, next, done) = (send.clone(), &next, &done);
                scope.spawn(move || {
                    while Instant::now() < end {
                        let Some((index, (root, rel))) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            return;
                        };
                        let Some(path) = self.path(*root, rel) else { continue };
                        let space = Arc::clone(&self.space);
                        let made = std::thread::spawn(move || found(&path, &space)).join();
                        let count = done.fetch_add(1, Ordering::Relaxed) + 1;
                        self.tried.iter().for_each(|tried| tried(count, all));
                        if let Ok(Some(picture)) = made
                            && send.send((*index, picture)).is_err()
                        {
                            return;
                        }
                    }
                });
            }
            drop(send);
            receive.into_iter().collect()
        })
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(THREADS)
}

impl Preview for Files {
    fn begin(&self, most: usize) {
        self.most.fetch_max(most, Ordering::Relaxed);
    }

    fn pictures(&self, wanted: &[(usize, String)], give: &mut dyn FnMut(usize, Picture)) {
        let (mut all, mut absent) = (Vec::new(), Vec::new());
        {
            let made = self.made();
            for (index, place) in wanted.iter().enumerate() {
                match made.pictures.get(place) {
                    Some(picture) => all.extend(picture.clone().map(|picture| (index, picture))),
                    None => absent.push((index, place)),
                }
            }
        }
        all.extend(self.opened(&absent, wanted.len()));
        // Told in order, so that the same tree gives the same report.
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().for_each(|(index, picture)| give(index, picture));
    }
}

/// The picture of a file, or of a member of an archive.
fn found(path: &Path, space: &TempSpace) -> Option<Picture> {
    let Some((member, inside)) = archives::find(path, space).ok()? else { return picture(path) };
    if member.size > MEMBER_BYTES {
        return None;
    }
    let bytes = inside.open(space).ok()?.held;
    let format = identify(&mut Source::new(&bytes)).ok().flatten().map(|format| format.info());
    Open { bytes: &bytes, path: (path, false), format, space }.picture()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_rows_stay() {
        let mut made = Made::default();
        let place = |n: usize| (0, format!("{n}.png"));
        for n in 0..10 {
            let urgency = u8::from(n % 3 == 0);
            made.keep(urgency, place(n), Some(Picture::Jpeg(vec![0; 10])), 5);
        }
        // Four urgent ones, and the first of the others.
        let mut kept: Vec<_> = made.pictures.keys().map(|(_, path)| path.clone()).collect();
        kept.sort();
        assert_eq!(kept, ["0.png", "1.png", "3.png", "6.png", "9.png"]);
        assert_eq!((made.from(0), made.from(1), made.bytes), (5, 4, 50));
        made.keep(1, place(11), Some(Picture::Jpeg(vec![0; BYTES])), 5);
        assert!(made.bytes <= BYTES && made.from(0) < 5);
    }
}
