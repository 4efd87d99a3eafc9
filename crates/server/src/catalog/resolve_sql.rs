//! SQL that finds products by what they are called.

use stockroom_domain::ProductId;

use super::sql::json;
use crate::db::Conn;

/// The products with these SKUs, by the SKU's key. Leans on `products_sku`.
pub(super) async fn by_sku(db: Conn<'_>, keys: &[String]) -> sqlx::Result<Vec<(String, i64)>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT sku_key, id
                FROM products
                WHERE sku_key = ANY($1) AND NOT is_deleted";
            sqlx::query_as(SQL).bind(keys).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT sku_key, id
                FROM products
                WHERE sku_key IN (SELECT value FROM json_each($1)) AND NOT is_deleted";
            sqlx::query_as(SQL).bind(json(keys)).fetch_all(conn).await
        }
    }
}

/// The products with these barcodes, by the code, and the packs that bear them. Leans on the
/// primary keys.
pub(super) async fn by_barcode(
    db: Conn<'_>,
    codes: &[&str],
) -> sqlx::Result<Vec<(String, i64, i64)>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT b.code, b.product_id, b.pack_quantity
                FROM product_barcodes b
                JOIN products p ON p.id = b.product_id
                WHERE b.code = ANY($1) AND NOT p.is_deleted";
            sqlx::query_as(SQL).bind(codes).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT b.code, b.product_id, b.pack_quantity
                FROM product_barcodes b
                JOIN products p ON p.id = b.product_id
                WHERE b.code IN (SELECT value FROM json_each($1)) AND NOT p.is_deleted";
            sqlx::query_as(SQL).bind(json(codes)).fetch_all(conn).await
        }
    }
}

/// Whether there is such a product, not deleted. Leans on the primary key.
pub(super) async fn exists(db: Conn<'_>, id: ProductId) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM products WHERE id = $1 AND NOT is_deleted";
    let found: Option<i64> = on_db!(db, conn => {
        sqlx::query_scalar(SQL).bind(id.0).fetch_optional(conn).await
    })?;
    Ok(found.is_some())
}
