//! SQL of the lists of products and categories.

use super::list::ProductFilter;
use super::product::Product;
use super::sql::{ProductRow, select_products};
use crate::db::{Conn, Select};
use crate::http::sort::Position;
use crate::http::{Sku, Text};

/// One page of products, without their barcodes.
pub(super) async fn page(
    db: Conn<'_>,
    filter: &ProductFilter,
    after: Option<&Position>,
    limit: i64,
) -> sqlx::Result<Vec<Product>> {
    let mut select = Select::new(select_products!("WHERE TRUE"));
    push_filter(&mut select, filter);
    filter.sort.order().push_page(&mut select, after, limit);
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
        select.contains(&["p.name_key", "p.sku_key"], word);
    }
    select.push("))");
}

/// One page of the categories, with the number of products in each. Leans on `products_category`.
pub(super) async fn categories(
    db: Conn<'_>,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<(String, i64)>> {
    let mut select = Select::new("SELECT p.category, COUNT(*)");
    push_categories(&mut select);
    if let Some(after) = after {
        select.push(" AND p.category > ").bind(after);
    }
    select.push(" GROUP BY p.category ORDER BY p.category").limit(limit);
    select.fetch_all(db).await
}

/// All of them, to be counted.
pub(super) fn all_categories() -> Select {
    let mut select = Select::new("SELECT DISTINCT p.category");
    push_categories(&mut select);
    select
}

fn push_categories(select: &mut Select) {
    select.push(" FROM products p WHERE p.category IS NOT NULL AND NOT p.is_deleted");
}
