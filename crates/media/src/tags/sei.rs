//! User data in the SEI messages of H.264 and H.265: unregistered (a UUID, then whatever its writer likes; ITU-T H.264,
//! D.1.7) and registered by ITU-T T.35 (D.1.6). They stay when a container is written anew. Space `sei`.

use super::{Place, charset, content, push};
use crate::framing::nal::{self, Codec};
use countersign_model::{Extraction, limits};

const REGISTERED: usize = 4;
const UNREGISTERED: usize = 5;
/// The longest text that is kept of a message.
const TEXT: usize = limits::VALUE * 4;

/// Reads the user data of these units; what was said before is not said again.
pub fn read(codec: Codec, units: &[&[u8]], at: &Place, out: &mut Extraction) {
    for messages in units.iter().filter_map(|unit| nal::messages(codec, unit)) {
        for (kind, payload) in nal::payloads(&messages) {
            let said = match kind {
                UNREGISTERED => payload.split_at_checked(16).map(|(uuid, rest)| (written(uuid), rest)),
                REGISTERED => payload
                    .split_at_checked(3)
                    .map(|(code, rest)| (format!("itu-t-t35-{}", data_encoding::HEXLOWER.encode(code)), rest)),
                _ => None,
            };
            let Some((key, rest)) = said else { continue };
            let before = out.facts.tags.len();
            if content::read(rest, "sei", at, out) {
                forget_repeated(before, out);
                continue;
            }
            let Some(text) = text(rest) else { continue };
            let known = out.facts.tags.iter().any(|t| t.space == "sei" && t.key == key && t.value == text);
            if !known {
                push(out, ("sei", &key), text, at, 0);
            }
        }
    }
}

/// Takes back the tags from `first` on that say what others said before.
fn forget_repeated(first: usize, out: &mut Extraction) {
    for tag in out.facts.tags.split_off(first) {
        if !out.facts.tags.iter().any(|t| t.space == tag.space && t.key == tag.key && t.value == tag.value) {
            out.facts.tags.push(tag);
        }
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.get(..bytes.len().min(TEXT))?;
    // The end of the unit's data may follow a terminator.
    let end = bytes.iter().rposition(|b| !matches!(b, 0 | 0x80)).map_or(0, |last| last + 1);
    charset::printable(bytes.get(..end)?).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn written(uuid: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(uuid);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
