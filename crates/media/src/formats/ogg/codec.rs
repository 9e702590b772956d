//! Header packets of the codecs that Ogg carries: which codec, what it says of itself, where its comments are.

use crate::formats::flac;
use crate::tags::{Place, push_problem, stream, vorbis};
use countersign_model::{Extraction, Problem};

/// What a logical stream holds; the number is the sound's rate in hertz where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Vorbis(u32),
    Opus,
    /// The number of header packets behind the first, zero where it is unsaid.
    Flac(u32),
    Theora,
    Speex(u32),
    Kate,
    Vp8,
    Celt,
    Pcm,
    Ogm,
    /// Skeleton, Dirac and others without comments.
    Unknown,
}

impl Codec {
    /// By the first bytes of the first packet.
    pub(super) fn of(packet: &[u8]) -> Self {
        let long =
            |at: usize| packet.get(at..at + 4).map_or(0, |b| u32::from_le_bytes(b.try_into().unwrap_or_default()));
        match packet {
            [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => Self::Vorbis(long(12)),
            [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => Self::Opus,
            [0x7F, b'F', b'L', b'A', b'C', _, _, a, b, ..] => Self::Flac(u16::from_be_bytes([*a, *b]).into()),
            [b'f', b'L', b'a', b'C', ..] => Self::Flac(0),
            [0x80, b't', b'h', b'e', b'o', b'r', b'a', ..] => Self::Theora,
            [b'S', b'p', b'e', b'e', b'x', b' ', ..] => Self::Speex(long(36)),
            [0x80, b'k', b'a', b't', b'e', ..] => Self::Kate,
            [b'O', b'V', b'P', b'8', b'0', ..] => Self::Vp8,
            [b'C', b'E', b'L', b'T', b' ', ..] => Self::Celt,
            [b'P', b'C', b'M', b' ', ..] => Self::Pcm,
            [1, b'v', b'i', b'd', b'e', b'o', ..]
            | [1, b'a', b'u', b'd', b'i', b'o', ..]
            | [1, b't', b'e', b'x', b't', ..] => Self::Ogm,
            _ => Self::Unknown,
        }
    }

    pub(super) fn rate(self) -> Option<u32> {
        match self {
            Self::Vorbis(rate) | Self::Speex(rate) => Some(rate).filter(|r| *r > 0),
            Self::Opus => Some(48_000),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Vorbis(_) => "Vorbis",
            Self::Opus => "Opus",
            Self::Flac(_) => "FLAC",
            Self::Theora => "Theora",
            Self::Speex(_) => "Speex",
            Self::Kate => "Kate",
            Self::Vp8 => "VP8",
            Self::Celt => "CELT",
            Self::Pcm => "PCM",
            Self::Ogm => "OGM",
            Self::Unknown => "unknown",
        }
    }
}

fn place(codec: Codec, offset: u64) -> Place {
    Place::new(format!("Ogg {}", codec.name()), offset)
}

/// Reads the first packet; true where no other header is wanted.
pub(super) fn first(codec: Codec, packet: &[u8], offset: u64, out: &mut Extraction) -> bool {
    let at = place(codec, offset);
    let byte = |n: usize| packet.get(n).copied().map_or(0, u32::from);
    let long = |n: usize| packet.get(n..n + 4).map_or(0, |b| u32::from_le_bytes(b.try_into().unwrap_or_default()));
    let (rate, channels) = match codec {
        Codec::Vorbis(rate) => (rate, byte(11)),
        Codec::Opus => (48_000, byte(9)),
        Codec::Speex(rate) => (rate, long(48)),
        Codec::Theora => {
            let side = |n: usize| byte(n) << 16 | byte(n + 1) << 8 | byte(n + 2);
            stream::picture(side(14), side(17), &at, out);
            return false;
        }
        Codec::Flac(_) => return flac_first(packet, offset, out),
        Codec::Unknown => return true,
        _ => return false,
    };
    stream::audio(&stream::Audio { codec: codec.name().into(), rate, channels, ..Default::default() }, &at, out);
    false
}

/// The first packet of FLAC in Ogg holds STREAMINFO behind nine bytes and `fLaC`; an older mapping holds `fLaC` alone.
fn flac_first(packet: &[u8], offset: u64, out: &mut Extraction) -> bool {
    packet.strip_prefix(b"fLaC").is_none()
        && packet.get(13..).is_some_and(|block| flac_block(block, offset.saturating_add(13), out))
}

/// One metadata block with its header; true where it is the last.
fn flac_block(packet: &[u8], offset: u64, out: &mut Extraction) -> bool {
    let Some((head, blob)) = packet.split_first_chunk::<4>() else { return true };
    let len = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
    if len > blob.len() {
        let what = format!("block {}: {len} bytes stated, {} left", head[0] & 0x7F, blob.len());
        push_problem(out, Problem::truncated("ogg (FLAC)", offset, what));
    }
    let blob = blob.get(..len).unwrap_or(blob);
    flac::block(head[0] & 0x7F, blob, "Ogg FLAC", offset.saturating_add(4), out);
    head[0] & 0x80 != 0
}

/// Reads header packet `number` (the first is 0); true where no other is wanted.
pub(super) fn header(codec: Codec, number: usize, packet: &[u8], offset: u64, out: &mut Extraction) -> bool {
    let prefix: &[u8] = match codec {
        Codec::Flac(count) => {
            // Sound starts with a frame's sync code.
            return packet.first() == Some(&0xFF)
                || flac_block(packet, offset, out)
                || (count != 0 && number as u64 >= count.into());
        }
        Codec::Vorbis(_) | Codec::Ogm => b"\x03vorbis",
        Codec::Opus => b"OpusTags",
        Codec::Theora => b"\x81theora",
        Codec::Kate => b"\x81kate\0\0\0",
        Codec::Vp8 => b"OVP80\x02 ",
        Codec::Speex(_) | Codec::Celt | Codec::Pcm => b"",
        Codec::Unknown => return true,
    };
    let at = place(codec, offset);
    match packet.strip_prefix(prefix) {
        Some(block) => {
            let by = prefix.len() as u64;
            vorbis::read(block, &Place { offset: Some(offset.saturating_add(by)), ..at }, out);
        }
        // Kate's and VP8's comments are not always there.
        None => {
            let problem = Problem::malformed("ogg (headers)", offset, "no comments where they should be");
            push_problem(
                out,
                if matches!(codec, Codec::Vp8 | Codec::Kate | Codec::Ogm) { problem.harmless() } else { problem },
            );
        }
    }
    true
}
