//! Which fields hold text about the content: what people write themselves, and where a word is no mark.

use super::Tag;

/// Parts of the names of such fields, in lower case.
const WORDS: &[&str] = &[
    "dc:",
    "caption",
    "headline",
    "title",
    "keyword",
    "subject",
    "artist",
    "lyric",
    "note",
    "synopsis",
    "abstract",
    "byline",
    "by-line",
    "creator",
    "author",
    "copyright",
    "rights",
    "objectname",
    "xpsubject",
    "location",
    "event",
    "usagete",
    "instructions",
    "tit1",
    "tit2",
    "tit3",
    "tpe1",
    "tpe2",
    "talb",
    "tcom",
    "text",
    "tope",
    "uslt",
    "sylt",
    "©nam",
    "©art",
    "©alb",
    "©lyr",
    "©wrt",
    "album",
    "inam",
    "iart",
    "ikey",
    "isbj",
];

impl Tag {
    /// Whether it is text about the content (caption, title, keyword, artist, lyrics): what people write, never a mark.
    #[must_use]
    pub fn is_about_content(&self) -> bool {
        let key = self.key.to_lowercase();
        // "TXXX:workflow" and "----:com.apple.iTunes:prompt" name their own field after the frame.
        let key = key.strip_prefix("txxx:").unwrap_or(&key);
        WORDS.iter().any(|word| key.contains(word))
    }
}
