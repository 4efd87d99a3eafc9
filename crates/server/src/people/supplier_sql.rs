//! SQL of suppliers, and of what they deliver.

use std::collections::{HashMap, HashSet};

use stockroom_domain::Timestamp;

use super::supplier::{Details, Supplier, SupplierFilter};
use crate::db::{Conn, Select, Tx};
use crate::http::sort::Position;

struct SupplierRow {
    id: i64,
    name: String,
    name_key: String,
    contact_info: Option<String>,
    lead_time_days: Option<i64>,
    is_deleted: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}
crate::from_row!(SupplierRow {
    id,
    name,
    name_key,
    contact_info,
    lead_time_days,
    is_deleted,
    version,
    created_at,
    updated_at,
});

/// What a [`SupplierRow`] is read from.
macro_rules! select_suppliers {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.name, s.name_key, s.contact_info, s.lead_time_days, s.is_deleted,
                    s.version, s.created_at, s.updated_at
             FROM suppliers s ",
            $rest
        )
    };
}

impl SupplierRow {
    fn with(self, product_ids: Vec<i64>) -> Supplier {
        Supplier {
            id: self.id,
            details: Details {
                name: self.name,
                name_key: self.name_key,
                contact_info: self.contact_info,
                lead_time_days: self.lead_time_days,
                product_ids,
            },
            is_deleted: self.is_deleted,
            version: self.version,
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
        }
    }
}

/// The suppliers of some rows, with what they deliver. Leans on the primary key of
/// `supplier_products`.
async fn with_products(db: Conn<'_>, rows: Vec<SupplierRow>) -> sqlx::Result<Vec<Supplier>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = Select::new("SELECT supplier_id, product_id FROM supplier_products WHERE");
    select.any_of(" supplier_id", rows.iter().map(|row| row.id));
    select.push(" ORDER BY supplier_id, product_id");
    let mut products: HashMap<i64, Vec<i64>> = HashMap::new();
    for (supplier, product) in select.fetch_all::<(i64, i64)>(db).await? {
        products.entry(supplier).or_default().push(product);
    }
    let supplier = |row: SupplierRow| {
        let products = products.remove(&row.id).unwrap_or_default();
        row.with(products)
    };
    Ok(rows.into_iter().map(supplier).collect())
}

/// One supplier. Leans on the primary key.
pub(super) async fn find(mut db: Conn<'_>, id: i64) -> sqlx::Result<Option<Supplier>> {
    const SQL: &str = select_suppliers!("WHERE s.id = $1");
    let row: Option<SupplierRow> = on_db!(db.reborrow(), conn => {
        sqlx::query_as(SQL).bind(id).fetch_optional(conn).await
    })?;
    Ok(with_products(db, row.into_iter().collect()).await?.pop())
}

/// As [`find`], and keeps other changes of them waiting until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Supplier>> {
    if let Tx::Postgres(tx) = tx {
        const SQL: &str = "SELECT id FROM suppliers WHERE id = $1 FOR NO KEY UPDATE";
        sqlx::query(SQL).bind(id).fetch_optional(&mut **tx).await?;
    }
    find(Conn::from(tx), id).await
}

/// Writes a new supplier; their number.
pub(super) async fn insert(tx: &mut Tx, details: &Details, now: Timestamp) -> sqlx::Result<i64> {
    const SQL: &str = "INSERT INTO suppliers
            (name, name_key, contact_info, lead_time_days, created_at, updated_at, is_deleted,
             version)
        VALUES ($1, $2, $3, $4, $5, $6, FALSE, 1)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.contact_info)
        .bind(details.lead_time_days)
        .bind(now.0)
        .bind(now.0)
        .fetch_one(conn)
        .await)
}

/// Replaces what a supplier is.
pub(super) async fn update(
    tx: &mut Tx,
    id: i64,
    details: &Details,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE suppliers
        SET name = $1, name_key = $2, contact_info = $3, lead_time_days = $4, updated_at = $5,
            version = version + 1
        WHERE id = $6";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(&details.name)
        .bind(&details.name_key)
        .bind(&details.contact_info)
        .bind(details.lead_time_days)
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// Hides a supplier or brings them back.
pub(super) async fn set_deleted(
    tx: &mut Tx,
    id: i64,
    is_deleted: bool,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE suppliers
        SET is_deleted = $1, updated_at = $2, version = version + 1
        WHERE id = $3";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(is_deleted)
        .bind(now.0)
        .bind(id)
        .execute(conn)
        .await
        .map(drop))
}

/// Those of some products that there are, deleted or not.
pub(super) async fn existing_products(tx: &mut Tx, ids: &[i64]) -> sqlx::Result<HashSet<i64>> {
    let found: Vec<i64> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "SELECT id FROM products WHERE id = ANY($1)";
            sqlx::query_scalar(SQL).bind(ids).fetch_all(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            const SQL: &str =
                "SELECT id FROM products WHERE id IN (SELECT value FROM json_each($1))";
            sqlx::query_scalar(SQL).bind(to_json(ids)).fetch_all(&mut **tx).await?
        }
    };
    Ok(found.into_iter().collect())
}

/// The products whose usual supplier this is, deleted ones aside. Leans on `products_supplier`.
pub(super) async fn usual_for(tx: &mut Tx, supplier: i64) -> sqlx::Result<Vec<i64>> {
    const SQL: &str =
        "SELECT id FROM products WHERE supplier_id = $1 AND NOT is_deleted ORDER BY id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL).bind(supplier).fetch_all(conn).await)
}

/// Says that a supplier delivers some products.
pub(super) async fn add_products(tx: &mut Tx, supplier: i64, ids: &[i64]) -> sqlx::Result<()> {
    match tx {
        _ if ids.is_empty() => {}
        Tx::Postgres(tx) => {
            const SQL: &str = "INSERT INTO supplier_products (supplier_id, product_id)
                SELECT $1, UNNEST($2::BIGINT[])
                ON CONFLICT DO NOTHING";
            sqlx::query(SQL).bind(supplier).bind(ids).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "INSERT INTO supplier_products (supplier_id, product_id)
                SELECT $1, value FROM json_each($2) WHERE TRUE
                ON CONFLICT DO NOTHING";
            sqlx::query(SQL).bind(supplier).bind(to_json(ids)).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// Says that a supplier no longer delivers some products.
pub(super) async fn remove_products(tx: &mut Tx, supplier: i64, ids: &[i64]) -> sqlx::Result<()> {
    match tx {
        _ if ids.is_empty() => {}
        Tx::Postgres(tx) => {
            const SQL: &str =
                "DELETE FROM supplier_products WHERE supplier_id = $1 AND product_id = ANY($2)";
            sqlx::query(SQL).bind(supplier).bind(ids).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "DELETE FROM supplier_products
                WHERE supplier_id = $1 AND product_id IN (SELECT value FROM json_each($2))";
            sqlx::query(SQL).bind(supplier).bind(to_json(ids)).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// For `json_each`. Numbers: nothing in them can fail to serialize.
fn to_json(ids: &[i64]) -> String {
    serde_json::to_string(ids).unwrap_or_default()
}

/// One page of suppliers.
pub(super) async fn page(
    mut db: Conn<'_>,
    filter: &SupplierFilter,
    after: Option<&Position>,
    limit: i64,
) -> sqlx::Result<Vec<Supplier>> {
    let mut select = Select::new(select_suppliers!("WHERE TRUE"));
    push_filter(&mut select, filter);
    filter.sort.order().push_page(&mut select, after, limit);
    let rows: Vec<SupplierRow> = select.fetch_all(db.reborrow()).await?;
    with_products(db, rows).await
}

/// All suppliers who are asked for, to be counted.
pub(super) fn all(filter: &SupplierFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM suppliers s WHERE TRUE");
    push_filter(&mut select, filter);
    select
}

fn push_filter(select: &mut Select, filter: &SupplierFilter) {
    if !filter.include_deleted {
        select.push(" AND NOT s.is_deleted");
    }
    if let Some(product) = filter.product_id {
        select.push(" AND EXISTS (SELECT 1 FROM supplier_products d WHERE d.supplier_id = s.id");
        select.push(" AND d.product_id = ").bind(product).push(")");
    }
    let Some(words) = &filter.q else { return };
    for word in words.key().split_whitespace() {
        select.contains(&["s.name_key"], word);
    }
}
