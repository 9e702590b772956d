//! `countersign inspect s3://BUCKET/KEY`, `https://HOST/FILE`: one object of a store.

use std::path::Path;

use super::roots;
use countersign_engine::extract;
use countersign_io::{ByteRange, Entry, Kind, TempSpace, Tree, paths};
use countersign_media::member::MemberBytes;
use countersign_model::Facts;
use countersign_model::error::{Error, Result};

/// Size and facts of the object itself; what stands beside it in its store is not looked at.
///
/// # Errors
/// Where there is no such object, it cannot be asked for, or the address is that of many.
pub(super) fn read(
    address: &Path,
    endpoint: Option<&str>,
    space: &TempSpace,
    options: &extract::Options,
) -> Result<(u64, Facts)> {
    let failed = |what: String| Error::File {
        path: address.to_path_buf(),
        what,
        hint: "inspect wants the address of one object; for all below a prefix: countersign scan".to_owned(),
    };
    let trees = roots::trees(&[address.to_path_buf()], endpoint)?;
    let listings = trees.get(0).ok_or_else(|| failed("it is no address".to_owned()))?;
    let tree: &dyn Tree = listings.tree().as_ref();
    let folder = listings.folder("").map_err(|e| failed(e.to_string()))?;
    let named = tree.name();
    let last = paths::lossless_bytes(named.rsplit('/').next().unwrap_or_default().as_bytes());
    // A single object is listed as a folder that holds it alone.
    let mut names = folder.iter();
    let path = match (names.next(), names.next()) {
        (Some((name, Kind::File)), None) if name == last => name.to_owned(),
        _ => return Err(failed("objects stand below it, and it is none itself".to_owned())),
    };
    let stat = tree.stat(&path).map_err(|e| failed(e.to_string()))?;
    let handle = tree.open(&Entry { path, stat }).map_err(|e| failed(e.to_string()))?;
    let bytes = MemberBytes::whole(ByteRange::of(handle), None);
    Ok((stat.len, extract::member((address, Ok(&bytes)), &[], space, options)))
}
