//! A small server that answers like an object store, and fails as it is told to.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests use parts of it, and stop where they cannot go on"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the next answers fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 503 SlowDown.
    Busy,
    /// The body breaks off in its middle.
    Cut,
    /// The connection is closed without a word.
    Closed,
    /// 403 with this code.
    Refused(&'static str),
    /// The object is exchanged before it is answered for.
    Exchanged,
    /// The body stops in its middle, and nothing more comes for so long.
    Stalled(Duration),
}

#[derive(Default)]
pub(crate) struct State {
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Taken from the end, one for each answer to a request for an object.
    pub faults: Vec<Fault>,
    /// The same for pages of listings: one that is busy, cut or closed.
    pub listing_faults: Vec<Fault>,
    /// So many answers are good before the first fault.
    pub good: usize,
    /// How long a connection stays open behind a body that broke off.
    pub stall: Duration,
    /// Before each answer.
    pub delay: Duration,
    /// Requests that wait now, and the most that ever did.
    pub waiting: (usize, usize),
    pub requests: Vec<String>,
    /// Listings are answered with 403.
    pub listing_refused: bool,
    /// Keys of one page of a listing.
    pub page: usize,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub address: String,
    pub state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn new(objects: &[(&str, Vec<u8>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let objects = objects.iter().map(|(key, bytes)| ((*key).to_owned(), bytes.clone())).collect();
        let state = Arc::new(Mutex::new(State { objects, page: 3, ..State::default() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    /// A store that holds what is in a folder, below `prefix`.
    pub(crate) fn of_folder(folder: &std::path::Path, prefix: &str) -> Self {
        let server = Self::new(&[]);
        let mut state = server.state.lock().unwrap();
        state.page = 1_000;
        for entry in files_below(folder) {
            let rel = entry.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            state.objects.insert(format!("{prefix}/{rel}"), std::fs::read(&entry).unwrap());
        }
        drop(state);
        server
    }

    /// One fault after so many good answers.
    pub(crate) fn fail_after(&self, good: usize, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        state.faults = [fault].into();
        state.good = good;
    }

    pub(crate) fn fail(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults = faults.iter().rev().copied().collect();
    }
}

/// All files below a folder.
pub(crate) fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => out.extend(files_below(&entry.path())),
            false => out.push(entry.path()),
        }
    }
    out
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let Some(body) = body(&lines, &mut reader) else { return };
        let delay = {
            let mut state = state.lock().unwrap();
            state.waiting.0 += 1;
            state.waiting.1 = state.waiting.1.max(state.waiting.0);
            state.delay
        };
        std::thread::sleep(delay);
        let answer = {
            let mut state = state.lock().unwrap();
            state.waiting.0 -= 1;
            answer(&lines, body, &mut state)
        };
        let Some(answer) = answer else { return };
        if stream.write_all(&answer.0).is_err() || answer.1 {
            let stall = std::mem::take(&mut state.lock().unwrap().stall);
            std::thread::sleep(stall);
            return;
        }
    }
}

/// What is sent with a request.
fn body(lines: &[String], reader: &mut impl Read) -> Option<Vec<u8>> {
    let length = lines
        .iter()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, length)| length.trim().parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The bytes of the answer, and whether the connection ends with it.
fn answer(lines: &[String], body: Vec<u8>, state: &mut State) -> Option<(Vec<u8>, bool)> {
    let mut first = lines[0].split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: BTreeMap<String, String> =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect();
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let key = decode(path).split_once("/bucket/").map(|(_, key)| key.to_owned()).unwrap_or_default();
    state.requests.push(format!("{method} {key}"));
    if query.contains_key("list-type") {
        let refused = error("403 Forbidden", "AccessDenied");
        return match state.listing_faults.pop() {
            Some(Fault::Busy) => Some((error("503 Slow Down", "SlowDown"), false)),
            Some(Fault::Closed) => None,
            Some(_) => {
                let mut whole = page(state, &query);
                whole.truncate(whole.len() - 40);
                Some((whole, true))
            }
            None => Some((if state.listing_refused { refused } else { page(state, &query) }, false)),
        };
    }
    let fault = if state.good > 0 { None } else { state.faults.pop() };
    state.good = state.good.saturating_sub(1);
    match fault {
        Some(Fault::Busy) => return Some((error("503 Slow Down", "SlowDown"), false)),
        Some(Fault::Closed) => return None,
        Some(Fault::Refused(code)) => return Some((error("403 Forbidden", code), false)),
        Some(Fault::Exchanged) => {
            state.objects.entry(key.clone()).and_modify(|bytes| bytes.reverse());
            return answer(lines, body, state);
        }
        Some(fault @ (Fault::Cut | Fault::Stalled(_))) => {
            if let Fault::Stalled(stall) = fault {
                state.stall = stall;
            }
            let (mut whole, _) = object(method, state.objects.get(&key)?, &header);
            whole.truncate(whole.len() - 7);
            return Some((whole, true));
        }
        None => {}
    }
    if method == "PUT" {
        state.objects.insert(key, body);
        return Some((b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(), false));
    }
    match state.objects.get(&key) {
        Some(bytes) => Some(object(method, bytes, &header)),
        None => Some((error("404 Not Found", "NoSuchKey"), false)),
    }
}

fn error(status: &str, code: &str) -> Vec<u8> {
    let body = format!("<Error><Code>{code}</Code></Error>");
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn etag(bytes: &[u8]) -> String {
    let sum = bytes
        .iter()
        .enumerate()
        .fold(0u64, |sum, (at, byte)| sum.wrapping_mul(31).wrapping_add(u64::from(*byte) + at as u64));
    format!("\"{sum:016x}\"")
}

fn object(method: &str, bytes: &[u8], header: &dyn Fn(&str) -> Option<String>) -> (Vec<u8>, bool) {
    let tag = etag(bytes);
    if header("if-match").is_some_and(|wanted| wanted != tag) {
        return (error("412 Precondition Failed", "PreconditionFailed"), false);
    }
    let range = header("range").and_then(|range| {
        let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?))
    });
    let (status, part, extra) = match range {
        Some((from, to)) => {
            let to = (to + 1).min(bytes.len());
            let extra = format!("Content-Range: bytes {from}-{}/{}\r\n", to - 1, bytes.len());
            ("206 Partial Content", &bytes[from..to], extra)
        }
        None => ("200 OK", bytes, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: {tag}\r\nLast-Modified: Sat, 28 Nov 2026 10:00:00 GMT\r\n{extra}Content-Length: {}\r\n\r\n",
        part.len()
    );
    let mut out = head.into_bytes();
    if method != "HEAD" {
        out.extend_from_slice(part);
    }
    (out, false)
}

/// One page of `ListObjectsV2`.
fn page(state: &State, query: &BTreeMap<String, String>) -> Vec<u8> {
    let prefix = query.get("prefix").cloned().unwrap_or_default();
    let from = query.get("continuation-token").cloned().unwrap_or_default();
    let mut items: BTreeMap<String, Option<&Vec<u8>>> = BTreeMap::new();
    for (key, bytes) in &state.objects {
        if let Some(rest) = key.strip_prefix(prefix.as_str()) {
            match rest.split_once('/') {
                Some((folder, _)) => items.insert(format!("{prefix}{folder}/"), None),
                None => items.insert(key.clone(), Some(bytes)),
            };
        }
    }
    let rest: Vec<_> = items.into_iter().filter(|(key, _)| *key > from).collect();
    let encode = |key: &str| percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC).to_string();
    let mut body =
        String::from(r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#);
    for (key, bytes) in rest.iter().take(state.page) {
        body += &match bytes {
            Some(bytes) => format!(
                "<Contents><Key>{}</Key><LastModified>2026-11-28T10:00:00.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                encode(key),
                etag(bytes).replace('"', "&quot;"),
                bytes.len()
            ),
            None => format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", encode(key)),
        };
    }
    let more = rest.len() > state.page;
    body += &format!("<EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated>");
    if more {
        body +=
            &format!("<NextContinuationToken>{}</NextContinuationToken>", rest[state.page - 1].0.replace('&', "&amp;"));
    }
    body += "</ListBucketResult>";
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}
