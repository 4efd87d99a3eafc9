//! The catalogue's own values on the wire.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use stockroom_domain::DecimalError;
use stockroom_domain::catalog::{TaxRate, Unit};

use crate::http::Text;

/// What a barcode says, exactly as it is scanned.
pub type BarcodeCode = Text<64>;
/// A shelf, a department: how products are grouped.
pub type Category = Text<100>;

/// A [`Unit`] by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireUnit(pub Unit);

impl Serialize for WireUnit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for WireUnit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Unit::from_name(&name)
            .map(Self)
            .ok_or_else(|| D::Error::custom("a unit is one of each, kg, l and m."))
    }
}

impl JsonSchema for WireUnit {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Unit".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Unit::ALL.map(Unit::name) })
    }
}

/// A [`TaxRate`] in percent: a decimal string; a number is accepted on input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WireTaxRate(pub TaxRate);

impl<'de> Deserialize<'de> for WireTaxRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let unquoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        TaxRate::parse_percent(unquoted.unwrap_or(text)).map(Self).map_err(|error| {
            D::Error::custom(match error {
                DecimalError::Malformed => "a tax rate is a percentage, as in \"19.00\".",
                DecimalError::TooPrecise => "a tax rate has at most two decimals.",
                DecimalError::TooLarge => "a tax rate lies between 0 and 100.",
            })
        })
    }
}

impl JsonSchema for WireTaxRate {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "TaxRate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "pattern": r"^\d{1,3}(\.\d{1,2})?$",
            "description": "In percent.",
            "examples": ["19.00"],
        })
    }
}
