//! What is read of stock. Nothing here writes: the ledger alone does.

use stockroom_domain::{LotId, ProductId, Quantity, StoreId, Timestamp};

use crate::auth::Scope;
use crate::clock::Rfc3339;
use crate::db::{Conn, Select, Tx};
use crate::ledger::MovementRow;
use crate::ledger::movements_sql::SELECT_MOVEMENTS;

/// A level and what it is of.
#[derive(Debug)]
pub(super) struct LevelRow {
    pub(super) store_id: i64,
    pub(super) product_id: i64,
    pub(super) lot_id: i64,
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) lot_code: Option<String>,
    pub(super) expires_on: Option<String>,
    pub(super) on_hand: i64,
    pub(super) reorder_point: Option<i64>,
    pub(super) version: i64,
    pub(super) updated_at: Option<i64>,
}
crate::from_row!(LevelRow {
    store_id,
    product_id,
    lot_id,
    sku,
    name,
    unit,
    lot_code,
    expires_on,
    on_hand,
    reorder_point,
    version,
    updated_at,
});

/// What levels are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct LevelFilter {
    pub(super) product_ids: Vec<i64>,
    pub(super) sku_keys: Vec<String>,
    pub(super) categories: Vec<String>,
    /// What name or SKU contain, in lower case.
    pub(super) words: Option<String>,
    pub(super) below_reorder_point: bool,
    pub(super) expiring_before: Option<String>,
    pub(super) as_of: Option<Timestamp>,
}

/// What was on hand before the first movement `m` after an instant; without one, what is.
const ON_HAND_THEN: &str = "CASE WHEN m.id IS NULL THEN v.on_hand ELSE m.balance - m.quantity END";

/// Where in the list of levels a page begins.
pub(super) type LevelPosition = (StoreId, ProductId, LotId);

/// Levels in the order of their primary key, on which this leans.
///
/// As of an instant, each level is one seek ahead: if it has not moved since, it is the level
/// itself; else the first movement after the instant tells what was there before it.
pub(super) async fn levels(
    db: Conn<'_>,
    scope: &Scope,
    filter: &LevelFilter,
    after: Option<LevelPosition>,
    limit: i64,
) -> sqlx::Result<Vec<LevelRow>> {
    let mut query = Select::new(
        "SELECT v.store_id, v.product_id, v.lot_id, p.sku, p.name, p.unit, l.code AS lot_code,
                l.expires_on, COALESCE(t.reorder_point, p.reorder_point) AS reorder_point, ",
    );
    match filter.as_of {
        None => query.push("v.on_hand, v.version, v.updated_at "),
        Some(_) => query.push(ON_HAND_THEN).push(
            " AS on_hand,
             CASE WHEN m.id IS NULL THEN v.version ELSE m.version - 1 END AS version,
             CASE WHEN m.id IS NULL THEN v.updated_at END AS updated_at ",
        ),
    };
    push_levels(&mut query, &db, scope, filter);
    if let Some((store, product, lot)) = after {
        query.push(" AND (v.store_id, v.product_id, v.lot_id) > (").bind(store.0);
        query.push(", ").bind(product.0).push(", ").bind(lot.0).push(")");
    }
    query.push(" ORDER BY v.store_id, v.product_id, v.lot_id").limit(limit);
    query.fetch_all(db).await
}

/// All levels that are asked for, to be counted.
pub(super) fn all_levels(db: &Conn<'_>, scope: &Scope, filter: &LevelFilter) -> Select {
    let mut query = Select::new("SELECT 1 ");
    push_levels(&mut query, db, scope, filter);
    query
}

fn push_levels(query: &mut Select, db: &Conn<'_>, scope: &Scope, filter: &LevelFilter) {
    query.push(
        "FROM stock_levels v
         JOIN products p ON p.id = v.product_id
         JOIN stores s ON s.id = v.store_id
         LEFT JOIN lots l ON l.id = v.lot_id
         LEFT JOIN stock_settings t ON t.store_id = v.store_id AND t.product_id = v.product_id ",
    );
    if let Some(instant) = filter.as_of {
        join_first_after(query, db, instant);
        // A first movement after the instant: there was no such level yet.
        query.push(" WHERE v.version > 0 AND (m.id IS NULL OR m.version > 1)");
    } else {
        query.push(
            "WHERE v.version > 0 AND NOT s.is_deleted AND (NOT p.is_deleted OR v.on_hand > 0)",
        );
    }
    narrow_levels(query, scope, filter);
}

/// Joins, as `m`, the first movement after `instant` of a level that has moved since: a seek
/// for each. SQLite has no LATERAL; given the other form, PostgreSQL would read all of a
/// level's movements.
fn join_first_after(query: &mut Select, db: &Conn<'_>, instant: Timestamp) {
    match db {
        Conn::Postgres(_) => query
            .push(
                "LEFT JOIN LATERAL (
                     SELECT n.id, n.balance, n.quantity, n.version FROM stock_movements n
                     WHERE n.store_id = v.store_id AND n.product_id = v.product_id
                       AND n.lot_id = v.lot_id AND n.recorded_at > ",
            )
            .bind(instant.0)
            .push(" ORDER BY n.recorded_at LIMIT 1) m ON v.updated_at > ")
            .bind(instant.0),
        Conn::Sqlite(_) => query
            .push(
                "LEFT JOIN stock_movements m
                      ON m.store_id = v.store_id AND m.product_id = v.product_id
                     AND m.lot_id = v.lot_id
                     AND m.recorded_at = (
                         SELECT MIN(n.recorded_at) FROM stock_movements n
                         WHERE n.store_id = v.store_id AND n.product_id = v.product_id
                           AND n.lot_id = v.lot_id AND n.recorded_at > ",
            )
            .bind(instant.0)
            .push(") AND v.updated_at > ")
            .bind(instant.0),
    };
}

fn narrow_levels(query: &mut Select, scope: &Scope, filter: &LevelFilter) {
    scope.narrow(query, " AND v.store_id");
    query.any_of(" AND v.product_id", filter.product_ids.iter().copied());
    query.any_of(" AND NOT p.is_deleted AND p.sku_key", filter.sku_keys.iter().cloned());
    query.any_of(" AND p.category", filter.categories.iter().cloned());
    if let Some(words) = &filter.words {
        query.contains(&["p.name_key", "p.sku_key"], words);
    }
    if filter.below_reorder_point {
        // Lots of one product in one store count together.
        query.push(
            " AND (SELECT SUM(x.on_hand) FROM stock_levels x
                   WHERE x.store_id = v.store_id AND x.product_id = v.product_id)
                  < COALESCE(t.reorder_point, p.reorder_point)",
        );
    }
    if let Some(day) = &filter.expiring_before {
        let on_hand = if filter.as_of.is_some() { ON_HAND_THEN } else { "v.on_hand" };
        query.push(" AND ").push(on_hand).push(" > 0 AND l.expires_on < ").bind(day.clone());
    }
}

/// What movements are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct MovementFilter {
    pub(super) id: Option<i64>,
    pub(super) product_ids: Vec<i64>,
    pub(super) kinds: Vec<&'static str>,
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) reference: Option<String>,
    pub(super) actor_ids: Vec<i64>,
    pub(super) order_ids: Vec<i64>,
}

/// Movements, newest first. Leans on `stock_movements_of_store` for one store, on
/// `stock_movements_id` for all.
pub(super) async fn movements(
    db: Conn<'_>,
    scope: &Scope,
    filter: &MovementFilter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<MovementRow>> {
    let mut query = Select::new(SELECT_MOVEMENTS);
    narrow_movements(&mut query, scope, filter);
    if let Some(before) = before {
        query.push(" AND m.id < ").bind(before);
    }
    query.push(" ORDER BY m.id DESC").limit(limit);
    query.fetch_all(db).await
}

/// All movements that are asked for, to be counted.
pub(super) fn all_movements(scope: &Scope, filter: &MovementFilter) -> Select {
    let mut query = Select::new("SELECT 1 FROM stock_movements m WHERE TRUE");
    narrow_movements(&mut query, scope, filter);
    query
}

fn narrow_movements(query: &mut Select, scope: &Scope, filter: &MovementFilter) {
    scope.narrow(query, " AND m.store_id");
    if let Some(id) = filter.id {
        query.push(" AND m.id = ").bind(id);
    }
    query.any_of(" AND m.product_id", filter.product_ids.iter().copied());
    query.any_of(" AND m.type", filter.kinds.iter().copied());
    if let Some(from) = filter.from {
        query.push(" AND m.recorded_at >= ").bind(from.0);
    }
    if let Some(to) = filter.to {
        query.push(" AND m.recorded_at < ").bind(to.0);
    }
    if let Some(reference) = &filter.reference {
        query.push(" AND m.reference = ").bind(reference.clone());
    }
    query.any_of(" AND m.actor_id", filter.actor_ids.iter().copied());
    query.any_of(" AND m.order_id", filter.order_ids.iter().copied());
}

/// Sets or clears the reorder point of a product in one store.
pub(super) async fn set_reorder_point(
    tx: &mut Tx,
    store: StoreId,
    product: ProductId,
    reorder_point: Option<Quantity>,
) -> sqlx::Result<Option<Quantity>> {
    const BEFORE: &str =
        "SELECT reorder_point FROM stock_settings WHERE store_id = $1 AND product_id = $2";
    const SQL: &str = "
        INSERT INTO stock_settings (store_id, product_id, reorder_point)
        VALUES ($1, $2, $3)
        ON CONFLICT (store_id, product_id) DO UPDATE SET reorder_point = excluded.reorder_point";
    if let Tx::Postgres(tx) = &mut *tx {
        // There may be no row to lock.
        const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        let name = format!("reorder point {store} {product}");
        sqlx::query(LOCK).bind(name).execute(&mut **tx).await?;
    }
    let before: Option<Option<i64>> = on_db!(Conn::from(tx), conn => {
        let before = sqlx::query_scalar(BEFORE).bind(store.0).bind(product.0);
        let before = before.fetch_optional(&mut *conn).await?;
        sqlx::query(SQL)
            .bind(store.0)
            .bind(product.0)
            .bind(reorder_point.map(Quantity::thousandths))
            .execute(conn)
            .await?;
        before
    });
    Ok(before.flatten().map(Quantity::from_thousandths))
}

impl LevelRow {
    pub(super) fn position(&self) -> LevelPosition {
        (StoreId(self.store_id), ProductId(self.product_id), LotId(self.lot_id))
    }

    pub(super) fn updated_at(&self) -> Option<Rfc3339> {
        self.updated_at.map(|micros| Rfc3339(Timestamp(micros)))
    }
}
