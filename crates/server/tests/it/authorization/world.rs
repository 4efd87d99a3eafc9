//! A shop in which every route of the API has something to work on: two stores, someone of each
//! role in the first, and a request for each route.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stockroom::auth::Place;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{PASSWORD, Person, RequestBuilder, TestApp};

/// A word that stands in everything of one store, and nowhere else.
pub const OWN_WORD: &str = "Nightingale";
pub const OTHER_WORD: &str = "Salamander";
/// A message that was tried too often.
const DEAD_LETTER: &str = "INSERT INTO dead_letters
        (id, queue, event_id, event_type, subject_kind, subject_id, attempts, error, state,
         parked_at, updated_at, version)
    VALUES (1, 'orders', 1, 'order.placed', 'order', 999999, 8, 'x', 'parked', 0, 0, 1)";
/// A store, a user, a movement … that does not exist.
const ABSENT: i64 = 999_999;

/// Two stores with everything in them, and someone of each role in the first.
pub struct World {
    pub app: TestApp,
    pub own: Half,
    pub other: Half,
    pub product: i64,
    pub callers: BTreeMap<&'static str, Person>,
    /// One's own view, by the caller's token.
    views: BTreeMap<String, i64>,
    pub user: i64,
    pub key: i64,
    pub customer: i64,
    pub payer: i64,
    pub supplier: i64,
    webhook: (i64, i64),
}

/// One of the two stores.
#[derive(Clone, Copy, Default)]
pub struct Half {
    pub store: i64,
    pub movement: i64,
    pub employee: i64,
    alert: i64,
    orders: Orders,
    /// A payment of the customer, by its version.
    payment: i64,
}

/// Orders, one for each route that does something to one.
#[derive(Clone, Copy, Default)]
struct Orders {
    pending: i64,
    confirmed: i64,
    shipped: i64,
    sold: i64,
    called_off: i64,
}

impl Half {
    const ABSENT: Self = {
        let id = ABSENT;
        let orders = Orders { pending: id, confirmed: id, shipped: id, sold: id, called_off: id };
        Self { store: id, movement: id, employee: id, alert: id, orders, payment: id }
    };

    const fn order(&self, method: &str, path: &str) -> i64 {
        match path.as_bytes() {
            b"/api/orders/{id}/ship" => self.orders.confirmed,
            b"/api/orders/{id}/complete" => self.orders.shipped,
            b"/api/orders/{id}/cancel" => self.orders.pending,
            b"/api/orders/{id}" if matches!(method.as_bytes(), b"DELETE") => self.orders.called_off,
            _ => self.orders.sold,
        }
    }
}

impl World {
    pub async fn new(app: TestApp) -> Self {
        let admin = app.person(Role::Admin, &[Place::AllStores]).await;
        let product = app.bare_product("FOOD").await;
        let customer = async |name: &str| {
            let made = as_(app.post("/api/customers"), &admin).json(&json!({"name": name})).await;
            made.expect(201).json()["customer"]["id"].as_i64().expect("an id")
        };
        // Of one who owes nothing, and of one who pays.
        let (customer, payer) = (customer("Mia").await, customer("Max").await);
        let own = half(&app, &admin, (product, payer), OWN_WORD).await;
        let other = half(&app, &admin, (product, payer), OTHER_WORD).await;
        let mut callers = BTreeMap::new();
        for role in [Role::Staff, Role::Manager, Role::Auditor] {
            callers.insert(role.name(), app.user(role, &[StoreId(own.store)]).await);
        }
        let body = json!({"name": "Web shop", "role": "staff", "store_ids": [own.store]});
        let made = as_(app.post("/api/api-keys"), &admin).json(&body).await.expect(201).json();
        let token = made["key"].as_str().expect("a key").to_owned();
        callers.insert("key", Person { token, ..admin.clone() });
        callers.insert("admin", admin.clone());
        let mut views = BTreeMap::new();
        for person in callers.values().filter(|person| !person.token.starts_with("srk_")) {
            let body = json!({"list": "products", "name": "Dogs", "definition": {}});
            let view = as_(app.post("/api/views"), person).json(&body).await.expect(201).json();
            views.insert(person.token.clone(), view["view"]["id"].as_i64().expect("an id"));
        }
        let user = app.user(Role::Staff, &[StoreId(own.store)]).await.user_id.0;
        // Another one: what is done to it does not put the caller out.
        let body = json!({"name": "Till", "role": "staff", "store_ids": [own.store]});
        let made = as_(app.post("/api/api-keys"), &admin).json(&body).await.expect(201).json();
        let key = made["api_key"]["id"].as_i64().expect("an id");
        let made = as_(app.post("/api/suppliers"), &admin).json(&json!({"name": "Pets"})).await;
        let supplier = made.expect(201).json()["supplier"]["id"].as_i64().expect("an id");
        app.tamper(DEAD_LETTER).await.expect("done");
        let webhook = webhook(&app, &admin).await;
        Self {
            app,
            own,
            other,
            product,
            callers,
            views,
            user,
            key,
            customer,
            payer,
            supplier,
            webhook,
        }
    }

    /// A request to a route, about the `place`-th of: the own store, the other, none.
    pub fn request(&self, method: &str, path: &str, place: usize, token: &str) -> RequestBuilder {
        let half = [self.own, self.other, Half::ABSENT][place];
        let view = self.views.get(token).copied().unwrap_or(1);
        let id = match path {
            path if path.starts_with("/api/stores/") => half.store,
            path if path.starts_with("/api/stock/movements/") => half.movement,
            path if path.starts_with("/api/orders/") => half.order(method, path),
            path if path.starts_with("/api/inventory/alerts/") => half.alert,
            path if path.starts_with("/api/dead-letters/") => 1,
            path if path.starts_with("/api/webhooks/") => self.webhook.0,
            path if path.starts_with("/api/products/") => self.product,
            path if path.starts_with("/api/users/") => self.user,
            path if path.contains("/payments") || path.contains("/ledger") => self.payer,
            path if path.starts_with("/api/customers/") => self.customer,
            path if path.starts_with("/api/suppliers/") => self.supplier,
            path if path.starts_with("/api/employees/") => half.employee,
            path if path.starts_with("/api/api-keys/") => self.key,
            path if path.starts_with("/api/views/") => view,
            path if path.starts_with("/api/auth/sessions/") => self.session_of(token),
            _ => 0,
        };
        let mut target = path.replace("{id}", &id.to_string());
        target = target.replace("{product_id}", &self.product.to_string());
        target = target.replace("{version}", &half.payment.to_string());
        target = target.replace("{delivery_id}", &self.webhook.1.to_string());
        let is_list_of_stores = matches!(
            (method, path),
            (
                "GET",
                "/api/stock/movements"
                    | "/api/stock/current"
                    | "/api/audit-logs"
                    | "/api/employees"
                    | "/api/inventory/alerts"
                    | "/api/orders"
                    | "/api/customers/{id}/ledger"
            )
        );
        if is_list_of_stores {
            target = format!("{target}?store_id={}", half.store);
        }
        let request = self.app.request(method, &target).token(token);
        match self.body(method, path, half.store) {
            Some(body) => request.json(&body),
            None => request,
        }
    }

    fn session_of(&self, token: &str) -> i64 {
        let caller = self.callers.values().find(|person| person.token == token);
        // Not the one that is in use: the others would be out. An earlier one will do.
        caller.map_or(ABSENT, |person| person.session_id)
    }

    pub fn body(&self, method: &str, path: &str, store: i64) -> Option<Value> {
        let movement = json!({"store_id": store, "product_id": self.product, "quantity": 1});
        let with = |more: &Value| {
            let mut body = movement.clone();
            let more = more.as_object().expect("an object").clone();
            body.as_object_mut().expect("an object").extend(more);
            body
        };
        let product = json!({"sku": "FOOD", "name": "Food", "price": "2.50"});
        let shop = json!({"code": format!("S{store}"), "name": "Shop"});
        let user = json!({"username": "bob", "password": "seven quiet otters swim", "role": "staff",
            "store_ids": []});
        let key = json!({"name": "Till", "role": "auditor"});
        let view = json!({"list": "products", "name": "Dogs", "definition": {}});
        Some(match (method, path) {
            (method, path) if has_no_body(method, path) => return None,
            (_, "/api/setup") => json!({"setup_token": "x", "username": "a", "password": PASSWORD}),
            (_, "/api/login" | "/api/auth/login") => json!({"username": "a", "password": "b"}),
            (_, "/api/auth/refresh") => json!({"refresh_token": "x"}),
            ("PATCH", "/api/auth/profile") => json!({"name": "Someone"}),
            (_, "/api/auth/password") => {
                json!({"current_password": PASSWORD, "new_password": "seven quiet otters swim"})
            }
            (_, "/api/auth/preferences") => json!({"preferences": {}}),
            ("PATCH", "/api/users/{id}") => json!({"name": "Someone"}),
            (_, "/api/auth/register" | "/api/users" | "/api/users/{id}") => user,
            ("PATCH", "/api/api-keys/{id}") => json!({"name": "Till 2"}),
            (_, "/api/api-keys" | "/api/api-keys/{id}") => key,
            (_, "/api/settings") => json!({"shop_name": "Paws"}),
            ("PATCH", "/api/customers/{id}") => json!({"phone_number": "1"}),
            ("PATCH", "/api/suppliers/{id}") => json!({"lead_time_days": 5}),
            ("PATCH", "/api/employees/{id}") => json!({"position": "Shift lead"}),
            (_, "/api/customers" | "/api/customers/{id}") => json!({"name": "Mia"}),
            (_, "/api/suppliers" | "/api/suppliers/{id}") => json!({"name": "Pets"}),
            (_, "/api/employees" | "/api/employees/{id}") => json!({
                "name": "Ben", "position": "Cashier", "hire_date": "2026-01-31", "store_id": store,
            }),
            (_, "/api/customers/{id}/payments") => {
                json!({"store_id": store, "method": "cash", "amount": "1.00"})
            }
            (_, "/api/orders") => json!({
                "store_id": store, "items": [{"product_id": self.product, "quantity": 1}],
            }),
            (_, "/api/sales") => sale(store, self.product, "R-1"),
            (_, "/api/orders/{id}/return") => json!({
                "items": [{"item_id": 1, "quantity": 1, "disposition": "restock"}],
            }),
            (_, path) if path.starts_with("/api/orders/") => json!({}),
            ("PATCH", "/api/views/{id}") => json!({"definition": {"q": "x"}}),
            (_, "/api/views" | "/api/views/{id}") => view,
            ("PATCH", "/api/products/{id}") => json!({"price": "2.50"}),
            (_, "/api/products" | "/api/products/{id}") => product,
            ("PATCH", "/api/stores/{id}") => json!({"phone": "1"}),
            (_, "/api/stores" | "/api/stores/{id}") => shop,
            (_, "/api/stock") => with(&json!({"type": "stock_in"})),
            (_, "/api/stock/add" | "/api/stock/sale") => movement,
            (_, "/api/stock/remove") => with(&json!({"reason": "damaged"})),
            (_, "/api/stock/movements") => {
                json!({"atomic": true, "movements": [with(&json!({"type": "stock_in"}))]})
            }
            (_, path) if path.ends_with("/reverse") => json!({}),
            (_, "/api/stores/{id}/inventory/{product_id}") => {
                json!({"quantity": 9, "reason": "count"})
            }
            (_, "/api/stores/{id}/inventory/{product_id}/reorder-point") => {
                json!({"reorder_point": 2})
            }
            _ => return Some(outward(method, path)),
        })
    }
}

fn has_no_body(method: &str, path: &str) -> bool {
    let ends = ["/auth/logout", "/restore", "/replay", "/read", "/rotate", "/test"];
    matches!(method, "GET" | "DELETE") || ends.iter().any(|end| path.ends_with(end))
}

/// Bodies for the routes of what follows from everything else.
fn outward(method: &str, path: &str) -> Value {
    match path {
        "/api/inventory/alerts/{id}/acknowledge" | "/api/notifications/read-all" => json!({}),
        "/api/notifications/preferences" => json!({"all_stores": true}),
        "/api/webhooks" | "/api/webhooks/{id}" => {
            json!({"name": "Hook", "url": "https://1.1.1.1/hook"})
        }
        path => panic!("no body is known for {method} {path}"),
    }
}

/// A webhook, and a delivery to it.
async fn webhook(app: &TestApp, admin: &Person) -> (i64, i64) {
    let body = json!({"name": "Web shop", "url": "https://1.1.1.1/hook"});
    let made = as_(app.post("/api/webhooks"), admin).json(&body).await.expect(201).json();
    let id = made["webhook"]["id"].as_i64().expect("an id");
    let test = as_(app.post(&format!("/api/webhooks/{id}/test")), admin).await.expect(201).json();
    (id, test["delivery"]["id"].as_i64().expect("an id"))
}

/// A store, and goods in it, with a word in everything that has room for one.
async fn half(app: &TestApp, admin: &Person, (product, customer): (i64, i64), word: &str) -> Half {
    let shop = json!({
        "code": word.to_uppercase(), "name": format!("Shop {word}"), "address": word,
        "phone": word,
    });
    let made = as_(app.post("/api/stores"), admin).json(&shop).await.expect(201).json();
    let store = made["store"]["id"].as_i64().expect("an id");
    let body = json!({"store_id": store, "product_id": product, "quantity": 60});
    as_(app.post("/api/stock/add"), admin).json(&body).await.expect(201);
    let body = json!({
        "store_id": store, "product_id": product, "quantity": 1, "note": word,
        "reference": word, "unit_cost": "3.33",
    });
    let moved = as_(app.post("/api/stock/add"), admin).json(&body).await.expect(201).json();
    let employee = json!({
        "name": word, "position": word, "hire_date": "2026-01-31", "contact_info": word,
        "store_id": store,
    });
    let hired = as_(app.post("/api/employees"), admin).json(&employee).await.expect(201).json();
    let paid = json!({
        "store_id": store, "method": "cash", "amount": "5.00", "reference": word, "note": word,
    });
    let path = format!("/api/customers/{customer}/payments");
    let paid = as_(app.post(&path), admin).json(&paid).await.expect(201).json();
    let alert = alert(app, admin, (store, product)).await;
    Half {
        store,
        alert,
        movement: moved["movement"]["id"].as_i64().expect("an id"),
        employee: hired["employee"]["id"].as_i64().expect("an id"),
        orders: orders(app, admin, (store, product), word).await,
        payment: paid["entry"]["version"].as_i64().expect("a version"),
    }
}

/// A sale of six for 2.50 each, of which several can come back.
fn sale(store: i64, product: i64, word: &str) -> Value {
    json!({
        "store_id": store, "items": [{"product_id": product, "quantity": 6, "price": "2.50"}],
        "payments": [{"method": "cash", "amount": "15.00"}], "reference": word, "note": word,
    })
}

/// An alert of the product in a store.
async fn alert(app: &TestApp, admin: &Person, (store, product): (i64, i64)) -> i64 {
    let path = format!("/api/stores/{store}/inventory/{product}/reorder-point");
    as_(app.put(&path), admin).json(&json!({"reorder_point": 1_000})).await.expect(200);
    app.catch_up().await;
    let path = format!("/api/inventory/alerts?store_id={store}");
    let alerts = app.get_as(admin, &path).await.expect(200).json();
    alerts["alerts"][0]["id"].as_i64().expect("an id")
}

/// An order in each state, with a word in everything that has room for one.
async fn orders(app: &TestApp, admin: &Person, (store, product): (i64, i64), word: &str) -> Orders {
    let place = async || {
        let body = json!({
            "store_id": store, "items": [{"product_id": product, "quantity": 1}],
            "reference": word, "note": word,
        });
        let placed = as_(app.post("/api/orders"), admin).json(&body).await.expect(201).json();
        placed["order_id"].as_i64().expect("a number")
    };
    let (confirmed, shipped) = (place().await, place().await);
    app.take_goods().await;
    let note = json!({"note": word});
    app.step(admin, shipped, "ship", &note).await.expect(200);
    let called_off = place().await;
    app.step(admin, called_off, "cancel", &note).await.expect(200);
    let sold = as_(app.post("/api/sales"), admin).json(&sale(store, product, word)).await;
    Orders {
        pending: place().await,
        confirmed,
        shipped,
        sold: sold.expect(201).json()["order_id"].as_i64().expect("a number"),
        called_off,
    }
}

impl World {
    /// Opens the caller's session again, as if they had signed in anew.
    pub async fn sign_in_again(&self, role: &str) {
        let session = self.callers[role].session_id;
        let sql =
            format!("UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE id = {session}");
        self.app.tamper(&sql).await.expect("done");
        self.app.app.auth.callers.forget(session);
    }
}
