//! Amounts of money: a signed count of cents of the shop's one currency.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::decimal::{self, DecimalError};
use crate::quantity::Quantity;

/// Cents (hundredths of the currency's unit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most that a price or a cost may be: 99,999,999.99.
    pub const MAX: Self = Self(9_999_999_999);

    /// An amount of so many cents.
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    /// The count of cents.
    pub const fn cents(self) -> i64 {
        self.0
    }

    /// Reads a decimal number with at most two decimals, exactly.
    ///
    /// # Errors
    /// [`DecimalError`], saying whether the text is no number, too precise or too large.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        decimal::parse(text, 2, Self::MAX.0).map(Self)
    }

    /// Below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// This price for `quantity`, rounded once, half away from zero, to the cent:
    /// 1.284 kg × 1.89 = 2.43. `None` where the result exceeds 64 bits.
    pub fn times(self, quantity: Quantity) -> Option<Self> {
        divide_rounded(i128::from(self.0) * i128::from(quantity.thousandths()), 1_000).map(Self)
    }

    /// The part of this amount that `part` is of `whole`, rounded half away from zero.
    /// `None` where `whole` is zero or the result exceeds 64 bits.
    pub fn share(self, part: Quantity, whole: Quantity) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(part.thousandths());
        divide_rounded(product, i128::from(whole.thousandths())).map(Self)
    }

    /// The sum, or `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl std::ops::Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// `numerator / denominator`, half away from zero.
pub(crate) fn divide_rounded(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    let away = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
    let rounded = if rest.abs() * 2 >= denominator.abs() { quotient + away } else { quotient };
    i64::try_from(rounded).ok()
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::format(f, self.0, 2)
    }
}

/// A decimal string with two digits: `"12.50"`.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_rounded_once_half_away_from_zero() {
        let check = |cents, thousandths, expect| {
            let line = Money::from_cents(cents).times(Quantity::from_thousandths(thousandths));
            assert_eq!(line, Some(Money::from_cents(expect)), "{cents} x {thousandths}");
        };
        check(189, 1_284, 243);
        check(1, 500, 1);
        check(1, -500, -1);
        check(1, 499, 0);
        check(3, 1_500, 5);
        check(-3, 1_500, -5);
    }

    #[test]
    fn amounts_are_written_with_two_digits() {
        assert_eq!(Money::from_cents(-5).to_string(), "-0.05");
        assert_eq!(Money::parse("12.5"), Ok(Money::from_cents(1_250)));
        assert_eq!(Money::parse("12.505"), Err(DecimalError::TooPrecise));
    }
}
