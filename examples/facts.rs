//! Prints what one file says, as JSON: `cargo run --example facts -- FILE...`

use std::path::Path;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() {
    for path in std::env::args().skip(1) {
        let facts = countersign::extract::facts(Path::new(&path), &[], &countersign::extract::Options::default());
        println!("{path}\n{}", serde_json::to_string_pretty(&facts).unwrap_or_default());
    }
}
