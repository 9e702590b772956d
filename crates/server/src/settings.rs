//! What a server is started with.

mod identity;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub use identity::{Allowed, IdentityProvider, Who, allowed, is_private};

/// The variable of the environment that holds the webhook's secret: no scan and no hook gets it.
pub const WEBHOOK_SECRET: &str = "COUNTERSIGN_WEBHOOK_SECRET";
/// The variable of the environment that holds what an identity provider knows this server by: no scan and no hook gets it.
pub const OIDC_SECRET: &str = "COUNTERSIGN_OIDC_SECRET";

/// A watched folder; each folder directly below it is a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// How pages call it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// All that is said when the server is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where queue, reports and pictures are kept.
    pub data: PathBuf,
    /// The watched folders.
    pub roots: Vec<Root>,
    /// The ledger of approvals.
    pub approvals: PathBuf,
    /// The policy, as `scan --policy` takes it.
    pub policy: Option<PathBuf>,
    /// Further options of `scan`, as they are typed.
    pub scan_options: Vec<String>,
    /// The address that is listened on.
    pub listen: SocketAddr,
    /// How people reach the server, where that is another address: that of a proxy.
    pub public: Option<Url>,
    /// How long everything in a delivery must have kept its size and time before it is judged.
    pub settle: Duration,
    /// How often folders are looked at.
    pub poll: Duration,
    /// A file of this name in a delivery says that it is complete.
    pub marker: Option<String>,
    /// Deliveries that are scanned at the same time.
    pub scans: usize,
    /// Whether who asks for an approval may not give it.
    pub four_eyes: bool,
    /// Run after each verdict, with the delivery in its environment and the summary as its input.
    pub command: Option<PathBuf>,
    /// Told of each verdict.
    pub webhook: Option<Webhook>,
    /// Where people may sign in beside with a password.
    pub identity: Option<IdentityProvider>,
    /// What connections are encrypted with, where no proxy does it.
    pub certificate: Option<Certificate>,
    /// The program that scans: this one.
    pub program: PathBuf,
    /// How long a session holds without a request.
    pub idle: Duration,
}

/// Files in PEM that somebody keeps up to date: when they change they are read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate, and those that lead to its authority.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where verdicts are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The address.
    pub url: Url,
    /// What requests are signed with: HMAC with SHA-256 over the body.
    pub secret: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Settings {
    /// The defaults, for this data folder, these roots and this program.
    #[must_use]
    pub fn new(data: PathBuf, roots: Vec<Root>, program: PathBuf) -> Self {
        Self {
            approvals: data.join("approvals.jsonl"),
            data,
            roots,
            policy: None,
            scan_options: Vec::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8_750)),
            public: None,
            settle: Duration::from_secs(60),
            poll: Duration::from_secs(10),
            marker: None,
            scans: 1,
            four_eyes: false,
            command: None,
            webhook: None,
            identity: None,
            certificate: None,
            program,
            idle: Duration::from_secs(12 * 3_600),
        }
    }

    /// The origins whose pages may send changes: that of the proxy, else those of this machine.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        match &self.public {
            Some(url) => vec![url.origin().ascii_serialization()],
            None => {
                let (scheme, port) = (self.scheme(), self.listen.port());
                let named = ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("{scheme}://{host}:{port}"));
                let own = format!("{scheme}://{}", self.listen);
                named.into_iter().chain([own]).collect()
            }
        }
    }

    fn scheme(&self) -> &'static str {
        if self.certificate.is_some() { "https" } else { "http" }
    }

    /// The address that people open first.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.public {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            // Browsers take secure cookies from this name without TLS.
            None if self.listen.ip().is_loopback() => format!("{}://localhost:{}", self.scheme(), self.listen.port()),
            None => format!("{}://{}", self.scheme(), self.listen),
        }
    }
}

/// Whether an address can be reached from this machine only.
#[must_use]
pub fn is_own(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// Reads `NAME=PATH`, or a path whose last part is the name.
///
/// ```
/// use countersign_server::settings::root;
///
/// assert_eq!(root("drops=/mnt/drops").unwrap().name, "drops");
/// assert_eq!(root("/mnt/incoming").unwrap().name, "incoming");
/// assert!(root("a b=/mnt").is_err());
/// ```
///
/// # Errors
/// What is wrong with it.
pub fn root(text: &str) -> Result<Root, String> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) if !name.contains('/') => (name.to_owned(), PathBuf::from(path)),
        _ => {
            let path = PathBuf::from(text);
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (name, path)
        }
    };
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(good) {
        return Err(
            "name the root: --root drops=/mnt/drops, with letters, digits, '-', '_' or '.' in its name".to_owned()
        );
    }
    if path.as_os_str().is_empty() {
        return Err("the root has no path: --root drops=/mnt/drops".to_owned());
    }
    Ok(Root { name, path })
}
