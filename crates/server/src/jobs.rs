//! Recurring work, all of it on this page: what, how often, and by which function.
//!
//! Every node runs every job. Each is harmless where two run it at once, and where it is
//! stopped at any point; what one run leaves, the next finds.

use std::pin::Pin;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use stockroom_domain::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::App;
use crate::auth::sessions;
use crate::db::Tx;
use crate::error::ApiResult;
use crate::{alerts, events, http, notify, operations, webhooks, workers};

/// Rows of one transaction: a till must not wait behind it.
const ROWS_MAX: i64 = 500;
const AN_HOUR: Duration = Duration::from_secs(3_600);

type Piece<'t> = Pin<Box<dyn Future<Output = sqlx::Result<u64>> + Send + 't>>;
type Whole<'a> = Pin<Box<dyn Future<Output = ApiResult<u64>> + Send + 'a>>;

/// What recurs.
struct Job {
    name: &'static str,
    every: Duration,
    work: Work,
}

enum Work {
    /// Does a piece of the work in a transaction of its own; how many rows it was. Less than
    /// [`ROWS_MAX`]: all is done.
    Pieces(for<'t> fn(&'t mut Tx, Timestamp) -> Piece<'t>),
    /// Does all of it, in transactions of its own making; how many rows it was.
    Whole(for<'a> fn(&'a App) -> Whole<'a>),
}

const JOBS: [Job; 12] = [
    Job {
        name: "record_outside_changes",
        every: Duration::from_secs(5),
        work: Work::Whole(|app| {
            Box::pin(async move { Ok(events::record_outside(&app.db, app.clock.now()).await?) })
        }),
    },
    Job {
        name: "take_stuck_orders",
        every: Duration::from_secs(15),
        work: Work::Whole(|app| Box::pin(workers::take_stuck(app))),
    },
    Job {
        name: "rotate_signing_keys",
        every: AN_HOUR,
        work: Work::Whole(|app| {
            Box::pin(async move { app.auth.tokens.keyring().rotate_old(&app.db, &app.clock).await })
        }),
    },
    Job {
        name: "make_partitions",
        every: AN_HOUR,
        work: Work::Whole(|app| {
            Box::pin(async move { Ok(events::ensure_partitions(&app.db).await.map(|_| 0)?) })
        }),
    },
    Job {
        name: "forget_idempotency_keys",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| Box::pin(http::forget_expired_keys(tx, now, ROWS_MAX))),
    },
    Job {
        name: "forget_alerts",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| Box::pin(alerts::forget_old(tx, now, ROWS_MAX))),
    },
    Job {
        name: "forget_notifications",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| Box::pin(notify::forget_old(tx, now, ROWS_MAX))),
    },
    Job {
        name: "forget_operations",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| Box::pin(operations::forget_old(tx, now, ROWS_MAX))),
    },
    Job {
        name: "forget_dead_letters",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| {
            Box::pin(workers::dead_letters::forget_old(tx, now, ROWS_MAX))
        }),
    },
    Job {
        name: "forget_webhook_deliveries",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| Box::pin(webhooks::forget_old(tx, now, ROWS_MAX))),
    },
    Job {
        name: "forget_refresh_tokens",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| Box::pin(sessions::forget_old_tokens(tx, now, ROWS_MAX))),
    },
    Job {
        name: "forget_sessions",
        every: AN_HOUR,
        work: Work::Pieces(|tx, now| Box::pin(sessions::forget_old(tx, now, ROWS_MAX))),
    },
];

/// How the runs of jobs ended, by job.
#[derive(Clone, Debug, Default)]
pub struct JobMetrics {
    runs: Family<Run, Counter>,
    rows: Family<Name, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    job: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    job: &'static str,
}

impl JobMetrics {
    /// Adds the families to what is measured.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("stockroom_job_runs", "Runs of recurring jobs", self.runs.clone());
        registry.register("stockroom_job_rows", "Rows that jobs dealt with", self.rows.clone());
    }
}

/// The jobs of this process.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Jobs {
    /// Starts all of them; the first runs come soon, at a moment of chance, so that nodes
    /// which start together do not work together.
    pub fn start(app: &App) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for job in JOBS {
            let (app, mut stopped) = (app.clone(), stopped.clone());
            tasks.spawn(async move {
                let first_max_s = job.every.as_secs().min(120);
                let mut pause = Duration::from_secs(rand::random_range(1..=first_max_s));
                // A time-out: nobody has said stop.
                while tokio::time::timeout(pause, stopped.changed()).await.is_err() {
                    run(&app, &job, &stopped).await;
                    pause = job.every;
                }
            });
        }
        Self { stop, tasks }
    }

    /// Ends them, each after the piece of work that it is at: a transaction is never dropped
    /// in the middle.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Runs every job once.
pub async fn run_all(app: &App) {
    let (_stop, stopped) = watch::channel(false);
    for job in JOBS {
        run(app, &job, &stopped).await;
    }
}

/// Runs a job to its end. A failure is told, and left to the next run.
async fn run(app: &App, job: &Job, stopped: &watch::Receiver<bool>) {
    let mut rows = 0;
    let outcome = loop {
        match run_piece(app, job).await {
            Ok(count) => {
                rows += count;
                if matches!(job.work, Work::Whole(_)) || count < ROWS_MAX.unsigned_abs() {
                    break "done";
                }
                if *stopped.borrow() {
                    break "stopped";
                }
            }
            Err(error) => {
                tracing::warn!(%error, job = job.name, "a job failed and will run again");
                break "failed";
            }
        }
    };
    if rows > 0 {
        tracing::info!(job = job.name, rows, "a job has run");
    }
    app.jobs.runs.get_or_create(&Run { job: job.name, outcome }).inc();
    app.jobs.rows.get_or_create(&Name { job: job.name }).inc_by(rows);
}

async fn run_piece(app: &App, job: &Job) -> ApiResult<u64> {
    match job.work {
        Work::Whole(work) => work(app).await,
        Work::Pieces(piece) => {
            let mut tx = app.db.begin().await?;
            let count = piece(&mut tx, app.clock.now()).await?;
            tx.commit().await?;
            Ok(count)
        }
    }
}
