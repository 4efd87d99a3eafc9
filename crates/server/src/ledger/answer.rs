//! A movement as the API shows it, and what the ledger answers with.

use serde::Serialize;
use stockroom_domain::stock::{Movement, MovementKind};
use stockroom_domain::{LotId, Money, MovementId, OrderId, ProductId, Quantity, StoreId, UserId};

use super::posting::Details;
use crate::clock::Rfc3339;
use stockroom_domain::Timestamp;

/// Who did it.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Actor<'a> {
    /// The user.
    #[schemars(with = "i64")]
    pub id: UserId,
    /// By which name that one signs in.
    pub username: &'a str,
}

/// A batch of one product.
#[derive(Clone, Copy, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Lot")]
pub struct LotView<'a> {
    /// The lot's code, as printed on the goods.
    pub code: &'a str,
    /// The day after which it must not be sold, if there is one.
    pub expires_on: Option<&'a str>,
}

/// One entry of the ledger.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Movement")]
pub struct MovementView<'a> {
    /// The entry.
    #[schemars(with = "i64")]
    pub id: MovementId,
    /// Why goods moved: `stock_in`, `sale`, `manual_remove`, `sale_return`, `found`,
    /// `count_adjustment` or `reversal`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where.
    #[schemars(with = "i64")]
    pub store_id: StoreId,
    /// What.
    #[schemars(with = "i64")]
    pub product_id: ProductId,
    /// The product's SKU.
    pub sku: &'a str,
    /// Which lot, if the product's lots are tracked.
    pub lot: Option<LotView<'a>>,
    /// Signed, in the product's unit.
    #[schemars(with = "f64")]
    pub quantity: Quantity,
    /// What was on hand after it.
    #[schemars(with = "f64")]
    pub balance: Quantity,
    /// 1, 2, 3 … per store, product and lot.
    pub version: i64,
    /// Why goods were removed or a level corrected.
    pub reason: Option<&'a str>,
    /// Free text.
    pub note: Option<&'a str>,
    /// A document's number.
    pub reference: Option<&'a str>,
    /// What a unit cost, as it was stated; only for those who may see costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub unit_cost: Option<Money>,
    /// The order that it was made for.
    #[schemars(with = "Option<i64>")]
    pub order_id: Option<OrderId>,
    /// The movement that this one undoes.
    #[schemars(with = "Option<i64>")]
    pub reverses: Option<MovementId>,
    /// The movement that undid this one.
    #[schemars(with = "Option<i64>")]
    pub reversed_by: Option<MovementId>,
    /// Who did it.
    pub actor: Actor<'a>,
    /// When it happened.
    pub effective_at: Rfc3339,
    /// When it was written; strictly rising per store, product and lot.
    pub recorded_at: Rfc3339,
}

/// A movement as it is read from the database.
#[derive(Clone, Debug)]
pub struct MovementRow {
    /// The entry.
    pub id: i64,
    /// Why goods moved.
    pub kind: String,
    /// Where.
    pub store_id: i64,
    /// What.
    pub product_id: i64,
    /// Which lot, 0 for none.
    pub lot_id: i64,
    /// The product's SKU.
    pub sku: String,
    /// The lot's code.
    pub lot_code: Option<String>,
    /// The lot's last day.
    pub expires_on: Option<String>,
    /// Thousandths, signed.
    pub quantity: i64,
    /// Thousandths.
    pub balance: i64,
    /// Cents, signed.
    pub value: i64,
    /// Per level.
    pub version: i64,
    /// Why.
    pub reason: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// A document's number.
    pub reference: Option<String>,
    /// Cents.
    pub unit_cost: Option<i64>,
    /// The order.
    pub order_id: Option<i64>,
    /// The movement undone.
    pub reverses: Option<i64>,
    /// The movement that undid this one.
    pub reversed_by: Option<i64>,
    /// Who.
    pub actor_id: i64,
    /// By which name.
    pub username: String,
    /// Microseconds.
    pub effective_at: i64,
    /// Microseconds.
    pub recorded_at: i64,
}

crate::from_row!(MovementRow {
    id,
    kind,
    store_id,
    product_id,
    lot_id,
    sku,
    lot_code,
    expires_on,
    quantity,
    balance,
    value,
    version,
    reason,
    note,
    reference,
    unit_cost,
    order_id,
    reverses,
    reversed_by,
    actor_id,
    username,
    effective_at,
    recorded_at,
});

impl MovementRow {
    /// As the API shows it.
    pub fn view(&self, shows_cost: bool) -> MovementView<'_> {
        MovementView {
            id: MovementId(self.id),
            kind: MovementKind::from_name(&self.kind).map_or("", MovementKind::name),
            store_id: StoreId(self.store_id),
            product_id: ProductId(self.product_id),
            sku: &self.sku,
            lot: self
                .lot_code
                .as_deref()
                .map(|code| LotView { code, expires_on: self.expires_on.as_deref() }),
            quantity: Quantity::from_thousandths(self.quantity),
            balance: Quantity::from_thousandths(self.balance),
            version: self.version,
            reason: self.reason.as_deref(),
            note: self.note.as_deref(),
            reference: self.reference.as_deref(),
            unit_cost: self.unit_cost.filter(|_| shows_cost).map(Money::from_cents),
            order_id: self.order_id.map(OrderId),
            reverses: self.reverses.map(MovementId),
            reversed_by: self.reversed_by.map(MovementId),
            actor: Actor { id: UserId(self.actor_id), username: &self.username },
            effective_at: Rfc3339(Timestamp(self.effective_at)),
            recorded_at: Rfc3339(Timestamp(self.recorded_at)),
        }
    }
}

/// What a batch has loaded about a level beside its numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    /// The product's SKU.
    pub(super) sku: String,
    /// The lot's code and last day.
    pub(super) lot: Option<(String, Option<String>)>,
    /// The store's time zone.
    pub(super) time_zone: String,
    /// The hour at which the store's business day begins.
    pub(super) day_cut_hour: i64,
}

/// A movement that is being written, as the API will show it.
pub(super) fn view_of<'a>(
    id: MovementId,
    movement: &Movement,
    details: &'a Details,
    labels: &'a Labels,
    actor: Actor<'a>,
    shows_cost: bool,
) -> MovementView<'a> {
    debug_assert!(labels.lot.is_some() || movement.key.lot == LotId::NONE);
    MovementView {
        id,
        kind: movement.kind.name(),
        store_id: movement.key.store,
        product_id: movement.key.product,
        sku: &labels.sku,
        lot: labels.lot.as_ref().map(|(code, day)| LotView { code, expires_on: day.as_deref() }),
        quantity: movement.quantity,
        balance: movement.balance,
        version: movement.version,
        reason: details.reason.as_deref(),
        note: details.note.as_deref(),
        reference: details.reference.as_deref(),
        unit_cost: details.unit_cost.filter(|_| shows_cost),
        // Those of an order are not told here, but with the order.
        order_id: None,
        reverses: movement.reverses,
        reversed_by: None,
        actor,
        effective_at: Rfc3339(details.effective_at.unwrap_or(movement.recorded_at)),
        recorded_at: Rfc3339(movement.recorded_at),
    }
}
