//! The bench's statements on the shop's own tables: whose database this is, the catalogue,
//! and a past that never happened.
//!
//! The yardsticks' statements are in [`super::yardsticks`].

use sqlx::{Connection, PgConnection};
use stockroom_domain::Timestamp;

use crate::db::{Conn, Db};

/// The row of `settings` that says whose database this is.
const OWNER: &str = "bench";

/// Whether the shop's tables exist, and whether anything else does.
///
/// # Errors
/// The database's.
pub async fn tables(db: &Db) -> sqlx::Result<Vec<String>> {
    const SQLITE: &str = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    const POSTGRES: &str = "SELECT CAST(tablename AS TEXT) FROM pg_tables
WHERE schemaname = 'public'";
    match Conn::from(&mut db.read().await?) {
        Conn::Sqlite(conn) => sqlx::query_scalar(SQLITE).fetch_all(conn).await,
        Conn::Postgres(conn) => sqlx::query_scalar(POSTGRES).fetch_all(conn).await,
    }
}

/// What the bench wrote about itself, if this database is the bench's.
///
/// # Errors
/// The database's.
pub async fn owner(db: &Db) -> sqlx::Result<Option<String>> {
    const SQL: &str = "SELECT value FROM settings WHERE name = $1";
    let mut reader = db.read().await?;
    on_db!(Conn::from(&mut reader), conn => {
        sqlx::query_scalar(SQL).bind(OWNER).fetch_optional(conn).await
    })
}

/// How many stores and users there are.
///
/// # Errors
/// The database's.
pub async fn inhabitants(db: &Db) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT CAST((SELECT COUNT(*) FROM stores) + (SELECT COUNT(*) FROM users)
    AS BIGINT)";
    let mut reader = db.read().await?;
    on_db!(Conn::from(&mut reader), conn => sqlx::query_scalar(SQL).fetch_one(conn).await)
}

/// Marks the database as the bench's.
///
/// # Errors
/// The database's.
pub async fn claim(db: &Db, value: &str) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)";
    let mut tx = db.begin().await?;
    on_db!(Conn::from(&mut tx), conn => {
        sqlx::query(SQL).bind(OWNER).bind(value).execute(conn).await.map(drop)
    })?;
    tx.commit().await
}

/// Empties a database of the bench on PostgreSQL.
///
/// # Errors
/// The database's: most often the role does not own the schema.
pub async fn empty_postgres(conn: &mut PgConnection) -> sqlx::Result<()> {
    let mut tx = conn.begin().await?;
    sqlx::raw_sql(
        "DROP SCHEMA IF EXISTS bench_yardstick CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;",
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The ids of the first store and of the first product of the catalogue; the others follow.
#[derive(Clone, Copy, Debug)]
pub struct FirstIds {
    /// Of a store.
    pub store: i64,
    /// Of a product.
    pub product: i64,
}

/// Adds so many stores and products, each product with a barcode.
///
/// # Errors
/// The database's; `RowNotFound` if the ids given are not in a row.
pub async fn insert_catalogue(
    db: &Db,
    stores: i64,
    products: i64,
    now: Timestamp,
) -> sqlx::Result<FirstIds> {
    const STORES: &str = "INSERT INTO stores (code, code_key, name, time_zone, day_cut_hour,
    is_deleted, version, created_at, updated_at)
WITH RECURSIVE numbers (n, moment) AS (
    SELECT CAST(1 AS BIGINT), CAST($1 AS BIGINT)
    UNION ALL SELECT n + 1, moment FROM numbers WHERE n < $2
)
SELECT 'BENCH-' || CAST(n AS TEXT), 'bench-' || CAST(n AS TEXT), 'Branch ' || CAST(n AS TEXT),
       'UTC', 0, FALSE, 1, moment, moment
FROM numbers
ORDER BY n";
    const PRODUCTS: &str = "INSERT INTO products (sku, sku_key, name, name_key, category, unit,
    price, cost, tax_rate, track_lots, is_deleted, version, created_at, updated_at)
WITH RECURSIVE numbers (n, moment) AS (
    SELECT CAST(1 AS BIGINT), CAST($1 AS BIGINT)
    UNION ALL SELECT n + 1, moment FROM numbers WHERE n < $2
)
SELECT 'BENCH-' || CAST(n AS TEXT), 'bench-' || CAST(n AS TEXT),
       'Dry food ' || CAST(n AS TEXT), 'dry food ' || CAST(n AS TEXT),
       'Category ' || CAST(n % 20 AS TEXT), 'each', 100 + n % 900, CAST($3 AS BIGINT), 19000,
       FALSE, FALSE, 1, moment, moment
FROM numbers
ORDER BY n";
    const BARCODES: &str = "INSERT INTO product_barcodes (code, product_id, pack_quantity)
SELECT CAST(2000000000000 + id AS TEXT), id, 1000
FROM products
ORDER BY id";
    // Leans on the ids being in a row: one statement, one session, and nobody else here.
    const FIRST: &str = "SELECT CAST(MIN(s.id) AS BIGINT), CAST(MIN(p.id) AS BIGINT),
    CAST(MAX(s.id) - MIN(s.id) + 1 AS BIGINT), CAST(MAX(p.id) - MIN(p.id) + 1 AS BIGINT)
FROM stores s, products p
WHERE s.code_key IN ('bench-1', 'bench-' || CAST($1 AS TEXT))
  AND p.sku_key IN ('bench-1', 'bench-' || CAST($2 AS TEXT))";
    let mut tx = db.begin().await?;
    let found: (i64, i64, i64, i64) = on_db!(Conn::from(&mut tx), conn => {
        sqlx::query(STORES).bind(now.0).bind(stores).execute(&mut *conn).await?;
        let cost = super::history::UNIT_COST;
        sqlx::query(PRODUCTS).bind(now.0).bind(products).bind(cost).execute(&mut *conn).await?;
        sqlx::query(BARCODES).execute(&mut *conn).await?;
        let (last_store, last_product) = (stores.to_string(), products.to_string());
        sqlx::query_as(FIRST).bind(last_store).bind(last_product).fetch_one(&mut *conn).await?
    });
    let (store, product, stores_found, products_found) = found;
    if (stores_found, products_found) != (stores, products) {
        return Err(sqlx::Error::RowNotFound);
    }
    tx.commit().await?;
    Ok(FirstIds { store, product })
}

/// How many movements the ledger has, by the levels' versions: that the two agree is what
/// `stockroom verify` proves. Far quicker than counting the movements.
///
/// # Errors
/// The database's.
pub async fn movement_count(db: &Db) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM stock_levels";
    let mut reader = db.read().await?;
    on_db!(Conn::from(&mut reader), conn => sqlx::query_scalar(SQL).fetch_one(conn).await)
}

/// One round of a past: the same movement on a range of levels, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct PastRound {
    /// Of the catalogue.
    pub first: FirstIds,
    /// How many products a store has: the levels are numbered store by store.
    pub products: i64,
    /// Levels from this number …
    pub from: i64,
    /// … to before this one.
    pub to: i64,
    /// The version that the movement makes.
    pub version: i64,
    /// When level 0 moved.
    pub begun: Timestamp,
    /// How many microseconds after its predecessor each level moved.
    pub step_us: i64,
    /// The movement's id on level 0.
    pub id: i64,
    /// In or out.
    pub kind: &'static str,
    /// Signed, thousandths.
    pub quantity: i64,
    /// After it, thousandths.
    pub balance: i64,
    /// Of one unit, in cents.
    pub unit_cost: i64,
}

/// Writes one round of the past.
///
/// # Errors
/// The database's.
pub async fn insert_past(db: &Db, round: &PastRound) -> sqlx::Result<u64> {
    const SQL: &str = "INSERT INTO stock_movements (store_id, product_id, lot_id, version,
    recorded_at, id, type, quantity, balance, value, unit_cost, actor_id, effective_at,
    business_day)
WITH given AS (
    SELECT CAST($1 AS BIGINT) AS first_store, CAST($2 AS BIGINT) AS first_product,
           CAST($3 AS BIGINT) AS products, CAST($4 AS BIGINT) AS from_level,
           CAST($5 AS BIGINT) AS to_level, CAST($6 AS BIGINT) AS version,
           CAST($7 AS BIGINT) AS begun, CAST($8 AS BIGINT) AS step_us,
           CAST($9 AS BIGINT) AS first_id, CAST($10 AS TEXT) AS kind,
           CAST($11 AS BIGINT) AS quantity, CAST($12 AS BIGINT) AS balance,
           CAST($13 AS BIGINT) AS unit_cost
), places AS (
    SELECT s.id AS store_id, p.id AS product_id, g.*,
           (s.id - g.first_store) * g.products + p.id - g.first_product AS level
    FROM given g
    JOIN stores s ON s.id BETWEEN g.first_store + g.from_level / g.products
                              AND g.first_store + (g.to_level - 1) / g.products
    JOIN products p ON p.id BETWEEN g.first_product AND g.first_product + g.products - 1
)
SELECT store_id, product_id, 0, version, begun + level * step_us, first_id + level, kind,
       quantity, balance, quantity / 1000 * unit_cost,
       CASE WHEN quantity > 0 THEN unit_cost END, 1, begun + level * step_us,
       (begun + level * step_us) / 86400000000
FROM places
WHERE level >= from_level AND level < to_level
ORDER BY store_id, product_id";
    let PastRound { first, .. } = round;
    let mut tx = db.begin_ledger().await?;
    let count = on_db!(Conn::from(&mut tx), conn => {
        sqlx::query(SQL)
            .bind(first.store).bind(first.product).bind(round.products)
            .bind(round.from).bind(round.to).bind(round.version)
            .bind(round.begun.0).bind(round.step_us).bind(round.id)
            .bind(round.kind).bind(round.quantity).bind(round.balance).bind(round.unit_cost)
            .execute(conn).await?.rows_affected()
    });
    tx.commit().await?;
    Ok(count)
}

/// Writes the levels that a past has led to, from its last movements.
///
/// # Errors
/// The database's.
pub async fn insert_levels(db: &Db, last: &PastRound) -> sqlx::Result<u64> {
    const SQL: &str = "INSERT INTO stock_levels (store_id, product_id, lot_id, on_hand, value,
    version, updated_at)
SELECT store_id, product_id, lot_id, balance, balance / 1000 * $1, version, recorded_at
FROM stock_movements
WHERE version = $2
  AND recorded_at >= $3 AND recorded_at < $4
  AND id >= $5 AND id < $6
ORDER BY store_id, product_id";
    let mut tx = db.begin_ledger().await?;
    let count = on_db!(Conn::from(&mut tx), conn => {
        sqlx::query(SQL)
            .bind(last.unit_cost).bind(last.version)
            .bind(last.begun.0 + last.from * last.step_us)
            .bind(last.begun.0 + last.to * last.step_us)
            .bind(last.id + last.from).bind(last.id + last.to)
            .execute(conn).await?.rows_affected()
    });
    tx.commit().await?;
    Ok(count)
}

/// Makes the ledger go on after the ids of the past. SQLite does so by itself.
///
/// # Errors
/// The database's.
pub async fn continue_ids(db: &Db, last_id: i64) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    if let Conn::Postgres(conn) = Conn::from(&mut tx) {
        sqlx::query("SELECT setval('stock_movement_ids', $1)").bind(last_id).execute(conn).await?;
    }
    tx.commit().await
}

/// Lets the planner know what was loaded, and the disk have it before the clock runs.
///
/// # Errors
/// The database's; that a role may not order a checkpoint is none.
pub async fn settle(db: &Db) -> sqlx::Result<()> {
    match db {
        Db::Sqlite { writer, .. } => {
            let mut conn = writer.get().await?;
            sqlx::raw_sql("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);")
                .execute(&mut *conn)
                .await?;
        }
        Db::Postgres { pool, .. } => {
            let mut conn = pool.get().await?;
            sqlx::raw_sql("SET statement_timeout = 0").execute(&mut *conn).await?;
            sqlx::raw_sql("VACUUM ANALYZE").execute(&mut *conn).await?;
            // Only for superusers and pg_checkpoint.
            let _ = sqlx::raw_sql("CHECKPOINT").execute(&mut *conn).await;
            // The setting must not go back to the others.
            conn.discard();
        }
    }
    Ok(())
}

/// The engine's own version.
///
/// # Errors
/// The database's.
pub async fn version(db: &Db) -> sqlx::Result<String> {
    match Conn::from(&mut db.read().await?) {
        Conn::Sqlite(conn) => {
            let version: String =
                sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await?;
            Ok(format!("SQLite {version}, WAL, synchronous=FULL"))
        }
        Conn::Postgres(conn) => {
            let settings: Vec<String> = sqlx::query_scalar(
                "SELECT name || '=' || current_setting(name)
FROM pg_settings
WHERE name IN ('fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size')
ORDER BY name",
            )
            .fetch_all(&mut *conn)
            .await?;
            let version: String =
                sqlx::query_scalar("SHOW server_version").fetch_one(&mut *conn).await?;
            Ok(format!("PostgreSQL {version}, {}", settings.join(", ")))
        }
    }
}

/// Takes the bench's mark away.
///
/// # Errors
/// The database's.
#[cfg(test)]
pub async fn disown(db: &Db) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM settings WHERE name = $1";
    let mut tx = db.begin().await?;
    on_db!(Conn::from(&mut tx), conn => {
        sqlx::query(SQL).bind(OWNER).execute(conn).await.map(drop)
    })?;
    tx.commit().await
}
