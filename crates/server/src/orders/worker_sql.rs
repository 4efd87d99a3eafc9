//! SQL of those who take the goods of orders.

use stockroom_domain::{OrderId, Timestamp};

use super::sql::{json, numbers};
use crate::db::{Conn, Tx};

/// An order as whoever takes its goods sees it.
#[derive(Clone, Debug)]
pub(super) struct WaitingRow {
    pub(super) id: i64,
    pub(super) store_id: i64,
    pub(super) status: String,
    pub(super) version: i64,
    pub(super) item_count: i64,
    pub(super) placed_by: Option<i64>,
}
crate::from_row!(WaitingRow { id, store_id, status, version, item_count, placed_by });

/// One of its items.
#[derive(Clone, Debug)]
pub(super) struct WantedRow {
    pub(super) order_id: i64,
    pub(super) id: i64,
    pub(super) product_id: i64,
    pub(super) sku: String,
    pub(super) quantity: i64,
    pub(super) track_lots: bool,
}
crate::from_row!(WantedRow { order_id, id, product_id, sku, quantity, track_lots });

/// What a [`WaitingRow`] is read from.
macro_rules! select_waiting {
    ($which:literal) => {
        concat!(
            "SELECT o.id, o.store_id, o.status, o.version, h.actor_id AS placed_by,
                    (SELECT COUNT(*) FROM order_items i WHERE i.order_id = o.id) AS item_count
             FROM orders o
             LEFT JOIN order_history h ON h.order_id = o.id AND h.version = 1
             WHERE o.id ",
            $which
        )
    };
}

/// Some orders, in whatever order. Leans on the primary keys.
pub(super) async fn waiting(db: Conn<'_>, ids: &[OrderId]) -> sqlx::Result<Vec<WaitingRow>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = select_waiting!("= ANY($1)");
            sqlx::query_as(SQL).bind(numbers(ids)).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = select_waiting!("IN (SELECT value FROM jsonb_each($1))");
            sqlx::query_as(SQL).bind(json(ids)).fetch_all(conn).await
        }
    }
}

/// What a [`WantedRow`] is read from.
macro_rules! select_wanted {
    ($which:literal) => {
        concat!(
            "SELECT i.order_id, i.id, i.product_id, i.sku, i.quantity,
                    COALESCE(p.track_lots, FALSE) AS track_lots
             FROM order_items i
             LEFT JOIN products p ON p.id = i.product_id
             WHERE i.order_id ",
            $which,
            " ORDER BY i.order_id, i.id"
        )
    };
}

/// What some orders are of. Leans on the primary keys.
pub(super) async fn wanted(db: Conn<'_>, ids: &[OrderId]) -> sqlx::Result<Vec<WantedRow>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = select_wanted!("= ANY($1)");
            sqlx::query_as(SQL).bind(numbers(ids)).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = select_wanted!("IN (SELECT value FROM jsonb_each($1))");
            sqlx::query_as(SQL).bind(json(ids)).fetch_all(conn).await
        }
    }
}

/// Orders that have been waiting since before an instant, each with its store: those that were
/// tried least first, and then the oldest. But for those that are among the dead letters, for
/// people to decide, or that people have dropped. Leans on `pending_orders_by_age`.
pub(super) async fn stuck(
    db: Conn<'_>,
    before: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<(i64, Option<i64>)>> {
    const SQL: &str = "SELECT p.order_id, o.store_id
        FROM pending_orders p
        LEFT JOIN orders o ON o.id = p.order_id
        WHERE p.placed_at < $1
          AND NOT EXISTS (SELECT 1 FROM dead_letters d
                          WHERE d.queue = 'orders' AND d.subject_id = p.order_id
                            AND d.state IN ('parked', 'dropped'))
        ORDER BY p.tries, p.placed_at
        LIMIT CAST($2 AS BIGINT)";
    on_db!(db, conn => sqlx::query_as(SQL).bind(before.0).bind(limit).fetch_all(conn).await)
}

/// Notes that the goods of an order that was stuck could not be taken; how often by now, unless
/// it does not wait any more.
pub(super) async fn tried(tx: &mut Tx, order: OrderId) -> sqlx::Result<Option<i64>> {
    const SQL: &str = "UPDATE pending_orders SET tries = tries + 1
        WHERE order_id = $1
        RETURNING tries";
    on_db!(Conn::from(tx), conn => {
        sqlx::query_scalar(SQL).bind(order.0).fetch_optional(conn).await
    })
}
