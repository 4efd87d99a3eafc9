//! Users: adding, changing and dismissing them.

use serde_json::{Value, json};
use stockroom::auth::Place;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, Reply, RequestBuilder, TestApp, on_both_engines};

on_both_engines!(
    a_user_is_added_signs_in_is_changed_and_leaves,
    all_faults_of_a_user_are_told_at_once,
    a_username_is_unique_among_those_who_are_there,
    roles_are_held_by_store,
    a_change_of_role_acts_within_five_seconds_on_every_node,
    whoever_is_disabled_is_out_within_five_seconds_on_every_node,
    the_last_administrator_stays,
    of_two_administrators_who_dismiss_each_other_one_stays,
    users_come_in_pages,
    users_are_found_by_name_in_any_case_and_script,
    users_are_taken_out_as_a_file,
    people_register_only_where_the_shop_lets_them,
    a_repeated_request_has_one_effect,
    a_newcomer_without_a_role_sees_nothing_of_the_shop,
);

pub const OTHER_PASSWORD: &str = "seven quiet otters swim";

async fn add(app: &TestApp, admin: &Person, body: &Value) -> Value {
    let reply = as_(app.post("/api/users"), admin).json(body).await.expect(201);
    reply.json()["user"].clone()
}

fn staff(name: &str, stores: &[i64]) -> Value {
    json!({"username": name, "password": OTHER_PASSWORD, "role": "staff", "store_ids": stores})
}

pub fn login(app: &TestApp, name: &str, password: &str) -> RequestBuilder {
    app.post("/api/login").json(&json!({"username": name, "password": password}))
}

pub async fn sign_in(app: &TestApp, name: &str, password: &str) -> String {
    let signed_in = login(app, name, password).await.expect(200).json();
    signed_in["token"].as_str().expect("a token").to_owned()
}

fn patch(app: &TestApp, admin: &Person, id: &Value, body: &Value) -> RequestBuilder {
    as_(app.patch(&format!("/api/users/{id}")), admin).json(body)
}

async fn a_user_is_added_signs_in_is_changed_and_leaves(app: TestApp) {
    let admin = app.with_admin().await;
    let store = admin.store.0;
    let body = json!({
        "username": "Bob", "password": OTHER_PASSWORD, "name": "Bob Green", "role": "staff",
        "store_ids": [store],
    });
    let reply = as_(app.post("/api/users"), &admin).json(&body).await.expect(201);
    let user = reply.json()["user"].clone();
    let path = format!("/api/users/{}", user["id"]);
    assert_eq!((reply.header("location"), reply.header("etag")), (path.as_str(), "\"1.0\""));
    let expect = json!({
        "id": user["id"], "username": "Bob", "name": "Bob Green", "role": "staff",
        "store_ids": [store], "grants": [{"store_id": store, "role": "staff"}],
        "employee_id": null, "is_disabled": false, "is_deleted": false, "last_sign_in_at": null,
        "version": 1,
        "created_at": "2026-03-02T09:00:00.000000Z", "updated_at": "2026-03-02T09:00:00.000000Z",
    });
    assert_eq!(user, expect);
    let token = sign_in(&app, "bob", OTHER_PASSWORD).await;
    app.get("/api/products").token(&token).await.expect(200);
    let shown = app.get_as(&admin, &path).await.expect(200).json();
    assert_eq!(shown["user"]["last_sign_in_at"], "2026-03-02T09:00:00.000000Z");

    let change = json!({"name": "Robert Green", "role": "manager"});
    let changed = patch(&app, &admin, &user["id"], &change).await.expect(200).json();
    assert_eq!(changed["user"]["name"], "Robert Green");
    assert_eq!(changed["user"]["grants"], json!([{"store_id": store, "role": "manager"}]));
    assert_eq!(changed["user"]["version"], 2);
    let put = json!({"username": "rob", "role": "auditor"});
    let replaced = as_(app.put(&path), &admin).json(&put).await.expect(200).json();
    assert_eq!(replaced["user"]["name"], "rob");
    assert_eq!(replaced["user"]["store_ids"], Value::Null);
    sign_in(&app, "rob", OTHER_PASSWORD).await;
    login(&app, "bob", OTHER_PASSWORD).await.expect(401);
    let stale = as_(app.patch(&path), &admin).json(&change).header("if-match", "\"1\"");
    stale.await.expect(412).error("version_mismatch");

    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.delete(&path), &admin).await.expect(204);
    login(&app, "rob", OTHER_PASSWORD).await.expect(401);
    app.get("/api/products").token(&token).await.expect(401);
    patch(&app, &admin, &user["id"], &change).await.expect(409).error("invalid_state");
    let gone = app.get_as(&admin, &path).await.expect(200).json();
    assert_eq!(gone["user"]["is_deleted"], true);
    app.get_as(&admin, "/api/users/999").await.expect(404);
    // Whoever has left makes room for another of the name.
    add(&app, &admin, &staff("rob", &[store])).await;
    app.check_audit().await;
}

async fn all_faults_of_a_user_are_told_at_once(app: TestApp) {
    let admin = app.with_admin().await;
    let check = async |body: Value, fields: &[&str]| {
        let reply = as_(app.post("/api/users"), &admin).json(&body).await.expect(400);
        let error = reply.error("invalid_request");
        let errors = error["errors"].as_array().expect("errors").iter();
        let mut found: Vec<_> = errors.map(|e| e["field"].as_str().unwrap_or("?")).collect();
        found.dedup();
        assert_eq!(found, fields, "{body}");
    };
    check(json!({}), &["username", "password", "role"]).await;
    let bad = json!({"username": "a b", "password": "short", "role": "king", "is_disabled": 1});
    check(bad, &["username", "password", "role", "store_ids", "is_disabled"]).await;
    check(staff("bob", &[999]), &["store_ids"]).await;
    let mut own_name = staff("bob.the.builder", &[admin.store.0]);
    own_name["password"] = json!("BobTheBuilder");
    check(own_name, &["password"]).await;
    let mut unknown = staff("bob", &[admin.store.0]);
    unknown["is_admin"] = json!(true);
    check(unknown, &["is_admin"]).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM users").await, 1);
}

async fn a_username_is_unique_among_those_who_are_there(app: TestApp) {
    let admin = app.with_admin().await;
    let bob = add(&app, &admin, &staff("bob", &[admin.store.0])).await;
    let again = as_(app.post("/api/users"), &admin).json(&staff("BOB", &[admin.store.0]));
    assert_eq!(again.await.expect(409).error("duplicate_username")["field"], "username");
    let eve = add(&app, &admin, &staff("eve", &[admin.store.0])).await;
    let taken = patch(&app, &admin, &eve["id"], &json!({"username": "Bob"})).await;
    taken.expect(409).error("duplicate_username");
    patch(&app, &admin, &bob["id"], &json!({"username": "BOB"})).await.expect(200);
}

async fn roles_are_held_by_store(app: TestApp) {
    let shop = app.shop(5).await;
    let north = app.store("NORTH").await;
    app.stock_in(&shop.admin, north, shop.product, 5).await;
    let mut body = staff("bob", &[]);
    body.as_object_mut()
        .expect("an object")
        .retain(|name, _| name != "role" && name != "store_ids");
    body["grants"] = json!([
        {"store_id": shop.store.0, "role": "manager"}, {"store_id": north.0, "role": "auditor"},
    ]);
    let bob = add(&app, &shop.admin, &body).await;
    assert_eq!(
        (&bob["role"], &bob["store_ids"]),
        (&json!("manager"), &json!([shop.store.0, north.0]))
    );
    let token = sign_in(&app, "bob", OTHER_PASSWORD).await;
    let sell = |store: i64| {
        let body = json!({"store_id": store, "product_id": shop.product, "quantity": 1});
        app.post("/api/stock/sale").token(&token).json(&body)
    };
    sell(shop.store.0).await.expect(201);
    sell(north.0).await.expect(403).error("forbidden");
    let levels = app.get("/api/stock/current").token(&token).await.expect(200).json();
    assert_eq!(levels["levels"].as_array().map(Vec::len), Some(2));
    // Back in short: one role in one store.
    patch(&app, &shop.admin, &bob["id"], &json!({"role": "staff", "store_ids": [north.0]}))
        .await
        .expect(200);
    sell(north.0).await.expect(201);
    sell(shop.store.0).await.expect(404);
}

/// What every node says to a token now, and after five seconds.
pub async fn on_every_node(
    app: &TestApp,
    other: &TestApp,
    request: impl Fn() -> RequestBuilder,
) -> Vec<u16> {
    app.clock.advance(5);
    let mut said = Vec::new();
    for node in [app, other] {
        let reply: Reply = request().to(node.address).await;
        said.push(reply.status);
    }
    said
}

async fn a_change_of_role_acts_within_five_seconds_on_every_node(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.another_node().await;
    let bob = add(&app, &admin, &staff("bob", &[admin.store.0])).await;
    let token = sign_in(&app, "bob", OTHER_PASSWORD).await;
    let asked = || app.get("/api/audit-logs").token(&token);
    assert_eq!(on_every_node(&app, &other, asked).await, [403, 403]);
    patch(&app, &admin, &bob["id"], &json!({"role": "auditor"})).await.expect(200);
    // Here at once.
    asked().await.expect(200);
    assert_eq!(on_every_node(&app, &other, asked).await, [200, 200]);
    patch(&app, &admin, &bob["id"], &json!({"role": "staff"})).await.expect(200);
    asked().await.expect(403);
    assert_eq!(on_every_node(&app, &other, asked).await, [403, 403]);
}

async fn whoever_is_disabled_is_out_within_five_seconds_on_every_node(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.another_node().await;
    let bob = add(&app, &admin, &staff("bob", &[admin.store.0])).await;
    let signed_in = login(&app, "bob", OTHER_PASSWORD).await.expect(200).json();
    let token = signed_in["token"].as_str().expect("a token");
    let asked = || app.get("/api/products").token(token);
    assert_eq!(on_every_node(&app, &other, asked).await, [200, 200]);
    patch(&app, &admin, &bob["id"], &json!({"is_disabled": true})).await.expect(200);
    asked().await.expect(401);
    assert_eq!(on_every_node(&app, &other, asked).await, [401, 401]);
    login(&app, "bob", OTHER_PASSWORD).await.expect(401);
    let refresh = json!({"refresh_token": signed_in["refresh_token"]});
    app.post("/api/auth/refresh").json(&refresh).await.expect(401);
    patch(&app, &admin, &bob["id"], &json!({"is_disabled": false})).await.expect(200);
    // The old sign-in does not come back.
    assert_eq!(on_every_node(&app, &other, asked).await, [401, 401]);
    sign_in(&app, "bob", OTHER_PASSWORD).await;
}

async fn the_last_administrator_stays(app: TestApp) {
    let admin = app.with_admin().await;
    let own = json!(admin.user_id.0);
    let path = format!("/api/users/{own}");
    for body in [
        json!({"is_disabled": true}),
        json!({"role": "auditor"}),
        json!({"role": "staff", "store_ids": [admin.store.0]}),
        json!({"grants": []}),
    ] {
        let reply = patch(&app, &admin, &own, &body).await.expect(409);
        assert!(
            reply.error("invalid_state")["message"].as_str().is_some_and(|m| m.contains("last"))
        );
    }
    as_(app.delete(&path), &admin).await.expect(409);
    let second = app.person(Role::Admin, &[Place::AllStores]).await;
    as_(app.delete(&path), &admin).await.expect(204);
    app.get_as(&second, "/api/users").await.expect(200);
}

async fn of_two_administrators_who_dismiss_each_other_one_stays(app: TestApp) {
    for _ in 0..8 {
        let places = [Place::AllStores];
        let one = app.person(Role::Admin, &places).await;
        let two = app.person(Role::Admin, &places).await;
        let dismiss = |by: &Person, whom: &Person| {
            let path = format!("/api/users/{}", whom.user_id);
            as_(app.patch(&path), by).json(&json!({"is_disabled": true}))
        };
        let (first, second) = tokio::join!(dismiss(&one, &two), dismiss(&two, &one));
        let mut said = [first.status, second.status];
        said.sort_unstable();
        // The other is refused as the last one, or is out before it is heard.
        assert!(matches!(said, [200, 409 | 401]), "{said:?}");
        let left = app.number("SELECT COUNT(*) FROM users WHERE NOT is_disabled").await;
        assert_eq!(left, 1);
        app.number("UPDATE users SET is_disabled = TRUE RETURNING id").await;
    }
}

async fn users_come_in_pages(app: TestApp) {
    let admin = app.with_admin().await;
    let north = app.store("NORTH").await;
    for name in ["cy", "Al", "bo"] {
        add(&app, &admin, &staff(name, &[north.0])).await;
    }
    let names = async |query: &str| -> Vec<String> {
        let list = app.get_as(&admin, &format!("/api/users{query}")).await.expect(200).json();
        let users = list["users"].as_array().expect("users").iter();
        users.map(|user| user["username"].as_str().unwrap_or("?").to_owned()).collect()
    };
    assert_eq!(names("").await, ["admin0", "Al", "bo", "cy"]);
    assert_eq!(names("?role=staff&q=O").await, ["bo"]);
    assert_eq!(names(&format!("?store_id={}", admin.store)).await, ["admin0"]);
    assert_eq!(names("?is_disabled=true").await, [""; 0]);
    let page = app.get_as(&admin, "/api/users?limit=3").await.expect(200).json();
    let cursor = page["next_cursor"].as_str().expect("another page");
    assert_eq!(names(&format!("?limit=3&cursor={cursor}")).await, ["cy"]);
    app.get_as(&admin, "/api/users?sort=name").await.expect(400);
    let counted = app.get_as(&admin, "/api/users?limit=1&role=staff&include_total=true").await;
    assert_eq!(counted.expect(200).json()["total"], json!({"value": 3, "exact": true}));
    assert_eq!(page.get("total"), None);
}

async fn users_are_found_by_name_in_any_case_and_script(app: TestApp) {
    let admin = app.with_admin().await;
    let mut body = staff("zoe", &[admin.store.0]);
    body["name"] = json!("Zoë ÅSTRÖM");
    let zoe = add(&app, &admin, &body).await;
    let found = async |q: &str| {
        let list = app.get_as(&admin, &format!("/api/users?q={q}")).await.expect(200).json();
        list["users"].as_array().map_or(0, Vec::len)
    };
    // "åström", "ZOË"; then "ada", which nobody is called any more or not yet.
    assert_eq!(found("%C3%A5str%C3%B6m").await, 1);
    assert_eq!(found("ZO%C3%8B").await, 1);
    assert_eq!(found("%C3%9Cnal").await, 0);
    let path = format!("/api/users/{}", zoe["id"]);
    as_(app.patch(&path), &admin).json(&json!({"name": "Zoë ÜNAL"})).await.expect(200);
    assert_eq!(found("%C3%BCnal").await, 1);
    assert_eq!(found("%C3%A5str%C3%B6m").await, 0);
    let token = sign_in(&app, "zoe", OTHER_PASSWORD).await;
    let own = app.patch("/api/auth/profile").token(&token).json(&json!({"name": "ÉLAN"}));
    own.await.expect(200);
    assert_eq!(found("%C3%A9lan").await, 1);
}

async fn users_are_taken_out_as_a_file(app: TestApp) {
    let admin = app.with_admin().await;
    let mut body = staff("bob", &[admin.store.0]);
    body["name"] = json!("=HYPERLINK(1)");
    let bob = add(&app, &admin, &body).await;
    let file = app.get_as(&admin, "/api/users?format=csv&role=staff").await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    let time = "2026-03-02T09:00:00.000000Z";
    let expect = format!(
        "id,username,name,grants,employee_id,is_disabled,is_deleted,last_sign_in_at,version,\
         created_at,updated_at\r\n{},bob,'=HYPERLINK(1),staff:{},,false,false,,1,{time},{time}\r\n",
        bob["id"], admin.store
    );
    assert_eq!(file.text(), expect);
    let log = app.get_as(&admin, "/api/audit-logs?action=list.exported").await.expect(200).json();
    let entry = &log["audit_logs"][0];
    assert_eq!(
        (&entry["subject"]["kind"], &entry["after"]["filter"]["role"]),
        (&json!("users"), &json!("staff"))
    );
}

async fn people_register_only_where_the_shop_lets_them(app: TestApp) {
    let admin = app.with_admin().await;
    let body = json!({"username": "eve", "password": OTHER_PASSWORD, "name": "Eve"});
    let register = |body: &Value| app.post("/api/auth/register").json(body);
    register(&body).await.expect(401).error("unauthenticated");
    let staff_member = app.user(Role::Staff, &[admin.store]).await;
    register(&body).token(&staff_member.token).await.expect(403).error("forbidden");
    register(&body).token("rubbish").await.expect(401);
    let full = staff("bob", &[admin.store.0]);
    let made = register(&full).token(&admin.token).await.expect(201).json();
    assert_eq!(made["user"]["store_ids"], json!([admin.store.0]));

    let open = json!({"registration": "open"});
    as_(app.patch("/api/settings"), &admin).json(&open).await.expect(200);
    for field in ["role", "store_ids", "grants", "is_disabled"] {
        let mut more = body.clone();
        more[field] = json!(null);
        assert_eq!(register(&more).await.expect(400).error("invalid_request")["field"], field);
    }
    let eve = register(&body).await.expect(201).json();
    assert_eq!((&eve["user"]["role"], &eve["user"]["store_ids"]), (&json!("staff"), &json!([])));
    let token = sign_in(&app, "eve", OTHER_PASSWORD).await;
    app.get("/api/products").token(&token).await.expect(403);
    let id = eve["user"]["id"].clone();
    patch(&app, &admin, &id, &json!({"store_ids": [admin.store.0]})).await.expect(200);
    app.get("/api/products").token(&token).await.expect(200);
    let log = app.get_as(&admin, &format!("/api/audit-logs?subject_kind=user&subject_id={id}"));
    let log = log.await.expect(200).json();
    let first = log["audit_logs"].as_array().and_then(|list| list.last()).expect("an entry");
    assert_eq!(first["actor"]["kind"], "nobody");
}

async fn a_newcomer_without_a_role_sees_nothing_of_the_shop(app: TestApp) {
    let admin = app.with_admin().await;
    let open = json!({"registration": "open"});
    as_(app.patch("/api/settings"), &admin).json(&open).await.expect(200);
    let shared = json!({"list": "products", "name": "All", "definition": {}, "is_shared": true});
    let view = as_(app.post("/api/views"), &admin).json(&shared).await.expect(201).json();
    let body = json!({"username": "eve", "password": OTHER_PASSWORD});
    app.post("/api/auth/register").json(&body).await.expect(201);
    let token = sign_in(&app, "eve", OTHER_PASSWORD).await;
    let get = |path: &str| app.get(path).token(&token);
    assert_eq!(get("/api/views").await.expect(200).json()["views"], json!([]));
    get(&format!("/api/views/{}", view["view"]["id"])).await.expect(404);
    for path in ["/api/settings", "/api/products", "/api/stores", "/api/stock/current"] {
        get(path).await.expect(403);
    }
}

async fn a_repeated_request_has_one_effect(app: TestApp) {
    let admin = app.with_admin().await;
    let post = |body: &Value| as_(app.post("/api/users"), &admin).key("k").json(body);
    let body = staff("bob", &[admin.store.0]);
    let first = post(&body).await.expect(201);
    let again = post(&body).await.expect(201);
    assert_eq!(
        (again.body, again.headers["idempotency-replayed"].to_str().ok()),
        (first.body, Some("true"))
    );
    post(&staff("eve", &[admin.store.0])).await.expect(422).error("idempotency_key_reused");
    // No trace of a password is kept with the key.
    let fingerprints = app.number("SELECT COUNT(DISTINCT fingerprint) FROM idempotency_keys").await;
    let mut other = body.clone();
    other["password"] = json!("another one of words");
    post(&other).await.expect(201);
    assert_eq!(fingerprints, 1);
}
