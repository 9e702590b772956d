//! Fingerprints of the subjects of a record, so that a later copy of them is recognized.

use std::path::Path;

use super::worker;
use countersign_credentials::{self as c2pa, Verifier, Verify};
use countersign_engine::recorder::Recorder;
use countersign_judge::approvals::Subject;
use countersign_judge::approvals::record::Annotations;
use countersign_model::error::Result;

/// Adds fingerprints to the subjects that are stills, clips or sounds; what has none is recorded without.
pub(super) fn add(subjects: &mut [Subject]) -> Result<()> {
    let options = c2pa::Options { verify: Verify::Off, worker: worker::program(), ..c2pa::Options::default() };
    let verifier = Verifier::new(&options)?;
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let recorder = Recorder::new(&verifier);
    for subject in subjects.iter_mut().take(Recorder::MOST) {
        let path = countersign_engine::walk::from_lossless(&subject.name);
        let made = path.as_deref().map(Path::new).and_then(|path| recorder.fingerprint(path));
        if made.is_some() {
            subject.annotations.get_or_insert_with(Annotations::default).fingerprint = made;
        }
    }
    Ok(())
}
