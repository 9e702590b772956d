//! Marks that are JSON objects: which members an object must have, and which member decides the claim.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use countersign_model::Claim;
use countersign_model::json;

/// What an object must look like.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Shape {
    /// Members of which at least `least` must be there.
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default = "one")]
    least: usize,
    /// Members (any case) under which the object may stand instead of at the top.
    #[serde(default)]
    wrappers: Vec<String>,
    /// Whether the object may also stand at the top.
    #[serde(default = "yes")]
    bare: bool,
    /// Whether it may also stand anywhere inside.
    #[serde(default)]
    deep: bool,
    /// Words that may stand before the object.
    #[serde(default)]
    prefixes: Vec<String>,
    /// Whether the value is Base64 of the JSON text.
    #[serde(default)]
    base64: bool,
    /// Members (dotted paths) that must have one of these values.
    #[serde(default)]
    require: BTreeMap<String, Vec<String>>,
    /// The member (dotted path) whose value decides the claim.
    #[serde(default)]
    member: Option<String>,
    /// The claim where that member has a value that is not in the table.
    #[serde(default)]
    otherwise: Option<Claim>,
    #[serde(skip)]
    pub(super) claims: BTreeMap<String, Claim>,
}

/// Objects within objects that are looked into.
const DEPTH: usize = 6;

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

/// An object that fits.
pub(super) struct Fit {
    /// The claim of the deciding member, where there is one.
    pub(super) claim: Option<Claim>,
    object: Value,
}

impl Fit {
    /// The text of a member.
    pub(super) fn member(&self, path: &str) -> Option<String> {
        at(&self.object, path).filter(|text| !text.is_empty())
    }
}

impl Shape {
    /// # Errors
    /// What the shape leaves open.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.keys.is_empty() && self.require.is_empty() {
            return Err("a JSON shape needs keys or require".into());
        }
        if self.claims.is_empty() != self.member.is_none() {
            return Err("member and claims go together".into());
        }
        if !self.bare && self.wrappers.is_empty() {
            return Err("an object that is not bare needs a wrapper".into());
        }
        Ok(())
    }

    /// Whether the object stands in Base64.
    pub(super) fn is_packed(&self) -> bool {
        self.base64
    }

    /// The object in this value, if it has this shape.
    pub(super) fn fit(&self, value: &str) -> Option<Fit> {
        let unfolded;
        let mut text = value.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        if self.base64 {
            let bytes = data_encoding::BASE64_MIME_PERMISSIVE.decode(text.as_bytes()).ok()?;
            unfolded = String::from_utf8(bytes).ok()?;
            text = unfolded.trim();
        }
        for prefix in self.prefixes.iter().map(String::as_str).chain(["ASCII\0\0\0", "UNICODE\0"]) {
            text = text.strip_prefix(prefix).unwrap_or(text).trim_start();
        }
        if !text.starts_with('{') {
            return None;
        }
        // Most objects are others: only one that holds the names is taken apart.
        if !self.names(text) {
            return None;
        }
        let top = json::parse(text)?;
        let inner = self.wrapped(&top);
        let deeper = self.deep.then(|| self.inside(&top, DEPTH)).flatten();
        let object =
            inner.into_iter().chain(self.bare.then_some(top)).chain(deeper).find(|object| self.holds(object))?;
        let claim = match &self.member {
            None => None,
            Some(member) => match at(&object, member) {
                None => None,
                Some(text) => Some(self.claims.get(&text).copied().or(self.otherwise)?),
            },
        };
        Some(Fit { claim, object })
    }

    /// Whether a text has the names of members that an object of this shape must have.
    fn names(&self, text: &str) -> bool {
        let has = |name: &str| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some();
        let keys = self.keys.iter().filter(|key| has(key)).count();
        (self.keys.is_empty() || keys >= self.least) && self.require.keys().flat_map(|path| path.split('.')).all(has)
    }

    /// The first object inside another that fits.
    fn inside(&self, value: &Value, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let text;
        let value = match value {
            Value::String(inner) if inner.trim_start().starts_with('{') => {
                text = json::parse(inner)?;
                &text
            }
            other => other,
        };
        match value {
            Value::Object(_) if self.holds(value) => Some(value.clone()),
            Value::Object(members) => members.values().find_map(|member| self.inside(member, depth)),
            Value::Array(items) => items.iter().find_map(|item| self.inside(item, depth)),
            _ => None,
        }
    }

    /// The object under a wrapper; some writers put it there as a string.
    fn wrapped(&self, top: &Value) -> Option<Value> {
        let (_, inner) =
            top.as_object()?.iter().find(|(key, _)| self.wrappers.iter().any(|w| w.eq_ignore_ascii_case(key)))?;
        match inner {
            Value::String(text) => json::parse(text),
            Value::Object(_) => Some(inner.clone()),
            _ => None,
        }
    }

    fn holds(&self, object: &Value) -> bool {
        let Some(members) = object.as_object() else { return false };
        let found = self.keys.iter().filter(|key| members.contains_key(key.as_str())).count();
        let enough = self.keys.is_empty() || found >= self.least;
        enough && self.require.iter().all(|(path, values)| at(object, path).is_some_and(|text| values.contains(&text)))
    }
}

/// The text of a scalar member at a dotted path; objects on the way may stand as strings.
fn at(object: &Value, path: &str) -> Option<String> {
    let mut here = object.clone();
    for part in path.split('.') {
        if let Value::String(text) = &here {
            here = json::parse(text)?;
        }
        here = here.as_object_mut()?.swap_remove(part)?;
    }
    match here {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(toml: &str) -> Shape {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn an_object_fits_bare_or_wrapped() {
        let label = shape("keys = ['Label', 'ProduceID']\nwrappers = ['AIGC']\nprefixes = ['AIGC']");
        for value in [
            r#"{"Label":"1"}"#,
            r#"AIGC{"Label":"1"}"#,
            r#"{"aigc":{"ProduceID":"x"}}"#,
            r#"{"AIGC":"{\"Label\":\"1\"}"}"#,
            "\u{feff} {\"Label\":1}\0",
        ] {
            assert!(label.fit(value).is_some(), "{value}");
        }
        for value in ["", "{", "Label", r#"{"label":"1"}"#, r#"["Label"]"#, r#"{"AIGC":["Label"]}"#] {
            assert!(label.fit(value).is_none(), "{value}");
        }
    }

    #[test]
    fn paths_go_through_objects_and_strings() {
        let export = shape("require = { 'info.kind' = ['1', '2'] }");
        assert!(export.fit(r#"{"info":{"kind":2}}"#).is_some());
        assert!(export.fit(r#"{"info":"{\"kind\":\"1\"}"}"#).is_some());
        assert!(export.fit(r#"{"info":{"kind":3}}"#).is_none());
        assert!(export.fit(r#"{"info":2}"#).is_none());
    }
}
