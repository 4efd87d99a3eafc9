//! `stockroom serve`: opens the database, listens, and stops in good order.

use std::io::{IsTerminal as _, Write as _};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::Context as _;
use axum_server::Handle;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Common;
use crate::clock::Clock;
use crate::config::{Config, LogFormat, Role};
use crate::db::{self, DatabaseUrl};
use crate::http::connections::Connections;
use crate::http::server;
use crate::http::tls::Tls;
use crate::http::ui::Ui;
use crate::jobs::Jobs;
use crate::workers::{self, Workers};
use crate::{App, auth, router};

/// How long requests may take to end once the server is told to stop.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// Connections of the operator's own tools.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// Files that are open beside connections: databases, listeners, logs, certificates.
const OTHER_FILES: u64 = 512;

/// How often the certificate's files are looked at.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(10);

/// Runs the server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom serve\n  \
    stockroom serve --listen 0.0.0.0:8080 --database sqlite:///var/lib/stockroom/shop.db\n  \
    STOCKROOM_DATABASE_FILE=/run/secrets/database stockroom serve\n\n\
    The first start prints a link, good for one use, with which the owner's account is made.\n\
    Ctrl-C or SIGTERM stops the server: requests that have begun are finished first.")]
pub struct Serve {
    #[command(flatten)]
    common: Common,
    /// Host and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Host and port for metrics, or "off" [default: 127.0.0.1:9464]
    #[arg(long, value_name = "HOST:PORT")]
    admin_listen: Option<String>,
    /// The address that browsers use, if it is another than --listen
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// How the log is written: auto, text or json [default: auto]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Which requests are logged: errors or all [default: errors]
    #[arg(long, value_name = "WHICH")]
    log_requests: Option<String>,
    /// Whether requests are limited per caller: on or off [default: on]
    #[arg(long, value_name = "ON|OFF")]
    rate_limit: Option<String>,
    /// Proxies whose X-Forwarded-For is believed: addresses and networks [default: none]
    #[arg(long, value_name = "NETWORK,…")]
    trusted_proxies: Option<String>,
    /// PEM file with the certificate; with --tls-key the server speaks HTTPS
    #[arg(long, value_name = "PATH")]
    tls_certificate: Option<String>,
    /// PEM file with the certificate's private key
    #[arg(long, value_name = "PATH")]
    tls_key: Option<String>,
    /// What this process does: all, api or worker [default: all]
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// The queues that its workers work on: names, or all [default: all]
    #[arg(long, value_name = "NAME,…")]
    queues: Option<String>,
    /// Writers of the ledger on this node [default: 2]
    #[arg(long, value_name = "N")]
    ledger_writers: Option<u32>,
    /// Connections to PostgreSQL for requests [default: 16]
    #[arg(long, value_name = "N")]
    postgres_connections: Option<u32>,
}

impl Serve {
    fn flags(&self) -> Vec<(&'static str, String)> {
        let number = |value: Option<u32>| value.map(|value| value.to_string());
        [
            ("listen", self.listen.clone()),
            ("admin_listen", self.admin_listen.clone()),
            ("public_url", self.public_url.clone()),
            ("log_format", self.log_format.clone()),
            ("log_level", self.log_level.clone()),
            ("log_requests", self.log_requests.clone()),
            ("rate_limit", self.rate_limit.clone()),
            ("trusted_proxies", self.trusted_proxies.clone()),
            ("tls_certificate", self.tls_certificate.clone()),
            ("tls_key", self.tls_key.clone()),
            ("role", self.role.clone()),
            ("queues", self.queues.clone()),
            ("ledger_writers", number(self.ledger_writers)),
            ("postgres_connections", number(self.postgres_connections)),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }

    /// Runs the server until it is told to stop.
    ///
    /// # Errors
    /// It cannot start: one line that says why.
    pub async fn run(self) -> anyhow::Result<()> {
        let config = self.common.load(self.flags())?;
        check_queues(&config)?;
        start_log(&config)?;
        let url: DatabaseUrl = config.database.expose().parse()?;
        check_role(&config, &url)?;
        let tls = Tls::load(&config)?;
        allow_open_files(&config);
        // Listening comes first: a taken port is found before a file is made.
        let listener = listen(&config.listen)?;
        let admin = config.admin_listen.0.as_deref().and_then(listen_admin);
        let lock = url.lock()?;
        let db = super::open(&config).await?;
        db::migrate(&db).await?;
        let app = App::start(config, db, Clock::System).await?;
        // Before anyone is told that it runs: who is told may stop it at once.
        let stop = StopSignal::install()?;
        announce(&app, listener.local_addr()?).await?;
        let jobs = Jobs::start(&app);
        let workers = match app.config.role {
            Role::Api => None,
            Role::All | Role::Worker => Some(Workers::start(&app).await?),
        };
        serve(&app, Listeners { api: listener, admin, tls }, stop).await?;
        if let Some(workers) = workers {
            workers.end().await;
        }
        jobs.end().await;
        app.close().await;
        tracing::info!("stopped");
        drop(lock);
        Ok(())
    }
}

/// Refuses a role in which nobody would do the rest.
fn check_role(config: &Config, url: &DatabaseUrl) -> anyhow::Result<()> {
    if config.role != Role::All && matches!(url, DatabaseUrl::Sqlite(_)) {
        anyhow::bail!(
            "one process has a SQLite file to itself and does everything: leave out role, or use \
             PostgreSQL"
        );
    }
    if config.role == Role::Api && !config.queues.names().is_empty() {
        anyhow::bail!("with the role api there are no workers: leave out queues, or the role");
    }
    Ok(())
}

/// Refuses a queue that is none.
fn check_queues(config: &Config) -> anyhow::Result<()> {
    let known = workers::names();
    match config.queues.names().iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            anyhow::bail!("there is no queue {name:?}; there are {}", known.join(", "))
        }
    }
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_level)
        .with_context(|| format!("log_level {:?} is not understood", config.log_level))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let is_text = match config.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    if is_text {
        log.with_target(false).with_ansi(std::io::stderr().is_terminal()).init();
    } else {
        log.json().flatten_event(true).init();
    }
    Ok(())
}

/// Each connection is an open file, and few systems allow a program many from the start.
fn allow_open_files(config: &Config) {
    let needed = u64::from(config.connections_max) + OTHER_FILES;
    match rlimit::increase_nofile_limit(needed) {
        Ok(allowed) if allowed < needed => tracing::warn!(
            allowed,
            needed,
            "fewer files may be open than connections_max asks for: raise the limit (ulimit -n, \
             LimitNOFILE) or lower the setting"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}

fn listen(address: &str) -> anyhow::Result<TcpListener> {
    let addresses: Vec<SocketAddr> = address
        .to_socket_addrs()
        .with_context(|| format!("{address:?} is no address to listen on, as 127.0.0.1:8080 is"))?
        .collect();
    TcpListener::bind(&addresses[..]).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use: stop what listens there, or choose another with --listen"
        ),
        _ => anyhow::anyhow!("cannot listen on {address}: {cause}"),
    })
}

/// The operator's listener is a convenience: the shop runs without it.
fn listen_admin(address: &str) -> Option<TcpListener> {
    match listen(address) {
        Ok(listener) => Some(listener),
        Err(error) => {
            tracing::warn!(%error, "no admin listener; see admin_listen");
            None
        }
    }
}

/// Tells whoever started it where to go. Standard output is for this alone.
async fn announce(app: &App, address: SocketAddr) -> anyhow::Result<()> {
    let scheme = if app.config.tls_certificate.is_some() { "https" } else { "http" };
    let url = app.config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
    let url = url.trim_end_matches('/');
    let mut said = format!("Stockroom is running at {url}\n");
    if let Some(token) = auth::setup_token(app).await? {
        said.push_str("There is no user yet. Make the owner's account with this link, once:\n");
        said.push_str(&format!("{url}/setup#token={token}\n"));
    }
    if Ui::embedded().is_none() {
        said.push_str("This binary was built without its interface in the browser.\n");
    }
    let mut out = std::io::stdout().lock();
    out.write_all(said.as_bytes())?;
    out.flush()?;
    tracing::info!(%address, database = app.db.engine(), "started");
    Ok(())
}

/// Where the server listens.
struct Listeners {
    api: TcpListener,
    admin: Option<TcpListener>,
    tls: Option<Tls>,
}

/// Looks now and then whether the certificate was renewed. One fault is told once.
async fn reload(tls: Tls) {
    let mut told = None;
    loop {
        tokio::time::sleep(CERTIFICATE_EVERY).await;
        match tls.reload() {
            Ok(true) => tracing::info!("the certificate was read again"),
            Ok(false) => {}
            Err(error) => {
                let error = Some(format!("{error:#}"));
                if error != told {
                    tracing::warn!(error, "the new certificate cannot be used; the old one stays");
                    told = error;
                }
                continue;
            }
        }
        told = None;
    }
}

/// Serves on both listeners until a signal comes and all requests have ended.
async fn serve(app: &App, listeners: Listeners, stop: StopSignal) -> anyhow::Result<()> {
    let Listeners { api, admin, tls } = listeners;
    let handle = Handle::new();
    let admin_handle = Handle::new();
    if let Some(admin) = admin {
        let router = router::admin_router(app.clone());
        let connections = Connections::new(ADMIN_CONNECTIONS_MAX);
        tokio::spawn(server::serve(admin, router, admin_handle.clone(), None, connections));
    }
    let reloading = tls.clone().map(|tls| tokio::spawn(reload(tls)));
    let router = match app.config.role {
        Role::Worker => router::worker_router(app.clone()),
        Role::All | Role::Api => router::router(app.clone()),
    };
    let connections = app.connections.clone();
    let served = tokio::spawn(server::serve(api, router, handle.clone(), tls, connections));
    stop.received().await;
    tracing::info!("stopping");
    app.drain();
    handle.graceful_shutdown(Some(DRAIN_MAX));
    if let Some(reloading) = reloading {
        reloading.abort();
    }
    served.await??;
    // The last one to go, so that readiness can be asked for until the end.
    admin_handle.shutdown();
    Ok(())
}

/// Told to stop: by a supervisor, or by Ctrl-C.
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn install() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
