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
];

/// The rows of a packing list, and what is wrong with some of them.
///
/// # Errors
/// A document that is no packing list.
pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Packed>, Vec<String>), String> {
    let root = xml::document(bytes, &["Signature", "Signer"])?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for asset in root.all(&["AssetList", "Asset"]).into_iter().take(limits::MEMBERS) {
        let Some(id) = asset.said("Id").map(id) else {
            wrong.push("an asset has no Id".to_owned());
            continue;
        };
        let size = asset.number("Size");
        if size.is_none() {
            wrong.push(format!("asset {id} has no size"));
        }
        let digest = digest(asset).map_err(|what| wrong.push(format!("asset {id}: {what}"))).ok();
        let original = asset.said("OriginalFileName").map(str::to_owned);
        rows.push(Packed { id, size, digest, original });
    }
    Ok((rows, wrong))
}

fn digest(asset: &Element) -> Result<Digest, String> {
    let named = asset.child("HashAlgorithm").and_then(|h| h.attribute("Algorithm")).unwrap_or("#sha1");
    let lower = named.trim().to_ascii_lowercase();
    let (_, algorithm, len) = ALGORITHMS
        .iter()
        .find(|(end, ..)| lower.ends_with(end))
        .ok_or_else(|| format!("unknown hash algorithm `{named}`"))?;
    let text: String = asset.said("Hash").ok_or("no hash")?.split_whitespace().collect();
    let value = BASE64.decode(text.as_bytes()).map_err(|_| format!("the hash `{text}` is not Base64"))?;
    if value.len() != *len {
        return Err(format!("the hash has {} bytes and not {len}", value.len()));
    }
    Ok(Digest { algorithm: *algorithm, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(asset: &str) -> (Vec<Packed>, Vec<String>) {
        read(format!("<PackingList><AssetList><Asset>{asset}</Asset></AssetList></PackingList>").as_bytes()).unwrap()
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
