//! What people and other programs hand us about decisions: a ledger, a table of approvals, a signed verdict.
#![no_main]

use std::collections::HashSet;
use std::path::Path;

use countersign_judge::approvals::import::{self, Plan};
use countersign_judge::approvals::ledger::Ledger;
use countersign_judge::verdict::VerdictStatement;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Ledger::parse(Path::new("approvals.jsonl"), bytes);
    let _ = import::read(bytes, &Plan::new("table"), &HashSet::new());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = VerdictStatement::open(text);
    }
});
