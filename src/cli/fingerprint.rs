//! Fingerprints of the subjects of a record, so that a later copy of them is recognized.

use std::sync::Arc;

use super::approvals::files::Selection;
use super::worker;
use countersign_credentials::{self as c2pa, Verifier, Verify};
use countersign_engine::recorder::Recorder;
use countersign_judge::approvals::record::Annotations;
use countersign_model::error::Result;

/// Adds fingerprints to the subjects that are stills, clips or sounds; what has none is recorded without.
pub(super) fn add(selection: &mut Selection) -> Result<()> {
    let options = c2pa::Options { verify: Verify::Off, worker: worker::program(), ..c2pa::Options::default() };
    let verifier = Arc::new(Verifier::new(&options)?);
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let recorder = Recorder::new(verifier);
    for group in selection.groups_mut() {
        for (subject, path) in group.subjects.iter_mut().zip(&group.paths).take(Recorder::MOST) {
            if let Some(made) = recorder.fingerprint(path) {
                subject.annotations.get_or_insert_with(Annotations::default).fingerprint = Some(made);
            }
        }
    }
    Ok(())
}
