//! Bodies of PATCH, as in JSON Merge Patch (RFC 7396).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};

/// The fields of a thing that change: what is not named stays, `null` removes, and lists are
/// replaced as a whole. Its fields are [`Sent`](super::Sent), and laid over those that are stored.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Patch<T>(pub T);

/// What can be patched: the body of the PUT.
pub trait Patched: JsonSchema {
    /// The patch's name in the API's document.
    const SCHEMA: &'static str;

    /// A patch that can be sent.
    fn example() -> Value;
}

impl<T: Patched> JsonSchema for Patch<T> {
    fn schema_name() -> Cow<'static, str> {
        T::SCHEMA.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.remove("required");
        schema.insert("examples".to_owned(), json!([T::example()]));
        schema
    }
}
