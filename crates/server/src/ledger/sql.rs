//! The statements of a batch: one read under lock, one write a table.
//!
//! Both engines get the same rows in the same order; PostgreSQL takes them as arrays,
//! SQLite as one JSON text. All keys come sorted and without repeats.

use std::collections::HashSet;

use stockroom_domain::stock::{Level, LevelKey, Refusal, Shelf};
use stockroom_domain::{LotId, Money, ProductId, Quantity, StoreId, Timestamp};

use super::answer::Labels;
use crate::db::{Conn, Db, Tx};

/// A level as the batch found it, with what its answers will name.
pub(super) struct Loaded {
    pub(super) key: LevelKey,
    pub(super) shelf: Result<Shelf, Refusal>,
    pub(super) labels: Labels,
    pub(super) fence: Timestamp,
}

struct LoadedRow {
    store_id: i64,
    product_id: i64,
    lot_id: i64,
    on_hand: i64,
    value: i64,
    version: i64,
    updated_at: i64,
    sku: String,
    cost: Option<i64>,
    product_deleted: bool,
    track_lots: bool,
    lot_code: Option<String>,
    expires_on: Option<String>,
    time_zone: String,
    day_cut_hour: i64,
    store_deleted: bool,
    fence: i64,
}
crate::from_row!(LoadedRow {
    store_id,
    product_id,
    lot_id,
    on_hand,
    value,
    version,
    updated_at,
    sku,
    cost,
    product_deleted,
    track_lots,
    lot_code,
    expires_on,
    time_zone,
    day_cut_hour,
    store_deleted,
    fence,
});

impl From<LoadedRow> for Loaded {
    fn from(row: LoadedRow) -> Self {
        let shelf = if row.store_deleted {
            Err(Refusal::UnknownStore)
        } else if row.product_deleted {
            Err(Refusal::UnknownProduct)
        } else if row.track_lots && row.lot_id == LotId::NONE.0 {
            Err(Refusal::LotRequired)
        } else {
            let level = Level {
                on_hand: Quantity::from_thousandths(row.on_hand),
                value: Money::from_cents(row.value),
                version: row.version,
                updated_at: Timestamp(row.updated_at),
            };
            Ok(Shelf { level, catalogue_cost: row.cost.map(Money::from_cents) })
        };
        Self {
            key: LevelKey {
                store: StoreId(row.store_id),
                product: ProductId(row.product_id),
                lot: LotId(row.lot_id),
            },
            shelf,
            labels: Labels {
                sku: row.sku,
                lot: row.lot_code.map(|code| (code, row.expires_on)),
                time_zone: row.time_zone,
                day_cut_hour: row.day_cut_hour,
            },
            fence: Timestamp(row.fence),
        }
    }
}

/// The keys as three columns, for UNNEST.
fn columns(keys: &[LevelKey]) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
    let stores = keys.iter().map(|key| key.store.0).collect();
    let products = keys.iter().map(|key| key.product.0).collect();
    (stores, products, keys.iter().map(|key| key.lot.0).collect())
}

/// The keys as rows, for `json_each`.
fn json(keys: &[LevelKey]) -> String {
    to_json(&keys.iter().map(|key| (key.store, key.product, key.lot)).collect::<Vec<_>>())
}

pub(super) fn to_json(rows: &impl serde::Serialize) -> String {
    // Numbers and strings in tuples: nothing in them can fail to serialize.
    serde_json::to_string(rows).unwrap_or_default()
}

/// What [`load`] reads, on both engines.
macro_rules! select_loaded {
    ($from:literal) => {
        concat!(
            "SELECT v.store_id, v.product_id, v.lot_id, v.on_hand, v.value, v.version,
                    v.updated_at, p.sku, p.cost, p.is_deleted AS product_deleted, p.track_lots,
                    l.code AS lot_code, l.expires_on, s.time_zone, s.day_cut_hour,
                    s.is_deleted AS store_deleted,
                    (SELECT fence FROM event_head WHERE log_id = 1) AS fence ",
            $from
        )
    };
}

/// How a batch keeps others from changing the levels that it decides upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locking {
    /// Not at all: the update demands the version that was read, and the batch is run again
    /// under lock if someone was faster. Costs nothing where writers rarely meet.
    Optimistic,
    /// Row locks, taken in the order of the keys.
    Rows,
}

/// Reads the levels that exist, in the order of `keys`, under lock if told to. Leans on their
/// primary key. On SQLite the transaction alone keeps everyone else out.
pub(super) async fn load(
    tx: &mut Tx,
    keys: &[LevelKey],
    locking: Locking,
) -> sqlx::Result<Vec<Loaded>> {
    let rows: Vec<LoadedRow> = match tx {
        Tx::Postgres(tx) => {
            // OFFSET 0 keeps each subquery a seek for each row before it, whatever the
            // statistics say of a table that was empty a minute ago.
            const READ: &str = select_loaded!(
                "FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[])
                      AS k(store_id, product_id, lot_id)
                 CROSS JOIN LATERAL (
                     SELECT * FROM stock_levels v
                     WHERE v.store_id = k.store_id AND v.product_id = k.product_id
                       AND v.lot_id = k.lot_id
                     OFFSET 0) v
                 CROSS JOIN LATERAL (SELECT * FROM products WHERE id = v.product_id OFFSET 0) p
                 CROSS JOIN LATERAL (SELECT * FROM stores WHERE id = v.store_id OFFSET 0) s
                 LEFT JOIN LATERAL (SELECT * FROM lots WHERE id = v.lot_id OFFSET 0) l ON TRUE"
            );
            const LOCK: &str = select_loaded!(
                "FROM (
                     SELECT v.*
                     FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[])
                          AS k(store_id, product_id, lot_id)
                     JOIN stock_levels v USING (store_id, product_id, lot_id)
                     ORDER BY v.store_id, v.product_id, v.lot_id
                     FOR UPDATE OF v) v
                 CROSS JOIN LATERAL (SELECT * FROM products WHERE id = v.product_id OFFSET 0) p
                 CROSS JOIN LATERAL (SELECT * FROM stores WHERE id = v.store_id OFFSET 0) s
                 LEFT JOIN LATERAL (SELECT * FROM lots WHERE id = v.lot_id OFFSET 0) l ON TRUE"
            );
            let sql = if locking == Locking::Rows { LOCK } else { READ };
            let (stores, products, lots) = columns(keys);
            sqlx::query_as(sql).bind(stores).bind(products).bind(lots).fetch_all(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = select_loaded!(
                "FROM json_each($1) k
                CROSS JOIN stock_levels v
                     ON v.store_id = k.value ->> 0 AND v.product_id = k.value ->> 1
                        AND v.lot_id = k.value ->> 2
                CROSS JOIN products p ON p.id = v.product_id
                CROSS JOIN stores s ON s.id = v.store_id
                LEFT JOIN lots l ON l.id = v.lot_id"
            );
            sqlx::query_as(SQL).bind(json(keys)).fetch_all(&mut **tx).await?
        }
    };
    Ok(rows.into_iter().map(Loaded::from).collect())
}

/// Makes the level rows that are missing, empty and at version 0, in a transaction of its
/// own: made after a first lock they could deadlock. Rows appear only for stores, products
/// and lots that exist.
pub(super) async fn create_levels(tx: &mut Tx, keys: &[LevelKey]) -> sqlx::Result<()> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "
                INSERT INTO stock_levels
                    (store_id, product_id, lot_id, on_hand, value, version, updated_at)
                SELECT k.store_id, k.product_id, k.lot_id, 0, 0, 0, 0
                FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[])
                     AS k(store_id, product_id, lot_id)
                JOIN products p ON p.id = k.product_id
                JOIN stores s ON s.id = k.store_id
                LEFT JOIN lots l ON l.id = k.lot_id AND l.product_id = k.product_id
                WHERE k.lot_id = 0 OR l.id IS NOT NULL
                ORDER BY k.store_id, k.product_id, k.lot_id
                ON CONFLICT DO NOTHING";
            let (stores, products, lots) = columns(keys);
            sqlx::query(SQL).bind(stores).bind(products).bind(lots).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "
                INSERT INTO stock_levels
                    (store_id, product_id, lot_id, on_hand, value, version, updated_at)
                SELECT s.id, p.id, k.value ->> 2, 0, 0, 0, 0
                FROM json_each($1) k
                CROSS JOIN products p ON p.id = k.value ->> 1
                CROSS JOIN stores s ON s.id = k.value ->> 0
                LEFT JOIN lots l ON l.id = k.value ->> 2 AND l.product_id = p.id
                WHERE k.value ->> 2 = 0 OR l.id IS NOT NULL
                ON CONFLICT DO NOTHING";
            sqlx::query(SQL).bind(json(keys)).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// Has PostgreSQL look at the levels again when they have grown much since it last did: a
/// plan that was made for an empty table reads all of a full one. Plans in use are renewed.
pub(super) async fn refresh_statistics(db: &Db) -> sqlx::Result<()> {
    const POSTGRES: &str = "
        SELECT pg_relation_size(oid) / 8192 > 4 * GREATEST(relpages, 1)
        FROM pg_class WHERE oid = 'stock_levels'::regclass";
    let Db::Postgres { pool, .. } = db else { return Ok(()) };
    let mut conn = pool.get().await?;
    let has_grown: bool = sqlx::query_scalar(POSTGRES).fetch_one(&mut *conn).await?;
    if has_grown {
        sqlx::query("ANALYZE stock_levels").execute(&mut *conn).await?;
    }
    Ok(())
}

/// Of the given keys' stores and products, those that exist: tells why a level cannot be.
pub(super) async fn existing(
    tx: &mut Tx,
    keys: &[LevelKey],
) -> sqlx::Result<(HashSet<StoreId>, HashSet<ProductId>)> {
    let stores: HashSet<i64> = keys.iter().map(|key| key.store.0).collect();
    let products: HashSet<i64> = keys.iter().map(|key| key.product.0).collect();
    let (stores, products) = match tx {
        Tx::Postgres(tx) => {
            const STORES: &str = "SELECT id FROM stores WHERE id = ANY($1)";
            const PRODUCTS: &str = "SELECT id FROM products WHERE id = ANY($1)";
            let stores: Vec<i64> = stores.into_iter().collect();
            let products: Vec<i64> = products.into_iter().collect();
            let stores: Vec<i64> =
                sqlx::query_scalar(STORES).bind(stores).fetch_all(&mut **tx).await?;
            (stores, sqlx::query_scalar(PRODUCTS).bind(products).fetch_all(&mut **tx).await?)
        }
        Tx::Sqlite(tx) => {
            const STORES: &str =
                "SELECT id FROM stores WHERE id IN (SELECT value FROM json_each($1))";
            const PRODUCTS: &str =
                "SELECT id FROM products WHERE id IN (SELECT value FROM json_each($1))";
            let stores: Vec<i64> =
                sqlx::query_scalar(STORES).bind(to_json(&stores)).fetch_all(&mut **tx).await?;
            let products: Vec<i64> =
                sqlx::query_scalar(PRODUCTS).bind(to_json(&products)).fetch_all(&mut **tx).await?;
            (stores, products)
        }
    };
    Ok((stores.into_iter().map(StoreId).collect(), products.into_iter().map(ProductId).collect()))
}

/// Writes the levels that a batch has changed. Each must be at the version it was loaded at;
/// returns how many were.
pub(super) async fn update_levels(
    tx: &mut Tx,
    levels: &[(LevelKey, i64, Level)],
) -> sqlx::Result<u64> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "
                UPDATE stock_levels v
                SET on_hand = u.on_hand, value = u.value, version = u.version,
                    updated_at = u.updated_at
                FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[],
                            $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[])
                     AS u(store_id, product_id, lot_id, loaded, on_hand, value, version,
                          updated_at)
                WHERE v.store_id = u.store_id AND v.product_id = u.product_id
                  AND v.lot_id = u.lot_id AND v.version = u.loaded";
            let column = |of: fn(&(LevelKey, i64, Level)) -> i64| -> Vec<i64> {
                levels.iter().map(of).collect()
            };
            let done = sqlx::query(SQL)
                .bind(column(|l| l.0.store.0))
                .bind(column(|l| l.0.product.0))
                .bind(column(|l| l.0.lot.0))
                .bind(column(|l| l.1))
                .bind(column(|l| l.2.on_hand.thousandths()))
                .bind(column(|l| l.2.value.cents()))
                .bind(column(|l| l.2.version))
                .bind(column(|l| l.2.updated_at.0))
                .execute(&mut **tx)
                .await?;
            Ok(done.rows_affected())
        }
        Tx::Sqlite(tx) => {
            // An upsert of rows that exist: its plan is a seek a row, which UPDATE … FROM
            // over json_each does not promise.
            const SQL: &str = "
                INSERT INTO stock_levels
                    (store_id, product_id, lot_id, on_hand, value, version, updated_at)
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 4, value ->> 5,
                       value ->> 6, value ->> 7
                FROM json_each($1)
                WHERE TRUE
                ON CONFLICT (store_id, product_id, lot_id) DO UPDATE
                SET on_hand = excluded.on_hand, value = excluded.value,
                    version = excluded.version, updated_at = excluded.updated_at
                WHERE stock_levels.version < excluded.version";
            let rows: Vec<_> = levels
                .iter()
                .map(|(key, loaded, level)| {
                    let numbers = (level.on_hand.thousandths(), level.value.cents());
                    let (on_hand, value) = numbers;
                    let (version, updated_at) = (level.version, level.updated_at.0);
                    (key.store, key.product, key.lot, loaded, on_hand, value, version, updated_at)
                })
                .collect();
            let done = sqlx::query(SQL).bind(to_json(&rows)).execute(&mut **tx).await?;
            Ok(done.rows_affected())
        }
    }
}

/// Settles the past up to `instant`; how far it is settled now. Waits for the batch that
/// holds the head row, if one does.
pub(super) async fn raise_fence(tx: &mut Tx, instant: Timestamp) -> sqlx::Result<Timestamp> {
    const SQL: &str = "
        UPDATE event_head
        SET fence = CASE WHEN fence < $1 THEN $1 ELSE fence END
        WHERE log_id = 1
        RETURNING fence";
    let fence: i64 = on_db!(Conn::from(tx), conn => {
        sqlx::query_scalar(SQL).bind(instant.0).fetch_one(conn).await?
    });
    Ok(Timestamp(fence))
}
