//! What is kept of an answer, and how it is told again.
//!
//! A movement never changes, so the row of an idempotency key need not hold it twice: it
//! holds the movements' ids, and the refusals of lines that fell by themselves, in the order
//! of the lines: `[17,18,{"error":{…}}]`. Told again, the movements are read from the ledger
//! and shown as they were when they were new.

use std::collections::HashMap;

use serde_json::value::RawValue;
use stockroom_domain::StoreId;

use super::answer::MovementRow;
use super::keys_sql::{self, StoredEffect};
use super::movements_sql;
use crate::db::Conn;

/// A committed effect, ready to be told again.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Of the request that had the effect.
    pub(super) fingerprint: i64,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Movement(Box<MovementRow>),
    /// As it was said, to the letter.
    Refusal(Box<RawValue>),
}

/// The movement that a kept part stands for; none for a refusal.
fn id(part: &RawValue) -> Option<i64> {
    part.get().parse().ok()
}

/// The committed effects among `keys`, with their movements.
pub(super) async fn known(
    db: impl Into<Conn<'_>>,
    keys: &[&str],
) -> sqlx::Result<HashMap<String, Known>> {
    let mut db = db.into();
    let stored = keys_sql::known_keys(db.reborrow(), keys).await?;
    let mut parsed = Vec::with_capacity(stored.len());
    for (key, StoredEffect { fingerprint, answer }) in stored {
        let parts: Vec<Box<RawValue>> = serde_json::from_str(&answer)
            .map_err(|error| sqlx::Error::Decode(format!("key {key}: {error}").into()))?;
        parsed.push((key, fingerprint, parts));
    }
    let ids = parsed.iter().flat_map(|(_, _, parts)| parts).filter_map(|part| id(part));
    let ids: Vec<i64> = ids.collect();
    let rows = match ids[..] {
        [] => Vec::new(),
        _ => movements_sql::movements_by_id(db, ids).await?,
    };
    let rows: HashMap<i64, MovementRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let mut known = HashMap::with_capacity(parsed.len());
    for (key, fingerprint, parts) in parsed {
        let part = |part: Box<RawValue>| match id(&part) {
            None => Ok(Part::Refusal(part)),
            Some(id) => match rows.get(&id) {
                Some(row) => Ok(Part::Movement(Box::new(row.clone()))),
                None => Err(sqlx::Error::Decode(format!("key {key}: no movement {id}").into())),
            },
        };
        let parts = parts.into_iter().map(part).collect::<sqlx::Result<Vec<_>>>()?;
        known.insert(key, Known { fingerprint, parts });
    }
    Ok(known)
}

impl Known {
    /// The answer, as it was given the first time.
    pub(super) fn answer(&self, shows_cost: bool) -> String {
        let parts: Vec<String> = self.parts.iter().map(|part| part.text(shows_cost)).collect();
        format!("[{}]", parts.join(","))
    }
}

impl Known {
    /// The stores in which it moved something.
    pub(super) fn stores(&self) -> impl Iterator<Item = StoreId> {
        self.parts.iter().filter_map(|part| match part {
            Part::Movement(row) => Some(StoreId(row.store_id)),
            Part::Refusal(_) => None,
        })
    }
}

impl Part {
    fn text(&self, shows_cost: bool) -> String {
        match self {
            Self::Refusal(refusal) => refusal.get().to_owned(),
            Self::Movement(row) => {
                let mut view = row.view(shows_cost);
                // Undone later: when it was new, it was not.
                view.reversed_by = None;
                serde_json::to_string(&view).unwrap_or_default()
            }
        }
    }
}
