//! Finding products: pages of a list, the list as a file, and the categories there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::product::Product;
use super::values::{BarcodeCode, Category};
use super::view::{self, ProductView, Sight};
use super::{barcodes, list_sql as sql};
use crate::db::{Conn, Select};
use crate::error::{ApiResult, Faults};
use crate::http::csv::or_empty;
use crate::http::sort::{Order, Position, SortValue};
use crate::http::{List, Sku, Success, Text, Total};

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
    /// Refuses what would make a statement too long.
    pub(super) fn check(&self) -> ApiResult<()> {
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
}

impl ProductSort {
    /// The order in SQL. Leans on `products_by_name`, `products_sku` and `products_by_age`.
    pub(super) const fn order(self) -> Order {
        match self {
            Self::Name => Order::text("p.name_key", "p.id"),
            Self::NameDescending => Self::Name.order().descending(),
            Self::Sku => Order::text("p.sku_key", "p.id"),
            Self::SkuDescending => Self::Sku.order().descending(),
            Self::CreatedAt => Order::number("p.created_at", "p.id"),
            Self::CreatedAtDescending => Self::CreatedAt.order().descending(),
        }
    }

    fn position(self, product: &Product) -> Position {
        let value = match self {
            Self::Name | Self::NameDescending => SortValue::Text(product.details.name_key.clone()),
            Self::Sku | Self::SkuDescending => SortValue::Text(product.details.sku_key.clone()),
            Self::CreatedAt | Self::CreatedAtDescending => SortValue::Number(product.created_at.0),
        };
        Position { value, id: product.id.0 }
    }
}

/// The products that a caller asks for, as they may see them.
pub(super) struct Products {
    pub(super) filter: ProductFilter,
    pub(super) sight: Sight,
}

impl List for Products {
    type Entry = (Position, ProductView);
    type Position = Position;

    const NAME: &'static str = "products";

    async fn entries(
        &self,
        mut db: Conn<'_>,
        after: Option<Position>,
        limit: i64,
    ) -> ApiResult<Vec<(Position, ProductView)>> {
        let mut products = sql::page(db.reborrow(), &self.filter, after.as_ref(), limit).await?;
        barcodes::attach(db.reborrow(), &mut products).await?;
        let position = |product| self.filter.sort.position(product);
        let positions: Vec<Position> = products.iter().map(position).collect();
        let views = view::views(db, products, &self.sight).await?;
        Ok(positions.into_iter().zip(views).collect())
    }

    fn position(&self, (position, _): &(Position, ProductView)) -> Position {
        position.clone()
    }

    fn has_position(&self, position: &Position) -> bool {
        self.filter.sort.order().has(position)
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(&self.filter)
    }

    fn columns(&self) -> Vec<&'static str> {
        let columns = CSV_COLUMNS.into_iter();
        columns.filter(|column| self.sight.has_costs() || *column != "cost").collect()
    }

    fn cells(&self, (_, product): (Position, ProductView)) -> Vec<String> {
        cells(product)
    }
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

/// The cells of [`CSV_COLUMNS`]. Barcodes are separated by `|`; one of a pack of six has `*6`.
fn cells(product: ProductView) -> Vec<String> {
    let one = stockroom_domain::Quantity::units(1);
    let barcodes = product.barcodes.iter().map(|barcode| match barcode.pack_quantity.0 {
        pack if pack == one => barcode.code.clone(),
        pack => format!("{}*{pack}", barcode.code),
    });
    let barcodes: Vec<String> = barcodes.collect();
    let mut row = vec![
        product.id.to_string(),
        product.sku,
        product.name,
        or_empty(product.description),
        or_empty(product.category),
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
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
}

/// All categories.
pub(super) struct Categories;

impl List for Categories {
    type Entry = CategoryView;
    type Position = String;

    const NAME: &'static str = "categories";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<String>,
        limit: i64,
    ) -> ApiResult<Vec<CategoryView>> {
        let rows = sql::categories(db, after.as_deref(), limit).await?;
        let view = |(name, product_count)| CategoryView { name, product_count };
        Ok(rows.into_iter().map(view).collect())
    }

    fn position(&self, category: &CategoryView) -> String {
        category.name.clone()
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all_categories()
    }

    fn columns(&self) -> Vec<&'static str> {
        vec!["name", "product_count"]
    }

    fn cells(&self, category: CategoryView) -> Vec<String> {
        vec![category.name, category.product_count.to_string()]
    }
}
