//! The OpenAPI document, and the page that shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Engine, PASSWORD, TestApp, documented, on_both_engines};

fn document() -> Value {
    documented::document().clone()
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn operation_ids_are_there_and_unique() {
    let document = document();
    let mut seen = BTreeMap::new();
    for (name, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name}: no id"));
        assert_eq!(seen.insert(id, name.clone()), None, "{name}: {id} is taken");
        assert!(operation["summary"].is_string(), "{name}: no summary");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name}: one tag");
    }
}

#[test]
fn every_tag_is_described() {
    let document = document();
    let tags = document["tags"].as_array().expect("tags");
    let described: BTreeSet<_> = tags.iter().filter_map(|tag| tag["name"].as_str()).collect();
    let used: BTreeSet<_> =
        operations(&document).iter().filter_map(|(_, op)| op["tags"][0].as_str()).collect();
    assert_eq!(described, used);
}

#[test]
fn no_two_types_share_a_schema_name() {
    // The generator numbers the second of two types with one name: Item, Item2.
    let document = document();
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for name in schemas.keys() {
        let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
        assert!(base == name || !schemas.contains_key(base), "{base} stands for two types");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for part in text.split("\"$ref\":\"").skip(1) {
        let target = part.split('"').next().unwrap_or_default();
        let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target}"));
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

#[test]
fn every_request_body_refuses_unknown_fields_and_has_an_example() {
    let document = document();
    for (name, operation) in operations(&document) {
        let media = &operation["requestBody"]["content"]["application/json"];
        if media.is_null() {
            continue;
        }
        let mut schema = &media["schema"];
        while let Some(target) = schema["$ref"].as_str() {
            schema = document.pointer(&target[1..]).expect("a schema");
        }
        assert!(!media["example"].is_null(), "{name}: no example");
        let is_object = schema["type"] == "object";
        assert!(!is_object || schema["additionalProperties"] == false, "{name}: takes anything");
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let app = TestApp::start(Engine::Sqlite).await;
    let home = app.get("/").await.expect(303);
    assert_eq!(home.header("location"), "/api/docs");
    let page = app.get("/api/docs").await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for (file, content_type) in [("docs.css", "text/css"), ("docs.js", "text/javascript")] {
        assert!(page.text().contains(&format!("/api/docs/{file}")), "{file}");
        let reply = app.get(&format!("/api/docs/{file}")).await.expect(200);
        assert!(reply.header("content-type").starts_with(content_type), "{file}");
        assert!(!reply.text().contains("https://"), "{file} names another host");
    }
    let text = page.text();
    assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains("https://"));
    let document = app.get("/api/openapi.json").await.expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
}

on_both_engines!(every_example_of_a_request_is_accepted);

/// A shop in which the examples make sense: somebody else's ids are 1.
async fn world_of_the_examples(app: &TestApp) -> String {
    let token = stockroom::auth::setup_token(&app.app).await.expect("read").expect("a token");
    let body = json!({"setup_token": token, "username": "ada", "password": PASSWORD});
    let ada = app.post("/api/setup").json(&body).await.expect(201).json();
    let token = ada["token"].as_str().expect("a token").to_owned();
    let post = |path: &str, body: Value| app.post(path).token(&token).json(&body);
    let food = json!({"sku": "FOOD", "name": "Food", "price": "1.00", "cost": "0.50"});
    post("/api/products", food).await.expect(201);
    let goods = json!({"product_id": 1, "quantity": 500});
    post("/api/stock/add", goods).await.expect(201);
    post("/api/customers", json!({"name": "Someone"})).await.expect(201);
    post("/api/suppliers", json!({"name": "Someone"})).await.expect(201);
    let hired = json!({"name": "Someone", "position": "Cashier", "hire_date": "2026-01-31"});
    post("/api/employees", hired).await.expect(201);
    let bob = json!({"username": "someone", "password": "seven quiet otters swim",
        "role": "staff", "store_ids": [1]});
    post("/api/users", bob).await.expect(201);
    post("/api/api-keys", json!({"name": "Till", "role": "auditor"})).await.expect(201);
    let webhook = json!({"name": "Web shop", "url": "https://1.1.1.1/hook"});
    post("/api/webhooks", webhook).await.expect(201);
    let view = json!({"list": "orders", "name": "Mine", "definition": {}});
    post("/api/views", view).await.expect(201);
    let paid = json!({"method": "cash", "amount": "1.00"});
    post("/api/customers/1/payments", paid).await.expect(201);
    // One order for each route that does something to one: see `order_for`.
    for _ in 1..=4 {
        let items = json!([{"product_id": 1, "quantity": 2}]);
        post("/api/orders", json!({"items": items})).await.expect(201);
    }
    app.take_goods().await;
    for (order, steps) in [(2, &["ship"][..]), (4, &["ship", "complete"])] {
        for step in steps {
            post(&format!("/api/orders/{order}/{step}"), json!({})).await.expect(200);
        }
    }
    let path = "/api/stores/1/inventory/1/reorder-point";
    app.put(path).token(&token).json(&json!({"reorder_point": 1_000})).await.expect(200);
    app.catch_up().await;
    token
}

/// The order that a route's example makes sense of.
fn order_for(path: &str) -> &'static str {
    match path {
        "/api/orders/{id}/ship" => "1",
        "/api/orders/{id}/complete" => "2",
        "/api/orders/{id}/cancel" => "3",
        _ => "4",
    }
}

/// What stands in the documentation can be sent as it is.
async fn every_example_of_a_request_is_accepted(app: TestApp) {
    let token = world_of_the_examples(&app).await;
    let document = document();
    let mut sent = 0;
    for (name, operation) in operations(&document) {
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        let (method, path) = name.split_once(' ').expect("a method and a path");
        // Its example changes the password of whoever asks: last, by itself.
        if example.is_null() || path == "/api/auth/password" {
            continue;
        }
        let id = match path {
            path if path.starts_with("/api/users/") => "2",
            path if path.starts_with("/api/orders/") => order_for(path),
            _ => "1",
        };
        let target = path.replace("{id}", id).replace("{product_id}", "1");
        let target = target.replace("{version}", "1");
        let reply = app.request(&method.to_uppercase(), &target).token(&token).json(example).await;
        let expected: &[u16] = match path {
            // There is an administrator, and the token is anyone's.
            "/api/setup" => &[409],
            "/api/auth/refresh" => &[401],
            // The same SKU and the same name as in other examples before it.
            _ if reply.status == 409 => &[409],
            _ => &[200, 201, 204],
        };
        assert!(expected.contains(&reply.status), "{name}: {} {}", reply.status, reply.text());
        if reply.status == 409 && path != "/api/setup" {
            let code = reply.json()["error"]["code"].as_str().unwrap_or("?").to_owned();
            assert!(code.starts_with("duplicate_"), "{name}: {code}");
        }
        sent += 1;
    }
    let operation = documented::operation("PUT", "/api/auth/password").expect("an operation");
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    app.put("/api/auth/password").token(&token).json(example).await.expect(204);
    assert!(sent >= 30, "{sent}");
    app.check_books().await;
}

#[test]
fn every_answer_of_every_operation_is_typed() {
    let document = document();
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().expect("responses");
        let is_success = |status: &String| status.starts_with('2') || status == "101";
        assert!(responses.keys().any(is_success), "{name}: no success");
        for (status, response) in responses {
            let what = format!("{name} {status}");
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{what}");
            if status == "204" || status == "101" {
                assert!(response["content"].is_null(), "{what}: has no body");
                continue;
            }
            let content = response["content"].as_object().unwrap_or_else(|| panic!("{what}"));
            for (media, described) in content {
                let is_text = !media.starts_with("application/json");
                assert!(is_text || !described["schema"].is_null(), "{what}: no schema");
            }
            if !status.starts_with('2') {
                let schema = &content["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ErrorAnswer", "{what}");
            }
        }
        for status in ["500", "503"] {
            assert!(responses.contains_key(status), "{name}: {status} belongs to every operation");
        }
    }
}

/// Each code stands in some test as the one that an answer has to bear.
#[test]
fn every_error_code_is_reached_by_a_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut tests = String::new();
    for entry in std::fs::read_dir(folder).expect("tests") {
        let path = entry.expect("an entry").path();
        let is_list_of_codes = path.ends_with("documentation.rs") || path.ends_with("guides.rs");
        if path.extension().is_some_and(|extension| extension == "rs") && !is_list_of_codes {
            tests.push_str(&std::fs::read_to_string(path).expect("a test"));
        }
    }
    let missing: Vec<_> = stockroom::error::ErrorCode::ALL
        .iter()
        .map(|code| code.name())
        .filter(|name| {
            let said = [format!("error(\"{name}\")"), format!("\"code\":\"{name}\"")];
            !said.iter().any(|said| tests.contains(said))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
