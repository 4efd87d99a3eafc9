//! SQL of customers.

use stockroom_domain::{Money, Timestamp};

use super::customer::{Customer, CustomerFilter, Details, digits};
use crate::db::{Conn, Select, Tx};
use crate::http::sort::Position;

struct CustomerRow {
    id: i64,
    name: String,
    name_key: String,
    phone_number: Option<String>,
    email: Option<String>,
    address: Option<String>,
    credit_limit: Option<i64>,
    balance: i64,
    is_deleted: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}
crate::from_row!(CustomerRow {
    id,
    name,
    name_key,
    phone_number,
    email,
    address,
    credit_limit,
    balance,
    is_deleted,
    version,
    created_at,
    updated_at,
});

/// What a [`CustomerRow`] is read from.
macro_rules! select_customers {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.name, c.name_key, c.phone_number, c.email, c.address, c.credit_limit,
                    b.balance, c.is_deleted, c.version, c.created_at, c.updated_at
             FROM customers c
             JOIN customer_balances b ON b.customer_id = c.id ",
            $rest
        )
    };
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        Self {
            id: row.id,
            details: Details {
                name: row.name,
                name_key: row.name_key,
                phone_number: row.phone_number,
                email: row.email,
                address: row.address,
                credit_limit: row.credit_limit.map(Money::from_cents),
            },
            balance: Money::from_cents(row.balance),
            is_deleted: row.is_deleted,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// One customer. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Customer>> {
    const SQL: &str = select_customers!("WHERE c.id = $1");
    let row: Option<CustomerRow> = on_db!(db, conn => {
        sqlx::query_as(SQL).bind(id).fetch_optional(conn).await
    })?;
    Ok(row.map(Customer::from))
}

/// As [`find`], and keeps other changes of them waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Customer>> {
    let row: Option<CustomerRow> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_customers!("WHERE c.id = $1 FOR NO KEY UPDATE OF c");
            sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(_) => return find(Conn::from(tx), id).await,
    };
    Ok(row.map(Customer::from))
}

/// Writes a new customer; their number.
pub(super) async fn insert(tx: &mut Tx, details: &Details, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO customers
            (name, name_key, phone_number, email, address, credit_limit, search_key, created_at,
             updated_at, is_deleted, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, FALSE, 1)
        RETURNING id";
    const BALANCE: &str =
        "INSERT INTO customer_balances (customer_id, balance, version) VALUES ($1, 0, 0)";
    let id: i64 = on_db!(Conn::from(&mut *tx), conn => sqlx::query_scalar(SQL)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.phone_number)
        .bind(&details.email)
        .bind(&details.address)
        .bind(details.credit_limit.map(Money::cents))
        .bind(details.search_key())
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)?;
    on_db!(Conn::from(tx), conn => sqlx::query(BALANCE).bind(id).execute(conn).await.map(drop))?;
    Ok(id)
}

/// What a customer owes, held until the transaction ends: nobody charges them meanwhile.
pub(super) async fn lock_balance(tx: &mut Tx, id: i64) -> sqlx::Result<Money> {
    let balance: Option<i64> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "SELECT balance FROM customer_balances
                WHERE customer_id = $1 FOR NO KEY UPDATE";
            sqlx::query_scalar(SQL).bind(id).fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "SELECT balance FROM customer_balances WHERE customer_id = $1";
            sqlx::query_scalar(SQL).bind(id).fetch_optional(&mut **tx).await?
        }
    };
    Ok(Money::from_cents(balance.unwrap_or(0)))
}

/// Replaces what a customer is.
pub(super) async fn update(
    tx: &mut Tx,
    id: i64,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE customers
        SET name = $1, name_key = $2, phone_number = $3, email = $4, address = $5,
            credit_limit = $6, search_key = $7, updated_at = $8, version = version + 1
        WHERE id = $9";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.phone_number)
        .bind(&details.email)
        .bind(&details.address)
        .bind(details.credit_limit.map(Money::cents))
        .bind(details.search_key())
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// Hides a customer or brings them back.
pub(super) async fn set_deleted(
    tx: &mut Tx,
    id: i64,
    is_deleted: bool,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE customers
        SET is_deleted = $1, updated_at = $2, version = version + 1
        WHERE id = $3";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(is_deleted)
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// One page of customers.
pub(super) async fn page(
    db: Conn<'_>,
    filter: &CustomerFilter,
    after: Option<&Position>,
    limit: i64,
) -> sqlx::Result<Vec<Customer>> {
    let mut select = Select::new(select_customers!("WHERE TRUE"));
    push_filter(&mut select, filter);
    filter.order().push_page(&mut select, after, limit);
    let rows: Vec<CustomerRow> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(Customer::from).collect())
}

/// All customers who are asked for, to be counted.
pub(super) fn all(filter: &CustomerFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM customers c WHERE TRUE");
    push_filter(&mut select, filter);
    select
}

fn push_filter(select: &mut Select, filter: &CustomerFilter) {
    if !filter.include_deleted {
        select.push(" AND NOT c.is_deleted");
    }
    let Some(words) = &filter.q else { return };
    for word in words.key().split_whitespace() {
        // Of a telephone number only the digits are compared, however it is written.
        let is_phone = |c: char| c.is_ascii_digit() || "+-()/.".contains(c);
        let has_digits = word.contains(|c: char| c.is_ascii_digit());
        let is_number = has_digits && word.chars().all(is_phone);
        let word = if is_number { digits(word) } else { word.to_owned() };
        select.contains(&["c.search_key"], &word);
    }
}
