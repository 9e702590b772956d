//! The HTTP client: sends requests, asks again for what a store refuses for the moment, counts.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ureq::Agent;
use ureq::http::{HeaderMap, Response};
use ureq::typestate::WithoutBody;
use ureq::{Body, RequestBuilder};

use crate::store::{Object, Requests};

/// What happens when a store does not answer, answers "later" (429, 500, 502, 503, 504), or breaks off in a body.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// How often one thing is asked for, the first time included.
    pub tries: u32,
    /// The wait after the first try; it doubles with each, up to [`Retries::LONGEST`].
    pub first_wait: Duration,
    /// From the request to the last byte of one try.
    pub timeout: Duration,
}

impl Retries {
    /// No wait between two tries is longer, whatever the store asks for.
    pub const LONGEST: Duration = Duration::from_secs(20);

    fn wait(&self, tried: u32, asked_for: Option<Duration>) -> Duration {
        let doubled = self.first_wait.saturating_mul(1 << tried.saturating_sub(1).min(10));
        // Many threads were refused at the same moment: they should not all come back at the same moment.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        let spread = doubled / 2 + doubled.mul_f64(f64::from(now % 1_000) / 2_000.0);
        spread.max(asked_for.unwrap_or_default()).min(Self::LONGEST)
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self { tries: 6, first_wait: Duration::from_millis(200), timeout: Duration::from_secs(60) }
    }
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// A store's answer, its body whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The longest body that is not a range of an object: listings have some 500 bytes a key.
const LISTING: u64 = 16 << 20;

pub(crate) struct Client {
    agent: Agent,
    retries: Retries,
    counters: Counters,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("retries", &self.retries).finish_non_exhaustive()
    }
}

/// One request, made anew for each try: a signature holds for a time only.
pub(crate) struct Request {
    pub head: bool,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    /// How many bytes of a body are wanted at most; `None` for a listing.
    pub most: Option<u64>,
    /// A file of this machine that is sent, as a `PUT`.
    pub body: Option<PathBuf>,
}

impl Client {
    pub(crate) fn new(retries: Retries) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(retries.timeout))
            .max_idle_connections(128)
            .max_idle_connections_per_host(128)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Self { agent, retries, counters: Counters::default() }
    }

    pub(crate) fn requests(&self) -> Requests {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Requests { requests: get(&self.counters.requests), bytes: get(&self.counters.bytes) }
    }

    /// Sends a request until there is an answer that does not say "later".
    pub(crate) fn send(&self, make: &dyn Fn() -> io::Result<Request>, what: &str) -> io::Result<Answer> {
        let mut tried = 0;
        loop {
            tried += 1;
            let (failed, wait) = match self.once(&make()?) {
                Ok(answer) if !matches!(answer.status, 429 | 500 | 502 | 503 | 504) => return Ok(answer),
                Ok(answer) => (answer.error(what), answer.retry_after()),
                Err(error) => (error, None),
            };
            if tried >= self.retries.tries {
                return Err(io::Error::new(failed.kind(), format!("{failed} (tried {tried} times)")));
            }
            std::thread::sleep(self.retries.wait(tried, wait));
        }
    }

    fn once(&self, request: &Request) -> io::Result<Answer> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        if let Some(file) = &request.body {
            return self.put(&request.url, file);
        }
        let builder: RequestBuilder<WithoutBody> =
            if request.head { self.agent.head(&request.url) } else { self.agent.get(&request.url) };
        let builder = request.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
        let mut response: Response<Body> = builder.call().map_err(told)?;
        // What is wrong is told in a body, however few bytes of the object were asked for.
        let most = request.most.filter(|_| response.status().is_success()).unwrap_or(LISTING);
        let body = response.body_mut().with_config().limit(most.saturating_add(1)).read_to_vec().map_err(told)?;
        self.counters.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        let (parts, _) = response.into_parts();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        let cut = !request.head && answer.length().is_some_and(|length| length != answer.body.len() as u64);
        if cut || (answer.status < 300 && answer.body.len() as u64 > most) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body is not as long as the store said"));
        }
        Ok(answer)
    }

    fn put(&self, url: &str, file: &Path) -> io::Result<Answer> {
        let file = File::open(file)?;
        // What is sent is as long as it is, and the least speed that is waited for is half a megabyte a second.
        let longer = Duration::from_secs(file.metadata()?.len() / 500_000);
        let config = self.agent.put(url).config().timeout_global(Some(self.retries.timeout + longer));
        let mut response = config.build().send(&file).map_err(told)?;
        let body = response.body_mut().with_config().limit(LISTING).read_to_vec().map_err(told)?;
        let (parts, _) = response.into_parts();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

fn told(error: ureq::Error) -> io::Error {
    match error {
        ureq::Error::Io(error) => error,
        ureq::Error::Timeout(_) => io::Error::new(io::ErrorKind::TimedOut, "the store took too long to answer"),
        ureq::Error::HostNotFound => io::Error::new(io::ErrorKind::NotFound, "there is no such host"),
        other => io::Error::other(without_queries(&other.to_string())),
    }
}

/// A message without what stands behind the `?` of addresses: signatures.
fn without_queries(text: &str) -> String {
    let words = text.split(' ').map(|word| word.split_once('?').map_or(word, |(address, _)| address));
    words.collect::<Vec<_>>().join(" ")
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The length of the body that the head states.
    fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.header("retry-after")?.parse().ok()?))
    }

    /// What the head says of the object: its whole length from `Content-Range`, where only a range came.
    pub(crate) fn object(&self) -> Object {
        let total = self.header("content-range").and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        let modified = self.header("last-modified").and_then(|text| chrono::DateTime::parse_from_rfc2822(text).ok());
        Object {
            len: total.or_else(|| self.length()).unwrap_or(self.body.len() as u64),
            modified: modified.map(|time| i128::from(time.timestamp()) * 1_000_000_000),
            etag: self.header("etag").map(str::to_owned),
        }
    }

    /// The code that an S3 error names, such as `NoSuchBucket`.
    pub(crate) fn code(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.body).ok()?;
        let from = text.find("<Code>")? + "<Code>".len();
        let code = text.get(from..)?.split('<').next()?;
        (code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(code)
    }

    /// An answer that is none, as an error of the kind that a drive would give.
    pub(crate) fn error(&self, what: &str) -> io::Error {
        let kind = match self.status {
            401 | 403 => io::ErrorKind::PermissionDenied,
            404 | 410 => io::ErrorKind::NotFound,
            408 | 504 => io::ErrorKind::TimedOut,
            412 => io::ErrorKind::ResourceBusy,
            _ => io::ErrorKind::Other,
        };
        let says = match (self.status, self.code()) {
            (412, _) => "it was exchanged since it was listed".to_owned(),
            (status, Some(code)) => format!("the store answers {status} {code}"),
            (status, None) => format!("the store answers {status}"),
        };
        io::Error::new(kind, format!("{what}: {says}"))
    }
}
