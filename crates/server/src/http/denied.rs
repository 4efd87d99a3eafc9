//! Attempts that were denied are put on record before they are answered.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use stockroom_domain::{Timestamp, UserId};

use super::RequestContext;
use crate::App;
use crate::audit::Entry;
use crate::auth::Principal;
use crate::error::{ApiError, Failure};
use crate::events;
use crate::recent::Recent;

/// For how long a further denial of the same caller on the same route is not put on record anew:
/// whoever hammers against a door must not fill the log.
const QUIET_S: i64 = 60;

/// Which denials this node has put on record. Cloned cheaply; all clones know the same.
#[derive(Clone, Debug)]
pub struct Denials(Arc<Recent<Door, Timestamp>>);

/// Who stands before which route.
type Door = (UserId, Method, Box<str>);

impl Default for Denials {
    fn default() -> Self {
        Self(Arc::new(Recent::new(4_096)))
    }
}

impl Denials {
    fn is_new(&self, who: UserId, method: &Method, route: &str, now: Timestamp) -> bool {
        let door = (who, method.clone(), route.into());
        let last = self.0.get(&door);
        let is_new = last.is_none_or(|at| !(0..QUIET_S * 1_000_000).contains(&(now.0 - at.0)));
        if is_new {
            self.0.insert(door, now);
        }
        is_new
    }
}

/// What a request has asked for.
pub(super) struct Asked {
    context: RequestContext,
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
}

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            context: request.extensions().get::<RequestContext>().cloned().unwrap_or_default(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
        }
    }
}

/// The answer, after a denial in it was put on record.
pub(super) async fn recorded(app: &App, asked: Asked, response: Response) -> Response {
    let Some(failure) = response.extensions().get::<Failure>().filter(|f| f.is_denial) else {
        return response;
    };
    let Some(who) = asked.context.caller() else { return response };
    let route = asked.route.as_ref().map_or("none", MatchedPath::as_str);
    let tried = Tried { method: &asked.method, path: asked.uri.path(), route };
    match note(app, &asked.context, who, tried, failure).await {
        Ok(()) => response,
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Puts on record what was denied on a connection that was opened by `GET path`.
///
/// # Errors
/// The database's.
pub async fn record(
    app: &App,
    context: &RequestContext,
    who: &Principal,
    path: &str,
    failure: &Failure,
) -> sqlx::Result<()> {
    note(app, context, who, Tried { method: &Method::GET, path, route: path }, failure).await
}

struct Tried<'a> {
    method: &'a Method,
    path: &'a str,
    route: &'a str,
}

async fn note(
    app: &App,
    context: &RequestContext,
    who: &Principal,
    tried: Tried<'_>,
    failure: &Failure,
) -> sqlx::Result<()> {
    let now = app.clock.now();
    if !app.denials.is_new(who.user_id, tried.method, tried.route, now) {
        return Ok(());
    }
    let said = json!({
        "method": tried.method.as_str(),
        "path": tried.path,
        "code": failure.code.name(),
        "permission": failure.details.get("permission"),
    });
    let entry = Entry::new(context.origin(who), "request.denied", "request", None).after(&said);
    events::note(&app.db, now, entry).await
}
