//! Signing in to `countersign serve` with an identity provider, and what must not sign anybody in.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::{Value, json};

use crate::shared::identity_provider::{CLIENT, IdentityProvider, Key, SECRET, by_secret, forged, now, unsigned};
use crate::shared::serving::{Client, PASSWORD, Reply, Serving};

/// A server that lets people of `example.com` in, a group as approvers, and one person as an admin.
fn serving(provider: &IdentityProvider, more: &[&str]) -> Serving {
    let who = ["@example.com", "group:Legal=approver", "ada@x.example=admin"].map(|who| ["--oidc-allow", who]);
    let named = ["--oidc-issuer", &provider.issuer, "--oidc-client", CLIENT];
    Serving::start(&[&named[..], who.as_flattened(), more].concat())
}

fn dana() -> Value {
    json!({ "sub": "248289761001", "email": "Dana@Example.com", "email_verified": true, "name": "Dana Reyes" })
}

/// Goes to the provider; the address that the provider leads back to, without the server's name.
fn go(provider: &IdentityProvider, client: &mut Client, person: Value) -> String {
    let reply = client.get("/oidc/start?next=%2Frequests%3Fstate%3Dopen");
    assert_eq!(reply.status, 303, "{}", reply.text());
    let back = provider.authorize(reply.header("location"), person);
    let own = client.origin();
    back.strip_prefix(&own).unwrap_or_else(|| panic!("{back} is not of {own}")).to_owned()
}

fn signed_in(provider: &IdentityProvider, client: &mut Client, person: Value) -> Reply {
    let back = go(provider, client, person);
    client.get(&back)
}

#[test]
fn people_of_the_organization_sign_in_without_a_password() {
    let provider = IdentityProvider::start();
    let serving = serving(&provider, &[]);
    assert!(provider.asked().is_empty(), "nothing is asked before somebody signs in");
    let mut client = Client::new(&serving.host);
    assert!(client.page("/login?next=/policy").contains("/oidc/start?next=%2Fpolicy"));
    let reply = signed_in(&provider, &mut client, dana());
    assert_eq!((reply.status, reply.header("location")), (303, "/requests?state=open"), "{}", reply.text());
    assert_eq!(provider.complaints(), [""; 0]);
    let account = client.page("/account");
    assert!(account.contains("Dana Reyes") && account.contains("dana@example.com"), "{account}");
    assert!(account.contains("Viewer") && account.contains("no password of yours"), "{account}");
    // The provider decides who comes in: no password here can go around it.
    let reply = client.post("/account/password", &[("new", PASSWORD), ("again", PASSWORD)]);
    assert_eq!(reply.status, 403);
    // The same person comes again, as the same, with another name and more rights.
    let mut other = Client::new(&serving.host);
    let mut again = dana();
    again["groups"] = json!(["Everyone", "Legal"]);
    again["name"] = json!("Dana Reyes-Novak");
    assert_eq!(signed_in(&provider, &mut other, again).status, 303);
    assert!(other.page("/account").contains("Approver") && client.page("/account").contains("Approver"));
    // An admin ends the access: sessions end, and the provider gives none.
    let mut admin = Client::new(&serving.host);
    let ada = json!({ "sub": "1", "email": "ada@x.example", "email_verified": true });
    assert_eq!(signed_in(&provider, &mut admin, ada).status, 303);
    let people = admin.page("/people");
    assert!(people.contains("the organization") && people.contains("dana@example.com"), "{people}");
    let number = people.split("Dana Reyes").next().unwrap().matches("action=\"/people/").count();
    let action = people.split("action=\"").filter(|part| part.starts_with("/people/")).nth(number).unwrap();
    let action = action.split('"').next().unwrap().to_owned();
    assert_eq!(admin.post(&action, &[("role", "approver"), ("disabled", "on")]).status, 303);
    assert_eq!(client.get("/account").status, 303);
    assert_eq!(signed_in(&provider, &mut client, dana()).status, 403);
    // The first admin came this way: the link in the log makes nobody else one.
    let link = serving.link.clone().unwrap();
    assert_eq!(Client::new(&serving.host).get(&link[link.find("/setup").unwrap()..]).status, 404);
}

#[test]
fn only_who_is_allowed_comes_in_and_nobody_as_somebody_else() {
    let provider = IdentityProvider::start();
    let serving = serving(&provider, &[]);
    // Somebody with a password has the name that the provider's person would have.
    let token = serving.link.as_ref().unwrap().split("token=").nth(1).unwrap().to_owned();
    let mut admin = serving.join(&token, "dana@example.com", "Dana Reyes");
    let strangers = [
        json!({ "sub": "9", "email": "dana@evil.example", "email_verified": true, "groups": ["legal", "Legal2"] }),
        json!({ "sub": "9", "email": "dana@example.com", "email_verified": false }),
        json!({ "sub": "9", "email": "dana@example.com" }),
        json!({ "sub": "9", "email": "dana@example.com.evil.example", "email_verified": true }),
        json!({ "sub": "9" }),
    ];
    for stranger in strangers {
        let mut client = Client::new(&serving.host);
        let reply = signed_in(&provider, &mut client, stranger.clone());
        assert_eq!(reply.status, 403, "{stranger}");
        assert_eq!(client.get("/").status, 303, "{stranger}");
    }
    assert!(!admin.page("/people").contains("the organization"));
    let mut client = Client::new(&serving.host);
    assert_eq!(signed_in(&provider, &mut client, dana()).status, 303);
    let account = client.page("/account");
    assert!(account.contains("dana@example.com-2") && account.contains("Dana Reyes (dana@example.com-2)"), "{account}");
    assert!(account.contains("Viewer") && client.get("/people").status == 403);
    assert!(admin.page("/account").contains("Administrator"));
}

#[test]
fn tokens_that_are_not_the_providers_for_this_sign_in_are_refused() {
    let provider = IdentityProvider::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let serving = serving(&provider, &["--oidc-secret-file", file.to_str().unwrap()]);
    let mut admin = serving.admin();
    type Attack = fn(&mut Value, &Key) -> Option<String>;
    let attacks: [(&str, Attack); 12] = [
        ("another nonce", |claims, _| {
            claims["nonce"] = json!("another");
            None
        }),
        ("no nonce", |claims, _| {
            claims.as_object_mut().unwrap().remove("nonce");
            None
        }),
        ("another audience", |claims, _| {
            claims["aud"] = json!("another client");
            None
        }),
        ("one audience more", |claims, _| {
            claims["aud"] = json!([CLIENT, "another client"]);
            None
        }),
        ("another party", |claims, _| {
            claims["azp"] = json!("another client");
            None
        }),
        ("another issuer", |claims, _| {
            claims["iss"] = json!("https://evil.example");
            None
        }),
        ("expired", |claims, _| {
            claims["exp"] = json!(now() - 1);
            None
        }),
        ("no end", |claims, _| {
            claims.as_object_mut().unwrap().remove("exp");
            None
        }),
        ("no subject", |claims, _| {
            claims.as_object_mut().unwrap().remove("sub");
            None
        }),
        ("not signed", |claims, _| Some(unsigned(claims))),
        ("signed by another key", |claims, key| Some(forged(claims, key))),
        ("signed with the secret of the client", |claims, key| Some(by_secret(claims, key))),
    ];
    for (name, attack) in attacks {
        provider.twist(attack);
        let mut client = Client::new(&serving.host);
        let reply = signed_in(&provider, &mut client, dana());
        assert_eq!(reply.status, 502, "{name}: {}", reply.text());
        assert!(!client.cookies.contains_key("__Host-countersign") && client.get("/").status == 303, "{name}");
    }
    assert_eq!(provider.complaints(), [""; 0], "the provider was asked as it should be");
    assert!(!admin.page("/people").contains("the organization"), "nobody was made");
    let audit = admin.page("/audit");
    assert!(audit.contains("the identity provider") && audit.contains("nonce"), "{audit}");
    provider.twist(|_, _| None);
    assert_eq!(signed_in(&provider, &mut Client::new(&serving.host), dana()).status, 303);
    // It signs with a new key: that is fetched, though not at every token that names one.
    provider.rotate(Key::new("two"));
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert_eq!(signed_in(&provider, &mut Client::new(&serving.host), dana()).status, 303);
}

#[test]
fn a_sign_in_ends_once_in_the_browser_where_it_began() {
    let provider = IdentityProvider::start();
    let serving = serving(&provider, &[]);
    let refused = |client: &mut Client, path: &str| {
        let reply = client.get(path);
        assert_eq!(reply.status, 403, "{path}: {}", reply.text());
        assert!(!client.cookies.contains_key("__Host-countersign"), "{path}");
    };
    let mut client = Client::new(&serving.host);
    let back = go(&provider, &mut client, dana());
    // Somebody leads another browser to it: to sign it in as themselves, or with a code that they got hold of.
    let mut victim = Client::new(&serving.host);
    refused(&mut victim, &back);
    victim.get("/login");
    refused(&mut victim, &back);
    refused(&mut client, &back.replace("state=", "state=x"));
    refused(&mut client, back.split("&state=").next().unwrap());
    let asked = provider.asked().iter().filter(|line| line.contains("/token")).count();
    assert_eq!(asked, 0, "no code is exchanged that comes with another state");
    // A provider that names itself is another one (RFC 9207).
    let other = go(&provider, &mut client, dana());
    assert_eq!(client.get(&format!("{other}&iss=https%3A%2F%2Fevil.example")).status, 502);
    refused(&mut client, &other);
    // Somebody says no there.
    let denied = go(&provider, &mut client, dana());
    let state = denied.split("state=").nth(1).unwrap().to_owned();
    let reply = client.get(&format!("/oidc/callback?error=access_denied&error_description=%3Cb%3E&state={state}"));
    assert!(reply.status == 403 && reply.text().contains("did not let you in"), "{}", reply.text());
    // What was begun before is still good, once; the session is a new one.
    client.cookies.insert("__Host-countersign".to_owned(), "chosen-by-somebody-else".to_owned());
    assert_eq!(client.get(&back).status, 303);
    let session = client.cookies["__Host-countersign"].clone();
    assert!(session.len() == 43, "{session}");
    assert_eq!(client.get(&back).status, 403, "a second time");
    // Afterwards nobody is led to another server.
    for evil in ["//evil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example", "%2F%2Fevil.example"] {
        let mut client = Client::new(&serving.host);
        let reply = client.get(&format!("/oidc/start?next={evil}"));
        let back = provider.authorize(reply.header("location"), dana());
        let reply = client.get(back.strip_prefix(&client.origin()).unwrap());
        assert_eq!((reply.status, reply.header("location")), (303, "/"), "{evil}");
    }
}

#[test]
fn without_a_provider_there_is_none_and_one_that_is_down_is_told_of() {
    let serving = Serving::start(&[]);
    let mut client = Client::new(&serving.host);
    assert!(!client.page("/login").contains("/oidc/"));
    assert_eq!((client.get("/oidc/start").status, client.get("/oidc/callback?state=a&code=b").status), (404, 404));
    let options = ["--oidc-issuer", "http://127.0.0.1:9", "--oidc-client", "x", "--oidc-allow", "everyone"];
    let serving = Serving::start(&options);
    let mut admin = serving.admin();
    let reply = Client::new(&serving.host).get("/oidc/start");
    assert!(reply.status == 502 && reply.text().contains("tell an admin"), "{}", reply.text());
    assert!(admin.page("/audit").contains("127.0.0.1:9"));
    for (options, why) in [
        (
            &["--oidc-issuer", "http://id.example", "--oidc-client", "x", "--oidc-allow", "everyone"][..],
            "no address with TLS",
        ),
        (&["--oidc-issuer", "https://id.example", "--oidc-client", "x"], "--oidc-allow"),
        (
            &["--oidc-issuer", "https://id.example", "--oidc-client", "x", "--oidc-allow", "a@b=boss"],
            "the role is one of",
        ),
        (&["--oidc-client", "x"], "--oidc-issuer"),
    ] {
        let all = [&["serve", "--data", "new", "--root", "drops=drops"], options].concat();
        let (code, said) = serving.command(&all);
        assert!(code != 0 && said.contains(why), "{options:?}: {said}");
    }
}
