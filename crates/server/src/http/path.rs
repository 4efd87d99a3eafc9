//! Segments of the path.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema};
use axum::RequestPartsExt;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::docs;
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// The segment `{id}` of the path.
#[derive(Clone, Copy, Debug)]
pub struct PathId(pub i64);

#[derive(Deserialize, JsonSchema)]
struct ById {
    /// The id.
    id: i64,
}

impl FromRequestParts<App> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Segments(ById { id }) = Segments::from_request_parts(parts, app).await?;
        Ok(Self(id))
    }
}

impl OperationInput for PathId {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Segments::<ById>::operation_input(ctx, operation);
    }
}

/// All segments of the path, as a struct with their names.
#[derive(Debug)]
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send + 'static> FromRequestParts<App> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        use axum::extract::path::ErrorKind;
        use axum::extract::rejection::PathRejection;

        let rejection = match parts.extract::<Path<T>>().await {
            Ok(Path(segments)) => return Ok(Self(segments)),
            Err(rejection) => rejection,
        };
        let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
            return Err(ApiError::internal(rejection));
        };
        match failed.kind() {
            ErrorKind::ParseErrorAtKey { key, .. } => {
                Err(ApiError::invalid(key, format!("{key} in the path is not a whole number.")))
            }
            ErrorKind::InvalidUtf8InPathParam { key } => {
                Err(ApiError::invalid(key, format!("{key} in the path is not UTF-8.")))
            }
            ErrorKind::DeserializeError { key, message, .. } => {
                Err(ApiError::invalid(key, format!("{key} in the path: {message}.")))
            }
            other => Err(ApiError::internal(other)),
        }
    }
}

impl<T: JsonSchema> OperationInput for Segments<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = docs::parameters_schema::<T>(ctx);
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
        let codes = [ErrorCode::InvalidRequest, ErrorCode::NotFound];
        docs::add_failures(ctx, operation, &codes);
    }
}
