//! SQL of the lots.

use stockroom_domain::{LotId, ProductId, Timestamp};

use crate::db::{Conn, Tx};

/// A product, and its lot of a code if there is one.
pub(super) struct Found {
    pub(super) track_lots: bool,
    lot_id: Option<i64>,
    expires_on: Option<String>,
}
crate::from_row!(Found { track_lots, lot_id, expires_on });

impl Found {
    /// The lot and the day on which it expires, if one is known.
    pub(super) fn lot(&self) -> Option<(LotId, Option<&str>)> {
        self.lot_id.map(|id| (LotId(id), self.expires_on.as_deref()))
    }
}

/// Looks a lot up; `None` where there is no such product. Leans on the unique key of `lots`.
pub(super) async fn find(
    db: Conn<'_>,
    product: ProductId,
    code: &str,
) -> sqlx::Result<Option<Found>> {
    const SQL: &str = "SELECT p.track_lots, l.id AS lot_id, l.expires_on
        FROM products p
        LEFT JOIN lots l ON l.product_id = p.id AND l.code = $1
        WHERE p.id = $2 AND NOT p.is_deleted";
    on_db!(db, conn => sqlx::query_as(SQL).bind(code).bind(product.0).fetch_optional(conn).await)
}

/// Keeps others from making lots of the product until the transaction ends.
pub(super) async fn lock_product(tx: &mut Tx, product: ProductId) -> sqlx::Result<()> {
    if let Tx::Postgres(tx) = tx {
        const SQL: &str = "SELECT id FROM products WHERE id = $1 FOR NO KEY UPDATE";
        sqlx::query(SQL).bind(product.0).fetch_optional(&mut **tx).await?;
    }
    Ok(())
}

/// Makes a lot, or gives one that is there the day that it lacks.
pub(super) async fn insert(
    tx: &mut Tx,
    product: ProductId,
    code: &str,
    expires_on: Option<&str>,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO lots (product_id, code, expires_on, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (product_id, code) DO UPDATE
        SET expires_on = COALESCE(lots.expires_on, excluded.expires_on)";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(product.0)
        .bind(code)
        .bind(expires_on)
        .bind(now.0)
        .execute(conn)
        .await
        .map(|_| ()))
}
