//! Numbers in and out: exact for every decimal text, never a panic, rounded once.

use proptest::prelude::*;
use serde::de::IgnoredAny;
use stockroom_domain::{DecimalError, Money, Quantity};

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// Any amount that may be written, and often a small one or one at the edge.
fn up_to(max: i64) -> impl Strategy<Value = i64> {
    prop_oneof![-max..=max, -3_000_i64..=3_000, Just(max), Just(-max), max - 2_000..=max]
}

/// Any 64 bits, and often few of them.
fn any_size() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -1_000_000_i64..=1_000_000,
        -9_i64..=9,
        Just(i64::MIN),
        Just(i64::MAX)
    ]
}

/// A number in JSON's grammar, taken apart.
#[derive(Clone, Debug)]
struct Decimal {
    negative: bool,
    whole: u64,
    fraction: String,
    exponent: Option<(i32, String)>,
}

impl Decimal {
    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let point = if self.fraction.is_empty() { "" } else { "." };
        let exponent = self.exponent.as_ref().map_or("", |(_, text)| text);
        format!("{sign}{}{point}{}{exponent}", self.whole, self.fraction)
    }

    /// The same by wide integers: `digits × 10^shift`, where it is whole and within `max`.
    fn reference(&self, scale: i32, max: i64) -> Result<i64, DecimalError> {
        let digits: i128 = format!("{}{}", self.whole, self.fraction).parse().expect("few digits");
        let decimals = i32::try_from(self.fraction.len()).expect("few digits");
        let exponent = self.exponent.as_ref().map_or(0, |(value, _)| *value);
        let shift = exponent - decimals + scale;
        let power = 10_i128.pow(shift.unsigned_abs());
        let units = match shift {
            0.. => digits * power,
            _ if digits % power != 0 => return Err(DecimalError::TooPrecise),
            _ => digits / power,
        };
        let units = if self.negative { -units } else { units };
        i64::try_from(units).ok().filter(|n| n.abs() <= max).ok_or(DecimalError::TooLarge)
    }
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let whole = prop_oneof![0_u64..=20, 0_u64..=10_000_000_000, Just(1_000_000_000)];
    let fraction = prop_oneof!["", "[0-9]{1,3}", "[0-9]{0,3}0{1,4}", "[0-9]{1,7}"];
    let sign = prop_oneof![Just("e"), Just("E"), Just("e+"), Just("E+")];
    let exponent = (-12_i32..=12, sign, 0_usize..=6).prop_map(|(value, sign, zeros)| {
        let sign = if value < 0 { "e-" } else { sign };
        (value, format!("{sign}{}{}", "0".repeat(zeros), value.unsigned_abs()))
    });
    (any::<bool>(), whole, fraction, proptest::option::of(exponent)).prop_map(
        |(negative, whole, fraction, exponent)| Decimal { negative, whole, fraction, exponent },
    )
}

/// `above / below` to the nearest, halves away from zero, where 64 bits hold it.
fn rounded(above: i128, below: i128) -> Option<i64> {
    let (a, b) = (above.unsigned_abs(), below.unsigned_abs());
    let magnitude = i128::try_from((2 * a + b).checked_div(2 * b)?).ok()?;
    let negative = (above < 0) != (below < 0);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

// Reading and writing.
proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_quantity_is_read_back_as_it_was_written(n in up_to(Quantity::MAX.thousandths())) {
        let quantity = Quantity::from_thousandths(n);
        prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        let json = serde_json::to_string(&quantity).expect("a number");
        prop_assert_eq!(Quantity::parse(&json), Ok(quantity), "{}", json);
    }

    #[test]
    fn an_amount_is_read_back_as_it_was_written(n in up_to(Money::MAX.cents())) {
        let money = Money::from_cents(n);
        prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
        let json = serde_json::to_string(&money).expect("a string");
        let text: String = serde_json::from_str(&json).expect("a string");
        prop_assert_eq!(Money::parse(&text), Ok(money), "{}", json);
    }

    #[test]
    fn every_amount_of_64_bits_is_written_with_two_digits(n in any_size()) {
        let text = Money::from_cents(n).to_string();
        let (whole, cents) = text.split_once('.').expect("a point");
        prop_assert_eq!(cents.len(), 2);
        prop_assert_eq!(format!("{whole}{cents}").parse(), Ok(n));
    }

    #[test]
    fn a_decimal_text_is_read_as_wide_integers_read_it(decimal in decimal()) {
        let text = decimal.text();
        let quantity = Quantity::parse(&text).map(Quantity::thousandths);
        prop_assert_eq!(quantity, decimal.reference(3, Quantity::MAX.thousandths()), "{}", text);
        let money = Money::parse(&text).map(Money::cents);
        prop_assert_eq!(money, decimal.reference(2, Money::MAX.cents()), "{}", text);
    }

    #[test]
    fn zeros_that_an_exponent_takes_back_change_nothing(n in 1_i64..=999, zeros in 0_usize..=400) {
        let many = "0".repeat(zeros);
        let expected = Ok(Quantity::units(n));
        prop_assert_eq!(Quantity::parse(&format!("{n}{many}e-{zeros}")), expected);
        prop_assert_eq!(Quantity::parse(&format!("0.{many}{n:03}e{}", zeros + 3)), expected);
    }

    #[test]
    fn an_exponent_may_be_of_any_length(digits in "[1-9][0-9]{3,30}") {
        prop_assert_eq!(Money::parse(&format!("7e{digits}")), Err(DecimalError::TooLarge));
        prop_assert_eq!(Money::parse(&format!("7e-{digits}")), Err(DecimalError::TooPrecise));
        prop_assert_eq!(Money::parse(&format!("0e{digits}")), Ok(Money::ZERO));
        prop_assert_eq!(Money::parse(&format!("0.0e-{digits}")), Ok(Money::ZERO));
        prop_assert_eq!(Money::parse(&format!("x.e{digits}")), Err(DecimalError::Malformed));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = (Quantity::parse(&text), Money::parse(&text));
    }

    #[test]
    fn exactly_the_numbers_of_json_are_numbers(text in "[-+.eE019]{0,9}") {
        // Skipping a value checks its grammar and never its range.
        let json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(Quantity::parse(&text) != Err(DecimalError::Malformed), json, "{}", text);
        prop_assert_eq!(Money::parse(&text) != Err(DecimalError::Malformed), json, "{}", text);
    }
}

// Arithmetic.
proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_price_times_a_quantity_is_rounded_once(price in any_size(), quantity in any_size()) {
        let line = Money::from_cents(price).times(Quantity::from_thousandths(quantity));
        let expected = rounded(i128::from(price) * i128::from(quantity), 1_000);
        prop_assert_eq!(line.map(Money::cents), expected);
    }

    #[test]
    fn a_share_is_rounded_once(amount in any_size(), part in any_size(), whole in any_size()) {
        let (part_of, of) = (Quantity::from_thousandths(part), Quantity::from_thousandths(whole));
        let share = Money::from_cents(amount).share(part_of, of);
        let expected = rounded(i128::from(amount) * i128::from(part), whole.into());
        prop_assert_eq!(share.map(Money::cents), expected);
    }

    #[test]
    fn a_sum_of_quantities_stays_within_the_maximum(left in any_size(), right in any_size()) {
        let sum = Quantity::from_thousandths(left).checked_add(Quantity::from_thousandths(right));
        let exact = i128::from(left) + i128::from(right);
        let held = exact.abs() <= i128::from(Quantity::MAX.thousandths());
        prop_assert_eq!(sum.map(|sum| i128::from(sum.thousandths())), held.then_some(exact));
    }
}
