//! Query parameters of what is no list: `Params(params): Params<EventParams>`, read strictly.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{decode, docs};
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// The query parameters of a request. Their type denies unknown ones.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        decode::query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

impl<T: JsonSchema> OperationInput for Params<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = docs::parameters_schema::<T>(ctx);
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Query);
        add_parameters(ctx, operation, parameters);
        docs::add_failures(ctx, operation, &[ErrorCode::InvalidRequest]);
    }
}
