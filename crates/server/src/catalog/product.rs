//! What a product is, and what may be sent to make or change one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use stockroom_domain::catalog::{TaxRate, Unit};
use stockroom_domain::{Money, ProductId, Quantity, Timestamp};

use super::values::{BarcodeCode, Category, WireTaxRate, WireUnit};
use crate::error::{ApiError, ApiResult, Faults};
use crate::http::{Name, Note, Patched, Sent, Sku, WireMoney, WireQuantity};

/// The most barcodes of one product.
const BARCODES_MAX: usize = 50;

/// A product as it is stored.
#[derive(Clone, Debug)]
pub struct Product {
    /// Which.
    pub id: ProductId,
    /// What people decide about it.
    pub details: Details,
    /// Hidden, and closed to movements.
    pub is_deleted: bool,
    /// Rises by one with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What people decide about a product: checked, and ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The shop's own number of the article.
    pub sku: String,
    /// The SKU regardless of case: unique among products that are not deleted.
    pub sku_key: String,
    /// What people call it.
    pub name: String,
    /// The name regardless of case.
    pub name_key: String,
    /// More about it.
    pub description: Option<String>,
    /// Where it belongs.
    pub category: Option<String>,
    /// What its quantities count.
    pub unit: Unit,
    /// What one unit sells for.
    pub price: Money,
    /// What one unit costs the shop.
    pub cost: Option<Money>,
    /// The tax in its price.
    pub tax_rate: TaxRate,
    /// The codes it is scanned by, in the order that was sent.
    pub barcodes: Vec<Barcode>,
    /// Whether its stock is kept by lot.
    pub track_lots: bool,
    /// Below it the product is to be ordered again.
    pub reorder_point: Option<Quantity>,
    /// How much to order.
    pub reorder_quantity: Option<Quantity>,
    /// Who delivers it.
    pub supplier_id: Option<i64>,
}

/// A code that a product is scanned by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Barcode {
    /// What the scanner reads.
    pub code: String,
    /// How much of the product is in the pack that bears it. For people and tills: whoever
    /// posts a movement states the quantity, which is never multiplied behind their back.
    pub pack_quantity: Quantity,
}

/// A product, to be made or to replace another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["sku", "name", "price"]), example = example())]
pub struct ProductInput {
    /// The shop's own number of the article: unique, in any case, among products that are
    /// not deleted.
    pub sku: Sent<Sku>,
    /// What people call it.
    pub name: Sent<Name>,
    /// More about it.
    #[schemars(with = "Option<Note>")]
    pub description: Sent<Note>,
    /// Where it belongs.
    #[schemars(with = "Option<Category>")]
    pub category: Sent<Category>,
    /// What its quantities count; `each` unless stated. Fixed once there were movements.
    #[schemars(with = "Option<WireUnit>")]
    pub unit: Sent<WireUnit>,
    /// What one unit sells for, tax included.
    pub price: Sent<WireMoney>,
    /// What one unit costs the shop.
    #[schemars(with = "Option<WireMoney>")]
    pub cost: Sent<WireMoney>,
    /// The tax in its price, in percent; 0 unless stated.
    #[schemars(with = "Option<WireTaxRate>")]
    pub tax_rate: Sent<WireTaxRate>,
    /// The codes that it is scanned by, at most 50. Each belongs to one product.
    #[schemars(with = "Option<Vec<BarcodeInput>>")]
    pub barcodes: Sent<Vec<BarcodeInput>>,
    /// Whether its stock is kept by lot. Fixed once there were movements.
    #[schemars(with = "Option<bool>")]
    pub track_lots: Sent<bool>,
    /// Below it the product is to be ordered again.
    #[schemars(with = "Option<WireQuantity>")]
    pub reorder_point: Sent<WireQuantity>,
    /// How much to order then.
    #[schemars(with = "Option<WireQuantity>")]
    pub reorder_quantity: Sent<WireQuantity>,
    /// Who delivers it.
    #[schemars(with = "Option<i64>")]
    pub supplier_id: Sent<i64>,
}

/// A barcode of a product.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["code"]))]
pub struct BarcodeInput {
    /// What the scanner reads.
    pub code: Sent<BarcodeCode>,
    /// How much of the product is in the pack that bears it; 1 unless stated.
    #[schemars(with = "Option<WireQuantity>")]
    pub pack_quantity: Sent<WireQuantity>,
}

fn example() -> Value {
    json!({
        "sku": "CAT-FOOD-2KG",
        "name": "Cat food with salmon, 2 kg",
        "category": "Cats",
        "unit": "each",
        "price": "12.50",
        "cost": "7.80",
        "tax_rate": "19.00",
        "barcodes": [{ "code": "4006381333931" }, { "code": "4006381333948", "pack_quantity": 6 }],
        "reorder_point": 5,
        "reorder_quantity": 24,
    })
}

impl Patched for ProductInput {
    const SCHEMA: &'static str = "ProductPatch";

    fn example() -> Value {
        json!({ "price": "11.90", "category": null })
    }
}

impl ProductInput {
    /// The fields of this input that were sent, and the others as they are stored.
    ///
    /// # Errors
    /// A stored value that JSON cannot hold: a defect.
    pub fn over(self, stored: &Details) -> ApiResult<Self> {
        let codes: Vec<_> = stored
            .barcodes
            .iter()
            .map(|b| json!({ "code": b.code, "pack_quantity": b.pack_quantity }))
            .collect();
        Ok(Self {
            sku: self.sku.or(Sent::of(&stored.sku)?),
            name: self.name.or(Sent::of(&stored.name)?),
            description: self.description.or(Sent::of(&stored.description)?),
            category: self.category.or(Sent::of(&stored.category)?),
            unit: self.unit.or(Sent::of(&WireUnit(stored.unit))?),
            price: self.price.or(Sent::of(&stored.price)?),
            cost: self.cost.or(Sent::of(&stored.cost)?),
            tax_rate: self.tax_rate.or(Sent::of(&stored.tax_rate)?),
            barcodes: self.barcodes.or(Sent::of(&codes)?),
            track_lots: self.track_lots.or(Sent::of(&stored.track_lots)?),
            reorder_point: self.reorder_point.or(Sent::of(&stored.reorder_point)?),
            reorder_quantity: self.reorder_quantity.or(Sent::of(&stored.reorder_quantity)?),
            supplier_id: self.supplier_id.or(Sent::of(&stored.supplier_id)?),
        })
    }

    /// Checks everything that can be known without the database.
    ///
    /// # Errors
    /// 400 with all faults.
    pub fn check(&self) -> ApiResult<Details> {
        let mut faults = Faults::new();
        let sku = self.sku.required("sku", &mut faults);
        let name = self.name.required("name", &mut faults);
        let description = self.description.optional("description", &mut faults);
        let category = self.category.optional("category", &mut faults);
        let unit = self.unit.optional("unit", &mut faults);
        let price = self.price.required("price", &mut faults);
        check_amount("price", price, &mut faults);
        let cost = self.cost.optional("cost", &mut faults);
        check_amount("cost", cost, &mut faults);
        let tax_rate = self.tax_rate.optional("tax_rate", &mut faults);
        let barcodes = self.check_barcodes(&mut faults);
        let track_lots = self.track_lots.optional("track_lots", &mut faults);
        let point = self.reorder_point.optional("reorder_point", &mut faults);
        if point.is_some_and(|point| point.0.is_negative()) {
            faults.add("reorder_point", "reorder_point may not be negative.");
        }
        let quantity = self.reorder_quantity.optional("reorder_quantity", &mut faults);
        if quantity.is_some_and(|quantity| !quantity.0.is_positive()) {
            faults.add("reorder_quantity", "reorder_quantity has to be more than 0.");
        }
        let supplier_id = self.supplier_id.optional("supplier_id", &mut faults);
        faults.into_result()?;
        let (Some(sku), Some(name), Some(price)) = (sku, name, price) else {
            return Err(ApiError::internal("a required field was not noticed as missing"));
        };
        Ok(Details {
            sku_key: sku.key(),
            sku: sku.into_string(),
            name_key: name.key(),
            name: name.into_string(),
            description: description.map(Note::into_string).filter(|text| !text.is_empty()),
            category: category.map(Category::into_string),
            unit: unit.map_or_else(Unit::default, |unit| unit.0),
            price: price.0,
            cost: cost.map(|cost| cost.0),
            tax_rate: tax_rate.map_or_else(TaxRate::default, |rate| rate.0),
            barcodes,
            track_lots: track_lots.unwrap_or(false),
            reorder_point: point.map(|point| point.0),
            reorder_quantity: quantity.map(|quantity| quantity.0),
            supplier_id,
        })
    }

    fn check_barcodes(&self, faults: &mut Faults) -> Vec<Barcode> {
        let sent = self.barcodes.optional("barcodes", faults).unwrap_or_default();
        if sent.len() > BARCODES_MAX {
            let message = format!("A product has at most {BARCODES_MAX} barcodes.");
            faults.add("barcodes", message);
            return Vec::new();
        }
        let mut barcodes = Vec::<Barcode>::with_capacity(sent.len());
        for (index, barcode) in sent.iter().enumerate() {
            let field = format!("barcodes[{index}].pack_quantity");
            let pack = barcode.pack_quantity.optional(&field, faults);
            if pack.is_some_and(|pack| !pack.0.is_positive()) {
                faults.add(field, "pack_quantity has to be more than 0.");
            }
            let field = format!("barcodes[{index}].code");
            let Some(code) = barcode.code.required(&field, faults) else { continue };
            if barcodes.iter().any(|other| other.code == code.as_str()) {
                faults.add(field, format!("The barcode {code} is given twice."));
            }
            let pack_quantity = pack.map_or(Quantity::units(1), |pack| pack.0);
            barcodes.push(Barcode { code: code.into_string(), pack_quantity });
        }
        barcodes
    }
}

fn check_amount(field: &str, amount: Option<WireMoney>, faults: &mut Faults) {
    if amount.is_some_and(|amount| amount.0.is_negative()) {
        faults.add(field, format!("{field} may not be negative."));
    }
}

impl Details {
    /// Whether storing `other` would change nothing. The order of barcodes means nothing.
    pub fn is_same(&self, other: &Self) -> bool {
        let sorted = |details: &Self| {
            let mut details = details.clone();
            details.barcodes.sort_unstable();
            details
        };
        sorted(self) == sorted(other)
    }
}
