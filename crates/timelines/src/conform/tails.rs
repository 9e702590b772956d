//! Paths indexed from their end: the file name first, then folder by folder towards the root.

use super::{MOST_COMPARED, push_bounded};
use std::collections::HashMap;

/// How many folders of a path are indexed.
const MOST_FOLDERS: usize = 16;

/// A tree of path parts, from the file name upwards.
#[derive(Debug, Default)]
pub(super) struct Tails {
    parts: HashMap<String, u32>,
    /// From a node (0: above all) and a part to the next node.
    steps: HashMap<(u32, u32), u32>,
    /// The assets below each node, numbered from 1; at most [`MOST_COMPARED`] of them.
    assets: Vec<Vec<usize>>,
}

/// What the longest tail leads to.
pub(super) struct Longest {
    /// How many parts agree: 1 is the file name alone.
    pub(super) parts: usize,
    pub(super) assets: Vec<usize>,
}

impl Tails {
    pub(super) fn insert(&mut self, name: &str, folders: &[String], asset: usize) {
        let mut node = 0;
        let parts = std::iter::once(name).chain(folders.iter().rev().take(MOST_FOLDERS).map(String::as_str));
        for part in parts {
            let next_part = self.parts.len() as u32;
            let part = *self.parts.entry(part.to_owned()).or_insert(next_part);
            let next_node = self.assets.len() as u32 + 1;
            node = *self.steps.entry((node, part)).or_insert(next_node);
            if node == next_node {
                self.assets.push(Vec::new());
            }
            if let Some(list) = self.assets.get_mut(node as usize - 1) {
                push_bounded(list, asset);
            }
        }
    }

    /// The assets that share the most parts with a path.
    pub(super) fn longest(&self, name: &str, folders: &[String]) -> Longest {
        let mut node = 0;
        let mut parts = 0;
        for part in std::iter::once(name).chain(folders.iter().rev().take(MOST_FOLDERS).map(String::as_str)) {
            let step = self.parts.get(part).and_then(|part| self.steps.get(&(node, *part)));
            let Some(next) = step else { break };
            node = *next;
            parts += 1;
        }
        let assets =
            (node as usize).checked_sub(1).and_then(|index| self.assets.get(index)).cloned().unwrap_or_default();
        debug_assert!(assets.len() <= MOST_COMPARED);
        Longest { parts, assets }
    }
}
