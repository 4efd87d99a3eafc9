//! Sends what is due, and notes down how it went.
//!
//! A delivery is taken under a lease, in a transaction of its own, then sent, then noted down in
//! another: none is open while the network is waited for. A process that dies in between leaves
//! its deliveries to whoever finds the lease run out, so a message may come twice. Several
//! processes share the work by their leases.
//!
//! Each webhook has a few places in a process, one that fails has one: however slowly it answers,
//! the others go on. What a process cannot sign it does not take: another may be able to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockroom_domain::Timestamp;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::deliveries::DeliveryState;
use super::deliveries_sql::{self, ClaimedRow, Recorded};
use super::send::{self, Message};
use super::verdict::{self, Attempt, Next};
use super::{pauses, signature, sql};
use crate::App;
use crate::clock;
use crate::db::Conn;
use crate::error::{ApiError, ApiResult};

/// Attempts of a process at once: more than there are webhooks, so that each has a place.
const PLACES: usize = 128;
/// Attempts at once for one webhook.
const PLACES_OF_ONE: usize = 4;
/// How long a delivery belongs to whoever has taken it: much longer than an attempt takes.
const LEASE_S: i64 = 60;
/// How often it is looked for what is due, where nobody tells of news.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a webhook is let be whose secrets cannot be read here.
const UNREADABLE: Duration = Duration::from_secs(60);
/// How often what is due is counted.
const COUNT_EVERY: Duration = Duration::from_secs(5);
const COUNT_MAX: i64 = 10_000;
/// How often it is looked for which webhooks too much waits.
const WEIGH_EVERY: Duration = Duration::from_secs(60);
/// How long attempts may go on when the process is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Sends until it is told to stop.
pub async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let mut sender = Sender::new(&app, stopped.clone());
    while !*stopped.borrow() {
        if let Err(error) = sender.fill().await {
            tracing::warn!(%error, "webhooks cannot be sent now");
        }
        sender.count().await;
        sender.pause_those_behind().await;
        tokio::select! {
            () = app.webhooks.news.notified() => {}
            Some(ended) = sender.attempts.join_next_with_id() => sender.ended(ended),
            _ = stopped.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    while let Some(ended) = sender.attempts.join_next_with_id().await {
        sender.ended(ended);
    }
}

/// Sends everything that is due, once.
///
/// # Errors
/// The database's.
pub async fn send_due(app: &App) -> ApiResult<()> {
    let (_stop, stopped) = watch::channel(false);
    let mut sender = Sender::new(app, stopped);
    loop {
        sender.fill().await?;
        match sender.attempts.join_next_with_id().await {
            Some(ended) => sender.ended(ended),
            None => return Ok(()),
        }
    }
}

/// What a process is sending.
struct Sender {
    app: App,
    stopped: watch::Receiver<bool>,
    attempts: JoinSet<()>,
    /// For which webhook each attempt is.
    webhooks: HashMap<Id, i64>,
    /// Who is served first changes, so that nobody is always the last.
    turn: usize,
    counted_at: Option<Instant>,
    weighed_at: Option<Instant>,
    /// Webhooks whose secrets could not be read here, and when.
    unreadable: HashMap<i64, Instant>,
}

/// A webhook for which something is to be sent.
struct Wanted {
    webhook: i64,
    url: String,
    places: usize,
}

/// A delivery that this process has taken.
struct Claimed {
    row: ClaimedRow,
    webhook: i64,
    url: String,
    secrets: Arc<[Vec<u8>]>,
    lease_until: Timestamp,
}

impl Sender {
    fn new(app: &App, stopped: watch::Receiver<bool>) -> Self {
        Self {
            app: app.clone(),
            stopped,
            attempts: JoinSet::new(),
            webhooks: HashMap::new(),
            turn: 0,
            counted_at: None,
            weighed_at: None,
            unreadable: HashMap::new(),
        }
    }

    /// Takes what is due, as far as there are places, and begins to send it.
    async fn fill(&mut self) -> ApiResult<()> {
        while let Some(ended) = self.attempts.try_join_next_with_id() {
            self.ended(ended);
        }
        let now = self.app.clock.now();
        let wanted = self.wanted(now).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        let mut signed = Vec::new();
        for one in wanted {
            if let Some(secrets) = self.secrets(one.webhook, now).await? {
                signed.push((one, secrets));
            }
        }
        if signed.is_empty() {
            return Ok(());
        }
        let until = now.plus_seconds(LEASE_S);
        let mut tx = self.app.db.begin().await?;
        let mut claimed = Vec::new();
        for (Wanted { webhook, url, places }, secrets) in signed {
            let limit = i64::try_from(places).unwrap_or(1);
            let rows = deliveries_sql::claim(&mut tx, webhook, (now, until), limit).await?;
            let claim = |row| Claimed {
                row,
                webhook,
                url: url.clone(),
                secrets: Arc::clone(&secrets),
                lease_until: until,
            };
            claimed.extend(rows.into_iter().map(claim));
        }
        tx.commit().await?;
        for one in claimed {
            let (app, webhook) = (self.app.clone(), one.webhook);
            let task = self.attempts.spawn(deliver(app, one, self.stopped.clone()));
            self.webhooks.insert(task.id(), webhook);
        }
        Ok(())
    }

    /// For which webhooks something is due, and how many places each has.
    async fn wanted(&mut self, now: Timestamp) -> ApiResult<Vec<Wanted>> {
        let mut reader = self.app.db.read().await?;
        let mut due = deliveries_sql::due_webhooks(Conn::from(&mut reader), now).await?;
        drop(reader);
        let is_let_be = |at: &Instant| at.elapsed() < UNREADABLE;
        due.retain(|(webhook, ..)| !self.unreadable.get(webhook).is_some_and(is_let_be));
        if !due.is_empty() {
            let first = self.turn % due.len();
            due.rotate_left(first);
            self.turn = self.turn.wrapping_add(1);
        }
        let mut free = PLACES.saturating_sub(self.attempts.len());
        let mut wanted = Vec::new();
        for (webhook, url, failing_since) in due {
            let places = if failing_since.is_some() { 1 } else { PLACES_OF_ONE };
            let taken = self.webhooks.values().filter(|busy| **busy == webhook).count();
            let places = places.saturating_sub(taken).min(free);
            if places > 0 {
                free -= places;
                wanted.push(Wanted { webhook, url, places });
            }
        }
        Ok(wanted)
    }

    /// What a webhook signs with; `None` where that cannot be read in this process.
    async fn secrets(&mut self, webhook: i64, now: Timestamp) -> ApiResult<Option<Arc<[Vec<u8>]>>> {
        let mut reader = self.app.db.read().await?;
        let stored = sql::secrets(Conn::from(&mut reader), webhook, now).await?;
        drop(reader);
        let wrapper = self.app.auth.tokens.keyring().wrapper();
        let open = |text: &String| signature::opened(wrapper, webhook, text);
        let secrets: Vec<Vec<u8>> = stored.iter().filter_map(open).collect();
        if secrets.len() == stored.len() && !secrets.is_empty() {
            self.unreadable.remove(&webhook);
            return Ok(Some(secrets.into()));
        }
        // Not the receiver's fault, and another process may be able to.
        if self.unreadable.insert(webhook, clock::monotonic()).is_none() {
            tracing::warn!(
                webhook,
                "what a webhook signs with cannot be read: STOCKROOM_KEY_FILE has another key than \
                 when it was made. Others that can read it send; else rotate its secret"
            );
        }
        Ok(None)
    }

    /// An attempt has ended, and its place is free.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "an attempt to deliver broke down and will be made again");
                error.id()
            }
        };
        self.webhooks.remove(&id);
    }

    /// Counts what is due, now and then.
    async fn count(&mut self) {
        if self.counted_at.is_some_and(|at| at.elapsed() < COUNT_EVERY) {
            return;
        }
        self.counted_at = Some(clock::monotonic());
        let counted = async {
            let mut reader = self.app.db.read().await?;
            deliveries_sql::backlog(Conn::from(&mut reader), self.app.clock.now(), COUNT_MAX).await
        };
        if let Ok(due) = counted.await {
            self.app.webhooks.metrics.backlog(due);
        }
    }

    /// Pauses those for which too much waits, now and then.
    async fn pause_those_behind(&mut self) {
        if self.weighed_at.is_some_and(|at| at.elapsed() < WEIGH_EVERY) {
            return;
        }
        self.weighed_at = Some(clock::monotonic());
        if let Err(error) = pauses::pause_those_behind(&self.app).await {
            tracing::warn!(%error, "webhooks for which too much waits are left for later");
        }
    }
}

/// Sends a delivery, and notes down how that went.
async fn deliver(app: App, claimed: Claimed, stopped: watch::Receiver<bool>) {
    let now = app.clock.now();
    let message = Message {
        url: &claimed.url,
        id: &claimed.row.message_id,
        payload: &claimed.row.payload,
        secrets: &claimed.secrets,
    };
    let sent = tokio::select! {
        sent = send::send(&app.webhooks, &message, now) => Some(sent),
        () = grace(stopped) => None,
    };
    // Not within the other: a transaction is never dropped in the middle.
    let noted = match sent {
        Some((attempt, response)) => note(&app, &claimed, attempt, response.as_deref()).await,
        None => let_go(&app, &claimed).await,
    };
    if let Err(error) = noted {
        let (webhook, delivery) = (claimed.webhook, claimed.row.id);
        tracing::warn!(%error, webhook, delivery, "a delivery is left to be made again");
    }
}

/// Ends some time after the process is told to stop.
async fn grace(mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_ok() {
        tokio::time::sleep(GRACE).await;
    } else {
        std::future::pending().await
    }
}

/// Lets go of a delivery, for another process or the next start.
async fn let_go(app: &App, claimed: &Claimed) -> ApiResult<()> {
    let mut tx = app.db.begin().await?;
    deliveries_sql::release(&mut tx, claimed.row.id, claimed.lease_until).await?;
    Ok(tx.commit().await?)
}

/// Notes down how an attempt went, and what follows for its webhook.
async fn note(
    app: &App,
    claimed: &Claimed,
    attempt: Attempt,
    response: Option<&str>,
) -> ApiResult<()> {
    let now = app.clock.now();
    let mut attempts: Vec<Attempt> =
        serde_json::from_str(&claimed.row.attempts).map_err(ApiError::internal)?;
    attempts.push(attempt.clone());
    let next = verdict::next(&attempts, now, rand::random_range(0.9..1.1));
    let (state, next_attempt_at, outcome) = match next {
        Next::Delivered => (DeliveryState::Delivered, now, "delivered"),
        Next::Again(at) => (DeliveryState::Pending, at, "failed"),
        Next::Failed => (DeliveryState::Failed, now, "given_up"),
    };
    let attempts = serde_json::to_string(&attempts).map_err(ApiError::internal)?;
    let finished_at = (state != DeliveryState::Pending).then_some(now);
    let recorded = Recorded { state, attempts: &attempts, response, next_attempt_at, finished_at };
    let mut tx = app.db.begin().await?;
    let held = (claimed.row.id, claimed.lease_until);
    if !deliveries_sql::record(&mut tx, held, &recorded).await? {
        return Ok(tx.rollback().await?);
    }
    app.webhooks.metrics.attempted(outcome);
    if next == Next::Delivered {
        sql::clear_failing(&mut tx, claimed.webhook, &claimed.url).await?;
        return Ok(tx.commit().await?);
    }
    let (webhook, delivery) = (claimed.webhook, claimed.row.id);
    tracing::debug!(webhook, delivery, error = attempt.error, "a delivery has failed");
    pauses::note_failure(tx, (claimed.webhook, &claimed.url), &attempt, now).await
}
