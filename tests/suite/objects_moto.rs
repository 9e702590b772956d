//! Object trees against a server by other people: `moto`, which speaks the language of Amazon S3.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::objects::{assert_same, delivery, program, scan};
use crate::shared::object_store::files_below;
use crate::shared::prerequisite;

/// A server that ends with the test.
struct Moto {
    process: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Moto {
    fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(process) = command.spawn() else {
            prerequisite::absent("moto", "moto_server is not installed (pip install 'moto[server]')");
            return None;
        };
        let server = Self { process, port };
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "moto does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    fn put(&self, path: &str, body: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let path = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC).to_string();
        let path = path.replace("%2F", "/");
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

#[test]
fn a_store_of_other_people_gives_the_same_report() {
    let Some(server) = Moto::start() else { return };
    let made = delivery();
    server.put("/bucket", b"");
    for file in files_below(made.path()) {
        let rel = file.strip_prefix(made.path()).unwrap().to_str().unwrap().replace('\\', "/");
        server.put(&format!("/bucket/0/{rel}"), &std::fs::read(&file).unwrap());
    }
    let (code, here) = scan(&[made.path().to_str().unwrap()], &["--integrity"]);
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let (remote, there) = scan(&["s3://bucket/0"], &["--integrity", "--endpoint", &endpoint]);
    assert_same("moto", &here, &there);
    assert_eq!(code, remote);
    // Rows are written to it and taken from it.
    for shard in ["1/2", "2/2"] {
        let options = ["--integrity", "--no-progress", "--out", "s3://bucket/rows", "--endpoint", &endpoint, "--shard"];
        let said = program(&[&["extract", "s3://bucket/0"], &options[..], &[shard]].concat());
        assert_eq!(said.status.code(), Some(0), "{}", String::from_utf8_lossy(&said.stderr));
    }
    let report = tempfile::NamedTempFile::new().unwrap();
    let target = format!("json={}", report.path().display());
    let options = ["--integrity", "--no-progress", "--tags", "--endpoint", &endpoint, "--report", &target];
    let said = program(&[&["judge", "s3://bucket/rows"], &options[..]].concat());
    assert_eq!(said.status.code(), Some(code), "{}", String::from_utf8_lossy(&said.stderr));
    let text = std::fs::read_to_string(report.path()).unwrap().replace("s3://bucket/0", "ROOT0");
    let mut judged: serde_json::Value = serde_json::from_str(&text).unwrap();
    judged.as_object_mut().unwrap().remove("run");
    assert_same("rows in moto", &there, &judged);
}
