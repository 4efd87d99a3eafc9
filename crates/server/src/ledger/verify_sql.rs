//! What `verify` reads, all of it in the order of a primary key.

use stockroom_domain::stock::LevelKey;
use stockroom_domain::{LotId, ProductId, StoreId};

use super::verify::Referents;
use crate::db::Conn;

/// Movements read at a time.
const PAGE: i64 = 10_000;

/// A level as it is stored, of a known store.
pub(super) struct CheckedLevel {
    product_id: i64,
    lot_id: i64,
    pub(super) on_hand: i64,
    pub(super) value: i64,
    pub(super) version: i64,
    pub(super) updated_at: i64,
}
crate::from_row!(CheckedLevel { product_id, lot_id, on_hand, value, version, updated_at });

/// A movement as it is stored, of a known store.
pub(super) struct CheckedMovement {
    product_id: i64,
    lot_id: i64,
    pub(super) id: i64,
    pub(super) quantity: i64,
    pub(super) balance: i64,
    pub(super) value: i64,
    pub(super) version: i64,
    pub(super) recorded_at: i64,
}
crate::from_row!(CheckedMovement {
    product_id,
    lot_id,
    id,
    quantity,
    balance,
    value,
    version,
    recorded_at,
});

impl CheckedLevel {
    pub(super) fn key(&self, store: StoreId) -> LevelKey {
        LevelKey { store, product: ProductId(self.product_id), lot: LotId(self.lot_id) }
    }
}

impl CheckedMovement {
    pub(super) fn key(&self, store: StoreId) -> LevelKey {
        LevelKey { store, product: ProductId(self.product_id), lot: LotId(self.lot_id) }
    }

    /// Where it stands within its store.
    pub(super) fn position(&self) -> (i64, i64, i64) {
        (self.product_id, self.lot_id, self.recorded_at)
    }
}

/// All stores that have a level or a movement. Leans on the levels' primary key.
pub(super) async fn stores_with_stock(db: Conn<'_>) -> sqlx::Result<Vec<StoreId>> {
    const SQL: &str = "
        SELECT DISTINCT store_id FROM stock_levels
        UNION SELECT DISTINCT store_id FROM stock_movements
        ORDER BY store_id";
    let ids: Vec<i64> = on_db!(db, conn => sqlx::query_scalar(SQL).fetch_all(conn).await?);
    Ok(ids.into_iter().map(StoreId).collect())
}

pub(super) async fn levels_of(db: Conn<'_>, store: StoreId) -> sqlx::Result<Vec<CheckedLevel>> {
    const SQL: &str = "
        SELECT product_id, lot_id, on_hand, value, version, updated_at
        FROM stock_levels WHERE store_id = $1";
    on_db!(db, conn => sqlx::query_as(SQL).bind(store.0).fetch_all(conn).await)
}

/// The next movements of a store behind a position, in the order of the primary key.
pub(super) async fn movements_of(
    db: Conn<'_>,
    store: StoreId,
    after: Option<(i64, i64, i64)>,
) -> sqlx::Result<Vec<CheckedMovement>> {
    const SQL: &str = "
        SELECT product_id, lot_id, id, quantity, balance, value, version, recorded_at
        FROM stock_movements
        WHERE store_id = $1 AND (product_id, lot_id, recorded_at) > ($2, $3, $4)
        ORDER BY store_id, product_id, lot_id, recorded_at
        LIMIT CAST($5 AS BIGINT)";
    let (product, lot, recorded_at) = after.unwrap_or((i64::MIN, 0, 0));
    on_db!(db, conn => {
        sqlx::query_as(SQL)
            .bind(store.0)
            .bind(product)
            .bind(lot)
            .bind(recorded_at)
            .bind(PAGE)
            .fetch_all(conn)
            .await
    })
}

/// What movements may point to.
pub(super) async fn referents(mut db: Conn<'_>) -> sqlx::Result<Referents> {
    const STORES: &str = "SELECT id FROM stores";
    const PRODUCTS: &str = "SELECT id FROM products";
    const LOTS: &str = "SELECT id, product_id FROM lots";
    let stores: Vec<i64> =
        on_db!(db.reborrow(), conn => sqlx::query_scalar(STORES).fetch_all(conn).await?);
    let products: Vec<i64> =
        on_db!(db.reborrow(), conn => sqlx::query_scalar(PRODUCTS).fetch_all(conn).await?);
    let lots: Vec<(i64, i64)> = on_db!(db, conn => sqlx::query_as(LOTS).fetch_all(conn).await?);
    Ok(Referents {
        stores: stores.into_iter().collect(),
        products: products.into_iter().collect(),
        lots: lots.into_iter().collect(),
    })
}

/// Reversals whose two ends do not name each other, as (movement, reversed by).
pub(super) async fn unmatched_reversals(db: Conn<'_>) -> sqlx::Result<Vec<(i64, i64)>> {
    const SQL: &str = "
        SELECT r.movement_id, r.reversed_by
        FROM movement_reversals r
        LEFT JOIN stock_movements m ON m.id = r.reversed_by AND m.reverses = r.movement_id
        WHERE m.id IS NULL
        UNION ALL
        SELECT m.reverses, m.id
        FROM stock_movements m
        LEFT JOIN movement_reversals r ON r.movement_id = m.reverses AND r.reversed_by = m.id
        WHERE m.reverses IS NOT NULL AND r.movement_id IS NULL";
    on_db!(db, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// How many events there are, the lowest id and the highest (0 and 0 where there is none).
pub(super) async fn event_span(db: Conn<'_>) -> sqlx::Result<(i64, i64, i64)> {
    const SQL: &str = "
        SELECT COUNT(*), COALESCE(MIN(id), 0), COALESCE(MAX(id), 0) FROM events WHERE log_id = 1";
    on_db!(db, conn => sqlx::query_as(SQL).fetch_one(conn).await)
}

/// A movement with every column that never changes.
pub(super) struct RecordedMovement {
    pub(super) id: i64,
    pub(super) store_id: i64,
    pub(super) product_id: i64,
    pub(super) lot_id: i64,
    pub(super) version: i64,
    pub(super) recorded_at: i64,
    pub(super) kind: String,
    pub(super) quantity: i64,
    pub(super) balance: i64,
    pub(super) value: i64,
    pub(super) unit_cost: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) note: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) reverses: Option<i64>,
    pub(super) actor_id: i64,
    pub(super) effective_at: i64,
    pub(super) business_day: i64,
    pub(super) order_id: Option<i64>,
    pub(super) order_item: Option<i64>,
}
crate::from_row!(RecordedMovement {
    id,
    store_id,
    product_id,
    lot_id,
    version,
    recorded_at,
    kind,
    quantity,
    balance,
    value,
    unit_cost,
    reason,
    note,
    reference,
    reverses,
    actor_id,
    effective_at,
    business_day,
    order_id,
    order_item,
});

/// The next rows of the audit log that tell of movements, and what they tell.
pub(super) async fn records(db: Conn<'_>, after: i64) -> sqlx::Result<Vec<(i64, Option<String>)>> {
    const SQL: &str = "SELECT id, after
        FROM audit_logs
        WHERE id > $1
          AND (action = 'stock.moved'
               OR (subject_kind = 'order' AND after LIKE '%movements%'))
        ORDER BY id
        LIMIT 1000";
    on_db!(db, conn => sqlx::query_as(SQL).bind(after).fetch_all(conn).await)
}

/// Movements by their ids, in whatever order. Leans on `stock_movements_id`.
pub(super) async fn recorded_movements(
    db: Conn<'_>,
    ids: &[i64],
) -> sqlx::Result<Vec<RecordedMovement>> {
    macro_rules! select_recorded {
        ($which:literal) => {
            concat!(
                "SELECT id, store_id, product_id, lot_id, version, recorded_at, type AS kind,
                        quantity, balance, value, unit_cost, reason, note, reference, reverses,
                        actor_id, effective_at, business_day, order_id, order_item
                 FROM stock_movements
                 WHERE id ",
                $which
            )
        };
    }
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = select_recorded!("= ANY($1)");
            sqlx::query_as(SQL).bind(ids).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = select_recorded!("IN (SELECT value FROM jsonb_each($1))");
            sqlx::query_as(SQL).bind(super::sql::to_json(&ids)).fetch_all(conn).await
        }
    }
}

/// How many movements have this id or a higher one.
pub(super) async fn movements_from(db: Conn<'_>, id: i64) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM stock_movements WHERE id >= $1";
    on_db!(db, conn => sqlx::query_scalar(SQL).bind(id).fetch_one(conn).await)
}
