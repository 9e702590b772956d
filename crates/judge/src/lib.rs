//! From facts to findings: the catalogue of marks, roles, policy, approvals, rules, and the judgement itself.
//!
//! [`marks`] turns facts into evidence, [`roles`] a path into what it is for, [`approvals`] a digest into the records about
//! it. [`archive`] weighs
//! what speaks for and against archival material. The [`rules`] look at all of that under one [`policy`], and [`judge::Judge`] applies severity, approvals, suppression
//! and baseline to what they say, once.
//!
//! [`verdict`] is what is signed of a run.
//!
//! Invariant: no file of a delivery is read here; the same facts, policy and approvals give the same findings.

pub mod approvals;
pub mod archive;
pub mod judge;
pub mod marks;
pub mod policy;
pub mod roles;
pub mod rules;
pub mod verdict;
