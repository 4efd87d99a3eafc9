//! The writing of a batch, all or nothing: levels, idempotency keys, movements, the event
//! head, events, the audit log.
//!
//! On PostgreSQL it is one statement ([`super::write_postgres_sql`]). On SQLite nobody else
//! writes meanwhile; one text with several statements spares the trips between threads.

use sqlx::{Row as _, SqliteConnection};
use stockroom_domain::stock::{Level, LevelKey, Movement};
use stockroom_domain::{EventId, Money, MovementId, Timestamp};

use super::document_rows::Rows;
use super::posting::Details;
use super::sql::to_json;
use super::{document_sql, write_postgres_sql};
use crate::audit::{self, Entry, chain};
use crate::db::Conn;
use crate::events::{Event, LOG};

/// A level that a batch has changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewLevel {
    pub(super) key: LevelKey,
    /// The version that it was read at, and must still be at (PostgreSQL; on SQLite nobody
    /// else has written).
    pub(super) loaded: i64,
    pub(super) level: Level,
}

/// A row of the ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewMovement<'a> {
    pub(super) id: MovementId,
    pub(super) movement: &'a Movement,
    pub(super) details: &'a Details,
    pub(super) actor: i64,
    pub(super) business_day: i64,
    /// The order that it was made for, and the item.
    pub(super) order: Option<(i64, i64)>,
}

impl NewMovement<'_> {
    pub(super) fn effective_at(&self) -> i64 {
        self.details.effective_at.unwrap_or(self.movement.recorded_at).0
    }

    /// The columns that always have a number.
    pub(super) fn numbers(&self) -> [i64; 12] {
        let m = self.movement;
        [
            self.id.0,
            m.key.store.0,
            m.key.product.0,
            m.key.lot.0,
            m.version,
            m.recorded_at.0,
            m.quantity.thousandths(),
            m.balance.thousandths(),
            m.value.cents(),
            self.actor,
            self.effective_at(),
            self.business_day,
        ]
    }
}

/// An effect under its key, with what its caller is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewKey<'a> {
    pub(super) key: &'a str,
    pub(super) fingerprint: i64,
    pub(super) answer: &'a str,
    /// When it may be forgotten, if ever.
    pub(super) expires_at: Option<Timestamp>,
}

/// Everything that a batch writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'a> {
    /// Orders and what customers owe, where it is about any.
    pub(super) documents: Option<&'a Rows>,
    /// In lock order.
    pub(super) levels: &'a [NewLevel],
    /// In lock order.
    pub(super) keys: &'a [NewKey<'a>],
    pub(super) movements: &'a [NewMovement<'a>],
    pub(super) events: &'a [Event],
    /// What the audit log says of it.
    pub(super) entries: &'a [Entry],
    /// The last link of the audit log (SQLite).
    pub(super) link: &'a [u8],
    /// What the keys' callers are told, as an HTTP status.
    pub(super) status: i64,
    pub(super) now: Timestamp,
}

/// What writing came to. All but the first leave nothing behind once the transaction is
/// rolled back; a statement that was its own transaction has done that already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All rows stand; the last event.
    Whole(EventId),
    /// A level or an order was no longer at the version it was read at.
    Overtaken,
    /// A key belongs to an effect that is committed.
    KeysTaken,
    /// The past up to a later instant has been settled.
    Settled,
}

/// The statements on SQLite. The levels are an upsert of rows that exist: its plan is a seek a
/// row, which UPDATE … FROM over a list does not promise.
const SQLITE: &str = "
    INSERT INTO stock_levels
        (store_id, product_id, lot_id, on_hand, value, version, updated_at)
    SELECT value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value ->> '$[3]',
           value ->> '$[4]', value ->> '$[5]', value ->> '$[6]'
    FROM jsonb_each($1)
    WHERE TRUE
    ON CONFLICT (store_id, product_id, lot_id) DO UPDATE
    SET on_hand = excluded.on_hand, value = excluded.value,
        version = excluded.version, updated_at = excluded.updated_at
    WHERE stock_levels.version < excluded.version;
    SELECT 0, changes();
    INSERT INTO idempotency_keys
        (key, fingerprint, answer, expires_at, status, created_at)
    SELECT value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value ->> '$[3]',
           $3, $4
    FROM jsonb_each($2)
    WHERE TRUE
    ON CONFLICT DO NOTHING;
    SELECT 1, changes();
    INSERT INTO movement_reversals (movement_id, reversed_by)
    SELECT value ->> '$[0]', value ->> '$[1]' FROM jsonb_each($5);
    INSERT INTO stock_movements
        (id, store_id, product_id, lot_id, version, recorded_at, type, quantity,
         balance, value, unit_cost, reason, note, reference, reverses, actor_id,
         effective_at, business_day, order_id, order_item)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[0][5]',
           value ->> '$[1][0]', value ->> '$[0][6]', value ->> '$[0][7]',
           value ->> '$[0][8]', value ->> '$[1][1]', value ->> '$[1][2]',
           value ->> '$[1][3]', value ->> '$[1][4]', value ->> '$[1][5]',
           value ->> '$[0][9]', value ->> '$[0][10]', value ->> '$[0][11]',
           value ->> '$[2][0]', value ->> '$[2][1]'
    FROM jsonb_each($6);
    UPDATE event_head
    SET last_id = last_id + json_array_length($7),
        audit_id = audit_id + json_array_length($9),
        audit_link = iif(json_array_length($9) = 0, audit_link, $10)
    WHERE log_id = $8 AND fence < $4;
    INSERT INTO events
        (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
    SELECT $8, h.last_id - json_array_length($7) + 1 + e.key, e.value ->> '$[0]',
           e.value ->> '$[1]', e.value ->> '$[2]', e.value ->> '$[3]', $4,
           e.value ->> '$[4]'
    FROM event_head h, jsonb_each($7) e
    WHERE h.log_id = $8 AND h.fence < $4;
    INSERT INTO audit_logs
        (id, at, actor_kind, actor_id, actor, address, request_id, action, subject_kind,
         subject_id, store_id, before, after, link)
    SELECT h.audit_id - json_array_length($9) + 1 + a.key, $4, a.value ->> '$[0][0]',
           a.value ->> '$[0][1]', a.value ->> '$[0][2]', a.value ->> '$[0][3]',
           a.value ->> '$[1][0]', a.value ->> '$[1][1]', a.value ->> '$[2][0]',
           a.value ->> '$[2][1]', a.value ->> '$[2][2]', a.value ->> '$[3]',
           a.value ->> '$[4]',
           CASE WHEN 1 + a.key = json_array_length($9) THEN $10 END
    FROM event_head h, jsonb_each($9) a
    WHERE h.log_id = $8 AND h.fence < $4;
    SELECT 2, last_id FROM event_head WHERE log_id = $8 AND fence < $4";

/// Writes a batch.
pub(super) async fn write(conn: Conn<'_>, batch: &Batch<'_>) -> sqlx::Result<Written> {
    match conn {
        Conn::Postgres(conn) => write_postgres_sql::write(conn, batch).await,
        Conn::Sqlite(conn) => write_sqlite(conn, batch).await,
    }
}

async fn write_sqlite(conn: &mut SqliteConnection, batch: &Batch<'_>) -> sqlx::Result<Written> {
    if let Some(rows) = batch.documents {
        document_sql::write_sqlite(conn, rows).await?;
    }
    let rows = sqlx::query(SQLITE)
        .bind(to_json(&batch.levels.iter().map(level_row).collect::<Vec<_>>()))
        .bind(to_json(&batch.keys.iter().map(key_row).collect::<Vec<_>>()))
        .bind(batch.status)
        .bind(batch.now.0)
        .bind(to_json(&undone(batch.movements).collect::<Vec<_>>()))
        .bind(to_json(&batch.movements.iter().map(movement_row).collect::<Vec<_>>()))
        .bind(to_json(&batch.events.iter().map(event_row).collect::<Vec<_>>()))
        .bind(LOG)
        .bind(audit::rows_json(batch.entries))
        .bind(next_link(batch))
        .fetch_all(conn)
        .await?;
    let mut told = [None::<i64>; 3];
    for row in rows {
        let what: i64 = row.try_get(0)?;
        if let Some(place) = usize::try_from(what).ok().and_then(|what| told.get_mut(what)) {
            *place = Some(row.try_get(1)?);
        }
    }
    let [changed, claimed, head] = told;
    let is_all =
        |count: Option<i64>, of: usize| count.is_some_and(|n| usize::try_from(n) == Ok(of));
    Ok(match head {
        _ if !is_all(changed, batch.levels.len()) => Written::Overtaken,
        _ if !is_all(claimed, batch.keys.len()) => Written::KeysTaken,
        Some(last) => Written::Whole(EventId(last)),
        None => Written::Settled,
    })
}

/// Which movement each reversal undoes, and the reversal.
pub(super) fn undone(movements: &[NewMovement<'_>]) -> impl Iterator<Item = (i64, i64)> {
    movements.iter().filter_map(|row| Some((row.movement.reverses?.0, row.id.0)))
}

fn next_link(batch: &Batch<'_>) -> Vec<u8> {
    match batch.entries {
        [] => batch.link.to_vec(),
        entries => chain::link(batch.link, &chain::digest(entries, batch.now)).to_vec(),
    }
}

fn level_row(row: &NewLevel) -> impl serde::Serialize {
    let (key, level) = (row.key, row.level);
    let (on_hand, value) = (level.on_hand.thousandths(), level.value.cents());
    (key.store, key.product, key.lot, on_hand, value, level.version, level.updated_at.0)
}

fn key_row<'a>(row: &NewKey<'a>) -> impl serde::Serialize + use<'a> {
    (row.key, row.fingerprint, row.answer, row.expires_at.map(|instant| instant.0))
}

fn movement_row<'a>(row: &NewMovement<'a>) -> impl serde::Serialize + use<'a> {
    let (m, d) = (row.movement, row.details);
    let unit_cost = d.unit_cost.map(Money::cents);
    let words = (m.kind.name(), unit_cost, &d.reason, &d.note, &d.reference, m.reverses);
    (row.numbers(), words, row.order)
}

fn event_row(event: &Event) -> impl serde::Serialize {
    let store = event.store.map(|store| store.0);
    (event.kind, store, event.subject_kind, event.subject_id, &event.data)
}
