//! Content Credentials: what the manifests say, and whether it holds. The only place that uses the `c2pa` crate.
//!
//! Format readers find the stores ([`crate::model::Store`]). [`store`] takes them apart and [`signals`] follows the
//! ingredients: this works on cut and broken files. [`verify`] then checks signature, bytes and trust.

pub mod budget;
mod exclusions;
pub mod signals;
pub mod store;
pub mod trust;
pub mod verify;
mod window;

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::limits;
use crate::model::{CredentialState, Credentials, Facts, Problem, ProblemKind, Store, TrustRef, Via};
use crate::source::Source;
use crate::tags::push_problem;
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
}

/// Made once per run and shared by all threads.
#[derive(Debug)]
pub struct Verifier {
    contexts: Contexts,
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
        Ok(Self { contexts, verify: options.verify, trust, key: key(options) })
    }

    /// Names everything that [`Verifier::credentials`] depends on besides the files: a part of cache keys.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Stops every verification under way and all that would follow: their state is unverified.
    pub fn cancel(&self) {
        self.contexts.cancel();
    }

    /// The lists in force, for the report.
    #[must_use]
    pub fn trust(&self) -> &[TrustRef] {
        &self.trust
    }

    /// Fills `facts.c2pa` from the stores that were found, or from a sidecar; it stays `None` where the file
    /// neither holds nor points to a manifest.
    pub fn credentials(&self, path: &Path, facts: &mut Facts, sidecars: &[PathBuf]) {
        let own = std::mem::take(&mut facts.stores);
        let carried = std::mem::take(&mut facts.carried);
        let pointer = pointer(facts);
        let mut out = if own.is_empty() {
            match sidecar(path, sidecars, facts) {
                Some(store) => Some(self.judge(path, facts, &[store], Via::Sidecar)),
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

    fn judge(&self, path: &Path, facts: &mut Facts, stores: &[Store], via: Via) -> Credentials {
        let mut out = Credentials { present: true, via, ..Credentials::default() };
        for (index, store) in stores.iter().enumerate() {
            let said = store::read(&store.bytes);
            let chain = signals::chain(&said);
            if index == 0 {
                let asset = Asset { path, format: facts.format.as_deref() };
                let verdict = self.verdict(&said, store, asset, facts, via);
                describe(&mut out, store, &said, &chain, verdict);
            } else {
                out.damage.get_or_insert_with(|| format!("the file holds {} manifest stores", stores.len()));
            }
            out.chain.extend(chain);
            if let Some(problem) = said.problem {
                let what = format!("the manifest store is not all readable: {}", problem.what);
                let place = format!("{} (C2PA)", store.place);
                push_problem(facts, Problem { place, what, offset: Some(store.offset), ..problem }.harmless());
            }
        }
        out
    }

    fn verdict(&self, said: &store::Said, store: &Store, asset: Asset<'_>, facts: &Facts, via: Via) -> Verdict {
        let stopped = |state, obstacle: String| Verdict { state, obstacle: Some(obstacle), ..Verdict::default() };
        let readable = said.manifests.last().is_some_and(|m| !m.claim.is_null());
        let broken = store.damage.clone().or_else(|| said.problem.as_ref().map(|p| p.what.clone()));
        if !readable {
            let what = broken.unwrap_or_else(|| "no claim can be read from the manifest store".to_owned());
            return stopped(CredentialState::Unreadable, what);
        }
        if self.verify == Verify::Off {
            return Verdict { obstacle: broken, ..Verdict::default() };
        }
        if let Some(damage) = broken {
            return stopped(CredentialState::Unverified, damage);
        }
        let cut = facts.problems.iter().any(|p| p.kind == ProblemKind::Truncated && p.blocking);
        match self.verify {
            Verify::Full if cut && via.is_own() => {
                let what = "the file is cut short: its bytes cannot be checked against the manifest";
                stopped(CredentialState::Unverified, what.to_owned())
            }
            // A store on its own has no asset that it could match.
            Verify::Full if asset.format == Some(COMPANION) && via.is_own() => self.contexts.signature(said, store),
            Verify::Full => self.contexts.full(said, store, asset, via.is_own()),
            _ => self.contexts.signature(said, store),
        }
    }
}

fn describe(
    out: &mut Credentials,
    store: &Store,
    said: &store::Said,
    chain: &[crate::model::Manifest],
    verdict: Verdict,
) {
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

/// The manifest store beside the asset: `name.ext.c2pa` before `name.c2pa`; two that differ are a problem.
fn sidecar(path: &Path, sidecars: &[PathBuf], facts: &mut Facts) -> Option<Store> {
    let is_store = |p: &&PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("c2pa")) && p.as_path() != path;
    let mut candidates: Vec<_> = sidecars.iter().filter(is_store).collect();
    candidates.sort_by_key(|p| (p.file_stem() != path.file_name(), (*p).clone()));
    let mut found: Option<Store> = None;
    for candidate in candidates.into_iter().take(limits::EMBEDDED) {
        let name = candidate.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let place = format!("sidecar {name}");
        let read = Source::open(candidate).map_err(|e| Problem::new(ProblemKind::Io, "", None, e.to_string()));
        match read.and_then(|mut s| s.whole(limits::SIDECAR).map(std::borrow::Cow::into_owned)) {
            Err(problem) => push_problem(facts, problem.within(&place)),
            Ok(bytes) => match &found {
                None => found = Some(Store { place, bytes, ..Store::default() }),
                Some(first) if first.bytes == bytes => {}
                Some(first) => {
                    let what = format!("{} and {place} hold different manifests; the first was used", first.place);
                    push_problem(facts, Problem::malformed("c2pa", 0, what).harmless());
                }
            },
        }
    }
    found
}
