//! Another file in a part of which nobody knows what it is for, packed or not: kept to be read as one of its own.

use super::{Place, picture};
use crate::framing::{beginnings, deflate};
use countersign_model::limits;
use countersign_model::{Extraction, Problem, ProblemKind};

/// How far from its start a part may be packed: some have a zero, a number of bytes or a name before what they packed.
const PACKED: usize = 32;
/// Fewer bytes are no file that says anything.
const SHORT: usize = 32;

/// Keeps the file that begins in these bytes, or in what they unfold to; false where none does.
pub fn read(bytes: &[u8], at: &Place, out: &mut Extraction) -> bool {
    if let Some(by) = beginnings::first(bytes) {
        keep(bytes, by, at, out);
        return true;
    }
    let found = packed(bytes, at, out).and_then(|unfolded| Some((beginnings::first(&unfolded)?, unfolded)));
    found.map(|(by, unfolded)| keep(&unfolded, by, &Place { offset: None, ..at.clone() }, out)).is_some()
}

/// Keeps the file that begins so many bytes into a part.
pub fn keep(bytes: &[u8], by: usize, at: &Place, out: &mut Extraction) {
    picture::embed(bytes.get(by..).unwrap_or_default(), None, &at.inside("another file", by as u64), out);
}

/// What a zlib stream near the start of a part unfolds to; that it goes on behind what is unfolded is told.
#[must_use]
pub fn packed(bytes: &[u8], at: &Place, out: &mut Extraction) -> Option<Vec<u8>> {
    let near = bytes.get(..PACKED).unwrap_or(bytes);
    let header = |by: &usize| matches!(bytes.get(by + 1), Some(0x01 | 0x5E | 0x9C | 0xDA));
    memchr::memchr_iter(0x78, near).filter(header).find_map(|by| {
        let (unfolded, problem) = deflate::zlib(bytes.get(by..).unwrap_or_default(), limits::INFLATED);
        tell_rest(problem, at, out);
        (unfolded.len() >= SHORT).then_some(unfolded)
    })
}

/// Tells that a stream unfolds to more than was looked at. One that is merely broken, or none at all, hides nothing.
pub fn tell_rest(problem: Option<Problem>, at: &Place, out: &mut Extraction) {
    if let Some(problem) = problem.filter(|problem| problem.kind == ProblemKind::Limit) {
        at.problem(problem, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn folded(len: usize) -> Vec<u8> {
        let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        to.write_all(&vec![7; len]).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn a_stream_that_is_longer_than_what_is_looked_at_is_told() {
        for (len, told) in [(limits::INFLATED, 0), (limits::INFLATED + 1, 1)] {
            let mut out = Extraction::default();
            assert!(!read(&folded(len), &Place::new("part", 0), &mut out));
            assert_eq!(out.facts.problems.len(), told, "{len}");
            assert!(out.facts.problems.iter().all(|problem| problem.blocking && problem.kind == ProblemKind::Limit));
        }
        let mut out = Extraction::default();
        assert!(!read(b"x\x9C is the beginning of some words, and of no stream", &Place::new("part", 0), &mut out));
        assert!(out.facts.problems.is_empty());
    }
}
