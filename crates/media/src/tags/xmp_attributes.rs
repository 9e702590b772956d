//! Attributes of a start tag that is written as nearly all are: `name="value"`, with blanks only between them
//! (XML 1.0, section 3.1). What is written otherwise is left to the general reader.

use std::ops::Range;

/// The attributes of one start tag, up to the first that is written in another way.
#[derive(Debug)]
pub(super) struct Usual<'a> {
    tag: &'a [u8],
    at: usize,
}

impl<'a> Usual<'a> {
    /// Of a start tag without its brackets, with the length of its name.
    pub(super) fn new(tag: &'a [u8], name: usize) -> Self {
        Self { tag, at: name }
    }

    /// Whether all attributes were read.
    pub(super) fn is_done(&self) -> bool {
        self.tag.get(self.at..).unwrap_or_default().iter().all(|b| is_blank(*b))
    }
}

impl Iterator for Usual<'_> {
    /// Where the name and the value are in the tag.
    type Item = (Range<usize>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.tag.get(self.at..)?;
        let name = self.at + rest.iter().position(|b| !is_blank(*b))?;
        let rest = self.tag.get(name..)?;
        let equals = rest.iter().position(|b| *b == b'=' || is_blank(*b)).filter(|by| *by > 0)?;
        let [b'=', quote @ (b'"' | b'\''), value @ ..] = rest.get(equals..)? else { return None };
        let len = memchr::memchr(*quote, value)?;
        let start = name + equals + 2;
        self.at = start + len + 1;
        Some((name..name + equals, start..start + len))
    }
}

/// White space (XML 1.0, production 3).
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use quick_xml::events::BytesStart;

    use super::*;

    type Said = Vec<Option<(Vec<u8>, Vec<u8>)>>;

    /// All attributes, as the general reader tells them; `None` for each that is wrong.
    fn in_general(tag: &str, name: usize, skipped: usize) -> Said {
        let element = BytesStart::from_content(tag, name);
        let mut attributes = element.attributes();
        attributes
            .with_checks(false)
            .skip(skipped)
            .map(|a| a.ok().map(|a| (a.key.into_inner().to_vec(), a.value.to_vec())))
            .collect()
    }

    fn both(tag: &str, name: usize) -> Said {
        let mut usual = Usual::new(tag.as_bytes(), name);
        let piece = |range: Range<usize>| tag.as_bytes()[range].to_vec();
        let mut said: Said = usual.by_ref().map(|(name, value)| Some((piece(name), piece(value)))).collect();
        if !usual.is_done() {
            said.extend(in_general(tag, name, said.len()));
        }
        said
    }

    #[test]
    fn attributes_are_read_without_the_general_reader() {
        let tag = "a x='1'\n\ty=\"it's\" z=\"\" ";
        let mut usual = Usual::new(tag.as_bytes(), 1);
        assert_eq!(usual.by_ref().count(), 3);
        assert!(usual.is_done());
    }

    #[test]
    fn tags_of_all_kinds_are_read_as_in_general() {
        let pieces =
            ["a", "b:c", "=", "\"", "'", " ", "\n", "é", "/", "&", "x=\"1\"", " y='2'", " z = \"3\"", "\"=\"", "<"];
        let mut seed = 3_usize;
        for _ in 0..200_000 {
            let mut tag = "rdf:li".to_owned();
            for _ in 0..(seed >> 7) % 9 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                tag.push_str(pieces[(seed >> 33) % pieces.len()]);
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            assert_eq!(both(&tag, 6), in_general(&tag, 6, 0), "{tag}");
        }
    }
}
