//! EVERY route, on one page: method, path, handler, and what the documentation calls it.
//! Who may call it stands in the handler's signature (`Can<R>`).

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use aide::generate::in_context;
use aide::openapi::{OpenApi, SecurityScheme, Tag};
use aide::transform::TransformOpenApi;
use axum::Router;
use axum::routing::get;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;

use crate::error::{ApiError, ErrorCode};
use crate::http::docs::fails;
use crate::http::edge::EdgeLayer;
use crate::{App, api_docs, system};

/// The tags of the documentation, in its order.
const TAGS: &[(&str, &str)] = &[("System", "How the system itself is doing.")];

fn api() -> ApiRouter<App> {
    speak_json_schema_2020();
    ApiRouter::new()
        .api_route(
            "/health/live",
            get_with(system::http::live, |op| {
                op.id("getLiveness").tag("System").summary("Whether the process runs")
            }),
        )
        .api_route(
            "/health/ready",
            get_with(system::http::ready, |op| {
                op.id("getReadiness")
                    .tag("System")
                    .summary("Whether requests should come here")
                    .with(fails(&[ErrorCode::Unavailable]))
            }),
        )
        .api_route(
            "/metrics",
            get_with(system::http::metrics, |op| {
                op.id("getMetrics").tag("System").summary("All metrics, for Prometheus")
            }),
        )
        .api_route(
            "/api/version",
            get_with(system::http::version, |op| {
                op.id("getVersion").tag("System").summary("What is running")
            }),
        )
}

/// OpenAPI 3.1 speaks JSON Schema 2020-12; aide begins with an older draft.
fn speak_json_schema_2020() {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "#/components/schemas/".into();
        settings.meta_schema = None;
    });
    in_context(|context| context.schema = SchemaGenerator::new(settings));
}

/// The pages about the API, which are no part of it.
fn pages() -> Router<App> {
    Router::new()
        .route("/", get(api_docs::home))
        .route("/api/docs", get(api_docs::page))
        .route("/api/docs/docs.css", get(api_docs::style))
        .route("/api/docs/docs.js", get(api_docs::script))
}

/// All routes, with the edge round them.
pub fn router(app: App) -> Router {
    let (routes, document) = finish(api());
    let document = api_docs::Document::new(&document);
    let document = get(move || async move { document.answer() });
    with_edge(routes.merge(pages()).route("/api/openapi.json", document), app)
}

/// Puts the edge round some routes.
pub fn with_edge(routes: Router<App>, app: App) -> Router {
    routes.fallback(unknown).layer(EdgeLayer(app.clone())).with_state(app)
}

/// What the operator's listener has: nothing of the shop.
pub fn admin_router(app: App) -> Router {
    let routes = Router::new()
        .route("/health/live", get(system::http::live))
        .route("/health/ready", get(system::http::readiness))
        .route("/metrics", get(system::http::exposition));
    with_edge(routes, app)
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    finish(api()).1
}

fn finish(api: ApiRouter<App>) -> (Router<App>, OpenApi) {
    let mut document = OpenApi::default();
    let routes = api.finish_api_with(&mut document, describe);
    (routes, document)
}

fn describe(document: TransformOpenApi<'_>) -> TransformOpenApi<'_> {
    let bearer = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: Some("JWT".to_owned()),
        description: Some("An access token, from `POST /api/login`.".to_owned()),
        extensions: Default::default(),
    };
    let document = document
        .title("Stockroom")
        .summary("Stock and orders for shops")
        .description(include_str!("api_docs/introduction.md"))
        .version(env!("CARGO_PKG_VERSION"))
        .security_scheme("bearer", bearer);
    TAGS.iter().fold(document, |document, (name, about)| {
        document.tag(Tag {
            name: (*name).to_owned(),
            description: Some((*about).to_owned()),
            ..Tag::default()
        })
    })
}

async fn unknown() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "There is nothing at this path. /api/docs lists everything that there is.",
    )
}
