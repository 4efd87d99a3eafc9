//! Finding products: pages, filters, files, categories; and by what a movement calls them.

use std::collections::HashSet;

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, TestApp, on_both_engines};

on_both_engines!(
    pages_have_no_gap_and_no_repeat_while_products_are_made,
    every_order_is_the_other_way_round_with_a_minus,
    a_cursor_is_good_only_where_it_came_from,
    filters_narrow_a_list,
    a_search_takes_every_sign_as_it_is,
    totals_are_told_when_asked_for,
    a_file_has_every_product,
    a_file_has_no_formulas,
    categories_are_counted,
    a_movement_names_its_product_by_sku_or_barcode,
    a_sku_means_the_product_that_is_there,
    a_lot_is_named_where_lots_are_tracked,
);

async fn skus(app: &TestApp, person: &Person, query: &str) -> Vec<String> {
    let list = app.get_as(person, &format!("/api/products{query}")).await.expect(200).json();
    of(&list)
}

fn of(list: &Value) -> Vec<String> {
    let products = list["products"].as_array().expect("products").iter();
    products.map(|p| p["sku"].as_str().expect("a SKU").to_owned()).collect()
}

/// All pages of a list, with something done between any two.
async fn walk(
    app: &TestApp,
    person: &Person,
    query: &str,
    mut between: impl AsyncFnMut(usize),
) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let path = format!("/api/products?{query}{cursor}");
        let list = app.get_as(person, &path).await.expect(200).json();
        all.extend(of(&list));
        let Some(next) = list["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        between(page).await;
    }
    all
}

async fn pages_have_no_gap_and_no_repeat_while_products_are_made(app: TestApp) {
    let admin = app.with_admin().await;
    app.products(120).await;
    for sort in ["name", "-name", "sku", "-sku", "created_at", "-created_at"] {
        let seen = walk(&app, &admin, &format!("limit=7&sort={sort}"), async |page| {
            app.clock.advance(1);
            let sku = format!("P00{page:02}-between-{sort}");
            app.product(&sku).await;
        })
        .await;
        let unique: HashSet<_> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "{sort}: a product came twice");
        for number in 1..=120 {
            let sku = format!("P{number:04}");
            assert!(unique.contains(&sku), "{sort}: {sku} is missing");
        }
    }
}

async fn every_order_is_the_other_way_round_with_a_minus(app: TestApp) {
    let admin = app.with_admin().await;
    for (sku, name) in [("c", "Äpfel"), ("A", "apples"), ("b", "Zebra")] {
        app.clock.advance(1);
        app.product(sku).name(name).await;
    }
    app.product("d").name("apples").await;
    for (sort, expect) in [
        ("name", ["A", "d", "b", "c"]),
        ("sku", ["A", "b", "c", "d"]),
        ("created_at", ["c", "A", "b", "d"]),
    ] {
        let mut expect = expect.to_vec();
        assert_eq!(skus(&app, &admin, &format!("?sort={sort}")).await, expect);
        expect.reverse();
        assert_eq!(skus(&app, &admin, &format!("?sort=-{sort}")).await, expect);
    }
}

async fn a_cursor_is_good_only_where_it_came_from(app: TestApp) {
    let admin = app.with_admin().await;
    app.products(3).await;
    let list = app.get_as(&admin, "/api/products?limit=1").await.json();
    let cursor = list["next_cursor"].as_str().expect("a cursor");
    app.get_as(&admin, &format!("/api/products?limit=2&cursor={cursor}")).await.expect(200);
    for query in ["sort=-name&", "sort=created_at&", "q=P&", "include_deleted=true&"] {
        let path = format!("/api/products?{query}cursor={cursor}");
        let error = app.get_as(&admin, &path).await.expect(400).error("invalid_request");
        assert_eq!(error["field"], "cursor");
    }
    let other = app.user(Role::Manager, &[admin.store]).await;
    app.get_as(&other, &format!("/api/products?cursor={cursor}")).await.expect(400);
}

async fn filters_narrow_a_list(app: TestApp) {
    let admin = app.with_admin().await;
    app.product("CAT-1").name("Royal Kitten").category("Cats").barcode_of_six("4006").await;
    app.product("CAT-2").name("Royal Adult").category("Cats").await;
    app.product("DOG-1").name("Puppy Royal").category("Dogs").await;
    app.product("FISH").name("Flakes").await;
    for (query, expect) in [
        ("?category=Cats", &["CAT-2", "CAT-1"][..]),
        ("?category=Cats&category=Dogs", &["DOG-1", "CAT-2", "CAT-1"]),
        ("?category=cats", &[]),
        ("?sku=cat-1&sku=FISH", &["FISH", "CAT-1"]),
        ("?barcode=4006", &["CAT-1"]),
        ("?barcode=400", &[]),
        ("?q=royal", &["DOG-1", "CAT-2", "CAT-1"]),
        ("?q=kitten%20ROYAL", &["CAT-1"]),
        ("?q=at-", &["CAT-2", "CAT-1"]),
        ("?q=4006", &["CAT-1"]),
        ("?q=royal&category=Dogs", &["DOG-1"]),
        ("?supplier_id=7", &[]),
    ] {
        assert_eq!(skus(&app, &admin, query).await, expect, "{query}");
    }
}

async fn a_search_takes_every_sign_as_it_is(app: TestApp) {
    let admin = app.with_admin().await;
    app.product("A").name("50% off_now\\then 'quoted'").await;
    app.product("B").name("500 off now").await;
    for (query, count) in
        [("50%25", 1), ("off_", 1), ("%5C", 1), ("'quoted'", 1), ("%25", 1), ("_", 1), ("off", 2)]
    {
        let found = skus(&app, &admin, &format!("?q={query}")).await;
        assert_eq!(found.len(), count, "{query}");
    }
}

async fn totals_are_told_when_asked_for(app: TestApp) {
    let admin = app.with_admin().await;
    app.products(12).await;
    let list = app.get_as(&admin, "/api/products?limit=5&include_total=true").await.json();
    assert_eq!(list["total"], json!({"value": 12, "exact": true}));
    let list = app.get_as(&admin, "/api/products?limit=5&q=P001&include_total=true").await.json();
    assert_eq!(list["total"]["value"], 3);
    let list = app.get_as(&admin, "/api/products?limit=5").await.json();
    assert_eq!(list.get("total"), None);
}

async fn a_file_has_every_product(app: TestApp) {
    let admin = app.with_admin().await;
    app.products(1_100).await;
    app.product("Z").name("Zip, \"quoted\"").barcode_of_six("4006").await;
    let path = "/api/products?format=csv";
    let reply = app.get_as(&admin, path).await.expect(200);
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"products.csv\"");
    let text = reply.text();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1_102);
    assert!(lines[0].starts_with("id,sku,name,description,category,unit,price,cost,tax_rate"));
    assert!(lines[1].contains(",P0001,Product P0001,,,each,12.50,5.00,19.00,,false,,,,0,false,1,"));
    assert!(lines[1_101].contains(",Z,\"Zip, \"\"quoted\"\"\",,,each,12.50,5.00,19.00,4006*6,"));
    let accepted = app.get_as(&admin, "/api/products").header("accept", "text/csv").await;
    assert_eq!(accepted.text(), text);
    for browsers in ["text/html, application/xhtml+xml, */*;q=0.8", "application/json", ""] {
        let json = app.get_as(&admin, "/api/products").header("accept", browsers).await.expect(200);
        assert_eq!(json.header("content-type"), "application/json", "{browsers}");
    }
    let other = app.get_as(&admin, "/api/products").header("accept", "application/xml").await;
    other.expect(406).error("not_acceptable");
    let json = app.get_as(&admin, "/api/products?format=json").header("accept", "text/csv").await;
    assert_eq!(json.header("content-type"), "application/json");
    let filtered = app.get_as(&admin, "/api/products?format=csv&q=P0001").await.text();
    assert_eq!(filtered.split_terminator("\r\n").count(), 2);
}

async fn a_file_has_no_formulas(app: TestApp) {
    let admin = app.with_admin().await;
    app.product("A").name("=HYPERLINK(1)").category("@SUM(A1)").await;
    let text = app.get_as(&admin, "/api/products?format=csv").await.text();
    assert!(text.contains(",'=HYPERLINK(1),,'@SUM(A1),"), "{text}");
}

async fn categories_are_counted(app: TestApp) {
    let admin = app.with_admin().await;
    for (sku, category) in [("1", "Dogs"), ("2", "Cats"), ("3", "Dogs"), ("4", "Fish")] {
        app.product(sku).category(category).await;
    }
    app.product("5").await;
    let gone = app.product("6").category("Gone").await;
    as_(app.delete(&format!("/api/products/{gone}")), &admin).await.expect(204);
    let list = app.get_as(&admin, "/api/categories").await.expect(200).json();
    let expect = json!([
        {"name": "Cats", "product_count": 1},
        {"name": "Dogs", "product_count": 2},
        {"name": "Fish", "product_count": 1},
    ]);
    assert_eq!(list["categories"], expect);
    let first = app.get_as(&admin, "/api/categories?limit=2").await.json();
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let path = format!("/api/categories?limit=2&cursor={cursor}");
    let second = app.get_as(&admin, &path).await.expect(200).json();
    assert_eq!(second["categories"], json!([{"name": "Fish", "product_count": 1}]));
    assert_eq!(second["next_cursor"], Value::Null);
}

async fn a_movement_names_its_product_by_sku_or_barcode(app: TestApp) {
    let admin = app.with_admin().await;
    let id = app.product("Cat-1").barcode_of_six("4006").await.0;
    let add = async |body: Value| as_(app.post("/api/stock/add"), &admin).json(&body).await;
    for (name, value) in [("sku", json!("CAT-1")), ("barcode", json!("4006"))] {
        let moved = add(json!({ name: value, "quantity": 2 })).await.expect(201).json();
        assert_eq!(moved["movement"]["product_id"], id, "{name}");
        // The barcode is on a pack of six: the quantity is still what was stated.
        assert_eq!(moved["movement"]["quantity"], 2, "{name}");
    }
    for (name, value) in [("sku", json!("cat-2")), ("barcode", json!("4007"))] {
        let error = add(json!({ name: value, "quantity": 2 })).await.expect(404).error("not_found");
        assert_eq!((&error["field"], &error["details"][name]), (&json!(name), &value));
    }
    let both = json!({"sku": "cat-1", "barcode": "4006", "quantity": 1});
    add(both).await.expect(400).error("invalid_request");
    let many = json!({"atomic": false, "movements": [
        {"type": "stock_in", "sku": "cat-1", "quantity": 1},
        {"type": "stock_in", "barcode": "4007", "quantity": 1},
        {"type": "stock_in", "product_id": id, "quantity": 1},
        {"type": "stock_in", "barcode": "4006", "quantity": 1},
    ]});
    let reply = as_(app.post("/api/stock/movements"), &admin).json(&many).await.expect(200).json();
    assert_eq!((&reply["succeeded"], &reply["failed"]), (&json!(3), &json!(1)));
    assert_eq!(reply["results"][1]["error"]["code"], "not_found");
}

async fn a_sku_means_the_product_that_is_there(app: TestApp) {
    let admin = app.with_admin().await;
    // Read before and after the one that is there, whichever way rows come.
    app.product("A").deleted().await;
    let there = app.product("A").await.0;
    app.product("A").barcode_of_six("4006").deleted().await;
    let add = async |body: Value| as_(app.post("/api/stock/add"), &admin).json(&body).await;
    let moved = add(json!({"sku": "A", "quantity": 1})).await.expect(201).json();
    assert_eq!(moved["movement"]["product_id"], there);
    let unknown = add(json!({"barcode": "4006", "quantity": 1})).await.expect(404);
    assert_eq!(unknown.error("not_found")["field"], "barcode");
}

async fn a_lot_is_named_where_lots_are_tracked(app: TestApp) {
    let admin = app.with_admin().await;
    app.product("MILK").track_lots().await;
    app.product("LEASH").await;
    let post = async |path: &str, body: Value| {
        as_(app.post(&format!("/api/stock/{path}")), &admin).json(&body).await
    };
    let milk = |lot: Value| json!({"sku": "milk", "quantity": 2, "lot": lot});
    let missing = post("add", json!({"sku": "milk", "quantity": 2})).await.expect(400);
    assert_eq!(missing.error("invalid_request")["field"], "lot");
    let needless = post("add", json!({"sku": "leash", "quantity": 1, "lot": {"code": "L1"}})).await;
    assert_eq!(needless.expect(400).error("invalid_request")["field"], "lot");
    let unknown = post("sale", milk(json!({"code": "L1"}))).await.expect(404);
    assert_eq!(unknown.error("not_found")["details"]["lot"], "L1");
    // A day that was not known can be added; one that is known stays.
    post("add", milk(json!({"code": "L1"}))).await.expect(201);
    let dated = json!({"code": "L1", "expires_on": "2026-04-01"});
    let moved = post("add", milk(dated.clone())).await.expect(201).json();
    assert_eq!(moved["movement"]["lot"], dated);
    let other = milk(json!({"code": "L1", "expires_on": "2026-05-01"}));
    for path in ["add", "sale"] {
        let error = post(path, other.clone()).await.expect(409).error("invalid_state");
        assert_eq!(error["details"]["expires_on"], "2026-04-01");
    }
    post("sale", milk(json!({"code": "L1"}))).await.expect(201);
}
