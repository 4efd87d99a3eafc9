//! Making, changing and deleting products.

use std::future::IntoFuture as _;

use serde_json::{Value, json};
use stockroom::db::Conn;
use stockroom::on_db;
use stockroom_domain::permissions::Role;

use crate::support::{Person, Reply, RequestBuilder, TestApp, on_both_engines};

on_both_engines!(
    a_product_is_made_shown_and_replaced,
    all_faults_are_told_at_once,
    what_is_not_known_is_refused,
    a_patch_changes_what_it_names,
    a_write_on_a_stale_version_is_refused,
    an_unchanged_product_is_not_sent_again,
    a_write_that_changes_nothing_makes_no_version,
    the_same_key_has_one_effect,
    a_deleted_product_is_hidden_until_it_is_restored,
    what_is_on_hand_hinders_deletion,
    unit_and_lots_are_fixed_by_the_first_movement,
    a_supplier_has_to_be_there,
    only_administrators_change_the_catalogue,
    costs_are_for_those_who_may_see_them,
    stock_is_that_of_the_callers_stores,
    followers_learn_of_changes_but_not_of_costs,
);

pub fn as_(request: RequestBuilder, person: &Person) -> RequestBuilder {
    request.token(&person.token)
}

pub fn body(sku: &str) -> Value {
    json!({ "sku": sku, "name": format!("Product {sku}"), "price": "12.50" })
}

pub async fn make(app: &TestApp, admin: &Person, body: &Value) -> Value {
    let reply = as_(app.post("/api/products"), admin).json(body).await.expect(201);
    reply.json()["product"].clone()
}

async fn show(app: &TestApp, person: &Person, id: &Value) -> Reply {
    app.get_as(person, &format!("/api/products/{id}")).await
}

async fn receive(app: &TestApp, person: &Person, body: Value) -> Reply {
    as_(app.post("/api/stock/add"), person).json(&body).await
}

async fn a_product_is_made_shown_and_replaced(app: TestApp) {
    let admin = app.with_admin().await;
    let sent = json!({
        "sku": " Cat-1 ", "name": "Cat food", "description": "Salmon", "category": "Cats",
        "unit": "kg", "price": 12.5, "cost": "7.80", "tax_rate": "19.00",
        "barcodes": [{"code": "40063813"}, {"code": "40063814", "pack_quantity": 6}],
        "track_lots": true, "reorder_point": 2.5, "reorder_quantity": 24,
    });
    let reply = as_(app.post("/api/products"), &admin).json(&sent).await.expect(201);
    let product = reply.json()["product"].clone();
    let id = product["id"].clone();
    assert_eq!(reply.header("location"), format!("/api/products/{id}"));
    let expect = json!({
        "id": id, "sku": "Cat-1", "name": "Cat food", "description": "Salmon",
        "category": "Cats", "unit": "kg", "price": "12.50", "cost": "7.80",
        "tax_rate": "19.00",
        "barcodes": [
            {"code": "40063813", "pack_quantity": 1},
            {"code": "40063814", "pack_quantity": 6},
        ],
        "track_lots": true, "reorder_point": 2.5, "reorder_quantity": 24,
        "supplier_id": null, "on_hand": 0, "is_deleted": false, "version": 1,
        "created_at": "2026-03-02T09:00:00.000000Z",
        "updated_at": "2026-03-02T09:00:00.000000Z",
    });
    assert_eq!(product, expect);
    let shown = show(&app, &admin, &id).await.expect(200);
    assert_eq!(shown.json(), json!({"status": "success", "product": expect}));
    assert_eq!(shown.header("etag"), reply.header("etag"));

    app.clock.advance(60);
    let path = format!("/api/products/{id}");
    let reply = as_(app.put(&path), &admin).json(&body("CAT-1")).await.expect(200);
    let replaced = reply.json()["product"].clone();
    assert_eq!(replaced["version"], 2);
    assert_eq!(replaced["updated_at"], "2026-03-02T09:01:00.000000Z");
    for (field, default) in [
        ("description", json!(null)),
        ("category", json!(null)),
        ("unit", json!("each")),
        ("cost", json!(null)),
        ("tax_rate", json!("0.00")),
        ("barcodes", json!([])),
        ("track_lots", json!(false)),
        ("reorder_point", json!(null)),
    ] {
        assert_eq!(replaced[field], default, "{field}");
    }
    let missing = as_(app.put("/api/products/999"), &admin).json(&body("X")).await;
    missing.expect(404).error("not_found");
    show(&app, &admin, &json!(999)).await.expect(404).error("not_found");
}

async fn all_faults_are_told_at_once(app: TestApp) {
    let admin = app.with_admin().await;
    let sent = json!({
        "sku": "x".repeat(65), "description": "d".repeat(2_001), "category": "c".repeat(101),
        "unit": "pound", "price": "-1", "cost": "1.999", "tax_rate": "100.01",
        "barcodes": [
            {"code": "1"}, {"code": "1"}, {"pack_quantity": 0}, {"code": "2", "pack_quantity": 0},
        ],
        "track_lots": 1, "reorder_point": -1, "reorder_quantity": 0, "supplier_id": "7",
    });
    let reply = as_(app.post("/api/products"), &admin).json(&sent).await.expect(400);
    let error = reply.error("invalid_request");
    let fields: Vec<_> =
        error["errors"].as_array().expect("errors").iter().map(|e| e["field"].clone()).collect();
    let expect = [
        "sku",
        "name",
        "description",
        "category",
        "unit",
        "price",
        "cost",
        "tax_rate",
        "barcodes[1].code",
        "barcodes[2].pack_quantity",
        "barcodes[2].code",
        "barcodes[3].pack_quantity",
        "track_lots",
        "reorder_point",
        "reorder_quantity",
        "supplier_id",
    ];
    assert_eq!(fields, expect);
    assert_eq!(error["field"], "sku");
    assert_eq!(error["errors"][1]["code"], "required");
    for (price, status) in [
        (json!("99999999.99"), 201),
        (json!("100000000.00"), 400),
        (json!(0), 201),
        (json!("0.001"), 400),
        (json!(null), 400),
    ] {
        let sent = json!({"sku": format!("P{price}"), "name": "n", "price": price});
        as_(app.post("/api/products"), &admin).json(&sent).await.expect(status);
    }
    let many: Vec<_> = (0..51).map(|n| json!({"code": n.to_string()})).collect();
    let sent = json!({"sku": "M", "name": "n", "price": 1, "barcodes": many});
    let reply = as_(app.post("/api/products"), &admin).json(&sent).await.expect(400);
    assert_eq!(reply.error("invalid_request")["field"], "barcodes");
}

async fn what_is_not_known_is_refused(app: TestApp) {
    let admin = app.with_admin().await;
    let check = async |body: Value, field: &str| {
        let reply = as_(app.post("/api/products"), &admin).json(&body).await.expect(400);
        assert_eq!(reply.error("invalid_request")["field"], field, "{body}");
    };
    for readonly in ["id", "on_hand", "version", "is_deleted", "created_at", "colour"] {
        let mut sent = body("A");
        sent[readonly] = json!(1);
        check(sent, readonly).await;
    }
    let mut sent = body("A");
    sent["barcodes"] = json!([{"code": "1", "size": 2}]);
    check(sent, "barcodes[0].size").await;
    for query in ["?colour=red", "?sort=price", "?limit=501", "?limit=0", "?q=a&q=b", "?cursor=x"] {
        let reply = app.get_as(&admin, &format!("/api/products{query}")).await.expect(400);
        reply.error("invalid_request");
    }
}

async fn a_patch_changes_what_it_names(app: TestApp) {
    let admin = app.with_admin().await;
    let mut sent = body("A");
    sent["category"] = json!("Cats");
    sent["cost"] = json!("7.80");
    sent["barcodes"] = json!([{"code": "1", "pack_quantity": 6}]);
    let product = make(&app, &admin, &sent).await;
    let path = format!("/api/products/{}", product["id"]);
    let patch = async |body: Value| as_(app.patch(&path), &admin).json(&body).await;
    let changed = patch(json!({"name": "B", "category": null})).await.expect(200).json();
    let mut expect = product.clone();
    expect["name"] = json!("B");
    expect["category"] = json!(null);
    expect["version"] = json!(2);
    assert_eq!(changed["product"], expect);
    let changed = patch(json!({"barcodes": [{"code": "2"}]})).await.expect(200).json();
    let codes = json!([{"code": "2", "pack_quantity": 1}]);
    assert_eq!(changed["product"]["barcodes"], codes);
    let refused = patch(json!({"name": null, "price": "x"})).await.expect(400);
    assert_eq!(refused.error("invalid_request")["errors"].as_array().map(Vec::len), Some(2));
    patch(json!({"version": 7})).await.expect(400);
}

async fn a_write_on_a_stale_version_is_refused(app: TestApp) {
    let admin = app.with_admin().await;
    let product = make(&app, &admin, &body("A")).await;
    let path = format!("/api/products/{}", product["id"]);
    let first = show(&app, &admin, &product["id"]).await.header("etag").to_owned();
    let with = |request: RequestBuilder, tag: &str| as_(request, &admin).header("if-match", tag);
    with(app.patch(&path), &first).json(&json!({"name": "B"})).await.expect(200);
    for tag in [first.as_str(), "\"1\"", "\"7\""] {
        let put = with(app.put(&path), tag).json(&body("C")).await.expect(412);
        assert_eq!(put.error("version_mismatch")["details"]["version"], 2);
        with(app.patch(&path), tag).json(&json!({"name": "C"})).await.expect(412);
        with(app.delete(&path), tag).await.expect(412);
    }
    with(app.put(&path), "\"2\"").json(&body("C")).await.expect(200);
    with(app.delete(&path), "*").await.expect(204);
}

async fn an_unchanged_product_is_not_sent_again(app: TestApp) {
    let admin = app.with_admin().await;
    let product = make(&app, &admin, &body("A")).await;
    let path = format!("/api/products/{}", product["id"]);
    let again = async |tag: &str| app.get_as(&admin, &path).header("if-none-match", tag).await;
    let tag = app.get_as(&admin, &path).await.header("etag").to_owned();
    let unchanged = again(&tag).await.expect(304);
    assert!(unchanged.body.is_empty());
    // Its stock is part of what is shown, though not of its version.
    receive(&app, &admin, json!({"product_id": product["id"], "quantity": 5})).await.expect(201);
    let changed = again(&tag).await.expect(200);
    assert_eq!(changed.json()["product"]["on_hand"], 5);
    assert_eq!(changed.json()["product"]["version"], 1);
    again(changed.header("etag")).await.expect(304);
    let head = as_(app.request("HEAD", &path), &admin).await.expect(200);
    assert_eq!(head.header("etag"), changed.header("etag"));
}

async fn a_write_that_changes_nothing_makes_no_version(app: TestApp) {
    let admin = app.with_admin().await;
    let mut sent = body("A");
    sent["barcodes"] = json!([{"code": "2"}, {"code": "1"}]);
    let product = make(&app, &admin, &sent).await;
    let path = format!("/api/products/{}", product["id"]);
    let before = events(&app).await.len();
    let same = as_(app.put(&path), &admin).json(&sent).await.expect(200).json();
    assert_eq!(same["product"], product);
    let same = as_(app.patch(&path), &admin).json(&json!({})).await.expect(200).json();
    assert_eq!(same["product"], product);
    assert_eq!(events(&app).await.len(), before);
}

async fn the_same_key_has_one_effect(app: TestApp) {
    let admin = app.with_admin().await;
    let send = |body: &Value| as_(app.post("/api/products"), &admin).key("k").json(body);
    let first = send(&body("A")).await.expect(201);
    app.clock.advance(5);
    let again = send(&body("A")).await.expect(201);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    send(&body("B")).await.expect(422).error("idempotency_key_reused");
    // A refusal leaves no trace: the key is good for what succeeds later.
    let refused = as_(app.post("/api/products"), &admin).key("k2").json(&body("A")).await;
    refused.expect(409);
    as_(app.post("/api/products"), &admin).key("k2").json(&body("B")).await.expect(201);
    let path = format!("/api/products/{}", first.json()["product"]["id"]);
    for replayed in ["", "true"] {
        let reply = as_(app.delete(&path), &admin).key("d").await.expect(204);
        assert_eq!(reply.header("idempotency-replayed"), replayed);
    }
    let twins: Vec<_> = (0..6)
        .map(|_| as_(app.post("/api/products"), &admin).key("twin").json(&body("T")))
        .map(|request| tokio::spawn(request.into_future()))
        .collect();
    let mut bodies = Vec::new();
    for twin in twins {
        bodies.push(twin.await.expect("a reply").expect(201).body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

async fn a_deleted_product_is_hidden_until_it_is_restored(app: TestApp) {
    let admin = app.with_admin().await;
    let product = make(&app, &admin, &body("A")).await;
    let id = &product["id"];
    let path = format!("/api/products/{id}");
    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.delete(&path), &admin).await.expect(204);
    // A repeated DELETE need not know the version that the first one made.
    as_(app.delete(&path), &admin).header("if-match", "\"1\"").await.expect(204);
    as_(app.delete("/api/products/999"), &admin).await.expect(404);
    let count = async |query: &str| {
        let list = app.get_as(&admin, &format!("/api/products{query}")).await.expect(200).json();
        list["products"].as_array().map(Vec::len)
    };
    assert_eq!(count("").await, Some(0));
    assert_eq!(count("?include_deleted=true").await, Some(1));
    let shown = show(&app, &admin, id).await.expect(200).json();
    assert_eq!(shown["product"]["is_deleted"], true);
    assert_eq!(shown["product"]["version"], 2);
    let refused = as_(app.patch(&path), &admin).json(&json!({"name": "B"})).await.expect(409);
    refused.error("invalid_state");
    receive(&app, &admin, json!({"product_id": id, "quantity": 1})).await.expect(404);
    receive(&app, &admin, json!({"sku": "A", "quantity": 1})).await.expect(404);
    for version in [3, 3] {
        let restored = as_(app.post(&format!("{path}/restore")), &admin).await.expect(200).json();
        assert_eq!(restored["product"]["version"], version);
        assert_eq!(restored["product"]["is_deleted"], false);
    }
    receive(&app, &admin, json!({"sku": "A", "quantity": 1})).await.expect(201);
}

async fn what_is_on_hand_hinders_deletion(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.store("B").await.0;
    let product = make(&app, &admin, &body("A")).await;
    let id = &product["id"];
    let main = admin.store.0;
    for (store, quantity) in [(main, json!(2)), (other, json!(1.5))] {
        let sent = json!({"store_id": store, "product_id": id, "quantity": quantity});
        receive(&app, &admin, sent).await.expect(201);
    }
    let path = format!("/api/products/{id}");
    let error = as_(app.delete(&path), &admin).await.expect(409).error("invalid_state");
    let stores = json!([{"store_id": main, "on_hand": 2}, {"store_id": other, "on_hand": 1.5}]);
    assert_eq!(error["details"], json!({"product_id": id, "on_hand": 3.5, "stores": stores}));
    assert_eq!(show(&app, &admin, id).await.json()["product"]["is_deleted"], false);
    for (store, quantity) in [(main, json!(2)), (other, json!(1.5))] {
        let sent = json!({"store_id": store, "product_id": id, "quantity": quantity});
        as_(app.post("/api/stock/sale"), &admin).json(&sent).await.expect(201);
    }
    as_(app.delete(&path), &admin).await.expect(204);
}

async fn unit_and_lots_are_fixed_by_the_first_movement(app: TestApp) {
    let admin = app.with_admin().await;
    let product = make(&app, &admin, &body("A")).await;
    let path = format!("/api/products/{}", product["id"]);
    let patch = async |body: Value| as_(app.patch(&path), &admin).json(&body).await;
    patch(json!({"unit": "kg", "track_lots": true})).await.expect(200);
    patch(json!({"track_lots": false})).await.expect(200);
    receive(&app, &admin, json!({"product_id": product["id"], "quantity": 1})).await.expect(201);
    for (field, value) in [("unit", json!("l")), ("track_lots", json!(true))] {
        let error = patch(json!({ field: value })).await.expect(409).error("invalid_state");
        assert_eq!(error["field"], field);
    }
    patch(json!({"unit": "kg", "name": "B"})).await.expect(200);
}

async fn a_supplier_has_to_be_there(app: TestApp) {
    let admin = app.with_admin().await;
    let acme = as_(app.post("/api/suppliers"), &admin).json(&json!({"name": "Acme"}));
    let id = acme.await.expect(201).json()["supplier"]["id"].as_i64().expect("an id");
    let mut sent = body("A");
    sent["supplier_id"] = json!(id + 1);
    let reply = as_(app.post("/api/products"), &admin).json(&sent).await.expect(400);
    assert_eq!(reply.error("invalid_request")["field"], "supplier_id");
    sent["supplier_id"] = json!(id);
    assert_eq!(make(&app, &admin, &sent).await["supplier_id"], id);
}

async fn only_administrators_change_the_catalogue(app: TestApp) {
    let admin = app.with_admin().await;
    let product = make(&app, &admin, &body("A")).await;
    let path = format!("/api/products/{}", product["id"]);
    for role in [Role::Manager, Role::Staff, Role::Auditor] {
        let person = app.user(role, &[admin.store]).await;
        // Whether one may is judged before what one says.
        let reply = as_(app.post("/api/products"), &person).json(&json!({"x": 1})).await;
        let error = reply.expect(403).error("forbidden");
        assert_eq!(error["details"]["permission"], "edit_catalog");
        as_(app.put(&path), &person).json(&body("B")).await.expect(403);
        as_(app.patch(&path), &person).json(&json!({})).await.expect(403);
        as_(app.delete(&path), &person).await.expect(403);
        as_(app.post(&format!("{path}/restore")), &person).await.expect(403);
        app.get_as(&person, &path).await.expect(200);
    }
    app.get(&path).await.expect(401).error("unauthenticated");
    app.get("/api/products").await.expect(401);
    app.get("/api/categories").await.expect(401);
}

async fn costs_are_for_those_who_may_see_them(app: TestApp) {
    let admin = app.with_admin().await;
    let mut sent = body("A");
    sent["cost"] = json!("7.80");
    let product = make(&app, &admin, &sent).await;
    for (role, cost) in [
        (Role::Manager, Some(&json!("7.80"))),
        (Role::Auditor, Some(&json!("7.80"))),
        (Role::Staff, None),
    ] {
        let person = app.user(role, &[admin.store]).await;
        let shown = show(&app, &person, &product["id"]).await.json();
        assert_eq!(shown["product"].get("cost"), cost, "{}", role.name());
        let list = app.get_as(&person, "/api/products").await.json();
        assert_eq!(list["products"][0].get("cost"), cost, "{}", role.name());
        let file = app.get_as(&person, "/api/products?format=csv").await.text();
        assert_eq!(file.contains("7.80"), cost.is_some(), "{file}");
    }
}

async fn stock_is_that_of_the_callers_stores(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.store("B").await;
    let product = make(&app, &admin, &body("A")).await;
    for (store, quantity) in [(admin.store, 2), (other, 5)] {
        let sent = json!({"store_id": store, "product_id": product["id"], "quantity": quantity});
        receive(&app, &admin, sent).await.expect(201);
    }
    let clerk = app.user(Role::Staff, &[other]).await;
    for (person, on_hand) in [(&admin, 7), (&clerk, 5)] {
        let shown = show(&app, person, &product["id"]).await.json();
        assert_eq!(shown["product"]["on_hand"], on_hand);
        let list = app.get_as(person, "/api/products").await.json();
        assert_eq!(list["products"][0]["on_hand"], on_hand);
    }
}

/// The type and data of each event so far.
async fn events(app: &TestApp) -> Vec<(String, String)> {
    const SQL: &str = "SELECT type, data FROM events ORDER BY id";
    let mut reader = app.app.db.read().await.expect("a connection");
    on_db!(Conn::from(&mut reader), conn => sqlx::query_as(SQL).fetch_all(conn).await)
        .expect("events")
}

async fn followers_learn_of_changes_but_not_of_costs(app: TestApp) {
    let admin = app.with_admin().await;
    let before = events(&app).await.len();
    let mut sent = body("A");
    sent["cost"] = json!("7.77");
    let product = make(&app, &admin, &sent).await;
    let path = format!("/api/products/{}", product["id"]);
    as_(app.patch(&path), &admin).json(&json!({"cost": "8.88"})).await.expect(200);
    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.post(&format!("{path}/restore")), &admin).await.expect(200);
    let events = events(&app).await.split_off(before);
    let kinds: Vec<_> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    let expect = ["product.created", "product.updated", "product.deleted", "product.restored"];
    assert_eq!(kinds, expect);
    for (version, (_, data)) in (1..).zip(&events) {
        let data: Value = serde_json::from_str(data).expect("JSON");
        let by = admin.user_id;
        let expect = json!({"id": product["id"], "sku": "A", "version": version, "by": by});
        assert_eq!(data, expect);
    }
}
