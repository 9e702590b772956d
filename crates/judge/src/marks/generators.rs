//! Generators that sign their output without saying in it how it was made.
//!
//! Names stand in fields that only tools write (software agent, claim generator, certificate), so a whole name
//! at the start of such a field is a fingerprint; the same words in a title or caption are nothing.

use countersign_model::Claim;

/// Where in a manifest a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// An action's `softwareAgent`.
    Agent,
    /// The claim generator.
    Generator,
    /// Common name or organization of the signing certificate.
    Certificate,
}

/// One known generator.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    /// Where the name stands.
    pub field: Field,
    /// How the field starts, as a whole word, any case, `_` as a space.
    pub name: &'static str,
    /// What evidence calls the generator.
    pub system: &'static str,
    /// What its name in that field says about the asset.
    pub claim: Claim,
}

const fn row(field: Field, name: &'static str, system: &'static str) -> Generator {
    Generator { field, name, system, claim: Claim::Generated }
}

const fn maybe(field: Field, name: &'static str, system: &'static str) -> Generator {
    Generator { field, name, system, claim: Claim::Possible }
}

use Field::{Agent, Certificate, Generator as Tool};

/// The known generators; certificates alone only hint, since the same company may sign other things.
pub static ALL: &[Generator] = &[
    row(Agent, "Image Creator from Designer", "Microsoft Designer"),
    row(Agent, "Bing Image Creator", "Bing Image Creator"),
    row(Agent, "Microsoft Designer Image Creator", "Microsoft Designer"),
    row(Tool, "Microsoft Responsible AI", "Microsoft Responsible AI"),
    row(Agent, "Titan Image Generator", "Amazon Titan Image Generator"),
    row(Agent, "Amazon Titan Image Generator", "Amazon Titan Image Generator"),
    row(Agent, "Amazon Nova Canvas", "Amazon Nova Canvas"),
    row(Agent, "Nova Canvas", "Amazon Nova Canvas"),
    row(Agent, "Amazon Nova Reel", "Amazon Nova Reel"),
    row(Agent, "Nova Reel", "Amazon Nova Reel"),
    row(Tool, "Amazon Bedrock", "Amazon Bedrock"),
    row(Agent, "Adobe Firefly", "Adobe Firefly"),
    row(Tool, "Adobe Firefly", "Adobe Firefly"),
    row(Agent, "DALL·E", "OpenAI DALL·E"),
    row(Agent, "DALL-E", "OpenAI DALL·E"),
    row(Tool, "DALL·E", "OpenAI DALL·E"),
    row(Agent, "OpenAI API", "OpenAI API"),
    row(Agent, "OpenAI-API", "OpenAI API"),
    row(Tool, "OpenAI API", "OpenAI API"),
    row(Tool, "OpenAI-API", "OpenAI API"),
    row(Agent, "GPT-4o", "OpenAI GPT-4o"),
    row(Agent, "ChatGPT", "OpenAI ChatGPT"),
    row(Tool, "ChatGPT", "OpenAI ChatGPT"),
    row(Agent, "OpenAI Sora", "OpenAI Sora"),
    row(Agent, "Sora", "OpenAI Sora"),
    row(Tool, "Sora", "OpenAI Sora"),
    row(Tool, "Black Forest Labs", "Black Forest Labs FLUX"),
    row(Agent, "Black Forest Labs", "Black Forest Labs FLUX"),
    row(Agent, "Google Generative AI", "Google"),
    row(Agent, "Made with Google AI", "Google"),
    row(Agent, "Stable Diffusion", "Stable Diffusion"),
    row(Agent, "Stability AI", "Stability AI"),
    row(Tool, "Stability AI", "Stability AI"),
    row(Agent, "Midjourney", "Midjourney"),
    row(Agent, "Ideogram", "Ideogram"),
    row(Tool, "ElevenLabs", "ElevenLabs"),
    row(Agent, "ElevenLabs", "ElevenLabs"),
    maybe(Certificate, "OpenAI", "OpenAI"),
    maybe(Certificate, "Black Forest Labs", "Black Forest Labs FLUX"),
    maybe(Certificate, "Stability AI", "Stability AI"),
    maybe(Certificate, "Eleven Labs", "ElevenLabs"),
    maybe(Certificate, "ElevenLabs", "ElevenLabs"),
    maybe(Certificate, "Adobe Firefly", "Adobe Firefly"),
    maybe(Certificate, "Runway AI", "Runway"),
    maybe(Certificate, "Midjourney", "Midjourney"),
];

/// The generator whose name `written` starts with.
#[must_use]
pub fn find(field: Field, written: &str) -> Option<&'static Generator> {
    let written = plain(written);
    ALL.iter().filter(|g| g.field == field).find(|g| {
        let rest = written.strip_prefix(&plain(g.name));
        rest.is_some_and(|r| !r.starts_with(|c: char| c.is_alphanumeric()))
    })
}

fn plain(text: &str) -> String {
    text.trim().replace('_', " ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_at_the_start_are_found() {
        let system = |field, text| find(field, text).map(|g| g.system);
        assert_eq!(system(Tool, "Microsoft_Responsible_AI/1.0"), Some("Microsoft Responsible AI"));
        assert_eq!(system(Agent, "Image Creator from Designer"), Some("Microsoft Designer"));
        assert_eq!(system(Agent, "Titan Image Generator G1"), Some("Amazon Titan Image Generator"));
        assert_eq!(system(Certificate, "OpenAI OpCo, LLC"), Some("OpenAI"));
    }

    #[test]
    fn parts_of_words_and_other_fields_are_not() {
        assert!(find(Agent, "Soraya Photo 2").is_none());
        assert!(find(Agent, "Adobe Photoshop (not Adobe Firefly)").is_none());
        assert!(find(Certificate, "Sora").is_none());
        assert!(find(Agent, "").is_none());
    }
}
