//! What a folder's name says of its files where no pattern of the policy speaks of it: a hint for people, and no role.

use std::sync::LazyLock;

use super::words::{folders, words};
use countersign_model::Role;

/// Words that say so wherever they stand in a name. What a pattern of the built-in policies places never comes here.
const ARCHIVAL: &[&str] =
    &["archival", "archive", "archiv", "archivio", "stock", "newsreel", "historic", "historical", "found footage"];
/// The same for what is not meant to stay.
const TEMPORARY: &[&str] = &[
    "temp",
    "tmp",
    "temporary",
    "wip",
    "ref",
    "reference",
    "previs",
    "previz",
    "postvis",
    "animatic",
    "storyboard",
    "scratch",
    "placeholder",
    "slapcomp",
    "slap comp",
    "mockup",
    "draft",
];

/// The words of both lists, cut once.
static WORDS: LazyLock<Vec<(Vec<String>, Role)>> = LazyLock::new(|| {
    let cut = |list: &[&str], role| list.iter().map(|text| (words(text), role)).collect::<Vec<_>>();
    [cut(ARCHIVAL, Role::Archival), cut(TEMPORARY, Role::Temporary)].concat()
});

/// The first folder above the file whose name looks archival or temporary: its path, and which of the two.
///
/// ```
/// use countersign_judge::roles::looks::like;
/// use countersign_model::Role;
///
/// assert_eq!(like("reel 1/Stock Footage/a.mov"), Some(("reel 1/Stock Footage", Role::Archival)));
/// assert_eq!(like("ep101_temp_comps/a.mov"), Some(("ep101_temp_comps", Role::Temporary)));
/// assert_eq!(like("templates/a.mov"), None);
/// ```
#[must_use]
pub fn like(rel: &str) -> Option<(&str, Role)> {
    let mut end = 0;
    for name in folders(rel) {
        // Folders are parts of the path in their order: each is found behind the one before.
        let start = end + rel.get(end..)?.find(name)?;
        end = start + name.len();
        let of_name = words(name);
        // Archival words come first, and count before the others.
        if let Some((_, role)) = WORDS.iter().find(|(words, _)| holds(&of_name, words)) {
            return Some((rel.get(..end)?, *role));
        }
    }
    None
}

fn holds(name: &[String], words: &[String]) -> bool {
    !words.is_empty() && name.windows(words.len()).any(|part| part == words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_named_by_its_whole_path() {
        assert_eq!(like("a/a/stock/b.png"), Some(("a/a/stock", Role::Archival)));
        assert_eq!(like("tmp_0001/b.png"), Some(("tmp_0001", Role::Temporary)));
        assert_eq!(like("stockholm/b.png"), None);
        assert_eq!(like("stock.png"), None);
        assert_eq!(like("/x//DRAFTS/b.png"), Some(("/x//DRAFTS", Role::Temporary)));
    }
}
