//! The identity provider that a server is started with, and who of its people may sign in.

use url::{Host, Url};

use crate::store::Role;

/// An identity provider of OpenID Connect.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Its name, which is an address, exactly as it stands in its tokens.
    pub issuer: String,
    /// What it calls this server.
    pub client: String,
    /// What this server proves with that it is that client; a public client has none.
    pub secret: Option<String>,
    /// The claim of a token that names the person's groups.
    pub groups: String,
    /// Who may sign in; nobody else.
    pub allowed: Vec<Allowed>,
}

impl std::fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityProvider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Some of the provider's people, and what they may do here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Who.
    pub who: Who,
    /// With which role they come in.
    pub role: Role,
}

/// Some of the provider's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// All of them.
    Everyone,
    /// One, by the e-mail address that the provider has checked; in small letters.
    Address(String),
    /// All with such an address in this domain; in small letters.
    Domain(String),
    /// A group, as tokens name it.
    Group(String),
}

/// Reads `WHO` or `WHO=ROLE`.
///
/// ```
/// use countersign_server::settings::{Who, allowed};
/// use countersign_server::store::Role;
///
/// let legal = allowed("group:Legal=approver").unwrap();
/// assert_eq!((legal.who, legal.role), (Who::Group("Legal".to_owned()), Role::Approver));
/// assert_eq!(allowed("@example.com").unwrap().role, Role::Viewer);
/// assert!(allowed("dana@example.com=boss").is_err());
/// ```
///
/// # Errors
/// What is wrong with it.
pub fn allowed(text: &str) -> Result<Allowed, String> {
    let (who, role) = match text.rsplit_once('=') {
        Some((who, word)) => {
            (who, Role::read(word).ok_or("the role is one of viewer, qc, approver and admin: group:Legal=approver")?)
        }
        None => (text, Role::Viewer),
    };
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    let who = match (who, who.strip_prefix("group:"), who.split_once('@')) {
        ("everyone", ..) => Who::Everyone,
        (_, Some(name), _) if !name.is_empty() => Who::Group(name.to_owned()),
        (_, None, Some(("", domain))) if plain(domain) => Who::Domain(domain.to_ascii_lowercase()),
        (_, None, Some((name, domain))) if plain(name) && plain(domain) => Who::Address(who.to_ascii_lowercase()),
        _ => {
            return Err(
                "name an address (dana@example.com), a domain (@example.com), a group (group:Legal) or everyone, \
                        with a role: @example.com=qc"
                    .to_owned(),
            );
        }
    };
    Ok(Allowed { who, role })
}

/// Whether what is sent to an address can be read by nobody else: over TLS, or on this machine.
#[must_use]
pub fn is_private(url: &Url) -> bool {
    let own = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && own)
}
