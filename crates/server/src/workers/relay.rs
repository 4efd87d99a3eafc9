//! From the event log to a queue.
//!
//! One process carries a queue's events, of those that work on it, as long as it renews its lease;
//! another takes over where it left off. What was carried and not yet noted down is carried again,
//! which queues and consumers bear. A broker in this process forgets what it holds when the process
//! ends, so that the place which is noted down is where everything before it was dealt with.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockroom_domain::EventId;
use stockroom_queue::{Message, Queue as Broker};
use tokio::sync::watch;

use super::place::Place;
use super::{Notice, Queue, dead_letters};
use crate::App;
use crate::clock;
use crate::error::ApiError;
use crate::events::tail::{Follower, Heard};
use crate::events::{self, Logged};

/// Events carried at once.
const EVENTS_MAX: usize = 500;
/// How often it is seen to that everything is dealt with, where there is nothing new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the place is noted down, if it has changed.
const NOTE_EVERY: Duration = Duration::from_millis(500);
/// How often it is noted down all the same, to renew the lease.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// How often another process looks whether the lease has run out.
const LOOK_FOR_LEASE_EVERY: Duration = Duration::from_secs(2);

/// Carries a queue's events until it is told to stop.
pub(super) async fn run(
    app: App,
    broker: Arc<dyn Broker>,
    queue: &'static Queue,
    mut stopped: watch::Receiver<bool>,
) {
    let mut relay = Relay {
        queue,
        place: Place::new(&app, queue.name),
        follower: app.tail.follow(),
        app,
        broker,
        lease: None,
        injected: HashMap::new(),
    };
    while !*stopped.borrow() {
        match relay.step().await {
            Ok(Step::More) => {}
            Ok(Step::Idle(place)) => {
                tokio::select! {
                    () = relay.follower.wait_beyond(place) => {}
                    _ = stopped.changed() => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
            Ok(Step::HeldUp) => {
                // Whoever commits meanwhile does not make room.
                let _ = tokio::time::timeout(LOOK_EVERY, stopped.changed()).await;
            }
            Ok(Step::NotOurs) => {
                // A time-out: nobody has said stop.
                let _ = tokio::time::timeout(LOOK_FOR_LEASE_EVERY, stopped.changed()).await;
            }
            Err(error) => {
                tracing::warn!(%error, queue = queue.name, "events cannot be relayed now");
                relay.lease = None;
                relay.app.workers.held(queue.name, false);
                let _ = tokio::time::timeout(LOOK_FOR_LEASE_EVERY, stopped.changed()).await;
            }
        }
    }
    if let Err(error) = relay.give_up().await {
        tracing::warn!(%error, queue = queue.name, "a relay's lease was left to run out");
    }
}

/// What a look at the log came to.
enum Step {
    /// There may be more to carry.
    More,
    /// Nothing is behind this place.
    Idle(EventId),
    /// The queue has too much to do.
    HeldUp,
    /// Another process relays.
    NotOurs,
}

struct Relay {
    app: App,
    queue: &'static Queue,
    broker: Arc<dyn Broker>,
    place: Place,
    follower: Follower,
    /// None while another process relays.
    lease: Option<Lease>,
    /// Dead letters that were brought back, with the version that they had then.
    injected: HashMap<i64, i64>,
}

/// The right to relay.
struct Lease {
    /// The last event that was carried.
    place: EventId,
    /// What is noted down: everything up to here is dealt with.
    noted: EventId,
    looked_at: Instant,
    noted_at: Instant,
}

impl Relay {
    /// Carries some events.
    async fn step(&mut self) -> Result<Step, ApiError> {
        self.hold().await?;
        let Some(place) = self.lease.as_ref().map(|lease| lease.place) else {
            return Ok(Step::NotOurs);
        };
        let events = self.follower.behind(place, EVENTS_MAX).await?;
        let carried = self.carry(place, &events).await?;
        if let Some(lease) = &mut self.lease {
            lease.place = carried;
        }
        Ok(match events.last() {
            None => Step::Idle(place),
            Some(_) if carried == place => Step::HeldUp,
            Some(_) => Step::More,
        })
    }

    /// Takes the lease; renews it, and notes down how far everything is dealt with.
    async fn hold(&mut self) -> Result<(), ApiError> {
        let mut place = None;
        let mut settled = None;
        if let Some(lease) = &mut self.lease {
            if lease.looked_at.elapsed() < NOTE_EVERY {
                return Ok(());
            }
            lease.looked_at = clock::monotonic();
            let (noted, noted_at) = (lease.noted, lease.noted_at);
            place = Some(lease.place);
            let now_settled = self.settled(self.lease.as_ref().map_or(noted, |l| l.place)).await?;
            let (head, _) = events::head(&mut self.app.db.read().await?).await?;
            let left = head.0 - place.map_or(head.0, |place| place.0);
            self.app.workers.log_backlog(self.queue.name, left);
            let injected = &mut self.injected;
            dead_letters::bring_back(&self.app, self.queue, &*self.broker, injected).await?;
            // In a file of its own, nobody else could take over.
            let is_fresh = noted_at.elapsed() < RENEW_EVERY || self.app.db.is_own_file();
            if is_fresh && now_settled <= noted {
                return Ok(());
            }
            settled = Some(now_settled);
        }
        let noted = self.place.hold(settled).await?;
        let now = clock::monotonic();
        self.lease = noted.map(|noted| Lease {
            place: place.unwrap_or(noted),
            noted,
            looked_at: now,
            noted_at: now,
        });
        self.app.workers.held(self.queue.name, self.lease.is_some());
        Ok(())
    }

    /// Up to which event everything is dealt with, or kept where it outlives this process.
    async fn settled(&self, place: EventId) -> Result<EventId, ApiError> {
        let backlog = self.broker.backlog(self.queue.group()).await.map_err(unavailable)?;
        self.app.workers.backlog(self.queue.name, backlog);
        let kept = self.broker.kept_until(self.queue.name).await.map_err(unavailable)?;
        // With nothing left to do, its last message may be long past.
        Ok(match backlog.total() {
            0 => place,
            _ => place.min(EventId(i64::try_from(kept).unwrap_or(i64::MAX))),
        })
    }

    /// Publishes what is for the queue, in order; the last event that is carried then.
    async fn carry(&self, place: EventId, events: &[Arc<Heard>]) -> Result<EventId, ApiError> {
        let carried = events.last().map_or(place, |event| EventId(event.id));
        let for_it = events.iter().filter(|event| (self.queue.takes)(&event.kind));
        let messages: Vec<Message> = for_it.map(|event| message(event)).collect();
        if messages.is_empty() {
            return Ok(carried);
        }
        let taken = self.broker.publish(self.queue.name, &messages).await.map_err(unavailable)?;
        // Where it has too much to do, what comes from there on waits in the log.
        let left = messages.get(taken).map(|left| i64::try_from(left.id).unwrap_or(i64::MAX));
        Ok(left.map_or(carried, |left| EventId(left - 1).max(place)))
    }

    /// Leaves the lease to others.
    async fn give_up(&mut self) -> Result<(), ApiError> {
        let Some(lease) = &self.lease else { return Ok(()) };
        let settled = self.settled(lease.place).await?;
        Ok(self.place.give_up(settled).await?)
    }
}

fn message(event: &Logged) -> Message {
    let payload = serde_json::to_string(&Notice::from(event)).unwrap_or_default();
    Message { id: event.id.unsigned_abs(), payload: payload.into() }
}

#[expect(clippy::needless_pass_by_value, reason = "maps errors")]
fn unavailable(error: stockroom_queue::QueueError) -> ApiError {
    ApiError::unavailable(error.to_string())
}
