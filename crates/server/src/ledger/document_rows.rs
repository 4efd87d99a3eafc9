//! What a batch writes of orders and of what customers owe: rows, events and records. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use stockroom_domain::batch::{Accepted, Verdict};
use stockroom_domain::credit::EntryKind;
use stockroom_domain::orders::OrderState;
use stockroom_domain::stock::{MovementKind, Refusal};
use stockroom_domain::{CustomerId, Money, OrderId, Timestamp};

use super::business_day::business_day;
use super::document::{Made, NewOrder, OrderPart, Payment, Shortage, StepDetails};
use super::posting::Posting;
use crate::audit::ActorKind;
use crate::events::Event;

/// A posting that takes effect and is more than movements, with its order.
pub(super) struct Decided<'a> {
    pub(super) posting: &'a Posting,
    pub(super) accepted: &'a Accepted,
    pub(super) order: Option<OrderId>,
}

/// The order of each posting: a new one's number is the next of `drawn`.
pub(super) fn orders(
    postings: &[&Posting],
    verdicts: &[Verdict],
    drawn: &[OrderId],
) -> Vec<Option<OrderId>> {
    let mut drawn = drawn.iter().copied();
    let order = |(posting, verdict): (&&Posting, &Verdict)| match (&posting.order, verdict) {
        (Some(OrderPart::New(_)), Verdict::Accepted(_)) => drawn.next(),
        _ => posting.parcel.step.map(|step| step.order),
    };
    postings.iter().zip(verdicts).map(order).collect()
}

/// The postings that take effect and are more than movements.
pub(super) fn decided<'a>(
    postings: &[&'a Posting],
    verdicts: &'a [Verdict],
    orders: &[Option<OrderId>],
) -> Vec<Decided<'a>> {
    let all = postings.iter().zip(verdicts).zip(orders);
    let decided = all.filter_map(|((posting, verdict), order)| match verdict {
        Verdict::Accepted(accepted) if posting.is_document() => {
            Some(Decided { posting, accepted, order: *order })
        }
        _ => None,
    });
    decided.collect()
}

/// Rows, as tuples in the order of their columns.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) orders: Vec<Value>,
    pub(super) pending: Vec<Value>,
    pub(super) items: Vec<Value>,
    pub(super) history: Vec<Value>,
    pub(super) payments: Vec<Value>,
    pub(super) returns: Vec<Value>,
    /// Where orders stand that have gone on, by their numbers.
    pub(super) heads: Vec<Head>,
    /// What customers owe who were charged, by their numbers: amount and version.
    pub(super) balances: Vec<(CustomerId, i64, i64)>,
    pub(super) entries: Vec<Value>,
}

/// Where an order stands.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) order: OrderId,
    /// The version that it was read at.
    pub(super) loaded: i64,
    pub(super) state: OrderState,
    pub(super) is_deleted: bool,
}

/// All rows of a batch.
pub(super) fn rows(decided: &[Decided<'_>], now: Timestamp) -> Rows {
    let mut rows = Rows::default();
    // The last of several steps of one order, and of several charges of one customer.
    let mut heads: BTreeMap<OrderId, Head> = BTreeMap::new();
    let mut balances: BTreeMap<CustomerId, (Money, i64)> = BTreeMap::new();
    for decided in decided {
        match (&decided.posting.order, decided.order) {
            (Some(OrderPart::New(order)), Some(id)) => rows.place(decided, order, id, now),
            (Some(OrderPart::Step(details)), Some(id)) => {
                let Some(state) = decided.accepted.order else { continue };
                rows.step(decided, details, (id, state), now);
                let is_deleted = event_name(decided) == "deleted";
                let before = heads.get(&id).map_or(state.version - 1, |head| head.loaded);
                heads.insert(id, Head { order: id, loaded: before, state, is_deleted });
            }
            _ => {}
        }
        if let Some(entry) = &decided.accepted.entry {
            balances.insert(entry.customer, (entry.balance, entry.version));
            rows.entry(decided, now);
        }
    }
    rows.heads.extend(heads.into_values());
    let balance =
        |(customer, (owed, version)): (_, (Money, i64))| (customer, owed.cents(), version);
    rows.balances.extend(balances.into_iter().map(balance));
    rows
}

impl Rows {
    /// How many rows are new, or changed in what customers owe.
    pub(super) fn count(&self) -> i64 {
        let Self { orders, pending, items, history, payments, returns, balances, entries, .. } =
            self;
        let new = [orders, pending, items, history, payments, returns, entries];
        let count = new.iter().map(|rows| rows.len()).sum::<usize>() + balances.len();
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    fn place(&mut self, decided: &Decided<'_>, order: &NewOrder, id: OrderId, now: Timestamp) {
        let date = order.order_date.unwrap_or(now);
        let day = business_day(date, &order.time_zone, order.day_cut_hour);
        let status = order.channel.first_status();
        self.orders.push(json!((
            (id, decided.posting.store, order.customer, order.employee, order.user),
            (order.channel.name(), status.name(), date.0, day),
            (order.amount.total.cents(), order.amount.tax.cents()),
            (&order.reference, &order.note),
        )));
        if !status.is_end() {
            self.pending.push(json!((id, now.0)));
        }
        for (number, item) in (1_i64..).zip(&order.items) {
            let amount = item.amount;
            self.items.push(json!((
                (id, number, item.product, &item.sku, &item.name),
                (item.quantity.thousandths(), item.price.cents()),
                (item.tax_rate.hundred_thousandths(), amount.total.cents(), amount.tax.cents()),
            )));
        }
        let state = OrderState { status, version: 1 };
        self.history(decided, (id, state), None, now);
        self.payments(&order.payments, 0, (id, state));
    }

    fn step(
        &mut self,
        decided: &Decided<'_>,
        details: &StepDetails,
        (id, state): (OrderId, OrderState),
        now: Timestamp,
    ) {
        self.history(decided, (id, state), details.note.as_deref(), now);
        self.payments(&details.payments, details.payments_before, (id, state));
        for back in &details.returns {
            self.returns.push(json!((
                (id, state.version, back.item, back.quantity.thousandths()),
                (back.disposition.name(), back.amount.total.cents(), back.amount.tax.cents()),
            )));
        }
    }

    fn history(
        &mut self,
        decided: &Decided<'_>,
        (id, state): (OrderId, OrderState),
        note: Option<&str>,
        now: Timestamp,
    ) {
        let actor = &decided.posting.origin.actor;
        let short = shortages(decided);
        let short = (!short.is_empty()).then(|| serde_json::to_string(&short).unwrap_or_default());
        let event = event_name(decided);
        self.history.push(json!((
            (id, state.version, event, state.status.name(), now.0),
            (actor.id, &*actor.name, note, short),
        )));
    }

    fn payments(&mut self, all: &[Payment], before: usize, (id, state): (OrderId, OrderState)) {
        for (number, payment) in (before + 1..).zip(all) {
            let (method, amount) = (payment.method.name(), payment.amount.cents());
            self.payments.push(json!((id, number, state.version, method, amount)));
        }
    }

    fn entry(&mut self, decided: &Decided<'_>, now: Timestamp) {
        let Some(entry) = &decided.accepted.entry else { return };
        let Posting { origin, charge, store, .. } = decided.posting;
        let method = charge.method.map(super::document::Method::name);
        let (amount, balance) = (entry.amount.cents(), entry.balance.cents());
        self.entries.push(json!((
            (entry.customer, entry.version, entry.kind.name(), amount, balance, now.0),
            (store, decided.order, method, &charge.reference, &charge.note),
            (entry.reverses, origin.actor.id, &*origin.actor.name),
        )));
    }
}

/// What was missing, item by item.
fn shortages(decided: &Decided<'_>) -> Vec<Shortage> {
    let Some(OrderPart::Step(details)) = &decided.posting.order else { return Vec::new() };
    let mut missing: BTreeMap<i64, i64> = BTreeMap::new();
    for (line, refusal) in &decided.accepted.shortages {
        let Some(item) = decided.posting.details.get(*line).and_then(|d| d.order_item) else {
            continue;
        };
        let lacks = match *refusal {
            Refusal::NotEnough { requested, on_hand } => (requested - on_hand).thousandths(),
            _ => i64::MAX,
        };
        let so_far = missing.entry(item).or_default();
        *so_far = so_far.saturating_add(lacks);
    }
    let short = details.items.iter().filter_map(|item| {
        let lacks = missing.get(&item.id)?;
        let requested = item.quantity.thousandths();
        let available = requested.saturating_sub(*lacks).max(0);
        let (product_id, sku) = (item.product.0, item.sku.clone());
        Some(Shortage { item_id: item.id, product_id, sku, requested, available })
    });
    short.collect()
}

/// What has happened to its order: `placed`, `confirmed` …
fn event_name(decided: &Decided<'_>) -> &'static str {
    match &decided.posting.order {
        Some(OrderPart::New(order)) => order.channel.first_event(),
        _ => {
            let Some(step) = decided.posting.parcel.step else { return "" };
            let is_other = !decided.accepted.shortages.is_empty();
            step.otherwise.filter(|_| is_other).unwrap_or(step.step).name()
        }
    }
}

/// The same as events and records name it.
fn order_event(name: &str) -> &'static str {
    match name {
        "placed" => "order.placed",
        "sold" => "order.sold",
        "confirmed" => "order.confirmed",
        "rejected" => "order.rejected",
        "shipped" => "order.shipped",
        "completed" => "order.completed",
        "cancelled" => "order.cancelled",
        "returned" => "order.returned",
        _ => "order.deleted",
    }
}

const fn entry_event(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Payment => "customer.paid",
        EntryKind::Reversal => "customer.payment_reversed",
        EntryKind::CreditSale | EntryKind::Return => "customer.charged",
    }
}

impl Decided<'_> {
    /// What followers learn of its order and of its customer, and what is put on record under the
    /// same names. The first is what it is about.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        if let (Some(id), Some(data)) = (self.order, self.order_data()) {
            let kind = order_event(event_name(self));
            events.push(Event::new(kind, "order", id.0, &data).in_store(self.posting.store));
        }
        if let Some(entry) = &self.accepted.entry {
            let data = json!({ "version": entry.version, "order_id": self.order });
            let event = Event::new(entry_event(entry.kind), "customer", entry.customer.0, &data);
            events.push(event.in_store(self.posting.store));
        }
        events
    }

    /// Who did it. The system does it for someone, and is not them.
    fn by(&self) -> Option<i64> {
        let actor = &self.posting.origin.actor;
        actor.id.filter(|_| actor.kind != ActorKind::System)
    }

    /// Whether goods had to be found for it that were not on record.
    fn has_found(&self) -> bool {
        self.posting.parcel.lines.iter().any(|line| line.kind == MovementKind::Found)
    }

    fn order_data(&self) -> Option<impl Serialize> {
        match &self.posting.order {
            Some(OrderPart::New(order)) => Some(json!({
                "by": self.by(),
                "override": self.has_found(),
                "version": 1,
                "status": order.channel.first_status().name(),
                "total": order.amount.total,
                "items": order.items.len(),
                "customer_id": order.customer,
                "user_id": order.user,
            })),
            Some(OrderPart::Step(_)) => {
                let state = self.accepted.order?;
                Some(json!({
                    "by": self.by(),
                    "version": state.version,
                    "status": state.status.name(),
                }))
            }
            None => None,
        }
    }

    /// What is put on record of it beside its movements.
    pub(super) fn record(&self) -> Value {
        let mut record = json!({});
        if let (Some(data), Value::Object(_)) = (self.order_data(), &record) {
            record = serde_json::to_value(data).unwrap_or_default();
        }
        if let Some(OrderPart::New(order)) = &self.posting.order {
            record["payments"] = payments_json(&order.payments);
        }
        if let Some(OrderPart::Step(details)) = &self.posting.order
            && !details.payments.is_empty()
        {
            record["payments"] = payments_json(&details.payments);
        }
        if let Some(entry) = &self.accepted.entry {
            record["entry"] = json!({
                "customer_id": entry.customer,
                "version": entry.version,
                "amount": entry.amount,
                "balance": entry.balance,
            });
        }
        record
    }

    /// What its caller is told that it has made.
    pub(super) fn made(&self, now: Timestamp) -> Option<Made> {
        if let Some(id) = self.order {
            let version = self.accepted.order.map_or(1, |state| state.version);
            return Some(Made::Order { id, version, at: now.0 });
        }
        let entry = self.accepted.entry?;
        let (customer, version) = (entry.customer, entry.version);
        Some(Made::Entry { customer, version, store: self.posting.store })
    }
}

fn payments_json(payments: &[Payment]) -> Value {
    let payment = |p: &Payment| json!({ "method": p.method.name(), "amount": p.amount });
    payments.iter().map(payment).collect()
}
