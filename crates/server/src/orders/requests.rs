//! What callers send to place orders and to sell, checked as far as it can be without the
//! database.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use stockroom_domain::permissions::Permission;
use stockroom_domain::{Money, Quantity, StoreId, Timestamp};

use crate::auth::Principal;
use crate::catalog::ProductRef;
use crate::error::Faults;
use crate::http::{Note, Sku, Text, WireMoney, WireQuantity, WireTime};
use crate::ledger::document::{Method, Payment};

/// Items of one order.
pub const ITEMS_MAX: usize = 2_000;
/// Payments of one order.
const PAYMENTS_MAX: usize = 20;
/// How far back a sale may be dated by anyone: a till may come back after a weekend offline.
const BACKDATE_FREE_DAYS: i64 = 7;
/// How far back it may be dated by those who may date back at all.
const BACKDATE_DAYS_MAX: i64 = 366;
/// How far a till's clock may run ahead.
const AHEAD_MAX_S: i64 = 300;

/// An order to be placed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = order_example())]
pub struct NewOrderRequest {
    /// Where; may be left out by a caller who can see exactly one store.
    pub store_id: Option<i64>,
    /// Who buys.
    pub customer_id: Option<i64>,
    /// Who serves.
    pub employee_id: Option<i64>,
    /// Who placed it; the caller unless stated.
    pub user_id: Option<i64>,
    /// What: 1 to 2,000 items. Those of one product at one price are merged.
    pub items: Vec<ItemRequest>,
    /// A document's number.
    pub reference: Option<Text<200>>,
    /// Free text.
    pub note: Option<Note>,
}

fn order_example() -> Value {
    json!({ "store_id": 1, "items": [{ "product_id": 1, "quantity": 2 }] })
}

/// A sale over the counter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = sale_example())]
pub struct NewSaleRequest {
    /// Where; may be left out by a caller who can see exactly one store.
    pub store_id: Option<i64>,
    /// Who buys; to pay on credit, someone has to be named.
    pub customer_id: Option<i64>,
    /// Who serves.
    pub employee_id: Option<i64>,
    /// Who sold it; the caller unless stated.
    pub user_id: Option<i64>,
    /// What: 1 to 2,000 items, each a line of the receipt.
    pub items: Vec<ItemRequest>,
    /// How it is paid: together exactly what the items come to.
    pub payments: Vec<PaymentRequest>,
    /// Sell what is not on record, too: what is missing is recorded as found first. Needs the
    /// permission `supervise_sales`.
    #[serde(default, rename = "override")]
    pub overrides: bool,
    /// When it was sold, if not now.
    pub order_date: Option<WireTime>,
    /// A receipt's number.
    pub reference: Option<Text<200>>,
    /// Free text.
    pub note: Option<Note>,
}

fn sale_example() -> Value {
    json!({
        "store_id": 1,
        "items": [{ "product_id": 1, "quantity": 1, "price": "9.90" }],
        "payments": [{ "method": "cash", "amount": "9.90" }],
    })
}

/// One item.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemRequest {
    /// What: exactly one of `product_id`, `sku` and `barcode`.
    pub product_id: Option<i64>,
    /// What, by its SKU.
    pub sku: Option<Sku>,
    /// What, by one of its barcodes.
    pub barcode: Option<Text<64>>,
    /// How much, in the product's unit.
    pub quantity: WireQuantity,
    /// What one unit costs, tax included; the catalogue's price unless stated. Another needs the
    /// permission `supervise_sales`.
    pub price: Option<WireMoney>,
    /// The code of the lot that is sold, of a product whose lots are tracked; what expires first
    /// unless stated. An order chooses its lots when its goods are taken.
    pub lot: Option<Text<64>>,
}

/// A part of what is paid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentRequest {
    /// How.
    pub method: PaymentMethod,
    /// How much; more than zero.
    pub amount: WireMoney,
}

/// How something is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// Coins and notes.
    Cash,
    /// A card.
    Card,
    /// Put on the customer's account, within their limit.
    Credit,
    /// Anything else: a voucher, a transfer.
    Other,
}

impl From<PaymentMethod> for Method {
    fn from(method: PaymentMethod) -> Self {
        match method {
            PaymentMethod::Cash => Self::Cash,
            PaymentMethod::Card => Self::Card,
            PaymentMethod::Credit => Self::Credit,
            PaymentMethod::Other => Self::Other,
        }
    }
}

/// An item that is well formed. Where in the request it stood, tells the faults that follow.
#[derive(Debug)]
pub struct CheckedItem {
    /// Its place in the request.
    pub index: usize,
    /// What.
    pub product: ProductRef,
    /// How much.
    pub quantity: Quantity,
    /// At which price, if one was stated.
    pub price: Option<Money>,
    /// From which lot, if one was stated.
    pub lot: Option<String>,
}

/// Checks everything about items that the request alone can tell.
pub fn check_items(
    items: Vec<ItemRequest>,
    takes_lots: bool,
    faults: &mut Faults,
) -> Vec<CheckedItem> {
    if items.is_empty() || items.len() > ITEMS_MAX {
        let count = items.len();
        faults.add("items", format!("1 to {ITEMS_MAX} items make an order; these are {count}."));
        return Vec::new();
    }
    let check = |(index, item): (usize, ItemRequest)| {
        let field = |name: &str| format!("items[{index}].{name}");
        let product = ProductRef::new(item.product_id, item.sku, item.barcode);
        if product.is_none() {
            let message = "Name the product by exactly one of product_id, sku and barcode.";
            faults.add(field("product_id"), message);
        }
        if !item.quantity.0.is_positive() {
            faults.add(field("quantity"), "A quantity is more than zero.");
        }
        if item.price.is_some_and(|price| price.0.is_negative()) {
            faults.add(field("price"), "A price is not below zero.");
        }
        if item.lot.is_some() && !takes_lots {
            faults.add(field("lot"), "An order chooses its lots when its goods are taken.");
        }
        Some(CheckedItem {
            index,
            product: product?,
            quantity: item.quantity.0,
            price: item.price.map(|price| price.0),
            lot: item.lot.map(Text::into_string),
        })
    };
    items.into_iter().enumerate().filter_map(check).collect()
}

/// Checks payments, all of which bear the name of their field.
pub fn check_payments(
    payments: Vec<PaymentRequest>,
    field: &str,
    faults: &mut Faults,
) -> Vec<Payment> {
    if payments.len() > PAYMENTS_MAX {
        faults.add(field, format!("At most {PAYMENTS_MAX} parts can be told."));
        return Vec::new();
    }
    let mut checked = Vec::with_capacity(payments.len());
    for (index, payment) in payments.into_iter().enumerate() {
        let amount = payment.amount.0;
        if amount <= Money::ZERO {
            faults.add(format!("{field}[{index}].amount"), "An amount is more than zero.");
        }
        checked.push(Payment { method: payment.method.into(), amount });
    }
    checked
}

/// What all payments come to; `None` where that is more than can be.
pub fn sum(payments: &[Payment]) -> Option<Money> {
    payments.iter().try_fold(Money::ZERO, |sum, payment| sum.checked_add(payment.amount))
}

/// The part of them that goes on the customer's account.
pub fn on_credit(payments: &[Payment]) -> Money {
    let credit = payments.iter().filter(|payment| payment.method == Method::Credit);
    Money::from_cents(credit.map(|payment| payment.amount.cents()).sum())
}

/// Checks when something was sold.
pub fn check_date(
    date: Option<Timestamp>,
    who: &Principal,
    store: StoreId,
    now: Timestamp,
    faults: &mut Faults,
) {
    const A_DAY_S: i64 = 86_400;
    let Some(at) = date else { return };
    let message = if at > now.plus_seconds(AHEAD_MAX_S) {
        "Nothing was sold in the future.".to_owned()
    } else if at < now.plus_seconds(-BACKDATE_DAYS_MAX * A_DAY_S) {
        format!("A sale can be dated back by at most {BACKDATE_DAYS_MAX} days.")
    } else if at < now.plus_seconds(-BACKDATE_FREE_DAYS * A_DAY_S)
        && !who.may(Permission::Backdate, store)
    {
        format!("Dating back by more than {BACKDATE_FREE_DAYS} days needs a manager.")
    } else {
        return;
    };
    faults.add("order_date", message);
}
