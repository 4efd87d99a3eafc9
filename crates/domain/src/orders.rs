//! The life of an order, and what its lines come to.
//!
//! An order is placed, and takes its goods later or is rejected; a till's sale is complete when it
//! is made. Which step may follow which stands in [`Status::after`] and nowhere else; [`decide`]
//! takes one, if the order is still as whoever wishes it has seen it. Prices
//! contain their tax. A line is rounded once, an order is the sum of its rounded lines, and what
//! is given back for a part of a line is the difference of two rounded amounts, so that all parts
//! together give back exactly what was paid.

use crate::catalog::TaxRate;
use crate::ids::OrderId;
use crate::money::{Money, divide_rounded};
use crate::quantity::Quantity;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Placed; its goods are not taken yet.
    Pending,
    /// Its goods are taken.
    Confirmed,
    /// There was not enough of something.
    Rejected,
    /// On its way to the customer.
    Shipped,
    /// Done and paid.
    Completed,
    /// Called off.
    Cancelled,
}

/// What is done to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Takes its goods.
    Confirm,
    /// Turns it down, for want of goods.
    Reject,
    /// Sends it.
    Ship,
    /// Ends it well.
    Complete,
    /// Calls it off; goods that were taken come back.
    Cancel,
    /// Takes some of its goods back.
    Return,
    /// Hides it.
    Delete,
}

impl Step {
    /// What has been done then, as the order's history and its events say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirmed",
            Self::Reject => "rejected",
            Self::Ship => "shipped",
            Self::Complete => "completed",
            Self::Cancel => "cancelled",
            Self::Return => "returned",
            Self::Delete => "deleted",
        }
    }

    /// Whether it brings goods back that the order had taken.
    pub const fn brings_back(self) -> bool {
        matches!(self, Self::Cancel | Self::Return)
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Confirmed,
        Self::Rejected,
        Self::Shipped,
        Self::Completed,
        Self::Cancelled,
    ];

    /// Its name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Shipped => "shipped",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Where a step leads from here, or `None` where it cannot be taken.
    pub const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Pending, Step::Confirm) => Some(Self::Confirmed),
            (Self::Pending, Step::Reject) => Some(Self::Rejected),
            (Self::Pending | Self::Confirmed, Step::Cancel) => Some(Self::Cancelled),
            (Self::Confirmed, Step::Ship) => Some(Self::Shipped),
            (Self::Shipped, Step::Complete) => Some(Self::Completed),
            (Self::Shipped | Self::Completed, Step::Return) => Some(self),
            (_, Step::Delete) if self.is_end() => Some(self),
            _ => None,
        }
    }

    /// Whether nothing follows but returns.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Rejected | Self::Completed | Self::Cancelled)
    }

    /// Whether its goods have left the shelf for it.
    pub const fn has_taken(self) -> bool {
        matches!(self, Self::Confirmed | Self::Shipped | Self::Completed)
    }
}

/// What is known of an order when a step is decided upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// Where it stands.
    pub status: Status,
    /// 1 when it was placed, and one more with each step.
    pub version: i64,
}

/// One wish: take this order a step further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderStep {
    /// Which order.
    pub order: OrderId,
    /// The version that the order must have: the one that the wish was made for.
    pub expected_version: i64,
    /// What is done.
    pub step: Step,
    /// What is done instead where goods that it needs are not there.
    pub otherwise: Option<Step>,
}

/// Why a step must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderRefusal {
    /// There is no such order.
    UnknownOrder,
    /// The order has gone on since the wish was made.
    VersionMismatch {
        /// Where it is.
        state: OrderState,
    },
    /// From where the order stands, the step leads nowhere.
    NotPossible {
        /// Where it is.
        state: OrderState,
    },
}

/// Decides one step of one order: where it leads, or why it must not be.
///
/// # Errors
/// An [`OrderRefusal`]; nothing has changed then, for nothing changes here.
pub fn decide(
    order: Option<&OrderState>,
    expected_version: i64,
    step: Step,
) -> Result<OrderState, OrderRefusal> {
    let state = *order.ok_or(OrderRefusal::UnknownOrder)?;
    if state.version != expected_version {
        return Err(OrderRefusal::VersionMismatch { state });
    }
    let status = state.status.after(step).ok_or(OrderRefusal::NotPossible { state })?;
    Ok(OrderState { status, version: state.version + 1 })
}

/// So much of something at a price, tax included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// How much, in the product's unit; above zero.
    pub quantity: Quantity,
    /// What one unit sells for.
    pub price: Money,
    /// The tax in it.
    pub tax_rate: TaxRate,
}

/// An amount and the tax in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Tax included.
    pub total: Money,
    /// The tax.
    pub tax: Money,
}

impl Priced {
    /// What it comes to, rounded once. `None` where that exceeds what an amount can hold.
    pub fn amount(&self) -> Option<Amount> {
        self.amount_of(self.quantity)
    }

    /// What is given back for `returned` of it, `before` having been returned already. `None`
    /// where that is more than there is.
    pub fn refund(&self, before: Quantity, returned: Quantity) -> Option<Amount> {
        let after = before.checked_add(returned)?;
        if before.is_negative() || returned.is_negative() || after > self.quantity {
            return None;
        }
        let (given, gives) = (self.amount_of(before)?, self.amount_of(after)?);
        gives.minus(given)
    }

    fn amount_of(&self, quantity: Quantity) -> Option<Amount> {
        let total = self.price.times(quantity)?;
        let rate = i128::from(self.tax_rate.hundred_thousandths());
        let whole = i128::from(TaxRate::MAX.hundred_thousandths()) + rate;
        let tax = divide_rounded(i128::from(total.cents()) * rate, whole)?;
        Some(Amount { total, tax: Money::from_cents(tax) })
    }
}

impl Amount {
    /// The sum, or `None` where it exceeds what an amount can hold.
    pub fn plus(self, other: Self) -> Option<Self> {
        let total = self.total.checked_add(other.total)?;
        Some(Self { total, tax: self.tax.checked_add(other.tax)? })
    }

    fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { total: -other.total, tax: -other.tax })
    }

    /// What all of some lines come to.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::default(), Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 7] = [
        Step::Confirm,
        Step::Reject,
        Step::Ship,
        Step::Complete,
        Step::Cancel,
        Step::Return,
        Step::Delete,
    ];

    fn priced(thousandths: i64, cents: i64, percent: &str) -> Priced {
        Priced {
            quantity: Quantity::from_thousandths(thousandths),
            price: Money::from_cents(cents),
            tax_rate: TaxRate::parse_percent(percent).expect("a rate"),
        }
    }

    #[test]
    fn an_order_lives_as_the_contract_says() {
        let mut ways = Vec::new();
        for from in Status::ALL {
            for step in STEPS {
                if let Some(to) = from.after(step) {
                    ways.push((from.name(), step.name(), to.name()));
                }
            }
        }
        assert_eq!(
            ways,
            [
                ("pending", "confirmed", "confirmed"),
                ("pending", "rejected", "rejected"),
                ("pending", "cancelled", "cancelled"),
                ("confirmed", "shipped", "shipped"),
                ("confirmed", "cancelled", "cancelled"),
                ("rejected", "deleted", "rejected"),
                ("shipped", "completed", "completed"),
                ("shipped", "returned", "shipped"),
                ("completed", "returned", "completed"),
                ("completed", "deleted", "completed"),
                ("cancelled", "deleted", "cancelled"),
            ]
        );
    }

    #[test]
    fn from_an_end_no_step_leads_on_and_from_anywhere_else_one_does() {
        for status in Status::ALL {
            let leads_on = STEPS.iter().filter_map(|step| status.after(*step));
            let leads_on = leads_on.filter(|to| *to != status).count() > 0;
            assert_eq!(leads_on, !status.is_end(), "{status:?}");
            assert_eq!(Status::from_name(status.name()), Some(status));
        }
        assert_eq!(Status::from_name("lost"), None);
    }

    #[test]
    fn only_what_was_taken_can_come_back() {
        for status in Status::ALL {
            assert!(status.has_taken() || status.after(Step::Return).is_none(), "{status:?}");
        }
    }

    #[test]
    fn a_step_is_for_the_order_as_it_was_seen() {
        let state = OrderState { status: Status::Pending, version: 1 };
        let confirmed = OrderState { status: Status::Confirmed, version: 2 };
        assert_eq!(decide(Some(&state), 1, Step::Confirm), Ok(confirmed));
        let gone_on = Err(OrderRefusal::VersionMismatch { state: confirmed });
        assert_eq!(decide(Some(&confirmed), 1, Step::Cancel), gone_on);
        let nowhere = Err(OrderRefusal::NotPossible { state: confirmed });
        assert_eq!(decide(Some(&confirmed), 2, Step::Confirm), nowhere);
        assert_eq!(decide(None, 1, Step::Ship), Err(OrderRefusal::UnknownOrder));
    }

    #[test]
    fn a_line_contains_its_tax() {
        let amount = |line: Priced| line.amount().map(|a| (a.total.cents(), a.tax.cents()));
        assert_eq!(amount(priced(1_284, 189, "7")), Some((243, 16)));
        assert_eq!(amount(priced(2_000, 1_190, "19")), Some((2_380, 380)));
        assert_eq!(amount(priced(1_000, 999, "0")), Some((999, 0)));
        assert_eq!(amount(priced(1_000, 100, "100")), Some((100, 50)));
        assert_eq!(amount(priced(i64::MAX, i64::MAX, "0")), None);
    }

    #[test]
    fn parts_that_come_back_one_by_one_give_back_what_was_paid() {
        for line in [priced(3_000, 333, "19"), priced(1_284, 189, "7"), priced(7, 999, "5.5")] {
            let paid = line.amount().expect("an amount");
            let mut back = Amount::default();
            let mut returned = Quantity::ZERO;
            let part = Quantity::from_thousandths((line.quantity.thousandths() / 3).max(1));
            while returned < line.quantity {
                let left = line.quantity - returned;
                let now = part.min(left);
                back = back.plus(line.refund(returned, now).expect("a refund")).expect("a sum");
                returned = returned.checked_add(now).expect("a quantity");
            }
            assert_eq!(back, paid, "{line:?}");
            assert_eq!(line.refund(returned, Quantity::from_thousandths(1)), None);
            assert_eq!(line.refund(Quantity::ZERO, Quantity::from_thousandths(-1)), None);
        }
    }

    #[test]
    fn an_order_is_the_sum_of_its_rounded_lines() {
        let lines = [priced(1_500, 3, "19"), priced(1_500, 3, "19")];
        let sum = Amount::sum(lines.iter().filter_map(Priced::amount)).expect("a sum");
        // 0.045 is rounded to 0.05 twice, where the sum would be 0.09.
        assert_eq!(sum.total.cents(), 10);
        let most = Amount { total: Money::from_cents(i64::MAX), tax: Money::ZERO };
        assert_eq!(Amount::sum([most, sum]), None);
    }
}
