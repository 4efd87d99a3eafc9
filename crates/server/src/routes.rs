//! EVERY route, on one page: method, path, handler, and what the documentation calls it.
//! Who may call it stands in the handler's signature (`Can<R>`).

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with, put_with};
use aide::generate::in_context;
use aide::openapi::{OpenApi, SecurityScheme, Tag};
use aide::transform::{TransformOpenApi, TransformOperation};
use axum::Router;
use axum::routing::get;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;

use crate::error::{ApiError, ErrorCode};
use crate::http::docs::fails;
use crate::http::edge::EdgeLayer;
use crate::http::reference;
use crate::{App, auth, catalog, stock, stores, system};

/// The tags of the documentation, in its order.
const TAGS: &[(&str, &str)] = &[
    ("Identity", "Setting up the shop, signing in and staying signed in."),
    ("Catalogue", "What the shop sells: one catalogue for all stores."),
    ("Stores", "The shops that hold stock. A caller sees those in which they hold a role."),
    ("Stock", "Goods coming in, sold and taken out; what is on hand, now and then."),
    ("System", "How the system itself is doing."),
];

fn api() -> ApiRouter<App> {
    speak_json_schema_2020();
    ApiRouter::new().merge(identity()).merge(catalogue()).merge(stock()).merge(system())
}

#[allow(clippy::too_many_lines, reason = "a list of routes")]
fn stock() -> ApiRouter<App> {
    use stock::{levels, many, movements, post};
    ApiRouter::new()
        .api_route(
            "/api/stock",
            post_with(post::typed, doc("recordMovement", "Stock", "Record one movement", POSTING)),
        )
        .api_route(
            "/api/stock/add",
            post_with(post::add, doc("addStock", "Stock", "Record goods that came in", POSTING)),
        )
        .api_route(
            "/api/stock/sale",
            post_with(
                post::sale,
                doc("sellStock", "Stock", "Record goods that were sold", POSTING),
            ),
        )
        .api_route(
            "/api/stock/remove",
            post_with(
                post::remove,
                doc("removeStock", "Stock", "Record goods that were taken out", POSTING),
            ),
        )
        .api_route(
            "/api/stock/movements",
            post_with(
                many::many,
                doc("recordMovements", "Stock", "Record many movements at once", POSTING),
            )
            .get_with(
                movements::list,
                doc("listMovements", "Stock", "The ledger, newest first", IN_STORES),
            ),
        )
        .api_route(
            "/api/stock/movements/{id}",
            get_with(movements::get, doc("getMovement", "Stock", "One movement", IN_STORES)),
        )
        .api_route(
            "/api/stock/movements/{id}/reverse",
            post_with(
                post::reverse,
                doc("reverseMovement", "Stock", "Undo a movement by a new one", POSTING),
            ),
        )
        .api_route(
            "/api/stock/current",
            get_with(
                levels::current,
                doc(
                    "listLevels",
                    "Stock",
                    "What is on hand, now or at any past instant",
                    IN_STORES,
                ),
            ),
        )
        .api_route(
            "/api/stores/{id}/inventory",
            get_with(
                levels::inventory,
                doc("getInventory", "Stock", "What is on hand in one store", IN_STORES),
            ),
        )
        .api_route(
            "/api/stores/{id}/inventory/{product_id}",
            put_with(
                post::set_quantity,
                doc("setQuantity", "Stock", "Set a level right after a count", POSTING),
            ),
        )
        .api_route(
            "/api/stores/{id}/inventory/{product_id}/reorder-point",
            put_with(
                post::set_reorder_point,
                doc("setReorderPoint", "Stock", "When to order again, in one store", IN_STORES),
            ),
        )
}

/// What a posting to the ledger can be answered beside success.
const POSTING: &[ErrorCode] = &[
    ErrorCode::NotFound,
    ErrorCode::InsufficientStock,
    ErrorCode::InvalidState,
    ErrorCode::VersionMismatch,
    ErrorCode::IdempotencyKeyReused,
    ErrorCode::Overloaded,
    ErrorCode::Unavailable,
    ErrorCode::OutcomeUnknown,
];

/// What anything within stores can be answered beside success.
const IN_STORES: &[ErrorCode] = &[ErrorCode::NotFound, ErrorCode::Unavailable];

/// What the documentation says of an operation: its id, tag, summary and failures.
fn doc(
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    failures: &'static [ErrorCode],
) -> impl Fn(TransformOperation<'_>) -> TransformOperation<'_> {
    move |operation| operation.id(id).tag(tag).summary(summary).with(fails(failures))
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

#[allow(clippy::too_many_lines, reason = "a list of routes")]
fn catalogue() -> ApiRouter<App> {
    use catalog::http as products;
    use stores::http as stores;
    const PRODUCTS: &str = "Catalogue";
    const STORES: &str = "Stores";
    ApiRouter::new()
        .api_route(
            "/api/products",
            get_with(products::list, doc("listProducts", PRODUCTS, "Products, or all as CSV", &[]))
                .post_with(
                    products::create,
                    doc("createProduct", PRODUCTS, "Make a product", PRODUCT_TAKEN),
                ),
        )
        .api_route(
            "/api/products/{id}",
            get_with(
                products::get,
                doc("getProduct", PRODUCTS, "One product, or a deleted one", &[]),
            )
            .put_with(
                products::replace,
                doc("replaceProduct", PRODUCTS, "Replace a product", PRODUCT_TAKEN),
            )
            .patch_with(
                products::patch,
                doc("patchProduct", PRODUCTS, "Change some fields of a product", PRODUCT_TAKEN),
            )
            .delete_with(
                products::delete,
                doc("deleteProduct", PRODUCTS, "Delete a product that is not on hand", LEFT),
            ),
        )
        .api_route(
            "/api/products/{id}/restore",
            post_with(
                products::restore,
                doc("restoreProduct", PRODUCTS, "Bring a deleted product back", PRODUCT_TAKEN),
            ),
        )
        .api_route(
            "/api/categories",
            get_with(
                products::categories,
                doc("listCategories", PRODUCTS, "Categories, and how many products in each", &[]),
            ),
        )
        .api_route(
            "/api/stores",
            get_with(stores::list, doc("listStores", STORES, "The stores that one can see", &[]))
                .post_with(stores::create, doc("createStore", STORES, "Make a store", STORE_TAKEN)),
        )
        .api_route(
            "/api/stores/{id}",
            get_with(stores::get, doc("getStore", STORES, "One store, or a deleted one", &[]))
                .put_with(
                    stores::replace,
                    doc("replaceStore", STORES, "Replace a store", STORE_TAKEN),
                )
                .patch_with(
                    stores::patch,
                    doc("patchStore", STORES, "Change some fields of a store", STORE_TAKEN),
                )
                .delete_with(
                    stores::delete,
                    doc("deleteStore", STORES, "Delete a store that is empty", LEFT),
                ),
        )
        .api_route(
            "/api/stores/{id}/restore",
            post_with(
                stores::restore,
                doc("restoreStore", STORES, "Bring a deleted store back", STORE_TAKEN),
            ),
        )
}

/// What making and changing a product can be answered, beside what its extractors say.
const PRODUCT_TAKEN: &[ErrorCode] =
    &[ErrorCode::DuplicateSku, ErrorCode::DuplicateBarcode, ErrorCode::InvalidState];
/// The same of a store.
const STORE_TAKEN: &[ErrorCode] = &[ErrorCode::DuplicateCode, ErrorCode::InvalidState];
/// Deleting, while something is on hand.
const LEFT: &[ErrorCode] = &[ErrorCode::InvalidState];

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
