//! Queues that misbehave, as a broker may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stockroom_queue::memory::MemoryQueue;
use stockroom_queue::{Backlog, Boxed, Delivery, Group, Message, Queue, Receipt};
use tokio::sync::Notify;

/// A queue in memory with faults.
#[derive(Debug)]
pub struct Faulty {
    inner: MemoryQueue,
    /// Delivers every third message twice, each delivery backwards, and forgets some
    /// acknowledgements.
    is_unruly: bool,
    /// Never comes back from an acknowledgement.
    is_deaf: bool,
    /// Delivers nothing.
    is_shut: bool,
    count: AtomicU64,
    /// Deliveries so far.
    pub delivered: AtomicU64,
    /// An acknowledgement was asked for that never comes.
    pub asked_to_ack: Notify,
    /// It has not taken all that was to be published.
    pub held_up: Notify,
}

impl Faulty {
    fn new(lease: Duration, backlog_max: usize) -> Self {
        Self {
            inner: MemoryQueue::new(lease, backlog_max),
            is_unruly: false,
            is_deaf: false,
            is_shut: false,
            count: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            asked_to_ack: Notify::new(),
            held_up: Notify::new(),
        }
    }

    /// One that doubles, reorders and forgets, and whose leases end at once.
    pub fn unruly() -> Arc<Self> {
        let queue = Self::new(Duration::from_millis(20), 10_000);
        Arc::new(Self { is_unruly: true, ..queue })
    }

    /// One that whoever acknowledges something waits for for ever.
    pub fn deaf() -> Arc<Self> {
        Arc::new(Self { is_deaf: true, ..Self::new(Duration::from_secs(60), 10_000) })
    }

    /// One with little room, of which nothing ever comes out.
    pub fn shut(backlog_max: usize) -> Arc<Self> {
        Arc::new(Self { is_shut: true, ..Self::new(Duration::from_secs(60), backlog_max) })
    }

    /// One without faults.
    pub fn sound(backlog_max: usize) -> Arc<Self> {
        Arc::new(Self::new(Duration::from_secs(60), backlog_max))
    }

    fn every(&self, nth: u64) -> bool {
        self.is_unruly && self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(nth)
    }
}

/// Whether a message is about an order that is not there.
fn is_poison(message: &Message) -> bool {
    message.payload.contains("\"subject_id\":999999")
}

impl Queue for Faulty {
    fn join<'a>(&'a self, group: Group<'a>) -> Boxed<'a, ()> {
        self.inner.join(group)
    }

    fn publish<'a>(&'a self, stream: &'a str, messages: &'a [Message]) -> Boxed<'a, usize> {
        Box::pin(async move {
            let taken = self.inner.publish(stream, messages).await?;
            for message in messages {
                if self.every(3) {
                    let group = Group { stream, name: "workers" };
                    self.inner.inject(group, message.clone()).await?;
                }
            }
            if taken < messages.len() {
                self.held_up.notify_one();
            }
            Ok(taken)
        })
    }

    fn receive<'a>(
        &'a self,
        group: Group<'a>,
        max: usize,
        wait: Duration,
    ) -> Boxed<'a, Vec<Delivery>> {
        Box::pin(async move {
            if self.is_shut {
                return std::future::pending().await;
            }
            let max = if self.is_unruly { max.min(7) } else { max };
            let mut deliveries = self.inner.receive(group, max, wait).await?;
            self.delivered.fetch_add(deliveries.len() as u64, Ordering::Relaxed);
            if self.is_unruly {
                deliveries.reverse();
                // Nobody is parked for what this queue does.
                let good = deliveries.iter_mut().filter(|delivery| !is_poison(&delivery.message));
                good.for_each(|delivery| delivery.attempt = 1);
            }
            Ok(deliveries)
        })
    }

    fn ack<'a>(&'a self, group: Group<'a>, receipts: &'a [Receipt]) -> Boxed<'a, ()> {
        Box::pin(async move {
            if self.is_deaf && !receipts.is_empty() {
                self.asked_to_ack.notify_one();
                return std::future::pending().await;
            }
            match self.every(4) {
                true => Ok(()),
                false => self.inner.ack(group, receipts).await,
            }
        })
    }

    fn fail<'a>(
        &'a self,
        group: Group<'a>,
        receipt: &'a Receipt,
        after: Duration,
    ) -> Boxed<'a, ()> {
        self.inner.fail(group, receipt, after)
    }

    fn defer<'a>(
        &'a self,
        group: Group<'a>,
        receipt: &'a Receipt,
        after: Duration,
    ) -> Boxed<'a, ()> {
        self.inner.defer(group, receipt, after)
    }

    fn inject<'a>(&'a self, group: Group<'a>, message: Message) -> Boxed<'a, ()> {
        self.inner.inject(group, message)
    }

    fn backlog<'a>(&'a self, group: Group<'a>) -> Boxed<'a, Backlog> {
        self.inner.backlog(group)
    }

    fn kept_until<'a>(&'a self, stream: &'a str) -> Boxed<'a, u64> {
        self.inner.kept_until(stream)
    }
}
