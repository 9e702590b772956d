//! The file form of an index: versioned, closed by a digest, and never trusted.
//!
//! ```text
//! "CSGNIDX\0"  u32 version  u64 length of the body  body  SHA-256 of everything before
//! body:       u32 references, then for each:
//!   text name, text record, text claim      (u16 length, UTF-8)
//!   u8 which digests (1 bytes, 2 pixels, 4 samples), 32 bytes for each
//!   u32 frames, for each: u32 milliseconds, u8 quality, 2,304 bytes of sketch, u8 hashes,
//!     for each: u8 variant, 4 × u16 place (left, top, right, bottom in 65,535ths), 32 bytes of hash
//!   u32 landmarks, for each: u32 key, u32 time
//! ```
//! Numbers are little-endian. Counts never decide how much memory is taken: only bytes that are there do.

use std::io::{Read, Write};

use sha2::{Digest as _, Sha256};

use crate::{
    Digest, Index, Landmark, Landmarks, MatchingError, PdqHash, PictureReference, Rectangle, Reference, Sketch,
    Variant,
    index::{MAXIMUM_FRAMES, MAXIMUM_REFERENCES, MAXIMUM_TEXT},
    picture::VariantHash,
    sketch::SKETCH_BYTES,
    variant::VARIANTS,
};

/// A larger file is refused: room for about 1.3 million stills.
pub const MAXIMUM_INDEX_BYTES: u64 = 4 << 30;

const MAGIC: &[u8; 8] = b"CSGNIDX\0";
/// Rises with every change of the form or of how a fingerprint is made; other versions are to be made anew.
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 8 + 4 + 8;
const DIGEST_BYTES: usize = 32;
const PLACE_SCALE: f32 = 65_535.0;
/// Landmarks hold 22 bits.
const KEY_LIMIT: u32 = 1 << 22;
/// What the smallest frame, hash, landmark and reference take, to bound counts by the bytes that are left.
const FRAME_BYTES: usize = 4 + 1 + SKETCH_BYTES + 1;
const HASH_BYTES: usize = 1 + 8 + 32;
const LANDMARK_BYTES: usize = 8;
const REFERENCE_BYTES: usize = 3 * 2 + 1 + 4 + 4;

/// Writes an index. Fails where the file would be too large to be read back.
pub fn write_index(index: &Index, target: &mut impl Write) -> Result<(), MatchingError> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 8]);
    put_count(&mut bytes, index.references().len())?;
    for reference in index.references() {
        put_reference(&mut bytes, reference)?;
    }
    let length = (bytes.len() - HEAD_BYTES) as u64;
    bytes[12..HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    if bytes.len() as u64 > MAXIMUM_INDEX_BYTES {
        return Err(MatchingError::TooLarge("file"));
    }
    target.write_all(&bytes)?;
    Ok(())
}

/// Reads an index. Whatever the bytes are, this ends with an index or an error, and takes memory in proportion to the
/// bytes that are there, at most [`MAXIMUM_INDEX_BYTES`] of them.
pub fn read_index(source: impl Read) -> Result<Index, MatchingError> {
    let mut bytes = Vec::new();
    source.take(MAXIMUM_INDEX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAXIMUM_INDEX_BYTES {
        return Err(MatchingError::TooLarge("file"));
    }
    let mut fields = Fields { rest: checked_body(&bytes)? };
    let count = fields.count(MAXIMUM_REFERENCES, REFERENCE_BYTES)?;
    let mut index = Index::default();
    for _ in 0..count {
        index.add(fields.reference()?)?;
    }
    if !fields.rest.is_empty() {
        return Err(MatchingError::BadIndex("bytes after the last reference"));
    }
    index.prepare_sounds();
    Ok(index)
}

/// The fingerprints of one picture as they stand in an index, after the version of that.
pub fn picture_to_bytes(picture: &PictureReference) -> Vec<u8> {
    let mut bytes = VERSION.to_le_bytes().to_vec();
    put_frame(&mut bytes, picture);
    bytes
}

/// Reads what [`picture_to_bytes`] gave. Whatever the bytes are, this ends with fingerprints or an error.
pub fn picture_from_bytes(bytes: &[u8]) -> Result<PictureReference, MatchingError> {
    let mut fields = Fields { rest: bytes };
    if fields.u32()? != VERSION {
        return Err(MatchingError::BadIndex("it is of another version and must be made anew"));
    }
    let picture = fields.frame()?;
    if fields.rest.is_empty() { Ok(picture) } else { Err(MatchingError::BadIndex("bytes after the picture")) }
}

/// The fingerprints of one asset as they stand in an index, after the version of that.
///
/// # Errors
/// More than an index may hold.
pub fn reference_to_bytes(reference: &Reference) -> Result<Vec<u8>, MatchingError> {
    let mut bytes = VERSION.to_le_bytes().to_vec();
    put_reference(&mut bytes, reference)?;
    Ok(bytes)
}

/// Reads what [`reference_to_bytes`] gave. Whatever the bytes are, this ends with a reference or an error.
///
/// # Errors
/// Damage, another version, and bytes that are too many.
pub fn reference_from_bytes(bytes: &[u8]) -> Result<Reference, MatchingError> {
    let mut fields = Fields { rest: bytes };
    if fields.u32()? != VERSION {
        return Err(MatchingError::BadIndex("it is of another version and must be made anew"));
    }
    let reference = fields.reference()?;
    if fields.rest.is_empty() { Ok(reference) } else { Err(MatchingError::BadIndex("bytes after the reference")) }
}

fn checked_body(bytes: &[u8]) -> Result<&[u8], MatchingError> {
    let mut fields = Fields { rest: bytes };
    if fields.take(MAGIC.len())? != MAGIC {
        return Err(MatchingError::BadIndex("it does not begin as an index"));
    }
    if fields.u32()? != VERSION {
        return Err(MatchingError::BadIndex("it is of another version and must be made anew"));
    }
    let length = usize::try_from(fields.u64()?).map_err(|_| MatchingError::BadIndex("impossible length"))?;
    let body = fields.take(length)?;
    if fields.rest.len() != DIGEST_BYTES {
        return Err(MatchingError::BadIndex("its length is not what it states"));
    }
    let digest: [u8; DIGEST_BYTES] = Sha256::digest(&bytes[..bytes.len() - DIGEST_BYTES]).into();
    if fields.take(DIGEST_BYTES)? != digest {
        return Err(MatchingError::BadIndex("its digest does not fit: it is damaged"));
    }
    Ok(body)
}

fn put_count(bytes: &mut Vec<u8>, count: usize) -> Result<(), MatchingError> {
    let count = u32::try_from(count).map_err(|_| MatchingError::TooLarge("a count"))?;
    bytes.extend_from_slice(&count.to_le_bytes());
    Ok(())
}

fn put_text(bytes: &mut Vec<u8>, text: &str) -> Result<(), MatchingError> {
    let length = u16::try_from(text.len()).map_err(|_| MatchingError::TooLarge("a name"))?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

fn put_reference(bytes: &mut Vec<u8>, reference: &Reference) -> Result<(), MatchingError> {
    for text in [&reference.name, &reference.record, &reference.claim] {
        put_text(bytes, text)?;
    }
    let digests = [reference.bytes, reference.pixels, reference.samples];
    bytes.push(digests.iter().enumerate().map(|(bit, digest)| u8::from(digest.is_some()) << bit).sum());
    digests.iter().flatten().for_each(|digest| bytes.extend_from_slice(&digest.0));
    put_count(bytes, reference.frames.len())?;
    reference.frames.iter().for_each(|frame| put_frame(bytes, frame));
    put_count(bytes, reference.sound.landmarks.len())?;
    for landmark in &reference.sound.landmarks {
        bytes.extend_from_slice(&landmark.key.to_le_bytes());
        bytes.extend_from_slice(&landmark.time.to_le_bytes());
    }
    Ok(())
}

fn put_frame(bytes: &mut Vec<u8>, frame: &PictureReference) {
    bytes.extend_from_slice(&frame.time_ms.to_le_bytes());
    bytes.push(frame.quality);
    bytes.extend_from_slice(&*frame.sketch.0);
    bytes.push(frame.hashes.len() as u8);
    for kept in &frame.hashes {
        bytes.push(kept.variant.0);
        for edge in [kept.place.left, kept.place.top, kept.place.right, kept.place.bottom] {
            bytes.extend_from_slice(&((edge * PLACE_SCALE).round() as u16).to_le_bytes());
        }
        bytes.extend_from_slice(&kept.hash.to_bytes());
    }
}

/// What is left to read.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], MatchingError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(MatchingError::BadIndex("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MatchingError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u8(&mut self) -> Result<u8, MatchingError> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, MatchingError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, MatchingError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, MatchingError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A count that fits a limit and the bytes that are left.
    fn count(&mut self, limit: usize, least_bytes: usize) -> Result<usize, MatchingError> {
        let count = self.u32()? as usize;
        if count > limit || count > self.rest.len() / least_bytes {
            return Err(MatchingError::BadIndex("a count is larger than the file"));
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<String, MatchingError> {
        let length = usize::from(self.u16()?);
        if length > MAXIMUM_TEXT {
            return Err(MatchingError::BadIndex("a name is too long"));
        }
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| MatchingError::BadIndex("a name is no text"))?;
        Ok(text.to_owned())
    }

    fn reference(&mut self) -> Result<Reference, MatchingError> {
        let (name, record, claim) = (self.text()?, self.text()?, self.text()?);
        let which = self.u8()?;
        if which > 7 {
            return Err(MatchingError::BadIndex("an unknown digest"));
        }
        let mut digest = |bit: u8| -> Result<Option<Digest>, MatchingError> {
            if which & bit == 0 { Ok(None) } else { self.array().map(Digest).map(Some) }
        };
        let (bytes, pixels, samples) = (digest(1)?, digest(2)?, digest(4)?);
        let count = self.count(MAXIMUM_FRAMES, FRAME_BYTES)?;
        let frames = (0..count).map(|_| self.frame()).collect::<Result<_, _>>()?;
        let count = self.count(usize::MAX, LANDMARK_BYTES)?;
        let landmarks = (0..count).map(|_| self.landmark()).collect::<Result<_, _>>()?;
        Ok(Reference { name, record, claim, bytes, pixels, samples, frames, sound: Landmarks { landmarks } })
    }

    fn frame(&mut self) -> Result<PictureReference, MatchingError> {
        let (time_ms, quality) = (self.u32()?, self.u8()?);
        let sketch = Sketch(Box::new(self.array()?));
        let count = usize::from(self.u8()?);
        if count > usize::from(VARIANTS) || count > self.rest.len() / HASH_BYTES {
            return Err(MatchingError::BadIndex("a frame has too many hashes"));
        }
        let hashes = (0..count).map(|_| self.hash()).collect::<Result<_, _>>()?;
        Ok(PictureReference { time_ms, quality, sketch, hashes })
    }

    fn hash(&mut self) -> Result<VariantHash, MatchingError> {
        let variant = Variant::from_number(self.u8()?).ok_or(MatchingError::BadIndex("an unknown variant"))?;
        let mut edge = || -> Result<f32, MatchingError> { Ok(f32::from(self.u16()?) / PLACE_SCALE) };
        let place = Rectangle { left: edge()?, top: edge()?, right: edge()?, bottom: edge()? };
        if place.left >= place.right || place.top >= place.bottom {
            return Err(MatchingError::BadIndex("a variant without an area"));
        }
        Ok(VariantHash { variant, place, hash: PdqHash::from_bytes(&self.array()?) })
    }

    fn landmark(&mut self) -> Result<Landmark, MatchingError> {
        let landmark = Landmark { key: self.u32()?, time: self.u32()? };
        if landmark.key >= KEY_LIMIT {
            return Err(MatchingError::BadIndex("an impossible landmark"));
        }
        Ok(landmark)
    }
}
