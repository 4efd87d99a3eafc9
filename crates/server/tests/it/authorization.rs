//! Every route × whoever may come × their own store, another one, none: held against
//! `policy.txt`, which people have decided. A route without a row fails. And a word in each store's
//! data never crosses to the other side.

pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stockroom::auth::{Access, Place};
use stockroom::http::endpoint::Reach;
use stockroom::routes;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::lists::all_lists;
use crate::products::as_;
use crate::support::{PASSWORD, Person, Reply, TestApp, on_both_engines};
use world::{OTHER_WORD, OWN_WORD, World};

on_both_engines!(
    every_route_answers_everyone_as_the_policy_says,
    whoever_comes_without_a_good_token_is_answered_401,
    a_word_of_one_store_never_crosses_to_another,
    costs_are_seen_by_those_with_the_right_alone,
    every_change_leaves_one_row_in_the_audit_log_and_a_repetition_none,
);

const ROLES: [&str; 5] = ["staff", "manager", "auditor", "admin", "key"];

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
            ("any", path) if path.starts_with("/health") => "GET",
            ("any", "/api/version" | "/api/ws") => "GET",
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

/// What a request has put on record, but for the use of keys.
async fn entries(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM audit_logs WHERE action <> 'api_key.used'").await
}

async fn every_change_leaves_one_row_in_the_audit_log_and_a_repetition_none(app: TestApp) {
    let world = World::new(app).await;
    let (app, admin) = (&world.app, &world.callers["admin"]);
    let (mut changed, mut wrong) = (0, Vec::new());
    for endpoint in routes::table() {
        let (method, path) = (endpoint.method(), endpoint.path());
        // What ends the sign-in, and what has no key to repeat it with.
        let is_left_out = endpoint.access() == Access::Anyone && path != "/api/auth/register"
            || path.starts_with("/api/auth/sessions/")
            || path == "/api/auth/logout";
        if method == "GET" || is_left_out {
            continue;
        }
        let what = format!("{method} {path}");
        let request = || {
            let request = world.request(method, path, 0, &admin.token);
            let Some(mut body) = world.body(method, path, world.own.store) else {
                return request.key("once");
            };
            fresh(&mut body, &format!("{method}{}", path.len()));
            request.without("content-type").json(&body).key("once")
        };
        let before = entries(app).await;
        let first = request().await;
        let after = entries(app).await;
        let is_change = matches!(first.status, 200..=299) && !CHANGES_NOTHING.contains(&&*what);
        let is_as_said = after - before == i64::from(is_change)
            && (is_change || CHANGES_NOTHING.contains(&&*what) || HINDERED.contains(&&*what));
        if !is_as_said {
            wrong.push(format!("{what}: {} rows, {}", after - before, first.text()));
        }
        changed += usize::from(is_change);
        let again = request().await;
        assert_eq!(entries(app).await, after, "{what} again: {}", again.text());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(changed >= 24, "{changed} changes were on record");
    // What hinders there is not here.
    let product = app.product("EMPTY").await.0;
    let store = app.store("EMPTY").await;
    for path in [format!("/api/products/{product}"), format!("/api/stores/{store}")] {
        for request in [app.delete(&path), app.post(&format!("{path}/restore"))] {
            let before = entries(app).await;
            let reply = as_(request, admin).await;
            assert_eq!(entries(app).await, before + 1, "{path}: {}", reply.text());
        }
    }
    app.check_books().await;
}

/// What succeeds here and leaves everything as it is, but for what one has read.
const CHANGES_NOTHING: [&str; 3] = [
    "POST /api/products/{id}/restore",
    "POST /api/stores/{id}/restore",
    "POST /api/notifications/read-all",
];
/// What goods on hand hinder here.
const HINDERED: [&str; 3] =
    ["DELETE /api/products/{id}", "DELETE /api/stores/{id}", "POST /api/notifications/{id}/read"];

/// Makes a body say something that is not there yet.
fn fresh(body: &mut Value, what: &str) {
    let news = [
        ("sku", json!(format!("FRESH-{what}"))),
        ("code", json!(format!("FRESH-{what}"))),
        ("username", json!(format!("fresh{what}"))),
        ("name", json!(format!("Fresh {what}"))),
        ("price", json!(format!("{}.77", what.len()))),
        ("phone", json!(what)),
        ("shop_name", json!(what)),
        ("preferences", json!({"fresh": what})),
    ];
    for (field, value) in news {
        if body.get(field).is_some() {
            body[field] = value;
        }
    }
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
            let is_login = is_for_any && path != "/api/auth/register" && reply.status < 500;
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

fn has_word(reply: &Reply, word: &str) -> bool {
    let headers = format!("{:?}", reply.headers);
    let all = format!("{headers}{}", reply.text()).to_lowercase();
    all.contains(&word.to_lowercase())
}

async fn a_word_of_one_store_never_crosses_to_another(app: TestApp) {
    let world = World::new(app).await;
    let mut own_seen = BTreeSet::new();
    let mut counted = BTreeSet::new();
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
        let others = [
            "/api/stores?include_deleted=true",
            "/api/stock/current?as_of=2026-03-02T08:59:59Z",
            "/api/products?include_deleted=true",
            "/api/audit-logs?include_movements=true",
            "/api/audit-logs?include_movements=true&format=csv",
            "/api/openapi.json",
        ];
        for path in others {
            let reply = world.app.get(path).token(&person.token).await;
            assert!(!has_word(&reply, OTHER_WORD), "{path} {role}: {}", reply.text());
        }
        counted.extend(check_lists(&world, role, person).await);
        // Neither does asking for it tell that it is there.
        for path in [
            format!("/api/stores?q={OTHER_WORD}&include_total=true"),
            format!("/api/stores?code={OTHER_WORD}&include_total=true"),
            format!("/api/stock/movements?reference={OTHER_WORD}&include_total=true"),
        ] {
            let reply = world.app.get(&path).token(&person.token).await.expect(200).json();
            let lists = reply.as_object().expect("an object").values();
            let found: usize = lists.filter_map(|list| list.as_array().map(Vec::len)).sum();
            assert_eq!((found, &reply["total"]["value"]), (0, &json!(0)), "{path} {role}: {reply}");
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
    assert!(counted.len() >= 9, "{counted:?}");
    let all = world.app.get_as(&world.callers["admin"], "/api/stores").await.expect(200);
    assert!(has_word(&all, OTHER_WORD) && has_word(&all, OWN_WORD));
}

/// Asks for each list as a file and with its total; the lists that the role may see.
async fn check_lists(world: &World, role: &str, person: &Person) -> Vec<String> {
    let mut counted = Vec::new();
    for (path, entries) in all_lists() {
        let path = path.replace("/stores/1/", &format!("/stores/{}/", world.own.store));
        let file = world.app.get(&format!("{path}?format=csv")).token(&person.token).await;
        assert!(!has_word(&file, OTHER_WORD), "{path} {role}: {}", file.text());
        // What is counted is what is shown.
        let path = format!("{path}?limit=500&include_total=true");
        let list = world.app.get(&path).token(&person.token).await;
        assert_eq!(list.status, file.status, "{path} {role}");
        if list.status == 200 {
            let list = list.json();
            let shown = list[&entries].as_array().map(Vec::len);
            assert_eq!(list["total"]["value"], json!(shown), "{path} {role}");
            counted.push(path);
        }
    }
    counted
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
