//! Fields of a body that are read one by one, so that all faults are answered at once.
//!
//! serde stops at the first wrong value. A field of type [`Sent`] keeps the text of its value
//! instead; the check that turns a body into what the shop works with reads each of them and
//! notes what is wrong. Unknown and repeated fields are refused before that.
//!
//! A field also knows whether it was sent at all: a PATCH (RFC 7396) is the fields that were
//! sent laid over those that are stored ([`Sent::or`]), and then checked as a PUT is.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::decode;
use crate::error::{ApiError, ApiResult, Faults};

/// A field as it was sent, or that it was not. `null` stands for "no value".
pub struct Sent<T>(Option<Box<RawValue>>, PhantomData<fn() -> T>);

impl<T> fmt::Debug for Sent<T> {
    /// Without the value, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_given() { "Sent(…)" } else { "Sent(nothing)" })
    }
}

impl<T> Default for Sent<T> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<T> Sent<T> {
    /// A field as the caller would have sent it.
    ///
    /// # Errors
    /// The value is none that JSON can hold: a defect.
    pub fn of(value: &impl Serialize) -> ApiResult<Self> {
        let raw = serde_json::value::to_raw_value(value).map_err(ApiError::internal)?;
        Ok(Self(Some(raw), PhantomData))
    }

    /// Whether the field was sent, be it as `null`.
    pub const fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// This field if it was sent, else `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_given() { self } else { other }
    }

    fn text(&self) -> Option<&str> {
        self.0.as_ref().map(|raw| raw.get()).filter(|text| *text != "null")
    }
}

impl<T: DeserializeOwned> Sent<T> {
    /// The value, if there is one.
    pub fn optional(&self, field: &str, faults: &mut Faults) -> Option<T> {
        match decode::field(field, self.text()?) {
            Ok(value) => Some(value),
            Err(error) => {
                faults.push(error);
                None
            }
        }
    }

    /// The value, which has to be there.
    pub fn required(&self, field: &str, faults: &mut Faults) -> Option<T> {
        if self.text().is_none() {
            faults.add_required(field, format!("{field} is required."));
        }
        self.optional(field, faults)
    }
}

impl<'de, T> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw), PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Sent<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Name, WireQuantity};

    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Parcel {
        name: Sent<Name>,
        packs: Sent<Vec<Pack>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Pack {
        quantity: WireQuantity,
    }

    fn check(body: &str, expect: &[(&str, &str)]) {
        let sent: Parcel = serde_json::from_str(body).expect("well-formed");
        let mut faults = Faults::new();
        sent.name.required("name", &mut faults);
        sent.packs.optional("packs", &mut faults).map(|packs| packs.len());
        let found = match faults.into_result() {
            Ok(()) => Vec::new(),
            Err(error) => error.failure().expect("a failure").errors.clone(),
        };
        let found: Vec<_> = found.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(found, expect, "{body}");
    }

    #[test]
    fn every_field_is_read_and_every_fault_is_found() {
        check(r#"{"name":"a","packs":[{"quantity":1.5}]}"#, &[]);
        check(r#"{"name":null}"#, &[("name", "required")]);
        check(
            r#"{"name":7,"packs":[{"quantity":1},{"quantity":0.0001}]}"#,
            &[("name", "invalid"), ("packs[1].quantity", "invalid")],
        );
        check(r#"{"packs":[{}]}"#, &[("name", "required"), ("packs[0].quantity", "required")]);
        check(r#"{"name":"a","packs":[{"x":1}]}"#, &[("packs[0].x", "unknown")]);
    }

    #[test]
    fn what_was_sent_lies_over_what_was_there() {
        let read = |sent: Sent<Name>| {
            sent.optional("name", &mut Faults::new()).map(|name| name.to_string())
        };
        let stored = || Sent::<Name>::of(&"old").expect("JSON");
        let sent = |text| serde_json::from_str::<Sent<Name>>(text).expect("JSON");
        assert_eq!(read(sent("\"new\"").or(stored())).as_deref(), Some("new"));
        assert_eq!(read(sent("null").or(stored())), None);
        assert_eq!(read(Sent::default().or(stored())).as_deref(), Some("old"));
    }
}
