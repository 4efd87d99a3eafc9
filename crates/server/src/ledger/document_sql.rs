//! SQL of orders and of what customers owe: what a batch reads of them under lock, and what it
//! writes. Rows go in as JSON, tuples in the order of the columns, on both engines.

use std::collections::{HashMap, HashSet};

use sqlx::Row as _;
use stockroom_domain::credit::{Balance, Charge, CreditRefusal};
use stockroom_domain::orders::{OrderState, Status};
use stockroom_domain::{CustomerId, Money, OrderId};

use super::document_rows::{Head, Rows};
use super::sql::to_json;
use crate::db::Conn;

/// What a batch wants to know of orders and customers, both sorted and without repeats.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Orders that are to go on.
    pub(super) orders: Vec<OrderId>,
    /// How many orders are to be made.
    pub(super) orders_new: usize,
    /// Customers who are to be charged.
    pub(super) customers: Vec<CustomerId>,
    /// Entries of theirs that are to be undone.
    pub(super) undone: Vec<(CustomerId, i64)>,
}

/// What was read of it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) orders: HashMap<OrderId, OrderState>,
    /// One for each order to be made.
    pub(super) order_ids: Vec<OrderId>,
    pub(super) balances: HashMap<CustomerId, Result<Balance, CreditRefusal>>,
    pub(super) reversed_entries: HashSet<(CustomerId, i64)>,
}

impl Wanted {
    pub(super) fn is_nothing(&self) -> bool {
        self.orders.is_empty() && self.orders_new == 0 && self.customers.is_empty()
    }

    /// Adds what a charge asks for.
    pub(super) fn charge(&mut self, charge: &Charge) {
        self.customers.push(charge.customer);
        self.undone.extend(charge.reverses.map(|version| (charge.customer, version)));
    }
}

/// Reads what is wanted, and keeps everyone else from changing it until the transaction ends:
/// first the orders, then what customers owe, each in the order of their numbers. Leans on the
/// primary keys.
pub(super) async fn load(mut conn: Conn<'_>, wanted: &Wanted) -> sqlx::Result<Found> {
    let mut found = Found::default();
    if !wanted.orders.is_empty() {
        found.orders = orders(conn.reborrow(), &wanted.orders).await?;
    }
    if !wanted.customers.is_empty() {
        found.balances = balances(conn.reborrow(), &wanted.customers).await?;
    }
    if !wanted.undone.is_empty() {
        found.reversed_entries = reversed(conn.reborrow(), &wanted.undone).await?;
    }
    if wanted.orders_new > 0 {
        found.order_ids = new_ids(conn, wanted.orders_new).await?;
    }
    Ok(found)
}

async fn orders(conn: Conn<'_>, ids: &[OrderId]) -> sqlx::Result<HashMap<OrderId, OrderState>> {
    let rows: Vec<(i64, String, i64)> = match conn {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT id, status, version FROM orders
                WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            sqlx::query_as(SQL).bind(ids).fetch_all(conn).await?
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT id, status, version FROM orders
                WHERE id IN (SELECT value FROM json_each($1))";
            sqlx::query_as(SQL).bind(to_json(&ids)).fetch_all(conn).await?
        }
    };
    let state = |(id, status, version): (i64, String, i64)| {
        Some((OrderId(id), OrderState { status: Status::from_name(&status)?, version }))
    };
    Ok(rows.into_iter().filter_map(state).collect())
}

/// The customers are read after their balances are locked: whoever deletes one holds the lock.
async fn balances(
    mut conn: Conn<'_>,
    customers: &[CustomerId],
) -> sqlx::Result<HashMap<CustomerId, Result<Balance, CreditRefusal>>> {
    type Locked = (i64, i64, i64);
    type Person = (i64, Option<i64>, bool);
    let (locked, people): (Vec<Locked>, Vec<Person>) = match &mut conn {
        Conn::Postgres(conn) => {
            const LOCKED: &str = "SELECT customer_id, balance, version FROM customer_balances
                WHERE customer_id = ANY($1) ORDER BY customer_id FOR NO KEY UPDATE";
            const PEOPLE: &str =
                "SELECT id, credit_limit, is_deleted FROM customers WHERE id = ANY($1)";
            let ids: Vec<i64> = customers.iter().map(|id| id.0).collect();
            let locked = sqlx::query_as(LOCKED).bind(&ids).fetch_all(&mut **conn).await?;
            (locked, sqlx::query_as(PEOPLE).bind(&ids).fetch_all(&mut **conn).await?)
        }
        Conn::Sqlite(conn) => {
            const LOCKED: &str = "SELECT customer_id, balance, version FROM customer_balances
                WHERE customer_id IN (SELECT value FROM json_each($1))";
            const PEOPLE: &str = "SELECT id, credit_limit, is_deleted FROM customers
                WHERE id IN (SELECT value FROM json_each($1))";
            let ids = to_json(&customers);
            let locked = sqlx::query_as(LOCKED).bind(&ids).fetch_all(&mut **conn).await?;
            (locked, sqlx::query_as(PEOPLE).bind(&ids).fetch_all(&mut **conn).await?)
        }
    };
    let people: HashMap<i64, (Option<i64>, bool)> =
        people.into_iter().map(|(id, limit, is_deleted)| (id, (limit, is_deleted))).collect();
    let balance = |(id, owed, version): (i64, i64, i64)| {
        let customer = CustomerId(id);
        let balance = match people.get(&id) {
            None => Err(CreditRefusal::UnknownCustomer(customer)),
            Some((_, true)) => Err(CreditRefusal::Closed(customer)),
            Some((limit, false)) => {
                let limit = limit.map(Money::from_cents);
                Ok(Balance { owed: Money::from_cents(owed), limit, version })
            }
        };
        (customer, balance)
    };
    Ok(locked.into_iter().map(balance).collect())
}

/// Those of the entries that were undone. Leans on `customer_entries_undone`.
async fn reversed(
    conn: Conn<'_>,
    entries: &[(CustomerId, i64)],
) -> sqlx::Result<HashSet<(CustomerId, i64)>> {
    let rows: Vec<(i64, i64)> = match conn {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT e.customer_id, e.reverses
                FROM UNNEST($1::BIGINT[], $2::BIGINT[]) AS u(customer_id, version)
                JOIN customer_entries e
                     ON e.customer_id = u.customer_id AND e.reverses = u.version";
            let (customers, versions): (Vec<i64>, Vec<i64>) =
                entries.iter().map(|(customer, version)| (customer.0, *version)).unzip();
            sqlx::query_as(SQL).bind(customers).bind(versions).fetch_all(conn).await?
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT e.customer_id, e.reverses
                FROM json_each($1) u
                JOIN customer_entries e
                     ON e.customer_id = u.value ->> 0 AND e.reverses = u.value ->> 1";
            sqlx::query_as(SQL).bind(to_json(&entries)).fetch_all(conn).await?
        }
    };
    Ok(rows.into_iter().map(|(customer, version)| (CustomerId(customer), version)).collect())
}

async fn new_ids(conn: Conn<'_>, count: usize) -> sqlx::Result<Vec<OrderId>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let ids: Vec<i64> = match conn {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT nextval('order_ids') FROM generate_series(1, $1)";
            sqlx::query_scalar(SQL).bind(count).fetch_all(conn).await?
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT COALESCE(MAX(id), 0) AS last FROM orders";
            let last: i64 = sqlx::query(SQL).fetch_one(conn).await?.try_get("last")?;
            (last + 1..=last + count).collect()
        }
    };
    Ok(ids.into_iter().map(OrderId).collect())
}

/// Everything in one statement on PostgreSQL. Rows that are there are found by a list of their
/// keys, in order, in which `width_bucket` finds what belongs to each: a join with such a list
/// would be planned for tables that were empty when the statement was new.
const POSTGRES: &str = "
    WITH placed AS (
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
        FROM jsonb_array_elements(CAST($1 AS JSONB)) r
    ), waiting AS (
        INSERT INTO pending_orders (order_id, placed_at)
        SELECT CAST(r ->> 0 AS BIGINT), CAST(r ->> 1 AS BIGINT)
        FROM jsonb_array_elements(CAST($2 AS JSONB)) r
    ), listed AS (
        INSERT INTO order_items
            (order_id, id, product_id, sku, name, quantity, price, tax_rate, total,
             tax)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT),
               CAST(r -> 0 ->> 2 AS BIGINT), r -> 0 ->> 3, r -> 0 ->> 4,
               CAST(r -> 1 ->> 0 AS BIGINT), CAST(r -> 1 ->> 1 AS BIGINT),
               CAST(r -> 2 ->> 0 AS BIGINT), CAST(r -> 2 ->> 1 AS BIGINT),
               CAST(r -> 2 ->> 2 AS BIGINT)
        FROM jsonb_array_elements(CAST($3 AS JSONB)) r
    ), noted AS (
        INSERT INTO order_history
            (order_id, version, event, status, at, actor_id, actor, note, shortages)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT),
               r -> 0 ->> 2, r -> 0 ->> 3, CAST(r -> 0 ->> 4 AS BIGINT),
               CAST(r -> 1 ->> 0 AS BIGINT), r -> 1 ->> 1, r -> 1 ->> 2, r -> 1 ->> 3
        FROM jsonb_array_elements(CAST($4 AS JSONB)) r
    ), paid AS (
        INSERT INTO order_payments (order_id, id, version, method, amount)
        SELECT CAST(r ->> 0 AS BIGINT), CAST(r ->> 1 AS BIGINT),
               CAST(r ->> 2 AS BIGINT), r ->> 3, CAST(r ->> 4 AS BIGINT)
        FROM jsonb_array_elements(CAST($5 AS JSONB)) r
    ), returned AS (
        INSERT INTO order_returns
            (order_id, version, item_id, quantity, disposition, total, tax)
        SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT),
               CAST(r -> 0 ->> 2 AS BIGINT), CAST(r -> 0 ->> 3 AS BIGINT),
               r -> 1 ->> 0, CAST(r -> 1 ->> 1 AS BIGINT),
               CAST(r -> 1 ->> 2 AS BIGINT)
        FROM jsonb_array_elements(CAST($6 AS JSONB)) r
    ), moved AS (
        UPDATE orders
        SET status = ($7::TEXT[])[width_bucket(id, $8::BIGINT[])],
            version = ($9::BIGINT[])[width_bucket(id, $8::BIGINT[])],
            is_deleted = is_deleted OR ($10::BOOLEAN[])[width_bucket(id, $8::BIGINT[])]
        WHERE id = ANY($8::BIGINT[])
    ), settled AS (
        DELETE FROM pending_orders WHERE order_id = ANY($8::BIGINT[])
    ), charged AS (
        UPDATE customer_balances
        SET balance = ($11::BIGINT[])[width_bucket(customer_id, $12::BIGINT[])],
            version = ($13::BIGINT[])[width_bucket(customer_id, $12::BIGINT[])]
        WHERE customer_id = ANY($12::BIGINT[])
    )
    INSERT INTO customer_entries
        (customer_id, version, kind, amount, balance, recorded_at, store_id,
         order_id, method, reference, note, reverses, actor_id, actor)
    SELECT CAST(r -> 0 ->> 0 AS BIGINT), CAST(r -> 0 ->> 1 AS BIGINT), r -> 0 ->> 2,
           CAST(r -> 0 ->> 3 AS BIGINT), CAST(r -> 0 ->> 4 AS BIGINT),
           CAST(r -> 0 ->> 5 AS BIGINT), CAST(r -> 1 ->> 0 AS BIGINT),
           CAST(r -> 1 ->> 1 AS BIGINT), r -> 1 ->> 2, r -> 1 ->> 3, r -> 1 ->> 4,
           CAST(r -> 2 ->> 0 AS BIGINT), CAST(r -> 2 ->> 1 AS BIGINT), r -> 2 ->> 2
    FROM jsonb_array_elements(CAST($14 AS JSONB)) r";

/// The same statements one by one on SQLite.
const SQLITE: &str = "
    INSERT INTO orders
        (id, store_id, customer_id, employee_id, user_id, channel, status,
         order_date, business_day, total, tax, reference, note, is_deleted, version)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[1][0]',
           value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]',
           value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[3][0]',
           value ->> '$[3][1]', 0, 1
    FROM json_each($1);
    INSERT INTO pending_orders (order_id, placed_at)
    SELECT value ->> 0, value ->> 1 FROM json_each($2);
    INSERT INTO order_items
        (order_id, id, product_id, sku, name, quantity, price, tax_rate, total, tax)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[1][0]',
           value ->> '$[1][1]', value ->> '$[2][0]', value ->> '$[2][1]',
           value ->> '$[2][2]'
    FROM json_each($3);
    INSERT INTO order_history
        (order_id, version, event, status, at, actor_id, actor, note, shortages)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[1][0]',
           value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]'
    FROM json_each($4);
    INSERT INTO order_payments (order_id, id, version, method, amount)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM json_each($5);
    INSERT INTO order_returns
        (order_id, version, item_id, quantity, disposition, total, tax)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[1][0]', value ->> '$[1][1]',
           value ->> '$[1][2]'
    FROM json_each($6);
    UPDATE orders
    SET status = r.value ->> 1, version = r.value ->> 2,
        is_deleted = is_deleted OR r.value ->> 3
    FROM json_each($7) r
    WHERE orders.id = r.value ->> 0;
    DELETE FROM pending_orders WHERE order_id IN (SELECT value FROM json_each($8));
    UPDATE customer_balances
    SET balance = r.value ->> 1, version = r.value ->> 2
    FROM json_each($9) r
    WHERE customer_balances.customer_id = r.value ->> 0;
    INSERT INTO customer_entries
        (customer_id, version, kind, amount, balance, recorded_at, store_id,
         order_id, method, reference, note, reverses, actor_id, actor)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[0][5]',
           value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]',
           value ->> '$[1][3]', value ->> '$[1][4]', value ->> '$[2][0]',
           value ->> '$[2][1]', value ->> '$[2][2]'
    FROM json_each($10)";

/// Binds the rows that are inserted, each table's as one JSON text.
macro_rules! inserted {
    ($query:expr, $rows:expr) => {
        $query
            .bind(to_json(&$rows.orders))
            .bind(to_json(&$rows.pending))
            .bind(to_json(&$rows.items))
            .bind(to_json(&$rows.history))
            .bind(to_json(&$rows.payments))
            .bind(to_json(&$rows.returns))
    };
}

/// Writes the rows of a batch, before its movements and its events: the locks that it takes were
/// taken when it was loaded.
pub(super) async fn write(conn: Conn<'_>, rows: &Rows) -> sqlx::Result<()> {
    match conn {
        Conn::Postgres(conn) => {
            let heads = || rows.heads.iter();
            let balances = || rows.balances.iter();
            inserted!(sqlx::query(POSTGRES), rows)
                .bind(heads().map(|head| head.state.status.name()).collect::<Vec<_>>())
                .bind(heads().map(|head| head.order.0).collect::<Vec<_>>())
                .bind(heads().map(|head| head.state.version).collect::<Vec<_>>())
                .bind(heads().map(|head| head.is_deleted).collect::<Vec<_>>())
                .bind(balances().map(|(_, owed, _)| *owed).collect::<Vec<_>>())
                .bind(balances().map(|(customer, ..)| customer.0).collect::<Vec<_>>())
                .bind(balances().map(|(.., version)| *version).collect::<Vec<_>>())
                .bind(to_json(&rows.entries))
                .execute(conn)
                .await
                .map(drop)
        }
        Conn::Sqlite(conn) => {
            let head = |head: &Head| {
                let state = head.state;
                (head.order, state.status.name(), state.version, i64::from(head.is_deleted))
            };
            let heads: Vec<_> = rows.heads.iter().map(head).collect();
            let settled: Vec<OrderId> = rows.heads.iter().map(|head| head.order).collect();
            inserted!(sqlx::query(SQLITE), rows)
                .bind(to_json(&heads))
                .bind(to_json(&settled))
                .bind(to_json(&rows.balances))
                .bind(to_json(&rows.entries))
                .execute(conn)
                .await
                .map(drop)
        }
    }
}
