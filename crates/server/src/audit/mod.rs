//! The audit log: who did what, from where, and what it was before and after.
//!
//! One row per change of state, written by the transaction that makes the change, together with
//! its events: [`crate::events::append`] takes both. Sign-ins, denied attempts, exports and the
//! use of keys are on record too ([`crate::events::note`]). Rows are never changed, have ids
//! without a gap, and are chained ([`chain`]), so that [`verify`] finds any edit, removal or
//! change of order, even by the database's owner; one who computes a whole new chain is found by
//! a link that was noted elsewhere. What is changed behind Stockroom's back is written down by
//! triggers, and [`outside`] puts it into the log.
//!
//! Reading the log over HTTP is the slice `audit_log`.

pub mod chain;
pub mod outside;
mod sql;
pub mod verify;

use std::net::IpAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stockroom_domain::StoreId;

pub use sql::{Columns, rows_json};

/// What kind of actor did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ActorKind {
    /// Someone who has signed in.
    User,
    /// A program with an API key.
    Key,
    /// Another program that wrote to the database.
    Database,
    /// Stockroom itself, or its command line.
    System,
    /// Someone who has not proved who they are.
    Nobody,
}

impl ActorKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::User, Self::Key, Self::Database, Self::System, Self::Nobody];

    /// As it is stored and answered.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Key => "key",
            Self::Database => "database",
            Self::System => "system",
            Self::Nobody => "nobody",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The user, for those that have a row among the users.
    pub id: Option<i64>,
    /// By which name they were known then.
    pub name: Arc<str>,
}

impl Actor {
    /// Stockroom itself, or a part of it: `command line`.
    pub fn system(part: &str) -> Self {
        Self { kind: ActorKind::System, id: None, name: part.into() }
    }

    /// Someone who says to be called so, and has not proved it.
    pub fn nobody(name: &str) -> Self {
        Self { kind: ActorKind::Nobody, id: None, name: name.into() }
    }
}

/// Who did it, and by which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// From which address.
    pub address: Option<IpAddr>,
    /// The request's id, as in the log.
    pub request_id: Option<Arc<str>>,
}

impl Origin {
    /// Stockroom itself, without a request.
    pub fn system(part: &str) -> Self {
        Self { actor: Actor::system(part), address: None, request_id: None }
    }
}

/// A row to be written. Its id is only known at the commit.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who did it.
    pub origin: Origin,
    /// What: `product.updated`, `user.signed_in` …
    pub action: &'static str,
    /// What kind of thing it was done to.
    pub subject_kind: &'static str,
    /// Which one.
    pub subject_id: Option<i64>,
    /// In which store, if in one.
    pub store: Option<StoreId>,
    /// What it was, as JSON.
    pub before: Option<String>,
    /// What it is now, or what else is to be known, as JSON.
    pub after: Option<String>,
}

/// The most bytes of a text that is put on record as it is.
const TEXT_BYTES_MAX: usize = 2_048;

/// What people may fill with whatever they like, as it is put on record: a long text by its
/// length and digest, else whoever sets it again and again would fill the log.
pub fn abridged(json: &str) -> Box<RawValue> {
    let digest = || {
        let sha256 = chain::hex(&Sha256::digest(json));
        json!({ "bytes": json.len(), "sha256": sha256 }).to_string()
    };
    let text = if json.len() <= TEXT_BYTES_MAX { json.to_owned() } else { digest() };
    RawValue::from_string(text).unwrap_or_default()
}

impl Entry {
    /// An entry about a thing.
    pub fn new(
        origin: Origin,
        action: &'static str,
        subject_kind: &'static str,
        subject_id: impl Into<Option<i64>>,
    ) -> Self {
        Self {
            origin,
            action,
            subject_kind,
            subject_id: subject_id.into(),
            store: None,
            before: None,
            after: None,
        }
    }

    /// The same, in a store.
    #[must_use]
    pub fn in_store(mut self, store: impl Into<Option<StoreId>>) -> Self {
        self.store = store.into();
        self
    }

    /// The same, with what was before.
    #[must_use]
    pub fn before(mut self, value: &Value) -> Self {
        self.before = Some(value.to_string());
        self
    }

    /// The same, with what is now.
    #[must_use]
    pub fn after(mut self, value: &Value) -> Self {
        self.after = Some(value.to_string());
        self
    }
}
