//! The words of a folder's name, and patterns that are about them: `07_TEMP`, `temp_vfx` and `TempComps` all say *temp*.
//!
//! Words end at what is neither a letter nor a digit, where a digit begins or ends, and where a capital follows a small
//! letter or is followed by one. Numbers and marks of versions (`v2`) are no words; a plural is its singular. A pattern's
//! words must be the first or the last ones of the name: `final_temperature` and `no temp please` say nothing of a place.

/// Letters that stand before a version's number.
const VERSION: &[&str] = &["v", "r", "ver", "rev"];
/// Words of one name that are looked at.
const MOST: usize = 64;

/// The words of one folder pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FolderWords {
    words: Vec<String>,
}

impl FolderWords {
    /// The pattern of these words; `None` where there is none.
    pub(super) fn new(text: &str) -> Option<Self> {
        let words = words(text);
        (!words.is_empty()).then_some(Self { words })
    }

    /// Whether a folder above the file is called so.
    pub(super) fn matches(&self, rel: &str) -> bool {
        self.means(&of_folders(rel))
    }

    /// Whether one of the folders is meant whose names have these words.
    pub(super) fn means(&self, folders: &[Vec<String>]) -> bool {
        folders.iter().any(|name| name.starts_with(&self.words) || name.ends_with(&self.words))
    }

    /// Names that the pattern means, of each sort.
    pub(super) fn samples(&self) -> Vec<String> {
        let plain = self.words.join("_");
        let titled: String = self.words.iter().map(|word| titled(word)).collect();
        vec![
            plain.clone(),
            plain.to_uppercase(),
            self.words.join("-"),
            self.words.join(" "),
            if plain.ends_with('s') { plain.clone() } else { format!("{plain}s") },
            format!("07_{}", plain.to_uppercase()),
            format!("{plain}_\u{4e00}"),
            format!("\u{4e00} {plain}"),
            format!("{titled}Material"),
            format!("{plain}_v2"),
        ]
    }
}

/// The folders of a path: all of its parts but the last.
pub(super) fn folders(rel: &str) -> impl Iterator<Item = &str> {
    let above = rel.rsplit_once('/').map_or("", |(above, _)| above);
    above.split('/').filter(|name| !name.is_empty())
}

/// The words of each of the folders of a path.
pub(super) fn of_folders(rel: &str) -> Vec<Vec<String>> {
    folders(rel).map(words).collect()
}

/// The words of a name, lower-case and in the singular, without numbers.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut letters = name.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(letter) = letters.next() {
        let next_is_small = letters.peek().is_some_and(|next| next.is_lowercase());
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| before.is_lowercase() || (before.is_uppercase() && next_is_small));
        // `REFs` is a plural, and no word `s`.
        let plural = letters.peek().is_none_or(|next| *next == 's')
            && letter.is_uppercase()
            && !before.is_some_and(char::is_lowercase);
        if !letter.is_alphabetic() || (begins && !plural) {
            let version = letter.is_numeric() && VERSION.contains(&word.as_str());
            finish(&mut out, &mut word, version);
        }
        if letter.is_alphabetic() {
            word.extend(letter.to_lowercase());
        }
        before = Some(letter);
        if out.len() >= MOST {
            break;
        }
    }
    finish(&mut out, &mut word, false);
    out
}

fn finish(out: &mut Vec<String>, word: &mut String, version: bool) {
    let word = std::mem::take(word);
    if !word.is_empty() && !version {
        out.push(singular(word));
    }
}

/// A plural's `s` is no difference, on either side of a comparison.
fn singular(mut word: String) -> String {
    if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
    word
}

fn titled(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        let cases: &[(&str, &[&str])] = &[
            ("08_ARCHIVAL", &["archival"]),
            ("Archive Footage", &["archive", "footage"]),
            ("stock-archive", &["stock", "archive"]),
            ("temp_vfx", &["temp", "vfx"]),
            ("TempVFX", &["temp", "vfx"]),
            ("VFXTemp", &["vfx", "temp"]),
            ("previs_v2", &["previ"]),
            ("previs02", &["previ"]),
            ("refs", &["ref"]),
            ("REFs", &["ref"]),
            ("REFS", &["ref"]),
            ("ref.1998", &["ref"]),
            ("archives", &["archive"]),
            ("ArchivesPhotos", &["archive", "photo"]),
            ("Temperature", &["temperature"]),
            ("2026", &[]),
            ("", &[]),
            ("Ünïcode_ÄRCHIV", &["ünïcode", "ärchiv"]),
        ];
        for (name, expected) in cases {
            assert_eq!(&words(name), expected, "{name}");
        }
    }

    #[test]
    fn a_pattern_is_about_the_first_or_last_words_of_a_folder() {
        let temp = FolderWords::new("temp").unwrap();
        for rel in ["07_TEMP/a.png", "x/temp_vfx/a.png", "Temps/b/a.png", "comp temp v3/a.png", "TempComps/a.png"] {
            assert!(temp.matches(rel), "{rel}");
        }
        for rel in ["temp", "a/temp.png", "templates/a.png", "Temperature/a.png", "no_temp_here/a.png", "contempt/a"] {
            assert!(!temp.matches(rel), "{rel}");
        }
        let progress = FolderWords::new("work in progress").unwrap();
        assert!(progress.matches("01_WorkInProgress/a.png") && !progress.matches("work/progress/a.png"));
        assert!(FolderWords::new("07").is_none());
        for sample in progress.samples() {
            assert!(progress.matches(&format!("{sample}/a.png")), "{sample}");
        }
    }
}
