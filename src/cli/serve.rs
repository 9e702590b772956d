//! `countersign serve`: hot folders, a queue, review and approval in a browser.

mod reaching;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::config;
use super::console::print;
use super::inside::Trees;
use super::worker;
use countersign_credentials::{self as c2pa, Verifier, Verify};
use countersign_judge::policy::Policy;
use countersign_model::error::{Error, Result};
use countersign_server::settings::{self, Root, Settings, WEBHOOK_SECRET, Webhook};
use countersign_server::{Server, serve};

/// Hot folders, a queue, review and approval in a browser.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign serve --data /var/lib/countersign --root drops=/mnt/drops\n  \
    countersign serve --data data --root drops=/mnt/drops --policy policy.toml --four-eyes \\\n    \
    --public https://review.example.com\n  \
    countersign serve --data data --root drops=/mnt/drops -- --integrity --verify offline\n\n\
    Each folder right below a root is a delivery. The first start prints a link that makes the first admin. Keep the data, the\n\
    ledger and the policy outside of the roots. COUNTERSIGN_WEBHOOK_SECRET holds what messages to --webhook are signed with,\n\
    COUNTERSIGN_OIDC_SECRET what an identity provider knows this server by.")]
pub(super) struct Arguments {
    /// Folder of the queue, people and reports; made where there is none
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder to watch, repeatable: each folder right below it is a delivery
    #[arg(long, value_name = "NAME=PATH", required = true, value_parser = settings::root)]
    root: Vec<Root>,
    /// Ledger of approvals [default: approvals.jsonl in the data folder]
    #[arg(long, value_name = "LEDGER", env = "COUNTERSIGN_APPROVALS")]
    approvals: Option<PathBuf>,
    /// Policy file, or the name of a built-in policy (netflix-genai, archival, observe)
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8750")]
    listen: SocketAddr,
    /// Address under which people reach the server through a proxy, with its scheme
    #[arg(long, value_name = "URL")]
    public: Option<Url>,
    #[command(flatten)]
    tls: reaching::Tls,
    #[command(flatten)]
    oidc: reaching::Oidc,
    /// Seconds for which everything in a delivery must have stayed as it is
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    settle: u64,
    /// Seconds between looks at the folders
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    poll: u64,
    /// A file of this name in a delivery says that it is complete
    #[arg(long, value_name = "NAME")]
    marker: Option<String>,
    /// Deliveries that are scanned at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    scans: u8,
    /// Who asks for an approval may not give it
    #[arg(long)]
    four_eyes: bool,
    /// Program to run after each verdict: the delivery in DELIVERY_… variables, the verdict as JSON on standard input
    #[arg(long, value_name = "PROGRAM")]
    on_verdict: Option<PathBuf>,
    /// Address that each verdict is posted to, signed; opens connections
    #[arg(long, value_name = "URL")]
    webhook: Option<Url>,
    /// Further options of `scan`, after `--`
    #[arg(last = true, value_name = "OPTION")]
    scan_options: Vec<String>,
}

pub(super) fn run(arguments: Arguments) -> Result<u8> {
    let secret_file = arguments.oidc.secret_file().map(Path::to_path_buf);
    let mut settings = settings_of(arguments)?;
    outside(&settings, secret_file.as_deref())?;
    if let Some(policy) = &settings.policy {
        Policy::named(policy)?;
    }
    let listener = TcpListener::bind(settings.listen).and_then(|listener| {
        settings.listen = listener.local_addr()?;
        Ok(listener)
    });
    let address = settings.listen;
    let listener = listener.map_err(|e| Error::Usage {
        what: format!("cannot listen on {address}: {e}"),
        hint: "name another address: --listen 127.0.0.1:8751".to_owned(),
    })?;
    let failed = |what: String| Error::Usage { what, hint: "nothing is served".to_owned() };
    let server = Server::open(settings).map_err(failed)?;
    decode_apart()?;
    let stopping = Arc::clone(&server);
    let _ = ctrlc::set_handler(move || stopping.stop());
    print(&greeting(&server).map_err(failed)?)?;
    serve(&server, listener).map_err(failed)?;
    Ok(0)
}

/// Pictures are decoded by worker processes, as in a scan.
fn decode_apart() -> Result<()> {
    let options = c2pa::Options { verify: Verify::Off, worker: worker::program(), ..c2pa::Options::default() };
    let verifier = Verifier::new(&options)?;
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    Ok(())
}

fn settings_of(arguments: Arguments) -> Result<Settings> {
    let usage = |what: String, hint: &str| Error::Usage { what, hint: hint.to_owned() };
    let program = std::env::current_exe().map_err(|e| usage(format!("this program does not find itself: {e}"), ""))?;
    let data = std::path::absolute(&arguments.data).map_err(|e| usage(e.to_string(), "name a folder: --data DIR"))?;
    let mut roots = Vec::new();
    for root in arguments.root {
        let path = root.path.canonicalize().ok().filter(|path| path.is_dir());
        let path = path.ok_or_else(|| {
            usage(
                format!("{} is no folder that can be read", root.path.display()),
                "name one that is: --root drops=/mnt/drops",
            )
        })?;
        if roots.iter().any(|known: &Root| known.name == root.name) {
            return Err(usage(
                format!("two roots are called {}", root.name),
                "give each a name of its own: --root NAME=PATH",
            ));
        }
        roots.push(Root { path, ..root });
    }
    let public = arguments.public.map(|url| reachable(url, usage)).transpose()?;
    let (certificate, identity) = (arguments.tls.certificate()?, arguments.oidc.provider()?);
    if public.is_none() && !settings::is_own(arguments.listen) {
        let what = match certificate {
            Some(_) => format!("{} can be reached from other machines, by a name that is not said", arguments.listen),
            None => format!(
                "{} can be reached from other machines, and passwords would go there in plain text",
                arguments.listen
            ),
        };
        return Err(usage(
            what,
            "put a proxy with TLS before it, or give it a certificate (--tls-cert, --tls-key), and name the address that \
             people use: --public https://review.example.com",
        ));
    }
    let webhook = match arguments.webhook {
        Some(url) => match std::env::var(WEBHOOK_SECRET).ok().filter(|secret| !secret.is_empty()) {
            Some(secret) => Some(Webhook { url, secret }),
            None => {
                return Err(usage(
                    format!("{WEBHOOK_SECRET} is not set"),
                    "it holds what messages to --webhook are signed with",
                ));
            }
        },
        None => None,
    };
    let defaults = Settings::new(data, roots, program);
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    Ok(Settings {
        approvals: arguments.approvals.map_or_else(|| defaults.approvals.clone(), absolute),
        policy: arguments.policy.or_else(config::policy),
        scan_options: arguments.scan_options,
        listen: arguments.listen,
        public,
        settle: Duration::from_secs(arguments.settle),
        poll: Duration::from_secs(arguments.poll),
        marker: arguments.marker,
        scans: usize::from(arguments.scans),
        four_eyes: arguments.four_eyes,
        command: arguments.on_verdict,
        webhook,
        identity,
        certificate,
        ..defaults
    })
}

/// Cookies of sessions reach a browser over TLS only, or on the machine itself.
fn reachable(url: Url, usage: impl Fn(String, &str) -> Error) -> Result<Url> {
    let local = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        _ => Err(usage(
            format!("{url} has no TLS"),
            "browsers keep sessions over https only: --public https://review.example.com",
        )),
    }
}

/// What the server is told with, and what it writes, lies outside of what others may write to.
fn outside(settings: &Settings, secret_file: Option<&Path>) -> Result<()> {
    let trees = Trees::new(settings.roots.iter().map(|root| root.path.clone()).collect(), false);
    trees.keep_out("the data folder", Some(&settings.data))?;
    trees.keep_out("the approvals ledger", Some(&settings.approvals))?;
    trees.keep_out("the policy", settings.policy.as_deref().filter(|path| path.exists()))?;
    let certificate = settings.certificate.as_ref();
    trees.keep_out("the certificate", certificate.map(|files| files.chain.as_path()))?;
    trees.keep_out("the key of the certificate", certificate.map(|files| files.key.as_path()))?;
    trees.keep_out("the client secret", secret_file)?;
    trees.keep_out("the program that is told of verdicts", settings.command.as_deref())
}

/// Where the server is, what it watches, and how somebody signs in first.
fn greeting(server: &Server) -> std::result::Result<String, String> {
    let settings = &server.settings;
    let mut out = format!("serving {}\n", settings.address());
    for root in &settings.roots {
        out.push_str(&format!("watching {} ({})\n", root.path.display(), root.name));
    }
    out.push_str(&format!("ledger {}\n", settings.approvals.display()));
    if let Some(link) = server.first_link()? {
        out.push_str(&format!(
            "\nThere is no admin yet. This link makes the first one, once, within a week:\n{link}\n"
        ));
    }
    Ok(out)
}
