//! Goods of an order or a sale that come back: what moves, and what is given for it.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use stockroom_domain::credit::EntryKind;
use stockroom_domain::orders::Amount;
use stockroom_domain::permissions::Permission;
use stockroom_domain::returns::{self, Taken};
use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Valuation};
use stockroom_domain::{Money, Quantity};

use super::order::Order;
use super::requests::{ITEMS_MAX, PaymentRequest, on_credit, sum};
use super::sql::{self, TakenRow};
use super::steps::{Plan, charge, check_sum};
use crate::App;
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::http::{Note, WireQuantity};
use crate::ledger::Details;
use crate::ledger::document::{Disposition, Method, NewReturn, Payment};

/// Goods that a customer brings back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = return_example())]
pub struct ReturnRequest {
    /// What: each item once.
    pub(super) items: Vec<ReturnedItem>,
    /// How the money is given back: together exactly what is given back for the items. Unless
    /// stated, in the ways in which it was paid, what the customer owes first.
    pub(super) refunds: Option<Vec<PaymentRequest>>,
    /// Free text.
    pub(super) note: Option<Note>,
}

fn return_example() -> Value {
    json!({ "items": [{ "item_id": 1, "quantity": 1, "disposition": "restock" }] })
}

/// Goods of one item that come back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedItem {
    /// The item's number in the order.
    item_id: i64,
    /// How much.
    quantity: WireQuantity,
    /// What becomes of it.
    disposition: WireDisposition,
    /// Why it is written off; `damaged` unless stated.
    reason: Option<WriteOffReason>,
}

/// What becomes of goods that came back.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WireDisposition {
    /// Back on the shelf.
    Restock,
    /// Thrown away: recorded as returned and as removed.
    WriteOff,
}

/// Why goods that came back are thrown away.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WriteOffReason {
    /// Broken, torn, opened.
    #[default]
    Damaged,
    /// Past its day.
    Expired,
    /// Something else; the note says what.
    Other,
}

impl WriteOffReason {
    const fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Expired => "expired",
            Self::Other => "other",
        }
    }
}

/// Checks everything about goods that come back that the request alone can tell.
pub(super) fn check_returned(items: &[ReturnedItem], faults: &mut Faults) -> Vec<Back> {
    if items.is_empty() || items.len() > ITEMS_MAX {
        faults.add("items", "Name what comes back, each item once.");
        return Vec::new();
    }
    let mut returned: Vec<Back> = Vec::with_capacity(items.len());
    let mut named = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let field = |name: &str| format!("items[{index}].{name}");
        if !item.quantity.0.is_positive() {
            faults.add(field("quantity"), "A quantity is more than zero.");
        }
        if !named.insert(item.item_id) {
            faults.add(field("item_id"), "This item is named twice.");
        }
        let disposition = match item.disposition {
            WireDisposition::Restock => Disposition::Restock,
            WireDisposition::WriteOff => Disposition::WriteOff,
        };
        if item.reason.is_some() && disposition == Disposition::Restock {
            faults.add(field("reason"), "Only what is written off needs a reason.");
        }
        let reason = item.reason.unwrap_or_default().name();
        returned.push(Back { item: item.item_id, quantity: item.quantity.0, disposition, reason });
    }
    returned
}

/// Goods of one item that come back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Back {
    item: i64,
    quantity: Quantity,
    disposition: Disposition,
    reason: &'static str,
}

/// Takes goods back, and says what is given for them.
pub(super) async fn take_goods_back(
    app: &App,
    order: &Order,
    returned: &[Back],
    refunds: Option<(&[Payment], bool)>,
) -> ApiResult<Plan> {
    let taken = sql::taken(Conn::from(&mut app.db.read().await?), order.id()).await?;
    let mut plan = Plan::default();
    let mut refund = Amount::default();
    for (index, back) in returned.iter().enumerate() {
        let Some(item) = order.items.iter().find(|item| item.id == back.item) else {
            let message = format!("This order has no item {}.", back.item);
            return Err(ApiError::invalid(format!("items[{index}].item_id"), message));
        };
        let before = order.returned(back.item);
        let of_item: Vec<&TakenRow> =
            taken.iter().filter(|row| row.order_item == back.item).collect();
        let from: Vec<Taken> = of_item
            .iter()
            .map(|row| Taken {
                quantity: -Quantity::from_thousandths(row.quantity),
                value: Money::from_cents(-row.value),
            })
            .collect();
        let parts = returns::parts(&from, before, back.quantity);
        let amount = item.priced().refund(before, back.quantity);
        let (Some(parts), Some(amount)) = (parts, amount) else {
            let left = item.priced().quantity - before;
            let message = format!("Of this item {left} can still come back.");
            return Err(ApiError::invalid(format!("items[{index}].quantity"), message)
                .with_detail("returnable", left.to_string()));
        };
        for part in parts {
            let key = of_item[part.of].key(order);
            plan.lines.extend(lines_back(key, &part, back));
        }
        let Back { item, quantity, disposition, .. } = *back;
        plan.returns.push(NewReturn { item, quantity, disposition, amount });
        let total = refund.plus(amount);
        refund = total.ok_or_else(|| ApiError::internal("a refund exceeds what was paid"))?;
    }
    let usual = refunds_as_paid(&order.paid(), refund.total);
    let refunds = match refunds {
        None => usual,
        Some((refunds, may_choose)) => {
            check_sum("refunds", refunds, sum(&usual).unwrap_or_default())?;
            // Money for what still stands on the customer's account, or credit for money.
            if on_credit(refunds) != on_credit(&usual) && !may_choose {
                let permission = Permission::SuperviseSales.name();
                let credit = on_credit(&usual);
                let message = format!(
                    "{credit} of this goes off the customer's account: another way needs the \
                     permission {permission}."
                );
                let code = ErrorCode::Forbidden;
                return Err(ApiError::field(code, code.name(), "refunds", message)
                    .with_detail("permission", permission)
                    .with_detail("credit", credit.to_string()));
            }
            refunds.to_vec()
        }
    };
    plan.charge = charge(order, EntryKind::Return, on_credit(&refunds))?;
    let given = refunds.into_iter().map(|back| Payment { amount: -back.amount, ..back });
    plan.payments = given.collect();
    Ok(plan)
}

/// The goods come in at what they had cost; what is written off goes out again.
fn lines_back(key: LevelKey, part: &returns::Part, back: &Back) -> Vec<(Line, Details)> {
    let details = Details { order_item: Some(back.item), ..Details::default() };
    let line = |kind, change, valuation| Line {
        key,
        kind,
        change: Change::By(change),
        valuation,
        expected_version: None,
        reverses: None,
    };
    let value = Valuation::Total(part.value);
    let mut lines = vec![(line(MovementKind::SaleReturn, part.quantity, value), details.clone())];
    if back.disposition == Disposition::WriteOff {
        let out = line(MovementKind::ManualRemove, -part.quantity, Valuation::Usual);
        lines.push((out, Details { reason: Some(back.reason.to_owned()), ..details }));
    }
    lines
}

/// Gives an amount back in the ways in which an order was paid: off the customer's account first,
/// then in the order of the payments. Nothing where nothing was paid here.
fn refunds_as_paid(paid: &[Payment], amount: Money) -> Vec<Payment> {
    let mut left = amount;
    let mut refunds = Vec::new();
    let credit_first = |payment: &&Payment| payment.method != Method::Credit;
    let mut paid: Vec<&Payment> = paid.iter().collect();
    paid.sort_by_key(credit_first);
    for payment in paid {
        let part = left.min(payment.amount);
        if part > Money::ZERO {
            refunds.push(Payment { method: payment.method, amount: part });
            left = Money::from_cents(left.cents() - part.cents());
        }
    }
    refunds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_goes_back_as_it_came_what_is_owed_first() {
        let payment = |method, cents| Payment { method, amount: Money::from_cents(cents) };
        let check = |paid: &[Payment], cents, expect: &[Payment]| {
            assert_eq!(refunds_as_paid(paid, Money::from_cents(cents)), expect);
        };
        let cash = |cents| payment(Method::Cash, cents);
        let credit = |cents| payment(Method::Credit, cents);
        check(&[cash(500)], 300, &[cash(300)]);
        check(&[cash(500), credit(400)], 300, &[credit(300)]);
        check(&[cash(500), credit(400)], 700, &[credit(400), cash(300)]);
        // A part was given back before: of that way of paying, less is left.
        check(&[cash(500), credit(0)], 300, &[cash(300)]);
        check(&[], 300, &[]);
    }
}
