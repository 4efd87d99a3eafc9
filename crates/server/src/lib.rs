//! Stockroom: stock and orders for shops. [`App`] is the composition root.

#[macro_use]
pub mod db;
pub mod accounts;
pub mod alerts;
pub mod audit;
pub mod audit_log;
pub mod auth;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod event_log;
pub mod events;
pub mod http;
pub mod jobs;
pub mod ledger;
pub mod live;
pub mod metrics;
pub mod notify;
pub mod operations;
pub mod orders;
pub mod people;
pub mod rate_limit;
mod recent;
pub mod router;
pub mod routes;
pub mod shop;
pub mod stock;
pub mod stores;
pub mod system;
mod together;
pub mod webhooks;
pub mod workers;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::events::tail::Tail;
use crate::http::DeferredRoutes;
use crate::http::connections::Connections;
use crate::http::denied::Denials;
use crate::jobs::JobMetrics;
use crate::ledger::fence::Fence;
use crate::ledger::{Ledger, LedgerMetrics, LedgerSettings};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::notify::mail::Mailer;
use crate::orders::offers::Offers;
use crate::rate_limit::RateLimits;
use crate::system::Readiness;
use crate::webhooks::{WebhookMetrics, Webhooks};
use crate::workers::WorkerMetrics;

/// How long work may go on whose callers have gone. What it has not committed is rolled back.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// The running application: what every handler works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The only source of `now`.
    pub clock: Clock,
    /// The settings.
    pub config: Config,
    /// Who is asking.
    pub auth: Auth,
    /// Where stock is written.
    pub ledger: Ledger,
    /// The end of the event log.
    pub tail: Tail,
    /// What has requests done that were taken on for later.
    pub deferred: DeferredRoutes,
    /// What stores sell, asked by many at once.
    pub offers: Offers,
    /// How far the past is settled.
    pub fence: Fence,
    /// Who listens live.
    pub live: Live,
    /// The places for callers.
    pub connections: Connections,
    /// How often a caller may ask.
    pub limits: RateLimits,
    /// Which denied attempts were put on record.
    pub denials: Denials,
    /// Whether requests should come here.
    pub readiness: Readiness,
    /// How recurring work went.
    pub jobs: JobMetrics,
    /// Sends mail.
    pub mailer: Mailer,
    /// How work on what was announced goes.
    pub workers: WorkerMetrics,
    /// What sends events to other people's servers.
    pub webhooks: Webhooks,
    /// What is measured.
    pub metrics: Metrics,
    is_draining: watch::Sender<bool>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Starts the application on a database whose schema is up to date.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(config: Config, db: Db, clock: Clock) -> anyhow::Result<Self> {
        events::ensure_partitions(&db).await?;
        let mut metrics = Metrics::new(clock.now(), db.engine());
        let ledger_metrics = LedgerMetrics::default();
        ledger_metrics.register(metrics.registry_mut());
        let jobs = JobMetrics::default();
        jobs.register(metrics.registry_mut());
        let workers = WorkerMetrics::default();
        workers.register(metrics.registry_mut());
        let mailer = Mailer::new(&config)?;
        mailer.register(metrics.registry_mut());
        let webhook_metrics = WebhookMetrics::default();
        webhook_metrics.register(metrics.registry_mut());
        let webhooks = Webhooks::new(&config, webhook_metrics)?;
        let connections = Connections::new(usize::try_from(config.connections_max)?);
        connections.register(metrics.registry_mut());
        let live = Live::new(usize::try_from(config.sockets_max)?);
        live.register(metrics.registry_mut());
        let settings = LedgerSettings {
            writers: usize::try_from(config.ledger_writers)?,
            queue_lines_max: usize::try_from(config.ledger_queue_lines_max)?,
        };
        let tail = Tail::new(db.clone());
        let ledger = Ledger::start(&db, &clock, settings, ledger_metrics, &tail);
        let auth = Auth::new(&config, db.clone(), clock.clone())?;
        auth.tokens.keyring().prepare_keys(&db, &clock).await?;
        Ok(Self(Arc::new(Parts {
            auth,
            live,
            connections,
            limits: RateLimits::new(&config),
            denials: Denials::default(),
            readiness: Readiness::default(),
            clock,
            config,
            tail,
            db,
            ledger,
            deferred: router::deferred(),
            offers: Offers::default(),
            fence: Fence::default(),
            jobs,
            mailer,
            workers,
            webhooks,
            metrics,
            is_draining: watch::Sender::new(false),
        })))
    }

    /// Says that no new work should come: readiness answers 503 from now on.
    pub fn drain(&self) {
        self.is_draining.send_replace(true);
    }

    /// Whether it is about to stop.
    pub fn is_draining(&self) -> bool {
        *self.is_draining.borrow()
    }

    /// Waits until it is about to stop.
    pub fn drained(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut is_draining = self.is_draining.subscribe();
        // Without a sender there is no application left.
        async move { drop(is_draining.wait_for(|is_draining| *is_draining).await) }
    }

    /// Waits until all begun work is done, within limits, then closes the database.
    pub async fn close(&self) {
        let all_done = async {
            self.live.wait_until_none().await;
            self.metrics.in_flight.wait_until_none().await;
        };
        if tokio::time::timeout(CLOSE_MAX, all_done).await.is_err() {
            tracing::warn!(left = self.metrics.in_flight.count(), "work was still going on");
        }
        self.ledger.close().await;
        self.db.close().await;
    }
}
