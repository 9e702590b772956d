//! A made show: one cut of three reels, and its media, to be written in every timeline format.

pub mod aaf;
pub mod media;
pub mod text;

use countersign_timelines::{Identity, Rate, TimeRange, conform::Asset};

/// Where the editor's own drive kept the media.
pub const VOLUME: &str = "/Volumes/Show Raid/Project/";
/// The record timecode of every reel's first frame: reel 1 begins at 01:00:00:00.
pub const FRAMES_PER_HOUR: i64 = 86_400;

/// A medium of the show.
pub struct Media {
    /// The path below the delivery.
    pub delivered: &'static str,
    /// The path on the editor's drive, below [`VOLUME`].
    pub edited: &'static str,
    /// Start timecode and duration in frames.
    pub start: i64,
    pub duration: i64,
    /// The reel, as an EDL cuts it.
    pub reel: &'static str,
    /// The file carries its UMID (the last byte of it), and may have been renamed.
    pub umid: Option<u8>,
    pub is_sound: bool,
}

const fn media(path: &'static str, start: i64, duration: i64, reel: &'static str) -> Media {
    Media { delivered: path, edited: path, start, duration, reel, umid: None, is_sound: false }
}

pub const MEDIA: [Media; 9] = [
    media("camera/day 1/A001C001_0101.mov", 86_400, 480, "A001C001"),
    media("camera/day 1/A001C002_0101.mov", 100_000, 480, "A001C002"),
    media("camera/day 2/A001C002_0101.mov", 200_000, 480, "A001C002"),
    media("vfx/sh0010_v003.mov", 1001, 240, "SH0010_V"),
    media("stills/Caf\u{e9} 100%.png", 0, 240, "AX"),
    Media {
        delivered: "mxf/renamed.mxf",
        edited: "Avid MediaFiles/MXF/1/sh0020.mxf",
        start: 5000,
        duration: 300,
        reel: "B002C007",
        umid: Some(0x5a),
        is_sound: false,
    },
    Media { is_sound: true, ..media("sound/dialogue_r1.wav", 0, 4000, "AX") },
    media("camera/day 2/A002C009_0102.mov", 300_000, 480, "A002C009"),
    media("unused/A009C001_0109.mov", 86_400, 480, "A009C001"),
];

impl Media {
    pub fn umid(&self) -> Option<[u8; 32]> {
        let mut id = [0; 32];
        id[..16].copy_from_slice(&[6, 10, 43, 52, 1, 1, 1, 5, 1, 1, 15, 16, 19, 0, 0, 0]);
        let first = self.umid?;
        id.iter_mut().skip(16).zip(first..).for_each(|(byte, value)| *byte = value);
        Some(id)
    }

    pub fn umid_text(&self) -> Option<String> {
        self.umid().map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub fn file_name(&self) -> &'static str {
        self.edited.rsplit('/').next().unwrap_or(self.edited)
    }

    /// The path on the editor's drive as a URL.
    pub fn url(&self) -> String {
        let path = format!("{VOLUME}{}", self.edited);
        let encoded: String = path
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        format!("file://{encoded}")
    }
}

/// One shot of a reel. Shots follow each other on the picture track; sound lies below.
#[derive(Clone, Copy)]
pub struct Shot {
    /// Index into [`MEDIA`].
    pub media: usize,
    /// First frame of the medium, its start timecode included.
    pub source: i64,
    /// First frame in the reel.
    pub record: i64,
    pub duration: i64,
    /// A dissolve of so many frames leads into it.
    pub dissolve: i64,
    /// Plays at twice the speed.
    pub fast: bool,
    /// Is switched off: an EDL leaves it out.
    pub disabled: bool,
    /// Lies inside a nested sequence, where the format knows them.
    pub nested: bool,
}

pub struct Reel {
    pub number: i64,
    pub shots: Vec<Shot>,
}

impl Reel {
    pub fn name(&self) -> String {
        format!("Reel {}", self.number)
    }

    pub fn start(&self) -> i64 {
        self.number * FRAMES_PER_HOUR
    }

    pub fn pictures(&self) -> impl Iterator<Item = &Shot> {
        self.shots.iter().filter(|shot| !MEDIA[shot.media].is_sound)
    }

    pub fn sounds(&self) -> impl Iterator<Item = &Shot> {
        self.shots.iter().filter(|shot| MEDIA[shot.media].is_sound)
    }

    /// The nested shots: they follow each other.
    pub fn nested(&self) -> Vec<&Shot> {
        self.pictures().filter(|shot| shot.nested).collect()
    }

    pub fn duration(&self) -> i64 {
        self.shots.iter().map(|shot| shot.record + shot.duration).max().unwrap_or(0)
    }
}

/// The three reels.
pub fn reels() -> Vec<Reel> {
    (1..=3)
        .map(|number| {
            let plain = Shot {
                media: 0,
                source: 0,
                record: 0,
                duration: 0,
                dissolve: 0,
                fast: false,
                disabled: false,
                nested: false,
            };
            let mut shots: Vec<Shot> = vec![
                Shot { media: 0, source: 86_410 + number, duration: 48, ..plain },
                Shot { media: 1, source: 100_100, duration: 40, dissolve: 12, ..plain },
                Shot { media: 3, source: 1010, duration: 24 + number, ..plain },
                Shot { media: 2, source: 200_050, duration: 36, nested: true, ..plain },
                Shot { media: 4, source: 0, duration: 50, nested: true, ..plain },
                Shot { media: 8, source: 86_500, duration: 20, disabled: true, ..plain },
                Shot { media: 5, source: 5100, duration: 60, ..plain },
                Shot {
                    media: 7,
                    source: 300_020 * i64::from(number != 2) + 300_200 * i64::from(number == 2),
                    duration: 30,
                    fast: true,
                    ..plain
                },
            ];
            let mut position = 0;
            for shot in &mut shots {
                shot.record = position;
                position += shot.duration;
            }
            shots.push(Shot { media: 6, source: 100 * number, duration: position, ..plain });
            Reel { number, shots }
        })
        .collect()
}

/// The files of the delivery.
pub fn assets() -> Vec<Asset> {
    MEDIA
        .iter()
        .map(|media| Asset {
            path: format!("delivery/{}", media.delivered),
            identities: media.umid_text().as_deref().and_then(Identity::parse).into_iter().collect(),
            range: Some(TimeRange { start: media.start, duration: media.duration, rate: Rate::FILM }),
            sequence: None,
            reels: Vec::new(),
        })
        .collect()
}

/// One reel in one format: file name and bytes.
pub fn write(reel: &Reel, format: &str) -> (String, Vec<u8>) {
    let bytes = match format {
        "edl" => text::edl(reel).into_bytes(),
        "xml" => text::fcp7(reel).into_bytes(),
        "fcpxml" => text::fcpxml(reel).into_bytes(),
        "otio" => text::otio(reel).into_bytes(),
        _ => aaf::write(reel),
    };
    (format!("reel{}.{format}", reel.number), bytes)
}

pub const FORMATS: [&str; 5] = ["edl", "xml", "fcpxml", "otio", "aaf"];
