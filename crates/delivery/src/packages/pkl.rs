//! Shared by IMF and DCP: the packing list (SMPTE ST 429-8, ST 2067-2, Interop `PROTO-ASDCP-PKL`).
//!
//! It lists what is delivered, by id, with size and digest: SHA-1 unless `HashAlgorithm` names another.

use data_encoding::BASE64;

use super::assetmap::id;
use super::xml::{self, Element};
use super::{Algorithm, Digest};
use countersign_model::limits;

/// One asset of a packing list.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) id: String,
    pub(super) size: Option<u64>,
    pub(super) digest: Option<Digest>,
    /// The name that the file had where it was made.
    pub(super) original: Option<String>,
}

/// What `HashAlgorithm` names at its end, and the bytes of such a digest.
const ALGORITHMS: &[(&str, Algorithm, usize)] = &[
    ("#sha1", Algorithm::Sha1, 20),
    ("#sha224", Algorithm::Sha224, 28),
    ("#sha256", Algorithm::Sha256, 32),
    ("#sha384", Algorithm::Sha384, 48),
    ("#sha512", Algorithm::Sha512, 64),
    ("#sha3-224", Algorithm::Sha3To224, 28),
    ("#sha3-256", Algorithm::Sha3To256, 32),
    ("#sha3-384", Algorithm::Sha3To384, 48),
    ("#sha3-512", Algorithm::Sha3To512, 64),
];

/// A packing list.
#[derive(Debug, Default)]
pub(super) struct PackingList {
    /// Its own id.
    pub(super) id: Option<String>,
    /// Whether it carries a signature.
    pub(super) signed: bool,
    pub(super) rows: Vec<Packed>,
    /// What is wrong with some of them.
    pub(super) wrong: Vec<String>,
    /// What cannot be checked of them.
    pub(super) unverified: Vec<String>,
}

/// Why there is no digest to compare.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoDigest {
    /// An algorithm that is not known.
    Unknown(String),
    /// No hash, or none of its kind.
    Wrong(String),
}

/// The rows of a packing list, and what is wrong with some of them.
///
/// # Errors
/// A document that is no packing list.
pub(super) fn read(bytes: &[u8]) -> Result<PackingList, String> {
    let root = xml::document(bytes, &["Signature", "Signer"])?;
    let mut list = PackingList {
        id: root.said("Id").map(id),
        signed: root.child("Signature").is_some(),
        ..PackingList::default()
    };
    let PackingList { rows, wrong, unverified, .. } = &mut list;
    for asset in root.all(&["AssetList", "Asset"]).into_iter().take(limits::MEMBERS) {
        let Some(id) = asset.said("Id").map(id) else {
            wrong.push("an asset has no Id".to_owned());
            continue;
        };
        let size = asset.number("Size");
        if size.is_none() {
            wrong.push(format!("asset {id} has no size"));
        }
        let digest = digest(asset);
        match &digest {
            Err(NoDigest::Unknown(what)) => unverified.push(format!("asset {id}: {what}")),
            Err(NoDigest::Wrong(what)) => wrong.push(format!("asset {id}: {what}")),
            Ok(_) => {}
        }
        let digest = digest.ok();
        let original = asset.said("OriginalFileName").map(str::to_owned);
        rows.push(Packed { id, size, digest, original });
    }
    Ok(list)
}

/// The digest that `Hash` and `HashAlgorithm` of an element give.
pub(super) fn digest(of: &Element) -> Result<Digest, NoDigest> {
    let named = of.child("HashAlgorithm").and_then(|h| h.attribute("Algorithm")).unwrap_or("#sha1");
    let lower = named.trim().to_ascii_lowercase();
    let known = ALGORITHMS.iter().find(|(end, ..)| lower.ends_with(end));
    let Some((_, algorithm, len)) = known else {
        return Err(NoDigest::Unknown(format!("unknown hash algorithm `{named}`")));
    };
    let wrong = |what: String| NoDigest::Wrong(what);
    let text = of.said("Hash").ok_or_else(|| wrong("no hash".to_owned()))?;
    let text: String = text.split_whitespace().collect();
    let value = BASE64.decode(text.as_bytes()).map_err(|_| wrong(format!("the hash `{text}` is not Base64")))?;
    if value.len() != *len {
        return Err(wrong(format!("the hash has {} bytes and not {len}", value.len())));
    }
    Ok(Digest { algorithm: *algorithm, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(asset: &str) -> (Vec<Packed>, Vec<String>) {
        let text = format!("<PackingList><AssetList><Asset>{asset}</Asset></AssetList></PackingList>");
        let list = read(text.as_bytes()).unwrap();
        (list.rows, [list.wrong, list.unverified].concat())
    }

    #[test]
    fn an_unknown_algorithm_is_no_mistake() {
        let text = "<PackingList><Id>urn:uuid:P</Id><AssetList><Asset><Id>a</Id><Size>1</Size><Hash>AAAA</Hash>\
                    <HashAlgorithm Algorithm='#md9'/></Asset></AssetList></PackingList>";
        let list = read(text.as_bytes()).unwrap();
        assert_eq!((list.id.as_deref(), list.wrong.len(), list.unverified.len()), (Some("p"), 0, 1));
    }

    #[test]
    fn rows_carry_size_and_digest() {
        let (rows, wrong) = list(
            "<Id>urn:uuid:AB</Id><Hash>dc4ahPhV5so6LicTD4idOF/Z50E=</Hash><Size>7</Size>\
             <OriginalFileName>a.mxf</OriginalFileName>",
        );
        assert!(wrong.is_empty());
        assert_eq!((rows[0].id.as_str(), rows[0].size, rows[0].original.as_deref()), ("ab", Some(7), Some("a.mxf")));
        assert_eq!(rows[0].digest.as_ref().map(|d| (d.algorithm, d.value.len())), Some((Algorithm::Sha1, 20)));
        let hash = BASE64.encode(&[7; 32]);
        let (rows, wrong) = list(&format!(
            "<Id>a</Id><Hash>{hash}</Hash><Size>1</Size><HashAlgorithm Algorithm='http://x/04/xmlenc#sha256'/>"
        ));
        assert!(wrong.is_empty());
        assert_eq!(rows[0].digest.as_ref().map(|d| d.algorithm), Some(Algorithm::Sha256));
    }

    #[test]
    fn what_cannot_be_checked_is_told() {
        for (asset, what) in [
            ("<Hash>x</Hash>", "no Id"),
            ("<Id>a</Id><Hash>dc4ahPhV5so6LicTD4idOF/Z50E=</Hash>", "no size"),
            ("<Id>a</Id><Size>1</Size>", "no hash"),
            ("<Id>a</Id><Size>1</Size><Hash>###</Hash>", "not Base64"),
            ("<Id>a</Id><Size>1</Size><Hash>AAAA</Hash>", "3 bytes and not 20"),
            ("<Id>a</Id><Size>1</Size><Hash>AAAA</Hash><HashAlgorithm Algorithm='#md9'/>", "unknown hash"),
        ] {
            let (_, wrong) = list(asset);
            assert!(wrong.iter().any(|w| w.contains(what)), "{wrong:?}");
        }
    }
}
