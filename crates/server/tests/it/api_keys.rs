//! Keys of programs: shown once, kept as a digest, with roles and an end.

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, RequestBuilder, TestApp, on_both_engines};

on_both_engines!(
    a_key_is_made_used_changed_and_ended,
    a_key_is_shown_once_and_kept_as_a_digest,
    a_key_acts_in_its_stores_and_its_role_only,
    a_key_ends_when_its_time_has_come,
    the_end_of_a_key_lies_ahead,
    keys_come_in_pages_and_as_a_file,
    an_ended_key_is_out_within_five_seconds_on_every_node,
    what_is_a_persons_own_is_not_for_keys,
    the_use_of_a_key_is_on_record,
    all_faults_of_a_key_are_told_at_once,
    what_looks_like_a_key_is_none,
    movements_bear_the_name_of_the_key,
);

async fn make(app: &TestApp, admin: &Person, body: &Value) -> (Value, String) {
    let made = as_(app.post("/api/api-keys"), admin).json(body).await.expect(201).json();
    let key = made["key"].as_str().expect("a key").to_owned();
    (made["api_key"].clone(), key)
}

fn shop_key(store: i64) -> Value {
    json!({"name": "Web shop", "role": "staff", "store_ids": [store]})
}

fn sale(app: &TestApp, key: &str, store: i64, product: i64) -> RequestBuilder {
    let body = json!({"store_id": store, "product_id": product, "quantity": 1});
    app.post("/api/stock/sale").token(key).json(&body)
}

async fn a_key_is_made_used_changed_and_ended(app: TestApp) {
    let shop = app.shop(9).await;
    let (store, admin) = (shop.store.0, &shop.admin);
    let (made, key) = make(&app, admin, &shop_key(store)).await;
    let path = format!("/api/api-keys/{}", made["id"]);
    let expect = json!({
        "id": made["id"], "user_id": made["user_id"], "name": "Web shop", "hint": made["hint"],
        "role": "staff", "store_ids": [store], "grants": [{"store_id": store, "role": "staff"}],
        "created_by": admin.user_id.0, "expires_at": null, "revoked_at": null,
        "last_used_at": null, "last_used_address": null, "version": 1,
        "created_at": "2026-03-02T09:00:00.000000Z", "updated_at": "2026-03-02T09:00:00.000000Z",
    });
    assert_eq!(made, expect);
    sale(&app, &key, store, shop.product).await.expect(201);
    let profile = app.get("/api/auth/profile").token(&key).await.expect(200).json();
    assert_eq!(profile["user"]["name"], "Web shop");
    let shown = app.get_as(admin, &path).await.expect(200).json();
    assert_eq!(shown["api_key"]["last_used_at"], "2026-03-02T09:00:00.000000Z");
    assert_eq!(shown["api_key"]["last_used_address"], "127.0.0.1");

    let change = json!({"name": "Web shop 2", "role": "auditor"});
    let changed = as_(app.patch(&path), admin).json(&change).await.expect(200).json();
    assert_eq!(
        (&changed["api_key"]["name"], &changed["api_key"]["role"]),
        (&json!("Web shop 2"), &json!("auditor"))
    );
    sale(&app, &key, store, shop.product).await.expect(403);
    let end = "2026-03-03T00:00:00Z";
    let put = json!({"name": "W", "role": "staff", "store_ids": [store], "expires_at": end});
    let replaced = as_(app.put(&path), admin).json(&put).await.expect(200).json();
    assert_eq!(replaced["api_key"]["expires_at"], "2026-03-03T00:00:00.000000Z");

    as_(app.delete(&path), admin).await.expect(204);
    as_(app.delete(&path), admin).await.expect(204);
    sale(&app, &key, store, shop.product).await.expect(401);
    as_(app.patch(&path), admin).json(&change).await.expect(409).error("invalid_state");
    let list = app.get_as(admin, "/api/api-keys").await.expect(200).json();
    assert_eq!(list["api_keys"], json!([]));
    let all = app.get_as(admin, "/api/api-keys?include_revoked=true").await.expect(200).json();
    assert_eq!(all["api_keys"][0]["id"], made["id"]);
    // A program is no user.
    let users = app.get_as(admin, "/api/users").await.expect(200).json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(1));
    app.get_as(admin, &format!("/api/users/{}", made["user_id"])).await.expect(404);
    app.check_books().await;
}

async fn a_key_is_shown_once_and_kept_as_a_digest(app: TestApp) {
    let admin = app.with_admin().await;
    let post = || as_(app.post("/api/api-keys"), &admin).key("k").json(&shop_key(admin.store.0));
    let first = post().await.expect(201);
    assert_eq!(first.header("cache-control"), "no-store");
    let key = first.json()["key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with("srk_") && key.len() == 47, "{key}");
    let again = post().await.expect(201).json();
    assert_eq!((&again["key"], &again["api_key"]), (&Value::Null, &first.json()["api_key"]));
    let path = format!("/api/api-keys/{}", again["api_key"]["id"]);
    let shown = app.get_as(&admin, &path).await.expect(200).text();
    let logged = app.get_as(&admin, "/api/audit-logs").await.expect(200).text();
    assert!(!shown.contains(&key) && !logged.contains(&key));
    for column in ["secret_hash", "hint", "name"] {
        let sql = format!("SELECT COUNT(*) FROM api_keys WHERE {column} LIKE '%{}%'", &key[20..]);
        assert_eq!(app.number(&sql).await, 0);
    }
    let sql = format!("SELECT COUNT(*) FROM idempotency_keys WHERE answer LIKE '%{}%'", &key[20..]);
    assert_eq!(app.number(&sql).await, 0);
}

async fn a_key_acts_in_its_stores_and_its_role_only(app: TestApp) {
    let shop = app.shop(9).await;
    let north = app.store("NORTH").await;
    app.stock_in(&shop.admin, north, shop.product, 5).await;
    let (_, key) = make(&app, &shop.admin, &shop_key(shop.store.0)).await;
    sale(&app, &key, shop.store.0, shop.product).await.expect(201);
    sale(&app, &key, north.0, shop.product).await.expect(404);
    let get = |path: &str| app.get(path).token(&key);
    let levels = get("/api/stock/current").await.expect(200).json();
    assert_eq!(levels["levels"].as_array().map(Vec::len), Some(1));
    let products = get("/api/products").await.expect(200).text();
    assert!(!products.contains("cost"), "{products}");
    for path in ["/api/users", "/api/api-keys", "/api/audit-logs"] {
        get(path).await.expect(403);
    }
    let (_, all) = make(&app, &shop.admin, &json!({"name": "Books", "role": "auditor"})).await;
    let products = app.get("/api/products").token(&all).await.expect(200).json();
    assert_eq!(products["products"][0]["cost"], "1.00");
}

async fn a_key_ends_when_its_time_has_come(app: TestApp) {
    let admin = app.with_admin().await;
    let mut body = shop_key(admin.store.0);
    body["expires_at"] = json!("2026-03-02T09:01:00Z");
    let (_, key) = make(&app, &admin, &body).await;
    let get = || app.get("/api/products").token(&key);
    app.clock.advance(55);
    get().await.expect(200);
    app.clock.advance(5);
    get().await.expect(401);
}

async fn the_end_of_a_key_lies_ahead(app: TestApp) {
    let admin = app.with_admin().await;
    let mut body = shop_key(admin.store.0);
    body["expires_at"] = json!("2026-03-02T09:00:00Z");
    let refused = as_(app.post("/api/api-keys"), &admin).json(&body).await.expect(400);
    assert_eq!(refused.error("invalid_request")["field"], "expires_at");
    body["expires_at"] = json!("2026-03-02T09:01:00Z");
    let (key, _) = make(&app, &admin, &body).await;
    let path = format!("/api/api-keys/{}", key["id"]);
    for past in ["2026-03-02T08:59:59Z", "2026-03-02T09:00:00Z"] {
        body["expires_at"] = json!(past);
        as_(app.put(&path), &admin).json(&body).await.expect(400);
        as_(app.patch(&path), &admin).json(&json!({"expires_at": past})).await.expect(400);
    }
    // One that has ended may keep its end, and may get another.
    app.clock.advance(120);
    as_(app.patch(&path), &admin).json(&json!({"name": "Old shop"})).await.expect(200);
    let later = json!({"expires_at": "2027-01-01T00:00:00Z"});
    as_(app.patch(&path), &admin).json(&later).await.expect(200);
    as_(app.patch(&path), &admin).json(&json!({"expires_at": null})).await.expect(200);
}

async fn keys_come_in_pages_and_as_a_file(app: TestApp) {
    let admin = app.with_admin().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(make(&app, &admin, &shop_key(admin.store.0)).await.0);
    }
    let path = format!("/api/api-keys/{}", made[1]["id"]);
    as_(app.delete(&path), &admin).await.expect(204);
    let page = app.get_as(&admin, "/api/api-keys?limit=1&include_total=true").await;
    let page = page.expect(200).json();
    assert_eq!(page["total"], json!({"value": 2, "exact": true}));
    let cursor = page["next_cursor"].as_str().expect("another page");
    let second = app.get_as(&admin, &format!("/api/api-keys?limit=1&cursor={cursor}")).await;
    let second = second.expect(200).json();
    assert_eq!(
        (&second["api_keys"][0]["id"], &second["next_cursor"]),
        (&made[0]["id"], &Value::Null)
    );
    let file =
        app.get_as(&admin, "/api/api-keys?format=csv&include_revoked=true").await.expect(200);
    let (id, user) = (&made[2]["id"], &made[2]["user_id"]);
    let hint = made[2]["hint"].as_str().expect("a hint");
    let row = format!("\r\n{id},{user},Web shop,{hint},staff:{},{}", admin.store, admin.user_id);
    assert!(file.text().contains(&row), "{}", file.text());
    assert_eq!(file.text().lines().count(), 4);
}

async fn an_ended_key_is_out_within_five_seconds_on_every_node(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.another_node().await;
    let (made, key) = make(&app, &admin, &shop_key(admin.store.0)).await;
    let get = |node: &TestApp| app.get("/api/products").token(&key).to(node.address);
    get(&app).await.expect(200);
    get(&other).await.expect(200);
    as_(app.delete(&format!("/api/api-keys/{}", made["id"])), &admin).await.expect(204);
    get(&app).await.expect(401);
    app.clock.advance(5);
    get(&other).await.expect(401);
}

async fn what_is_a_persons_own_is_not_for_keys(app: TestApp) {
    let admin = app.with_admin().await;
    let (_, key) = make(&app, &admin, &json!({"name": "All", "role": "admin"})).await;
    app.get("/api/users").token(&key).await.expect(200);
    let body = json!({"current_password": "x", "new_password": "y"});
    app.put("/api/auth/password").token(&key).json(&body).await.expect(403).error("forbidden");
    for path in ["/api/auth/sessions", "/api/auth/preferences", "/api/views"] {
        app.get(path).token(&key).await.expect(403);
    }
    // Nor does a program sign in, or count as an administrator who could.
    let login = json!({"username": "key:srk_", "password": "!"});
    app.post("/api/login").json(&login).await.expect(401);
    let path = format!("/api/users/{}", admin.user_id);
    as_(app.delete(&path), &admin).await.expect(409).error("invalid_state");
}

async fn the_use_of_a_key_is_on_record(app: TestApp) {
    let admin = app.with_admin().await;
    let (made, key) = make(&app, &admin, &shop_key(admin.store.0)).await;
    let used = async || {
        let path = "/api/audit-logs?action=api_key.used";
        let list = app.get_as(&admin, path).await.expect(200).json();
        list["audit_logs"].as_array().expect("entries").clone()
    };
    let get = || app.get("/api/products").token(&key);
    for _ in 0..3 {
        get().await.expect(200);
    }
    let entries = used().await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["actor"]["kind"], "key");
    assert_eq!(entries[0]["actor"]["id"], made["user_id"]);
    assert_eq!(entries[0]["subject"], json!({"kind": "api_key", "id": made["id"]}));
    // Once a day is enough.
    app.clock.advance(3_600);
    get().await.expect(200);
    let admin_again = app.signed_in_again(&admin).await;
    let path = format!("/api/api-keys/{}", made["id"]);
    let shown = app.get_as(&admin_again, &path).await.expect(200).json();
    assert_eq!(shown["api_key"]["last_used_at"], "2026-03-02T10:00:00.000000Z");
    app.clock.advance(86_400);
    get().await.expect(200);
    let count = "SELECT COUNT(*) FROM audit_logs WHERE action = 'api_key.used'";
    assert_eq!(app.number(count).await, 2);
}

async fn all_faults_of_a_key_are_told_at_once(app: TestApp) {
    let admin = app.with_admin().await;
    for (body, fields) in [
        (json!({}), &["name", "role"][..]),
        (
            json!({"name": "", "role": "staff", "store_ids": [], "expires_at": "soon"}),
            &["name", "store_ids", "expires_at"],
        ),
        (
            json!({"name": "a", "role": "auditor", "expires_at": "2020-01-01T00:00:00Z"}),
            &["expires_at"],
        ),
        (json!({"name": "a", "role": "staff", "store_ids": [999]}), &["store_ids"]),
        (json!({"name": "a", "grants": []}), &["store_ids"]),
    ] {
        let reply = as_(app.post("/api/api-keys"), &admin).json(&body).await.expect(400);
        let error = reply.error("invalid_request");
        let errors = error["errors"].as_array().expect("errors").iter();
        let found: Vec<_> = errors.map(|e| e["field"].as_str().unwrap_or("?")).collect();
        assert_eq!(found, fields, "{body}");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM users").await, 1);
}

async fn what_looks_like_a_key_is_none(app: TestApp) {
    let admin = app.with_admin().await;
    let (made, key) = make(&app, &admin, &shop_key(admin.store.0)).await;
    let hint = made["hint"].as_str().expect("a hint");
    let long = format!("srk_{}", "A".repeat(100_000 / 8));
    for forged in ["srk_", hint, &key[..46], &format!("{key}A"), &key.to_uppercase(), &long] {
        app.get("/api/products").token(forged).await.expect(401);
    }
    app.get("/api/products").token(&key).await.expect(200);
}

async fn movements_bear_the_name_of_the_key(app: TestApp) {
    let shop = app.shop(9).await;
    let (made, key) = make(&app, &shop.admin, &shop_key(shop.store.0)).await;
    let sold = sale(&app, &key, shop.store.0, shop.product).await.expect(201).json();
    assert_eq!(sold["movement"]["actor"]["id"], made["user_id"]);
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let path = format!("/api/stock/movements?actor_id={}", made["user_id"]);
    let list = app.get_as(&staff, &path).await.expect(200).json();
    assert_eq!(list["movements"][0]["id"], sold["movement"]["id"]);
}
