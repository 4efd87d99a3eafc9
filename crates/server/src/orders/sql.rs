//! SQL that reads orders. They are written by the ledger.

use std::collections::HashMap;

use stockroom_domain::orders::Status;
use stockroom_domain::{LotId, OrderId, ProductId, StoreId};

use super::http::OrderFilter;
use crate::auth::Scope;
use crate::db::{Conn, Select};

macro_rules! rows {
    ($($(#[$doc:meta])+ $name:ident { $($field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])+
        #[derive(Clone, Debug)]
        pub struct $name { $(pub(super) $field: $type,)+ }
        crate::from_row!($name { $($field,)+ });
    )+};
}

rows! {
    /// An order's head.
    HeadRow {
        id: i64,
        store_id: i64,
        customer_id: Option<i64>,
        employee_id: Option<i64>,
        user_id: Option<i64>,
        channel: String,
        status: String,
        order_date: i64,
        total: i64,
        tax: i64,
        item_count: i64,
        reference: Option<String>,
        note: Option<String>,
        is_deleted: bool,
        version: i64,
    }
    /// One of its items.
    ItemRow {
        order_id: i64,
        id: i64,
        product_id: i64,
        sku: String,
        name: String,
        quantity: i64,
        price: i64,
        tax_rate: i64,
        total: i64,
    }
    /// A step of its life.
    HistoryRow {
        order_id: i64,
        version: i64,
        event: String,
        status: String,
        at: i64,
        actor: String,
        note: Option<String>,
        shortages: Option<String>,
    }
    /// Money taken or given back.
    PaymentRow {
        order_id: i64,
        version: i64,
        method: String,
        amount: i64,
    }
    /// Goods that came back.
    ReturnRow {
        order_id: i64,
        version: i64,
        item_id: i64,
        quantity: i64,
        total: i64,
    }
    /// Goods that were taken for an item.
    TakenRow {
        order_item: i64,
        id: i64,
        product_id: i64,
        lot_id: i64,
        quantity: i64,
        value: i64,
    }
    /// A product that is to be sold.
    GoodsRow {
        id: i64,
        sku: String,
        name: String,
        price: i64,
        tax_rate: i64,
        track_lots: bool,
    }
    /// What is there of one lot.
    LotRow {
        product_id: i64,
        lot_id: i64,
        on_hand: i64,
        expires_on: Option<String>,
    }
}

/// Everything about some orders but their heads, by the order.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) items: HashMap<i64, Vec<ItemRow>>,
    pub(super) history: HashMap<i64, Vec<HistoryRow>>,
    pub(super) payments: HashMap<i64, Vec<PaymentRow>>,
    pub(super) returns: HashMap<i64, Vec<ReturnRow>>,
}

/// What a [`HeadRow`] is read from.
macro_rules! select_heads {
    ($which:literal) => {
        concat!(
            "SELECT o.id, o.store_id, o.customer_id, o.employee_id, o.user_id, o.channel,
                    o.status, o.order_date, o.total, o.tax,
                    (SELECT COUNT(*) FROM order_items i WHERE i.order_id = o.id) AS item_count,
                    o.reference, o.note, o.is_deleted, o.version
             FROM orders o
             WHERE ",
            $which
        )
    };
}

/// Some orders, in whatever order. Leans on the primary key.
pub(super) async fn heads(db: Conn<'_>, ids: &[OrderId]) -> sqlx::Result<Vec<HeadRow>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = select_heads!("o.id = ANY($1)");
            sqlx::query_as(SQL).bind(numbers(ids)).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = select_heads!("o.id IN (SELECT value FROM json_each($1))");
            sqlx::query_as(SQL).bind(json(ids)).fetch_all(conn).await
        }
    }
}

pub(super) fn numbers(ids: &[OrderId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

/// Numbers cannot fail to serialize.
pub(super) fn json<T: serde::Serialize>(ids: &[T]) -> String {
    serde_json::to_string(ids).unwrap_or_default()
}

/// Where an order stands in lists: newest first.
pub(super) type OrderPosition = (i64, i64);

/// One page of orders, newest first. Leans on `orders_by_date`, `orders_of_store`,
/// `orders_of_customer`, `orders_of_employee`, `orders_of_user` or `orders_by_reference`; for those
/// that are pending or ended badly, on `pending_orders` or `order_history_unhappy`.
pub(super) async fn page(
    db: Conn<'_>,
    scope: &Scope,
    filter: &OrderFilter,
    after: Option<OrderPosition>,
    limit: i64,
) -> sqlx::Result<Vec<HeadRow>> {
    let mut select = Select::new(select_heads!("TRUE"));
    narrow(&mut select, scope, filter);
    if let Some((date, id)) = after {
        select.push(" AND (o.order_date, o.id) < (").bind(date).push(", ").bind(id).push(")");
    }
    select.push(" ORDER BY o.order_date DESC, o.id DESC");
    select.limit(limit);
    select.fetch_all(db).await
}

/// All orders that are asked for, to be counted.
pub(super) fn all(scope: &Scope, filter: &OrderFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM orders o WHERE TRUE");
    narrow(&mut select, scope, filter);
    select
}

fn narrow(select: &mut Select, scope: &Scope, filter: &OrderFilter) {
    scope.narrow(select, " AND o.store_id");
    if !filter.include_deleted {
        select.push(" AND NOT o.is_deleted");
    }
    narrow_to_status(select, filter);
    select.any_of(" AND o.customer_id", filter.customer_id.iter().copied());
    select.any_of(" AND o.employee_id", filter.employee_id.iter().copied());
    select.any_of(" AND o.user_id", filter.user_id.iter().copied());
    if let Some(channel) = filter.channel {
        select.push(" AND o.channel = ").bind(channel.0.name());
    }
    if let Some(reference) = &filter.reference {
        select.push(" AND o.reference = ").bind(reference.as_str());
    }
    if let Some(from) = filter.from {
        select.push(" AND o.order_date >= ").bind(from.0.0);
    }
    if let Some(to) = filter.to {
        select.push(" AND o.order_date < ").bind(to.0.0);
    }
}

/// No index names the status. Those that are pending stand in a table of their own, and how some
/// have ended in their history; all others are many.
fn narrow_to_status(select: &mut Select, filter: &OrderFilter) {
    let all_are = |some: &[Status]| {
        !filter.status.is_empty() && filter.status.iter().all(|status| some.contains(&status.0))
    };
    if all_are(&[Status::Pending]) {
        select.push(" AND o.id IN (SELECT order_id FROM pending_orders)");
    } else if all_are(&[Status::Rejected, Status::Cancelled]) {
        select.push(
            " AND o.id IN (SELECT order_id FROM order_history
                           WHERE event IN ('rejected', 'cancelled'))",
        );
    }
    select.any_of(" AND o.status", filter.status.iter().map(|status| status.0.name()));
}

/// What the parts of orders are read from: one text whatever their number, so that the statements
/// are prepared once.
macro_rules! select_items {
    ($which:literal) => {
        concat!(
            "SELECT order_id, id, product_id, sku, name, quantity, price, tax_rate, total
             FROM order_items WHERE id <= $1 AND order_id ",
            $which,
            " ORDER BY order_id, id"
        )
    };
}
macro_rules! select_history {
    ($which:literal) => {
        concat!(
            "SELECT order_id, version, event, status, at, actor, note, shortages
             FROM order_history WHERE order_id ",
            $which,
            " ORDER BY order_id, version"
        )
    };
}
macro_rules! select_payments {
    ($which:literal) => {
        concat!(
            "SELECT order_id, version, method, amount FROM order_payments WHERE order_id ",
            $which,
            " ORDER BY order_id, id"
        )
    };
}
macro_rules! select_returns {
    ($which:literal) => {
        concat!(
            "SELECT order_id, version, item_id, quantity, total FROM order_returns WHERE order_id ",
            $which,
            " ORDER BY order_id, version, item_id"
        )
    };
}

/// The parts of some orders, of each at most so many items. Leans on the primary keys.
pub(super) async fn parts(db: Conn<'_>, ids: &[OrderId], items_max: i64) -> sqlx::Result<Parts> {
    let (items, history, payments, returns) = match db {
        Conn::Postgres(conn) => {
            const ITEMS: &str = select_items!("= ANY($2)");
            const HISTORY: &str = select_history!("= ANY($1)");
            const PAYMENTS: &str = select_payments!("= ANY($1)");
            const RETURNS: &str = select_returns!("= ANY($1)");
            let ids = numbers(ids);
            (
                sqlx::query_as(ITEMS).bind(items_max).bind(&ids).fetch_all(&mut *conn).await?,
                sqlx::query_as(HISTORY).bind(&ids).fetch_all(&mut *conn).await?,
                sqlx::query_as(PAYMENTS).bind(&ids).fetch_all(&mut *conn).await?,
                sqlx::query_as(RETURNS).bind(&ids).fetch_all(conn).await?,
            )
        }
        Conn::Sqlite(conn) => {
            const ITEMS: &str = select_items!("IN (SELECT value FROM json_each($2))");
            const HISTORY: &str = select_history!("IN (SELECT value FROM json_each($1))");
            const PAYMENTS: &str = select_payments!("IN (SELECT value FROM json_each($1))");
            const RETURNS: &str = select_returns!("IN (SELECT value FROM json_each($1))");
            let ids = json(ids);
            (
                sqlx::query_as(ITEMS).bind(items_max).bind(&ids).fetch_all(&mut *conn).await?,
                sqlx::query_as(HISTORY).bind(&ids).fetch_all(&mut *conn).await?,
                sqlx::query_as(PAYMENTS).bind(&ids).fetch_all(&mut *conn).await?,
                sqlx::query_as(RETURNS).bind(&ids).fetch_all(conn).await?,
            )
        }
    };
    Ok(Parts {
        items: by_order(items, |row: &ItemRow| row.order_id),
        history: by_order(history, |row: &HistoryRow| row.order_id),
        payments: by_order(payments, |row: &PaymentRow| row.order_id),
        returns: by_order(returns, |row: &ReturnRow| row.order_id),
    })
}

fn by_order<R>(rows: Vec<R>, order: impl Fn(&R) -> i64) -> HashMap<i64, Vec<R>> {
    let mut map: HashMap<i64, Vec<R>> = HashMap::new();
    for row in rows {
        map.entry(order(&row)).or_default().push(row);
    }
    map
}

/// The goods that were taken for an order, in the order in which they were. Leans on
/// `stock_movements_of_order`.
pub(super) async fn taken(db: Conn<'_>, order: OrderId) -> sqlx::Result<Vec<TakenRow>> {
    const SQL: &str = "SELECT order_item, id, product_id, lot_id, quantity, value
        FROM stock_movements
        WHERE order_id = $1 AND order_item IS NOT NULL AND type = 'sale'
        ORDER BY id";
    on_db!(db, conn => sqlx::query_as(SQL).bind(order.0).fetch_all(conn).await)
}

/// What a [`GoodsRow`] is read from.
macro_rules! select_goods {
    ($which:literal) => {
        concat!(
            "SELECT p.id, p.sku, p.name, p.price, p.tax_rate, p.track_lots
             FROM products p
             WHERE NOT p.is_deleted AND p.id ",
            $which
        )
    };
}

/// What some products are called and cost, of those that are not deleted. Leans on the primary
/// key.
pub(super) async fn goods(db: Conn<'_>, ids: &[ProductId]) -> sqlx::Result<Vec<GoodsRow>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = select_goods!("= ANY($1)");
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            sqlx::query_as(SQL).bind(ids).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = select_goods!("IN (SELECT value FROM json_each($1))");
            sqlx::query_as(SQL).bind(json(ids)).fetch_all(conn).await
        }
    }
}

/// What is there of the lots of some products in one store, as it should be sold: what expires
/// first, first. Leans on the levels' primary key.
pub(super) async fn lots(
    db: Conn<'_>,
    store: StoreId,
    products: &[ProductId],
) -> sqlx::Result<Vec<LotRow>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = Select::new(
        "SELECT v.product_id, v.lot_id, v.on_hand, l.expires_on
         FROM stock_levels v
         JOIN lots l ON l.id = v.lot_id
         WHERE v.on_hand > 0",
    );
    select.push(" AND v.store_id = ").bind(store.0);
    select.any_of(" AND v.product_id", products.iter().map(|id| id.0));
    select.push(" ORDER BY v.product_id, COALESCE(l.expires_on, '9999-12-31'), v.lot_id");
    select.fetch_all(db).await
}

/// The version and the balance of one level; nothing where there is none yet.
pub(super) async fn level(
    db: Conn<'_>,
    store: StoreId,
    product: ProductId,
    lot: LotId,
) -> sqlx::Result<(i64, i64)> {
    const SQL: &str = "SELECT version, on_hand FROM stock_levels
        WHERE store_id = $1 AND product_id = $2 AND lot_id = $3";
    let found: Option<(i64, i64)> = on_db!(db, conn => sqlx::query_as(SQL)
        .bind(store.0)
        .bind(product.0)
        .bind(lot.0)
        .fetch_optional(conn)
        .await)?;
    Ok(found.unwrap_or((0, 0)))
}

/// Which of a customer, an employee and a user exist and may be named in an order of a store:
/// whether each is open to new business.
pub(super) async fn people(
    db: Conn<'_>,
    (customer, employee, user): (Option<i64>, Option<i64>, Option<i64>),
) -> sqlx::Result<PeopleRow> {
    const SQL: &str = "SELECT
            (SELECT CAST(CASE WHEN is_deleted THEN 0 ELSE 1 END AS BIGINT)
             FROM customers WHERE id = $1)
                AS customer,
            (SELECT CAST(CASE WHEN is_deleted THEN 0 ELSE 1 END AS BIGINT)
             FROM employees WHERE id = $2)
                AS employee,
            (SELECT store_id FROM employees WHERE id = $3) AS employee_store,
            (SELECT CAST(CASE WHEN is_deleted THEN 0 ELSE 1 END AS BIGINT)
             FROM users WHERE id = $4) AS user_open";
    on_db!(db, conn => sqlx::query_as(SQL)
        .bind(customer)
        .bind(employee)
        .bind(employee)
        .bind(user)
        .fetch_one(conn)
        .await)
}

rows! {
    /// Whether people are there (not null) and open to new business (1).
    PeopleRow {
        customer: Option<i64>,
        employee: Option<i64>,
        employee_store: Option<i64>,
        user_open: Option<i64>,
    }
}
