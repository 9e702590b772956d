//! What an operator or a house writes: a policy, and marks of its own.
#![no_main]

use countersign_judge::marks::Catalogue;
use countersign_judge::policy::Policy;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(policy) = Policy::parse(text, "policy.toml") {
        let _ = policy.effective();
    }
    let _ = Catalogue::parse(&[("house.toml", text)]);
});
