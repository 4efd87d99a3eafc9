//! SQL of deliveries.

use stockroom_domain::Timestamp;

use super::deliveries::{DeliveryFilter, DeliveryState};
use super::fanout::NewDelivery;
use crate::db::{Conn, Select, Tx};

/// How long deliveries are kept.
const KEPT_S: i64 = 30 * 24 * 3_600;
/// How long those that have arrived are.
const DELIVERED_KEPT_S: i64 = 7 * 24 * 3_600;

/// A delivery as it is stored.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    pub(super) id: i64,
    pub(super) webhook_id: i64,
    pub(super) event_id: Option<i64>,
    pub(super) event_type: String,
    pub(super) message_id: String,
    pub(super) payload: String,
    pub(super) replay_of: Option<i64>,
    pub(super) state: String,
    /// JSON.
    pub(super) attempts: String,
    pub(super) response: Option<String>,
    pub(super) next_attempt_at: i64,
    pub(super) created_at: i64,
    pub(super) finished_at: Option<i64>,
}
crate::from_row!(DeliveryRow {
    id,
    webhook_id,
    event_id,
    event_type,
    message_id,
    payload,
    replay_of,
    state,
    attempts,
    response,
    next_attempt_at,
    created_at,
    finished_at,
});

/// What a [`DeliveryRow`] is read from.
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.webhook_id, d.event_id, d.event_type, d.message_id, d.payload,
                    d.replay_of, d.state, d.attempts, d.response, d.next_attempt_at,
                    d.created_at, d.finished_at
             FROM webhook_deliveries d ",
            $rest
        )
    };
}

/// One delivery of a webhook. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, webhook: i64, id: i64) -> sqlx::Result<Option<DeliveryRow>> {
    const SQL: &str = select_deliveries!("WHERE d.id = $1 AND d.webhook_id = $2");
    on_db!(db, conn => sqlx::query_as(SQL).bind(id).bind(webhook).fetch_optional(conn).await)
}

/// One page of a webhook's, newest first. Leans on `webhook_deliveries_of_webhook`.
pub(super) async fn page(
    db: Conn<'_>,
    webhook: i64,
    filter: &DeliveryFilter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<DeliveryRow>> {
    let mut select = Select::new(select_deliveries!("WHERE d.webhook_id = "));
    narrow(&mut select, webhook, filter);
    if let Some(before) = before {
        select.push(" AND d.id < ").bind(before);
    }
    select.push(" ORDER BY d.id DESC").limit(limit);
    select.fetch_all(db).await
}

/// All of a webhook's, to be counted.
pub(super) fn all(webhook: i64, filter: &DeliveryFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = ");
    narrow(&mut select, webhook, filter);
    select
}

fn narrow(select: &mut Select, webhook: i64, filter: &DeliveryFilter) {
    select.bind(webhook);
    select.any_of(" AND d.state", filter.state.iter().copied().map(DeliveryState::name));
}

/// Writes deliveries that are due at once, but those that there are already. Leans on
/// `webhook_deliveries_once`.
pub(super) async fn insert_many(
    tx: &mut Tx,
    new: &[NewDelivery],
    now: Timestamp,
) -> sqlx::Result<()> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "INSERT INTO webhook_deliveries
                    (webhook_id, event_id, event_type, message_id, payload, state, attempts,
                     next_attempt_at, lease_until, created_at)
                SELECT n.webhook_id, n.event_id, n.event_type, n.message_id, n.payload,
                       'pending', '[]', $6, 0, $6
                FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[])
                     AS n(webhook_id, event_id, event_type, message_id, payload)
                ON CONFLICT DO NOTHING";
            sqlx::query(SQL)
                .bind(new.iter().map(|one| one.webhook_id).collect::<Vec<_>>())
                .bind(new.iter().map(|one| one.event_id).collect::<Vec<_>>())
                .bind(new.iter().map(|one| one.event_type.as_str()).collect::<Vec<_>>())
                .bind(new.iter().map(|one| one.message_id.as_str()).collect::<Vec<_>>())
                .bind(new.iter().map(|one| &*one.payload).collect::<Vec<_>>())
                .bind(now.0)
                .execute(&mut **tx)
                .await
                .map(drop)
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "INSERT INTO webhook_deliveries
                    (webhook_id, event_id, event_type, message_id, payload, state, attempts,
                     next_attempt_at, lease_until, created_at)
                SELECT n.value ->> 0, n.value ->> 1, n.value ->> 2, n.value ->> 3, n.value ->> 4,
                       'pending', '[]', $1, 0, $1
                FROM json_each($2) AS n
                WHERE TRUE
                ON CONFLICT DO NOTHING";
            let rows: Vec<_> = new
                .iter()
                .map(|n| (n.webhook_id, n.event_id, &n.event_type, &n.message_id, &*n.payload))
                .collect();
            let rows = serde_json::to_string(&rows).unwrap_or_default();
            sqlx::query(SQL).bind(now.0).bind(rows).execute(&mut **tx).await.map(drop)
        }
    }
}

/// Writes a test, which has no event; its number.
pub(super) async fn insert_test(
    tx: &mut Tx,
    new: &NewDelivery,
    now: Timestamp,
) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO webhook_deliveries
            (webhook_id, event_type, message_id, payload, state, attempts, next_attempt_at,
             lease_until, created_at)
        VALUES ($1, $2, $3, $4, 'pending', '[]', $5, 0, $6)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(new.webhook_id)
        .bind(&new.event_type)
        .bind(&new.message_id)
        .bind(&*new.payload)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Writes a delivery once more, under the same message's id; its number.
pub(super) async fn insert_again(tx: &mut Tx, of: i64, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO webhook_deliveries
            (webhook_id, event_id, event_type, message_id, payload, replay_of, state, attempts,
             next_attempt_at, lease_until, created_at)
        SELECT webhook_id, event_id, event_type, message_id, payload, id, 'pending', '[]',
               CAST($1 AS BIGINT), 0, CAST($2 AS BIGINT)
        FROM webhook_deliveries
        WHERE id = $3
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(now.0)
        .bind(now.0)
        .bind(of)
        .fetch_one(conn)
        .await)
}

/// The webhooks, active ones, for which something is due, with since when they fail. Leans on
/// `webhook_deliveries_due`.
pub(super) async fn due_webhooks(
    db: Conn<'_>,
    now: Timestamp,
) -> sqlx::Result<Vec<(i64, String, Option<i64>)>> {
    const SQL: &str = "SELECT w.id, w.url, w.failing_since
        FROM webhooks w
        WHERE NOT w.is_deleted AND w.pause_reason IS NULL
          AND EXISTS (
              SELECT 1 FROM webhook_deliveries d
              WHERE d.webhook_id = w.id AND d.state = 'pending' AND d.next_attempt_at <= $1
                AND d.lease_until <= $2)
        ORDER BY w.id";
    on_db!(db, conn => sqlx::query_as(SQL).bind(now.0).bind(now.0).fetch_all(conn).await)
}

/// The webhooks that are active and as they are since then, for which more than `max` deliveries
/// wait. Leans on `webhook_deliveries_due`, no further than that many.
pub(super) async fn webhooks_behind(
    db: Conn<'_>,
    since: Timestamp,
    max: i64,
) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "SELECT w.id
        FROM webhooks w
        WHERE NOT w.is_deleted AND w.pause_reason IS NULL AND w.updated_at <= $1
          AND EXISTS (
              SELECT 1 FROM webhook_deliveries d
              WHERE d.webhook_id = w.id AND d.state = 'pending'
              LIMIT 1 OFFSET CAST($2 AS BIGINT))
        ORDER BY w.id";
    on_db!(db, conn => sqlx::query_scalar(SQL).bind(since.0).bind(max).fetch_all(conn).await)
}

/// A delivery that is to be sent now.
#[derive(Clone, Debug)]
pub(super) struct ClaimedRow {
    pub(super) id: i64,
    pub(super) message_id: String,
    pub(super) payload: String,
    pub(super) attempts: String,
}
crate::from_row!(ClaimedRow { id, message_id, payload, attempts });

/// Takes some deliveries of a webhook that are due, the oldest first, until the lease runs out.
/// What others have taken is passed by. Leans on `webhook_deliveries_due`.
pub(super) async fn claim(
    tx: &mut Tx,
    webhook: i64,
    (now, until): (Timestamp, Timestamp),
    limit: i64,
) -> sqlx::Result<Vec<ClaimedRow>> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "WITH due AS MATERIALIZED (
                    SELECT id FROM webhook_deliveries
                    WHERE webhook_id = $1 AND state = 'pending' AND next_attempt_at <= $2
                      AND lease_until <= $2
                    ORDER BY next_attempt_at, id
                    LIMIT CAST($3 AS BIGINT)
                    FOR UPDATE SKIP LOCKED)
                UPDATE webhook_deliveries d
                SET lease_until = $4
                FROM due
                WHERE d.id = due.id
                RETURNING d.id, d.message_id, d.payload, d.attempts";
            let query = sqlx::query_as(SQL).bind(webhook).bind(now.0).bind(limit).bind(until.0);
            query.fetch_all(&mut **tx).await
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "UPDATE webhook_deliveries
                SET lease_until = $1
                WHERE id IN (
                    SELECT id FROM webhook_deliveries
                    WHERE webhook_id = $2 AND state = 'pending' AND next_attempt_at <= $3
                      AND lease_until <= $3
                    ORDER BY next_attempt_at, id
                    LIMIT CAST($4 AS BIGINT))
                RETURNING id, message_id, payload, attempts";
            let query = sqlx::query_as(SQL).bind(until.0).bind(webhook).bind(now.0).bind(limit);
            query.fetch_all(&mut **tx).await
        }
    }
}

/// What an attempt has come to.
#[derive(Clone, Debug)]
pub(super) struct Recorded<'a> {
    pub(super) state: DeliveryState,
    pub(super) attempts: &'a str,
    pub(super) response: Option<&'a str>,
    pub(super) next_attempt_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
}

/// Notes down what an attempt has come to, and lets go of the delivery. False where another
/// process has taken it meanwhile, for this one was too slow.
pub(super) async fn record(
    tx: &mut Tx,
    (id, lease_until): (i64, Timestamp),
    recorded: &Recorded<'_>,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE webhook_deliveries
        SET state = $1, attempts = $2, response = $3, next_attempt_at = $4, finished_at = $5,
            lease_until = 0
        WHERE id = $6 AND lease_until = $7 AND state = 'pending'";
    on_db!(Conn::from(tx), conn => {
        let done = sqlx::query(SQL)
            .bind(recorded.state.name())
            .bind(recorded.attempts)
            .bind(recorded.response)
            .bind(recorded.next_attempt_at.0)
            .bind(recorded.finished_at.map(|at| at.0))
            .bind(id)
            .bind(lease_until.0)
            .execute(conn)
            .await?;
        Ok(done.rows_affected() == 1)
    })
}

/// Lets go of a delivery that was not sent.
pub(super) async fn release(tx: &mut Tx, id: i64, lease_until: Timestamp) -> sqlx::Result<()> {
    const SQL: &str =
        "UPDATE webhook_deliveries SET lease_until = 0 WHERE id = $1 AND lease_until = $2";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(id).bind(lease_until.0).execute(conn).await.map(drop)
    })
}

/// How many deliveries are due, counted no further than `max`.
pub(super) async fn backlog(db: Conn<'_>, now: Timestamp, max: i64) -> sqlx::Result<i64> {
    let mut due = Select::new(
        "SELECT 1
         FROM webhooks w
         JOIN webhook_deliveries d ON d.webhook_id = w.id AND d.state = 'pending'
         WHERE NOT w.is_deleted AND w.pause_reason IS NULL AND d.next_attempt_at <= ",
    );
    due.bind(now.0);
    due.count(db, max).await
}

/// Forgets at most so many that were made long ago, those that have arrived sooner, and secrets
/// that sign no more; how many. Leans on `webhook_deliveries_by_age` and
/// `webhook_deliveries_delivered`.
///
/// # Errors
/// The database did not answer.
pub async fn forget_old(tx: &mut Tx, now: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM webhook_deliveries
        WHERE id IN (
            SELECT id FROM webhook_deliveries
            WHERE created_at <= $1
            ORDER BY created_at, id
            LIMIT CAST($2 AS BIGINT))";
    const DELIVERED: &str = "DELETE FROM webhook_deliveries
        WHERE id IN (
            SELECT id FROM webhook_deliveries
            WHERE state = 'delivered' AND finished_at <= $1
            ORDER BY finished_at, id
            LIMIT CAST($2 AS BIGINT))";
    const SECRETS: &str = "DELETE FROM webhook_secrets WHERE signs_until <= $1";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SECRETS).bind(now.0).execute(&mut *conn).await?;
        let mut rows = 0;
        for (sql, kept_s) in [(SQL, KEPT_S), (DELIVERED, DELIVERED_KEPT_S)] {
            let before = now.plus_seconds(-kept_s).0;
            // No more than are to be dealt with in one transaction, of both together.
            let left = rows_max.saturating_sub(i64::try_from(rows).unwrap_or(i64::MAX));
            let done = sqlx::query(sql).bind(before).bind(left).execute(&mut *conn).await?;
            rows += done.rows_affected();
        }
        Ok(rows)
    })
}
