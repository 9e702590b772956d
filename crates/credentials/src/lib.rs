//! Content Credentials: what the manifests say, and whether it holds. The only place that uses the `c2pa` crate.
//!
//! Format readers find the stores ([`countersign_model::Store`]). [`store`] takes them detached and [`signals`] follows the
//! ingredients: this works on cut and broken files. [`verify`] then checks signature, bytes and trust, where there is a
//! [`Program`] to be a worker in that process. [`collection`] compares the files that one manifest binds together.
//!
//! Invariant: no connection is opened unless [`Options::fetch`] is given, and what could not be checked is never valid.

mod anchors;
mod apart;
pub mod collection;
mod exclusions;
mod fetch;
mod found;
mod fragments;
mod lazy;
pub mod official;
#[cfg(test)]
mod official_files;
pub mod protocol;
mod published;
mod remote;
mod sidecar;
pub mod signals;
pub mod store;
pub mod trust;
pub mod verify;
mod window;
pub mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use apart::{BoundApart, LONGEST as LONGEST_STORE, is_fragment, is_initialization, named_folder};
use countersign_media::formats;
use countersign_media::framing::jumbf;
use countersign_media::tags::push_problem;
use countersign_model::error::Result;
use countersign_model::limits;
use countersign_model::{
    CredentialState, Credentials, Extraction, Facts, Manifest, Media, Problem, ProblemKind, Store, TrustRef, Via,
};
use countersign_worker::Pool;
pub use countersign_worker::{Bounds, Program};
use fetch::Fetcher;
pub use fetch::Rules;
use lazy::LazyContexts;
use protocol::{Asset, Verdict, VerifyScope};
use sidecar::Beside;
pub use sidecar::{Neighbors, OnDrive};
use store::ReadStore;
use trust::TrustList;

/// How far credentials are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Signature, manifest, trust, and every byte of the asset.
    #[default]
    Full,
    /// Signature, manifest and trust; the asset is not read.
    Signature,
    /// Nothing.
    Off,
}

/// What a run asks of verification.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How far credentials are checked.
    pub verify: Verify,
    /// The lists of signers that are believed; without any, no signer is recognized.
    pub trust: Vec<TrustList>,
    /// The program that verifies in processes of its own; `None` verifies in this one.
    pub worker: Option<Program>,
    /// What a worker may take for one verification.
    pub bounds: Bounds,
    /// By which rules manifests are fetched that files only point to; `None` opens no connection.
    pub fetch: Option<Rules>,
}

/// An asset whose credentials are wanted.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    /// Whether it was taken out of an archive, with its sidecars alone.
    detached: bool,
    beside: &'a dyn Neighbors,
}

/// Made once and shared by all threads.
///
/// ```
/// use std::path::Path;
///
/// use countersign_credentials::{Options, Verifier};
/// use countersign_io::source::Source;
/// use countersign_media::identify::identify;
/// use countersign_model::{CredentialState, Extraction};
///
/// let path = Path::new("../../fixtures/c2pa/generated.jpg");
/// let mut source = Source::open(path)?;
/// let mut read = Extraction::default();
/// let format = identify(&mut source).unwrap().unwrap();
/// format.read(&mut source, &mut read).unwrap();
/// read.facts.format = Some(format.info().id);
///
/// // No trust list: whoever signed, nobody vouches for the signer.
/// let verifier = Verifier::new(&Options::default()).unwrap();
/// verifier.credentials(path, &mut read, &[]);
/// let credentials = read.facts.c2pa.unwrap();
/// assert_eq!(credentials.state, CredentialState::Valid);
/// assert!(credentials.chain[0].actions.iter().any(|action| action.action == "c2pa.created"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    contexts: LazyContexts,
    pool: Option<Arc<Pool>>,
    fetcher: Option<Fetcher>,
    stopped: AtomicBool,
    verify: Verify,
    trust: Vec<TrustRef>,
}

impl Verifier {
    /// # Errors
    /// Where a trust list holds what is no certificate.
    pub fn new(options: &Options) -> Result<Self> {
        let contexts = LazyContexts::new(&options.trust, options.bounds)?;
        let lists = options.trust.iter().filter(|l| l.holds_certificates());
        let trust = lists.map(TrustList::reference).collect();
        let pool = options.worker.clone().map(|program| remote::pool(program, &options.trust, options.bounds));
        let pool = pool.map(Arc::new);
        let fetcher = options.fetch.as_ref().map(Fetcher::new);
        let stopped = AtomicBool::new(false);
        Ok(Self { contexts, pool, fetcher, stopped, verify: options.verify, trust })
    }

    /// Stops every verification under way and all that would follow: their state is unverified.
    pub fn cancel(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.fetcher.iter().for_each(Fetcher::stop);
        self.contexts.cancel();
        self.pool.iter().for_each(|pool| pool.stop());
    }

    /// The lists in force, for the report.
    #[must_use]
    pub fn trust(&self) -> &[TrustRef] {
        &self.trust
    }

    /// The workers that verify, where there are any: they decode, too.
    #[must_use]
    pub fn pool(&self) -> Option<&Arc<Pool>> {
        self.pool.as_ref()
    }

    /// Whether the asset's file is opened, and not only what was read of it.
    #[must_use]
    pub fn opens_files(&self) -> bool {
        self.verify == Verify::Full
    }

    /// Fills `facts.c2pa` from the stores that were found, or from a sidecar; it stays `None` where the file
    /// neither holds nor points to a manifest.
    pub fn credentials(&self, path: &Path, read: &mut Extraction, sidecars: &[PathBuf]) {
        self.credentials_among(path, read, sidecars, &OnDrive);
    }

    /// As [`Verifier::credentials`], where somebody else opens and lists what stands beside the asset.
    pub fn credentials_among(&self, path: &Path, read: &mut Extraction, sidecars: &[PathBuf], beside: &dyn Neighbors) {
        self.fill(Place { path, detached: false, beside }, read, sidecars);
    }

    /// As [`Verifier::credentials`], for a file that was taken out of an archive with its sidecars alone.
    pub fn credentials_detached(&self, path: &Path, read: &mut Extraction, sidecars: &[PathBuf]) {
        self.credentials_in_archive(path, read, sidecars, &OnDrive);
    }

    /// As [`Verifier::credentials_detached`], for a member that lies in its archive still: somebody else opens what stands
    /// beside it. No path leads to it: call this only where [`Verifier::opens_file_for`] none of its stores.
    pub fn credentials_in_archive(
        &self,
        path: &Path,
        read: &mut Extraction,
        sidecars: &[PathBuf],
        beside: &dyn Neighbors,
    ) {
        self.fill(Place { path, detached: true, beside }, read, sidecars);
    }

    /// Whether the asset's file is opened to verify these bytes as its manifest store: a store in which no claim can be
    /// read is never weighed against the asset.
    #[must_use]
    pub fn opens_file_for(&self, store: &[u8]) -> bool {
        self.opens_files() && {
            let parsed = store::read(store);
            parsed.problem.is_none() && has_claim(&parsed)
        }
    }

    fn fill(&self, place: Place<'_>, read: &mut Extraction, sidecars: &[PathBuf]) {
        let Place { path, beside, .. } = place;
        let own = std::mem::take(&mut read.stores);
        let carried = std::mem::take(&mut read.carried);
        let facts = &mut read.facts;
        let pointer = pointer(facts);
        let mut out = if own.is_empty() {
            let found = sidecar::find(path, sidecars, beside, facts);
            let spoken = found.into_iter().filter_map(|b| self.beside(place, facts, b)).collect();
            together(spoken, facts).or_else(|| self.elsewhere(place, facts, pointer.as_deref()))
        } else {
            Some(self.judge(place, facts, &own, Via::Own))
        };
        if let (Some(out), Some(url)) = (&mut out, pointer.filter(|p| is_url(p))) {
            out.remote = Some(url);
        }
        for store in &carried {
            carry(store, facts, out.get_or_insert_with(Credentials::default));
        }
        facts.c2pa = out;
    }

    /// What a store beside the asset says; `None` where it speaks of another file of the same stem.
    fn beside(&self, place: Place<'_>, facts: &mut Facts, beside: Beside) -> Option<Credentials> {
        let Place { path, detached, .. } = place;
        let mut out = self.judge(place, facts, std::slice::from_ref(&beside.store), Via::Sidecar);
        let parsed = store::read(&beside.store.bytes);
        // A manifest of many files speaks of a file of its stem only if it is one of them.
        let files = verify::binding(&parsed).and_then(|b| b.collection.as_ref());
        if files.is_some_and(|c| !c.archive && !collection::lists(c, path)) {
            return None;
        }
        let holds = holds(&out);
        let rivals = if beside.exact || holds { Vec::new() } else { sidecar::rivals(path, place.beside) };
        if rivals.is_empty() || out.state == CredentialState::Unreadable {
            return Some(out);
        }
        let bytes = |rival: &&PathBuf| {
            let rival = Asset { path: rival, format: None, detached };
            let read = ReadStore { parsed: &parsed, store: &beside.store, embedded: false };
            let (verdict, _) = self.verdict(read, rival, &Facts::default());
            matches!(verdict.state, CredentialState::Trusted | CredentialState::Valid)
        };
        if self.verify == Verify::Full && rivals.iter().any(|rival| bytes(&rival)) {
            return None;
        }
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let names: Vec<_> = std::iter::once(name(path)).chain(rivals.iter().map(|r| name(r))).collect();
        let what = match self.verify {
            Verify::Full => {
                format!("{} goes by its name with {}, and fits none of them", beside.store.place, names.join(", "))
            }
            _ => format!(
                "{} goes by its name with {}; only their bytes would tell",
                beside.store.place,
                names.join(", ")
            ),
        };
        out.state = CredentialState::Unverified;
        out.damage.get_or_insert(what);
        Some(out)
    }

    /// What a pointer without a manifest says, and the manifest itself where it may be fetched.
    fn elsewhere(&self, place: Place<'_>, facts: &mut Facts, pointer: Option<&str>) -> Option<Credentials> {
        let mut out = pointed(pointer)?;
        let (Some(fetcher), Some(address)) = (&self.fetcher, pointer.filter(|p| is_url(p))) else { return Some(out) };
        match fetcher.bytes(address) {
            Ok(bytes) if jumbf::is_store(&bytes) => {
                let name = format!("remote manifest {address}");
                let place = Place { detached: true, ..place };
                let store = Store { place: name, bytes: bytes.to_vec(), ..Store::default() };
                return Some(self.judge(place, facts, std::slice::from_ref(&store), Via::Sidecar));
            }
            Ok(_) => out.damage = Some("what is kept there is no manifest store".to_owned()),
            Err(what) => out.damage = Some(what),
        }
        Some(out)
    }

    fn judge(&self, place: Place<'_>, facts: &mut Facts, stores: &[Store], via: Via) -> Credentials {
        let Place { path, detached, .. } = place;
        let mut out = Credentials { present: true, via, ..Credentials::default() };
        // The store of a TIFF stands in the last directory; a copy in an earlier one is what an editor left there.
        let last_first = stores.iter().all(|s| s.place.contains("TIFF"));
        let order: Vec<_> = if last_first { stores.iter().rev().collect() } else { stores.iter().collect() };
        let mut active = None;
        if let Some(store) = order.get(limits::EMBEDDED) {
            let what = format!("more than {} manifest stores are not read", limits::EMBEDDED);
            push_problem(facts, Problem::limit("C2PA", store.offset, what));
        }
        for (index, store) in order.into_iter().take(limits::EMBEDDED).enumerate() {
            let parsed = store::read(&store.bytes);
            let label = parsed.manifests.last().map(|m| m.label.clone());
            let signals::Provenance { chain, left_out } = signals::provenance(&parsed);
            unread(&parsed, left_out, store).into_iter().for_each(|p| push_problem(facts, p));
            if index == 0 {
                let asset = Asset { path, format: facts.format, detached };
                let read = ReadStore { parsed: &parsed, store, embedded: via.is_own() };
                let (verdict, problem) = self.verdict(read, asset, facts);
                problem.into_iter().for_each(|p| push_problem(facts, p));
                if verdict.state == CredentialState::Unreadable && parsed.problem.is_none() {
                    let what = verdict.obstacle.clone().unwrap_or_default();
                    let what = format!("the manifest store cannot be read: {what}");
                    push_problem(facts, Problem::malformed(format!("{} (C2PA)", store.place), store.offset, what));
                }
                describe(&mut out, store, &parsed, &chain, verdict);
                active = label;
            } else if label != active {
                out.damage.get_or_insert_with(|| format!("the file holds {} manifest stores", stores.len()));
            }
            further(chain, index > 0, &mut out);
            if let Some(problem) = parsed.problem {
                let what = format!("the manifest store is not all readable: {}", problem.what);
                let place = format!("{} (C2PA)", store.place);
                // Whatever stood in the part that is lost may have said how the asset was made.
                push_problem(facts, Problem { place, what, offset: Some(store.offset), ..problem });
            }
        }
        out
    }

    fn verdict(&self, read: ReadStore<'_>, asset: Asset<'_>, facts: &Facts) -> (Verdict, Option<Problem>) {
        let ReadStore { parsed, store, embedded } = read;
        let stopped =
            |state, obstacle: String| (Verdict { state, obstacle: Some(obstacle), ..Verdict::default() }, None);
        let readable = has_claim(parsed);
        let broken = store.damage.clone().or_else(|| parsed.problem.as_ref().map(|p| p.what.clone()));
        if !readable {
            let what = broken.unwrap_or_else(|| "no claim can be read from the manifest store".to_owned());
            return stopped(CredentialState::Unreadable, what);
        }
        if self.verify == Verify::Off {
            return (Verdict { obstacle: broken, ..Verdict::default() }, None);
        }
        if let Some(damage) = broken {
            return stopped(CredentialState::Unverified, damage);
        }
        let cut = facts.problems.iter().any(|p| p.kind == ProblemKind::Truncated && p.blocking);
        if self.verify == Verify::Full && cut && embedded {
            let what = "the file is cut short: its bytes cannot be checked against the manifest";
            return stopped(CredentialState::Unverified, what.to_owned());
        }
        // A store on its own has no asset that it could match.
        let companion = asset.format.and_then(formats::info).is_some_and(|info| info.media == Media::Companion);
        let alone = companion && embedded;
        let files =
            verify::binding(parsed).and_then(|b| b.collection.as_ref().map(|c| (b, c))).filter(|(_, c)| !c.archive);
        let (scope, len) = match self.verify {
            Verify::Full if files.is_some() => (VerifyScope::Bound, 0),
            Verify::Full if !alone => (VerifyScope::Bytes, verify::bytes_to_read(parsed, asset)),
            _ => (VerifyScope::Manifest, 0),
        };
        let remote = self.pool.as_ref();
        let remote = remote.and_then(|pool| remote::verify(pool, read, asset, scope, len));
        let (mut verdict, problem) = remote.unwrap_or_else(|| (self.verify_here(scope, read, asset), None));
        if let Some((binding, collection)) = files.filter(|_| scope == VerifyScope::Bound) {
            let algorithm = binding.claim.get("alg").and_then(serde_json::Value::as_str);
            let found = match asset.detached {
                true => collection::Found::unknown("the files that the manifest binds are not beside it"),
                false => collection::check(collection, asset.path, algorithm, &self.stopped),
            };
            bound(found, &mut verdict);
        }
        (verdict, problem)
    }

    /// Verifies in this process, where no worker can be asked.
    fn verify_here(&self, scope: VerifyScope, read: ReadStore<'_>, asset: Asset<'_>) -> Verdict {
        match self.contexts.get() {
            Ok(contexts) => contexts.verify(scope, read, asset),
            Err(what) => Verdict::unverified(what.to_owned()),
        }
    }
}

/// Whether the claim of the active manifest can be read.
fn has_claim(parsed: &store::ParsedStore) -> bool {
    parsed.manifests.last().is_some_and(|manifest| !manifest.claim.is_null())
}

/// What of a store could hold a mark and was not read.
fn unread(parsed: &store::ParsedStore, left_out: Option<&str>, store: &Store) -> Vec<Problem> {
    let place = format!("{} (C2PA)", store.place);
    let redacted = |label: &str| {
        let removed = parsed.manifests.iter().filter_map(|m| m.claim.get("redacted_assertions")?.as_array()).flatten();
        removed.filter_map(serde_json::Value::as_str).any(|uri| uri.rsplit('/').next() == Some(label))
    };
    // A signature says who signed, not how the asset was made.
    let silent = |label: &str| label.starts_with("c2pa.signature") || redacted(label);
    let broken = parsed.manifests.iter().flat_map(|m| &m.broken).filter(|label| !silent(label)).take(limits::PROBLEMS);
    let broken = broken.map(|label| {
        let what = format!("{} of a manifest cannot be decoded", label.chars().take(128).collect::<String>());
        Problem::malformed(place.clone(), store.offset, what)
    });
    let left_out = left_out
        .map(|what| Problem::limit(place.clone(), store.offset, format!("there are more {what} than are read")));
    broken.chain(left_out).collect()
}

/// What the files of a collection add to the verdict about its manifest.
fn bound(found: collection::Found, verdict: &mut Verdict) {
    if !found.failures.is_empty() {
        verdict.state = CredentialState::Invalid;
    } else if found.obstacle.is_some() && verdict.state != CredentialState::Invalid {
        verdict.state = CredentialState::Unverified;
    }
    found.failures.iter().for_each(|code| verdict.add_failure(code));
    verdict.files = found.files;
    verdict.obstacle = verdict.obstacle.take().or(found.obstacle);
}

fn holds(credentials: &Credentials) -> bool {
    matches!(credentials.state, CredentialState::Trusted | CredentialState::Valid)
}

/// What several stores beside the asset say: the first whose seal holds leads, the statements of all count.
fn together(mut spoken: Vec<Credentials>, facts: &mut Facts) -> Option<Credentials> {
    let lead = spoken.iter().position(holds).unwrap_or(0);
    let mut out = (lead < spoken.len()).then(|| spoken.remove(lead))?;
    let place = |c: &Credentials| c.place.clone().unwrap_or_default();
    for other in spoken {
        let what =
            format!("{} and {} hold different manifests; the state is the first one's", place(&out), place(&other));
        push_problem(facts, Problem::malformed("c2pa", 0, what).harmless());
        let unproven = !holds(&other);
        further(other.chain, unproven, &mut out);
    }
    Some(out)
}

/// Adds what a store says that is not said already.
fn further(chain: Vec<Manifest>, unproven: bool, out: &mut Credentials) {
    for mut manifest in chain {
        if !out.chain.iter().any(|m| same(m, &manifest)) {
            manifest.unproven = unproven;
            out.chain.push(manifest);
        }
    }
}

/// Whether two manifests say the same of the asset.
fn same(a: &Manifest, b: &Manifest) -> bool {
    (&a.label, &a.path, &a.actions, &a.assertions) == (&b.label, &b.path, &b.actions, &b.assertions)
}

fn describe(out: &mut Credentials, store: &Store, parsed: &store::ParsedStore, chain: &[Manifest], verdict: Verdict) {
    out.state = verdict.state;
    out.failures = verdict.failures;
    out.ingredient_failures = verdict.ingredient_failures;
    out.files = verdict.files;
    out.trust_list = verdict.trust_list;
    out.damage = store.damage.clone().or(verdict.obstacle);
    out.place = Some(store.place.clone());
    out.offset = Some(store.offset);
    out.manifests = parsed.manifests.len();
    if let Some(active) = chain.first() {
        out.signer.clone_from(&active.signer);
        out.issuer.clone_from(&active.issuer);
        out.signed_at.clone_from(&active.signed_at);
        out.generator.clone_from(&active.generator);
    }
}

/// The credentials of a picture inside the asset speak, but not about the asset's bytes.
fn carry(store: &Store, facts: &mut Facts, out: &mut Credentials) {
    if !out.present {
        *out = Credentials { present: true, via: Via::CoverArt, remote: out.remote.take(), ..Credentials::default() };
        out.place = Some(store.place.clone());
        out.offset = Some(store.offset);
    }
    let parsed = store::read(&store.bytes);
    let readable = has_claim(&parsed);
    let lost = parsed.problem.as_ref().map(|p| p.what.clone());
    if let Some(what) = lost.or_else(|| (!readable).then(|| "no claim can be read from it".to_owned())) {
        let what = format!("the manifest store is not all readable: {what}");
        push_problem(facts, Problem::malformed(format!("{} (C2PA)", store.place), store.offset, what));
    }
    for mut manifest in signals::chain(&parsed) {
        manifest.path.insert(0, Via::CoverArt);
        out.chain.push(manifest);
    }
}

/// Where XMP says that the manifest is.
fn pointer(facts: &Facts) -> Option<String> {
    let tag = facts.tags.iter().find(|t| t.space == "xmp" && t.key == "dcterms:provenance" && t.via.is_own())?;
    Some(tag.value.trim().to_owned()).filter(|v| !v.is_empty())
}

fn is_url(pointer: &str) -> bool {
    ["http://", "https://"].iter().any(|s| pointer.get(..s.len()).is_some_and(|p| p.eq_ignore_ascii_case(s)))
}

/// A pointer without a manifest.
fn pointed(pointer: Option<&str>) -> Option<Credentials> {
    let pointer = pointer?;
    if is_url(pointer) {
        return Some(Credentials { state: CredentialState::Remote, ..Credentials::default() });
    }
    if pointer.contains("jumbf=") {
        let damage = Some("XMP points to a manifest store that is not in the file".to_owned());
        return Some(Credentials { state: CredentialState::Unreadable, damage, ..Credentials::default() });
    }
    None
}
