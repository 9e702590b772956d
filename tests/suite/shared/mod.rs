//! What several tests share.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on stops")]

pub(crate) mod archived;
pub(crate) mod asset;
pub(crate) mod chromium;
pub(crate) mod document;
#[cfg(feature = "serve")]
pub(crate) mod identity_provider;
pub(crate) mod limited;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
pub(crate) mod object_store;
pub(crate) mod prerequisite;
pub(crate) mod run;
pub(crate) mod rust_code;
pub(crate) mod schema;
#[cfg(feature = "serve")]
pub(crate) mod serving;
pub(crate) mod source_tree;
