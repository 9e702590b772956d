//! Packs and packets of MPEG program streams (ISO/IEC 13818-1 section 2.5, ISO/IEC 11172-1 section 2.4): the elementary
//! streams that the first bytes of a file carry.

/// An elementary stream, as far as the bytes go.
#[derive(Debug, PartialEq, Eq)]
pub struct Elementary {
    /// Its `stream_id`: 0xE0 to 0xEF are video, 0xFC is metadata.
    pub id: u8,
    /// Where its first byte stands among the bytes that were given.
    pub at: usize,
    /// What its packets carry, one after the other.
    pub payload: Vec<u8>,
}

/// Streams that are told apart; a program has a handful.
const STREAMS: usize = 16;
const PACK: u8 = 0xBA;
const END: u8 = 0xB9;
/// The first `stream_id`: below it are start codes of video.
const FIRST: u8 = 0xBB;

/// The streams of these packs, in the order in which they begin. Where the packets do not follow one another, the next start
/// code is looked for.
#[must_use]
pub fn streams(bytes: &[u8]) -> Vec<Elementary> {
    let mut out: Vec<Elementary> = Vec::new();
    let mut at = 0;
    while let Some(next) = bytes.get(at..).and_then(|rest| memchr::memmem::find(rest, &[0, 0, 1])) {
        at += next;
        let Some(&id) = bytes.get(at + 3) else { break };
        let behind = bytes.get(at + 4..).unwrap_or_default();
        match id {
            PACK | END => at += 4,
            FIRST.. => {
                let Some(stated) = behind.first_chunk::<2>() else { break };
                let len = usize::from(u16::from_be_bytes(*stated));
                let packet = behind.get(2..).unwrap_or_default();
                let packet = packet.get(..len).unwrap_or(packet);
                let skip = header(packet);
                if let Some(payload) = packet.get(skip..).filter(|payload| is_read(id) && !payload.is_empty()) {
                    keep(&mut out, id, at + 6 + skip, payload);
                }
                at += 6 + packet.len();
            }
            _ => at += 4,
        }
    }
    out
}

fn is_read(id: u8) -> bool {
    matches!(id, 0xE0..=0xEF | 0xFC)
}

fn keep(out: &mut Vec<Elementary>, id: u8, at: usize, payload: &[u8]) {
    if let Some(stream) = out.iter_mut().find(|stream| stream.id == id) {
        stream.payload.extend_from_slice(payload);
    } else if out.len() < STREAMS {
        out.push(Elementary { id, at, payload: payload.to_vec() });
    }
}

/// Bytes before the payload: flags and times of MPEG-2, or stuffing, buffer size and times of MPEG-1.
fn header(packet: &[u8]) -> usize {
    if packet.first().is_some_and(|flags| flags >> 6 == 0b10) {
        return 3 + packet.get(2).copied().map_or(0, usize::from);
    }
    let stuffing = packet.iter().take(16).take_while(|byte| **byte == 0xFF).count();
    let buffer = if packet.get(stuffing).is_some_and(|byte| byte >> 6 == 0b01) { 2 } else { 0 };
    let times = match packet.get(stuffing + buffer).map(|byte| byte >> 4) {
        Some(0b0010) => 5,
        Some(0b0011) => 10,
        _ => 1,
    };
    stuffing + buffer + times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(id: u8, head: &[u8], payload: &[u8]) -> Vec<u8> {
        let len = (head.len() + payload.len()) as u16;
        [&[0, 0, 1, id][..], &len.to_be_bytes(), head, payload].concat()
    }

    #[test]
    fn payloads_of_both_generations_are_joined_by_stream() {
        let pack = [0, 0, 1, 0xBA, 0x44, 0, 4, 0, 4, 1, 0, 0, 3, 0xF8];
        let two = packet(0xE0, &[0x81, 0x80, 5, 0x21, 0, 1, 0, 1], b"one ");
        let sound = packet(0xC0, &[0x81, 0, 0], b"sound");
        let one = packet(0xE0, &[0xFF, 0xFF, 0x60, 0x20, 0x21, 0, 1, 0, 1], b"two");
        let bytes = [&pack[..], &two, &sound, &one, &[0, 0, 1, 0xB9]].concat();
        let found = streams(&bytes);
        assert_eq!(found, [Elementary { id: 0xE0, at: 28, payload: b"one two".to_vec() }]);
        assert_eq!(&bytes[28..32], b"one ");
    }

    #[test]
    fn every_beginning_is_read_without_a_panic() {
        let bytes = packet(0xE0, &[0x81, 0x80, 255], b"");
        for end in 0..=bytes.len() {
            assert!(streams(&bytes[..end]).is_empty());
        }
    }
}
