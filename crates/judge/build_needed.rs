//! What a value must hold to match a pattern: told here once, it spares most runs to compile the pattern at all.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Texts of which one must be there; more would take longer to look for than they save.
const MOST: usize = 12;
/// Bytes of the shortest text that is worth being looked for.
const SHORTEST: usize = 3;

/// Texts of which every ASCII value that matches holds at least one, in whatever case; none where that cannot be told.
pub(crate) fn texts(pattern: &Hir) -> Vec<String> {
    best(pattern).unwrap_or_default()
}

fn best(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => best(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        HirKind::Alternation(branches) => {
            let texts = branches.iter().map(best).collect::<Option<Vec<_>>>()?.concat();
            Some(texts).filter(|texts| texts.len() <= MOST)
        }
        HirKind::Concat(parts) => of_parts(parts),
        _ => plain(hir).filter(|text| text.len() >= SHORTEST).map(|text| vec![text]),
    }
}

/// The longest of what stands there in one piece, and of what single parts need.
fn of_parts(parts: &[Hir]) -> Option<Vec<String>> {
    let (mut found, mut piece) = (Vec::new(), String::new());
    for part in parts {
        if let Some(text) = plain(part) {
            piece.push_str(&text);
            continue;
        }
        found.push(vec![std::mem::take(&mut piece)]);
        if matches!(part.kind(), HirKind::Capture(_) | HirKind::Repetition(_) | HirKind::Alternation(_)) {
            found.extend(best(part));
        }
    }
    found.push(vec![piece]);
    let shortest = |texts: &Vec<String>| texts.iter().map(String::len).min().unwrap_or_default();
    found.into_iter().max_by_key(shortest).filter(|texts| shortest(texts) >= SHORTEST)
}

/// The text in lower case, where it is always the same but for its case.
fn plain(part: &Hir) -> Option<String> {
    match part.kind() {
        HirKind::Literal(literal) => {
            std::str::from_utf8(&literal.0).ok().filter(|text| text.is_ascii()).map(str::to_ascii_lowercase)
        }
        // Capitals beyond ASCII stand in no ASCII value.
        HirKind::Class(Class::Unicode(class)) => {
            let ascii = class.ranges().iter().filter(|range| range.start().is_ascii());
            let mut letters = ascii.flat_map(|range| range.start()..=range.end()).map(|c| c.to_ascii_lowercase());
            let first = letters.next().filter(char::is_ascii_alphabetic)?;
            letters.all(|other| other == first).then(|| first.to_string())
        }
        _ => None,
    }
}
