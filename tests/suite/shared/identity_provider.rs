//! A small identity provider on this machine, as much of OpenID Connect as a sign-in needs, with keys that are made for it. It
//! checks what it is asked (PKCE, client, redirect address), and says whatever a test wants in its tokens.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use rsa::sha2::{Digest, Sha256};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};

use super::serving::received;

pub(crate) const CLIENT: &str = "countersign review";
pub(crate) const SECRET: &str = "a-secret:of+the/client%";

/// A key that signs tokens.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    private: Arc<RsaPrivateKey>,
}

impl Key {
    pub(crate) fn new(id: &str) -> Self {
        let made = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2_048).unwrap();
        Self { id: id.to_owned(), private: Arc::new(made) }
    }

    fn public(&self) -> Value {
        let (n, e) = (self.private.n().to_bytes_be(), self.private.e().to_bytes_be());
        let (n, e) = (BASE64URL_NOPAD.encode(&n), BASE64URL_NOPAD.encode(&e));
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": n, "e": e })
    }

    /// A token as it is signed with RS256.
    fn token(&self, claims: &Value) -> String {
        let said = said(&json!({ "alg": "RS256", "typ": "JWT", "kid": self.id }), claims);
        let digest = Sha256::digest(said.as_bytes());
        let signature = self.private.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).unwrap();
        format!("{said}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

fn said(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(head), part(claims))
}

/// What a provider does next to the token that it is about to make.
pub(crate) type Twist = Box<dyn Fn(&mut Value, &Key) -> Option<String> + Send>;

struct State {
    /// Keys that are published; the first one signs.
    keys: Vec<Key>,
    /// Codes that were given out: the query of the address to sign in, and the claims of the person.
    codes: HashMap<String, (HashMap<String, String>, Value)>,
    twist: Option<Twist>,
    /// What was wrong with what it was asked.
    complaints: Vec<String>,
    asked: Vec<String>,
}

pub(crate) struct IdentityProvider {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl IdentityProvider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let (keys, codes, complaints, asked) = (vec![Key::new("one")], HashMap::new(), Vec::new(), Vec::new());
        let state = Arc::new(Mutex::new(State { keys, codes, twist: None, complaints, asked }));
        let (kept, named) = (Arc::clone(&state), issuer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (head, body) = received(&mut stream);
                let (status, answer) = answer(&named, &mut kept.lock().unwrap(), &head, &body);
                let text = answer.to_string();
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    text.len()
                );
                let _ = stream.write_all((head + &text).as_bytes());
            }
        });
        Self { issuer, state }
    }

    /// Signs somebody in who comes with this address of the server: where the browser is led back to.
    pub(crate) fn authorize(&self, location: &str, person: Value) -> String {
        let (to, query) = location.split_once('?').unwrap();
        assert_eq!(to, format!("{}/authorize", self.issuer));
        let asked = pairs(query);
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid") && asked["nonce"].len() > 15);
        let (back, answer) = (asked["redirect_uri"].clone(), asked["state"].clone());
        let code = format!("code-{}", self.state.lock().unwrap().codes.len());
        self.state.lock().unwrap().codes.insert(code.clone(), (asked, person));
        format!("{back}?code={code}&state={answer}")
    }

    /// What the next tokens are like.
    pub(crate) fn twist(&self, twist: impl Fn(&mut Value, &Key) -> Option<String> + Send + 'static) {
        self.state.lock().unwrap().twist = Some(Box::new(twist));
    }

    /// Signs with another key from now on, and publishes that one only.
    pub(crate) fn rotate(&self, key: Key) {
        self.state.lock().unwrap().keys = vec![key];
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        self.state.lock().unwrap().complaints.clone()
    }

    /// What it was asked, as the first lines of the requests.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

/// A token that nobody has signed (RFC 7518, section 3.6).
pub(crate) fn unsigned(claims: &Value) -> String {
    said(&json!({ "alg": "none", "typ": "JWT" }), claims) + "."
}

/// A token that another key has signed under the name of the right one.
pub(crate) fn forged(claims: &Value, key: &Key) -> String {
    Key { id: key.id.clone(), ..Key::new("other") }.token(claims)
}

/// A token that is signed with the client's secret, which others may know (HS256), and names the right key.
pub(crate) fn by_secret(claims: &Value, key: &Key) -> String {
    let said = said(&json!({ "alg": "HS256", "typ": "JWT", "kid": key.id }), claims);
    let mac = countersign_server::hooks::signature(SECRET, &said);
    let mac = HEXLOWER.decode(mac.strip_prefix("sha256=").unwrap().as_bytes()).unwrap();
    format!("{said}.{}", BASE64URL_NOPAD.encode(&mac))
}

fn pairs(text: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn answer(issuer: &str, state: &mut State, head: &str, body: &str) -> (&'static str, Value) {
    let first = head.lines().next().unwrap().to_owned();
    state.asked.push(first.clone());
    match first.split(' ').nth(1).unwrap() {
        "/.well-known/openid-configuration" => {
            let at = |name: &str| format!("{issuer}/{name}");
            let known = json!({
                "issuer": issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"), "jwks_uri": at("jwks"),
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            });
            ("200 OK", known)
        }
        "/jwks" => ("200 OK", json!({ "keys": state.keys.iter().map(Key::public).collect::<Vec<_>>() })),
        "/token" => match token(issuer, state, head, &pairs(body)) {
            Ok(answer) => ("200 OK", answer),
            Err(what) => {
                state.complaints.push(what);
                ("400 Bad Request", json!({ "error": "invalid_grant" }))
            }
        },
        _ => ("404 Not Found", json!({})),
    }
}

/// A token for a code, as section 3.1.3 of OpenID Connect Core has it.
fn token(issuer: &str, state: &mut State, head: &str, form: &HashMap<String, String>) -> Result<Value, String> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let (asked, person) = state.codes.remove(field("code")).ok_or("an unknown code, or one that was used")?;
    // RFC 6749, section 2.3.1: both are encoded as in forms before they are put together.
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let wanted = BASE64.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)).as_bytes());
    let given = head
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("authorization")));
    if given.map(|(_, value)| value) != Some(format!("Basic {wanted}").as_str()) {
        return Err(format!("another client: {given:?}"));
    }
    if field("grant_type") != "authorization_code" || field("redirect_uri") != asked["redirect_uri"] {
        return Err("another grant, or another address".to_owned());
    }
    if BASE64URL_NOPAD.encode(&Sha256::digest(field("code_verifier").as_bytes())) != asked["code_challenge"] {
        return Err("the verifier is not that of the challenge".to_owned());
    }
    let mut claims = json!({ "iss": issuer, "aud": CLIENT, "iat": now(), "exp": now() + 300, "nonce": asked["nonce"] });
    claims.as_object_mut().unwrap().extend(person.as_object().unwrap().clone());
    let key = state.keys[0].clone();
    let twisted = state.twist.as_ref().and_then(|twist| twist(&mut claims, &key));
    let id = twisted.unwrap_or_else(|| key.token(&claims));
    Ok(json!({ "access_token": "unused", "token_type": "Bearer", "expires_in": 300, "id_token": id }))
}
