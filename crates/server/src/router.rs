//! From the table of routes to what answers requests, and to the document that describes it.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::generate::in_context;
use aide::openapi::{OpenApi, SecurityScheme, Tag};
use aide::transform::TransformOpenApi;
use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::get as page;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;

use crate::auth::Anyone;
use crate::error::{ApiError, ErrorCode};
use crate::http::DeferredRoutes;
use crate::http::edge::EdgeLayer;
use crate::http::endpoint::Endpoint;
use crate::http::reference;
use crate::http::ui::Ui;
use crate::routes::{PARTS, table};
use crate::{App, auth, system};

fn api() -> ApiRouter<App> {
    speak_json_schema_2020();
    table().into_iter().fold(ApiRouter::new(), |router, line| line.onto(router))
}

/// OpenAPI 3.1 speaks JSON Schema 2020-12; aide begins with an older draft.
fn speak_json_schema_2020() {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "#/components/schemas/".into();
        settings.meta_schema = None;
    });
    in_context(|context| context.schema = SchemaGenerator::new(settings));
}

/// The API's own pages, which are no part of it.
fn pages() -> Router<App> {
    Router::new()
        .route("/api/docs", page(reference::page))
        .route("/api/docs/docs.css", page(reference::style))
        .route("/api/docs/docs.js", page(reference::script))
}

/// What stands in for the interface where it was left out.
fn without_ui() -> Router<App> {
    Router::new()
        .route("/", page(reference::home))
        .route("/setup", page(auth::page::page))
        .route("/setup/setup.css", page(auth::page::style))
        .route("/setup/setup.js", page(auth::page::script))
}

/// All routes, with the edge round them, and the interface if it was built.
pub fn router(app: App) -> Router {
    router_with(app, Ui::embedded())
}

/// The same, with an interface or without.
pub fn router_with(app: App, ui: Option<Ui>) -> Router {
    let (routes, document) = finish(api());
    let document = reference::Document::new(&document);
    let document = page(move || async move { document.answer() });
    let routes = routes.merge(pages()).route("/api/openapi.json", document);
    let Some(ui) = ui else { return with_edge(routes.merge(without_ui()), app) };
    let ui = Arc::new(ui);
    let fallback = move |anyone: Anyone, request: Request| {
        let ui = Arc::clone(&ui);
        async move {
            match ui.page(&request) {
                Some(page) => page,
                None => unknown(anyone).await.into_response(),
            }
        }
    };
    let routes = routes.merge(Ui::routes()).fallback(fallback);
    routes.layer(EdgeLayer(app.clone())).with_state(app)
}

/// The routes whose requests can be done later, as they are done then: without the edge.
pub fn deferred() -> DeferredRoutes {
    let lines = table().into_iter().filter(Endpoint::is_deferrable);
    DeferredRoutes::new(lines.fold(ApiRouter::new(), |router, line| line.onto(router)).into())
}

/// Puts the edge round some routes.
pub fn with_edge(routes: Router<App>, app: App) -> Router {
    routes.fallback(unknown).layer(EdgeLayer(app.clone())).with_state(app)
}

/// What a process answers that only works on what was announced.
pub fn worker_router(app: App) -> Router {
    let routes = Router::new()
        .route("/health/live", page(system::http::live))
        .route("/health/ready", page(system::http::ready));
    with_edge(routes, app)
}

/// What the operator's listener has: nothing of the shop.
pub fn admin_router(app: App) -> Router {
    let routes = Router::new()
        .route("/health/live", page(system::http::live))
        .route("/health/ready", page(system::http::readiness))
        .route("/metrics", page(system::http::exposition));
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
        description: Some(
            "An access token, from `POST /api/login`, or a program's key, from \
             `POST /api/api-keys`."
                .to_owned(),
        ),
        extensions: Default::default(),
    };
    let document = document
        .title("Stockroom")
        .summary("Stock and orders for shops")
        .description(include_str!("http/reference/introduction.md"))
        .version(env!("CARGO_PKG_VERSION"))
        .security_scheme("bearer", bearer);
    PARTS.iter().fold(document, |document, (name, about, _)| {
        document.tag(Tag {
            name: (*name).to_owned(),
            description: Some((*about).to_owned()),
            ..Tag::default()
        })
    })
}

async fn unknown(_: Anyone) -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "There is nothing at this path. /api/docs lists everything that there is.",
    )
}
