//! SQL of orders and of what customers owe: what a batch reads of them, and what it writes on
//! SQLite. On PostgreSQL they are written with all else ([`super::write_postgres_sql`]).

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, SqliteConnection};
use stockroom_domain::credit::{Balance, Charge, CreditRefusal};
use stockroom_domain::orders::{OrderState, Status};
use stockroom_domain::{CustomerId, Money, OrderId, Timestamp};

use super::document_rows::{Head, Rows};
use super::sql::{Locking, to_json};
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
    /// The instant up to which the past is settled.
    pub(super) fence: Timestamp,
    /// The last link of the audit log, on SQLite.
    pub(super) link: Vec<u8>,
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

/// Reads what is wanted. Leans on the primary keys.
///
/// Under lock, it keeps everyone else from changing it until the transaction ends: first the
/// orders, then what customers owe, each in the order of their numbers. Without, the write demands
/// the orders' versions; what customers owe is always read under lock.
pub(super) async fn load(
    mut conn: Conn<'_>,
    wanted: &Wanted,
    locking: Locking,
) -> sqlx::Result<Found> {
    if wanted.is_nothing() {
        return Ok(Found::default());
    }
    if locking == Locking::Optimistic
        && let Conn::Postgres(conn) = &mut conn
    {
        return head_postgres(conn, wanted.orders_new, &wanted.orders).await;
    }
    let orders = match wanted.orders.is_empty() {
        true => HashMap::new(),
        false => orders(conn.reborrow(), &wanted.orders).await?,
    };
    let (mut balances_found, mut reversed_found) = (HashMap::new(), HashSet::new());
    if !wanted.customers.is_empty() {
        balances_found = balances(conn.reborrow(), &wanted.customers).await?;
    }
    if !wanted.undone.is_empty() {
        reversed_found = reversed(conn.reborrow(), &wanted.undone).await?;
    }
    let found = match conn {
        Conn::Postgres(conn) => head_postgres(conn, wanted.orders_new, &[]).await?,
        Conn::Sqlite(conn) => head_sqlite(conn, wanted.orders_new).await?,
    };
    Ok(Found { orders, balances: balances_found, reversed_entries: reversed_found, ..found })
}

/// What a batch has to know of the log's head, the numbers of the orders that it makes, and where
/// some others stand. The sequence writes to PostgreSQL's log now and then, which is not waited
/// for, as with the ids of movements.
async fn head_postgres(
    conn: &mut PgConnection,
    orders_new: usize,
    orders: &[OrderId],
) -> sqlx::Result<Found> {
    const POSTGRES: &str = "
        SELECT h.fence, o.ids, o.statuses, o.versions,
               (SELECT array_agg(nextval('order_ids'))
                FROM set_config('synchronous_commit', 'off', TRUE), generate_series(1, $1))
                   AS new_ids
        FROM event_head h
        CROSS JOIN (SELECT array_agg(id) AS ids, array_agg(status) AS statuses,
                           array_agg(version) AS versions
                    FROM orders
                    WHERE id = ANY($2)) o
        WHERE h.log_id = 1";
    type Row = (i64, Option<Vec<i64>>, Option<Vec<String>>, Option<Vec<i64>>, Option<Vec<i64>>);
    let count = i64::try_from(orders_new).unwrap_or(i64::MAX);
    let orders: Vec<i64> = orders.iter().map(|id| id.0).collect();
    let (fence, ids, statuses, versions, new_ids): Row =
        sqlx::query_as(POSTGRES).bind(count).bind(orders).fetch_one(conn).await?;
    let ids = ids.unwrap_or_default().into_iter();
    let rows = ids.zip(statuses.unwrap_or_default()).zip(versions.unwrap_or_default());
    Ok(Found {
        fence: Timestamp(fence),
        orders: rows.filter_map(|((id, status), version)| state(id, &status, version)).collect(),
        order_ids: new_ids.unwrap_or_default().into_iter().map(OrderId).collect(),
        ..Found::default()
    })
}

async fn head_sqlite(conn: &mut SqliteConnection, orders_new: usize) -> sqlx::Result<Found> {
    const SQLITE: &str = "
        SELECT fence, audit_link, (SELECT COALESCE(MAX(id), 0) FROM orders) AS last_order
        FROM event_head
        WHERE log_id = 1";
    let (fence, link, last): (i64, Vec<u8>, i64) = sqlx::query_as(SQLITE).fetch_one(conn).await?;
    let order_ids = (last + 1..).take(orders_new).map(OrderId).collect();
    Ok(Found { fence: Timestamp(fence), link, order_ids, ..Found::default() })
}

fn state(id: i64, status: &str, version: i64) -> Option<(OrderId, OrderState)> {
    Some((OrderId(id), OrderState { status: Status::from_name(status)?, version }))
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
                WHERE id IN (SELECT value FROM jsonb_each($1))";
            sqlx::query_as(SQL).bind(to_json(&ids)).fetch_all(conn).await?
        }
    };
    let states = rows.iter().filter_map(|(id, status, version)| state(*id, status, *version));
    Ok(states.collect())
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
                WHERE customer_id IN (SELECT value FROM jsonb_each($1))";
            const PEOPLE: &str = "SELECT id, credit_limit, is_deleted FROM customers
                WHERE id IN (SELECT value FROM jsonb_each($1))";
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
                FROM jsonb_each($1) u
                JOIN customer_entries e
                     ON e.customer_id = u.value ->> 0 AND e.reverses = u.value ->> 1";
            sqlx::query_as(SQL).bind(to_json(&entries)).fetch_all(conn).await?
        }
    };
    Ok(rows.into_iter().map(|(customer, version)| (CustomerId(customer), version)).collect())
}

/// What [`write_sqlite`] runs. The flag tells the triggers on orders and on what customers owe that
/// it is Stockroom that writes; nobody sees it raised.
const SQLITE: &str = "
    UPDATE inside SET is_inside = 1;
    INSERT INTO orders
        (id, store_id, customer_id, employee_id, user_id, channel, status,
         order_date, business_day, total, tax, reference, note, is_deleted, version)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[1][0]',
           value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]',
           value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[3][0]',
           value ->> '$[3][1]', 0, 1
    FROM jsonb_each($1);
    INSERT INTO pending_orders (order_id, placed_at)
    SELECT value ->> 0, value ->> 1 FROM jsonb_each($2);
    INSERT INTO order_items
        (order_id, id, product_id, sku, name, quantity, price, tax_rate, total, tax)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[1][0]',
           value ->> '$[1][1]', value ->> '$[2][0]', value ->> '$[2][1]',
           value ->> '$[2][2]'
    FROM jsonb_each($3);
    INSERT INTO order_history
        (order_id, version, event, status, at, actor_id, actor, note, shortages)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[1][0]',
           value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]'
    FROM jsonb_each($4);
    INSERT INTO order_payments (order_id, id, version, method, amount)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
    FROM jsonb_each($5);
    INSERT INTO order_returns
        (order_id, version, item_id, quantity, disposition, total, tax)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[1][0]', value ->> '$[1][1]',
           value ->> '$[1][2]'
    FROM jsonb_each($6);
    UPDATE orders
    SET status = r.value ->> 1, version = r.value ->> 2,
        is_deleted = is_deleted OR r.value ->> 3
    FROM jsonb_each($7) r
    WHERE orders.id = r.value ->> 0;
    DELETE FROM pending_orders WHERE order_id IN (SELECT value FROM jsonb_each($8));
    UPDATE customer_balances
    SET balance = r.value ->> 1, version = r.value ->> 2
    FROM jsonb_each($9) r
    WHERE customer_balances.customer_id = r.value ->> 0;
    INSERT INTO customer_entries
        (customer_id, version, kind, amount, balance, recorded_at, store_id,
         order_id, method, reference, note, reverses, actor_id, actor)
    SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
           value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[0][5]',
           value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]',
           value ->> '$[1][3]', value ->> '$[1][4]', value ->> '$[2][0]',
           value ->> '$[2][1]', value ->> '$[2][2]'
    FROM jsonb_each($10);
    UPDATE inside SET is_inside = 0";

/// Writes the rows of a batch on SQLite, before its movements and its events.
pub(super) async fn write_sqlite(conn: &mut SqliteConnection, rows: &Rows) -> sqlx::Result<()> {
    let head = |head: &Head| {
        let state = head.state;
        (head.order, state.status.name(), state.version, i64::from(head.is_deleted))
    };
    let heads: Vec<_> = rows.heads.iter().map(head).collect();
    let settled: Vec<OrderId> = rows.heads.iter().map(|head| head.order).collect();
    sqlx::query(SQLITE)
        .bind(to_json(&rows.orders))
        .bind(to_json(&rows.pending))
        .bind(to_json(&rows.items))
        .bind(to_json(&rows.history))
        .bind(to_json(&rows.payments))
        .bind(to_json(&rows.returns))
        .bind(to_json(&heads))
        .bind(to_json(&settled))
        .bind(to_json(&rows.balances))
        .bind(to_json(&rows.entries))
        .execute(conn)
        .await
        .map(drop)
}
