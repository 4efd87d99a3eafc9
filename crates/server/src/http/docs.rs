//! What the OpenAPI document says about failures, requests and answers.
//!
//! Requests and answers are described apart, since serde treats them apart: an `Option` may be
//! left out of a request, while an answer always has it. A type's name stands for one schema.

use std::borrow::Cow;

use aide::generate::{GenContext, in_context};
use aide::openapi::{MediaType, Operation, ReferenceOr, Response, SchemaObject, StatusCode};
use aide::transform::TransformOperation;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::ErrorAnswer;
use crate::error::ErrorCode;

/// For the routes' page: `get_with(list, |op| op.id("…").with(fails(&[ErrorCode::NotFound])))`.
///
/// What extractors can answer (400, 401, 403, 413 …) they document by themselves; 500 and 503
/// belong to every operation.
pub fn fails(codes: &[ErrorCode]) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    move |mut transform| {
        in_context(|ctx| add_failures(ctx, transform.inner_mut(), codes));
        transform
    }
}

/// Documents that an operation can fail with these codes.
pub fn add_failures(ctx: &mut GenContext, operation: &mut Operation, codes: &[ErrorCode]) {
    let json_schema = answer_schema::<ErrorAnswer<'static>>(ctx);
    let responses = operation.responses.get_or_insert_with(Default::default);
    for code in codes {
        let line = format!("`{}`: {}", code.name(), code.about());
        let entry = responses
            .responses
            .entry(StatusCode::Code(code.status()))
            .or_insert_with(|| ReferenceOr::Item(failure(json_schema.clone())));
        if let ReferenceOr::Item(response) = entry
            && !response.description.contains(&line)
        {
            if !response.description.is_empty() {
                response.description.push('\n');
            }
            response.description.push_str(&line);
        }
    }
}

fn failure(json_schema: Schema) -> Response {
    let schema = SchemaObject { json_schema, external_docs: None, example: None };
    Response {
        content: [(
            "application/json".to_owned(),
            MediaType { schema: Some(schema), ..MediaType::default() },
        )]
        .into_iter()
        .collect(),
        ..Response::default()
    }
}

/// The first example of a schema that may be a reference.
pub(super) fn example(ctx: &GenContext, schema: &Schema) -> Option<serde_json::Value> {
    let resolved: Cow<'_, Schema> = Cow::Borrowed(ctx.resolve_schema(schema));
    resolved.get("examples")?.as_array()?.first().cloned()
}

/// The schema of what a request holds.
pub(super) fn request_schema<T: JsonSchema>(ctx: &mut GenContext) -> Schema {
    describe(ctx, SchemaSettings::for_deserialize, SchemaGenerator::subschema_for::<T>)
}

/// The schema of what is answered.
pub(super) fn answer_schema<T: JsonSchema>(ctx: &mut GenContext) -> Schema {
    describe(ctx, SchemaSettings::for_serialize, SchemaGenerator::subschema_for::<T>)
}

/// The schema of a struct whose fields are parameters, never a reference.
pub(super) fn parameters_schema<T: JsonSchema>(ctx: &mut GenContext) -> Schema {
    describe(ctx, SchemaSettings::for_deserialize, T::json_schema)
}

fn describe(
    ctx: &mut GenContext,
    side: fn(SchemaSettings) -> SchemaSettings,
    make: fn(&mut SchemaGenerator) -> Schema,
) -> Schema {
    let mut generator = SchemaGenerator::new(side(ctx.schema.settings().clone()));
    let schema = make(&mut generator);
    let known = ctx.schema.definitions_mut();
    for (name, definition) in generator.take_definitions(true) {
        let first = known.entry(&*name).or_insert_with(|| definition.clone());
        debug_assert_eq!(*first, definition, "{name} stands for two types: rename one of them");
    }
    schema
}
