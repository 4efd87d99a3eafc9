//! Every route × whoever may come × their own store, another one, none: held against
//! `policy.txt`, which people have decided. A route without a row fails. And a word in each store's
//! data never crosses to the other side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stockroom::auth::{Access, Place};
use stockroom::http::endpoint::Reach;
use stockroom::routes;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{PASSWORD, Person, Reply, RequestBuilder, TestApp, on_both_engines};

on_both_engines!(
    every_route_answers_everyone_as_the_policy_says,
    whoever_comes_without_a_good_token_is_answered_401,
    a_word_of_one_store_never_crosses_to_another,
    costs_are_seen_by_those_with_the_right_alone,
);

/// A word that stands in everything of one store, and nowhere else.
const OWN_WORD: &str = "Nightingale";
const OTHER_WORD: &str = "Salamander";
const ROLES: [&str; 5] = ["staff", "manager", "auditor", "admin", "key"];
/// A store, a user, a movement … that does not exist.
const ABSENT: i64 = 999_999;

/// A row of the policy: what each role is answered in each of up to three places.
struct Policy {
    is_for_any: bool,
    answers: BTreeMap<&'static str, Vec<String>>,
}

fn policies() -> BTreeMap<String, Policy> {
    let lines = include_str!("policy.txt").lines().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [method, path, cells @ ..] = &words[..] else { panic!("{line}") };
        assert_eq!(cells.len(), ROLES.len(), "{line}");
        let cells = cells.iter().map(|cell| cell.split('/').map(str::to_owned).collect());
        let policy = Policy {
            is_for_any: *method == "any",
            answers: ROLES.into_iter().zip(cells).collect(),
        };
        (method.to_string(), path.to_string(), policy)
    };
    let mut policies = BTreeMap::new();
    for (method, path, policy) in lines.map(row) {
        let method = match (method.as_str(), path.as_str()) {
            ("any", path) if path.starts_with("/health") || path == "/api/version" => "GET",
            ("any", _) => "POST",
            (method, _) => method,
        };
        let name = format!("{method} {path}");
        assert!(policies.insert(name.clone(), policy).is_none(), "{name} stands there twice");
    }
    policies
}

#[test]
fn every_route_has_a_row_in_the_policy_and_says_who_may_as_it_does() {
    let policies = policies();
    let mut seen = BTreeSet::new();
    for endpoint in routes::table() {
        let name = format!("{} {}", endpoint.method(), endpoint.path());
        let policy = policies.get(&name).unwrap_or_else(|| panic!("{name} has no row"));
        // Register looks at a token where there is one.
        let is_for_any =
            endpoint.access() == Access::Anyone && endpoint.path() != "/api/auth/register";
        assert_eq!(policy.is_for_any, is_for_any, "{name}");
        let has_places = matches!(endpoint.reach(), Reach::Store | Reach::Stores)
            && endpoint.path() != "/api/stores";
        for (role, answers) in &policy.answers {
            assert_eq!(answers.len(), if has_places { 3 } else { 1 }, "{name} {role}");
        }
        seen.insert(name);
    }
    let gone: Vec<_> = policies.keys().filter(|name| !seen.contains(*name)).collect();
    assert!(gone.is_empty(), "rows without a route: {gone:?}");
}

/// Two stores with everything in them, and someone of each role in the first.
struct World {
    app: TestApp,
    own: Half,
    other: Half,
    product: i64,
    callers: BTreeMap<&'static str, Person>,
    /// One's own view, by the caller's token.
    views: BTreeMap<String, i64>,
    user: i64,
    key: i64,
}

/// One of the two stores.
#[derive(Clone, Copy)]
struct Half {
    store: i64,
    movement: i64,
}

impl World {
    async fn new(app: TestApp) -> Self {
        let admin = app.person(Role::Admin, &[Place::AllStores]).await;
        let product = app.bare_product("FOOD").await;
        let own = half(&app, &admin, product, OWN_WORD).await;
        let other = half(&app, &admin, product, OTHER_WORD).await;
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
        Self { app, own, other, product, callers, views, user, key }
    }

    /// A request to a route, about the `place`-th of: the own store, the other, none.
    fn request(&self, method: &str, path: &str, place: usize, token: &str) -> RequestBuilder {
        let absent = Half { store: ABSENT, movement: ABSENT };
        let half = [self.own, self.other, absent][place];
        let view = self.views.get(token).copied().unwrap_or(1);
        let id = match path {
            path if path.starts_with("/api/stores/") => half.store,
            path if path.starts_with("/api/stock/movements/") => half.movement,
            path if path.starts_with("/api/products/") => self.product,
            path if path.starts_with("/api/users/") => self.user,
            path if path.starts_with("/api/api-keys/") => self.key,
            path if path.starts_with("/api/views/") => view,
            path if path.starts_with("/api/auth/sessions/") => self.session_of(token),
            _ => 0,
        };
        let mut target = path.replace("{id}", &id.to_string());
        target = target.replace("{product_id}", &self.product.to_string());
        let is_list_of_stores = matches!(
            (method, path),
            ("GET", "/api/stock/movements" | "/api/stock/current" | "/api/audit-logs")
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

    fn body(&self, method: &str, path: &str, store: i64) -> Option<Value> {
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
            ("GET" | "DELETE", _) | (_, "/api/auth/logout") => return None,
            (_, path) if path.ends_with("/restore") => return None,
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
            (_, "/api/stock/movements/{id}/reverse") => json!({}),
            (_, "/api/stores/{id}/inventory/{product_id}") => {
                json!({"quantity": 9, "reason": "count"})
            }
            (_, "/api/stores/{id}/inventory/{product_id}/reorder-point") => {
                json!({"reorder_point": 2})
            }
            (method, path) => panic!("no body is known for {method} {path}"),
        })
    }
}

/// A store, and goods in it, with a word in everything that has room for one.
async fn half(app: &TestApp, admin: &Person, product: i64, word: &str) -> Half {
    let shop = json!({
        "code": word.to_uppercase(), "name": format!("Shop {word}"), "address": word,
        "phone": word,
    });
    let made = as_(app.post("/api/stores"), admin).json(&shop).await.expect(201).json();
    let store = made["store"]["id"].as_i64().expect("an id");
    let body = json!({
        "store_id": store, "product_id": product, "quantity": 50, "note": word,
        "reference": word, "unit_cost": "3.33",
    });
    let moved = as_(app.post("/api/stock/add"), admin).json(&body).await.expect(201).json();
    Half { store, movement: moved["movement"]["id"].as_i64().expect("an id") }
}

/// Whether an answer is what the policy says. What has nothing to do with rights is `ok`.
fn is_as_said(reply: &Reply, said: &str, is_for_any: bool) -> bool {
    match said {
        "ok" if is_for_any => !matches!(reply.status, 403 | 404 | 500..),
        "ok" => matches!(reply.status, 200..=299 | 409),
        number => number.parse() == Ok(reply.status),
    }
}

async fn every_route_answers_everyone_as_the_policy_says(app: TestApp) {
    let world = World::new(app).await;
    let policies = policies();
    let mut wrong = Vec::new();
    let mut asked = 0;
    // What ends a sign-in comes last.
    let mut endpoints = routes::table();
    let is_last = |path: &str| {
        matches!(path, "/api/auth/password" | "/api/auth/sessions/{id}" | "/api/auth/logout")
    };
    endpoints
        .sort_by_key(|endpoint| (is_last(endpoint.path()), endpoint.path() == "/api/auth/logout"));
    for endpoint in endpoints {
        let (method, path) = (endpoint.method(), endpoint.path());
        let policy = &policies[&format!("{method} {path}")];
        if path == "/api/auth/password" {
            // The sign-ins above have failed, and slow the next one down.
            world.app.clock.advance(60);
        }
        for (role, answers) in &policy.answers {
            if path == "/api/auth/logout" || path == "/api/auth/sessions/{id}" {
                // Each ends the sign-in of whoever asks.
                world.sign_in_again(role).await;
            }
            let token = &world.callers[role].token;
            for (place, said) in answers.iter().enumerate() {
                let reply = world.request(method, path, place, token).await;
                asked += 1;
                if !is_as_said(&reply, said, policy.is_for_any) {
                    let (status, mut text) = (reply.status, reply.text());
                    text.truncate(200);
                    wrong.push(format!("{method} {path} {role} {place}: {said} ≠ {status} {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} answers:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 400, "{asked}");
    world.app.check_books().await;
}

impl World {
    /// Opens the caller's session again, as if they had signed in anew.
    async fn sign_in_again(&self, role: &str) {
        let session = self.callers[role].session_id;
        let sql =
            format!("UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE id = {session}");
        self.app.tamper(&sql).await.expect("done");
        self.app.app.auth.callers.forget(session);
    }
}

async fn whoever_comes_without_a_good_token_is_answered_401(app: TestApp) {
    let world = World::new(app).await;
    let app = &world.app;
    let bad = bad_tokens(app).await;
    for endpoint in routes::table() {
        let (method, path) = (endpoint.method(), endpoint.path());
        let is_for_any = endpoint.access() == Access::Anyone;
        for (name, token) in &bad {
            let request = world.request(method, path, 0, token);
            let reply = if token.is_empty() {
                request.without("authorization").await
            } else {
                request.await
            };
            let is_refused = reply.status == 401;
            let is_login = is_for_any && path != "/api/auth/register";
            // A wrong password is 401 as well, but says so.
            assert!(
                is_refused || is_login,
                "{method} {path} {name}: {} {}",
                reply.status,
                reply.text()
            );
            if is_refused {
                reply.error("unauthenticated");
                assert_eq!(reply.header("www-authenticate"), "Bearer", "{method} {path}");
            }
        }
    }
}

/// Tokens that are no good, each for a reason.
async fn bad_tokens(app: &TestApp) -> Vec<(&'static str, String)> {
    let expired = app.person(Role::Admin, &[Place::AllStores]).await;
    app.clock.advance(601);
    let admin = app.person(Role::Admin, &[Place::AllStores]).await;
    let login = json!({"username": admin.username, "password": PASSWORD});
    let pair = app.post("/api/login").json(&login).await.expect(200).json();
    let refresh = pair["refresh_token"].as_str().expect("a token").to_owned();
    let disabled = app.person(Role::Admin, &[Place::AllStores]).await;
    let ended = app.person(Role::Admin, &[Place::AllStores]).await;
    app.post("/api/auth/logout").token(&ended.token).await.expect(200);
    let path = format!("/api/users/{}", disabled.user_id);
    let disable = json!({"is_disabled": true});
    as_(app.patch(&path), &admin).json(&disable).await.expect(200);
    let body = json!({"name": "Old", "role": "admin"});
    let made = as_(app.post("/api/api-keys"), &admin).json(&body).await.expect(201).json();
    let key = made["key"].as_str().expect("a key").to_owned();
    let path = format!("/api/api-keys/{}", made["api_key"]["id"]);
    as_(app.delete(&path), &admin).await.expect(204);
    vec![
        ("no token", String::new()),
        ("expired", expired.token),
        ("wrong audience", for_another_audience(app, &admin).await),
        ("refresh token", refresh),
        ("disabled user", disabled.token),
        ("ended session", ended.token),
        ("ended key", key),
    ]
}

/// A token that is ours in everything but whom it is for.
async fn for_another_audience(app: &TestApp, admin: &Person) -> String {
    use base64::Engine as _;
    let mut reader = app.app.db.read().await.expect("a reader");
    const SQL: &str = "SELECT kid, secret FROM signing_keys";
    let (kid, secret): (String, String) = stockroom::on_db!(
        stockroom::db::Conn::from(&mut reader),
        conn => sqlx::query_as(SQL).fetch_one(conn).await
    )
    .expect("a key");
    let secret = base64::prelude::BASE64_STANDARD.decode(secret).expect("base64");
    let header = jsonwebtoken::Header {
        kid: Some(kid),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
    };
    let now = app.clock.now().0 / 1_000_000;
    let mut claims = json!({
        "iss": "stockroom", "aud": "stockroom-api", "sub": admin.user_id.0.to_string(),
        "sid": admin.session_id, "iat": now, "nbf": now, "exp": now + 600,
    });
    let key = jsonwebtoken::EncodingKey::from_secret(&secret);
    let good = jsonwebtoken::encode(&header, &claims, &key).expect("signed");
    app.get("/api/users").token(&good).await.expect(200);
    claims["aud"] = json!("another-api");
    jsonwebtoken::encode(&header, &claims, &key).expect("signed")
}

async fn a_word_of_one_store_never_crosses_to_another(app: TestApp) {
    let world = World::new(app).await;
    let has_word = |reply: &Reply, word: &str| {
        let headers = format!("{:?}", reply.headers);
        let all = format!("{headers}{}", reply.text()).to_lowercase();
        all.contains(&word.to_lowercase())
    };
    let mut own_seen = BTreeSet::new();
    for (role, person) in world.callers.iter().filter(|(role, _)| **role != "admin") {
        for endpoint in routes::table() {
            let (method, path) = (endpoint.method(), endpoint.path());
            if matches!(path, "/api/auth/password" | "/api/auth/sessions/{id}" | "/api/auth/logout")
            {
                continue;
            }
            for place in 0..3 {
                let reply = world.request(method, path, place, &person.token).await;
                let what = format!("{method} {path} {role} {place}");
                assert!(!has_word(&reply, OTHER_WORD), "{what}: {}", reply.text());
                if has_word(&reply, OWN_WORD) {
                    own_seen.insert(format!("{method} {path}"));
                }
            }
        }
        for path in [
            "/api/stores?include_total=true",
            "/api/stores?include_deleted=true",
            "/api/stock/current?include_total=true",
            "/api/stock/current",
            "/api/stock/current?as_of=2026-03-02T08:59:59Z",
            "/api/stock/movements",
            "/api/products?format=csv",
            "/api/products?include_deleted=true",
            "/api/audit-logs?include_movements=true",
            "/api/audit-logs?format=csv",
            "/api/openapi.json",
        ] {
            let reply = world.app.get(path).token(&person.token).await;
            assert!(!has_word(&reply, OTHER_WORD), "{path} {role}: {}", reply.text());
        }
        // Neither does asking for it tell that it is there.
        for path in [
            format!("/api/stores?q={OTHER_WORD}&include_total=true"),
            format!("/api/stores?code={OTHER_WORD}"),
            format!("/api/stock/movements?reference={OTHER_WORD}"),
        ] {
            let reply = world.app.get(&path).token(&person.token).await.expect(200).json();
            let lists = reply.as_object().expect("an object").values();
            let found: usize = lists.filter_map(|list| list.as_array().map(Vec::len)).sum();
            assert_eq!(found, 0, "{path} {role}: {reply}");
        }
        // A product shows the stock of one's own stores alone.
        let path = format!("/api/products/{}", world.product);
        let shown = world.app.get(&path).token(&person.token).await.expect(200).json();
        let on_hand = world.app.on_hand(StoreId(world.own.store), world.product).await;
        assert_eq!(shown["product"]["on_hand"], on_hand, "{role}");
    }
    // The test would see the word if it were there: one's own is.
    for seen in ["GET /api/stores", "GET /api/stock/movements", "GET /api/audit-logs"] {
        assert!(own_seen.contains(seen), "{own_seen:?}");
    }
    let all = world.app.get_as(&world.callers["admin"], "/api/stores").await.expect(200);
    assert!(has_word(&all, OTHER_WORD) && has_word(&all, OWN_WORD));
}

async fn costs_are_seen_by_those_with_the_right_alone(app: TestApp) {
    let world = World::new(app).await;
    for (role, person) in &world.callers {
        let may = matches!(*role, "manager" | "auditor" | "admin");
        let product = format!("/api/products/{}", world.product);
        let movement = format!("/api/stock/movements/{}", world.own.movement);
        for path in [
            "/api/products",
            "/api/products?format=csv",
            &product,
            "/api/stock/movements",
            &movement,
        ] {
            let reply = world.app.get(path).token(&person.token).await.expect(200);
            // The catalogue's cost, and what was paid for the delivery.
            let text = reply.text();
            let is_shown =
                text.contains("cost") && (text.contains("1.00") || text.contains("3.33"));
            assert_eq!(is_shown, may, "{path} {role}: {text}");
        }
        let levels = world.app.get("/api/stock/current").token(&person.token).await.expect(200);
        assert!(!levels.text().contains("cost") && !levels.text().contains("value"));
    }
    // What followers read has no cost at all.
    let events = "SELECT COUNT(*) FROM events WHERE data LIKE '%cost%' OR data LIKE '%3.33%'";
    assert_eq!(world.app.number(events).await, 0);
}
