//! SQL of the places of those who follow the event log.

use stockroom_domain::{EventId, Timestamp};

use crate::db::{Conn, Db, Tx};

/// Takes or renews the lease of a follower, notes down how far it has come where that is known,
/// and returns it. Nothing where another process holds the lease.
pub(super) async fn hold(
    db: &Db,
    name: &str,
    owner: &str,
    settled: Option<EventId>,
    (now, until): (Timestamp, Timestamp),
) -> sqlx::Result<Option<EventId>> {
    const SQL: &str = "UPDATE followers
        SET owner = $1, lease_until = $2,
            last_id = CASE WHEN $3 > last_id THEN $4 ELSE last_id END
        WHERE name = $5 AND (owner = $6 OR owner IS NULL OR lease_until <= $7)
        RETURNING last_id";
    let settled = settled.map_or(0, |id| id.0);
    // One process at a time has a file: whoever is noted down there is gone.
    let now = if db.is_own_file() { Timestamp(i64::MAX) } else { now };
    let mut tx = db.begin().await?;
    let last: Option<i64> = on_db!(Conn::from(&mut tx), conn => sqlx::query_scalar(SQL)
        .bind(owner)
        .bind(until.0)
        .bind(settled)
        .bind(settled)
        .bind(name)
        .bind(owner)
        .bind(now.0)
        .fetch_optional(conn)
        .await)?;
    tx.commit().await?;
    Ok(last.map(EventId))
}

/// Moves a follower on that is where it was left, by whoever holds its lease; whether it was
/// there. Nobody else moves it until the transaction ends.
pub(super) async fn move_on(
    tx: &mut Tx,
    name: &str,
    owner: &str,
    from: EventId,
    to: EventId,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE followers SET last_id = $1
        WHERE name = $2 AND owner = $3 AND last_id = $4";
    on_db!(Conn::from(tx), conn => {
        let moved = sqlx::query(SQL).bind(to.0).bind(name).bind(owner).bind(from.0);
        Ok(moved.execute(conn).await?.rows_affected() == 1)
    })
}
