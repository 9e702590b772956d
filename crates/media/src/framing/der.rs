//! DER elements (ITU-T X.690, section 8.1) and the two X.509 names that a report shows.
//!
//! Nothing is verified here: this only says whose name a certificate carries (RFC 5280, section 4.1).

/// One element: tag byte and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier octet: class, whether constructed, and number (section 8.1.2).
    pub tag: u8,
    /// The contents octets.
    pub content: &'a [u8],
}

/// The element at the start of `bytes` and what follows it.
#[must_use]
pub fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (len, rest) = rest.split_at_checked(count)?;
        (len.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((Element { tag, content }, rest))
}

/// The elements of a sequence or set, until one does not fit.
pub fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (element, rest) = element(bytes)?;
        bytes = rest;
        Some(element)
    })
}

/// Who a certificate is about and who issued it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Subject common name (2.5.4.3).
    pub common_name: Option<String>,
    /// Subject organization (2.5.4.10).
    pub organization: Option<String>,
    /// Issuer common name.
    pub issuer_common_name: Option<String>,
    /// Issuer organization.
    pub issuer_organization: Option<String>,
}

/// The names in a certificate.
#[must_use]
pub fn names(certificate: &[u8]) -> Option<Names> {
    let (certificate, _) = element(certificate)?;
    let (tbs, _) = element(certificate.content)?;
    // version [0] is optional; then serial, algorithm, issuer, validity, subject.
    let mut fields = elements(tbs.content).filter(|e| e.tag != 0xa0).skip(2);
    let issuer = fields.next()?.content;
    let subject = fields.nth(1)?.content;
    Some(Names {
        common_name: attribute(subject, &[0x55, 4, 3]),
        organization: attribute(subject, &[0x55, 4, 10]),
        issuer_common_name: attribute(issuer, &[0x55, 4, 3]),
        issuer_organization: attribute(issuer, &[0x55, 4, 10]),
    })
}

/// The name that a certificate is about, as it stands there: the content of a sequence of attributes.
#[must_use]
pub fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate)?;
    let (tbs, _) = element(certificate.content)?;
    // As in `names`: serial, algorithm, issuer, validity, subject.
    elements(tbs.content).filter(|e| e.tag != 0xa0).nth(4).map(|name| name.content)
}

fn attribute(name: &[u8], oid: &[u8]) -> Option<String> {
    for set in elements(name) {
        for pair in elements(set.content) {
            let mut parts = elements(pair.content);
            if parts.next().is_some_and(|e| e.content == oid) {
                return parts.next().map(text);
            }
        }
    }
    None
}

fn text(value: Element<'_>) -> String {
    const BMP_STRING: u8 = 0x1e;
    if value.tag == BMP_STRING {
        let units: Vec<u16> = value.content.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value.content).into_owned()
}

/// The time of the first RFC 3161 time stamp (`TSTInfo.genTime`) in `token`, as RFC 3339.
#[must_use]
pub fn time_stamp(token: &[u8]) -> Option<String> {
    // A response wraps the token: status, then the same ContentInfo that others store bare.
    const CONTENT_TYPE: u8 = 0x06;
    let (outer, _) = element(token)?;
    let mut parts = elements(outer.content);
    let first = parts.next()?;
    let content_info = if first.tag == CONTENT_TYPE { outer } else { parts.next()? };
    let signed = elements(content_info.content).nth(1)?;
    let (signed, _) = element(signed.content)?;
    // SignedData: version, digest algorithms, encapContentInfo { type, [0] { OCTET STRING { TSTInfo } } }.
    let encapsulated = elements(signed.content).nth(2)?;
    let explicit = elements(encapsulated.content).nth(1)?;
    let (octets, _) = element(explicit.content)?;
    let (info, _) = element(octets.content)?;
    let time = elements(info.content).find(|e| e.tag == 0x18)?;
    rfc3339(std::str::from_utf8(time.content).ok()?)
}

/// `20240131120000.5Z` as `2024-01-31T12:00:00Z`.
fn rfc3339(generalized: &str) -> Option<String> {
    let digits = generalized.get(..14).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Some(format!("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82];
        out.extend_from_slice(&(content.len() as u16).to_be_bytes());
        out.extend_from_slice(content);
        out
    }

    fn name(common: &str, organization: &str) -> Vec<u8> {
        let pair = |oid: u8, text: &str| {
            let inner = [wrap(6, &[0x55, 4, oid]), wrap(12, text.as_bytes())].concat();
            wrap(0x31, &wrap(0x30, &inner))
        };
        wrap(0x30, &[pair(10, organization), pair(3, common)].concat())
    }

    #[test]
    fn names_are_found_and_prefixes_are_harmless() {
        let tbs = [
            wrap(0xa0, &wrap(2, &[2])),
            wrap(2, &[1]),
            wrap(0x30, &[]),
            name("Root", "Issuer Ltd"),
            wrap(0x30, &[]),
            name("Camera", "Maker"),
        ];
        let certificate = wrap(0x30, &wrap(0x30, &tbs.concat()));
        let names = names(&certificate).unwrap();
        assert_eq!(names.common_name.as_deref(), Some("Camera"));
        assert_eq!(names.organization.as_deref(), Some("Maker"));
        assert_eq!(names.issuer_organization.as_deref(), Some("Issuer Ltd"));
        for len in 0..certificate.len() {
            assert_eq!(super::names(&certificate[..len]), None);
        }
    }

    #[test]
    fn generalized_time_becomes_rfc_3339() {
        assert_eq!(rfc3339("20240131120001.5Z").as_deref(), Some("2024-01-31T12:00:01Z"));
        assert_eq!(rfc3339("2024"), None);
    }
}
