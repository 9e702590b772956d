//! Addresses of object stores, as they are typed: `s3://bucket/prefix`, `https://host/path/`.

use std::io;

use url::Url;

/// What is asked of which store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `s3://bucket/prefix`
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The keys' beginning, without a slash at its end; empty for the whole bucket.
        prefix: String,
    },
    /// `https://host/path`, or `http://` where that was typed.
    Web {
        /// The folder that holds everything, with a slash at its end.
        base: Url,
        /// The one file that is asked for; empty for the folder.
        file: String,
    },
}

/// Whether a root as typed names an object store and no folder of this machine.
///
/// ```
/// assert!(countersign_objects::is_address("s3://bucket/show"));
/// assert!(countersign_objects::is_address("https://host/show/"));
/// assert!(!countersign_objects::is_address("/Volumes/show"));
/// assert!(!countersign_objects::is_address("file.s3://x"));
/// ```
#[must_use]
pub fn is_address(text: &str) -> bool {
    ["s3://", "https://", "http://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

impl Address {
    /// Reads an address as typed.
    ///
    /// ```
    /// use countersign_objects::Address;
    ///
    /// let address = Address::parse("s3://deliveries/show/ep101/")?;
    /// assert_eq!(address, Address::S3 { bucket: "deliveries".to_owned(), prefix: "show/ep101".to_owned() });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` with what is wrong with it.
    pub fn parse(text: &str) -> io::Result<Self> {
        // What may hold a key is not repeated.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let shown = match (shown.split_once("://"), shown.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => shown.to_owned(),
        };
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{shown}: {what}"));
        if !is_address(text) {
            return Err(wrong("not an address of an object store: it begins with s3:// or https://"));
        }
        if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("s3://")) {
            let rest = text.get(5..).unwrap_or_default();
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(wrong("it names no bucket: s3://BUCKET/PREFIX"));
            }
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_end_matches('/').to_owned() });
        }
        let mut base = Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("an address with a user name or password is not asked; they would show in reports"));
        }
        if base.query().is_some() {
            return Err(wrong("an address with a query is not asked: what stands behind the ? is most often a key"));
        }
        base.set_fragment(None);
        let path = base.path().to_owned();
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let decoded = percent_encoding::percent_decode_str(file).decode_utf8();
        let file = decoded.map_err(|_| wrong("its last part is not UTF-8"))?.into_owned();
        base.set_path(&format!("{folder}/"));
        Ok(Self::Web { base, file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_told() {
        for (text, says) in [
            ("s3://", "no bucket"),
            ("s3:///show", "no bucket"),
            ("ftp://host/", "begins with"),
            ("https://user:pw@host/", "user name"),
            ("https://host/a.png?X-Amz-Signature=pw", "query"),
            ("https://", "empty host"),
        ] {
            let error = Address::parse(text).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(says) && !error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn a_web_address_is_a_folder_or_a_file_in_one() {
        let Address::Web { base, file } = Address::parse("https://host/show%20one/still%201.png").unwrap() else {
            panic!("no web address")
        };
        assert_eq!((base.as_str(), file.as_str()), ("https://host/show%20one/", "still 1.png"));
        let Address::Web { base, file } = Address::parse("https://host").unwrap() else { panic!("no web address") };
        assert_eq!((base.as_str(), file.as_str()), ("https://host/", ""));
    }
}
