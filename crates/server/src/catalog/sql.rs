//! SQL of the products.

use stockroom_domain::catalog::{TaxRate, Unit};
use stockroom_domain::{Money, ProductId, Quantity, StoreId, Timestamp};

use super::product::{Details, Product};
use crate::auth::Scope;
use crate::db::{Conn, Tx};

/// A row of `products`; see [`columns`].
pub(super) struct ProductRow {
    id: i64,
    sku: String,
    sku_key: String,
    name: String,
    name_key: String,
    description: Option<String>,
    category: Option<String>,
    unit: String,
    price: i64,
    cost: Option<i64>,
    tax_rate: i64,
    track_lots: bool,
    reorder_point: Option<i64>,
    reorder_quantity: Option<i64>,
    supplier_id: Option<i64>,
    is_deleted: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}
crate::from_row!(ProductRow {
    id,
    sku,
    sku_key,
    name,
    name_key,
    description,
    category,
    unit,
    price,
    cost,
    tax_rate,
    track_lots,
    reorder_point,
    reorder_quantity,
    supplier_id,
    is_deleted,
    version,
    created_at,
    updated_at,
});

/// What a [`ProductRow`] is read from.
macro_rules! select_products {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.sku, p.sku_key, p.name, p.name_key, p.description, p.category,
                    p.unit, p.price, p.cost, p.tax_rate, p.track_lots, p.reorder_point,
                    p.reorder_quantity, p.supplier_id, p.is_deleted, p.version, p.created_at,
                    p.updated_at
             FROM products p ",
            $rest
        )
    };
}
pub(super) use select_products;

impl From<ProductRow> for Product {
    /// Without the barcodes, which have a table of their own.
    fn from(row: ProductRow) -> Self {
        Self {
            id: ProductId(row.id),
            details: Details {
                sku: row.sku,
                sku_key: row.sku_key,
                name: row.name,
                name_key: row.name_key,
                description: row.description,
                category: row.category,
                // A CHECK holds the column to these names.
                unit: Unit::from_name(&row.unit).unwrap_or_default(),
                price: Money::from_cents(row.price),
                cost: row.cost.map(Money::from_cents),
                tax_rate: TaxRate::from_hundred_thousandths(row.tax_rate),
                barcodes: Vec::new(),
                track_lots: row.track_lots,
                reorder_point: row.reorder_point.map(Quantity::from_thousandths),
                reorder_quantity: row.reorder_quantity.map(Quantity::from_thousandths),
                supplier_id: row.supplier_id,
            },
            is_deleted: row.is_deleted,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// One product, without its barcodes. Leans on the primary key.
pub(super) async fn find(db: Conn<'_>, id: ProductId) -> sqlx::Result<Option<Product>> {
    const SQL: &str = select_products!("WHERE p.id = $1");
    let row: Option<ProductRow> = on_db!(db, conn => {
        sqlx::query_as(SQL).bind(id.0).fetch_optional(conn).await
    })?;
    Ok(row.map(Product::from))
}

/// As [`find`], and keeps other changes of it waiting until the transaction ends. Not its key:
/// a first movement, whose level points to the product, need not wait.
pub(super) async fn lock(tx: &mut Tx, id: ProductId) -> sqlx::Result<Option<Product>> {
    let row: Option<ProductRow> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = select_products!("WHERE p.id = $1 FOR NO KEY UPDATE");
            sqlx::query_as(SQL).bind(id.0).fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(_) => return find(Conn::from(tx), id).await,
    };
    Ok(row.map(Product::from))
}

/// Inserts a product, without its barcodes. The SKU's unique index may refuse it.
pub(super) async fn insert(
    tx: &mut Tx,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<ProductId> {
    const SQL: &str = "INSERT INTO products
            (sku, sku_key, name, name_key, description, category, unit, price, cost, tax_rate,
             track_lots, reorder_point, reorder_quantity, supplier_id, created_at, updated_at,
             is_deleted, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, FALSE, 1)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(&details.sku)
        .bind(&details.sku_key)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.description)
        .bind(&details.category)
        .bind(details.unit.name())
        .bind(details.price.cents())
        .bind(details.cost.map(Money::cents))
        .bind(details.tax_rate.hundred_thousandths())
        .bind(details.track_lots)
        .bind(details.reorder_point.map(Quantity::thousandths))
        .bind(details.reorder_quantity.map(Quantity::thousandths))
        .bind(details.supplier_id)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await
        .map(ProductId))
}

/// Replaces what a product is, without its barcodes. The SKU's unique index may refuse it.
pub(super) async fn update(
    tx: &mut Tx,
    id: ProductId,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE products
        SET sku = $1, sku_key = $2, name = $3, name_key = $4, description = $5, category = $6,
            unit = $7, price = $8, cost = $9, tax_rate = $10, track_lots = $11,
            reorder_point = $12, reorder_quantity = $13, supplier_id = $14, updated_at = $15,
            version = version + 1
        WHERE id = $16";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(&details.sku)
        .bind(&details.sku_key)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.description)
        .bind(&details.category)
        .bind(details.unit.name())
        .bind(details.price.cents())
        .bind(details.cost.map(Money::cents))
        .bind(details.tax_rate.hundred_thousandths())
        .bind(details.track_lots)
        .bind(details.reorder_point.map(Quantity::thousandths))
        .bind(details.reorder_quantity.map(Quantity::thousandths))
        .bind(details.supplier_id)
        .bind(now.0)
        .bind(id.0)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Deletes or restores. The SKU's unique index may refuse the latter.
pub(super) async fn set_deleted(
    tx: &mut Tx,
    id: ProductId,
    is_deleted: bool,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE products
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

/// Who has a SKU, among the products that are not deleted. Leans on `products_sku`.
pub(super) async fn sku_owner(db: Conn<'_>, sku_key: &str) -> sqlx::Result<Option<i64>> {
    const SQL: &str = "SELECT id FROM products WHERE sku_key = $1 AND NOT is_deleted";
    on_db!(db, conn => sqlx::query_scalar(SQL).bind(sku_key).fetch_optional(conn).await)
}

/// Whether there is such a supplier, not deleted, nor until the transaction ends.
pub(super) async fn lock_supplier(tx: &mut Tx, id: i64) -> sqlx::Result<bool> {
    let found: Option<i64> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "SELECT id FROM suppliers WHERE id = $1 AND NOT is_deleted FOR SHARE";
            sqlx::query_scalar(SQL).bind(id).fetch_optional(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "SELECT id FROM suppliers WHERE id = $1 AND NOT is_deleted";
            sqlx::query_scalar(SQL).bind(id).fetch_optional(&mut **tx).await?
        }
    };
    Ok(found.is_some())
}

/// Says that a product's usual supplier delivers it.
pub(super) async fn note_supplier(
    tx: &mut Tx,
    product: ProductId,
    supplier: i64,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO supplier_products (supplier_id, product_id)
        VALUES ($1, $2)
        ON CONFLICT DO NOTHING";
    on_db!(Conn::from(tx), conn =>
        sqlx::query(SQL).bind(supplier).bind(product.0).execute(conn).await.map(drop))
}

/// Whether a product has ever been moved. Leans on `stock_levels_of_product`; version 0 is
/// what the ledger makes beforehand.
pub(super) async fn was_moved(db: Conn<'_>, id: ProductId) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT 1 FROM stock_levels
        WHERE product_id = $1 AND version > 0
        LIMIT 1";
    let found: Option<i32> = on_db!(db, conn => {
        sqlx::query_scalar(SQL).bind(id.0).fetch_optional(conn).await
    })?;
    Ok(found.is_some())
}

/// In which stores a product is on hand, and how much. Leans on `stock_levels_of_product`.
pub(super) async fn stock_by_store(
    db: Conn<'_>,
    id: ProductId,
) -> sqlx::Result<Vec<(StoreId, Quantity)>> {
    const SQL: &str = "SELECT store_id, CAST(SUM(on_hand) AS BIGINT)
        FROM stock_levels
        WHERE product_id = $1 AND on_hand > 0
        GROUP BY store_id
        ORDER BY store_id";
    let rows: Vec<(i64, i64)> = on_db!(db, conn => {
        sqlx::query_as(SQL).bind(id.0).fetch_all(conn).await
    })?;
    let row = |(store, sum)| (StoreId(store), Quantity::from_thousandths(sum));
    Ok(rows.into_iter().map(row).collect())
}

/// How much of each product is on hand in the stores of `scope`; products with nothing there
/// are left out. Leans on `stock_levels_of_product`.
pub(super) async fn on_hand(
    db: Conn<'_>,
    ids: &[i64],
    scope: &Scope,
) -> sqlx::Result<Vec<(i64, i64)>> {
    let stores: Option<Vec<i64>> = match scope {
        Scope::All => None,
        Scope::Stores(stores) => Some(stores.iter().map(|store| store.0).collect()),
    };
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT product_id, CAST(SUM(on_hand) AS BIGINT)
                FROM stock_levels
                WHERE product_id = ANY($1) AND ($2::BIGINT[] IS NULL OR store_id = ANY($2))
                GROUP BY product_id";
            sqlx::query_as(SQL).bind(ids).bind(stores).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT product_id, CAST(SUM(on_hand) AS BIGINT)
                FROM stock_levels
                WHERE product_id IN (SELECT value FROM json_each($1))
                  AND ($2 IS NULL OR store_id IN (SELECT value FROM json_each($2)))
                GROUP BY product_id";
            let stores = stores.map(|stores| json(&stores));
            sqlx::query_as(SQL).bind(json(ids)).bind(stores).fetch_all(conn).await
        }
    }
}

/// For `json_each`. Numbers and strings: nothing in them can fail to serialize.
pub(super) fn json<T: serde::Serialize + ?Sized>(values: &T) -> String {
    serde_json::to_string(values).unwrap_or_default()
}
