//! Trust lists: whose certificates are vouched for, by whom, since when.
//!
//! Read are PEM bundles and the JSON form of the C2PA trust list (ETSI TS 119 602, "list of trusted
//! entities"). A file may hold certification authorities (anchors) or, where its name says `allowed`, single
//! signing certificates. A `store.cfg` names further extended key usages that signers may carry.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::published::{BEGIN, END, Published};
use countersign_media::framing::der;
use countersign_model::TrustRef;
use countersign_model::error::{Error, Result};
use countersign_model::limits;

/// The comment that marks a bundle of single signing certificates.
const ALLOWED: &str = "# kind: allowed";

/// Whose list it is, by its own words: a list is believed because somebody imported it, not because of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// C2PA's own, kept by its conformance program.
    Official,
    /// The one that stood in until there was an official one; frozen since.
    Interim,
}

impl Standing {
    /// The word that reports use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Interim => "interim",
        }
    }
}

/// Names of the official lists, and how the interim one introduces itself.
const OFFICIAL: &[&str] = &["C2PA Trust List", TIME_STAMPS];
/// The official list of time-stamping authorities.
const TIME_STAMPS: &str = "C2PA TSA Trust List";
/// The comment that marks a list of time-stamping authorities.
const STAMPS: &str = "time stamps";
const INTERIM: &str = "temporary known certificate list";

/// One trust list in force.
///
/// ```
/// use countersign_credentials::trust::{Standing, TrustList};
///
/// let text = "# name: House list\n# issued: 2026-01-15\n# standing: interim\n\
///     -----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
/// let list = TrustList::parse(text, "list")?;
/// assert_eq!((list.name.as_str(), list.issued.as_deref()), ("House list", Some("2026-01-15")));
/// assert_eq!((list.standing, list.broken()), (Some(Standing::Interim), 1));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustList {
    /// What the list is called in reports: what it calls itself, or its file's name.
    pub name: String,
    /// Day of issue, where the list states one.
    pub issued: Option<String>,
    /// The day by which the next one is promised.
    pub next_update: Option<String>,
    /// What the list says it is.
    pub standing: Option<Standing>,
    /// Whether its authorities vouch for time stamps and for no signer.
    #[serde(default)]
    pub stamps_only: bool,
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
        countersign_io::regular(path).map_err(|e| fail(e.to_string()))?;
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
        // What stands between the certificates is said of one of them.
        text.lines().take_while(|line| !line.starts_with(BEGIN)).for_each(|line| list.remark(line));
        let allowed = text.lines().any(|l| l == ALLOWED) || stem.to_ascii_lowercase().contains("allowed");
        let pem = certificates(text);
        if pem.is_empty() {
            // A list of key usages alone (`store.cfg`) is a list too: it widens the others.
            list.config.push_str(&usages(text));
            return if list.config.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(list) };
        }
        if allowed {
            list.allowed_pem = pem
        } else {
            list.anchors_pem = pem
        }
        Ok(list)
    }

    /// A list as its keeper published it.
    pub(super) fn published(list: Published, stem: &str) -> Self {
        let name = list.name.unwrap_or_else(|| stem.to_owned());
        Self {
            stamps_only: name == TIME_STAMPS,
            issued: list.issued,
            next_update: list.next_update,
            standing: OFFICIAL.contains(&name.as_str()).then_some(Standing::Official),
            anchors_pem: list.anchors_pem,
            name,
            ..Self::default()
        }
    }

    /// Takes what a comment says of the list: its name, its dates, what it is and what it is for.
    fn remark(&mut self, line: &str) {
        let Some(comment) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) else { return };
        let (key, value) = comment.split_once(':').map_or(("", ""), |(key, value)| (key.trim(), value.trim()));
        match key.to_ascii_lowercase().as_str() {
            "name" if !value.is_empty() => self.name = value.to_owned(),
            "issued" => self.issued = Some(value.to_owned()).filter(|v| !v.is_empty()).or(self.issued.take()),
            "next update" => {
                self.next_update = Some(value.to_owned()).filter(|v| !v.is_empty()).or(self.next_update.take());
            }
            "standing" if value == Standing::Official.word() => self.standing = Some(Standing::Official),
            "standing" if value == Standing::Interim.word() => self.standing = Some(Standing::Interim),
            "purpose" => self.stamps_only = value == STAMPS,
            "usage" => {
                self.config.push_str(value);
                self.config.push('\n');
            }
            _ if comment.contains(INTERIM) => self.standing = Some(Standing::Interim),
            _ => {}
        }
    }

    /// Whether it holds certificates, and not only key usages.
    #[must_use]
    pub fn holds_certificates(&self) -> bool {
        !self.anchors_pem.is_empty() || !self.allowed_pem.is_empty()
    }

    /// Whether it holds the same certificates as another, in whatever order.
    #[must_use]
    pub fn same_certificates(&self, other: &Self) -> bool {
        let sorted = |list: &Self| {
            let mut all: Vec<_> = list.certificates().collect();
            all.sort();
            all.dedup();
            all
        };
        self.holds_certificates() && sorted(self) == sorted(other)
    }

    /// A list without a date that holds the certificates of one whose date is known is that one.
    #[must_use]
    pub fn dated_like<'l>(self, known: impl IntoIterator<Item = &'l Self>) -> Self {
        if self.issued.is_some() {
            return self;
        }
        let same = known.into_iter().find(|other| other.issued.is_some() && other.same_certificates(&self));
        same.map_or(self, Clone::clone)
    }

    /// The list as PEM text that [`TrustList::parse`] reads back, name and date included.
    #[must_use]
    pub fn pem(&self) -> String {
        let line = |key: &str, value: Option<&str>| value.map(|v| format!("# {key}: {v}\n")).unwrap_or_default();
        let issued = line("issued", self.issued.as_deref()) + &line("next update", self.next_update.as_deref());
        let issued = issued + &line("standing", self.standing.map(Standing::word));
        let issued = issued + &line("purpose", self.stamps_only.then_some(STAMPS));
        let usages: String = self.config.lines().map(|u| format!("# usage: {u}\n")).collect();
        let kind = if self.allowed_pem.is_empty() { String::new() } else { format!("{ALLOWED}\n") };
        format!("# name: {}\n{issued}{usages}{kind}{}{}", self.name, self.anchors_pem, self.allowed_pem)
    }

    /// Certificates of both kinds, DER; `None` where one is not even base64.
    pub fn certificates(&self) -> impl Iterator<Item = Option<Vec<u8>>> {
        let blocks = [&self.anchors_pem, &self.allowed_pem];
        let blocks = blocks.into_iter().flat_map(|pem| pem.split(BEGIN).skip(1));
        blocks.filter_map(|block| block.split("-----END").next()).map(|base64| {
            let plain: String = base64.split_whitespace().collect();
            data_encoding::BASE64.decode(plain.as_bytes()).ok()
        })
    }

    /// How many of the blocks are no certificates.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.certificates().filter(|der| der.as_deref().and_then(der::names).is_none()).count()
    }

    /// How the report names the list.
    #[must_use]
    pub fn reference(&self) -> TrustRef {
        TrustRef {
            name: self.name.clone(),
            issued: self.issued.clone(),
            next_update: self.next_update.clone(),
            standing: self.standing.map(|s| s.word().to_owned()),
        }
    }
}

/// Only the PEM blocks: comments between them confuse other readers.
fn certificates(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        inside |= line == BEGIN;
        if inside {
            out.push_str(line);
            out.push('\n');
        }
        inside &= line != END;
    }
    out
}

fn usages(text: &str) -> String {
    let oid = |line: &&str| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.lines().map(str::trim).filter(oid).fold(String::new(), |out, line| out + line + "\n")
}

fn from_json(text: &str, stem: &str) -> std::result::Result<TrustList, String> {
    Published::parse(text).map(|published| TrustList::published(published, stem))
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
            "ListAndSchemeInformation": {"SchemeName": [{"value": "A list"}], "ListIssueDateTime": "2026-08-05T00:11:39Z",
                "NextUpdate": "2027-08-05T00:11:39Z"},
            "TrustedEntitiesList": [{"TrustedEntityServices": services}]}});
        let list = TrustList::parse(&json.to_string(), "stem").unwrap();
        assert_eq!((list.name.as_str(), list.issued.as_deref()), ("A list", Some("2026-08-05")));
        assert_eq!((list.next_update.as_deref(), list.standing), (Some("2027-08-05"), None));
        assert!(list.reference().is_overdue("2027-08-06") && !list.reference().is_overdue("2027-08-05T12:00:00Z"));
        assert!(list.anchors_pem.contains("AAAA") && !list.anchors_pem.contains("BBBB"));
        assert_eq!(TrustList::parse(&list.pem(), "other").unwrap(), list);
    }

    #[test]
    fn pem_keeps_blocks_and_drops_comments() {
        let text = "Leica\n-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\nnext\n";
        let list = TrustList::parse(text, "my-allowed").unwrap();
        assert_eq!(list.allowed_pem, "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n");
        assert!(list.anchors_pem.is_empty());
        let list = TrustList { config: "1.3.6\n".into(), ..list };
        assert_eq!(TrustList::parse(&list.pem(), "other").unwrap(), list);
        assert_eq!(TrustList::parse("//id\n1.3.6.1.5.5.7.3.4\n", "store").unwrap().config, "1.3.6.1.5.5.7.3.4\n");
        assert!(TrustList::parse("hello", "x").is_err());
        let interim = format!("## Until that time, this temporary known certificate list\n{text}");
        let interim = TrustList::parse(&interim, "interim-anchors").unwrap();
        assert_eq!(interim.standing, Some(Standing::Interim));
        assert_eq!(TrustList::parse(&interim.pem(), "other").unwrap(), interim);
    }
}
