//! Versions in headers: `ETag` on answers, `If-Match` on writes. `If-None-Match` is answered
//! by the edge for every GET whose answer has a tag.

use std::fmt;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{
    HeaderStyle, Operation, Parameter, ParameterData, ParameterSchemaOrContent, SchemaObject,
};
use aide::operation::add_parameters;
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

use super::docs;
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// The tag of a version, as in `"12"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag(pub i64);

impl ETag {
    /// The tag of an answer that also shows something which changes without a new version, as
    /// a product shows its stock: `"12.5"`. [`IfMatch`] looks at the version alone;
    /// `If-None-Match`, at both.
    pub fn with_state(self, state: impl fmt::Display) -> String {
        format!("\"{}.{state}\"", self.0)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The caller's `If-Match`, if any: write only if the thing is still in this version.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Refuses a thing that is not in the version that the caller has seen.
    ///
    /// # Errors
    /// 412 `version_mismatch`, naming the current version.
    pub fn check(&self, version: i64) -> ApiResult<()> {
        match &self.0 {
            Some(tags) if !names_version(tags, version) => Err(ApiError::new(
                ErrorCode::VersionMismatch,
                format!("This has changed since you read it; it is in version {version} now."),
            )
            .with_detail("version", version)),
            _ => Ok(()),
        }
    }

    /// The one version that the caller insists on, where a version is judged elsewhere.
    ///
    /// # Errors
    /// 400 for a list of tags, or a tag that is none of ours.
    pub fn version(&self) -> ApiResult<Option<i64>> {
        let Some(tag) = self.0.as_deref().map(str::trim).filter(|tag| *tag != "*") else {
            return Ok(None);
        };
        let bare = tag.trim_start_matches("W/").trim_matches('"');
        let version = bare.parse().map_err(|_| {
            ApiError::invalid("If-Match", "If-Match here is one tag with a version, as in \"3\".")
        })?;
        Ok(Some(version))
    }

    /// Whether the caller sent one.
    pub const fn is_given(&self) -> bool {
        self.0.is_some()
    }
}

/// Whether a list of tags has one of this version, whatever state it names besides.
fn names_version(tags: &str, version: i64) -> bool {
    let of_version = |tag: &str| -> Option<bool> {
        let tag = tag.trim().trim_start_matches("W/").strip_prefix('"')?.strip_suffix('"')?;
        Some(tag.split('.').next()? == version.to_string())
    };
    tags.trim() == "*" || tags.split(',').any(|tag| of_version(tag) == Some(true))
}

/// Whether a list of tags (`"1", W/"2"`, or `*`) has `tag`. Weak comparison: what is tagged
/// here are versions of content, not bytes.
pub(super) fn list_has(tags: &str, tag: &str) -> bool {
    let tag = tag.trim_start_matches("W/");
    tags.trim() == "*"
        || tags.split(',').any(|listed| listed.trim().trim_start_matches("W/") == tag)
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned);
        match parts.headers.get(IF_MATCH).map(text).transpose() {
            Ok(tags) => Ok(Self(tags)),
            Err(_) => Err(ApiError::invalid("If-Match", "If-Match is no list of tags.")),
        }
    }
}

impl OperationInput for IfMatch {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let about = "Write only if the thing is still in this version: the ETag you were given.";
        let parameter = header_parameter(ctx, "If-Match", about);
        add_parameters(ctx, operation, [parameter]);
        docs::add_failures(ctx, operation, &[ErrorCode::VersionMismatch]);
    }
}

/// Documents an optional header of the request.
pub(super) fn header_parameter(ctx: &mut GenContext, name: &str, about: &str) -> Parameter {
    let json_schema = ctx.schema.subschema_for::<String>();
    let schema = SchemaObject { json_schema, external_docs: None, example: None };
    Parameter::Header {
        parameter_data: ParameterData {
            name: name.to_owned(),
            description: Some(about.to_owned()),
            required: false,
            deprecated: None,
            format: ParameterSchemaOrContent::Schema(schema),
            example: None,
            examples: Default::default(),
            explode: None,
            extensions: Default::default(),
        },
        style: HeaderStyle::Simple,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_passes_only_the_current_version() {
        let check = |sent: &str, version| IfMatch(Some(sent.to_owned())).check(version).is_ok();
        assert!(check("\"3\"", 3) && check("\"1\", \"3\"", 3) && check("*", 3));
        assert!(check("W/\"3\"", 3));
        assert!(check("\"3.1.5\"", 3) && !check("\"33.3\"", 3));
        assert!(!check("\"33\"", 3) && !check("3", 3) && !check("", 3));
        assert!(IfMatch::default().check(3).is_ok());
    }
}
