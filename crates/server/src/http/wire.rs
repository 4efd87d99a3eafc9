//! Values on the wire: exact numbers, instants, days.
//!
//! Numbers are read from their JSON text, never through a float. That works in plain structs
//! and lists; inside `#[serde(flatten)]`, untagged and internally tagged enums serde has lost
//! the text, so those are not used in requests.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use stockroom_domain::{DecimalError, Money, Quantity, Timestamp};

/// A quantity: a JSON number with at most three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WireQuantity(pub Quantity);

impl<'de> Deserialize<'de> for WireQuantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Quantity::parse(raw.get()).map(Self).map_err(|error| {
            D::Error::custom(match error {
                DecimalError::Malformed => "a quantity is a JSON number, as in 2.5.",
                DecimalError::TooPrecise => "a quantity has at most three decimals.",
                DecimalError::TooLarge => "a quantity is at most 1000000000.",
            })
        })
    }
}

/// An amount of money: a decimal string with two digits; a number is accepted on input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WireMoney(pub Money);

impl<'de> Deserialize<'de> for WireMoney {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let number = match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inner) => inner,
            None => text,
        };
        Money::parse(number).map(Self).map_err(|error| {
            D::Error::custom(match error {
                DecimalError::Malformed => "an amount is a decimal string, as in \"12.50\".",
                DecimalError::TooPrecise => "an amount has at most two decimals.",
                DecimalError::TooLarge => "an amount is at most 99999999.99.",
            })
        })
    }
}

/// An instant: RFC 3339, answered in UTC with microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WireTime(pub Timestamp);

impl fmt::Display for WireTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.0.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.6}")
    }
}

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WireTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        // jiff also takes RFC 9557's "[Europe/Berlin]"; the contract says RFC 3339.
        let instant = Some(text.as_ref()).filter(|text| !text.contains('['));
        instant
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map(|instant| Self(Timestamp(instant.as_microsecond())))
            .ok_or_else(|| {
                D::Error::custom("a time is written as in 2026-01-31T08:30:00Z (RFC 3339).")
            })
    }
}

/// A calendar day: `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub jiff::civil::Date);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        // Only this one of ISO 8601's many forms.
        let is_plain = text.len() == 10 && text.as_bytes()[4] == b'-';
        let day = text.parse().ok().filter(|_| is_plain);
        day.map(Self).ok_or_else(|| D::Error::custom("a day is written as in 2026-01-31."))
    }
}

macro_rules! schema {
    ($type:ty, $name:literal, $($schema:tt)+) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($($schema)+)
            }
        }
    };
}

schema!(WireQuantity, "Quantity", {
    "type": "number", "multipleOf": 0.001, "minimum": -1_000_000_000, "maximum": 1_000_000_000,
});
schema!(WireTime, "Time", {
    "type": "string", "format": "date-time", "examples": ["2026-01-31T08:30:00.000000Z"],
});
schema!(Day, "Day", { "type": "string", "format": "date", "examples": ["2026-01-31"] });

impl JsonSchema for WireMoney {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        if generator.contract().is_serialize() {
            let pattern = r"^-?\d+\.\d{2}$";
            return json_schema!({ "type": "string", "pattern": pattern, "examples": ["12.50"] });
        }
        let pattern = r"^-?\d{1,8}(\.\d{1,2})?$";
        json_schema!({ "type": ["string", "number"], "pattern": pattern, "examples": ["12.50"] })
    }
}

/// Tells `null` from absence in a PATCH:
/// `#[serde(default, deserialize_with = "nullable")] note: Option<Option<Note>>`.
///
/// # Errors
/// The value's own.
pub fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_answered_in_utc_with_microseconds() {
        let read = |text: &str| serde_json::from_str::<WireTime>(text).ok();
        let time = read("\"2026-01-31T09:30:00+01:00\"").expect("a time");
        assert_eq!(time.to_string(), "2026-01-31T08:30:00.000000Z");
        assert_eq!(read("\"2026-01-31T08:30:00Z\""), Some(time));
        for wrong in ["\"2026-01-31\"", "\"2026-01-31T08:30:00\"", "\"now\"", "1769848200"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn money_is_exact_as_a_string_and_as_a_number() {
        let read = |text: &str| serde_json::from_str::<WireMoney>(text).ok().map(|m| m.0.cents());
        assert_eq!(read("\"12.50\""), Some(1_250));
        assert_eq!(read("0.1"), Some(10));
        assert_eq!(read("\"0.001\""), None);
        assert_eq!(read("\"1,00\""), None);
        assert_eq!(read("null"), None);
    }

    #[test]
    fn a_day_has_one_form() {
        let read = |text: &str| serde_json::from_str::<Day>(text).is_ok();
        assert!(read("\"2024-02-29\""));
        for wrong in ["\"2025-02-29\"", "\"20240229\"", "\"2024-02-29T00:00\"", "\"2024-2-9\""] {
            assert!(!read(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_patch_tells_null_from_absence() {
        #[derive(Deserialize)]
        struct Patch {
            #[serde(default, deserialize_with = "nullable")]
            quantity: Option<Option<WireQuantity>>,
        }
        let read = |text: &str| serde_json::from_str::<Patch>(text).expect("a patch").quantity;
        assert_eq!(read("{}"), None);
        assert_eq!(read("{\"quantity\":null}"), Some(None));
        assert_eq!(read("{\"quantity\":1}"), Some(Some(WireQuantity(Quantity::units(1)))));
    }
}
