//! TLS without a proxy: with a certificate and a key in files (PEM, RFC 7468), which are read again when they change.
//!
//! Handshakes run beside each other: one that hangs holds up nobody, and ends by itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::settings::Certificate;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at the same time; further connections wait.
const MOST: usize = 256;
/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(1);

/// What connections are encrypted with: read from the files now.
///
/// # Errors
/// What is wrong with the files, as a sentence for people.
pub fn config(files: &Certificate) -> Result<Arc<ServerConfig>, String> {
    let (chain, key) = (&files.chain, &files.key);
    let told = |path: &std::path::Path, what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let certificates = CertificateDer::pem_file_iter(chain).map_err(|e| told(chain, &e))?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|e| told(chain, &e))?;
    if certificates.is_empty() {
        return Err(told(chain, &"holds no certificate: it begins with -----BEGIN CERTIFICATE-----"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| {
        told(key, &format!("holds no private key that can be read ({e}): it is in PEM, without a password"))
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| e.to_string())?.with_no_client_auth();
    let made = builder.with_single_cert(certificates, private);
    let mut made = made.map_err(|e| format!("{} and {} do not go together: {e}", chain.display(), key.display()))?;
    made.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(made))
}

/// When the files were last written.
fn written(files: &Certificate) -> [Option<SystemTime>; 2] {
    [&files.chain, &files.key].map(|path| std::fs::metadata(path).and_then(|known| known.modified()).ok())
}

/// Connections whose handshake is done.
pub(crate) struct Listener {
    arriving: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Listener {
    /// Takes connections from now on. `tell` hears of files that changed and cannot be used: those of before go on.
    pub(crate) fn new(
        listener: TcpListener,
        files: Certificate,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let first = config(&files).map_err(io::Error::other)?;
        let (done, arriving) = mpsc::channel(MOST);
        tokio::spawn(accept(listener, Renewed::new(files, first), done, tell));
        Ok(Self { arriving, address })
    }
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.arriving.recv().await {
            Some(connection) => connection,
            // Nothing accepts any more: the server is ending.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// What is encrypted with, as the files were when they were last looked at.
struct Renewed {
    files: Certificate,
    config: Arc<ServerConfig>,
    written: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Renewed {
    fn new(files: Certificate, config: Arc<ServerConfig>) -> Self {
        let written = written(&files);
        Self { files, config, written, looked: Instant::now() }
    }

    fn now(&mut self, tell: &impl Fn(&str)) -> TlsAcceptor {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            let written = written(&self.files);
            if written != self.written {
                match config(&self.files) {
                    Ok(config) => (self.config, self.written) = (config, written),
                    Err(what) => tell(&what),
                }
            }
        }
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

async fn accept(
    listener: TcpListener,
    mut renewed: Renewed,
    done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
    tell: impl Fn(&str) + Send + Sync + 'static,
) {
    let turns = Arc::new(Semaphore::new(MOST));
    while !done.is_closed() {
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let (stream, from) = match listener.accept().await {
            Ok(connection) => connection,
            // No more files can be opened just now, or the other side has gone.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (acceptor, done) = (renewed.now(&tell), done.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // Where nobody takes it the server is ending.
                let _ = done.send((stream, from)).await;
            }
            drop(turn);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_certificate_and_key_are_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let files = Certificate { chain: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
        assert!(config(&files).unwrap_err().contains("chain.pem"));
        std::fs::write(&files.chain, "no certificate").unwrap();
        assert!(config(&files).unwrap_err().contains("holds no certificate"));
        std::fs::write(&files.chain, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        std::fs::write(&files.key, "no key").unwrap();
        assert!(config(&files).unwrap_err().contains("key.pem: holds no private key"));
    }
}
