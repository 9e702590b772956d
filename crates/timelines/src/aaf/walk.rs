//! Compositions of an AAF file, walked into events.

use super::{
    mobs::{MasterClip, Mob, MobId, Mobs, Slot, follow, kind_of, property as p, start_timecode, umid},
    objects::{Class, Object, Objects},
};
use crate::{
    error::Unreadable,
    limits::{Budget, check_depth},
    locate::{Placement, seconds},
    model::{Document, Event, EventKind, Format, MediaPosition, Speed, TimeRange, Timeline},
    rate::Rate,
    timecode::Timecode,
};
use std::collections::HashSet;

pub(super) fn timelines(objects: &Objects<'_>, mobs: &Mobs, budget: &mut Budget) -> Result<Document, Unreadable> {
    let mut document = Document::default();
    for mob in top_level(mobs) {
        budget.timeline("AAF (Mobs)")?;
        let mut walker = Walker { objects, mobs, budget, events: Vec::new(), open: Vec::new() };
        document.timelines.push(walker.timeline(mob)?);
    }
    document.embedded = mobs.embedded.len();
    Ok(document)
}

/// The compositions that are cuts: marked so, else those that no other composition uses. A file without compositions
/// hands over clips: its master mobs.
fn top_level(mobs: &Mobs) -> Vec<&Mob> {
    let compositions = || mobs.order.iter().filter(|mob| mob.class == Class::CompositionMob);
    let marked: Vec<&Mob> = compositions().filter(|mob| mob.is_top_level).collect();
    if !marked.is_empty() {
        return marked;
    }
    if compositions().next().is_none() {
        return mobs.order.iter().filter(|mob| mob.class == Class::MasterMob).collect();
    }
    let used: HashSet<MobId> = compositions()
        .flat_map(|mob| &mob.slots)
        .filter(|slot| slot.segment.class == Class::SourceClip)
        .filter_map(|slot| slot.segment.mob_id(p::SOURCE_ID))
        .collect();
    compositions().filter(|mob| !used.contains(&mob.id)).collect()
}

/// A part of a segment that is shown: `length` units from `skip`, placed at `at` in the parent's time.
#[derive(Clone, Copy)]
struct Shown {
    at: i64,
    length: i64,
    skip: i64,
}

/// What a segment inherits.
#[derive(Clone, Copy)]
struct Inherited {
    place: Placement,
    rate: Rate,
    kind: EventKind,
    track: usize,
    enabled: bool,
    depth: usize,
    /// The units of source that a speed effect around this segment plays in `Shown::length`.
    warped: Option<i64>,
}

/// What a source clip refers to (AAF class SourceReference): a slot of a mob, from a unit on.
#[derive(Clone, Copy)]
struct SourceReference<'b> {
    mob: &'b Mob,
    slot_id: u32,
    start: i64,
}

struct Walker<'a, 'b> {
    objects: &'b Objects<'a>,
    mobs: &'b Mobs,
    budget: &'b mut Budget,
    events: Vec<Event>,
    /// The compositions that are being walked, against circles.
    open: Vec<MobId>,
}

impl<'b> Walker<'_, 'b> {
    fn timeline(&mut self, mob: &'b Mob) -> Result<Timeline, Unreadable> {
        let start = start_timecode(self.objects, mob, self.budget)?;
        let offset = start.map_or(0.0, |start| seconds(start.units, start.rate));
        let media: Vec<(&Slot, EventKind, Rate)> =
            mob.slots.iter().filter_map(|slot| Some((slot, kind_of(&slot.segment)?, slot.rate?))).collect();
        let picture = media.iter().find(|(_, kind, _)| *kind == EventKind::Video);
        let rate = picture.or(media.first()).map(|(_, _, rate)| *rate);
        self.open.push(mob.id);
        for (track, (slot, kind, rate)) in media.iter().enumerate() {
            let inherited = Inherited {
                place: Placement::root(offset),
                rate: *rate,
                kind: *kind,
                track,
                enabled: true,
                depth: 0,
                warped: None,
            };
            let length = slot.segment.i64(p::LENGTH).unwrap_or(i64::MAX / 4);
            let shown = Shown { at: 0, length, skip: 0 };
            match mob.class {
                Class::MasterMob => {
                    self.master(SourceReference { mob, slot_id: slot.id, start: 0 }, shown, inherited)?;
                }
                _ => self.segment(&slot.segment, shown, inherited)?,
            }
        }
        self.open.pop();
        for (index, event) in self.events.iter_mut().enumerate() {
            event.id = (index + 1).to_string();
        }
        let rate_stated = rate.or(start.map(|start| start.rate));
        let rate = rate_stated.unwrap_or(Rate::FILM);
        Ok(Timeline {
            name: mob.name.clone(),
            format: Format::Aaf,
            rate,
            rate_assumed: rate_stated.is_none(),
            start: start.map(|start| Timecode {
                frames: start.rate.convert(start.units, rate),
                rate,
                drop: start.drop,
            }),
            drop: start.is_some_and(|start| start.drop),
            events: std::mem::take(&mut self.events),
        })
    }

    fn segment(&mut self, segment: &Object, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        check_depth(inherited.depth, "AAF (Segment)")?;
        self.budget.step("AAF (Segment)")?;
        let inherited = Inherited { depth: inherited.depth + 1, ..inherited };
        match segment.class {
            Class::Sequence => self.sequence(segment, shown, inherited),
            Class::SourceClip => self.source_clip(segment, shown, inherited),
            Class::OperationGroup => self.operation_group(segment, shown, inherited),
            Class::Selector => self.selector(segment, shown, inherited),
            Class::NestedScope => {
                let slots = self.objects.members(segment, p::SCOPE_SLOTS)?;
                self.all(&slots, shown, inherited)
            }
            // Several copies of one essence: the first is the one that is played.
            Class::EssenceGroup => {
                let choices = self.objects.members(segment, p::CHOICES)?;
                self.all(choices.get(..1).unwrap_or_default(), shown, inherited)
            }
            Class::Pulldown => match self.objects.child(segment, p::PULLDOWN_INPUT)? {
                Some(input) => self.segment(&input, shown, inherited),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Segments of a collection, by their entries in the file, all in the same place.
    fn all(&mut self, entries: &[u32], shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        for entry in entries {
            let member = self.objects.object(*entry)?;
            self.segment(&member, shown, inherited)?;
        }
        Ok(())
    }

    /// Where the inside of something nested lies: its unit `inner` at the shown part's begin, cut to the shown part.
    fn inside(&self, shown: Shown, inner: i64, inherited: Inherited) -> Inherited {
        let in_seconds = |units| seconds(units, inherited.rate);
        let (at, length, inner) = (in_seconds(shown.at), in_seconds(shown.length), in_seconds(inner));
        let place = match inherited.warped.filter(|warped| *warped > 0) {
            Some(warped) => inherited.place.stretched(at, length, inner, shown.length as f64 / warped as f64),
            None => inherited.place.child(at, length, inner),
        };
        Inherited { place, warped: None, ..inherited }
    }

    /// Components one after the other. A transition overlaps both its neighbors; its cut point parts them.
    fn sequence(&mut self, segment: &Object, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        let inherited = self.inside(shown, shown.skip, inherited);
        let mut components = Vec::new();
        for entry in self.objects.members(segment, p::COMPONENTS)? {
            self.budget.step("AAF (Components)")?;
            components.push(self.objects.object(entry)?);
        }
        let mut position = 0_i64;
        let mut head = 0;
        for (index, component) in components.iter().enumerate() {
            let length = component.i64(p::LENGTH).unwrap_or(0).max(0);
            if component.class == Class::Transition {
                position = position.saturating_sub(length);
                head = component.i64(p::CUT_POINT).unwrap_or(0).clamp(0, length);
                continue;
            }
            let next = components.get(index + 1).filter(|next| next.class == Class::Transition);
            let tail = next.map_or(0, |next| {
                let length = next.i64(p::LENGTH).unwrap_or(0).max(0);
                length - next.i64(p::CUT_POINT).unwrap_or(0).clamp(0, length)
            });
            let visible = length.saturating_sub(head).saturating_sub(tail);
            if visible > 0 {
                let at = position.saturating_add(head);
                self.segment(component, Shown { at, length: visible, skip: head }, inherited)?;
            }
            position = position.saturating_add(length);
            head = 0;
        }
        Ok(())
    }

    /// Every input is shown; an operation that changes speed plays its input's length in its own.
    fn operation_group(&mut self, segment: &Object, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        let is_warp = segment.weak(p::OPERATION).is_some_and(|operation| self.mobs.time_warps.contains(&operation));
        for entry in self.objects.members(segment, p::INPUT_SEGMENTS)? {
            let input = self.objects.object(entry)?;
            let length = input.i64(p::LENGTH).filter(|_| is_warp);
            self.segment(&input, shown, Inherited { warped: length.or(inherited.warped), ..inherited })?;
        }
        Ok(())
    }

    /// The selected alternative; where nothing is selected the clip is there, but switched off.
    fn selector(&mut self, segment: &Object, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        let Some(selected) = self.objects.child(segment, p::SELECTED)? else { return Ok(()) };
        if !matches!(selected.class, Class::Filler | Class::ScopeReference) {
            return self.segment(&selected, shown, inherited);
        }
        let alternates = self.objects.members(segment, p::ALTERNATES)?;
        self.all(alternates.get(..1).unwrap_or_default(), shown, Inherited { enabled: false, ..inherited })
    }

    fn source_clip(&mut self, clip: &Object, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        let Some(id) = clip.mob_id(p::SOURCE_ID).filter(|id| id.iter().any(|byte| *byte != 0)) else { return Ok(()) };
        let start = clip.i64(p::START_TIME).unwrap_or(0).saturating_add(shown.skip);
        let slot_id = clip.u32(p::SOURCE_SLOT_ID).unwrap_or(0);
        match self.mobs.get(&id) {
            Some(mob) if mob.class == Class::CompositionMob => {
                self.nested(SourceReference { mob, slot_id, start }, shown, inherited)
            }
            Some(mob) => self.master(SourceReference { mob, slot_id, start }, shown, inherited),
            None => {
                let mut event = self.event(start, shown, inherited);
                event.identities.extend(umid(&id));
                self.push(event)
            }
        }
    }

    fn nested(&mut self, source: SourceReference<'b>, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        let SourceReference { mob, slot_id, start } = source;
        if self.open.contains(&mob.id) {
            return Err(Unreadable::new("AAF (SourceClip)", "a composition contains itself"));
        }
        let Some(slot) = mob.slot(slot_id) else { return Ok(()) };
        self.open.push(mob.id);
        let inner = self.inside(shown, start, inherited);
        let length = slot.segment.i64(p::LENGTH).unwrap_or(i64::MAX / 4);
        let inner = Inherited { rate: slot.rate.unwrap_or(inherited.rate), ..inner };
        self.segment(&slot.segment, Shown { at: 0, length, skip: 0 }, inner)?;
        self.open.pop();
        Ok(())
    }

    /// The clips of a master mob's slot: most have one, some are groups of copies, few are sequences.
    fn master(&mut self, source: SourceReference<'b>, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        let SourceReference { mob, slot_id, start } = source;
        let Some(slot) = mob.slot(slot_id) else {
            let mut event = self.event(start, shown, inherited);
            event.name.clone_from(&mob.name);
            event.identities.extend(umid(&mob.id));
            return self.push(event);
        };
        let media_rate = slot.rate.unwrap_or(inherited.rate);
        let entries = match slot.segment.class {
            Class::Sequence => self.objects.members(&slot.segment, p::COMPONENTS)?,
            _ => vec![slot.segment.entry()],
        };
        let wanted = inherited.rate.convert(start, media_rate);
        let end = inherited.rate.convert(start.saturating_add(shown.length), media_rate);
        let several = entries.len() > 1;
        let mut position = 0_i64;
        for entry in entries {
            self.budget.step("AAF (MasterMob)")?;
            let component = self.objects.object(entry)?;
            let length = component.i64(p::LENGTH).unwrap_or(0).max(0);
            let (begins, ends) = (position, position.saturating_add(length));
            position = ends;
            if several && (ends <= wanted || begins >= end) {
                continue;
            }
            let component = match component.class {
                Class::EssenceGroup => match self.objects.members(&component, p::CHOICES)?.first() {
                    Some(first) => self.objects.object(*first)?,
                    None => continue,
                },
                _ => component,
            };
            if component.class != Class::SourceClip {
                continue;
            }
            let in_cut = |units| media_rate.convert(units, inherited.rate);
            let piece = if several { part_of(shown, start, in_cut(begins), in_cut(ends)) } else { shown };
            let local = start.saturating_add(piece.at.saturating_sub(shown.at));
            let local = local.saturating_sub(in_cut(if several { begins } else { 0 }));
            let clip = MasterClip { mob, clip: &component, rate: media_rate };
            self.leaf(clip, local, piece, inherited)?;
        }
        Ok(())
    }

    fn leaf(&mut self, clip: MasterClip<'_>, start: i64, shown: Shown, inherited: Inherited) -> Result<(), Unreadable> {
        let source = follow(self.objects, self.mobs, clip, self.budget)?;
        let media_rate = clip.rate;
        let position = source.start.saturating_add(inherited.rate.convert(start, media_rate));
        let mut event = self.event(media_rate.convert(position, inherited.rate), shown, inherited);
        if media_rate.as_f64() > inherited.rate.as_f64() {
            event.source_position = Some(MediaPosition { units: position, rate: media_rate });
        }
        event.name.clone_from(&clip.mob.name);
        let mut urls = source.urls.into_iter();
        event.media = urls.next();
        event.other_media.extend(urls.take(16));
        event.names = source.names;
        event.names.retain(|name| *name != event.name);
        event.reel = source.reel;
        event.identities = source.identities;
        event.embedded = source.embedded;
        self.push(event)
    }

    fn event(&self, start: i64, shown: Shown, inherited: Inherited) -> Event {
        let rate = inherited.rate;
        let (record, played) = inherited.place.range(seconds(shown.at, rate), seconds(shown.length, rate), rate);
        let source = TimeRange { start, duration: shown.length, rate };
        let mut event = Event::new(inherited.kind, source, record);
        event.played = played;
        event.track = inherited.track;
        event.enabled = inherited.enabled;
        let is_stretched = (inherited.place.scale - 1.0).abs() > 1e-9;
        if let Some(warped) = inherited.warped.filter(|warped| *warped >= 0) {
            event.speed = speed(warped, shown.length);
            event.shown = Some(TimeRange { duration: warped, ..source });
        } else if is_stretched {
            event.speed = speed(shown.length, record.duration);
            event.shown = Some(source);
            event.source.duration = record.duration;
        }
        event
    }

    /// Keeps an event as far as the compositions around it show it: subclips are compositions of their own, and a cut
    /// shows a piece of them.
    fn push(&mut self, mut event: Event) -> Result<(), Unreadable> {
        self.budget.event("AAF")?;
        let Some(played) = event.played else { return Ok(()) };
        if played != event.record {
            let skipped = played.start.saturating_sub(event.record.start);
            event.source.start = event.source.start.saturating_add(skipped);
            event.source.duration = played.duration;
            if let Some(position) = &mut event.source_position {
                position.units = position.units.saturating_add(played.rate.convert(skipped, position.rate));
            }
            event.record = played;
        }
        self.events.push(event);
        Ok(())
    }
}

/// The speed at which so many units of source are played in so many units of the cut.
fn speed(source: i64, record: i64) -> Speed {
    match source {
        0 | 1 if record > 1 => Speed::Freeze,
        _ if source == record => Speed::Varying,
        _ => Speed::Constant(source as f64 / record.max(1) as f64),
    }
}

/// The part of what is shown that one component of a master's sequence covers, all in the units of the cut.
fn part_of(shown: Shown, start: i64, begins: i64, ends: i64) -> Shown {
    let first = start.max(begins);
    let last = start.saturating_add(shown.length).min(ends);
    Shown {
        at: shown.at.saturating_add(first.saturating_sub(start)),
        length: last.saturating_sub(first).max(0),
        skip: 0,
    }
}
