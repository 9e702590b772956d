//! What people and other programs hand us: a ledger, a policy, a table of approvals.
#![no_main]

use std::collections::HashSet;
use std::path::Path;

use countersign::approvals::import::{self, Plan};
use countersign::approvals::ledger::Ledger;
use countersign::policy::Policy;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Ledger::parse(Path::new("approvals.jsonl"), bytes);
    let _ = import::read(bytes, &Plan::new("table"), &HashSet::new());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Policy::parse(text, "policy.toml");
    }
});
