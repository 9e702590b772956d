//! What reading one asset may take, shared by all that is inside it however deep: computing time, decompressed bytes,
//! and bytes kept in memory.
//!
//! A budget belongs to a file of the drive. Members of archives, pictures in documents, attachments, appended files and
//! the jobs of worker processes draw on the budget of the file that holds them. Whoever starts to read an asset enters
//! its budget ([`AssetBudget::enter`]); from then on everything that this thread reads, decompresses and keeps is
//! charged to it, until the guard is dropped. A thread reads one asset at a time, so that no reader has to be handed it.
//!
//! What was charged too much is remembered ([`excess`]): every further charge fails at once, and whoever entered the
//! budget tells it of the asset as a problem that blocks. Computing and decompressed bytes are those of the file with all
//! its members; what one member keeps in memory is its own.
//!
//! Memory is bounded for the process, too. Small assets are read side by side; one that grows waits for its turn among
//! few, one that grows large until no other large one is left.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::byte_budget::{Budget, Share};
use crate::os;
use countersign_model::{Problem, ProblemKind, limits};

/// Charges between two looks at the clock.
const BETWEEN_LOOKS: u32 = 64;
/// How long what the system said of a thread's computing time is taken for the time now. Asking costs a call of the system,
/// and most files take less time than this: what is charged too little to one file is charged to the next one.
const FRESH: Duration = Duration::from_millis(5);
/// Bytes of tags that are granted at once: so many are counted beside the budget, which is asked again when they are used up.
const GRANTED: u64 = 64 * 1024;
/// Bytes that every thread may have in work without waiting for others.
const SMALL: u64 = 1024 * 1024;
/// How long a growing asset waits for others. A thread that holds decoded pixels may wait for one that waits for them:
/// for it alone this bound is there.
const TURN_TIMEOUT: Duration = Duration::from_secs(60);
/// Assets in work at once that have grown past so many bytes. They are entered in this order, so that none waits for one
/// that waits for it.
static TURNS: [(u64, Budget); 3] =
    [(SMALL, Budget::new(6)), (8 * 1024 * 1024, Budget::new(2)), (48 * 1024 * 1024, Budget::new(1))];

/// What may still be done for one file of the drive and all that is inside it. Cheap to copy; all copies share it.
///
/// ```
/// use countersign_io::asset_budget::{self, AssetBudget};
/// use countersign_model::ProblemKind;
///
/// let budget = AssetBudget::of(1_000, None);
/// let _reading = budget.enter();
/// assert!(asset_budget::decompress(1_000_000).is_ok());
/// // A file of this size does not unfold to ten gigabytes, and nothing else of it is read then.
/// assert_eq!(asset_budget::decompress(10_000_000_000).unwrap_err().kind, ProblemKind::Limit);
/// assert!(asset_budget::check().is_err() && asset_budget::excess().is_some());
/// ```
#[derive(Clone, Debug)]
pub struct AssetBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Computing time, in nanoseconds, that all threads together may take and have taken.
    most_computing: u64,
    computing: AtomicU64,
    /// Bytes that may be decompressed, and that were.
    most_decompressed: u64,
    decompressed: AtomicU64,
    /// The first thing that was too much.
    excess: OnceLock<Problem>,
}

impl AssetBudget {
    /// For a file of so many bytes: so many seconds of computing, or else the usual ones and more for a long file.
    #[must_use]
    pub fn of(size: u64, seconds: Option<NonZeroU32>) -> Self {
        let more = Duration::from_secs(size / limits::COMPUTED_PER_SECOND);
        let most = match seconds {
            Some(seconds) => Duration::from_secs(u64::from(seconds.get())),
            None => limits::COMPUTING.saturating_add(more),
        };
        Self::new(most, size)
    }

    /// For an archive of so many bytes, whose members are judged one by one: the seconds are those of one asset, and what
    /// is long is granted more in any case.
    #[must_use]
    pub fn of_archive(size: u64, seconds: Option<NonZeroU32>) -> Self {
        let own = seconds.map_or(limits::COMPUTING, |seconds| Duration::from_secs(u64::from(seconds.get())));
        Self::new(own.saturating_add(Duration::from_secs(size / limits::COMPUTED_PER_SECOND)), size)
    }

    fn new(computing: Duration, size: u64) -> Self {
        Self(Arc::new(Shared {
            most_computing: u64::try_from(computing.as_nanos()).unwrap_or(u64::MAX),
            computing: AtomicU64::new(0),
            most_decompressed: size.saturating_mul(limits::DECOMPRESSED_RATIO).max(limits::DECOMPRESSED),
            decompressed: AtomicU64::new(0),
            excess: OnceLock::new(),
        }))
    }

    /// Charges this budget with what this thread does until the guard is dropped.
    #[must_use = "the budget is left as soon as the guard is dropped"]
    pub fn enter(&self) -> Entered {
        let reading = Reading {
            shared: Arc::clone(&self.0),
            looked: computing(),
            weight: 0,
            kept: 0,
            text: 0,
            granted: 0,
            excess: None,
            turns: Vec::new(),
        };
        READING.with_borrow_mut(|outer| outer.as_mut().map(Reading::settle));
        CHARGES.set(0);
        Entered { before: READING.replace(Some(reading)) }
    }
}

/// As long as this is kept, its thread charges a budget. It stays with its thread.
#[derive(Debug)]
pub struct Entered {
    before: Option<Reading>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        READING.with_borrow_mut(|reading| {
            if let Some(reading) = reading {
                reading.settle();
                reading.look();
            }
            *reading = self.before.take();
            if let Some(reading) = reading {
                // What was done meanwhile is charged already.
                reading.looked = computing();
            }
        });
    }
}

/// What a thread is at.
#[derive(Debug)]
struct Reading {
    shared: Arc<Shared>,
    /// The thread's computing time when it was last charged.
    looked: Duration,
    /// Bytes that were read in large pieces, decompressed and kept.
    weight: u64,
    /// Bytes that are kept.
    kept: u64,
    /// Bytes of values among them.
    text: u64,
    /// Bytes that may be kept before they are charged, as they were granted last.
    granted: u64,
    /// What this asset alone has taken too much of.
    excess: Option<Problem>,
    /// The turns that it has among those that have grown as large.
    turns: Vec<Share<'static>>,
}

fn too_much(what: &str) -> Problem {
    Problem::new(ProblemKind::Limit, "asset", None, format!("{what}: the rest was not read"))
}

thread_local! {
    static READING: RefCell<Option<Reading>> = const { RefCell::new(None) };
    static CHARGES: Cell<u32> = const { Cell::new(0) };
    /// What is left of the bytes that were granted, and how many of those used were values.
    static ROOM: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    /// When the system was last asked for this thread's computing time, and what it said.
    static ASKED: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

/// Computing time of this thread so far, at most [`FRESH`] less than it is.
fn computing() -> Duration {
    let now = Instant::now();
    if let Some((_, said)) = ASKED.get().filter(|(asked, _)| now.saturating_duration_since(*asked) < FRESH) {
        return said;
    }
    let said = os::computing();
    ASKED.set(Some((now, said)));
    said
}

impl Reading {
    /// Charges what was computed since the last look.
    fn look(&mut self) {
        let now = computing();
        self.computed(now.saturating_sub(self.looked));
        self.looked = now;
    }

    fn computed(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let before = self.shared.computing.fetch_add(nanoseconds, Ordering::Relaxed);
        if before.saturating_add(nanoseconds) > self.shared.most_computing {
            let seconds = self.shared.most_computing / 1_000_000_000;
            self.exceed(&format!("reading took more than {seconds} seconds of computing (--seconds-per-asset)"));
        }
    }

    /// All that is inside the file has taken too much: nothing else of it is read.
    fn exceed(&self, what: &str) {
        self.shared.excess.get_or_init(|| too_much(what));
    }

    fn state(&self) -> Result<(), Problem> {
        self.excess.as_ref().or_else(|| self.shared.excess.get()).map_or(Ok(()), |problem| Err(problem.clone()))
    }

    /// Grants bytes that are charged later: no more than may be kept whatever is done with them.
    fn grant(&mut self) {
        let turn = TURNS.get(self.turns.len()).map_or(u64::MAX, |(past, _)| past.saturating_sub(self.weight));
        let kept = limits::KEPT.saturating_sub(self.kept).min(turn);
        self.granted = GRANTED.min(limits::TEXT.saturating_sub(self.text)).min(kept);
        ROOM.set((self.granted, 0));
    }

    /// Charges what was used of the bytes that were granted.
    fn settle(&mut self) {
        let (left, values) = ROOM.take();
        self.text = self.text.saturating_add(values);
        let used = std::mem::take(&mut self.granted).saturating_sub(left);
        self.keep(used);
    }

    fn keep(&mut self, bytes: u64) {
        self.weigh(bytes);
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > limits::KEPT {
            let what = format!("what it says and holds takes more than {} bytes", limits::KEPT);
            self.excess.get_or_insert_with(|| too_much(&what));
        }
    }

    /// Waits for a turn where the asset takes more memory than every other may at the same time.
    fn weigh(&mut self, bytes: u64) {
        self.weight = self.weight.saturating_add(bytes);
        while let Some((_, turn)) = TURNS.get(self.turns.len()).filter(|(past, _)| self.weight > *past) {
            self.turns.push(turn.take(1, TURN_TIMEOUT));
        }
    }
}

/// Charges the budget that this thread has entered, if any.
fn charge(charging: impl FnOnce(&mut Reading)) -> Result<(), Problem> {
    READING.with_borrow_mut(|reading| {
        let Some(reading) = reading else { return Ok(()) };
        reading.settle();
        charging(reading);
        let state = reading.state();
        if state.is_err() {
            // Nothing is answered from the last look any more, nor from what was granted before it.
            CHARGES.set(0);
            ROOM.set((0, 0));
            reading.granted = 0;
        }
        state
    })
}

/// Whether there is computing time left: asked wherever reading goes on, the clock is looked at now and then.
///
/// # Errors
/// `limit` once anything was too much.
pub fn check() -> Result<(), Problem> {
    let charges = CHARGES.get();
    if charges > 0 {
        CHARGES.set(charges - 1);
        return Ok(());
    }
    let result = charge(Reading::look);
    // Once something was too much, every question is answered at once.
    CHARGES.set(if result.is_ok() { BETWEEN_LOOKS } else { 0 });
    result
}

/// So many bytes were read in one piece.
///
/// # Errors
/// As [`check`].
pub fn read(bytes: usize) -> Result<(), Problem> {
    if bytes as u64 > SMALL {
        charge(|reading| reading.weigh(bytes as u64))?;
    }
    check()
}

/// So many bytes were decompressed.
///
/// # Errors
/// As [`check`].
pub fn decompress(bytes: usize) -> Result<(), Problem> {
    charge(|reading| {
        reading.weigh(bytes as u64);
        let before = reading.shared.decompressed.fetch_add(bytes as u64, Ordering::Relaxed);
        let most = reading.shared.most_decompressed;
        if before.saturating_add(bytes as u64) > most {
            reading.exceed(&format!("what is packed in it unfolds to more than {most} bytes"));
        }
    })?;
    check()
}

/// So many bytes of the asset are kept in memory until it is judged.
///
/// # Errors
/// As [`check`].
pub fn keep(bytes: usize) -> Result<(), Problem> {
    charge(|reading| reading.keep(bytes as u64))?;
    check()
}

/// A value of so many bytes is kept, to be matched with every mark.
///
/// # Errors
/// As [`check`].
pub fn keep_text(bytes: usize) -> Result<(), Problem> {
    keep_tag(bytes, 0)
}

/// As [`keep_text`], with so many bytes that are kept beside the value.
///
/// # Errors
/// As [`check`].
pub fn keep_tag(value: usize, beside: usize) -> Result<(), Problem> {
    let (left, values) = ROOM.get();
    // Most tags are a few bytes of those that were granted: to ask the budget each time would cost more than the tag.
    if let Some(left) = left.checked_sub(value.saturating_add(beside) as u64) {
        ROOM.set((left, values.saturating_add(value as u64)));
        return check();
    }
    charge(|reading| {
        reading.text = reading.text.saturating_add(value as u64);
        if reading.text > limits::TEXT {
            let what = format!("what it says is longer than {} bytes", limits::TEXT);
            reading.excess.get_or_insert_with(|| too_much(&what));
            return;
        }
        reading.keep(value.saturating_add(beside) as u64);
        reading.grant();
    })?;
    check()
}

/// So many bytes that were kept are not any more.
pub fn release(bytes: usize) {
    let _ = charge(|reading| reading.kept = reading.kept.saturating_sub(bytes as u64));
}

/// So much was computed by another process for this asset.
pub fn computed(time: Duration) {
    let _ = charge(|reading| reading.computed(time));
}

/// The computing time that is left; `None` where no budget was entered.
#[must_use]
pub fn computing_left() -> Option<Duration> {
    READING.with_borrow_mut(|reading| {
        let reading = reading.as_mut()?;
        reading.look();
        let left = reading.shared.most_computing.saturating_sub(reading.shared.computing.load(Ordering::Relaxed));
        Some(Duration::from_nanos(left))
    })
}

/// The first thing that was too much, which blocks.
#[must_use]
pub fn excess() -> Option<Problem> {
    READING.with_borrow(|reading| reading.as_ref().and_then(|reading| reading.state().err()))
}

/// Whether this thread has entered a budget.
#[must_use]
pub fn is_entered() -> bool {
    READING.with_borrow(Option::is_some)
}

/// What comes out of a decompressor, charged to the budget as it comes.
#[derive(Debug)]
pub struct Decompressed<R>(pub R);

impl<R: std::io::Read> std::io::Read for Decompressed<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let got = self.0.read(out)?;
        decompress(got).map_err(|problem| std::io::Error::other(problem.what))?;
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn threads_of_one_asset_share_its_budget_and_others_have_their_own() {
        let budget = AssetBudget::of(0, None);
        let half = limits::DECOMPRESSED as usize / 2 + 1;
        std::thread::scope(|scope| {
            let read = || {
                let _reading = budget.enter();
                decompress(half)
            };
            let first = scope.spawn(read).join().unwrap();
            let second = scope.spawn(read).join().unwrap();
            assert!(first.is_ok() && second.is_err());
        });
        let _reading = AssetBudget::of(0, None).enter();
        assert!(decompress(half).is_ok() && excess().is_none());
    }

    #[test]
    fn what_one_member_keeps_is_not_another_ones() {
        let archive = AssetBudget::of_archive(0, None);
        {
            let _member = archive.enter();
            assert!(keep_text(limits::TEXT as usize + 1).is_err() && excess().is_some());
        }
        let _next = archive.enter();
        assert!(keep_text(1).is_ok() && excess().is_none());
    }

    #[test]
    fn time_is_charged_and_ends_the_reading() {
        let budget = AssetBudget::of(0, NonZeroU32::new(1));
        let _reading = budget.enter();
        assert!(check().is_ok());
        computed(Duration::from_millis(900));
        assert!(computing_left().unwrap() < Duration::from_millis(101));
        assert!(excess().is_none());
        computed(Duration::from_millis(101));
        let problem = excess().unwrap();
        assert!(problem.blocking && problem.what.contains("--seconds-per-asset"), "{problem:?}");
        assert_eq!(computing_left(), Some(Duration::ZERO));
    }

    /// What is counted beside the budget ends where it would if each tag were charged by itself.
    #[test]
    fn tags_are_kept_up_to_the_same_one_however_they_are_counted() {
        for (value, beside, other) in
            [(5, 300, 0), (60_000, 300, 7), (2_000_000, 10, 0), (300, 9, 100_000), (0, 70_000, 1)]
        {
            let (mut text, mut kept, mut tags) = (0, 0, 0u64);
            let _reading = AssetBudget::of(0, None).enter();
            while text + value as u64 <= limits::TEXT && kept + (value + beside + other) as u64 <= limits::KEPT {
                let also = other == 0 || keep(other).is_ok();
                assert!(also && keep_tag(value, beside).is_ok(), "{value} {beside} {other}: tag {tags}");
                (text, kept, tags) = (text + value as u64, kept + (value + beside + other) as u64, tags + 1);
                if tags % 1_000 == 0 {
                    let _other = AssetBudget::of(0, None).enter();
                    assert!(keep_tag(40_000, 0).is_ok());
                }
            }
            let failed = other > 0 && keep(other).is_err() || keep_tag(value, beside).is_err();
            assert!(failed && keep_tag(0, 0).is_err() && excess().is_some(), "{value} {beside} {other}");
        }
    }

    #[test]
    fn what_is_released_may_be_kept_again() {
        let _reading = AssetBudget::of(0, None).enter();
        for _ in 0..3 {
            assert!(keep(limits::KEPT as usize).is_ok());
            release(limits::KEPT as usize);
        }
        assert!(keep(1).is_ok() && keep(limits::KEPT as usize).is_err());
    }

    #[test]
    fn guards_nest_and_outside_of_them_nothing_is_charged() {
        assert!(!is_entered() && decompress(usize::MAX).is_ok());
        let outer = AssetBudget::of(0, None);
        let reading = outer.enter();
        {
            let _inner = AssetBudget::of(0, None).enter();
            assert!(decompress(usize::MAX / 2).is_err());
        }
        assert!(excess().is_none());
        drop(reading);
        assert!(!is_entered());
    }

    #[test]
    fn a_decompressor_ends_where_the_budget_does() {
        let _reading = AssetBudget::of(0, None).enter();
        let mut bytes = Decompressed(std::io::repeat(0));
        let read = std::io::copy(&mut bytes.by_ref().take(limits::DECOMPRESSED + 1_000_000), &mut std::io::sink());
        assert!(read.is_err() && excess().is_some());
    }
}
