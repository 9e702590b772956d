//! What a test of a mark makes of one value, and whether a value speaks against AI.

use crate::marks::source_type;
use countersign_model::{Claim, Strength};

/// What a value that passed has to say.
#[derive(Default)]
pub(super) struct Passed {
    pub(super) claim: Option<Claim>,
    pub(super) strength: Option<Strength>,
    /// Named parts: captures of a pattern, asked for by name; members of an object.
    pub(super) parts: Vec<(String, String)>,
}

impl Passed {
    pub(super) fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
    }
}

/// Whether a value is a source type of something captured, digitized or made by people: it does not take the place of a
/// mark of AI beside it, it contradicts it.
pub(super) fn states_no_ai(value: &str) -> bool {
    let claim = source_type::parse(value).and_then(|known| known.claim);
    matches!(claim, Some(Claim::Captured | Claim::Digitized | Claim::NotAi))
}
