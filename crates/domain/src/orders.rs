//! The life of an order, and what its lines come to.
//!
//! An order is placed, and takes its goods later or is rejected; a till's sale is complete when it
//! is made. Which step may follow which stands in [`Status::after`] and nowhere else. Prices
//! contain their tax. A line is rounded once, an order is the sum of its rounded lines, and what
//! is given back for a part of a line is the difference of two rounded amounts, so that all parts
//! together give back exactly what was paid.

use crate::catalog::TaxRate;
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

    /// Whether the customer can have goods of it to bring back.
    pub const fn may_be_returned(self) -> bool {
        matches!(self, Self::Shipped | Self::Completed)
    }
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

    const STEPS: [Step; 5] =
        [Step::Confirm, Step::Reject, Step::Ship, Step::Complete, Step::Cancel];

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
                    ways.push((from.name(), to.name()));
                }
            }
        }
        assert_eq!(
            ways,
            [
                ("pending", "confirmed"),
                ("pending", "rejected"),
                ("pending", "cancelled"),
                ("confirmed", "shipped"),
                ("confirmed", "cancelled"),
                ("shipped", "completed"),
            ]
        );
    }

    #[test]
    fn from_an_end_no_step_leads_on_and_from_anywhere_else_one_does() {
        for status in Status::ALL {
            let leads_on = STEPS.iter().any(|step| status.after(*step).is_some());
            assert_eq!(leads_on, !status.is_end(), "{status:?}");
            assert_eq!(Status::from_name(status.name()), Some(status));
        }
        assert_eq!(Status::from_name("lost"), None);
    }

    #[test]
    fn only_what_was_taken_can_come_back() {
        for status in Status::ALL {
            assert!(status.has_taken() || !status.may_be_returned(), "{status:?}");
        }
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
