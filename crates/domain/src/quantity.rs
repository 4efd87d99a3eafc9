//! Quantities of goods: a signed count of thousandths of the product's unit.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::decimal::{self, DecimalError};

/// Thousandths of a unit (each, kg, l, m). `Quantity::from_thousandths(2_500)` is 2.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// Nothing at all.
    pub const ZERO: Self = Self(0);
    /// The most that a line may move or a level may hold: 1,000,000,000 units.
    pub const MAX: Self = Self(1_000_000_000_000);

    /// A quantity of so many thousandths of a unit.
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// A quantity of so many whole units.
    pub const fn units(units: i64) -> Self {
        Self(units * 1_000)
    }

    /// The count of thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Reads a JSON number with at most three decimals, exactly.
    ///
    /// # Errors
    /// [`DecimalError`], saying whether the text is no number, too precise or too large.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        decimal::parse(text, 3, Self::MAX.0).map(Self)
    }

    /// Below zero: an outgoing line, or a level that must not be.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The sum, or `None` where it leaves ±[`Quantity::MAX`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(|sum| Self(sum).within_max())
    }

    /// This quantity, or `None` where it lies beyond ±[`Quantity::MAX`].
    pub fn within_max(self) -> Option<Self> {
        (self.0.unsigned_abs() <= Self::MAX.0.unsigned_abs()).then_some(self)
    }
}

impl std::ops::Neg for Quantity {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::ops::Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// As many decimals as it takes: `3`, `2.5`, `0.125`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = match self.0 {
            q if q % 1_000 == 0 => return write!(f, "{}", q / 1_000),
            q if q % 100 == 0 => 1,
            q if q % 10 == 0 => 2,
            _ => 3,
        };
        decimal::format(f, self.0 / 10_i64.pow(3 - scale), scale)
    }
}

/// A JSON number: `3`, `2.5`, `0.125`.
impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1_000 == 0 {
            return serializer.serialize_i64(self.0 / 1_000);
        }
        // Exact on paper: within ±MAX there are at most 13 significant digits, and a double
        // prints back every decimal of up to 15.
        #[expect(clippy::cast_precision_loss)]
        serializer.serialize_f64(self.0 as f64 / 1_000.0)
    }
}
