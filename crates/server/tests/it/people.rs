//! Customers, suppliers and employees: made, changed, deleted, brought back, found.

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, TestApp, on_both_engines};

on_both_engines!(
    a_customer_is_added_changed_deleted_and_brought_back,
    customers_are_found_however_their_number_is_written,
    credit_is_granted_by_managers,
    bad_people_are_refused_with_all_faults,
    a_supplier_delivers_products,
    the_usual_supplier_of_a_product_stays,
    employees_belong_to_stores,
    an_employee_moves_between_stores_that_one_manages,
);

async fn add(app: &TestApp, who: &Person, path: &str, body: &Value) -> Value {
    let made = as_(app.post(path), who).json(body).await.expect(201);
    let kind = path.trim_start_matches("/api/").trim_end_matches('s');
    let thing = made.json()[kind].clone();
    assert_eq!(made.header("location"), format!("{path}/{}", thing["id"]));
    assert_eq!(made.header("etag"), "\"1\"");
    thing
}

async fn names(app: &TestApp, who: &Person, path: &str) -> Vec<String> {
    let list = app.get_as(who, path).await.expect(200).json();
    let list = list.as_object().expect("an object").values().find_map(Value::as_array).cloned();
    let name = |entry: &Value| entry["name"].as_str().expect("a name").to_owned();
    list.expect("a list").iter().map(name).collect()
}

async fn a_customer_is_added_changed_deleted_and_brought_back(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    let body = json!({"name": " Mia Keller ", "email": "mia@example.com", "address": "Mill Lane"});
    let mia = add(&app, &staff, "/api/customers", &body).await;
    assert_eq!(mia["name"], "Mia Keller");
    assert_eq!((&mia["phone_number"], &mia["credit_limit"]), (&Value::Null, &Value::Null));
    let path = format!("/api/customers/{}", mia["id"]);
    let change = json!({"phone_number": "+44 20 7946 0123", "address": null});
    let changed = as_(app.patch(&path), &staff).json(&change).await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.json()["customer"]["address"], Value::Null);
    assert_eq!(changed.json()["customer"]["email"], "mia@example.com");
    let same = as_(app.patch(&path), &staff).json(&change).await.expect(200);
    assert_eq!(same.header("etag"), "\"2\"");
    let stale = as_(app.put(&path), &staff).json(&json!({"name": "M"})).header("if-match", "\"1\"");
    stale.await.expect(412).error("version_mismatch");
    let replaced = as_(app.put(&path), &staff).json(&json!({"name": "M"})).await.expect(200);
    assert_eq!(replaced.json()["customer"]["email"], Value::Null);
    for _ in 0..2 {
        as_(app.delete(&path), &staff).await.expect(204);
    }
    assert_eq!(names(&app, &staff, "/api/customers").await, [""; 0]);
    assert_eq!(names(&app, &staff, "/api/customers?include_deleted=true").await, ["M"]);
    assert_eq!(app.get_as(&staff, &path).await.expect(200).json()["customer"]["is_deleted"], true);
    as_(app.patch(&path), &staff).json(&change).await.expect(409).error("invalid_state");
    for _ in 0..2 {
        let back = as_(app.post(&format!("{path}/restore")), &staff).await.expect(200);
        assert_eq!(back.header("etag"), "\"5\"");
    }
    let kinds = "SELECT COUNT(*) FROM events WHERE subject_kind = 'customer'";
    assert_eq!(app.number(kinds).await, 5);
    assert_eq!(app.number("SELECT COUNT(*) FROM events WHERE data LIKE '%Mia%'").await, 0);
    app.check_audit().await;
}

async fn customers_are_found_however_their_number_is_written(app: TestApp) {
    let admin = app.with_admin().await;
    for (name, phone, email) in [
        ("Ada Öster", "(020) 7946-0123", "ada@example.com"),
        ("Ben 50% off", "0049 30 111", "ben@example.org"),
    ] {
        let body = json!({"name": name, "phone_number": phone, "email": email});
        add(&app, &admin, "/api/customers", &body).await;
    }
    for (query, expected) in [
        ("q=ÖSTER", vec!["Ada Öster"]),
        ("q=0207946", vec!["Ada Öster"]),
        ("q=%2B7946-0123", vec!["Ada Öster"]),
        ("q=ben+111", vec!["Ben 50% off"]),
        ("q=EXAMPLE.org", vec!["Ben 50% off"]),
        ("q=50%25", vec!["Ben 50% off"]),
        ("q=%25%25", vec![]),
        ("sort=-name", vec!["Ben 50% off", "Ada Öster"]),
        ("sort=-created_at", vec!["Ben 50% off", "Ada Öster"]),
    ] {
        let path = format!("/api/customers?{query}");
        assert_eq!(names(&app, &admin, &path).await, expected, "{query}");
    }
}

async fn credit_is_granted_by_managers(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    let manager = app.user(Role::Manager, &[admin.store]).await;
    let body = json!({"name": "Mia", "credit_limit": "50.00"});
    let refused = as_(app.post("/api/customers"), &staff).json(&body).await.expect(403);
    assert_eq!(refused.error("forbidden")["field"], "credit_limit");
    let mia = add(&app, &manager, "/api/customers", &body).await;
    assert_eq!(mia["credit_limit"], "50.00");
    let path = format!("/api/customers/{}", mia["id"]);
    for body in [json!({"credit_limit": "60"}), json!({"credit_limit": null})] {
        as_(app.patch(&path), &staff).json(&body).await.expect(403).error("forbidden");
    }
    as_(app.put(&path), &staff).json(&json!({"name": "Mia"})).await.expect(403);
    // What stays as it is needs no right to change it.
    let kept = json!({"name": "Mia K.", "credit_limit": "50.00"});
    as_(app.put(&path), &staff).json(&kept).await.expect(200);
    let raised = json!({"credit_limit": 60});
    let raised = as_(app.patch(&path), &manager).json(&raised).await.expect(200).json();
    assert_eq!(raised["customer"]["credit_limit"], "60.00");
}

async fn bad_people_are_refused_with_all_faults(app: TestApp) {
    let admin = app.with_admin().await;
    for (path, body, fields) in [
        ("/api/customers", json!({}), vec!["name"]),
        (
            "/api/customers",
            json!({"name": " ", "email": "mia", "credit_limit": "-1.00"}),
            vec!["name", "email", "credit_limit"],
        ),
        ("/api/suppliers", json!({"name": "X", "lead_time_days": -1}), vec!["lead_time_days"]),
        ("/api/suppliers", json!({"name": "X", "product_ids": [77]}), vec!["product_ids"]),
        ("/api/employees", json!({"name": "X"}), vec!["position", "hire_date"]),
        (
            "/api/employees",
            json!({"name": "X", "position": "Y", "hire_date": "2026-02-30"}),
            vec!["hire_date"],
        ),
        ("/api/employees", json!({"name": "X", "salary": 1}), vec!["salary"]),
    ] {
        let error = as_(app.post(path), &admin).json(&body).await.expect(400);
        let error = error.error("invalid_request");
        let told: Vec<_> = error["errors"].as_array().expect("errors").iter().collect();
        let told: Vec<_> = told.iter().map(|e| e["field"].as_str().expect("a field")).collect();
        assert_eq!(told, fields, "{path} {body}");
    }
}

async fn a_supplier_delivers_products(app: TestApp) {
    let admin = app.with_admin().await;
    let (food, sand) = (app.product("FOOD").await.0, app.product("SAND").await.0);
    let body = json!({"name": "Pets", "lead_time_days": 3, "product_ids": [sand, food, sand]});
    let pets = add(&app, &admin, "/api/suppliers", &body).await;
    assert_eq!(pets["product_ids"], json!([food, sand]));
    add(&app, &admin, "/api/suppliers", &json!({"name": "Other"})).await;
    let path = format!("/api/suppliers/{}", pets["id"]);
    let fewer = json!({"product_ids": [sand]});
    let changed = as_(app.patch(&path), &admin).json(&fewer).await.expect(200).json();
    assert_eq!(changed["supplier"]["product_ids"], json!([sand]));
    let of = |product: i64| format!("/api/suppliers?product_id={product}");
    assert_eq!(names(&app, &admin, &of(sand)).await, ["Pets"]);
    assert_eq!(names(&app, &admin, &of(food)).await, [""; 0]);
    assert_eq!(names(&app, &admin, "/api/suppliers?q=pet&sort=-name").await, ["Pets"]);
    let staff = app.user(Role::Staff, &[admin.store]).await;
    as_(app.patch(&path), &staff).json(&fewer).await.expect(403);
    app.check_audit().await;
}

async fn the_usual_supplier_of_a_product_stays(app: TestApp) {
    let admin = app.with_admin().await;
    let pets = add(&app, &admin, "/api/suppliers", &json!({"name": "Pets"})).await;
    let body = json!({"sku": "FOOD", "name": "Food", "price": "1", "supplier_id": pets["id"]});
    let made = as_(app.post("/api/products"), &admin).json(&body).await.expect(201).json();
    let product = made["product"]["id"].clone();
    let path = format!("/api/suppliers/{}", pets["id"]);
    let shown = app.get_as(&admin, &path).await.expect(200).json();
    assert_eq!(shown["supplier"]["product_ids"], json!([product]));
    let none = json!({"product_ids": []});
    let refused = as_(app.patch(&path), &admin).json(&none).await.expect(409);
    assert_eq!(refused.error("invalid_state")["details"]["product_ids"], json!([product]));
    as_(app.delete(&path), &admin).await.expect(409).error("invalid_state");
    let change = json!({"supplier_id": null});
    let product = format!("/api/products/{product}");
    as_(app.patch(&product), &admin).json(&change).await.expect(200);
    as_(app.patch(&path), &admin).json(&none).await.expect(200);
    as_(app.delete(&path), &admin).await.expect(204);
    let gone = json!({"supplier_id": pets["id"]});
    as_(app.patch(&product), &admin).json(&gone).await.expect(400);
}

async fn employees_belong_to_stores(app: TestApp) {
    let admin = app.with_admin().await;
    let far = app.store("FAR").await;
    let manager = app.user(Role::Manager, &[admin.store]).await;
    let hire = |name: &str, store: Option<i64>| {
        let since = "2026-01-31";
        json!({"name": name, "position": "Cashier", "hire_date": since, "store_id": store})
    };
    let near = hire("Near", Some(admin.store.0));
    let near = add(&app, &manager, "/api/employees", &near).await;
    for (name, store) in [("Far", Some(far.0)), ("Head", None)] {
        add(&app, &admin, "/api/employees", &hire(name, store)).await;
    }
    assert_eq!(names(&app, &manager, "/api/employees").await, ["Near"]);
    assert_eq!(names(&app, &admin, "/api/employees").await, ["Far", "Head", "Near"]);
    let of_far = format!("/api/employees?store_id={far}&q=cash");
    assert_eq!(names(&app, &admin, &of_far).await, ["Far"]);
    app.get_as(&manager, &of_far).await.expect(404);
    let list = app.get_as(&admin, "/api/employees").await.expect(200).json();
    for entry in list["employees"].as_array().expect("a list") {
        let status = if entry["name"] == "Near" { 200 } else { 404 };
        let path = format!("/api/employees/{}", entry["id"]);
        app.get_as(&manager, &path).await.expect(status);
        as_(app.patch(&path), &manager).json(&json!({"position": "Lead"})).await.expect(status);
    }
    // Whoever decides for one store decides neither for another nor for the shop.
    let path = format!("/api/employees/{}", near["id"]);
    for (store, status) in [(json!(far), 404), (json!(null), 403), (json!(777), 404)] {
        let body = json!({"store_id": store});
        as_(app.patch(&path), &manager).json(&body).await.expect(status);
    }
    let staff = app.user(Role::Staff, &[admin.store]).await;
    app.get_as(&staff, "/api/employees").await.expect(403);
    app.check_audit().await;
}

async fn an_employee_moves_between_stores_that_one_manages(app: TestApp) {
    let admin = app.with_admin().await;
    let far = app.store("FAR").await;
    let manager = app.user(Role::Manager, &[admin.store]).await;
    app.give_role(&manager, Role::Auditor, far).await;
    let body = json!({"name": "Ben", "position": "Cashier", "hire_date": "2026-01-31",
        "store_id": admin.store});
    let ben = add(&app, &manager, "/api/employees", &body).await;
    let path = format!("/api/employees/{}", ben["id"]);
    let moved = json!({"store_id": far});
    // They are seen there, and not decided upon.
    as_(app.patch(&path), &manager).json(&moved).await.expect(403).error("forbidden");
    as_(app.patch(&path), &admin).json(&moved).await.expect(200);
    app.get_as(&manager, &path).await.expect(200);
    as_(app.delete(&path), &manager).await.expect(403).error("forbidden");
    as_(app.delete(&path), &admin).await.expect(204);
}
