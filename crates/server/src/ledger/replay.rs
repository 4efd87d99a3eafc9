//! What is kept of an answer, and how it is told again.
//!
//! A movement never changes, so the row of an idempotency key need not hold it twice: it
//! holds the movements' ids, runs of them as the first and the last, and the refusals of lines
//! that fell by themselves, in the order of the lines: `[17,[20,29],{"error":{…}}]`. Told
//! again, the movements are read from the ledger and shown as they were when they were new.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use serde_json::value::RawValue;
use stockroom_domain::{EventId, MovementId, StoreId};

use super::answer::MovementRow;
use super::document::Made;
use super::keys_sql::{self, StoredEffect};
use super::movements_sql;
use super::posting::Receipt;
use crate::db::Conn;

/// A committed effect, ready to be told again.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Of the request that had the effect.
    pub(super) fingerprint: i64,
    parts: Vec<Part>,
    made: Option<Made>,
}

#[derive(Clone, Debug)]
enum Part {
    Movement(Box<MovementRow>),
    /// As it was said, to the letter.
    Refusal(Box<RawValue>),
}

/// What is kept of an answer while it is being written down.
#[derive(Debug, Default)]
pub(super) struct Kept {
    text: String,
    /// Movements that are not yet written: the first id and the last.
    run: Option<(MovementId, MovementId)>,
}

impl Kept {
    pub(super) fn movement(&mut self, id: MovementId) {
        match &mut self.run {
            Some((_, last)) if last.0 + 1 == id.0 => *last = id,
            _ => {
                self.end_run();
                self.run = Some((id, id));
            }
        }
    }

    pub(super) fn refusal(&mut self, told: &str) {
        self.end_run();
        self.push(format_args!("{told}"));
    }

    pub(super) fn into_text(mut self) -> String {
        self.end_run();
        self.text.push(']');
        self.text
    }

    fn end_run(&mut self) {
        match self.run.take() {
            Some((first, last)) if first == last => self.push(format_args!("{first}")),
            Some((first, last)) => self.push(format_args!("[{first},{last}]")),
            None => {}
        }
    }

    fn push(&mut self, part: std::fmt::Arguments<'_>) {
        let begin = if self.text.is_empty() { '[' } else { ',' };
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{begin}{part}");
    }
}

/// The movements that a kept part stands for; none for a refusal.
pub(super) fn ids(part: &RawValue) -> Option<RangeInclusive<i64>> {
    let text = part.get();
    if let Ok(id) = text.parse() {
        return Some(id..=id);
    }
    let (first, last) = serde_json::from_str(text).ok()?;
    Some(first..=last)
}

/// The committed effects among `keys`, with their movements.
pub(super) async fn known(
    db: impl Into<Conn<'_>>,
    keys: &[&str],
) -> sqlx::Result<HashMap<String, Known>> {
    let mut db = db.into();
    let stored = keys_sql::known_keys(db.reborrow(), keys).await?;
    let mut parsed = Vec::with_capacity(stored.len());
    let mut known = HashMap::with_capacity(stored.len());
    for (key, StoredEffect { fingerprint, answer }) in stored {
        if let Ok(made) = serde_json::from_str::<Made>(&answer) {
            known.insert(key, Known { fingerprint, parts: Vec::new(), made: Some(made) });
            continue;
        }
        let parts: Vec<Box<RawValue>> = serde_json::from_str(&answer)
            .map_err(|error| sqlx::Error::Decode(format!("key {key}: {error}").into()))?;
        parsed.push((key, fingerprint, parts));
    }
    let all = parsed.iter().flat_map(|(_, _, parts)| parts).filter_map(|part| ids(part)).flatten();
    let all: Vec<i64> = all.collect();
    let rows = match all[..] {
        [] => Vec::new(),
        _ => movements_sql::movements_by_id(db, all).await?,
    };
    let rows: HashMap<i64, MovementRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    for (key, fingerprint, kept) in parsed {
        let mut parts = Vec::new();
        for part in kept {
            let Some(ids) = ids(&part) else {
                parts.push(Part::Refusal(part));
                continue;
            };
            for id in ids {
                let row = rows.get(&id).ok_or_else(|| {
                    sqlx::Error::Decode(format!("key {key}: no movement {id}").into())
                })?;
                parts.push(Part::Movement(Box::new(row.clone())));
            }
        }
        known.insert(key, Known { fingerprint, parts, made: None });
    }
    Ok(known)
}

impl Known {
    /// The receipt, as it was given the first time.
    pub(super) fn receipt(&self, shows_cost: bool, event: EventId) -> Receipt {
        let parts: Vec<String> = self.parts.iter().map(|part| part.text(shows_cost)).collect();
        let answer = match self.made {
            Some(_) => String::new(),
            None => format!("[{}]", parts.join(",")),
        };
        Receipt { answer, made: self.made, event, replayed: true }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_names_every_movement_in_its_place() {
        let mut kept = Kept::default();
        [17, 20, 21, 22].into_iter().for_each(|id| kept.movement(MovementId(id)));
        kept.refusal(r#"{"error":{}}"#);
        [23, 24].into_iter().for_each(|id| kept.movement(MovementId(id)));
        kept.movement(MovementId(3));
        let text = kept.into_text();
        assert_eq!(text, r#"[17,[20,22],{"error":{}},[23,24],3]"#);
        let parts: Vec<Box<RawValue>> = serde_json::from_str(&text).expect("JSON");
        let told: Vec<Option<Vec<i64>>> =
            parts.iter().map(|part| ids(part).map(Iterator::collect)).collect();
        let ids = |ids: &[i64]| Some(ids.to_vec());
        assert_eq!(told, [ids(&[17]), ids(&[20, 21, 22]), None, ids(&[23, 24]), ids(&[3])]);
    }
}
