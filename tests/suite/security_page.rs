//! The page about security names tests; each of them is there.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let quoted = page.split('`').skip(1).step_by(2);
    let named: Vec<_> = quoted.filter_map(|text| text.split_once("::")).collect();
    assert!(named.len() > 20, "the page has lost its table");
    for (module, test) in named {
        let source = std::fs::read_to_string(root.join(format!("tests/suite/{module}.rs")));
        let source = source.unwrap_or_else(|e| panic!("{module}: {e}"));
        let wanted = if test == "*" { "#[test]".to_owned() } else { format!("fn {test}(") };
        assert!(source.contains(&wanted), "{module} has no {test}");
    }
}
