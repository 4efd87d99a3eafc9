//! A message queue that knows nothing of shops.
//!
//! Messages are published to a *stream* and delivered to each of its *groups*; the consumers of a
//! group share its messages. What is delivered is leased: it comes again unless it is settled
//! before the lease ends, so that the messages of a consumer that died are not lost. Delivery is
//! therefore at least once, and consumers have to be idempotent.
//!
//! A message's id is its publisher's: ids rise within a stream, and one that was published before
//! is not published again. So a publisher that does not know how far it came begins a little
//! earlier.
//!
//! A message that cannot be dealt with is its consumer's to keep, who knows by
//! [`Delivery::attempt`] how often it was tried: dead letters belong in a database, for a broker
//! may be flushed. [`Queue::inject`] brings one back.
//!
//! Every backend passes `tests/conformance.rs`.

pub mod memory;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What the functions of a [`Queue`] return.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, QueueError>> + Send + 'a>>;

/// Something to be dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Rises within a stream.
    pub id: u64,
    /// Whatever the publisher and the consumers have agreed on.
    pub payload: Arc<str>,
}

/// A group of consumers of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group<'a> {
    /// The stream.
    pub stream: &'a str,
    /// The group's name.
    pub name: &'a str,
}

/// A message that was handed to a consumer, until its lease ends.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What.
    pub message: Message,
    /// How often it was delivered, this time included; deferrals do not count.
    pub attempt: u32,
    /// What settles this delivery, and no other of the same message.
    pub receipt: Receipt,
}

/// Stands for one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub String);

/// What a group has not dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Ready to be delivered.
    pub waiting: u64,
    /// Delivered and not settled.
    pub leased: u64,
    /// To come again later.
    pub delayed: u64,
}

impl Backlog {
    /// All of it.
    pub const fn total(&self) -> u64 {
        self.waiting + self.leased + self.delayed
    }
}

/// Why a queue did not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// Nobody has joined the group.
    #[error("there is no group {group} of the stream {stream}")]
    UnknownGroup {
        /// The stream.
        stream: String,
        /// The group.
        group: String,
    },
    /// The broker cannot be reached. What was asked for may have happened.
    #[error("the broker cannot be reached: {0}")]
    Unavailable(String),
}

/// A queue, whatever keeps it.
pub trait Queue: fmt::Debug + Send + Sync {
    /// Makes a group known: it gets everything that is published from now on. One that is known
    /// already goes on.
    fn join<'a>(&'a self, group: Group<'a>) -> Boxed<'a, ()>;

    /// Publishes messages, whose ids rise, and returns how many of them are taken: the first ones.
    /// Those that were published before count as taken. Fewer than all: a group has too much to
    /// do, and the others are to be published later.
    fn publish<'a>(&'a self, stream: &'a str, messages: &'a [Message]) -> Boxed<'a, usize>;

    /// Takes up to `max` messages, oldest first, and leases them. Waits for the first one, at most
    /// so long; nothing came then.
    fn receive<'a>(
        &'a self,
        group: Group<'a>,
        max: usize,
        wait: Duration,
    ) -> Boxed<'a, Vec<Delivery>>;

    /// Settles deliveries: their messages were dealt with. One whose lease has ended is passed
    /// over, for its message belongs to someone else by then.
    fn ack<'a>(&'a self, group: Group<'a>, receipts: &'a [Receipt]) -> Boxed<'a, ()>;

    /// Gives a delivery back, to come again after a while.
    fn fail<'a>(&'a self, group: Group<'a>, receipt: &'a Receipt, after: Duration)
    -> Boxed<'a, ()>;

    /// The same where the message is not to blame: its attempt is not counted.
    fn defer<'a>(
        &'a self,
        group: Group<'a>,
        receipt: &'a Receipt,
        after: Duration,
    ) -> Boxed<'a, ()>;

    /// Delivers a message to one group, whatever its id and whatever came before it.
    fn inject<'a>(&'a self, group: Group<'a>, message: Message) -> Boxed<'a, ()>;

    /// What a group has not dealt with.
    fn backlog<'a>(&'a self, group: Group<'a>) -> Boxed<'a, Backlog>;

    /// How far a stream's publisher may begin after when it starts anew: all messages up to this
    /// id are dealt with, or kept where they outlive this process.
    fn kept_until<'a>(&'a self, stream: &'a str) -> Boxed<'a, u64>;
}
