//! Exact reading and writing of decimal numbers as scaled integers, never through a float.

use std::fmt;

/// Why a text is not an acceptable decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a number in JSON's grammar.
    Malformed,
    /// More decimals than the unit has; digits are refused, never rounded away.
    TooPrecise,
    /// Beyond the documented maximum.
    TooLarge,
}

/// Reads a JSON number (`-12.5`, `3e2`) as an integer count of `10^-scale` units.
///
/// `max` bounds the absolute value, in those units. Trailing zeros beyond the scale carry no
/// information and are accepted: `1.5000` is 1.5.
pub(crate) fn parse(text: &str, scale: u32, max: i64) -> Result<i64, DecimalError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = split_exponent(unsigned)?;
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return Err(DecimalError::Malformed),
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || leading_zero || !digits().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    // value = digits * 10^(exponent - fraction.len()); shift it to units of 10^-scale.
    let decimals = i64::try_from(fraction.len()).map_err(|_| DecimalError::TooPrecise)?;
    let shift = exponent - decimals + i64::from(scale);
    let significant: Vec<u8> = digits().skip_while(|b| *b == b'0').collect();
    let (kept, dropped) = match usize::try_from(-shift) {
        Ok(excess) => significant.split_at(significant.len().saturating_sub(excess)),
        Err(_) => (&significant[..], &[][..]),
    };
    if dropped.iter().any(|b| *b != b'0') {
        return Err(DecimalError::TooPrecise);
    }
    let zeros = if significant.is_empty() { 0 } else { shift.max(0) };
    let mut value: i64 = 0;
    let zeros = std::iter::repeat_n(b'0', usize::try_from(zeros.min(20)).unwrap_or(20));
    for digit in kept.iter().copied().chain(zeros) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i64::from(digit - b'0')))
            .filter(|v| *v <= max)
            .ok_or(DecimalError::TooLarge)?;
    }
    Ok(if negative { -value } else { value })
}

/// Beyond every length that a text can have, and yet far from the ends of 32 bits.
const EXPONENT_MAX: i64 = 1_000_000_000;

/// Splits `12.5e-3` into `12.5` and `-3`. An exponent may have any number of digits; beyond
/// ±[`EXPONENT_MAX`] they make no difference.
fn split_exponent(text: &str) -> Result<(&str, i64), DecimalError> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Ok((text, 0));
    };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    // Digits only, so that the one way to fail is to be too long for 64 bits.
    let magnitude = digits.parse().unwrap_or(EXPONENT_MAX).min(EXPONENT_MAX);
    Ok((mantissa, if exponent.starts_with('-') { -magnitude } else { magnitude }))
}

/// Writes `units` of `10^-scale` with exactly `scale` decimals: `1250` at scale 2 is `12.50`.
pub(crate) fn format(f: &mut fmt::Formatter<'_>, units: i64, scale: u32) -> fmt::Result {
    let one = 10_u64.pow(scale);
    let sign = if units < 0 { "-" } else { "" };
    let magnitude = units.unsigned_abs();
    let width = scale as usize;
    write!(f, "{sign}{}.{:0width$}", magnitude / one, magnitude % one)
}

#[cfg(test)]
mod tests {
    use super::{DecimalError::*, parse};

    #[track_caller]
    fn check(text: &str, expect: Result<i64, super::DecimalError>) {
        assert_eq!(parse(text, 3, 1_000_000_000_000), expect, "{text}");
    }

    #[test]
    fn numbers_are_read_digit_by_digit() {
        check("1", Ok(1_000));
        check("0.125", Ok(125));
        check("-2.5", Ok(-2_500));
        check("1.5000", Ok(1_500));
        check("1e3", Ok(1_000_000));
        check("1250e-3", Ok(1_250));
        check("1.5E+1", Ok(15_000));
        check("0", Ok(0));
        check("-0", Ok(0));
        check("0e99", Ok(0));
        check("0.0000000", Ok(0));
        check("1000000000", Ok(1_000_000_000_000));
        check("999999999.999", Ok(999_999_999_999));
    }

    #[test]
    fn precision_is_refused_and_never_rounded() {
        check("0.0001", Err(TooPrecise));
        check("1.0005", Err(TooPrecise));
        check("1e-4", Err(TooPrecise));
        check("1e-99999", Err(TooPrecise));
    }

    #[test]
    fn what_does_not_fit_is_too_large() {
        check("1000000000.001", Err(TooLarge));
        check("9223372036854775807", Err(TooLarge));
        check("99999999999999999999999999", Err(TooLarge));
        check("1e30", Err(TooLarge));
        check("1e99999", Err(TooLarge));
    }

    #[test]
    fn only_the_grammar_of_json_is_a_number() {
        for text in ["", "-", ".5", "5.", "01", "1,5", "0x10", "1e", "1e+", "NaN", " 1", "+1", "１"]
        {
            check(text, Err(Malformed));
        }
    }
}
