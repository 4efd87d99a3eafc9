//! The end of the event log, read once for everyone in this process who follows it live.
//!
//! The ledger of this process hands in what it has committed, which is most of it; while anyone
//! follows, one task reads the rest: at once where it stands before something that was handed in,
//! within [`LOOK_EVERY`] otherwise. The latest events are kept in memory; who comes from further
//! back reads the log until there.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use stockroom_domain::EventId;
use tokio::sync::{Notify, watch};

use super::sql::{self, Logged};
use crate::db::Db;

/// How often the log is looked at for what other processes have written.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The pause after the database did not answer.
const PAUSE: Duration = Duration::from_millis(500);
/// Events kept in memory.
const KEPT_MAX: usize = 8_192;
/// Bytes of their data.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Events read at once.
const READ_MAX: i64 = 1_000;

/// The end of the log. Cloned cheaply.
#[derive(Clone, Debug)]
pub struct Tail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    /// Told when there is something to read.
    news: Notify,
    /// The last event that is known.
    last: watch::Sender<EventId>,
    kept: Mutex<Kept>,
}

/// An event of the log, shared by those who follow.
#[derive(Debug)]
pub struct Heard {
    event: Logged,
    text: OnceLock<Bytes>,
}

impl From<Logged> for Heard {
    fn from(event: Logged) -> Self {
        Self { event, text: OnceLock::new() }
    }
}

impl Heard {
    /// What is told of it, written once for all who hear the same words.
    pub fn text(&self, write: impl FnOnce(&Logged) -> Bytes) -> Bytes {
        self.text.get_or_init(|| write(&self.event)).clone()
    }
}

impl Deref for Heard {
    type Target = Logged;
    fn deref(&self) -> &Logged {
        &self.event
    }
}

/// The latest events, without a gap.
#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Arc<Heard>>,
    bytes: usize,
    followers: usize,
    /// Whether the task runs that reads.
    is_read: bool,
    /// The place behind which everything is kept; `None` until the head is known.
    start: Option<EventId>,
}

/// Someone who follows; the end of the log is read for as long as there is one.
#[derive(Debug)]
pub struct Follower {
    tail: Tail,
    last: watch::Receiver<EventId>,
}

impl Tail {
    /// Reads nothing until someone follows.
    pub fn new(db: Db) -> Self {
        let (last, kept) = (watch::Sender::new(EventId(0)), Mutex::default());
        Self(Arc::new(Inner { db, news: Notify::new(), last, kept }))
    }

    /// Takes what this process has committed at once, in order. Where events of others stand
    /// before it, all of it is read instead.
    pub fn committed(&self, events: Vec<Logged>) {
        let mut kept = self.kept();
        // Before the head is known, nothing is kept.
        let Some(end) = kept.end() else { return };
        if events.first().is_some_and(|first| first.id > end.0 + 1) {
            drop(kept);
            self.0.news.notify_one();
            return;
        }
        let last = kept.extend(events);
        drop(kept);
        self.tell(last);
    }

    /// Tells those who follow how far the log is known.
    fn tell(&self, last: EventId) {
        self.0.last.send_if_modified(|known| {
            let is_news = last > *known;
            *known = last.max(*known);
            is_news
        });
    }

    /// Follows from now on.
    pub fn follow(&self) -> Follower {
        let mut kept = self.kept();
        kept.followers += 1;
        if !kept.is_read {
            kept.is_read = true;
            tokio::spawn(self.clone().read());
        }
        Follower { tail: self.clone(), last: self.0.last.subscribe() }
    }

    /// Reads for as long as anyone follows.
    async fn read(self) {
        while self.is_wanted() {
            let pause = match self.read_some().await {
                Ok(true) => continue,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    tracing::debug!(%error, "the end of the event log cannot be read now");
                    PAUSE
                }
            };
            // A time-out: the log is looked at all the same.
            let _ = tokio::time::timeout(pause, self.0.news.notified()).await;
        }
    }

    /// Whether anyone follows; where not, everything is forgotten.
    fn is_wanted(&self) -> bool {
        let mut kept = self.kept();
        if kept.followers == 0 {
            *kept = Kept::default();
        }
        kept.is_read
    }

    /// Reads what is new; whether there may be more.
    async fn read_some(&self) -> sqlx::Result<bool> {
        let known = self.kept().end();
        let mut reader = self.0.db.read().await?;
        let Some(known) = known else {
            let (head, _) = sql::head(&mut reader).await?;
            self.kept().start = Some(head);
            self.tell(head);
            // What was committed meanwhile was not taken.
            return Ok(true);
        };
        let events = sql::read(&mut reader, known, READ_MAX).await?;
        drop(reader);
        let is_page = usize::try_from(READ_MAX).is_ok_and(|page| events.len() == page);
        let last = self.kept().extend(events);
        self.tell(last);
        Ok(is_page)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The last event that is known.
    fn end(&self) -> Option<EventId> {
        self.events.back().map(|event| EventId(event.id)).or(self.start)
    }

    /// Adds what is not there yet of some events that leave no gap, and forgets the oldest where
    /// there is too much; the last event that is known then.
    fn extend(&mut self, events: Vec<Logged>) -> EventId {
        let end = self.end().unwrap_or(EventId(0));
        for event in events.into_iter().filter(|event| event.id > end.0) {
            self.bytes += event.data.len();
            self.events.push_back(Arc::new(Heard::from(event)));
        }
        while self.events.len() > KEPT_MAX || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.data.len();
            self.start = Some(EventId(oldest.id));
        }
        self.end().unwrap_or(end)
    }

    /// At most `max` of the events behind a place; `None` where not all of them are kept.
    fn behind(&self, place: EventId, max: usize) -> Option<Vec<Arc<Heard>>> {
        if self.start.is_none_or(|start| place < start) {
            return None;
        }
        let from = self.events.partition_point(|event| event.id <= place.0);
        Some(self.events.range(from..).take(max).cloned().collect())
    }
}

impl Follower {
    /// At most `max` of the events behind a place, in order. Those in memory; where some of them
    /// are not, the log is read, which may be some that come after.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn behind(&self, place: EventId, max: usize) -> sqlx::Result<Vec<Arc<Heard>>> {
        if let Some(events) = self.tail.kept().behind(place, max) {
            return Ok(events);
        }
        let limit = i64::try_from(max).unwrap_or(READ_MAX).min(READ_MAX);
        let events = sql::read(&mut self.tail.0.db.read().await?, place, limit).await?;
        Ok(events.into_iter().map(|event| Arc::new(Heard::from(event))).collect())
    }

    /// Waits until such an event is behind a place.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn until(
        &mut self,
        mut place: EventId,
        is_it: impl Fn(&Logged) -> bool,
    ) -> sqlx::Result<()> {
        loop {
            self.wait_beyond(place).await;
            for event in self.behind(place, KEPT_MAX).await? {
                if is_it(&event) {
                    return Ok(());
                }
                place = EventId(event.id);
            }
        }
    }

    /// The last event that is known to be there.
    pub fn last(&self) -> EventId {
        *self.last.borrow()
    }

    /// Waits until there is an event behind a place.
    pub async fn wait_beyond(&mut self, place: EventId) {
        // The sender lives in the tail, which is held here.
        let _ = self.last.wait_for(|last| *last > place).await;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.tail.kept().followers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: i64, bytes: usize) -> Logged {
        Logged {
            id,
            kind: "stock.moved".to_owned(),
            store_id: Some(1),
            subject_kind: "product".to_owned(),
            subject_id: 1,
            occurred_at: 0,
            data: "x".repeat(bytes),
        }
    }

    fn ids(events: Option<Vec<Arc<Heard>>>) -> Option<Vec<i64>> {
        events.map(|events| events.iter().map(|event| event.id).collect())
    }

    #[test]
    fn what_is_kept_has_no_gap_and_an_end() {
        let mut kept = Kept::default();
        assert_eq!(ids(kept.behind(EventId(0), 9)), None, "the head is not known yet");
        kept.start = Some(EventId(10));
        assert_eq!(ids(kept.behind(EventId(10), 9)), Some(vec![]));
        assert_eq!(ids(kept.behind(EventId(9), 9)), None);
        kept.extend((11..=20).map(|id| event(id, 1)).collect());
        assert_eq!(ids(kept.behind(EventId(10), 3)), Some(vec![11, 12, 13]));
        assert_eq!(ids(kept.behind(EventId(18), 9)), Some(vec![19, 20]));
        assert_eq!(ids(kept.behind(EventId(20), 9)), Some(vec![]));
        assert_eq!(kept.extend((15..=22).map(|id| event(id, 1)).collect()), EventId(22));
        assert_eq!(ids(kept.behind(EventId(18), 9)), Some(vec![19, 20, 21, 22]));
        assert_eq!(kept.extend((15..=20).map(|id| event(id, 1)).collect()), EventId(22));
        assert_eq!(kept.extend(Vec::new()), EventId(22));
    }

    #[test]
    fn the_oldest_are_forgotten_by_number_and_by_size() {
        let mut kept = Kept { start: Some(EventId(0)), ..Kept::default() };
        kept.extend((1..=KEPT_MAX as i64 + 5).map(|id| event(id, 0)).collect());
        assert_eq!(kept.events.len(), KEPT_MAX);
        assert_eq!(ids(kept.behind(EventId(4), 1)), None);
        assert_eq!(ids(kept.behind(EventId(5), 1)), Some(vec![6]));
        let mut kept = Kept { start: Some(EventId(0)), ..Kept::default() };
        kept.extend((1..=3).map(|id| event(id, KEPT_BYTES_MAX / 2)).collect());
        assert_eq!((kept.start, kept.events.len()), (Some(EventId(1)), 2));
    }
}
