//! An order as it is read and shown, now or after any of its steps.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_domain::catalog::TaxRate;
use stockroom_domain::orders::{Priced, Status};
use stockroom_domain::{CustomerId, Money, OrderId, Quantity, StoreId, Timestamp};

use super::sql::{HeadRow, HistoryRow, ItemRow, Parts, PaymentRow, ReturnRow};
use crate::http::{Success, WireMoney, WireTime};
use crate::ledger::document::{Channel, Method, NewItem, NewOrder, Payment, Shortage};

/// An order with all its parts.
#[derive(Clone, Debug)]
pub struct Order {
    pub(super) head: HeadRow,
    pub(super) items: Vec<ItemRow>,
    pub(super) history: Vec<HistoryRow>,
    pub(super) payments: Vec<PaymentRow>,
    pub(super) returns: Vec<ReturnRow>,
}

impl Order {
    pub(super) fn new(head: HeadRow, parts: &mut Parts) -> Self {
        let (id, version) = (head.id, head.version);
        let mut order = Self {
            items: parts.items.remove(&id).unwrap_or_default(),
            history: parts.history.remove(&id).unwrap_or_default(),
            payments: parts.payments.remove(&id).unwrap_or_default(),
            returns: parts.returns.remove(&id).unwrap_or_default(),
            head,
        };
        // The head was read first: what has come since is of a later version.
        order.forget_after(version);
        order
    }

    fn forget_after(&mut self, version: i64) {
        self.history.retain(|entry| entry.version <= version);
        self.payments.retain(|payment| payment.version <= version);
        self.returns.retain(|back| back.version <= version);
    }

    /// The same order as it was when it had come to `version`.
    #[must_use]
    pub(super) fn at(mut self, version: i64) -> Self {
        self.forget_after(version);
        if let Some(last) = self.history.last() {
            self.head.status.clone_from(&last.status);
            self.head.version = last.version;
            self.head.is_deleted = last.event == "deleted";
        }
        self
    }

    pub(super) const fn id(&self) -> OrderId {
        OrderId(self.head.id)
    }

    pub(super) const fn store(&self) -> StoreId {
        StoreId(self.head.store_id)
    }

    pub(super) fn customer(&self) -> Option<CustomerId> {
        self.head.customer_id.map(CustomerId)
    }

    pub(super) fn status(&self) -> Status {
        // The column holds no other words.
        Status::from_name(&self.head.status).unwrap_or(Status::Cancelled)
    }

    /// How much of an item has come back.
    pub(super) fn returned(&self, item: i64) -> Quantity {
        let of_item = self.returns.iter().filter(|back| back.item_id == item);
        Quantity::from_thousandths(of_item.map(|back| back.quantity).sum())
    }

    /// What was paid less what was given back, by each way of paying, in the order of their first
    /// use.
    pub(super) fn paid(&self) -> Vec<Payment> {
        let mut paid: Vec<Payment> = Vec::new();
        for row in &self.payments {
            let Some(method) = Method::from_name(&row.method) else { continue };
            let amount = Money::from_cents(row.amount);
            match paid.iter_mut().find(|payment| payment.method == method) {
                Some(payment) => {
                    payment.amount = payment.amount.checked_add(amount).unwrap_or(payment.amount);
                }
                None => paid.push(Payment { method, amount }),
            }
        }
        paid
    }

    /// What was given back for goods, or would have been had they been paid for.
    pub(super) fn returned_total(&self) -> Money {
        Money::from_cents(self.returns.iter().map(|back| back.total).sum())
    }

    /// What was paid in all, less what was given back.
    pub(super) fn paid_total(&self) -> Money {
        Money::from_cents(self.payments.iter().map(|payment| payment.amount).sum())
    }

    pub(super) fn view(self) -> OrderView {
        let returned: Vec<Quantity> =
            self.items.iter().map(|item| self.returned(item.id)).collect();
        let refunded = self.returns.iter().map(|back| back.total).sum();
        let shortages = self.history.iter().find_map(|entry| entry.shortages.as_deref());
        let shortages: Vec<Shortage> =
            shortages.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let head = self.head;
        let at = |version: i64| {
            let entry = self.history.iter().find(|entry| entry.version == version);
            WireTime(Timestamp(entry.map_or(0, |entry| entry.at)))
        };
        OrderView {
            id: head.id,
            store_id: head.store_id,
            customer_id: head.customer_id,
            employee_id: head.employee_id,
            user_id: head.user_id,
            order_date: WireTime(Timestamp(head.order_date)),
            channel: Channel::from_name(&head.channel).map_or("", Channel::name),
            status: Status::from_name(&head.status).map_or("", Status::name),
            item_count: head.item_count,
            items: self.items.into_iter().zip(returned).map(|(i, back)| i.view(back)).collect(),
            total: WireMoney(Money::from_cents(head.total)),
            tax: WireMoney(Money::from_cents(head.tax)),
            refunded: WireMoney(Money::from_cents(refunded)),
            payments: self
                .payments
                .iter()
                .map(|payment| PaymentView {
                    method: Method::from_name(&payment.method).map_or("", Method::name),
                    amount: WireMoney(Money::from_cents(payment.amount)),
                    at: at(payment.version),
                })
                .collect(),
            history: self.history.iter().map(HistoryRow::view).collect(),
            shortages: shortages.iter().map(ShortageView::of).collect(),
            reference: head.reference,
            note: head.note,
            is_deleted: head.is_deleted,
            version: head.version,
        }
    }
}

impl OrderView {
    /// An order that is about to be written, but for its number and its time.
    pub(super) fn of_new(order: &NewOrder, store: StoreId, actor: &str) -> Self {
        let at = WireTime(Timestamp(0));
        let status = order.channel.first_status().name();
        let payment = |payment: &Payment| PaymentView {
            method: payment.method.name(),
            amount: WireMoney(payment.amount),
            at,
        };
        let item = |(id, item): (i64, &NewItem)| ItemView {
            id,
            product_id: item.product.0,
            sku: item.sku.clone(),
            name: item.name.clone(),
            quantity: item.quantity,
            price: WireMoney(item.price),
            tax_rate: item.tax_rate.to_string(),
            total: WireMoney(item.amount.total),
            returned: Quantity::ZERO,
        };
        let items: Vec<ItemView> = (1..).zip(&order.items).map(item).collect();
        Self {
            id: 0,
            store_id: store.0,
            customer_id: order.customer.map(|customer| customer.0),
            employee_id: order.employee,
            user_id: order.user.map(|user| user.0),
            order_date: WireTime(order.order_date.unwrap_or_default()),
            channel: order.channel.name(),
            status,
            item_count: i64::try_from(items.len()).unwrap_or(i64::MAX),
            items,
            total: WireMoney(order.amount.total),
            tax: WireMoney(order.amount.tax),
            refunded: WireMoney(Money::ZERO),
            payments: order.payments.iter().map(payment).collect(),
            history: vec![HistoryView {
                version: 1,
                event: order.channel.first_event().to_owned(),
                status,
                at,
                actor: actor.to_owned(),
                note: None,
            }],
            shortages: Vec::new(),
            reference: order.reference.clone(),
            note: order.note.clone(),
            is_deleted: false,
            version: 1,
        }
    }

    /// The same once it is written: its number, and when.
    #[must_use]
    pub(super) fn written(mut self, id: OrderId, at: Timestamp) -> Self {
        self.id = id.0;
        if self.order_date.0 == Timestamp(0) {
            self.order_date = WireTime(at);
        }
        self.history.iter_mut().for_each(|step| step.at = WireTime(at));
        self.payments.iter_mut().for_each(|payment| payment.at = WireTime(at));
        self
    }
}

impl ItemRow {
    pub(super) fn priced(&self) -> Priced {
        Priced {
            quantity: Quantity::from_thousandths(self.quantity),
            price: Money::from_cents(self.price),
            tax_rate: TaxRate::from_hundred_thousandths(self.tax_rate),
        }
    }

    fn view(self, returned: Quantity) -> ItemView {
        let priced = self.priced();
        ItemView {
            id: self.id,
            product_id: self.product_id,
            quantity: priced.quantity,
            price: WireMoney(priced.price),
            tax_rate: priced.tax_rate.to_string(),
            total: WireMoney(Money::from_cents(self.total)),
            returned,
            sku: self.sku,
            name: self.name,
        }
    }
}

impl HistoryRow {
    fn view(&self) -> HistoryView {
        HistoryView {
            version: self.version,
            event: self.event.clone(),
            status: Status::from_name(&self.status).map_or("", Status::name),
            at: WireTime(Timestamp(self.at)),
            actor: self.actor.clone(),
            note: self.note.clone(),
        }
    }
}

/// An order, as a caller sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub struct OrderView {
    /// Which.
    id: i64,
    /// Where.
    store_id: i64,
    /// Who buys.
    customer_id: Option<i64>,
    /// Who serves.
    employee_id: Option<i64>,
    /// Who placed it.
    user_id: Option<i64>,
    /// When it was placed or sold.
    order_date: WireTime,
    /// `order`: placed, to be confirmed; `till`: sold over the counter.
    channel: &'static str,
    /// `pending`, `confirmed`, `rejected`, `shipped`, `completed` or `cancelled`.
    status: &'static str,
    /// How many items it has; of a long one a list shows the first 100.
    item_count: i64,
    /// What, as it was called and priced then.
    items: Vec<ItemView>,
    /// What it comes to, tax included: the sum of its rounded lines.
    total: WireMoney,
    /// The tax in it.
    tax: WireMoney,
    /// What was given back for goods that came back.
    refunded: WireMoney,
    /// Money taken for it; below zero where it was given back.
    payments: Vec<PaymentView>,
    /// What was done to it, one entry a version.
    history: Vec<HistoryView>,
    /// Of a rejected order, what was missing.
    shortages: Vec<ShortageView>,
    /// A document's number.
    reference: Option<String>,
    /// Free text.
    note: Option<String>,
    /// Hidden from lists.
    is_deleted: bool,
    /// Rises by one with each step.
    version: i64,
}

/// One item of an order.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderItem")]
pub struct ItemView {
    /// 1, 2, 3 … in each order.
    id: i64,
    /// What.
    product_id: i64,
    /// Its SKU when it was ordered.
    sku: String,
    /// Its name then.
    name: String,
    /// How much, in the product's unit.
    #[schemars(with = "f64")]
    quantity: Quantity,
    /// What one unit costs, tax included.
    price: WireMoney,
    /// The tax in it, in percent.
    tax_rate: String,
    /// Quantity times price, rounded to the cent.
    total: WireMoney,
    /// How much of it has come back.
    #[schemars(with = "f64")]
    returned: Quantity,
}

/// Money taken for an order, or given back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderPayment")]
pub struct PaymentView {
    /// `cash`, `card`, `credit` (on the customer's account) or `other`.
    method: &'static str,
    /// How much; below zero where it was given back.
    amount: WireMoney,
    /// When.
    at: WireTime,
}

/// A step in the life of an order.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderHistory")]
pub struct HistoryView {
    /// The order's version after it.
    version: i64,
    /// `placed`, `sold`, `confirmed`, `rejected`, `shipped`, `completed`, `cancelled`, `returned`
    /// or `deleted`.
    event: String,
    /// Where the order stood then.
    status: &'static str,
    /// When.
    at: WireTime,
    /// Who did it.
    actor: String,
    /// Free text.
    note: Option<String>,
}

/// What was missing of one item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderShortage")]
pub struct ShortageView {
    /// The item.
    item_id: i64,
    /// What.
    product_id: i64,
    /// Its SKU.
    sku: String,
    /// How much was asked for.
    #[schemars(with = "f64")]
    requested: Quantity,
    /// How much of it was there, after the items before it.
    #[schemars(with = "f64")]
    available: Quantity,
}

impl ShortageView {
    fn of(shortage: &Shortage) -> Self {
        Self {
            item_id: shortage.item_id,
            product_id: shortage.product_id,
            sku: shortage.sku.clone(),
            requested: Quantity::from_thousandths(shortage.requested),
            available: Quantity::from_thousandths(shortage.available),
        }
    }
}

/// One order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderAnswer {
    pub(super) status: Success,
    /// The order's number.
    pub(super) order_id: i64,
    pub(super) order: OrderView,
}

impl OrderAnswer {
    pub(super) const fn new(id: OrderId, order: OrderView) -> Self {
        Self { status: Success::Success, order_id: id.0, order }
    }
}
