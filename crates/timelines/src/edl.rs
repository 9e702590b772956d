//! Edit decision lists: CMX3600, and File32 with its long reel and clip names.
//!
//! The layout of events follows the CMX3600 EDL as published by CMX and Grass Valley; comments are the usual ones of
//! Avid, Resolve, Premiere and Final Cut. An EDL states no frame rate: it is concluded from the frame numbers and FCM.

use crate::{
    error::Unreadable,
    limits::{Budget, MAX_PROBLEMS},
    model::{Document, Event, EventKind, Format, Identity, Part, Problem, Speed, TimeRange, Timeline},
    rate::Rate,
    text,
    timecode::{self, Timecode},
};
use std::collections::{BTreeMap, HashMap};

/// One event line and the comments that follow it.
#[derive(Debug, Default, Clone)]
struct Entry {
    number: String,
    reel: String,
    channels: Vec<Channel>,
    transition: Transition,
    length: i64,
    timecodes: [String; 4],
    drop: bool,
    from: Clip,
    to: Clip,
    key: Clip,
    speed: Option<f64>,
    freeze_comment: bool,
}

/// What comments say about one clip of an event.
#[derive(Debug, Default, Clone)]
struct Clip {
    name: Option<String>,
    file: Option<String>,
    source_file: Option<String>,
    identities: Vec<Identity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Channel {
    audio: bool,
    number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Transition {
    #[default]
    Cut,
    Dissolve,
    Wipe,
    Key,
    KeyBackground,
}

/// Which clip a comment without a direction speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    From,
    To,
    Key,
}

pub(crate) fn read(name: &str, bytes: &[u8], known_rate: Option<Rate>) -> Result<Document, Unreadable> {
    let document = text::decode(bytes);
    let mut parser = Parser::default();
    for (index, line) in lines(&document).enumerate() {
        parser.budget.step("EDL")?;
        parser.line(index + 1, line)?;
    }
    if parser.entries.is_empty() && (!parser.titled || !parser.problems.is_empty()) {
        let place = parser.problems.first().map_or_else(|| "EDL".to_owned(), |problem| problem.place.clone());
        return Err(Unreadable::new(place, "no event line could be read"));
    }
    parser.finish(name, known_rate)
}

/// Lines that end with LF, CRLF or CR alone.
fn lines(document: &str) -> impl Iterator<Item = &str> {
    document.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

struct Parser {
    budget: Budget,
    title: String,
    titled: bool,
    drop: bool,
    entries: Vec<Entry>,
    side: Side,
    long_reels: HashMap<String, String>,
    problems: Vec<Problem>,
}

impl Default for Parser {
    fn default() -> Self {
        Self {
            budget: Budget::new(),
            title: String::new(),
            titled: false,
            drop: false,
            entries: Vec::new(),
            side: Side::From,
            long_reels: HashMap::new(),
            problems: Vec::new(),
        }
    }
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) -> Result<(), Unreadable> {
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{1a}' || c == '\0');
        if let Some(title) = strip_keyword(line, "TITLE:") {
            self.title = title.to_owned();
            self.titled = true;
        } else if let Some(mode) = strip_keyword(line, "FCM:") {
            let mode = mode.to_ascii_uppercase();
            self.titled = true;
            self.drop = mode.contains("DROP") && !mode.contains("NON");
        } else if let Some(motion) = line.strip_prefix("M2") {
            self.motion(motion);
        } else if line.starts_with(|c: char| c.is_ascii_digit()) && self.event(line)? {
            self.side = Side::From;
        } else if line.starts_with(|c: char| c.is_ascii_digit()) && looks_like_event(line) {
            self.problem(number, "an event line that does not follow CMX3600");
        } else {
            self.comment(line);
        }
        Ok(())
    }

    fn problem(&mut self, number: usize, reason: &str) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { place: format!("line {number}"), reason: reason.to_owned() });
        }
    }

    /// An event line; false when it is none.
    fn event(&mut self, line: &str) -> Result<bool, Unreadable> {
        let words: Vec<&str> = line.split_whitespace().take(64).collect();
        let is_timecode = |word: &&str| timecode::split(word).is_some();
        let Some(first) = words.windows(4).position(|four| four.iter().all(is_timecode)) else { return Ok(false) };
        let (Some((number, middle)), Some([source_in, source_out, record_in, record_out])) =
            (words.get(..first).and_then(|left| left.split_first()), words.get(first..first + 4))
        else {
            return Ok(false);
        };
        let Some(edit) = parse_edit(middle) else { return Ok(false) };
        self.budget.event("EDL")?;
        self.entries.push(Entry {
            number: (*number).to_owned(),
            reel: edit.reel,
            channels: edit.channels,
            transition: edit.transition,
            length: edit.length,
            timecodes: [source_in, source_out, record_in, record_out].map(|word| (*word).to_owned()),
            drop: self.drop,
            ..Entry::default()
        });
        Ok(true)
    }

    /// `M2 REEL 047.6 01:00:10:21`: the speed in frames per second of the event before it (of that reel).
    fn motion(&mut self, motion: &str) {
        let words: Vec<&str> = motion.split_whitespace().collect();
        let speed = words.iter().rev().find_map(|word| word.parse::<f64>().ok().filter(|speed| speed.is_finite()));
        let Some(speed) = speed else { return };
        let reel = words.first().copied().unwrap_or_default();
        let number = self.entries.last().map(|entry| entry.number.clone()).unwrap_or_default();
        let same_event = self.entries.iter_mut().rev().take_while(|entry| entry.number == number);
        let mut candidates: Vec<&mut Entry> = same_event.collect();
        let matching = candidates.iter().position(|entry| entry.reel == reel).unwrap_or(0);
        if let Some(entry) = candidates.get_mut(matching) {
            entry.speed = Some(speed);
        }
    }

    fn comment(&mut self, line: &str) {
        let comment = line.trim_start_matches(['*', ' ', '\t', '>']).trim();
        if let Some((short, long)) = replaced_reel(comment) {
            self.long_reels.insert(short, long);
            return;
        }
        let Some(entry) = self.entries.last_mut() else { return };
        if comment.eq_ignore_ascii_case("FREEZE FRAME") {
            entry.freeze_comment = true;
        }
        const KEYWORDS: [(&str, Option<Side>, Field); 14] = [
            ("FROM CLIP NAME:", Some(Side::From), Field::Name),
            ("TO CLIP NAME:", Some(Side::To), Field::Name),
            ("KEY CLIP NAME:", Some(Side::Key), Field::Name),
            ("CLIP NAME:", Some(Side::From), Field::Name),
            ("FROM CLIP:", Some(Side::From), Field::File),
            ("TO CLIP:", Some(Side::To), Field::File),
            ("FROM FILE:", Some(Side::From), Field::File),
            ("TO FILE:", Some(Side::To), Field::File),
            ("SOURCE FILE:", None, Field::SourceFile),
            ("SOURCE FILE PATH:", None, Field::File),
            ("FILE PATH:", None, Field::File),
            ("UMID:", None, Field::Identity),
            ("SOURCE UMID:", None, Field::Identity),
            ("UUID:", None, Field::Identity),
        ];
        for (keyword, side, field) in KEYWORDS {
            let Some(value) = strip_keyword(comment, keyword).filter(|value| !value.is_empty()) else { continue };
            if let Some(side) = side {
                self.side = side;
            }
            let clip = match self.side {
                Side::From => &mut entry.from,
                Side::To => &mut entry.to,
                Side::Key => &mut entry.key,
            };
            match field {
                Field::Name => clip.name = Some(value.to_owned()),
                Field::File => clip.file = Some(value.to_owned()),
                Field::SourceFile => clip.source_file = Some(value.to_owned()),
                Field::Identity => clip.identities.extend(Identity::parse(value)),
            }
            return;
        }
    }

    fn finish(self, name: &str, known_rate: Option<Rate>) -> Result<Document, Unreadable> {
        let drop = self.entries.first().map_or(self.drop, |entry| entry.drop || record_marked(entry));
        let rate = known_rate.unwrap_or_else(|| conclude_rate(&self.entries, drop));
        let title = if self.title.is_empty() { name.to_owned() } else { self.title.clone() };
        let mut events = Vec::new();
        for index in 0..self.entries.len() {
            self.emit(index, rate, &mut events);
        }
        number_tracks(&mut events);
        let events = events.into_iter().map(|(_, event)| event).collect();
        let timeline = Timeline {
            name: title,
            format: Format::Edl,
            rate,
            rate_assumed: known_rate.is_none(),
            start: None,
            drop,
            events,
        };
        Ok(Document { timelines: vec![timeline], problems: self.problems, ..Document::default() })
    }

    /// The events of one line: one for each channel.
    fn emit(&self, index: usize, rate: Rate, events: &mut Vec<(Channel, Event)>) {
        let Some(entry) = self.entries.get(index) else { return };
        let before = index.checked_sub(1).and_then(|previous| self.entries.get(previous));
        let after = self.entries.get(index + 1).filter(|next| next.number == entry.number);
        let reel = self.long_reels.get(&entry.reel).cloned().unwrap_or_else(|| entry.reel.clone());
        if is_black(&reel) {
            return;
        }
        let Some((source, record)) = ranges(entry, rate) else { return };
        let mut part = Part::Edit;
        let mut length = record.duration;
        if length == 0 {
            // The first line of a transition: the clip that goes out. It is only worth an event of its own when the
            // event before does not show the same material already.
            let Some(next) = after.filter(|next| next.length > 0 && next.transition != Transition::Cut) else { return };
            if before.is_some_and(|before| continues(before, entry)) {
                return;
            }
            part = Part::Transition;
            length = next.length;
        }
        let clip = match (entry.transition, part) {
            (Transition::Dissolve | Transition::Wipe, _) if entry.to.name.is_some() || entry.to.file.is_some() => {
                &entry.to
            }
            (Transition::Key, _) if entry.key.name.is_some() => &entry.key,
            (_, Part::Transition) => after.map_or(&entry.from, |next| &next.from),
            _ => &entry.from,
        };
        let record = TimeRange { duration: length, ..record };
        for channel in &entry.channels {
            let kind = if channel.audio { EventKind::Audio } else { EventKind::Video };
            let mut event = Event::new(kind, TimeRange { duration: length, ..source }, record);
            event.id.clone_from(&entry.number);
            event.part = part;
            event.reel = (!reel.is_empty() && !reel.eq_ignore_ascii_case("AX")).then(|| reel.clone());
            event.media.clone_from(&clip.file);
            event.identities.clone_from(&clip.identities);
            event.names.extend(clip.source_file.clone());
            event.name = clip.name.clone().unwrap_or_else(|| entry.number.clone());
            set_speed(&mut event, entry, source, rate);
            events.push((*channel, event));
        }
    }
}

#[derive(Clone, Copy)]
enum Field {
    Name,
    File,
    SourceFile,
    Identity,
}

/// The value after a keyword, compared without regard to case.
fn strip_keyword<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let head = line.get(..keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| line.get(keyword.len()..).unwrap_or_default().trim())
}

/// `FINAL CUT PRO REEL: Long name REPLACED BY: LONGNAM`: the reel's full name.
fn replaced_reel(comment: &str) -> Option<(String, String)> {
    let rest = strip_keyword(comment, "FINAL CUT PRO REEL:")?;
    let at = rest.to_ascii_uppercase().find("REPLACED BY:")?;
    let long = rest.get(..at)?.trim();
    let short = rest.get(at + "REPLACED BY:".len()..)?.trim();
    (!long.is_empty() && !short.is_empty()).then(|| (short.to_owned(), long.to_owned()))
}

struct Edit {
    reel: String,
    channels: Vec<Channel>,
    transition: Transition,
    length: i64,
}

/// Reel, channels, transition and its length: the words between the event number and the timecodes. The reel may
/// contain spaces in File32.
fn parse_edit(words: &[&str]) -> Option<Edit> {
    let (kind_at, transition) =
        words.iter().enumerate().skip(1).rev().find_map(|(at, word)| Some((at, parse_transition(word)?)))?;
    let mut transition = transition;
    let mut length = 0;
    for word in words.get(kind_at + 1..)? {
        match (*word, word.parse::<i64>()) {
            (_, Ok(frames)) => length = frames,
            ("B" | "(F)" | "O", _) if transition == Transition::Key && *word == "B" => {
                transition = Transition::KeyBackground
            }
            ("(F)" | "O", _) => {}
            _ => return None,
        }
    }
    let channels = parse_channels(words.get(kind_at.checked_sub(1)?)?)?;
    let reel = words.get(..kind_at.checked_sub(1)?)?.join(" ");
    Some(Edit { reel, channels, transition, length })
}

fn parse_transition(word: &str) -> Option<Transition> {
    match word {
        "C" => Some(Transition::Cut),
        "D" => Some(Transition::Dissolve),
        "K" | "KO" => Some(Transition::Key),
        "KB" => Some(Transition::KeyBackground),
        _ => {
            let number = word.strip_prefix('W')?;
            number.bytes().all(|byte| byte.is_ascii_digit()).then_some(Transition::Wipe)
        }
    }
}

/// `V`, `V2`, `A`, `A3`, `AA`, `A2/V`, `AA/V`, `B` (picture and first sound), `NONE`.
fn parse_channels(word: &str) -> Option<Vec<Channel>> {
    let upper = word.to_ascii_uppercase();
    let sound = |number| Channel { audio: true, number };
    let picture = |number| Channel { audio: false, number };
    match upper.as_str() {
        "B" => return Some(vec![picture(1), sound(1)]),
        "NONE" => return Some(Vec::new()),
        _ => {}
    }
    let mut channels = Vec::new();
    for part in upper.split('/').take(8) {
        let (letters, digits) = part.split_at(part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len()));
        let number = if digits.is_empty() { 1 } else { digits.parse::<u32>().ok().filter(|number| *number <= 1024)? };
        match letters {
            "V" => channels.push(picture(number)),
            "A" => channels.push(sound(number)),
            "AA" => channels.extend([sound(1), sound(2)]),
            "VA" | "AV" => channels.extend([picture(1), sound(number)]),
            _ => return None,
        }
    }
    Some(channels)
}

/// A line that was meant as an event: its second half is full of timecodes or it has the columns of one: a number, a reel,
/// channels, an edit. Lists are cut in the middle of a line.
fn looks_like_event(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(64).collect();
    let numbered = words.first().is_some_and(|first| first.bytes().all(|byte| byte.is_ascii_digit()));
    let edit =
        |two: &[&str]| matches!(two, [what, how] if parse_channels(what).is_some() && parse_transition(how).is_some());
    let columns = numbered && words.windows(2).skip(2).any(edit);
    columns || (words.len() >= 6 && words.iter().filter(|word| word.matches([':', ';']).count() == 3).count() >= 2)
}

fn is_black(reel: &str) -> bool {
    ["BL", "BLACK", "BLK"].iter().any(|black| reel.eq_ignore_ascii_case(black))
}

fn record_marked(entry: &Entry) -> bool {
    let [_, _, record_in, _] = &entry.timecodes;
    timecode::split(record_in).is_some_and(|fields| fields.marked)
}

/// The rate that the highest frame number asks for.
fn conclude_rate(entries: &[Entry], drop: bool) -> Rate {
    let frames = entries.iter().flat_map(|entry| &entry.timecodes).filter_map(|timecode| timecode::split(timecode));
    let highest = frames.map(|fields| fields.parts[3]).max().unwrap_or(0);
    let whole = |nominal| Rate::new(nominal, 1).unwrap_or(Rate::FILM);
    match highest {
        0..=29 if drop => Rate { numerator: 30000, denominator: 1001 },
        _ if drop => Rate { numerator: 60000, denominator: 1001 },
        0..=23 => Rate::FILM,
        24 => whole(25),
        25..=29 => whole(30),
        30..=47 => whole(48),
        48..=49 => whole(50),
        50..=59 => whole(60),
        60..=99 => whole(100),
        _ => whole(120),
    }
}

/// Source and record range; none when a timecode cannot be read at this rate.
fn ranges(entry: &Entry, rate: Rate) -> Option<(TimeRange, TimeRange)> {
    let [source_in, source_out, record_in, record_out] =
        entry.timecodes.each_ref().map(|text| Timecode::parse(text, rate, entry.drop).map(|timecode| timecode.frames));
    let span = |start: i64, end: i64| TimeRange { start, duration: (end - start).max(0), rate };
    Some((span(source_in?, source_out?), span(record_in?, record_out?)))
}

/// The first line of a transition shows on what the event before it shows.
fn continues(before: &Entry, entry: &Entry) -> bool {
    before.reel == entry.reel && before.timecodes[1] == entry.timecodes[0] && before.channels == entry.channels
}

fn set_speed(event: &mut Event, entry: &Entry, stated: TimeRange, rate: Rate) {
    if event.part == Part::Transition {
        return;
    }
    event.speed = match entry.speed {
        Some(0.0) => Speed::Freeze,
        Some(frames_per_second) => Speed::Constant(frames_per_second / rate.as_f64()),
        None if stated.duration != event.record.duration => Speed::Varying,
        None => Speed::Normal,
    };
    if event.speed != Speed::Normal {
        event.shown = Some(stated);
    }
    // Avid appends this to the names of frozen clips.
    let is_frozen = (event.speed == Speed::Freeze || entry.freeze_comment) && stated.duration != event.record.duration;
    if let Some(name) = event.name.strip_suffix(" FF").filter(|_| is_frozen) {
        event.name = name.trim_end().to_owned();
    }
}

/// Picture tracks first, then sound, each by its number.
fn number_tracks(events: &mut [(Channel, Event)]) {
    let channels: BTreeMap<Channel, ()> = events.iter().map(|(channel, _)| (*channel, ())).collect();
    let indices: BTreeMap<Channel, usize> = channels.into_keys().enumerate().map(|(index, key)| (key, index)).collect();
    for (channel, event) in events.iter_mut() {
        event.track = indices.get(channel).copied().unwrap_or(0);
    }
    events.sort_by_key(|(channel, _)| *channel);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(edl: &str) -> Vec<Event> {
        read("x.edl", edl.as_bytes(), None).unwrap().timelines.remove(0).events
    }

    const CUTS: &str = "TITLE: Reel 1\nFCM: NON-DROP FRAME\n\n\
        001  A001C002 V     C        01:00:04:05 01:00:05:12 00:59:53:11 00:59:54:18\n\
        * FROM CLIP NAME:  shot one (v2)\n* SOURCE FILE: A001C002_0101.mov\n\
        002  BL       V     C        00:00:00:00 00:00:01:00 00:59:54:18 00:59:55:18\n\
        003  A001C003 AA/V  C        01:00:00:00 01:00:01:00 00:59:55:18 00:59:56:18\n";

    #[test]
    fn events_with_any_line_ending_are_the_same() {
        for ending in ["\n", "\r\n", "\r"] {
            let list = events(&CUTS.replace('\n', ending));
            assert_eq!(list.len(), 4, "{ending:?}");
            let first = &list[0];
            assert_eq!((first.id.as_str(), first.name.as_str()), ("001", "shot one (v2)"));
            assert_eq!(first.names, ["A001C002_0101.mov"]);
            assert_eq!((first.source.start, first.source.duration), (86501, 31));
            assert_eq!((first.record.start, first.record.duration), (86243, 31));
            assert_eq!(list.iter().map(|event| event.track).collect::<Vec<_>>(), [0, 0, 1, 2]);
        }
    }

    #[test]
    fn a_list_that_ends_in_the_middle_of_an_event_is_not_read_to_its_end() {
        let whole = CUTS.trim_end();
        // With less than its channels and its edit a line can be any other.
        for cut in [1, 11, 20, 30, 44] {
            let document = read("x.edl", &whole.as_bytes()[..whole.len() - cut], None).unwrap();
            assert_eq!(document.problems.len(), usize::from(cut > 1), "{cut}: {:?}", document.problems);
        }
        let only = "TITLE: X\n001  AX       V     C        00:00:00:00 garbage\n";
        assert!(read("x.edl", only.as_bytes(), None).is_err());
        let notes = read("x.edl", b"TITLE: X\n3 takes of it\n12 shots, 2 cuts\n", None).unwrap();
        assert_eq!(notes.problems, []);
    }

    #[test]
    fn drop_frame_lists_count_real_frames() {
        let list = events("FCM: DROP FRAME\n001 AX V C 00:00:59;28 00:01:00;03 01:00:59;28 01:01:00;03\n");
        assert_eq!(list[0].record.duration, 3);
        assert_eq!(list[0].record.rate, Rate { numerator: 30000, denominator: 1001 });
    }

    #[test]
    fn the_rate_follows_the_frame_numbers() {
        let one = |frames: &str| {
            let edl = format!("001 AX V C 00:00:00:00 00:00:00:{frames} 01:00:00:00 01:00:00:{frames}\n");
            let document = read("x", edl.as_bytes(), None).unwrap();
            (document.timelines[0].rate.nominal(), document.timelines[0].rate_assumed)
        };
        assert_eq!([one("23"), one("24"), one("29"), one("49"), one("59")].map(|r| r.0), [24, 25, 30, 50, 60]);
        let known = Rate::new(25, 1).unwrap();
        let edl = b"001 AX V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00";
        let document = read("x", edl, Some(known)).unwrap();
        assert_eq!(document.timelines[0].events[0].record.start, 90_000);
    }

    #[test]
    fn a_dissolve_names_both_its_clips() {
        let list = events(
            "001 A V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n* FROM CLIP NAME: a\n\
             002 B V C 00:00:05:00 00:00:05:00 01:00:01:00 01:00:01:00\n\
             002 C V D 012 00:00:09:00 00:00:11:00 01:00:01:00 01:00:03:00\n\
             * FROM CLIP NAME: b\n* SOURCE FILE: b.mov\n* TO CLIP NAME: c\n* SOURCE FILE: c.mov\n",
        );
        let seen: Vec<_> = list.iter().map(|e| (e.name.as_str(), e.part, e.record.duration)).collect();
        assert_eq!(seen, [("a", Part::Edit, 24), ("b", Part::Transition, 12), ("c", Part::Edit, 48)]);
        assert_eq!(list[1].names, ["b.mov"]);
        assert_eq!(list[2].names, ["c.mov"]);
    }

    #[test]
    fn an_outgoing_clip_that_goes_on_is_told_once() {
        let list = events(
            "001 A V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n\
             002 A V C 00:00:01:00 00:00:01:00 01:00:01:00 01:00:01:00\n\
             002 C V W001 012 00:00:09:00 00:00:11:00 01:00:01:00 01:00:03:00\n",
        );
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn speed_and_freeze_say_what_is_shown() {
        let list = events(
            "001 A V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:01:00\nM2   A   048.0   00:00:00:00\n\
             002 B V C 00:00:05:00 00:00:05:01 01:00:01:00 01:00:03:00\nM2 B 000.0 00:00:05:00\n* FROM CLIP NAME: b FF\n\
             * SOURCE FILE: /Volumes/x/day2/take.mov\n",
        );
        assert_eq!(list[0].speed, Speed::Constant(2.0));
        assert_eq!((list[0].shown.map(|shown| shown.duration), list[0].source.duration), (Some(48), 24));
        assert_eq!((list[1].speed, list[1].name.as_str()), (Speed::Freeze, "b"));
        assert!(list[1].paths_among_names().eq(["/Volumes/x/day2/take.mov"]));
    }

    #[test]
    fn long_names_and_reels_with_spaces_are_kept() {
        let list = events(
            "000001  A REEL WITH A LONG NAME_2024.mov V2 C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n\
             000002  LONGREEL V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n\
             FINAL CUT PRO REEL: Long Reel 12 REPLACED BY: LONGREEL\n",
        );
        let reels: Vec<_> = list.iter().map(|event| event.reel.as_deref().unwrap()).collect();
        assert_eq!(reels, ["Long Reel 12", "A REEL WITH A LONG NAME_2024.mov"]);
    }

    #[test]
    fn identities_in_comments_are_read() {
        let umid = "060A2B340101010501010F1013000000".to_owned() + &"AB".repeat(16);
        let edl = format!("001 A V C 0:0:0:0 0:0:1:0 1:0:0:0 1:0:1:0\n* UMID: {umid}\n");
        assert_eq!(events(&edl)[0].identities, [Identity::Umid(umid.to_ascii_lowercase())]);
    }

    #[test]
    fn broken_lines_are_told_with_their_number() {
        let document =
            read("x", b"TITLE: x\n001 A V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n002 A V C 00:00:00:00 xx 01:00:00:00 01:00:01:00\n", None)
                .unwrap();
        assert_eq!(document.problems.first().map(|p| p.place.as_str()), Some("line 3"));
        assert!(read("x", b"nothing here", None).is_err());
        assert!(read("x", b"TITLE: x\n001 A V C 00:00:00:00 xx 01:00:00:00 01:00:01:00\n", None).is_err());
    }
}
