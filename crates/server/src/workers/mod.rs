//! Those who work on what was announced, all queues and streams on this page: what goes into each,
//! and by which function it is dealt with.
//!
//! A [`relay`] carries events from the log to a queue; the queue's consumers ([`consumer`]) deal
//! with them. A message may come twice, late, or after a later one: whatever is done for it has one
//! effect, by the version of the order that it is about, or the key of the request. One that was
//! tried too often is parked among the dead letters ([`dead_letters`]), where it holds nobody up.
//!
//! What has to be done in the order of the log, and is little, reads the log itself ([`stream`]).

mod consumer;
pub mod dead_letters;
mod dead_letters_sql;
mod metrics;
mod place;
mod place_sql;
mod relay;
mod stream;
mod stuck;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stockroom_domain::OrderId;
use stockroom_queue::memory::MemoryQueue;
use stockroom_queue::{Group, Queue as Broker};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::db::Tx;
use crate::error::ApiResult;
use crate::events::tail::Heard;
use crate::events::{Event, Logged};
use crate::operations::{self, RunError};
use crate::orders::worker::{TakeError, take_all};
use crate::{App, alerts, notify, webhooks};
use stream::InOrder;

pub use metrics::WorkerMetrics;
pub use stuck::take_stuck;

/// How long a message belongs to whoever has taken it.
const LEASE: Duration = Duration::from_secs(30);
/// Messages that may wait in one queue of this process; the rest stays in the log.
const BACKLOG_MAX: usize = 10_000;
/// Every queue has one group: its workers.
const WORKERS: &str = "workers";

/// What a message of ours says: the event, without its data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Notice {
    /// The event.
    pub event_id: i64,
    /// What has happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// In which store, if in one.
    pub store_id: Option<i64>,
    /// What kind of thing it happened to.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: i64,
}

impl From<&Logged> for Notice {
    fn from(event: &Logged) -> Self {
        Self {
            event_id: event.id,
            kind: event.kind.clone(),
            store_id: event.store_id,
            subject_kind: event.subject_kind.clone(),
            subject_id: event.subject_id,
        }
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is dealt with.
    Done,
    /// It cannot be dealt with now, and is not to blame.
    NotNow(String),
    /// It failed.
    Failed(String),
}

type Work<'a> = Pin<Box<dyn Future<Output = Vec<Outcome>> + Send + 'a>>;

/// A queue, and what is done about its messages.
struct Queue {
    name: &'static str,
    /// Whether an event goes into it.
    takes: fn(&str) -> bool,
    /// Deals with several messages at once; what became of each, in their order.
    work: for<'a> fn(&'a App, &'a [Notice]) -> Work<'a>,
    /// Messages that one consumer takes at once.
    batch_max: usize,
    consumers: usize,
}

/// All queues.
const QUEUES: [Queue; 2] = [
    Queue {
        name: "orders",
        takes: |kind| kind == "order.placed",
        work: |app, notices| Box::pin(take_goods(app, notices)),
        batch_max: 128,
        consumers: 2,
    },
    Queue {
        name: operations::QUEUE,
        takes: |kind| kind == operations::QUEUED,
        work: |app, notices| Box::pin(do_operations(app, notices)),
        batch_max: 64,
        // They may be long, and tills wait for the same ledger.
        consumers: 1,
    },
];

/// Someone who reads the log itself.
struct Stream {
    name: &'static str,
    run: fn(App, watch::Receiver<bool>) -> Task<()>,
    catch_up: fn(App) -> Task<ApiResult<()>>,
}

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// All of them.
const STREAMS: [Stream; 3] =
    [Stream::of::<Alerts>(), Stream::of::<Notifications>(), Stream::of::<Webhooks>()];

impl Stream {
    const fn of<S: InOrder>() -> Self {
        Self {
            name: S::NAME,
            run: |app, stopped| Box::pin(stream::run::<S>(app, stopped)),
            catch_up: |app| Box::pin(stream::catch_up::<S>(app)),
        }
    }
}

/// The names of all queues and streams.
pub fn names() -> Vec<&'static str> {
    let streams = STREAMS.iter().map(|stream| stream.name);
    QUEUES.iter().map(|queue| queue.name).chain(streams).collect()
}

/// Raises and clears alerts.
struct Alerts;

impl InOrder for Alerts {
    const NAME: &'static str = "inventory";
    type Work = Vec<alerts::Pair>;

    fn takes(kind: &str) -> bool {
        alerts::takes(kind)
    }

    async fn look(app: &App, events: &[Arc<Heard>]) -> ApiResult<Vec<Self::Work>> {
        alerts::look(app, events).await
    }

    async fn look_at_clock(app: &App) -> ApiResult<Vec<Self::Work>> {
        alerts::look_at_clock(app).await
    }

    async fn act(app: &App, tx: &mut Tx, work: Self::Work) -> ApiResult<Vec<Event>> {
        alerts::act(app, tx, work).await
    }
}

/// Writes down what webhooks are told; [`webhooks::sender`] sends it.
struct Webhooks;

impl InOrder for Webhooks {
    const NAME: &'static str = webhooks::QUEUE;
    type Work = Vec<webhooks::fanout::NewDelivery>;

    fn takes(_: &str) -> bool {
        true
    }

    async fn look(app: &App, events: &[Arc<Heard>]) -> ApiResult<Vec<Self::Work>> {
        webhooks::fanout::look(app, events).await
    }

    async fn act(app: &App, tx: &mut Tx, work: Self::Work) -> ApiResult<Vec<Event>> {
        webhooks::fanout::act(app, tx, &work).await.map(|()| Vec::new())
    }

    fn has_acted(app: &App) {
        app.webhooks.tell();
    }
}

/// Takes the goods of orders that were placed.
async fn take_goods(app: &App, notices: &[Notice]) -> Vec<Outcome> {
    let ids: Vec<OrderId> = notices.iter().map(|notice| OrderId(notice.subject_id)).collect();
    let taken = take_all(app, &ids).await;
    let outcome = |taken: Result<(), TakeError>| match taken {
        Ok(()) => Outcome::Done,
        Err(TakeError::NotNow(why)) => Outcome::NotNow(why),
        Err(error) => Outcome::Failed(error.to_string()),
    };
    taken.into_iter().map(outcome).collect()
}

/// Does what was taken on before.
async fn do_operations(app: &App, notices: &[Notice]) -> Vec<Outcome> {
    let ids: Vec<i64> = notices.iter().map(|notice| notice.subject_id).collect();
    let outcome = |run: Result<(), RunError>| match run {
        Ok(()) => Outcome::Done,
        Err(RunError::NotNow(why)) => Outcome::NotNow(why),
        Err(RunError::Failed(why)) => Outcome::Failed(why),
    };
    operations::run_all(app, &ids).await.into_iter().map(outcome).collect()
}

/// Tells people.
struct Notifications;

impl InOrder for Notifications {
    const NAME: &'static str = "notifications";
    type Work = Vec<notify::Told>;

    fn takes(kind: &str) -> bool {
        notify::takes(kind)
    }

    async fn look(app: &App, events: &[Arc<Heard>]) -> ApiResult<Vec<Self::Work>> {
        notify::look(app, events).await
    }

    async fn act(app: &App, tx: &mut Tx, work: Self::Work) -> ApiResult<Vec<Event>> {
        notify::act(app, tx, work).await
    }

    fn has_acted(app: &App) {
        app.mailer.ring();
    }
}

impl Queue {
    const fn group(&self) -> Group<'static> {
        Group { stream: self.name, name: WORKERS }
    }
}

/// Has every stream deal with everything that has happened so far, where no workers run.
///
/// # Errors
/// The database's, or another process is at it.
pub async fn catch_up(app: &App) -> ApiResult<()> {
    for stream in &STREAMS {
        (stream.catch_up)(app.clone()).await?;
    }
    Ok(())
}

/// The workers of this process.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Workers {
    /// Starts the relays and the consumers of the queues that the settings name, on a broker in
    /// this process.
    ///
    /// # Errors
    /// The broker's.
    pub async fn start(app: &App) -> anyhow::Result<Self> {
        Self::start_on(app, Arc::new(MemoryQueue::new(LEASE, BACKLOG_MAX))).await
    }

    /// The same on another broker.
    ///
    /// # Errors
    /// The broker's.
    pub async fn start_on(app: &App, broker: Arc<dyn Broker>) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for queue in QUEUES.iter().filter(|queue| app.config.queues.has(queue.name)) {
            broker.join(queue.group()).await?;
            let (relayed, to) = (app.clone(), Arc::clone(&broker));
            tasks.spawn(relay::run(relayed, to, queue, stopped.clone()));
            for _ in 0..queue.consumers {
                let (app, broker) = (app.clone(), Arc::clone(&broker));
                tasks.spawn(consumer::run(app, broker, queue, stopped.clone()));
            }
        }
        for stream in STREAMS.iter().filter(|stream| app.config.queues.has(stream.name)) {
            tasks.spawn((stream.run)(app.clone(), stopped.clone()));
        }
        if app.config.queues.has(Notifications::NAME) {
            tasks.spawn(notify::mail::run(app.clone(), stopped.clone()));
        }
        if app.config.queues.has(webhooks::QUEUE) {
            tasks.spawn(webhooks::sender::run(app.clone(), stopped.clone()));
        }
        Ok(Self { stop, tasks })
    }

    /// Ends them, each after what it is at.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
