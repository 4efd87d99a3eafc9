//! The SQL by which the demo shop is written, row by row: it is small.

use stockroom_domain::{LotId, ProductId, StoreId, Timestamp};

use super::catalogue::{Product, Store, Supplier, TIME_ZONE};
use super::history::Lot;
use crate::db::{Conn, Db, Tx};
use crate::http::text::{Name, Sku, Text, key};

/// What a database holds, as far as a demo is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// No products, no users and no stores; perhaps not even tables.
    Nothing,
    /// Somebody's shop.
    Shop,
    /// A demo whose making was not finished.
    HalfDemo,
    /// A whole demo.
    Demo,
}

/// The setting that marks a shop as a demo; its value is the seed.
pub const MARK: &str = "demo";
/// The setting that marks a demo as whole; its value is the instant at which it ends.
pub const MARK_COMPLETE: &str = "demo_complete";

/// What the database holds. Looks before it reads, for there may be no tables yet.
pub async fn holds(db: &Db) -> sqlx::Result<Holds> {
    let mut reader = db.read().await?;
    if !has_table(Conn::from(&mut reader), "settings").await? {
        return Ok(Holds::Nothing);
    }
    let is_demo = has_setting(Conn::from(&mut reader), MARK).await?;
    if is_demo && has_setting(Conn::from(&mut reader), MARK_COMPLETE).await? {
        return Ok(Holds::Demo);
    }
    if is_demo {
        return Ok(Holds::HalfDemo);
    }
    let has_products = has_table(Conn::from(&mut reader), "products").await?;
    let holds_rows = has_people(Conn::from(&mut reader)).await?
        || has_products && has_goods(Conn::from(&mut reader)).await?;
    Ok(if holds_rows { Holds::Shop } else { Holds::Nothing })
}

async fn has_table(conn: Conn<'_>, table: &str) -> sqlx::Result<bool> {
    match conn {
        Conn::Sqlite(conn) => {
            const SQL: &str =
                "SELECT COUNT(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = $1";
            sqlx::query_scalar(SQL).bind(table).fetch_one(conn).await
        }
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT to_regclass($1) IS NOT NULL";
            sqlx::query_scalar(SQL).bind(table).fetch_one(conn).await
        }
    }
}

async fn has_setting(conn: Conn<'_>, name: &str) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT name FROM settings WHERE name = $1";
    let found: Option<String> =
        on_db!(conn, conn => sqlx::query_scalar(SQL).bind(name).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

/// Whether there is a user or a store.
async fn has_people(conn: Conn<'_>) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM users UNION ALL SELECT id FROM stores LIMIT 1";
    let found: Option<i64> =
        on_db!(conn, conn => sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

async fn has_goods(conn: Conn<'_>) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM products LIMIT 1";
    let found: Option<i64> =
        on_db!(conn, conn => sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

/// Whether products, users or stores have come in the meantime.
pub async fn is_taken(tx: &mut Tx) -> sqlx::Result<bool> {
    Ok(has_people(Conn::from(&mut *tx)).await? || has_goods(Conn::from(tx)).await?)
}

/// Writes a setting that must not be there yet; `false` where it is. A second transaction
/// waits here until the first has ended.
pub async fn claim_setting(tx: &mut Tx, name: &str, value: &str) -> sqlx::Result<bool> {
    const SQL: &str =
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(name)
        .bind(value)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Writes a store.
pub async fn insert_store(tx: &mut Tx, store: &Store, now: Timestamp) -> sqlx::Result<StoreId> {
    const SQL: &str = "INSERT INTO stores
            (code, code_key, name, address, phone, time_zone, day_cut_hour, is_deleted, version,
             created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        RETURNING id";
    let code = text::<32>(store.code)?;
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(code.as_str())
        .bind(code.key())
        .bind(store.name)
        .bind(store.address)
        .bind(store.phone)
        .bind(TIME_ZONE)
        .bind(0_i64)
        .bind(false)
        .bind(1_i64)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
    .map(StoreId)
}

/// Writes a supplier and returns its id.
pub async fn insert_supplier(
    tx: &mut Tx,
    supplier: &Supplier,
    now: Timestamp,
) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO suppliers
            (name, name_key, contact_info, lead_time_days, is_deleted, version, created_at,
             updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(supplier.name)
        .bind(key(supplier.name))
        .bind(supplier.contact_info)
        .bind(supplier.lead_time_days)
        .bind(false)
        .bind(1_i64)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Writes a product of the supplier with this id.
pub async fn insert_product(
    tx: &mut Tx,
    product: &Product,
    supplier_id: i64,
    now: Timestamp,
) -> sqlx::Result<ProductId> {
    const SQL: &str = "INSERT INTO products
            (sku, sku_key, name, name_key, description, category, unit, price, cost, tax_rate,
             track_lots, reorder_point, reorder_quantity, supplier_id, is_deleted, version,
             created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        RETURNING id";
    const DELIVERS: &str =
        "INSERT INTO supplier_products (supplier_id, product_id) VALUES ($1, $2)";
    let sku: Sku = text(product.sku)?;
    let name: Name = text(product.name)?;
    let id: i64 = on_db!(Conn::from(&mut *tx), conn => sqlx::query_scalar(SQL)
        .bind(sku.as_str())
        .bind(sku.key())
        .bind(name.as_str())
        .bind(name.key())
        .bind(product.description)
        .bind(product.category)
        .bind(product.unit)
        .bind(product.price)
        .bind(product.cost)
        .bind(product.tax_rate)
        .bind(product.track_lots())
        .bind(product.reorder_point())
        .bind(product.reorder_quantity())
        .bind(supplier_id)
        .bind(false)
        .bind(1_i64)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)?;
    on_db!(Conn::from(tx), conn =>
        sqlx::query(DELIVERS).bind(supplier_id).bind(id).execute(conn).await.map(drop))?;
    Ok(ProductId(id))
}

/// Writes a barcode that stands for so many thousandths of a product's unit.
pub async fn insert_barcode(
    tx: &mut Tx,
    product: ProductId,
    code: &str,
    pack_quantity: i64,
) -> sqlx::Result<()> {
    const SQL: &str =
        "INSERT INTO product_barcodes (code, product_id, pack_quantity) VALUES ($1, $2, $3)";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(code)
        .bind(product.0)
        .bind(pack_quantity)
        .execute(conn)
        .await
        .map(drop))
}

/// Writes a lot of the product with this id.
pub async fn insert_lot(tx: &mut Tx, lot: &Lot, product: ProductId) -> sqlx::Result<LotId> {
    const SQL: &str = "INSERT INTO lots (product_id, code, expires_on, created_at)
        VALUES ($1, $2, $3, $4)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(product.0)
        .bind(&lot.code)
        .bind(lot.expires_on.to_string())
        .bind(lot.created_at.0)
        .fetch_one(conn)
        .await)
    .map(LotId)
}

/// The catalogue is a constant that the tests have read: a text in it is never refused.
fn text<const MAX: usize>(text: &str) -> sqlx::Result<Text<MAX>> {
    Text::new(text).map_err(sqlx::Error::Protocol)
}
