//! Attempts that were denied are put on record before they are answered.

use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::RequestContext;
use crate::App;
use crate::audit::Entry;
use crate::error::{ApiError, Failure};
use crate::events;

/// What a request has asked for.
pub(super) struct Asked {
    context: RequestContext,
    method: Method,
    uri: Uri,
}

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            context: request.extensions().get::<RequestContext>().cloned().unwrap_or_default(),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }
}

/// The answer, after a denial in it was put on record.
pub(super) async fn recorded(app: &App, asked: Asked, response: Response) -> Response {
    let Some(failure) = response.extensions().get::<Failure>().filter(|f| f.is_denial) else {
        return response;
    };
    let Some(who) = asked.context.caller() else { return response };
    let tried = json!({
        "method": asked.method.as_str(),
        "path": asked.uri.path(),
        "code": failure.code.name(),
        "permission": failure.details.get("permission"),
    });
    let origin = asked.context.origin(who);
    let entry = Entry::new(origin, "request.denied", "request", None).after(&tried);
    match events::note(&app.db, app.clock.now(), entry).await {
        Ok(()) => response,
        Err(error) => ApiError::from(error).into_response(),
    }
}
