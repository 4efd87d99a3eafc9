//! How products are shown to a caller: with the stock of the stores that they may see, and
//! with costs only where their role includes them.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use stockroom_domain::Quantity;
use stockroom_domain::permissions::Permission;

use super::product::{Barcode, Product};
use super::values::{WireTaxRate, WireUnit};
use super::{barcodes, sql};
use crate::auth::{Principal, Scope};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult};
use crate::http::{ETag, Success, WireMoney, WireQuantity, WireTime};

/// A product, as a caller sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Product", example = example())]
pub struct ProductView {
    /// Which.
    pub id: i64,
    /// The shop's own number of the article.
    pub sku: String,
    /// What people call it.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Where it belongs.
    pub category: Option<String>,
    /// What its quantities count.
    pub unit: WireUnit,
    /// What one unit sells for.
    pub price: WireMoney,
    /// What one unit costs the shop; left out for callers whose role sees no costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<WireMoney>")]
    pub cost: Option<Option<WireMoney>>,
    /// The tax in its price, in percent.
    pub tax_rate: WireTaxRate,
    /// The codes that it is scanned by.
    pub barcodes: Vec<BarcodeView>,
    /// Whether its stock is kept by lot.
    pub track_lots: bool,
    /// Below it the product is to be ordered again.
    pub reorder_point: Option<WireQuantity>,
    /// How much to order then.
    pub reorder_quantity: Option<WireQuantity>,
    /// Who delivers it.
    pub supplier_id: Option<i64>,
    /// What the caller's stores have of it together.
    pub on_hand: WireQuantity,
    /// Hidden, and closed to movements.
    pub is_deleted: bool,
    /// Rises by one with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: WireTime,
    /// When it was changed last.
    pub updated_at: WireTime,
}

/// A code that a product is scanned by.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Barcode")]
pub struct BarcodeView {
    /// What the scanner reads.
    pub code: String,
    /// How much of the product is in the pack that bears it. A movement states its quantity
    /// itself: nothing is multiplied by this.
    pub pack_quantity: WireQuantity,
}

/// One product.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProductAnswer {
    /// It worked.
    pub status: Success,
    /// The product.
    pub product: ProductView,
}

fn example() -> serde_json::Value {
    json!({
        "id": 17,
        "sku": "CAT-FOOD-2KG",
        "name": "Cat food with salmon, 2 kg",
        "description": null,
        "category": "Cats",
        "unit": "each",
        "price": "12.50",
        "cost": "7.80",
        "tax_rate": "19.00",
        "barcodes": [{ "code": "4006381333931", "pack_quantity": 1 }],
        "track_lots": false,
        "reorder_point": 5,
        "reorder_quantity": 24,
        "supplier_id": null,
        "on_hand": 31,
        "is_deleted": false,
        "version": 3,
        "created_at": "2026-01-31T08:30:00.000000Z",
        "updated_at": "2026-02-14T16:05:12.250000Z",
    })
}

/// What a caller may see of products.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The stores whose stock counts.
    stores: Scope,
    /// Whether costs are shown. A cost is the product's, not a store's: whoever may see costs
    /// anywhere sees it.
    costs: bool,
}

impl Sight {
    /// What this caller may see.
    pub fn of(who: &Principal) -> Self {
        Self {
            stores: who.scope(Permission::ReadStock),
            costs: who.may_anywhere(Permission::SeeCost),
        }
    }

    /// Whether costs are shown.
    pub const fn has_costs(&self) -> bool {
        self.costs
    }
}

/// The products as the caller sees them. They are read with barcodes and without stock.
///
/// # Errors
/// The database's.
pub(super) async fn views(
    db: Conn<'_>,
    products: Vec<Product>,
    sight: &Sight,
) -> ApiResult<Vec<ProductView>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = products.iter().map(|product| product.id.0).collect();
    let on_hand: HashMap<i64, i64> =
        sql::on_hand(db, &ids, &sight.stores).await?.into_iter().collect();
    let view = |product: Product| {
        let sum = on_hand.get(&product.id.0).copied().unwrap_or(0);
        ProductView::new(product, Quantity::from_thousandths(sum), sight.costs)
    };
    Ok(products.into_iter().map(view).collect())
}

/// One product as the caller sees it, deleted or not.
///
/// # Errors
/// 404 where there is none; the database's.
pub(super) async fn one(mut db: Conn<'_>, id: i64, sight: &Sight) -> ApiResult<ProductView> {
    let product = sql::find(db.reborrow(), stockroom_domain::ProductId(id)).await?;
    let mut found: Vec<Product> = product.into_iter().collect();
    barcodes::attach(db.reborrow(), &mut found).await?;
    views(db, found, sight).await?.pop().ok_or_else(|| ApiError::not_found("product", id))
}

/// A product as the audit log shows it: as the API does, with its cost, without the stock.
pub(super) fn record(product: Product) -> Value {
    ProductView::new(product, Quantity::ZERO, true).to_record()
}

impl ProductView {
    /// As the audit log shows it. Whoever changes products sees their costs.
    pub(super) fn to_record(&self) -> Value {
        let mut record = serde_json::to_value(self).unwrap_or_default();
        if let Value::Object(fields) = &mut record {
            fields.remove("on_hand");
        }
        record
    }

    fn new(product: Product, on_hand: Quantity, shows_cost: bool) -> Self {
        let details = product.details;
        Self {
            id: product.id.0,
            sku: details.sku,
            name: details.name,
            description: details.description,
            category: details.category,
            unit: WireUnit(details.unit),
            price: WireMoney(details.price),
            cost: shows_cost.then_some(details.cost.map(WireMoney)),
            tax_rate: WireTaxRate(details.tax_rate),
            barcodes: details.barcodes.into_iter().map(BarcodeView::from).collect(),
            track_lots: details.track_lots,
            reorder_point: details.reorder_point.map(WireQuantity),
            reorder_quantity: details.reorder_quantity.map(WireQuantity),
            supplier_id: details.supplier_id,
            on_hand: WireQuantity(on_hand),
            is_deleted: product.is_deleted,
            version: product.version,
            created_at: WireTime(product.created_at),
            updated_at: WireTime(product.updated_at),
        }
    }

    /// Its tag. It names the stock too, which changes without a new version of the product.
    pub fn tag(&self) -> String {
        ETag(self.version).with_state(self.on_hand.0.thousandths())
    }
}

impl From<Barcode> for BarcodeView {
    fn from(barcode: Barcode) -> Self {
        Self { code: barcode.code, pack_quantity: WireQuantity(barcode.pack_quantity) }
    }
}
