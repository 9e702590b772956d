//! Digests of whole files: every algorithm that manifests use, any number of them in one read.
//!
//! Secure Hash Standard (FIPS 180-4), SHA-3 (FIPS 202), MD5 (RFC 1321), BLAKE2 (RFC 7693), xxHash 0.1.1 (32 and 64 bits,
//! XXH3), C4 (SMPTE ST 2114), CRC-32 (ISO-HDLC, as in ZIP and SFV).

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, Read};
use std::path::Path;

use blake2::digest::consts::U32;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use md5::Digest as _;
use sha2::Digest as _;

use countersign_model::limits;

/// The algorithms that manifests use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA-512 with other initial values, cut to 224 bits (FIPS 180-4).
    Sha512To224,
    /// The same, cut to 256 bits.
    Sha512To256,
    /// SHA-3 of 224 bits (FIPS 202).
    Sha3To224,
    /// SHA-3 of 256 bits (FIPS 202).
    Sha3To256,
    /// SHA-3 of 384 bits (FIPS 202).
    Sha3To384,
    /// SHA-3 of 512 bits (FIPS 202).
    Sha3To512,
    /// BLAKE2b of 512 bits.
    Blake2b,
    /// BLAKE2b of 256 bits.
    Blake2bTo256,
    /// BLAKE2s of 256 bits.
    Blake2s,
    /// xxHash32; the value is big-endian, as for all of its family.
    Xxh32,
    /// xxHash64, big-endian.
    Xxh64,
    /// xxHash64 of a manifest that does not say in which order its bytes stand: either order agrees.
    Xxh64Either,
    /// XXH3 of 64 bits.
    Xxh3,
    /// XXH3 of 128 bits.
    Xxh128,
    /// The value is the 64 bytes of the SHA-512.
    C4,
    /// CRC-32 of ISO-HDLC, as ZIP and SFV have it; tells accidents from sound bytes, and no more.
    Crc32,
}

/// Everything that [`Algorithm`] has, with the name as people write it and the length of its value in bytes.
const ALGORITHMS: &[(Algorithm, &str, usize)] = &[
    (Algorithm::Md5, "MD5", 16),
    (Algorithm::Sha1, "SHA-1", 20),
    (Algorithm::Sha224, "SHA-224", 28),
    (Algorithm::Sha256, "SHA-256", 32),
    (Algorithm::Sha384, "SHA-384", 48),
    (Algorithm::Sha512, "SHA-512", 64),
    (Algorithm::Sha512To224, "SHA-512/224", 28),
    (Algorithm::Sha512To256, "SHA-512/256", 32),
    (Algorithm::Sha3To224, "SHA3-224", 28),
    (Algorithm::Sha3To256, "SHA3-256", 32),
    (Algorithm::Sha3To384, "SHA3-384", 48),
    (Algorithm::Sha3To512, "SHA3-512", 64),
    (Algorithm::Blake2b, "BLAKE2b", 64),
    (Algorithm::Blake2bTo256, "BLAKE2b-256", 32),
    (Algorithm::Blake2s, "BLAKE2s", 32),
    (Algorithm::Xxh32, "xxHash32", 4),
    (Algorithm::Xxh64, "xxHash64", 8),
    (Algorithm::Xxh64Either, "xxHash64", 8),
    (Algorithm::Xxh3, "XXH3-64", 8),
    (Algorithm::Xxh128, "XXH3-128", 16),
    (Algorithm::C4, "C4", 64),
    (Algorithm::Crc32, "CRC-32", 4),
];

/// Algorithms by the name that manifests use, without punctuation and in lower case.
const NAMES: &[(&str, Algorithm)] = &[
    ("md5", Algorithm::Md5),
    ("sha1", Algorithm::Sha1),
    ("sha224", Algorithm::Sha224),
    ("sha256", Algorithm::Sha256),
    ("sha384", Algorithm::Sha384),
    ("sha512", Algorithm::Sha512),
    ("sha512224", Algorithm::Sha512To224),
    ("sha512256", Algorithm::Sha512To256),
    ("sha3224", Algorithm::Sha3To224),
    ("sha3256", Algorithm::Sha3To256),
    ("sha3384", Algorithm::Sha3To384),
    ("sha3512", Algorithm::Sha3To512),
    ("blake2b", Algorithm::Blake2b),
    ("blake2b512", Algorithm::Blake2b),
    ("blake2b256", Algorithm::Blake2bTo256),
    ("blake2s", Algorithm::Blake2s),
    ("blake2s256", Algorithm::Blake2s),
];

impl Algorithm {
    /// The algorithm of a cryptographic hash by its name: `sha512-256`, `SHA3_256`, `blake2b`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        NAMES.iter().find(|(known, _)| *known == plain).map(|(_, algorithm)| *algorithm)
    }

    /// The name as people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Bytes of a value.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.row().2
    }

    /// The algorithm that computes it: some are another one, written differently.
    #[must_use]
    pub fn computed(self) -> Self {
        match self {
            Self::C4 => Self::Sha512,
            Self::Xxh64Either => Self::Xxh64,
            other => other,
        }
    }

    fn row(self) -> &'static (Self, &'static str, usize) {
        ALGORITHMS.iter().find(|row| row.0 == self).unwrap_or(&ALGORITHMS[0])
    }
}

/// A digest that a manifest claims, or that was computed.
///
/// ```
/// use countersign_io::digest::{Algorithm, Digest};
///
/// let claimed = Digest::parse(Algorithm::Md5, "900150983CD24FB0D6963F7D28E17F72").unwrap();
/// let computed = Digest::of(Algorithm::Md5, b"abc");
/// assert!(claimed.agrees(&computed));
/// assert_eq!(computed.text(), "900150983cd24fb0d6963f7d28e17f72");
/// // Digits that are too few for the algorithm are no digest.
/// assert_eq!(Digest::parse(Algorithm::Sha256, "900150983cd24fb0d6963f7d28e17f72"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    /// How it was computed; says how long `value` is.
    pub algorithm: Algorithm,
    /// The digest's bytes.
    pub value: Vec<u8>,
}

impl Digest {
    /// A digest from hexadecimal digits in either case, if they are as many as the algorithm has.
    #[must_use]
    pub fn from_hex(algorithm: Algorithm, text: &str) -> Option<Self> {
        let value = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        (value.len() == algorithm.bytes()).then_some(Self { algorithm, value })
    }

    /// A digest in the spelling of its algorithm: C4 in its own alphabet, all others in hexadecimal digits.
    #[must_use]
    pub fn parse(algorithm: Algorithm, text: &str) -> Option<Self> {
        if algorithm == Algorithm::C4 {
            return Some(Self { algorithm, value: c4_bytes(text)? });
        }
        Self::from_hex(algorithm, text)
    }

    /// The digest of bytes in memory.
    #[must_use]
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut state = State::new(algorithm);
        state.update(bytes);
        Self { algorithm, value: state.finish() }
    }

    /// The digest as manifests write it: C4 in its own alphabet, all others in lower-case hex.
    #[must_use]
    pub fn text(&self) -> String {
        if self.algorithm == Algorithm::C4 { c4_text(&self.value) } else { HEXLOWER.encode(&self.value) }
    }

    /// Whether a digest that was computed is the one that this claims.
    #[must_use]
    pub fn agrees(&self, computed: &Self) -> bool {
        let same = self.algorithm.computed() == computed.algorithm.computed();
        let reversed = || self.algorithm == Algorithm::Xxh64Either && self.value.iter().rev().eq(computed.value.iter());
        same && (self.value == computed.value || reversed())
    }
}

/// Reads a file once and computes all the digests that are wanted of it, in the order of `wanted`.
///
/// `told` hears how many bytes each read brought and may end the reading by saying false.
///
/// # Errors
/// Whatever the operating system says, `InvalidInput` for anything but a regular file, `Interrupted` when ended.
pub fn file(path: &Path, wanted: &[Algorithm], told: &mut dyn FnMut(u64) -> bool) -> io::Result<Vec<Digest>> {
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    stream(&mut file, meta.len(), wanted, told)
}

/// As [`file()`], for bytes from anywhere; about `len` of them are expected.
///
/// ```
/// use countersign_io::digest::{self, Algorithm};
///
/// let mut read = 0;
/// let digests = digest::stream(&mut &b"abc"[..], 3, &[Algorithm::Sha1, Algorithm::Md5], &mut |bytes| {
///     read += bytes;
///     true
/// })?;
/// assert_eq!(digests[0].text(), "a9993e364706816aba3e25717850c26c9cd0d89d");
/// assert_eq!((digests.len(), read), (2, 3));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Whatever the reader says, `Interrupted` when ended.
pub fn stream(
    from: &mut dyn Read,
    len: u64,
    wanted: &[Algorithm],
    told: &mut dyn FnMut(u64) -> bool,
) -> io::Result<Vec<Digest>> {
    let mut many = Many::new(wanted);
    // A small file needs no large buffer; one byte more tells its end without another round.
    let room = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(1);
    let mut buffer = vec![0; room.clamp(1, limits::HASHED)];
    loop {
        let got = match from.read(&mut buffer) {
            Ok(0) => return Ok(many.finish(wanted)),
            Ok(got) => got,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        many.update(buffer.get(..got).unwrap_or_default());
        if !told(got as u64) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "the run was stopped"));
        }
    }
}

/// SHA-256 of a whole file as lower-case hex.
///
/// # Errors
/// As [`file()`].
pub fn sha256(path: &Path) -> io::Result<String> {
    let digests = file(path, &[Algorithm::Sha256], &mut |_| true)?;
    Ok(digests.first().map(Digest::text).unwrap_or_default())
}

/// Several digests of the same bytes; each algorithm is computed once.
struct Many {
    states: Vec<(Algorithm, State)>,
}

/// Bytes handed from one algorithm to the next: they stay in the innermost cache.
const SLICE: usize = 16 * 1024;

impl Many {
    fn new(wanted: &[Algorithm]) -> Self {
        let mut computed: Vec<_> = wanted.iter().map(|a| a.computed()).collect();
        computed.sort_unstable();
        computed.dedup();
        Self { states: computed.into_iter().map(|a| (a, State::new(a))).collect() }
    }

    fn update(&mut self, bytes: &[u8]) {
        if let [(_, only)] = self.states.as_mut_slice() {
            return only.update(bytes);
        }
        for slice in bytes.chunks(SLICE) {
            for (_, state) in &mut self.states {
                state.update(slice);
            }
        }
    }

    fn finish(self, wanted: &[Algorithm]) -> Vec<Digest> {
        let values: Vec<_> = self.states.into_iter().map(|(a, state)| (a, state.finish())).collect();
        let value = |a: Algorithm| values.iter().find(|(b, _)| *b == a.computed()).map(|(_, v)| v.clone());
        wanted.iter().map(|a| Digest { algorithm: *a, value: value(*a).unwrap_or_default() }).collect()
    }
}

/// A digest being computed.
enum State {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sha512To224(sha2::Sha512_224),
    Sha512To256(sha2::Sha512_256),
    Sha3To224(sha3::Sha3_224),
    Sha3To256(sha3::Sha3_256),
    Sha3To384(sha3::Sha3_384),
    Sha3To512(sha3::Sha3_512),
    Blake2b(blake2::Blake2b512),
    Blake2bTo256(blake2::Blake2b<U32>),
    Blake2s(blake2::Blake2s256),
    Xxh32(twox_hash::XxHash32),
    Xxh64(twox_hash::XxHash64),
    Xxh3(Box<twox_hash::XxHash3_64>),
    Xxh128(Box<twox_hash::XxHash3_128>),
    Crc32(crc32fast::Hasher),
}

impl State {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(md5::Md5::new()),
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Algorithm::Sha224 => Self::Sha224(sha2::Sha224::new()),
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => Self::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 | Algorithm::C4 => Self::Sha512(sha2::Sha512::new()),
            Algorithm::Sha512To224 => Self::Sha512To224(sha2::Sha512_224::new()),
            Algorithm::Sha512To256 => Self::Sha512To256(sha2::Sha512_256::new()),
            Algorithm::Sha3To224 => Self::Sha3To224(sha3::Sha3_224::new()),
            Algorithm::Sha3To256 => Self::Sha3To256(sha3::Sha3_256::new()),
            Algorithm::Sha3To384 => Self::Sha3To384(sha3::Sha3_384::new()),
            Algorithm::Sha3To512 => Self::Sha3To512(sha3::Sha3_512::new()),
            Algorithm::Blake2b => Self::Blake2b(blake2::Blake2b512::new()),
            Algorithm::Blake2bTo256 => Self::Blake2bTo256(blake2::Blake2b::<U32>::new()),
            Algorithm::Blake2s => Self::Blake2s(blake2::Blake2s256::new()),
            Algorithm::Xxh32 => Self::Xxh32(twox_hash::XxHash32::with_seed(0)),
            Algorithm::Xxh64 | Algorithm::Xxh64Either => Self::Xxh64(twox_hash::XxHash64::with_seed(0)),
            Algorithm::Xxh3 => Self::Xxh3(Box::new(twox_hash::XxHash3_64::new())),
            Algorithm::Xxh128 => Self::Xxh128(Box::new(twox_hash::XxHash3_128::new())),
            Algorithm::Crc32 => Self::Crc32(crc32fast::Hasher::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(state) => state.update(bytes),
            Self::Sha1(state) => state.update(bytes),
            Self::Sha224(state) => state.update(bytes),
            Self::Sha256(state) => state.update(bytes),
            Self::Sha384(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
            Self::Sha512To224(state) => state.update(bytes),
            Self::Sha512To256(state) => state.update(bytes),
            Self::Sha3To224(state) => state.update(bytes),
            Self::Sha3To256(state) => state.update(bytes),
            Self::Sha3To384(state) => state.update(bytes),
            Self::Sha3To512(state) => state.update(bytes),
            Self::Blake2b(state) => state.update(bytes),
            Self::Blake2bTo256(state) => state.update(bytes),
            Self::Blake2s(state) => state.update(bytes),
            Self::Xxh32(state) => state.write(bytes),
            Self::Xxh64(state) => state.write(bytes),
            Self::Xxh3(state) => state.write(bytes),
            Self::Xxh128(state) => state.write(bytes),
            Self::Crc32(state) => state.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Md5(state) => state.finalize().to_vec(),
            Self::Sha1(state) => state.finalize().to_vec(),
            Self::Sha224(state) => state.finalize().to_vec(),
            Self::Sha256(state) => state.finalize().to_vec(),
            Self::Sha384(state) => state.finalize().to_vec(),
            Self::Sha512(state) => state.finalize().to_vec(),
            Self::Sha512To224(state) => state.finalize().to_vec(),
            Self::Sha512To256(state) => state.finalize().to_vec(),
            Self::Sha3To224(state) => state.finalize().to_vec(),
            Self::Sha3To256(state) => state.finalize().to_vec(),
            Self::Sha3To384(state) => state.finalize().to_vec(),
            Self::Sha3To512(state) => state.finalize().to_vec(),
            Self::Blake2b(state) => state.finalize().to_vec(),
            Self::Blake2bTo256(state) => state.finalize().to_vec(),
            Self::Blake2s(state) => state.finalize().to_vec(),
            Self::Xxh32(state) => state.finish_32().to_be_bytes().to_vec(),
            Self::Xxh64(state) => state.finish().to_be_bytes().to_vec(),
            Self::Xxh3(state) => state.finish().to_be_bytes().to_vec(),
            Self::Xxh128(state) => state.finish_128().to_be_bytes().to_vec(),
            Self::Crc32(state) => state.finalize().to_be_bytes().to_vec(),
        }
    }
}

/// Base 58 without `0`, `O`, `I`, `l`.
const C4_ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// `c4` and 88 digits.
const C4_LENGTH: usize = 90;

fn c4_text(value: &[u8]) -> String {
    // Repeated division of a big-endian number by 58.
    let mut number = value.to_vec();
    let mut digits = Vec::with_capacity(C4_LENGTH);
    while digits.len() < C4_LENGTH - 2 {
        let mut rest = 0_u32;
        for byte in &mut number {
            let part = rest << 8 | u32::from(*byte);
            *byte = (part / 58) as u8;
            rest = part % 58;
        }
        digits.push(C4_ALPHABET.get(rest as usize).copied().unwrap_or(b'1'));
    }
    digits.reverse();
    format!("c4{}", String::from_utf8_lossy(&digits))
}

fn c4_bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("c4").filter(|_| text.len() == C4_LENGTH)?;
    let mut number = vec![0_u8; 64];
    for digit in digits.bytes() {
        let mut carry = C4_ALPHABET.iter().position(|c| *c == digit)? as u32;
        for byte in number.iter_mut().rev() {
            let part = u32::from(*byte) * 58 + carry;
            *byte = part as u8;
            carry = part >> 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the empty input and of `abc` as the specifications and reference tools give them.
    const KNOWN: &[(Algorithm, &str, &str)] = &[
        (Algorithm::Md5, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
        (Algorithm::Crc32, "00000000", "352441c2"),
        (Algorithm::Sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            Algorithm::Sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Algorithm::Sha512,
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (
            Algorithm::Sha512To256,
            "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
        ),
        (
            Algorithm::Sha512To224,
            "6ed0dd02806fa89e25de060c19d3ac86cabb87d6a0ddd05c333b84f4",
            "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa",
        ),
        (
            Algorithm::Sha3To224,
            "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
            "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
        ),
        (
            Algorithm::Sha3To256,
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        ),
        (
            Algorithm::Sha3To384,
            "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004",
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
        ),
        (
            Algorithm::Sha3To512,
            "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
        (
            Algorithm::Blake2b,
            "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce",
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        ),
        (
            Algorithm::Blake2bTo256,
            "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
        ),
        (
            Algorithm::Blake2s,
            "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9",
            "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
        ),
        (Algorithm::Xxh32, "02cc5d05", "32d153ff"),
        (Algorithm::Xxh64, "ef46db3751d8e999", "44bc2cf5ad770999"),
        (Algorithm::Xxh3, "2d06800538d394c2", "78af5f94892f3950"),
        (Algorithm::Xxh128, "99aa06d3014798d86001c324468d497f", "06b05ab6733a618578af5f94892f3950"),
        (
            Algorithm::C4,
            "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT",
            "",
        ),
    ];

    #[test]
    fn digests_are_those_of_the_specifications() {
        for (algorithm, empty, abc) in KNOWN {
            assert_eq!(Digest::of(*algorithm, b"").text(), *empty);
            if !abc.is_empty() {
                assert_eq!(Digest::of(*algorithm, b"abc").text(), *abc);
            }
            let read = Digest::parse(*algorithm, empty).unwrap();
            assert_eq!(read.text(), *empty);
            assert!(read.agrees(&Digest::of(algorithm.computed(), b"")));
            assert!(!read.agrees(&Digest::of(algorithm.computed(), b"abc")));
            assert_eq!(Digest::parse(*algorithm, &empty[1..]), None);
        }
    }

    #[test]
    fn algorithms_go_by_any_punctuation() {
        for (name, algorithm) in [
            ("sha512-256", Algorithm::Sha512To256),
            ("SHA-512/256", Algorithm::Sha512To256),
            ("sha3_384", Algorithm::Sha3To384),
            ("sha384", Algorithm::Sha384),
            ("BLAKE2b-512", Algorithm::Blake2b),
        ] {
            assert_eq!(Algorithm::named(name), Some(algorithm), "{name}");
        }
        assert_eq!((Algorithm::named("blake3"), Algorithm::named("")), (None, None));
    }

    #[test]
    fn one_read_gives_every_digest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        for length in [0, 1, SLICE, limits::HASHED - 1, limits::HASHED * 2 + 17] {
            let bytes: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let wanted: Vec<_> = ALGORITHMS.iter().map(|row| row.0).collect();
            let mut heard = 0;
            let digests = file(&path, &wanted, &mut |n| {
                heard += n;
                true
            });
            let alone: Vec<_> = wanted.iter().map(|a| Digest::of(*a, &bytes)).collect();
            assert_eq!((digests.unwrap(), heard), (alone, length as u64));
        }
        let ended = file(&path, &[Algorithm::Md5], &mut |_| false);
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert!(file(dir.path(), &[Algorithm::Md5], &mut |_| true).is_err());
    }

    #[test]
    fn an_order_that_is_not_told_agrees_either_way() {
        let computed = Digest::of(Algorithm::Xxh64, b"abc");
        for (text, agrees) in [("44bc2cf5ad770999", true), ("990977adf52cbc44", true), ("990977adf52cbc45", false)] {
            let claim = Digest::from_hex(Algorithm::Xxh64Either, text).unwrap();
            assert_eq!(claim.agrees(&computed), agrees);
            let plain = Digest::from_hex(Algorithm::Xxh64, text).unwrap();
            assert_eq!(plain.agrees(&computed), text.starts_with("44"));
        }
    }

    #[test]
    fn c4_of_too_large_a_number_is_none() {
        assert_eq!(c4_bytes(&format!("c4{}", "z".repeat(88))), None);
        assert_eq!(c4_bytes("c4é"), None);
        assert_eq!(c4_text(&[0; 64]), format!("c4{}", "1".repeat(88)));
    }
}
