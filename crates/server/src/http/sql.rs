//! SQL of the idempotency keys of ordinary writes.

use stockroom_domain::Timestamp;

use crate::config::KEYS_KEPT_S;
use crate::db::{Conn, Tx};

/// What was answered under a key.
pub(super) struct Stored {
    pub fingerprint: i64,
    pub status: i64,
    pub answer: String,
}

/// Claims a key; `false` if it was used before. Waits for a transaction that holds it.
pub(super) async fn claim(
    tx: &mut Tx,
    key: &str,
    fingerprint: i64,
    now: Timestamp,
) -> sqlx::Result<bool> {
    const SQL: &str = "INSERT INTO idempotency_keys
            (key, fingerprint, status, answer, created_at, expires_at)
        VALUES ($1, $2, 0, '', $3, $4)
        ON CONFLICT (key) DO NOTHING";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(key)
        .bind(fingerprint)
        .bind(now.0)
        .bind(now.plus_seconds(KEYS_KEPT_S).0)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Forgets at most so many keys that have expired; how many.
pub(crate) async fn forget_expired_keys(
    tx: &mut Tx,
    now: Timestamp,
    rows_max: i64,
) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM idempotency_keys
        WHERE key IN (
            SELECT key FROM idempotency_keys
            WHERE expires_at <= $1
            ORDER BY expires_at, key
            LIMIT CAST($2 AS BIGINT))";
    on_db!(Conn::from(tx), conn => {
        let done = sqlx::query(SQL).bind(now.0).bind(rows_max).execute(conn).await?;
        Ok(done.rows_affected())
    })
}

/// Reads what was answered under a key.
pub(super) async fn stored(db: impl Into<Conn<'_>>, key: &str) -> sqlx::Result<Option<Stored>> {
    const SQL: &str = "SELECT fingerprint, status, answer
        FROM idempotency_keys
        WHERE key = $1";
    let row: Option<(i64, i64, String)> = on_db!(db.into(), conn => {
        sqlx::query_as(SQL).bind(key).fetch_optional(conn).await
    })?;
    Ok(row.map(|(fingerprint, status, answer)| Stored { fingerprint, status, answer }))
}

/// Stores the answer under a claimed key.
pub(super) async fn store(tx: &mut Tx, key: &str, status: u16, answer: &str) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE idempotency_keys
        SET status = $1, answer = $2
        WHERE key = $3";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(i64::from(status))
        .bind(answer)
        .bind(key)
        .execute(conn)
        .await
        .map(|_| ()))
}
