//! SQL of the stores.

use stockroom_domain::{Quantity, StoreId, Timestamp};

use super::http::Stores;
use super::store::{Details, Store};
use crate::auth::Scope;
use crate::db::{Conn, Select, Tx};
use crate::http::Text;
use crate::http::sort::Position;

/// A row of `stores`.
struct StoreRow {
    id: i64,
    code: String,
    code_key: String,
    name: String,
    address: Option<String>,
    phone: Option<String>,
    time_zone: String,
    day_cut_hour: i64,
    is_deleted: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}
crate::from_row!(StoreRow {
    id,
    code,
    code_key,
    name,
    address,
    phone,
    time_zone,
    day_cut_hour,
    is_deleted,
    version,
    created_at,
    updated_at,
});

/// What a [`StoreRow`] is read from.
macro_rules! select_stores {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.code, s.code_key, s.name, s.address, s.phone, s.time_zone,
                    s.day_cut_hour, s.is_deleted, s.version, s.created_at, s.updated_at
             FROM stores s ",
            $rest
        )
    };
}

impl From<StoreRow> for Store {
    fn from(row: StoreRow) -> Self {
        Self {
            id: StoreId(row.id),
            details: Details {
                code: row.code,
                code_key: row.code_key,
                name: row.name,
                address: row.address,
                phone: row.phone,
                time_zone: row.time_zone,
                day_cut_hour: row.day_cut_hour,
            },
            is_deleted: row.is_deleted,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// One store. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: StoreId) -> sqlx::Result<Option<Store>> {
    const SQL: &str = select_stores!("WHERE s.id = $1");
    let row: Option<StoreRow> = on_db!(db, conn => {
        sqlx::query_as(SQL).bind(id.0).fetch_optional(conn).await
    })?;
    Ok(row.map(Store::from))
}

/// As [`find`], and keeps other changes of it waiting until the transaction ends. Not its key:
/// a first movement, whose level points to the store, need not wait.
pub(super) async fn lock(tx: &mut Tx, id: StoreId) -> sqlx::Result<Option<Store>> {
    let row: Option<StoreRow> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_stores!("WHERE s.id = $1 FOR NO KEY UPDATE");
            sqlx::query_as(SQL).bind(id.0).fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(_) => return find(Conn::from(tx), id).await,
    };
    Ok(row.map(Store::from))
}

/// Inserts a store. The code's unique index may refuse it.
pub(super) async fn insert(
    tx: &mut Tx,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<StoreId> {
    const SQL: &str = "INSERT INTO stores
            (code, code_key, name, address, phone, time_zone, day_cut_hour, created_at,
             updated_at, is_deleted, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, FALSE, 1)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(&details.code)
        .bind(&details.code_key)
        .bind(&details.name)
        .bind(&details.address)
        .bind(&details.phone)
        .bind(&details.time_zone)
        .bind(details.day_cut_hour)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await
        .map(StoreId))
}

/// Replaces what a store is. The code's unique index may refuse it.
pub(super) async fn update(
    tx: &mut Tx,
    id: StoreId,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE stores
        SET code = $1, code_key = $2, name = $3, address = $4, phone = $5, time_zone = $6,
            day_cut_hour = $7, updated_at = $8, version = version + 1
        WHERE id = $9";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(&details.code)
        .bind(&details.code_key)
        .bind(&details.name)
        .bind(&details.address)
        .bind(&details.phone)
        .bind(&details.time_zone)
        .bind(details.day_cut_hour)
        .bind(now.0)
        .bind(id.0)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Deletes or restores. The code's unique index may refuse the latter.
pub(super) async fn set_deleted(
    tx: &mut Tx,
    id: StoreId,
    is_deleted: bool,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE stores
        SET is_deleted = $1, updated_at = $2, version = version + 1
        WHERE id = $3";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(is_deleted)
        .bind(now.0)
        .bind(id.0)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Which store has a code, among those that are not deleted. Leans on `stores_code`.
pub(super) async fn code_owner(db: Conn<'_>, code_key: &str) -> sqlx::Result<Option<i64>> {
    const SQL: &str = "SELECT id FROM stores WHERE code_key = $1 AND NOT is_deleted";
    on_db!(db, conn => sqlx::query_scalar(SQL).bind(code_key).fetch_optional(conn).await)
}

/// How many products are on hand in a store, and the first of them. Leans on the primary key
/// of `stock_levels`.
pub(super) async fn stock(
    db: Conn<'_>,
    id: StoreId,
    named_max: i64,
) -> sqlx::Result<(i64, Vec<(i64, Quantity)>)> {
    const COUNT: &str = "SELECT COUNT(DISTINCT product_id)
        FROM stock_levels
        WHERE store_id = $1 AND on_hand > 0";
    const FIRST: &str = "SELECT product_id, CAST(SUM(on_hand) AS BIGINT)
        FROM stock_levels
        WHERE store_id = $1 AND on_hand > 0
        GROUP BY product_id
        ORDER BY product_id
        LIMIT CAST($2 AS BIGINT)";
    let (count, rows): (i64, Vec<(i64, i64)>) = on_db!(db, conn => {
        let count = sqlx::query_scalar(COUNT).bind(id.0).fetch_one(&mut *conn).await?;
        (count, sqlx::query_as(FIRST).bind(id.0).bind(named_max).fetch_all(conn).await?)
    });
    let row = |(product, sum)| (product, Quantity::from_thousandths(sum));
    Ok((count, rows.into_iter().map(row).collect()))
}

/// The first two stores of `scope` that are not deleted: enough to tell one from several.
pub(super) async fn first_two(db: Conn<'_>, scope: &Scope) -> sqlx::Result<Vec<i64>> {
    let mut select = Select::new("SELECT s.id FROM stores s WHERE NOT s.is_deleted");
    scope.narrow(&mut select, " AND s.id");
    select.push(" ORDER BY s.id LIMIT 2");
    let rows: Vec<(i64,)> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// One page of stores.
pub(super) async fn page(
    db: Conn<'_>,
    stores: &Stores,
    after: Option<&Position>,
    limit: i64,
) -> sqlx::Result<Vec<Store>> {
    let mut select = Select::new(select_stores!("WHERE TRUE"));
    push_all(&mut select, stores);
    stores.filter.sort.order().push_page(&mut select, after, limit);
    let rows: Vec<StoreRow> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(Store::from).collect())
}

/// All stores that are asked for, to be counted.
pub(super) fn all(stores: &Stores) -> Select {
    let mut select = Select::new("SELECT 1 FROM stores s WHERE TRUE");
    push_all(&mut select, stores);
    select
}

fn push_all(select: &mut Select, Stores { scope, filter }: &Stores) {
    scope.narrow(select, " AND s.id");
    if !filter.include_deleted {
        select.push(" AND NOT s.is_deleted");
    }
    select.any_of(" AND s.code_key", filter.code.iter().map(Text::key));
    for word in filter
        .q
        .iter()
        .flat_map(|q| q.key().split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    {
        // Names have no key of their own: LOWER is enough for a short list.
        select.contains(&["LOWER(s.name)", "s.code_key"], &word);
    }
}

/// The time zones of some stores, and the hours at which their days begin, of those that are not
/// deleted. Leans on the primary key.
pub(super) async fn days(db: Conn<'_>, ids: &[StoreId]) -> sqlx::Result<Vec<(i64, String, i64)>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT id, time_zone, day_cut_hour
                FROM stores
                WHERE id = ANY($1) AND NOT is_deleted";
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            sqlx::query_as(SQL).bind(ids).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT id, time_zone, day_cut_hour
                FROM stores
                WHERE id IN (SELECT value FROM json_each($1)) AND NOT is_deleted";
            let ids = serde_json::to_string(ids).unwrap_or_default();
            sqlx::query_as(SQL).bind(ids).fetch_all(conn).await
        }
    }
}
