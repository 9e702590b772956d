//! Parameters as the Stable Diffusion web UI writes them, in whatever comment field a container has.
//!
//! AUTOMATIC1111/stable-diffusion-webui, `modules/images.py` and `modules/processing.py` (create_infotext): prompt,
//! an optional `Negative prompt:` line, and a last line `Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, …`.

use std::sync::OnceLock;

use regex::Regex;

use super::signs::{self, STEPS};
use super::{Decoder, Options, Signs, Subject, said, with_any};
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "a1111", version: 3, decode };

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let mut out = Vec::new();
    if !subject.all_signs.has_steps() {
        return out;
    }
    let signed = with_any(Signs::WITH_STEPS, &facts.tags, &subject.signs);
    for (tag, _) in signed.filter(|(tag, _)| !tag.is_about_content()) {
        let Some(line) = settings(&tag.value) else { continue };
        out.push(said(DECODER.id, "parameters", line, tag));
        for (key, name) in [("Model", "model"), ("Version", "version"), ("App", "app")] {
            if let Some(value) = setting(line, key) {
                out.push(said(DECODER.id, name, value, tag));
            }
        }
    }
    out
}

/// Whether the tag may carry such text (any field but those that people fill), and holds what every such text does: that
/// alone sorts out most tags.
pub(super) fn carries(tag: &Tag) -> bool {
    tag.value.len() > STEPS.len() && signs::has_steps(tag.value.as_bytes()) && !tag.is_about_content()
}

/// Settings that follow the steps; those of the first [`CORE`] are in every such text.
const SETTINGS: &[&str] = &[
    "Sampler: ",
    "CFG scale: ",
    "Seed: ",
    "Size: ",
    "Model hash: ",
    "Model: ",
    "Denoising strength: ",
    "Clip skip: ",
    "Version: ",
];
const CORE: usize = 3;

/// The line of settings, if the text has the grammar: steps, and at least two more of the known settings after it.
///
/// Only the ends of matches are asked for, and no groups: to tell those of a line of megabytes takes seconds.
pub(super) fn settings(text: &str) -> Option<&str> {
    static LINE: OnceLock<Option<Regex>> = OnceLock::new();
    static MORE: OnceLock<Option<Regex>> = OnceLock::new();
    let steps = LINE.get_or_init(|| Regex::new(r"(?m)(?:^|[\n,.\s])Steps: \d+\s*,[^\n]*").ok()).as_ref()?;
    let more = MORE.get_or_init(|| {
        Regex::new(
            r"(?:^|[,\s])(?:Sampler: [^,\n]+|CFG scale: [\d.]+|Seed: -?\d+|Size: \d+x\d+|Model hash: [0-9a-fA-F]{6,}|Model: [^,\n]+|Denoising strength: [\d.]+|Clip skip: \d+|Version: [^,\n]+)",
        )
        .ok()
    });
    let more = more.as_ref()?;
    // The settings are at the end; a prompt may quote others.
    let last = steps.find_iter(text).last()?.as_str();
    let line = last.get(last.find("Steps: ")?..)?.trim_end();
    let mut found = [false; SETTINGS.len()];
    for known in more.find_iter(line) {
        let known = known.as_str().trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        if let Some(index) = SETTINGS.iter().position(|name| known.starts_with(name)) {
            found[index] = true;
        }
    }
    let core = found[..CORE].iter().filter(|f| **f).count();
    let all = found.iter().filter(|f| **f).count();
    (core >= 1 && all >= 2).then_some(line)
}

pub(super) fn setting<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let value = line.split(", ").find_map(|part| part.trim().strip_prefix(key)?.strip_prefix(": "))?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_io::source::Source;

    const TEXT: &str = "a barn, Steps: none\nNegative prompt: blur\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: e1441589a6, Model: v1-5, Version: v1.6.0";

    fn facts(space: &str, key: &str, value: &str) -> Facts {
        let tag = Tag { space: space.into(), key: key.into(), value: value.into(), ..Tag::default() };
        Facts { tags: vec![tag], ..Facts::default() }
    }

    #[test]
    fn the_grammar_is_read_where_it_is_written() {
        for (space, key) in [
            ("png", "parameters"),
            ("exif", "UserComment"),
            ("quicktime", "©cmt"),
            ("id3", "COMM:eng"),
            ("sidecar", "txt"),
            ("quicktime", "description"),
            ("quicktime", "dscp"),
            ("ape", "Comment"),
            ("aiff", "ANNO"),
            ("exif", "ImageDescription"),
            ("xmp", "sdcpp:parameters"),
            ("riff", "json"),
            ("id3", "TXXX:anything"),
        ] {
            let said = decode(
                &mut Subject::new(&mut Source::memory(Vec::new(), 0)),
                &facts(space, key, TEXT),
                Options::default(),
            );
            assert_eq!(said.first().map(|t| t.key.as_str()), Some("parameters"), "{space} {key}");
            assert!(said.iter().any(|t| t.key == "model" && t.value == "v1-5"));
        }
        for (space, key) in [("xmp", "dc:description"), ("png", "Title"), ("iptc", "Caption-Abstract"), ("id3", "USLT")]
        {
            assert!(
                decode(
                    &mut Subject::new(&mut Source::memory(Vec::new(), 0)),
                    &facts(space, key, TEXT),
                    Options::default()
                )
                .is_empty()
            );
        }
    }

    #[test]
    fn three_settings_are_needed() {
        assert!(settings("Steps: 4, Sampler: Euler, Seed: 1").is_some());
        assert!(settings("x\r\nSteps: 4, Seed: 1, Size: 64x64\r\n").is_some());
        assert!(settings("Steps: 4, Size: 64x64, Model: Nikon").is_none());
        assert!(settings("Steps: 4, Seed: 1").is_none());
        assert!(settings("Sampler: drum, Seed: 1, CFG scale: 7").is_none());
        assert!(settings("Steps: walk, Sampler: x, Seed: 1, CFG scale: 7").is_none());
        assert!(settings(r#"{"detector":"EIGER"}"#).is_none());
        assert!(settings("").is_none());
    }
}
