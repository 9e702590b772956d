//! Verification: do signature, manifest and bytes hold, and who vouches for the signer?
//!
//! C2PA 2.2, section 15. The crate does the cryptography; it gets the store that our readers found and the asset as
//! a plain stream. Its own container readers see a file only where a binding cannot be checked without them
//! (box hashes, collections, update manifests): some of them take minutes over a small hostile file.

use std::cell::Cell;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::sync::Arc;
use std::time::{Duration, Instant};

use c2pa::http::{HttpResolverError, SyncHttpResolver, http};
use c2pa::validation_status as codes;
use c2pa::{Context, Reader};
use serde_json::{Value, json};

use super::anchors::AnchoredContexts;
use super::exclusions;
use super::found::Found;
use super::fragments::{self, Rendition};
use super::protocol::{Asset, CANCELLED, Verdict, VerifyScope};
use super::store::{ParsedManifest, ParsedStore, ReadStore, base};
use super::trust::TrustList;
use super::window::Window;
use countersign_media::formats::{self, C2paMime};
use countersign_model::error::{Error, Result};
use countersign_model::validation_status as status;
use countersign_model::{CredentialState, Store};
use countersign_worker::Bounds;
use countersign_worker::budget::Budget;

/// Contexts made once: parsing settings and lists for each file is slow.
pub struct Contexts {
    /// All lists together.
    all: AnchoredContexts,
    /// Each list of signers with those of time-stamping authorities, to say which one vouches.
    each: Vec<(String, AnchoredContexts)>,
    /// The lists of time-stamping authorities, and those of signers, alone, where there are both.
    apart: Option<Apart>,
    budget: Budget,
    bounds: Bounds,
}

/// The crate has one set of anchors for signers and for time stamps. An authority that is listed for time stamps alone
/// certifies many others as well: that it knows a signer's certificate vouches for nobody.
struct Apart {
    stamps: AnchoredContexts,
    signers: AnchoredContexts,
}

impl std::fmt::Debug for Contexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contexts").field("lists", &self.each.len()).finish_non_exhaustive()
    }
}

/// Refuses every request: verification never opens a connection.
struct NoNetwork;

impl SyncHttpResolver for NoNetwork {
    fn http_resolve(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> std::result::Result<http::Response<Box<dyn Read>>, HttpResolverError> {
        Err(HttpResolverError::UriDisallowed { uri: request.uri().to_string() })
    }
}

/// Bytes in CBOR and JSON that the crate may unfold into values, each byte of a string at many times its size.
const STRUCTURED: usize = 8 * 1024 * 1024;
/// Assertions of a store, and exclusions of its hashes, that the crate may see.
const ASSERTIONS: usize = 8_192;
const EXCLUSIONS: usize = 8_192;
/// What fails where the asset's bytes are not given on purpose.
const BINDING: &[&str] = &[
    codes::ASSERTION_DATAHASH_MISMATCH,
    codes::ASSERTION_BMFFHASH_MISMATCH,
    codes::ASSERTION_BMFFHASH_MALFORMED,
    codes::ASSERTION_BOXHASH_MISMATCH,
    codes::ASSERTION_COLLECTIONHASH_MISMATCH,
    codes::ASSERTION_COLLECTIONHASH_MALFORMED,
];
/// A format that no container reader of the crate claims.
const PLAIN: &str = "application/octet-stream";

impl Contexts {
    /// # Errors
    /// Where a trust list holds what is no certificate.
    pub fn new(lists: &[TrustList], bounds: Bounds) -> Result<Self> {
        let usages = joined(lists.iter(), |l| &l.config);
        let made = |name: &str, of: &[&TrustList]| {
            let (anchors, allowed) =
                (joined(of.iter().copied(), |l| &l.anchors_pem), joined(of.iter().copied(), |l| &l.allowed_pem));
            let usages = usages.clone();
            let make = Box::new(move |anchors: &str| context(anchors, &allowed, &usages));
            AnchoredContexts::new(&anchors, make).map_err(|what| bad_list(name, what))
        };
        let (stamps, signers): (Vec<&TrustList>, Vec<&TrustList>) =
            lists.iter().filter(|l| l.holds_certificates()).partition(|l| l.stamps_only);
        let each = signers.iter().map(|list| {
            let with_stamps: Vec<_> = std::iter::once(*list).chain(stamps.iter().copied()).collect();
            Ok((list.name.clone(), made(&list.name, &with_stamps)?))
        });
        let each = each.collect::<Result<Vec<_>>>()?;
        let all = made("all together", &lists.iter().collect::<Vec<_>>())?;
        let apart = match stamps.is_empty() {
            true => None,
            false => Some(Apart {
                stamps: made("of time-stamping authorities", &stamps)?,
                signers: made("of signers", &signers)?,
            }),
        };
        Ok(Self { all, each, apart, budget: Budget::default(), bounds })
    }

    /// Stops every verification under way and all that would follow.
    pub fn cancel(&self) {
        self.all.cancel();
        self.each.iter().for_each(|(_, contexts)| contexts.cancel());
        self.apart.iter().for_each(|apart| {
            apart.stamps.cancel();
            apart.signers.cancel();
        });
    }

    /// Verifies as far as is asked.
    #[must_use]
    pub(super) fn verify(&self, scope: VerifyScope, read: ReadStore<'_>, asset: Asset<'_>) -> Verdict {
        let ReadStore { parsed, store, embedded } = read;
        match scope {
            VerifyScope::Bytes => self.full(parsed, store, asset, embedded),
            VerifyScope::Bound | VerifyScope::Manifest => self.signature(parsed, store, scope),
        }
    }

    /// Signature, manifest and bytes.
    fn full(&self, parsed: &ParsedStore, store: &Store, asset: Asset<'_>, embedded: bool) -> Verdict {
        if let Some(obstacle) = too_much(parsed) {
            return Verdict::unverified(obstacle);
        }
        let file = File::open(asset.path).and_then(Window::new);
        let len = asset.path.metadata().map_or(0, |m| m.len());
        let result = match file {
            Err(e) => return Verdict::unverified(e.to_string()),
            Ok(file) => {
                let _share = self.budget.share(len);
                start_clock(self.bounds.time_for(len));
                read(&self.all.for_store(&store.bytes), &store.bytes, &format(parsed, asset), file)
            }
        };
        let mut verdict = match result {
            Err(e) => return unreadable(&e),
            Ok(reader) => self.verdict(&reader, parsed, &store.bytes, &[]),
        };
        if binding(parsed).is_some_and(|b| exclusions::exceeds_store(b, store, embedded)) {
            // Nothing is known to be changed, but more could be than a valid signature promises.
            if verdict.state != CredentialState::Invalid {
                verdict.state = CredentialState::Unverified;
            }
            verdict.add_failure(exclusions::EXCLUSIONS_WIDER);
        }
        let mismatch = verdict.failures.iter().any(|f| f == codes::ASSERTION_BMFFHASH_MISMATCH);
        match in_fragments(parsed, asset).filter(|_| mismatch && embedded) {
            Some(binding) => self.fragments(binding, parsed, store, asset),
            None => verdict,
        }
    }

    /// An initialization segment together with the fragments beside it.
    fn fragments(&self, binding: &ParsedManifest, parsed: &ParsedStore, store: &Store, asset: Asset<'_>) -> Verdict {
        start_clock(self.bounds.time_for(bytes_to_read(parsed, asset)));
        let mut best =
            Verdict::unverified("a fragmented file can be verified only together with its fragments".to_owned());
        for rendition in fragments::find(asset.path, binding) {
            let verdict = self.rendition(&rendition, parsed, store, asset);
            let holds = verdict.state != CredentialState::Invalid;
            best = verdict;
            if holds {
                break;
            }
        }
        best
    }

    fn rendition(&self, rendition: &Rendition, parsed: &ParsedStore, store: &Store, asset: Asset<'_>) -> Verdict {
        let reader = Reader::from_shared_context(self.all.all()).with_fragmented_files(asset.path, &rendition.paths);
        let reader = match reader {
            Err(e) => return unreadable(&e),
            Ok(reader) => reader,
        };
        if reader.active_label() != parsed.manifests.last().map(|m| m.label.as_str()) {
            return Verdict::unverified("the initialization segment holds another manifest store as well".to_owned());
        }
        let mut verdict = self.verdict(&reader, parsed, &store.bytes, &[]);
        let (present, counted) = (rendition.present, rendition.counted);
        if present < counted && verdict.state != CredentialState::Invalid {
            verdict.state = CredentialState::Unverified;
            verdict.obstacle = Some(format!("only {present} of its {counted} fragments are in its folder"));
        }
        verdict
    }

    /// Signature and manifest; the asset's bytes are not read, so nothing is said about them.
    fn signature(&self, parsed: &ParsedStore, store: &Store, scope: VerifyScope) -> Verdict {
        if let Some(obstacle) = too_much(parsed) {
            return Verdict::unverified(obstacle);
        }
        start_clock(self.bounds.time_for(0));
        let context = self.all.for_store(&store.bytes);
        match read(&context, &store.bytes, bare_format(parsed), Cursor::new([])) {
            // The crate knows collections as it writes them itself, in a map, not as the specification has them.
            Err(e) if binding(parsed).is_some_and(|b| b.collection.is_some()) => {
                Verdict::unverified(unreadable(&e).obstacle.unwrap_or_default())
            }
            Err(e) => unreadable(&e),
            Ok(reader) => {
                let mut verdict = self.verdict(&reader, parsed, &store.bytes, BINDING);
                if scope == VerifyScope::Manifest && verdict.state != CredentialState::Invalid {
                    verdict.state = CredentialState::Unverified;
                }
                verdict
            }
        }
    }

    fn verdict(&self, reader: &Reader, parsed: &ParsedStore, store: &[u8], expected: &[&str]) -> Verdict {
        let labels: Vec<&str> = parsed.manifests.iter().map(|m| m.label.as_str()).collect();
        let mut found = self.vouched_for_by_signers(Found::of(reader, &labels), &labels, store);
        found.own.retain(|code| !expected.contains(&code.as_str()));
        found.ingredients.retain(|failure| !expected.contains(&failure.code.as_str()));
        let all = || found.own.iter().chain(found.ingredients.iter().map(|failure| &failure.code));
        let holds = found.signature && all().all(|code| status::is_of_certificate(code));
        let state = match (holds, found.trusted && all().next().is_none()) {
            (true, true) => CredentialState::Trusted,
            (true, false) => CredentialState::Valid,
            (false, _) => CredentialState::Invalid,
        };
        let mut failures: Vec<_> = all().filter(|c| *c != codes::SIGNING_CREDENTIAL_UNTRUSTED).cloned().collect();
        failures.sort();
        failures.dedup();
        let trust_list = if found.trusted { self.voucher(store, &labels) } else { None };
        let Found { own, ingredients, .. } = found;
        let ingredient_failures = ingredients.into_iter().filter(|failure| !own.contains(&failure.code)).collect();
        Verdict { state, failures, ingredient_failures, trust_list, ..Verdict::default() }
    }

    /// What is left of the trust that was found, once authorities that are listed for time stamps alone do not count.
    fn vouched_for_by_signers(&self, found: Found, labels: &[&str], store: &[u8]) -> Found {
        let Some(apart) = self.apart.as_ref().filter(|_| found.vouched) else { return found };
        let read = |contexts: &AnchoredContexts| {
            start_clock(self.bounds.time_for(0));
            let reader = read(&contexts.for_store(store), store, PLAIN, Cursor::new([]));
            reader.map(|reader| Found::of(&reader, labels)).unwrap_or_default()
        };
        match read(&apart.stamps).vouched {
            true => found.with_trust_of(&read(&apart.signers)),
            false => found,
        }
    }

    /// The first list that vouches for the signer on its own.
    fn voucher(&self, store: &[u8], labels: &[&str]) -> Option<String> {
        if let [(name, _)] = self.each.as_slice() {
            return Some(name.clone());
        }
        let vouches = |contexts: &AnchoredContexts| {
            start_clock(self.bounds.time_for(0));
            let reader = read(&contexts.for_store(store), store, PLAIN, Cursor::new([]));
            reader.is_ok_and(|r| Found::of(&r, labels).trusted)
        };
        self.each.iter().find(|(_, contexts)| vouches(contexts)).map(|(name, _)| name.clone())
    }
}

thread_local! {
    /// When the verification on this thread has taken too long, and what it was granted: contexts are shared,
    /// deadlines are not.
    static DEADLINE: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

/// Starts the clock of this thread.
fn start_clock(time: Duration) {
    DEADLINE.set(Instant::now().checked_add(time).map(|deadline| (deadline, time)));
}

fn in_time() -> bool {
    DEADLINE.get().is_none_or(|(deadline, _)| Instant::now() < deadline)
}

fn context(anchors: &str, allowed: &str, usages: &str) -> std::result::Result<Arc<Context>, String> {
    let given = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let settings = json!({
        "verify": { "remote_manifest_fetch": false, "ocsp_fetch": false },
        "core": {
            "decode_identity_assertions": false,
            "allowed_network_hosts": [],
            "max_decompressed_manifest_size_in_mb": STRUCTURED >> 20,
        },
        "trust": { "trust_anchors": given(anchors), "allowed_list": given(allowed), "trust_config": given(usages) },
    });
    let context = Context::new().with_settings(settings).map_err(|e| e.to_string())?;
    Ok(context.with_resolver(NoNetwork).with_progress_callback(|_, _, _| in_time()).into_shared())
}

fn joined<'l>(lists: impl Iterator<Item = &'l TrustList>, part: fn(&TrustList) -> &String) -> String {
    lists.map(|l| part(l).as_str()).collect()
}

fn bad_list(name: &str, what: String) -> Error {
    Error::Usage {
        what: format!("trust list {name}: {what}"),
        hint: "a trust list is a PEM bundle of X.509 certificates".to_owned(),
    }
}

/// The manifest whose hash binds the asset: the active one, or the parent that an update refers to.
pub(super) fn binding(parsed: &ParsedStore) -> Option<&ParsedManifest> {
    parsed.manifests.iter().rev().find(|m| !m.update)
}

fn hash_label(parsed: &ParsedStore) -> &str {
    let assertions = binding(parsed).into_iter().flat_map(|m| &m.assertions);
    assertions.map(|(label, _)| base(label)).find(|l| l.starts_with("c2pa.hash.")).unwrap_or_default()
}

/// The format that the crate is told: its own readers only where it cannot do without.
fn format(parsed: &ParsedStore, asset: Asset<'_>) -> String {
    let boxes = hash_label(parsed).starts_with("c2pa.hash.boxes");
    let collection = hash_label(parsed).starts_with("c2pa.hash.collection");
    let update = parsed.manifests.last().is_some_and(|m| m.update);
    let plain = || PLAIN.to_owned();
    let Some(id) = asset.format.filter(|_| boxes || collection || update) else { return plain() };
    match formats::info(id).map(|info| info.c2pa_mime) {
        // The TIFF reader takes minutes over forty hostile kilobytes; TIFF needs no box hash (C2PA 2.4, 18.7.3.3).
        Some(C2paMime::Withheld) => plain(),
        Some(C2paMime::Named(name)) => name.to_owned(),
        Some(C2paMime::Id) | None => id.to_string(),
    }
}

/// A format for the case that no bytes are given: one that fails with a code instead of an error.
fn bare_format(parsed: &ParsedStore) -> &'static str {
    match hash_label(parsed) {
        label if label.starts_with("c2pa.hash.boxes") => "image/png",
        label if label.starts_with("c2pa.hash.collection") => "zip",
        _ => PLAIN,
    }
}

/// What the crate makes of a store and an asset; the clock is started by whoever knows how long that may take.
fn read(
    context: &Arc<Context>,
    store: &[u8],
    format: &str,
    stream: impl Read + Seek + Send,
) -> std::result::Result<Reader, c2pa::Error> {
    Reader::from_shared_context(context).with_manifest_data_and_stream(store, format, stream)
}

/// The binding of an initialization segment whose media lies in other files.
fn in_fragments<'a>(parsed: &'a ParsedStore, asset: Asset<'_>) -> Option<&'a ParsedManifest> {
    binding(parsed).filter(|b| fragments::wanted(b)).filter(|_| fragments::is_init(asset.path))
}

/// Bytes that verification in full reads.
pub(super) fn bytes_to_read(parsed: &ParsedStore, asset: Asset<'_>) -> u64 {
    let own = asset.path.metadata().map_or(0, |m| m.len());
    let others = in_fragments(parsed, asset).map_or(0, |_| fragments::bytes_beside(asset.path));
    own.saturating_add(others)
}

/// Why the crate should not see this store: what it does with some lists grows with their square.
fn too_much(parsed: &ParsedStore) -> Option<String> {
    let sum = |count: fn(&ParsedManifest) -> usize| parsed.manifests.iter().map(count).fold(0, usize::saturating_add);
    let found = [
        (sum(|m| m.structured), STRUCTURED, "bytes of assertions"),
        (sum(|m| m.assertions.len()), ASSERTIONS, "assertions"),
        (sum(exclusions::count), EXCLUSIONS, "hash exclusions"),
    ];
    let over = found.into_iter().find(|(count, most, _)| count > most);
    over.map(|(count, _, what)| format!("{count} {what} are more than is verified"))
}

/// The store has manifests by our reading, and the crate cannot make sense of it.
fn unreadable(error: &c2pa::Error) -> Verdict {
    if matches!(error, c2pa::Error::OperationCancelled) {
        return Verdict::unverified(match DEADLINE.get().filter(|_| !in_time()) {
            Some((_, granted)) => format!("verification was ended after {} seconds", granted.as_secs()),
            None => CANCELLED.to_owned(),
        });
    }
    let obstacle = format!("the manifest store cannot be verified: {error}");
    Verdict { state: CredentialState::Unreadable, obstacle: Some(obstacle), ..Verdict::default() }
}
