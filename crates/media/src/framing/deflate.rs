//! Compressed fields (zlib, RFC 1950; gzip, RFC 1952), unfolded only up to a bound.

use std::io::Read;

use countersign_io::asset_budget;
use countersign_model::Problem;

/// Unfolds a zlib stream to at most `most` bytes.
///
/// What could be unfolded is returned beside the problem that ended it: `limit` for more than `most`
/// bytes, `malformed` for a broken or cut stream.
#[must_use]
pub fn zlib(bytes: &[u8], most: usize) -> (Vec<u8>, Option<Problem>) {
    bounded(flate2::read::ZlibDecoder::new(bytes), most)
}

/// As [`zlib`], for gzip.
#[must_use]
pub fn gzip(bytes: &[u8], most: usize) -> (Vec<u8>, Option<Problem>) {
    bounded(flate2::read::GzDecoder::new(bytes), most)
}

/// As [`zlib`], for deflate without a frame (RFC 1951).
#[must_use]
pub fn raw(bytes: &[u8], most: usize) -> (Vec<u8>, Option<Problem>) {
    bounded(flate2::read::DeflateDecoder::new(bytes), most)
}

fn bounded(mut from: impl Read, most: usize) -> (Vec<u8>, Option<Problem>) {
    let mut out = Vec::new();
    let mut block = vec![0; 16 * 1024];
    loop {
        match from.read(&mut block) {
            Ok(0) => return (out, None),
            Ok(got) => {
                let room = most - out.len();
                out.extend_from_slice(&block[..got.min(room)]);
                if got > room {
                    return (out, Some(Problem::limit("", 0, format!("unfolds to more than {most} bytes"))));
                }
                if let Err(problem) = asset_budget::decompress(got) {
                    return (out, Some(problem));
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return (out, Some(Problem::malformed("", 0, format!("compressed data is broken: {e}")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::ProblemKind;
    use std::io::Write;

    fn fold(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn unfolds_up_to_the_bound() {
        let folded = fold(&[7; 5000]);
        assert_eq!(zlib(&folded, 5000), (vec![7; 5000], None));
        let (out, problem) = zlib(&folded, 4999);
        assert_eq!((out.len(), problem.unwrap().kind), (4999, ProblemKind::Limit));
        let (_, problem) = zlib(&folded[..folded.len() - 6], 5000);
        assert_eq!(problem.unwrap().kind, ProblemKind::Malformed);
        assert!(zlib(b"nothing of the kind", 10).1.is_some());
    }
}
