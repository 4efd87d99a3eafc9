//! What a request hands to the ledger, and what it gets back.

use serde_json::value::RawValue;
use stockroom_domain::batch::{Atomicity, Parcel, Refused};
use stockroom_domain::credit::Charge;
use stockroom_domain::orders::OrderStep;
use stockroom_domain::stock::{Line, MovementKind};
use stockroom_domain::{EventId, Money, StoreId, Timestamp, UserId};

use super::document::{ChargeDetails, Made, NewOrder, OrderPart, StepDetails};
use crate::audit::Origin;

/// Lines that share an idempotency key, with everything about them that the rules of stock
/// do not look at.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The lines and their key.
    pub parcel: Parcel,
    /// One for each line.
    pub details: Vec<Details>,
    /// In whose queue it waits: the store of its first line, or that of its order.
    pub store: StoreId,
    /// What it does to an order.
    pub order: Option<OrderPart>,
    /// What is written down of the parcel's charge.
    pub charge: ChargeDetails,
    /// What the request was, to tell a retry from a key used twice.
    pub fingerprint: i64,
    /// Who posts, and by which request. One without an id cannot be named by a movement.
    pub origin: Origin,
    /// Whether the answer may contain costs.
    pub shows_cost: bool,
    /// For how long its key is kept.
    pub key_life: KeyLife,
    /// Lines of the request that fell before they reached the ledger: their places among all,
    /// rising, and what they are told. They are part of the answer, also when it is repeated.
    pub fallen: Vec<(usize, Box<RawValue>)>,
}

/// For how long the key of what took effect is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLife {
    /// For ever: a till may come back with its sales after any time. So may whoever sends many
    /// movements at once, for there may be sales in another part of the request.
    Ever,
    /// For a while.
    AWhile,
    /// It is not written: the posting is for an order at a version, which tells by itself that
    /// there was an effect, and lets there be no second one.
    Never,
}

impl Posting {
    /// A posting without details. They are set on `details`, line by line.
    pub fn new(key: String, atomicity: Atomicity, lines: Vec<Line>, origin: Origin) -> Self {
        Self {
            key_life: match lines.iter().any(|line| line.kind == MovementKind::Sale) {
                true => KeyLife::Ever,
                false => KeyLife::AWhile,
            },
            details: vec![Details::default(); lines.len()],
            store: lines.first().map_or(StoreId(0), |line| line.key.store),
            order: None,
            charge: ChargeDetails::default(),
            parcel: Parcel::of_lines(key, atomicity, lines),
            fingerprint: 0,
            origin,
            shows_cost: false,
            fallen: Vec::new(),
        }
    }

    /// The same, in a store that no line names.
    #[must_use]
    pub const fn in_store(mut self, store: StoreId) -> Self {
        self.store = store;
        self
    }

    /// The same, which also makes an order.
    #[must_use]
    pub fn with_order(mut self, order: NewOrder) -> Self {
        self.order = Some(OrderPart::New(Box::new(order)));
        self.key_life = KeyLife::Ever;
        self
    }

    /// The same, which also takes an order further.
    #[must_use]
    pub fn with_step(mut self, step: OrderStep, details: StepDetails) -> Self {
        self.parcel.step = Some(step);
        self.order = Some(OrderPart::Step(details));
        self
    }

    /// The same, which also charges a customer.
    #[must_use]
    pub fn with_charge(mut self, charge: Charge, details: ChargeDetails) -> Self {
        self.parcel.charge = Some(charge);
        self.charge = details;
        self
    }

    /// Whether it is more than movements of goods.
    pub(super) const fn is_document(&self) -> bool {
        self.order.is_some() || self.parcel.charge.is_some()
    }

    /// How long it keeps a writer busy: its lines and its items, at least one.
    pub(super) fn size(&self) -> usize {
        let items = match &self.order {
            Some(OrderPart::New(order)) => order.items.len(),
            _ => 0,
        };
        (self.parcel.lines.len() + items).max(1)
    }

    /// The user that its movements name.
    pub(super) fn actor_id(&self) -> UserId {
        UserId(self.origin.actor.id.unwrap_or(0))
    }

    /// What this posting takes of the queue's room: its lines, and one more for each KiB of
    /// text that they carry.
    pub(super) fn weight(&self) -> usize {
        let text = |d: &Details| {
            [&d.reason, &d.note, &d.reference]
                .iter()
                .map(|t| t.as_ref().map_or(0, String::len))
                .sum()
        };
        let bytes: usize = self.details.iter().map(|d| -> usize { text(d) }).sum();
        self.size() + bytes / 1_024
    }
}

/// What is recorded of a line beside its effect.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Why goods were removed or a level corrected, as one of the documented words.
    pub reason: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// A document's number: delivery note, receipt …
    pub reference: Option<String>,
    /// What a unit cost, as it was stated.
    pub unit_cost: Option<Money>,
    /// When it happened, if not now.
    pub effective_at: Option<Timestamp>,
    /// The item of the posting's order, by its number, that the goods moved for.
    pub order_item: Option<i64>,
}

/// What was committed.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// A JSON array with one element a line of the request: the movement, or
    /// `{"error":{…}}` for a line that fell by itself. Empty for an order or a charge.
    pub answer: String,
    /// The order or the entry that was made, if that is what it was about.
    pub made: Option<Made>,
    /// The last event of the commit, or the log's head where an earlier effect is repeated.
    pub event: EventId,
    /// The effect was committed by an earlier request with the same key.
    pub replayed: bool,
}

/// Why a posting had no effect.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PostError {
    /// The rules forbid it.
    #[error("refused: {0:?}")]
    Refused(Refused),
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The queue is full, or the posting waited in it for too long.
    #[error("the ledger's queue is full")]
    Overloaded,
    /// The database cannot be reached. Nothing was written.
    #[error("the database cannot be reached")]
    Unavailable,
    /// The database went away during the commit and did not come back in time.
    #[error("the database went away during the commit")]
    OutcomeUnknown,
    /// A defect of ours, logged where it was found.
    #[error("internal error")]
    Internal,
}
