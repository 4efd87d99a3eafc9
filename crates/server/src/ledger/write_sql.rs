//! The writing of a batch, all or nothing: levels, idempotency keys, movements, the event
//! head, events, the audit log.
//!
//! On PostgreSQL it is one statement, which is also its own transaction where none is open;
//! what must hold for the batch to stand is checked in it, and raised as an error if it does
//! not. On SQLite nobody else writes meanwhile; one text with several statements spares the
//! trips between threads.

use sqlx::postgres::PgArguments;
use sqlx::{PgConnection, Postgres, Row as _, SqliteConnection};
use stockroom_domain::stock::{Level, LevelKey, Movement};
use stockroom_domain::{EventId, Money, MovementId, Timestamp};

use super::posting::Details;
use super::sql::to_json;
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
    fn effective_at(&self) -> i64 {
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
    /// A level was no longer at the version it was read at.
    LevelsMoved,
    /// A key belongs to an effect that is committed.
    KeysTaken,
    /// The past up to a later instant has been settled.
    Settled,
}

impl Written {
    /// What PostgreSQL's refusal means: a state that `refuse_batch` raises, or a row that
    /// is there already.
    fn of_refusal(error: &sqlx::Error) -> Option<Self> {
        let error = error.as_database_error()?;
        match (error.code()?.as_ref(), error.constraint()) {
            ("SR001", _) => Some(Self::LevelsMoved),
            ("SR002", _) => Some(Self::Settled),
            (_, Some("idempotency_keys_pkey")) => Some(Self::KeysTaken),
            // Whoever undid the movement has changed its level.
            (_, Some("movement_reversals_pkey")) => Some(Self::LevelsMoved),
            _ => None,
        }
    }
}

/// The one statement on PostgreSQL. Its final CASE is the order of things: each count runs the
/// CTE behind it to its end, then the head is raised; only the events and the audit log are left
/// for after that. A key is taken where its row cannot be inserted: ON CONFLICT would look for
/// each in the index twice.
const POSTGRES: &str = "
    WITH changed AS (
        UPDATE stock_levels v
        SET on_hand = u.on_hand, value = u.value, version = u.version,
            updated_at = u.updated_at
        FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[],
                    $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[])
             AS u(store_id, product_id, lot_id, loaded, on_hand, value, version,
                  updated_at)
        WHERE v.store_id = u.store_id AND v.product_id = u.product_id
          AND v.lot_id = u.lot_id AND v.version = u.loaded
        RETURNING 1
    ), claimed AS (
        INSERT INTO idempotency_keys
            (key, fingerprint, answer, expires_at, status, created_at)
        SELECT k.*, $12, $13
        FROM UNNEST($9::TEXT[], $10::BIGINT[], $11::TEXT[], $40::BIGINT[]) AS k
        RETURNING 1
    ), undone AS (
        INSERT INTO movement_reversals (movement_id, reversed_by)
        SELECT * FROM UNNEST($14::BIGINT[], $15::BIGINT[])
        RETURNING 1
    ), moved AS (
        INSERT INTO stock_movements
            (id, store_id, product_id, lot_id, version, recorded_at, type, quantity,
             balance, value, unit_cost, reason, note, reference, reverses, actor_id,
             effective_at, business_day, order_id, order_item)
        SELECT * FROM UNNEST(
            $16::BIGINT[], $17::BIGINT[], $18::BIGINT[], $19::BIGINT[],
            $20::BIGINT[], $21::BIGINT[], $22::TEXT[], $23::BIGINT[], $24::BIGINT[],
            $25::BIGINT[], $26::BIGINT[], $27::TEXT[], $28::TEXT[], $29::TEXT[],
            $30::BIGINT[], $31::BIGINT[], $32::BIGINT[], $33::BIGINT[], $52::BIGINT[],
            $53::BIGINT[])
        RETURNING 1
    ), head AS (
        UPDATE event_head
        SET last_id = last_id + cardinality($34::TEXT[]),
            audit_id = audit_id + cardinality($41::TEXT[]),
            audit_link = CASE WHEN cardinality($41::TEXT[]) = 0 THEN audit_link
                              ELSE sha256(audit_link || $49) END
        WHERE log_id = $39 AND fence < $13
        RETURNING last_id, audit_id, audit_link
    ), announced AS (
        INSERT INTO events
            (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
        SELECT $39, head.last_id - cardinality($34::TEXT[]) + e.position, e.type,
               e.store_id, e.subject_kind, e.subject_id, $13, e.data
        FROM head, UNNEST($34::TEXT[], $35::BIGINT[], $36::TEXT[], $37::BIGINT[],
                          $38::TEXT[])
             WITH ORDINALITY AS e(type, store_id, subject_kind, subject_id, data,
                                  position)
    ), recorded AS (
        INSERT INTO audit_logs
            (id, at, actor_kind, actor_id, actor, address, request_id, action, subject_kind,
             subject_id, store_id, after, link)
        SELECT head.audit_id - cardinality($41::TEXT[]) + a.position, $13, a.actor_kind,
               a.actor_id, a.actor, a.address, a.request_id, a.action, a.subject_kind,
               a.subject_id, a.store_id, a.after,
               CASE WHEN a.position = cardinality($41::TEXT[]) THEN head.audit_link END
        FROM head, UNNEST($41::TEXT[], $42::BIGINT[], $43::TEXT[], $44::TEXT[], $45::TEXT[],
                          $46::BIGINT[], $47::BIGINT[], $48::TEXT[], $50::TEXT[], $51::TEXT[])
             WITH ORDINALITY AS a(actor_kind, actor_id, actor, address, request_id,
                                  subject_id, store_id, after, action, subject_kind, position)
    )
    SELECT CASE
        WHEN (SELECT COUNT(*) FROM changed) < cardinality($1::BIGINT[])
            THEN refuse_batch('SR001')
        WHEN (SELECT COUNT(*) FROM claimed) < cardinality($9::TEXT[])
          OR (SELECT COUNT(*) FROM undone) < cardinality($14::BIGINT[])
          OR (SELECT COUNT(*) FROM moved) < cardinality($16::BIGINT[])
            THEN refuse_batch('SR000')
        ELSE COALESCE((SELECT last_id FROM head), refuse_batch('SR002'))
    END";

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
        Conn::Postgres(conn) => write_postgres(conn, batch).await,
        Conn::Sqlite(conn) => write_sqlite(conn, batch).await,
    }
}

async fn write_postgres(conn: &mut PgConnection, batch: &Batch<'_>) -> sqlx::Result<Written> {
    let query = bind_levels(sqlx::query(POSTGRES), batch.levels);
    let query = bind_keys(query, batch);
    let query = bind_movements(query, batch.movements);
    let query = bind_events(query, batch.events).bind(LOG).bind(expiries(batch.keys));
    let query = bind_orders(bind_entries(query, batch), batch.movements);
    // sqlx reads on to the server's last message, which comes after the commit.
    match query.fetch_one(conn).await {
        Ok(row) => Ok(Written::Whole(EventId(row.try_get(0)?))),
        Err(error) => Written::of_refusal(&error).ok_or(error),
    }
}

async fn write_sqlite(conn: &mut SqliteConnection, batch: &Batch<'_>) -> sqlx::Result<Written> {
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
        _ if !is_all(changed, batch.levels.len()) => Written::LevelsMoved,
        _ if !is_all(claimed, batch.keys.len()) => Written::KeysTaken,
        Some(last) => Written::Whole(EventId(last)),
        None => Written::Settled,
    })
}

/// Which movement each reversal undoes, and the reversal.
fn undone(movements: &[NewMovement<'_>]) -> impl Iterator<Item = (i64, i64)> {
    movements.iter().filter_map(|row| Some((row.movement.reverses?.0, row.id.0)))
}

type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// $1 to $8.
fn bind_levels<'q>(query: Query<'q>, levels: &[NewLevel]) -> Query<'q> {
    let column = |of: fn(&NewLevel) -> i64| -> Vec<i64> { levels.iter().map(of).collect() };
    query
        .bind(column(|l| l.key.store.0))
        .bind(column(|l| l.key.product.0))
        .bind(column(|l| l.key.lot.0))
        .bind(column(|l| l.loaded))
        .bind(column(|l| l.level.on_hand.thousandths()))
        .bind(column(|l| l.level.value.cents()))
        .bind(column(|l| l.level.version))
        .bind(column(|l| l.level.updated_at.0))
}

/// $9 to $13.
fn bind_keys<'q>(query: Query<'q>, batch: &Batch<'_>) -> Query<'q> {
    query
        .bind(batch.keys.iter().map(|k| k.key).collect::<Vec<_>>())
        .bind(batch.keys.iter().map(|k| k.fingerprint).collect::<Vec<_>>())
        .bind(batch.keys.iter().map(|k| k.answer).collect::<Vec<_>>())
        .bind(batch.status)
        .bind(batch.now.0)
}

/// $40.
fn expiries(keys: &[NewKey<'_>]) -> Vec<Option<i64>> {
    keys.iter().map(|key| key.expires_at.map(|instant| instant.0)).collect()
}

/// $14 to $33.
fn bind_movements<'q>(query: Query<'q>, rows: &[NewMovement<'_>]) -> Query<'q> {
    let column = |of: fn(&NewMovement<'_>) -> i64| -> Vec<i64> { rows.iter().map(of).collect() };
    let column_or_null = |of: fn(&NewMovement<'_>) -> Option<i64>| -> Vec<Option<i64>> {
        rows.iter().map(of).collect()
    };
    fn texts<'r>(
        rows: &'r [NewMovement<'r>],
        of: fn(&'r Details) -> &'r Option<String>,
    ) -> Vec<Option<&'r str>> {
        rows.iter().map(|row| of(row.details).as_deref()).collect()
    }
    let (undone, by): (Vec<i64>, Vec<i64>) = undone(rows).unzip();
    query
        .bind(undone)
        .bind(by)
        .bind(column(|r| r.id.0))
        .bind(column(|r| r.movement.key.store.0))
        .bind(column(|r| r.movement.key.product.0))
        .bind(column(|r| r.movement.key.lot.0))
        .bind(column(|r| r.movement.version))
        .bind(column(|r| r.movement.recorded_at.0))
        .bind(rows.iter().map(|r| r.movement.kind.name()).collect::<Vec<_>>())
        .bind(column(|r| r.movement.quantity.thousandths()))
        .bind(column(|r| r.movement.balance.thousandths()))
        .bind(column(|r| r.movement.value.cents()))
        .bind(column_or_null(|r| r.details.unit_cost.map(Money::cents)))
        .bind(texts(rows, |d| &d.reason))
        .bind(texts(rows, |d| &d.note))
        .bind(texts(rows, |d| &d.reference))
        .bind(column_or_null(|r| r.movement.reverses.map(|undone| undone.0)))
        .bind(column(|r| r.actor))
        .bind(column(|r| r.effective_at()))
        .bind(column(|r| r.business_day))
}

/// $34 to $38.
fn bind_events<'q>(query: Query<'q>, events: &[Event]) -> Query<'q> {
    query
        .bind(events.iter().map(|e| e.kind).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.store.map(|s| s.0)).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.subject_kind).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.subject_id).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.data.as_str()).collect::<Vec<_>>())
}

/// $41 to $51.
fn bind_entries<'q>(query: Query<'q>, batch: &Batch<'_>) -> Query<'q> {
    let audit = audit::Columns::of(batch.entries);
    query
        .bind(audit.actor_kinds)
        .bind(audit.actor_ids)
        .bind(audit.actors)
        .bind(audit.addresses)
        .bind(audit.request_ids)
        .bind(audit.subject_ids)
        .bind(audit.store_ids)
        .bind(audit.after)
        .bind(chain::digest(batch.entries, batch.now).to_vec())
        .bind(audit.actions)
        .bind(audit.subject_kinds)
}

/// $52 and $53.
fn bind_orders<'q>(query: Query<'q>, rows: &[NewMovement<'_>]) -> Query<'q> {
    let (orders, items): (Vec<Option<i64>>, Vec<Option<i64>>) =
        rows.iter().map(|row| row.order.unzip()).unzip();
    query.bind(orders).bind(items)
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
