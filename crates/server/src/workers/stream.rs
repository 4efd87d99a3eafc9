//! Those who deal with the event log itself, in its order, many events at a time.
//!
//! What they bring about is written in the transaction that notes down how far they have come, so
//! each event has its effect once, and what they have written is complete up to there. One process
//! at a time does it for each of them, as long as it renews its lease; one that was paused past it
//! finds the place moved on, and has no effect.
//!
//! An event that cannot be dealt with is parked among the dead letters, and those behind it go on.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockroom_domain::{EventId, Timestamp};
use tokio::sync::watch;

use super::place::Place;
use super::{Notice, dead_letters};
use crate::App;
use crate::clock;
use crate::db::Tx;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::tail::{Follower, Heard};
use crate::events::{self, Event, Logged};

/// Events looked at at once.
const EVENTS_MAX: usize = 1_000;
/// How often the lease is renewed, and the place noted down.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// Events that may be looked at again after a crash, in a file that nobody else can take over.
const UNNOTED_MAX: i64 = 10_000;
/// How often another process looks whether the lease has run out.
const LOOK_FOR_LEASE_EVERY: Duration = Duration::from_secs(2);
/// How often it is asked what time alone has brought about, and what is to be tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause between two looks at the log: what comes meanwhile is dealt with together.
const GATHER: Duration = Duration::from_millis(20);
/// The pause after the first failure; it doubles with each. Short: those behind it wait.
const BACKOFF: Duration = Duration::from_millis(20);

/// What is done about events in their order.
pub(super) trait InOrder: Send + Sync + 'static {
    /// What it is called, among the queues.
    const NAME: &'static str;
    /// What is done in one transaction.
    type Work: Send + 'static;

    /// Whether it cares for such events.
    fn takes(kind: &str) -> bool;

    /// What is to be done about some events; read without holding anyone up. Nothing, mostly.
    fn look(
        app: &App,
        events: &[Arc<Heard>],
    ) -> impl Future<Output = ApiResult<Vec<Self::Work>>> + Send;

    /// What is to be done because of the time. Asked at the beginning, and every
    /// [`InOrder::EVERY_S`] seconds of the clock.
    fn look_at_clock(_app: &App) -> impl Future<Output = ApiResult<Vec<Self::Work>>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// See [`InOrder::look_at_clock`].
    const EVERY_S: i64 = 3_600;

    /// Does it; what followers learn of it.
    fn act(
        app: &App,
        tx: &mut Tx,
        work: Self::Work,
    ) -> impl Future<Output = ApiResult<Vec<Event>>> + Send;

    /// Called after something was done and committed.
    fn has_acted(_app: &App) {}
}

/// Deals with events until it is told to stop.
pub(super) async fn run<S: InOrder>(app: App, mut stopped: watch::Receiver<bool>) {
    let mut stream = Stream::<S>::new(app);
    while !*stopped.borrow() {
        match stream.step().await {
            Ok(Step::More) => {}
            Ok(Step::Gathers) => drop(tokio::time::timeout(GATHER, stopped.changed()).await),
            Ok(Step::Idle(place)) => tokio::select! {
                () = stream.follower.wait_beyond(place) => {}
                _ = stopped.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            },
            Ok(Step::NotOurs) => {
                // A time-out: nobody has said stop.
                drop(tokio::time::timeout(LOOK_FOR_LEASE_EVERY, stopped.changed()).await);
            }
            Ok(Step::Again(pause)) => drop(tokio::time::timeout(pause, stopped.changed()).await),
            Err(error) => {
                tracing::warn!(%error, stream = S::NAME, "events cannot be dealt with now");
                drop(tokio::time::timeout(LOOK_EVERY, stopped.changed()).await);
            }
        }
    }
    if let Err(error) = stream.give_up().await {
        tracing::warn!(%error, stream = S::NAME, "a lease was left to run out");
    }
}

/// Deals with everything that has happened, and with what time has brought about.
pub(super) async fn catch_up<S: InOrder>(app: App) -> ApiResult<()> {
    let (head, _) = events::head(&mut app.db.read().await?).await?;
    let mut stream = Stream::<S>::new(app);
    loop {
        match stream.step().await? {
            Step::Idle(place) if place >= head => break,
            Step::Idle(place) => stream.follower.wait_beyond(place).await,
            Step::NotOurs => return Err(ApiError::unavailable("Another process is at it.")),
            Step::More | Step::Gathers | Step::Again(_) => {}
        }
    }
    stream.give_up().await
}

/// What a look at the log came to.
enum Step {
    /// There is more.
    More,
    /// There was something; more may come soon.
    Gathers,
    /// Nothing is behind this place.
    Idle(EventId),
    /// Another process does it.
    NotOurs,
    /// It failed and is tried again.
    Again(Duration),
}

/// Why events were not dealt with.
enum Trouble {
    /// They cannot be now, and are not to blame.
    NotNow(ApiError),
    /// It failed over them.
    Failed(String),
}

struct Stream<S> {
    app: App,
    follower: Follower,
    place: Place,
    /// None while another process does it.
    lease: Option<Lease>,
    /// Up to here, events are dealt with one by one: one of them fails.
    careful_until: EventId,
    /// The event that failed, and how often.
    tries: (i64, u32),
    stream: PhantomData<S>,
}

/// The right to deal with events.
#[derive(Clone, Copy)]
struct Lease {
    /// Everything up to here is dealt with.
    place: EventId,
    /// What is noted down: behind it, there was nothing to be done.
    noted: EventId,
    renewed_at: Instant,
    looked_at: Option<Instant>,
    /// When it is to be asked again what time has brought about.
    due_at: Timestamp,
}

impl<S: InOrder> Stream<S> {
    fn new(app: App) -> Self {
        Self {
            place: Place::new(&app, S::NAME),
            follower: app.tail.follow(),
            app,
            lease: None,
            careful_until: EventId(0),
            tries: (0, 0),
            stream: PhantomData,
        }
    }

    /// Deals with some events.
    async fn step(&mut self) -> ApiResult<Step> {
        self.hold().await?;
        let Some(lease) = self.lease else { return Ok(Step::NotOurs) };
        if lease.looked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            self.bring_back().await?;
            self.look_at_clock().await?;
            if let Some(lease) = &mut self.lease {
                lease.looked_at = Some(clock::monotonic());
            }
        }
        let Some(lease) = self.lease else { return Ok(Step::NotOurs) };
        let events = self.follower.behind(lease.place, EVENTS_MAX).await?;
        let Some(last) = events.last().map(|event| event.id) else {
            self.app.workers.behind(S::NAME, 0);
            return Ok(Step::Idle(lease.place));
        };
        self.app.workers.behind(S::NAME, self.follower.last().0.max(last) - lease.place.0);
        let is_page = events.len() == EVENTS_MAX;
        let mut taken: Vec<_> = events.into_iter().filter(|e| S::takes(&e.kind)).collect();
        let mut to = EventId(last);
        if lease.place < self.careful_until && taken.len() > 1 {
            taken.truncate(1);
            to = EventId(taken[0].id);
        }
        match self.deal_with(lease, &taken, to).await? {
            Some(again) => Ok(again),
            None if is_page || lease.place < self.careful_until => Ok(Step::More),
            None => Ok(Step::Gathers),
        }
    }

    /// Deals with events and goes on behind them, unless they fail.
    async fn deal_with(
        &mut self,
        lease: Lease,
        taken: &[Arc<Heard>],
        to: EventId,
    ) -> ApiResult<Option<Step>> {
        if taken.is_empty() {
            self.move_on(to, lease.noted);
            return Ok(None);
        }
        match self.attempt(Some(taken), lease.noted, to).await {
            Ok(Some(noted)) => {
                self.move_on(to, noted);
                self.app.workers.handled_many(S::NAME, "done", taken.len());
                Ok(None)
            }
            Ok(None) => {
                // Another has taken over meanwhile.
                self.app.workers.handled(S::NAME, "overtaken");
                self.lease = None;
                Ok(Some(Step::NotOurs))
            }
            Err(Trouble::NotNow(error)) => {
                // Whether a commit took place may be unknown; the place tells.
                self.lease = None;
                Err(error)
            }
            Err(Trouble::Failed(why)) => match taken {
                [one] => self.failed(lease, one, to, &why).await,
                _ => {
                    self.careful_until = to;
                    Ok(Some(Step::More))
                }
            },
        }
    }

    /// Has an event tried again, or parks it.
    async fn failed(
        &mut self,
        lease: Lease,
        event: &Logged,
        to: EventId,
        why: &str,
    ) -> ApiResult<Option<Step>> {
        let tries = if self.tries.0 == event.id { self.tries.1 + 1 } else { 1 };
        self.tries = (event.id, tries);
        if tries < self.app.config.worker_tries_max {
            self.app.workers.handled(S::NAME, "failed");
            tracing::warn!(why, stream = S::NAME, event = event.id, tries, "an event failed");
            return Ok(Some(Step::Again(BACKOFF.saturating_mul(1 << (tries - 1).min(16)))));
        }
        self.park(event, tries, why).await?;
        self.move_on(to, lease.noted);
        Ok(None)
    }

    async fn park(&self, event: &Logged, tries: u32, why: &str) -> ApiResult<()> {
        dead_letters::park(&self.app, S::NAME, &Notice::from(event), tries, why).await?;
        self.app.workers.handled(S::NAME, "parked");
        tracing::error!(why, stream = S::NAME, event = event.id, "an event is parked");
        Ok(())
    }

    fn move_on(&mut self, to: EventId, noted: EventId) {
        if let Some(lease) = &mut self.lease {
            lease.place = to.max(lease.place);
            lease.noted = noted;
        }
    }

    /// Does what is to be done about some events, or about the time; the place that is noted down
    /// then. Nothing if another process has moved it on.
    async fn attempt(
        &self,
        events: Option<&[Arc<Heard>]>,
        noted: EventId,
        to: EventId,
    ) -> Result<Option<EventId>, Trouble> {
        let (app, place, events) =
            (self.app.clone(), self.place.clone(), events.map(<[_]>::to_vec));
        // In a task of its own: what breaks down in it is a failure like another.
        let attempt = tokio::spawn(async move {
            let works = match &events {
                Some(events) => S::look(&app, events).await?,
                None => S::look_at_clock(&app).await?,
            };
            act_on::<S>(&app, &place, works, noted, to).await
        });
        match attempt.await {
            Ok(Ok(noted)) => Ok(noted),
            Ok(Err(error)) => Err(Trouble::of(error)),
            Err(broken) => Err(Trouble::Failed(format!("the worker broke down: {broken}"))),
        }
    }

    /// Takes the lease, and renews it.
    async fn hold(&mut self) -> ApiResult<()> {
        let mut settled = None;
        if let Some(lease) = &self.lease {
            let is_fresh = match self.app.db.is_own_file() {
                true => lease.place.0 - lease.noted.0 < UNNOTED_MAX,
                false => lease.renewed_at.elapsed() < RENEW_EVERY,
            };
            if is_fresh {
                return Ok(());
            }
            settled = Some(lease.place);
        }
        let renewed_at = clock::monotonic();
        self.lease = self.place.hold(settled).await?.map(|noted| match self.lease {
            Some(lease) => Lease { noted, renewed_at, ..lease },
            None => Lease {
                place: noted,
                noted,
                renewed_at,
                looked_at: None,
                due_at: Timestamp(i64::MIN),
            },
        });
        if self.lease.is_none() {
            // Another process knows.
            self.app.workers.behind(S::NAME, 0);
        }
        Ok(())
    }

    /// Does what time has brought about, if it is to be asked.
    async fn look_at_clock(&mut self) -> ApiResult<()> {
        let Some(lease) = self.lease else { return Ok(()) };
        let now = self.app.clock.now();
        if now < lease.due_at {
            return Ok(());
        }
        match self.attempt(None, lease.noted, lease.noted).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.lease = None;
                return Ok(());
            }
            Err(Trouble::NotNow(error)) => return Err(error),
            // The next time may be better; events need not wait for it.
            Err(Trouble::Failed(why)) => {
                tracing::error!(why, stream = S::NAME, "what time brings about failed");
            }
        }
        if let Some(lease) = &mut self.lease {
            lease.due_at = now.plus_seconds(S::EVERY_S);
        }
        Ok(())
    }

    /// Deals with dead letters that are to be tried again.
    async fn bring_back(&mut self) -> ApiResult<()> {
        for notice in dead_letters::to_bring_back(&self.app, S::NAME).await? {
            let Some(lease) = self.lease else { return Ok(()) };
            let before = EventId(notice.event_id - 1);
            let found = events::read(&mut self.app.db.read().await?, before, 1).await?;
            let event = found.into_iter().find(|event| event.id == notice.event_id);
            let Some(event) = event.map(|event| Arc::new(Heard::from(event))) else {
                let why = "the event is not kept any more";
                dead_letters::park(&self.app, S::NAME, &notice, 1, why).await?;
                continue;
            };
            let events = [Arc::clone(&event)];
            match self.attempt(Some(&events), lease.noted, lease.noted).await {
                Ok(Some(_)) => {
                    self.app.workers.handled(S::NAME, "done");
                    dead_letters::went_well(&self.app, S::NAME, &[event.id]).await?;
                }
                Ok(None) => self.lease = None,
                Err(Trouble::NotNow(error)) => return Err(error),
                Err(Trouble::Failed(why)) => self.park(&event, 1, &why).await?,
            }
        }
        Ok(())
    }

    /// Leaves the lease to others.
    async fn give_up(&mut self) -> ApiResult<()> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        Ok(self.place.give_up(lease.place).await?)
    }
}

/// Does works, each in a transaction that finds the place where it was left; with the last, the
/// place moves.
async fn act_on<S: InOrder>(
    app: &App,
    place: &Place,
    works: Vec<S::Work>,
    noted: EventId,
    to: EventId,
) -> ApiResult<Option<EventId>> {
    let count = works.len();
    for (done, work) in works.into_iter().enumerate() {
        let then = if done + 1 == count { to.max(noted) } else { noted };
        let mut tx = app.db.begin().await?;
        if !place.move_on(&mut tx, noted, then).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        let told = S::act(app, &mut tx, work).await?;
        // Nothing to tell: nobody has to wait for the head of the log.
        match told.is_empty() {
            true => tx.commit().await?,
            false => drop(events::append(tx, app.clock.now(), &told, &[]).await?),
        }
        S::has_acted(app);
    }
    Ok(Some(if count == 0 { noted } else { to.max(noted) }))
}

impl Trouble {
    fn of(error: ApiError) -> Self {
        let code = error.failure().map(|failure| failure.code);
        match code.map(ErrorCode::status) {
            Some(503) => Self::NotNow(error),
            _ => Self::Failed(error.to_string()),
        }
    }
}
