//! The mobs of an AAF file, and the chain from a master mob to the files and tapes behind it.

use super::objects::{Auid, Class, Object, Objects, auid};
use crate::{
    error::Unreadable,
    limits::Budget,
    model::{EventKind, Identity},
    rate::Rate,
};
use std::collections::{HashMap, HashSet};

/// How many mobs a chain may have.
const MAX_CHAIN: usize = 32;

pub(super) type MobId = [u8; 32];

/// Property identifiers of the AAF Object Specification.
pub(super) mod property {
    pub(crate) const DATA_DEFINITION: u16 = 0x0201;
    pub(crate) const LENGTH: u16 = 0x0202;
    pub(crate) const CHOICES: u16 = 0x0501;
    pub(crate) const OPERATION: u16 = 0x0b01;
    pub(crate) const INPUT_SEGMENTS: u16 = 0x0b02;
    pub(crate) const SCOPE_SLOTS: u16 = 0x0c01;
    pub(crate) const PULLDOWN_INPUT: u16 = 0x0d01;
    pub(crate) const SELECTED: u16 = 0x0f01;
    pub(crate) const ALTERNATES: u16 = 0x0f02;
    pub(crate) const COMPONENTS: u16 = 0x1001;
    pub(crate) const SOURCE_ID: u16 = 0x1101;
    pub(crate) const SOURCE_SLOT_ID: u16 = 0x1102;
    pub(crate) const START_TIME: u16 = 0x1201;
    pub(crate) const TIMECODE_START: u16 = 0x1501;
    pub(crate) const TIMECODE_DROP: u16 = 0x1503;
    pub(crate) const CUT_POINT: u16 = 0x1802;
    pub(crate) const MOBS: u16 = 0x1901;
    pub(crate) const ESSENCE_DATA: u16 = 0x1902;
    pub(crate) const IDENTIFICATION: u16 = 0x1b01;
    pub(crate) const IS_TIME_WARP: u16 = 0x1e02;
    pub(crate) const OPERATION_DEFINITIONS: u16 = 0x2603;
    pub(crate) const LOCATORS: u16 = 0x2f01;
    pub(crate) const CONTENT: u16 = 0x3b03;
    pub(crate) const DICTIONARY: u16 = 0x3b04;
    pub(crate) const HEADER: u16 = 0x0002;
    pub(crate) const URL: u16 = 0x4001;
    pub(crate) const MOB_ID: u16 = 0x4401;
    pub(crate) const MOB_NAME: u16 = 0x4402;
    pub(crate) const SLOTS: u16 = 0x4403;
    pub(crate) const USER_COMMENTS: u16 = 0x4406;
    pub(crate) const USAGE_CODE: u16 = 0x4408;
    pub(crate) const ESSENCE_DESCRIPTION: u16 = 0x4701;
    pub(crate) const SLOT_ID: u16 = 0x4801;
    pub(crate) const SEGMENT: u16 = 0x4803;
    pub(crate) const PHYSICAL_TRACK: u16 = 0x4804;
    pub(crate) const EDIT_RATE: u16 = 0x4b01;
    pub(crate) const TAG_NAME: u16 = 0x5001;
    pub(crate) const TAG_VALUE: u16 = 0x5003;
}
use property as p;

const TOP_LEVEL: Auid = auid(0x0d01_0102, 0x0101, 0x0700, [0x06, 0x0e, 0x2b, 0x34, 0x04, 0x01, 0x01, 0x01]);

/// A track of a mob.
pub(super) struct Slot {
    pub(super) id: u32,
    pub(super) rate: Option<Rate>,
    physical_track: Option<u32>,
    pub(super) segment: Object,
}

/// A mob with its tracks.
pub(super) struct Mob {
    pub(super) id: MobId,
    pub(super) class: Class,
    pub(super) name: String,
    pub(super) is_top_level: bool,
    pub(super) slots: Vec<Slot>,
    /// Locators of a file mob, as written.
    urls: Vec<String>,
    descriptor: Class,
}

impl Mob {
    pub(super) fn slot(&self, id: u32) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    fn is_tape(&self) -> bool {
        matches!(self.descriptor, Class::TapeDescriptor | Class::FilmDescriptor | Class::ImportDescriptor)
    }
}

/// The start timecode of a mob.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) units: i64,
    pub(super) rate: Rate,
    pub(super) drop: bool,
}

/// All mobs of a file.
pub(super) struct Mobs {
    pub(super) order: Vec<Mob>,
    by_id: HashMap<MobId, usize>,
    pub(super) embedded: HashSet<MobId>,
    pub(super) time_warps: HashSet<Auid>,
}

impl Mobs {
    pub(super) fn read(objects: &Objects<'_>, budget: &mut Budget) -> Result<Self, Unreadable> {
        let header = objects.child(&objects.root()?, p::HEADER)?.ok_or_else(|| Unreadable::new("AAF", "no header"))?;
        let content =
            objects.child(&header, p::CONTENT)?.ok_or_else(|| Unreadable::new("AAF (Header)", "no content"))?;
        let mut mobs = Mobs {
            order: Vec::new(),
            by_id: HashMap::new(),
            embedded: HashSet::new(),
            time_warps: time_warps(objects, &header, budget)?,
        };
        for key in objects.set_keys(&content, p::ESSENCE_DATA)? {
            mobs.embedded.extend(MobId::try_from(key.as_slice()));
        }
        for entry in objects.members(&content, p::MOBS)? {
            budget.step("AAF (Mobs)")?;
            let mob = read_mob(objects, &objects.object(entry)?, budget)?;
            mobs.by_id.insert(mob.id, mobs.order.len());
            mobs.order.push(mob);
        }
        Ok(mobs)
    }

    pub(super) fn get(&self, id: &MobId) -> Option<&Mob> {
        self.by_id.get(id).and_then(|index| self.order.get(*index))
    }
}

/// The operations that change speed.
fn time_warps(objects: &Objects<'_>, header: &Object, budget: &mut Budget) -> Result<HashSet<Auid>, Unreadable> {
    let mut found = HashSet::new();
    let Some(dictionary) = objects.child(header, p::DICTIONARY)? else { return Ok(found) };
    for entry in objects.members(&dictionary, p::OPERATION_DEFINITIONS)? {
        budget.step("AAF (OperationDefinitions)")?;
        let operation = objects.object(entry)?;
        if operation.flag(p::IS_TIME_WARP) {
            found.extend(operation.auid(p::IDENTIFICATION));
        }
    }
    Ok(found)
}

fn read_mob(objects: &Objects<'_>, mob: &Object, budget: &mut Budget) -> Result<Mob, Unreadable> {
    let id = mob.mob_id(p::MOB_ID).ok_or_else(|| Unreadable::new("AAF (Mob)", "a mob without a MobID"))?;
    let mut slots = Vec::new();
    for entry in objects.members(mob, p::SLOTS)? {
        budget.step("AAF (Mob Slots)")?;
        let slot = objects.object(entry)?;
        let Some(segment) = objects.child(&slot, p::SEGMENT)? else { continue };
        slots.push(Slot {
            id: slot.u32(p::SLOT_ID).unwrap_or(0),
            rate: if slot.class == Class::TimelineMobSlot { slot.rate(p::EDIT_RATE) } else { None },
            physical_track: slot.u32(p::PHYSICAL_TRACK),
            segment,
        });
    }
    let mut urls = user_comment_urls(objects, mob, budget)?;
    let mut descriptor = Class::Other;
    if let Some(description) = objects.child(mob, p::ESSENCE_DESCRIPTION)? {
        descriptor = description.class;
        for entry in objects.members(&description, p::LOCATORS)?.into_iter().take(16) {
            budget.step("AAF (Locators)")?;
            urls.extend(objects.object(entry)?.string(p::URL));
        }
    }
    Ok(Mob {
        id,
        class: mob.class,
        name: mob.string(p::MOB_NAME).unwrap_or_default(),
        is_top_level: mob.auid(p::USAGE_CODE) == Some(TOP_LEVEL),
        slots,
        urls,
        descriptor,
    })
}

/// Paths that editors and pipelines leave in a mob's comments.
fn user_comment_urls(objects: &Objects<'_>, mob: &Object, budget: &mut Budget) -> Result<Vec<String>, Unreadable> {
    let mut urls = Vec::new();
    for entry in objects.members(mob, p::USER_COMMENTS)?.into_iter().take(256) {
        budget.step("AAF (UserComments)")?;
        let comment = objects.object(entry)?;
        let is_path =
            comment.string(p::TAG_NAME).is_some_and(|name| ["UNC Path", "Source Path"].contains(&name.as_str()));
        // An indirect value: its byte order and type come first.
        let value = comment.value(p::TAG_VALUE).and_then(|value| value.get(17..)).map(crate::text::utf16_string);
        urls.extend(value.filter(|value| is_path && !value.is_empty()));
    }
    Ok(urls)
}

/// Picture or sound, by the data definition of a segment; none for timecode, edge code and descriptions.
pub(super) fn kind_of(segment: &Object) -> Option<EventKind> {
    const NEW: [u8; 8] = [0x06, 0x0e, 0x2b, 0x34, 0x04, 0x01, 0x01, 0x01];
    const OLD: [u8; 8] = [0x80, 0x7d, 0x00, 0x60, 0x08, 0x14, 0x3e, 0x6f];
    const MATTE: [u8; 8] = [0x80, 0xad, 0x00, 0x60, 0x08, 0x14, 0x3e, 0x6f];
    const PICTURES: [Auid; 4] = [
        auid(0x0103_0202, 0x0100, 0, NEW),
        auid(0x6f3c_8ce1, 0x6cef, 0x11d2, OLD),
        auid(0x05cb_a731, 0x1daa, 0x11d3, MATTE),
        auid(0x05cb_a732, 0x1daa, 0x11d3, MATTE),
    ];
    const SOUNDS: [Auid; 2] = [auid(0x0103_0202, 0x0200, 0, NEW), auid(0x78e1_ebe1, 0x6cef, 0x11d2, OLD)];
    let definition = segment.weak(p::DATA_DEFINITION)?;
    if PICTURES.contains(&definition) {
        Some(EventKind::Video)
    } else if SOUNDS.contains(&definition) {
        Some(EventKind::Audio)
    } else {
        None
    }
}

/// A mob's identifier in the byte order that MXF and UMIDs are written in.
pub(super) fn umid(id: &MobId) -> Option<Identity> {
    let [label @ .., a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, q] = *id;
    let material = [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, q];
    let digits: String = label.iter().chain(&material).map(|byte| format!("{byte:02x}")).collect();
    Identity::parse(&digits)
}

/// What lies behind a clip of a master mob.
#[derive(Default)]
pub(super) struct Source {
    /// The clip's first unit in the medium, start timecodes included, in the master slot's rate.
    pub(super) start: i64,
    pub(super) urls: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) reel: Option<String>,
    pub(super) identities: Vec<Identity>,
    pub(super) embedded: bool,
}

/// A source clip in a slot of a master mob, and the edit rate of that slot.
#[derive(Clone, Copy)]
pub(super) struct MasterClip<'a> {
    pub(super) mob: &'a Mob,
    pub(super) clip: &'a Object,
    pub(super) rate: Rate,
}

/// Follows a source clip of a mob's slot down to its files and tapes.
pub(super) fn follow(
    objects: &Objects<'_>,
    mobs: &Mobs,
    MasterClip { mob, clip, rate }: MasterClip<'_>,
    budget: &mut Budget,
) -> Result<Source, Unreadable> {
    let mut source =
        Source { identities: umid(&mob.id).into_iter().collect(), urls: mob.urls.clone(), ..Source::default() };
    source.embedded = mobs.embedded.contains(&mob.id);
    source.start = clip.i64(p::START_TIME).unwrap_or(0);
    if let Some(start) = start_timecode(objects, mob, budget)? {
        source.start = source.start.saturating_add(start.rate.convert(start.units, rate));
    }
    let mut target = clip.mob_id(p::SOURCE_ID).zip(clip.u32(p::SOURCE_SLOT_ID));
    for _ in 0..MAX_CHAIN {
        budget.step("AAF (SourceClip)")?;
        let Some((id, slot_id)) = target.take() else { break };
        let Some(next) = mobs.get(&id) else {
            // Not in this file: its identifier is all there is to know.
            source.identities.extend(umid(&id));
            break;
        };
        describe(&mut source, next, mobs.embedded.contains(&id));
        let Some(slot) = next.slot(slot_id) else { break };
        let Some(inner) = source_clip(objects, &slot.segment, 0, budget)? else { break };
        let slot_rate = slot.rate.unwrap_or(rate);
        source.start = source.start.saturating_add(slot_rate.convert(inner.i64(p::START_TIME).unwrap_or(0), rate));
        if let Some(start) = start_timecode(objects, next, budget)? {
            source.start = source.start.saturating_add(start.rate.convert(start.units, rate));
        }
        target = inner.mob_id(p::SOURCE_ID).zip(inner.u32(p::SOURCE_SLOT_ID));
    }
    Ok(source)
}

fn describe(source: &mut Source, mob: &Mob, embedded: bool) {
    source.embedded |= embedded;
    source.urls.extend(mob.urls.iter().cloned());
    if mob.is_tape() {
        // Many files come from one tape: its identifier is none of theirs.
        source.reel.get_or_insert_with(|| mob.name.clone());
    } else {
        source.identities.extend(umid(&mob.id));
    }
    source.names.extend(Some(&mob.name).filter(|name| !name.is_empty()).cloned());
}

/// The first source clip of a segment.
fn source_clip(
    objects: &Objects<'_>,
    segment: &Object,
    depth: usize,
    budget: &mut Budget,
) -> Result<Option<Object>, Unreadable> {
    let property = match segment.class {
        Class::SourceClip => return Ok(Some(objects_again(objects, segment)?)),
        Class::Sequence => p::COMPONENTS,
        Class::EssenceGroup => p::CHOICES,
        Class::Pulldown => {
            let input = objects.child(segment, p::PULLDOWN_INPUT)?;
            return match input {
                Some(input) if depth < 8 => source_clip(objects, &input, depth + 1, budget),
                _ => Ok(None),
            };
        }
        _ => return Ok(None),
    };
    if depth >= 8 {
        return Ok(None);
    }
    for entry in objects.members(segment, property)?.into_iter().take(64) {
        budget.step("AAF (Sequence)")?;
        let found = source_clip(objects, &objects.object(entry)?, depth + 1, budget)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn objects_again(objects: &Objects<'_>, object: &Object) -> Result<Object, Unreadable> {
    objects.object(object.entry())
}

/// The timecode of a mob's first physical timecode track.
pub(super) fn start_timecode(
    objects: &Objects<'_>,
    mob: &Mob,
    budget: &mut Budget,
) -> Result<Option<Start>, Unreadable> {
    for slot in mob.slots.iter().filter(|slot| slot.physical_track == Some(1)) {
        let found = match slot.segment.class {
            Class::Timecode => start_of(&slot.segment, slot),
            Class::Sequence => {
                let mut found = None;
                for entry in objects.members(&slot.segment, p::COMPONENTS)?.into_iter().take(16) {
                    budget.step("AAF (Timecode)")?;
                    let component = objects.object(entry)?;
                    if component.class == Class::Timecode {
                        found = start_of(&component, slot);
                        break;
                    }
                }
                found
            }
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn start_of(timecode: &Object, slot: &Slot) -> Option<Start> {
    let rate = slot.rate.unwrap_or(Rate::FILM);
    Some(Start { units: timecode.i64(p::TIMECODE_START)?, rate, drop: timecode.flag(p::TIMECODE_DROP) })
}
