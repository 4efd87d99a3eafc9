//! Reading the ledger's rows back. They are written in [`super::write_sql`].

use std::collections::HashSet;

use stockroom_domain::MovementId;

use super::answer::MovementRow;
use super::sql::to_json;
use crate::db::{Conn, Select};

/// A movement with everything that the API shows of it: the beginning of a SELECT.
pub(crate) const SELECT_MOVEMENTS: &str = "
    SELECT m.id, m.type AS kind, m.store_id, m.product_id, m.lot_id, p.sku, l.code AS lot_code,
           l.expires_on, m.quantity, m.balance, m.value, m.version, m.reason, m.note,
           m.reference, m.unit_cost, m.order_id, m.reverses, r.reversed_by, m.actor_id,
           COALESCE(u.username, '') AS username, m.effective_at, m.recorded_at
    FROM stock_movements m
    JOIN products p ON p.id = m.product_id
    LEFT JOIN lots l ON l.id = m.lot_id
    LEFT JOIN movement_reversals r ON r.movement_id = m.id
    LEFT JOIN users u ON u.id = m.actor_id
    WHERE TRUE";

/// Movements by their ids, in whatever order. Leans on `stock_movements_id`.
pub(super) async fn movements_by_id(
    db: Conn<'_>,
    ids: impl IntoIterator<Item = i64>,
) -> sqlx::Result<Vec<MovementRow>> {
    let mut select = Select::new(SELECT_MOVEMENTS);
    select.any_of(" AND m.id", ids);
    select.fetch_all(db).await
}

/// Which of `movements` have been undone. Read after their levels: whoever undoes one
/// meanwhile moves its level, which the write of the batch does not let pass.
pub(super) async fn reversed(
    conn: Conn<'_>,
    movements: &[MovementId],
) -> sqlx::Result<HashSet<MovementId>> {
    let found: Vec<i64> = match conn {
        Conn::Postgres(conn) => {
            const SQL: &str =
                "SELECT movement_id FROM movement_reversals WHERE movement_id = ANY($1)";
            let ids: Vec<i64> = movements.iter().map(|id| id.0).collect();
            sqlx::query_scalar(SQL).bind(ids).fetch_all(conn).await?
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "
                SELECT movement_id FROM movement_reversals
                WHERE movement_id IN (SELECT value FROM jsonb_each($1))";
            sqlx::query_scalar(SQL).bind(to_json(&movements)).fetch_all(conn).await?
        }
    };
    Ok(found.into_iter().map(MovementId).collect())
}
