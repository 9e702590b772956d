//! Objects of an AAF file and their properties, as the Low-Level Container Specification stores them.
//!
//! An object is a storage whose class identifier names its class; the stream `properties` holds an index of
//! (property, form, size) and the values. References name child storages; collections have an index stream.

use crate::{compound::Compound, error::Unreadable, rate::Rate, text};
use std::cell::Cell;

/// The largest `properties` or index stream that is read.
const MAX_STREAM: u64 = 64 << 20;
/// The most bytes of objects that are read altogether, those read again included.
const MAX_TOTAL: u64 = 1 << 30;
/// The most members of one collection.
const MAX_MEMBERS: usize = 1_000_000;

/// An AUID in the byte order in which it is stored.
pub(super) type Auid = [u8; 16];

/// The stored form of an AUID that is written `aabbccdd-eeff-gghh-…`.
pub(super) const fn auid(first: u32, second: u16, third: u16, rest: [u8; 8]) -> Auid {
    let (a, b, c, d) = (first.to_le_bytes(), second.to_le_bytes(), third.to_le_bytes(), rest);
    [a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]]
}

/// The classes that timelines are made of: `0d010101-0101-NN00-060e-2b3402060101`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    EssenceGroup,
    Filler,
    OperationGroup,
    NestedScope,
    Pulldown,
    ScopeReference,
    Selector,
    Sequence,
    SourceClip,
    Timecode,
    Transition,
    FilmDescriptor,
    TapeDescriptor,
    ImportDescriptor,
    CompositionMob,
    MasterMob,
    SourceMob,
    TimelineMobSlot,
    Other,
}

impl Class {
    fn of(stored: &Auid) -> Self {
        const FAMILY: Auid = auid(0x0d01_0101, 0x0101, 0, [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x06, 0x01, 0x01]);
        let [_, _, _, _, _, _, _, number, ..] = *stored;
        let mut rest = *stored;
        rest[7] = 0;
        if rest != FAMILY {
            return Self::Other;
        }
        match number {
            0x05 => Self::EssenceGroup,
            0x09 => Self::Filler,
            0x0a => Self::OperationGroup,
            0x0b => Self::NestedScope,
            0x0c => Self::Pulldown,
            0x0d => Self::ScopeReference,
            0x0e => Self::Selector,
            0x0f => Self::Sequence,
            0x11 => Self::SourceClip,
            0x14 => Self::Timecode,
            0x17 => Self::Transition,
            0x2d => Self::FilmDescriptor,
            0x2e => Self::TapeDescriptor,
            0x35 => Self::CompositionMob,
            0x36 => Self::MasterMob,
            0x37 => Self::SourceMob,
            0x3b => Self::TimelineMobSlot,
            0x4a => Self::ImportDescriptor,
            _ => Self::Other,
        }
    }
}

/// An object with its properties.
#[derive(Debug)]
pub(super) struct Object {
    entry: u32,
    pub(super) class: Class,
    /// Property, offset and size inside `data`.
    index: Vec<(u16, usize, usize)>,
    data: Vec<u8>,
}

/// The objects of one file.
pub(super) struct Objects<'a> {
    compound: Compound<'a>,
    bytes_read: Cell<u64>,
}

impl<'a> Objects<'a> {
    pub(super) fn new(compound: Compound<'a>) -> Self {
        Self { compound, bytes_read: Cell::new(0) }
    }

    /// A stream of a storage, counted against what may be read altogether.
    fn stream(&self, entry: u32, name: &str) -> Result<Vec<u8>, Unreadable> {
        let stream = self.compound.stream(entry, name, MAX_STREAM)?;
        self.bytes_read.set(self.bytes_read.get().saturating_add(stream.len() as u64));
        if self.bytes_read.get() > MAX_TOTAL {
            return Err(Unreadable::new("AAF", "more work than a timeline needs"));
        }
        Ok(stream)
    }

    pub(super) fn root(&self) -> Result<Object, Unreadable> {
        self.object(crate::compound::ROOT)
    }

    pub(super) fn object(&self, entry: u32) -> Result<Object, Unreadable> {
        let described = self.compound.entry(entry).map(|entry| (entry.name.clone(), Class::of(&entry.class)));
        let (name, class) = described.ok_or_else(|| Unreadable::new("AAF", "an object is missing"))?;
        let fail = |reason: &str| Unreadable::new(format!("AAF ({name})"), reason);
        let data = self.stream(entry, "properties").map_err(|error| fail(&error.reason))?;
        let [order, _, low, high, ..] = data[..] else { return Err(fail("the properties are cut off")) };
        if order != b'L' {
            return Err(fail("properties in a byte order that is not read"));
        }
        let count = usize::from(u16::from_le_bytes([low, high]));
        let mut offset = 4 + count * 6;
        let mut index = Vec::with_capacity(count);
        let headers = data.get(4..offset).ok_or_else(|| fail("the index of properties is cut off"))?;
        for header in headers.chunks_exact(6) {
            let [id_low, id_high, _, _, size_low, size_high] = *header else { continue };
            let size = usize::from(u16::from_le_bytes([size_low, size_high]));
            index.push((u16::from_le_bytes([id_low, id_high]), offset, size));
            offset += size;
        }
        if offset > data.len() {
            return Err(fail("a property is cut off"));
        }
        Ok(Object { entry, class, index, data })
    }

    /// The object that a property holds.
    pub(super) fn child(&self, object: &Object, property: u16) -> Result<Option<Object>, Unreadable> {
        let Some(name) = object.string(property) else { return Ok(None) };
        self.compound.child(object.entry, &name).map(|entry| self.object(entry)).transpose()
    }

    /// The storages of the objects that a property's vector or set holds, in their order.
    pub(super) fn members(&self, object: &Object, property: u16) -> Result<Vec<u32>, Unreadable> {
        let Some(name) = object.string(property) else { return Ok(Vec::new()) };
        let keys = self.local_keys(object, &name)?;
        let members =
            keys.into_iter().filter_map(|key| self.compound.child(object.entry, &format!("{name}{{{key:x}}}")));
        Ok(members.collect())
    }

    /// The numbers of a collection's members. A set's index also holds a key for each; a vector's does not.
    fn local_keys(&self, object: &Object, name: &str) -> Result<Vec<u32>, Unreadable> {
        let (count, rest) = self.index_stream(object, name)?;
        if rest.len() == count * 4 {
            return Ok(rest.chunks_exact(4).filter_map(word).collect());
        }
        let (size, entries) = set_entries(&rest, count).ok_or_else(|| bad_index(name))?;
        Ok(entries.chunks_exact(size).filter_map(word).collect())
    }

    /// The keys of a set: the MobIDs of essence data, the AUIDs of definitions.
    pub(super) fn set_keys(&self, object: &Object, property: u16) -> Result<Vec<Vec<u8>>, Unreadable> {
        let Some(name) = object.string(property) else { return Ok(Vec::new()) };
        let (count, rest) = self.index_stream(object, &name)?;
        let (size, entries) = set_entries(&rest, count).ok_or_else(|| bad_index(&name))?;
        Ok(entries.chunks_exact(size).filter_map(|entry| entry.get(8..)).map(<[u8]>::to_vec).collect())
    }

    fn index_stream(&self, object: &Object, name: &str) -> Result<(usize, Vec<u8>), Unreadable> {
        let stream = self.stream(object.entry, &format!("{name} index"));
        let mut stream = stream.map_err(|error| Unreadable::new(format!("AAF ({name})"), error.reason))?;
        let count = word(&stream).ok_or_else(|| bad_index(name))? as usize;
        if stream.len() < 12 || count > MAX_MEMBERS {
            return Err(bad_index(name));
        }
        Ok((count, stream.split_off(12)))
    }
}

fn bad_index(name: &str) -> Unreadable {
    Unreadable::new(format!("AAF ({name})"), "the index of members is broken")
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.get(..4)?.try_into().ok().map(u32::from_le_bytes)
}

/// A set's entries and the size of one: after the property of the key and the key's size.
fn set_entries(rest: &[u8], count: usize) -> Option<(usize, &[u8])> {
    let size = 8 + usize::from(*rest.get(2)?);
    let entries = rest.get(3..)?.get(..count.checked_mul(size)?)?;
    Some((size, entries))
}

impl Object {
    /// The directory entry that stores the object.
    pub(super) fn entry(&self) -> u32 {
        self.entry
    }

    pub(super) fn value(&self, property: u16) -> Option<&[u8]> {
        let (_, offset, size) = self.index.iter().find(|(id, _, _)| *id == property)?;
        self.data.get(*offset..offset + size)
    }

    pub(super) fn string(&self, property: u16) -> Option<String> {
        self.value(property).map(text::utf16_string).filter(|text| !text.is_empty())
    }

    pub(super) fn u32(&self, property: u16) -> Option<u32> {
        word(self.value(property)?)
    }

    /// A length or position: 64 bits, 32 in files that were written small.
    pub(super) fn i64(&self, property: u16) -> Option<i64> {
        let value = self.value(property)?;
        match value.len() {
            4 => value.try_into().ok().map(i32::from_le_bytes).map(i64::from),
            _ => value.get(..8)?.try_into().ok().map(i64::from_le_bytes),
        }
    }

    pub(super) fn flag(&self, property: u16) -> bool {
        self.value(property).is_some_and(|value| value.first().is_some_and(|byte| *byte != 0))
    }

    /// A rational number as a rate.
    pub(super) fn rate(&self, property: u16) -> Option<Rate> {
        let value = self.value(property)?;
        let (numerator, denominator) = (word(value)?, word(value.get(4..)?)?);
        let rate = Rate::new(numerator, denominator)?;
        // 2997/100 means 30000/1001.
        Rate::from_decimal(rate.as_f64())
    }

    /// An AUID that is the value itself.
    pub(super) fn auid(&self, property: u16) -> Option<Auid> {
        self.value(property)?.get(..16)?.try_into().ok()
    }

    /// The AUID that a weak reference names: after the number of the path, the property of the key and its size.
    pub(super) fn weak(&self, property: u16) -> Option<Auid> {
        self.value(property)?.get(5..21)?.try_into().ok()
    }

    pub(super) fn mob_id(&self, property: u16) -> Option<[u8; 32]> {
        self.value(property)?.get(..32)?.try_into().ok()
    }
}
