//! User data of MPEG-1 and MPEG-2 video: whatever its writer likes, behind sequence, group and picture headers
//! (ISO/IEC 13818-2, 6.2.2.2.2; ISO/IEC 11172-2, 2.4.2). Space `mpeg`.

use super::{Place, charset, content, push};
use countersign_model::Extraction;

const START: [u8; 4] = [0, 0, 1, 0xB2];
/// Different pieces of user data that are looked at in one stretch. Captions come with every picture, each another one.
const PIECES: usize = 512;

/// Reads the user data of a stretch of video; what was said before is not said again.
pub fn read(video: &[u8], at: &Place, out: &mut Extraction) {
    let mut seen: Vec<&[u8]> = Vec::new();
    for found in memchr::memmem::find_iter(video, &START) {
        let body = video.get(found + START.len()..).unwrap_or_default();
        let end = memchr::memmem::find(body, &[0, 0, 1]).unwrap_or(body.len());
        let Some(body) = body.get(..end).filter(|body| !seen.contains(body)) else { continue };
        if seen.len() >= PIECES {
            return;
        }
        seen.push(body);
        let place = Place { offset: at.offset.map(|offset| offset.saturating_add(found as u64)), ..at.clone() };
        if content::read(body, "mpeg", &place, out) {
            continue;
        }
        let Some(text) = charset::printable(body) else { continue };
        let text = text.trim();
        let known = out.facts.tags.iter().any(|tag| tag.space == "mpeg" && tag.value == text);
        if !text.is_empty() && !known {
            push(out, ("mpeg", "user_data"), text, &place, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_once_and_captions_are_none() {
        let video =
            b"\0\0\x01\xB3....\0\0\x01\xB2encoder 1\0\0\x01\xB2GA94\x03\xC1\xFF\0\0\x01\xB2encoder 1\0\0\x01\x00";
        let mut out = Extraction::default();
        read(video, &Place::new("MPEG video", 100), &mut out);
        let told: Vec<_> = out.facts.tags.iter().map(|tag| (tag.value.as_str(), tag.offset)).collect();
        assert_eq!(told, [("encoder 1", Some(108))]);
    }
}
