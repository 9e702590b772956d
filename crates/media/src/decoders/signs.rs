//! Shared by decoders: the signs in a value, looked for once. Without some of them a decoder finds nothing in it, and most
//! values have none.

use countersign_model::Tag;

const SEPARATOR: u8 = 1;
const BRACE: u8 = 2;
const BRACKET: u8 = 4;
const DASH: u8 = 8;
const LETTER: u8 = 16;

/// What each byte is.
const CLASSES: [u8; 256] = {
    let mut out = [0; 256];
    out[b':' as usize] = SEPARATOR;
    out[b'=' as usize] = SEPARATOR;
    out[b'{' as usize] = BRACE;
    out[b'[' as usize] = BRACKET;
    out[b'-' as usize] = DASH;
    let mut letter = b'a';
    while letter <= b'z' {
        out[letter as usize] = LETTER;
        out[letter.to_ascii_uppercase() as usize] = LETTER;
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
        Err(_) => piece.iter().fold((0, 0), |(seen, separators), byte| {
            let class = CLASSES[usize::from(*byte)];
            (seen | class, separators + (class & SEPARATOR))
        }),
    }
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

/// The signs of one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    seen: u8,
    /// Whether two names may stand in it, each with a sign behind it.
    pub(super) two_separators: bool,
}

impl Signs {
    pub(super) fn of(value: &str) -> Self {
        let (mut seen, mut separators) = (0, 0_usize);
        for piece in value.as_bytes().chunks(PIECE) {
            let (classes, of_piece) = classes(piece);
            seen |= classes;
            separators += usize::from(of_piece);
            // Long values are objects and packets, which begin with all there is to see.
            if seen == SEPARATOR | BRACE | BRACKET | DASH | LETTER && separators > 1 {
                break;
            }
        }
        Self { seen, two_separators: separators > 1 }
    }

    /// Whether a colon or an equals sign is in it.
    pub(super) fn has_separator(self) -> bool {
        self.seen & SEPARATOR != 0
    }

    /// Whether an object may be in it.
    pub(super) fn has_brace(self) -> bool {
        self.seen & BRACE != 0
    }

    /// Whether an object or a list may be in it.
    pub(super) fn has_bracket(self) -> bool {
        self.seen & (BRACE | BRACKET) != 0
    }

    /// Whether a letter of the English alphabet is in it: dates and rows of numbers have none.
    pub(super) fn has_letter(self) -> bool {
        self.seen & LETTER != 0
    }

    /// Whether options of a command line may be in it.
    pub(super) fn has_dash(self) -> bool {
        self.seen & DASH != 0
    }
}

/// Tags with the signs of their values; those for which none are at hand are looked at now.
pub(super) fn with_signs<'a>(tags: &'a [Tag], known: &'a [Signs]) -> impl Iterator<Item = (&'a Tag, Signs)> {
    let known = known.iter().copied().map(Some).chain(std::iter::repeat(None));
    tags.iter().zip(known).map(|(tag, signs)| (tag, signs.unwrap_or_else(|| Signs::of(&tag.value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_those_of_the_value() {
        let of = |value: &str| {
            let signs = Signs::of(value);
            [
                signs.has_separator(),
                signs.two_separators,
                signs.has_brace(),
                signs.has_bracket(),
                signs.has_dash(),
                signs.has_letter(),
            ]
        };
        assert_eq!(of("Canon EOS 5D"), [false, false, false, false, false, true]);
        assert_eq!(of("Steps: 20"), [true, false, false, false, false, true]);
        assert_eq!(of("2020:01:02"), [true, true, false, false, false, false]);
        assert_eq!(of("[1]"), [false, false, false, true, false, false]);
        assert_eq!(of("{a=1, b=2} - [x]"), [true; 6]);
        // Bytes that are looked at together are seen as each of them is.
        for byte in 0..=u8::MAX {
            let piece = [byte; PIECE];
            assert_eq!(classes(&piece), (classes(&[byte]).0, classes(&[byte]).1 * PIECE as u8), "{byte}");
        }
    }

    #[test]
    fn signs_that_are_not_at_hand_are_looked_for() {
        let tags = ["a:b", "{}"].map(|value| Tag { value: value.into(), ..Tag::default() });
        let known = [Signs::of("a:b")];
        let all: Vec<_> =
            with_signs(&tags, &known).map(|(_, signs)| (signs.has_separator(), signs.has_brace())).collect();
        assert_eq!(all, [(true, false), (false, true)]);
    }
}
