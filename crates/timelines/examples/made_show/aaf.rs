//! The made show as AAF: objects and their properties written into a compound file.

use super::{MEDIA, Media, Reel, Shot};
use std::io::{Cursor, Write};
use uuid::Uuid;

const LABEL: [u8; 8] = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x06, 0x01, 0x01];
const DEFINITION: [u8; 8] = [0x06, 0x0e, 0x2b, 0x34, 0x04, 0x01, 0x01, 0x01];
const TIME_WARP: u32 = 0x9d2e_a890;

/// The file forms of the low-level container.
const DATA: u16 = 0x82;
const STRONG: u16 = 0x22;
const STRONG_VECTOR: u16 = 0x32;
const STRONG_SET: u16 = 0x3a;
const WEAK: u16 = 0x02;

#[derive(Default)]
struct Object {
    /// The class `0d010101-0101-NN00-…`.
    class: u16,
    values: Vec<(u16, u16, Vec<u8>)>,
    children: Vec<(u16, Child)>,
}

enum Child {
    One(Object),
    Vector(Vec<Object>),
    Set(Vec<(Vec<u8>, Object)>),
}

fn object(class: u16) -> Object {
    Object { class, ..Object::default() }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn stored_auid(first: u32, second: u16, third: u16, rest: [u8; 8]) -> Vec<u8> {
    [&first.to_le_bytes()[..], &second.to_le_bytes(), &third.to_le_bytes(), &rest].concat()
}

impl Object {
    fn value(mut self, property: u16, bytes: impl Into<Vec<u8>>) -> Self {
        self.values.push((property, DATA, bytes.into()));
        self
    }

    fn text(self, property: u16, text: &str) -> Self {
        self.value(property, utf16(text))
    }

    /// A weak reference: path, property of the key, size of the key, key.
    fn weak(mut self, property: u16, auid: Vec<u8>) -> Self {
        let head = [0, 0, 0x01, 0x1b, 16];
        self.values.push((property, WEAK, [&head[..], &auid].concat()));
        self
    }

    fn one(mut self, property: u16, child: Object) -> Self {
        self.children.push((property, Child::One(child)));
        self
    }

    fn vector(mut self, property: u16, children: Vec<Object>) -> Self {
        self.children.push((property, Child::Vector(children)));
        self
    }

    fn set(mut self, property: u16, children: Vec<(Vec<u8>, Object)>) -> Self {
        self.children.push((property, Child::Set(children)));
        self
    }
}

type File = cfb::CompoundFile<Cursor<Vec<u8>>>;

fn put(file: &mut File, path: &str, content: &[u8]) {
    file.create_stream(path).unwrap().write_all(content).unwrap();
}

fn save(file: &mut File, path: &str, object: &Object) {
    let class = Uuid::from_fields(0x0d01_0101, 0x0101, object.class << 8, &LABEL);
    if path.is_empty() {
        file.set_storage_clsid("/", class).unwrap();
    } else {
        file.create_storage(path).unwrap();
        file.set_storage_clsid(path, class).unwrap();
    }
    let mut values: Vec<(u16, u16, Vec<u8>)> = object.values.clone();
    for (property, child) in &object.children {
        let name = format!("p{property:x}");
        let index = |keys: &[Vec<u8>], is_set: bool| {
            let mut bytes: Vec<u8> =
                [keys.len() as u32, keys.len() as u32, u32::MAX].into_iter().flat_map(u32::to_le_bytes).collect();
            if is_set {
                bytes.extend([0x01, 0x44, keys.first().map_or(32, Vec::len) as u8]);
            }
            for (at, key) in keys.iter().enumerate() {
                bytes.extend((at as u32).to_le_bytes());
                if is_set {
                    bytes.extend([1, 0, 0, 0]);
                    bytes.extend(key);
                }
            }
            bytes
        };
        match child {
            Child::One(child) => {
                values.push((*property, STRONG, utf16(&name)));
                save(file, &format!("{path}/{name}"), child);
            }
            Child::Vector(children) => {
                values.push((*property, STRONG_VECTOR, utf16(&name)));
                put(file, &format!("{path}/{name} index"), &index(&vec![Vec::new(); children.len()], false));
                for (at, child) in children.iter().enumerate() {
                    save(file, &format!("{path}/{name}{{{at:x}}}"), child);
                }
            }
            Child::Set(children) => {
                values.push((*property, STRONG_SET, utf16(&name)));
                let keys: Vec<Vec<u8>> = children.iter().map(|(key, _)| key.clone()).collect();
                put(file, &format!("{path}/{name} index"), &index(&keys, true));
                for (at, (_, child)) in children.iter().enumerate() {
                    save(file, &format!("{path}/{name}{{{at:x}}}"), child);
                }
            }
        }
    }
    let mut stream = vec![b'L', 0x20];
    stream.extend((values.len() as u16).to_le_bytes());
    for (property, form, bytes) in &values {
        stream.extend([*property, *form, bytes.len() as u16].into_iter().flat_map(u16::to_le_bytes));
    }
    stream.extend(values.iter().flat_map(|(_, _, bytes)| bytes));
    put(file, &format!("{path}/properties"), &stream);
}

fn picture() -> Vec<u8> {
    stored_auid(0x0103_0202, 0x0100, 0, DEFINITION)
}

fn sound() -> Vec<u8> {
    stored_auid(0x0103_0202, 0x0200, 0, DEFINITION)
}

fn timecode_kind() -> Vec<u8> {
    stored_auid(0x0103_0201, 0x0100, 0, DEFINITION)
}

fn component(class: u16, kind: &[u8], length: i64) -> Object {
    object(class).weak(0x0201, kind.to_vec()).value(0x0202, length.to_le_bytes())
}

fn source_clip(kind: &[u8], mob: [u8; 32], slot: u32, start: i64, length: i64) -> Object {
    component(0x11, kind, length)
        .value(0x1101, mob)
        .value(0x1102, slot.to_le_bytes())
        .value(0x1201, start.to_le_bytes())
}

fn slot(id: u32, track: u32, segment: Object) -> Object {
    let rate = [24_u32, 1].into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
    object(0x3b)
        .value(0x4801, id.to_le_bytes())
        .value(0x4804, track.to_le_bytes())
        .value(0x4b01, rate)
        .value(0x4b02, 0_i64.to_le_bytes())
        .one(0x4803, segment)
}

fn timecode_slot(id: u32, start: i64) -> Object {
    let timecode = component(0x14, &timecode_kind(), 10_000_000)
        .value(0x1501, start.to_le_bytes())
        .value(0x1502, 24_u16.to_le_bytes())
        .value(0x1503, [0]);
    slot(id, 1, timecode)
}

/// A UMID as AAF stores it: the first three fields of the material number, taken as a UUID, have their bytes turned.
fn stored(umid: [u8; 32]) -> [u8; 32] {
    let mut id = umid;
    id[16..20].reverse();
    id[20..22].reverse();
    id[22..24].reverse();
    id
}

/// The identifier of a mob that no file carries.
fn mob_id(kind: u8, index: usize) -> [u8; 32] {
    let mut id = [0; 32];
    id[..16].copy_from_slice(&[6, 10, 43, 52, 1, 1, 1, 5, 1, 1, 15, 16, 19, 0, 0, 0]);
    id[16..].copy_from_slice(&[kind; 16]);
    id[31] = index as u8;
    id
}

fn mob(class: u16, id: [u8; 32], name: &str, slots: Vec<Object>) -> (Vec<u8>, Object) {
    (id.to_vec(), object(class).value(0x4401, id).text(0x4402, name).vector(0x4403, slots))
}

fn media_mobs(media: &Media, index: usize) -> Vec<(Vec<u8>, Object)> {
    let kind = if media.is_sound { sound() } else { picture() };
    let (master, tape) = (mob_id(1, index), mob_id(3, index));
    let file = media.umid().map(stored).unwrap_or_else(|| mob_id(2, index));
    let name = media.file_name().rsplit_once('.').map_or("", |(stem, _)| stem);
    let locator = object(0x32).text(0x4001, &media.url());
    let (key, file_mob) =
        mob(0x37, file, media.file_name(), vec![slot(1, 1, source_clip(&kind, tape, 1, 0, media.duration))]);
    let file_mob = file_mob.one(0x4701, object(0x28).vector(0x2f01, vec![locator]));
    let tape_slots = vec![slot(1, 1, source_clip(&kind, [0; 32], 0, 0, media.duration)), timecode_slot(2, media.start)];
    let (tape_key, tape_mob) = mob(0x37, tape, media.reel, tape_slots);
    vec![
        mob(0x36, master, name, vec![slot(1, 1, source_clip(&kind, file, 1, 0, media.duration))]),
        (key, file_mob),
        (tape_key, tape_mob.one(0x4701, object(0x2e))),
    ]
}

fn shot_segment(shot: &Shot, extra: i64) -> Object {
    let media = &MEDIA[shot.media];
    let kind = if media.is_sound { sound() } else { picture() };
    let length = shot.duration + extra;
    let taken = if shot.fast { length * 2 } else { length };
    let clip = source_clip(&kind, mob_id(1, shot.media), 1, shot.source - media.start, taken);
    if shot.fast {
        let warp = stored_auid(TIME_WARP, 0x0968, 0x11d3, DEFINITION);
        return component(0x0a, &kind, length).weak(0x0b01, warp).vector(0x0b02, vec![clip]);
    }
    if shot.disabled {
        let nothing = component(0x09, &kind, length);
        return component(0x0e, &kind, length).one(0x0f01, nothing).vector(0x0f02, vec![clip]);
    }
    clip
}

/// Shots one after the other; a dissolve lets the shot before it go on underneath.
fn sequence(kind: &[u8], shots: &[&Shot], nested: &[&Shot]) -> Object {
    let mut components = Vec::new();
    let mut length = 0;
    for (index, shot) in shots.iter().enumerate() {
        length += shot.duration;
        if let Some(first) = nested.first().filter(|_| shot.nested) {
            if std::ptr::eq(*shot, *first) {
                let whole = nested.iter().map(|shot| shot.duration).sum();
                components.push(source_clip(kind, mob_id(5, 0), 1, 0, whole));
            }
            continue;
        }
        if shot.dissolve > 0 {
            components.push(component(0x17, kind, shot.dissolve).value(0x1802, 0_i64.to_le_bytes()));
        }
        let extra = shots.get(index + 1).map_or(0, |next| next.dissolve);
        components.push(shot_segment(shot, extra));
    }
    component(0x0f, kind, length).vector(0x1001, components)
}

pub fn write(reel: &Reel) -> Vec<u8> {
    build(reel, &[])
}

/// The same with the first medium inside the file.
pub fn with_essence(reel: &Reel) -> Vec<u8> {
    build(reel, &[mob_id(2, 0)])
}

fn build(reel: &Reel, essence: &[[u8; 32]]) -> Vec<u8> {
    let mut mobs: Vec<(Vec<u8>, Object)> =
        MEDIA.iter().enumerate().flat_map(|(index, media)| media_mobs(media, index)).collect();
    let nested = reel.nested();
    mobs.push(mob(0x35, mob_id(5, 0), "nest", vec![slot(1, 1, sequence(&picture(), &nested, &[]))]));
    let pictures: Vec<&Shot> = reel.pictures().collect();
    let sounds: Vec<&Shot> = reel.sounds().collect();
    let slots = vec![
        timecode_slot(3, reel.start()),
        slot(1, 1, sequence(&picture(), &pictures, &nested)),
        slot(2, 1, sequence(&sound(), &sounds, &[])),
    ];
    let (key, cut) = mob(0x35, mob_id(4, 0), &reel.name(), slots);
    mobs.push((key, cut.value(0x4408, stored_auid(0x0d01_0102, 0x0101, 0x0700, DEFINITION))));
    let warp = stored_auid(TIME_WARP, 0x0968, 0x11d3, DEFINITION);
    let speed = object(0x1c).value(0x1b01, warp.clone()).text(0x1b02, "Motion Control").value(0x1e02, [1]);
    let dictionary = object(0x22).set(0x2603, vec![(warp, speed)]);
    let mut content = object(0x18).set(0x1901, mobs);
    if !essence.is_empty() {
        let data = essence.iter().map(|id| (id.to_vec(), object(0x23).value(0x2701, *id))).collect();
        content = content.set(0x1902, data);
    }
    let header = object(0x2f).one(0x3b03, content).one(0x3b04, dictionary);
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    save(&mut file, "", &object(0x01).one(0x0002, header));
    file.flush().unwrap();
    file.into_inner().into_inner()
}
