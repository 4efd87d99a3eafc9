//! Stores: making, changing and deleting them, and who sees which.

use std::future::IntoFuture as _;

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, TestApp, on_both_engines};

on_both_engines!(
    a_store_is_made_shown_changed_and_deleted,
    all_faults_of_a_store_are_told_at_once,
    a_store_is_changed_only_in_the_version_that_was_seen,
    of_eight_who_make_one_code_one_wins,
    a_code_is_unique_among_stores_that_are_there,
    a_store_that_one_may_not_see_does_not_exist,
    a_new_store_is_seen_by_administrators_only,
    what_is_on_hand_hinders_closing_a_store,
    the_only_store_that_one_sees_need_not_be_named,
    stores_come_in_pages,
    only_administrators_change_stores,
);

async fn make(app: &TestApp, admin: &Person, body: &Value) -> Value {
    let reply = as_(app.post("/api/stores"), admin).json(body).await.expect(201);
    reply.json()["store"].clone()
}

async fn codes(app: &TestApp, person: &Person, query: &str) -> Vec<String> {
    let list = app.get_as(person, &format!("/api/stores{query}")).await.expect(200).json();
    let stores = list["stores"].as_array().expect("stores").iter();
    stores.map(|store| store["code"].as_str().expect("a code").to_owned()).collect()
}

async fn a_store_is_made_shown_changed_and_deleted(app: TestApp) {
    let admin = app.with_admin().await;
    let sent = json!({
        "code": "North", "name": "North Street", "address": "12 North Street\nLondon",
        "phone": "+44 20 7946 0000", "time_zone": "europe/london", "day_cut_hour": 4,
    });
    let reply = as_(app.post("/api/stores"), &admin).key("k").json(&sent).await.expect(201);
    let store = reply.json()["store"].clone();
    let path = format!("/api/stores/{}", store["id"]);
    assert_eq!((reply.header("location"), reply.header("etag")), (path.as_str(), "\"1\""));
    let mut expect = sent.clone();
    expect["time_zone"] = json!("Europe/London");
    for (field, value) in [
        ("id", store["id"].clone()),
        ("is_deleted", json!(false)),
        ("version", json!(1)),
        ("created_at", json!("2026-03-02T09:00:00.000000Z")),
        ("updated_at", json!("2026-03-02T09:00:00.000000Z")),
    ] {
        expect[field] = value;
    }
    assert_eq!(store, expect);
    let again = as_(app.post("/api/stores"), &admin).key("k").json(&sent).await.expect(201);
    assert_eq!(again.body, reply.body);

    let patched = as_(app.patch(&path), &admin).json(&json!({"phone": null})).await.expect(200);
    expect["phone"] = json!(null);
    expect["version"] = json!(2);
    assert_eq!(patched.json()["store"], expect);
    let put = json!({"code": "NORTH", "name": "N"});
    let replaced = as_(app.put(&path), &admin).json(&put).await.expect(200).json();
    assert_eq!(replaced["store"]["time_zone"], "UTC");
    assert_eq!(replaced["store"]["day_cut_hour"], 0);
    assert_eq!(app.get_as(&admin, &path).await.expect(200).json(), replaced);

    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.delete(&path), &admin).await.expect(204);
    assert_eq!(codes(&app, &admin, "").await, ["MAIN"]);
    assert_eq!(codes(&app, &admin, "?include_deleted=true").await, ["MAIN", "NORTH"]);
    as_(app.patch(&path), &admin).json(&json!({"name": "M"})).await.expect(409);
    let restored = as_(app.post(&format!("{path}/restore")), &admin).await.expect(200).json();
    assert_eq!(restored["store"]["version"], 5);
    for method in ["PUT", "PATCH"] {
        as_(app.request(method, "/api/stores/999"), &admin).json(&put).await.expect(404);
    }
    as_(app.delete("/api/stores/999"), &admin).await.expect(404);
}

async fn all_faults_of_a_store_are_told_at_once(app: TestApp) {
    let admin = app.with_admin().await;
    let sent = json!({
        "code": "x".repeat(33), "phone": "\u{7}", "time_zone": "Europe/Atlantis",
        "day_cut_hour": 24,
    });
    let reply = as_(app.post("/api/stores"), &admin).json(&sent).await.expect(400);
    let error = reply.error("invalid_request");
    let fields: Vec<_> =
        error["errors"].as_array().expect("errors").iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["code", "name", "phone", "time_zone", "day_cut_hour"]);
    for (field, value) in [("id", json!(1)), ("currency", json!("EUR"))] {
        let mut sent = json!({"code": "A", "name": "A"});
        sent[field] = value;
        let reply = as_(app.post("/api/stores"), &admin).json(&sent).await.expect(400);
        assert_eq!(reply.error("invalid_request")["field"], field);
    }
    app.get_as(&admin, "/api/stores?colour=red").await.expect(400);
}

async fn a_store_is_changed_only_in_the_version_that_was_seen(app: TestApp) {
    let admin = app.with_admin().await;
    let path = format!("/api/stores/{}", admin.store);
    let tag = app.get_as(&admin, &path).await.header("etag").to_owned();
    app.get_as(&admin, &path).header("if-none-match", &tag).await.expect(304);
    let patch = |name: &str| {
        as_(app.patch(&path), &admin).header("if-match", &tag).json(&json!({ "name": name }))
    };
    patch("Main").await.expect(200);
    patch("Other").await.expect(412).error("version_mismatch");
    as_(app.delete(&path), &admin).header("if-match", &tag).await.expect(412);
    app.get_as(&admin, &path).header("if-none-match", &tag).await.expect(200);
}

async fn of_eight_who_make_one_code_one_wins(app: TestApp) {
    let admin = app.with_admin().await;
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let body = json!({"code": "One", "name": format!("Store {n}")});
            tokio::spawn(as_(app.post("/api/stores"), &admin).json(&body).into_future())
        })
        .collect();
    let mut made = 0;
    for call in calls {
        let reply = call.await.expect("a reply");
        if reply.status == 201 {
            made += 1;
        } else {
            reply.expect(409).error("duplicate_code");
        }
    }
    assert_eq!(made, 1);
}

async fn a_code_is_unique_among_stores_that_are_there(app: TestApp) {
    let admin = app.with_admin().await;
    let first = make(&app, &admin, &json!({"code": "North", "name": "A"})).await;
    let same = json!({"code": " NORTH ", "name": "B"});
    let error = as_(app.post("/api/stores"), &admin).json(&same).await.expect(409);
    let error = error.error("duplicate_code");
    assert_eq!((&error["field"], &error["details"]["store_id"]), (&json!("code"), &first["id"]));
    let main = format!("/api/stores/{}", admin.store);
    as_(app.patch(&main), &admin).json(&json!({"code": "north"})).await.expect(409);
    let path = format!("/api/stores/{}", first["id"]);
    as_(app.delete(&path), &admin).await.expect(204);
    make(&app, &admin, &same).await;
    let reply = as_(app.post(&format!("{path}/restore")), &admin).await.expect(409);
    reply.error("duplicate_code");
}

async fn a_store_that_one_may_not_see_does_not_exist(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.store("B").await;
    let clerk = app.user(Role::Staff, &[other]).await;
    assert_eq!(codes(&app, &clerk, "").await, ["B"]);
    assert_eq!(codes(&app, &clerk, "?code=MAIN").await, Vec::<String>::new());
    app.get_as(&clerk, &format!("/api/stores/{other}")).await.expect(200);
    let hidden = app.get_as(&clerk, &format!("/api/stores/{}", admin.store)).await.expect(404);
    let absent = app.get_as(&clerk, "/api/stores/999").await.expect(404);
    let words = |reply: &Value| reply["message"].as_str().expect("words").replace("999", "ID");
    let hidden = words(&hidden.error("not_found"));
    assert_eq!(
        hidden.replace(&format!("store {}", admin.store), "store ID"),
        words(&absent.error("not_found")),
    );
}

async fn a_new_store_is_seen_by_administrators_only(app: TestApp) {
    let admin = app.with_admin().await;
    let manager = app.user(Role::Manager, &[admin.store]).await;
    let store = make(&app, &admin, &json!({"code": "B", "name": "B"})).await;
    assert_eq!(codes(&app, &admin, "").await, ["B", "MAIN"]);
    assert_eq!(codes(&app, &manager, "").await, ["MAIN"]);
    app.get_as(&manager, &format!("/api/stores/{}", store["id"])).await.expect(404);
}

async fn what_is_on_hand_hinders_closing_a_store(app: TestApp) {
    let admin = app.with_admin().await;
    let product = app.product("A").await.0;
    let path = format!("/api/stores/{}", admin.store);
    let sent = json!({"product_id": product, "quantity": 2});
    as_(app.post("/api/stock/add"), &admin).json(&sent).await.expect(201);
    let error = as_(app.delete(&path), &admin).await.expect(409).error("invalid_state");
    let expect = json!({
        "store_id": admin.store, "product_count": 1,
        "products": [{"product_id": product, "on_hand": 2}],
    });
    assert_eq!(error["details"], expect);
    as_(app.post("/api/stock/sale"), &admin).json(&sent).await.expect(201);
    as_(app.delete(&path), &admin).await.expect(204);
    let named = json!({"store_id": admin.store, "product_id": product, "quantity": 2});
    as_(app.post("/api/stock/add"), &admin).json(&named).await.expect(404);
}

async fn the_only_store_that_one_sees_need_not_be_named(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.store("B").await;
    let clerk = app.user(Role::Staff, &[other]).await;
    let roamer = app.user(Role::Staff, &[admin.store, other]).await;
    let product = app.product("A").await;
    let sent = json!({"product_id": product, "quantity": 1});
    let add = async |person: &Person| as_(app.post("/api/stock/add"), person).json(&sent).await;
    let moved = add(&clerk).await.expect(201).json();
    assert_eq!(moved["movement"]["store_id"], other.0);
    for person in [&roamer, &admin] {
        let error = add(person).await.expect(400).error("invalid_request");
        assert_eq!(error["field"], "store_id");
    }
    // A store that is closed is none to choose from.
    as_(app.delete(&format!("/api/stores/{}", admin.store)), &admin).await.expect(204);
    for person in [&roamer, &admin] {
        assert_eq!(add(person).await.expect(201).json()["movement"]["store_id"], other.0);
    }
}

async fn stores_come_in_pages(app: TestApp) {
    let admin = app.with_admin().await;
    for number in 1..=24 {
        app.clock.advance(1);
        app.store(&format!("S{number:02}")).await;
    }
    for sort in ["code", "-code", "created_at", "-created_at"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/stores?limit=7&include_total=true&sort={sort}{cursor}");
            let list = app.get_as(&admin, &path).await.expect(200).json();
            assert_eq!(list["total"], json!({"value": 25, "exact": true}));
            let stores = list["stores"].as_array().expect("stores").iter();
            seen.extend(stores.map(|s| s["code"].as_str().expect("a code").to_owned()));
            let Some(next) = list["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let first = if sort.starts_with('-') { "S24" } else { &seen[0].clone() };
        assert_eq!((seen.len(), seen[0].as_str()), (25, first), "{sort}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25, "{sort}");
    }
    assert_eq!(codes(&app, &admin, "?q=STORE%20s1").await.len(), 10);
    assert_eq!(codes(&app, &admin, "?code=s01&code=S02").await, ["S01", "S02"]);
}

async fn only_administrators_change_stores(app: TestApp) {
    let admin = app.with_admin().await;
    let path = format!("/api/stores/{}", admin.store);
    for role in [Role::Manager, Role::Staff, Role::Auditor] {
        let person = app.user(role, &[admin.store]).await;
        let reply = as_(app.post("/api/stores"), &person).json(&json!({"x": 1})).await;
        let error = reply.expect(403).error("forbidden");
        assert_eq!(error["details"]["permission"], "edit_stores");
        as_(app.patch(&path), &person).json(&json!({})).await.expect(403);
        as_(app.delete(&path), &person).await.expect(403);
    }
    app.get("/api/stores").await.expect(401);
}
