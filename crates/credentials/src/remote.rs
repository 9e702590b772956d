//! Verification in a worker process: the task goes there, the verdict comes back, and a worker that is lost is a problem
//! of the asset that it was at.

use super::protocol::{Asset, CANCELLED, Verdict, VerifyScope, VerifySetup, VerifyTask};
use super::store::ReadStore;
use super::trust::TrustList;
use countersign_io::ByteRange;
use countersign_model::Problem;
use countersign_model::limits;
use countersign_worker::bounds::{Bounds, Grant};
use countersign_worker::protocol::{Answer, Job};
use countersign_worker::{Crash, Pool, Program, WorkerFailure};

/// Workers that verify with these lists, and decode.
pub(super) fn pool(program: Program, lists: &[TrustList], bounds: Bounds) -> Pool {
    let setup = serde_json::to_value(VerifySetup::of(lists)).unwrap_or_default();
    Pool::with_verification(program, bounds, setup)
}

/// The verdict of a worker that reads so many bytes; `None` where none can be started.
pub(super) fn verify(
    pool: &Pool,
    read: ReadStore<'_>,
    asset: Asset<'_>,
    scope: VerifyScope,
    len: u64,
) -> Option<(Verdict, Option<Problem>)> {
    let ReadStore { store, embedded, .. } = read;
    let task = VerifyTask {
        path: asset.path.into(),
        format: asset.format,
        scope,
        embedded,
        place: store.place.clone(),
        offset: store.offset,
    };
    let grant = Grant {
        memory: limits::WORKER_MEMORY,
        time: pool.bounds().time_for(len),
        answer: 0,
        cost: len.saturating_mul(2),
    };
    let job = Job::Verify(serde_json::to_value(&task).ok()?);
    let failure = match pool.ask(job, Some(ByteRange::memory(store.bytes.clone())), grant) {
        Ok((Answer::Verified(verdict), ..)) => match serde_json::from_value(verdict) {
            Ok(verdict) => return Some((verdict, None)),
            Err(e) => WorkerFailure::Crashed(Crash::Garbled(e.to_string())),
        },
        Ok(_) => WorkerFailure::Crashed(Crash::Garbled("another answer".to_owned())),
        Err(WorkerFailure::Spawn) => return None,
        Err(WorkerFailure::Cancelled) => return Some((Verdict::unverified(CANCELLED.to_owned()), None)),
        Err(failure) => failure,
    };
    let (kind, what) = failure.describe("verification");
    let problem = Problem::new(kind, format!("{} (C2PA)", store.place), Some(store.offset), what.clone());
    Some((Verdict::unverified(what), Some(problem)))
}
