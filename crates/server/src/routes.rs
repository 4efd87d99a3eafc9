//! EVERY route, on one page: method, path, handler, and what the documentation calls it.
//! Who may call it stands in the handler's signature (`Can<R>`).

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
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
use crate::http::reference;
use crate::{App, auth, catalog, stores, system};

/// The tags of the documentation, in its order.
const TAGS: &[(&str, &str)] = &[
    ("Identity", "Setting up the shop, signing in and staying signed in."),
    ("Catalogue", "What the shop sells: one catalogue for all stores."),
    ("Stores", "The shops that hold stock. A caller sees those in which they hold a role."),
    ("System", "How the system itself is doing."),
];

fn api() -> ApiRouter<App> {
    speak_json_schema_2020();
    ApiRouter::new().merge(identity()).merge(products()).merge(stores()).merge(system())
}

fn identity() -> ApiRouter<App> {
    /// What a guessed secret can be answered.
    const GUARDED: &[ErrorCode] =
        &[ErrorCode::Unauthenticated, ErrorCode::TooManyAttempts, ErrorCode::Overloaded];
    ApiRouter::new()
        .api_route(
            "/api/setup",
            post_with(auth::http::setup, |op| {
                op.id("setUp")
                    .tag("Identity")
                    .summary("Make the first administrator and the first store")
                    .with(fails(GUARDED))
                    .with(fails(&[ErrorCode::AlreadySetUp]))
            }),
        )
        .api_route(
            "/api/login",
            post_with(auth::http::login, |op| {
                op.id("login")
                    .tag("Identity")
                    .summary("Sign in with name and password")
                    .with(fails(GUARDED))
            }),
        )
        .api_route(
            "/api/auth/login",
            post_with(auth::http::login, |op| {
                op.id("authLogin")
                    .tag("Identity")
                    .summary("The same as `POST /api/login`")
                    .with(fails(GUARDED))
            }),
        )
        .api_route(
            "/api/auth/refresh",
            post_with(auth::http::refresh, |op| {
                op.id("refresh")
                    .tag("Identity")
                    .summary("Exchange a refresh token for the next pair")
                    .description(
                        "A refresh token is good once. Used again within ten seconds it gives \
                         another pair, for tabs that wake up together; after that it ends the \
                         whole session.",
                    )
                    .with(fails(&[ErrorCode::Unauthenticated]))
            }),
        )
        .api_route(
            "/api/auth/logout",
            post_with(auth::http::logout, |op| {
                op.id("logout").tag("Identity").summary("End the session")
            }),
        )
        .api_route(
            "/api/auth/profile",
            get_with(auth::http::profile, |op| {
                op.id("getProfile").tag("Identity").summary("Who is asking")
            }),
        )
}

fn products() -> ApiRouter<App> {
    const TAKEN: &[ErrorCode] = &[ErrorCode::DuplicateSku, ErrorCode::DuplicateBarcode];
    ApiRouter::new()
        .api_route(
            "/api/products",
            get_with(catalog::http::list, |op| {
                op.id("listProducts").tag("Catalogue").summary("Products, in pages or as CSV")
            })
            .post_with(catalog::http::create, |op| {
                op.id("createProduct")
                    .tag("Catalogue")
                    .summary("Make a product")
                    .with(fails(TAKEN))
            }),
        )
        .api_route(
            "/api/products/{id}",
            get_with(catalog::http::get, |op| {
                op.id("getProduct").tag("Catalogue").summary("One product, deleted or not")
            })
            .put_with(catalog::http::replace, |op| {
                op.id("replaceProduct")
                    .tag("Catalogue")
                    .summary("Replace a product")
                    .description("What is not sent gets its default.")
                    .with(fails(TAKEN))
                    .with(fails(&[ErrorCode::InvalidState]))
            })
            .patch_with(catalog::http::patch, |op| {
                op.id("patchProduct")
                    .tag("Catalogue")
                    .summary("Change the named fields of a product")
                    .with(fails(TAKEN))
                    .with(fails(&[ErrorCode::InvalidState]))
            })
            .delete_with(catalog::http::delete, |op| {
                op.id("deleteProduct")
                    .tag("Catalogue")
                    .summary("Delete a product of which nothing is on hand")
                    .description(
                        "It is kept, hidden and closed to movements. Its SKU is free at once; a \
                         barcode stays its own until another product claims it.",
                    )
                    .with(fails(&[ErrorCode::InvalidState]))
            }),
        )
        .api_route(
            "/api/products/{id}/restore",
            post_with(catalog::http::restore, |op| {
                op.id("restoreProduct")
                    .tag("Catalogue")
                    .summary("Bring a deleted product back")
                    .with(fails(&[ErrorCode::DuplicateSku]))
            }),
        )
        .api_route(
            "/api/categories",
            get_with(catalog::http::categories, |op| {
                op.id("listCategories")
                    .tag("Catalogue")
                    .summary("Categories, with the number of products in each")
            }),
        )
}

fn stores() -> ApiRouter<App> {
    const TAKEN: &[ErrorCode] = &[ErrorCode::DuplicateCode];
    ApiRouter::new()
        .api_route(
            "/api/stores",
            get_with(stores::http::list, |op| {
                op.id("listStores").tag("Stores").summary("The stores that the caller can see")
            })
            .post_with(stores::http::create, |op| {
                op.id("createStore").tag("Stores").summary("Make a store").with(fails(TAKEN))
            }),
        )
        .api_route(
            "/api/stores/{id}",
            get_with(stores::http::get, |op| {
                op.id("getStore").tag("Stores").summary("One store, deleted or not")
            })
            .put_with(stores::http::replace, |op| {
                op.id("replaceStore")
                    .tag("Stores")
                    .summary("Replace a store")
                    .description("What is not sent gets its default.")
                    .with(fails(TAKEN))
                    .with(fails(&[ErrorCode::InvalidState]))
            })
            .patch_with(stores::http::patch, |op| {
                op.id("patchStore")
                    .tag("Stores")
                    .summary("Change the named fields of a store")
                    .with(fails(TAKEN))
                    .with(fails(&[ErrorCode::InvalidState]))
            })
            .delete_with(stores::http::delete, |op| {
                op.id("deleteStore")
                    .tag("Stores")
                    .summary("Delete a store in which nothing is on hand")
                    .with(fails(&[ErrorCode::InvalidState]))
            }),
        )
        .api_route(
            "/api/stores/{id}/restore",
            post_with(stores::http::restore, |op| {
                op.id("restoreStore")
                    .tag("Stores")
                    .summary("Bring a deleted store back")
                    .with(fails(TAKEN))
            }),
        )
}

fn system() -> ApiRouter<App> {
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

/// The pages, which are no part of the API.
fn pages() -> Router<App> {
    Router::new()
        .route("/", get(reference::home))
        .route("/setup", get(auth::page::page))
        .route("/setup/setup.css", get(auth::page::style))
        .route("/setup/setup.js", get(auth::page::script))
        .route("/api/docs", get(reference::page))
        .route("/api/docs/docs.css", get(reference::style))
        .route("/api/docs/docs.js", get(reference::script))
}

/// All routes, with the edge round them.
pub fn router(app: App) -> Router {
    let (routes, document) = finish(api());
    let document = reference::Document::new(&document);
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
        .description(include_str!("http/reference/introduction.md"))
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
