//! Handlers of the system's own routes.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as DocResponse};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::App;
use crate::auth::{Anyone, Can, Operate};
use crate::error::{ApiError, ApiResult};
use crate::http::{Answer, Success, WireTime};

/// The process is alive.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(example = Alive::default())]
pub struct Alive {
    status: Success,
}

/// The process can take requests.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ready {
    status: Success,
    /// Always `true`: what is not ready answers 503.
    ready: bool,
}

/// How ready the process is, for its operators.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReadinessDetails {
    status: Success,
    /// Whether requests should come here.
    ready: bool,
    /// `sqlite` or `postgres`.
    database: &'static str,
    /// Requests being worked on.
    in_flight: usize,
    /// The server's clock.
    now: WireTime,
    /// The version of Stockroom.
    version: &'static str,
}

/// What is running.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Version {
    status: Success,
    /// The program.
    name: &'static str,
    /// The version of Stockroom.
    version: &'static str,
    /// The version of the HTTP contract.
    api: u32,
}

/// Answers while the process runs.
pub async fn live(_: Anyone) -> ApiResult<Answer<Alive>> {
    Answer::new(&Alive::default())
}

/// Answers 503 without the database, without the keys that sign tokens, and while stopping.
pub async fn ready(_: Anyone, app: App) -> ApiResult<Answer<Ready>> {
    app.readiness.check(&app).await?;
    Answer::new(&Ready { status: Success::Success, ready: true })
}

/// The same with details, on the operator's listener.
pub async fn readiness(app: App) -> ApiResult<Answer<ReadinessDetails>> {
    app.readiness.check(&app).await?;
    Answer::new(&ReadinessDetails {
        status: Success::Success,
        ready: true,
        database: app.db.engine(),
        in_flight: app.metrics.in_flight.count(),
        now: WireTime(app.clock.now()),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// What is running.
pub async fn version(_: Anyone) -> ApiResult<Answer<Version>> {
    Answer::new(&Version {
        status: Success::Success,
        name: "stockroom",
        version: env!("CARGO_PKG_VERSION"),
        api: 1,
    })
}

/// Metrics as text.
#[derive(Debug)]
pub struct Exposition(String);

/// The format that the text is in.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics, for those who may operate.
pub async fn metrics(_who: Can<Operate>, app: App) -> ApiResult<Exposition> {
    exposition(app).await
}

/// All metrics, on the operator's listener.
pub async fn exposition(app: App) -> ApiResult<Exposition> {
    app.metrics.to_text().map(Exposition).map_err(ApiError::internal)
}

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.0.into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
        response
    }
}

impl OperationOutput for Exposition {
    type Inner = String;

    fn operation_response(_: &mut GenContext, _: &mut Operation) -> Option<DocResponse> {
        let mut response = DocResponse {
            description: "All metrics in the OpenMetrics text format.".to_owned(),
            ..DocResponse::default()
        };
        response.content.insert(OPEN_METRICS.to_owned(), MediaType::default());
        Some(response)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, DocResponse)> {
        let response = Self::operation_response(ctx, operation);
        response.map(|response| (Some(200), response)).into_iter().collect()
    }
}
