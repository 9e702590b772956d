//! NovelAI's signature: Ed25519 over the RGB bytes and the comment.
//!
//! NovelAI/novelai-image-metadata, `nai_sig.py`: the message is the picture's RGB bytes, row by row, followed by the
//! comment object without `signed_hash`, in the form of Python's `json.dumps`. Pixels are decoded only where a
//! `signed_hash` is there to check.

use data_encoding::BASE64;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use serde_json::{Map, Value};

use super::{Decoder, Options, Subject, json, pixels, said};
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "novelai", version: 1, decode };

/// Pixels of the largest picture whose signature is checked: four times NovelAI's largest, enlarged fourfold.
const PIXELS: u64 = 64 * 1024 * 1024;
/// NovelAI's public key.
const KEY: &str = "Y2JcQAOhLwzwSDUJPNgL04nS0Tbqm7cSRc4xk0vRMic=";

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    verify(subject, facts, key)
}

fn key() -> Option<VerifyingKey> {
    let bytes: [u8; 32] = BASE64.decode(KEY.as_bytes()).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

/// Checks what is signed; the key is only made where something is.
fn verify(subject: &mut Subject<'_>, facts: &Facts, key: impl Fn() -> Option<VerifyingKey>) -> Vec<Tag> {
    // What is signed is an object.
    if !subject.all_signs.has_brace() && facts.decoded.iter().all(|t| t.space != "stealth") {
        return Vec::new();
    }
    let own = facts.tags.iter().filter(|t| t.via.is_own());
    let texts =
        own.filter(|t| matches!((t.space.as_str(), t.key.as_str()), ("png", "Comment") | ("exif", "UserComment")));
    let hidden = facts.decoded.iter().filter(|t| t.space == "stealth");
    let signed: Vec<(&Tag, Map<String, Value>)> =
        texts.chain(hidden).filter_map(|tag| Some((tag, comment(&tag.value)?))).collect();
    if signed.is_empty() {
        return Vec::new();
    }
    let Some(key) = key() else { return Vec::new() };
    let Some(image) = pixels::decode(subject, facts, PIXELS) else { return Vec::new() };
    let mut message = image.rgb().into_owned();
    let pixels = message.len();
    let mut out = Vec::new();
    for (tag, mut comment) in signed {
        let Some(Value::String(hash)) = comment.shift_remove("signed_hash") else { continue };
        message.truncate(pixels);
        let mut text = String::new();
        python(&Value::Object(comment), &mut text);
        message.extend_from_slice(text.as_bytes());
        let signature = BASE64.decode(hash.trim().as_bytes()).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        let valid = signature.is_some_and(|signature| key.verify(&message, &signature).is_ok());
        out.push(said(DECODER.id, "signature", if valid { "valid" } else { "invalid" }, tag));
    }
    out
}

/// The comment object that carries a signature: the text itself, or the text's `Comment`.
fn comment(text: &str) -> Option<Map<String, Value>> {
    if !text.contains("signed_hash") {
        return None;
    }
    let mut object = as_object(text)?;
    // The hidden text wraps the comment, and some comments wrap another.
    for _ in 0..2 {
        match object.get("Comment") {
            Some(Value::String(inner)) => object = as_object(inner)?,
            _ => break,
        }
    }
    object.contains_key("signed_hash").then_some(object)
}

fn as_object(text: &str) -> Option<Map<String, Value>> {
    match json::parse(text.trim_matches(|c: char| c.is_whitespace() || c == '\0'))? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Writes a value as Python's `json.dumps` does: `, ` and `: `, everything but printable ASCII escaped.
fn python(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => out.push_str(&python_float(float)),
            _ => out.push_str(&number.to_string()),
        },
        Value::String(text) => python_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                python(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (key, item)) in members.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                python_string(key, out);
                out.push_str(": ");
                python(item, out);
            }
            out.push('}');
        }
    }
}

fn python_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

/// Python's `repr` of a float: shortest digits, an exponent below 1e-4 and from 1e16 on.
fn python_float(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{float:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let text = float.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_io::source::Source;
    use countersign_model::FormatId;
    use ed25519_dalek::{Signer, SigningKey};
    use image::ImageEncoder;
    use image::codecs::png::PngEncoder;
    use serde_json::json;

    #[test]
    fn values_are_written_as_python_does() {
        let mut out = String::new();
        python(
            &json!({"a": [1, 5.0, 0.1, 1e-5, 1e16, 1e22, -2.5], "b": "é\u{1F600}\u{7f}\"\\\n", "c": null, "d": true, "e": {}}),
            &mut out,
        );
        let wanted = r#"{"a": [1, 5.0, 0.1, 1e-05, 1e+16, 1e+22, -2.5], "b": "\u00e9\ud83d\ude00\u007f\"\\\n", "c": null, "d": true, "e": {}}"#;
        assert_eq!(out, wanted);
    }

    #[test]
    fn a_signature_holds_for_its_pixels_and_comment_only() {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let pixels: Vec<u8> = (0..8 * 8 * 3).map(|i| i as u8).collect();
        let mut message = pixels.clone();
        message.extend(br#"{"prompt": "x", "steps": 28}"#);
        let hash = BASE64.encode(&secret.sign(&message).to_bytes());
        let said = |pixels: &[u8], comment: &str, hidden: bool| {
            let mut png = Vec::new();
            PngEncoder::new(&mut png).write_image(pixels, 8, 8, image::ExtendedColorType::Rgb8).unwrap();
            let (space, key) = if hidden { ("stealth", "stealth_pngcomp") } else { ("png", "Comment") };
            let tag = Tag { space: space.into(), key: key.into(), value: comment.into(), ..Tag::default() };
            let mut facts = Facts { format: FormatId::parse("png"), ..Facts::default() };
            if hidden {
                facts.decoded.push(tag)
            } else {
                facts.tags.push(tag)
            }
            let said = verify(&mut Subject::new(&mut Source::memory(png, 0)), &facts, || Some(secret.verifying_key()));
            said.into_iter().map(|t| t.value).collect::<Vec<_>>()
        };
        let comment = format!(r#"{{"prompt":"x","signed_hash":"{hash}","steps":28}}"#);
        assert_eq!(said(&pixels, &comment, false), ["valid"]);
        assert_eq!(said(&pixels, &json!({"Software": "NovelAI", "Comment": comment}).to_string(), true), ["valid"]);
        assert_eq!(said(&pixels, &comment.replace("28", "29"), false), ["invalid"]);
        let mut other = pixels.clone();
        other[0] ^= 1;
        assert_eq!(said(&other, &comment, false), ["invalid"]);
        assert_eq!(said(&pixels, r#"{"prompt":"x","signed_hash":"AAAA"}"#, false), ["invalid"]);
        assert!(said(&pixels, r#"{"prompt":"signed_hash"}"#, false).is_empty());
        assert!(key().is_some());
    }
}
