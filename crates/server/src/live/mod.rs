//! Live: the event log over a WebSocket, to whoever keeps a screen up to date.
//!
//! [`http`] opens one, [`session`] is one connection, [`messages`] is what the two sides say,
//! [`ends`] why it ends, [`topics`] what one may choose to hear of. The log's end is read once for
//! all of them (`events::tail`), and what is told of an event is written once. Who may hear of it
//! is asked of each event (`event_log::visibility`), by roles that are asked for again all the
//! time.
//!
//! Nothing is kept for a connection but its place in the log: a caller who was cut off comes back
//! with the last cursor.

mod ends;
pub mod http;
mod messages;
mod session;
mod topics;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use stockroom_domain::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::{InFlight, Working};

/// Sockets that one user or key may have open at once, on this node.
pub const SOCKETS_OF_ONE_MAX: usize = 32;

/// Everyone who listens live in this process. Cloned cheaply.
#[derive(Clone, Debug)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    callers: Mutex<HashMap<UserId, usize>>,
    working: InFlight,
    open: Gauge,
    events: Counter,
    closed: Family<CodeLabel, Counter>,
    delay: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: u16,
}

impl Live {
    /// So many sockets at once.
    pub fn new(sockets_max: usize) -> Self {
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(sockets_max)),
            callers: Mutex::default(),
            working: InFlight::default(),
            open: Gauge::default(),
            events: Counter::default(),
            closed: Family::default(),
            delay: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
        }))
    }

    /// Makes the numbers part of the metrics.
    pub fn register(&self, registry: &mut Registry) {
        let live = registry.sub_registry_with_prefix("stockroom_live");
        live.register("sockets", "Open WebSockets", self.0.open.clone());
        live.register("events", "Events sent over WebSockets", self.0.events.clone());
        live.register("closed", "WebSockets that were closed, by code", self.0.closed.clone());
        let about = "From an event to its being sent, of the first of those sent together";
        live.register("delay_seconds", about, self.0.delay.clone());
    }

    /// Waits until all sockets are closed.
    pub async fn wait_until_none(&self) {
        self.0.working.wait_until_none().await;
    }

    /// A place for a socket; `None` where all are taken.
    fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        self.0.open.inc();
        Some(Place { live: self.clone(), _permit: permit, _working: self.0.working.begin() })
    }

    /// Takes one of a caller's own places; `None` where they have too many sockets.
    fn place_of(&self, user: UserId) -> Option<PlaceOf> {
        let mut callers = self.callers();
        let count = callers.entry(user).or_default();
        if *count >= SOCKETS_OF_ONE_MAX {
            return None;
        }
        *count += 1;
        Some(PlaceOf { live: self.clone(), user })
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.0.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many events were sent, the first so long after it had happened; without that where
    /// someone catches up.
    fn sent(&self, events: usize, delay_us: Option<i64>) {
        self.0.events.inc_by(events as u64);
        if let Some(delay_us) = delay_us {
            #[expect(clippy::cast_precision_loss)]
            self.0.delay.observe(delay_us.max(0) as f64 / 1_000_000.0);
        }
    }

    /// A socket ends with this code.
    fn closed(&self, code: u16) {
        self.0.closed.get_or_create(&CodeLabel { code }).inc();
    }
}

/// The place of an open socket.
#[derive(Debug)]
struct Place {
    live: Live,
    _permit: OwnedSemaphorePermit,
    _working: Working,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.0.open.dec();
    }
}

/// One of a caller's places.
#[derive(Debug)]
struct PlaceOf {
    live: Live,
    user: UserId,
}

impl Drop for PlaceOf {
    fn drop(&mut self) {
        let mut callers = self.live.callers();
        if let Some(count) = callers.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_all_and_for_each_and_free_again() {
        let live = Live::new(2);
        let (one, two) = (live.place(), live.place());
        assert!(one.is_some() && two.is_some() && live.place().is_none());
        drop(one);
        assert!(live.place().is_some());
        let user = UserId(7);
        let mut places: Vec<_> = (0..SOCKETS_OF_ONE_MAX).map(|_| live.place_of(user)).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(live.place_of(user).is_none() && live.place_of(UserId(8)).is_some());
        places.pop();
        assert!(live.place_of(user).is_some());
        drop(places);
        assert!(live.callers().is_empty());
    }
}
