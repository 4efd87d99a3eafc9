//! SQL of the lists of products and categories.

use super::list::{Position, ProductFilter, ProductSort, SortValue};
use super::product::Product;
use super::sql::{ProductRow, select_products};
use crate::db::{Conn, Select, like_escaped};
use crate::http::{Sku, Text};

/// One page of products, without their barcodes. Leans on `products_by_name`, `products_sku`
/// or `products_by_age`, as they are sorted.
pub(super) async fn page(
    db: Conn<'_>,
    filter: &ProductFilter,
    after: Option<&Position>,
    limit: i64,
) -> sqlx::Result<Vec<Product>> {
    let mut select = Select::new(select_products!("WHERE TRUE"));
    push_filter(&mut select, filter);
    let (after_sql, order_sql) = match filter.sort {
        ProductSort::Name => (" AND (p.name_key, p.id) > (", " ORDER BY p.name_key, p.id"),
        ProductSort::NameDescending => {
            (" AND (p.name_key, p.id) < (", " ORDER BY p.name_key DESC, p.id DESC")
        }
        ProductSort::Sku => (" AND (p.sku_key, p.id) > (", " ORDER BY p.sku_key, p.id"),
        ProductSort::SkuDescending => {
            (" AND (p.sku_key, p.id) < (", " ORDER BY p.sku_key DESC, p.id DESC")
        }
        ProductSort::CreatedAt => (" AND (p.created_at, p.id) > (", " ORDER BY p.created_at, p.id"),
        ProductSort::CreatedAtDescending => {
            (" AND (p.created_at, p.id) < (", " ORDER BY p.created_at DESC, p.id DESC")
        }
    };
    if let Some(after) = after {
        select.push(after_sql);
        match &after.value {
            SortValue::Text(text) => select.bind(text.as_str()),
            SortValue::Time(time) => select.bind(*time),
        };
        select.push(", ").bind(after.id).push(")");
    }
    select.push(order_sql).limit(limit);
    let rows: Vec<ProductRow> = select.fetch_all(db).await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// All products that are asked for, to be counted.
pub(super) fn all(filter: &ProductFilter) -> Select {
    let mut select = Select::new("SELECT 1 FROM products p WHERE TRUE");
    push_filter(&mut select, filter);
    select
}

fn push_filter(select: &mut Select, filter: &ProductFilter) {
    if !filter.include_deleted {
        select.push(" AND NOT p.is_deleted");
    }
    if let Some(words) = &filter.q {
        push_words(select, words);
    }
    select.any_of(" AND p.category", filter.category.iter().map(Text::as_str));
    select.any_of(" AND p.sku_key", filter.sku.iter().map(Sku::key));
    select.any_of(" AND p.supplier_id", filter.supplier_id.iter().copied());
    if !filter.barcode.is_empty() {
        select.push(" AND p.id IN (SELECT b.product_id FROM product_barcodes b WHERE");
        select.any_of(" b.code", filter.barcode.iter().map(Text::as_str)).push(")");
    }
}

/// Each word occurs in the name or the SKU, or the whole is a barcode.
fn push_words(select: &mut Select, words: &Text<200>) {
    select.push(
        " AND (EXISTS (SELECT 1 FROM product_barcodes b WHERE b.product_id = p.id AND b.code = ",
    );
    select.bind(words.as_str()).push(") OR (TRUE");
    for word in words.key().split_whitespace() {
        let pattern = format!("%{}%", like_escaped(word));
        select.push(" AND (p.name_key LIKE ").bind(pattern.as_str()).push(" ESCAPE '\\'");
        select.push(" OR p.sku_key LIKE ").bind(pattern).push(" ESCAPE '\\')");
    }
    select.push("))");
}

/// One page of the categories after `after`, with the number of products in each. Leans on
/// `products_category`.
pub(super) async fn categories(
    db: Conn<'_>,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT category, COUNT(*)
        FROM products
        WHERE category > $1 AND NOT is_deleted
        GROUP BY category
        ORDER BY category
        LIMIT CAST($2 AS BIGINT)";
    on_db!(db, conn => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(conn).await)
}
