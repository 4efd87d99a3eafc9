//! Saved views of lists.

use serde_json::{Value, json};
use stockroom::auth::Place;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, TestApp, on_both_engines};

on_both_engines!(
    a_view_is_saved_shown_changed_and_deleted,
    a_shared_view_is_seen_by_all_and_changed_by_its_owner,
    an_administrator_removes_what_someone_has_shared_and_left,
    only_someone_of_all_stores_shares_a_view,
    a_name_is_unique_among_ones_own_views_of_a_list,
    views_come_in_pages,
    all_faults_of_a_view_are_told_at_once,
);

fn view(name: &str) -> Value {
    json!({"list": "products", "name": name, "definition": {"sort": "-name", "q": "dog"}})
}

async fn save(app: &TestApp, who: &Person, body: &Value) -> Value {
    as_(app.post("/api/views"), who).json(body).await.expect(201).json()["view"].clone()
}

async fn names(app: &TestApp, who: &Person, query: &str) -> Vec<String> {
    let list = app.get_as(who, &format!("/api/views{query}")).await.expect(200).json();
    let views = list["views"].as_array().expect("views").iter();
    views.map(|view| view["name"].as_str().unwrap_or("?").to_owned()).collect()
}

async fn a_view_is_saved_shown_changed_and_deleted(app: TestApp) {
    let admin = app.with_admin().await;
    let saved = save(&app, &admin, &view("Dogs")).await;
    let path = format!("/api/views/{}", saved["id"]);
    let expect = json!({
        "id": saved["id"], "owner_id": admin.user_id.0, "list": "products", "name": "Dogs",
        "definition": {"sort": "-name", "q": "dog"}, "is_shared": false, "version": 1,
        "created_at": "2026-03-02T09:00:00.000000Z", "updated_at": "2026-03-02T09:00:00.000000Z",
    });
    assert_eq!(saved, expect);
    assert_eq!(app.get_as(&admin, &path).await.expect(200).json()["view"], saved);
    let change = json!({"definition": {"q": "cat"}});
    let changed = as_(app.patch(&path), &admin).json(&change).await.expect(200);
    assert_eq!(
        (changed.header("etag"), &changed.json()["view"]["definition"]),
        ("\"2\"", &json!({"q": "cat"}))
    );
    let replaced = as_(app.put(&path), &admin).json(&view("Cats")).await.expect(200).json();
    assert_eq!(replaced["view"]["name"], "Cats");
    as_(app.patch(&path), &admin).json(&change).header("if-match", "\"1\"").await.expect(412);
    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.delete(&path), &admin).await.expect(204);
    assert_eq!(names(&app, &admin, "").await, [""; 0]);
    as_(app.patch(&path), &admin).json(&change).await.expect(409);
    save(&app, &admin, &view("Cats")).await;
    app.check_audit().await;
}

async fn a_shared_view_is_seen_by_all_and_changed_by_its_owner(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    let mut shared = view("Dogs");
    shared["is_shared"] = json!(true);
    let saved = save(&app, &admin, &shared).await;
    let hidden = save(&app, &admin, &view("Mine")).await;
    assert_eq!(names(&app, &staff, "").await, ["Dogs"]);
    let path = format!("/api/views/{}", saved["id"]);
    app.get_as(&staff, &path).await.expect(200);
    as_(app.patch(&path), &staff).json(&json!({"name": "X"})).await.expect(403).error("forbidden");
    as_(app.delete(&path), &staff).await.expect(403);
    let hidden = format!("/api/views/{}", hidden["id"]);
    for method in ["GET", "DELETE"] {
        as_(app.request(method, &hidden), &staff).await.expect(404);
    }
    as_(app.patch(&hidden), &staff).json(&json!({"name": "X"})).await.expect(404);
    as_(app.delete(&path), &admin).await.expect(204);
    app.get_as(&staff, &path).await.expect(404);
}

async fn an_administrator_removes_what_someone_has_shared_and_left(app: TestApp) {
    let admin = app.with_admin().await;
    let auditor = app.person(Role::Auditor, &[Place::AllStores]).await;
    let mut shared = view("Left over");
    shared["is_shared"] = json!(true);
    let path = format!("/api/views/{}", save(&app, &auditor, &shared).await["id"]);
    let hidden = format!("/api/views/{}", save(&app, &auditor, &view("Own")).await["id"]);
    as_(app.patch(&path), &admin).json(&json!({"name": "X"})).await.expect(403);
    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.delete(&hidden), &admin).await.expect(404);
    assert_eq!(names(&app, &auditor, "").await, ["Own"]);
    app.check_audit().await;
}

async fn only_someone_of_all_stores_shares_a_view(app: TestApp) {
    let admin = app.with_admin().await;
    let manager = app.user(Role::Manager, &[admin.store]).await;
    let mut shared = view("North only");
    shared["is_shared"] = json!(true);
    let refused = as_(app.post("/api/views"), &manager).json(&shared).await.expect(403);
    assert_eq!(refused.error("forbidden")["field"], "is_shared");
    let own = save(&app, &manager, &view("North only")).await;
    let path = format!("/api/views/{}", own["id"]);
    as_(app.patch(&path), &manager).json(&json!({"is_shared": true})).await.expect(403);
    assert_eq!(names(&app, &admin, "").await, [""; 0]);
}

async fn a_name_is_unique_among_ones_own_views_of_a_list(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    save(&app, &admin, &view("Dogs")).await;
    let again = as_(app.post("/api/views"), &admin).json(&view("dogs")).await.expect(409);
    assert_eq!(again.error("duplicate_name")["field"], "name");
    save(&app, &staff, &view("Dogs")).await;
    let mut orders = view("Dogs");
    orders["list"] = json!("orders");
    let other = save(&app, &admin, &orders).await;
    let path = format!("/api/views/{}", other["id"]);
    let moved = as_(app.patch(&path), &admin).json(&json!({"list": "products"})).await;
    moved.expect(409).error("duplicate_name");
}

async fn views_come_in_pages(app: TestApp) {
    let admin = app.with_admin().await;
    for name in ["c", "A", "b"] {
        save(&app, &admin, &view(name)).await;
    }
    assert_eq!(names(&app, &admin, "?list=products").await, ["A", "b", "c"]);
    assert_eq!(names(&app, &admin, "?list=orders").await, [""; 0]);
    let page = app.get_as(&admin, "/api/views?limit=2").await.expect(200).json();
    let cursor = page["next_cursor"].as_str().expect("another page");
    assert_eq!(names(&app, &admin, &format!("?limit=2&cursor={cursor}")).await, ["c"]);
}

async fn all_faults_of_a_view_are_told_at_once(app: TestApp) {
    let admin = app.with_admin().await;
    for (body, fields) in [
        (json!({}), &["list", "name", "definition"][..]),
        (json!({"list": "", "name": "x", "definition": []}), &["list", "definition"]),
        (
            json!({"list": "a", "name": "x", "definition": {"x": "y".repeat(17_000)}}),
            &["definition"],
        ),
    ] {
        let reply = as_(app.post("/api/views"), &admin).json(&body).await.expect(400);
        let error = reply.error("invalid_request");
        let errors = error["errors"].as_array().expect("errors").iter();
        let found: Vec<_> = errors.map(|e| e["field"].as_str().unwrap_or("?")).collect();
        assert_eq!(found, fields);
    }
}
