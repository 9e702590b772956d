//! JUMBF boxes (ISO/IEC 19566-5, sections 5 and A.2): superboxes, their descriptions, their content.
//!
//! The walk is flat and bounded, and keeps what it read when the rest is broken: manifest stores of damaged
//! files still say what their first boxes say.

use countersign_model::Problem;
use countersign_model::limits;

/// Box type of a superbox.
pub const SUPERBOX: [u8; 4] = *b"jumb";
/// Box type of the description that opens every superbox.
pub const DESCRIPTION: [u8; 4] = *b"jumd";

/// One box, in the order of the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The box's type: [`SUPERBOX`], [`DESCRIPTION`], `cbor`, `json`, …
    pub kind: [u8; 4],
    /// Index of the superbox around it.
    pub parent: Option<usize>,
    /// Offset of the box header in the bytes.
    pub offset: usize,
    /// What the description says, for superboxes.
    pub uuid: [u8; 16],
    /// The label of the description, for superboxes; empty without one.
    pub label: &'a str,
    /// All bytes after the header.
    pub content: &'a [u8],
}

/// Boxes that could be read, and why the reading ended early.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    /// The boxes in the order of the bytes, each behind the superbox that holds it.
    pub nodes: Vec<Node<'a>>,
    /// Why the reading ended early.
    pub problem: Option<Problem>,
}

impl<'a> Tree<'a> {
    /// The boxes directly inside the superbox `parent`, without its description.
    pub fn children(&self, parent: usize) -> impl Iterator<Item = (usize, &Node<'a>)> {
        // Children follow their parent, and nothing before it can be one.
        let later = self.nodes.iter().enumerate().skip(parent.saturating_add(1));
        later
            .take_while(move |(_, n)| n.parent.is_some_and(|p| p >= parent))
            .filter(move |(_, n)| n.parent == Some(parent) && n.kind != DESCRIPTION)
    }

    /// The first content box (anything but a description) of a superbox.
    #[must_use]
    pub fn content_of(&self, parent: usize) -> Option<&Node<'a>> {
        self.children(parent).map(|(_, n)| n).find(|n| n.kind != SUPERBOX)
    }
}

/// Walks all boxes of `bytes`; offsets in problems are relative to `bytes`.
#[must_use]
pub fn read(bytes: &[u8]) -> Tree<'_> {
    let mut tree = Tree::default();
    // Open superboxes: where each ends and which node it is.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    loop {
        while open.last().is_some_and(|(end, _)| at >= *end) {
            open.pop();
        }
        let (end, parent) = open.last().map_or((bytes.len(), None), |(end, node)| (*end, Some(*node)));
        // One store is one superbox: what follows it (padding of the container) is not its content.
        if at >= end || (parent.is_none() && !tree.nodes.is_empty()) {
            return tree;
        }
        match header(bytes, at, end) {
            Ok((kind, start, stop, cut)) => {
                if tree.nodes.len() >= limits::ITEMS {
                    tree.problem = Some(Problem::limit("JUMBF", at as u64, "too many boxes"));
                    return tree;
                }
                let content = bytes.get(start..stop).unwrap_or_default();
                let mut node = Node { kind, parent, offset: at, uuid: [0; 16], label: "", content };
                if kind == SUPERBOX {
                    (node.uuid, node.label) = description(content).unwrap_or_default();
                }
                tree.nodes.push(node);
                if cut && tree.problem.is_none() {
                    tree.problem = Some(Problem::truncated("JUMBF", at as u64, "a box ends past its container"));
                }
                if kind == SUPERBOX {
                    if open.len() >= limits::DEPTH {
                        tree.problem = Some(Problem::limit("JUMBF", at as u64, "boxes nested too deep"));
                        return tree;
                    }
                    open.push((stop, tree.nodes.len() - 1));
                    at = start;
                } else {
                    at = stop;
                }
            }
            Err(problem) => {
                tree.problem.get_or_insert(problem);
                at = end;
                if parent.is_none() {
                    return tree;
                }
            }
        }
    }
}

/// Type, content start, content end, and whether the stated end was past `limit`.
fn header(bytes: &[u8], at: usize, limit: usize) -> Result<([u8; 4], usize, usize, bool), Problem> {
    let short = || Problem::truncated("JUMBF", at as u64, "a box header is cut");
    let inside = bytes.get(at..limit).ok_or_else(short)?;
    let size = u32::from_be_bytes(inside.first_chunk::<4>().copied().ok_or_else(short)?);
    let kind = inside.get(4..8).and_then(|k| k.first_chunk::<4>()).copied().ok_or_else(short)?;
    let (size, head) = match size {
        0 => (inside.len() as u64, 8),
        1 => {
            let long = inside.get(8..16).and_then(|k| k.first_chunk::<8>()).copied().ok_or_else(short)?;
            (u64::from_be_bytes(long), 16)
        }
        size => (u64::from(size), 8),
    };
    if size < head {
        return Err(Problem::malformed("JUMBF", at as u64, format!("a box of {size} bytes")));
    }
    let cut = size > inside.len() as u64;
    let stop = at + size.min(inside.len() as u64) as usize;
    Ok((kind, at + head as usize, stop, cut))
}

/// UUID and label of a superbox, from the description box that opens its content.
fn description(content: &[u8]) -> Option<([u8; 16], &str)> {
    let (kind, start, stop, _) = header(content, 0, content.len()).ok()?;
    if kind != DESCRIPTION {
        return None;
    }
    let body = content.get(start..stop)?;
    let uuid = *body.first_chunk::<16>()?;
    let toggles = *body.get(16)?;
    let label = if toggles & 0b10 == 0 {
        ""
    } else {
        let text = body.get(17..)?;
        let end = text.iter().position(|b| *b == 0)?;
        std::str::from_utf8(text.get(..end)?).unwrap_or_default()
    };
    Some((uuid, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut out = (content.len() as u32 + 8).to_be_bytes().to_vec();
        out.extend_from_slice(kind);
        out.extend_from_slice(content);
        out
    }

    fn superbox(label: &str, inner: &[u8]) -> Vec<u8> {
        let mut description = b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03".to_vec();
        description.extend_from_slice(label.as_bytes());
        description.push(0);
        let mut content = boxed(&DESCRIPTION, &description);
        content.extend_from_slice(inner);
        boxed(&SUPERBOX, &content)
    }

    #[test]
    fn labels_and_nesting_are_read() {
        let bytes = superbox("c2pa", &[superbox("one", &boxed(b"cbor", &[1, 2])), superbox("two", &[])].concat());
        let tree = read(&bytes);
        assert!(tree.problem.is_none());
        let labels: Vec<_> = tree.children(0).map(|(_, n)| n.label).collect();
        assert_eq!(labels, ["one", "two"]);
        let (one, _) = tree.children(0).next().unwrap();
        assert_eq!(tree.content_of(one).unwrap().content, [1, 2]);
    }

    #[test]
    fn every_prefix_and_every_flip_ends() {
        let bytes = superbox("c2pa", &superbox("one", &boxed(b"cbor", &[1, 2])));
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).problem.is_some() || len == 0, "{len}");
        }
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0xff;
            let _ = read(&bad);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let bytes = (0..200).fold(Vec::new(), |inner, _| superbox("x", &inner));
        let tree = read(&bytes);
        assert_eq!(tree.problem.unwrap().kind, countersign_model::ProblemKind::Limit);
    }
}
