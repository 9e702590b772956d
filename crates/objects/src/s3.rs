//! Amazon S3 and what speaks its language: `ListObjectsV2`, `HeadObject`, `GetObject` with ranges.
//!
//! Addresses are signed for a minute each (AWS Signature Version 4, query parameters), so that nothing else of a request
//! needs to be signed.

use std::io;
use std::path::Path;
use std::sync::RwLock;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use url::Url;

use crate::client::{Answer, Client, Request};
use crate::credentials::{Environment, Resolved};
use crate::store::{Listed, Object, Range, Requests, Store};
use crate::{Options, credentials};

/// How long a signed address holds.
const SIGNED: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(crate) struct S3 {
    client: Client,
    bucket_name: String,
    endpoint: Option<String>,
    environment: Environment,
    state: RwLock<Arc<Signing>>,
}

/// What requests are made and signed with; it changes when the store names another region or keys have run out.
#[derive(Debug)]
struct Signing {
    bucket: Bucket,
    credentials: Option<Credentials>,
}

impl S3 {
    pub(crate) fn new(bucket: &str, options: &Options) -> io::Result<Self> {
        let resolved = credentials::resolve(&options.environment)?;
        let endpoint = options.endpoint.clone().or_else(|| resolved.endpoint.clone());
        let signing = signing(bucket, endpoint.as_deref(), &resolved)?;
        Ok(Self {
            client: Client::new(options.retries),
            bucket_name: bucket.to_owned(),
            endpoint,
            environment: options.environment.clone(),
            state: RwLock::new(Arc::new(signing)),
        })
    }

    fn signing(&self) -> Arc<Signing> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a request; once more with the right region or with fresh keys, where the answer says that is what is wrong.
    fn send(&self, what: &str, make: &dyn Fn(&Signing) -> Request) -> io::Result<Answer> {
        for _ in 0..2 {
            let answer = self.client.send(&|| Ok(make(&self.signing())), what)?;
            if !self.mended(&answer)? {
                return Ok(answer);
            }
        }
        self.client.send(&|| Ok(make(&self.signing())), what)
    }

    fn mended(&self, answer: &Answer) -> io::Result<bool> {
        let current = self.signing();
        if let Some(region) = answer.header("x-amz-bucket-region")
            && matches!(answer.status, 301 | 307 | 400 | 403)
            && region != current.bucket.region()
            && self.endpoint.is_none()
        {
            let resolved = Resolved { region: region.to_owned(), ..credentials::resolve(&self.environment)? };
            return self.replace(&resolved);
        }
        if matches!(answer.status, 400 | 403) && matches!(answer.code(), Some("ExpiredToken" | "TokenRefreshRequired"))
        {
            let resolved = credentials::resolve(&self.environment)?;
            let region = current.bucket.region().to_owned();
            let same =
                current.credentials.as_ref().map(Credentials::key) == resolved.keys.as_ref().map(|k| k.key.as_str());
            if !same {
                return self.replace(&Resolved { region, ..resolved });
            }
        }
        Ok(false)
    }

    fn replace(&self, resolved: &Resolved) -> io::Result<bool> {
        let signing = signing(&self.bucket_name, self.endpoint.as_deref(), resolved)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signing);
        Ok(true)
    }

    /// Writes a file of this machine as an object, in one request: it is there whole or not at all.
    pub(crate) fn put(&self, key: &str, file: &Path) -> io::Result<()> {
        let what = self.called(key);
        let answer = self.send(&what, &|signing| {
            let url = signing.bucket.put_object(signing.credentials.as_ref(), key).sign(SIGNED);
            Request { body: Some(file.to_path_buf()), ..request(false, url, Vec::new(), None) }
        })?;
        if answer.status == 200 { Ok(()) } else { Err(answer.error(&what)) }
    }

    fn called(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket_name)
    }
}

fn signing(bucket: &str, endpoint: Option<&str>, resolved: &Resolved) -> io::Result<Signing> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let (url, style) = match endpoint {
        Some(endpoint) => {
            let url = Url::parse(endpoint).map_err(|e| wrong(format!("the endpoint is no address: {e}")))?;
            if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
                let what = "the endpoint holds a user name, a password or a query: name the store alone";
                return Err(wrong(what.to_owned()));
            }
            (url, UrlStyle::Path)
        }
        None => {
            let host = format!("https://s3.{}.amazonaws.com", resolved.region);
            let url = Url::parse(&host).map_err(|e| wrong(format!("the region {}: {e}", resolved.region)))?;
            // The certificate of `*.s3.REGION.amazonaws.com` does not hold for a name with a dot.
            (url, if bucket.contains('.') { UrlStyle::Path } else { UrlStyle::VirtualHost })
        }
    };
    let bucket = Bucket::new(url, style, bucket.to_owned(), resolved.region.clone())
        .map_err(|e| wrong(format!("the bucket {bucket}: {e}")))?;
    let credentials = resolved.keys.as_ref().map(|keys| match &keys.token {
        Some(token) => Credentials::new_with_token(&*keys.key, &*keys.secret, &**token),
        None => Credentials::new(&*keys.key, &*keys.secret),
    });
    Ok(Signing { bucket, credentials })
}

impl Store for S3 {
    fn list(&self, prefix: &str) -> io::Result<Listed> {
        let (what, mut listed, mut next) = (self.called(prefix), Listed::default(), None::<String>);
        loop {
            let answer = self.send(&what, &|signing| {
                let mut list = ListObjectsV2::new(&signing.bucket, signing.credentials.as_ref());
                list.with_prefix(prefix);
                list.with_delimiter("/");
                if let Some(token) = &next {
                    list.with_continuation_token(token.as_str());
                }
                request(false, list.sign(SIGNED), Vec::new(), None)
            })?;
            if answer.status != 200 {
                return Err(answer.error(&what));
            }
            let text = std::str::from_utf8(&answer.body).map_err(|_| malformed(&what, "it is not UTF-8"))?;
            let page = ListObjectsV2::parse_response(text).map_err(|e| malformed(&what, &e.to_string()))?;
            for object in page.contents {
                let name =
                    below(prefix, &object.key).ok_or_else(|| malformed(&what, "a key is not below the prefix"))?;
                let len = object.size.ok_or_else(|| malformed(&what, "it states no size"))?;
                let modified = object.last_modified.as_deref().and_then(nanoseconds);
                listed.objects.push((name, Some(Object { len, modified, etag: object.etag })));
            }
            for folder in page.common_prefixes {
                let name =
                    below(prefix, &folder.prefix).ok_or_else(|| malformed(&what, "a key is not below the prefix"))?;
                listed.folders.push(name.trim_end_matches('/').to_owned());
            }
            match page.next_continuation_token {
                Some(token) if next.as_ref() == Some(&token) => return Err(malformed(&what, "it does not end")),
                Some(token) => next = Some(token),
                None => return Ok(listed),
            }
        }
    }

    fn head(&self, key: &str) -> io::Result<Object> {
        let what = self.called(key);
        let answer = self.send(&what, &|signing| {
            let url = signing.bucket.head_object(signing.credentials.as_ref(), key).sign(SIGNED);
            request(true, url, Vec::new(), Some(0))
        })?;
        if answer.status == 200 { Ok(answer.object()) } else { Err(answer.error(&what)) }
    }

    fn range(&self, key: &str, etag: Option<&str>, from: u64, len: u64) -> io::Result<Range> {
        let what = self.called(key);
        let answer = self.send(&what, &|signing| {
            let url = signing.bucket.get_object(signing.credentials.as_ref(), key).sign(SIGNED);
            request(false, url, range_headers(etag, from, len), Some(len))
        })?;
        ranged(answer, from, len, &what)
    }

    fn requests(&self) -> Requests {
        self.client.requests()
    }
}

fn request(head: bool, url: Url, headers: Vec<(&'static str, String)>, most: Option<u64>) -> Request {
    Request { head, url: url.into(), headers, most, body: None }
}

/// `Range` and `If-Match`, as every store wants them.
pub(crate) fn range_headers(etag: Option<&str>, from: u64, len: u64) -> Vec<(&'static str, String)> {
    let mut headers = vec![("range", format!("bytes={from}-{}", from.saturating_add(len).saturating_sub(1)))];
    headers.extend(etag.map(|etag| ("if-match", etag.to_owned())));
    headers
}

/// The bytes of an answer to a request for a range.
pub(crate) fn ranged(answer: Answer, from: u64, len: u64, what: &str) -> io::Result<Range> {
    let object = answer.object();
    match answer.status {
        206 if answer.body.len() as u64 == len => Ok(Range { bytes: answer.body, object }),
        // The whole object came, which is what was asked for.
        200 if from == 0 && answer.body.len() as u64 == len => Ok(Range { bytes: answer.body, object }),
        206 => {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{what}: another range came than was asked for")))
        }
        200 => Err(io::Error::new(io::ErrorKind::Unsupported, format!("{what}: the store does not serve ranges"))),
        416 => Err(io::Error::new(io::ErrorKind::ResourceBusy, format!("{what}: it is shorter than it was listed"))),
        _ => Err(answer.error(what)),
    }
}

fn malformed(what: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}: the listing cannot be read: {why}"))
}

/// The part of a key behind the prefix. Keys are percent-encoded in listings, and decoded by the crate.
fn below(prefix: &str, key: &str) -> Option<String> {
    key.strip_prefix(prefix).map(str::to_owned)
}

/// `2026-11-28T17:29:14.000Z` as nanoseconds since the Unix epoch.
fn nanoseconds(text: &str) -> Option<i128> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    // Heads of answers state whole seconds only: both must be told in the same way.
    Some(i128::from(time.timestamp()) * 1_000_000_000)
}
