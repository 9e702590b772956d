//! From the bytes of an asset to what it is recognized by: decoded pictures, frames and sound, each within bounds.
//!
//! Decoding happens in worker processes. Nothing here decides what is a copy: that is the business of
//! `countersign_matching`. What cannot be decoded gives the reason why it was not compared.

use std::io::Read;
use std::path::Path;

use countersign_io::{ByteRange, TempSpace};
use countersign_matching::{
    Asset, Digest, Landmarks, Luma, PictureHint, PictureProbe, PictureReference, PixelData, Pixels, Reference,
    SampleDigest, SoundProbe, pixel_digest,
};
use countersign_media::formats;
use countersign_model::{Facts, Media, limits};
use countersign_worker::client::{self, Failure, ForeignFormat, GrayCopy, PictureFormat, PixelImage, Refusal};

/// The longest side of a still that fingerprints are made of, and of a frame of a clip.
const STILL_SIDE: u32 = 512;
const FRAME_SIDE: u32 = 192;
/// Frames of a clip that are kept as a reference, that are looked up, and that are held at once for a comparison of two.
const REFERENCE_FRAMES: u32 = 7_200;
const COMPARED_FRAMES: u32 = 1_200;
/// The rate at which sound is decoded, and how much of it is compared: 20 minutes.
const RATE: u32 = 16_000;
const MOST_SAMPLES: u64 = 20 * 60 * RATE as u64;
/// Bytes of a member of an archive that are laid out for what can only open files.
const LAID_OUT: u64 = 4 * 1024 * 1024 * 1024;

/// What is to be fingerprinted.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// All bytes of the file or member.
    pub bytes: &'a ByteRange,
    /// The path under which reports name it.
    pub path: &'a Path,
    /// Whether a file of this machine stands at that path.
    pub local: bool,
    /// What readers found in it, its kind of medium and its orientation among that.
    pub facts: &'a Facts,
    /// Where copies go for what can only open files.
    pub space: &'a TempSpace,
}

/// A kind of material that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One picture that does not move.
    Still,
    /// Moving pictures, compared frame by frame.
    Clip,
    /// Samples without pictures, compared by landmarks in their spectrum.
    Sound,
}

impl Material<'_> {
    /// How it is compared.
    ///
    /// # Errors
    /// What is no picture, video or sound.
    pub fn kind(&self) -> Result<Kind, String> {
        match self.facts.media {
            Some(Media::Image) => Ok(Kind::Still),
            Some(Media::Video) => Ok(Kind::Clip),
            Some(Media::Audio) => Ok(Kind::Sound),
            _ => Err("no picture, video or sound of a format that is read".to_owned()),
        }
    }

    /// The orientation that EXIF states for the whole picture, 1 where it states none.
    pub(crate) fn orientation(&self) -> u8 {
        let own = self.facts.tags.iter().filter(|tag| tag.space == "exif" && tag.via.is_own());
        let named = own.filter(|tag| tag.key.rsplit(':').next() == Some("Orientation") && tag.place.contains("IFD0"));
        let stated = named.filter_map(|tag| tag.value.trim().parse().ok()).find(|value| (1..=8).contains(value));
        stated.unwrap_or(1)
    }

    /// The decoder of the picture; the inner `None` lets the bytes tell.
    fn picture_format(&self) -> Result<Option<PictureFormat>, String> {
        let info = self.facts.format.and_then(formats::info).ok_or("its format is not known")?;
        let usual = info.extensions.first().copied().unwrap_or_default();
        match PictureFormat::from_extension(usual) {
            Some(format) => Ok(Some(format)),
            None if usual == "gif" => Ok(None),
            None => Err(format!("pictures of the format {} are not decoded", info.name)),
        }
    }

    /// What a JPEG is looked up by before its pixels are decoded; nothing where they have to be.
    #[must_use]
    pub fn hint(&self) -> Option<PictureHint> {
        let jpeg = matches!(self.picture_format(), Ok(Some(PictureFormat::Jpeg)));
        if !jpeg || self.bytes.len() > limits::BLOB as u64 {
            return None;
        }
        let mut bytes = Vec::new();
        self.bytes.stream().read_to_end(&mut bytes).ok()?;
        PictureHint::of_jpeg(&bytes, self.orientation(), limits::COMPARED)
    }

    /// The picture by a decoder that is no part of this program; its container has turned it already.
    fn foreign(&self) -> Option<Result<Luma, String>> {
        let info = self.facts.format.and_then(formats::info)?;
        let format = ForeignFormat::from_extension(info.extensions.first().copied()?)?;
        Some(self.with_file(|path| {
            let gray = client::foreign_gray(path, format, STILL_SIDE).map_err(|failure| said(&failure))?;
            seen(&gray, 1)
        }))
    }

    /// The picture, small and as it is seen.
    ///
    /// # Errors
    /// Where it cannot be decoded within bounds.
    pub fn still(&self) -> Result<Luma, String> {
        if let Some(foreign) = self.foreign() {
            return foreign;
        }
        let format = self.picture_format()?;
        if self.bytes.len() > limits::BLOB as u64 {
            return Err(format!("{} bytes are more than are decoded of a picture", self.bytes.len()));
        }
        let copies = client::grays(&[(format, self.bytes.clone())], limits::COMPARED, STILL_SIDE);
        let copies = copies.map_err(|failure| failure.describe("decoding").1)?;
        let gray = copies.into_iter().flatten().next().ok_or("the picture cannot be decoded within bounds")?;
        seen(&gray, self.orientation())
    }

    /// All pixels, where they are decoded exactly.
    pub(crate) fn decoded(&self) -> Option<PixelImage> {
        let format = self.picture_format().ok()??;
        client::pixels(self.bytes, format, limits::COMPARED).ok()
    }

    /// The picture, small and as it is seen, and the digest of all its pixels, of which there is none where they are not
    /// decoded exactly.
    ///
    /// # Errors
    /// As for [`Material::still`].
    pub fn still_and_pixels(&self) -> Result<(Luma, Option<Digest>), String> {
        let Some(image) = self.decoded() else { return Ok((self.still()?, None)) };
        Ok((self.reduced(&image)?, self.digest(&image)))
    }

    /// The picture of these pixels, small and as it is seen.
    pub(crate) fn reduced(&self, image: &PixelImage) -> Result<Luma, String> {
        let gray = image.gray(STILL_SIDE).ok_or("the picture cannot be reduced")?;
        seen(&gray, self.orientation())
    }

    /// The digest of all pixels as they are seen, eight bits a channel.
    #[must_use]
    pub fn pixels(&self) -> Option<Digest> {
        self.digest(&self.decoded()?)
    }

    fn digest(&self, image: &PixelImage) -> Option<Digest> {
        let (width, height) = (usize::try_from(image.width()).ok()?, usize::try_from(image.height()).ok()?);
        // Opaque pixels have the same digest with and without their alpha, and need no copy.
        let (with_alpha, opaque);
        let data = if image.has_alpha() {
            with_alpha = image.rgba().flatten().collect::<Vec<u8>>();
            PixelData::Rgba8(&with_alpha)
        } else {
            opaque = image.rgb();
            PixelData::Rgb8(&opaque)
        };
        let pixels = Pixels::new(width, height, data).ok()?;
        Some(pixel_digest(&pixels.with_orientation(self.orientation())))
    }

    /// Calls `read` with a file of this machine that holds the bytes.
    fn with_file<T>(&self, read: impl FnOnce(&Path) -> Result<T, String>) -> Result<T, String> {
        if self.local {
            return read(self.path);
        }
        if self.bytes.len() > LAID_OUT {
            return Err("a member of an archive as large as this is not laid out".to_owned());
        }
        let laid = self.space.materialize(&[(self.path, self.bytes)]).map_err(|problem| problem.what)?;
        read(laid.paths.first().ok_or("it could not be laid out")?)
    }

    /// Frames of the clip, one a second, each with its time in milliseconds; whether that were all.
    ///
    /// # Errors
    /// Where none can be decoded.
    pub fn frames(&self, most: u32, take: &mut dyn FnMut(u32, &Luma)) -> Result<bool, String> {
        self.frames_of(FRAME_SIDE, most, take)
    }

    /// As [`Material::frames`], with no side longer than this.
    pub(crate) fn frames_of(&self, side: u32, most: u32, take: &mut dyn FnMut(u32, &Luma)) -> Result<bool, String> {
        self.with_file(|path| {
            let mut time = 0_u32;
            let whole = client::frames(path, side, most, &mut |frame| {
                if let Ok(luma) = seen(&frame, 1) {
                    take(time, &luma);
                }
                time = time.saturating_add(1000);
                true
            });
            whole.map_err(|failure| said(&failure))
        })
    }

    /// The sound in one channel at [`RATE`], its first twenty minutes.
    ///
    /// # Errors
    /// Where it cannot be decoded.
    pub fn sound(&self) -> Result<Vec<f32>, String> {
        self.with_file(|path| {
            let mut samples = Vec::new();
            let read = client::samples(path, RATE, MOST_SAMPLES, &mut |piece| {
                samples.extend(piece.iter().map(|sample| f32::from(*sample) / 32_768.0));
                true
            });
            match read {
                Ok(()) => Ok(samples),
                Err(failure) => Err(said(&failure)),
            }
        })
    }

    /// The digest of all samples in all channels.
    #[must_use]
    pub fn samples(&self) -> Option<Digest> {
        let digest = self.with_file(|path| {
            let mut digest: Option<(u16, u32, SampleDigest)> = None;
            let mut uniform = true;
            let read = client::exact_samples(path, &mut |channels, rate, piece| {
                let (first, at, sum) =
                    digest.get_or_insert_with(|| (channels, rate, SampleDigest::new(channels, rate)));
                uniform &= (*first, *at) == (channels, rate);
                sum.update(piece);
                uniform
            });
            read.map_err(|failure| said(&failure))?;
            Ok(digest.filter(|_| uniform).map(|(.., digest)| digest.finish()))
        });
        digest.ok().flatten()
    }
}

fn said(failure: &Failure) -> String {
    match failure {
        Failure::Refused(Refusal::TooLarge(what) | Refusal::Undecodable(what)) => what.clone(),
        Failure::Worker(failure) => failure.describe("decoding").1,
    }
}

fn seen(gray: &GrayCopy, orientation: u8) -> Result<Luma, String> {
    let fits = |side: u32| usize::try_from(side).map_err(|e| e.to_string());
    let pixels = Pixels::new(fits(gray.width)?, fits(gray.height)?, PixelData::Gray8(&gray.bytes));
    Ok(pixels.map_err(|e| e.to_string())?.with_orientation(orientation).to_luma())
}

/// Everything that an asset is recognized by later; the name, the claim and the digest of its bytes are the caller's.
///
/// # Errors
/// What cannot be decoded, and what has too little in it to be told apart.
pub fn reference(material: &Material<'_>) -> Result<Reference, String> {
    let mut out = Reference::default();
    match material.kind()? {
        Kind::Still => {
            let (luma, pixels) = material.still_and_pixels()?;
            out.frames.push(PictureReference::new(&luma, 0));
            out.pixels = pixels;
        }
        Kind::Clip => {
            let frames = material.frames(REFERENCE_FRAMES, &mut |time, luma| {
                out.frames.push(PictureReference::frame(luma, time));
            });
            let sound = material.sound();
            if let (Err(why), Err(_)) = (&frames, &sound) {
                return Err(why.clone());
            }
            out.sound = sound.map(|samples| Landmarks::new(&samples, f64::from(RATE))).unwrap_or_default();
        }
        Kind::Sound => {
            out.sound = Landmarks::new(&material.sound()?, f64::from(RATE));
            out.samples = material.samples();
        }
    }
    let comparable = out.frames.iter().any(PictureReference::is_comparable) || !out.sound.is_empty();
    if !comparable && out.pixels.is_none() && out.samples.is_none() {
        return Err("there is too little in it to recognize it by".to_owned());
    }
    Ok(out)
}

/// One of two assets that are compared, and what of it was not looked at.
///
/// # Errors
/// What cannot be decoded.
pub fn asset(material: &Material<'_>) -> Result<(Asset, Option<String>), String> {
    let (mut out, mut left_out) = (Asset::default(), None);
    match material.kind()? {
        Kind::Still => {
            let (luma, pixels) = material.still_and_pixels()?;
            out.probes.push((0, PictureProbe::new(&luma)));
            out.frames.push(PictureReference::new(&luma, 0));
            out.pixels = pixels;
        }
        Kind::Clip => {
            let frames = material.frames(COMPARED_FRAMES, &mut |time, luma| {
                out.probes.push((time, PictureProbe::new(luma)));
                out.frames.push(PictureReference::frame(luma, time));
            });
            let sound = material.sound();
            match (&frames, &sound) {
                (Err(why), Err(_)) => return Err(why.clone()),
                (Ok(true), _) => {}
                (Ok(false), _) => left_out = Some(format!("only the first {} seconds were compared", out.frames.len())),
                (Err(why), _) => left_out = Some(format!("only the sound was compared: {why}")),
            }
            add_sound(&mut out, &sound.unwrap_or_default());
        }
        Kind::Sound => {
            let samples = material.sound()?;
            add_sound(&mut out, &samples);
            out.samples = material.samples();
            left_out = (samples.len() as u64 >= MOST_SAMPLES)
                .then(|| "only the first 20 minutes of sound were compared".to_owned());
        }
    }
    if let Some(damage) = material.facts.problems.iter().find(|problem| problem.blocking) {
        left_out = Some(format!("only what can be decoded was compared: {}", damage.what));
    }
    Ok((out, left_out))
}

fn add_sound(asset: &mut Asset, samples: &[f32]) {
    let probe = SoundProbe::new(samples, f64::from(RATE));
    if !probe.is_empty() {
        asset.sound = Landmarks::new(samples, f64::from(RATE));
        asset.sound_probe = Some(probe);
    }
}

/// The sound of an asset as it is looked up.
///
/// # Errors
/// Where it cannot be decoded.
pub fn sound_probe(material: &Material<'_>) -> Result<SoundProbe, String> {
    Ok(SoundProbe::new(&material.sound()?, f64::from(RATE)))
}
