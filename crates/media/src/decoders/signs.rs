//! Shared by decoders: the signs in a value, looked for once. Without some of them a decoder finds nothing in it, and most
//! values have none.

use std::sync::OnceLock;

use countersign_model::Tag;
use memchr::memmem::Finder;

const SEPARATOR: u8 = 1;
const BRACE: u8 = 2;
const BRACKET: u8 = 4;
const DASH: u8 = 8;
const LETTER: u8 = 16;
/// Two names may stand in it, each with a sign behind it.
const TWO_SEPARATORS: u8 = 32;
/// [`STEPS`] stands in it.
const HAS_STEPS: u8 = 64;
/// Not the value but the field's name may say that it holds a recipe.
const NAMED: u8 = 128;

/// How the line of settings of the Stable Diffusion web UI begins.
pub(super) const STEPS: &str = "Steps: ";

/// What each byte counts for: six bits for each of the first five signs, in their order.
const COUNTS: [u32; 256] = {
    let mut out = [0; 256];
    out[b':' as usize] = 1;
    out[b'=' as usize] = 1;
    out[b'{' as usize] = 1 << 6;
    out[b'[' as usize] = 1 << 12;
    out[b'-' as usize] = 1 << 18;
    let mut letter = b'a';
    while letter <= b'z' {
        out[letter as usize] = 1 << 24;
        out[letter.to_ascii_uppercase() as usize] = 1 << 24;
        letter += 1;
    }
    out
};
/// Bytes that are looked at together: no more separators stand in them than a byte can count.
const PIECE: usize = 64;

/// The signs of a few bytes, and how many separators are among them.
fn classes(piece: &[u8]) -> (u8, u8) {
    match <&[u8; PIECE]>::try_from(piece) {
        Ok(piece) => classes_at_once(piece),
        Err(_) => classes_of_few(piece),
    }
}

/// As [`classes`], for fewer bytes than [`PIECE`]: six bits count as many of each.
fn classes_of_few(piece: &[u8]) -> (u8, u8) {
    let count = |byte: u8| COUNTS[usize::from(byte)];
    let (fours, rest) = piece.as_chunks::<4>();
    let sum: u32 = fours.iter().map(|[a, b, c, d]| count(*a) + count(*b) + count(*c) + count(*d)).sum();
    let sum = rest.iter().fold(sum, |sum, byte| sum + count(*byte));
    // Numbers, which most values are, have none.
    if sum == 0 {
        return (0, 0);
    }
    let sign = |by: u32, sign: u8| if sum >> by & 0x3F == 0 { 0 } else { sign };
    let seen = sign(0, SEPARATOR) | sign(6, BRACE) | sign(12, BRACKET) | sign(18, DASH) | sign(24, LETTER);
    (seen, (sum & 0x3F) as u8)
}

/// As [`classes`], without a branch and without a table: the compiler looks at many bytes at once.
fn classes_at_once(piece: &[u8; PIECE]) -> (u8, u8) {
    let (mut seen, mut separators) = (0, 0_u8);
    for byte in piece {
        let separator = u8::from(*byte == b':') | u8::from(*byte == b'=');
        separators += separator;
        seen |= (separator * SEPARATOR)
            | (u8::from(*byte == b'{') * BRACE)
            | (u8::from(*byte == b'[') * BRACKET)
            | (u8::from(*byte == b'-') * DASH)
            | (u8::from((byte | 0x20).wrapping_sub(b'a') < 26) * LETTER);
    }
    (seen, separators)
}

/// The signs of one value, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs(u8);

impl Signs {
    /// What nobody has looked at may hold all of them.
    pub(super) const UNKNOWN: Self = Self(u8::MAX);
    /// What an object may be in.
    pub(super) const OBJECT: Self = Self(BRACE);
    /// What an object, or options of a command line, may be in.
    pub(super) const OBJECT_OR_OPTIONS: Self = Self(BRACE | DASH);
    /// What holds [`STEPS`].
    pub(super) const WITH_STEPS: Self = Self(HAS_STEPS);
    /// What may hold a recipe.
    pub(super) const RECIPE: Self = Self(BRACE | HAS_STEPS | NAMED);
    /// What may hold settings, however they are written.
    pub(super) const SETTINGS: Self = Self(TWO_SEPARATORS | BRACE | BRACKET | DASH);

    pub(super) fn of(value: &str) -> Self {
        let (mut seen, mut separators) = (0, 0_usize);
        let bytes = value.as_bytes();
        if bytes.len() < PIECE {
            let (classes, of_few) = classes_of_few(bytes);
            (seen, separators) = (classes, usize::from(of_few));
        } else {
            for piece in bytes.chunks(PIECE) {
                let (classes, of_piece) = classes(piece);
                seen |= classes;
                separators += usize::from(of_piece);
                // Long values are objects and packets, which begin with all there is to see.
                if seen == SEPARATOR | BRACE | BRACKET | DASH | LETTER && separators > 1 {
                    break;
                }
            }
        }
        if separators > 1 {
            seen |= TWO_SEPARATORS;
        }
        let may_have_steps = seen & (SEPARATOR | LETTER) == SEPARATOR | LETTER && bytes.len() > STEPS.len();
        if may_have_steps && has_steps(bytes) {
            seen |= HAS_STEPS;
        }
        Self(seen)
    }

    /// The signs of a tag's value, and whether its key ends as the name of a recipe does.
    pub(super) fn of_tag(tag: &Tag) -> Self {
        Self(Self::of(&tag.value).0 | if may_be_named(&tag.key) { NAMED } else { 0 })
    }

    /// The signs of this and of another value.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it has one of these signs.
    pub(super) fn has_any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    /// Whether the field's name may say that it holds a recipe.
    pub(super) fn is_named(self) -> bool {
        self.0 & NAMED != 0
    }

    /// Whether two colons or equals signs are in it.
    pub(super) fn has_two_separators(self) -> bool {
        self.0 & TWO_SEPARATORS != 0
    }

    /// Whether [`STEPS`] stands in it, and something else as well.
    pub(super) fn has_steps(self) -> bool {
        self.0 & HAS_STEPS != 0
    }

    /// Whether an object may be in it.
    pub(super) fn has_brace(self) -> bool {
        self.0 & BRACE != 0
    }

    /// Whether an object or a list may be in it.
    pub(super) fn has_bracket(self) -> bool {
        self.0 & (BRACE | BRACKET) != 0
    }

    /// Whether a letter of the English alphabet is in it: dates and rows of numbers have none.
    pub(super) fn has_letter(self) -> bool {
        self.0 & LETTER != 0
    }

    /// Whether options of a command line may be in it.
    pub(super) fn has_dash(self) -> bool {
        self.0 & DASH != 0
    }
}

/// The last letters of all names of fields that hold a recipe: see the lists of its decoder.
const ENDS: &[(u8, &[u8; 4])] =
    &[(b'a', b"tion"), (b'p', b"tion"), (b'r', b"sion"), (b'r', b"ompt"), (b'n', b"used"), (b'd', b"ream")];

/// Whether a key ends as one of the names does: its last letters, four of them taken as one number, decide for nearly every
/// key.
fn may_be_named(key: &str) -> bool {
    // The bit that makes letters small makes no other byte one of these.
    const SMALL: u8 = 0x20;
    key.as_bytes().last_chunk().is_some_and(|[first, end @ ..]: &[u8; 5]| {
        let end = u32::from_ne_bytes(*end) | u32::from_ne_bytes([SMALL; 4]);
        ENDS.iter().any(|(letter, letters)| u32::from_ne_bytes(**letters) == end && *letter == first | SMALL)
    })
}

/// Whether [`STEPS`] stands in these bytes.
pub(super) fn has_steps(value: &[u8]) -> bool {
    static FINDER: OnceLock<Finder<'static>> = OnceLock::new();
    FINDER.get_or_init(|| Finder::new(STEPS)).find(value).is_some()
}

/// Tags with the signs of their values, of which each has one at least of `any`; those for which none are at hand are looked
/// at now.
pub(super) fn with_any<'a>(any: Signs, tags: &'a [Tag], known: &'a [Signs]) -> impl Iterator<Item = (&'a Tag, Signs)> {
    // Nearly no tag is of interest: the signs are gone through, and not the tags.
    let known_with = known.iter().enumerate().filter(move |(_, signs)| signs.has_any(any));
    let known_with = known_with.filter_map(|(at, signs)| Some((tags.get(at)?, *signs)));
    let others = tags.iter().skip(known.len()).map(|tag| (tag, Signs::of_tag(tag)));
    known_with.chain(others.filter(move |(_, signs)| signs.has_any(any)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_those_of_the_value() {
        let of = |value: &str| {
            let signs = Signs::of(value);
            [
                signs.has_two_separators(),
                signs.has_steps(),
                signs.has_brace(),
                signs.has_bracket(),
                signs.has_dash(),
                signs.has_letter(),
            ]
        };
        assert_eq!(of("Canon EOS 5D"), [false, false, false, false, false, true]);
        assert_eq!(of("Steps: 20"), [false, true, false, false, false, true]);
        assert_eq!(of("Steps: "), [false, false, false, false, false, true]);
        assert_eq!(of("2020:01:02"), [true, false, false, false, false, false]);
        assert_eq!(of("[1]"), [false, false, false, true, false, false]);
        assert_eq!(of("{Steps: 1, b=2} - [x]"), [true; 6]);
        // Bytes that are looked at together are seen as each of them is.
        for byte in 0..=u8::MAX {
            let piece = [byte; PIECE];
            assert_eq!(classes(&piece), (classes(&[byte]).0, classes(&[byte]).1 * PIECE as u8), "{byte}");
        }
    }

    #[test]
    fn values_of_any_length_have_the_signs_of_their_bytes() {
        let signs = ['x', ' ', ':', '=', '{', '[', '-', '7', 'é', 'Z'];
        for len in 0..200_usize {
            for (first, sign) in signs.iter().enumerate() {
                let second = signs[(first + len) % signs.len()];
                let at = |n: usize| {
                    if n == len / 3 {
                        *sign
                    } else if n + 1 == len {
                        second
                    } else {
                        '.'
                    }
                };
                let value: String = (0..len).map(at).collect();
                let count = |is: fn(char) -> bool| value.chars().filter(|c| is(*c)).count();
                let seen = Signs::of(&value);
                assert_eq!(seen.has_two_separators(), count(|c| c == ':' || c == '=') > 1, "{value}");
                assert_eq!(seen.has_brace(), count(|c| c == '{') > 0, "{value}");
                assert_eq!(seen.has_bracket(), count(|c| c == '{' || c == '[') > 0, "{value}");
                assert_eq!(seen.has_dash(), count(|c| c == '-') > 0, "{value}");
                assert_eq!(seen.has_letter(), count(|c| c.is_ascii_alphabetic()) > 0, "{value}");
                let steps = format!("{value}{STEPS}{value}");
                assert_eq!(Signs::of(&steps).has_steps(), len > 0, "{steps}");
            }
        }
        // Where all other signs were seen, the rest is not looked at; what is looked for as a word is found all the same.
        assert!(Signs::of(&format!("{}{STEPS}", "{a=1, b=2} - [x]".repeat(9))).has_steps());
        let both = Signs::of("{").and(Signs::of("-"));
        assert!(both.has_brace() && both.has_dash() && !both.has_letter());
    }

    #[test]
    fn signs_that_are_not_at_hand_are_looked_for() {
        let tags = ["a:b", "{}"].map(|value| Tag { value: value.into(), ..Tag::default() });
        let known = [Signs::of("a:b")];
        let with = |any, known| with_any(any, &tags, known).map(|(tag, _)| tag.value.as_str()).collect::<Vec<_>>();
        let [letter, brace, both] = [Signs(LETTER), Signs(BRACE), Signs(LETTER | BRACE)];
        for known in [&known[..], &[]] {
            assert_eq!((with(letter, known), with(brace, known)), (vec!["a:b"], vec!["{}"]));
            assert_eq!((with(both, known), with(Signs(DASH), known)), (vec!["a:b", "{}"], vec![]));
        }
        let named = Tag { key: "xmp:AIPromptInformation".into(), ..Tag::default() };
        assert!(Signs::of_tag(&named).is_named() && !Signs::of_tag(&tags[0]).is_named());
    }
}
