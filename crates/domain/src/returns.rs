//! What comes back of goods that were sold, pure.
//!
//! An item may have been taken from several levels. What comes back of it goes to them in the
//! order in which it was taken, and takes with it what the goods had cost: the n-th part of a
//! movement is the difference of two rounded shares, so that all parts together bring back its
//! whole value.

use crate::money::Money;
use crate::quantity::Quantity;

/// Goods that one movement took out for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How much; above zero.
    pub quantity: Quantity,
    /// What it had cost.
    pub value: Money,
}

/// A part of what comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which of the movements took it out, by its index.
    pub of: usize,
    /// How much.
    pub quantity: Quantity,
    /// What it had cost.
    pub value: Money,
}

/// Where `returned` goes back to, when `before` of it has come back already. `None` where that is
/// more than was taken.
pub fn parts(taken: &[Taken], before: Quantity, returned: Quantity) -> Option<Vec<Part>> {
    let mut skip = before;
    let mut left = returned;
    let mut parts = Vec::new();
    for (of, taken) in taken.iter().enumerate() {
        let skipped = skip.min(taken.quantity);
        skip = skip - skipped;
        let quantity = left.min(taken.quantity - skipped);
        left = left - quantity;
        if quantity.is_positive() {
            let until = skipped.checked_add(quantity)?;
            let share = |quantity| taken.value.share(quantity, taken.quantity);
            let value = share(until)?.checked_add(-share(skipped)?)?;
            parts.push(Part { of, quantity, value });
        }
    }
    (left == Quantity::ZERO && skip == Quantity::ZERO).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(units: i64, cents: i64) -> Taken {
        Taken { quantity: Quantity::units(units), value: Money::from_cents(cents) }
    }

    fn check(before: i64, returned: i64, expect: Option<&[(usize, i64, i64)]>) {
        let from = [taken(3, 100), taken(2, 50)];
        let parts = parts(&from, Quantity::units(before), Quantity::units(returned));
        let told = parts.map(|parts| {
            let part = |part: &Part| (part.of, part.quantity, part.value.cents());
            parts.iter().map(part).collect::<Vec<_>>()
        });
        let expect = expect.map(|parts| {
            let part =
                |(of, units, cents): &(usize, i64, i64)| (*of, Quantity::units(*units), *cents);
            parts.iter().map(part).collect::<Vec<_>>()
        });
        assert_eq!(told, expect, "{returned} after {before}");
    }

    #[test]
    fn goods_go_back_to_where_they_came_from_with_their_value() {
        check(0, 5, Some(&[(0, 3, 100), (1, 2, 50)]));
        check(0, 1, Some(&[(0, 1, 33)]));
        check(1, 1, Some(&[(0, 1, 34)]));
        check(2, 2, Some(&[(0, 1, 33), (1, 1, 25)]));
        check(4, 1, Some(&[(1, 1, 25)]));
        check(0, 0, Some(&[]));
    }

    #[test]
    fn no_more_comes_back_than_was_taken() {
        check(0, 6, None);
        check(5, 1, None);
        check(6, 0, None);
    }
}
