//! UDIM tiles of textures: `wood_basecolor.1001.exr` is the tile at u = 0, v = 0; ten tiles make a row, so that 1011 stands
//! on 1001. A model uses some tiles of each row: their numbers have holes that are no missing frames.

/// Tiles of a row.
const ROW: u64 = 10;
/// The first tile, and the last of the hundredth row.
const TILES: std::ops::RangeInclusive<u64> = 1001..=2000;
/// Words in names of folders or files that only textures have.
const TEXTURES: &[&str] = &["udim", "texture", "textures", "tex", "txr", "maps", "tiles"];
/// Kinds of texture; renders have passes of these names, too.
const MAPS: &[&str] = &[
    "albedo",
    "ao",
    "basecolor",
    "bump",
    "color",
    "diff",
    "diffuse",
    "disp",
    "displacement",
    "emissive",
    "gloss",
    "height",
    "metallic",
    "metalness",
    "nor",
    "normal",
    "nrm",
    "occlusion",
    "opacity",
    "rough",
    "roughness",
    "spec",
    "specular",
    "sss",
];

/// Whether files of these numbers are tiles: in the range of tiles, under a name of textures; or with holes at the ends of
/// rows only, more than one of them or under the name of a map.
pub(super) fn are_tiles(prefix: &str, numbers: impl Iterator<Item = u64> + Clone) -> bool {
    if !numbers.clone().all(|number| TILES.contains(&number)) {
        return false;
    }
    let lower = prefix.to_ascii_lowercase();
    let word = |list: &[&str]| lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| list.contains(&word));
    // Humps are words as well: `woodBaseColor`.
    let ends = |list: &[&str]| {
        let stem = lower.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        list.iter().any(|word| word.len() > 4 && stem.ends_with(word))
    };
    if word(TEXTURES) {
        return true;
    }
    let holes = numbers.clone().zip(numbers.skip(1)).filter(|(before, after)| after - before > 1);
    let (mut all, mut at_ends) = (0_usize, 0_usize);
    for (_, after) in holes {
        all += 1;
        at_ends += usize::from(after % ROW == *TILES.start() % ROW);
    }
    all > 0 && all == at_ends && (all > 1 || word(MAPS) || ends(MAPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiles(prefix: &str, numbers: &[u64]) -> bool {
        are_tiles(prefix, numbers.iter().copied())
    }

    #[test]
    fn rows_that_are_not_full_are_tiles() {
        let rows = [1001, 1002, 1003, 1004, 1011, 1012, 1013, 1021, 1022];
        assert!(tiles("hero/body.", &rows));
        assert!(tiles("hero/bodyBaseColor.", &[1001, 1002, 1003, 1011, 1012]));
        assert!(tiles("hero/textures/body.", &[1001, 1003, 1014, 1022]));
    }

    #[test]
    fn frames_are_no_tiles() {
        for numbers in [
            vec![1001, 1002, 1003, 1004, 1011, 1012],
            vec![1001, 1002, 1011, 1012, 1014],
            vec![1001, 1002, 1003, 1004, 1011, 2001],
            vec![995, 1001, 1011, 1021],
        ] {
            assert!(!tiles("shot010/comp.", &numbers), "{numbers:?}");
        }
        assert!(!tiles("shot010/diffuse.", &[1001, 1002, 1005, 1006]), "a pass of a render with a hole in a row");
        assert!(!tiles("shot010/comp.", &(1001..1041).collect::<Vec<_>>()));
    }
}
