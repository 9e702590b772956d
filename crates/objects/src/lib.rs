//! Trees of object stores.
