//! SQL of the barcodes.

use stockroom_domain::{ProductId, Quantity};

use super::product::Barcode;
use super::sql::json;
use crate::db::{Conn, Tx};

/// Whose a code is.
pub(super) struct Owner {
    pub(super) code: String,
    pub(super) product_id: i64,
    pub(super) is_deleted: bool,
}
crate::from_row!(Owner { code, product_id, is_deleted });

/// The barcodes of each of the products, by code. Leans on `product_barcodes_of_product`.
pub(super) async fn of(db: Conn<'_>, ids: &[i64]) -> sqlx::Result<Vec<(i64, Barcode)>> {
    let rows: Vec<(i64, String, i64)> = match db {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT product_id, code, pack_quantity
                FROM product_barcodes
                WHERE product_id = ANY($1)
                ORDER BY code";
            sqlx::query_as(SQL).bind(ids).fetch_all(conn).await?
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT product_id, code, pack_quantity
                FROM product_barcodes
                WHERE product_id IN (SELECT value FROM json_each($1))
                ORDER BY code";
            sqlx::query_as(SQL).bind(json(ids)).fetch_all(conn).await?
        }
    };
    let row =
        |(id, code, pack)| (id, Barcode { code, pack_quantity: Quantity::from_thousandths(pack) });
    Ok(rows.into_iter().map(row).collect())
}

/// Which of the codes belong to another product than `id`. Leans on the primary key.
pub(super) async fn owners(
    db: Conn<'_>,
    codes: &[&str],
    id: ProductId,
) -> sqlx::Result<Vec<Owner>> {
    match db {
        Conn::Postgres(conn) => {
            const SQL: &str = "SELECT b.code, b.product_id, p.is_deleted
                FROM product_barcodes b
                JOIN products p ON p.id = b.product_id
                WHERE b.code = ANY($1) AND b.product_id <> $2";
            sqlx::query_as(SQL).bind(codes).bind(id.0).fetch_all(conn).await
        }
        Conn::Sqlite(conn) => {
            const SQL: &str = "SELECT b.code, b.product_id, p.is_deleted
                FROM product_barcodes b
                JOIN products p ON p.id = b.product_id
                WHERE b.code IN (SELECT value FROM json_each($1)) AND b.product_id <> $2";
            sqlx::query_as(SQL).bind(json(codes)).bind(id.0).fetch_all(conn).await
        }
    }
}

/// Takes the codes from deleted products, and all codes from the product itself.
pub(super) async fn release(tx: &mut Tx, codes: &[&str], id: ProductId) -> sqlx::Result<()> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "DELETE FROM product_barcodes b
                USING products p
                WHERE p.id = b.product_id
                  AND (b.product_id = $1 OR (b.code = ANY($2) AND p.is_deleted))";
            sqlx::query(SQL).bind(id.0).bind(codes).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "DELETE FROM product_barcodes
                WHERE product_id = $1
                   OR (code IN (SELECT value FROM json_each($2))
                       AND product_id IN (SELECT id FROM products WHERE is_deleted))";
            sqlx::query(SQL).bind(id.0).bind(json(codes)).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// Gives codes to a product, in the order of the codes, so that two products that claim the
/// same ones cannot wait for each other. The primary key may refuse it.
pub(super) async fn insert(
    tx: &mut Tx,
    id: ProductId,
    sorted_barcodes: &[&Barcode],
) -> sqlx::Result<()> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "INSERT INTO product_barcodes (code, product_id, pack_quantity)
                SELECT b.code, $1, b.pack_quantity
                FROM UNNEST($2::TEXT[], $3::BIGINT[]) AS b(code, pack_quantity)";
            let codes: Vec<&str> = sorted_barcodes.iter().map(|b| b.code.as_str()).collect();
            let packs: Vec<i64> =
                sorted_barcodes.iter().map(|b| b.pack_quantity.thousandths()).collect();
            sqlx::query(SQL).bind(id.0).bind(codes).bind(packs).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "INSERT INTO product_barcodes (code, product_id, pack_quantity)
                SELECT b.value ->> 0, $1, b.value ->> 1
                FROM json_each($2) b";
            let rows: Vec<(&str, i64)> = sorted_barcodes
                .iter()
                .map(|b| (b.code.as_str(), b.pack_quantity.thousandths()))
                .collect();
            sqlx::query(SQL).bind(id.0).bind(json(&rows)).execute(&mut **tx).await?;
        }
    }
    Ok(())
}
