//! Manifests kept elsewhere: what is fetched, what is refused, and that nothing is asked unless it was typed.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::certificates;
use crate::samples::signed;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use certificates::Authority;
use countersign::c2pa::{Options, Rules, Verifier};
use countersign::extract;
use countersign::marks;
use countersign::model::{Ai, CredentialState, Credentials, Facts, Via};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use signed::GENERATED;

/// What the server says under a path.
#[derive(Clone)]
enum Reply {
    Bytes(Vec<u8>),
    Redirect(String),
    /// A byte now and then.
    Drip,
    /// A length that nothing follows.
    Promise(u64),
    Silent,
}

/// A server on this machine with a certificate by an authority of its own.
struct Server {
    port: u16,
    authority: Authority,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.server();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth();
        let chain = vec![CertificateDer::from(certificate), CertificateDer::from(authority.der.clone())];
        let config = Arc::new(config.with_single_cert(chain, PrivatePkcs8KeyDer::from(key).into()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (replies, asked) = (Arc::<Mutex<HashMap<String, Reply>>>::default(), Arc::new(AtomicUsize::new(0)));
        let (known, count) = (Arc::clone(&replies), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let (config, known) = (Arc::clone(&config), Arc::clone(&known));
                std::thread::spawn(move || serve(stream, config, &known));
            }
        });
        Self { port, authority, replies, asked }
    }

    fn address(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    fn reply(&self, path: &str, reply: Reply) -> String {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
        self.address(path)
    }

    fn rules(&self) -> Rules {
        let authorities = vec![self.authority.der.clone()];
        Rules { loopback: true, authorities, time: Duration::from_secs(20), ..Rules::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Answers one request; whoever hangs up early is right to.
fn serve(stream: TcpStream, config: Arc<rustls::ServerConfig>, known: &Mutex<HashMap<String, Reply>>) -> Option<()> {
    let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(config).ok()?, stream);
    let mut request = Vec::new();
    let mut piece = [0; 1_024];
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        let got = tls.read(&mut piece).ok().filter(|n| *n > 0)?;
        request.extend_from_slice(&piece[..got]);
    }
    let path = String::from_utf8_lossy(&request).split(' ').nth(1)?.to_owned();
    let head = |status: &str, more: &str| format!("HTTP/1.1 {status}\r\nConnection: close\r\n{more}\r\n");
    let reply = known.lock().unwrap().get(&path).cloned();
    match reply {
        Some(Reply::Bytes(bytes)) => {
            tls.write_all(head("200 OK", &format!("Content-Length: {}\r\n", bytes.len())).as_bytes()).ok()?;
            tls.write_all(&bytes).ok()?;
        }
        Some(Reply::Redirect(to)) => {
            let more = format!("Location: {to}\r\nContent-Length: 0\r\n");
            tls.write_all(head("302 Found", &more).as_bytes()).ok()?;
        }
        Some(Reply::Promise(len)) => {
            tls.write_all(head("200 OK", &format!("Content-Length: {len}\r\n")).as_bytes()).ok()?;
            tls.write_all(&[0; 4_096]).ok()?;
        }
        Some(Reply::Drip) => {
            tls.write_all(head("200 OK", "Content-Length: 100000\r\n").as_bytes()).ok()?;
            for _ in 0..200 {
                tls.write_all(b"x").and_then(|()| tls.flush()).ok()?;
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Some(Reply::Silent) => std::thread::sleep(Duration::from_secs(10)),
        None => tls.write_all(head("404 Not Found", "Content-Length: 0\r\n").as_bytes()).ok()?,
    }
    tls.conn.send_close_notify();
    tls.flush().ok()
}

/// The facts of a JPEG that points to this address.
fn facts(address: &str, rules: Option<Rules>) -> Facts {
    let verifier = Arc::new(Verifier::new(&Options { fetch: rules, ..Options::default() }).unwrap());
    with(&verifier, &signed::pointing(address))
}

fn with(verifier: &Arc<Verifier>, bytes: &[u8]) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    std::fs::write(&path, bytes).unwrap();
    extract::facts(
        &path,
        &[],
        &extract::Options { verifier: Some(Arc::clone(verifier)), ..extract::Options::default() },
    )
}

/// What is told of an address that was not fetched.
fn refused(address: &str, rules: Rules) -> String {
    let found = facts(address, Some(rules)).c2pa.unwrap();
    assert_eq!((found.state, found.present), (CredentialState::Remote, false), "{found:?}");
    assert_eq!(found.remote.as_deref(), Some(address));
    assert_eq!(found.chain, []);
    found.damage.expect("a reason")
}

fn signed_for(address: &str) -> Vec<u8> {
    signed::sidecar("image/jpeg", &signed::pointing(address), &signed::created(GENERATED))
}

#[test]
fn a_fetched_manifest_is_read_and_verified() {
    let server = Server::start();
    let address = server.address("/a.c2pa");
    server.reply("/a.c2pa", Reply::Bytes(signed_for(&address)));
    let verifier = Arc::new(Verifier::new(&Options { fetch: Some(server.rules()), ..Options::default() }).unwrap());
    let bytes = signed::pointing(&address);
    let found = with(&verifier, &bytes).c2pa.unwrap();
    assert_eq!((found.state, &found.damage, &found.failures), (CredentialState::Valid, &None, &vec![]), "{found:#?}");
    assert_eq!(found.place, Some(format!("remote manifest {address}")));
    assert_eq!((found.via, found.present, found.remote.as_deref()), (Via::Sidecar, true, Some(address.as_str())));
    let evidence = marks::credentials::evidence(&found);
    assert_eq!(marks::ai(&evidence), Ai::Generated);
    assert!(evidence[0].place.starts_with("remote manifest https://127.0.0.1:"), "{}", evidence[0].place);

    // The same address is asked once in a run, whatever the file.
    let changed = with(&verifier, &signed::flipped(bytes, 20)).c2pa.unwrap();
    assert_eq!((changed.state, server.asked()), (CredentialState::Invalid, 1));
}

#[test]
fn redirects_are_followed_to_https_only_and_not_for_ever() {
    let server = Server::start();
    let first = server.address("/first");
    let last = server.reply("/last", Reply::Bytes(signed_for(&first)));
    server.reply("/first", Reply::Redirect(last));
    let state = |found: Facts| -> Credentials { found.c2pa.unwrap() };
    assert_eq!(state(facts(&first, Some(server.rules()))).state, CredentialState::Valid);

    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    plain.set_nonblocking(true).unwrap();
    let port = plain.local_addr().unwrap().port();
    let down = server.reply("/down", Reply::Redirect(format!("http://127.0.0.1:{port}/a.c2pa")));
    assert!(refused(&down, server.rules()).contains("without https"));
    assert!(plain.accept().is_err(), "a connection was opened");
    let within = server.reply("/within", Reply::Redirect("https://192.168.7.7/a.c2pa".to_owned()));
    assert!(refused(&within, server.rules()).contains("192.168.7.7 is no public address"));
    let user = server.reply("/user", Reply::Redirect(server.address("/last").replace("//", "//name:word@")));
    assert!(refused(&user, server.rules()).contains("user name"));
    let around = server.address("/around");
    server.reply("/around", Reply::Redirect(around.clone()));
    let before = server.asked();
    assert!(refused(&around, server.rules()).contains("redirects"));
    assert_eq!(server.asked() - before, 4);
}

#[test]
fn what_must_not_be_fetched_is_refused_with_its_reason() {
    let server = Server::start();
    let good = server.address("/a");
    server.reply("/a", Reply::Bytes(signed_for(&good)));
    assert!(refused("http://example.invalid/a.c2pa", server.rules()).contains("only https"));
    let strict = Rules { loopback: false, ..server.rules() };
    assert!(refused(&good, strict).contains("127.0.0.1 is no public address"));
    let crowded = Rules { addresses: 0, ..server.rules() };
    assert!(refused(&good, crowded).contains("in one run"));
    assert!(refused(&good, Rules { all: 0, ..server.rules() }).contains("in one run"));
    assert_eq!(server.asked(), 0);

    // A server that the public authorities do not know.
    let stranger = refused(&good, Rules { authorities: Vec::new(), ..server.rules() });
    assert!(stranger.contains("certificate"), "{stranger}");
    assert!(refused(&server.address("/gone"), server.rules()).contains("status 404"));
    let page = server.reply("/page", Reply::Bytes(b"<html>no manifest</html>".to_vec()));
    assert!(refused(&page, server.rules()).contains("no manifest store"));
}

#[test]
fn too_much_and_too_slow_end_in_bounds() {
    let server = Server::start();
    let large = server.reply("/large", Reply::Bytes(vec![0; 5_000]));
    assert!(refused(&large, Rules { one: 4_999, ..server.rules() }).contains("longer than 4999 bytes"));
    assert!(refused(&large, Rules { one: 5_000, ..server.rules() }).contains("no manifest store"));
    let promise = server.reply("/promise", Reply::Promise(1 << 50));
    assert!(!refused(&promise, server.rules()).is_empty());
    for (path, reply) in [("/drip", Reply::Drip), ("/silent", Reply::Silent)] {
        let address = server.reply(path, reply);
        let start = Instant::now();
        let what = refused(&address, Rules { time: Duration::from_millis(700), ..server.rules() });
        assert!(what.contains("too long"), "{path}: {what}");
        assert!(start.elapsed() < Duration::from_secs(5), "{path}: {:?}", start.elapsed());
    }
}

#[test]
fn a_stopped_run_waits_for_no_server() {
    let server = Server::start();
    let address = server.reply("/silent", Reply::Silent);
    let verifier = Arc::new(Verifier::new(&Options { fetch: Some(server.rules()), ..Options::default() }).unwrap());
    let start = Instant::now();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| with(&verifier, &signed::pointing(&address)));
        while server.asked() == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        verifier.cancel();
        let found = reading.join().unwrap().c2pa.unwrap();
        assert!(found.damage.unwrap().contains("stopped"));
    });
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// A listener that must stay alone, and a file that points to it.
fn lure() -> (TcpListener, tempfile::TempDir) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let address = format!("https://127.0.0.1:{}/a.c2pa", listener.local_addr().unwrap().port());
    std::fs::write(folder.path().join("a.jpg"), signed::pointing(&address)).unwrap();
    (listener, folder)
}

fn countersign(arguments: &[&str], folder: &std::path::Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, "http://127.0.0.1:9");
    }
    let config = folder.join("no-configuration");
    let output = command.args(arguments).env("COUNTERSIGN_CONFIG", config).current_dir(folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nothing_is_asked_unless_it_is_typed() {
    let (listener, folder) = lure();
    let report = countersign(&["scan", "a.jpg", "--report", "json"], folder.path());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["run"]["options"]["fetch_remote"], false);
    assert_eq!(report["assets"][0]["c2pa"]["state"], "remote");
    assert!(report.to_string().contains("none was fetched"), "{report}");
    assert!(countersign(&["inspect", "a.jpg"], folder.path()).contains("remote"));
    assert!(countersign(&["inspect", "--tree", "a.jpg"], folder.path()).contains("not fetched"));
    assert!(listener.accept().is_err(), "a connection was opened");
}

#[test]
fn the_command_line_never_asks_this_machine() {
    let (listener, folder) = lure();
    let report = countersign(&["scan", "a.jpg", "--fetch-remote", "--report", "json"], folder.path());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["run"]["options"]["fetch_remote"], true);
    assert_eq!(report["assets"][0]["c2pa"]["state"], "remote");
    let findings = report["assets"][0]["findings"].as_array().unwrap();
    let stripped = findings.iter().find(|f| f["rule"] == "stripped-credentials").unwrap();
    let message = stripped["message"].as_str().unwrap();
    assert!(message.contains("could not be fetched: 127.0.0.1 is no public address"), "{message}");
    assert!(countersign(&["inspect", "--fetch-remote", "a.jpg"], folder.path()).contains("no public address"));
    assert!(listener.accept().is_err(), "a connection was opened");
}
