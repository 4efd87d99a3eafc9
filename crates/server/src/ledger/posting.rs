//! What a request hands to the ledger, and what it gets back.

use serde_json::value::RawValue;
use stockroom_domain::batch::{Atomicity, Parcel};
use stockroom_domain::stock::{Line, MovementKind, Refusal};
use stockroom_domain::{EventId, Money, Timestamp, UserId};

use crate::audit::Origin;

/// Lines that share an idempotency key, with everything about them that the rules of stock
/// do not look at.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The lines and their key.
    pub parcel: Parcel,
    /// One for each line.
    pub details: Vec<Details>,
    /// What the request was, to tell a retry from a key used twice.
    pub fingerprint: i64,
    /// Who posts, and by which request. One without an id cannot be named by a movement.
    pub origin: Origin,
    /// Whether the answer may contain costs.
    pub shows_cost: bool,
    /// Whether its key is kept for ever: a till may come back with its sales after any time. A
    /// request of many movements always keeps its keys, for it may hold sales in another part.
    pub keeps_key: bool,
    /// Lines of the request that fell before they reached the ledger: their places among all,
    /// rising, and what they are told. They are part of the answer, also when it is repeated.
    pub fallen: Vec<(usize, Box<RawValue>)>,
}

impl Posting {
    /// A posting without details. They are set on `details`, line by line.
    pub fn new(key: String, atomicity: Atomicity, lines: Vec<Line>, origin: Origin) -> Self {
        Self {
            keeps_key: lines.iter().any(|line| line.kind == MovementKind::Sale),
            details: vec![Details::default(); lines.len()],
            parcel: Parcel { key, atomicity, lines },
            fingerprint: 0,
            origin,
            shows_cost: false,
            fallen: Vec::new(),
        }
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
        self.parcel.lines.len() + bytes / 1_024
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
}

/// What was committed.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// A JSON array with one element a line of the request: the movement, or
    /// `{"error":{…}}` for a line that fell by itself.
    pub answer: String,
    /// The last event of the commit, or the log's head where an earlier effect is repeated.
    pub event: EventId,
    /// The effect was committed by an earlier request with the same key.
    pub replayed: bool,
}

/// Why a posting had no effect.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PostError {
    /// The rules of stock forbid it: each failing line by its index.
    #[error("{} line(s) refused", .0.len())]
    Refused(Vec<(usize, Refusal)>),
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
