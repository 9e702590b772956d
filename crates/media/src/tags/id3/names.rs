//! Frame identifiers: which bytes are one, and what the three letters of v2.2 are called since v2.3.

/// v2.2 and v2.3 names.
const OLD: &[(&str, &str)] = &[
    ("BUF", "RBUF"),
    ("CNT", "PCNT"),
    ("COM", "COMM"),
    ("CRA", "AENC"),
    ("ETC", "ETCO"),
    ("EQU", "EQUA"),
    ("GEO", "GEOB"),
    ("GP1", "GRP1"),
    ("IPL", "IPLS"),
    ("LNK", "LINK"),
    ("MCI", "MCDI"),
    ("MLL", "MLLT"),
    ("MVI", "MVIN"),
    ("MVN", "MVNM"),
    ("PIC", "APIC"),
    ("PCS", "PCST"),
    ("POP", "POPM"),
    ("REV", "RVRB"),
    ("RVA", "RVAD"),
    ("SLT", "SYLT"),
    ("STC", "SYTC"),
    ("TAL", "TALB"),
    ("TBP", "TBPM"),
    ("TCM", "TCOM"),
    ("TCO", "TCON"),
    ("TCP", "TCMP"),
    ("TCR", "TCOP"),
    ("TDA", "TDAT"),
    ("TDR", "TDRL"),
    ("TDY", "TDLY"),
    ("TDS", "TDES"),
    ("TEN", "TENC"),
    ("TFT", "TFLT"),
    ("TID", "TGID"),
    ("TIM", "TIME"),
    ("TKE", "TKEY"),
    ("TLA", "TLAN"),
    ("TLE", "TLEN"),
    ("TMT", "TMED"),
    ("TOA", "TOPE"),
    ("TOF", "TOFN"),
    ("TOL", "TOLY"),
    ("TOR", "TORY"),
    ("TOT", "TOAL"),
    ("TP1", "TPE1"),
    ("TP2", "TPE2"),
    ("TP3", "TPE3"),
    ("TP4", "TPE4"),
    ("TPA", "TPOS"),
    ("TPB", "TPUB"),
    ("TRC", "TSRC"),
    ("TRD", "TRDA"),
    ("TRK", "TRCK"),
    ("TS2", "TSO2"),
    ("TSA", "TSOA"),
    ("TSC", "TSOC"),
    ("TSI", "TSIZ"),
    ("TSP", "TSOP"),
    ("TSS", "TSSE"),
    ("TST", "TSOT"),
    ("TT1", "TIT1"),
    ("TT2", "TIT2"),
    ("TT3", "TIT3"),
    ("TXT", "TEXT"),
    ("TXX", "TXXX"),
    ("TYE", "TYER"),
    ("UFI", "UFID"),
    ("ULT", "USLT"),
    ("WAF", "WOAF"),
    ("WAR", "WOAR"),
    ("WAS", "WOAS"),
    ("WCM", "WCOM"),
    ("WCP", "WCOP"),
    ("WFD", "WFED"),
    ("WPB", "WPUB"),
    ("WXX", "WXXX"),
];

/// The frame's name, or `None` where the bytes are no identifier. Three letters (also padded to four, as some
/// programs write into v2.3) get their newer name.
pub(super) fn name(id: &[u8]) -> Option<&str> {
    let id = match id {
        [old @ .., 0 | b' '] if old.len() == 3 => old,
        other => other,
    };
    if !id.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return None;
    }
    let id = std::str::from_utf8(id).ok()?;
    Some(OLD.iter().find(|(old, _)| *old == id).map_or(id, |(_, new)| *new))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn identifiers_are_told_from_noise() {
        assert_eq!(name(b"TT2"), Some("TIT2"));
        assert_eq!(name(b"TT2\0"), Some("TIT2"));
        assert_eq!(name(b"TXXX"), Some("TXXX"));
        assert_eq!(name(b"tit2"), None);
        assert_eq!(name(b"T\0\0\0"), None);
    }
}
