//! `--delivery-root DIR`: where the delivery begins of which a part is scanned.

use std::path::{Path, PathBuf};

use countersign_engine::scan::above;
use countersign_model::error::{Error, Result};

/// The folder that was named, where all roots lie in it. A list of files may name files on either side of it.
///
/// # Errors
/// A folder that is not there, and a root that does not lie in it.
pub(super) fn checked(named: Option<&Path>, roots: &[PathBuf], listed: bool) -> Result<Option<PathBuf>> {
    let Some(delivery) = named else { return Ok(None) };
    let failed = |what: String| Error::Usage {
        what: format!("--delivery-root {}: {what}", delivery.display()),
        hint: "name the folder in which the delivery begins; what is scanned is that folder, or lies in it".to_owned(),
    };
    if !delivery.is_dir() {
        return Err(failed("there is no such folder".to_owned()));
    }
    let own = roots.len() - usize::from(listed);
    match roots.iter().take(own).find(|root| above::below(root, delivery).is_none()) {
        Some(remote) if remote.to_string_lossy().contains("://") => {
            Err(failed(format!("{} is no folder of this machine", remote.display())))
        }
        Some(outside) if !outside.exists() => Err(failed(format!("{} is not there", outside.display()))),
        Some(outside) => Err(failed(format!("{} does not lie in it", outside.display()))),
        None => Ok(Some(delivery.to_owned())),
    }
}
