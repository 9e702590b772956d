//! Material for the evaluation, shared by the tests and by `examples/evaluate.rs`.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each program uses a part of it")]

pub mod canvas;
pub mod changes;
pub mod random;
pub mod scenes;
pub mod sounds;
