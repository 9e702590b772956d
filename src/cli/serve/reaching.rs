//! How people reach the server and sign in: a certificate for TLS, and an identity provider.

use std::path::{Path, PathBuf};

use url::Url;

use countersign_model::error::{Error, Result};
use countersign_server::settings::{self, Allowed, Certificate, IdentityProvider, OIDC_SECRET};
use countersign_server::tls;

/// The longest file with a secret that is read.
const SECRET: u64 = 4_096;

/// TLS without a proxy.
#[derive(Debug, clap::Args)]
pub(super) struct Tls {
    /// Certificate for TLS without a proxy, with those that lead to its authority (PEM); read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM, without a password)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Tls {
    /// The files, read once.
    pub(super) fn certificate(self) -> Result<Option<Certificate>> {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let Some((chain, key)) = self.tls_cert.zip(self.tls_key) else { return Ok(None) };
        let files = Certificate { chain: absolute(chain), key: absolute(key) };
        let hint = "name files in PEM: --tls-cert fullchain.pem --tls-key key.pem";
        tls::config(&files).map_err(|what| Error::Usage { what, hint: hint.to_owned() })?;
        Ok(Some(files))
    }
}

/// Signing in with an identity provider.
#[derive(Debug, clap::Args)]
pub(super) struct Oidc {
    /// Identity provider (OpenID Connect) that people may sign in with: its issuer address; opens connections
    #[arg(long, value_name = "URL", requires_all = ["oidc_client", "oidc_allow"])]
    oidc_issuer: Option<String>,
    /// What the identity provider calls this server (client id)
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    oidc_client: Option<String>,
    /// File that holds the client secret, in place of COUNTERSIGN_OIDC_SECRET
    #[arg(long, value_name = "FILE", requires = "oidc_issuer")]
    oidc_secret_file: Option<PathBuf>,
    /// Who of the provider's people may sign in, repeatable: dana@example.com, @example.com, group:NAME or everyone, with a role (@example.com=qc) or as viewers
    #[arg(long, value_name = "WHO[=ROLE]", requires = "oidc_issuer", value_parser = settings::allowed)]
    oidc_allow: Vec<Allowed>,
    /// Claim of the ID token that names a person's groups
    #[arg(long, value_name = "CLAIM", default_value = "groups", requires = "oidc_issuer")]
    oidc_groups: String,
}

impl Oidc {
    pub(super) fn secret_file(&self) -> Option<&Path> {
        self.oidc_secret_file.as_deref()
    }

    /// The provider. Nothing is asked of it yet.
    pub(super) fn provider(self) -> Result<Option<IdentityProvider>> {
        let Some((issuer, client)) = self.oidc_issuer.zip(self.oidc_client) else { return Ok(None) };
        if !Url::parse(&issuer).is_ok_and(|url| settings::is_private(&url)) {
            return Err(Error::Usage {
                what: format!("{issuer} is no address with TLS"),
                hint: "name the issuer as the provider does: --oidc-issuer https://id.example.com".to_owned(),
            });
        }
        let secret = match self.oidc_secret_file {
            Some(path) => Some(secret_of(&path)?),
            None => std::env::var(OIDC_SECRET).ok().filter(|secret| !secret.is_empty()),
        };
        Ok(Some(IdentityProvider { issuer, client, secret, groups: self.oidc_groups, allowed: self.oidc_allow }))
    }
}

/// The one line of a file.
fn secret_of(path: &Path) -> Result<String> {
    let wrong = |what: String| Error::File {
        path: path.to_path_buf(),
        what,
        hint: "write the client secret to a file of one line".to_owned(),
    };
    let long = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len() > SECRET;
    let text = if long { String::new() } else { std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))? };
    match text.trim() {
        secret if secret.is_empty() || secret.contains(char::is_whitespace) => {
            Err(wrong("it does not hold one secret".to_owned()))
        }
        secret => Ok(secret.to_owned()),
    }
}
