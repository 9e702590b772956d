//! Frame headers of MPEG audio (ISO/IEC 11172-3, 13818-3: layers I to III) and of AAC in ADTS (13818-7).

/// What one frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which codec the frame is of.
    pub kind: Kind,
    /// Length of the whole frame in bytes.
    pub len: usize,
    /// Hertz.
    pub rate: u32,
    /// 1 or 2 for MPEG audio; for AAC as its channel configuration says.
    pub channels: u32,
    /// Sound samples per channel in one frame.
    pub samples: u32,
}

/// The codecs whose frames are recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// MPEG audio layer I.
    Layer1,
    /// MPEG audio layer II.
    Layer2,
    /// MPEG audio layer III.
    Layer3,
    /// AAC in an audio data transport stream.
    Adts,
}

impl Kind {
    /// The codec's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Layer1 => "MPEG audio layer I",
            Self::Layer2 => "MPEG audio layer II",
            Self::Layer3 => "MPEG audio layer III",
            Self::Adts => "AAC",
        }
    }
}

/// kbit/s by bitrate index: MPEG-1 layers I, II, III, then MPEG-2 layer I, layers II and III.
const BITRATES: [[u32; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const RATES: [u32; 3] = [44_100, 48_000, 32_000];
const ADTS_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// The MPEG audio frame that starts here; free-format frames, whose length nothing states, are none.
#[must_use]
pub fn frame(bytes: &[u8]) -> Option<Frame> {
    let [0xFF, b, c, d, ..] = bytes else { return None };
    if b & 0xE0 != 0xE0 {
        return None;
    }
    let (version, layer) = (b >> 3 & 3, b >> 1 & 3);
    let (bitrate, rate) = (usize::from(c >> 4), usize::from(c >> 2 & 3));
    let first = version == 3;
    let (kind, row) = match (layer, first) {
        (3, true) => (Kind::Layer1, 0),
        (2, true) => (Kind::Layer2, 1),
        (1, true) => (Kind::Layer3, 2),
        (3, false) => (Kind::Layer1, 3),
        (2, false) => (Kind::Layer2, 4),
        (1, false) => (Kind::Layer3, 4),
        _ => return None,
    };
    let shift = match version {
        3 => 0,
        2 => 1,
        0 => 2,
        _ => return None,
    };
    let kbit = *BITRATES.get(row)?.get(bitrate)?;
    let rate = RATES.get(rate)? >> shift;
    // 2 is a reserved emphasis.
    if kbit == 0 || d & 3 == 2 {
        return None;
    }
    let padding = u32::from(c >> 1 & 1);
    let samples = match kind {
        Kind::Layer1 => 384,
        Kind::Layer3 if !first => 576,
        _ => 1152,
    };
    let len = if kind == Kind::Layer1 {
        (12_000 * kbit / rate + padding) * 4
    } else {
        samples / 8 * 1000 * kbit / rate + padding
    };
    let channels = if d >> 6 == 3 { 1 } else { 2 };
    Some(Frame { kind, len: len as usize, rate, channels, samples })
}

/// The ADTS frame that starts here.
#[must_use]
pub fn adts(bytes: &[u8]) -> Option<Frame> {
    let [0xFF, b, c, d, e, f, ..] = bytes else { return None };
    if b & 0xF6 != 0xF0 {
        return None;
    }
    let rate = *ADTS_RATES.get(usize::from(c >> 2 & 15))?;
    let channels = u32::from((c & 1) << 2 | d >> 6);
    let len = usize::from(d & 3) << 11 | usize::from(*e) << 3 | usize::from(f >> 5);
    (len >= 7).then_some(Frame {
        kind: Kind::Adts,
        len,
        rate,
        channels: if channels == 7 { 8 } else { channels },
        samples: 1024,
    })
}

/// How many frames of one kind follow one another from here, at most `most`; a frame whose successor lies past
/// the bytes at hand counts.
#[must_use]
pub fn run(bytes: &[u8], read: fn(&[u8]) -> Option<Frame>, most: usize) -> usize {
    let Some(first) = read(bytes) else { return 0 };
    let mut pos = 0;
    for count in 0..most {
        match bytes.get(pos..).and_then(read) {
            Some(next) if next.kind == first.kind && next.rate == first.rate => pos += next.len,
            _ => return count,
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_the_tables() {
        let got = frame(&[0xFF, 0xFB, 0x90, 0x00]).unwrap();
        assert_eq!((got.kind, got.len, got.rate, got.channels, got.samples), (Kind::Layer3, 417, 44_100, 2, 1152));
        assert_eq!(frame(&[0xFF, 0xF3, 0x40, 0xC0]).unwrap().len, 104);
        assert_eq!(frame(&[0xFF, 0xFF, 0x10, 0x00]).unwrap().len, 32);
        assert_eq!(frame(&[0xFF, 0xFB, 0x00, 0x00]), None);
        assert_eq!(frame(&[0xFF, 0xFB, 0xF0, 0x00]), None);
        assert_eq!(frame(&[0xFF, 0xEB, 0x90, 0x00]), None);
        let got = adts(&[0xFF, 0xF1, 0x50, 0x80, 0x01, 0x7F, 0xFC]).unwrap();
        assert_eq!((got.len, got.rate, got.channels), (11, 44_100, 2));
    }

    #[test]
    fn a_run_breaks_where_the_frames_do() {
        let mut two = vec![0; 834];
        two[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0x00]);
        two[417..421].copy_from_slice(&[0xFF, 0xFB, 0x90, 0x00]);
        assert_eq!(run(&two, frame, 3), 2);
        two[417] = 0;
        assert_eq!(run(&two, frame, 3), 1);
    }
}
