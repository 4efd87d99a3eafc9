//! The levels that a batch decides upon: reading them, making them, settling their past.
//!
//! Both engines get the same rows in the same order; PostgreSQL takes them as arrays,
//! SQLite as one JSON text. All keys come sorted and without repeats.

use std::collections::HashSet;

use sqlx::{FromRow as _, Row as _};
use stockroom_domain::stock::{Level, LevelKey, Refusal, Shelf};
use stockroom_domain::{LotId, Money, MovementId, ProductId, Quantity, StoreId, Timestamp};

use super::answer::Labels;
use crate::db::{Conn, Db, Tx};

/// A level as the batch found it, with what its answers will name.
pub(super) struct Loaded {
    pub(super) key: LevelKey,
    pub(super) shelf: Result<Shelf, Refusal>,
    pub(super) labels: Labels,
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
        let level = Level {
            on_hand: Quantity::from_thousandths(row.on_hand),
            value: Money::from_cents(row.value),
            version: row.version,
            updated_at: Timestamp(row.updated_at),
        };
        let closed = if row.product_deleted {
            Some(Refusal::UnknownProduct)
        } else {
            let needs_lot = row.track_lots && row.lot_id == LotId::NONE.0;
            needs_lot.then_some(Refusal::LotRequired)
        };
        let catalogue_cost = row.cost.map(Money::from_cents);
        let shelf = match row.store_deleted {
            true => Err(Refusal::UnknownStore),
            false => Ok(Shelf { level, catalogue_cost, closed }),
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
        }
    }
}

/// The keys as three columns, for UNNEST.
fn columns(keys: &[LevelKey]) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
    let stores = keys.iter().map(|key| key.store.0).collect();
    let products = keys.iter().map(|key| key.product.0).collect();
    (stores, products, keys.iter().map(|key| key.lot.0).collect())
}

/// The keys as rows, for `jsonb_each`.
fn json(keys: &[LevelKey]) -> String {
    to_json(&keys.iter().map(|key| (key.store, key.product, key.lot)).collect::<Vec<_>>())
}

pub(super) fn to_json(rows: &impl serde::Serialize) -> String {
    // Numbers and strings in tuples: nothing in them can fail to serialize.
    serde_json::to_string(rows).unwrap_or_default()
}

/// What [`load`] reads, on both engines.
macro_rules! select_loaded {
    ($ids:literal, $from:literal) => {
        concat!(
            "SELECT v.store_id, v.product_id, v.lot_id, v.on_hand, v.value, v.version,
                    v.updated_at, p.sku, p.cost, p.is_deleted AS product_deleted, p.track_lots,
                    l.code AS lot_code, l.expires_on, s.time_zone, s.day_cut_hour,
                    s.is_deleted AS store_deleted,
                    (SELECT fence FROM event_head WHERE log_id = 1) AS fence, ",
            $ids,
            $from
        )
    };
}

/// The same on PostgreSQL, where OFFSET 0 keeps each subquery a seek for each row before it,
/// whatever the statistics say of a table that was empty a minute ago.
macro_rules! select_loaded_laterally {
    ($ids:literal, $from:literal) => {
        concat!(
            select_loaded!($ids, $from),
            "CROSS JOIN LATERAL (SELECT * FROM products WHERE id = v.product_id OFFSET 0) p
             CROSS JOIN LATERAL (SELECT * FROM stores WHERE id = v.store_id OFFSET 0) s
             LEFT JOIN LATERAL (SELECT * FROM lots WHERE id = v.lot_id OFFSET 0) l ON TRUE"
        )
    };
}

/// How a batch keeps others from changing the levels that it decides upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locking {
    /// Not at all: the write demands the versions that were read, and the batch is run again
    /// under lock if someone was faster. Costs nothing where writers rarely meet.
    Optimistic,
    /// Row locks, taken in the order of the keys.
    Rows,
}

/// What a batch reads before it decides.
pub(super) struct Found {
    pub(super) levels: Vec<Loaded>,
    /// One for each movement to come, rising.
    pub(super) ids: Vec<MovementId>,
    /// The last link of the audit log, on SQLite, where nobody can add one meanwhile.
    pub(super) link: Vec<u8>,
    /// The instant up to which the past is settled.
    pub(super) fence: Timestamp,
}

/// Reads the levels that exist, in the order of `keys`, under lock if told to, and draws ids
/// for so many movements. Leans on the levels' primary key. On SQLite the transaction alone
/// keeps everyone else out.
///
/// The sequence writes to PostgreSQL's log now and then; that is not waited for, since the
/// batch's own commit covers it, and what a crash forgets nobody has used.
///
/// Ids rise with the versions of a level: they are drawn after the level's last writer has
/// committed, since that is what was read, and the next one will draw its own after us.
pub(super) async fn load(
    conn: Conn<'_>,
    keys: &[LevelKey],
    locking: Locking,
    movements: usize,
) -> sqlx::Result<Found> {
    let count = i64::try_from(movements).unwrap_or(i64::MAX);
    if keys.is_empty() {
        return Ok(found(Vec::new(), Vec::new(), Vec::new()));
    }
    match conn {
        Conn::Postgres(conn) if locking == Locking::Rows => {
            const SQL: &str = select_loaded_laterally!(
                "NULL ",
                "FROM (
                     SELECT v.*
                     FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[])
                          AS k(store_id, product_id, lot_id)
                     JOIN stock_levels v USING (store_id, product_id, lot_id)
                     ORDER BY v.store_id, v.product_id, v.lot_id
                     FOR UPDATE OF v) v "
            );
            // After the last of the locks.
            const IDS: &str = "SELECT nextval('stock_movement_ids') FROM generate_series(1, $1)";
            let (stores, products, lots) = columns(keys);
            let rows: Vec<LoadedRow> = sqlx::query_as(SQL)
                .bind(stores)
                .bind(products)
                .bind(lots)
                .fetch_all(&mut *conn)
                .await?;
            let ids: Vec<i64> = sqlx::query_scalar(IDS).bind(count).fetch_all(conn).await?;
            Ok(found(rows, ids, Vec::new()))
        }
        Conn::Postgres(conn) => {
            const SQL: &str = select_loaded_laterally!(
                "CASE WHEN k.position = 1 AND $4 > 0 THEN
                     (SELECT array_agg(nextval('stock_movement_ids'))
                      FROM set_config('synchronous_commit', 'off', TRUE), generate_series(1, $4))
                 END AS ids ",
                "FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[])
                      WITH ORDINALITY AS k(store_id, product_id, lot_id, position)
                 CROSS JOIN LATERAL (
                     SELECT * FROM stock_levels v
                     WHERE v.store_id = k.store_id AND v.product_id = k.product_id
                       AND v.lot_id = k.lot_id
                     OFFSET 0) v "
            );
            let (stores, products, lots) = columns(keys);
            let rows = sqlx::query(SQL).bind(stores).bind(products).bind(lots).bind(count);
            let rows = rows.fetch_all(conn).await?;
            let ids: Option<Vec<i64>> = rows.first().map_or(Ok(None), |row| row.try_get("ids"))?;
            let rows = rows.iter().map(LoadedRow::from_row).collect::<sqlx::Result<Vec<_>>>()?;
            Ok(found(rows, ids.unwrap_or_default(), Vec::new()))
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = select_loaded!(
                "(SELECT COALESCE(MAX(id), 0) FROM stock_movements) AS last_id,
                 (SELECT audit_link FROM event_head WHERE log_id = 1) AS link ",
                "FROM jsonb_each($1) k
                CROSS JOIN stock_levels v
                     ON v.store_id = k.value ->> '$[0]' AND v.product_id = k.value ->> '$[1]'
                        AND v.lot_id = k.value ->> '$[2]'
                CROSS JOIN products p ON p.id = v.product_id
                CROSS JOIN stores s ON s.id = v.store_id
                LEFT JOIN lots l ON l.id = v.lot_id"
            );
            let rows = sqlx::query(SQL).bind(json(keys)).fetch_all(conn).await?;
            let last: i64 = rows.first().map_or(Ok(0), |row| row.try_get("last_id"))?;
            let link = rows.first().map_or(Ok(Vec::new()), |row| row.try_get("link"))?;
            let rows = rows.iter().map(LoadedRow::from_row).collect::<sqlx::Result<Vec<_>>>()?;
            Ok(found(rows, (last + 1..=last + count).collect(), link))
        }
    }
}

fn found(rows: Vec<LoadedRow>, ids: Vec<i64>, link: Vec<u8>) -> Found {
    Found {
        fence: rows.first().map_or(Timestamp(0), |row| Timestamp(row.fence)),
        levels: rows.into_iter().map(Loaded::from).collect(),
        ids: ids.into_iter().map(MovementId).collect(),
        link,
    }
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
                FROM jsonb_each($1) k
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

/// Has PostgreSQL look at tables again that have grown much since it last did: a plan that was
/// made for an empty table reads all of a full one. Plans in use are renewed.
pub(super) async fn refresh_statistics(db: &Db) -> sqlx::Result<()> {
    const POSTGRES: &str = "
        SELECT CAST(relname AS TEXT) FROM pg_class
        WHERE oid IN ('stock_levels'::regclass, 'orders'::regclass, 'order_items'::regclass,
                      'order_history'::regclass, 'pending_orders'::regclass)
          AND pg_relation_size(oid) / 8192 > 4 * GREATEST(relpages, 1)";
    let Db::Postgres { pool, .. } = db else { return Ok(()) };
    let mut conn = pool.get().await?;
    let grown: Vec<String> = sqlx::query_scalar(POSTGRES).fetch_all(&mut *conn).await?;
    for table in grown {
        let statement = match table.as_str() {
            "orders" => "ANALYZE orders",
            "order_items" => "ANALYZE order_items",
            "order_history" => "ANALYZE order_history",
            "pending_orders" => "ANALYZE pending_orders",
            _ => "ANALYZE stock_levels",
        };
        sqlx::query(statement).execute(&mut *conn).await?;
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
                "SELECT id FROM stores WHERE id IN (SELECT value FROM jsonb_each($1))";
            const PRODUCTS: &str =
                "SELECT id FROM products WHERE id IN (SELECT value FROM jsonb_each($1))";
            let stores: Vec<i64> =
                sqlx::query_scalar(STORES).bind(to_json(&stores)).fetch_all(&mut **tx).await?;
            let products: Vec<i64> =
                sqlx::query_scalar(PRODUCTS).bind(to_json(&products)).fetch_all(&mut **tx).await?;
            (stores, products)
        }
    };
    Ok((stores.into_iter().map(StoreId).collect(), products.into_iter().map(ProductId).collect()))
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
