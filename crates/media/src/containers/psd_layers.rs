//! Layers of Photoshop documents: their names, the kinds of additional information, and files linked into smart
//! objects (Adobe Photoshop File Formats, "Layer and Mask Information Section" and "Additional Layer Information").

use std::collections::BTreeSet;

use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, Problem};

/// Layers that are looked at: Photoshop allows 8,000.
const LAYERS: u16 = 10_000;
/// Characters that a linked document's id may have.
const ID_UNITS: u64 = 64;
/// Keys whose length is 64-bit in large documents.
const LONG: &[&[u8]] = &[
    b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD",
];

/// Reads the layer and mask section at `start`, `len` bytes long; `large` for PSB.
///
/// # Errors
/// What ended the reading; what was read before stays.
pub fn read(source: &mut Source, (start, len): (u64, u64), large: bool, out: &mut Extraction) -> Result<(), Problem> {
    let mut reading = Layers { source, large, out, keys: BTreeSet::new() };
    let result = reading.sections(start, start.saturating_add(len));
    let keys: Vec<String> = reading.keys.iter().map(|k| k.escape_ascii().to_string()).collect();
    if !keys.is_empty() {
        let at = Place::new("PSD layers", reading.source.absolute(start));
        tags::push(reading.out, ("psd", "AdditionalInfo"), keys.join(" "), &at, 0);
    }
    result
}

/// Start and length of a section whose length is 64-bit in large documents.
///
/// # Errors
/// As [`Source::at`].
pub fn section(source: &mut Source, offset: u64, large: bool) -> Result<(u64, u64), Problem> {
    if large {
        Ok((offset.saturating_add(8), u64::from_be_bytes(source.array(offset)?)))
    } else {
        Ok((offset.saturating_add(4), u64::from(u32::from_be_bytes(source.array(offset)?))))
    }
}

struct Layers<'a> {
    source: &'a mut Source,
    large: bool,
    out: &'a mut Extraction,
    keys: BTreeSet<[u8; 4]>,
}

impl Layers<'_> {
    fn sections(&mut self, start: u64, end: u64) -> Result<(), Problem> {
        if end.saturating_sub(start) < 4 {
            return Ok(());
        }
        let (records, len) = section(self.source, start, self.large)?;
        self.records(records, records.saturating_add(len).min(end))?;
        let masks = records.saturating_add(len);
        if masks.saturating_add(4) > end {
            return Ok(());
        }
        let len = u64::from(u32::from_be_bytes(self.source.array(masks)?));
        self.blocks(masks.saturating_add(4).saturating_add(len), end, true)
    }

    /// The layer records between `start` and `end`; the channels' pixels follow them and are not read.
    fn records(&mut self, start: u64, end: u64) -> Result<(), Problem> {
        if end.saturating_sub(start) < 2 {
            return Ok(());
        }
        // Negative where the first alpha channel holds the merged transparency.
        let count = i16::from_be_bytes(self.source.array(start)?).unsigned_abs();
        let mut position = start.saturating_add(2);
        for _ in 0..count.min(LAYERS) {
            let channels = u64::from(u16::from_be_bytes(self.source.array(position.saturating_add(16))?));
            let blend = position.saturating_add(18 + channels * if self.large { 10 } else { 6 });
            let signature: [u8; 4] = self.source.array(blend)?;
            if &signature != b"8BIM" {
                return Err(Problem::malformed("", self.source.absolute(blend), "no 8BIM in a layer record"));
            }
            let extra = blend.saturating_add(12);
            let len = u64::from(u32::from_be_bytes(self.source.array(extra)?));
            let extra = extra.saturating_add(4);
            let next = extra.saturating_add(len);
            if next > end {
                return Err(Problem::malformed(
                    "",
                    self.source.absolute(extra),
                    "a layer record ends behind the layers",
                ));
            }
            self.extra(extra, next)?;
            position = next;
        }
        Ok(())
    }

    /// Mask, blending ranges, name, then blocks.
    fn extra(&mut self, start: u64, end: u64) -> Result<(), Problem> {
        let mask = u64::from(u32::from_be_bytes(self.source.array(start)?));
        let ranges = start.saturating_add(4).saturating_add(mask);
        let len = u64::from(u32::from_be_bytes(self.source.array(ranges)?));
        let name = ranges.saturating_add(4).saturating_add(len);
        let [len]: [u8; 1] = self.source.array(name)?;
        let padded = (u64::from(len) + 1).div_ceil(4) * 4;
        let before = self.out.facts.tags.len();
        self.blocks(name.saturating_add(padded), end, false)?;
        let named = self.out.facts.tags.iter().skip(before).any(|t| t.key == "LayerName");
        if !named && len > 0 {
            let text = tags::charset::utf8_or_latin1(self.source.at(name + 1, usize::from(len))?);
            let at = Place::new("PSD layers", self.source.absolute(name + 1));
            tags::push(self.out, ("psd", "LayerName"), text, &at, 0);
        }
        Ok(())
    }

    /// Additional information blocks between `start` and `end`.
    fn blocks(&mut self, start: u64, end: u64, whole: bool) -> Result<(), Problem> {
        let mut position = start;
        for _ in 0..limits::ITEMS {
            // Writers pad to two or four bytes.
            let found = (0..4).find(|by| {
                let signature = self.source.up_to(position.saturating_add(*by), 4);
                matches!(signature, Ok(b"8BIM" | b"8B64"))
            });
            let Some(by) = found.filter(|_| position.saturating_add(12) <= end) else { return Ok(()) };
            position += by;
            let key: [u8; 4] = self.source.array(position + 4)?;
            let long = self.large && LONG.contains(&key.as_slice());
            let (data, len) = section(self.source, position + 8, long)?;
            let next = data.saturating_add(len);
            if next > end {
                let what = format!("block {} ends behind its section", key.escape_ascii());
                return Err(Problem::malformed("", self.source.absolute(position), what));
            }
            self.keys.insert(key);
            match &key {
                b"luni" => self.name(data, len)?,
                b"Lr16" | b"Lr32" | b"Layr" if whole => self.records(data, next)?,
                b"lnkD" | b"lnk2" | b"lnk3" | b"lnkE" => self.linked(data, next)?,
                _ => {}
            }
            position = next;
        }
        Err(Problem::limit("", self.source.absolute(position), "too many blocks"))
    }

    fn name(&mut self, start: u64, len: u64) -> Result<(), Problem> {
        let text = self.unicode(start, len)?.0;
        let at = Place::new("PSD layers", self.source.absolute(start));
        tags::push(self.out, ("psd", "LayerName"), text, &at, 4);
        Ok(())
    }

    /// A counted UTF-16 string of at most `most` bytes with its count, and its length in the file.
    fn unicode(&mut self, start: u64, most: u64) -> Result<(String, u64), Problem> {
        let units = u64::from(u32::from_be_bytes(self.source.array(start)?));
        let len = units.saturating_mul(2);
        if len.saturating_add(4) > most {
            return Err(Problem::malformed("", self.source.absolute(start), "a string longer than its block"));
        }
        let bytes = self.source.read_bounded(start + 4, len, limits::VALUE * 2)?;
        let text = encoding_rs::UTF_16BE.decode_without_bom_handling(&bytes).0;
        Ok((text.trim_end_matches('\0').to_owned(), len + 4))
    }

    /// Files linked into smart objects: each with a length, its name, and, where it is embedded, its bytes.
    fn linked(&mut self, start: u64, end: u64) -> Result<(), Problem> {
        let mut position = start;
        while position.saturating_add(24) < end && self.out.embedded.len() < limits::EMBEDDED {
            let len = u64::from_be_bytes(self.source.array(position)?);
            let item = position.saturating_add(8);
            let next = item.saturating_add(len);
            if next > end || len < 16 {
                return Err(Problem::malformed(
                    "",
                    self.source.absolute(position),
                    "a linked file ends behind its block",
                ));
            }
            self.link(item, next)?;
            position = next.saturating_add((4 - len % 4) % 4);
        }
        Ok(())
    }

    fn link(&mut self, start: u64, end: u64) -> Result<(), Problem> {
        let kind: [u8; 4] = self.source.array(start)?;
        let version = u32::from_be_bytes(self.source.array(start + 4)?);
        let [id]: [u8; 1] = self.source.array(start + 8)?;
        let name = start + 9 + u64::from(id);
        let (text, len) = self.unicode(name, end.saturating_sub(name))?;
        let at = Place::new("PSD linked file", self.source.absolute(name));
        tags::push(self.out, ("psd", "LinkedFile"), text.clone(), &at, 4);
        // File type and creator, then the length of the data and whether a descriptor precedes it.
        let sizes = name.saturating_add(len).saturating_add(8);
        let len = u64::from_be_bytes(self.source.array(sizes)?);
        let [described]: [u8; 1] = self.source.array(sizes + 8)?;
        if &kind != b"liFD" || len == 0 {
            return Ok(());
        }
        let data = match described {
            0 => sizes + 9,
            // The data ends the item but for the fields that later versions added.
            _ => self.data_end(version, end).saturating_sub(len),
        };
        if data.saturating_add(len) > end || data < sizes + 9 || len > limits::EMBEDDED_BYTES as u64 {
            let problem =
                Problem::limit("", self.source.absolute(sizes), format!("linked file of {len} bytes is not read"));
            tags::push_problem(self.out, problem.within("psd (linked file)"));
            return Ok(());
        }
        let (bytes, offset) = (self.source.vec(data, len as usize)?, self.source.absolute(data));
        let name = (!text.is_empty()).then_some(text);
        tags::push_embedded(self.out, Embedded { place: "PSD linked file".to_owned(), offset, bytes, name });
        Ok(())
    }

    /// Where the data of an item that ends at `end` stops: later versions add a document id, a time, a lock.
    fn data_end(&mut self, version: u32, end: u64) -> u64 {
        let fixed = match version {
            0..=4 => return end,
            5 => 0,
            6 => 8,
            _ => 9,
        };
        let ends = (0..=ID_UNITS).map(|units| (units, end.saturating_sub(fixed + 4 + 2 * units)));
        let mut fits = ends.filter(|(units, at)| {
            self.source.array(*at).is_ok_and(|count| u64::from(u32::from_be_bytes(count)) == *units)
        });
        fits.next().map_or(end, |(_, at)| at)
    }
}
