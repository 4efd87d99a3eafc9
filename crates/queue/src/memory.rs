//! A queue in this process. It forgets everything when the process ends: its publisher begins
//! again where [`Queue::kept_until`] says.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{Backlog, Boxed, Delivery, Group, Message, Queue, QueueError, Receipt};

/// A queue in memory.
#[derive(Debug)]
pub struct MemoryQueue {
    streams: Mutex<HashMap<String, Stream>>,
    lease: Duration,
    backlog_max: usize,
    /// Something may be ready for someone.
    news: Notify,
}

#[derive(Debug, Default)]
struct Stream {
    last_id: u64,
    groups: HashMap<String, Waiting>,
}

/// What one group has to do.
#[derive(Debug, Default)]
struct Waiting {
    ready: VecDeque<Held>,
    leased: HashMap<u64, (Instant, Held)>,
    delayed: BTreeMap<(Instant, u64), Held>,
    /// Numbers deliveries and delays.
    last_number: u64,
}

#[derive(Clone, Debug)]
struct Held {
    message: Message,
    /// How often it was delivered.
    attempts: u32,
    /// Whether it came by [`Queue::inject`], and is no part of the stream's progress.
    is_injected: bool,
}

impl Waiting {
    fn len(&self) -> usize {
        self.ready.len() + self.leased.len() + self.delayed.len()
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Moves what is due to what is ready: leases that have ended, delays that are over.
    fn wake(&mut self, now: Instant) {
        let ended = self.leased.iter().filter(|(_, (until, _))| *until <= now);
        let mut ended: Vec<u64> = ended.map(|(number, _)| *number).collect();
        // The oldest is put in front last, and so comes first.
        ended.sort_unstable_by(|a, b| b.cmp(a));
        for number in ended {
            if let Some((_, held)) = self.leased.remove(&number) {
                self.ready.push_front(held);
            }
        }
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now {
                break;
            }
            self.ready.push_back(entry.remove());
        }
    }

    fn take(&mut self, max: usize, until: Instant) -> Vec<Delivery> {
        let count = max.min(self.ready.len());
        let taken: Vec<Held> = self.ready.drain(..count).collect();
        let deliver = |mut held: Held| {
            held.attempts += 1;
            let number = self.number();
            let (message, attempt) = (held.message.clone(), held.attempts);
            self.leased.insert(number, (until, held));
            Delivery { message, attempt, receipt: Receipt(number.to_string()) }
        };
        taken.into_iter().map(deliver).collect()
    }

    fn give_back(&mut self, receipt: &Receipt) -> Option<Held> {
        let number: u64 = receipt.0.parse().ok()?;
        self.leased.remove(&number).map(|(_, held)| held)
    }

    fn delay(&mut self, held: Held, until: Instant) {
        let number = self.number();
        self.delayed.insert((until, number), held);
    }

    /// When something becomes due.
    fn next_due(&self) -> Option<Instant> {
        let leases = self.leased.values().map(|(until, _)| *until).min();
        let delays = self.delayed.keys().next().map(|(until, _)| *until);
        leases.into_iter().chain(delays).min()
    }

    /// The lowest id of the stream's own messages that is not settled.
    fn lowest(&self) -> Option<u64> {
        let leased = self.leased.values().map(|(_, held)| held);
        let all = self.ready.iter().chain(leased).chain(self.delayed.values());
        all.filter(|held| !held.is_injected).map(|held| held.message.id).min()
    }
}

impl MemoryQueue {
    /// A queue whose deliveries are leased for so long, and each of whose groups may have so many
    /// messages to do.
    pub fn new(lease: Duration, backlog_max: usize) -> Self {
        Self { streams: Mutex::default(), lease, backlog_max, news: Notify::new() }
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<String, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a group that was joined.
    fn with<T>(
        &self,
        group: Group<'_>,
        work: impl FnOnce(&mut Waiting) -> T,
    ) -> Result<T, QueueError> {
        let mut streams = self.streams();
        let stream = streams.get_mut(group.stream);
        match stream.and_then(|stream| stream.groups.get_mut(group.name)) {
            Some(waiting) => Ok(work(waiting)),
            None => Err(QueueError::UnknownGroup {
                stream: group.stream.to_owned(),
                group: group.name.to_owned(),
            }),
        }
    }

    fn publish_now(&self, stream: &str, messages: &[Message]) -> usize {
        let mut streams = self.streams();
        let stream = streams.entry(stream.to_owned()).or_default();
        let mut taken = 0;
        for message in messages {
            if message.id > stream.last_id {
                if stream.groups.values().any(|waiting| waiting.len() >= self.backlog_max) {
                    break;
                }
                stream.last_id = message.id;
                for waiting in stream.groups.values_mut() {
                    let message = message.clone();
                    waiting.ready.push_back(Held { message, attempts: 0, is_injected: false });
                }
            }
            taken += 1;
        }
        taken
    }

    async fn receive_soon(
        &self,
        group: Group<'_>,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        let deadline = Instant::now() + wait;
        loop {
            // Registered before the look, so that nothing is missed in between.
            let news = self.news.notified();
            let now = Instant::now();
            let (taken, next_due) = self.with(group, |waiting| {
                waiting.wake(now);
                (waiting.take(max, now + self.lease), waiting.next_due())
            })?;
            if !taken.is_empty() || now >= deadline {
                return Ok(taken);
            }
            let until = next_due.map_or(deadline, |due| due.min(deadline));
            // A time-out: something is due, or the wait is over.
            let _ = tokio::time::timeout_at(until, news).await;
        }
    }

    fn give_back(
        &self,
        group: Group<'_>,
        receipt: &Receipt,
        after: Duration,
        counts: bool,
    ) -> Result<(), QueueError> {
        let until = Instant::now() + after;
        self.with(group, |waiting| {
            if let Some(mut held) = waiting.give_back(receipt) {
                held.attempts -= u32::from(!counts);
                waiting.delay(held, until);
            }
        })?;
        self.news.notify_waiters();
        Ok(())
    }
}

impl Queue for MemoryQueue {
    fn join<'a>(&'a self, group: Group<'a>) -> Boxed<'a, ()> {
        let mut streams = self.streams();
        let stream = streams.entry(group.stream.to_owned()).or_default();
        stream.groups.entry(group.name.to_owned()).or_default();
        Box::pin(std::future::ready(Ok(())))
    }

    fn publish<'a>(&'a self, stream: &'a str, messages: &'a [Message]) -> Boxed<'a, usize> {
        let taken = self.publish_now(stream, messages);
        self.news.notify_waiters();
        Box::pin(std::future::ready(Ok(taken)))
    }

    fn receive<'a>(
        &'a self,
        group: Group<'a>,
        max: usize,
        wait: Duration,
    ) -> Boxed<'a, Vec<Delivery>> {
        Box::pin(self.receive_soon(group, max, wait))
    }

    fn ack<'a>(&'a self, group: Group<'a>, receipts: &'a [Receipt]) -> Boxed<'a, ()> {
        let now = Instant::now();
        let outcome = self.with(group, |waiting| {
            waiting.wake(now);
            for receipt in receipts {
                waiting.give_back(receipt);
            }
        });
        Box::pin(std::future::ready(outcome))
    }

    fn fail<'a>(
        &'a self,
        group: Group<'a>,
        receipt: &'a Receipt,
        after: Duration,
    ) -> Boxed<'a, ()> {
        Box::pin(std::future::ready(self.give_back(group, receipt, after, true)))
    }

    fn defer<'a>(
        &'a self,
        group: Group<'a>,
        receipt: &'a Receipt,
        after: Duration,
    ) -> Boxed<'a, ()> {
        Box::pin(std::future::ready(self.give_back(group, receipt, after, false)))
    }

    fn inject<'a>(&'a self, group: Group<'a>, message: Message) -> Boxed<'a, ()> {
        let outcome = self.with(group, |waiting| {
            waiting.ready.push_back(Held { message, attempts: 0, is_injected: true });
        });
        self.news.notify_waiters();
        Box::pin(std::future::ready(outcome))
    }

    fn backlog<'a>(&'a self, group: Group<'a>) -> Boxed<'a, Backlog> {
        let now = Instant::now();
        let outcome = self.with(group, |waiting| {
            waiting.wake(now);
            let count = |len: usize| len as u64;
            Backlog {
                waiting: count(waiting.ready.len()),
                leased: count(waiting.leased.len()),
                delayed: count(waiting.delayed.len()),
            }
        });
        Box::pin(std::future::ready(outcome))
    }

    fn kept_until<'a>(&'a self, stream: &'a str) -> Boxed<'a, u64> {
        let streams = self.streams();
        let kept = streams.get(stream).map_or(0, |stream| {
            let lowest = stream.groups.values().filter_map(Waiting::lowest).min();
            lowest.map_or(stream.last_id, |id| id - 1)
        });
        drop(streams);
        Box::pin(std::future::ready(Ok(kept)))
    }
}
