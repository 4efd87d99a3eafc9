//! The statement that writes a batch on PostgreSQL. It is also its own transaction where none is
//! open: what must hold for the batch to stand is checked in it, and raised as an error if it does
//! not.

use sqlx::postgres::PgArguments;
use sqlx::{PgConnection, Postgres, Row as _};
use stockroom_domain::{EventId, Money};

use super::document_rows::Rows;
use super::posting::Details;
use super::sql::to_json;
use super::write_sql::{Batch, NewKey, NewLevel, NewMovement, Written, undone};
use crate::audit::{self, chain};
use crate::events::{Event, LOG};

/// The one statement. Its final CASE is the order of things: each count runs the CTE behind it to
/// its end, then the head is raised; only the events and the audit log are left for after that. A
/// key is taken where its row cannot be inserted: ON CONFLICT would look for each in the index
/// twice.
macro_rules! write_batch {
    ($documents:literal, $checked:literal) => {
        concat!(
            "
    WITH ",
            $documents,
            "changed AS (
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
    SELECT CASE",
            $checked,
            "
        WHEN (SELECT COUNT(*) FROM changed) < cardinality($1::BIGINT[])
            THEN refuse_batch('SR001')
        WHEN (SELECT COUNT(*) FROM claimed) < cardinality($9::TEXT[])
          OR (SELECT COUNT(*) FROM undone) < cardinality($14::BIGINT[])
          OR (SELECT COUNT(*) FROM moved) < cardinality($16::BIGINT[])
            THEN refuse_batch('SR000')
        ELSE COALESCE((SELECT last_id FROM head), refuse_batch('SR002'))
    END"
        )
    };
}

/// Of movements alone.
const POSTGRES: &str = write_batch!("", "");

/// With orders, or with what customers owe. Their rows go in as JSON, tuples in the order of the
/// columns. Rows that are there are found by a list of their keys, in order, in which
/// `width_bucket` finds what belongs to each: a join with such a list would be planned for tables
/// that were empty when the statement was new.
const POSTGRES_WITH_DOCUMENTS: &str = write_batch!(
    "placed AS (
        INSERT INTO orders
            (id, store_id, customer_id, employee_id, user_id, channel, status,
             order_date, business_day, total, tax, reference, note, is_deleted,
             version)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT),
               CAST(r -> 0 ->> 2 AS BIGINT), CAST(r -> 0 ->> 3 AS BIGINT),
               CAST(r -> 0 ->> 4 AS BIGINT), r -> 1 ->> 0, r -> 1 ->> 1,
               CAST(r -> 1 ->> 2 AS BIGINT), CAST(r -> 1 ->> 3 AS BIGINT),
               CAST(r -> 2 ->> 0 AS BIGINT), CAST(r -> 2 ->> 1 AS BIGINT),
               r -> 3 ->> 0, r -> 3 ->> 1, FALSE, 1
        FROM jsonb_array_elements(CAST($54 AS JSONB)) r
        RETURNING 1
    ), waiting AS (
        INSERT INTO pending_orders (order_id, placed_at)
        SELECT CAST(r ->> 0 AS BIGINT), CAST(r ->> 1 AS BIGINT)
        FROM jsonb_array_elements(CAST($55 AS JSONB)) r
        RETURNING 1
    ), listed AS (
        INSERT INTO order_items
            (order_id, id, product_id, sku, name, quantity, price, tax_rate, total,
             tax)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT),
               CAST(r -> 0 ->> 2 AS BIGINT), r -> 0 ->> 3, r -> 0 ->> 4,
               CAST(r -> 1 ->> 0 AS BIGINT), CAST(r -> 1 ->> 1 AS BIGINT),
               CAST(r -> 2 ->> 0 AS BIGINT), CAST(r -> 2 ->> 1 AS BIGINT),
               CAST(r -> 2 ->> 2 AS BIGINT)
        FROM jsonb_array_elements(CAST($56 AS JSONB)) r
        RETURNING 1
    ), noted AS (
        INSERT INTO order_history
            (order_id, version, event, status, at, actor_id, actor, note, shortages)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT),
               r -> 0 ->> 2, r -> 0 ->> 3, CAST(r -> 0 ->> 4 AS BIGINT),
               CAST(r -> 1 ->> 0 AS BIGINT), r -> 1 ->> 1, r -> 1 ->> 2, r -> 1 ->> 3
        FROM jsonb_array_elements(CAST($57 AS JSONB)) r
        RETURNING 1
    ), paid AS (
        INSERT INTO order_payments (order_id, id, version, method, amount)
        SELECT CAST(r ->> 0 AS BIGINT), CAST(r ->> 1 AS BIGINT),
               CAST(r ->> 2 AS BIGINT), r ->> 3, CAST(r ->> 4 AS BIGINT)
        FROM jsonb_array_elements(CAST($58 AS JSONB)) r
        RETURNING 1
    ), returned AS (
        INSERT INTO order_returns
            (order_id, version, item_id, quantity, disposition, total, tax)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT),
               CAST(r -> 0 ->> 2 AS BIGINT), CAST(r -> 0 ->> 3 AS BIGINT),
               r -> 1 ->> 0, CAST(r -> 1 ->> 1 AS BIGINT),
               CAST(r -> 1 ->> 2 AS BIGINT)
        FROM jsonb_array_elements(CAST($59 AS JSONB)) r
        RETURNING 1
    ), stepped AS (
        UPDATE orders
        SET status = ($60::TEXT[])[width_bucket(id, $61::BIGINT[])],
            version = ($62::BIGINT[])[width_bucket(id, $61::BIGINT[])],
            is_deleted = is_deleted OR ($63::BOOLEAN[])[width_bucket(id, $61::BIGINT[])]
        WHERE id = ANY($61::BIGINT[])
          AND version = ($68::BIGINT[])[width_bucket(id, $61::BIGINT[])]
        RETURNING 1
    ), settled AS (
        DELETE FROM pending_orders WHERE order_id = ANY($61::BIGINT[])
        RETURNING 1
    ), charged AS (
        UPDATE customer_balances
        SET balance = ($64::BIGINT[])[width_bucket(customer_id, $65::BIGINT[])],
            version = ($66::BIGINT[])[width_bucket(customer_id, $65::BIGINT[])]
        WHERE customer_id = ANY($65::BIGINT[])
        RETURNING 1
    ), entered AS (
        INSERT INTO customer_entries
            (customer_id, version, kind, amount, balance, recorded_at, store_id,
             order_id, method, reference, note, reverses, actor_id, actor)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT), r -> 0 ->> 2,
               CAST(r -> 0 ->> 3 AS BIGINT), CAST(r -> 0 ->> 4 AS BIGINT),
               CAST(r -> 0 ->> 5 AS BIGINT), CAST(r -> 1 ->> 0 AS BIGINT),
               CAST(r -> 1 ->> 1 AS BIGINT), r -> 1 ->> 2, r -> 1 ->> 3, r -> 1 ->> 4,
               CAST(r -> 2 ->> 0 AS BIGINT), CAST(r -> 2 ->> 1 AS BIGINT), r -> 2 ->> 2
        FROM jsonb_array_elements(CAST($67 AS JSONB)) r
        RETURNING 1
    ), ",
    "
        WHEN (SELECT COUNT(*) FROM stepped) < cardinality($61::BIGINT[])
            THEN refuse_batch('SR001')
        WHEN (SELECT COUNT(*) FROM placed) + (SELECT COUNT(*) FROM waiting)
             + (SELECT COUNT(*) FROM listed) + (SELECT COUNT(*) FROM noted)
             + (SELECT COUNT(*) FROM paid) + (SELECT COUNT(*) FROM returned)
             + (SELECT COUNT(*) FROM charged) + (SELECT COUNT(*) FROM entered) < $69
          OR (SELECT COUNT(*) FROM settled) > cardinality($61::BIGINT[])
            THEN refuse_batch('SR000')"
);

impl Written {
    /// What PostgreSQL's refusal means: a state that `refuse_batch` raises, or a row that
    /// is there already.
    fn of_refusal(error: &sqlx::Error) -> Option<Self> {
        let error = error.as_database_error()?;
        match (error.code()?.as_ref(), error.constraint()) {
            ("SR001", _) => Some(Self::Overtaken),
            ("SR002", _) => Some(Self::Settled),
            (_, Some("idempotency_keys_pkey")) => Some(Self::KeysTaken),
            // Whoever undid the movement has changed its level.
            (_, Some("movement_reversals_pkey")) => Some(Self::Overtaken),
            _ => None,
        }
    }
}

/// Writes a batch.
pub(super) async fn write(conn: &mut PgConnection, batch: &Batch<'_>) -> sqlx::Result<Written> {
    let text = if batch.documents.is_some() { POSTGRES_WITH_DOCUMENTS } else { POSTGRES };
    let query = bind_levels(sqlx::query(text), batch.levels);
    let query = bind_keys(query, batch);
    let query = bind_movements(query, batch.movements);
    let query = bind_events(query, batch.events).bind(LOG).bind(expiries(batch.keys));
    let query = bind_orders(bind_entries(query, batch), batch.movements);
    let query = match batch.documents {
        Some(rows) => bind_documents(query, rows),
        None => query,
    };
    // sqlx reads on to the server's last message, which comes after the commit.
    match query.fetch_one(conn).await {
        Ok(row) => Ok(Written::Whole(EventId(row.try_get(0)?))),
        Err(error) => Written::of_refusal(&error).ok_or(error),
    }
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

/// $54 to $69.
fn bind_documents<'q>(query: Query<'q>, rows: &Rows) -> Query<'q> {
    let heads = || rows.heads.iter();
    let balances = || rows.balances.iter();
    query
        .bind(to_json(&rows.orders))
        .bind(to_json(&rows.pending))
        .bind(to_json(&rows.items))
        .bind(to_json(&rows.history))
        .bind(to_json(&rows.payments))
        .bind(to_json(&rows.returns))
        .bind(heads().map(|head| head.state.status.name()).collect::<Vec<_>>())
        .bind(heads().map(|head| head.order.0).collect::<Vec<_>>())
        .bind(heads().map(|head| head.state.version).collect::<Vec<_>>())
        .bind(heads().map(|head| head.is_deleted).collect::<Vec<_>>())
        .bind(balances().map(|(_, owed, _)| *owed).collect::<Vec<_>>())
        .bind(balances().map(|(customer, ..)| customer.0).collect::<Vec<_>>())
        .bind(balances().map(|(.., version)| *version).collect::<Vec<_>>())
        .bind(to_json(&rows.entries))
        .bind(heads().map(|head| head.loaded).collect::<Vec<_>>())
        .bind(rows.count())
}
