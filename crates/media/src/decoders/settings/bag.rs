//! The members of one set of settings, and the judgement whether a generator wrote them.
//!
//! A prompt together with at least two of seed, steps, sampler, guidance, model, negative prompt and size; without a
//! prompt, a model of a generative kind together with two of seed, steps, sampler and guidance. What other trades write
//! beside seeds and steps (learning rates, frame ranges, oscillators, tokens) speaks against it.

use super::names::{self, Field, Trade};

/// What was made of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Made from a prompt.
    Generate,
    /// Something that was loaded was changed.
    Edit,
}

/// Members of one set of settings.
#[derive(Clone, Debug, Default)]
pub(super) struct Bag {
    pub(super) prompt: Option<String>,
    weak_prompt: Option<String>,
    pub(super) model: Option<String>,
    pub(super) tool: Option<String>,
    negative: bool,
    seed: bool,
    steps: bool,
    inference_steps: bool,
    sampler: bool,
    known_sampler: bool,
    guidance: bool,
    weak_guidance: bool,
    width: bool,
    height: bool,
    size: bool,
    voice: bool,
    extra: usize,
    edits: bool,
    training: usize,
    chat: usize,
    other: usize,
}

/// The longest text of a member that is kept.
const LONGEST: usize = 4_000;
/// Words that stand for nothing.
const NOTHING: &[&str] = &["", "none", "null", "n/a", "nan", "undefined", "false", "nil"];

/// Whether a value says that there is none.
pub(super) fn is_nothing(value: &str) -> bool {
    NOTHING.iter().any(|nothing| value.trim().eq_ignore_ascii_case(nothing))
}

impl Bag {
    /// Adds a member by its name; names that mean nothing here are passed over.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        if let Some(field) = names::field(name) {
            self.set(field, value);
        }
    }

    pub(super) fn set(&mut self, field: Field, value: &str) {
        let value = value.trim().trim_matches('"').trim();
        let some = !is_nothing(value);
        let number = is_number(value);
        let text = || Some(value.chars().take(LONGEST).collect::<String>());
        match field {
            Field::Prompt if some && value.contains(char::is_alphabetic) => {
                self.prompt = self.prompt.take().or_else(text)
            }
            Field::WeakPrompt if some && value.contains(char::is_alphabetic) => {
                self.weak_prompt = self.weak_prompt.take().or_else(text);
            }
            // An empty one is written by generators too.
            Field::Negative => self.negative |= !number || value.is_empty(),
            Field::Seed => self.seed |= number,
            Field::Steps => self.steps |= number,
            Field::InferenceSteps => self.inference_steps |= number,
            Field::Sampler if some && !number => {
                self.sampler = true;
                self.known_sampler |= names::is_sampler(value);
            }
            Field::Guidance => self.guidance |= number,
            Field::WeakGuidance => self.weak_guidance |= number,
            Field::Model if some => {
                let better = self.model.as_deref().is_none_or(|known| !names::is_generative(known));
                if better && value.len() < 512 {
                    self.model = text();
                }
            }
            Field::Width => self.width |= number,
            Field::Height => self.height |= number,
            Field::Size => self.size |= some && value.len() < 48,
            Field::Extra if some => self.extra += 1,
            Field::Voice if some => self.voice = true,
            Field::Source if some => self.edits |= !number,
            Field::Mode if some && value.len() < 256 => {
                let value = value.to_lowercase();
                self.edits |= EDITING.iter().any(|word| value.contains(word));
                if self.tool.is_none() && value.contains(" by ") {
                    self.tool = text();
                }
            }
            Field::Tool if some && value.len() < 256 => self.tool = self.tool.take().or_else(text),
            Field::Foreign(Trade::Training) => self.training += 1,
            Field::Foreign(Trade::Chat) => self.chat += 1,
            Field::Foreign(Trade::Other) => self.other += 1,
            _ => {}
        }
    }

    /// Takes text that stands before the first setting for the prompt, where none is named.
    pub(super) fn lead(&mut self, text: &str) {
        let text = text.trim();
        if self.prompt.is_none() && self.weak_prompt.is_none() && text.contains(char::is_alphabetic) {
            self.weak_prompt = Some(text.chars().take(LONGEST).collect());
        }
    }

    /// The names of what is there, for the report.
    pub(super) fn describe(&self) -> String {
        let has_prompt = self.prompt.is_some() || self.weak_prompt.is_some();
        let all = [
            (has_prompt, "prompt"),
            (self.negative, "negative prompt"),
            (self.seed, "seed"),
            (self.steps || self.inference_steps, "steps"),
            (self.sampler, "sampler"),
            (self.guidance || self.weak_guidance, "guidance"),
            (self.model.is_some(), "model"),
            (self.sized(), "size"),
            (self.voice, "voice"),
        ];
        all.iter().filter(|(there, _)| *there).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The prompt, by whichever name.
    pub(super) fn asked(&self) -> Option<&str> {
        self.prompt.as_deref().or(self.weak_prompt.as_deref())
    }

    fn sized(&self) -> bool {
        self.size || (self.width && self.height)
    }

    fn generative(&self) -> bool {
        self.model.as_deref().is_some_and(names::is_generative)
    }

    /// What a generator wrote, if one did.
    pub(super) fn judge(&self) -> Option<Verdict> {
        if self.training > 0 {
            return None;
        }
        let guidance = self.guidance || self.weak_guidance;
        let steps = self.steps || self.inference_steps;
        let core = [self.seed, steps, self.sampler, guidance].iter().filter(|there| **there).count();
        let more =
            [self.model.is_some(), self.negative, self.sized(), self.voice].iter().filter(|there| **there).count();
        let own =
            [self.negative, self.guidance, self.known_sampler, self.inference_steps, self.generative(), self.extra > 0];
        let own = own.iter().filter(|there| **there).count();
        let reads = self.chat > 0 || self.model.as_deref().is_some_and(names::is_reading);
        if reads && !(self.negative || self.inference_steps || self.known_sampler) {
            return None;
        }
        let enough = match (&self.prompt, &self.weak_prompt) {
            (Some(prompt), _) if own == 0 => core + more >= 2 && core > 0 && self.other == 0 && is_description(prompt),
            (Some(_), _) => core + more >= 2 && (self.other == 0 || own >= 2),
            (None, Some(_)) => {
                core + more >= 2
                    && (if self.other == 0 { own >= 1 && core + own >= 3 || self.spoken() } else { own >= 3 })
            }
            (None, None) => self.generative() && core >= 2 && self.other == 0,
        };
        let verdict = if self.edits { Verdict::Edit } else { Verdict::Generate };
        enough.then_some(verdict)
    }

    /// Text that a synthetic voice speaks.
    fn spoken(&self) -> bool {
        self.voice && self.generative()
    }
}

/// Words in a mode or task where something loaded is changed.
const EDITING: &[&str] = &[
    "img2img",
    "image2image",
    "image-to-image",
    "inpaint",
    "outpaint",
    "faceswap",
    "face swap",
    "vid2vid",
    "video-to-video",
    "image_to_image",
    "unified_canvas",
    "lipsync",
    "lip sync",
];

/// A number, or several of them.
fn is_number(value: &str) -> bool {
    let value = value.trim_matches(['[', ']', ' ', '%']);
    let digits = value.chars().filter(char::is_ascii_digit).count();
    digits > 0 && value.len() < 200 && value.chars().all(|c| c.is_ascii_digit() || "+-.,eE ".contains(c))
}

/// How questions and instructions to people or to language models begin.
const INSTRUCTIONS: &[&str] = &[
    "press ",
    "enter ",
    "select ",
    "choose ",
    "type ",
    "click ",
    "please ",
    "are you",
    "do you",
    "did you",
    "what ",
    "which ",
    "how ",
    "who ",
    "where ",
    "when ",
    "why ",
    "password",
    "login",
    "user name",
    "username",
    "continue",
    "describe ",
    "transcribe",
    "translate",
    "summarize",
    "summarise",
    "classify",
    "caption ",
    "list ",
    "rate ",
    "answer ",
    "write ",
    "fill ",
    "pick ",
    "confirm",
    "say ",
    "tap ",
    "insert ",
    "you are ",
    "ready",
    "detect",
    "segment",
];

/// Whether a prompt describes something to be made, as far as can be told: no question, no instruction to people.
fn is_description(prompt: &str) -> bool {
    let prompt = prompt.trim().to_lowercase();
    let asks =
        prompt.ends_with(['?', ':', '>', '$', '#', '%', '=']) || prompt.contains("[y/n]") || prompt.contains("(y/n)");
    let wide = prompt.chars().any(|c| c as u32 >= 0x2E80);
    let words = prompt.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count();
    !asks && (words >= 2 || wide) && !INSTRUCTIONS.iter().any(|start| prompt.starts_with(start))
}
