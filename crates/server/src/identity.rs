//! Signing in with an identity provider: OpenID Connect Core 1.0, authorization code flow (section 3.1) with PKCE (RFC 7636)
//! and discovery. The `openidconnect` crate builds the requests and checks the tokens; the one HTTPS client is `ureq`.
//!
//! A sign-in is begun in one browser and can only be ended there, once: its state is kept under the cookie of that browser
//! and taken out when it comes back. Nothing but the verified ID token says who somebody is; the access token is thrown away.

mod allowed;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse,
    TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::secret;
use crate::settings::{IdentityProvider, is_private};
use crate::store::Role;

/// How long somebody may take to sign in there.
const BEGUN: Duration = Duration::from_secs(600);
/// Sign-ins that are under way at the same time; the oldest is forgotten for one more.
const MOST: usize = 10_000;
/// How long what the provider says of itself is believed; its keys change more often than that.
const KNOWN: Duration = Duration::from_secs(3_600);
/// The least time between two questions for keys that a token names and nobody knows.
const AGAIN: Duration = Duration::from_secs(5);
/// Sign-ins that may wait for the provider at the same time.
const ASKING: usize = 32;
/// How long the provider may take to answer.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer of a provider.
const ANSWER: u64 = 1 << 20;

/// Signatures that are taken: by keys that the provider publishes. `none` and those with a shared secret are not.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The claims of a token that OpenID Connect has no names for: groups stand there.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Further {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Further {}

type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// `CoreClient` of the library, with further claims.
type OurClient<A, B, C, D, E, F> = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    A,
    B,
    C,
    D,
    E,
    F,
>;

/// As discovery makes it: addresses to sign in, for tokens, and for what is not asked here.
type Discovered =
    OurClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Somebody whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The provider and its name for the person, which never changes.
    pub(crate) subject: String,
    /// Where the provider has checked that it is the person's.
    pub(crate) email: Option<String>,
    /// What the person is called there.
    pub(crate) name: Option<String>,
    /// What the person signs in as there.
    pub(crate) login: Option<String>,
    /// The role that the server was started with for somebody like this.
    pub(crate) role: Role,
}

/// Why somebody does not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not begun here, too late, or a second time.
    Stray,
    /// The provider does not let the person in.
    Declined,
    /// Nobody like this is allowed here.
    Unknown,
    /// The provider fails, or says what cannot be believed.
    Failed(String),
}

/// A sign-in that somebody has begun.
struct Begun {
    cookie: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    next: String,
    at: Instant,
}

/// The provider, what is known of it, and who is signing in there.
pub(crate) struct Provider {
    settings: IdentityProvider,
    redirect: String,
    known: Mutex<Option<(CoreProviderMetadata, Instant)>>,
    begun: Mutex<HashMap<String, Begun>>,
    asking: AtomicUsize,
}

/// One of those who wait for the provider.
struct Turn<'a>(&'a AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Provider {
    /// Of a server at this address. Nothing is asked of the provider yet.
    pub(crate) fn new(settings: IdentityProvider, address: &str) -> Self {
        let redirect = format!("{address}/oidc/callback");
        Self { settings, redirect, known: Mutex::default(), begun: Mutex::default(), asking: AtomicUsize::new(0) }
    }

    /// A provider that hangs must not hold up those who are signed in already.
    fn turn(&self) -> Result<Turn<'_>, Refused> {
        let turn = Turn(&self.asking);
        match self.asking.fetch_add(1, Ordering::Relaxed) < ASKING {
            true => Ok(turn),
            false => Err(Refused::Failed("too many people wait for the provider at the same time".to_owned())),
        }
    }

    /// The library's client for this server.
    fn client(&self, metadata: CoreProviderMetadata) -> Result<Discovered, Refused> {
        let secret = self.settings.secret.clone().map(ClientSecret::new);
        let client = OurClient::from_provider_metadata(metadata, ClientId::new(self.settings.client.clone()), secret);
        Ok(client.set_redirect_uri(RedirectUrl::new(self.redirect.clone()).map_err(|e| failed(&e))?))
    }

    /// Begins a sign-in of the browser with this cookie: where it must go now.
    pub(crate) fn begin(&self, cookie: &str, next: &str) -> Result<String, Refused> {
        let _turn = self.turn()?;
        let metadata = self.metadata(KNOWN)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client(metadata)?;
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let asked = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = ["email", "profile"].map(|scope| Scope::new(scope.to_owned()));
        let (to, state, nonce) = asked.add_scopes(scopes).set_pkce_challenge(challenge).url();
        let begun =
            Begun { cookie: secret::digest(cookie), nonce, verifier, next: next.to_owned(), at: Instant::now() };
        self.keep(secret::digest(state.secret()), begun);
        Ok(to.into())
    }

    fn keep(&self, state: String, new: Begun) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.len() >= MOST {
            begun.retain(|_, one| one.at.elapsed() < BEGUN);
        }
        if begun.len() >= MOST {
            let oldest = begun.iter().min_by_key(|(_, one)| one.at).map(|(state, _)| state.clone());
            oldest.and_then(|state| begun.remove(&state));
        }
        begun.insert(state, new);
    }

    /// Takes out what was begun under this state in the browser with this cookie; whatever comes of it, it counts once. Another
    /// browser does not end what was begun in this one.
    fn take(&self, cookie: &str, state: &str) -> Option<Begun> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let key = secret::digest(state);
        let own = begun.get(&key).is_some_and(|one| secret::equal(&one.cookie, &secret::digest(cookie)));
        if !own {
            return None;
        }
        begun.remove(&key).filter(|one| one.at.elapsed() < BEGUN)
    }

    /// Ends a sign-in: who it is, and where they wanted to go. `answer` is what stands in the address that the provider led to.
    pub(crate) fn end(&self, cookie: &str, answer: &Answered<'_>) -> Result<(Identity, String), Refused> {
        let begun = self.take(cookie, answer.state).ok_or(Refused::Stray)?;
        // A provider that names itself must be the one that was asked (RFC 9207).
        if !answer.issuer.is_empty() && answer.issuer != self.settings.issuer {
            return Err(Refused::Failed("another provider answered than the one that was asked".to_owned()));
        }
        let _turn = self.turn()?;
        match (answer.error, answer.code) {
            ("", "") => return Err(Refused::Failed("the provider sent neither a code nor a reason".to_owned())),
            ("", _) => {}
            ("access_denied", _) => return Err(Refused::Declined),
            (error, _) => {
                let word: String = error.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
                return Err(Refused::Failed(format!("the provider answered with the error {word}")));
            }
        }
        let client = self.client(self.metadata(KNOWN)?)?;
        let exchange = client.exchange_code(AuthorizationCode::new(answer.code.to_owned())).map_err(|e| failed(&e))?;
        let response = exchange.set_pkce_verifier(begun.verifier).request(&call).map_err(|e| failed(&e))?;
        let token = response.id_token().ok_or_else(|| Refused::Failed("the provider sent no ID token".to_owned()))?;
        let algorithms = || SIGNATURES.iter().cloned();
        let checked = match token.claims(&client.id_token_verifier().set_allowed_algs(algorithms()), &begun.nonce) {
            // The key may have been changed since the provider was asked for its keys.
            Err(openidconnect::ClaimsVerificationError::SignatureVerification(_)) => {
                let fresh = self.client(self.metadata(AGAIN)?)?;
                let verifier = fresh.id_token_verifier().set_allowed_algs(algorithms());
                token.claims(&verifier, &begun.nonce).cloned()
            }
            other => other.cloned(),
        };
        let claims = checked.map_err(|e| failed(&e))?;
        if claims.authorized_party().is_some_and(|party| **party != self.settings.client) {
            return Err(Refused::Failed("the token was made for another client".to_owned()));
        }
        let email = claims.email().filter(|_| claims.email_verified() == Some(true));
        let email = email.map(|email| email.as_str().to_ascii_lowercase());
        let groups = allowed::groups(&claims.additional_claims().all, &self.settings.groups);
        let role = allowed::role(&self.settings.allowed, email.as_deref(), &groups).ok_or(Refused::Unknown)?;
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
        let login = claims.preferred_username().map(|name| name.as_str().to_owned());
        let subject = format!("{} {}", self.settings.issuer, claims.subject().as_str());
        Ok((Identity { subject, email, name, login, role }, begun.next))
    }

    /// What the provider says of itself, not older than this.
    fn metadata(&self, age: Duration) -> Result<CoreProviderMetadata, Refused> {
        let kept = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((metadata, _)) = kept.filter(|(_, at)| at.elapsed() < age) {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|e| failed(&e))?;
        let metadata = CoreProviderMetadata::discover(&issuer, &call).map_err(|e| failed(&e))?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((metadata.clone(), Instant::now()));
        Ok(metadata)
    }
}

/// What a provider's answer holds, by way of the browser: each may be empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) state: &'a str,
    pub(crate) code: &'a str,
    pub(crate) error: &'a str,
    pub(crate) issuer: &'a str,
}

/// What went wrong, with its causes, on one line.
fn failed(error: &dyn std::error::Error) -> Refused {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause.filter(|_| text.len() < 1_000) {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    Refused::Failed(text.replace(char::is_control, " ").chars().take(400).collect())
}

/// What keeps a question from being asked or answered.
#[derive(Debug)]
struct Unanswered(String);

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unanswered {}

/// Asks the provider. Redirects are not followed: it says of itself where its parts are.
fn call(request: HttpRequest) -> Result<HttpResponse, Unanswered> {
    let address = request.uri().to_string();
    if !Url::parse(&address).is_ok_and(|url| is_private(&url)) {
        return Err(Unanswered(format!("the provider names an address without TLS: {address}")));
    }
    let config = ureq::Agent::config_builder();
    let config = config.timeout_global(Some(PROVIDER_TIMEOUT)).max_redirects(0).http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    let told = |e: ureq::Error| Unanswered(format!("{address}: {e}"));
    // A request without a body is sent as one.
    let answer = match request.body().is_empty() {
        true => agent.run(request.map(|_| ())),
        false => agent.run(request),
    };
    let (parts, mut body) = answer.map_err(told)?.into_parts();
    let read = body.with_config().limit(ANSWER).read_to_vec().map_err(told)?;
    Ok(HttpResponse::from_parts(parts, read))
}
