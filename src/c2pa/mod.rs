//! Content Credentials: what the manifests say, and whether it holds. The only place that uses the `c2pa` crate.
//!
//! Format readers find the stores ([`crate::model::Store`]). [`store`] takes them apart and [`signals`] follows the
//! ingredients: this works on cut and broken files. [`verify`] then checks signature, bytes and trust.

pub mod budget;
mod exclusions;
mod fragments;
mod pool;
mod sidecar;
pub mod signals;
pub mod status;
pub mod store;
pub mod trust;
pub mod verify;
mod window;
pub mod worker;

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::limits;
use crate::model::{CredentialState, Credentials, Facts, Manifest, Problem, ProblemKind, Store, TrustRef, Via};
use crate::tags::push_problem;
use pool::Pool;
pub use pool::Program;
use sidecar::{Beside, Rivals};
use trust::TrustList;
use verify::{Asset, Contexts, Verdict};

/// Format id of a file that is nothing but a manifest store.
const COMPANION: &str = "c2pa";

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
    pub verify: Verify,
    pub trust: Vec<TrustList>,
    /// The program that verifies in processes of its own; `None` verifies in this one.
    pub worker: Option<Program>,
}

/// Made once per run and shared by all threads.
#[derive(Debug)]
pub struct Verifier {
    contexts: Contexts,
    pool: Option<Pool>,
    rivals: Rivals,
    verify: Verify,
    trust: Vec<TrustRef>,
    key: String,
}

impl Verifier {
    /// # Errors
    /// Where a trust list holds what is no certificate.
    pub fn new(options: &Options) -> Result<Self> {
        let contexts = Contexts::new(&options.trust)?;
        let lists = options.trust.iter().filter(|l| !l.anchors_pem.is_empty() || !l.allowed_pem.is_empty());
        let trust = lists.map(TrustList::reference).collect();
        let pool = options.worker.clone().map(|program| Pool::new(program, &options.trust));
        Ok(Self { contexts, pool, rivals: Rivals::default(), verify: options.verify, trust, key: key(options) })
    }

    /// Names everything that [`Verifier::credentials`] depends on besides the files: a part of cache keys.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Stops every verification under way and all that would follow: their state is unverified.
    pub fn cancel(&self) {
        self.contexts.cancel();
        self.pool.iter().for_each(Pool::stop);
    }

    /// The lists in force, for the report.
    #[must_use]
    pub fn trust(&self) -> &[TrustRef] {
        &self.trust
    }

    /// Whether the asset's file is opened, and not only what was read of it.
    #[must_use]
    pub fn opens_files(&self) -> bool {
        self.verify == Verify::Full
    }

    /// Fills `facts.c2pa` from the stores that were found, or from a sidecar; it stays `None` where the file
    /// neither holds nor points to a manifest.
    pub fn credentials(&self, path: &Path, facts: &mut Facts, sidecars: &[PathBuf]) {
        let own = std::mem::take(&mut facts.stores);
        let carried = std::mem::take(&mut facts.carried);
        let pointer = pointer(facts);
        let mut out = if own.is_empty() {
            match sidecar::find(path, sidecars, facts) {
                Some(beside) => self.beside(path, facts, beside).or_else(|| pointed(pointer.as_deref())),
                None => pointed(pointer.as_deref()),
            }
        } else {
            Some(self.judge(path, facts, &own, Via::Own))
        };
        if let (Some(out), Some(url)) = (&mut out, pointer.filter(|p| is_url(p))) {
            out.remote = Some(url);
        }
        for store in &carried {
            carry(store, out.get_or_insert_with(Credentials::default));
        }
        facts.c2pa = out;
    }

    /// What a store beside the asset says; `None` where it speaks of another file of the same stem.
    fn beside(&self, path: &Path, facts: &mut Facts, beside: Beside) -> Option<Credentials> {
        let mut out = self.judge(path, facts, std::slice::from_ref(&beside.store), Via::Sidecar);
        let holds = matches!(out.state, CredentialState::Trusted | CredentialState::Valid);
        let rivals = if beside.exact || holds { Vec::new() } else { self.rivals.of(path) };
        if rivals.is_empty() || out.state == CredentialState::Unreadable {
            return Some(out);
        }
        let said = store::read(&beside.store.bytes);
        let bytes = |rival: &&PathBuf| {
            let rival = Asset { path: rival, format: None };
            let (verdict, _) = self.verdict(&said, &beside.store, rival, &Facts::default(), Via::Sidecar);
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

    fn judge(&self, path: &Path, facts: &mut Facts, stores: &[Store], via: Via) -> Credentials {
        let mut out = Credentials { present: true, via, ..Credentials::default() };
        // The store of a TIFF stands in the last directory; a copy in an earlier one is what an editor left there.
        let last_first = stores.iter().all(|s| s.place.contains("TIFF"));
        let order: Vec<_> = if last_first { stores.iter().rev().collect() } else { stores.iter().collect() };
        let mut active = None;
        for (index, store) in order.into_iter().take(limits::EMBEDDED).enumerate() {
            let said = store::read(&store.bytes);
            let label = said.manifests.last().map(|m| m.label.clone());
            let chain = signals::chain(&said);
            if index == 0 {
                let asset = Asset { path, format: facts.format.as_deref() };
                let (verdict, problem) = self.verdict(&said, store, asset, facts, via);
                problem.into_iter().for_each(|p| push_problem(facts, p));
                describe(&mut out, store, &said, &chain, verdict);
                active = label;
            } else if label != active {
                out.damage.get_or_insert_with(|| format!("the file holds {} manifest stores", stores.len()));
            }
            for manifest in chain {
                if !out.chain.iter().any(|m| same(m, &manifest)) {
                    out.chain.push(manifest);
                }
            }
            if let Some(problem) = said.problem {
                let what = format!("the manifest store is not all readable: {}", problem.what);
                let place = format!("{} (C2PA)", store.place);
                push_problem(facts, Problem { place, what, offset: Some(store.offset), ..problem }.harmless());
            }
        }
        out
    }

    fn verdict(
        &self,
        said: &store::Said,
        store: &Store,
        asset: Asset<'_>,
        facts: &Facts,
        via: Via,
    ) -> (Verdict, Option<Problem>) {
        let stopped =
            |state, obstacle: String| (Verdict { state, obstacle: Some(obstacle), ..Verdict::default() }, None);
        let readable = said.manifests.last().is_some_and(|m| !m.claim.is_null());
        let broken = store.damage.clone().or_else(|| said.problem.as_ref().map(|p| p.what.clone()));
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
        if self.verify == Verify::Full && cut && via.is_own() {
            let what = "the file is cut short: its bytes cannot be checked against the manifest";
            return stopped(CredentialState::Unverified, what.to_owned());
        }
        // A store on its own has no asset that it could match.
        let alone = asset.format == Some(COMPANION) && via.is_own();
        let full = self.verify == Verify::Full && !alone;
        let len = if full { verify::weight(said, asset) } else { 0 };
        let apart = self.pool.as_ref().and_then(|pool| pool.verify(store, asset, full, via.is_own(), len));
        apart.unwrap_or_else(|| match full {
            true => (self.contexts.full(said, store, asset, via.is_own()), None),
            false => (self.contexts.signature(said, store), None),
        })
    }
}

/// Whether two manifests say the same of the asset.
fn same(a: &Manifest, b: &Manifest) -> bool {
    (&a.label, &a.path, &a.actions, &a.assertions) == (&b.label, &b.path, &b.actions, &b.assertions)
}

fn describe(out: &mut Credentials, store: &Store, said: &store::Said, chain: &[Manifest], verdict: Verdict) {
    out.state = verdict.state;
    out.failures = verdict.failures;
    out.trust_list = verdict.trust_list;
    out.damage = store.damage.clone().or(verdict.obstacle);
    out.place = Some(store.place.clone());
    out.offset = Some(store.offset);
    out.manifests = said.manifests.len();
    if let Some(active) = chain.first() {
        out.signer.clone_from(&active.signer);
        out.issuer.clone_from(&active.issuer);
        out.signed_at.clone_from(&active.signed_at);
        out.generator.clone_from(&active.generator);
    }
}

/// Raised with every change of what credentials hold.
const VERSION: u32 = 1;

fn key(options: &Options) -> String {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    for list in &options.trust {
        for part in [&list.name, &list.anchors_pem, &list.allowed_pem, &list.config] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    let verify = match options.verify {
        Verify::Full => "full",
        Verify::Signature => "signature",
        Verify::Off => "off",
    };
    format!("c2pa{VERSION}:{verify}:{}", data_encoding::HEXLOWER.encode(&digest.finalize()))
}

/// The credentials of a picture inside the asset speak, but not about the asset's bytes.
fn carry(store: &Store, out: &mut Credentials) {
    if !out.present {
        *out = Credentials { present: true, via: Via::CoverArt, remote: out.remote.take(), ..Credentials::default() };
        out.place = Some(store.place.clone());
        out.offset = Some(store.offset);
    }
    for mut manifest in signals::chain(&store::read(&store.bytes)) {
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
