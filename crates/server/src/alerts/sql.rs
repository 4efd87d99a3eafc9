//! SQL of alerts.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use stockroom_domain::{Timestamp, UserId};

use super::http::{AlertFilter, AlertState};
use super::judge::{Alert, Kind};
use super::watch::Pair;
use super::{EXPIRING_DAYS, EXPIRING_DAYS_DEFAULT};
use crate::auth::Scope;
use crate::db::{Conn, Select, Tx};

/// How long an alert is kept after it was cleared.
const KEPT_S: i64 = 180 * 86_400;

macro_rules! rows {
    ($($(#[doc = $doc:literal])+ $name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug)]
            pub(super) struct $name {
                $(pub(super) $field: $type,)+
            }
            crate::from_row!($name { $($field),+ });
        )+
    };
}

rows! {
    /// A product in a store. Without `on_hand`, it never was there.
    PairRow {
        store_id: i64,
        product_id: i64,
        on_hand: Option<i64>,
        reorder_point: Option<i64>,
        is_gone: bool,
        time_zone: String,
    }
    /// A lot on hand that expires.
    LotRow {
        store_id: i64,
        product_id: i64,
        lot_id: i64,
        code: String,
        on_hand: i64,
        expires_on: String,
    }
    /// An alert that is not cleared.
    OpenRow {
        id: i64,
        store_id: i64,
        product_id: i64,
        lot_id: i64,
        kind: String,
    }
}

/// An alert as it is shown.
#[derive(Clone, Debug)]
pub struct AlertRow {
    pub(super) id: i64,
    pub(super) store_id: i64,
    pub(super) product_id: i64,
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) lot_code: Option<String>,
    pub(super) expires_on: Option<String>,
    pub(super) kind: String,
    pub(super) on_hand: i64,
    pub(super) reorder_point: Option<i64>,
    pub(super) raised_at: i64,
    pub(super) cleared_at: Option<i64>,
    pub(super) acknowledged_at: Option<i64>,
    pub(super) acknowledged_by: Option<i64>,
    pub(super) acknowledger: Option<String>,
    pub(super) note: Option<String>,
    pub(super) version: i64,
}
crate::from_row!(AlertRow {
    id,
    store_id,
    product_id,
    sku,
    name,
    unit,
    lot_code,
    expires_on,
    kind,
    on_hand,
    reorder_point,
    raised_at,
    cleared_at,
    acknowledged_at,
    acknowledged_by,
    acknowledger,
    note,
    version,
});

/// Runs a statement over some products in stores: on PostgreSQL they are two arrays, on SQLite one
/// of JSON.
async fn of_pairs<R>(
    db: Conn<'_>,
    (postgres, sqlite): (&'static str, &'static str),
    pairs: &[Pair],
) -> sqlx::Result<Vec<R>>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let pairs = pairs.iter().map(|pair| (pair.store_id, pair.product_id));
    match db {
        Conn::Postgres(conn) => {
            let (stores, products): (Vec<i64>, Vec<i64>) = pairs.unzip();
            sqlx::query_as(postgres).bind(stores).bind(products).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            let pairs = json!(pairs.collect::<Vec<_>>()).to_string();
            sqlx::query_as(sqlite).bind(pairs).fetch_all(conn).await
        }
    }
}

/// What the shop has set.
pub(super) async fn expiring_days(db: Conn<'_>) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT value FROM settings WHERE name = $1";
    let value: Option<String> = on_db!(db, conn => {
        sqlx::query_scalar(SQL).bind(EXPIRING_DAYS).fetch_optional(conn).await
    })?;
    let days = value.and_then(|text| text.parse().ok());
    Ok(days.unwrap_or(EXPIRING_DAYS_DEFAULT))
}

/// What a [`PairRow`] is read from.
macro_rules! select_pairs {
    ($wanted:literal) => {
        concat!(
            "SELECT w.store_id, w.product_id,
                    (SELECT CAST(SUM(v.on_hand) AS BIGINT) FROM stock_levels v
                     WHERE v.store_id = w.store_id AND v.product_id = w.product_id
                       AND v.version > 0) AS on_hand,
                    COALESCE(t.reorder_point, p.reorder_point) AS reorder_point,
                    p.is_deleted OR s.is_deleted AS is_gone, s.time_zone
             FROM ",
            $wanted,
            "
             JOIN products p ON p.id = w.product_id
             JOIN stores s ON s.id = w.store_id
             LEFT JOIN stock_settings t
               ON t.store_id = w.store_id AND t.product_id = w.product_id"
        )
    };
}

/// Some products in stores, as they are. Leans on the primary keys.
pub(super) async fn pairs(db: Conn<'_>, pairs: &[Pair]) -> sqlx::Result<Vec<PairRow>> {
    const POSTGRES: &str =
        select_pairs!("UNNEST($1::BIGINT[], $2::BIGINT[]) AS w(store_id, product_id)");
    const SQLITE: &str = select_pairs!(
        "(SELECT value ->> 0 AS store_id, value ->> 1 AS product_id FROM json_each($1)) w"
    );
    of_pairs(db, (POSTGRES, SQLITE), pairs).await
}

/// What a [`LotRow`] is read from.
macro_rules! select_lots {
    ($wanted:literal) => {
        concat!(
            "SELECT v.store_id, v.product_id, v.lot_id, l.code, v.on_hand, l.expires_on
             FROM ",
            $wanted,
            "
             JOIN products p ON p.id = w.product_id AND p.track_lots
             JOIN stock_levels v ON v.store_id = w.store_id AND v.product_id = w.product_id
             JOIN lots l ON l.id = v.lot_id
             WHERE v.on_hand > 0 AND l.expires_on IS NOT NULL"
        )
    };
}

/// Lots of some products that are on hand and expire. Leans on the primary keys.
pub(super) async fn lots(db: Conn<'_>, pairs: &[Pair]) -> sqlx::Result<Vec<LotRow>> {
    const POSTGRES: &str =
        select_lots!("UNNEST($1::BIGINT[], $2::BIGINT[]) AS w(store_id, product_id)");
    const SQLITE: &str = select_lots!(
        "(SELECT value ->> 0 AS store_id, value ->> 1 AS product_id FROM json_each($1)) w"
    );
    of_pairs(db, (POSTGRES, SQLITE), pairs).await
}

/// What an [`OpenRow`] is read from.
macro_rules! select_open {
    ($wanted:literal) => {
        concat!(
            "SELECT a.id, a.store_id, a.product_id, a.lot_id, a.kind
             FROM ",
            $wanted,
            "
             JOIN inventory_alerts a ON a.store_id = w.store_id AND a.product_id = w.product_id
             WHERE a.cleared_at IS NULL"
        )
    };
}

/// What is open of some products. Leans on `inventory_alerts_open`.
pub(super) async fn open(db: Conn<'_>, pairs: &[Pair]) -> sqlx::Result<Vec<OpenRow>> {
    const POSTGRES: &str =
        select_open!("UNNEST($1::BIGINT[], $2::BIGINT[]) AS w(store_id, product_id)");
    const SQLITE: &str = select_open!(
        "(SELECT value ->> 0 AS store_id, value ->> 1 AS product_id FROM json_each($1)) w"
    );
    of_pairs(db, (POSTGRES, SQLITE), pairs).await
}

type Place = (i64, i64);

fn of_places(places: Vec<Place>) -> Vec<Pair> {
    places.into_iter().map(|(store_id, product_id)| Pair { store_id, product_id }).collect()
}

/// Wherever some products are, and whatever is in some stores. Leans on `stock_levels_of_product`
/// and the primary key of levels.
pub(super) async fn pairs_of(
    mut db: Conn<'_>,
    products: &BTreeSet<i64>,
    stores: &BTreeSet<i64>,
) -> sqlx::Result<Vec<Pair>> {
    const OF_PRODUCT: &str = "SELECT DISTINCT store_id, product_id FROM stock_levels
        WHERE product_id = $1 AND version > 0";
    const OF_STORE: &str = "SELECT DISTINCT store_id, product_id FROM stock_levels
        WHERE store_id = $1 AND version > 0";
    let mut places: Vec<Place> = Vec::new();
    for (sql, ids) in [(OF_PRODUCT, products), (OF_STORE, stores)] {
        for id in ids {
            let some: Vec<Place> = on_db!(db.reborrow(), conn => {
                sqlx::query_as(sql).bind(id).fetch_all(conn).await
            })?;
            places.extend(some);
        }
    }
    Ok(of_places(places))
}

/// Products of which a lot is on hand that expires by `day`, or an alert open. Leans on
/// `lots_expiring` and `inventory_alerts_open`.
pub(super) async fn pairs_by_clock(db: Conn<'_>, day: &str) -> sqlx::Result<Vec<Pair>> {
    const SQL: &str = "SELECT v.store_id, v.product_id
        FROM lots l
        JOIN stock_levels v ON v.product_id = l.product_id AND v.lot_id = l.id
        WHERE l.expires_on <= $1 AND v.on_hand > 0
        UNION
        SELECT store_id, product_id FROM inventory_alerts WHERE cleared_at IS NULL";
    let places: Vec<Place> =
        on_db!(db, conn => sqlx::query_as(SQL).bind(day).fetch_all(conn).await)?;
    Ok(of_places(places))
}

/// Raises an alert and returns its number.
pub(super) async fn raise(tx: &mut Tx, alert: &Alert, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO inventory_alerts
            (store_id, product_id, lot_id, kind, on_hand, reorder_point, raised_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(alert.store_id)
        .bind(alert.product_id)
        .bind(alert.lot_id)
        .bind(alert.kind.name())
        .bind(alert.on_hand)
        .bind(alert.reorder_point)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Clears an alert.
pub(super) async fn clear(tx: &mut Tx, id: i64, now: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE inventory_alerts SET cleared_at = $1, version = version + 1
        WHERE id = $2 AND cleared_at IS NULL";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(now.0).bind(id).execute(conn).await.map(drop)
    })
}

/// Notes that someone looks after an alert which is open and which nobody has acknowledged;
/// whether it is so.
pub(super) async fn acknowledge(
    tx: &mut Tx,
    id: i64,
    (user, note): (UserId, Option<&str>),
    now: Timestamp,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE inventory_alerts
        SET acknowledged_at = $1, acknowledged_by = $2, note = $3, version = version + 1
        WHERE id = $4 AND cleared_at IS NULL AND acknowledged_at IS NULL";
    on_db!(Conn::from(tx), conn => {
        let update = sqlx::query(SQL).bind(now.0).bind(user.0).bind(note).bind(id);
        Ok(update.execute(conn).await?.rows_affected() == 1)
    })
}

/// One alert, in these stores. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, scope: &Scope, id: i64) -> sqlx::Result<Option<AlertRow>> {
    let mut select = select_alerts();
    scope.narrow(&mut select, " AND a.store_id");
    select.push(" AND a.id = ").bind(id);
    Ok(select.fetch_all(db).await?.into_iter().next())
}

/// A page of alerts, newest first. Leans on `inventory_alerts_open_by_age`, or the primary key.
pub(super) async fn page(
    db: Conn<'_>,
    scope: &Scope,
    filter: &AlertFilter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<AlertRow>> {
    let mut select = select_alerts();
    narrow(&mut select, scope, filter);
    if let Some(before) = before {
        select.push(" AND a.id < ").bind(before);
    }
    select.push(" ORDER BY a.id DESC").limit(limit);
    select.fetch_all(db).await
}

/// All that are asked for, to be counted.
pub(super) fn all(scope: &Scope, filter: &AlertFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM inventory_alerts a WHERE TRUE");
    narrow(&mut select, scope, filter);
    select
}

/// What an [`AlertRow`] is read from.
fn select_alerts() -> Select {
    Select::new(
        "SELECT a.id, a.store_id, a.product_id, p.sku, p.name, p.unit, l.code AS lot_code,
                l.expires_on, a.kind,
                COALESCE((SELECT CAST(SUM(v.on_hand) AS BIGINT) FROM stock_levels v
                          WHERE v.store_id = a.store_id AND v.product_id = a.product_id
                            AND (a.lot_id = 0 OR v.lot_id = a.lot_id)), 0) AS on_hand,
                COALESCE(t.reorder_point, p.reorder_point) AS reorder_point, a.raised_at,
                a.cleared_at, a.acknowledged_at, a.acknowledged_by,
                u.username AS acknowledger, a.note, a.version
         FROM inventory_alerts a
         JOIN products p ON p.id = a.product_id
         LEFT JOIN lots l ON l.id = a.lot_id
         LEFT JOIN stock_settings t ON t.store_id = a.store_id AND t.product_id = a.product_id
         LEFT JOIN users u ON u.id = a.acknowledged_by
         WHERE TRUE",
    )
}

fn narrow(select: &mut Select, scope: &Scope, filter: &AlertFilter) {
    scope.narrow(select, " AND a.store_id");
    select.any_of(" AND a.product_id", filter.product_id.iter().copied());
    select.any_of(" AND a.kind", filter.kind.iter().copied().map(Kind::name));
    match filter.state {
        None => select.push(" AND a.cleared_at IS NULL"),
        Some(AlertState::Open) => {
            select.push(" AND a.cleared_at IS NULL AND a.acknowledged_at IS NULL")
        }
        Some(AlertState::Acknowledged) => {
            select.push(" AND a.cleared_at IS NULL AND a.acknowledged_at IS NOT NULL")
        }
        Some(AlertState::Cleared) => select.push(" AND a.cleared_at IS NOT NULL"),
    };
}

/// Forgets at most so many that were cleared long ago; how many. Leans on
/// `inventory_alerts_cleared`.
///
/// # Errors
/// The database did not answer.
pub async fn forget_old(tx: &mut Tx, now: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM inventory_alerts
        WHERE id IN (
            SELECT id FROM inventory_alerts
            WHERE cleared_at <= $1
            ORDER BY cleared_at, id
            LIMIT CAST($2 AS BIGINT))";
    on_db!(Conn::from(tx), conn => {
        let before = now.plus_seconds(-KEPT_S).0;
        let done = sqlx::query(SQL).bind(before).bind(rows_max).execute(conn).await?;
        Ok(done.rows_affected())
    })
}
