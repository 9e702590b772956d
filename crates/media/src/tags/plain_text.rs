//! Labels that stand bare in text: `AIGC{…}` (TC260 practice).

/// The JSON of a bare `AIGC{…}` label (TC260 practice), from its brace on.
#[must_use]
pub fn aigc(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let rest = bytes.strip_prefix(b"AIGC")?;
    let gap = rest.iter().take(4).position(|b| *b == b'{')?;
    let filler = |b: &u8| matches!(b, 0 | b' ' | b':' | b'=' | b'\n');
    rest[..gap].iter().all(filler).then_some((4 + gap, &rest[gap..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_labels() {
        assert_eq!(aigc(b"AIGC{\"Label\":\"1\"}"), Some((4, &b"{\"Label\":\"1\"}"[..])));
        assert_eq!(aigc(b"AIGC\0{}"), Some((5, &b"{}"[..])));
        assert_eq!(aigc(b"AIGC guide {"), None);
        assert_eq!(aigc(b"AIGC"), None);
    }
}
