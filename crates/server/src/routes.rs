//! EVERY route, on one page: method, path, handler, who may call it, whose things it touches,
//! and what the documentation calls it. The router and the OpenAPI document ([`crate::router`])
//! and the tests of authorization are made of this table. It goes on in [`outward`].

use crate::auth::{
    Anyone, EditCatalog, EditCustomers, EditEmployees, EditSettings, EditStores, GrantCredit,
    ManageUsers, MoveStock, OnesOwn, Operate, ReadAudit, ReadCatalog, ReadCustomers, ReadEmployees,
    ReadOrders, ReadStock, Renewing, Sell, SignedIn, SuperviseSales,
};
use crate::error::ErrorCode;
use crate::http::endpoint::{Endpoint, Reach, delete, get, patch, post, put};
use crate::rate_limit::Class;
use crate::{
    accounts, alerts, audit_log, auth, catalog, operations, people, shop, stock, stores, system,
};

mod outward;

/// A heading of the documentation, what it says, and what stands under it.
pub type Part = (&'static str, &'static str, fn() -> Vec<Endpoint>);

/// The parts of the API, in the documentation's order.
pub const PARTS: &[Part] = &[
    ("Identity", "Setting up the shop, signing in and staying signed in.", identity),
    ("Users", "Who signs in, and the keys of programs.", users),
    ("Settings", "What holds for the whole shop, and saved views of lists.", settings),
    ("Catalogue", "What the shop sells: one catalogue for all stores.", catalogue),
    ("Customers", "Those who buy, and what they owe.", customers),
    ("People", "Suppliers, and those who work in the shop.", people),
    ("Stores", "The shops that hold stock. A caller sees those in which they hold a role.", shops),
    ("Stock", "Goods coming in, sold and taken out; what is on hand, now and then.", ledger),
    ("Orders", "Orders placed and processed, sales over the counter, and what follows.", orders),
    ("Operations", "Requests that were taken on, to be done later.", outward::later),
    ("Notifications", "What people are told of, each by themselves.", outward::notifications),
    ("Events", "The event log, and what could not be dealt with.", outward::following),
    ("Webhooks", "Events that are sent to other people's servers, signed.", outward::webhooks),
    ("Audit", "Who did what, when and from where.", audit),
    ("System", "How the system itself is doing.", machine),
];

/// Every operation of the API.
pub fn table() -> Vec<Endpoint> {
    let parts = PARTS.iter();
    parts.flat_map(|(tag, _, part)| part().into_iter().map(|line| line.tagged(tag))).collect()
}

fn identity() -> Vec<Endpoint> {
    use ErrorCode::{
        AlreadySetUp, DuplicateUsername, Overloaded, TooManyAttempts, Unauthenticated,
    };
    use accounts::{own as mine, users};
    use auth::http as own;
    /// What a guessed secret can be answered.
    const GUARDED: &[ErrorCode] = &[Unauthenticated, TooManyAttempts, Overloaded];
    vec![
        post("/api/setup", own::setup, Anyone, Reach::System)
            .class(Class::Login)
            .doc("setUp", "Make the first administrator and the first store")
            .fails(GUARDED)
            .fails(&[AlreadySetUp]),
        post("/api/login", own::login, Anyone, Reach::System)
            .class(Class::Login)
            .doc("login", "Sign in with name and password")
            .fails(GUARDED),
        post("/api/auth/login", own::login, Anyone, Reach::System)
            .class(Class::Login)
            .doc("authLogin", "The same as `POST /api/login`")
            .fails(GUARDED),
        post("/api/auth/refresh", own::refresh, Renewing, Reach::System)
            .class(Class::Login)
            .doc("refresh", "Exchange a refresh token for the next pair")
            .about(
                "A refresh token is good once. Used again within ten seconds it gives another \
                 pair, for tabs that wake up together; after that it ends the whole session.",
            )
            .fails(&[Unauthenticated]),
        post("/api/auth/logout", own::logout, SignedIn, Reach::Own)
            .doc("logout", "End the session"),
        post("/api/auth/register", users::register, Anyone, Reach::Shop)
            .class(Class::Login)
            .doc("register", "Make an account, for someone else or for oneself")
            .about(
                "With an administrator's token the same as `POST /api/users`. Without a token \
                 only where the shop's settings say `\"registration\": \"open\"`, and then \
                 without a role in any store.",
            )
            .fails(&[Unauthenticated, DuplicateUsername, Overloaded]),
        get("/api/auth/profile", own::profile, SignedIn, Reach::Own)
            .doc("getProfile", "Who is asking"),
        patch("/api/auth/profile", mine::patch_profile, OnesOwn, Reach::Own)
            .doc("patchProfile", "Change one's own name"),
        put("/api/auth/password", mine::set_password, OnesOwn, Reach::Own)
            .class(Class::Login)
            .doc("setPassword", "Change one's own password, and end all other sign-ins")
            .fails(&[TooManyAttempts, Overloaded]),
        get("/api/auth/preferences", mine::preferences, OnesOwn, Reach::Own)
            .doc("getPreferences", "How one likes the screens"),
        put("/api/auth/preferences", mine::set_preferences, OnesOwn, Reach::Own)
            .doc("setPreferences", "Set how one likes the screens"),
        get("/api/auth/sessions", mine::sessions, OnesOwn, Reach::Own)
            .doc("listSessions", "Where one is signed in"),
        delete("/api/auth/sessions/{id}", mine::end_session, OnesOwn, Reach::Own)
            .doc("endSession", "End one of one's own sign-ins"),
    ]
}

fn users() -> Vec<Endpoint> {
    use ErrorCode::{DuplicateUsername, InvalidState, Overloaded};
    use accounts::{keys, users};
    const TAKEN: &[ErrorCode] = &[DuplicateUsername, InvalidState, Overloaded];
    vec![
        get("/api/users", users::list, ManageUsers, Reach::Shop).doc("listUsers", "All users"),
        post("/api/users", users::create, ManageUsers, Reach::Shop)
            .doc("createUser", "Add a user")
            .fails(TAKEN),
        get("/api/users/{id}", users::get, ManageUsers, Reach::Shop).doc("getUser", "One user"),
        put("/api/users/{id}", users::replace, ManageUsers, Reach::Shop)
            .doc("replaceUser", "Replace what a user is")
            .fails(TAKEN),
        patch("/api/users/{id}", users::patch, ManageUsers, Reach::Shop)
            .doc("patchUser", "Change a user, set a password, disable")
            .fails(TAKEN),
        delete("/api/users/{id}", users::delete, ManageUsers, Reach::Shop)
            .doc("deleteUser", "Let a user go")
            .fails(&[InvalidState]),
        get("/api/api-keys", keys::list, ManageUsers, Reach::Shop)
            .doc("listApiKeys", "All keys of programs"),
        post("/api/api-keys", keys::create, ManageUsers, Reach::Shop)
            .doc("createApiKey", "Make a key, which is shown this once"),
        get("/api/api-keys/{id}", keys::get, ManageUsers, Reach::Shop)
            .doc("getApiKey", "One key, without itself"),
        put("/api/api-keys/{id}", keys::replace, ManageUsers, Reach::Shop)
            .doc("replaceApiKey", "Replace what a key may do")
            .fails(&[InvalidState]),
        patch("/api/api-keys/{id}", keys::patch, ManageUsers, Reach::Shop)
            .doc("patchApiKey", "Change what a key may do")
            .fails(&[InvalidState]),
        delete("/api/api-keys/{id}", keys::delete, ManageUsers, Reach::Shop)
            .doc("revokeApiKey", "End a key"),
    ]
}

fn settings() -> Vec<Endpoint> {
    use ErrorCode::{DuplicateName, Forbidden, InvalidState};
    use accounts::views;
    const TAKEN: &[ErrorCode] = &[DuplicateName, Forbidden, InvalidState];
    vec![
        get("/api/settings", shop::http::get, ReadCatalog, Reach::Shop)
            .doc("getSettings", "What holds for the whole shop"),
        patch("/api/settings", shop::http::patch, EditSettings, Reach::Shop)
            .doc("patchSettings", "Change what holds for the whole shop")
            .fails(&[InvalidState]),
        get("/api/views", views::list, OnesOwn, Reach::Own)
            .doc("listViews", "One's own saved views and those that are shared"),
        post("/api/views", views::create, OnesOwn, Reach::Own)
            .doc("createView", "Save a view of a list")
            .fails(TAKEN),
        get("/api/views/{id}", views::get, OnesOwn, Reach::Own).doc("getView", "One saved view"),
        put("/api/views/{id}", views::replace, OnesOwn, Reach::Own)
            .doc("replaceView", "Replace a saved view")
            .fails(TAKEN),
        patch("/api/views/{id}", views::patch, OnesOwn, Reach::Own)
            .doc("patchView", "Change a saved view")
            .fails(TAKEN),
        delete("/api/views/{id}", views::delete, OnesOwn, Reach::Own)
            .doc("deleteView", "Delete a saved view")
            .fails(&[Forbidden]),
    ]
}

fn catalogue() -> Vec<Endpoint> {
    use ErrorCode::{DuplicateBarcode, DuplicateSku, InvalidState};
    use catalog::http as products;
    const TAKEN: &[ErrorCode] = &[DuplicateSku, DuplicateBarcode, InvalidState];
    vec![
        get("/api/products", products::list, ReadCatalog, Reach::Shop)
            .doc("listProducts", "Products, or all as CSV"),
        post("/api/products", products::create, EditCatalog, Reach::Shop)
            .doc("createProduct", "Make a product")
            .fails(TAKEN),
        get("/api/products/{id}", products::get, ReadCatalog, Reach::Shop)
            .doc("getProduct", "One product, or a deleted one"),
        put("/api/products/{id}", products::replace, EditCatalog, Reach::Shop)
            .doc("replaceProduct", "Replace a product")
            .fails(TAKEN),
        patch("/api/products/{id}", products::patch, EditCatalog, Reach::Shop)
            .doc("patchProduct", "Change some fields of a product")
            .fails(TAKEN),
        delete("/api/products/{id}", products::delete, EditCatalog, Reach::Shop)
            .doc("deleteProduct", "Delete a product that is not on hand")
            .fails(&[InvalidState]),
        post("/api/products/{id}/restore", products::restore, EditCatalog, Reach::Shop)
            .doc("restoreProduct", "Bring a deleted product back")
            .fails(TAKEN),
        get("/api/categories", products::categories, ReadCatalog, Reach::Shop)
            .doc("listCategories", "Categories, and how many products in each"),
    ]
}

fn customers() -> Vec<Endpoint> {
    use ErrorCode::{Forbidden, InvalidState};
    use people::{credit, customer};
    const STATE: &[ErrorCode] = &[InvalidState, Forbidden];
    const POSTED: &[ErrorCode] =
        &[ErrorCode::NotFound, InvalidState, ErrorCode::Overloaded, ErrorCode::OutcomeUnknown];
    vec![
        get("/api/customers", customer::list, ReadCustomers, Reach::Shop)
            .doc("listCustomers", "Customers, or all as CSV"),
        post("/api/customers", customer::create, EditCustomers, Reach::Shop)
            .doc("createCustomer", "Add a customer"),
        get("/api/customers/{id}", customer::get, ReadCustomers, Reach::Shop)
            .doc("getCustomer", "One customer, or a deleted one"),
        put("/api/customers/{id}", customer::replace, EditCustomers, Reach::Shop)
            .doc("replaceCustomer", "Replace what a customer is")
            .fails(STATE),
        patch("/api/customers/{id}", customer::patch, EditCustomers, Reach::Shop)
            .doc("patchCustomer", "Change some fields of a customer")
            .fails(STATE),
        delete("/api/customers/{id}", customer::delete, EditCustomers, Reach::Shop)
            .doc("deleteCustomer", "Delete a customer who owes nothing")
            .fails(STATE),
        post("/api/customers/{id}/restore", customer::restore, EditCustomers, Reach::Shop)
            .doc("restoreCustomer", "Bring a deleted customer back"),
        get("/api/customers/{id}/ledger", credit::list, ReadCustomers, Reach::Stores)
            .doc("listCustomerEntries", "What a customer bought on credit and paid, newest first")
            .fails(&[ErrorCode::NotFound]),
        post("/api/customers/{id}/payments", credit::pay, Sell, Reach::Stores)
            .doc("payCustomerDebt", "Take money from a customer for what they owe")
            .fails(POSTED),
        post(
            "/api/customers/{id}/ledger/{version}/reverse",
            credit::reverse,
            GrantCredit,
            Reach::Store,
        )
        .doc("reverseCustomerPayment", "Undo a payment")
        .fails(POSTED),
    ]
}

fn people() -> Vec<Endpoint> {
    use ErrorCode::{Forbidden, InvalidState};
    use people::{employee, supplier};
    const STATE: &[ErrorCode] = &[InvalidState, Forbidden];
    vec![
        get("/api/suppliers", supplier::list, ReadCatalog, Reach::Shop)
            .doc("listSuppliers", "Suppliers, or all as CSV"),
        post("/api/suppliers", supplier::create, EditCatalog, Reach::Shop)
            .doc("createSupplier", "Add a supplier"),
        get("/api/suppliers/{id}", supplier::get, ReadCatalog, Reach::Shop)
            .doc("getSupplier", "One supplier, or a deleted one"),
        put("/api/suppliers/{id}", supplier::replace, EditCatalog, Reach::Shop)
            .doc("replaceSupplier", "Replace what a supplier is")
            .fails(STATE),
        patch("/api/suppliers/{id}", supplier::patch, EditCatalog, Reach::Shop)
            .doc("patchSupplier", "Change some fields of a supplier")
            .fails(STATE),
        delete("/api/suppliers/{id}", supplier::delete, EditCatalog, Reach::Shop)
            .doc("deleteSupplier", "Delete a supplier that is no product's usual one")
            .fails(STATE),
        post("/api/suppliers/{id}/restore", supplier::restore, EditCatalog, Reach::Shop)
            .doc("restoreSupplier", "Bring a deleted supplier back"),
        get("/api/employees", employee::list, ReadEmployees, Reach::Stores)
            .doc("listEmployees", "Those who work in the caller's stores, or all as CSV")
            .fails(&[ErrorCode::NotFound]),
        post("/api/employees", employee::create, EditEmployees, Reach::Stores)
            .doc("createEmployee", "Add someone who works here")
            .fails(&[ErrorCode::NotFound]),
        get("/api/employees/{id}", employee::get, ReadEmployees, Reach::Store)
            .doc("getEmployee", "One employee, or a deleted one"),
        put("/api/employees/{id}", employee::replace, EditEmployees, Reach::Store)
            .doc("replaceEmployee", "Replace what an employee is")
            .fails(STATE),
        patch("/api/employees/{id}", employee::patch, EditEmployees, Reach::Store)
            .doc("patchEmployee", "Change some fields of an employee")
            .fails(STATE),
        delete("/api/employees/{id}", employee::delete, EditEmployees, Reach::Store)
            .doc("deleteEmployee", "Let an employee go"),
        post("/api/employees/{id}/restore", employee::restore, EditEmployees, Reach::Store)
            .doc("restoreEmployee", "Bring a deleted employee back"),
    ]
}

fn orders() -> Vec<Endpoint> {
    use crate::orders::{http, place, sale, steps};
    use ErrorCode::{
        CreditLimitExceeded, Forbidden, InsufficientStock, InvalidState, NotFound, OutcomeUnknown,
        Overloaded,
    };
    const WRITES: &[ErrorCode] = &[NotFound, Forbidden, InvalidState, Overloaded, OutcomeUnknown];
    vec![
        get("/api/orders", http::list, ReadOrders, Reach::Stores)
            .doc("listOrders", "Orders and sales, newest first, or all as CSV")
            .fails(&[NotFound]),
        post("/api/orders", place::place, Sell, Reach::Stores)
            .doc("placeOrder", "Place an order")
            .about(
                "It is pending until a worker takes its goods, all or none: then it is confirmed, \
                 or rejected with what was missing. `Prefer: wait=5` waits for that.",
            )
            .fails(WRITES),
        get("/api/orders/{id}", http::get, ReadOrders, Reach::Store)
            .doc("getOrder", "One order, or a deleted one"),
        delete("/api/orders/{id}", steps::delete, SuperviseSales, Reach::Store)
            .doc("deleteOrder", "Hide an order of which nothing is left to be done")
            .fails(WRITES),
        post("/api/orders/{id}/ship", steps::ship, Sell, Reach::Store)
            .doc("shipOrder", "Send a confirmed order")
            .fails(WRITES),
        post("/api/orders/{id}/complete", steps::complete, Sell, Reach::Store)
            .doc("completeOrder", "End an order that was sent, and take the money for it")
            .fails(WRITES)
            .fails(&[CreditLimitExceeded]),
        post("/api/orders/{id}/cancel", steps::cancel, Sell, Reach::Store)
            .doc("cancelOrder", "Call an order off; its goods go back")
            .fails(WRITES),
        post("/api/orders/{id}/return", steps::take_back, Sell, Reach::Store)
            .doc("returnOrder", "Take goods of an order or a sale back")
            .fails(WRITES),
        post("/api/sales", sale::sell, Sell, Reach::Stores)
            .doc("sell", "Sell over the counter: order, payments and goods at once")
            .fails(WRITES)
            .fails(&[InsufficientStock, CreditLimitExceeded])
            .deferrable(operations::accept),
    ]
}

fn shops() -> Vec<Endpoint> {
    use ErrorCode::{DuplicateCode, InvalidState};
    use stores::http as stores;
    const TAKEN: &[ErrorCode] = &[DuplicateCode, InvalidState];
    vec![
        get("/api/stores", stores::list, ReadCatalog, Reach::Stores)
            .doc("listStores", "The stores that one can see"),
        post("/api/stores", stores::create, EditStores, Reach::Shop)
            .doc("createStore", "Make a store")
            .fails(TAKEN),
        get("/api/stores/{id}", stores::get, ReadCatalog, Reach::Store)
            .doc("getStore", "One store, or a deleted one"),
        put("/api/stores/{id}", stores::replace, EditStores, Reach::Store)
            .doc("replaceStore", "Replace a store")
            .fails(TAKEN),
        patch("/api/stores/{id}", stores::patch, EditStores, Reach::Store)
            .doc("patchStore", "Change some fields of a store")
            .fails(TAKEN),
        delete("/api/stores/{id}", stores::delete, EditStores, Reach::Store)
            .doc("deleteStore", "Delete a store that is empty")
            .fails(&[InvalidState]),
        post("/api/stores/{id}/restore", stores::restore, EditStores, Reach::Store)
            .doc("restoreStore", "Bring a deleted store back")
            .fails(TAKEN),
    ]
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

fn ledger() -> Vec<Endpoint> {
    use ErrorCode::NotFound;
    use stock::{levels, many, movements, post as posts};
    vec![
        post("/api/stock", posts::typed, MoveStock, Reach::Store)
            .doc("recordMovement", "Record one movement")
            .fails(POSTING)
            .deferrable(operations::accept),
        post("/api/stock/add", posts::add, MoveStock, Reach::Store)
            .doc("addStock", "Record goods that came in")
            .fails(POSTING)
            .deferrable(operations::accept),
        post("/api/stock/sale", posts::sale, MoveStock, Reach::Store)
            .doc("sellStock", "Record goods that were sold")
            .fails(POSTING)
            .deferrable(operations::accept),
        post("/api/stock/remove", posts::remove, MoveStock, Reach::Store)
            .doc("removeStock", "Record goods that were taken out")
            .fails(POSTING)
            .deferrable(operations::accept),
        post("/api/stock/movements", many::many, MoveStock, Reach::Stores)
            .doc("recordMovements", "Record many movements at once")
            .fails(POSTING)
            .deferrable(operations::accept),
        get("/api/stock/movements", movements::list, ReadStock, Reach::Stores)
            .doc("listMovements", "The ledger, newest first")
            .fails(&[NotFound]),
        get("/api/stock/movements/{id}", movements::get, ReadStock, Reach::Store)
            .doc("getMovement", "One movement")
            .fails(&[NotFound]),
        post("/api/stock/movements/{id}/reverse", posts::reverse, MoveStock, Reach::Store)
            .doc("reverseMovement", "Undo a movement by a new one")
            .fails(POSTING)
            .deferrable(operations::accept),
        get("/api/stock/current", levels::current, ReadStock, Reach::Stores)
            .doc("listLevels", "What is on hand, now or at any past instant")
            .fails(&[NotFound]),
        get("/api/stores/{id}/inventory", levels::inventory, ReadStock, Reach::Store)
            .doc("getInventory", "What is on hand in one store")
            .fails(&[NotFound]),
        put(
            "/api/stores/{id}/inventory/{product_id}",
            posts::set_quantity,
            MoveStock,
            Reach::Store,
        )
        .doc("setQuantity", "Set a level right after a count")
        .fails(POSTING),
        put(
            "/api/stores/{id}/inventory/{product_id}/reorder-point",
            posts::set_reorder_point,
            MoveStock,
            Reach::Store,
        )
        .doc("setReorderPoint", "When to order again, in one store")
        .fails(&[NotFound]),
        get("/api/inventory/alerts", alerts::http::list, ReadStock, Reach::Stores)
            .doc("listAlerts", "What is sold out, below its reorder point, or about to expire")
            .fails(&[NotFound]),
        get("/api/inventory/alerts/{id}", alerts::http::get, ReadStock, Reach::Store)
            .doc("getAlert", "One alert")
            .fails(&[NotFound]),
        post(
            "/api/inventory/alerts/{id}/acknowledge",
            alerts::http::acknowledge,
            MoveStock,
            Reach::Store,
        )
        .doc("acknowledgeAlert", "Say that one has seen to it")
        .fails(&[NotFound, ErrorCode::InvalidState, ErrorCode::VersionMismatch]),
    ]
}

fn audit() -> Vec<Endpoint> {
    vec![
        get("/api/audit-logs", audit_log::http::list, ReadAudit, Reach::Stores)
            .doc("listAuditLogs", "The audit log, newest first, or all as CSV")
            .about(audit_log::http::ABOUT)
            .fails(&[ErrorCode::NotFound]),
    ]
}

fn machine() -> Vec<Endpoint> {
    use system::http as system;
    vec![
        get("/health/live", system::live, Anyone, Reach::System)
            .class(Class::Unlimited)
            .doc("getLiveness", "Whether the process runs"),
        get("/health/ready", system::ready, Anyone, Reach::System)
            .class(Class::Unlimited)
            .doc("getReadiness", "Whether requests should come here"),
        get("/metrics", system::metrics, Operate, Reach::System)
            .class(Class::Unlimited)
            .doc("getMetrics", "All metrics, for Prometheus"),
        get("/api/version", system::version, Anyone, Reach::System)
            .doc("getVersion", "What is running"),
    ]
}
