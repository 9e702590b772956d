//! Trust lists: whose certificates are vouched for, by whom, since when.
//!
//! Read are PEM bundles and the JSON form of the C2PA trust list (ETSI TS 119 602, "list of trusted
//! entities"). A file may hold certification authorities (anchors) or, where its name says `allowed`, single
//! signing certificates. A `store.cfg` names further extended key usages that signers may carry.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::limits;
use crate::model::TrustRef;

/// One trust list in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustList {
    pub name: String,
    /// Day of issue, where the list states one.
    pub issued: Option<String>,
    /// Certification authorities, PEM.
    pub anchors_pem: String,
    /// Single signing certificates, PEM.
    pub allowed_pem: String,
    /// Object identifiers of extended key usages, one a line.
    pub config: String,
}

impl TrustList {
    /// Reads a list from a file.
    ///
    /// # Errors
    /// Where the file cannot be read, is too long, or holds no certificate.
    pub fn load(path: &Path) -> Result<Self> {
        let fail = |what: String| Error::Data {
            path: path.to_owned(),
            what,
            hint: "give a PEM bundle of certificates, or the C2PA trust list in its JSON form".to_owned(),
        };
        let len = fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
        if len > limits::SIDECAR as u64 {
            return Err(fail(format!("{len} bytes are too many for a trust list")));
        }
        let bytes = fs::read(path).map_err(|e| fail(e.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| fail("neither PEM nor JSON text".to_owned()))?;
        let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        Self::parse(&text, &stem).map_err(fail)
    }

    /// Reads a list from text; `stem` names it where it does not name itself.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str, stem: &str) -> std::result::Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return from_json(text, stem);
        }
        let mut list = Self { name: stem.to_owned(), ..Self::default() };
        for line in text.lines().take_while(|l| !l.starts_with("-----")) {
            if let Some(name) = line.strip_prefix("# name:") {
                name.trim().clone_into(&mut list.name);
            }
            if let Some(issued) = line.strip_prefix("# issued:") {
                list.issued = Some(issued.trim().to_owned());
            }
        }
        let pem = certificates(text);
        if pem.is_empty() {
            // A list of key usages alone (`store.cfg`) is a list too: it widens the others.
            list.config = usages(text);
            return if list.config.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(list) };
        }
        if stem.to_ascii_lowercase().contains("allowed") {
            list.allowed_pem = pem
        } else {
            list.anchors_pem = pem
        }
        Ok(list)
    }

    /// The list as PEM text that [`TrustList::parse`] reads back, name and date included.
    #[must_use]
    pub fn pem(&self) -> String {
        let issued = self.issued.as_deref().map(|i| format!("# issued: {i}\n")).unwrap_or_default();
        format!("# name: {}\n{issued}{}{}", self.name, self.anchors_pem, self.allowed_pem)
    }

    /// How the report names the list.
    #[must_use]
    pub fn reference(&self) -> TrustRef {
        TrustRef { name: self.name.clone(), issued: self.issued.clone() }
    }
}

/// Only the PEM blocks: comments between them confuse other readers.
fn certificates(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        inside |= line == "-----BEGIN CERTIFICATE-----";
        if inside {
            out.push_str(line);
            out.push('\n');
        }
        inside &= line != "-----END CERTIFICATE-----";
    }
    out
}

fn usages(text: &str) -> String {
    let oid = |line: &&str| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.lines().map(str::trim).filter(oid).fold(String::new(), |out, line| out + line + "\n")
}

fn from_json(text: &str, stem: &str) -> std::result::Result<TrustList, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
    let list = value.get("LoTE").ok_or("no list of trusted entities (LoTE) in it")?;
    let scheme = list.get("ListAndSchemeInformation");
    let name = scheme.and_then(|s| s.pointer("/SchemeName/0/value")).and_then(Value::as_str).unwrap_or(stem);
    let issued = scheme.and_then(|s| s.get("ListIssueDateTime")).and_then(Value::as_str);
    let issued = issued.map(|i| i.split('T').next().unwrap_or(i).to_owned());
    let mut anchors_pem = String::new();
    let entities = list.get("TrustedEntitiesList").and_then(Value::as_array).into_iter().flatten();
    let services = entities.filter_map(|e| e.get("TrustedEntityServices").and_then(Value::as_array)).flatten();
    for service in services.filter_map(|s| s.get("ServiceInformation")) {
        let status = service.get("ServiceStatus").and_then(Value::as_str).unwrap_or("trusted");
        let certificates = service.pointer("/ServiceDigitalIdentity/X509Certificates").and_then(Value::as_array);
        if status.ends_with("trusted") && !status.ends_with("untrusted") {
            for base64 in certificates.into_iter().flatten().filter_map(|c| c.get("val").and_then(Value::as_str)) {
                anchors_pem.push_str(&pem(base64));
            }
        }
    }
    if anchors_pem.is_empty() {
        return Err("no trusted certificate in it".to_owned());
    }
    Ok(TrustList { name: name.to_owned(), issued, anchors_pem, ..TrustList::default() })
}

fn pem(base64: &str) -> String {
    let plain: Vec<char> = base64.chars().filter(|c| !c.is_whitespace()).collect();
    let lines: String = plain.chunks(64).map(|line| line.iter().collect::<String>() + "\n").collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_list_keeps_its_name_date_and_only_trusted_certificates() {
        let service = |status: &str, val: &str| {
            serde_json::json!({"ServiceInformation": {"ServiceStatus": format!("http://c2pa.org/{status}"),
                "ServiceDigitalIdentity": {"X509Certificates": [{"val": val}]}}})
        };
        let services = [service("trusted", "AAAA"), service("withdrawn", "BBBB")];
        let json = serde_json::json!({"LoTE": {
            "ListAndSchemeInformation": {"SchemeName": [{"value": "A list"}], "ListIssueDateTime": "2026-08-05T00:11:39Z"},
            "TrustedEntitiesList": [{"TrustedEntityServices": services}]}});
        let list = TrustList::parse(&json.to_string(), "stem").unwrap();
        assert_eq!((list.name.as_str(), list.issued.as_deref()), ("A list", Some("2026-08-05")));
        assert!(list.anchors_pem.contains("AAAA") && !list.anchors_pem.contains("BBBB"));
        assert_eq!(TrustList::parse(&list.pem(), "other").unwrap(), list);
    }

    #[test]
    fn pem_keeps_blocks_and_drops_comments() {
        let text = "Leica\n-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\nnext\n";
        let list = TrustList::parse(text, "my-allowed").unwrap();
        assert_eq!(list.allowed_pem, "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n");
        assert!(list.anchors_pem.is_empty());
        assert_eq!(TrustList::parse("//id\n1.3.6.1.5.5.7.3.4\n", "store").unwrap().config, "1.3.6.1.5.5.7.3.4\n");
        assert!(TrustList::parse("hello", "x").is_err());
    }
}
