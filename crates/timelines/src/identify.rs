//! Which timeline format a file is, by its first bytes and its name.

use crate::{model::Format, text, timecode};

/// How a document is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// CMX3600 or File32 edit decision list.
    Edl,
    /// OpenTimelineIO in JSON.
    Otio,
    /// OpenTimelineIO as a ZIP file with its media.
    Otioz,
    /// OpenTimelineIO as a folder with its media: `content.otio` is fetched.
    Otiod,
    /// Final Cut Pro 7 XML.
    Fcp7,
    /// Final Cut Pro X XML.
    Fcpxml,
    /// Final Cut Pro X XML as a folder: `Info.fcpxml` is fetched.
    Fcpxmld,
    /// Advanced Authoring Format in a compound file.
    Aaf,
    /// Composition playlist of an IMF package.
    ImfCpl,
    /// Composition playlist of a DCP.
    DcpCpl,
}

impl Kind {
    /// The format that is stored this way.
    pub fn format(self) -> Format {
        match self {
            Self::Edl => Format::Edl,
            Self::Otio | Self::Otioz | Self::Otiod => Format::Otio,
            Self::Fcp7 => Format::Fcp7,
            Self::Fcpxml | Self::Fcpxmld => Format::Fcpxml,
            Self::Aaf => Format::Aaf,
            Self::ImfCpl => Format::ImfCpl,
            Self::DcpCpl => Format::DcpCpl,
        }
    }
}

/// The bytes that [`identify`] looks at, at most.
const HEAD: usize = 4096;

/// The kind of a file by its name and its first bytes (4 KiB are enough; none for a folder). None: no timeline.
pub fn identify(name: &str, head: &[u8]) -> Option<Kind> {
    let head = head.get(..HEAD).unwrap_or(head);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    if head.is_empty() {
        return match extension.as_str() {
            "otiod" => Some(Kind::Otiod),
            "fcpxmld" => Some(Kind::Fcpxmld),
            _ => None,
        };
    }
    if head.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return is_aaf(head, &extension).then_some(Kind::Aaf);
    }
    if head.starts_with(b"PK\x03\x04") {
        return (extension == "otioz").then_some(Kind::Otioz);
    }
    let text = text::decode(head);
    let start = text.trim_start();
    if start.starts_with('<') {
        return identify_xml(start);
    }
    if start.starts_with('{') {
        let is_otio = extension == "otio" || start.contains("\"OTIO_SCHEMA\"");
        return is_otio.then_some(Kind::Otio);
    }
    is_edl(start, &extension).then_some(Kind::Edl)
}

/// A compound file is an AAF when it is named so or its header carries AAF's signature in the class field.
fn is_aaf(head: &[u8], extension: &str) -> bool {
    const SIGNATURES: [&[u8]; 2] =
        [b"\x41\x41\x46\x42\x0d\x00\x4f\x4d", b"\x01\x02\x01\x0d\x00\x02\x00\x00\x06\x0e\x2b\x34"];
    extension == "aaf" || SIGNATURES.iter().any(|signature| head.get(8..24).is_some_and(|id| id.starts_with(signature)))
}

fn identify_xml(start: &str) -> Option<Kind> {
    let root = start.split('<').find(|part| part.starts_with(|c: char| c.is_alphabetic()))?;
    let name = root.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next()?;
    match name.rsplit(':').next()? {
        "xmeml" => Some(Kind::Fcp7),
        "fcpxml" => Some(Kind::Fcpxml),
        // SMPTE ST 2067-3 by its namespace; every other composition is one of digital cinema.
        "CompositionPlaylist" if root.contains("/2067-3/") => Some(Kind::ImfCpl),
        "CompositionPlaylist" => Some(Kind::DcpCpl),
        _ => None,
    }
}

/// An EDL by its lines: an event line, or `TITLE:` and `FCM:` under the name of one.
fn is_edl(start: &str, extension: &str) -> bool {
    let mut titled = false;
    for line in start.split(['\r', '\n']).take(200) {
        titled |= line.starts_with("TITLE:") || line.starts_with("FCM:");
        let mut words = line.split_ascii_whitespace();
        let numbered = words.next().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        if numbered && words.filter(|word| timecode::split(word).is_some()).count() == 4 {
            return true;
        }
    }
    extension == "edl" && titled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_names_help() {
        assert_eq!(identify("a.edl", b"TITLE: x\r\n"), Some(Kind::Edl));
        assert_eq!(identify("a.txt", b"001 AX V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00"), Some(Kind::Edl));
        assert_eq!(identify("a.txt", b"TITLE: a book\n"), None);
        assert_eq!(
            identify("a.xml", b"<?xml version=\"1.0\"?>\n<!DOCTYPE xmeml>\n<xmeml version=\"5\">"),
            Some(Kind::Fcp7)
        );
        assert_eq!(identify("a.xml", b"\xEF\xBB\xBF<fcpxml version='1.9'>"), Some(Kind::Fcpxml));
        assert_eq!(identify("a.xml", b"<html>"), None);
        let imf = b"<?xml version='1.0'?><c:CompositionPlaylist xmlns:c='http://www.smpte-ra.org/schemas/2067-3/2016'>";
        assert_eq!(identify("a.xml", imf), Some(Kind::ImfCpl));
        let interop = b"<CompositionPlaylist xmlns='http://www.digicine.com/PROTO-ASDCP-CPL-20040511#'>";
        assert_eq!(identify("a.xml", interop), Some(Kind::DcpCpl));
        assert_eq!(identify("a.otio", b"{}"), Some(Kind::Otio));
        assert_eq!(identify("a.json", b"{\"OTIO_SCHEMA\":\"Timeline.1\"}"), Some(Kind::Otio));
        assert_eq!(identify("a.json", b"{}"), None);
        assert_eq!(identify("a.otiod", b""), Some(Kind::Otiod));
        assert_eq!(identify("a.doc", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), None);
        assert_eq!(identify("a.aaf", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), Some(Kind::Aaf));
    }
}
