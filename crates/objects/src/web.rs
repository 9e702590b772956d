//! Files behind a web server: HTTP/1.1 with ranges (RFC 9110).
//!
//! HTTP knows no listing. Of a folder, the page that the server makes of it is read: its links to what stands directly
//! below (Apache `mod_autoindex`, nginx `autoindex`, `python -m http.server`). A page without one is an error and no
//! empty folder.

use std::collections::BTreeSet;
use std::io;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::Options;
use crate::client::{Client, Request};
use crate::s3::{range_headers, ranged};
use crate::store::{Listed, Object, Range, Requests, Store};

#[derive(Debug)]
pub(crate) struct Web {
    client: Client,
    base: Url,
}

impl Web {
    pub(crate) fn new(base: &Url, options: &Options) -> Self {
        Self { client: Client::new(options.retries), base: base.clone() }
    }

    /// The address of a key: its parts encoded one by one.
    fn url(&self, key: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(key.split('/'));
        }
        url
    }
}

impl Store for Web {
    fn list(&self, prefix: &str) -> io::Result<Listed> {
        let url = self.url(prefix);
        let what = url.to_string();
        let answer = self.client.send(&|| Ok(request(false, &url, Vec::new(), None)), &what)?;
        if answer.status == 404 && !prefix.is_empty() {
            return Ok(Listed::default());
        }
        if answer.status != 200 {
            return Err(answer.error(&what));
        }
        let page = String::from_utf8_lossy(&answer.body);
        let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let listed = if is_page { links(&page, &url) } else { Listed::default() };
        if listed.objects.is_empty() && listed.folders.is_empty() && !(is_page && is_index(&page)) {
            let what = format!("{what}: the server makes no list of this folder: name its files, or use s3://");
            return Err(io::Error::new(io::ErrorKind::Unsupported, what));
        }
        Ok(listed)
    }

    fn head(&self, key: &str) -> io::Result<Object> {
        let url = self.url(key);
        let answer = self.client.send(&|| Ok(request(true, &url, Vec::new(), Some(0))), url.as_str())?;
        match answer.status {
            200 if answer.header("content-length").is_some() => Ok(answer.object()),
            200 => Err(io::Error::new(io::ErrorKind::Unsupported, format!("{url}: the server states no length"))),
            _ => Err(answer.error(url.as_str())),
        }
    }

    fn range(&self, key: &str, etag: Option<&str>, from: u64, len: u64) -> io::Result<Range> {
        let url = self.url(key);
        // A weak tag never matches (RFC 9110, section 13.1.1).
        let etag = etag.filter(|etag| !etag.starts_with("W/"));
        let make = || Ok(request(false, &url, range_headers(etag, from, len), Some(len)));
        ranged(self.client.send(&make, url.as_str())?, from, len, url.as_str())
    }

    fn requests(&self) -> Requests {
        self.client.requests()
    }
}

fn request(head: bool, url: &Url, headers: Vec<(&'static str, String)>, most: Option<u64>) -> Request {
    Request { head, url: url.to_string(), headers, most, body: None }
}

/// Whether the page is a server's list of a folder, which may be empty: all of them are called so.
fn is_index(page: &str) -> bool {
    let lower = page.to_ascii_lowercase();
    ["index of", "directory listing"].iter().any(|title| lower.contains(title))
}

/// What the page links to directly below its own address.
fn links(page: &str, own: &Url) -> Listed {
    let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
    for value in attributes(page) {
        let Ok(target) = own.join(&value) else { continue };
        // Links that sort the list have a query.
        if target.query().is_some() || target.origin() != own.origin() {
            continue;
        }
        let Some(below) = target.path().strip_prefix(own.path()) else { continue };
        let decode = |name: &str| percent_decode_str(name).decode_utf8().ok().map(|name| name.into_owned());
        match below.split_once('/') {
            None if !below.is_empty() => files.extend(decode(below)),
            Some((folder, "")) if !folder.is_empty() => folders.extend(decode(folder)),
            _ => {}
        }
    }
    Listed { objects: files.into_iter().map(|name| (name, None)).collect(), folders: folders.into_iter().collect() }
}

/// The values of all `href` attributes.
fn attributes(page: &str) -> impl Iterator<Item = String> {
    let lower = page.to_ascii_lowercase();
    let places: Vec<usize> = lower.match_indices("href=").map(|(at, text)| at + text.len()).collect();
    places.into_iter().filter_map(|at| {
        let rest = page.get(at..)?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            Some(quote) => rest.get(1..)?.split(quote).next()?,
            None => rest.split([' ', '>']).next()?,
        };
        Some(value.replace("&amp;", "&").replace("&#x27;", "'").replace("&#39;", "'").replace("&quot;", "\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_a_folder_is_read_whoever_made_it() {
        let own = Url::parse("https://host/show/ep%201/").unwrap();
        for page in [
            // Apache, nginx, Python.
            r#"<title>Index of /show</title><a href="?C=N;O=D">Name</a><a href="/show/">Parent</a>
               <a href="a%20b.png">a b.png</a><A HREF='sub/'>sub/</A><a href="/icons/x.png">x</a>"#,
            r#"<h1>Index of /show/</h1><a href="../">../</a><a href="a%20b.png">a b.png</a> 1 <a href="sub/">sub/</a>"#,
            r#"<title>Directory listing for /show/</title><li><a href="a%20b.png">a b.png</a><li><a href=sub/>sub/</a>"#,
            r#"<a href="https://host/show/ep%201/a%20b.png"></a><a href="/show/ep%201/sub/"></a>
               <a href="https://other/show/ep%201/z.png"></a><a href="sub/deep.png"></a>"#,
        ] {
            let listed = links(page, &own);
            assert_eq!(listed.objects, [("a b.png".to_owned(), None)], "{page}");
            assert_eq!(listed.folders, ["sub"], "{page}");
        }
        assert!(is_index("<title>Index of /</title>"));
        assert!(!is_index("<title>Welcome</title>"));
    }
}
