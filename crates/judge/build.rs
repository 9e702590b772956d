//! Writes the built-in catalogue of marks (TOML) as JSON, which every start reads in a tenth of the time: its files without
//! the examples of the marks, which only tests want, those examples, what values must hold to match its patterns, and the
//! digest of the TOML.

use std::error::Error;
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

#[path = "src/marks/built_in_files.rs"]
mod built_in_files;
#[path = "build_needed.rs"]
mod needed;

fn main() -> Result<(), Box<dyn Error>> {
    // The texts are compiled in: where one changes, this program is another.
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?;
    let (mut files, mut examples, mut patterns) = (Vec::new(), Map::new(), Map::new());
    let mut digest = Sha256::new();
    for (name, text) in built_in_files::ALL {
        digest.update(text);
        let mut file: Value = toml::from_str(text).map_err(|e| format!("src/marks/catalogue/{name}.toml: {e}"))?;
        for mark in file.get_mut("mark").and_then(Value::as_array_mut).into_iter().flatten() {
            examples.extend(examples_of(mark));
        }
        patterns_in(&file, &mut patterns)?;
        files.push((name, file));
    }
    let written = [
        ("catalogue.json", serde_json::to_string(&files)?),
        ("examples.json", serde_json::to_string(&examples)?),
        ("patterns.json", serde_json::to_string(&patterns)?),
        ("catalogue.sha256", data_encoding::HEXLOWER.encode(&digest.finalize())),
    ];
    for (name, text) in written {
        std::fs::write(Path::new(&out).join(name), text)?;
    }
    Ok(())
}

/// Takes the examples out of a mark: its id, and they.
fn examples_of(mark: &mut Value) -> Option<(String, Value)> {
    let mark = mark.as_object_mut()?;
    let id = mark.get("id")?.as_str()?.to_owned();
    let parts = ["hits", "misses"].into_iter().filter_map(|part| Some((part.to_owned(), mark.shift_remove(part)?)));
    Some((id, Value::Object(parts.collect())))
}

/// Adds what is known of every pattern that stands in these data.
fn patterns_in(data: &Value, out: &mut Map<String, Value>) -> Result<(), Box<dyn Error>> {
    match data {
        Value::Array(rows) => rows.iter().try_for_each(|row| patterns_in(row, out)),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| match value.as_str() {
            Some(pattern) if key == "pattern" => {
                let parsed = regex_syntax::parse(pattern)?;
                let least = parsed.properties().minimum_len().unwrap_or_default();
                out.insert(pattern.to_owned(), json!({ "least": least, "needs": needed::texts(&parsed) }));
                Ok(())
            }
            _ => patterns_in(value, out),
        }),
        _ => Ok(()),
    }
}
