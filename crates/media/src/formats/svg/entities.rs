//! General entities that a document declares itself (XML 1.0, section 4.2), replaced within a bound.

use std::collections::HashMap;

use crate::framing::xml;
use countersign_model::limits;

/// Declarations that are kept.
const MOST: usize = 4096;

/// The entities of an internal subset.
#[derive(Debug, Default)]
pub(super) struct Entities {
    values: HashMap<String, String>,
    /// Bytes that replacements brought so far.
    spent: usize,
    /// Whether more would have come than is held.
    pub(super) overflowed: bool,
}

impl Entities {
    /// Reads the declarations in a document type; the first of a name counts, parameter and external ones do not.
    pub(super) fn declare(&mut self, doctype: &str) {
        let mut rest = doctype;
        while let Some(at) = rest.find("<!ENTITY") {
            rest = rest.get(at + 8..).unwrap_or_default();
            let Some((name, value, after)) = declaration(rest) else { continue };
            rest = after;
            if self.values.len() >= MOST {
                self.overflowed = true;
                return;
            }
            self.values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }

    /// The text with all references replaced; what is none stays as written.
    pub(super) fn expand(&mut self, text: &str) -> String {
        match text.contains('&') {
            true => self.nested(text, 0),
            false => text.to_owned(),
        }
    }

    fn nested(&mut self, text: &str, depth: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('&') {
            out.push_str(rest.get(..start).unwrap_or_default());
            rest = rest.get(start + 1..).unwrap_or_default();
            let name = rest.bytes().take(256).position(|b| b == b';').and_then(|end| rest.get(..end));
            let Some(name) = name else {
                out.push('&');
                continue;
            };
            rest = rest.get(name.len() + 1..).unwrap_or_default();
            let Some(value) = self.values.get(name).cloned() else {
                out.push_str(&xml::reference(name));
                continue;
            };
            // Short values cost their handling.
            self.spent = self.spent.saturating_add(value.len() + 64);
            if depth >= limits::DEPTH || self.spent > limits::BLOB {
                self.overflowed = true;
                continue;
            }
            out.push_str(&self.nested(&value, depth + 1));
        }
        out.push_str(rest);
        out
    }
}

/// Name, value, and what follows, behind `<!ENTITY`.
fn declaration(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace)?;
    let (name, rest) = text.split_at_checked(end)?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'')).filter(|_| name != "%")?;
    let value = rest.get(1..)?;
    let end = value.find(quote)?;
    Some((name, value.get(..end)?, value.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_replaced_through_one_another() {
        let mut entities = Entities::default();
        entities.declare(
            r#"svg [<!ENTITY a "da&#116;a"><!ENTITY b '&a;:x'> <!ENTITY % p "no"> <!ENTITY e SYSTEM "file">]"#,
        );
        assert_eq!(entities.expand("[&b;&amp;&c;&#65; & x]"), "[data:x&&c;A & x]");
        assert!(!entities.overflowed);
    }

    #[test]
    fn a_thousand_million_laughs_end() {
        let mut text = "<!ENTITY l0 \"ha\">".to_owned();
        for n in 1..20 {
            let more = format!("&l{};", n - 1).repeat(10);
            text.push_str(&format!("<!ENTITY l{n} \"{more}\">"));
        }
        text.push_str("<!ENTITY me \"&me;\">");
        let mut entities = Entities::default();
        entities.declare(&text);
        assert_eq!(entities.expand("&me;"), "");
        assert!(entities.overflowed);
        assert!(entities.expand("&l19;").len() <= limits::BLOB);
    }
}
