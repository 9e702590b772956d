//! The digital source type: one vocabulary, many spellings.
//!
//! IPTC NewsCodes `digitalsourcetype` (2024-10) and the two C2PA terms beside it. Written as `http` or `https`
//! address, with or without a final slash, as the bare term, in any case, as `digsrctype:term`, or as schema.org's
//! `TermDigitalSource`.

use countersign_model::Claim;

/// What a known term says; no claim for terms that say nothing either way (`empty`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceType {
    /// The term as the vocabulary spells it.
    pub term: &'static str,
    /// What it claims where the asset, or a part of it, began.
    pub claim: Option<Claim>,
}

const fn term(term: &'static str, claim: Claim) -> SourceType {
    SourceType { term, claim: Some(claim) }
}

/// Every known term, current and retired.
pub static ALL: &[SourceType] = &[
    term("trainedAlgorithmicMedia", Claim::Generated),
    term("trainedAlgorithmicData", Claim::Generated),
    term("compositeWithTrainedAlgorithmicMedia", Claim::Composite),
    term("compositeSynthetic", Claim::Composite),
    term("algorithmicallyEnhanced", Claim::Enhanced),
    term("composite", Claim::Possible),
    term("digitalArt", Claim::Possible),
    term("screenCapture", Claim::Possible),
    term("virtualRecording", Claim::Possible),
    term("digitalCapture", Claim::Captured),
    term("computationalCapture", Claim::Captured),
    term("compositeCapture", Claim::Captured),
    term("negativeFilm", Claim::Digitized),
    term("positiveFilm", Claim::Digitized),
    term("print", Claim::Digitized),
    term("humanEdits", Claim::NotAi),
    term("minorHumanEdits", Claim::NotAi),
    term("digitalCreation", Claim::NotAi),
    term("dataDrivenMedia", Claim::NotAi),
    SourceType { term: "softwareImage", claim: None },
    term("algorithmicMedia", Claim::NotAi),
    SourceType { term: "empty", claim: None },
];

/// Where the vocabularies live, without scheme.
const PLACES: &[&str] = &["cv.iptc.org/newscodes/digitalsourcetype/", "c2pa.org/digitalsourcetype/", "schema.org/"];
/// Prefixes of terms in QCodes and compact addresses.
const PREFIXES: &[&str] = &["digsrctype:", "digitalsourcetype:", "schema:", "dst:"];

/// The source type that `written` spells, if it is a known one.
#[must_use]
pub fn parse(written: &str) -> Option<SourceType> {
    let lower = written.trim().to_ascii_lowercase();
    let plain = ["https://", "http://"].iter().find_map(|s| lower.strip_prefix(s));
    let term = match plain {
        Some(address) => {
            let address = address.strip_prefix("www.").unwrap_or(address);
            PLACES.iter().find_map(|p| address.strip_prefix(p))?
        }
        None => PREFIXES.iter().find_map(|prefix| lower.strip_prefix(prefix)).unwrap_or(&lower),
    };
    let term = term.trim_end_matches('/');
    let term = term.strip_suffix("digitalsource").unwrap_or(term);
    let term = if term == "multiframecomputationalcapture" { "computationalcapture" } else { term };
    ALL.iter().copied().find(|t| t.term.eq_ignore_ascii_case(term))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_term() {
        for written in [
            "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
            "https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia/",
            "HTTP://CV.IPTC.ORG/newscodes/digitalsourcetype/TRAINEDALGORITHMICMEDIA",
            " trainedalgorithmicmedia ",
            "digsrctype:trainedAlgorithmicMedia",
            "https://schema.org/TrainedAlgorithmicMediaDigitalSource",
            "schema:TrainedAlgorithmicMediaDigitalSource",
            "TrainedAlgorithmicMediaDigitalSource",
            "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData",
        ] {
            assert_eq!(parse(written).and_then(|t| t.claim), Some(Claim::Generated), "{written}");
        }
    }

    #[test]
    fn near_misses_are_unknown() {
        for written in [
            "",
            "not trainedAlgorithmicMedia",
            "http://example.com/trainedAlgorithmicMedia",
            "https://cv.iptc.org/newscodes/genre/trainedAlgorithmicMedia",
            "trainedAlgorithmicMediaX",
        ] {
            assert_eq!(parse(written), None, "{written}");
        }
        assert_eq!(parse("http://c2pa.org/digitalsourcetype/empty").unwrap().claim, None);
    }

    #[test]
    fn the_catalogue_reads_every_term_alike() {
        // The C2PA rubrics count the retired digitalArt as possible; in XMP it was how humans signed their art.
        for source_type in ALL.iter().filter(|t| t.term != "digitalArt") {
            let tag = countersign_model::Tag {
                space: "xmp".into(),
                key: "Iptc4xmpExt:DigitalSourceType".into(),
                value: source_type.term.into(),
                ..Default::default()
            };
            let facts = countersign_model::Facts { tags: vec![tag], ..Default::default() };
            let claim = crate::marks::catalogue().evidence(&facts).first().map(|e| e.claim);
            assert_eq!(claim, source_type.claim, "{}", source_type.term);
        }
    }
}
