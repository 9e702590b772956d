//! The examples of marks. Those of the built-in ones are read when somebody asks for them: no scan does.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::marks::mark::{Examples, Mark};

impl Mark {
    /// What must give evidence of it, and what must not.
    #[must_use]
    pub fn examples(&self) -> &Examples {
        self.examples.as_ref().unwrap_or_else(|| built_in(&self.id))
    }
}

/// The examples of a built-in mark.
fn built_in(mark: &str) -> &'static Examples {
    static NONE: Examples = Examples { hits: Vec::new(), misses: Vec::new() };
    static BY_MARK: OnceLock<HashMap<String, Examples>> = OnceLock::new();
    let text = include_str!(concat!(env!("OUT_DIR"), "/examples.json"));
    // Ours: a test sees to it that it can be read.
    BY_MARK.get_or_init(|| serde_json::from_str(text).unwrap_or_default()).get(mark).unwrap_or(&NONE)
}
