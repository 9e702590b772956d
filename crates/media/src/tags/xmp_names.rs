//! XMP namespaces: the usual prefix of every known namespace URI, and the declarations in force while a packet
//! is read (Namespaces in XML 1.0; ISO 16684-1 section 8; prefixes as the vocabularies' own specifications write them).

use std::borrow::Cow;

/// Declarations that one packet may make; more than this no tool writes.
const DECLARATIONS: usize = 256;

/// Declarations that most packets make.
const USUAL: usize = 16;

/// Namespace declarations in force, innermost last.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    /// Declared prefix, and the one that keys use where that is another.
    declared: Vec<(Cow<'a, str>, Option<&'static str>)>,
}

impl<'a> Scope<'a> {
    /// A mark to go back to with [`Scope::leave`].
    pub(super) fn mark(&self) -> usize {
        self.declared.len()
    }

    pub(super) fn leave(&mut self, mark: usize) {
        self.declared.truncate(mark);
    }

    /// Declares `prefix` (empty for the default namespace) for `uri`; false where there are too many already.
    pub(super) fn declare(&mut self, prefix: impl Into<Cow<'a, str>>, uri: &str) -> bool {
        if self.declared.len() >= DECLARATIONS {
            return false;
        }
        if self.declared.capacity() == 0 {
            self.declared.reserve(USUAL);
        }
        let prefix = prefix.into();
        let usual = usual_prefix(uri).filter(|usual| *usual != prefix);
        self.declared.push((prefix, usual));
        true
    }

    /// Appends the key for an element's name; an undeclared prefix is taken as written.
    pub(super) fn element(&self, name: &str, out: &mut String) {
        let colon = name.bytes().position(|b| b == b':');
        let (prefix, local) = colon.and_then(|at| Some((name.get(..at)?, name.get(at + 1..)?))).unwrap_or(("", name));
        let declared = self.declared.iter().rev().find(|(known, _)| *known == prefix);
        let usual = declared.map_or(prefix, |(known, usual)| usual.unwrap_or(known));
        if !usual.is_empty() {
            out.push_str(usual);
            out.push(':');
        }
        out.push_str(local);
    }

    /// Appends the key for an attribute's name: as for elements, but the default namespace does not apply.
    pub(super) fn attribute(&self, name: &str, out: &mut String) {
        if name.contains(':') { self.element(name, out) } else { out.push_str(name) }
    }
}

/// The prefix that the vocabulary's own specification uses.
fn usual_prefix(uri: &str) -> Option<&'static str> {
    let bare = uri.trim().trim_end_matches(['/', '#']);
    let bare = bare.strip_prefix("https://").or_else(|| bare.strip_prefix("http://")).unwrap_or(bare);
    NAMESPACES.iter().find(|(_, known)| known.eq_ignore_ascii_case(bare)).map(|(prefix, _)| *prefix)
}

/// Usual prefix and URI without scheme and closing `/` or `#`.
static NAMESPACES: &[(&str, &str)] = &[
    ("rdf", "www.w3.org/1999/02/22-rdf-syntax-ns"),
    ("x", "adobe:ns:meta"),
    ("xml", "www.w3.org/XML/1998/namespace"),
    ("dc", "purl.org/dc/elements/1.1"),
    ("dcterms", "purl.org/dc/terms"),
    ("xmp", "ns.adobe.com/xap/1.0"),
    ("xmpMM", "ns.adobe.com/xap/1.0/mm"),
    ("xmpRights", "ns.adobe.com/xap/1.0/rights"),
    ("xmpBJ", "ns.adobe.com/xap/1.0/bj"),
    ("xmpTPg", "ns.adobe.com/xap/1.0/t/pg"),
    ("xmpG", "ns.adobe.com/xap/1.0/g"),
    ("xmpGImg", "ns.adobe.com/xap/1.0/g/img"),
    ("xmpDM", "ns.adobe.com/xmp/1.0/DynamicMedia"),
    ("xmpNote", "ns.adobe.com/xmp/note"),
    ("xmpidq", "ns.adobe.com/xmp/Identifier/qual/1.0"),
    ("stDim", "ns.adobe.com/xap/1.0/sType/Dimensions"),
    ("stEvt", "ns.adobe.com/xap/1.0/sType/ResourceEvent"),
    ("stFnt", "ns.adobe.com/xap/1.0/sType/Font"),
    ("stJob", "ns.adobe.com/xap/1.0/sType/Job"),
    ("stRef", "ns.adobe.com/xap/1.0/sType/ResourceRef"),
    ("stVer", "ns.adobe.com/xap/1.0/sType/Version"),
    ("stMfs", "ns.adobe.com/xap/1.0/sType/ManifestItem"),
    ("stArea", "ns.adobe.com/xmp/sType/Area"),
    ("photoshop", "ns.adobe.com/photoshop/1.0"),
    ("stCamera", "ns.adobe.com/photoshop/1.0/camera-profile"),
    ("crs", "ns.adobe.com/camera-raw-settings/1.0"),
    ("crss", "ns.adobe.com/camera-raw-saved-settings/1.0"),
    ("crd", "ns.adobe.com/camera-raw-defaults/1.0"),
    ("crlcp", "ns.adobe.com/camera-raw-embedded-lens-profile/1.0"),
    ("aux", "ns.adobe.com/exif/1.0/aux"),
    ("lr", "ns.adobe.com/lightroom/1.0"),
    ("album", "ns.adobe.com/album/1.0"),
    ("exif", "ns.adobe.com/exif/1.0"),
    ("exifEX", "cipa.jp/exif/1.0"),
    ("tiff", "ns.adobe.com/tiff/1.0"),
    ("pdf", "ns.adobe.com/pdf/1.3"),
    ("pdfx", "ns.adobe.com/pdfx/1.3"),
    ("pdfaid", "www.aiim.org/pdfa/ns/id"),
    ("illustrator", "ns.adobe.com/illustrator/1.0"),
    ("swf", "ns.adobe.com/swf/1.0"),
    ("creatorAtom", "ns.adobe.com/creatorAtom/1.0"),
    ("hdr_metadata", "ns.adobe.com/hdr-metadata/1.0"),
    ("hdrgm", "ns.adobe.com/hdr-gain-map/1.0"),
    ("DICOM", "ns.adobe.com/DICOM"),
    ("Iptc4xmpCore", "iptc.org/std/Iptc4xmpCore/1.0/xmlns"),
    ("Iptc4xmpExt", "iptc.org/std/Iptc4xmpExt/2008-02-29"),
    ("plus", "ns.useplus.org/ldf/xmp/1.0"),
    ("prism", "prismstandard.org/namespaces/basic/2.0"),
    ("prl", "prismstandard.org/namespaces/prl/2.1"),
    ("pur", "prismstandard.org/namespaces/prismusagerights/2.1"),
    ("TC260", "www.tc260.org.cn/ns/AIGC/1.0"),
    ("cc", "creativecommons.org/ns"),
    ("digiKam", "www.digikam.org/ns/1.0"),
    ("acdsee", "ns.acdsee.com/iptc/1.0"),
    ("mediapro", "ns.iview-multimedia.com/mediapro/1.0"),
    ("expressionmedia", "ns.microsoft.com/expressionmedia/1.0"),
    ("MicrosoftPhoto", "ns.microsoft.com/photo/1.0"),
    ("MP", "ns.microsoft.com/photo/1.2"),
    ("MPRI", "ns.microsoft.com/photo/1.2/t/RegionInfo"),
    ("MPReg", "ns.microsoft.com/photo/1.2/t/Region"),
    ("mwg-rs", "www.metadataworkinggroup.com/schemas/regions"),
    ("mwg-kw", "www.metadataworkinggroup.com/schemas/keywords"),
    ("mwg-coll", "www.metadataworkinggroup.com/schemas/collections"),
    ("aas", "ns.apple.com/adjustment-settings/1.0"),
    ("apple-fi", "ns.apple.com/faceinfo/1.0"),
    ("HDRGainMap", "ns.apple.com/HDRGainMap/1.0"),
    ("GAudio", "ns.google.com/photos/1.0/audio"),
    ("GImage", "ns.google.com/photos/1.0/image"),
    ("GPano", "ns.google.com/photos/1.0/panorama"),
    ("GSpherical", "ns.google.com/videos/1.0/spherical"),
    ("GDepth", "ns.google.com/photos/1.0/depthmap"),
    ("GFocus", "ns.google.com/photos/1.0/focus"),
    ("GCamera", "ns.google.com/photos/1.0/camera"),
    ("GCreations", "ns.google.com/photos/1.0/creations"),
    ("Container", "ns.google.com/photos/1.0/container"),
    ("Item", "ns.google.com/photos/1.0/container/item"),
    ("Device", "ns.google.com/photos/dd/1.0/device"),
    ("Profile", "ns.google.com/photos/dd/1.0/profile"),
    ("drone-dji", "www.dji.com/drone-dji/1.0"),
    ("GettyImagesGIFT", "xmp.gettyimages.com/gift/1.0"),
    ("extensis", "ns.extensis.com/extensis/1.0"),
    ("ics", "ns.idimager.com/ics/1.0"),
    ("svg", "www.w3.org/2000/svg"),
    ("et", "ns.exiftool.org/1.0"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_namespaces_win_over_prefixes_and_unknown_ones_keep_theirs() {
        let mut scope = Scope::default();
        let told = |scope: &Scope<'_>, name: &str| {
            let mut out = String::new();
            scope.element(name, &mut out);
            out
        };
        assert!(scope.declare("a", "http://ns.adobe.com/photoshop/1.0/"));
        assert!(scope.declare("b", "http://example.com/b/"));
        assert_eq!(told(&scope, "a:Credit"), "photoshop:Credit");
        assert_eq!(told(&scope, "b:Credit"), "b:Credit");
        assert_eq!(told(&scope, "TC260:AIGC"), "TC260:AIGC");
        assert!(scope.declare("", "https://www.tc260.org.cn/ns/AIGC/1.0"));
        assert_eq!(told(&scope, "AIGC"), "TC260:AIGC");
        let mut attribute = String::new();
        scope.attribute("AIGC", &mut attribute);
        assert_eq!(attribute, "AIGC");
        scope.leave(0);
        assert_eq!(told(&scope, "AIGC"), "AIGC");
    }
}
