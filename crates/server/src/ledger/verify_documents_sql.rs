//! What `verify` asks of orders and of what customers owe. Each statement gives those that are
//! wrong, and so nothing.

use crate::db::Conn;

/// How many orders there are.
pub(super) async fn count(db: Conn<'_>) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM orders";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_one(conn).await)
}

/// Orders whose head is not what the last step made it, or whose history has gaps.
pub(super) async fn other_than_their_history(db: Conn<'_>) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "
        SELECT o.id
        FROM orders o
        LEFT JOIN order_history l ON l.order_id = o.id AND l.version = o.version
        WHERE l.status IS NULL OR l.status <> o.status
           OR (SELECT COUNT(*) FROM order_history h WHERE h.order_id = o.id) <> o.version
        UNION
        SELECT h.order_id FROM order_history h
        WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = h.order_id)
        ORDER BY 1
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// Orders whose total or tax is not the sum of their items'.
pub(super) async fn other_than_their_items(db: Conn<'_>) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "
        SELECT o.id
        FROM orders o
        LEFT JOIN (SELECT order_id, CAST(SUM(total) AS BIGINT) AS total,
                          CAST(SUM(tax) AS BIGINT) AS tax
                   FROM order_items
                   GROUP BY order_id) i ON i.order_id = o.id
        WHERE i.total IS NULL OR i.total <> o.total OR i.tax <> o.tax
        ORDER BY o.id
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// Orders for which more was paid than they come to less what was given back, or less than
/// nothing.
pub(super) async fn other_than_was_paid(db: Conn<'_>) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "
        SELECT o.id
        FROM orders o
        JOIN (SELECT order_id, CAST(SUM(amount) AS BIGINT) AS amount
              FROM order_payments
              GROUP BY order_id) p ON p.order_id = o.id
        LEFT JOIN (SELECT order_id, CAST(SUM(total) AS BIGINT) AS total
                   FROM order_returns
                   GROUP BY order_id) r ON r.order_id = o.id
        WHERE p.amount > o.total - COALESCE(r.total, 0) OR p.amount < 0
        ORDER BY o.id
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// Orders that wait for their goods and are not pending, and the other way round.
pub(super) async fn other_than_what_waits(db: Conn<'_>) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "
        SELECT p.order_id FROM pending_orders p
        WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = p.order_id AND o.status = 'pending')
        UNION
        SELECT o.id FROM orders o
        WHERE o.status = 'pending'
          AND NOT EXISTS (SELECT 1 FROM pending_orders p WHERE p.order_id = o.id)
        ORDER BY 1
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// Items for which not exactly their goods have moved: all of an order that has taken them, none
/// of another, and back what was called off or brought back.
pub(super) async fn other_than_their_goods(db: Conn<'_>) -> sqlx::Result<Vec<(i64, i64)>> {
    const SQL: &str = "
        SELECT i.order_id, i.id
        FROM order_items i
        JOIN orders o ON o.id = i.order_id
        LEFT JOIN (SELECT order_id, order_item,
                          CAST(SUM(CASE WHEN type = 'sale' THEN -quantity ELSE 0 END) AS BIGINT)
                              AS sold,
                          CAST(SUM(CASE WHEN type = 'reversal' THEN quantity ELSE 0 END)
                              AS BIGINT) AS undone,
                          CAST(SUM(CASE WHEN type = 'sale_return' THEN quantity ELSE 0 END)
                              AS BIGINT) AS returned
                   FROM stock_movements
                   WHERE order_id IS NOT NULL
                   GROUP BY order_id, order_item) m
             ON m.order_id = i.order_id AND m.order_item = i.id
        LEFT JOIN (SELECT order_id, item_id, CAST(SUM(quantity) AS BIGINT) AS quantity
                   FROM order_returns
                   GROUP BY order_id, item_id) r
             ON r.order_id = i.order_id AND r.item_id = i.id
        WHERE COALESCE(m.returned, 0) <> COALESCE(r.quantity, 0)
           OR COALESCE(r.quantity, 0) > i.quantity
           OR CASE WHEN o.status IN ('confirmed', 'shipped', 'completed')
                   THEN COALESCE(m.sold, 0) <> i.quantity OR m.undone <> 0
                   WHEN o.status = 'cancelled'
                   THEN COALESCE(m.sold, 0) <> COALESCE(m.undone, 0)
                   ELSE m.sold IS NOT NULL
              END
        ORDER BY i.order_id, i.id
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// Orders for which goods have moved that belong to none of their items.
pub(super) async fn goods_of_no_item(db: Conn<'_>) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "
        SELECT DISTINCT m.order_id
        FROM stock_movements m
        WHERE m.order_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM order_items i
                          WHERE i.order_id = m.order_id AND i.id = m.order_item)
        ORDER BY m.order_id
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// Customers whose balance is not that of their last entry, or whose entries have gaps.
pub(super) async fn balances_other_than_their_entries(db: Conn<'_>) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "
        SELECT c.id
        FROM customers c
        LEFT JOIN customer_balances b ON b.customer_id = c.id
        LEFT JOIN (SELECT customer_id, COUNT(*) AS entries, CAST(SUM(amount) AS BIGINT) AS owed
                   FROM customer_entries
                   GROUP BY customer_id) e ON e.customer_id = c.id
        WHERE b.customer_id IS NULL
           OR b.balance <> COALESCE(e.owed, 0)
           OR b.version <> COALESCE(e.entries, 0)
        ORDER BY c.id
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// Customers with an entry whose balance or version does not follow from the one before.
pub(super) async fn entries_that_do_not_chain(db: Conn<'_>) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "
        SELECT DISTINCT e.customer_id
        FROM customer_entries e
        LEFT JOIN customer_entries p
             ON p.customer_id = e.customer_id AND p.version = e.version - 1
        WHERE e.balance <> COALESCE(p.balance, 0) + e.amount
           OR (e.version > 1 AND p.version IS NULL)
        ORDER BY e.customer_id
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}
