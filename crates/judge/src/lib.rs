//! From facts to findings: the catalogue of marks, roles, policy, approvals, rules, and the judgement itself.
//!
//! Invariant: no file of a delivery is read here; the same facts, policy and approvals give the same findings.

pub mod approvals;
pub mod judge;
pub mod marks;
pub mod policy;
pub mod roles;
pub mod rules;
