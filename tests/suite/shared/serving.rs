//! A running `countersign serve` in a folder of its own, and a client that speaks to it as a browser or a program does.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::document::program;

/// How long a test waits for what must happen.
const WAIT: Duration = Duration::from_secs(90);
/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The server, and the folder with its root `drops`, its data and its ledger.
pub(crate) struct Serving {
    pub(crate) folder: tempfile::TempDir,
    child: Child,
    /// `localhost:PORT`.
    pub(crate) host: String,
    /// The link of the first admin, where nobody could sign in.
    pub(crate) link: Option<String>,
    options: Vec<String>,
}

impl Serving {
    /// With these further options.
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("drops")).unwrap();
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let (child, host, link) = begin(folder.path(), &options);
        Self { folder, child, host, link, options }
    }

    /// Ends the server as Ctrl-C at a terminal does: all processes of its group are told.
    pub(crate) fn interrupt(&mut self) {
        let group = format!("-{}", self.child.id());
        assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
        self.child.wait().unwrap();
    }

    /// Ends the server as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same folders, with another port.
    pub(crate) fn again(&mut self) {
        let (child, host, link) = begin(self.folder.path(), &self.options);
        (self.child, self.host, self.link) = (child, host, link);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path("data/approvals.jsonl")
    }

    /// A delivery with these fixtures under `final`, made elsewhere and moved in.
    pub(crate) fn drop_in(&self, name: &str, files: &[&str]) {
        let made = self.path("made");
        std::fs::create_dir_all(made.join("final")).unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/delivery");
        for file in files {
            let to = made.join("final").join(Path::new(file).file_name().unwrap());
            std::fs::copy(fixtures.join(file), to).unwrap();
        }
        std::fs::rename(made, self.path("drops").join(name)).unwrap();
    }

    /// Makes the first admin, signed in.
    pub(crate) fn admin(&self) -> Client {
        let token = self.link.as_ref().unwrap().split("token=").nth(1).unwrap().to_owned();
        self.join(&token, "ada", "Ada Admin")
    }

    /// Uses a link up.
    pub(crate) fn join(&self, token: &str, name: &str, display: &str) -> Client {
        self.join_as(Client::new(&self.host), token, name, display)
    }

    /// Uses a link up in this browser.
    pub(crate) fn join_as(&self, mut client: Client, token: &str, name: &str, display: &str) -> Client {
        client.get(&format!("/setup?token={token}"));
        let fields = [
            ("token", token),
            ("name", name),
            ("display", display),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
        ];
        let reply = client.post("/setup", &fields);
        assert_eq!(reply.status, 303, "{}", reply.text());
        client
    }

    /// Somebody of this role, invited by the admin.
    pub(crate) fn person(&self, admin: &mut Client, role: &str, name: &str, display: &str) -> Client {
        admin.get("/people");
        let page = admin.post("/people/invite", &[("role", role)]).text();
        let token = page.split("/setup?token=").nth(1).expect("an invitation").get(..43).unwrap().to_owned();
        self.join(&token, name, display)
    }

    /// A token of a client.
    pub(crate) fn token(&self, admin: &mut Client, role: &str) -> String {
        admin.get("/people");
        let page = admin.post("/people/tokens", &[("name", "a test"), ("role", role)]).text();
        let after = page.split("id=\"secret\">").nth(1).expect("a token");
        after.split('<').next().unwrap().to_owned()
    }

    /// What the API gives.
    pub(crate) fn api(&self, token: &str, path: &str) -> Value {
        let bearer = format!("Bearer {token}");
        let reply = Client::new(&self.host).send("GET", path, &[("Authorization", &bearer)], b"");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// The delivery of this name, once it is in this state.
    pub(crate) fn until(&self, token: &str, name: &str, state: &str) -> Value {
        let end = Instant::now() + WAIT;
        loop {
            let all = self.api(token, "/api/v1/deliveries");
            let found = all["deliveries"].as_array().unwrap().iter().find(|d| d["name"] == name).cloned();
            if let Some(found) = found.as_ref().filter(|found| found["state"] == state) {
                return found.clone();
            }
            assert!(Instant::now() < end, "{name} is never {state}: {found:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs the command line beside the server: exit code and what it printed.
    pub(crate) fn command(&self, arguments: &[&str]) -> (i32, String) {
        let out = program(self.folder.path(), env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.code().unwrap_or(-1), text)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn begin(folder: &Path, options: &[String]) -> (Child, String, Option<String>) {
    let mut command: Command = program(folder, env!("CARGO_BIN_EXE_countersign"));
    command.env("COUNTERSIGN_WEBHOOK_SECRET", "a secret of the test");
    command.env("COUNTERSIGN_OIDC_SECRET", super::identity_provider::SECRET);
    command.args(["serve", "--data", "data", "--root", "drops=drops", "--listen", "127.0.0.1:0", "--poll", "1"]);
    command.args(options);
    // A group of its own, as a shell makes one: what ends it does not end the tests.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut host, mut link) = (String::new(), None);
    // The ledger is told of last but for the link, which is told in one go with it.
    let mut told = false;
    while let Some(Ok(line)) = if told && !data_is_new(folder) { None } else { lines.next() } {
        if let Some((_, address)) = line.strip_prefix("serving ").and_then(|address| address.split_once("://")) {
            address.clone_into(&mut host);
        } else if line.starts_with("ledger ") {
            told = true;
        } else if line.starts_with("http") {
            link = Some(line);
            break;
        }
    }
    assert!(!host.is_empty(), "the server did not start");
    (child, host, link)
}

/// Whether nobody can sign in yet.
fn data_is_new(folder: &Path) -> bool {
    let path = folder.join("data/server.sqlite");
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection.query_row("SELECT count(*) = 0 FROM person", [], |row| row.get(0)).unwrap()
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Its text; slashes, which pages escape, as they are.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).replace("&#x2f;", "/")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).unwrap_or_default()
    }
}

/// A browser without scripts: it keeps cookies and the CSRF token of the last page.
#[derive(Clone)]
pub(crate) struct Client {
    host: String,
    /// Whom it trusts, where it speaks TLS.
    tls: Option<Arc<rustls::ClientConfig>>,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) csrf: String,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Client {
    pub(crate) fn new(host: &str) -> Self {
        Self { host: host.to_owned(), tls: None, cookies: BTreeMap::new(), csrf: String::new() }
    }

    /// One that speaks TLS, and trusts this authority only.
    pub(crate) fn trusting(host: &str, authority: &[u8]) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.to_vec().into()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
        Self { tls: Some(Arc::new(config)), ..Self::new(host) }
    }

    fn connect(&self) -> Box<dyn Stream> {
        let stream = TcpStream::connect(self.host.replace("localhost", "127.0.0.1")).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        let Some(config) = &self.tls else { return Box::new(stream) };
        let name = "localhost".try_into().unwrap();
        Box::new(rustls::StreamOwned::new(rustls::ClientConnection::new(Arc::clone(config), name).unwrap(), stream))
    }

    /// After the server has started again.
    pub(crate) fn moved(&mut self, host: &str) {
        host.clone_into(&mut self.host);
    }

    /// One request as it is; cookies are kept, nothing else is added but the host.
    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {}\r\n", self.host);
        }
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            head += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        // The server may answer and close before all is sent.
        let _ = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = text.split("\r\n");
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).unwrap_or(0);
        let headers: Vec<(String, String)> =
            lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let reply = Reply { status, headers, body: bytes.get(end + 4..).unwrap_or_default().to_vec() };
        self.keep(&reply);
        reply
    }

    fn keep(&mut self, reply: &Reply) {
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match value.is_empty() {
                true => drop(self.cookies.remove(name)),
                false => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        if let Some(after) = reply.text().split("name=\"csrf\" value=\"").nth(1) {
            after.split('"').next().unwrap().clone_into(&mut self.csrf);
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    /// A page that must be there.
    pub(crate) fn page(&mut self, path: &str) -> String {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.text()
    }

    /// The headers that a browser sends with a form of this server.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.host)
    }

    /// A form of this server, with its CSRF token.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let csrf = self.csrf.clone();
        let all: Vec<(&str, &str)> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        let origin = self.origin();
        self.send("POST", path, &[("Origin", &origin), FORM], form(&all).as_bytes())
    }

    /// JSON of this server's script.
    pub(crate) fn post_json(&mut self, path: &str, body: &Value) -> Reply {
        let (csrf, origin) = (self.csrf.clone(), self.origin());
        let headers =
            [("Origin", origin.as_str()), ("X-Csrf-Token", csrf.as_str()), ("Content-Type", "application/json")];
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Signs in.
    pub(crate) fn sign_in(&mut self, name: &str, password: &str) -> Reply {
        self.get("/login");
        self.post("/login", &[("name", name), ("password", password), ("next", "")])
    }
}

pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// Fields as browsers send them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let byte = |b: u8| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect::<Vec<_>>().join("&")
}

/// A request that somebody sends: its head and its body.
pub(crate) fn received(stream: &mut TcpStream) -> (String, String) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        if let Some(end) = bytes.windows(4).position(|four: &[u8]| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return (head, String::from_utf8_lossy(&bytes[end + 4..]).into_owned());
            }
        }
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "the request ends in its middle");
        bytes.extend_from_slice(&piece[..read]);
    }
}
