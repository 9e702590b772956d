//! The JSON form in which trust lists are published (ETSI TS 119 602, "list of trusted entities"): what of it is used. The build
//! script reads the built-in lists with it, too.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
pub(super) const END: &str = "-----END CERTIFICATE-----";

/// What a published list says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Published {
    /// What it calls itself.
    pub(super) name: Option<String>,
    /// Day of issue.
    pub(super) issued: Option<String>,
    /// The day by which the next one is promised.
    pub(super) next_update: Option<String>,
    /// The certificates that are trusted, PEM.
    pub(super) anchors_pem: String,
}

impl Published {
    /// Reads a published list.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
        let list = value.get("LoTE").ok_or("no list of trusted entities (LoTE) in it")?;
        let scheme = list.get("ListAndSchemeInformation");
        let day = |key: &str| {
            let time = scheme.and_then(|s| s.get(key)).and_then(Value::as_str)?;
            Some(time.split('T').next().unwrap_or(time).to_owned())
        };
        let anchors_pem = anchors(list);
        if anchors_pem.is_empty() {
            return Err("no trusted certificate in it".to_owned());
        }
        let name = scheme.and_then(|s| s.pointer("/SchemeName/0/value")).and_then(Value::as_str);
        let (issued, next_update) = (day("ListIssueDateTime"), day("NextUpdate"));
        Ok(Self { name: name.map(str::to_owned), issued, next_update, anchors_pem })
    }
}

/// The certificates of all services that are trusted.
fn anchors(list: &Value) -> String {
    let mut out = String::new();
    let entities = list.get("TrustedEntitiesList").and_then(Value::as_array).into_iter().flatten();
    let services = entities.filter_map(|e| e.get("TrustedEntityServices").and_then(Value::as_array)).flatten();
    for service in services.filter_map(|s| s.get("ServiceInformation")) {
        let status = service.get("ServiceStatus").and_then(Value::as_str).unwrap_or("trusted");
        let certificates = service.pointer("/ServiceDigitalIdentity/X509Certificates").and_then(Value::as_array);
        if status.ends_with("trusted") && !status.ends_with("untrusted") {
            for base64 in certificates.into_iter().flatten().filter_map(|c| c.get("val").and_then(Value::as_str)) {
                out.push_str(&pem(base64));
            }
        }
    }
    out
}

/// Characters in a line of PEM (RFC 7468, section 2).
const PEM_LINE: usize = 64;

fn pem(base64: &str) -> String {
    let plain: String;
    // Published lists have each certificate in one piece.
    let blank = |c: char| base64.contains(c);
    let mut rest = if !base64.is_ascii() || [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'].into_iter().any(blank) {
        plain = base64.chars().filter(|c| !c.is_whitespace()).collect();
        plain.as_str()
    } else {
        base64
    };
    let mut out = String::with_capacity(rest.len() + rest.len() / PEM_LINE + 2 * (BEGIN.len() + 1));
    out.push_str(BEGIN);
    out.push('\n');
    while !rest.is_empty() {
        let end = (PEM_LINE..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (line, behind) = rest.split_at(end);
        out.push_str(line);
        out.push('\n');
        rest = behind;
    }
    out.push_str(END);
    out.push('\n');
    out
}
