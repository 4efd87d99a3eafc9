//! What a product's values may be: the unit it is counted in, the tax it bears.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::decimal::{self, DecimalError};

/// What a quantity of a product counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Pieces.
    #[default]
    Each,
    /// Kilograms.
    Kilogram,
    /// Litres.
    Litre,
    /// Metres.
    Metre,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 4] = [Self::Each, Self::Kilogram, Self::Litre, Self::Metre];

    /// The unit's name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::Kilogram => "kg",
            Self::Litre => "l",
            Self::Metre => "m",
        }
    }

    /// The unit of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// A rate of tax in 1/100,000: 19 % is 19,000. People state it in percent with two decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxRate(i64);

impl TaxRate {
    /// 100 %, the most there is.
    pub const MAX: Self = Self(100_000);
    /// 1/100,000 in a hundredth of a percent.
    const STEP: i64 = 10;

    /// A rate of so many 1/100,000.
    pub const fn from_hundred_thousandths(rate: i64) -> Self {
        Self(rate)
    }

    /// The count of 1/100,000.
    pub const fn hundred_thousandths(self) -> i64 {
        self.0
    }

    /// Reads a percentage from 0 to 100 with at most two decimals, exactly.
    ///
    /// # Errors
    /// [`DecimalError`]; a rate below zero is `TooLarge` as one over 100 is.
    pub fn parse_percent(text: &str) -> Result<Self, DecimalError> {
        match decimal::parse(text, 2, Self::MAX.0 / Self::STEP)? {
            rate if rate < 0 => Err(DecimalError::TooLarge),
            rate => Ok(Self(rate * Self::STEP)),
        }
    }
}

/// In percent: `19.00`.
impl fmt::Display for TaxRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::format(f, self.0 / Self::STEP, 2)
    }
}

/// A decimal string with two digits, in percent: `"19.00"`.
impl Serialize for TaxRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_rate_is_read_and_written_in_percent() {
        let check = |text: &str, rate: i64, written: &str| {
            let read = TaxRate::parse_percent(text);
            assert_eq!(read, Ok(TaxRate(rate)), "{text}");
            assert_eq!(TaxRate(rate).to_string(), written);
        };
        check("19", 19_000, "19.00");
        check("5.5", 5_500, "5.50");
        check("0.01", 10, "0.01");
        check("100", 100_000, "100.00");
        check("0", 0, "0.00");
    }

    #[test]
    fn a_tax_rate_beyond_what_there_is_is_refused() {
        assert_eq!(TaxRate::parse_percent("100.01"), Err(DecimalError::TooLarge));
        assert_eq!(TaxRate::parse_percent("-1"), Err(DecimalError::TooLarge));
        assert_eq!(TaxRate::parse_percent("5.555"), Err(DecimalError::TooPrecise));
        assert_eq!(TaxRate::parse_percent("5 %"), Err(DecimalError::Malformed));
    }

    #[test]
    fn a_unit_is_found_by_its_name() {
        for unit in Unit::ALL {
            assert_eq!(Unit::from_name(unit.name()), Some(unit));
        }
        assert_eq!(Unit::from_name("pound"), None);
    }
}
