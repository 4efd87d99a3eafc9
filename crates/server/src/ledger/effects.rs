//! Effects that are committed, by their idempotency keys.
//!
//! The ledger itself finds out whether a key was used, under its locks. Who asks here wants
//! to know it beforehand: a request that would be refused by now (its product is gone, its
//! date too old) has its answer all the same if it took effect when it was first sent.

use std::collections::HashMap;

use stockroom_domain::{EventId, StoreId};

use super::posting::{PostError, Receipt};
use super::replay::{self, Known};
use crate::db::Db;
use crate::error::{ApiError, ApiResult};
use crate::events;

/// Effects that were found under the keys of one request.
#[derive(Debug)]
pub struct Effects {
    known: HashMap<String, Known>,
    fingerprint: i64,
    event: EventId,
}

impl Effects {
    /// Looks for committed effects under `keys`, which all belong to a request of this
    /// fingerprint.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn find(db: &Db, keys: &[String], fingerprint: i64) -> sqlx::Result<Self> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut reader = db.read().await?;
        let known = replay::known(&mut reader, &keys).await?;
        let (event, _) = events::head(&mut reader).await?;
        Ok(Self { known, fingerprint, event })
    }

    /// Refuses a request one of whose keys was used for another.
    ///
    /// # Errors
    /// [`PostError::KeyReused`]
    pub fn refuse_reuse(&self) -> Result<(), PostError> {
        let is_other = |known: &Known| known.fingerprint != self.fingerprint;
        if self.known.values().any(is_other) { Err(PostError::KeyReused) } else { Ok(()) }
    }

    /// What the effect under `key` was answered with, if there is one; with costs if they may
    /// be shown of every store that it moved something in.
    pub fn of(&self, key: &str, shows_cost: impl Fn(StoreId) -> bool) -> Option<Receipt> {
        let known = self.known.get(key)?;
        Some(known.receipt(known.stores().all(shows_cost), self.event))
    }
}

/// The receipt of a request with one key, if it took effect when it was first sent. `row_key` is
/// where the effect is found, `key` what the caller calls it.
///
/// # Errors
/// 422 where the key was used for another request; the database's.
pub async fn repeated(
    db: &Db,
    (row_key, key): (&str, &str),
    fingerprint: i64,
    shows_cost: impl Fn(StoreId) -> bool,
) -> ApiResult<Option<Receipt>> {
    let effects = Effects::find(db, &[row_key.to_owned()], fingerprint).await?;
    let reused = |error| ApiError::from_post(error, key, &[], |_| String::new());
    effects.refuse_reuse().map_err(reused)?;
    Ok(effects.of(row_key, shows_cost))
}
