//! Finding products: pages of a list, the list as a file, and the categories there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::product::Product;
use super::values::{BarcodeCode, Category};
use super::view::{self, ProductView, Sight};
use super::{barcodes, list_sql as sql};
use crate::App;
use crate::auth::Principal;
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, Faults};
use crate::http::csv::{self, Csv, Rows, or_empty};
use crate::http::{Cursor, Limit, ListFormat, Paging, Sku, Success, Text, Total};

/// The most values of one filter.
const VALUES_MAX: usize = 100;

/// Which products, in which order.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductFilter {
    /// Words that occur in the name or the SKU, in any case; or a whole barcode.
    pub q: Option<Text<200>>,
    /// In one of these categories.
    #[serde(default)]
    pub category: Vec<Category>,
    /// With one of these SKUs, in any case.
    #[serde(default)]
    pub sku: Vec<Sku>,
    /// With one of these barcodes.
    #[serde(default)]
    pub barcode: Vec<BarcodeCode>,
    /// From one of these suppliers.
    #[serde(default)]
    pub supplier_id: Vec<i64>,
    /// Deleted ones too.
    #[serde(default)]
    pub include_deleted: bool,
    /// The order; a `-` in front turns it round.
    #[serde(default)]
    pub sort: ProductSort,
    /// How many at once.
    #[serde(default, skip_serializing)]
    pub limit: Limit,
    /// Where to go on: the `next_cursor` of the page before.
    #[serde(default, skip_serializing)]
    pub cursor: Option<Cursor>,
    /// Count them as well, up to 10,000.
    #[serde(default, skip_serializing)]
    pub include_total: bool,
    /// `csv` answers the whole list as one file.
    #[serde(default, skip_serializing)]
    pub format: Option<ListFormat>,
}

/// An order of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum ProductSort {
    /// By name.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameDescending,
    /// By SKU.
    #[serde(rename = "sku")]
    Sku,
    /// By SKU, backwards.
    #[serde(rename = "-sku")]
    SkuDescending,
    /// Oldest first.
    #[serde(rename = "created_at")]
    CreatedAt,
    /// Newest first.
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
}

/// Where a product stands in an order: its value there, then its id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Position {
    pub(super) value: SortValue,
    pub(super) id: i64,
}

/// What products are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) enum SortValue {
    Text(String),
    Time(i64),
}

/// One page of products.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProductList {
    /// It worked.
    pub status: Success,
    /// The products.
    pub products: Vec<ProductView>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
}

impl ProductFilter {
    fn check(&self) -> ApiResult<()> {
        let mut faults = Faults::new();
        let counts = [
            ("category", self.category.len()),
            ("sku", self.sku.len()),
            ("barcode", self.barcode.len()),
            ("supplier_id", self.supplier_id.len()),
        ];
        for (field, count) in counts {
            if count > VALUES_MAX {
                faults.add(field, format!("{field} may be given at most {VALUES_MAX} times."));
            }
        }
        faults.into_result()
    }

    fn paging(&self, who: &Principal) -> ApiResult<Paging<Position>> {
        let cursor = self.cursor.as_ref();
        let paging = Paging::new(who.user_id, "products", self, self.limit, cursor)?;
        let fits = |position: &Position| {
            matches!(position.value, SortValue::Time(_)) == self.sort.is_by_time()
        };
        if paging.after.as_ref().is_some_and(|position: &Position| !fits(position)) {
            return Err(ApiError::invalid("cursor", "This cursor belongs to another order."));
        }
        Ok(paging)
    }
}

impl ProductSort {
    pub(super) const fn is_by_time(self) -> bool {
        matches!(self, Self::CreatedAt | Self::CreatedAtDescending)
    }

    fn position(self, product: &Product) -> Position {
        let value = match self {
            Self::Name | Self::NameDescending => SortValue::Text(product.details.name_key.clone()),
            Self::Sku | Self::SkuDescending => SortValue::Text(product.details.sku_key.clone()),
            Self::CreatedAt | Self::CreatedAtDescending => SortValue::Time(product.created_at.0),
        };
        Position { value, id: product.id.0 }
    }
}

/// One page of the products that are asked for.
///
/// # Errors
/// 400 for a cursor that belongs elsewhere; the database's.
pub(super) async fn products(
    app: &App,
    who: &Principal,
    filter: &ProductFilter,
) -> ApiResult<ProductList> {
    filter.check()?;
    let paging = filter.paging(who)?;
    let mut reader = app.db.read().await?;
    let after = paging.after.as_ref();
    let rows = sql::page(Conn::from(&mut reader), filter, after, paging.limit.fetch()).await?;
    let (mut rows, next_cursor) = paging.finish(rows, |row| filter.sort.position(row))?;
    barcodes::attach(Conn::from(&mut reader), &mut rows).await?;
    let products = view::views(Conn::from(&mut reader), rows, &Sight::of(who)).await?;
    let db = Conn::from(&mut reader);
    let total = Total::counted(filter.include_total, db, || sql::all(filter)).await?;
    Ok(ProductList { status: Success::Success, products, next_cursor, total })
}

/// All products that are asked for, as a file that is written while it is read.
///
/// # Errors
/// The database's, on the first page; later ones break the answer off.
pub(super) async fn products_csv(
    app: App,
    who: &Principal,
    filter: ProductFilter,
) -> ApiResult<Csv> {
    filter.check()?;
    let first = filter.paging(who)?.after;
    let sight = Sight::of(who);
    let header = csv_header(sight.has_costs());
    Csv::pages("products.csv", &header, first, move |after: Option<Position>| {
        let (app, sight, filter) = (app.clone(), sight.clone(), filter.clone());
        Box::pin(async move { csv_page(&app, &sight, &filter, after).await })
    })
    .await
}

async fn csv_page(
    app: &App,
    sight: &Sight,
    filter: &ProductFilter,
    after: Option<Position>,
) -> ApiResult<(Rows, Option<Position>)> {
    let mut reader = app.db.read().await?;
    let mut products =
        sql::page(Conn::from(&mut reader), filter, after.as_ref(), csv::ROWS_AT_ONCE).await?;
    let next = csv::next(&products, |product| filter.sort.position(product));
    barcodes::attach(Conn::from(&mut reader), &mut products).await?;
    let views = view::views(Conn::from(&mut reader), products, sight).await?;
    Ok((views.iter().map(csv_row).collect(), next))
}

const CSV_COLUMNS: [&str; 19] = [
    "id",
    "sku",
    "name",
    "description",
    "category",
    "unit",
    "price",
    "cost",
    "tax_rate",
    "barcodes",
    "track_lots",
    "reorder_point",
    "reorder_quantity",
    "supplier_id",
    "on_hand",
    "is_deleted",
    "version",
    "created_at",
    "updated_at",
];

fn csv_header(has_costs: bool) -> Vec<&'static str> {
    CSV_COLUMNS.into_iter().filter(|column| has_costs || *column != "cost").collect()
}

/// The cells of [`CSV_COLUMNS`]. Barcodes are separated by `|`; one of a pack of six has `*6`.
fn csv_row(product: &ProductView) -> Vec<String> {
    let one = stockroom_domain::Quantity::units(1);
    let barcodes = product.barcodes.iter().map(|barcode| match barcode.pack_quantity.0 {
        pack if pack == one => barcode.code.clone(),
        pack => format!("{}*{pack}", barcode.code),
    });
    let barcodes: Vec<String> = barcodes.collect();
    let mut row = vec![
        product.id.to_string(),
        product.sku.clone(),
        product.name.clone(),
        or_empty(product.description.as_ref()),
        or_empty(product.category.as_ref()),
        product.unit.0.name().to_owned(),
        product.price.0.to_string(),
    ];
    row.extend(product.cost.map(|cost| or_empty(cost.map(|cost| cost.0))));
    row.extend([
        product.tax_rate.0.to_string(),
        barcodes.join("|"),
        product.track_lots.to_string(),
        or_empty(product.reorder_point.map(|point| point.0)),
        or_empty(product.reorder_quantity.map(|quantity| quantity.0)),
        or_empty(product.supplier_id),
        product.on_hand.0.to_string(),
        product.is_deleted.to_string(),
        product.version.to_string(),
        product.created_at.to_string(),
        product.updated_at.to_string(),
    ]);
    row
}

/// Which categories.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryFilter {
    /// How many at once.
    #[serde(default, skip_serializing)]
    pub limit: Limit,
    /// Where to go on: the `next_cursor` of the page before.
    #[serde(default, skip_serializing)]
    pub cursor: Option<Cursor>,
}

/// A category.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Category")]
pub struct CategoryView {
    /// Its name, which is all there is to it.
    pub name: String,
    /// How many products are in it, deleted ones aside.
    pub product_count: i64,
}

/// One page of categories.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CategoryList {
    /// It worked.
    pub status: Success,
    /// The categories, by name.
    pub categories: Vec<CategoryView>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// One page of the categories.
///
/// # Errors
/// 400 for a cursor that belongs elsewhere; the database's.
pub(super) async fn categories(
    app: &App,
    who: &Principal,
    filter: &CategoryFilter,
) -> ApiResult<CategoryList> {
    let paging: Paging<String> =
        Paging::new(who.user_id, "categories", filter, filter.limit, filter.cursor.as_ref())?;
    let mut reader = app.db.read().await?;
    let after = paging.after.as_deref().unwrap_or_default();
    let rows = sql::categories(Conn::from(&mut reader), after, paging.limit.fetch()).await?;
    let (rows, next_cursor) = paging.finish(rows, |(name, _)| name.clone())?;
    let view = |(name, product_count)| CategoryView { name, product_count };
    let categories = rows.into_iter().map(view).collect();
    Ok(CategoryList { status: Success::Success, categories, next_cursor })
}
