//! Manifests kept elsewhere (C2PA 2.2, section 11.4: `dcterms:provenance` with an address), fetched where the user
//! typed that. The only place that opens a connection.
//!
//! The address stands in a file that anybody may have made: only https is spoken, only with public addresses, and
//! the address that was checked is the one that is connected to. No proxy, no credentials, few redirects, each
//! checked like the first address; bounded in bytes, time and number.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, config::Config};

use countersign_model::limits;

/// What may be fetched. The command line knows the default only.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether this machine itself may be asked: for tests.
    pub loopback: bool,
    /// Certification authorities, DER; empty for the public ones.
    pub authorities: Vec<Vec<u8>>,
    /// Bytes of one manifest store.
    pub one: u64,
    /// Bytes of all manifest stores that one run fetches, together.
    pub all: u64,
    /// From the look-up of the name to the last byte, redirects included.
    pub time: Duration,
    /// Different addresses of one run.
    pub addresses: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            loopback: false,
            authorities: Vec::new(),
            one: limits::STORE as u64,
            all: limits::FETCHED,
            time: Duration::from_secs(30),
            addresses: limits::ADDRESSES,
        }
    }
}

/// A store's bytes, or why there are none.
type Answer = Result<Arc<Vec<u8>>, String>;

/// Redirects that are followed.
const REDIRECTS: u32 = 3;
/// The longest address.
const ADDRESS: usize = 2_048;
/// How often a waiting thread looks whether the run was stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Fetches each address once in a run.
pub(super) struct Fetcher {
    agent: Agent,
    rules: Rules,
    answers: Mutex<HashMap<String, Arc<OnceLock<Answer>>>>,
    /// Bytes that may still be fetched.
    left: Mutex<u64>,
    stopped: AtomicBool,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Fetcher {
    pub(super) fn new(rules: &Rules) -> Self {
        let (left, resolver) = (Mutex::new(rules.all), Public { loopback: rules.loopback });
        let agent = Agent::with_parts(config(rules), DefaultConnector::default(), resolver);
        Self { agent, rules: rules.clone(), answers: Mutex::default(), left, stopped: AtomicBool::new(false) }
    }

    /// Ends what is under way and all that would follow.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The bytes at this address; threads that ask for the same one wait for each other.
    pub(super) fn bytes(&self, address: &str) -> Answer {
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            if !answers.contains_key(address) && answers.len() >= self.rules.addresses {
                return Err(format!("more than {} addresses are not fetched in one run", self.rules.addresses));
            }
            Arc::clone(answers.entry(address.to_owned()).or_default())
        };
        answer.get_or_init(|| self.ask(address)).clone()
    }

    fn ask(&self, address: &str) -> Answer {
        allowed(address)?;
        let left = *self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left == 0 {
            return Err(format!("more than {} bytes are not fetched in one run", self.rules.all));
        }
        let most = self.rules.one.min(left);
        let (tell, answer) = sync_channel(1);
        let (agent, address) = (self.agent.clone(), address.to_owned());
        // A connection cannot be interrupted: it is left to its own time limit.
        let ask = move || tell.send(get(&agent, &address, most)).unwrap_or_default();
        std::thread::Builder::new().name("fetch".to_owned()).spawn(ask).map_err(|e| e.to_string())?;
        loop {
            match answer.recv_timeout(POLL_INTERVAL) {
                Ok(Err(what)) => return Err(what),
                Ok(Ok(bytes)) => {
                    let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
                    *left = left.saturating_sub(bytes.len() as u64);
                    return Ok(Arc::new(bytes));
                }
                Err(RecvTimeoutError::Disconnected) => return Err("the client failed".to_owned()),
                Err(RecvTimeoutError::Timeout) if self.stopped.load(Ordering::Relaxed) => {
                    return Err("the run was stopped".to_owned());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn config(rules: &Rules) -> Config {
    let roots = match rules.authorities.as_slice() {
        [] => RootCerts::WebPki,
        own => {
            let own: Vec<_> = own.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
            RootCerts::new_with_certs(&own)
        }
    };
    Agent::config_builder()
        .https_only(true)
        .proxy(None)
        .max_redirects(REDIRECTS)
        .max_redirects_will_error(true)
        .http_status_as_error(true)
        .timeout_global(Some(rules.time))
        .max_idle_connections(0)
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .accept("application/c2pa")
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build()
}

/// Whether the address as written may be asked at all.
fn allowed(address: &str) -> Result<(), String> {
    if address.len() > ADDRESS {
        return Err(format!("an address of {} characters is not fetched", address.len()));
    }
    let uri: Uri = address.parse().map_err(|e| format!("not an address: {e}"))?;
    if uri.scheme_str() != Some("https") {
        return Err("only https is fetched".to_owned());
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => Err("an address with a user name is not fetched".into()),
        Some(_) => Ok(()),
        None => Err("not an address: it names no host".to_owned()),
    }
}

fn get(agent: &Agent, address: &str, most: u64) -> Result<Vec<u8>, String> {
    let mut response = agent.get(address).call().map_err(describe_error)?;
    let limit = most.saturating_add(1);
    match response.body_mut().with_config().limit(limit).read_to_vec() {
        Ok(bytes) if bytes.len() as u64 <= most => Ok(bytes),
        Ok(_) | Err(ureq::Error::BodyExceedsLimit(_)) => Err(format!("it is longer than {most} bytes")),
        Err(error) => Err(describe_error(error)),
    }
}

fn describe_error(error: ureq::Error) -> String {
    match error {
        ureq::Error::RequireHttpsOnly(_) => "it redirects to an address without https".to_owned(),
        ureq::Error::StatusCode(code) => format!("the server answers with status {code}"),
        ureq::Error::Timeout(_) => "it took too long".to_owned(),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::Other(other) => other.to_string(),
        other => other.to_string(),
    }
}

/// Looks names up and lets only public addresses through: what is checked here is what is connected to.
#[derive(Debug)]
struct Public {
    loopback: bool,
}

impl Resolver for Public {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        // A redirect may name a user as well.
        allowed(&uri.to_string()).map_err(|what| ureq::Error::Other(what.into()))?;
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let private = found.iter().find(|a| !(is_public(a.ip()) || self.loopback && a.ip().is_loopback()));
        match private {
            // One private address among public ones is one too many: somebody means to be let in.
            Some(address) => Err(ureq::Error::Other(format!("{} is no public address", address.ip()).into())),
            None => Ok(found),
        }
    }
}

/// Networks of the IPv4 special-purpose registry (RFC 6890 and later) that are not for everybody: prefix and bits.
const RESERVED: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The same within 2000::/3; what lies outside of it is not public at all.
const RESERVED_6: &[(Ipv6Addr, u32)] = &[
    // Protocol assignments (Teredo, benchmarking, ORCHID), documentation, 6to4, AS112.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether the address is one of the open internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !RESERVED.iter().any(|(net, bits)| {
            let shift = 32 - bits;
            address.to_bits() >> shift == net.to_bits() >> shift
        }),
        IpAddr::V6(address) => {
            let (high, bits) = (address.segments(), address.to_bits());
            if high[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
                // Translated to IPv4 on the way (RFC 6052).
                return is_public(IpAddr::V4(Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32)));
            }
            let within = |net: &Ipv6Addr, count: u32| bits >> (128 - count) == net.to_bits() >> (128 - count);
            high[0] >> 13 == 1 && !RESERVED_6.iter().any(|(net, count)| within(net, *count))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_public() {
        for text in [
            "127.0.0.1",
            "127.255.0.9",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::a01:203",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1",
            "2a00:1450::1",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_are_checked_as_they_are_written() {
        for (address, says) in [
            ("http://example.com/a", "only https"),
            ("ftp://example.com/a", "only https"),
            ("file:///etc/passwd", "not an address"),
            ("https://user:word@example.com/a", "user name"),
            ("https:///a", "not an address"),
            ("not an address", "not an address"),
        ] {
            let what = allowed(address).unwrap_err();
            assert!(what.contains(says), "{address}: {what}");
        }
        assert!(allowed(&format!("https://example.com/{}", "a".repeat(ADDRESS))).unwrap_err().contains("characters"));
        assert_eq!(allowed("https://example.com:8443/a?b=c"), Ok(()));
    }

    #[test]
    fn this_machine_is_never_asked() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let fetcher = Fetcher::new(&Rules::default());
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
            let what = fetcher.bytes(&format!("https://{host}:{port}/a.c2pa")).unwrap_err();
            assert!(what.contains("no public address"), "{host}: {what}");
        }
        assert!(listener.accept().is_err());
    }
}
