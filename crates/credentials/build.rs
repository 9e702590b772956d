//! Writes what is used of the built-in trust lists: a tenth of the time that the lists themselves take to be read.

use std::error::Error;
use std::path::Path;

#[path = "src/official_files.rs"]
mod official_files;
#[path = "src/published.rs"]
mod published;

fn main() -> Result<(), Box<dyn Error>> {
    // The lists are compiled in: where one changes, this program is another.
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?;
    let lists = official_files::ALL.iter().map(|text| published::Published::parse(text));
    let lists = lists.collect::<Result<Vec<_>, _>>()?;
    std::fs::write(Path::new(&out).join("official.json"), serde_json::to_string(&lists)?)?;
    Ok(())
}
