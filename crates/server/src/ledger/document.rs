//! What a posting does beside moving goods: it makes an order or takes one further, and charges a
//! customer. The rules are `stockroom_domain`'s; here is what else is written down.

use serde::{Deserialize, Serialize};
use stockroom_domain::catalog::TaxRate;
use stockroom_domain::orders::{Amount, Status};
use stockroom_domain::{
    CustomerId, Money, OrderId, ProductId, Quantity, StoreId, Timestamp, UserId,
};

/// Where an order comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Placed, to be confirmed.
    Order,
    /// Sold over the counter: complete at once.
    Till,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 2] = [Self::Order, Self::Till];

    /// Its name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Till => "till",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// Where an order of this channel begins.
    pub const fn first_status(self) -> Status {
        match self {
            Self::Order => Status::Pending,
            Self::Till => Status::Completed,
        }
    }

    /// What its history begins with.
    pub const fn first_event(self) -> &'static str {
        match self {
            Self::Order => "placed",
            Self::Till => "sold",
        }
    }
}

/// How something is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Coins and notes.
    Cash,
    /// A card.
    Card,
    /// Put on the customer's account.
    Credit,
    /// Anything else: a voucher, a transfer.
    Other,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 4] = [Self::Cash, Self::Card, Self::Credit, Self::Other];

    /// Its name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Card => "card",
            Self::Credit => "credit",
            Self::Other => "other",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Money that was taken for an order, or below zero, given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// How.
    pub method: Method,
    /// Signed, not zero.
    pub amount: Money,
}

/// An order to be written, or a sale.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Where from.
    pub channel: Channel,
    /// Who buys.
    pub customer: Option<CustomerId>,
    /// Who serves.
    pub employee: Option<i64>,
    /// Who placed it.
    pub user: Option<UserId>,
    /// When, if not now.
    pub order_date: Option<Timestamp>,
    /// The store's time zone.
    pub time_zone: String,
    /// The hour at which the store's business day begins.
    pub day_cut_hour: i64,
    /// A document's number.
    pub reference: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// What; numbered from 1 as they stand.
    pub items: Vec<NewItem>,
    /// What they come to.
    pub amount: Amount,
    /// How it is paid.
    pub payments: Vec<Payment>,
}

/// One item of an order: what was agreed, as it was called and priced then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// What.
    pub product: ProductId,
    /// Its SKU.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// How much.
    pub quantity: Quantity,
    /// What one unit costs, tax included.
    pub price: Money,
    /// The tax in it.
    pub tax_rate: TaxRate,
    /// What it comes to.
    pub amount: Amount,
}

/// What is written down of a step of an order.
#[derive(Clone, Debug, Default)]
pub struct StepDetails {
    /// Free text.
    pub note: Option<String>,
    /// What came back.
    pub returns: Vec<NewReturn>,
    /// Money taken with it, or given back.
    pub payments: Vec<Payment>,
    /// How many payments the order had before.
    pub payments_before: usize,
    /// The order's items, to say what was missing of which.
    pub items: Vec<ItemWanted>,
}

/// An item whose goods are to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemWanted {
    /// Its number in the order.
    pub id: i64,
    /// What.
    pub product: ProductId,
    /// Its SKU.
    pub sku: String,
    /// How much.
    pub quantity: Quantity,
}

/// Goods of one item that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewReturn {
    /// The item's number in the order.
    pub item: i64,
    /// How much.
    pub quantity: Quantity,
    /// What becomes of it.
    pub disposition: Disposition,
    /// What is given back for it.
    pub amount: Amount,
}

/// What becomes of goods that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Back on the shelf.
    Restock,
    /// Thrown away.
    WriteOff,
}

impl Disposition {
    /// Its name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restock => "restock",
            Self::WriteOff => "write_off",
        }
    }
}

/// What a posting does to an order.
#[derive(Clone, Debug)]
pub enum OrderPart {
    /// Makes one.
    New(Box<NewOrder>),
    /// Takes the one of the parcel's step further.
    Step(StepDetails),
}

/// What is written down of a charge.
#[derive(Clone, Debug, Default)]
pub struct ChargeDetails {
    /// How a payment was made.
    pub method: Option<Method>,
    /// A document's number.
    pub reference: Option<String>,
    /// Free text.
    pub note: Option<String>,
}

/// What was missing of one item of a rejected order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The item's number in the order.
    pub item_id: i64,
    /// What.
    pub product_id: i64,
    /// Its SKU.
    pub sku: String,
    /// Thousandths that were asked for.
    pub requested: i64,
    /// Thousandths of them that were there, after the items before it.
    pub available: i64,
}

/// What a posting has made, to be found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// An order came to this version.
    Order {
        /// Which.
        id: OrderId,
        /// Its version.
        version: i64,
        /// When, in microseconds.
        at: i64,
    },
    /// A customer's ledger came to this version.
    Entry {
        /// Whose.
        customer: CustomerId,
        /// The entry's version.
        version: i64,
        /// In which store.
        store: StoreId,
    },
}
