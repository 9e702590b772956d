//! stub
use crate::{error::Unreadable, model::Document};
pub(crate) fn read(_bytes: &[u8]) -> Result<Document, Unreadable> { Err(Unreadable::new("AAF", "todo")) }
