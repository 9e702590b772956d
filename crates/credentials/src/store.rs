//! Manifest stores taken apart: manifests, claims, assertions and whose names the certificates carry.
//!
//! C2PA 2.2, section 11 (use of JUMBF), 10 (claims), 14.2 (certificates). This is our own reading, within our
//! own bounds: it needs no asset, trusts no hash, and keeps what is left of a store that is cut or damaged.
//! Whether any of it is true is for [`super::verify`].

use std::io::Read;

use serde_json::Value;

use super::collection::{self, Collection};
use countersign_media::framing::cbor::{self, Item};
use countersign_media::framing::der;
use countersign_media::framing::jumbf_tree::{self as jumbf, Tree};
use countersign_model::limits;
use countersign_model::{Problem, Store};

/// A manifest store, what was read of it, and how it reached the asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadStore<'a> {
    pub(super) parsed: &'a ParsedStore,
    pub(super) store: &'a Store,
    /// Whether it stands in the asset's own file.
    pub(super) embedded: bool,
}

/// What a store says.
#[derive(Debug, Default)]
pub struct ParsedStore {
    /// In the order of the bytes: the last one is the active one.
    pub manifests: Vec<ParsedManifest>,
    /// Why not all of it could be read.
    pub problem: Option<Problem>,
}

/// One manifest as it is written.
#[derive(Debug, Default)]
pub struct ParsedManifest {
    /// The manifest's label in its store: `urn:c2pa:…`.
    pub label: String,
    /// Whether it only updates its parent and holds no hash of the asset.
    pub update: bool,
    /// The claim (C2PA 2.2, section 10), decoded from CBOR; null where it cannot be decoded.
    pub claim: Value,
    /// Label with instance suffix, and value; embedded files have no value.
    pub assertions: Vec<(String, Value)>,
    /// Who signed and who issued the certificate, as the certificate says; not verified.
    pub names: der::Names,
    /// From the first time stamp of the signature, RFC 3339, unchecked.
    pub stamped: Option<String>,
    /// Bytes in CBOR and JSON boxes: what a decoder of all of it would unfold.
    pub structured: usize,
    /// The files of a folder that it binds.
    pub collection: Option<Collection>,
    /// Labels of credentials and assertions whose content does not decode, or which the claim names and are not there.
    pub broken: Vec<String>,
}

/// Superbox types of manifests (first four bytes of the UUID): standard, update, compressed, with metadata.
const MANIFESTS: [[u8; 4]; 4] = [*b"c2ma", *b"c2um", *b"c2cm", *b"c2md"];
/// Manifests of one store that are looked at.
const MOST: usize = 512;

/// Assertions that say how the asset was made: what stands in another kind of box than theirs is not passed over.
const SPEAKING: &[&str] = &["c2pa.actions", "c2pa.ingredient"];

/// Takes a store apart; offsets in the problem are relative to `bytes`.
///
/// ```
/// use countersign_credentials::store;
///
/// // Whatever the bytes are, what can be read of them is told, and why the rest cannot.
/// let parsed = store::read(b"\0\0\0\x20jumb\0\0");
/// assert!(parsed.manifests.is_empty());
/// assert!(parsed.problem.is_some());
/// ```
#[must_use]
pub fn read(bytes: &[u8]) -> ParsedStore {
    let mut parsed = ParsedStore::default();
    let tree = jumbf::read(bytes);
    match tree.nodes.first() {
        Some(store) if store.kind == jumbf::SUPERBOX => {}
        _ => {
            let broken = || Problem::malformed("C2PA store", 0, "no JUMBF superbox");
            parsed.problem = Some(tree.problem.unwrap_or_else(broken));
            return parsed;
        }
    }
    let mut unfolded = 0;
    for (at, node) in tree.children(0).filter(|(_, n)| n.kind == jumbf::SUPERBOX) {
        let kind = node.uuid.first_chunk::<4>().copied().unwrap_or_default();
        if !MANIFESTS.contains(&kind) {
            // Boxes of a kind yet to come say nothing here; a manifest whose type was changed still says what it says.
            if !is_like_manifest(&tree, at, node.label) {
                continue;
            }
            let what = format!("a manifest stands in a box of another type ({})", kind.escape_ascii());
            parsed.problem.get_or_insert(Problem::malformed("C2PA store", node.offset as u64, what));
        }
        if parsed.manifests.len() >= MOST {
            let what = format!("more than {MOST} manifests are not read");
            parsed.problem = Some(Problem::limit("C2PA store", node.offset as u64, what));
            break;
        }
        match tree.content_of(at).filter(|n| n.kind == *b"brob") {
            None => parsed.manifests.push(manifest(&tree, at, node.label)),
            Some(packed) => match unpack(packed.content, &mut unfolded) {
                Ok(plain) => {
                    let tree = jumbf::read(&plain);
                    let label = tree.nodes.first().map_or("", |n| n.label);
                    let label = if label.is_empty() { node.label } else { label };
                    parsed.manifests.push(manifest(&tree, 0, label));
                    parsed.problem = parsed.problem.or(tree.problem);
                }
                Err(what) => {
                    parsed.problem = Some(Problem::malformed("C2PA store", packed.offset as u64, what));
                }
            },
        }
    }
    parsed.problem = parsed.problem.or(tree.problem);
    if parsed.manifests.is_empty() && parsed.problem.is_none() {
        parsed.problem = Some(Problem::malformed("C2PA store", 0, "no manifest in it"));
    }
    parsed
}

/// Whether a superbox has a manifest's parts, or a manifest's name (C2PA 2.x, section 8.2).
fn is_like_manifest(tree: &Tree<'_>, at: usize, label: &str) -> bool {
    let part = |label: &str| label.starts_with("c2pa.assertions") || label.starts_with("c2pa.claim");
    let named = ["urn:c2pa:", "urn:uuid:"].iter().any(|start| label.starts_with(start));
    named || tree.children(at).any(|(_, node)| part(node.label) || node.kind == *b"brob")
}

fn unpack(packed: &[u8], unfolded: &mut usize) -> Result<Vec<u8>, &'static str> {
    let most = limits::INFLATED.saturating_sub(*unfolded);
    let mut plain = Vec::new();
    let mut reader = brotli::Decompressor::new(packed, 4096).take(most as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|_| "a compressed manifest does not unpack")?;
    if plain.len() > most {
        return Err("compressed manifests unpack to too much");
    }
    *unfolded += plain.len();
    Ok(plain)
}

fn manifest(tree: &Tree<'_>, at: usize, label: &str) -> ParsedManifest {
    let mut out = ParsedManifest { label: label.to_owned(), ..ParsedManifest::default() };
    out.update = tree.nodes.get(at).is_some_and(|n| n.uuid.starts_with(b"c2um"));
    for (part, node) in tree.children(at) {
        match node.label {
            "c2pa.assertions" => {
                for (one, assertion) in tree.children(part) {
                    let value = assertion_value(tree, one, assertion.label, &mut out);
                    if value.is_none() {
                        out.broken.push(assertion.label.to_owned());
                    }
                    out.assertions.push((assertion.label.to_owned(), value.unwrap_or_default()));
                }
            }
            "c2pa.signature" => {
                let content = tree.content_of(part).map(|n| n.content).unwrap_or_default();
                if !signature(content, &mut out) {
                    out.broken.push(node.label.to_owned());
                }
            }
            claim if claim.starts_with("c2pa.claim") => match tree.content_of(part).map(|n| cbor::decode(n.content)) {
                Some(Ok(item)) => out.claim = item.json(),
                _ => out.broken.push(claim.to_owned()),
            },
            _ => {}
        }
    }
    missing(&mut out);
    out
}

/// Notes the assertions on how the asset was made that the claim lists and that are not in its manifest.
fn missing(out: &mut ParsedManifest) {
    let lists = ["assertions", "created_assertions", "gathered_assertions"];
    let listed = lists.iter().filter_map(|key| out.claim.get(*key)?.as_array()).flatten();
    let own = format!("/c2pa/{}/", out.label);
    let labels = listed.filter_map(|reference| {
        let url = reference.get("url")?.as_str()?.strip_prefix("self#jumbf=")?;
        // Absolute within the store, or relative to the manifest.
        let path = if url.starts_with('/') { url.strip_prefix(own.as_str())? } else { url };
        let label = path.strip_prefix("c2pa.assertions/")?;
        SPEAKING.iter().any(|s| base(label).starts_with(s)).then(|| label.to_owned())
    });
    let absent: Vec<_> = labels.filter(|label| !out.assertions.iter().any(|(known, _)| known == label)).collect();
    out.broken.extend(absent);
}

/// `None` where the content should decode and does not.
fn assertion_value(tree: &Tree<'_>, at: usize, label: &str, out: &mut ParsedManifest) -> Option<Value> {
    let speaks = SPEAKING.iter().any(|s| base(label).starts_with(s));
    let Some(content) = tree.content_of(at) else { return (!speaks).then_some(Value::Null) };
    match &content.kind {
        b"cbor" => {
            out.structured = out.structured.saturating_add(content.content.len());
            let item = cbor::decode(content.content).ok()?;
            if base(label) == "c2pa.hash.collection.data" {
                out.collection.get_or_insert_with(|| collection::read(&item));
            }
            Some(item.json())
        }
        b"json" => {
            out.structured = out.structured.saturating_add(content.content.len());
            serde_json::from_slice(content.content).ok()
        }
        _ => (!speaks).then_some(Value::Null),
    }
}

/// Names and time of a `COSE_Sign1` (RFC 9052, section 4.2; certificates under `x5chain`, RFC 9360).
fn signature(bytes: &[u8], out: &mut ParsedManifest) -> bool {
    const X5CHAIN: i128 = 33;
    let Ok(cose) = cbor::decode(bytes) else { return false };
    let [protected, unprotected, ..] = cose.array() else { return false };
    let protected = protected.bytes().and_then(|b| cbor::decode(b).ok()).unwrap_or(Item::Null);
    let chain = [&protected, unprotected].into_iter().find_map(|h| h.get_int(X5CHAIN).or_else(|| h.get("x5chain")));
    let leaf = chain.and_then(|c| c.bytes().or_else(|| c.array().first().and_then(Item::bytes)));
    out.names = leaf.and_then(der::names).unwrap_or_default();
    let stamps = ["sigTst2", "sigTst"].into_iter().find_map(|key| unprotected.get(key));
    let token = stamps.and_then(|s| s.get("tstTokens")).and_then(|t| t.array().first()).and_then(|t| t.get("val"));
    out.stamped = token.and_then(Item::bytes).and_then(der::time_stamp);
    leaf.is_some()
}

/// A label without its instance suffix: `c2pa.actions.v2__1` is `c2pa.actions.v2`.
#[must_use]
pub fn base(label: &str) -> &str {
    label.split_once("__").map_or(label, |(base, _)| base)
}
