//! The OpenAPI document, and the page that shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Engine, TestApp};

fn document() -> Value {
    serde_json::to_value(stockroom::routes::document()).expect("JSON")
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
