//! The mark pages: what `countersign marks` prints and `docs/marks.md` holds, made from the catalogue.

use std::fmt::Write;

use crate::marks::catalogue::catalogue;
use crate::marks::mark::Mark;
use countersign_model::{Claim, Strength};

/// The whole manual, in Markdown.
#[must_use]
pub fn manual() -> String {
    let mut out = format!(
        "# Marks\n\nThe {} marks of generative AI that Countersign reads, made from `crates/judge/src/marks/`.\n\n\
         A mark makes a *claim* about the asset (generated, composite, enhanced, possible, captured, digitized, not-ai) \
         with a *strength*: signed (a signature can be checked), declared (the file states it in a field made for that), \
         fingerprint (a structure that only a generator writes), pixel (decoded from the pixels), \
         similar (like another asset that is known), \
         hint (never enough alone).\n\n\
         The absence of every mark is never evidence that an asset is human-made or authentic.\n\n\
         | mark | claims | strength |\n|---|---|---|\n",
        catalogue().marks().count()
    );
    for mark in catalogue().marks() {
        let _ = writeln!(
            out,
            "| [`{0}`](#{2}) {1} | {3} | {4} |",
            mark.id,
            mark.name,
            anchor(&mark.id),
            claims(mark),
            strength(mark.strength)
        );
    }
    for mark in catalogue().marks() {
        let _ = write!(out, "\n{}", page(mark));
    }
    out
}

/// One mark's page, in Markdown.
#[must_use]
pub fn page(mark: &Mark) -> String {
    let mut out = format!("## {}\n\n{}.", mark.id, mark.name);
    if let Some(system) = &mark.system {
        let _ = write!(out, " Points to {system}.");
    }
    let _ = write!(out, "\n\n- **Claims:** {}\n- **Strength:** {}\n", claims(mark), strength(mark.strength));
    if let Some(code) = &mark.code {
        let _ = writeln!(out, "- **Read by:** `crates/judge/src/{code}`");
    }
    if let Some(file) = &mark.file {
        let _ = writeln!(out, "- **Read from:** `{file}`");
    }
    for (what, text) in [("Lives in", &mark.lives), ("Not to be mistaken for", &mark.guard), ("Source", &mark.source)] {
        let _ = writeln!(out, "- **{what}:** {}", text.trim());
    }
    out
}

/// The anchor that Markdown renderers make of a heading.
fn anchor(id: &str) -> String {
    id.replace('.', "")
}

fn claims(mark: &Mark) -> String {
    mark.claims.iter().map(|c| claim(*c)).collect::<Vec<_>>().join(", ")
}

fn claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Generated => "generated",
        Claim::Composite => "composite",
        Claim::Enhanced => "enhanced",
        Claim::Possible => "possible",
        Claim::Captured => "captured",
        Claim::Digitized => "digitized",
        Claim::NotAi => "not-ai",
    }
}

fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Signed => "signed",
        Strength::Declared => "declared",
        Strength::Fingerprint => "fingerprint",
        Strength::Pixel => "pixel",
        Strength::Similar => "similar",
        Strength::Hint => "hint",
    }
}
