//! What all lists have in common, held for each list that the document has.

use serde_json::{Value, json};
use stockroom::clock::Rfc3339;
use stockroom_domain::permissions::Role;

use crate::support::{Person, TestApp, documented, on_both_engines};

on_both_engines!(
    every_list_is_paged_counted_and_taken_out,
    levels_of_a_past_instant_are_a_file_too,
    a_file_shows_costs_where_its_taker_may_see_them,
);

/// The paths of all lists, with the name that its entries have in an answer.
pub fn all_lists() -> Vec<(String, String)> {
    let document = documented::document();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let operation = &item["get"];
        let mut schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        while let Some(target) = schema["$ref"].as_str() {
            schema = document.pointer(&target[1..]).expect("a schema");
        }
        let fields = schema["properties"].as_object();
        let Some(fields) = fields.filter(|fields| fields.contains_key("next_cursor")) else {
            continue;
        };
        let parameters = operation["parameters"].as_array().expect("parameters");
        for name in ["limit", "cursor", "include_total", "format"] {
            assert!(parameters.iter().any(|p| p["name"] == name), "{path} takes no {name}");
        }
        assert!(fields.contains_key("total"), "{path} does not tell its total");
        let content = &operation["responses"]["200"]["content"];
        assert!(!content["text/csv"].is_null(), "{path} is no file");
        let entries = fields.iter().find(|(_, field)| field["type"] == "array");
        found.push((path.replace("{id}", "1"), entries.expect("entries").0.clone()));
    }
    found
}

/// A shop with two of everything that there is a list of.
async fn shop(app: &TestApp) -> Person {
    let admin = app.with_admin().await;
    app.store("FAR").await;
    for (sku, category) in [("A", "Cats"), ("B", "Dogs")] {
        let product = app.product(sku).category(category).await.0;
        app.stock_in(&admin, admin.store, product, 5).await;
    }
    app.user(Role::Staff, &[admin.store]).await;
    let post = |path: &str, body: Value| app.post(path).token(&admin.token).json(&body);
    for name in ["Ada", "Ben"] {
        let employee = json!({"name": name, "position": "Cashier", "hire_date": "2026-01-31",
            "store_id": admin.store});
        post("/api/employees", employee).await.expect(201);
        post("/api/customers", json!({"name": name})).await.expect(201);
        post("/api/suppliers", json!({"name": name, "product_ids": [1]})).await.expect(201);
    }
    for product in [1, 2] {
        let letter = format!(
            "INSERT INTO dead_letters
                (queue, event_id, event_type, subject_kind, subject_id, attempts, error, state,
                 parked_at, updated_at, version)
             VALUES ('orders', {product}, 'order.placed', 'order', 9, 8, 'x', 'parked', 0, 0, 1)"
        );
        app.tamper(&letter).await.expect("done");
        let items = json!([{"product_id": product, "quantity": 1}]);
        post("/api/orders", json!({"items": items, "store_id": admin.store})).await.expect(201);
        let added = json!({"store_id": admin.store, "product_id": product, "quantity": 1});
        let later =
            app.post("/api/stock/add").token(&admin.token).header("prefer", "respond-async");
        later.json(&added).await.expect(202);
        let paid = json!({"store_id": admin.store, "method": "cash", "amount": "1.00"});
        post("/api/customers/1/payments", paid).await.expect(201);
    }
    for product in [1, 2] {
        let path = format!("/api/stores/{}/inventory/{product}/reorder-point", admin.store);
        let point = json!({"reorder_point": 1_000});
        app.put(&path).token(&admin.token).json(&point).await.expect(200);
    }
    let all = json!({"all_stores": true});
    app.put("/api/notifications/preferences").token(&admin.token).json(&all).await.expect(200);
    app.catch_up().await;
    let login = json!({"username": admin.username, "password": crate::support::PASSWORD});
    app.post("/api/login").json(&login).await.expect(200);
    for name in ["One", "Two"] {
        let view = json!({"list": "orders", "name": name, "definition": {}});
        app.post("/api/views").token(&admin.token).json(&view).await.expect(201);
        let key = json!({"name": name, "role": "auditor"});
        app.post("/api/api-keys").token(&admin.token).json(&key).await.expect(201);
        let webhook = json!({"name": name, "url": "https://1.1.1.1/hook"});
        app.post("/api/webhooks").token(&admin.token).json(&webhook).await.expect(201);
        app.post("/api/webhooks/1/test").token(&admin.token).await.expect(201);
    }
    admin
}

fn records(text: &str) -> Vec<csv::StringRecord> {
    // Not flexible: a row of another length than the header's is an error.
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().collect::<Result<_, _>>().expect("CSV")
}

async fn every_list_is_paged_counted_and_taken_out(app: TestApp) {
    let admin = shop(&app).await;
    let lists = all_lists();
    assert!(lists.len() >= 10, "{lists:?}");
    for (path, entries) in lists {
        let whole = app.get_as(&admin, &path).await.expect(200).json();
        assert_eq!(whole["total"], Value::Null, "{path}: nobody has asked");
        let whole = whole[&entries].as_array().expect("entries").clone();
        assert!(whole.len() >= 2, "{path} has too few entries to tell");

        let mut next = Some(String::new());
        let mut paged = Vec::new();
        while let Some(cursor) = next {
            let page = format!("{path}?limit=1&include_total=true{cursor}");
            let answer = app.get_as(&admin, &page).await.expect(200).json();
            assert_eq!(answer["total"], json!({"value": whole.len(), "exact": true}), "{page}");
            paged.extend(answer[&entries].as_array().expect("a page").clone());
            next = answer["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
        }
        assert_eq!(paged, whole, "{path}");

        let file = app.get_as(&admin, &format!("{path}?format=csv")).await.expect(200);
        let name = file.header("content-disposition");
        assert!(name.starts_with("attachment; filename=\"") && name.ends_with(".csv\""), "{name}");
        let rows = records(&file.text());
        // That the file is taken out is on record before it begins.
        let is_log = path == "/api/audit-logs";
        assert_eq!(rows.len(), 1 + whole.len() + usize::from(is_log), "{path}");
        let mut expected: Vec<_> = whole.iter().map(|entry| first_cell(&rows[0], entry)).collect();
        if is_log {
            let last = whole[0]["id"].as_i64().expect("an id");
            expected.insert(0, (last + 1).to_string());
        }
        let told: Vec<_> = rows[1..].iter().map(|row| row[0].to_owned()).collect();
        assert_eq!(told, expected, "{path}");

        let other = app.get_as(&admin, &path).header("accept", "application/xml").await;
        other.expect(406).error("not_acceptable");
        let unknown = app.get_as(&admin, &format!("{path}?colour=red")).await.expect(400);
        let message =
            unknown.error("invalid_request")["message"].as_str().expect("text").to_owned();
        assert!(message.contains("limit, cursor, include_total, format."), "{path}: {message}");
    }
    app.check_audit().await;
}

/// What stands in the first column for an entry.
fn first_cell(header: &csv::StringRecord, entry: &Value) -> String {
    match &entry[&header[0]] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn levels_of_a_past_instant_are_a_file_too(app: TestApp) {
    let shop = app.shop(5).await;
    let then = Rfc3339(app.clock.now());
    app.clock.advance(60);
    app.sale(&shop.admin, shop.store, shop.product, 2).await.expect(201);
    for (query, on_hand) in [(String::new(), "3"), (format!("&as_of={then}"), "5")] {
        let path = format!("/api/stock/current?format=csv{query}");
        let rows = records(&app.get_as(&shop.admin, &path).await.expect(200).text());
        let column = rows[0].iter().position(|cell| cell == "on_hand").expect("a column");
        assert_eq!((rows.len(), &rows[1][column]), (2, on_hand), "{path}");
        let path = path.replace("format=csv", "include_total=true");
        let answer = app.get_as(&shop.admin, &path).await.expect(200).json();
        assert_eq!(answer["total"], json!({"value": 1, "exact": true}));
    }
}

async fn a_file_shows_costs_where_its_taker_may_see_them(app: TestApp) {
    let shop = app.shop(0).await;
    let far = app.store("FAR").await;
    for store in [shop.store, far] {
        let body = json!({"store_id": store, "product_id": shop.product, "quantity": 1,
            "unit_cost": "7.77"});
        app.post("/api/stock/add").token(&shop.admin.token).json(&body).await.expect(201);
    }
    let file = async |who: &Person| {
        records(&app.get_as(who, "/api/stock/movements?format=csv").await.expect(200).text())
    };
    let costs = |rows: &[csv::StringRecord]| {
        let column = rows[0].iter().position(|cell| cell == "unit_cost")?;
        Some(rows[1..].iter().map(|row| row[column].to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(costs(&file(&shop.admin).await), Some(vec!["7.77".to_owned(), "7.77".to_owned()]));
    let staff = app.user(Role::Staff, &[shop.store, far]).await;
    let rows = file(&staff).await;
    assert_eq!((rows.len(), costs(&rows)), (3, None));
    assert!(!rows.iter().any(|row| row.iter().any(|cell| cell.contains("7.77"))));
    let both = app.user(Role::Manager, &[shop.store]).await;
    app.give_role(&both, Role::Staff, far).await;
    assert_eq!(costs(&file(&both).await), Some(vec![String::new(), "7.77".to_owned()]));
}
