//! The mark catalogue (data) and its matching: facts become evidence.

mod built_in_files;
mod catalogue;
mod catalogue_file;
mod conditions;
pub mod credentials;
mod examples;
pub mod generators;
mod house;
mod index;
mod manual;
mod mark;
mod matching;
mod passed;
mod pattern;
mod prepared;
mod selector;
mod shape;
pub mod source_type;
mod terms;
mod tool_names;

pub use catalogue::{Catalogue, Wrong, built_in, catalogue};
pub use house::with_files;
pub use manual::{manual, page};
pub use mark::{Examples, Hit, Mark, Miss};

use countersign_model::{Ai, Claim, Evidence, Strength, Via};

/// The strongest claim among the evidence.
///
/// Captured, digitized and not-ai claims never raise it; hints, and whatever is reached only through an
/// `inputTo` ingredient, raise it to possible at most.
#[must_use]
pub fn ai(evidence: &[Evidence]) -> Ai {
    evidence.iter().map(raised_to).max().unwrap_or_default()
}

fn raised_to(evidence: &Evidence) -> Ai {
    let ai = match evidence.claim {
        Claim::Generated => Ai::Generated,
        Claim::Composite => Ai::Composite,
        Claim::Enhanced => Ai::Enhanced,
        Claim::Possible => Ai::Possible,
        Claim::Captured | Claim::Digitized | Claim::NotAi => Ai::None,
    };
    let weak = evidence.strength == Strength::Hint || evidence.via == Via::Input;
    if weak { ai.min(Ai::Possible) } else { ai }
}
