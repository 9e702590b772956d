//! Writes the built-in catalogue of marks (TOML) as JSON, which every start reads in a tenth of the time: its files without
//! the examples of the marks, which only tests and manual pages want, those examples, and the digest of the TOML.

use std::error::Error;
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

#[path = "src/marks/built_in_files.rs"]
mod built_in_files;

fn main() -> Result<(), Box<dyn Error>> {
    // The texts are compiled in: where one changes, this program is another.
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?;
    let (mut files, mut examples, mut digest) = (Vec::new(), Map::new(), Sha256::new());
    for (name, text) in built_in_files::ALL {
        digest.update(text);
        let mut file: Value = toml::from_str(text).map_err(|e| format!("src/marks/catalogue/{name}.toml: {e}"))?;
        for mark in file.get_mut("mark").and_then(Value::as_array_mut).into_iter().flatten() {
            examples.extend(examples_of(mark));
        }
        files.push((name, file));
    }
    let written = [
        ("catalogue.json", serde_json::to_string(&files)?),
        ("examples.json", serde_json::to_string(&examples)?),
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
