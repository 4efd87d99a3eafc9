//! SQL of employees.

use stockroom_domain::{StoreId, Timestamp};

use super::employee::{Details, Employee, Employees};
use crate::db::{Conn, Select, Tx};
use crate::http::sort::Position;
use crate::http::text;

struct EmployeeRow {
    id: i64,
    name: String,
    name_key: String,
    position: String,
    hire_date: String,
    contact_info: Option<String>,
    store_id: Option<i64>,
    is_deleted: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}
crate::from_row!(EmployeeRow {
    id,
    name,
    name_key,
    position,
    hire_date,
    contact_info,
    store_id,
    is_deleted,
    version,
    created_at,
    updated_at,
});

/// What a [`EmployeeRow`] is read from.
macro_rules! select_employees {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.name, e.name_key, e.position, e.hire_date, e.contact_info, e.store_id,
                    e.is_deleted, e.version, e.created_at, e.updated_at
             FROM employees e ",
            $rest
        )
    };
}

impl From<EmployeeRow> for Employee {
    fn from(row: EmployeeRow) -> Self {
        Self {
            id: row.id,
            details: Details {
                name: row.name,
                name_key: row.name_key,
                position: row.position,
                hire_date: row.hire_date,
                contact_info: row.contact_info,
                store: row.store_id.map(StoreId),
            },
            is_deleted: row.is_deleted,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// One employee. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Employee>> {
    const SQL: &str = select_employees!("WHERE e.id = $1");
    let row: Option<EmployeeRow> = on_db!(db, conn => {
        sqlx::query_as(SQL).bind(id).fetch_optional(conn).await
    })?;
    Ok(row.map(Employee::from))
}

/// As [`find`], and keeps other changes of them waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Employee>> {
    let row: Option<EmployeeRow> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_employees!("WHERE e.id = $1 FOR NO KEY UPDATE");
            sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(_) => return find(Conn::from(tx), id).await,
    };
    Ok(row.map(Employee::from))
}

/// Writes a new employee; their number.
pub(super) async fn insert(tx: &mut Tx, details: &Details, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO employees
            (name, name_key, position, hire_date, contact_info, store_id, search_key, created_at,
             updated_at, is_deleted, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, FALSE, 1)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.position)
        .bind(&details.hire_date)
        .bind(&details.contact_info)
        .bind(details.store.map(|store| store.0))
        .bind(search_key(details))
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Replaces what a employee is.
pub(super) async fn update(
    tx: &mut Tx,
    id: i64,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE employees
        SET name = $1, name_key = $2, position = $3, hire_date = $4, contact_info = $5,
            store_id = $6, search_key = $7, updated_at = $8, version = version + 1
        WHERE id = $9";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.position)
        .bind(&details.hire_date)
        .bind(&details.contact_info)
        .bind(details.store.map(|store| store.0))
        .bind(search_key(details))
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// Hides a employee or brings them back.
pub(super) async fn set_deleted(
    tx: &mut Tx,
    id: i64,
    is_deleted: bool,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE employees
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

/// What a search looks at: name and position.
fn search_key(details: &Details) -> String {
    format!("{} {}", details.name_key, text::key(&details.position))
}

/// Whether there is such a store, not deleted.
pub(super) async fn store_exists(tx: &mut Tx, store: StoreId) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM stores WHERE id = $1 AND NOT is_deleted";
    let found: Option<i64> = on_db!(Conn::from(tx), conn => {
        sqlx::query_scalar(SQL).bind(store.0).fetch_optional(conn).await
    })?;
    Ok(found.is_some())
}

/// One page of employees.
pub(super) async fn page(
    db: Conn<'_>,
    employees: &Employees,
    after: Option<&Position>,
    limit: i64,
) -> sqlx::Result<Vec<Employee>> {
    let mut select = Select::new(select_employees!("WHERE TRUE"));
    push_all(&mut select, employees);
    employees.filter.order().push_page(&mut select, after, limit);
    let rows: Vec<EmployeeRow> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(Employee::from).collect())
}

/// All employees who are asked for, to be counted.
pub(super) fn all(employees: &Employees) -> Select {
    let mut select = Select::new("SELECT 1 FROM employees e WHERE TRUE");
    push_all(&mut select, employees);
    select
}

fn push_all(select: &mut Select, Employees { scope, filter }: &Employees) {
    scope.narrow(select, " AND e.store_id");
    if !filter.include_deleted {
        select.push(" AND NOT e.is_deleted");
    }
    let Some(words) = &filter.q else { return };
    for word in words.key().split_whitespace() {
        select.contains(&["e.search_key"], word);
    }
}
