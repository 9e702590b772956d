//! `countersign serve` with a certificate of its own: TLS without a proxy.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use data_encoding::BASE64;

use crate::samples::certificates::{Authority, PAST, SERVES, Subject};
use crate::shared::serving::{Client, Serving};

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The files of a certificate for this machine.
fn files(folder: &Path, certificate: &[u8], key: &[u8]) -> [PathBuf; 2] {
    let paths = ["chain.pem", "key.pem"].map(|name| folder.join(name));
    std::fs::write(&paths[0], pem("CERTIFICATE", certificate)).unwrap();
    std::fs::write(&paths[1], pem("PRIVATE KEY", key)).unwrap();
    paths
}

fn options(paths: &[PathBuf; 2]) -> [&str; 4] {
    ["--tls-cert", paths[0].to_str().unwrap(), "--tls-key", paths[1].to_str().unwrap()]
}

#[test]
fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let authority = Authority::new();
    let (certificate, key) = authority.server();
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path(), &certificate, &key);
    let serving = Serving::start(&options(&paths));
    let link = serving.link.clone().unwrap();
    assert!(link.starts_with(&format!("https://{}/setup?token=", serving.host)), "{link}");
    // Connections that say nothing hold nobody up.
    let address = serving.host.replace("localhost", "127.0.0.1");
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let start = Instant::now();
    let client = Client::trusting(&serving.host, &authority.der);
    let mut admin = serving.join_as(client, link.split("token=").nth(1).unwrap(), "ada", "Ada Admin");
    assert!(admin.page("/account").contains("Ada Admin"));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    drop(silent);
    // Changes come from pages of this server: over TLS, too.
    let plain = format!("http://{}", serving.host);
    let csrf = format!("csrf={}", admin.csrf);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let reply = admin.send("POST", "/account/sessions/end", &[("Origin", &plain), form], csrf.as_bytes());
    assert_eq!(reply.status, 403);
    // Without TLS there is no page.
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("GET /login HTTP/1.1\r\nHost: {}\r\n\r\n", serving.host).as_bytes()).unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(!String::from_utf8_lossy(&said).contains("HTTP/1.1"), "{said:?}");
}

#[test]
fn a_certificate_that_is_renewed_is_used_and_one_that_cannot_be_is_not() {
    let authority = Authority::new();
    let (good, key) = authority.server();
    let seed = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let old = Subject { common_name: "localhost", organization: "Samples", usage: SERVES, validity: PAST };
    let old = authority.certificate(&seed, &old);
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path(), &old, &key);
    let serving = Serving::start(&options(&paths));
    let reached = || Client::trusting(&serving.host, &authority.der).get("/login").status == 200;
    assert!(!reached(), "it has run out");
    std::thread::sleep(Duration::from_millis(1_200));
    files(folder.path(), &good, &key);
    assert!(reached(), "it is read again");
    std::thread::sleep(Duration::from_millis(1_200));
    std::fs::write(&paths[0], "half of a certifi").unwrap();
    assert!(reached(), "what cannot be used is not");
}

#[test]
fn files_that_cannot_be_used_are_told_of_at_the_start() {
    let authority = Authority::new();
    let (certificate, key) = authority.server();
    let serving = Serving::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path(), &certificate, &key);
    let options = options(&paths);
    let start =
        |options: &[&str]| serving.command(&[&["serve", "--data", "new", "--root", "drops=drops"], options].concat());
    for (bad, why) in [(&options[..2], "--tls-key"), (&options[2..], "--tls-cert")] {
        let (code, said) = start(bad);
        assert!(code != 0 && said.contains(why), "{said}");
    }
    let (code, said) = start(&[&options[..], &["--listen", "0.0.0.0:0"]].concat());
    assert!(code != 0 && said.contains("--public"), "{said}");
    std::fs::write(&paths[1], pem("PRIVATE KEY", &[&key[..16], &[1; 32]].concat())).unwrap();
    let (code, said) = start(&options);
    assert!(code != 0 && said.contains("do not go together"), "{said}");
    let inside = serving.path("drops/key.pem");
    std::fs::write(&inside, pem("PRIVATE KEY", &key)).unwrap();
    let (code, said) = start(&[options[0], options[1], "--tls-key", inside.to_str().unwrap()]);
    assert!(code != 0 && said.contains("lies inside"), "{said}");
}
