//! The lists of the C2PA conformance program as they were published. The build script reads this list of them, too.

/// The lists of those who may sign, and of those who may stamp the time.
pub(super) static ALL: &[&str] =
    &[include_str!("../lists/C2PA-TRUST-LIST.json"), include_str!("../lists/C2PA-TSA-TRUST-LIST.json")];
