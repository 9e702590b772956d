//! Conform: which asset an event plays.
//!
//! The first of these that leaves exactly one asset decides: an identity inside the file (UMID, MobID, UUID); the path
//! or URL by its longest tail that exists; the file name; the clip or reel name without extension, with the source
//! timecode inside the asset's own; the name of an image sequence that holds the frame. Where one leaves several, the
//! next may only choose among them.

mod names;
mod tails;

use crate::{
    locate::seconds,
    model::{Event, Identity, TimeRange, Timeline},
    rate::Rate,
};
use names::{frame_file_pattern, key, path_forms, pattern_key, split_extension, stem};
use std::collections::HashMap;
use tails::Tails;

/// How many assets of an ambiguous match are named.
pub const MOST_NAMED: usize = 16;
/// How many assets of one name are compared. With that many or more the match stays ambiguous: what chose among the
/// first of them might be unique only because the others were not looked at.
const MOST_COMPARED: usize = 1024;
/// The length to which an EDL cuts its reels.
const SHORT_REEL: usize = 8;

/// A file, or an image sequence, that events may play.
#[derive(Debug, Clone, Default)]
pub struct Asset {
    /// The path below its root, with `/`. In a sequence `#`, `####` or `%04d` stands for the frame number.
    pub path: String,
    /// Identities that the file itself carries.
    pub identities: Vec<Identity>,
    /// Start timecode and duration of the file, where they are known.
    pub range: Option<TimeRange>,
    /// First and last frame number of an image sequence.
    pub sequence: Option<(i64, i64)>,
    /// Reels or tapes that the file says it came from.
    pub reels: Vec<String>,
}

/// What a match rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The event's UMID, MobID or UUID stands in the file.
    Identity,
    /// The path, at least with its last folder.
    Path,
    /// The file name.
    FileName,
    /// The clip's or reel's name, and the source timecode where it is known.
    ClipName,
    /// The name of an image sequence and the frame number.
    Sequence,
    /// The medium lies in the timeline's own file.
    Embedded,
}

impl Basis {
    /// The name in reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Path => "path",
            Self::FileName => "file-name",
            Self::ClipName => "clip-name",
            Self::Sequence => "sequence",
            Self::Embedded => "embedded",
        }
    }
}

/// The outcome for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Exactly one asset, by its index.
    One(usize, Basis),
    /// Several assets: their indices (at most [`MOST_NAMED`]) and on what they agree.
    Several(Vec<usize>, Basis),
    /// The medium is in the timeline's own file.
    Embedded,
    /// No asset.
    Missing,
}

/// The assets of a delivery, indexed for any number of events.
///
/// ```
/// use countersign_timelines::{conform::{Asset, Basis, Conform, Match}, identify, read};
/// let assets = [Asset { path: "reel1/shots/a.mov".into(), ..Asset::default() }];
/// let edl = b"001 AX V C 0:0:0:0 0:0:1:0 1:0:0:0 1:0:1:0\n* FROM FILE: C:\\show\\Shots\\a.mov\n";
/// let timeline = &read(identify("x.edl", edl).unwrap(), "x.edl", edl, &mut |_| None).unwrap().timelines[0];
/// assert_eq!(Conform::new(&assets).event(&timeline.events[0]), Match::One(0, Basis::Path));
/// ```
pub struct Conform<'a> {
    assets: &'a [Asset],
    identities: HashMap<&'a Identity, Vec<usize>>,
    tails: Tails,
    stems: HashMap<String, Vec<usize>>,
    short_stems: HashMap<String, Vec<usize>>,
    /// By the reels that files tell of themselves.
    reels: HashMap<String, Vec<usize>>,
}

/// Candidates while the rules narrow them.
struct Search {
    left: Vec<usize>,
    basis: Option<Basis>,
    is_crowded: bool,
}

impl Search {
    /// Takes the candidates of one rule; true when exactly one is left.
    fn narrow(&mut self, found: Vec<usize>, basis: Basis) -> bool {
        // Every list is in the assets' order: what is left is found in it by halving.
        let found: Vec<usize> = match self.basis {
            Some(_) => found.into_iter().filter(|index| self.left.binary_search(index).is_ok()).collect(),
            None => found,
        };
        if found.is_empty() || self.is_crowded {
            return false;
        }
        self.is_crowded = found.len() >= MOST_COMPARED;
        if self.basis.is_none() || found.len() == 1 {
            self.basis = Some(basis);
        }
        self.left = found;
        self.left.len() == 1
    }
}

impl<'a> Conform<'a> {
    /// Indexes the assets.
    pub fn new(assets: &'a [Asset]) -> Self {
        let mut conform = Self {
            assets,
            identities: HashMap::new(),
            tails: Tails::default(),
            stems: HashMap::new(),
            short_stems: HashMap::new(),
            reels: HashMap::new(),
        };
        for (index, asset) in assets.iter().enumerate() {
            for identity in &asset.identities {
                conform.identities.entry(identity).or_default().push(index);
            }
            for reel in &asset.reels {
                push_bounded(conform.reels.entry(key(reel)).or_default(), index);
            }
            let parts: Vec<String> = asset.path.split('/').filter(|part| !part.is_empty()).map(key).collect();
            let Some((name, folders)) = parts.split_last() else { continue };
            let name =
                if asset.sequence.is_some() { pattern_key(name).unwrap_or_else(|| name.clone()) } else { name.clone() };
            conform.tails.insert(&name, folders, index);
            let stem = stem(&name);
            if let Some(short) = stem.char_indices().nth(SHORT_REEL).and_then(|(at, _)| stem.get(..at)) {
                push_bounded(conform.short_stems.entry(short.to_owned()).or_default(), index);
            }
            push_bounded(conform.stems.entry(stem).or_default(), index);
        }
        conform
    }

    /// The outcomes for all events of a timeline, in their order.
    pub fn timeline(&self, timeline: &Timeline) -> Vec<Match> {
        timeline.events.iter().map(|event| self.event(event)).collect()
    }

    /// The asset of one event.
    pub fn event(&self, event: &Event) -> Match {
        let mut search = Search { left: Vec::new(), basis: None, is_crowded: false };
        let done = search.narrow(self.by_identity(event), Basis::Identity)
            || self.by_paths(event, &mut search)
            || (!search.is_crowded
                && (search.narrow(self.by_clip_name(event), Basis::ClipName)
                    || search.narrow(self.by_sequence(event), Basis::Sequence)
                    || self.by_timecode_and_frames(event, &mut search)));
        match (search.left[..].first(), search.basis) {
            (Some(index), Some(basis)) if done => Match::One(*index, basis),
            (Some(_), Some(basis)) => {
                search.left.truncate(MOST_NAMED);
                Match::Several(search.left, basis)
            }
            _ if event.embedded => Match::Embedded,
            _ => Match::Missing,
        }
    }

    fn by_identity(&self, event: &Event) -> Vec<usize> {
        // The nearest identity that some file carries decides; one medium may have several.
        let all = || event.identities.iter().filter_map(|identity| self.identities.get(identity));
        // The files of one clip share that of the clip, and have one of their own each.
        let found = all().find(|found| found.len() == 1).or_else(|| all().next());
        found.map(|found| found.iter().copied().take(MOST_COMPARED).collect()).unwrap_or_default()
    }

    /// Every path and URL of the event, in their order, by the longest tail; then names that are file names.
    fn by_paths(&self, event: &Event, search: &mut Search) -> bool {
        for media in event.media.iter().chain(&event.other_media).chain(event.paths_among_names()) {
            for form in path_forms(media) {
                let Some((name, folders)) = form.split_last() else { continue };
                let as_sequence = event.sequence.is_some().then(|| pattern_key(name)).flatten();
                let found = self.tails.longest(as_sequence.as_deref().unwrap_or(name), folders);
                let basis = if found.parts > 1 { Basis::Path } else { Basis::FileName };
                if search.narrow(self.exact_case(found.assets, media), basis) {
                    return true;
                }
            }
            // A path that found several has said what it can; another path may mean another copy.
            if search.basis.is_some() {
                return false;
            }
        }
        event.names.iter().chain([&event.name]).filter(|name| split_extension(name).is_some()).any(|name| {
            let found = self.tails.longest(&key(name), &[]);
            search.narrow(self.exact_case(found.assets, name), Basis::FileName)
        })
    }

    /// Where several names differ only in case, those that are spelled as the document spells them.
    fn exact_case(&self, found: Vec<usize>, spelled: &str) -> Vec<usize> {
        if found.len() < 2 || found.len() >= MOST_COMPARED {
            return found;
        }
        let name = |path: &str| {
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            pattern_key(name).unwrap_or_else(|| name.to_owned())
        };
        let wanted = name(spelled);
        let exact: Vec<usize> = found
            .iter()
            .copied()
            .filter(|index| self.assets.get(*index).is_some_and(|asset| name(&asset.path) == wanted))
            .collect();
        if exact.is_empty() { found } else { exact }
    }

    fn by_clip_name(&self, event: &Event) -> Vec<usize> {
        let names = [Some(&event.name), event.reel.as_ref()].into_iter().flatten().chain(&event.names);
        for name in names.filter(|name| !name.trim().is_empty()) {
            let whole = key(name);
            let found = self.stems.get(&whole).or_else(|| self.stems.get(&stem(&whole)));
            let fitting = self.with_timecode(found, event, false);
            if !fitting.is_empty() {
                return fitting;
            }
        }
        // A reel that the file itself tells, or of eight characters the begin of a name: only with timecode inside.
        let told = event.reel.as_deref().map(key).filter(|reel| !reel.is_empty());
        let told = self.with_timecode(told.and_then(|reel| self.reels.get(&reel)), event, true);
        if !told.is_empty() {
            return told;
        }
        let reel = event.reel.as_deref().map(key).filter(|reel| reel.chars().count() == SHORT_REEL);
        self.with_timecode(reel.and_then(|reel| self.short_stems.get(&reel)), event, true)
    }

    /// Those whose own timecode holds the event's source; where none does, those of which it is not known, unless it must be.
    fn with_timecode(&self, found: Option<&Vec<usize>>, event: &Event, must: bool) -> Vec<usize> {
        let Some(found) = found else { return Vec::new() };
        if found.len() >= MOST_COMPARED {
            return if must { Vec::new() } else { found.clone() };
        }
        let range = |index: &usize| self.assets.get(*index).and_then(|asset| asset.range);
        // Addresses first: the rates of a list and of a file may differ by a thousandth without being meant to.
        for clock in [Clock::Addresses, Clock::Seconds, Clock::PulledDown] {
            let holds = |index: &usize| range(index).is_some_and(|range| holds(range, event.source, clock));
            let confirmed: Vec<usize> = found.iter().copied().filter(holds).collect();
            if !confirmed.is_empty() {
                return confirmed;
            }
        }
        if must {
            return Vec::new();
        }
        let unknown: Vec<usize> = found.iter().copied().filter(|index| range(index).is_none()).collect();
        // Media are stamped anew on their way: where no timecode fits, the name is still all that there is.
        if unknown.is_empty() { found.clone() } else { unknown }
    }

    /// A frame file or a clip name whose number lies in an image sequence of that name.
    fn by_sequence(&self, event: &Event) -> Vec<usize> {
        let spelled = event.media.iter().chain(&event.other_media).chain(&event.names).chain([&event.name]);
        for name in spelled {
            let forms = path_forms(name);
            let Some((file, folders)) = forms.first().and_then(|form| form.split_last()) else { continue };
            // One frame of a sequence, or the sequence itself: `sh010.1001.exr`, `sh010.[1001-1100].exr`.
            let named = pattern_key(file).map(|pattern| (pattern, None));
            let frame = || frame_file_pattern(file).map(|(pattern, frame)| (pattern, Some(frame)));
            let Some((pattern, frame)) = named.or_else(frame) else { continue };
            let found = self.tails.longest(&pattern, folders).assets;
            let holds_frame = |index: &usize| {
                let range = self.assets.get(*index).and_then(|asset| asset.sequence);
                range.is_some_and(|(first, last)| frame.is_none_or(|frame| (first..=last).contains(&frame)))
            };
            let found: Vec<usize> = found.into_iter().filter(holds_frame).collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The last word among several of one name: source timecode, then frame numbers.
    fn by_timecode_and_frames(&self, event: &Event, search: &mut Search) -> bool {
        if search.left.len() < 2 || search.is_crowded {
            return false;
        }
        let by_timecode = self.with_timecode(Some(&search.left), event, true);
        if search.narrow(by_timecode, search.basis.unwrap_or(Basis::FileName)) {
            return true;
        }
        let Some((first, last)) = event.sequence else { return false };
        let holds_frames = |index: &usize| {
            let range = self.assets.get(*index).and_then(|asset| asset.sequence);
            range.is_some_and(|(from, to)| from <= first && last <= to)
        };
        let by_frames = search.left.iter().copied().filter(holds_frames).collect();
        search.narrow(by_frames, Basis::Sequence)
    }
}

fn push_bounded(list: &mut Vec<usize>, index: usize) {
    if list.len() < MOST_COMPARED {
        list.push(index);
    }
}

/// How positions of two rates are compared.
#[derive(Clone, Copy)]
enum Clock {
    /// As timecode counts: 30 frames are a second at 29.97.
    Addresses,
    /// As time passes.
    Seconds,
    /// Frames of 24 against sound that was recorded beside 23.976.
    PulledDown,
}

impl Clock {
    fn seconds(self, units: i64, rate: Rate) -> f64 {
        match self {
            Self::Addresses => units as f64 / f64::from(rate.nominal()),
            Self::Seconds => seconds(units, rate),
            Self::PulledDown => {
                units as f64 / f64::from(rate.nominal()) * if rate.nominal() <= PICTURE { 1.001 } else { 1.0 }
            }
        }
    }
}

/// Frames a second above which a rate is one of sound.
const PICTURE: u32 = 400;

/// The asset's range holds the source (a frame of tolerance), counted from its start timecode or from its zero.
fn holds(asset: TimeRange, source: TimeRange, clock: Clock) -> bool {
    let frame = 1.01 / source.rate.as_f64();
    let (begin, end) = (clock.seconds(asset.start, asset.rate), clock.seconds(asset.end(), asset.rate));
    let (from, to) = (clock.seconds(source.start, source.rate), clock.seconds(source.end(), source.rate));
    let inside = |begin: f64, end: f64| from >= begin - frame && to <= end + frame;
    inside(begin, end) || inside(0.0, end - begin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::EventKind, rate::Rate};
    use std::time::{Duration, Instant};

    fn frames(start: i64, duration: i64) -> TimeRange {
        TimeRange { start, duration, rate: Rate::FILM }
    }

    fn event(change: impl FnOnce(&mut Event)) -> Event {
        let mut event = Event::new(EventKind::Video, frames(86400, 24), frames(0, 24));
        change(&mut event);
        event
    }

    fn plays(media: &str) -> Event {
        event(|event| event.media = Some(media.to_owned()))
    }

    fn named(name: &str) -> Event {
        event(|event| event.name = name.to_owned())
    }

    fn assets(paths: &[&str]) -> Vec<Asset> {
        paths.iter().map(|path| Asset { path: (*path).to_owned(), ..Asset::default() }).collect()
    }

    #[test]
    fn paths_of_all_systems_lead_to_the_longest_tail() {
        let list = assets(&["reel1/a b.mov", "reel2/a b.mov", "reel2/caf\u{e9}.mov", "x/100%.mov", "y/A.MXF"]);
        let conform = Conform::new(&list);
        for (media, expected) in [
            ("file:///Volumes/Raid/reel2/a%20b.mov", Match::One(1, Basis::Path)),
            ("file://localhost/C%3A/show/reel1/a%20b.mov", Match::One(0, Basis::Path)),
            ("D:\\show\\Reel1\\a b.mov", Match::One(0, Basis::Path)),
            ("\\\\server\\share\\reel2\\a b.mov", Match::One(1, Basis::Path)),
            ("/Volumes/Raid/reel2/cafe\u{301}.mov", Match::One(2, Basis::Path)),
            ("file:///else/cafe%CC%81.mov", Match::One(2, Basis::FileName)),
            ("/x/100%.mov", Match::One(3, Basis::Path)),
            ("a.mxf", Match::One(4, Basis::FileName)),
            ("/else/a b.mov", Match::Several(vec![0, 1], Basis::FileName)),
            ("/else/none.mov", Match::Missing),
        ] {
            assert_eq!(conform.event(&plays(media)), expected, "{media}");
        }
        for name in ["/Volumes/Raid/reel2/a b.mov", "D:\\show\\reel2\\a b.mov"] {
            assert_eq!(conform.event(&named(name)), Match::One(1, Basis::Path), "{name}");
        }
    }

    #[test]
    fn an_identity_goes_before_every_name() {
        let mut list = assets(&["a.mxf", "b.mxf", "c.mxf"]);
        let umid = Identity::parse(&format!("060a2b340101010501010f1013000000{}", "12".repeat(16))).unwrap();
        list[1].identities.push(umid.clone());
        let mut by_umid = plays("a.mxf");
        by_umid.identities.push(umid.clone());
        assert_eq!(Conform::new(&list).event(&by_umid), Match::One(1, Basis::Identity));
        // The same essence twice: the path chooses, or it stays ambiguous.
        list[0].identities.push(umid.clone());
        assert_eq!(Conform::new(&list).event(&by_umid), Match::One(0, Basis::FileName));
        by_umid.media = Some("c.mxf".to_owned());
        assert_eq!(Conform::new(&list).event(&by_umid), Match::Several(vec![0, 1], Basis::Identity));
    }

    #[test]
    fn clip_names_need_their_timecode_where_it_is_known() {
        let mut list = assets(&["one/A001C003_240101.mov", "two/A001C003_240101.mov", "take.mov"]);
        list[0].range = Some(frames(86400, 100));
        list[1].range = Some(frames(172_800, 100));
        let conform = Conform::new(&list);
        assert_eq!(conform.event(&named("A001C003_240101")), Match::One(0, Basis::ClipName));
        assert_eq!(conform.event(&named("Take")), Match::One(2, Basis::ClipName));
        let reel = event(|event| {
            event.name = "002".to_owned();
            event.reel = Some("A001C003".to_owned());
            event.source = frames(172_810, 10);
        });
        assert_eq!(conform.event(&reel), Match::One(1, Basis::ClipName));
        let elsewhere = event(|event| {
            event.reel = Some("A001C003".to_owned());
            event.source = frames(500_000, 10);
        });
        assert_eq!(conform.event(&elsewhere), Match::Missing);
    }

    #[test]
    fn two_takes_of_one_name_are_told_apart_by_timecode_in_any_counting() {
        let ntsc = |nominal| Rate::from_timebase(nominal, true).unwrap();
        for (rate, source) in
            [(Rate::FILM, Rate::FILM), (ntsc(24), Rate::FILM), (Rate::FILM, ntsc(24)), (ntsc(30), ntsc(30))]
        {
            let hour = |hours: i64| hours * 3600 * i64::from(rate.nominal());
            let mut list = assets(&["day1/take.mov", "day2/take.mov", "day3/take.mov"]);
            list[0].range = Some(TimeRange { start: hour(1), duration: 240, rate });
            list[1].range = Some(TimeRange { start: hour(2), duration: 240, rate });
            let start = 2 * 3600 * i64::from(source.nominal()) + 24;
            let of = event(|event| {
                event.name = "take.mov".to_owned();
                event.source = TimeRange { start, duration: 24, rate: source };
            });
            assert_eq!(Conform::new(&list).event(&of), Match::One(1, Basis::ClipName), "{rate} {source}");
        }
        // Where no timecode fits, both names still do.
        let mut list = assets(&["day1/take.mov", "day2/take.mov"]);
        list.iter_mut().for_each(|asset| asset.range = Some(frames(0, 10)));
        assert_eq!(Conform::new(&list).event(&named("take")), Match::Several(vec![0, 1], Basis::ClipName));
    }

    #[test]
    fn sound_counts_samples_since_midnight() {
        let mut list = assets(&["one/a.wav", "two/a.wav"]);
        let rate = Rate::new(48_000, 1).unwrap();
        for (hour, asset) in (1..).zip(&mut list) {
            asset.range = Some(TimeRange { start: hour * 172_800_000, duration: 480_000, rate });
        }
        let of = event(|event| {
            event.name = "a.wav".to_owned();
            event.source = frames(2 * 86_400 + 24, 24);
        });
        assert_eq!(Conform::new(&list).event(&of), Match::One(1, Basis::ClipName));
    }

    #[test]
    fn a_reel_that_files_tell_of_themselves_needs_its_timecode() {
        let mut list = assets(&["one.mxf", "two.mxf"]);
        for (start, asset) in [86_400, 172_800].into_iter().zip(&mut list) {
            asset.reels = vec!["Tape 7".to_owned()];
            asset.range = Some(frames(start, 240));
        }
        let on = |start| {
            event(|event| {
                event.reel = Some("TAPE 7".to_owned());
                event.source = frames(start, 24);
            })
        };
        let conform = Conform::new(&list);
        assert_eq!(conform.event(&on(172_810)), Match::One(1, Basis::ClipName));
        assert_eq!(conform.event(&on(500_000)), Match::Missing);
    }

    #[test]
    fn umids_are_one_in_every_order_of_bytes() {
        let label = "060a2b340101010501010f1013000000";
        let umid = |material: &str| Identity::parse(&format!("{label}{material}")).unwrap();
        let plain = umid("00112233445566778899aabbccddeeff");
        for other in
            ["33221100554477668899aabbccddeeff", "8899aabbccddeeff0011223344556677", "bbaa9988ddccffee0011223344556677"]
        {
            assert!(plain.spellings().contains(&umid(other)), "{other}");
            assert!(!plain.spellings().contains(&umid(&other.replace("33", "34"))));
        }
    }

    #[test]
    fn sequences_are_found_by_pattern_frame_file_and_name() {
        let mut list = assets(&["sh010/sh010.####.exr", "v2/sh010.%04d.exr", "sh020_.#.dpx"]);
        list[0].sequence = Some((1001, 1050));
        list[1].sequence = Some((1051, 1100));
        list[2].sequence = Some((1, 10));
        let conform = Conform::new(&list);
        let shot = |range| {
            event(|event| {
                event.media = Some("file:///p/else/sh010.%04d.exr".to_owned());
                event.sequence = Some(range);
            })
        };
        assert_eq!(conform.event(&shot((1060, 1070))), Match::One(1, Basis::Sequence));
        assert_eq!(conform.event(&plays("S:\\p\\sh010.1020.exr")), Match::One(0, Basis::Sequence));
        assert_eq!(conform.event(&plays("S:\\p\\sh010.2000.exr")), Match::Missing);
        assert_eq!(conform.event(&named("sh020")), Match::One(2, Basis::ClipName));
        // An EDL names the sequence without saying that it is one.
        assert_eq!(conform.event(&named("sh020_.[1-10].dpx")), Match::One(2, Basis::Sequence));
    }

    #[test]
    fn among_too_many_of_one_name_nothing_is_chosen() {
        let mut list: Vec<Asset> =
            (0..3000).map(|index| Asset { path: format!("{index}/same.mov"), ..Asset::default() }).collect();
        list[5].range = Some(frames(86400, 100));
        list[2500].range = Some(frames(86400, 100));
        let conform = Conform::new(&list);
        for event in [plays("/x/same.mov"), named("same")] {
            let Match::Several(some, _) = conform.event(&event) else { panic!("{:?}", conform.event(&event)) };
            assert_eq!(some.len(), MOST_NAMED);
        }
        assert_eq!(conform.event(&plays("/x/2500/same.mov")), Match::One(2500, Basis::Path));
    }

    #[test]
    fn five_thousand_events_meet_fifty_thousand_assets_quickly() {
        let paths: Vec<Asset> = (0..50_000_i64)
            .map(|index| Asset {
                path: format!("reel{}/day {}/A{:03}C{:03}_24.mov", index % 7, index % 31, index / 1000, index % 1000),
                range: Some(frames(index * 100, 100)),
                ..Asset::default()
            })
            .chain((0..10_000).map(|index| Asset { path: format!("render/{index}/same.mov"), ..Asset::default() }))
            .collect();
        let events: Vec<Event> = (0..5000)
            .map(|index| match index % 4 {
                0 => plays(&format!(
                    "file:///Volumes/x/day%20{}/A{:03}C{:03}_24.mov",
                    index % 31,
                    index / 1000,
                    index % 1000
                )),
                1 => named(&format!("A{:03}C{:03}_24", index / 1000, index % 1000)),
                2 => plays(&format!("/r/{index}/same.mov")),
                _ => event(|event| {
                    event.media = Some("/elsewhere/same.mov".to_owned());
                    event.name = "same".to_owned();
                }),
            })
            .collect();
        let begin = computed();
        let conform = Conform::new(&paths);
        let outcomes: Vec<Match> = events.iter().map(|event| conform.event(event)).collect();
        let took = computed() - begin;
        assert_eq!(outcomes[0], Match::One(0, Basis::Path));
        assert_eq!(outcomes[2], Match::One(50_002, Basis::Path));
        assert!(matches!(outcomes[3], Match::Several(_, Basis::FileName)));
        // Without optimization; other programs of a busy machine do not count where the system tells.
        assert!(took < Duration::from_secs(2), "{took:?}");
        println!("{took:?}");
    }

    /// The computing of this thread so far, where the system tells it, else a clock.
    fn computed() -> Duration {
        static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let nanoseconds = told.split_whitespace().next().and_then(|text| text.parse().ok());
        nanoseconds.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
    }
}
